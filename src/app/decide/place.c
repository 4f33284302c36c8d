#include "app/decide/place.h"

#include "app/batch.h"

const char *place_foreign_text(struct command *command, struct text item, struct text named, const char *own)
{
    const char *text = arena_printf(command->arena, "item %s belongs to %s%s, not to course %s", item.bytes,
                                    own ? "course " : "no course", own ? own : "", named.bytes);
    return text ? text : "the item belongs to another course";
}

enum rc place_find(struct batch *batch, struct command *command, struct text item_id, struct text course_id,
                   struct place *out, struct fault *fault)
{
    struct view view = batch->fold->view;
    struct place place = {.item = view_item_key(view, item_id.bytes, item_id.size)};
    const struct item_def *item = view_item(view, place.item);

    uint32_t own = item ? item->course ? item->course : view_bound(view, item) : 0;
    place.course = course_id.bytes ? view_course_key(view, course_id.bytes, course_id.size) : 0;
    const struct course_def *course = view_course(view, place.course);
    if (batch->policy->strict_catalog && (!item || (!item->course && !item->retired)))
        return fault_set(fault, RC_NOT_FOUND, NULL, "Content not found in the catalogue");
    if (batch->policy->strict_catalog && course_id.bytes && !course)
        return fault_set(fault, RC_NOT_FOUND, NULL, "Course not found");
    place.observe = !item;
    if (course_id.bytes) {
        if (own && own != place.course)
            return fault_set(
                fault, RC_INVALID, command_part_name(command, PART_ITEM),
                place_foreign_text(command, item_id, course_id, view_id(view, ENTITY_COURSE, own).bytes));
        if (course && course->declared && own != place.course)
            return fault_set(fault, RC_NOT_FOUND, NULL, "Content not found in this course");
        if (item && item->retired)
            return fault_set(fault, RC_INVALID, command_part_name(command, PART_ITEM),
                             place_foreign_text(command, item_id, course_id, NULL));
        place.attach = !item || item->course == 0;
    } else if (item) {
        place.course = own;
        place.attach = item->bound != 0; /* somebody's report, or it is none: see place_is_preview */
    }
    *out = place;
    return RC_OK;
}

bool place_is_preview(const struct batch *batch, const struct command *command, const struct place *place,
                      bool enrolled)
{
    if (command->actor.bytes || enrolled)
        return false;
    if (command->by_staff)
        return true;
    enum staff_listing listing =
        view_course_staff(batch->fold->view, place->course, command->learner.bytes, command->learner.size);
    return listing == STAFF_LISTED || listing == STAFF_LISTED_OWNER;
}

static enum rc stop_at_real(void *arg, uint32_t key)
{
    const struct {
        const struct fold *fold;
        uint32_t item;
    } *of = arg;
    const struct learner *learner = view_learner(of->fold->view, key);
    const struct record *record = learner ? learner_record(learner, of->item) : NULL;

    return record && record->flags & RECORD_REAL ? RC_CONFLICT : RC_OK;
}

/* Whether anybody has reported the item in earnest: then its course counts it, whoever names that. */
static bool has_real_report(struct batch *batch, uint32_t item)
{
    struct {
        const struct fold *fold;
        uint32_t item;
    } of = {batch->fold, item};
    return item && fold_each_holder(batch->fold, item, stop_at_real, &of) != RC_OK;
}

void place_settle(struct batch *batch, struct place *place, bool named, bool preview)
{
    const struct item_def *item = view_item(batch->fold->view, place->item);

    place->preview = preview;
    if (!preview || !place->attach)
        return;
    if (item && item->bound)
        place->attach =
            named && view_bound(batch->fold->view, item) == 0; /* the course that it was bound to went */
    place->binds = place->attach && !has_real_report(batch, place->item);
}

enum rc place_observe(struct batch *batch, struct command *command, struct item_report *report,
                      struct place *place, struct fault *fault)
{
    place->item = batch_item(batch, report->item);
    if (report->course.bytes)
        place->course = batch_course(batch, report->course);
    if (!place->item || (report->course.bytes && !place->course))
        return fault_no_memory(fault);
    struct text type = report->type;
    if (!type.bytes && report->report.has & FROM_PLAYER)
        type = (struct text){"video", 5};
    struct event event = batch_event(command, EV_ITEM_OBSERVED);
    event.item = place->item;
    event.course = place->attach ? place->course : 0;
    event.untaught = place->preview && (!place->attach || place->binds);
    event.type_rank = (uint8_t)place->rank;
    event.body = (const uint8_t *)type.bytes;
    event.body_size = type.size;
    enum rc rc = batch_emit(batch, &event, fault);
    if (rc == RC_OK && event.course && !event.untaught && !place->observe)
        rc = batch_adopt(batch, command, place->item, place->course, fault);
    return rc;
}
