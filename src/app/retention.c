#include "app/retention.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "app/snapshot.h"

enum { FEW_HOLDERS = 200, REMEMBERED_MAX = 256, SEGMENTS_A_STEP = 16 };

/* What a count depends on: as long as it is the same, so is the count. Compared as bytes. */
struct basis {
    uint32_t item, course;
    uint64_t changes;
    int64_t duration_ms;
    struct item_sums sums;
};

struct remembered {
    struct basis basis; /* item 0: free */
    struct retention retention;
    uint64_t used;
};

struct retentions {
    pthread_mutex_t lock;
    pthread_cond_t counted;
    uint32_t counting[REMEMBERED_MAX]; /* items being counted, one for each worker at most; 0: free */
    uint64_t uses;
    struct remembered at[REMEMBERED_MAX];
};

struct retentions *retentions_new(void)
{
    struct retentions *retentions = calloc(1, sizeof *retentions);

    if (retentions && pthread_mutex_init(&retentions->lock, NULL) != 0) {
        free(retentions);
        retentions = NULL;
    }
    if (retentions && pthread_cond_init(&retentions->counted, NULL) != 0) {
        (void)pthread_mutex_destroy(&retentions->lock); /* nobody holds it */
        free(retentions);
        retentions = NULL;
    }
    return retentions;
}

void retentions_free(struct retentions *retentions)
{
    if (!retentions)
        return;
    (void)pthread_cond_destroy(&retentions->counted); /* nobody waits */
    (void)pthread_mutex_destroy(&retentions->lock);   /* nobody holds it */
    free(retentions);
}

/* ---- counting ---- */

/* A learner's record of the item when it counts: they are a viewer. */
static const struct record *viewed(struct view view, uint32_t learner_key, uint32_t item, uint32_t *steps)
{
    const struct learner *learner = view_learner(view, learner_key);
    const struct record *record = learner ? learner_record(learner, item) : NULL;

    *steps = 1;
    if (!record || !(record->flags & RECORD_REPORTED) || !(record->flags & RECORD_COUNTED))
        return NULL;
    *steps += record->segment_count / SEGMENTS_A_STEP;
    return record;
}

/* Under the lock, which it gives back now and then: who comes or goes meanwhile may be counted or not. */
static int64_t longest_duration(struct view view, uint32_t item)
{
    const struct item_def *def = view_item(view, item);
    int64_t longest = def ? def->duration_ms : 0;
    uint32_t steps = 0, more;

    if (longest)
        return longest;
    for (uint32_t i = 0; i < view_holders(view, item)->count; i++) {
        const struct record *record = viewed(view, view_holders(view, item)->at[i], item, &more);
        if (record && record->duration_ms > longest)
            longest = record->duration_ms;
        (void)view_pause(view, &steps, more);
    }
    return longest;
}

static uint32_t bucket_of(const struct retention *retention, int64_t ms)
{
    __extension__ __int128 scaled = (__int128)ms * retention->buckets; /* a duration may be up to 2^53 s */
    return (uint32_t)(scaled / retention->duration_ms);
}

static void count_coverage(struct retention *retention, const struct record *record)
{
    uint32_t last_counted = UINT32_MAX;

    for (uint32_t i = 0; i < record->segment_count; i++) {
        const struct segment *segment = &record->segments[i];
        if (segment->from_ms >= retention->duration_ms)
            break;
        int64_t to_ms = segment->to_ms < retention->duration_ms ? segment->to_ms : retention->duration_ms;
        uint32_t first = bucket_of(retention, segment->from_ms);
        uint32_t last = bucket_of(retention, to_ms - 1);
        for (uint32_t bucket = first; bucket <= last && bucket < retention->buckets; bucket++)
            if (bucket != last_counted) {
                retention->viewers[bucket]++;
                last_counted = bucket;
            }
    }
    retention->segments |= record->segment_count > 0;
}

static void count(struct view view, uint32_t item, struct retention *out)
{
    uint32_t steps = 0, more;

    *out = (struct retention){.duration_ms = longest_duration(view, item)};
    int64_t seconds = (out->duration_ms + 999) / 1000;
    out->buckets = (uint32_t)(seconds < RETENTION_BUCKETS ? seconds : RETENTION_BUCKETS);
    for (uint32_t i = 0; out->buckets && i < view_holders(view, item)->count; i++) {
        const struct record *record = viewed(view, view_holders(view, item)->at[i], item, &more);
        if (record)
            count_coverage(out, record);
        (void)view_pause(view, &steps, more);
    }
    if (!out->segments)
        out->buckets = 0;
}

/* ---- remembering ---- */

static void basis_of(struct view view, uint32_t item, struct basis *out)
{
    const struct item_def *def = view_item(view, item);

    memset(out, 0, sizeof *out);
    out->item = item;
    out->course = def ? def->course : 0;
    out->changes = view_item_changes(view, item);
    out->duration_ms = def ? def->duration_ms : 0;
    out->sums = *view_item_sums(view, item);
}

/* Under retentions' lock. */
static bool remembers(struct retentions *retentions, const struct basis *basis, struct retention *out)
{
    for (int i = 0; i < REMEMBERED_MAX; i++) {
        struct remembered *one = &retentions->at[i];
        /* Where padding differs, which it may after a copy, it is counted once more.
         * NOLINTNEXTLINE(bugprone-suspicious-memory-comparison,cert-exp42-c,cert-flp37-c) */
        if (memcmp(&one->basis, basis, sizeof *basis) == 0) {
            one->used = ++retentions->uses;
            *out = one->retention;
            return true;
        }
    }
    return false;
}

/* In place of what was known of the item, else of what was asked for least recently. */
static void remember(struct retentions *retentions, const struct basis *basis,
                     const struct retention *retention)
{
    struct remembered *place = &retentions->at[0];

    for (int i = 0; i < REMEMBERED_MAX && place->basis.item != basis->item; i++)
        if (retentions->at[i].basis.item == basis->item || retentions->at[i].used < place->used)
            place = &retentions->at[i];
    memcpy(&place->basis, basis, sizeof *basis); /* its padding too: compared as bytes */
    place->retention = *retention;
    place->used = ++retentions->uses;
}

bool retentions_look(struct retentions *retentions, struct view view, uint32_t item, struct retention *out)
{
    *out = (struct retention){0};
    if (view_holders(view, item)->count <= FEW_HOLDERS) {
        count(view, item, out);
        return true;
    }
    struct basis basis;
    basis_of(view, item, &basis);
    (void)pthread_mutex_lock(&retentions->lock); /* cannot fail: not held */
    bool known = remembers(retentions, &basis, out);
    (void)pthread_mutex_unlock(&retentions->lock); /* held above */
    return known;
}

/* The place that says an item is being counted; NULL: nobody counts it. */
static uint32_t *counted_now(struct retentions *retentions, uint32_t item)
{
    for (int i = 0; i < REMEMBERED_MAX; i++)
        if (retentions->counting[i] == item)
            return &retentions->counting[i];
    return NULL;
}

void retentions_count(struct retentions *retentions, struct model *model, uint32_t item,
                      struct retention *out)
{
    (void)pthread_mutex_lock(&retentions->lock); /* cannot fail: not held */
    while (counted_now(retentions, item))
        (void)pthread_cond_wait(&retentions->counted, &retentions->lock); /* cannot fail: held */
    uint32_t *mark = counted_now(retentions, 0);
    if (mark)
        *mark = item;
    (void)pthread_mutex_unlock(&retentions->lock); /* held above */

    struct view view = model_read_begin(model);
    struct basis basis;
    basis_of(view, item, &basis);
    (void)pthread_mutex_lock(&retentions->lock); /* cannot fail: not held */
    bool known = remembers(retentions, &basis, out);
    (void)pthread_mutex_unlock(&retentions->lock); /* held above */
    if (!known)
        count(view, item, out);
    model_read_end(view);

    (void)pthread_mutex_lock(&retentions->lock); /* cannot fail: not held */
    if (!known)
        remember(retentions, &basis, out);
    if (mark)
        *mark = 0;
    (void)pthread_cond_broadcast(&retentions->counted); /* cannot fail */
    (void)pthread_mutex_unlock(&retentions->lock);      /* held above */
}
