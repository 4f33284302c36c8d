#include "test.h"

#include "face/face.h"
#include "face/pts/pts_decode.h"
#include "face/trk/trk_decode.h"
#include "face/video/video_decode.h"

/* Bodies of reports: what is taken from them, and which member is named when one is wrong. */

static int64_t noon(void)
{
    return 1704110400000; /* 2024-01-01T12:00:00Z */
}

static struct face_context context = {.now_ms = noon};

enum which { VIDEO, PTS, TRK };

static const struct row {
    enum which which;
    const char *body, *field; /* field NULL: it is decoded */
} rows[] = {
    {VIDEO, "{\"videoId\":\"v\",\"watchedDuration\":5}", NULL},
    {VIDEO, "{\"watchedDuration\":5}", "videoId"},
    {VIDEO, "{\"videoId\":\"v\"}", "watchedDuration"},
    {VIDEO, "{\"videoId\":\"v\",\"watchedDuration\":-1}", "watchedDuration"},
    {VIDEO, "{\"videoId\":\"v\",\"watchedDuration\":5.5}", "watchedDuration"},
    {VIDEO, "{\"videoId\":\"v\",\"watchedDuration\":5,\"lastWatched\":\"2024-01-03T00:00:00Z\"}",
     "lastWatched"},
    {VIDEO, "{\"videoId\":\"v\",\"watchedDuration\":5,\"segments\":[[0,1],[3]]}", "segments"},
    {VIDEO, "{\"videoId\":\"v\",\"watchedDuration\":5,\"segments\":[[2,1]]}", "segments"},
    {VIDEO, "{\"videoId\":\"v\",\"watchedDuration\":5,\"eventId\":\"\"}", "eventId"},
    {VIDEO, "{\"videoId\":\"v\",\"watchedDuration\":5,\"position\":\"x\"}", "position"},
    {VIDEO, "{\"videoId\":\"v\",\"watchedDuration\":5,\"deviceId\":true}", "deviceId"},
    {TRK, "{\"contentId\":\"v\",\"progressPercentage\":50,\"timeSpent\":1.5}", NULL},
    {TRK, "{\"progressPercentage\":50}", "contentId"},
    {TRK, "{\"contentId\":\"v\",\"progressPercentage\":101}", "progressPercentage"},
    {TRK, "{\"contentId\":\"v\",\"progressPercentage\":50,\"score\":3,\"maxScore\":2}", "score"},
    {TRK, "{\"contentId\":\"v\",\"progressPercentage\":50,\"contentType\":\"\"}", "contentType"},
    {TRK, "{\"contentId\":\"v\",\"progressPercentage\":50,\"timeSpent\":-1}", "timeSpent"},
    {PTS, "{\"UserId\":\"u\",\"VideoId\":\"v\",\"CurrentTimeSeconds\":5}", NULL},
    {PTS, "{\"VideoId\":\"v\",\"CurrentTimeSeconds\":5}", "UserId"},
    {PTS, "{\"UserId\":\"u\",\"CurrentTimeSeconds\":5}", "VideoId"},
    {PTS, "{\"userid\":\"u\",\"VIDEOID\":\"v\",\"currentTimeSeconds\":-5}", "CurrentTimeSeconds"},
};

static enum rc decode(const struct row *row, struct request *request, struct item_report *out,
                      struct fault *fault)
{
    struct body body = {json_loads(row->body, 0, NULL),
                        row->which == PTS ? SPELLING_ANY_CASE : SPELLING_EXACT};
    struct text user = {NULL, 0};

    assert_non_null(body.root);
    enum rc rc = row->which == VIDEO ? video_report_decode(request, body.root, out, fault)
                 : row->which == TRK
                     ? trk_decode_post(request, &body, out, fault)
                     : pts_report_decode(request, &body, &user, (struct text){NULL, 0}, out, fault);
    body_done(&body);
    return rc;
}

static void a_wrong_member_is_named(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct request request = {.server = &context};
        struct item_report report = {.rc = RC_OK};
        struct fault fault = {NULL, NULL};
        arena_init(&request.arena);
        enum rc rc = decode(&rows[i], &request, &report, &fault);
        if (rc != (rows[i].field ? RC_INVALID : RC_OK) ||
            (rows[i].field && (!fault.field || strcmp(fault.field, rows[i].field) != 0)))
            fail_msg("%s: rc %d, field %s", rows[i].body, (int)rc, fault.field ? fault.field : "none");
        if (rc == RC_OK)
            assert_string_equal(report.item.bytes, "v");
        arena_done(&request.arena);
    }
}

static void a_whole_report_is_taken(void **unused)
{
    static const struct row row = {
        VIDEO,
        "{\"videoId\":\"v\",\"watchedDuration\":12,\"lastWatched\":\"2024-01-01T11:59:59Z\",\"position\":1."
        "2345,"
        "\"duration\":600,\"segments\":[[5,7],[0,5]],\"courseId\":7,\"deviceId\":12,\"eventId\":\"e\"}",
        NULL};
    struct request request = {.server = &context};
    struct item_report report = {.rc = RC_OK};
    struct fault fault = {NULL, NULL};

    (void)unused;
    arena_init(&request.arena);
    assert_int_equal(decode(&row, &request, &report, &fault), RC_OK);
    assert_int_equal(report.report.has,
                     HAS_WATCHED | FROM_PLAYER | HAS_CLIENT_AT | HAS_POSITION | HAS_DURATION | HAS_SEGMENTS);
    assert_int_equal(report.report.watched_s, 12);
    assert_int_equal(report.report.client_at_ms, noon() - 1000);
    assert_int_equal(report.report.duration_ms, 600000);
    assert_int_equal(report.report.segment_count, 1); /* they touch */
    assert_int_equal(report.report.segments[0].to_ms, 7000);
    assert_string_equal(report.course.bytes, "7");
    assert_string_equal(report.device.bytes, "12");
    assert_true(report.event_id[0] != 0);
    arena_done(&request.arena);
}

static void a_clock_that_runs_ahead_counts_as_now(void **unused)
{
    static const struct row row = {
        VIDEO, "{\"videoId\":\"v\",\"watchedDuration\":12,\"lastWatched\":\"2024-01-01T12:00:01Z\"}", NULL};
    struct request request = {.server = &context};
    struct item_report report = {.rc = RC_OK};
    struct fault fault = {NULL, NULL};

    (void)unused;
    arena_init(&request.arena);
    assert_int_equal(decode(&row, &request, &report, &fault), RC_OK);
    assert_false(report.report.has & HAS_CLIENT_AT);
    arena_done(&request.arena);
}

static void minutes_and_scores_of_trk(void **unused)
{
    static const struct row row = {
        TRK,
        "{\"contentId\":\"v\",\"progressPercentage\":33.333,\"timeSpent\":1.5,\"score\":7.5,\"maxScore\":10}",
        NULL};
    struct request request = {.server = &context};
    struct item_report report = {.rc = RC_OK};
    struct fault fault = {NULL, NULL};

    (void)unused;
    arena_init(&request.arena);
    assert_int_equal(decode(&row, &request, &report, &fault), RC_OK);
    assert_int_equal(report.report.percent_hundredths, 3333);
    assert_int_equal(report.report.time_spent_ms, 90000);
    assert_int_equal(report.report.score_e4, 75000);
    assert_true(report.report.has & SETS_SCORE);
    arena_done(&request.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wrong_member_is_named),
        cmocka_unit_test(a_whole_report_is_taken),
        cmocka_unit_test(a_clock_that_runs_ahead_counts_as_now),
        cmocka_unit_test(minutes_and_scores_of_trk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
