#include "test.h"
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include "http/waker.h"

/* Many calls are one wake-up, and none is lost. */
static void many_calls_are_one_wake_up(void **unused)
{
    struct waker waker;

    (void)unused;
    assert_int_equal(waker_init(&waker), RC_OK);
    struct pollfd at = {.fd = waker.fd, .events = POLLIN};
    assert_int_equal(poll(&at, 1, 0), 0);
    for (int i = 0; i < 5; i++)
        waker_wake(&waker);
    assert_int_equal(poll(&at, 1, 0), 1);
    uint64_t written;
    assert_int_equal(read(waker.fd, &written, sizeof written), sizeof written);
    assert_int_equal(written, 1);
    waker_clear(&waker); /* nothing to read is fine */
    waker_wake(&waker);
    assert_int_equal(poll(&at, 1, 0), 1);
    waker_clear(&waker);
    assert_int_equal(poll(&at, 1, 0), 0);
    waker_done(&waker);
    waker_done(&waker);
}

struct post {
    struct waker waker;
    atomic_int sent;
};

enum { LETTERS = 20000 };

static void *send_letters(void *arg)
{
    struct post *post = arg;

    for (int i = 0; i < LETTERS; i++) {
        atomic_fetch_add(&post->sent, 1);
        waker_wake(&post->waker);
    }
    return NULL;
}

/* A thread that sleeps until it is woken sees all that was sent: else it sleeps for ever. */
static void no_call_is_lost(void **unused)
{
    struct post post;
    pthread_t threads[2];

    (void)unused;
    atomic_init(&post.sent, 0);
    assert_int_equal(waker_init(&post.waker), RC_OK);
    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, send_letters, &post), 0);
    while (atomic_load(&post.sent) < (int)COUNT(threads) * LETTERS) {
        if (poll(&(struct pollfd){.fd = post.waker.fd, .events = POLLIN}, 1, 5000) == 0)
            fail_msg("asleep with %d sent", atomic_load(&post.sent));
        waker_clear(&post.waker);
    }
    for (size_t i = 0; i < COUNT(threads); i++)
        (void)pthread_join(threads[i], NULL);
    waker_done(&post.waker);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_calls_are_one_wake_up),
        cmocka_unit_test(no_call_is_lost),
    };
    return cmocka_run_group_tests_name("waker", tests, NULL, NULL);
}
