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
        .activity_ms = enrolment->last_activity_ms,
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

int64_t rounded_ratio(wide numerator, int64_t scale, int64_t denominator)
{
    if (denominator <= 0)
        return 0;
    return wide_shown((numerator * scale * 2 + denominator) / (2 * (wide)denominator));
}

static bool has_score(const struct record *record)
{
    return record->flags & RECORD_SCORE && record->flags & RECORD_MAX_SCORE && record->max_score_e4 > 0;
}

int64_t score_share(const struct record *record)
{
    return rounded_ratio(record->score_e4, SCORE_WHOLE, record->max_score_e4);
}

void item_sums_add(struct item_sums *sums, const struct record *record, int sign)
{
    if (!(record->flags & RECORD_REPORTED) || !(record->flags & RECORD_COUNTED))
        return;
    sums->records += sign;
    switch (record_counted_status(record)) {
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
    if (has_score(record)) {
        sums->scored += sign;
        sums->scores += (wide)sign * score_share(record);
    }
}
