#include "model/names.h"

#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "model/grow_apart.h"
#include "model/model_private.h"

enum { SLOTS_LEAST = 256 };

/* For the slot of a key that add_slot makes next, and for it in the list of what is dirty, where every key is
 * once at most. Not under the lock. */
static bool room_for_slot(struct model *model, struct table *table)
{
    return grow_apart(model, (void **)&table->at, &table->capacity, sizeof *table->at, table->count + 1,
                      SLOTS_LEAST) &&
           list_reserve(&table->dirty, table->capacity - table->dirty.count);
}

/* The id's bytes: where those of an id were whose key was taken back, if they fit there (nobody else ever saw
 * those). NULL: out of memory. */
static const char *keep_text(struct model *model, struct slot *slot, const char *id, size_t size)
{
    if (!slot->id || size > slot->id_capacity)
        return arena_copy(&model->texts, id, size);
    char *text = (char *)(uintptr_t)slot->id; /* the model's own copy */
    memcpy(text, id, size);
    text[size] = '\0';
    return text;
}

/* The slot of the next key, also one that was taken back. Slots and ids lie together, for as long as the
 * model lives. */
static bool add_slot(struct model *model, enum entity kind, const char *id, size_t size)
{
    static const size_t sizes[ENTITIES] = {sizeof(struct learner_slot), sizeof(struct course_slot),
                                           sizeof(struct item_slot)};
    struct table *table = &model->tables[kind];
    struct slot *slot = table->at[table->count + 1];

    if (!slot)
        slot = table->at[table->count + 1] = arena_alloc(&model->texts, sizes[kind]);
    const char *text = slot ? keep_text(model, slot, id, size) : NULL;
    if (!text || (size && !id_table_add(&table->names, text, size, table->count + 1)))
        return false;
    uint16_t capacity =
        text == slot->id ? slot->id_capacity : (uint16_t)size; /* an id has 128 bytes at most */
    memset(slot, 0, sizes[kind]);
    *slot = (struct slot){.id = text, .id_size = (uint32_t)size, .id_capacity = capacity};
    slot->erased = size == 0 && kind == ENTITY_LEARNER;
    table->count++;
    return true;
}

/* The next key is this id's. False: out of memory. */
static bool add_next(struct model *model, enum entity kind, const char *id, size_t size, bool stored)
{
    struct table *table = &model->tables[kind];

    if (!room_for_slot(model, table))
        return false;
    (void)pthread_rwlock_wrlock(&model->lock); /* cannot fail: not held */
    bool added = add_slot(model, kind, id, size);
    if (added && stored)
        table->stored = table->count;
    (void)pthread_rwlock_unlock(&model->lock); /* held above */
    return added;
}

bool model_load_id(struct model *model, enum entity kind, uint32_t key, const char *id, size_t size)
{
    struct table *table = &model->tables[kind];

    for (; table->count + 1 < key; table->forgotten++) /* a gap: nobody can be found under it */
        if (!add_next(model, kind, "", 0, true))
            return false;
    table->forgotten += size == 0;
    return key == table->count + 1 && add_next(model, kind, id, size, true);
}

uint32_t model_intern(struct model *model, enum entity kind, const char *id, size_t size)
{
    const struct table *table = &model->tables[kind];
    uint32_t key = id_table_find(&table->names, id, size); /* only this thread adds, so no lock to look */

    if (key)
        return key;
    return add_next(model, kind, id, size, false) ? table->count : 0;
}

uint32_t model_stored(const struct model *model, enum entity kind)
{
    return model->tables[kind].stored;
}

void model_note_stored(struct model *model)
{
    (void)pthread_rwlock_wrlock(&model->lock); /* cannot fail: not held */
    for (enum entity kind = 0; kind < ENTITIES; kind++)
        model->tables[kind].stored = model->tables[kind].count;
    (void)pthread_rwlock_unlock(&model->lock); /* held above */
}

static bool has_more_than_stored(const struct model *model)
{
    for (enum entity kind = 0; kind < ENTITIES; kind++)
        if (model->tables[kind].count > model->tables[kind].stored)
            return true;
    return false;
}

/* The place that a publish would have needed. */
static void free_reserved(struct model *model, enum entity kind, uint32_t key)
{
    if (kind == ENTITY_COURSE)
        list_done(&course_slot(model, key)->roster);
    if (kind == ENTITY_ITEM)
        list_done(&item_slot(model, key)->holders);
}

void model_take_back(struct model *model)
{
    if (!has_more_than_stored(model))
        return;
    (void)pthread_rwlock_wrlock(&model->lock); /* cannot fail: not held */
    for (enum entity kind = 0; kind < ENTITIES; kind++) {
        struct table *table = &model->tables[kind];
        for (; table->count > table->stored; table->count--) {
            const struct slot *slot = table->at[table->count];
            id_table_remove(&table->names, slot->id, slot->id_size);
            free_reserved(model, kind, table->count);
        }
    }
    (void)pthread_rwlock_unlock(&model->lock); /* held above */
}

void model_forget_id(struct model *model, enum entity kind, uint32_t key)
{
    struct slot *slot = model->tables[kind].at[key];

    id_table_remove(&model->tables[kind].names, slot->id, slot->id_size);
    memset((char *)(uintptr_t)slot->id, 0, slot->id_size); /* the model's own copy */
    model->tables[kind].forgotten += slot->id_size > 0;
    slot->id_size = 0;
    slot->erased = kind == ENTITY_LEARNER;
}
