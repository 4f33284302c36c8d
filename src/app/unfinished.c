#include "app/unfinished.h"

#include <string.h>

#include "base/list.h"
#include "base/monotonic.h"
#include "base/sorted.h"

/* A node says each second that it goes on (adopting.c), or each few batches (log_settling.c); who holds the
 * log's lock and stops loses it after 2 s. A read waits 5 s for entries to settle. */
enum { QUIET_MS = 3000, SPREAD_MS = 1500, LOOK_MS = 250 };

struct begun {
    uint64_t what;
    int64_t heard_ms;
};

/* Where it is, or would be. */
static size_t place_of(const struct unfinished *unfinished, uint64_t what)
{
    return sorted_place(i, unfinished->count, unfinished->at[i].what < what);
}

static bool is_at(const struct unfinished *unfinished, size_t place, uint64_t what)
{
    return place < unfinished->count && unfinished->at[place].what == what;
}

void unfinished_goes_on(struct unfinished *unfinished, uint64_t what)
{
    size_t place = place_of(unfinished, what);

    if (is_at(unfinished, place, what))
        unfinished->at[place].heard_ms = monotonic_ms();
}

void unfinished_heard(struct unfinished *unfinished, uint64_t what)
{
    size_t place = place_of(unfinished, what);

    if (!is_at(unfinished, place, what)) {
        if (!list_reserve(unfinished, 1))
            return;
        struct begun *at = unfinished->at + place;
        memmove(at + 1, at, (unfinished->count++ - place) * sizeof *at);
    }
    unfinished->at[place] = (struct begun){what, monotonic_ms()};
}

void unfinished_over(struct unfinished *unfinished, uint64_t what)
{
    size_t place = place_of(unfinished, what);
    struct begun *at = unfinished->at + place;

    if (is_at(unfinished, place, what))
        memmove(at, at + 1, (--unfinished->count - place) * sizeof *at);
}

uint64_t unfinished_due(struct unfinished *unfinished)
{
    if (!unfinished->count || monotonic_ms() < unfinished->look_ms)
        return 0;
    int64_t now_ms = monotonic_ms(), quiet_ms = QUIET_MS + unfinished->spread % SPREAD_MS;
    for (size_t i = 0; i < unfinished->count; i++)
        if (now_ms - unfinished->at[i].heard_ms >= quiet_ms) {
            unfinished->at[i].heard_ms = now_ms;
            return unfinished->at[i].what; /* and the next one in the next turn */
        }
    unfinished->look_ms = now_ms + LOOK_MS;
    return 0;
}

void unfinished_done(struct unfinished *unfinished)
{
    list_done(unfinished);
    *unfinished = (struct unfinished){0};
}
