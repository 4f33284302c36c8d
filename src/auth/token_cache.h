#pragma once

#include <pthread.h>

#include "auth/token.h"

/* Tokens that were verified. */

struct cached;

/* A token of that digest which keys of that generation verified. False: there is none. */
bool recall(const struct cached *set, pthread_mutex_t *lock, const uint8_t *digest, unsigned generation,
            struct caller *out, int64_t *out_not_before_ms);

/* Remembers one. */
void remember(struct cached *set, pthread_mutex_t *lock, const uint8_t *digest, unsigned generation,
              const struct caller *caller, int64_t not_before_ms);
