#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"

/* How many of something each user has, against a limit for one and a limit for all. Any thread. */

struct seats;

/* per_user 0: one user may have all. */
MUST_CHECK enum rc seats_new(unsigned per_user, unsigned in_all, uint64_t seed, struct seats **out_seats);
void seats_free(struct seats *seats); /* NULL is fine */

/* RC_TOO_MANY: the user has as many as one may. RC_BUSY: there are as many as there may be, or no memory.
 * Nobody in particular (size 0) counts in the sum alone. */
MUST_CHECK enum rc seats_take(struct seats *seats, const char *user, size_t size);

/* One that was taken. */
void seats_give(struct seats *seats, const char *user, size_t size);

/* How many are taken in all. */
unsigned seats_taken(struct seats *seats);
