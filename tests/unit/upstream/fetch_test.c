#include "test.h"
#include "tiny_server.h"

#include "upstream/fetch.h"

enum { TIMEOUT_MS = 3000 };

static void count_done(struct fetch *fetch)
{
    atomic_fetch_add((atomic_int *)fetch->waiter, 1);
}

static void run(struct fetcher *fetcher, const char *url, struct fetch *fetch)
{
    static atomic_int done;

    atomic_store(&done, 0);
    *fetch = (struct fetch){.url = url, .done = count_done, .waiter = &done};
    assert_true(fetcher_submit(fetcher, fetch));
    wait_for(&done, 1);
}

static void an_answer_comes_back(void **unused)
{
    struct tiny_server server;
    struct fetcher *fetcher;
    struct fetch fetch;
    struct fault fault;
    char url[128];

    (void)unused;
    tiny_start(&server, "{\"a\":1}");
    assert_int_equal(fetcher_new("tiny", TIMEOUT_MS, &fetcher, &fault), RC_OK);
    (void)snprintf(url, sizeof url, "%s/x", server.url);
    run(fetcher, url, &fetch);
    assert_true(fetch.answered);
    assert_int_equal(fetch.status, 200);
    assert_int_equal(fetch.body.size, 7);
    assert_memory_equal(fetch.body.bytes, "{\"a\":1}", 7);
    buf_done(&fetch.body);
    (void)snprintf(url, sizeof url, "%s/status/404", server.url);
    run(fetcher, url, &fetch);
    assert_true(fetch.answered);
    assert_int_equal(fetch.status, 404);
    buf_done(&fetch.body);
    struct fetcher_state state = fetcher_state(fetcher);
    assert_string_equal(state.name, "tiny");
    assert_int_equal(state.rest, FETCHER_WORKS);
    assert_int_equal(state.calls, 2);
    assert_int_equal(state.failed, 0);
    run(fetcher, "file:///etc/passwd", &fetch); /* http and https only */
    assert_false(fetch.answered);
    buf_done(&fetch.body);
    fetcher_free(fetcher);
    tiny_stop(&server);
}

/* Five failures in a row, and the service is left alone. */
static void a_service_that_fails_is_left_alone(void **unused)
{
    struct tiny_server server;
    struct fetcher *fetcher;
    struct fetch fetch;
    struct fault fault;
    char url[128];

    (void)unused;
    tiny_start(&server, "oops");
    assert_int_equal(fetcher_new("tiny", TIMEOUT_MS, &fetcher, &fault), RC_OK);
    (void)snprintf(url, sizeof url, "%s/status/500", server.url);
    for (int i = 0; i < 7; i++) {
        run(fetcher, url, &fetch);
        if (fetch.answered != (i < 5))
            fail_msg("call %d", i);
        buf_done(&fetch.body);
    }
    struct fetcher_state state = fetcher_state(fetcher);
    assert_int_equal(atomic_load(&server.calls), 5);
    assert_int_equal(state.rest, FETCHER_RESTS);
    assert_int_equal(state.failures, 5);
    assert_int_equal(state.calls, 5);
    assert_int_equal(state.refused, 2);
    fetcher_free(fetcher);
    tiny_stop(&server);
}

/* Who asks what is being asked already gets that answer. */
static void the_same_question_is_asked_once(void **unused)
{
    enum { ASKERS = 8 };
    struct tiny_server server;
    struct fetcher *fetcher;
    struct fetch fetches[ASKERS];
    struct fault fault;
    char url[128];
    atomic_int done = 0;

    (void)unused;
    tiny_start(&server, "same");
    atomic_store(&server.delay_ms, 200);
    assert_int_equal(fetcher_new("tiny", TIMEOUT_MS, &fetcher, &fault), RC_OK);
    (void)snprintf(url, sizeof url, "%s/x", server.url);
    for (int i = 0; i < ASKERS; i++) {
        fetches[i] = (struct fetch){.url = url, .done = count_done, .waiter = &done};
        assert_true(fetcher_submit(fetcher, &fetches[i]));
    }
    wait_for(&done, ASKERS);
    assert_int_equal(atomic_load(&server.calls), 1);
    for (int i = 0; i < ASKERS; i++) {
        assert_true(fetches[i].answered);
        assert_int_equal(fetches[i].body.size, 4);
        buf_done(&fetches[i].body);
    }
    fetcher_free(fetcher);
    tiny_stop(&server);
}

static void what_takes_too_long_is_given_up(void **unused)
{
    struct tiny_server server;
    struct fetcher *fetcher;
    struct fetch fetch;
    struct fault fault;
    char url[128];
    atomic_int done = 0;

    (void)unused;
    tiny_start(&server, "late");
    atomic_store(&server.delay_ms, 400);
    assert_int_equal(fetcher_new("tiny", 50, &fetcher, &fault), RC_OK);
    (void)snprintf(url, sizeof url, "%s/x", server.url);
    run(fetcher, url, &fetch);
    assert_false(fetch.answered);
    buf_done(&fetch.body);
    fetch = (struct fetch){.url = url, .done = count_done, .waiter = &done};
    assert_true(fetcher_submit(fetcher, &fetch));
    fetcher_stop(fetcher); /* what is under way ends at once, unanswered */
    wait_for(&done, 1);
    assert_false(fetch.answered);
    buf_done(&fetch.body);
    assert_false(fetcher_submit(fetcher, &fetch));
    fetcher_free(fetcher);
    fetcher_free(NULL);
    fetcher_stop(NULL);
    tiny_stop(&server);
}

static void an_answer_that_is_too_long_is_none(void **unused)
{
    static char large[FETCH_MAX_BYTES + 2];
    struct tiny_server server;
    struct fetcher *fetcher;
    struct fetch fetch;
    struct fault fault;
    char url[128];

    (void)unused;
    memset(large, 'x', sizeof large - 1);
    tiny_start(&server, large + 1);
    assert_int_equal(fetcher_new("tiny", TIMEOUT_MS, &fetcher, &fault), RC_OK);
    (void)snprintf(url, sizeof url, "%s/x", server.url);
    run(fetcher, url, &fetch);
    assert_true(fetch.answered);
    assert_int_equal(fetch.body.size, FETCH_MAX_BYTES);
    buf_done(&fetch.body);
    atomic_store(&server.body, large);
    run(fetcher, url, &fetch);
    assert_false(fetch.answered);
    buf_done(&fetch.body);
    fetcher_free(fetcher);
    tiny_stop(&server);
}

static void an_id_stays_one_segment(void **unused)
{
    static const struct {
        const char *id, *want;
    } rows[] = {
        {"plain-id_1~", "plain-id_1~"},
        {"a/b?c#d", "a%2Fb%3Fc%23d"},
        {"..", "%2E%2E"},
        {".", "%2E"},
        {"a.b", "a.b"},
        {"\xc3\xa4", "%C3%A4"},
        {"a b%", "a%20b%25"},
        {"", ""},
    };

    (void)unused;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf url = {NULL, 0, 0, false};
        fetch_segment(&url, rows[i].id, strlen(rows[i].id));
        if (url.size != strlen(rows[i].want) || (url.size && memcmp(url.bytes, rows[i].want, url.size) != 0))
            fail_msg("%s: %.*s", rows[i].id, (int)url.size, url.bytes);
        buf_done(&url);
    }
    assert_string_equal(fetcher_rest_name(FETCHER_WORKS), "closed");
    assert_string_equal(fetcher_rest_name(FETCHER_RESTS), "open");
    assert_string_equal(fetcher_rest_name(FETCHER_TRIES), "half-open");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_comes_back),
        cmocka_unit_test(a_service_that_fails_is_left_alone),
        cmocka_unit_test(the_same_question_is_asked_once),
        cmocka_unit_test(what_takes_too_long_is_given_up),
        cmocka_unit_test(an_answer_that_is_too_long_is_none),
        cmocka_unit_test(an_id_stays_one_segment),
    };
    return cmocka_run_group_tests_name("fetch", tests, NULL, NULL);
}
