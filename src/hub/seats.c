#include "hub/seats.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

enum { BUCKETS = 4096 };

struct seat {
    struct seat *next;
    unsigned taken;
    uint32_t size;
    char user[];
};

struct seats {
    pthread_mutex_t lock; /* guards taken and the buckets */
    unsigned per_user, in_all, taken;
    uint64_t seed;
    struct seat *buckets[BUCKETS];
};

enum rc seats_new(unsigned per_user, unsigned in_all, uint64_t seed, struct seats **out_seats)
{
    struct seats *seats = calloc(1, sizeof *seats);

    if (!seats)
        return RC_BUSY;
    (void)pthread_mutex_init(&seats->lock, NULL); /* default attributes cannot fail */
    seats->per_user = per_user ? per_user : in_all;
    seats->in_all = in_all;
    seats->seed = seed;
    *out_seats = seats;
    return RC_OK;
}

void seats_free(struct seats *seats)
{
    if (!seats)
        return;
    for (int i = 0; i < BUCKETS; i++)
        for (struct seat *seat = seats->buckets[i], *next; seat; seat = next) {
            next = seat->next;
            free(seat);
        }
    (void)pthread_mutex_destroy(&seats->lock); /* nobody holds it */
    free(seats);
}

/* Where the user's seat is, or would be. Lock held. */
static struct seat **place(struct seats *seats, const char *user, size_t size)
{
    struct seat **at = &seats->buckets[XXH3_64bits_withSeed(user, size, seats->seed) % BUCKETS];

    while (*at && !((*at)->size == size && memcmp((*at)->user, user, size) == 0))
        at = &(*at)->next;
    return at;
}

static enum rc take(struct seats *seats, const char *user, size_t size)
{
    struct seat **at = place(seats, user, size);

    if (!*at) {
        struct seat *fresh = malloc(sizeof *fresh + size);
        if (!fresh)
            return RC_BUSY;
        *fresh = (struct seat){.size = (uint32_t)size};
        memcpy(fresh->user, user, size);
        *at = fresh;
    }
    if ((*at)->taken >= seats->per_user)
        return RC_TOO_MANY;
    (*at)->taken++;
    return RC_OK;
}

enum rc seats_take(struct seats *seats, const char *user, size_t size)
{
    (void)pthread_mutex_lock(&seats->lock);
    enum rc rc = seats->taken >= seats->in_all ? RC_BUSY : size ? take(seats, user, size) : RC_OK;
    seats->taken += rc == RC_OK;
    (void)pthread_mutex_unlock(&seats->lock);
    return rc;
}

void seats_give(struct seats *seats, const char *user, size_t size)
{
    (void)pthread_mutex_lock(&seats->lock);
    seats->taken--;
    struct seat **at = size ? place(seats, user, size) : NULL, *seat = at ? *at : NULL;
    if (seat && --seat->taken == 0) {
        *at = seat->next;
        free(seat);
    }
    (void)pthread_mutex_unlock(&seats->lock);
}

unsigned seats_taken(struct seats *seats)
{
    (void)pthread_mutex_lock(&seats->lock);
    unsigned taken = seats->taken;
    (void)pthread_mutex_unlock(&seats->lock);
    return taken;
}
