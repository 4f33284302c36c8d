#pragma once

#include <stdint.h>

/* An IANA time zone, for what is shown in display_timezone and for streak days. Needs the package tzdata.
 * Immutable: any thread. */
struct zone;

/* NULL: no such zone (or no tzdata). */
struct zone *zone_new(const char *name);
void zone_free(struct zone *zone);

/* The local wall time of an instant, as if it were UTC: feed it to instant_civil or instant_day. */
int64_t zone_local_ms(const struct zone *zone, int64_t ms);

/* The instant at which a local day begins. */
int64_t zone_day_start_ms(const struct zone *zone, int32_t local_day);
