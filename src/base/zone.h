#pragma once

#include <stdbool.h>
#include <stdint.h>

/* An IANA time zone, for what is shown in display_timezone and for streak days. Needs the package tzdata.
 * Immutable: any thread. */
struct zone;

/* Whether it is spelled as IANA spells names; there may be no such zone here. */
bool zone_is_name(const char *name);

/* A zone by its IANA name, the caller's: zone_free. NULL: there is no such zone, or no tzdata. */
struct zone *zone_new(const char *name);

/* NULL is fine. Nobody may use the zone any more; not for one that zone_named gave. */
void zone_free(struct zone *zone);

enum { ZONES_MAX = 1000, ZONE_NAME_BYTES = 64 };

/* A zone by the IANA name that a token gives, kept for ever and asked for once; NULL: no such zone, or no
 * room for another (ZONES_MAX; there are some 600). Any thread; takes a lock, and the disk, the first time
 * alone. */
const struct zone *zone_named(const char *name);

/* Its name, as long as the zone lives. */
const char *zone_name(const struct zone *zone);

/* The local wall time of an instant, as if it were UTC: feed it to instant_civil or instant_day. */
int64_t zone_local_ms(const struct zone *zone, int64_t ms);

/* The instant at which a local day begins, also where a change of the clock skips its midnight. */
int64_t zone_day_start_ms(const struct zone *zone, int32_t local_day);
