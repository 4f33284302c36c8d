#pragma once

#include "core/entity.h"
#include "model/model_private.h"

/* For the engine thread only. Keys are given out at once and kept; 0: out of memory. */
uint32_t model_intern_learner(struct model *model, const char *id, size_t size, bool persisted);

/* As model_intern_learner, of a course. */
uint32_t model_intern_course(struct model *model, const char *id, size_t size, bool persisted);

/* As model_intern_learner, of an item. */
uint32_t model_intern_item(struct model *model, const char *id, size_t size, bool persisted);

/* At load: the key is the store's. False: out of memory or the key is taken. */
bool model_load_id(struct model *model, enum entity kind, uint32_t key, const char *id, size_t size);

/* Forgets a learner, course or item under its id: keys stay, nobody finds them. Under the write lock. */
void model_forget_id(struct model *model, enum entity kind, uint32_t key);
