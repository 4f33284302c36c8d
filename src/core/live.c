#include "core/live.h"

static const char *const type_names[] = {
    [LIVE_NOTHING] = "",    [LIVE_PROGRESS] = "progress",     [LIVE_DELETED] = "deleted",
    [LIVE_RESET] = "reset", [LIVE_ENROLLMENT] = "enrollment", [LIVE_LOG] = "log",
};

const char *live_type_name(enum live_type type)
{
    return type_names[type];
}

enum live_type live_type_of(enum event_kind kind)
{
    switch (kind) {
    case EV_REPORTED:
    case EV_LOCKED:
    case EV_UNLOCKED:
        return LIVE_PROGRESS;
    case EV_DELETED:
        return LIVE_DELETED;
    case EV_RESET:
        return LIVE_RESET;
    case EV_ENROLLED:
    case EV_DROPPED:
    case EV_EXPIRED:
    case EV_CERTIFIED:
        return LIVE_ENROLLMENT;
    case EV_LOGGED:
    case EV_LOG_UPDATED:
    case EV_LOG_DELETED:
    case EV_LOGS_CLEARED:
    case EV_LOGS_ROLLED_BACK:
        return LIVE_LOG;
    default:
        return LIVE_NOTHING; /* of a webhook that changed nothing, of the catalogue, of an erasure */
    }
}

static enum live_status log_status(uint8_t kind)
{
    return kind == EV_LOGGED             ? LIVE_CREATED
           : kind == EV_LOG_UPDATED      ? LIVE_UPDATED
           : kind == EV_LOGS_ROLLED_BACK ? LIVE_ROLLED_BACK
                                         : LIVE_REMOVED;
}

/* Of a record that was deleted or reset, or was only locked, there is nothing but its status. */
static void tell_record(struct live_event *out, const struct record *record)
{
    bool reported = record && record->flags & RECORD_REPORTED;

    out->has_record = true;
    out->status = record ? record->status : LIVE_NOT_STARTED;
    if (record && record_shows_locked(record))
        out->status = LIVE_LOCKED;
    if (!reported)
        return;
    out->percent_hundredths = record->percent_hundredths;
    out->watched_s = record->watched_s;
    out->time_spent_ms = record->time_spent_ms;
    out->has_position = record->flags & RECORD_POSITION;
    out->position_ms = record->position_ms;
    out->has_last_watched = true;
    out->last_watched_ms =
        record->flags & RECORD_WATCHED_AT ? record->last_watched_ms : record->updated_at_ms;
    out->updated_at_ms = record->updated_at_ms;
}

static void tell_course(struct live_event *out, const struct enrolment *enrolment,
                        const struct catalogue *catalogue)
{
    struct course_facts facts = catalogue->course(catalogue->of, enrolment->course);

    out->enrolment_state = (uint8_t)enrolment_state(enrolment, &facts);
    out->course_percent_hundredths =
        (uint16_t)course_percent_hundredths(enrolment->completed_required, facts.required);
}

/* What staff previewed, that it is locked, and that it is gone: where nobody is enrolled there is nothing
 * else to delete or reset. */
static bool is_preview(const struct event *event, const struct record *record)
{
    if (event->kind == EV_REPORTED)
        return event->report.has & IS_PREVIEW;
    if (event->kind == EV_LOCKED || event->kind == EV_UNLOCKED)
        return record && record_is_preview(record);
    return event->course && (event->kind == EV_DELETED || event->kind == EV_RESET);
}

bool live_tell(const struct event *event, const struct learner *after, const struct catalogue *catalogue,
               struct live_event *out)
{
    enum live_type type = live_type_of((enum event_kind)event->kind);
    const struct enrolment *enrolment =
        after && event->course ? learner_enrolment(after, event->course) : NULL;
    const struct record *record = after && event->item ? learner_record(after, event->item) : NULL;

    if (type == LIVE_NOTHING)
        return false;
    *out = (struct live_event){
        .sequence = event->sequence,
        .learner = event->learner,
        .course = event->course,
        .item = event->item,
        .type = (uint8_t)type,
        .status = LIVE_NO_STATUS,
        .enrolment_state = LIVE_NO_STATE,
        .course_percent_hundredths = LIVE_NO_PERCENT,
        .updated_at_ms = event->at_ms,
        .is_preview = !enrolment && is_preview(event, record),
    };
    if (type == LIVE_LOG) {
        out->log_id = event->log_id;
        out->status = (uint8_t)log_status(event->kind);
    }
    if (event->item)
        tell_record(out, record);
    if (enrolment)
        tell_course(out, enrolment, catalogue);
    return true;
}
