#include "test.h"

#include "app/batch.h"
#include "app/decide/report_limits.h"
#include "core/limits.h"
#include "core/members.h"

/* What is too much: for a learner, a course, the server. Each budget at its limit and one past it. */

static struct model *model;

static int begin(void **unused)
{
    (void)unused;
    return model_new(&model) == RC_OK ? 0 : -1;
}

static int end(void **unused)
{
    (void)unused;
    model_free(model);
    return 0;
}

static void each_budget_has_its_last_place(void **unused)
{
    static const struct {
        struct learner learner;
        struct addition fits, past;
        const char *says;
    } rows[] = {
        {{.record_count = LIMIT_RECORDS - 1}, {.records = 1}, {.records = 2}, "at most 10,000 items"},
        {{.enrolment_count = LIMIT_ENROLMENTS - 1}, {.enrolments = 1}, {.enrolments = 2}, "1,000 courses"},
        {{.day_count = LIMIT_DAYS - 1}, {.days = 1}, {.days = 2}, "10,000 days"},
        {{0}, {.items = LIMIT_ITEMS}, {.items = LIMIT_ITEMS + 1}, "1,000,000 items"},
        {{0}, {.courses = LIMIT_COURSES}, {.courses = LIMIT_COURSES + 1}, "100,000 courses"},
        /* who has more than there may be, from before there was the limit, may go on with what they have */
        {{.record_count = LIMIT_RECORDS + 5}, {.records = 0}, {.records = 1}, "at most 10,000 items"},
    };

    (void)unused;
    struct view view = model_read_begin(model);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct fault fault = {NULL, NULL};
        if (report_limits_budgets(view, &rows[i].learner, 0, &rows[i].fits, &fault) != RC_OK)
            fail_msg("row %zu fits: %s", i, fault.message);
        if (report_limits_budgets(view, &rows[i].learner, 0, &rows[i].past, &fault) != RC_CONFLICT ||
            !strstr(fault.message, rows[i].says))
            fail_msg("row %zu: %s", i, fault.message ? fault.message : "let pass");
        assert_null(fault.field); /* nothing of the request is wrong */
    }
    model_read_end(view);
}

static void a_learner_has_so_much_metadata_and_segments(void **unused)
{
    static struct segment segments[4] = {{0, 1}, {10, 11}, {20, 21}, {30, 31}}, room[RECORD_MAX_SEGMENTS + 8];
    static uint8_t merged[4 * MEMBERS_MAX_BYTES];
    uint8_t members[64];
    struct member member = {"n", 1, "1", 1};
    size_t size = (size_t)(member_put(members, &member) - members);
    struct fold fold = {.room = {room, merged}};
    struct batch batch = {.fold = &fold};
    struct command command = {.face = FACE_TRK};
    struct record blank = {RECORD_BLANK};
    const struct {
        struct learner learner;
        struct report report;
        enum rc rc;
    } rows[] = {
        {{.metadata_bytes = LIMIT_METADATA_BYTES - size},
         {.has = HAS_METADATA, .metadata = members, .metadata_size = (uint32_t)size},
         RC_OK},
        {{.metadata_bytes = LIMIT_METADATA_BYTES - size + 1},
         {.has = HAS_METADATA, .metadata = members, .metadata_size = (uint32_t)size},
         RC_CONFLICT},
        {{.segment_total = LIMIT_SEGMENTS - 4},
         {.has = HAS_SEGMENTS, .segments = segments, .segment_count = 4},
         RC_OK},
        {{.segment_total = LIMIT_SEGMENTS - 3},
         {.has = HAS_SEGMENTS, .segments = segments, .segment_count = 4},
         RC_CONFLICT},
        {{.segment_total = LIMIT_SEGMENTS}, {.has = HAS_SEGMENTS}, RC_OK}, /* none */
    };

    (void)unused;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct item_report report = {.report = rows[i].report};
        struct fault fault = {NULL, NULL};
        if (report_limits_item(&batch, &command, &rows[i].learner, &blank, &report, &fault) != rows[i].rc)
            fail_msg("row %zu: %s", i, fault.message ? fault.message : "let pass");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_budget_has_its_last_place, begin, end),
        cmocka_unit_test(a_learner_has_so_much_metadata_and_segments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
