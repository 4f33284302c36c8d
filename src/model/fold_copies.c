#include "model/fold_copies.h"

#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "model/model_private.h"
#include "model/names.h"

enum rc fold_init(struct fold *fold, struct model *model)
{
    *fold = (struct fold){.model = model, .view = {model, true}};
    fold->catalogue = view_catalogue(&fold->view);
    fold->room.segments = malloc(ROOM_SEGMENTS * sizeof *fold->room.segments);
    fold->room.metadata = malloc(ROOM_METADATA);
    if (fold->room.segments && fold->room.metadata)
        return RC_OK;
    fold_done(fold);
    return RC_BUSY;
}

void fold_done(struct fold *fold)
{
    list_done(&fold->learners);
    list_done(&fold->courses);
    list_done(&fold->items);
    free(fold->room.segments);
    free(fold->room.metadata);
    list_done(&fold->fresh);
    *fold = (struct fold){0};
}

bool fold_push(struct keys *keys, uint32_t key)
{
    return list_add(keys, key);
}

enum rc fold_learner(struct fold *fold, uint32_t key, struct learner **out_learner)
{
    struct learner_slot *slot = learner_slot(fold->model, key);

    if (!slot->working) {
        struct learner_state *copy = state_copy(model_state(fold->model, slot), key, false);
        if (!copy || !fold_push(&fold->learners, key)) {
            state_unref(copy);
            return RC_BUSY;
        }
        slot->working = copy;
    }
    *out_learner = &slot->working->learner;
    return RC_OK;
}

bool fold_room_for_fresh(struct fold *fold)
{
    return list_reserve(&fold->fresh, 1);
}

void fold_note_fresh(struct fold *fold, const struct learner *learner)
{
    struct item_slot *slot = item_slot(fold->model, learner->items[learner->record_count - 1]);

    fold->fresh.at[fold->fresh.count++] =
        (struct fresh_holder){learner->key, learner->items[learner->record_count - 1], slot->fresh};
    slot->fresh = fold->fresh.count;
    if (learner->records[learner->record_count - 1].id > fold->fresh_record_id)
        fold->fresh_record_id = learner->records[learner->record_count - 1].id;
}

static void forget_fresh(struct fold *fold)
{
    for (uint32_t i = 0; i < fold->fresh.count; i++)
        item_slot(fold->model, fold->fresh.at[i].item)->fresh = 0;
    fold->fresh.count = 0;
}

enum rc fold_each_holder(struct fold *fold, uint32_t item, enum rc (*visit)(void *arg, uint32_t learner),
                         void *arg)
{
    const struct item_slot *slot = item_slot(fold->model, item);
    enum rc rc = RC_OK;

    for (uint32_t i = 0; rc == RC_OK && i < slot->holders.count; i++)
        rc = visit(arg, slot->holders.at[i]);
    for (uint32_t i = slot->fresh; rc == RC_OK && i; i = fold->fresh.at[i - 1].next)
        rc = visit(arg, fold->fresh.at[i - 1].learner);
    return rc;
}

struct item_def fold_item_so_far(const struct fold *fold, uint32_t key)
{
    static const struct item_def unseen = {.required = true};
    const struct item_def *def = view_item(fold->view, key);

    return item_def_value(def ? def : &unseen);
}

enum rc fold_set_item(struct fold *fold, uint32_t key, const struct item_def *next)
{
    struct item_slot *slot = item_slot(fold->model, key);
    struct item_def *copy = item_def_copy(next);

    if (!copy || (!slot->pending && !slot->removing && !fold_push(&fold->items, key))) {
        item_def_unref(copy);
        return RC_BUSY;
    }
    item_def_unref(slot->pending);
    slot->pending = copy;
    slot->removing = false;
    return RC_OK;
}

bool fold_note_course(struct fold *fold, uint32_t key)
{
    struct course_slot *slot = course_slot(fold->model, key);
    return slot->pending || slot->removing || fold_push(&fold->courses, key);
}

struct course_def *fold_pending_course(struct fold *fold, uint32_t key)
{
    static const struct course_def unseen = {0};
    struct course_slot *slot = course_slot(fold->model, key);

    if (!slot->pending) {
        struct course_def *copy = course_def_copy(slot->def && !slot->removing ? slot->def : &unseen);
        if (!copy || !fold_note_course(fold, key)) {
            course_def_unref(copy);
            return NULL;
        }
        slot->pending = copy;
        slot->removing = false;
    }
    return slot->pending;
}

/* Each item's chain of fresh holders once: from its head. */
static bool reserve_holders(struct fold *fold)
{
    for (uint32_t i = 0; i < fold->fresh.count; i++) {
        struct item_slot *slot = item_slot(fold->model, fold->fresh.at[i].item);
        uint32_t count = 0;
        if (slot->fresh != i + 1)
            continue;
        for (uint32_t at = slot->fresh; at; at = fold->fresh.at[at - 1].next)
            count++;
        if (!model_reserve_keys(fold->model, &slot->holders, count))
            return false;
    }
    return fold->fresh.count == 0 || model_reserve_record(fold->model, fold->fresh_record_id);
}

/* Calls with each enrolment that is new. */
static bool each_new_enrolment(struct fold *fold,
                               bool (*visit)(struct model *model, struct course_slot *slot))
{
    bool whole = true;

    for (uint32_t i = 0; i < fold->learners.count; i++) {
        const struct learner_slot *slot = learner_slot(fold->model, fold->learners.at[i]);
        const struct learner_state *before = model_state(fold->model, slot);
        const struct learner *now = &slot->working->learner;
        for (uint32_t k = before ? before->learner.enrolment_count : 0; k < now->enrolment_count; k++)
            whole &= visit(fold->model, course_slot(fold->model, now->enrolments[k].course));
    }
    return whole;
}

static bool count_joining(struct model *model, struct course_slot *slot)
{
    (void)model;
    slot->joining++;
    return true;
}

static bool reserve_joining(struct model *model, struct course_slot *slot)
{
    uint32_t joining = slot->joining;

    slot->joining = 0;
    return model_reserve_keys(model, &slot->roster, joining);
}

enum rc fold_reserve(struct fold *fold)
{
    bool whole =
        model_keep_spare(fold->model) && reserve_holders(fold) && each_new_enrolment(fold, count_joining);
    return whole && each_new_enrolment(fold, reserve_joining) ? RC_OK : RC_BUSY;
}

void fold_publish(struct fold *fold, uint64_t sequence)
{
    struct model *model = fold->model;

    (void)pthread_rwlock_wrlock(&model->lock); /* cannot fail: not held */
    for (uint32_t i = 0; i < fold->items.count; i++) {
        struct item_slot *slot = item_slot(model, fold->items.at[i]);
        model_count_bound(model, slot->def, -1);
        model_count_bound(model, slot->pending, 1);
        item_def_unref(slot->def);
        slot->def = slot->pending;
        slot->pending = NULL;
        if (slot->removing)
            model_forget_id(model, ENTITY_ITEM, fold->items.at[i]);
        slot->removing = false;
        model_mark_dirty(model, ENTITY_ITEM, fold->items.at[i]);
    }
    for (uint32_t i = 0; i < fold->courses.count; i++) {
        struct course_slot *slot = course_slot(model, fold->courses.at[i]);
        course_def_unref(slot->def);
        slot->def = slot->pending;
        slot->pending = NULL;
        if (slot->removing && fold->erasing)
            model_forget_id(model, ENTITY_COURSE, fold->courses.at[i]);
        slot->removing = false;
        model_mark_dirty(model, ENTITY_COURSE, fold->courses.at[i]);
    }
    for (uint32_t i = 0; i < fold->learners.count; i++) {
        struct learner_slot *slot = learner_slot(model, fold->learners.at[i]);
        model_install(model, fold->learners.at[i], slot->working);
        slot->working = NULL;
    }
    if (fold->erasing)
        model_forget_learner(model, fold->erasing);
    fold->erasing = fold->old_threshold = 0;
    model->published = sequence;
    (void)pthread_rwlock_unlock(&model->lock); /* held above */
    model_compact(model);
    fold->learners.count = fold->courses.count = fold->items.count = 0;
    forget_fresh(fold);
}

void fold_abandon(struct fold *fold)
{
    for (uint32_t i = 0; i < fold->items.count; i++) {
        struct item_slot *slot = item_slot(fold->model, fold->items.at[i]);
        item_def_unref(slot->pending);
        slot->pending = NULL;
        slot->removing = false;
    }
    if (fold->old_threshold)
        fold->model->threshold_hundredths = fold->old_threshold;
    fold->deferred = false;
    fold->erasing = fold->old_threshold = 0;
    for (uint32_t i = 0; i < fold->courses.count; i++) {
        struct course_slot *slot = course_slot(fold->model, fold->courses.at[i]);
        course_def_unref(slot->pending);
        course_def_newest(slot->def);
        slot->pending = NULL;
        slot->removing = false;
    }
    for (uint32_t i = 0; i < fold->learners.count; i++) {
        struct learner_slot *slot = learner_slot(fold->model, fold->learners.at[i]);
        state_unref(slot->working);
        slot->working = NULL;
    }
    fold->learners.count = fold->courses.count = fold->items.count = 0;
    forget_fresh(fold);
}
