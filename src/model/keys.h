#pragma once

#include <stdint.h>

/* A list of keys. Of learners of a course or item: in order of first sight. Those erased since stay in it,
 * where view_learner knows nobody, until half of it is stale. */
struct keys {
    uint32_t *at;
    uint32_t count, capacity, stale;
};

/* How many of them are not known to be erased. */
static inline uint32_t keys_live(const struct keys *keys)
{
    return keys->count - keys->stale;
}
