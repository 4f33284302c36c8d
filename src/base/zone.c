#include "base/zone.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <glib.h>

#include "base/instant.h"

struct zone {
    GTimeZone *zone; /* NULL: UTC, which needs no look-up */
    char name[ZONE_NAME_BYTES];
};

/* What leads out of the folder, or to its tables with leap seconds, or to this machine's own, is none. */
bool zone_is_name(const char *name)
{
    size_t size = strlen(name);

    return size > 0 && size < ZONE_NAME_BYTES && g_ascii_isalpha(name[0]) && !strstr(name, "//") &&
           strncmp(name, "right/", 6) != 0 && strncmp(name, "posix/", 6) != 0 &&
           strcmp(name, "localtime") != 0 && strcmp(name, "posixrules") != 0 && name[size - 1] != '/' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-/") == size;
}

/* Whether tzdata has it: asked before the library is, which takes other notations too and ends when it is
 * short of memory. */
static bool is_installed(const char *name)
{
    const char *folder = getenv("TZDIR");
    char path[4096], magic[4];
    int size = snprintf(path, sizeof path, "%s/%s", folder ? folder : "/usr/share/zoneinfo", name);
    FILE *file = size > 0 && (size_t)size < sizeof path ? fopen(path, "re") : NULL;
    bool zone = file && fread(magic, 1, sizeof magic, file) == sizeof magic && memcmp(magic, "TZif", 4) == 0;

    if (file)
        (void)fclose(file); /* only read */
    return zone;
}

struct zone *zone_new(const char *name)
{
    bool is_utc = strcmp(name, "UTC") == 0;
    /* g_time_zone_new would give UTC for an unknown name */
    GTimeZone *found =
        !is_utc && zone_is_name(name) && is_installed(name) ? g_time_zone_new_identifier(name) : NULL;

    if (!found && !is_utc)
        return NULL;
    struct zone *zone = g_new0(struct zone, 1);
    memcpy(zone->name, name, strlen(name) + 1);
    zone->zone = found;
    return zone;
}

void zone_free(struct zone *zone)
{
    if (zone && zone->zone)
        g_time_zone_unref(zone->zone);
    g_free(zone);
}

/* ---- zones that tokens name ---- */

/* Twice ZONES_MAX, so that a search ends soon at a free slot; strangers: names that are no zone, the latest
 * ones, so that whoever sends one again and again does not have the disk asked again and again. */
enum { SLOTS = 2048, STRANGERS = 64 };

static _Atomic(struct zone *) slots[SLOTS];
static pthread_mutex_t adding = PTHREAD_MUTEX_INITIALIZER; /* guards what follows, and filling a slot */
static char strangers[STRANGERS][ZONE_NAME_BYTES];
static unsigned zone_count;

static uint32_t hash_of(const char *name)
{
    /* FNV-1a: at most ZONES_MAX names, all of them real, are ever in the table */
    uint32_t hash = 2166136261u;

    while (*name)
        hash = (hash ^ (unsigned char)*name++) * 16777619u;
    return hash;
}

/* The slot of a name: filled with it, or the free one where it belongs. */
static uint32_t slot_of(const char *name)
{
    uint32_t at = hash_of(name) % SLOTS;

    for (struct zone *zone; (zone = atomic_load_explicit(&slots[at], memory_order_acquire));) {
        if (strcmp(zone->name, name) == 0)
            break;
        at = (at + 1) % SLOTS;
    }
    return at;
}

/* Lock held. */
static struct zone *add_zone(const char *name)
{
    char *stranger = strangers[hash_of(name) % STRANGERS];

    if (zone_count == ZONES_MAX || strcmp(stranger, name) == 0)
        return NULL;
    struct zone *zone = zone_new(name);
    if (!zone) {
        memcpy(stranger, name, strlen(name) + 1);
        return NULL;
    }
    zone_count++;
    return zone;
}

const struct zone *zone_named(const char *name)
{
    if (!zone_is_name(name))
        return NULL;
    struct zone *zone = atomic_load_explicit(&slots[slot_of(name)], memory_order_acquire);
    if (zone)
        return zone;
    (void)pthread_mutex_lock(&adding);
    uint32_t at = slot_of(name); /* another thread may have filled it meanwhile */
    zone = atomic_load_explicit(&slots[at], memory_order_relaxed);
    if (!zone && (zone = add_zone(name)))
        atomic_store_explicit(&slots[at], zone, memory_order_release);
    (void)pthread_mutex_unlock(&adding);
    return zone;
}

const char *zone_name(const struct zone *zone)
{
    return zone->name;
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
