#include "test.h"

#include "core/live.h"

/* What those who watch are told of an event. */

static struct record records[] = {{RECORD_BLANK, .item = 3, .status = ITEM_IN_PROGRESS,
                                   .flags = RECORD_PRESENT | RECORD_REPORTED | RECORD_POSITION,
                                   .percent_hundredths = 4200, .position_ms = 900, .watched_s = 7,
                                   .time_spent_ms = 8000}};
static uint32_t items[] = {3};
static struct enrolment enrolments[] = {
    {.course = 5, .id = 2, .class = CLASS_WORKING, .completed_required = 1, .completed_items = 1}};
static struct learner learner = {.key = 1,
                                 .record_count = 1,
                                 .enrolment_count = 1,
                                 .records = records,
                                 .items = items,
                                 .enrolments = enrolments};

static struct course_facts facts_of_course(const void *of, uint32_t course)
{
    (void)of;
    (void)course;
    return (struct course_facts){.declared = true, .required = 4, .items = 4};
}

static const struct catalogue catalogue = {NULL, NULL, facts_of_course, NULL};

static void a_kind_makes_a_message_or_none(void **unused)
{
    static const struct {
        enum event_kind kind;
        enum live_type type;
    } rows[] = {
        {EV_REPORTED, LIVE_PROGRESS},     {EV_LOCKED, LIVE_PROGRESS},
        {EV_UNLOCKED, LIVE_PROGRESS},     {EV_DELETED, LIVE_DELETED},
        {EV_RESET, LIVE_RESET},           {EV_ENROLLED, LIVE_ENROLLMENT},
        {EV_DROPPED, LIVE_ENROLLMENT},    {EV_EXPIRED, LIVE_ENROLLMENT},
        {EV_CERTIFIED, LIVE_ENROLLMENT},  {EV_LOGGED, LIVE_LOG},
        {EV_LOG_UPDATED, LIVE_LOG},       {EV_LOG_DELETED, LIVE_LOG},
        {EV_LOGS_CLEARED, LIVE_LOG},      {EV_LOGS_ROLLED_BACK, LIVE_LOG},
        {EV_ERASED, LIVE_NOTHING},        {EV_COURSE_DECLARED, LIVE_NOTHING},
        {EV_WEBHOOK_NOTED, LIVE_NOTHING},
    };
    struct live_event live = {.sequence = 77};

    (void)unused;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(live_type_of(rows[i].kind), rows[i].type);
    assert_false(live_tell(&(struct event){.kind = EV_ERASED}, &learner, &catalogue, &live));
    assert_int_equal(live.sequence, 77);
}

static void a_type_has_a_name_on_the_wire(void **unused)
{
    static const struct {
        enum live_type type;
        const char *name;
    } rows[] = {
        {LIVE_NOTHING, ""},    {LIVE_PROGRESS, "progress"},     {LIVE_DELETED, "deleted"},
        {LIVE_RESET, "reset"}, {LIVE_ENROLLMENT, "enrollment"}, {LIVE_LOG, "log"},
    };

    (void)unused;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_string_equal(live_type_name(rows[i].type), rows[i].name);
}

static void a_report_tells_how_things_stand(void **unused)
{
    const struct event event = {.kind = EV_REPORTED,
                                .sequence = 9,
                                .learner = 1,
                                .course = 5,
                                .item = 3,
                                .report = {.has = IS_PREVIEW}};
    struct live_event live;

    (void)unused;
    assert_true(live_tell(&event, &learner, &catalogue, &live));
    assert_int_equal(live.sequence, 9);
    assert_int_equal(live.status, LIVE_IN_PROGRESS);
    assert_int_equal(live.percent_hundredths, 4200);
    assert_int_equal(live.position_ms, 900);
    assert_int_equal(live.watched_s, 7);
    assert_int_equal(live.course_percent_hundredths, 2500);
    assert_int_equal(live.enrolment_state, ENR_IN_PROGRESS);
    assert_false(live.is_preview); /* who is enrolled reports for the course */
    records[0].flags |= RECORD_LOCKED;
    assert_true(live_tell(&event, &learner, &catalogue, &live));
    assert_int_equal(live.status, LIVE_LOCKED);
    records[0].flags = RECORD_PRESENT;
    assert_true(live_tell(&event, &learner, &catalogue, &live));
    assert_false(live.has_last_watched); /* nobody reported: nothing but its status */
}

static void of_nobody_little_is_told(void **unused)
{
    const struct event event = {
        .kind = EV_REPORTED, .learner = 1, .course = 5, .item = 3, .report = {.has = IS_PREVIEW}};
    struct live_event live;

    (void)unused;
    assert_true(live_tell(&event, NULL, &catalogue, &live));
    assert_int_equal(live.status, LIVE_NOT_STARTED);
    assert_int_equal(live.enrolment_state, LIVE_NO_STATE);
    assert_int_equal(live.course_percent_hundredths, LIVE_NO_PERCENT);
    assert_true(live.is_preview);
}

static void the_end_of_a_preview_is_its_authors_too(void **unused)
{
    static const enum event_kind kinds[] = {EV_DELETED, EV_RESET};
    struct live_event live;

    (void)unused;
    for (size_t i = 0; i < COUNT(kinds); i++) {
        struct event event = {.kind = (uint8_t)kinds[i], .learner = 1, .course = 6, .item = 3};
        assert_true(live_tell(&event, &learner, &catalogue, &live));
        assert_true(live.is_preview); /* not enrolled in that course */
        event.course = 5;
        assert_true(live_tell(&event, &learner, &catalogue, &live));
        assert_false(live.is_preview);
        event.course = 0;
        assert_true(live_tell(&event, &learner, &catalogue, &live));
        assert_false(live.is_preview); /* of an item in no course */
    }
}

static void an_entry_is_told_by_its_number(void **unused)
{
    static const struct {
        enum event_kind kind;
        enum live_status status;
    } rows[] = {{EV_LOGGED, LIVE_CREATED},
                {EV_LOG_UPDATED, LIVE_UPDATED},
                {EV_LOG_DELETED, LIVE_REMOVED},
                {EV_LOGS_CLEARED, LIVE_REMOVED},
                {EV_LOGS_ROLLED_BACK, LIVE_ROLLED_BACK}};
    struct live_event live;

    (void)unused;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct event event = {.kind = (uint8_t)rows[i].kind, .learner = 1, .log_id = 6};
        assert_true(live_tell(&event, &learner, &catalogue, &live));
        assert_int_equal(live.status, rows[i].status);
        assert_int_equal(live.log_id, 6);
        assert_false(live.has_record);
    }
}

static void ids_lie_one_after_the_other(void **unused)
{
    const struct live_event live = {.user_size = 4, .course_size = 1, .item_size = 4, .ids = "anna7film"};

    (void)unused;
    assert_memory_equal(live_user(&live), "anna", 4);
    assert_memory_equal(live_course(&live), "7", 1);
    assert_memory_equal(live_item(&live), "film", 4);
}

static void so_is_its_lock(void **unused)
{
    static const enum event_kind kinds[] = {EV_LOCKED, EV_UNLOCKED};
    struct record tried = {RECORD_BLANK, .item = 3, .flags = RECORD_PRESENT | RECORD_REPORTED};
    struct learner author = {.key = 1, .record_count = 1, .records = &tried, .items = items};
    struct live_event live;

    (void)unused;
    for (size_t i = 0; i < COUNT(kinds); i++) {
        const struct event event = {.kind = (uint8_t)kinds[i], .learner = 1, .course = 6, .item = 3};
        tried.flags = RECORD_PRESENT | RECORD_REPORTED;
        assert_true(live_tell(&event, &author, &catalogue, &live));
        assert_true(live.is_preview);
        tried.flags |= RECORD_REAL;
        assert_true(live_tell(&event, &author, &catalogue, &live));
        assert_false(live.is_preview); /* somebody reported in earnest */
        tried.flags = RECORD_LOCKED;
        assert_true(live_tell(&event, &author, &catalogue, &live));
        assert_false(live.is_preview); /* nobody reported: the course's lock */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_kind_makes_a_message_or_none),
        cmocka_unit_test(a_type_has_a_name_on_the_wire),
        cmocka_unit_test(a_report_tells_how_things_stand),
        cmocka_unit_test(of_nobody_little_is_told),
        cmocka_unit_test(the_end_of_a_preview_is_its_authors_too),
        cmocka_unit_test(so_is_its_lock),
        cmocka_unit_test(an_entry_is_told_by_its_number),
        cmocka_unit_test(ids_lie_one_after_the_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
