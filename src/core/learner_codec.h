#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/learner.h"

/* A learner's state as bytes, for the checkpoint file. Pure; any thread. */

/* Bytes that learner_encode may need for this learner, at most. */
size_t learner_bound(const struct learner *learner);

/* Writes the state at out, which has room for learner_bound; returns the bytes used. */
size_t learner_encode(const struct learner *learner, uint8_t *out);

struct learner_sizes {
    uint32_t records, enrolments, days, event_ids, course_days;
};

/* Reads how much room learner_decode needs. False: malformed. */
bool learner_peek(const uint8_t *bytes, size_t size, struct learner_sizes *out_sizes);

/* The reverse: fills the arrays that learner already has (room as learner_peek said). Metadata and
 * certificates borrow bytes; segments are handed to keep, which copies them and returns where they live from
 * now on (NULL: out of memory). *out_zone: the name of the learner's zone, borrowed bytes; NULL: none (the
 * learner's own pointer is left alone). False: malformed or out of memory. */
bool learner_decode(const uint8_t *bytes, size_t size, struct learner *learner, struct segment *room,
                    const struct segment *(*keep)(void *arg, const struct segment *segments, uint32_t count),
                    void *arg, const char **out_zone, uint32_t *out_zone_size);
