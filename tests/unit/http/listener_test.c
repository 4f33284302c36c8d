#include "test.h"
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/listener.h"

/* Connections that come and go at random: every loop keeps its share, and somebody always has the turn. */
static void connections_are_shared_out(void **unused)
{
    enum { LOOPS = 3 };
    struct listener *listener;
    struct fault fault;
    struct seat seats[LOOPS];
    unsigned has[LOOPS] = {0}, all = 0;
    uint64_t seed = 7;

    (void)unused;
    assert_int_equal(listener_open("127.0.0.1", 0, &listener, &fault), RC_OK);
    for (int i = 0; i < LOOPS; i++) {
        atomic_init(&seats[i].connections, 0);
        assert_int_equal(waker_init(&seats[i].waker), RC_OK);
        listener_join(listener, &seats[i]);
    }
    for (int step = 0; step < 20000; step++) {
        unsigned loop = next_random(&seed) % LOOPS, turns = 0;
        for (int i = 0; i < LOOPS; i++)
            turns += listener_may_accept(listener, &seats[i], 0);
        assert_true(turns > 0);
        if (next_random(&seed) % 5 && listener_may_accept(listener, &seats[loop], 0)) {
            assert_true(has[loop] * LOOPS <= all + all / 8);
            has[loop]++, all++;
            listener_count(listener, &seats[loop], 1);
        } else if (has[loop] && next_random(&seed) % 4 == 0) {
            has[loop]--, all--;
            listener_count(listener, &seats[loop], -1);
        }
    }
    assert_true(all > 100);
    for (int i = 0; i < LOOPS; i++) /* a crowd that only one loop sees: it leaves the others their share */
        listener_count(listener, &seats[i], -(int)has[i]);
    unsigned taken = 0;
    for (int i = 0; i < LOOPS; i++)
        listener_count(listener, &seats[i], 100);
    while (listener_may_accept(listener, &seats[0], taken))
        taken++;
    assert_in_range(taken, 15, 25);
    listener_close(listener);
    for (int i = 0; i < LOOPS; i++)
        waker_done(&seats[i].waker);
}

/* Whoever has fewest is woken, unless it is the one that took the last. */
static void who_has_fewest_is_woken(void **unused)
{
    enum { SEATS = 3 };
    static const struct {
        int has[SEATS];
        unsigned taker;
        int woken; /* -1: nobody */
    } rows[] = {
        {{3, 2, 1}, 0, 2}, {{3, 2, 1}, 2, -1}, {{1, 2, 3}, 1, 0}, {{2, 1, 3}, 0, 1}, {{1, 1, 1}, 0, -1},
    };

    (void)unused;
    for (size_t row = 0; row < COUNT(rows); row++) {
        struct listener *listener;
        struct seat seats[SEATS];
        struct fault fault;
        assert_int_equal(listener_open("127.0.0.1", 0, &listener, &fault), RC_OK);
        for (int i = 0; i < SEATS; i++) {
            atomic_init(&seats[i].connections, 0);
            assert_int_equal(waker_init(&seats[i].waker), RC_OK);
            listener_join(listener, &seats[i]);
            listener_count(listener, &seats[i], rows[row].has[i]);
        }
        listener_wake_next(listener, &seats[rows[row].taker]);
        for (int i = 0; i < SEATS; i++) {
            if (atomic_load(&seats[i].waker.woken) != (i == rows[row].woken))
                fail_msg("row %zu, seat %d", row, i);
            waker_done(&seats[i].waker);
        }
        listener_close(listener);
    }
}

static void an_address_that_cannot_be_had_is_refused(void **unused)
{
    struct listener *listener = NULL, *other = NULL;
    struct fault fault = {NULL, NULL};
    struct sockaddr_in at;
    socklen_t size = sizeof at;

    (void)unused;
    assert_int_equal(listener_open("milepost.example", 0, &listener, &fault), RC_INVALID);
    assert_string_equal(fault.field, "listen");
    assert_int_equal(listener_open("192.0.2.1", 0, &listener, &fault), RC_INTERNAL);
    assert_non_null(strstr(fault_why(&fault), "192.0.2.1:0: this machine has no such address"));
    assert_int_equal(listener_open("127.0.0.1", 0, &listener, &fault), RC_OK);
    assert_int_equal(getsockname(listener_fd(listener), (struct sockaddr *)&at, &size), 0);
    assert_int_equal(listener_open("127.0.0.1", ntohs(at.sin_port), &other, &fault), RC_INTERNAL);
    assert_string_equal(fault.field, "port");
    assert_non_null(strstr(fault_why(&fault), "it is in use"));
    listener_shut(listener); /* refuses from now on, but the address stays taken */
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(client, (struct sockaddr *)&at, size), -1);
    (void)close(client);
    listener_close(listener);
    listener_close(NULL);
}

static void localhost_and_other_families_are_addresses_too(void **unused)
{
    struct listener *listener;
    struct fault fault = {NULL, NULL};
    struct sockaddr_storage at;
    socklen_t size = sizeof at;

    (void)unused;
    assert_int_equal(listener_open("localhost", 0, &listener, &fault), RC_OK);
    assert_int_equal(getsockname(listener_fd(listener), (struct sockaddr *)&at, &size), 0);
    assert_int_equal(at.ss_family, AF_INET);
    listener_close(listener);
    if (listener_open("::1", 0, &listener, &fault) != RC_OK) { /* a machine without IPv6 says so */
        assert_non_null(strstr(fault_why(&fault), "[::1]:0"));
        return;
    }
    size = sizeof at;
    assert_int_equal(getsockname(listener_fd(listener), (struct sockaddr *)&at, &size), 0);
    assert_int_equal(at.ss_family, AF_INET6);
    listener_close(listener);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connections_are_shared_out),
        cmocka_unit_test(who_has_fewest_is_woken),
        cmocka_unit_test(an_address_that_cannot_be_had_is_refused),
        cmocka_unit_test(localhost_and_other_families_are_addresses_too),
    };
    return cmocka_run_group_tests_name("listener", tests, NULL, NULL);
}
