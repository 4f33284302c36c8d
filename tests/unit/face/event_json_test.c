#include "test.h"

#include <stdio.h>

#include "base/arena.h"
#include "core/event.h"
#include "core/log_entries.h"
#include "core/members.h"
#include "core/words.h"
#include "face/event_json.h"

/* What event_put writes, event_read gives again: the same event, down to its encoding. */

static const char *name_of(const void *of, uint32_t key)
{
    (void)of;
    return key ? "somebody" : NULL;
}

static const struct segment some_segments[] = {{0, 1500}, {4000, 4001}};
static uint8_t some_members[256];
static uint32_t some_members_size;

/* Of each kind one that has all a kind may have, and one that has the least. */
static const struct event events[] = {
    {.sequence = 7,
     .kind = EV_REPORTED,
     .face = FACE_VIDEO,
     .learner = 1,
     .item = 3,
     .at_ms = 1700000000123,
     .record_id = 9,
     .event_id = {UINT64_MAX, 1},
     .device = "tv",
     .device_size = 2,
     .zone = "Europe/Berlin",
     .zone_size = 13,
     .report = {.has = HAS_CLIENT_AT | HAS_POSITION | HAS_WATCHED | HAS_DURATION | HAS_SEGMENTS |
                       HAS_PERCENT | HAS_STATUS | HAS_TIME_SPENT | HAS_SCORE | HAS_MAX_SCORE | HAS_METADATA |
                       FROM_PLAYER | HAS_DAY | IS_PREVIEW | SETS_SCORE,
                .status = 2,
                .percent_hundredths = 3333,
                .local_day = 19675,
                .segment_count = 2,
                .client_at_ms = -5,
                .position_ms = 12345,
                .watched_s = 12,
                .duration_ms = 600000,
                .time_spent_ms = 1001,
                .score_e4 = 5,
                .max_score_e4 = 1000000,
                .segments = some_segments}},
    {.sequence = 8,
     .kind = EV_REPORTED,
     .face = FACE_TRK,
     .learner = 1,
     .item = 3,
     .actor = "301",
     .actor_size = 3,
     .report = {.has = HAS_PERCENT}},
    {.sequence = 9,
     .kind = EV_REPORTED,
     .face = FACE_TRK,
     .learner = 1,
     .item = 3,
     .report = {.has = HAS_SEGMENTS | HAS_STATUS}}, /* nothing watched */
    {.sequence = 10,
     .kind = EV_ENROLLED,
     .face = FACE_PTS,
     .learner = 1,
     .course = 2,
     .enrolment_id = 4,
     .has_occurred = true,
     .occurred_ms = 1600000000000},
    {.sequence = 11,
     .kind = EV_CERTIFIED,
     .face = FACE_COURSEROOM,
     .learner = 1,
     .course = 2,
     .body = (const uint8_t *)"https://a/\"b",
     .body_size = 12},
    {.sequence = 12, .kind = EV_LOGGED, .face = FACE_LOGS, .learner = 1, .log_id = 5, .log_at_ms = 17},
    {.sequence = 13, .kind = EV_LOGS_ROLLED_BACK, .face = FACE_LOGS, .learner = 1, .rolled_to = 12},
    {.sequence = 14,
     .kind = EV_ITEM_OBSERVED,
     .face = FACE_IMPORT,
     .course = 2,
     .item = 3,
     .type_rank = 1,
     .untaught = true,
     .body = (const uint8_t *)"lab",
     .body_size = 3},
    {.sequence = 15,
     .kind = EV_COURSE_DECLARED,
     .face = FACE_CATALOG,
     .course = 2,
     .body = (const uint8_t *)"\0\1\xff",
     .body_size = 3},
    {.sequence = 16, .kind = EV_ERASED, .face = FACE_LEARNER},
    {.sequence = 17,
     .kind = EV_DROPPED,
     .face = FACE_PTS,
     .learner = 1,
     .course = 2,
     .has_completed = true,
     .completed_ms = INSTANT_NEVER},
    {.sequence = 18,
     .kind = EV_EXPIRED,
     .face = FACE_PTS,
     .learner = 1,
     .course = 2,
     .has_completed = true,
     .completed_ms = 1600000000000},
};

static size_t encoded(const struct event *event, uint8_t **out)
{
    *out = malloc(event_bound(event));
    assert_non_null(*out);
    return event_encode(event, *out);
}

static void an_event_comes_back(const struct event *given)
{
    static const struct event_names names = {.learner = name_of, .course = name_of, .item = name_of};
    struct event event = *given, again = {0};
    struct segment room[8];
    struct buf line = {0};
    struct json_out out = {&line, false};
    struct arena arena;
    uint8_t *before, *after;

    if (event.report.has & HAS_METADATA) {
        event.report.metadata = some_members;
        event.report.metadata_size = some_members_size;
    }
    if (event_body_is_members(event.kind)) {
        event.body = some_members;
        event.body_size = some_members_size;
    }
    event_put(&out, &event, &names);
    assert_false(line.failed);
    json_t *root = json_loadb(line.bytes, line.size, 0, NULL);
    assert_non_null(root);
    arena_init(&arena);
    const struct event_source source = {&arena, line.bytes, line.size, room};
    if (!event_read(&source, root, &again))
        fail_msg("event %llu: not read: %.*s", (unsigned long long)event.sequence, (int)line.size,
                 line.bytes);
    if (!event.actor) { /* an actor is told also where it is the learner */
        again.actor = NULL;
        again.actor_size = 0;
    }
    size_t before_size = encoded(&event, &before), after_size = encoded(&again, &after);
    if (again.sequence != event.sequence || again.kind != event.kind || again.learner != event.learner ||
        again.at_ms != event.at_ms || before_size != after_size || memcmp(before, after, before_size) != 0)
        fail_msg("event %llu: another: %.*s", (unsigned long long)event.sequence, (int)line.size, line.bytes);
    free(before);
    free(after);
    json_decref(root);
    arena_done(&arena);
    buf_done(&line);
}

static void events_come_back(void **unused)
{
    (void)unused;
    const struct member members[] = {{"note", 4, "\"a \\u20ac\"", 10}, {"n", 1, "-1.50", 5}};
    uint8_t *end = some_members;
    for (size_t i = 0; i < COUNT(members); i++)
        end = member_put(end, &members[i]);
    some_members_size = (uint32_t)(end - some_members);
    for (size_t i = 0; i < COUNT(events); i++)
        an_event_comes_back(&events[i]);
}

static const char *const malformed[] = {
    "{}",
    "{\"event\":\"nothing\",\"eventId\":1,\"at\":\"2024-01-01T00:00:00Z\"}",
    "{\"event\":\"erased\",\"eventId\":0,\"at\":\"2024-01-01T00:00:00Z\"}",
    "{\"event\":\"erased\",\"eventId\":1,\"at\":\"yesterday\"}",
    "{\"event\":\"erased\",\"eventId\":1,\"at\":\"2024-01-01T00:00:00Z\",\"face\":\"none\"}",
    "{\"event\":\"erased\",\"eventId\":1,\"at\":\"2024-01-01T00:00:00Z\",\"userKey\":-1}",
    "{\"event\":\"erased\",\"eventId\":1,\"at\":\"2024-01-01T00:00:00Z\",\"clientEventHash\":\"00\"}",
    "{\"event\":\"course_declared\",\"eventId\":1,\"at\":\"2024-01-01T00:00:00Z\",\"body\":\"0g\"}",
    "{\"event\":\"logged\",\"eventId\":1,\"at\":\"2024-01-01T00:00:00Z\",\"log\":7}",
    "{\"event\":\"reported\",\"eventId\":1,\"at\":\"2024-01-01T00:00:00Z\"}",
    "{\"event\":\"reported\",\"eventId\":1,\"at\":\"2024-01-01T00:00:00Z\",\"report\":{\"status\":\"DONE\"}}",
    "{\"event\":\"reported\",\"eventId\":1,\"at\":\"2024-01-01T00:00:00Z\",\"report\":{\"positionMs\":-1}}",
    "{\"event\":\"reported\",\"eventId\":1,\"at\":\"2024-01-01T00:00:00Z\",\"report\":{\"segmentsMs\":[[1]]}"
    "}",
    "{\"event\":\"reported\",\"eventId\":1,\"at\":\"2024-01-01T00:00:00Z\","
    "\"report\":{\"percentHundredths\":10001}}",
};

static void what_is_no_event_is_not_read(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < COUNT(malformed); i++) {
        struct segment room[8];
        struct event event = {0};
        struct arena arena;
        json_t *root = json_loads(malformed[i], 0, NULL);
        assert_non_null(root);
        arena_init(&arena);
        const struct event_source source = {&arena, malformed[i], strlen(malformed[i]), room};
        if (event_read(&source, root, &event))
            fail_msg("read: %s", malformed[i]);
        arena_done(&arena);
        json_decref(root);
    }
}

static void words_go_both_ways(void **unused)
{
    (void)unused;
    for (unsigned kind = 1; kind < 256; kind++) {
        const char *word = word_of_event((uint8_t)kind);
        if (word)
            assert_int_equal(word_is_event(word), kind);
    }
    for (unsigned face = 1; face < FACE_COUNT; face++)
        assert_int_equal(word_is_face(word_of_face((uint8_t)face)), face);
    assert_int_equal(word_is_event("nothing"), 0);
    assert_int_equal(word_is_face("nobody"), 0);
    assert_null(word_of_face(FACE_COUNT));
    assert_true(event_body_is_text(EV_CERTIFIED));
    assert_false(event_body_is_text(EV_LOGGED));
}

static void numbers_of_a_line(void **unused)
{
    int64_t number = 5, ms;
    uint32_t key = 5, size;
    const char *text = NULL;
    json_t *line = json_loads("{\"n\":3,\"big\":4294967296,\"t\":\"x\",\"at\":\"2024-01-01T00:00:00.001Z\","
                              "\"day\":\"2024-01-01\",\"none\":null}",
                              0, NULL);

    (void)unused;
    assert_true(event_json_number(line, "absent", 0, 9, &number));
    assert_int_equal(number, 5);
    assert_true(event_json_number(line, "n", 0, 9, &number));
    assert_int_equal(number, 3);
    assert_false(event_json_number(line, "n", 4, 9, &number));
    assert_false(event_json_number(line, "t", 0, 9, &number));
    assert_true(event_json_key(line, "absent", &key));
    assert_int_equal(key, 0);
    assert_false(event_json_key(line, "big", &key));
    assert_true(event_json_instant(line, "at", &ms));
    assert_int_equal(ms, 1704067200001);
    assert_false(event_json_instant(line, "day", &ms));
    assert_true(event_json_text(line, "none", &text, &size));
    assert_null(text);
    assert_true(event_json_text(line, "t", &text, &size));
    assert_string_equal(text, "x");
    assert_false(event_json_text(line, "n", &text, &size));
    json_decref(line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_come_back),
        cmocka_unit_test(what_is_no_event_is_not_read),
        cmocka_unit_test(words_go_both_ways),
        cmocka_unit_test(numbers_of_a_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
