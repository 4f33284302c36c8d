#pragma once

#include <stdatomic.h>

#include "base/fault.h"

/* Wakes a thread that sleeps in poll(). Many calls before that thread looks cost one system call. */

struct waker {
    int fd;            /* an eventfd, for the thread's poll: POLLIN says that it was woken */
    atomic_bool woken; /* fd was written and not read since */
};

/* Errors: RC_BUSY, no descriptor is free. */
MUST_CHECK enum rc waker_init(struct waker *waker);

/* Closes the eventfd. Nobody wakes the thread any more. */
void waker_done(struct waker *waker);

/* Any thread. What the woken thread is to see is written before. */
void waker_wake(struct waker *waker);

/* By the woken thread, before it looks at what it was woken for: whoever calls waker_wake from here on wakes
 * it again. */
void waker_clear(struct waker *waker);
