#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Who watches what: lists of watchers by learner, by item, by course, and those who watch everything. A
 * watcher is in one list, that of the narrowest thing that it names. One thread. */

enum topic_kind { TOPIC_USER, TOPIC_ITEM, TOPIC_COURSE, TOPIC_ALL };

struct topic;

struct watcher {
    struct topic *topic; /* NULL: it watches nothing */
    struct watcher *next, *before;
};

struct topics {
    struct topic **buckets;
    uint32_t count, room; /* room: a power of two, or 0 */
    uint64_t seed;        /* secret, so that nobody can choose ids that meet in one bucket */
};

void topics_done(struct topics *topics); /* no watcher is left */

/* False: out of memory. id may be NULL for TOPIC_ALL. */
bool topics_add(struct topics *topics, enum topic_kind kind, const char *id, size_t size,
                struct watcher *watcher);

/* Of one that may watch nothing. */
void topics_remove(struct topics *topics, struct watcher *watcher);

/* The first of those who watch it; NULL: nobody does. The others by next. */
struct watcher *topics_find(const struct topics *topics, enum topic_kind kind, const char *id, size_t size);
