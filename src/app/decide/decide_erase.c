#include "app/decide/decide_erase.h"

#include <string.h>

#include "app/batch.h"
#include "app/decide/forgotten.h"
#include "app/erase_jobs.h"
#include "base/codec.h"
#include "store/log.h"

static const char erased_actor[] = "erased";

/* More than so many events are taken out after the commit, a few at a time: erase_jobs.h. */
enum {
    AT_ONCE = 512,     /* events */
    ROWS_AT_ONCE = 64, /* of the log, which have no bound of their own in bytes; as in a later slice */
};

struct erasing {
    struct batch *batch;
    struct command *command;
    struct erase_plan *plan;
    struct sequences own; /* of the person, and of what the catalogue forgets */
    struct forgotten forgotten;
    struct stored_event *rewritten;
    size_t rewritten_count;
    bool fresh; /* the person had no key, and was only named by others */
};

/* ---- events that go, events that lose a name ---- */

/* Takes those of b out of a; both ascending. */
static void leave_out(struct sequences *a, const struct sequences *b)
{
    size_t kept = 0, at = 0;

    for (size_t i = 0; i < a->count; i++) {
        while (at < b->count && b->at[at] < a->at[i])
            at++;
        if (at == b->count || b->at[at] != a->at[i])
            a->at[kept++] = a->at[i];
    }
    a->count = kept;
}

/* own: the person's events and those that told the catalogue of what goes, ascending. */
static bool merge_own(struct erasing *erasing)
{
    struct erase_plan *plan = erasing->plan;
    struct sequences told = {0};
    size_t at = 0;
    bool whole = true;

    for (size_t i = 0; whole && i < plan->observed_count; i++)
        if (forgotten_goes(&erasing->forgotten, &plan->observed[i]))
            whole = sequences_add(&told, plan->observed[i].sequence);
    sequences_settle(&told);
    for (size_t i = 0; whole && i < plan->own.count; i++) {
        for (; whole && at < told.count && told.at[at] < plan->own.at[i]; at++)
            whole = sequences_add(&erasing->own, told.at[at]);
        whole = whole && sequences_add(&erasing->own, plan->own.at[i]);
    }
    for (; whole && at < told.count; at++)
        whole = sequences_add(&erasing->own, told.at[at]);
    sequences_done(&told);
    return whole;
}

static enum rc rewrite(void *arg, const struct stored_event *stored, struct fault *fault)
{
    struct erasing *erasing = arg;
    bool changed;

    if (!erase_rewrite(stored, erasing->command->learner, erasing->plan->room, &erasing->batch->arena,
                       &erasing->rewritten[erasing->rewritten_count], &changed))
        return fault_no_memory(fault);
    erasing->rewritten_count += changed;
    return RC_OK;
}

/* Courses and items that nobody else ever named, in the batch's arena. NULL: out of memory. */
static struct store_id *forgotten_ids(struct erasing *erasing, size_t *out_count)
{
    const struct forgotten *forgotten = &erasing->forgotten;
    size_t count = forgotten->item_count + forgotten->course_count;
    struct store_id *ids = arena_alloc(&erasing->batch->arena, (count + 1) * sizeof *ids);

    for (uint32_t i = 0; ids && i < forgotten->item_count; i++)
        ids[i] = (struct store_id){STORE_ITEM, forgotten->items[i], "", 0};
    for (uint32_t i = 0; ids && i < forgotten->course_count; i++)
        ids[forgotten->item_count + i] = (struct store_id){STORE_COURSE, forgotten->courses[i], "", 0};
    *out_count = count;
    return ids;
}

/* Whether it is more than one commit should hold. */
static enum rc is_much(struct erasing *erasing, bool *out, struct fault *fault)
{
    const struct command *command = erasing->command;
    struct store_erasure whom = {
        .learner = command->learner_key, .id = command->learner.bytes, .id_size = command->learner.size};

    *out = erasing->own.count + erasing->plan->named.count > AT_ONCE;
    if (*out)
        return RC_OK;
    whom.forgotten = forgotten_ids(erasing, &whom.forgotten_count);
    if (!whom.forgotten)
        return fault_no_memory(fault);
    return log_is_named(store_event_log(erasing->batch->store), &whom, ROWS_AT_ONCE, out, fault);
}

/* What was looked up before, and what was written since. */
static enum rc find_events(struct erasing *erasing, struct fault *fault)
{
    struct batch *batch = erasing->batch;
    struct command *command = erasing->command;
    struct erase_plan *plan = erasing->plan;

    if (plan->learner != command->learner_key) { /* came, or went, since: all of theirs is younger */
        plan->learner = command->learner_key;
        plan->own.count = 0;
    }
    enum rc rc = erase_plan_extend(&batch->history, batch->counters.sequence, plan, fault);
    if (rc != RC_OK)
        return rc;
    sequences_settle(&plan->named);
    command->count = (uint32_t)plan->own.count;
    if (!merge_own(erasing))
        return fault_no_memory(fault);
    leave_out(&plan->named, &erasing->own);
    bool much;
    rc = is_much(erasing, &much, fault);
    if (rc != RC_OK || much)
        return rc;
    erasing->rewritten = arena_alloc(&batch->arena, (plan->named.count + 1) * sizeof *erasing->rewritten);
    if (!erasing->rewritten)
        return fault_no_memory(fault);
    return store_each_event_of(batch->store, plan->named.at, plan->named.count, rewrite, erasing, fault);
}

/* ---- what is stored ---- */

static bool text_of_catalogue(const struct item_def *def)
{
    return def->type_rank == TYPE_CATALOG;
}

/* A course that has them as staff is declared again without them. */
static enum rc declare_without(struct erasing *erasing, uint32_t key, struct fault *fault)
{
    struct batch *batch = erasing->batch;
    struct text person = erasing->command->learner;
    const struct course_def *def = view_course(batch->fold->view, key);
    struct declaration declared = {
        .title = def->title, .description = def->description, .item_count = def->item_count};
    struct buf body = {0};

    declared.staff = arena_alloc(&batch->arena, (def->staff_count + 1) * sizeof *declared.staff);
    declared.items = arena_alloc(&batch->arena, (def->item_count + 1) * sizeof *declared.items);
    if (!declared.staff || !declared.items)
        return fault_no_memory(fault);
    for (uint32_t i = 0; i < def->staff_count; i++)
        if (def->staff[i].user.size != person.size ||
            memcmp(def->staff[i].user.bytes, person.bytes, person.size) != 0)
            declared.staff[declared.staff_count++] = def->staff[i];
    for (uint32_t i = 0; i < def->item_count; i++) {
        const struct item_def *item = view_item(batch->fold->view, def->items[i]);
        declared.items[i] = (struct declared_item){
            def->items[i], item->title,       text_of_catalogue(item) ? item->type : (struct text){NULL, 0},
            item->section, item->duration_ms, item->threshold_hundredths,
            item->required};
    }
    declaration_encode(&declared, &body);
    struct event event = batch_event(erasing->command, EV_COURSE_DECLARED);
    event.course = key;
    event.actor = erased_actor;
    event.actor_size = sizeof erased_actor - 1;
    event.body = (const uint8_t *)body.bytes;
    event.body_size = (uint32_t)body.size;
    enum rc rc = body.failed ? fault_no_memory(fault) : batch_emit(batch, &event, fault);
    buf_done(&body);
    return rc;
}

static enum rc leave_staffs(struct erasing *erasing, struct fault *fault)
{
    struct view view = erasing->batch->fold->view;
    struct text person = erasing->command->learner;
    struct erase_plan *plan = erasing->plan;
    enum rc rc = RC_OK;

    for (size_t i = 0; rc == RC_OK && i < plan->staffed_count; i++) {
        enum staff_listing listing = view_course_staff(view, plan->staffed[i], person.bytes, person.size);
        if (listing == STAFF_LISTED || listing == STAFF_LISTED_OWNER) /* the first time */
            rc = declare_without(erasing, plan->staffed[i], fault);
    }
    return rc;
}

static enum rc emit_erased(struct erasing *erasing, struct fault *fault)
{
    struct batch *batch = erasing->batch;
    struct command *command = erasing->command;
    const struct forgotten *forgotten = &erasing->forgotten;
    size_t keys = forgotten->item_count + forgotten->typed_count + forgotten->course_count +
                  forgotten->touched_count + 2 * (size_t)forgotten->loss_count;
    uint8_t *body = arena_alloc(&batch->arena, (keys + 8) * VARINT_MAX_BYTES), *at = body;

    if (!body)
        return fault_no_memory(fault);
    at = keys_put(at, forgotten->items, forgotten->item_count);
    at = keys_put(at, forgotten->typed, forgotten->typed_count);
    at = keys_put(at, forgotten->courses, forgotten->course_count);
    at = keys_put(at, forgotten->touched, forgotten->touched_count);
    at = losses_put(at, forgotten->losses, forgotten->loss_count);
    struct event event = batch_event(command, EV_ERASED);
    event.body = body;
    event.body_size = (uint32_t)(at - body);
    enum rc rc = batch_emit(batch, &event, fault);
    command->sequence = event.sequence;
    return rc;
}

static enum rc note_erasure(struct erasing *erasing, struct fault *fault)
{
    struct batch *batch = erasing->batch;
    struct store_erasure *erasure = arena_alloc(&batch->arena, sizeof *erasure);
    size_t id_count;
    struct store_id *ids = forgotten_ids(erasing, &id_count);
    bool later = erasing->rewritten == NULL;
    uint64_t *sequences =
        arena_alloc(&batch->arena, ((later ? 0 : erasing->own.count) + 1) * sizeof *sequences);

    if (!erasure || !ids || !sequences)
        return fault_no_memory(fault);
    if (erasing->own.count && !later)
        memcpy(sequences, erasing->own.at, erasing->own.count * sizeof *sequences);
    *erasure = (struct store_erasure){
        .learner = erasing->command->learner_key,
        .id = erasing->command->learner.bytes,
        .id_size = erasing->command->learner.size,
        .sequences = sequences,
        .sequence_count = later ? 0 : erasing->own.count,
        .rewritten = erasing->rewritten,
        .rewritten_count = erasing->rewritten_count,
        .forgotten = ids,
        .forgotten_count = id_count,
    };
    /* Other nodes know nobody by a key that is new: until each has looked through what it keeps, the log says
     * the name, as with what is taken out later. */
    bool told = erasing->fresh && log_is_shared(store_event_log(batch->store));
    if (later || told) {
        const struct sequences *named = &erasing->plan->named;
        erasure->own = erase_list_encode(erasing->own.at, later ? erasing->own.count : 0, &batch->arena,
                                         &erasure->own_size);
        erasure->named =
            erase_list_encode(named->at, later ? named->count : 0, &batch->arena, &erasure->named_size);
        if (!erasure->own || !erasure->named)
            return fault_no_memory(fault);
    }
    batch->erasure = erasure;
    return RC_OK;
}

static enum rc erase(struct erasing *erasing, struct fault *fault)
{
    struct command *command = erasing->command;
    struct batch *batch = erasing->batch;

    if (!forgotten_find(batch, command->learner_key, &erasing->forgotten))
        return fault_no_memory(fault);
    enum rc rc = find_events(erasing, fault);
    if (rc != RC_OK || (command->learner_key == 0 && erasing->plan->named.count == 0))
        return rc; /* nobody of that name, and nowhere named */
    erasing->fresh = command->learner_key == 0;
    if (erasing->fresh)
        command->learner_key = batch_learner(batch, command->learner);
    if (command->learner_key == 0)
        return fault_no_memory(fault);
    rc = leave_staffs(erasing, fault);
    if (rc == RC_OK)
        rc = forgotten_tell_losses(&erasing->forgotten, erasing->plan) ? RC_OK : fault_no_memory(fault);
    if (rc == RC_OK)
        rc = emit_erased(erasing, fault);
    return rc == RC_OK ? note_erasure(erasing, fault) : rc;
}

enum rc decide_erase(struct batch *batch, struct command *command)
{
    struct erase_plan own_plan = {.learner = 0};
    struct erasing erasing = {.batch = batch, .command = command, .plan = command->plan};
    enum rc rc = RC_OK;

    if (!erasing.plan) { /* a program's: nobody waits */
        erasing.plan = &own_plan;
        rc = erase_plan_make(&batch->history, command->learner, batch->counters.sequence, &own_plan,
                             &command->fault);
    }
    if (rc == RC_OK)
        rc = erase(&erasing, &command->fault);
    sequences_done(&erasing.own);
    erase_plan_done(&own_plan);
    return rc == RC_INTERNAL ? RC_BUSY : rc;
}
