#include "base/memory.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

enum { RESERVE_BYTES = 1 << 20, TRIES = 100 /* a millisecond apart */ };

/* Of the process; NULL: given back, and not there again yet. */
static _Atomic(void *) reserve;
static _Thread_local bool was_out;

bool memory_ready(void)
{
    was_out = false;
    if (atomic_load_explicit(&reserve, memory_order_relaxed))
        return true;
    void *fresh = malloc(RESERVE_BYTES), *none = NULL;
    if (fresh && !atomic_compare_exchange_strong(&reserve, &none, fresh))
        free(fresh); /* another thread was first */
    return fresh != NULL;
}

void *memory_noted_malloc(size_t size)
{
    void *bytes = malloc(size ? size : 1);

    for (int tries = 0; !bytes; tries++) {
        was_out = true;
        free(atomic_exchange(&reserve, NULL));
        bytes = malloc(size ? size : 1);
        if (!bytes && tries == TRIES)
            abort();
        if (!bytes)
            (void)nanosleep(&(struct timespec){0, 1000000}, NULL); /* woken early: tries again */
    }
    return bytes;
}

bool memory_was_out(void)
{
    return was_out;
}
