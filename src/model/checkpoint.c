#include "model/checkpoint.h"

#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "core/learner_codec.h"

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

static void put_number(struct buf *out, uint64_t value)
{
    if (buf_reserve(out, VARINT_MAX_BYTES)) {
        uint8_t *at = (uint8_t *)out->bytes + out->size;
        out->size += (size_t)(put_u64(at, value) - at);
    }
}

static void put_block(struct buf *out, const struct buf *block)
{
    put_number(out, block->size);
    buf_add(out, block->bytes, block->size);
}

static void put_wide(wide total, struct buf *out)
{
    buf_printf(out, " %lld:%llu", (long long)(total >> 64), (unsigned long long)total);
}

static void sums_text(const struct item_sums *sums, struct buf *out)
{
    buf_printf(out, "%lld %lld %lld %lld", (long long)sums->records, (long long)sums->not_started,
               (long long)sums->in_progress, (long long)sums->completed);
    put_wide(sums->time_spent_ms, out);
    put_wide(sums->watched_s, out);
}

/* A row: definition (empty when unknown), then the sums, so that a start can compare them with the learners'.
 */
static void encode_course(const struct course_def *def, const struct course_sums *sums, struct buf *row)
{
    struct buf part = {0};

    if (def)
        course_def_encode(def, &part);
    put_block(row, &part);
    row->failed |= part.failed;
    buf_clear(&part);
    course_sums_encode(sums, &part);
    put_block(row, &part);
    row->failed |= part.failed;
    buf_done(&part);
}

static void encode_item(const struct item_def *def, const struct item_sums *sums, struct buf *row)
{
    struct buf part = {0};

    if (def)
        item_def_encode(def, &part);
    put_block(row, &part);
    row->failed |= part.failed;
    buf_clear(&part);
    sums_text(sums, &part);
    put_block(row, &part);
    row->failed |= part.failed;
    buf_done(&part);
}

/* Takes references and sums of what is dirty: no more than a few steps for each, and the cells of a course's
 * sums. */
static bool take_rows(struct model *model, struct checkpoint *checkpoint)
{
    const struct keys *learners = &model->dirty_learners, *courses = &model->dirty_courses,
                      *items = &model->dirty_items;

    checkpoint->learners = malloc((learners->count + 1) * sizeof *checkpoint->learners);
    checkpoint->courses = malloc((courses->count + 1) * sizeof *checkpoint->courses);
    checkpoint->items = malloc((items->count + 1) * sizeof *checkpoint->items);
    if (!checkpoint->learners || !checkpoint->courses || !checkpoint->items)
        return false;
    for (uint32_t i = 0; i < courses->count; i++) {
        const struct course_slot *slot = model->courses[courses->at[i]];
        struct checkpoint_course *row = &checkpoint->courses[i];
        if (!course_sums_copy(&slot->sums, &row->sums))
            return false;
        row->key = courses->at[i];
        row->def = course_def_ref(slot->def);
        checkpoint->course_count++;
    }
    for (uint32_t i = 0; i < items->count; i++) {
        const struct item_slot *slot = model->items[items->at[i]];
        checkpoint->items[i] = (struct checkpoint_item){items->at[i], item_def_ref(slot->def), slot->sums};
        checkpoint->item_count++;
    }
    for (uint32_t i = 0; i < learners->count; i++) {
        const struct learner_slot *slot = model->learners[learners->at[i]];
        checkpoint->learners[i] = (struct checkpoint_learner){learners->at[i], state_ref(slot->state)};
        checkpoint->scrub |= slot->erased;
        checkpoint->learner_count++;
    }
    return true;
}

static void forget_dirt(struct model *model)
{
    for (uint32_t i = 0; i < model->dirty_learners.count; i++)
        model->learners[model->dirty_learners.at[i]]->dirty = false;
    for (uint32_t i = 0; i < model->dirty_courses.count; i++)
        model->courses[model->dirty_courses.at[i]]->dirty = false;
    for (uint32_t i = 0; i < model->dirty_items.count; i++)
        model->items[model->dirty_items.at[i]]->dirty = false;
    model->dirty_learners.count = model->dirty_courses.count = model->dirty_items.count = 0;
}

enum rc checkpoint_take(struct model *model, struct tail *tail, struct checkpoint **out_checkpoint)
{
    *out_checkpoint = NULL;
    if (model->dirty_learners.count + model->dirty_courses.count + model->dirty_items.count == 0 &&
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
    forget_dirt(model);
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
        encode_course(checkpoint->courses[i].def, &checkpoint->courses[i].sums, &row);
        rc = write_row(store, CHECKPOINT_COURSE, checkpoint->courses[i].key, &row, fault);
    }
    for (uint32_t i = 0; rc == RC_OK && i < checkpoint->item_count; i++) {
        buf_clear(&row);
        encode_item(checkpoint->items[i].def, &checkpoint->items[i].sums, &row);
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
        model_mark_dirty(model, INTERN_LEARNER, checkpoint->learners[i].key);
    for (uint32_t i = 0; i < checkpoint->course_count; i++)
        model_mark_dirty(model, INTERN_COURSE, checkpoint->courses[i].key);
    for (uint32_t i = 0; i < checkpoint->item_count; i++)
        model_mark_dirty(model, INTERN_ITEM, checkpoint->items[i].key);
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

/* ---- loading ---- */

struct load {
    struct model *model;
    struct buf *course_sums, *item_sums; /* what the file says, by key; compared at the end */
    struct segment *room;
};

static bool load_id(void *arg, const struct store_id *id)
{
    enum intern_kind kind = id->kind == STORE_LEARNER  ? INTERN_LEARNER
                            : id->kind == STORE_COURSE ? INTERN_COURSE
                                                       : INTERN_ITEM;
    return model_load_id(arg, kind, id->key, id->id, id->size);
}

static bool load_definition(struct load *load, const struct checkpoint_row *row)
{
    struct reader from = {row->bytes, row->bytes + row->size, false};
    struct model *model = load->model;
    uint32_t size, sums_size;
    const uint8_t *def = (const uint8_t *)get_bytes(&from, &size);
    const char *sums = get_bytes(&from, &sums_size);
    bool course = row->kind == CHECKPOINT_COURSE;

    if (from.bad || row->key == 0 || row->key > (course ? model->course_count : model->item_count))
        return false;
    buf_add(course ? &load->course_sums[row->key] : &load->item_sums[row->key], sums, sums_size);
    if (!def)
        return true;
    if (course)
        return (model->courses[row->key]->def = course_def_decode(&def, def + size)) != NULL;
    const struct item_def *item = model->items[row->key]->def = item_def_decode(&def, def + size);
    if (!item || item->bound > model->course_count)
        return false;
    model_count_bound(model, item, 1);
    return true;
}

static const struct segment *keep_segments(void *arg, const struct segment *segments, uint32_t count)
{
    struct blob *blob = blob_new(segments, count * (uint32_t)sizeof *segments);

    (void)arg;
    return blob ? (const struct segment *)(const void *)blob->bytes : NULL;
}

/* Metadata and certificates were decoded as borrowed bytes: give the state its own. */
static bool own_texts(struct learner *learner)
{
    bool whole = true;

    for (uint32_t i = 0; i < learner->record_count; i++) {
        struct record *record = &learner->records[i];
        struct blob *blob = record->metadata ? blob_new(record->metadata, record->metadata_size) : NULL;
        whole &= !record->metadata || blob;
        record->metadata = blob ? blob->bytes : NULL;
    }
    for (uint32_t i = 0; i < learner->enrolment_count; i++) {
        struct enrolment *enrolment = &learner->enrolments[i];
        struct blob *blob = enrolment->certificate_url
                                ? blob_new(enrolment->certificate_url, enrolment->certificate_size)
                                : NULL;
        whole &= !enrolment->certificate_url || blob;
        enrolment->certificate_url = blob ? (const char *)blob->bytes : NULL;
    }
    return whole;
}

static bool keys_fit(const struct model *model, const struct learner *learner)
{
    for (uint32_t i = 0; i < learner->record_count; i++)
        if (learner->records[i].item == 0 || learner->records[i].item > model->item_count)
            return false;
    for (uint32_t i = 0; i < learner->enrolment_count; i++)
        if (learner->enrolments[i].course == 0 || learner->enrolments[i].course > model->course_count)
            return false;
    return true;
}

static bool load_learner(struct load *load, const struct checkpoint_row *row)
{
    struct model *model = load->model;
    struct learner_sizes sizes;
    const char *zone = NULL;
    uint32_t zone_size = 0;

    if (row->key == 0 || row->key > model->learner_count || !learner_peek(row->bytes, row->size, &sizes))
        return false;
    struct learner_state *state =
        state_sized(row->key, sizes.records, sizes.enrolments, sizes.days, sizes.event_ids);
    if (!state)
        return false;
    if (!learner_decode(row->bytes, row->size, &state->learner, load->room, keep_segments, NULL, &zone,
                        &zone_size) ||
        !own_texts(&state->learner) || !keys_fit(model, &state->learner)) {
        free(state); /* damaged: what it half holds is lost with it, the model is thrown away next */
        return false;
    }
    state->learner.key = row->key;
    state->learner.zone = zone_kept(zone, zone_size);
    model->learners[row->key]->state = state;
    model_replace(model, NULL, &state->learner);
    return true;
}

static bool load_row(void *arg, const struct checkpoint_row *row)
{
    return row->kind == CHECKPOINT_LEARNER ? load_learner(arg, row) : load_definition(arg, row);
}

/* On disk every sum equals the sum over the learner rows on disk, or the file is not to be trusted. */
static bool sums_agree(struct load *load)
{
    struct model *model = load->model;
    struct buf text = {0};
    bool agree = true;

    for (uint32_t i = 1; agree && i <= model->course_count; i++) {
        buf_clear(&text);
        course_sums_encode(&model->courses[i]->sums, &text);
        agree = text.size == load->course_sums[i].size &&
                (text.size == 0 || memcmp(text.bytes, load->course_sums[i].bytes, text.size) == 0);
    }
    for (uint32_t i = 1; agree && i <= model->item_count; i++) {
        if (load->item_sums[i].size == 0 && model->items[i]->sums.records == 0)
            continue;
        buf_clear(&text);
        sums_text(&model->items[i]->sums, &text);
        agree = text.size == load->item_sums[i].size &&
                memcmp(text.bytes, load->item_sums[i].bytes, text.size) == 0;
    }
    buf_done(&text);
    return agree;
}

enum rc checkpoint_load_ids(struct model *model, struct store *store, struct fault *fault)
{
    return store_each_id(store, load_id, model, fault);
}

bool checkpoint_row_encode(const struct model *model, enum checkpoint_row_kind kind, uint32_t key,
                           struct buf *out)
{
    if (kind == CHECKPOINT_COURSE) {
        encode_course(model->courses[key]->def, &model->courses[key]->sums, out);
    } else if (kind == CHECKPOINT_ITEM) {
        encode_item(model->items[key]->def, &model->items[key]->sums, out);
    } else {
        const struct learner_state *state = model->learners[key]->state;
        if (!state || !buf_reserve(out, learner_bound(&state->learner)))
            return false;
        out->size = learner_encode(&state->learner, (uint8_t *)out->bytes);
    }
    return !out->failed;
}

enum rc checkpoint_load(struct model *model, struct store *store, struct fault *fault)
{
    struct load load = {.model = model};
    enum rc rc = checkpoint_load_ids(model, store, fault);

    if (rc != RC_OK)
        return rc;
    load.course_sums = calloc(model->course_count + 1u, sizeof *load.course_sums);
    load.item_sums = calloc(model->item_count + 1u, sizeof *load.item_sums);
    load.room = malloc(RECORD_MAX_SEGMENTS * sizeof *load.room);
    if (!load.course_sums || !load.item_sums || !load.room)
        rc = fault_no_memory(fault);
    if (rc == RC_OK) {
        rc = store_each_checkpoint_row(store, load_row, &load, fault);
        if (rc == RC_INTERNAL || (rc == RC_OK && !sums_agree(&load)))
            rc = fault_set(fault, RC_CONFLICT, NULL, "checkpoint.db contradicts itself");
    }
    for (uint32_t i = 0; load.course_sums && i <= model->course_count; i++)
        buf_done(&load.course_sums[i]);
    for (uint32_t i = 0; load.item_sums && i <= model->item_count; i++)
        buf_done(&load.item_sums[i]);
    free(load.course_sums);
    free(load.item_sums);
    free(load.room);
    if (store_checkpoint_threshold(store))
        model->threshold_hundredths = store_checkpoint_threshold(store);
    forget_dirt(model);
    model->published = store_checkpoint_sequence(store);
    return rc;
}
