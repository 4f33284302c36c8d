#include "model/fold.h"

#include "base/codec.h"
#include "core/event_check.h"
#include "model/fold_catalog.h"
#include "model/fold_erase.h"
#include "model/fold_learner.h"
#include "model/model_private.h"

bool stored_event_decode(const struct stored_event *stored, struct segment *room, size_t room_count,
                         struct event *out_event)
{
    *out_event = (struct event){.sequence = stored->sequence,
                                .kind = stored->kind,
                                .learner = stored->learner,
                                .at_ms = stored->at_ms};
    return event_decode(stored->body, stored->body_size, room, room_count, out_event);
}

static enum rc apply_threshold(struct fold *fold, const struct event *event)
{
    struct reader from = {event->body, event->body + event->body_size, false};
    uint64_t threshold = get_u64(&from);

    if (from.bad || threshold == 0 || threshold > 10000)
        return RC_INTERNAL;
    if (!fold->old_threshold)
        fold->old_threshold = fold->model->threshold_hundredths;
    fold->model->threshold_hundredths = (uint16_t)threshold;
    return RC_OK;
}

/* Learners, courses and items that an event names have slots; those of a damaged one may not. */
static bool names_known(const struct fold *fold, const struct event *event)
{
    const struct model *model = fold->model;
    bool catalogue = event_is_catalogue((enum event_kind)event->kind);

    return event->course <= model_count(model, ENTITY_COURSE) &&
           event->item <= model_count(model, ENTITY_ITEM) &&
           event->learner <= model_count(model, ENTITY_LEARNER) && (catalogue || event->learner != 0);
}

/* What a newer version may have written says nothing here: passed over, it would make answers wrong. */
static bool is_of_now(const struct event *event)
{
    return event_is_known(event) &&
           (event->kind != EV_REPORTED || (event->report.has & ~(uint32_t)REPORT_HAS_ALL) == 0);
}

enum rc fold_apply(struct fold *fold, const struct event *event)
{
    if (!is_of_now(event) || !names_known(fold, event))
        return RC_INTERNAL;
    switch ((enum event_kind)event->kind) {
    case EV_COURSE_DECLARED:
        return fold_course_declared(fold, event);
    case EV_COURSE_UNDECLARED:
        return fold_course_undeclared(fold, event);
    case EV_ITEM_OBSERVED:
        return fold_item_observed(fold, event);
    case EV_COURSE_OBSERVED:
        return fold_see_course(fold, event->course, event);
    case EV_THRESHOLD_SET:
        return apply_threshold(fold, event);
    case EV_ERASED:
        return fold_erased(fold, event);
    default:
        return fold_learner_event(fold, event);
    }
}
