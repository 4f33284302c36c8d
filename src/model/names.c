#include "model/names.h"

#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "model/grow_apart.h"

enum { SLOTS_LEAST = 256 };

/* For the slot of a key that add_slot makes next, and for it in the list of what is dirty, where every key is
 * once at most. Not under the lock. */
static bool room_for_slot(struct model *model, enum entity kind, uint32_t key)
{
    void **array = kind == ENTITY_LEARNER  ? (void **)&model->learners
                   : kind == ENTITY_COURSE ? (void **)&model->courses
                                           : (void **)&model->items;
    uint32_t *capacity = kind == ENTITY_LEARNER  ? &model->learner_capacity
                         : kind == ENTITY_COURSE ? &model->course_capacity
                                                 : &model->item_capacity;
    struct keys *dirty = kind == ENTITY_LEARNER  ? &model->dirty_learners
                         : kind == ENTITY_COURSE ? &model->dirty_courses
                                                 : &model->dirty_items;

    return grow_apart(model, array, capacity, sizeof(void *), key, SLOTS_LEAST) &&
           list_reserve(dirty, *capacity - dirty->count);
}

/* Slots and ids lie together, for as long as the model lives. */
static bool add_slot(struct model *model, enum entity kind, uint32_t key, const char *id, size_t size,
                     bool persisted)
{
    const char *text = arena_copy(&model->texts, id, size);

    if (!text)
        return false;
    if (kind == ENTITY_LEARNER) {
        struct learner_slot *slot = arena_alloc(&model->texts, sizeof *slot);
        if (!slot || !id_table_add(&model->learner_ids, text, size, key))
            return false;
        *slot = (struct learner_slot){.id = text, .id_size = (uint32_t)size, .persisted = persisted};
        model->learners[key] = slot;
    } else if (kind == ENTITY_COURSE) {
        struct course_slot *slot = arena_alloc(&model->texts, sizeof *slot);
        if (!slot || !id_table_add(&model->course_ids, text, size, key))
            return false;
        *slot = (struct course_slot){.id = text, .id_size = (uint32_t)size, .persisted = persisted};
        model->courses[key] = slot;
    } else {
        struct item_slot *slot = arena_alloc(&model->texts, sizeof *slot);
        if (!slot || !id_table_add(&model->item_ids, text, size, key))
            return false;
        *slot = (struct item_slot){.id = text, .id_size = (uint32_t)size, .persisted = persisted};
        model->items[key] = slot;
    }
    return true;
}

/* Slots for keys that no longer name anybody (erased before the last start). */
static uint32_t *highest_key(struct model *model, enum entity kind)
{
    return kind == ENTITY_LEARNER  ? &model->learner_count
           : kind == ENTITY_COURSE ? &model->course_count
                                   : &model->item_count;
}

bool model_load_id(struct model *model, enum entity kind, uint32_t key, const char *id, size_t size)
{
    uint32_t *highest = highest_key(model, kind);

    /* a gap, or erased: nobody can be found under it */
    while (*highest + 1 < key || (size == 0 && *highest < key)) {
        if (!room_for_slot(model, kind, *highest + 1) || !add_slot(model, kind, *highest + 1, "", 0, true))
            return false;
        if (kind == ENTITY_LEARNER) {
            id_table_remove(&model->learner_ids, "", 0);
            model->learners[*highest + 1]->erased = true;
        } else {
            id_table_remove(kind == ENTITY_COURSE ? &model->course_ids : &model->item_ids, "", 0);
        }
        ++*highest;
    }
    if (size == 0)
        return true;
    if (key != *highest + 1 || !room_for_slot(model, kind, key) ||
        !add_slot(model, kind, key, id, size, true))
        return false;
    ++*highest;
    return true;
}

static uint32_t intern(struct model *model, enum entity kind, const struct id_table *table, const char *id,
                       size_t size, bool persisted)
{
    uint32_t key = id_table_find(table, id, size); /* only this thread adds, so no lock to look */

    if (key)
        return key;
    key = *highest_key(model, kind) + 1;
    if (!room_for_slot(model, kind, key))
        return 0;
    (void)pthread_rwlock_wrlock(&model->lock); /* cannot fail: not held */
    bool added = add_slot(model, kind, key, id, size, persisted);
    if (added)
        ++*highest_key(model, kind);
    (void)pthread_rwlock_unlock(&model->lock); /* held above */
    return added ? key : 0;
}

uint32_t model_intern_learner(struct model *model, const char *id, size_t size, bool persisted)
{
    return intern(model, ENTITY_LEARNER, &model->learner_ids, id, size, persisted);
}

uint32_t model_intern_course(struct model *model, const char *id, size_t size, bool persisted)
{
    return intern(model, ENTITY_COURSE, &model->course_ids, id, size, persisted);
}

uint32_t model_intern_item(struct model *model, const char *id, size_t size, bool persisted)
{
    return intern(model, ENTITY_ITEM, &model->item_ids, id, size, persisted);
}

static void wipe(const char *id, uint32_t size)
{
    memset((char *)(uintptr_t)id, 0, size); /* the model's own copy */
}

void model_forget_id(struct model *model, enum entity kind, uint32_t key)
{
    if (kind == ENTITY_COURSE) {
        struct course_slot *slot = model->courses[key];
        id_table_remove(&model->course_ids, slot->id, slot->id_size);
        wipe(slot->id, slot->id_size);
        slot->id_size = 0;
    } else if (kind == ENTITY_ITEM) {
        struct item_slot *slot = model->items[key];
        id_table_remove(&model->item_ids, slot->id, slot->id_size);
        wipe(slot->id, slot->id_size);
        slot->id_size = 0;
    } else {
        struct learner_slot *slot = model->learners[key];
        id_table_remove(&model->learner_ids, slot->id, slot->id_size);
        wipe(slot->id, slot->id_size);
        slot->id_size = 0;
        slot->erased = true;
    }
}
