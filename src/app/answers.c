#include "app/answers.h"

#include <pthread.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

enum { LIVE_KEYS_MAX = 10000 }; /* per caller; contract 1, Errors */

#define KEEP_MS INT64_C(86400000)

struct kept {
    uint8_t key[16], fingerprint[16];
    uint64_t caller;
    int64_t at_ms;
    bool running;
    struct kept *next; /* younger */
};

struct tally {
    uint64_t caller;
    uint32_t live;
};

struct answers {
    struct store *store;
    pthread_mutex_t lock;
    void *entries, *tallies; /* tsearch trees */
    struct kept *oldest, *youngest;
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
    struct tally like = {caller, 0}, **found = tfind(&like, &answers->tallies, by_caller);

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
    entry->next = NULL;
    if (answers->youngest)
        answers->youngest->next = entry;
    else
        answers->oldest = entry;
    answers->youngest = entry;
    tally->live++;
    return true;
}

static void remove_entry(struct answers *answers, struct kept *entry)
{
    struct tally *tally = tally_of(answers, entry->caller);

    (void)tdelete(entry, &answers->entries, by_key); /* it is in the tree */
    if (tally && --tally->live == 0) {
        (void)tdelete(tally, &answers->tallies, by_caller); /* it is in the tree */
        free(tally);
    }
    free(entry);
}

static void expire(struct answers *answers, int64_t now_ms)
{
    while (answers->oldest && !answers->oldest->running && answers->oldest->at_ms < now_ms - KEEP_MS) {
        struct kept *entry = answers->oldest;
        answers->oldest = entry->next;
        if (!answers->oldest)
            answers->youngest = NULL;
        remove_entry(answers, entry);
    }
}

static bool load(void *arg, const struct store_answer *answer)
{
    struct kept entry = {.at_ms = answer->at_ms}; /* whose they were is not kept: they count for nobody */

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
    while (answers->oldest) {
        struct kept *entry = answers->oldest;
        answers->oldest = entry->next;
        remove_entry(answers, entry);
    }
    (void)pthread_mutex_destroy(&answers->lock); /* nobody holds it */
    free(answers);
}

enum answers_verdict answers_begin(struct answers *answers, const uint8_t key[16], const uint8_t fingerprint[16],
                                   uint64_t caller, int64_t now_ms)
{
    enum answers_verdict verdict = ANSWERS_NEW;

    (void)pthread_mutex_lock(&answers->lock);
    expire(answers, now_ms);
    struct kept *entry = find(answers, key);
    struct tally *tally = entry ? NULL : tally_of(answers, caller);
    if (entry) {
        verdict = memcmp(entry->fingerprint, fingerprint, 16) != 0 ? ANSWERS_REUSED
                : entry->running ? ANSWERS_RUNNING : ANSWERS_REPLAY;
    } else if (!tally || tally->live >= LIVE_KEYS_MAX) {
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
                      bool (*visit)(void *arg, const struct store_answer *answer), void *arg, struct fault *fault)
{
    return store_answer(answers->store, key, visit, arg, fault);
}

void answers_end(struct answers *answers, const uint8_t key[16], bool stored)
{
    (void)pthread_mutex_lock(&answers->lock);
    struct kept *entry = find(answers, key);
    if (entry && stored) {
        entry->running = false;
    } else if (entry) {
        struct kept **link = &answers->oldest, *before = NULL;
        while (*link != entry) {
            before = *link;
            link = &(*link)->next;
        }
        *link = entry->next;
        if (answers->youngest == entry)
            answers->youngest = before;
        remove_entry(answers, entry);
    }
    (void)pthread_mutex_unlock(&answers->lock);
}
