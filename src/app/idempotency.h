#pragma once

#include "store/store.h"

/* Idempotency-Key: which requests were answered, so that a repeat gets the first answer. Durable with the
 * events (store_batch.answers); here is only what decides. Thread-safe. Source: contract 1, Idempotency-Key.
 */

struct answers;

enum answers_verdict {
    ANSWERS_NEW,     /* go on, then answers_end */
    ANSWERS_REPLAY,  /* answered before: fetch it from the store */
    ANSWERS_RUNNING, /* the same request is still under way: 409 */
    ANSWERS_REUSED,  /* the key was another request's: 422 */
    ANSWERS_FULL,    /* too many live keys of this caller, or bytes of their answers: 429 */
};

/* Loads the keys of the last 24 hours. */
MUST_CHECK enum rc answers_new(struct store *store, int64_t now_ms, struct answers **out_answers,
                               struct fault *fault);
void answers_free(struct answers *answers);

/* key: hash of caller and key; caller: hash of the caller alone. ANSWERS_FULL also when out of memory. */
enum answers_verdict answers_begin(struct answers *answers, const uint8_t key[16],
                                   const uint8_t fingerprint[16], uint64_t caller, int64_t now_ms);

/* After ANSWERS_REPLAY: the answer, for the visit. */
MUST_CHECK enum rc answers_fetch(struct answers *answers, const uint8_t key[16],
                                 bool (*visit)(void *arg, const struct store_answer *answer), void *arg,
                                 struct fault *fault);

/* After ANSWERS_NEW: stored says whether the answer, of so many bytes, is now in the store; else the key is
 * free again. Constant time: the engine's thread calls it. */
void answers_end(struct answers *answers, const uint8_t key[16], bool stored, size_t bytes);

/* How many answers are kept, and their bytes. */
size_t answers_count(struct answers *answers, uint64_t *out_bytes);

/* After ANSWERS_REPLAY, when the store has no such answer any more (somebody whom it named was erased): the
 * key is free again, unless another request that found the same runs by now. Then answers_begin again. */
void answers_lost(struct answers *answers, const uint8_t key[16]);
