#include "core/risk.h"

#include "base/instant.h"

int64_t enrolment_active_ms(const struct enrolment *enrolment)
{
    return enrolment->last_activity_ms != INSTANT_NEVER ? enrolment->last_activity_ms
                                                        : enrolment->enrolled_at_ms;
}

static bool is_under_way(const struct enrolment *enrolment, const struct course_facts *facts)
{
    enum enrolment_state state = enrolment_state(enrolment, facts);
    return state == ENR_ENROLLED || state == ENR_IN_PROGRESS;
}

bool enrolment_is_inactive(const struct enrolment *enrolment, const struct course_facts *facts, int64_t days,
                           int64_t now_ms)
{
    return is_under_way(enrolment, facts) && enrolment_active_ms(enrolment) <= now_ms - days * DAY_MS;
}

/* Below half of the mean of all: c / r < (sum of c) / (r * n) / 2. */
static bool is_behind(const struct enrolment *enrolment, const struct risk_measure *measure)
{
    return measure->facts.required > 0 &&
           (wide)2 * enrolment->completed_required * measure->enrolments < measure->completed_required &&
           enrolment->enrolled_at_ms <= measure->now_ms - RISK_GRACE_DAYS * DAY_MS;
}

unsigned enrolment_risks(const struct enrolment *enrolment, const struct risk_measure *measure)
{
    if (!is_under_way(enrolment, &measure->facts))
        return 0;
    return (enrolment_is_inactive(enrolment, &measure->facts, RISK_DAYS, measure->now_ms) ? RISK_INACTIVE
                                                                                          : 0) |
           (is_behind(enrolment, measure) ? RISK_BEHIND : 0);
}
