#include "core/share.h"

#include "base/instant.h"

struct enrolment_share enrolment_share(const struct enrolment *enrolment)
{
    bool certain = enrolment->class == CLASS_DONE_FOR_GOOD || enrolment->class == CLASS_CERTIFIED;
    int64_t completion = certain ? enrolment->completed_at_ms : enrolment->last_completion_ms;
    struct enrolment_share share = {
        .class = (enum enrolment_class)enrolment->class,
        .completed_required = enrolment->completed_required,
        .activity_day = enrolment->last_activity_ms != INSTANT_NEVER
                            ? instant_day(enrolment->last_activity_ms)
                            : INT32_MIN,
    };

    if (completion != INSTANT_NEVER && completion >= enrolment->enrolled_at_ms &&
        (certain || enrolment->class == CLASS_WORKING)) {
        share.dated = true;
        share.completion_days = (completion - enrolment->enrolled_at_ms) / DAY_MS;
    }
    return share;
}

int64_t wide_shown(wide total)
{
    return total > NUMBER_MAX ? NUMBER_MAX : (int64_t)total;
}

void item_sums_add(struct item_sums *sums, const struct record *record, int sign)
{
    if (!(record->flags & RECORD_REPORTED) || !(record->flags & RECORD_COUNTED))
        return;
    sums->records += sign;
    switch ((enum item_status)record->status) {
    case ITEM_NOT_STARTED:
        sums->not_started += sign;
        break;
    case ITEM_IN_PROGRESS:
        sums->in_progress += sign;
        break;
    case ITEM_COMPLETED:
        sums->completed += sign;
        break;
    }
    sums->time_spent_ms += (wide)sign * record->time_spent_ms;
    sums->watched_s += (wide)sign * record->watched_s;
}
