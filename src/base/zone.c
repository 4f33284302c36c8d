#include "base/zone.h"

#include <string.h>

#include <glib.h>

#include "base/instant.h"

struct zone {
    GTimeZone *zone; /* NULL: UTC, which needs no look-up */
};

struct zone *zone_new(const char *name)
{
    struct zone *zone = g_new0(struct zone, 1);

    if (strcmp(name, "UTC") == 0)
        return zone;
    zone->zone = g_time_zone_new_identifier(name); /* g_time_zone_new would give UTC for an unknown name */
    if (zone->zone)
        return zone;
    g_free(zone);
    return NULL;
}

void zone_free(struct zone *zone)
{
    if (zone && zone->zone)
        g_time_zone_unref(zone->zone);
    g_free(zone);
}

static int64_t seconds_of(int64_t ms)
{
    return ms >= 0 ? ms / 1000 : -((-ms + 999) / 1000);
}

int64_t zone_local_ms(const struct zone *zone, int64_t ms)
{
    if (!zone->zone)
        return ms;
    int interval = g_time_zone_find_interval(zone->zone, G_TIME_TYPE_UNIVERSAL, seconds_of(ms));
    return interval < 0 ? ms : ms + (int64_t)g_time_zone_get_offset(zone->zone, interval) * 1000;
}

int64_t zone_day_start_ms(const struct zone *zone, int32_t local_day)
{
    int64_t local = (int64_t)local_day * DAY_MS;

    if (!zone->zone)
        return local;
    int interval = g_time_zone_find_interval(zone->zone, G_TIME_TYPE_STANDARD, seconds_of(local));
    if (interval < 0) { /* a local midnight that a clock change skips: the first instant after it */
        int64_t guess = local - (zone_local_ms(zone, local) - local);
        return guess;
    }
    return local - (int64_t)g_time_zone_get_offset(zone->zone, interval) * 1000;
}
