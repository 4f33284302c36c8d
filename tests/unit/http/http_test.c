#include "test.h"
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/digits.h"
#include "http/bodies.h"
#include "http/listener.h"
#include "http/router.h"

/* Connections that come and go at random: every loop keeps its share, and somebody always has the turn. */
static void connections_are_shared_out(void **unused)
{
    enum { LOOPS = 3 };
    struct listener *listener;
    struct fault fault;
    unsigned has[LOOPS] = {0}, all = 0;
    uint64_t seed = 7;
    char *names = calloc(LOOPS, 1);

    (void)unused;
    assert_int_equal(listener_open("127.0.0.1", 0, &listener, &fault), RC_OK);
    for (int i = 0; i < LOOPS; i++)
        listener_join(listener,
                      (struct loop *)(void *)(names + i)); /* never looked into: only the turn is asked for */
    for (int step = 0; step < 20000; step++) {
        unsigned loop = next_random(&seed) % LOOPS, turns = 0;
        for (int i = 0; i < LOOPS; i++)
            turns += listener_has_turn(listener, has[i], 0);
        assert_true(turns > 0);
        if (next_random(&seed) % 5 && listener_has_turn(listener, has[loop], 0)) {
            assert_true(has[loop] * LOOPS <= all + all / 8);
            has[loop]++, all++;
            listener_count(listener, 1);
        } else if (has[loop] && next_random(&seed) % 4 == 0) {
            has[loop]--, all--;
            listener_count(listener, -1);
        }
    }
    assert_true(all > 100);
    for (int i = 0; i < LOOPS; i++) /* a crowd that only one loop sees: it leaves the others their share */
        listener_count(listener, -(int)has[i]);
    unsigned taken = 0;
    listener_count(listener, 300);
    while (listener_has_turn(listener, 100 + taken, taken))
        taken++;
    assert_in_range(taken, 15, 25);
    listener_close(listener);
    free(names);
}

static void numbers_are_written_as_printf_does(void **unused)
{
    uint64_t seed = 3;
    char ours[32], theirs[32];

    (void)unused;
    for (int i = 0; i < 20000; i++) {
        uint64_t value =
            ((uint64_t)next_random(&seed) << 32 | next_random(&seed)) >> (next_random(&seed) % 64);
        if (i < 3)
            value = i == 0 ? 0 : i == 1 ? UINT64_MAX : 10;
        *digits_hex(ours, value, 8) = '\0';
        (void)snprintf(theirs, sizeof theirs, "%08llx", (unsigned long long)value);
        assert_string_equal(ours, theirs);
        *digits_decimal(ours, value) = '\0';
        (void)snprintf(theirs, sizeof theirs, "%llu", (unsigned long long)value);
        assert_string_equal(ours, theirs);
    }
}

/* What a socket gets of a message that holds "head head body", sent whole or in parts, and of others. */
static void one_head_is_sent(void **unused)
{
    static const struct {
        const char *head, *body, *want;
    } cases[] = {
        {"HTTP/1.1 400 Bad\r\nA: b\r\n\r\nHTTP/1.1 400 Bad\r\nA: b\r\n\r\n", "<html>",
         "HTTP/1.1 400 Bad\r\nA: b\r\n\r\n<html>"},
        {"HTTP/1.1 400 Bad\r\nA: b\r\n\r\n", "{}", "HTTP/1.1 400 Bad\r\nA: b\r\n\r\n{}"},
        {"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", "x",
         "HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\nx"},
        {"short", "", "short"},
        {"", "", ""},
    };
    (void)unused;
    for (size_t i = 0; i < COUNT(cases); i++) {
        int pair[2];
        char got[256];
        struct iovec parts[2] = {{(void *)(uintptr_t)cases[i].head, strlen(cases[i].head)},
                                 {(void *)(uintptr_t)cases[i].body, strlen(cases[i].body)}};
        struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
        assert_int_equal(sendmsg(pair[0], &message, MSG_NOSIGNAL), parts[0].iov_len + parts[1].iov_len);
        (void)close(pair[0]);
        ssize_t size = read(pair[1], got, sizeof got);
        if (size != (ssize_t)strlen(cases[i].want) || memcmp(got, cases[i].want, (size_t)size) != 0)
            fail_msg("%zu: %.*s", i, (int)size, got);
        errno = 0;
        assert_int_equal(sendmsg(pair[0], &message, MSG_NOSIGNAL), -1);
        assert_int_equal(errno, EBADF);
        (void)close(pair[1]);
    }
}

/* Takes and gives at random, callers whose slots meet among them, against a table that is plain to see. */
static void bodies_have_a_budget(void **unused)
{
    enum { CALLERS = 6 };
    /* 2 * 128 MiB / 8 KiB slots */
    static const uint64_t callers[CALLERS] = {0, 1, 2, 1 + 32768, 2 + 32768, 32767};
    struct bodies *bodies;
    size_t has[CALLERS] = {0}, total = 0;
    uint64_t seed = 11;

    (void)unused;
    assert_int_equal(bodies_new(&bodies), RC_OK);
    for (int step = 0; step < 100000; step++) {
        unsigned who = next_random(&seed) % CALLERS;
        size_t bytes = BODY_FREE_BYTES + next_random(&seed) % (4 << 20);
        if (next_random(&seed) % 5 < 3) {
            bool fits = total + bytes <= BODIES_MAX_BYTES &&
                        (who == 0 || has[who] + bytes <= BODIES_CALLER_MAX_BYTES);
            if (bodies_take(bodies, callers[who], bytes) != fits)
                fail_msg("step %d: caller %u, %zu beside %zu of %zu", step, who, bytes, has[who], total);
            has[who] += fits ? bytes : 0;
            total += fits ? bytes : 0;
        } else if (has[who]) {
            bytes = next_random(&seed) % 2 ? has[who] : has[who] / 2;
            bodies_give(bodies, callers[who], bytes);
            has[who] -= bytes;
            total -= bytes;
        }
    }
    for (unsigned who = 0; who < CALLERS; who++)
        if (has[who])
            bodies_give(bodies, callers[who], has[who]);
    assert_false(bodies_full(bodies));
    for (unsigned i = 0; i < 4; i++)
        assert_true(bodies_take(bodies, 100 + i, BODIES_CALLER_MAX_BYTES));
    assert_true(bodies_full(bodies));
    assert_false(bodies_take(bodies, 99, 1));
    bodies_free(bodies);
}

/* Memory that is used again comes as new memory does: zeroed, and whole. */
static void an_arena_can_be_used_again(void **unused)
{
    struct arena arena;

    (void)unused;
    arena_init(&arena);
    for (int round = 0; round < 5; round++) {
        for (size_t size = 1; size < 9000; size += 997) {
            unsigned char *bytes = arena_alloc(&arena, size);
            assert_non_null(bytes);
            for (size_t i = 0; i < size; i++)
                assert_int_equal(bytes[i], 0);
            memset(bytes, 0xa5, size);
        }
        arena_reset(&arena);
    }
    arena_done(&arena);
}

static enum rc route(const char *target, size_t *out_index)
{
    static const struct http_route table[] = {
        {.method = HTTP_GET, .pattern = "/"},
        {.method = HTTP_GET, .pattern = "/progress/{user}"},
        {.method = HTTP_POST, .pattern = "/progress/update"},
        {.method = HTTP_GET, .pattern = "/progress/updates"},
        {.method = HTTP_GET, .pattern = "/api/Progress/{u}/x", .any_case = true},
    };
    static const struct http_routes routes = {table, COUNT(table)};
    struct request request = {.method = HTTP_GET, .target = target};
    struct fault fault;

    enum rc rc = request_split_path(&request, &fault);
    if (rc == RC_OK)
        rc = http_find_route(&routes, &request, &fault);
    *out_index = rc == RC_OK ? (size_t)(request.route - table) : SIZE_MAX;
    arena_done(&request.arena);
    return rc;
}

static void routes_are_told_apart(void **unused)
{
    static const struct {
        const char *target;
        enum rc rc;
        size_t index;
    } cases[] = {
        {"/", RC_OK, 0},
        {"/progress/u1", RC_OK, 1},
        {"/progress/updates", RC_OK, 3},
        {"/progress/updat", RC_OK, 1},
        {"/progress/update%00s", RC_OK, 1},
        {"/progress/update", RC_METHOD, SIZE_MAX},
        {"/Progress/u1", RC_NOT_FOUND, SIZE_MAX},
        {"/API/progress/7/X", RC_OK, 4},
        {"/api/progress/7/xy", RC_NOT_FOUND, SIZE_MAX},
        {"/progress", RC_NOT_FOUND, SIZE_MAX},
        {"/progress/u1/more", RC_NOT_FOUND, SIZE_MAX},
        {"/progress/https%3A%2F%2Fx.org%2Fv", RC_OK, 1},
        {"/progress%2Fu1", RC_NOT_FOUND, SIZE_MAX},
        {"/progress%2F%7Buser%7D", RC_NOT_FOUND, SIZE_MAX},
        {"/api/Progress%2F%7Bu%7D%2Fx", RC_NOT_FOUND, SIZE_MAX},
        {"/%2F", RC_NOT_FOUND, SIZE_MAX},
        {"//progress//u1", RC_OK, 1},
    };

    (void)unused;
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t index;
        enum rc rc = route(cases[i].target, &index);
        if (rc != cases[i].rc || index != cases[i].index)
            fail_msg("%s: rc %d, route %zu", cases[i].target, (int)rc, index);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connections_are_shared_out), cmocka_unit_test(numbers_are_written_as_printf_does),
        cmocka_unit_test(bodies_have_a_budget),       cmocka_unit_test(one_head_is_sent),
        cmocka_unit_test(an_arena_can_be_used_again), cmocka_unit_test(routes_are_told_apart),
    };
    return cmocka_run_group_tests_name("http", tests, NULL, NULL);
}
