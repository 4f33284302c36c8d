#pragma once

#include "store/store.h"

/* Idempotency-Key: which requests were answered, so that a repeat gets the first answer. Durable with the
 * events (store_batch.answers); here is only what decides. Thread-safe. Source: contract 1, Idempotency-Key.
 */

struct idempotency;

enum idempotency_verdict {
    IDEMPOTENCY_NEW,     /* go on, then idempotency_end */
    IDEMPOTENCY_REPLAY,  /* answered before: fetch it from the store */
    IDEMPOTENCY_RUNNING, /* the same request is still under way: 409 */
    IDEMPOTENCY_REUSED,  /* the key was another request's: 422 */
    IDEMPOTENCY_FULL,    /* too many live keys of this caller, or bytes of their answers: 429 */
};

/* Loads the keys of the last 24 hours from the store. Errors: RC_BUSY, out of memory; else the store's. */
MUST_CHECK enum rc idempotency_new(struct store *store, int64_t now_ms, struct idempotency **out_idempotency,
                                   struct fault *fault);

/* NULL is fine. Nobody may use it any more. */
void idempotency_free(struct idempotency *idempotency);

/* idempotency_begin, or idempotency_look. */
typedef enum idempotency_verdict idempotency_judge(struct idempotency *idempotency, const uint8_t key[16],
                                                   const uint8_t fingerprint[16], uint64_t caller,
                                                   int64_t now_ms, uint64_t *out_serial);

/* key: hash of caller and key; caller: hash of the caller alone. *out_serial: of the answer to replay, for
 * idempotency_lost; 0: there is none. IDEMPOTENCY_FULL also when out of memory. */
enum idempotency_verdict idempotency_begin(struct idempotency *idempotency, const uint8_t key[16],
                                           const uint8_t fingerprint[16], uint64_t caller, int64_t now_ms,
                                           uint64_t *out_serial);

/* What idempotency_begin would say, and nothing is begun. */
enum idempotency_verdict idempotency_look(struct idempotency *idempotency, const uint8_t key[16],
                                          const uint8_t fingerprint[16], uint64_t caller, int64_t now_ms,
                                          uint64_t *out_serial);

/* After IDEMPOTENCY_REPLAY: the answer, for the visit. */
MUST_CHECK enum rc idempotency_fetch(struct idempotency *idempotency, const uint8_t key[16],
                                     enum rc (*visit)(void *arg, const struct store_answer *answer,
                                                      struct fault *fault),
                                     void *arg, struct fault *fault);

/* After IDEMPOTENCY_NEW: stored says whether the answer, of so many bytes, is now in the store; else the key
 * is free again. Constant time: the engine's thread calls it. */
void idempotency_end(struct idempotency *idempotency, const uint8_t key[16], bool stored, size_t bytes);

/* An answer that another node has given and this one's files hold. Constant time: the engine's thread. */
void idempotency_learn(struct idempotency *idempotency, const struct store_answer *answer);

/* Whether a key that runs here was learned of meanwhile: the request must not be done again. After
 * idempotency_end, which keeps the other node's answer, idempotency_begin says what becomes of it. */
bool idempotency_was_learned(struct idempotency *idempotency, const uint8_t key[16]);

/* How many answers are kept; *out_bytes: their bytes. Any thread. */
size_t idempotency_count(struct idempotency *idempotency, uint64_t *out_bytes);

/* After IDEMPOTENCY_REPLAY, when the store has no such answer any more (somebody whom it named was erased):
 * the key is free again, unless somebody else found it lost before and has done the request anew. Then
 * idempotency_begin again. */
void idempotency_lost(struct idempotency *idempotency, const uint8_t key[16], uint64_t serial);
