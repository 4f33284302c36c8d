#pragma once

#include <stdint.h>

/* How much of something happens in a second, for who looks now and then: since they looked last, but for at
 * least a second. Any thread. */

enum { RATE_WRITES, RATE_READS, RATE_MESSAGES, RATE_COUNT };

struct rates;

/* Of counters that are 0 now. NULL: out of memory. */
struct rates *rates_new(void);

/* NULL is fine. Nobody looks any more. */
void rates_free(struct rates *rates);

/* Hundredths a second, from what has been counted since the start. */
void rates_look(struct rates *rates, const uint64_t counts[RATE_COUNT], int64_t out_hundredths[RATE_COUNT]);
