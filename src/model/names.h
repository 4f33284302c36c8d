#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/entity.h"

struct model;

/* The key of an id, which is given out at once; 0: out of memory. Readers find it once it is stored. Engine
 * thread only, as all of these. */
uint32_t model_intern(struct model *model, enum entity kind, const char *id, size_t size);

/* The ids of the keys after this one are to go to the store with the next commit; after that, it knows all.
 */
uint32_t model_stored(const struct model *model, enum entity kind);

/* All ids are in the store now: readers find them. */
void model_note_stored(struct model *model);

/* What was given out and is not stored is nobody's again, and its keys are free. */
void model_take_back(struct model *model);

/* An id that is stored, of a key above all others; size 0: it names nobody any more. False: out of memory, or
 * the key is taken. */
bool model_load_id(struct model *model, enum entity kind, uint32_t key, const char *id, size_t size);

/* Forgets a learner, course or item under its id: keys stay, nobody finds them. Under the write lock. */
void model_forget_id(struct model *model, enum entity kind, uint32_t key);
