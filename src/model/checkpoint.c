#include "model/checkpoint.h"

#include <stdlib.h>
#include <string.h>

#include "core/learner_codec.h"
#include "model/checkpoint_rows.h"
#include "model/model_private.h"

struct checkpoint_course {
    uint32_t key;
    const struct course_def *def; /* referenced */
    struct course_sums sums;      /* a copy */
};

struct checkpoint_item {
    uint32_t key;
    const struct item_def *def; /* referenced */
    struct item_sums sums;
};

/* Everything in it stays as it is, so that it is sorted, encoded and written elsewhere. */
struct checkpoint {
    uint64_t sequence;
    struct checkpoint_learner *learners;
    struct checkpoint_course *courses;
    struct checkpoint_item *items;
    uint32_t learner_count, course_count, item_count;
    struct tail *tail;
    uint16_t threshold_hundredths;
    bool scrub;        /* somebody was erased: no copy of their row may stay in the file's log */
    bool scrub_owed;   /* that could not be done: the next checkpoint tries again */
    uint32_t too_long; /* learners whose state no row can hold */
};

struct checkpoint_learner {
    uint32_t key;
    struct learner_state *state; /* referenced; NULL: erased */
};

uint64_t checkpoint_sequence(const struct checkpoint *checkpoint)
{
    return checkpoint->sequence;
}

/* Takes references and sums of what is dirty: no more than a few steps for each, and the cells of a course's
 * sums. */
static bool take_rows(struct model *model, struct checkpoint *checkpoint)
{
    const struct keys *learners = &model->tables[ENTITY_LEARNER].dirty,
                      *courses = &model->tables[ENTITY_COURSE].dirty,
                      *items = &model->tables[ENTITY_ITEM].dirty;

    checkpoint->learners = malloc((learners->count + 1) * sizeof *checkpoint->learners);
    checkpoint->courses = malloc((courses->count + 1) * sizeof *checkpoint->courses);
    checkpoint->items = malloc((items->count + 1) * sizeof *checkpoint->items);
    if (!checkpoint->learners || !checkpoint->courses || !checkpoint->items)
        return false;
    for (uint32_t i = 0; i < courses->count; i++) {
        const struct course_slot *slot = course_slot(model, courses->at[i]);
        struct checkpoint_course *row = &checkpoint->courses[i];
        if (!course_sums_copy_to_encode(&slot->sums, &row->sums))
            return false;
        row->key = courses->at[i];
        row->def = course_def_ref(slot->def);
        checkpoint->course_count++;
    }
    for (uint32_t i = 0; i < items->count; i++) {
        const struct item_slot *slot = item_slot(model, items->at[i]);
        checkpoint->items[i] = (struct checkpoint_item){items->at[i], item_def_ref(slot->def), slot->sums};
        checkpoint->item_count++;
    }
    for (uint32_t i = 0; i < learners->count; i++) {
        const struct learner_slot *slot = learner_slot(model, learners->at[i]);
        checkpoint->learners[i] = (struct checkpoint_learner){learners->at[i], state_ref(slot->state)};
        checkpoint->scrub |= slot->head.erased;
        checkpoint->learner_count++;
    }
    return true;
}

enum rc checkpoint_take(struct model *model, struct tail *tail, struct checkpoint **out_checkpoint)
{
    *out_checkpoint = NULL;
    if (model->tables[ENTITY_LEARNER].dirty.count + model->tables[ENTITY_COURSE].dirty.count +
                model->tables[ENTITY_ITEM].dirty.count ==
            0 &&
        tail_size(tail) == 0 && !model->scrub_owed)
        return RC_OK;
    struct checkpoint *checkpoint = calloc(1, sizeof *checkpoint);
    if (!checkpoint)
        return RC_BUSY;
    checkpoint->sequence = model->published;
    checkpoint->threshold_hundredths = model->threshold_hundredths;
    checkpoint->scrub = model->scrub_owed;
    if (!take_rows(model, checkpoint)) {
        checkpoint->scrub_owed = model->scrub_owed;
        checkpoint_done(checkpoint, model, true); /* nothing was taken off the lists yet */
        return RC_BUSY;
    }
    model_forget_dirt(model);
    checkpoint->tail = tail;
    tail_begin_checkpoint(tail);
    *out_checkpoint = checkpoint;
    return RC_OK;
}

/* The events of the checkpoint into the index of each learner's events. */
static enum rc write_events(const struct checkpoint *checkpoint, struct store *store, struct fault *fault)
{
    size_t count;
    struct event_ref *refs = tail_in_checkpoint(checkpoint->tail, &count);

    if (count && !refs)
        return fault_no_memory(fault);
    if (count)
        qsort(refs, count, sizeof *refs, tail_by_learner);
    enum rc rc = store_checkpoint_events(store, refs, count, fault);
    free(refs);
    if (rc != RC_OK)
        return rc;
    struct mention_ref *mentions = tail_mentions_in_checkpoint(checkpoint->tail, &count);
    if (count && !mentions)
        return fault_no_memory(fault);
    if (count)
        qsort(mentions, count, sizeof *mentions, tail_by_who);
    rc = store_checkpoint_mentions(store, mentions, count, fault);
    free(mentions);
    return rc;
}

/* Longer than a row of SQLite may be. No budget lets a state come near; one of old may be past it, and must
 * not keep everybody else's rows from the file: the next start then finds that the file contradicts itself,
 * and folds the events. */
static const size_t ROW_MAX_BYTES = 900000000;

static enum rc write_row(struct store *store, enum checkpoint_row_kind kind, uint32_t key,
                         const struct buf *bytes, struct fault *fault)
{
    struct checkpoint_row row = {
        .kind = kind, .key = key, .bytes = (const uint8_t *)bytes->bytes, .size = bytes->size};

    if (bytes->failed)
        return fault_no_memory(fault);
    return store_checkpoint_row(store, &row, fault);
}

static enum rc write_learner(struct checkpoint *checkpoint, struct store *store,
                             const struct checkpoint_learner *learner, struct buf *bytes, struct fault *fault)
{
    struct checkpoint_row erased = {.kind = CHECKPOINT_LEARNER, .key = learner->key};

    buf_clear(bytes);
    if (!learner->state) {
        enum rc rc = store_checkpoint_forget(store, learner->key, fault);
        return rc == RC_OK ? store_checkpoint_row(store, &erased, fault) : rc;
    }
    size_t bound = learner_bound(&learner->state->learner);
    if (bound > ROW_MAX_BYTES) {
        checkpoint->too_long++;
        return RC_OK;
    }
    if (buf_reserve(bytes, bound))
        bytes->size = learner_encode(&learner->state->learner, (uint8_t *)bytes->bytes);
    return write_row(store, CHECKPOINT_LEARNER, learner->key, bytes, fault);
}

static int by_key(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b; /* each begins with its key */
    return left < right ? -1 : left > right;
}

/* In the order of their keys: pages are then written in order. */
static enum rc write_rows(struct checkpoint *checkpoint, struct store *store, struct fault *fault)
{
    struct buf row = {0};
    enum rc rc = RC_OK;

    qsort(checkpoint->courses, checkpoint->course_count, sizeof *checkpoint->courses, by_key);
    qsort(checkpoint->items, checkpoint->item_count, sizeof *checkpoint->items, by_key);
    qsort(checkpoint->learners, checkpoint->learner_count, sizeof *checkpoint->learners, by_key);
    for (uint32_t i = 0; rc == RC_OK && i < checkpoint->course_count; i++) {
        buf_clear(&row);
        checkpoint_course_encode(checkpoint->courses[i].def, &checkpoint->courses[i].sums, &row);
        rc = write_row(store, CHECKPOINT_COURSE, checkpoint->courses[i].key, &row, fault);
    }
    for (uint32_t i = 0; rc == RC_OK && i < checkpoint->item_count; i++) {
        buf_clear(&row);
        checkpoint_item_encode(checkpoint->items[i].def, &checkpoint->items[i].sums, &row);
        rc = write_row(store, CHECKPOINT_ITEM, checkpoint->items[i].key, &row, fault);
    }
    for (uint32_t i = 0; rc == RC_OK && i < checkpoint->learner_count; i++)
        rc = write_learner(checkpoint, store, &checkpoint->learners[i], &row, fault);
    buf_done(&row);
    return rc;
}

enum rc checkpoint_write(struct checkpoint *checkpoint, struct store *store, struct fault *fault)
{
    enum rc rc = store_checkpoint_begin(store, fault);

    checkpoint->too_long = 0;
    if (rc == RC_OK)
        rc = write_events(checkpoint, store, fault);
    if (rc == RC_OK)
        rc = write_rows(checkpoint, store, fault);
    if (rc == RC_OK)
        rc = store_checkpoint_commit(store, checkpoint->sequence, checkpoint->threshold_hundredths, fault);
    if (rc != RC_OK)
        store_checkpoint_rollback(store);
    else if (checkpoint->scrub) /* the checkpoint is written, whatever comes of this */
        checkpoint->scrub_owed =
            store_scrub_checkpoint(store, fault) != RC_OK; /* in the way: with the next checkpoint */
    return rc;
}

uint32_t checkpoint_too_long(const struct checkpoint *checkpoint)
{
    return checkpoint->too_long;
}

/* Not written: everything that is in it must go with a later checkpoint. */
static void mark_again(const struct checkpoint *checkpoint, struct model *model)
{
    for (uint32_t i = 0; i < checkpoint->learner_count; i++)
        model_mark_dirty(model, ENTITY_LEARNER, checkpoint->learners[i].key);
    for (uint32_t i = 0; i < checkpoint->course_count; i++)
        model_mark_dirty(model, ENTITY_COURSE, checkpoint->courses[i].key);
    for (uint32_t i = 0; i < checkpoint->item_count; i++)
        model_mark_dirty(model, ENTITY_ITEM, checkpoint->items[i].key);
}

void checkpoint_done(struct checkpoint *checkpoint, struct model *model, bool written)
{
    if (!checkpoint)
        return;
    if (!written)
        mark_again(checkpoint, model);
    model->scrub_owed = written ? checkpoint->scrub_owed : checkpoint->scrub;
    if (checkpoint->tail)
        tail_end_checkpoint(checkpoint->tail, written);
    for (uint32_t i = 0; i < checkpoint->learner_count; i++)
        state_unref(checkpoint->learners[i].state);
    for (uint32_t i = 0; i < checkpoint->course_count; i++) {
        course_def_unref(checkpoint->courses[i].def);
        course_sums_done(&checkpoint->courses[i].sums);
    }
    for (uint32_t i = 0; i < checkpoint->item_count; i++)
        item_def_unref(checkpoint->items[i].def);
    free(checkpoint->learners);
    free(checkpoint->courses);
    free(checkpoint->items);
    free(checkpoint);
}
