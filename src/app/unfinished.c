#include "app/unfinished.h"

#include <stdlib.h>

#include "base/monotonic.h"

/* A node says each second that it goes on (adopting.c), or each few batches (log_settling.c); who holds the
 * log's lock and stops loses it after 2 s. A read waits 5 s for entries to settle. */
enum { QUIET_MS = 3000, SPREAD_MS = 1500, LOOK_MS = 250 };

struct begun {
    uint64_t what;
    int64_t heard_ms;
};

static struct begun *find(const struct unfinished *unfinished, uint64_t what)
{
    for (size_t i = 0; i < unfinished->count; i++)
        if (unfinished->at[i].what == what)
            return &unfinished->at[i];
    return NULL;
}

void unfinished_goes_on(struct unfinished *unfinished, uint64_t what)
{
    struct begun *begun = unfinished->count ? find(unfinished, what) : NULL;

    if (begun)
        begun->heard_ms = monotonic_ms();
}

void unfinished_heard(struct unfinished *unfinished, uint64_t what)
{
    struct begun *begun = find(unfinished, what);

    if (!begun && unfinished->count == unfinished->room) {
        size_t room = unfinished->room ? 2 * unfinished->room : 8;
        struct begun *at = realloc(unfinished->at, room * sizeof *at);
        if (!at)
            return;
        unfinished->at = at;
        unfinished->room = room;
    }
    if (!begun)
        begun = &unfinished->at[unfinished->count++];
    *begun = (struct begun){what, monotonic_ms()};
}

void unfinished_over(struct unfinished *unfinished, uint64_t what)
{
    struct begun *begun = unfinished->count ? find(unfinished, what) : NULL;

    if (begun)
        *begun = unfinished->at[--unfinished->count];
}

uint64_t unfinished_due(struct unfinished *unfinished)
{
    if (!unfinished->count || monotonic_ms() < unfinished->look_ms)
        return 0;
    int64_t now_ms = monotonic_ms(), quiet_ms = QUIET_MS + unfinished->spread % SPREAD_MS;
    unfinished->look_ms = now_ms + LOOK_MS;
    for (size_t i = 0; i < unfinished->count; i++)
        if (now_ms - unfinished->at[i].heard_ms >= quiet_ms) {
            unfinished->at[i].heard_ms = now_ms;
            return unfinished->at[i].what;
        }
    return 0;
}

void unfinished_done(struct unfinished *unfinished)
{
    free(unfinished->at);
    *unfinished = (struct unfinished){0};
}
