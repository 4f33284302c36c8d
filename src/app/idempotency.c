#include "app/idempotency.h"

#include <pthread.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "core/limits.h"

enum { EXPIRE_AT_ONCE = 16 }; /* for each that comes: a day's worth at once would stop everybody */

#define KEEP_MS INT64_C(86400000)

struct kept {
    uint8_t key[16], fingerprint[16];
    uint64_t caller;
    int64_t at_ms;
    bool running, learned; /* learned: another node answered it while it ran here */
    uint32_t bytes;        /* of the answer, once there is one */
    uint64_t serial;       /* another one for each time that the key is used */
    struct kept *older, *younger;
};

struct tally {
    uint64_t caller, bytes;
    uint32_t live;
};

struct idempotency {
    struct store *store;
    pthread_mutex_t lock;
    void *entries, *tallies; /* tsearch trees */
    struct kept *oldest, *youngest;
    size_t count;
    uint64_t bytes, serials;
};

static int by_key(const void *a, const void *b)
{
    return memcmp(((const struct kept *)a)->key, ((const struct kept *)b)->key, 16);
}

static int by_caller(const void *a, const void *b)
{
    uint64_t left = ((const struct tally *)a)->caller, right = ((const struct tally *)b)->caller;
    return left < right ? -1 : left > right;
}

static struct kept *find(struct idempotency *idempotency, const uint8_t key[16])
{
    struct kept like;

    memcpy(like.key, key, 16);
    struct kept **found = tfind(&like, &idempotency->entries, by_key);
    return found ? *found : NULL;
}

/* NULL: the caller has no live key. */
static struct tally *find_tally(struct idempotency *idempotency, uint64_t caller)
{
    struct tally like = {.caller = caller}, **found = tfind(&like, &idempotency->tallies, by_caller);
    return found ? *found : NULL;
}

/* NULL: out of memory. */
static struct tally *tally_of(struct idempotency *idempotency, uint64_t caller)
{
    struct tally *tally = find_tally(idempotency, caller);

    if (tally || !(tally = malloc(sizeof *tally)))
        return tally;
    *tally = (struct tally){.caller = caller};
    if (!tsearch(tally, &idempotency->tallies, by_caller)) {
        free(tally);
        return NULL;
    }
    return tally;
}

static bool add(struct idempotency *idempotency, const struct kept *like)
{
    struct tally *tally = tally_of(idempotency, like->caller);
    struct kept *entry = malloc(sizeof *entry);

    if (!tally || !entry || !tsearch(memcpy(entry, like, sizeof *entry), &idempotency->entries, by_key)) {
        free(entry);
        return false;
    }
    entry->serial = ++idempotency->serials;
    entry->younger = NULL;
    entry->older = idempotency->youngest;
    if (idempotency->youngest)
        idempotency->youngest->younger = entry;
    else
        idempotency->oldest = entry;
    idempotency->youngest = entry;
    tally->live++;
    tally->bytes += entry->bytes;
    idempotency->count++;
    idempotency->bytes += entry->bytes;
    return true;
}

static void remove_entry(struct idempotency *idempotency, struct kept *entry)
{
    struct tally *tally = tally_of(idempotency, entry->caller); /* there since the entry is */

    if (entry->older)
        entry->older->younger = entry->younger;
    else
        idempotency->oldest = entry->younger;
    if (entry->younger)
        entry->younger->older = entry->older;
    else
        idempotency->youngest = entry->older;
    (void)tdelete(entry, &idempotency->entries, by_key); /* it is in the tree */
    idempotency->count--;
    idempotency->bytes -= entry->bytes;
    if (tally)
        tally->bytes -= entry->bytes;
    if (tally && --tally->live == 0) {
        (void)tdelete(tally, &idempotency->tallies, by_caller); /* it is in the tree */
        free(tally);
    }
    free(entry);
}

static void expire(struct idempotency *idempotency, int64_t now_ms)
{
    for (int i = 0; i < EXPIRE_AT_ONCE && idempotency->oldest && !idempotency->oldest->running &&
                    idempotency->oldest->at_ms < now_ms - KEEP_MS;
         i++)
        remove_entry(idempotency, idempotency->oldest);
}

static enum rc load(void *arg, const struct store_answer *answer, struct fault *fault)
{
    struct kept entry = {
        .at_ms = answer->at_ms, .caller = answer->caller, .bytes = (uint32_t)answer->body_size};

    memcpy(entry.key, answer->key, 16);
    memcpy(entry.fingerprint, answer->fingerprint, 16);
    return add(arg, &entry) ? RC_OK : fault_no_memory(fault);
}

enum rc idempotency_new(struct store *store, int64_t now_ms, struct idempotency **out_idempotency,
                        struct fault *fault)
{
    struct idempotency *idempotency = calloc(1, sizeof *idempotency);

    if (!idempotency)
        return fault_no_memory(fault);
    idempotency->store = store;
    (void)pthread_mutex_init(&idempotency->lock, NULL); /* default attributes cannot fail */
    enum rc rc = store_each_answer(store, now_ms - KEEP_MS, load, idempotency, fault);
    if (rc != RC_OK) {
        idempotency_free(idempotency);
        return rc;
    }
    *out_idempotency = idempotency;
    return RC_OK;
}

void idempotency_free(struct idempotency *idempotency)
{
    if (!idempotency)
        return;
    while (idempotency->oldest)
        remove_entry(idempotency, idempotency->oldest);
    (void)pthread_mutex_destroy(&idempotency->lock); /* nobody holds it */
    free(idempotency);
}

/* Under the lock. */
static enum idempotency_verdict judge(struct idempotency *idempotency, const uint8_t key[16],
                                      const uint8_t fingerprint[16], uint64_t caller, int64_t now_ms,
                                      uint64_t *out_serial)
{
    expire(idempotency, now_ms);
    struct kept *entry = find(idempotency, key);
    /* its time is over, its turn not yet come */
    if (entry && !entry->running && entry->at_ms < now_ms - KEEP_MS) {
        remove_entry(idempotency, entry);
        entry = NULL;
    }
    *out_serial = entry ? entry->serial : 0;
    if (entry)
        return memcmp(entry->fingerprint, fingerprint, 16) != 0 ? IDEMPOTENCY_REUSED
               : entry->running                                 ? IDEMPOTENCY_RUNNING
                                                                : IDEMPOTENCY_REPLAY;
    struct tally *tally = find_tally(idempotency, caller);
    return tally && (tally->live >= LIMIT_KEPT_ANSWERS || tally->bytes >= LIMIT_KEPT_BYTES) ? IDEMPOTENCY_FULL
                                                                                            : IDEMPOTENCY_NEW;
}

enum idempotency_verdict idempotency_look(struct idempotency *idempotency, const uint8_t key[16],
                                          const uint8_t fingerprint[16], uint64_t caller, int64_t now_ms,
                                          uint64_t *out_serial)
{
    (void)pthread_mutex_lock(&idempotency->lock);
    enum idempotency_verdict verdict = judge(idempotency, key, fingerprint, caller, now_ms, out_serial);
    (void)pthread_mutex_unlock(&idempotency->lock);
    return verdict;
}

enum idempotency_verdict idempotency_begin(struct idempotency *idempotency, const uint8_t key[16],
                                           const uint8_t fingerprint[16], uint64_t caller, int64_t now_ms,
                                           uint64_t *out_serial)
{
    (void)pthread_mutex_lock(&idempotency->lock);
    enum idempotency_verdict verdict = judge(idempotency, key, fingerprint, caller, now_ms, out_serial);
    if (verdict == IDEMPOTENCY_NEW) {
        struct kept fresh = {.caller = caller, .at_ms = now_ms, .running = true};
        memcpy(fresh.key, key, 16);
        memcpy(fresh.fingerprint, fingerprint, 16);
        if (!add(idempotency, &fresh))
            verdict = IDEMPOTENCY_FULL;
    }
    (void)pthread_mutex_unlock(&idempotency->lock);
    return verdict;
}

enum rc idempotency_fetch(struct idempotency *idempotency, const uint8_t key[16],
                          enum rc (*visit)(void *arg, const struct store_answer *answer, struct fault *fault),
                          void *arg, struct fault *fault)
{
    return store_answer(idempotency->store, key, visit, arg, fault);
}

void idempotency_end(struct idempotency *idempotency, const uint8_t key[16], bool stored, size_t bytes)
{
    (void)pthread_mutex_lock(&idempotency->lock);
    struct kept *entry = find(idempotency, key);
    if (entry && entry->learned) {
        entry->running = entry->learned = false;
    } else if (entry && stored) {
        struct tally *tally = tally_of(idempotency, entry->caller); /* there since the entry is */
        entry->running = false;
        entry->bytes = (uint32_t)bytes;
        idempotency->bytes += entry->bytes;
        if (tally)
            tally->bytes += bytes;
    } else if (entry) {
        remove_entry(idempotency, entry);
    }
    (void)pthread_mutex_unlock(&idempotency->lock);
}

void idempotency_learn(struct idempotency *idempotency, const struct store_answer *answer)
{
    struct kept fresh = {
        .caller = answer->caller, .at_ms = answer->at_ms, .bytes = (uint32_t)answer->body_size};

    memcpy(fresh.key, answer->key, 16);
    memcpy(fresh.fingerprint, answer->fingerprint, 16);
    (void)pthread_mutex_lock(&idempotency->lock);
    struct kept *entry = find(idempotency, answer->key);
    if (entry && entry->running) {
        struct tally *tally = tally_of(idempotency, entry->caller); /* there since the entry is */
        memcpy(entry->fingerprint, answer->fingerprint, 16);
        entry->learned = true;
        entry->bytes = fresh.bytes;
        idempotency->bytes += fresh.bytes;
        if (tally)
            tally->bytes += fresh.bytes;
    } else {
        if (entry) /* its time was over */
            remove_entry(idempotency, entry);
        (void)add(idempotency,
                  &fresh); /* out of memory: a repeat is found by nobody but the log's own node */
    }
    (void)pthread_mutex_unlock(&idempotency->lock);
}

bool idempotency_was_learned(struct idempotency *idempotency, const uint8_t key[16])
{
    (void)pthread_mutex_lock(&idempotency->lock);
    const struct kept *entry = find(idempotency, key);
    bool learned = entry && entry->learned;
    (void)pthread_mutex_unlock(&idempotency->lock);
    return learned;
}

size_t idempotency_count(struct idempotency *idempotency, uint64_t *out_bytes)
{
    (void)pthread_mutex_lock(&idempotency->lock);
    size_t count = idempotency->count;
    *out_bytes = idempotency->bytes;
    (void)pthread_mutex_unlock(&idempotency->lock);
    return count;
}

void idempotency_lost(struct idempotency *idempotency, const uint8_t key[16], uint64_t serial)
{
    (void)pthread_mutex_lock(&idempotency->lock);
    struct kept *entry = find(idempotency, key);
    if (entry && entry->serial == serial)
        remove_entry(idempotency, entry);
    (void)pthread_mutex_unlock(&idempotency->lock);
}
