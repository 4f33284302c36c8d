#include "test.h"

#include <stdio.h>

#include "core/event_check.h"
#include "core/limits.h"
#include "core/members.h"

/* Each row breaks one thing of an event that is fine. */

static const struct event_scope scope = {
    .learners = 3, .courses = 2, .items = 2, .sequence = 100, .log_id = 5, .record_id = 9, .enrolment_id = 9};
static struct segment segments[EVENT_SEGMENTS_MAX + 1];
static uint8_t big[2 * MEMBERS_MAX_BYTES];

static struct event reported(void)
{
    return (struct event){
        .sequence = 50,
        .kind = EV_REPORTED,
        .face = FACE_VIDEO,
        .learner = 1,
        .course = 1,
        .item = 1,
        .record_id = 2,
        .enrolment_id = 2,
        .at_ms = 1700000000000,
        .report = {.has = HAS_POSITION | FROM_PLAYER, .position_ms = 1000, .local_day = 20000}};
}

struct row {
    const char *what;
    void (*change)(struct event *event);
    bool fine;
};

#define ROW(name, text, good, ...)                                                                           \
    static void name(struct event *event)                                                                    \
    {                                                                                                        \
        __VA_ARGS__;                                                                                         \
    }
#define ROWS(X)                                                                                              \
    X(nothing, "as it was", true, (void)event)                                                               \
    X(no_kind, "kind 200", false, event->kind = 200)                                                         \
    X(kind_hole, "kind 20", false, event->kind = 20)                                                         \
    X(no_face, "face 200", false, event->face = FACE_COUNT)                                                  \
    X(nobody, "no learner", false, event->learner = 0)                                                       \
    X(no_item, "no item", false, event->item = 0)                                                            \
    X(learner_unknown, "learner 4 of 3", false, event->learner = 4)                                          \
    X(item_unknown, "item 3 of 2", false, event->item = 3)                                                   \
    X(course_unknown, "course 3 of 2", false, event->course = 3)                                             \
    X(number_zero, "event 0", false, event->sequence = 0)                                                    \
    X(number_high, "event 101 of 100", false, event->sequence = 101)                                         \
    X(record_high, "record 10 of 9", false, event->record_id = 10)                                           \
    X(record_early, "record 9 at event 8", false, event->sequence = 8; event->record_id = 9)                 \
    X(year_0, "before the year 1", false, event->at_ms = -62135596800001)                                    \
    X(year_10000, "after the year 9999", false, event->at_ms = 253402300800000)                              \
    X(long_actor, "an actor of 129 bytes", false, event->actor = (const char *)big; event->actor_size = 129; \
      memset(big, 'a', 129))                                                                                 \
    X(actor_latin, "an actor that is no UTF-8", false, event->actor = "\xff"; event->actor_size = 1)         \
    X(actor_nul, "an actor with a NUL", false, event->actor = "a\0b"; event->actor_size = 3)                 \
    X(foreign_body, "a body where there is none", false, event->body = (const uint8_t *)"x";                 \
      event->body_size = 1)                                                                                  \
    X(has_more, "an unknown member", false, event->report.has |= IS_PREVIEW * 2)                             \
    X(position_most, "the last position", true, event->report.position_ms = NUMBER_MAX * 1000)               \
    X(position_past, "one past it", false, event->report.position_ms = NUMBER_MAX * 1000 + 1)                \
    X(position_before, "before the start", false, event->report.position_ms = -1)                            \
    X(time_past, "time spent of 2^53 + 1", false, event->report.has |= HAS_TIME_SPENT;                       \
      event->report.time_spent_ms = TIME_MAX_MS + 1)                                                         \
    X(watched_past, "watched 2^63 - 1", false, event->report.has |= HAS_WATCHED;                             \
      event->report.watched_s = INT64_MAX)                                                                   \
    X(score_past, "a score past trk's", false, event->report.has |= HAS_SCORE;                               \
      event->report.score_e4 = INT64_C(10000000000001))                                                      \
    X(percent_past, "100.01 %", false, event->report.has |= HAS_PERCENT;                                     \
      event->report.percent_hundredths = 10001)                                                              \
    X(day_past, "a day past the year 9999", false, event->report.local_day = INT32_MAX)                      \
    X(clock_past, "a client's clock past the year 9999", false, event->report.has |= HAS_CLIENT_AT;          \
      event->report.client_at_ms = INT64_MAX)                                                                \
    X(segments_fine, "two segments", true, segments[0] = (struct segment){0, 5};                             \
      segments[1] = (struct segment){6, 7}; event->report.has |= HAS_SEGMENTS;                               \
      event->report.segments = segments; event->report.segment_count = 2)                                    \
    X(segments_touch, "two that touch", false, segments[0] = (struct segment){0, 5};                         \
      segments[1] = (struct segment){5, 7}; event->report.has |= HAS_SEGMENTS;                               \
      event->report.segments = segments; event->report.segment_count = 2)                                    \
    X(segments_back, "out of order", false, segments[0] = (struct segment){8, 9};                            \
      segments[1] = (struct segment){5, 7}; event->report.has |= HAS_SEGMENTS;                               \
      event->report.segments = segments; event->report.segment_count = 2)                                    \
    X(segment_empty, "an empty one", false, segments[0] = (struct segment){5, 5};                            \
      event->report.has |= HAS_SEGMENTS; event->report.segments = segments; event->report.segment_count = 1) \
    X(segment_negative, "before the start", false, segments[0] = (struct segment){-1, 5};                    \
      event->report.has |= HAS_SEGMENTS; event->report.segments = segments; event->report.segment_count = 1) \
    X(reset_of_nothing, "a reset of nothing", false, event->kind = EV_RESET;                                 \
      event->course = event->item = 0)                                                                       \
    X(log_without_id, "a log entry without an id", false, event->kind = EV_LOGGED)                           \
    X(rolled_ahead, "a rollback to what comes after it", false, event->kind = EV_LOGS_ROLLED_BACK;           \
      event->rolled_to = 50)                                                                                 \
    X(rolled_back, "a rollback to what was before", true, event->kind = EV_LOGS_ROLLED_BACK;                 \
      event->rolled_to = 49)                                                                                 \
    X(erased_garbage, "an erasure's lists cut off", false, event->kind = EV_ERASED;                          \
      event->body = (const uint8_t *)"\x01"; event->body_size = 1)                                           \
    X(erased_foreign, "an erasure of item 3 of 2", false, event->kind = EV_ERASED;                           \
      event->body = (const uint8_t *)"\x01\x03\x00\x00\x00"; event->body_size = 5)                           \
    X(erased_fine, "an erasure of item 2", true, event->kind = EV_ERASED;                                    \
      event->body = (const uint8_t *)"\x01\x02\x00\x00\x00"; event->body_size = 5)                           \
    X(loss_foreign, "an erasure with a loss of course 9", false, event->kind = EV_ERASED;                    \
      event->body = (const uint8_t *)"\x00\x00\x00\x00\x01\x09\x00"; event->body_size = 7)                   \
    X(loss_never, "an erasure with a loss in year -1", false, event->kind = EV_ERASED;                       \
      event->body = (const uint8_t *)"\x00\x00\x00\x00\x01\x01\xff\xff\xff\xff\xff\xff\x7f";                 \
      event->body_size = 13)                                                                                 \
    X(loss_cut, "an erasure whose losses are cut off", false, event->kind = EV_ERASED;                       \
      event->body = (const uint8_t *)"\x00\x00\x00\x00\x01\x01"; event->body_size = 6)                       \
    X(loss_fine, "an erasure with a loss of course 1", true, event->kind = EV_ERASED;                        \
      event->body = (const uint8_t *)"\x00\x00\x00\x00\x01\x01\x04"; event->body_size = 7)                   \
    X(threshold_zero, "a threshold of 0", false,                                                             \
      *event = (struct event){                                                                               \
          .sequence = 1, .kind = EV_THRESHOLD_SET, .body = (const uint8_t *)"\x00", .body_size = 1})         \
    X(certificate_long, "a certificate of 501 bytes", false, event->kind = EV_CERTIFIED;                     \
      memset(big, 'a', 501); event->body = big; event->body_size = 501)
ROWS(ROW)

static void an_event_that_no_face_could_send_is_named(void **unused)
{
#define ENTRY(name, text, good, ...) {text, name, good},
    static const struct row rows[] = {ROWS(ENTRY)};
    (void)unused;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct event event = reported();
        rows[i].change(&event);
        const char *problem = event_problem(&event, &scope);
        if (rows[i].fine != (problem == NULL))
            fail_msg("%s: %s", rows[i].what, problem ? problem : "taken");
    }
}

static void more_segments_than_a_request_takes_are_named(void **unused)
{
    struct event event = reported();
    (void)unused;
    event.report.has |= HAS_SEGMENTS;
    event.report.segments = segments;
    for (uint32_t i = 0; i < EVENT_SEGMENTS_MAX; i++)
        segments[i] = (struct segment){i * 10, i * 10 + 1};
    event.report.segment_count = EVENT_SEGMENTS_MAX - RECORD_MAX_SEGMENTS;
    assert_null(event_problem(&event, &scope));
    event.report.segment_count++;
    assert_non_null(event_problem(&event, &scope));
}

static const struct {
    const char *name, *value;
    bool fine;
} values[] = {
    {"a", "1", true},
    {"a", "-0.5e+10", true},
    {"a", "\"x\\u00e9\\n\"", true},
    {"a", "{\"b\":[1,{},[] , null],\"c\":true}", true},
    {"", "0", true},
    {"a", "", false},
    {"a", "01", false},
    {"a", "1 2", false},
    {"a", "nul", false},
    {"a", "\"x", false},
    {"a", "\"\\q\"", false},
    {"a", "[1,]", false},
    {"a", "{\"b\"}", false},
    {"a", "[1}", false},
    {"a", "{1:2}", false},
    {"a", "\"\xff\"", false},
    {"a\xff", "1", false},
    {"a", "]", false},
    {"a", "[", false},
    {"a", "\"a\nb\"", false},
    {"a", "1e", false},
    {"a", "-", false},
    {"a", "NaN", false},
    {"a", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", false},
};

static void members_that_are_no_json_are_named(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        struct member member = {values[i].name, (uint32_t)strlen(values[i].name), values[i].value,
                                (uint32_t)strlen(values[i].value)};
        uint8_t bytes[256];
        const char *problem = members_problem(bytes, (size_t)(member_put(bytes, &member) - bytes));
        if (values[i].fine != (problem == NULL))
            fail_msg("%s: %s: %s", values[i].name, values[i].value, problem ? problem : "taken");
    }
}

static void members_are_few_small_and_each_once(void **unused)
{
    uint8_t *at = big;
    char name[16];
    (void)unused;
    for (int i = 0; i < LIMIT_OBJECT_MEMBERS; i++) {
        struct member member = {name, (uint32_t)snprintf(name, sizeof name, "m%d", i), "1", 1};
        at = member_put(at, &member);
    }
    assert_null(members_problem(big, (size_t)(at - big)));
    struct member again = {"m7", 2, "1", 1}, more = {"x", 1, "1", 1};
    assert_non_null(members_problem(big, (size_t)(member_put(at, &more) - big))); /* one too many */
    uint8_t twice[64], *end = member_put(member_put(twice, &again), &more);
    assert_null(members_problem(twice, (size_t)(end - twice)));
    end = member_put(end, &again);
    assert_non_null(members_problem(twice, (size_t)(end - twice)));
    assert_non_null(members_problem(twice, 3)); /* cut off */
    static char long_value[MEMBERS_MAX_BYTES];
    memset(long_value, 'y', sizeof long_value);
    long_value[0] = long_value[sizeof long_value - 1] = '"';
    struct member large = {"l", 1, long_value, sizeof long_value};
    assert_non_null(members_problem(big, (size_t)(member_put(big, &large) - big)));
}

static void texts_are_utf8_without_nul_and_short(void **unused)
{
    static const struct {
        const char *text;
        size_t size, most;
        bool fine;
    } rows[] = {{"abc", 3, 3, true},          {"abc", 3, 2, false},     {"", 0, 0, true},
                {"a\0c", 3, 9, false},        {"\xc3\xa4", 2, 9, true}, {"\xc3", 1, 9, false},
                {"\xed\xa0\x80", 3, 9, false}};

    (void)unused;
    for (size_t i = 0; i < COUNT(rows); i++)
        if (event_text_fine(rows[i].text, rows[i].size, rows[i].most) != rows[i].fine)
            fail_msg("row %zu", i);
    assert_true(event_instant_fine(0));
    assert_false(event_instant_fine(INT64_MAX));
    assert_false(event_instant_fine(INT64_MIN));
}

static void what_a_newer_version_wrote_is_not_known(void **state)
{
    struct event event = reported();

    (void)state;
    assert_true(event_is_known(&event));
    event.kind = 200;
    assert_false(event_is_known(&event));
    event = reported();
    event.face = FACE_COUNT;
    assert_false(event_is_known(&event));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_newer_version_wrote_is_not_known),
        cmocka_unit_test(an_event_that_no_face_could_send_is_named),
        cmocka_unit_test(more_segments_than_a_request_takes_are_named),
        cmocka_unit_test(members_that_are_no_json_are_named),
        cmocka_unit_test(members_are_few_small_and_each_once),
        cmocka_unit_test(texts_are_utf8_without_nul_and_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
