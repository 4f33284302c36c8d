#include "model/checkpoint_load.h"

#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "core/learner_codec.h"
#include "model/checkpoint_rows.h"
#include "model/model_private.h"
#include "model/names.h"

struct load {
    struct model *model;
    struct buf *course_sums, *item_sums; /* what the file says, by key; compared at the end */
    struct segment *room;
};

static enum rc load_id(void *arg, const struct store_id *id, struct fault *fault)
{
    return model_load_id(arg, (enum entity)id->kind, id->key, id->id, id->size)
               ? RC_OK
               : fault_text(fault, RC_INTERNAL, "the store failed", "the ids do not fit together");
}

static bool load_definition(struct load *load, const struct checkpoint_row *row)
{
    struct reader from = {row->bytes, row->bytes + row->size, false};
    struct model *model = load->model;
    uint32_t size, sums_size;
    const uint8_t *def = (const uint8_t *)get_bytes(&from, &size);
    const char *sums = get_bytes(&from, &sums_size);
    bool course = row->kind == CHECKPOINT_COURSE;

    if (from.bad || row->key == 0 ||
        row->key > (course ? model_count(model, ENTITY_COURSE) : model_count(model, ENTITY_ITEM)))
        return false;
    buf_add(course ? &load->course_sums[row->key] : &load->item_sums[row->key], sums, sums_size);
    if (!def)
        return true;
    if (course)
        return (course_slot(model, row->key)->def = course_def_decode(&def, def + size)) != NULL;
    const struct item_def *item = item_slot(model, row->key)->def = item_def_decode(&def, def + size);
    if (!item || item->bound > model_count(model, ENTITY_COURSE))
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
        if (learner->records[i].item == 0 || learner->records[i].item > model_count(model, ENTITY_ITEM))
            return false;
    for (uint32_t i = 0; i < learner->enrolment_count; i++)
        if (learner->enrolments[i].course == 0 ||
            learner->enrolments[i].course > model_count(model, ENTITY_COURSE))
            return false;
    return true;
}

static bool load_learner(struct load *load, const struct checkpoint_row *row)
{
    struct model *model = load->model;
    struct learner_sizes sizes;
    const char *zone = NULL;
    uint32_t zone_size = 0;

    if (row->key == 0 || row->key > model_count(model, ENTITY_LEARNER) ||
        !learner_peek(row->bytes, row->size, &sizes))
        return false;
    struct learner_state *state = state_sized(row->key, &sizes);
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
    learner_slot(model, row->key)->state = state;
    model_replace(model, NULL, &state->learner);
    return true;
}

static enum rc load_row(void *arg, const struct checkpoint_row *row, struct fault *fault)
{
    bool read = row->kind == CHECKPOINT_LEARNER ? load_learner(arg, row) : load_definition(arg, row);
    return read ? RC_OK : fault_text(fault, RC_INTERNAL, "the store failed", "a row cannot be read");
}

/* On disk every sum equals the sum over the learner rows on disk, or the file is not to be trusted. */
static bool sums_agree(struct load *load)
{
    struct model *model = load->model;
    struct buf text = {0};
    bool agree = true;

    for (uint32_t i = 1; agree && i <= model_count(model, ENTITY_COURSE); i++) {
        buf_clear(&text);
        course_sums_encode(&course_slot(model, i)->sums, &text);
        agree = text.size == load->course_sums[i].size &&
                (text.size == 0 || memcmp(text.bytes, load->course_sums[i].bytes, text.size) == 0);
    }
    for (uint32_t i = 1; agree && i <= model_count(model, ENTITY_ITEM); i++) {
        if (load->item_sums[i].size == 0 && item_slot(model, i)->sums.records == 0)
            continue;
        buf_clear(&text);
        checkpoint_sums_encode(&item_slot(model, i)->sums, &text);
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

enum rc checkpoint_load(struct model *model, struct store *store, struct fault *fault)
{
    struct load load = {.model = model};
    enum rc rc = checkpoint_load_ids(model, store, fault);

    if (rc != RC_OK)
        return rc;
    load.course_sums = calloc(model_count(model, ENTITY_COURSE) + 1u, sizeof *load.course_sums);
    load.item_sums = calloc(model_count(model, ENTITY_ITEM) + 1u, sizeof *load.item_sums);
    load.room = malloc(RECORD_MAX_SEGMENTS * sizeof *load.room);
    if (!load.course_sums || !load.item_sums || !load.room)
        rc = fault_no_memory(fault);
    if (rc == RC_OK) {
        rc = store_each_checkpoint_row(store, load_row, &load, fault);
        if (rc == RC_INTERNAL || (rc == RC_OK && !sums_agree(&load)))
            rc = fault_set(fault, RC_CONFLICT, NULL, "checkpoint.db contradicts itself");
    }
    for (uint32_t i = 0; load.course_sums && i <= model_count(model, ENTITY_COURSE); i++)
        buf_done(&load.course_sums[i]);
    for (uint32_t i = 0; load.item_sums && i <= model_count(model, ENTITY_ITEM); i++)
        buf_done(&load.item_sums[i]);
    free(load.course_sums);
    free(load.item_sums);
    free(load.room);
    if (store_checkpoint_threshold(store))
        model->threshold_hundredths = store_checkpoint_threshold(store);
    model_forget_dirt(model);
    model->published = store_checkpoint_sequence(store);
    return rc;
}
