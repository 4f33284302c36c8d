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

/* The slot of the next key. Slots and ids lie together, for as long as the model lives. */
static bool add_slot(struct model *model, enum entity kind, const char *id, size_t size)
{
    static const size_t sizes[ENTITIES] = {sizeof(struct learner_slot), sizeof(struct course_slot),
                                           sizeof(struct item_slot)};
    struct table *table = &model->tables[kind];
    const char *text = arena_copy(&model->texts, id, size);
    struct slot *slot = text ? arena_alloc(&model->texts, sizes[kind]) : NULL;

    if (!slot || (size && !id_table_add(&table->names, text, size, table->count + 1)))
        return false;
    memset(slot, 0, sizes[kind]);
    slot->id = text;
    slot->id_size = (uint32_t)size;
    slot->erased = size == 0 && kind == ENTITY_LEARNER;
    table->at[++table->count] = slot;
    return true;
}

bool model_load_id(struct model *model, enum entity kind, uint32_t key, const char *id, size_t size)
{
    struct table *table = &model->tables[kind];

    /* a gap, or erased: nobody can be found under it */
    while (table->count + 1 < key || (size == 0 && table->count < key))
        if (!room_for_slot(model, table) || !add_slot(model, kind, "", 0))
            return false;
    if (size && (key != table->count + 1 || !room_for_slot(model, table) || !add_slot(model, kind, id, size)))
        return false;
    table->stored = table->count;
    return true;
}

uint32_t model_intern(struct model *model, enum entity kind, const char *id, size_t size)
{
    struct table *table = &model->tables[kind];
    uint32_t key = id_table_find(&table->names, id, size); /* only this thread adds, so no lock to look */

    if (key)
        return key;
    if (!room_for_slot(model, table))
        return 0;
    (void)pthread_rwlock_wrlock(&model->lock); /* cannot fail: not held */
    bool added = add_slot(model, kind, id, size);
    (void)pthread_rwlock_unlock(&model->lock); /* held above */
    return added ? table->count : 0;
}

uint32_t model_stored(const struct model *model, enum entity kind)
{
    return model->tables[kind].stored;
}

void model_note_stored(struct model *model)
{
    for (enum entity kind = 0; kind < ENTITIES; kind++)
        model->tables[kind].stored = model->tables[kind].count;
}

void model_forget_id(struct model *model, enum entity kind, uint32_t key)
{
    struct slot *slot = model->tables[kind].at[key];

    id_table_remove(&model->tables[kind].names, slot->id, slot->id_size);
    memset((char *)(uintptr_t)slot->id, 0, slot->id_size); /* the model's own copy */
    slot->id_size = 0;
    slot->erased = kind == ENTITY_LEARNER;
}
