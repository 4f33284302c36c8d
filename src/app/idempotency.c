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
    bool running;
    uint32_t bytes; /* of the answer, once there is one */
    struct kept *older, *younger;
};

struct tally {
    uint64_t caller, bytes;
    uint32_t live;
};

struct answers {
    struct store *store;
    pthread_mutex_t lock;
    void *entries, *tallies; /* tsearch trees */
    struct kept *oldest, *youngest;
    size_t count;
    uint64_t bytes;
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

static struct kept *find(struct answers *answers, const uint8_t key[16])
{
    struct kept like;

    memcpy(like.key, key, 16);
    struct kept **found = tfind(&like, &answers->entries, by_key);
    return found ? *found : NULL;
}

/* NULL: out of memory. */
static struct tally *tally_of(struct answers *answers, uint64_t caller)
{
    struct tally like = {.caller = caller}, **found = tfind(&like, &answers->tallies, by_caller);

    if (found)
        return *found;
    struct tally *tally = malloc(sizeof *tally);
    if (!tally)
        return NULL;
    *tally = like;
    if (!tsearch(tally, &answers->tallies, by_caller)) {
        free(tally);
        return NULL;
    }
    return tally;
}

static bool add(struct answers *answers, const struct kept *like)
{
    struct tally *tally = tally_of(answers, like->caller);
    struct kept *entry = malloc(sizeof *entry);

    if (!tally || !entry || !tsearch(memcpy(entry, like, sizeof *entry), &answers->entries, by_key)) {
        free(entry);
        return false;
    }
    entry->younger = NULL;
    entry->older = answers->youngest;
    if (answers->youngest)
        answers->youngest->younger = entry;
    else
        answers->oldest = entry;
    answers->youngest = entry;
    tally->live++;
    tally->bytes += entry->bytes;
    answers->count++;
    answers->bytes += entry->bytes;
    return true;
}

static void remove_entry(struct answers *answers, struct kept *entry)
{
    struct tally *tally = tally_of(answers, entry->caller); /* there since the entry is */

    if (entry->older)
        entry->older->younger = entry->younger;
    else
        answers->oldest = entry->younger;
    if (entry->younger)
        entry->younger->older = entry->older;
    else
        answers->youngest = entry->older;
    (void)tdelete(entry, &answers->entries, by_key); /* it is in the tree */
    answers->count--;
    answers->bytes -= entry->bytes;
    if (tally)
        tally->bytes -= entry->bytes;
    if (tally && --tally->live == 0) {
        (void)tdelete(tally, &answers->tallies, by_caller); /* it is in the tree */
        free(tally);
    }
    free(entry);
}

static void expire(struct answers *answers, int64_t now_ms)
{
    for (int i = 0; i < EXPIRE_AT_ONCE && answers->oldest && !answers->oldest->running &&
                    answers->oldest->at_ms < now_ms - KEEP_MS;
         i++)
        remove_entry(answers, answers->oldest);
}

static bool load(void *arg, const struct store_answer *answer)
{
    struct kept entry = {
        .at_ms = answer->at_ms, .caller = answer->caller, .bytes = (uint32_t)answer->body_size};

    memcpy(entry.key, answer->key, 16);
    memcpy(entry.fingerprint, answer->fingerprint, 16);
    return add(arg, &entry);
}

enum rc answers_new(struct store *store, int64_t now_ms, struct answers **out_answers, struct fault *fault)
{
    struct answers *answers = calloc(1, sizeof *answers);

    if (!answers)
        return fault_set(fault, RC_BUSY, NULL, "out of memory");
    answers->store = store;
    (void)pthread_mutex_init(&answers->lock, NULL); /* default attributes cannot fail */
    enum rc rc = store_each_answer(store, now_ms - KEEP_MS, load, answers, fault);
    if (rc != RC_OK) {
        answers_free(answers);
        return rc;
    }
    *out_answers = answers;
    return RC_OK;
}

void answers_free(struct answers *answers)
{
    if (!answers)
        return;
    while (answers->oldest)
        remove_entry(answers, answers->oldest);
    (void)pthread_mutex_destroy(&answers->lock); /* nobody holds it */
    free(answers);
}

enum answers_verdict answers_begin(struct answers *answers, const uint8_t key[16],
                                   const uint8_t fingerprint[16], uint64_t caller, int64_t now_ms)
{
    enum answers_verdict verdict = ANSWERS_NEW;

    (void)pthread_mutex_lock(&answers->lock);
    expire(answers, now_ms);
    struct kept *entry = find(answers, key);
    /* its time is over, its turn not yet come */
    if (entry && !entry->running && entry->at_ms < now_ms - KEEP_MS) {
        remove_entry(answers, entry);
        entry = NULL;
    }
    struct tally *tally = entry ? NULL : tally_of(answers, caller);
    if (entry) {
        verdict = memcmp(entry->fingerprint, fingerprint, 16) != 0 ? ANSWERS_REUSED
                  : entry->running                                 ? ANSWERS_RUNNING
                                                                   : ANSWERS_REPLAY;
    } else if (!tally || tally->live >= LIMIT_KEPT_ANSWERS || tally->bytes >= LIMIT_KEPT_BYTES) {
        verdict = ANSWERS_FULL;
    } else {
        struct kept fresh = {.caller = caller, .at_ms = now_ms, .running = true};
        memcpy(fresh.key, key, 16);
        memcpy(fresh.fingerprint, fingerprint, 16);
        if (!add(answers, &fresh))
            verdict = ANSWERS_FULL;
    }
    (void)pthread_mutex_unlock(&answers->lock);
    return verdict;
}

enum rc answers_fetch(struct answers *answers, const uint8_t key[16],
                      bool (*visit)(void *arg, const struct store_answer *answer), void *arg,
                      struct fault *fault)
{
    return store_answer(answers->store, key, visit, arg, fault);
}

void answers_end(struct answers *answers, const uint8_t key[16], bool stored, size_t bytes)
{
    (void)pthread_mutex_lock(&answers->lock);
    struct kept *entry = find(answers, key);
    if (entry && stored) {
        struct tally *tally = tally_of(answers, entry->caller); /* there since the entry is */
        entry->running = false;
        entry->bytes = (uint32_t)bytes;
        answers->bytes += entry->bytes;
        if (tally)
            tally->bytes += bytes;
    } else if (entry) {
        remove_entry(answers, entry);
    }
    (void)pthread_mutex_unlock(&answers->lock);
}

size_t answers_count(struct answers *answers, uint64_t *out_bytes)
{
    (void)pthread_mutex_lock(&answers->lock);
    size_t count = answers->count;
    *out_bytes = answers->bytes;
    (void)pthread_mutex_unlock(&answers->lock);
    return count;
}

void answers_lost(struct answers *answers, const uint8_t key[16])
{
    (void)pthread_mutex_lock(&answers->lock);
    struct kept *entry = find(answers, key);
    if (entry && !entry->running) /* else somebody found it lost before, and runs the request again */
        remove_entry(answers, entry);
    (void)pthread_mutex_unlock(&answers->lock);
}
