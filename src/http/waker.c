#include "http/waker.h"

#include <stdbool.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum rc waker_init(struct waker *waker)
{
    atomic_init(&waker->woken, false);
    waker->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return waker->fd < 0 ? RC_BUSY : RC_OK;
}

void waker_done(struct waker *waker)
{
    if (waker->fd >= 0)
        (void)close(waker->fd); /* nothing was in it */
    waker->fd = -1;
}

void waker_wake(struct waker *waker)
{
    uint64_t one = 1;

    if (atomic_exchange(&waker->woken, true))
        return;
    ssize_t size = write(waker->fd, &one, sizeof one);
    (void)size; /* full means that it is awake */
}

void waker_clear(struct waker *waker)
{
    uint64_t count;
    ssize_t size = read(waker->fd, &count, sizeof count);

    (void)size;                                  /* empty means that nobody called */
    (void)atomic_exchange(&waker->woken, false); /* not a store: it sees what the last caller wrote before */
}
