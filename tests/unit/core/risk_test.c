#include "test.h"

#include "core/risk.h"

#define NOW (INT64_C(100) * DAY_MS)

/* Who may need somebody. Source: contract 9, atRisk and inactiveDays. */
static void risks_are_those_of_the_contract(void **unused)
{
    static const struct {
        const char *what;
        enum enrolment_class class;
        uint32_t completed;
        int64_t enrolled_days, active_days; /* ago; active -1: never */
        unsigned want;
    } rows[] = {
        {"went on today", CLASS_WORKING, 4, 50, 0, 0},
        {"14 days to the millisecond", CLASS_WORKING, 4, 50, 14, RISK_INACTIVE},
        {"13 days", CLASS_WORKING, 4, 50, 13, 0},
        {"never, enrolled 14 days ago", CLASS_ENROLLED, 4, 14, -1, RISK_INACTIVE},
        {"half of the average", CLASS_WORKING, 2, 50, 0, 0}, /* 20 %, average 40 % */
        {"below half of it", CLASS_WORKING, 1, 50, 0, RISK_BEHIND},
        {"the same, enrolled 7 days ago", CLASS_WORKING, 1, 7, 0, RISK_BEHIND},
        {"the same, enrolled 6 days ago", CLASS_WORKING, 1, 6, 0, 0},
        {"both", CLASS_ENROLLED, 0, 20, -1, RISK_INACTIVE | RISK_BEHIND},
        {"complete", CLASS_DONE_FOR_GOOD, 0, 50, 40, 0},
        {"certified", CLASS_CERTIFIED, 0, 50, 40, 0},
        {"dropped", CLASS_DROPPED, 0, 50, 40, 0},
        {"expired", CLASS_EXPIRED, 0, 50, 40, 0},
        {"reads as complete", CLASS_WORKING, 10, 50, 40, 0},
    };
    const struct risk_measure measure = {{.required = 10, .items = 10}, NOW, 10, 40};

    (void)unused;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct enrolment enrolment = {.class = (uint8_t)rows[i].class,
                                      .completed_required = rows[i].completed,
                                      .enrolled_at_ms = NOW - rows[i].enrolled_days * DAY_MS,
                                      .last_activity_ms = INSTANT_NEVER};
        if (rows[i].active_days >= 0)
            enrolment.last_activity_ms = NOW - rows[i].active_days * DAY_MS;
        if (enrolment_risks(&enrolment, &measure) != rows[i].want)
            fail_msg("%s: %u", rows[i].what, enrolment_risks(&enrolment, &measure));
        assert_int_equal(enrolment_is_inactive(&enrolment, &measure.facts, 14, NOW),
                         (rows[i].want & RISK_INACTIVE) != 0);
        assert_int_equal(enrolment_active_ms(&enrolment),
                         rows[i].active_days >= 0 ? enrolment.last_activity_ms : enrolment.enrolled_at_ms);
    }
}

static void without_required_items_nobody_is_behind(void **unused)
{
    const struct risk_measure measure = {{.items = 3}, NOW, 10, 0};
    struct enrolment enrolment = {.class = CLASS_WORKING, .last_activity_ms = NOW};

    (void)unused;
    assert_int_equal(enrolment_risks(&enrolment, &measure), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(risks_are_those_of_the_contract),
        cmocka_unit_test(without_required_items_nobody_is_behind),
    };
    return cmocka_run_group_tests_name("risk", tests, NULL, NULL);
}
