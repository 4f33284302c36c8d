#include "hub/topics.h"

#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

enum { FIRST_ROOM = 64 };

struct topic {
    struct topic *next;
    uint64_t hash;
    struct watcher *first;
    enum topic_kind kind;
    uint32_t size;
    char id[];
};

void topics_done(struct topics *topics)
{
    free(topics->buckets);
    *topics = (struct topics){.buckets = NULL};
}

static uint64_t hash_of(const struct topics *topics, enum topic_kind kind, const char *id, size_t size)
{
    return XXH3_64bits_withSeed(id ? id : "", size, topics->seed + (uint64_t)kind);
}

static struct topic *find(const struct topics *topics, enum topic_kind kind, const char *id, size_t size,
                          uint64_t hash)
{
    struct topic *topic = topics->room ? topics->buckets[hash & (topics->room - 1)] : NULL;

    while (topic && !(topic->hash == hash && topic->kind == kind && topic->size == size &&
                      (size == 0 || memcmp(topic->id, id, size) == 0)))
        topic = topic->next;
    return topic;
}

static bool grow(struct topics *topics)
{
    uint32_t room = topics->room ? 2 * topics->room : FIRST_ROOM;
    struct topic **buckets = calloc(room, sizeof(struct topic *));

    if (!buckets)
        return false;
    for (uint32_t i = 0; i < topics->room; i++)
        for (struct topic *topic = topics->buckets[i], *next; topic; topic = next) {
            next = topic->next;
            topic->next = buckets[topic->hash & (room - 1)];
            buckets[topic->hash & (room - 1)] = topic;
        }
    free(topics->buckets);
    topics->buckets = buckets;
    topics->room = room;
    return true;
}

static struct topic *make(struct topics *topics, enum topic_kind kind, const char *id, size_t size,
                          uint64_t hash)
{
    struct topic *topic = topics->count < topics->room || grow(topics) ? malloc(sizeof *topic + size) : NULL;

    if (!topic)
        return NULL;
    struct topic **bucket = &topics->buckets[hash & (topics->room - 1)];
    *topic = (struct topic){.next = *bucket, .hash = hash, .kind = kind, .size = (uint32_t)size};
    if (size)
        memcpy(topic->id, id, size);
    *bucket = topic;
    topics->count++;
    return topic;
}

bool topics_add(struct topics *topics, enum topic_kind kind, const char *id, size_t size,
                struct watcher *watcher)
{
    uint64_t hash = hash_of(topics, kind, id, size);
    struct topic *topic = find(topics, kind, id, size, hash);

    if (!topic)
        topic = make(topics, kind, id, size, hash);
    if (!topic)
        return false;
    *watcher = (struct watcher){.topic = topic, .next = topic->first};
    if (topic->first)
        topic->first->before = watcher;
    topic->first = watcher;
    return true;
}

void topics_remove(struct topics *topics, struct watcher *watcher)
{
    struct topic *topic = watcher->topic;

    if (!topic)
        return;
    if (watcher->next)
        watcher->next->before = watcher->before;
    if (watcher->before)
        watcher->before->next = watcher->next;
    else
        topic->first = watcher->next;
    watcher->topic = NULL;
    if (topic->first)
        return;
    struct topic **at = &topics->buckets[topic->hash & (topics->room - 1)];
    while (*at != topic)
        at = &(*at)->next;
    *at = topic->next;
    topics->count--;
    free(topic);
}

struct watcher *topics_find(const struct topics *topics, enum topic_kind kind, const char *id, size_t size)
{
    const struct topic *topic =
        topics->count ? find(topics, kind, id, size, hash_of(topics, kind, id, size)) : NULL;

    return topic ? topic->first : NULL;
}
