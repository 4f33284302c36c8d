#include "test.h"

#include "base/codec.h"
#include "core/enrolment.h"
#include "core/event.h"
#include "core/log_entries.h"
#include "core/members.h"

/* Small questions about an event, without the fold. */

static size_t encode(const struct event *event, uint8_t *bytes, size_t room)
{
    assert_true(event_bound(event) <= room);
    return event_encode(event, bytes);
}

static void a_look_at_an_event_reads_whom_it_names(void **unused)
{
    const struct event event = {.kind = EV_REPORTED,
                                .face = FACE_TRK,
                                .course = 3,
                                .item = 9,
                                .record_id = 4,
                                .enrolment_id = 5,
                                .actor = "boss",
                                .actor_size = 4,
                                .report = {.has = HAS_STATUS, .status = ITEM_COMPLETED}};
    uint8_t bytes[1024];
    size_t size = encode(&event, bytes, sizeof bytes);
    struct event_named named = {.item = 77};

    (void)unused;
    assert_true(event_peek(bytes, size, &named));
    assert_int_equal(named.face, FACE_TRK);
    assert_int_equal(named.course, 3);
    assert_int_equal(named.item, 9);
    assert_int_equal(named.actor_size, 4);
    assert_memory_equal(named.actor, "boss", 4);
    named.item = 77;
    assert_false(event_peek(bytes, 4, &named)); /* cut off */
    assert_false(event_peek(bytes, 0, &named));
    assert_int_equal(named.item, 77);
}

static void a_report_says_in_its_bytes_what_it_has(void **unused)
{
    const struct event event = {.kind = EV_REPORTED,
                                .face = FACE_VIDEO,
                                .report = {.has = HAS_PERCENT | HAS_TIME_SPENT | HAS_SCORE | HAS_MAX_SCORE |
                                                  HAS_CLIENT_AT | FROM_PLAYER,
                                           .percent_hundredths = 10000,
                                           .time_spent_ms = 1500,
                                           .score_e4 = -1,
                                           .max_score_e4 = 50000,
                                           .client_at_ms = -5,
                                           .local_day = -3}};
    struct event decoded = {.kind = EV_REPORTED};
    uint8_t bytes[1024];
    size_t size = encode(&event, bytes, sizeof bytes);

    (void)unused;
    assert_true(event_decode(bytes, size, NULL, 0, &decoded));
    assert_int_equal(decoded.report.has, event.report.has);
    assert_int_equal(decoded.report.percent_hundredths, 10000);
    assert_int_equal(decoded.report.time_spent_ms, 1500);
    assert_int_equal(decoded.report.score_e4, -1);
    assert_int_equal(decoded.report.client_at_ms, -5);
    assert_int_equal(decoded.report.local_day, -3);
    decoded.kind = EV_LOCKED;
    assert_false(event_decode(bytes, size, NULL, 0, &decoded)); /* what is locked brings no report */
    decoded.kind = EV_REPORTED;
    for (size_t cut = 0; cut < size; cut++)
        assert_false(event_decode(bytes, cut, NULL, 0, &decoded));
    const uint8_t locked[] = {0, FACE_LOGS},
                  of_a_newer_version[] = {0x80, 0x80, 0x02, FACE_LOGS}; /* 1 << 15 */
    decoded.kind = EV_LOCKED;
    assert_true(event_decode(locked, sizeof locked, NULL, 0, &decoded));
    assert_false(event_decode(of_a_newer_version, sizeof of_a_newer_version, NULL, 0, &decoded));
}

static void keys_are_written_with_their_number(void **unused)
{
    static const uint32_t keys[] = {1, 300, UINT32_MAX};
    uint8_t bytes[64];
    uint8_t *end = keys_put(bytes, keys, 3);
    struct reader from = {bytes, end, false};

    (void)unused;
    assert_int_equal(get_u32(&from), 3);
    for (size_t i = 0; i < COUNT(keys); i++)
        assert_int_equal(get_u32(&from), keys[i]);
    assert_false(from.bad);
    assert_ptr_equal(from.at, end);
    assert_ptr_equal(keys_put(bytes, NULL, 0), bytes + 1);
}

static void a_kind_is_the_catalogues_or_a_logs_or_a_learners(void **unused)
{
    (void)unused;
    for (enum event_kind kind = EV_REPORTED; kind <= EV_THRESHOLD_SET; kind++) {
        assert_int_equal(event_is_catalogue(kind), kind >= EV_COURSE_DECLARED);
        assert_int_equal(event_is_log(kind), kind >= EV_LOGGED && kind <= EV_LOGS_ROLLED_BACK);
    }
}

static void what_an_event_says_of_an_entry(void **unused)
{
    static const uint8_t members[] = {1, 2, 3};
    const struct event event = {.sequence = 8,
                                .kind = EV_LOGGED,
                                .at_ms = 70,
                                .log_id = 5,
                                .log_at_ms = 60,
                                .actor = "boss",
                                .actor_size = 4,
                                .body = members,
                                .body_size = sizeof members};
    struct log_event log = log_event_of(&event);

    (void)unused;
    assert_int_equal(log.sequence, 8);
    assert_int_equal(log.log_id, 5);
    assert_int_equal(log.kind, EV_LOGGED);
    assert_int_equal(log.at_ms, 70);
    assert_int_equal(log.date_ms, 60);
    assert_ptr_equal(log.members, members);
    assert_int_equal(log.members_size, sizeof members);
    assert_int_equal(log.actor_size, 4);
}

static void members_have_a_size_and_a_number(void **unused)
{
    static const struct member rows[] = {{"a", 1, "1", 1}, {"name", 4, "\"x\"", 3}, {"", 0, "null", 4}};
    uint8_t bytes[64] = {0}, *at = bytes;

    (void)unused;
    assert_int_equal(members_count(bytes, 0), 0);
    for (uint32_t i = 0; i < COUNT(rows); i++) {
        uint8_t *end = member_put(at, &rows[i]);
        assert_in_range(end - at, 1, member_bytes(&rows[i]));
        at = end;
        assert_int_equal(members_count(bytes, (size_t)(at - bytes)), i + 1);
    }
}

static void who_loses_progress_is_complete_no_more(void **unused)
{
    static const struct course_facts facts = {.declared = true, .required = 2, .items = 2};
    struct enrolment enrolment = {.class = CLASS_WORKING,
                                  .completed_required = 2,
                                  .completed_items = 2,
                                  .completed_at_ms = INSTANT_NEVER,
                                  .last_completion_ms = 50};

    (void)unused;
    assert_true(enrolment_settle(&enrolment, &facts, 60));
    assert_int_equal(enrolment.class, CLASS_DONE_FOR_GOOD);
    assert_false(enrolment_settle(&enrolment, &facts, 70)); /* once */
    enrolment.completed_required = enrolment.completed_items = 1;
    enrolment_recede(&enrolment, &facts, true);
    assert_int_equal(enrolment.class, CLASS_WORKING);
    enrolment.completed_required = enrolment.completed_items = 0;
    enrolment_recede(&enrolment, &facts, false);
    assert_int_equal(enrolment.class, CLASS_ENROLLED);
    /* no longer declared: what is left says it, whatever else the course had before */
    static const struct course_facts observed = {.required = 2, .items = 2};
    enrolment =
        (struct enrolment){.class = CLASS_DONE_FOR_GOOD, .completed_required = 2, .completed_at_ms = 60};
    enrolment_recede(&enrolment, &observed, true);
    assert_int_equal(enrolment.class, CLASS_WORKING);
    assert_int_equal(enrolment_state(&enrolment, &observed), ENR_COMPLETED);
}

static void an_act_is_what_somebody_did_to_others_or_to_the_catalogue(void **unused)
{
    static const struct {
        enum event_kind kind;
        uint8_t face;
        bool by_another, is_act;
    } rows[] = {
        {EV_COURSE_DECLARED, FACE_CATALOG, true, true},
        {EV_COURSE_UNDECLARED, FACE_CATALOG, true, true},
        {EV_ERASED, FACE_LEARNER, false, true}, /* also their own */
        {EV_ENROLLED, FACE_PTS, true, true},    /* the webhook */
        {EV_ENROLLED, FACE_COURSEROOM, true, false},
        {EV_ENROLLED, FACE_PTS, false, false},
        {EV_DROPPED, FACE_PTS, true, true},
        {EV_RESET, FACE_COURSEROOM, true, true},
        {EV_RESET, FACE_IMPORT, true, false},
        {EV_DELETED, FACE_VIDEO, true, true},
        {EV_DELETED, FACE_VIDEO, false, false},
        {EV_LOG_UPDATED, FACE_LOGS, true, true},
        {EV_LOGGED, FACE_LOGS, true, false}, /* what services report */
        {EV_REPORTED, FACE_VIDEO, true, false},
        {EV_ITEM_OBSERVED, FACE_VIDEO, true, false},
        {EV_THRESHOLD_SET, 0, false, false},
    };

    (void)unused;
    for (size_t i = 0; i < COUNT(rows); i++)
        if (event_is_act(rows[i].kind, rows[i].face, rows[i].by_another) != rows[i].is_act)
            fail_msg("row %zu", i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_look_at_an_event_reads_whom_it_names),
        cmocka_unit_test(a_report_says_in_its_bytes_what_it_has),
        cmocka_unit_test(keys_are_written_with_their_number),
        cmocka_unit_test(a_kind_is_the_catalogues_or_a_logs_or_a_learners),
        cmocka_unit_test(what_an_event_says_of_an_entry),
        cmocka_unit_test(members_have_a_size_and_a_number),
        cmocka_unit_test(who_loses_progress_is_complete_no_more),
        cmocka_unit_test(an_act_is_what_somebody_did_to_others_or_to_the_catalogue),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
