#include "app/verify.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/history.h"
#include "model/checkpoint_load.h"
#include "model/checkpoint_rows.h"
#include "model/replay.h"
#include "app/verify_logs.h"
#include "store/checkpoint.h"

enum { SHOWN_DIFFERENCES = 20, PROGRESS_EVERY = 1 << 12 };

/* What the index should hold of one learner: how many events, and a sum that tells one set from another. */
struct tally {
    uint64_t count, sum;
};

struct verifying {
    struct store *store;
    const struct verify_watch *watch;
    struct verify_result *result;
    struct fault *fault;
    struct model *model;
    struct fold fold;
    struct replay replay;
    uint64_t checkpoint;
    bool compared;
    struct tally *tallies, *indexed; /* by learner */
    uint8_t *seen[ENTITIES];         /* rows of the checkpoint file, by kind and key */
    struct sequences catalogue, index_of_catalogue;
    struct log_refs logs;
};

static void __attribute__((format(printf, 2, 3))) differ(struct verifying *verifying, const char *format, ...)
{
    char text[256];
    va_list list;

    if (verifying->result->differences++ >= SHOWN_DIFFERENCES)
        return;
    va_start(list, format);
    (void)vsnprintf(text, sizeof text, format, list); /* cut is fine */
    va_end(list);
    verifying->watch->difference(verifying->watch->arg, text);
}

static uint64_t mixed(uint64_t number)
{
    number ^= number >> 31;
    number *= UINT64_C(0x9e3779b97f4a7c15);
    return number ^ number >> 29;
}

/* ---- the checkpoint file's rows ---- */

static const char *const entity_names[ENTITIES] = {"learner", "course", "item"};

static enum rc compare_row(void *arg, const struct checkpoint_row *row, struct fault *fault)
{
    struct verifying *verifying = arg;
    struct model *model = verifying->model;
    struct buf expected = {0};

    (void)fault;
    if (row->key == 0 || row->key > model_count(model, (enum entity)row->kind)) {
        differ(verifying, "%s %u: a row for nobody", entity_names[row->kind], row->key);
        return RC_OK;
    }
    verifying->seen[row->kind][row->key] = 1;
    bool there = checkpoint_row_encode(model, row->kind, row->key, &expected);
    if (!there || expected.size != row->size || memcmp(expected.bytes, row->bytes, row->size) != 0)
        differ(verifying, "%s %u (%s): the row is not what the events say", entity_names[row->kind], row->key,
               view_id((struct view){model, false}, (enum entity)row->kind, row->key).bytes);
    buf_done(&expected);
    return RC_OK;
}

static void look_for_missing(struct verifying *verifying)
{
    struct model *model = verifying->model;

    for (enum entity kind = 0; kind < ENTITIES; kind++)
        for (uint32_t i = 1; i <= model_count(model, kind); i++)
            if (view_knows((struct view){model, false}, kind, i) && !verifying->seen[kind][i])
                differ(verifying, "%s %u (%s): the row is missing", entity_names[kind], i,
                       view_id((struct view){model, false}, kind, i).bytes);
}

/* ---- the index ---- */

static enum rc count_indexed(void *arg, uint32_t learner, uint64_t sequence, struct fault *fault)
{
    struct verifying *verifying = arg;

    if (learner == 0)
        return sequences_visit(&verifying->index_of_catalogue, sequence, fault);
    if (learner > model_count(verifying->model, ENTITY_LEARNER)) {
        differ(verifying, "index: events of learner %u, who is nobody", learner);
        return RC_OK;
    }
    verifying->indexed[learner].count++;
    verifying->indexed[learner].sum += mixed(sequence);
    return RC_OK;
}

/* The catalogue's index may still know events that went with an erased learner; it must know all that are
 * there. */
static void compare_catalogue_index(struct verifying *verifying)
{
    const struct sequences *known = &verifying->index_of_catalogue;
    size_t at = 0;

    sequences_settle(&verifying->index_of_catalogue);
    for (size_t i = 0; i < verifying->catalogue.count; i++) {
        while (at < known->count && known->at[at] < verifying->catalogue.at[i])
            at++;
        if (at == known->count || known->at[at] != verifying->catalogue.at[i])
            differ(verifying, "index: the catalogue's event %llu is missing",
                   (unsigned long long)verifying->catalogue.at[i]);
    }
}

static enum rc compare_index(struct verifying *verifying)
{
    enum rc rc = store_each_index_entry(verifying->store, count_indexed, verifying, verifying->fault);

    if (rc != RC_OK)
        return rc;
    for (uint32_t i = 1; i <= model_count(verifying->model, ENTITY_LEARNER); i++)
        if (memcmp(&verifying->tallies[i], &verifying->indexed[i], sizeof verifying->tallies[i]) != 0)
            differ(verifying, "index: learner %u (%s) has %llu events, the index knows %llu", i,
                   view_id((struct view){verifying->model, false}, ENTITY_LEARNER, i).bytes,
                   (unsigned long long)verifying->tallies[i].count,
                   (unsigned long long)verifying->indexed[i].count);
    compare_catalogue_index(verifying);
    return RC_OK;
}

static enum rc compare_checkpoint(struct verifying *verifying)
{
    verifying->compared = true;
    if (!verifying->result->has_checkpoint)
        return RC_OK;
    enum rc rc = store_each_checkpoint_row(verifying->store, compare_row, verifying, verifying->fault);
    if (rc == RC_OK)
        look_for_missing(verifying);
    if (rc == RC_OK && model_threshold(verifying->model) != store_checkpoint_threshold(verifying->store))
        differ(verifying, "the completion threshold is not what the events say");
    return rc == RC_OK ? compare_index(verifying) : rc;
}

/* ---- folding ---- */

static bool note(struct verifying *verifying, const struct stored_event *stored)
{
    if (stored->kind == EV_ERASED || view_is_erased((struct view){verifying->model, false}, stored->learner))
        return true; /* the index keeps nothing of who was erased, not even this */
    if (stored->sequence <= verifying->checkpoint && stored->learner) {
        verifying->tallies[stored->learner].count++;
        verifying->tallies[stored->learner].sum += mixed(stored->sequence);
    } else if (stored->sequence <= verifying->checkpoint &&
               !sequences_add(&verifying->catalogue, stored->sequence)) {
        return false;
    }
    return log_refs_add(&verifying->logs, stored);
}

static enum rc fold_one(void *arg, const struct stored_event *stored, struct fault *fault)
{
    struct verifying *verifying = arg;

    if (stored->sequence > verifying->checkpoint && !verifying->compared) {
        if (replay_publish(&verifying->replay) != RC_OK)
            return fault_no_memory(fault);
        enum rc rc = compare_checkpoint(verifying);
        if (rc != RC_OK)
            return rc;
    }
    enum rc folded = replay_event(&verifying->replay, stored);
    if (folded == RC_INTERNAL)
        return fault_text(fault, folded, "the store failed", "event %llu makes no sense; restore a backup",
                          (unsigned long long)stored->sequence);
    if (folded != RC_OK || !note(verifying, stored))
        return fault_no_memory(fault);
    if (++verifying->result->events % PROGRESS_EVERY == 0)
        verifying->watch->progress(verifying->watch->arg, verifying->result->events);
    return RC_OK;
}

/* ---- log entries ---- */

static enum rc report_log(void *arg, uint32_t learner, uint64_t log_id, const struct log_state *should,
                          struct fault *fault)
{
    (void)fault;
    differ(arg, "log %llu of learner %u: %s", (unsigned long long)log_id, learner,
           should ? "is not what the events say" : "should not be there");
    return RC_OK;
}

static enum rc report_total(void *arg, const struct store_log_total *should, struct fault *fault)
{
    (void)fault;
    differ(arg, "log entries of learner %u: their total should be %u entries, %llu bytes, %u rollbacks",
           should->learner, should->entries, (unsigned long long)should->bytes, should->rollbacks);
    return RC_OK;
}

/* ---- all of it ---- */

static enum rc prepare(struct verifying *verifying)
{
    enum rc rc = model_new(&verifying->model) == RC_OK ? RC_OK : fault_no_memory(verifying->fault);

    if (rc == RC_OK)
        rc = checkpoint_load_ids(verifying->model, verifying->store, verifying->fault);
    if (rc != RC_OK)
        return rc;
    if (fold_init(&verifying->fold, verifying->model) != RC_OK ||
        replay_init(&verifying->replay, &verifying->fold) != RC_OK)
        return fault_no_memory(verifying->fault);
    const struct model *model = verifying->model;
    verifying->tallies = calloc(model_count(model, ENTITY_LEARNER) + 1u, sizeof *verifying->tallies);
    verifying->indexed = calloc(model_count(model, ENTITY_LEARNER) + 1u, sizeof *verifying->indexed);
    bool whole = verifying->tallies && verifying->indexed;
    for (enum entity kind = 0; kind < ENTITIES; kind++) {
        verifying->seen[kind] = calloc(model_count(model, kind) + 1u, 1);
        whole &= verifying->seen[kind] != NULL;
    }
    return whole ? RC_OK : fault_no_memory(verifying->fault);
}

static void done(struct verifying *verifying)
{
    if (verifying->fold.model)
        fold_done(&verifying->fold);
    model_free(verifying->model);
    replay_done(&verifying->replay);
    free(verifying->tallies);
    free(verifying->indexed);
    for (enum entity i = 0; i < ENTITIES; i++)
        free(verifying->seen[i]);
    sequences_done(&verifying->catalogue);
    sequences_done(&verifying->index_of_catalogue);
    free(verifying->logs.at);
}

static enum rc fold_all(struct verifying *verifying)
{
    enum rc rc = store_each_event(verifying->store, 0, fold_one, verifying, verifying->fault);

    if (rc == RC_OK && replay_publish(&verifying->replay) != RC_OK)
        rc = fault_no_memory(verifying->fault);
    if (rc == RC_OK && !verifying->compared)
        rc = compare_checkpoint(verifying);
    return rc;
}

static enum rc look_for_erasure(void *arg, const struct stored_event *stored, struct fault *fault)
{
    struct verify_result *result = arg;

    (void)fault;
    result->overtaken |= stored->kind == EV_ERASED;
    return RC_OK;
}

enum rc verify_store(struct store *store, const struct verify_watch *watch, struct verify_result *out,
                     struct fault *fault)
{
    struct verifying verifying = {.store = store, .watch = watch, .result = out, .fault = fault};

    *out = (struct verify_result){0};
    verifying.checkpoint = store_checkpoint_sequence(store);
    out->has_checkpoint = verifying.checkpoint > 0;
    /* Killed between an erasure and the checkpoint that follows it: the rows still count events that nobody
     * can fold. */
    enum rc rc = out->has_checkpoint
                     ? store_each_event(store, verifying.checkpoint, look_for_erasure, out, fault)
                     : RC_OK;
    out->has_checkpoint &= !out->overtaken;
    if (rc == RC_OK)
        rc = prepare(&verifying);
    if (rc == RC_OK)
        rc = fold_all(&verifying);
    if (rc == RC_OK)
        rc = verify_logs(store, &verifying.logs,
                         &(struct log_judge){&verifying, report_log, report_total, true}, &out->logs, fault);
    if (rc == RC_OK) {
        for (uint32_t i = 1; i <= model_count(verifying.model, ENTITY_LEARNER); i++)
            out->learners += view_knows((struct view){verifying.model, false}, ENTITY_LEARNER, i);
        out->courses = model_count(verifying.model, ENTITY_COURSE);
        out->items = model_count(verifying.model, ENTITY_ITEM);
    }
    done(&verifying);
    return rc;
}
