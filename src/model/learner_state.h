#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/learner_codec.h"

/* Bytes that several states share (segments, metadata, certificate): never changed once made. */
struct blob {
    atomic_uint refs;
    uint32_t size;
    _Alignas(8) uint8_t bytes[];
};

/* One learner's state; immutable once published. */
struct learner_state {
    atomic_uint refs;
    struct learner learner; /* its arrays lie behind this struct */
};

/* A private copy with room for one more of each; more: for many, and for eventIds. NULL: out of memory. like
 * NULL: an empty state. */
struct learner_state *state_copy(const struct learner_state *like, uint32_t key, bool more);
/* An empty state with exactly that much room, for decoding into; NULL: out of memory. */
struct learner_state *state_sized(uint32_t key, const struct learner_sizes *sizes);
/* The same name for as long as the process lives, for a learner's state to point at; NULL: no such zone. */
const char *zone_kept(const char *name, uint32_t size);

/* One more reference; NULL gives NULL. For any thread that holds one, or the model's read lock. */
struct learner_state *state_ref(struct learner_state *state);

/* One reference less; the last frees the state, and what it shares loses one too. NULL is fine. Any thread.
 */
void state_unref(struct learner_state *state);

/* A blob that holds a copy, with one reference; NULL: out of memory. Bytes of a blob give it back by
 * blob_unref_bytes (NULL is fine). */
struct blob *blob_new(const void *bytes, uint32_t size);

/* Gives a blob's bytes back; the last reference frees them. NULL is fine. Any thread. */
void blob_unref_bytes(const void *bytes);
