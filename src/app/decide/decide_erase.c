#include "app/decide/decide_erase.h"

#include <stdlib.h>
#include <string.h>

#include "app/batch.h"
#include "app/erase_jobs.h"
#include "base/codec.h"

static const char erased_actor[] = "erased";

/* More than so many events are taken out after the commit, a few at a time: erase_jobs.h. */
enum { AT_ONCE = 512 };

struct erasing {
    struct batch *batch;
    struct command *command;
    struct erase_plan *plan;
    struct sequences own; /* of the person, and of what the catalogue forgets */
    /* forgotten, type forgotten, forgotten, losing items; sorted, and then touched is added to */
    uint32_t *items, *typed, *courses, *touched;
    uint32_t item_count, typed_count, course_count, touched_count;
    struct course_loss *losses; /* ascending by course */
    uint32_t loss_count;
    struct stored_event *rewritten;
    size_t rewritten_count;
};

static int by_key(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return left < right ? -1 : left > right;
}

static void sort(uint32_t *keys, uint32_t count)
{
    if (count)
        qsort(keys, count, sizeof *keys, by_key);
}

static bool listed(const uint32_t *keys, uint32_t count, uint32_t key)
{
    return count && bsearch(&key, keys, count, sizeof *keys, by_key);
}

/* Constant: when one is left, hardly anybody stale is beside them. */
static bool has_other(struct view view, const struct keys *keys, uint32_t learner)
{
    if (keys_live(keys) != 1)
        return keys_live(keys) > 1;
    for (uint32_t i = 0; i < keys->count; i++)
        if (keys->at[i] != learner && view_learner(view, keys->at[i]))
            return true;
    return false;
}

/* ---- what the catalogue knew from them alone ---- */

static void find_items(struct erasing *erasing, const struct learner *learner)
{
    struct view view = erasing->batch->fold->view;

    for (uint32_t i = 0; i < learner->record_count; i++) {
        uint32_t key = learner->records[i].item;
        const struct item_def *def = view_item(view, key);
        if (!def || has_other(view, view_holders(view, key), learner->key))
            continue;
        if (!def->declared)
            erasing->items[erasing->item_count++] = key;
        else if (def->type_rank < TYPE_CATALOG && def->type_rank > TYPE_UNKNOWN)
            erasing->typed[erasing->typed_count++] = key;
    }
    sort(erasing->items, erasing->item_count);
    sort(erasing->typed, erasing->typed_count);
}

/* An observed course goes when no item and nobody else is left in it, else it only loses the items. */
static void judge_course(struct erasing *erasing, uint32_t key, uint32_t lost, uint32_t lost_bound,
                         uint32_t learner)
{
    struct view view = erasing->batch->fold->view;
    const struct course_def *def = view_course(view, key);

    if (!def || def->declared)
        return;
    uint32_t bound = view_items_bound(view, key) - lost_bound; /* previews of others named it too */
    if (lost == def->item_count && bound == 0 && !has_other(view, view_roster(view, key), learner))
        erasing->courses[erasing->course_count++] = key;
    else if (lost)
        erasing->touched[erasing->touched_count++] = key;
}

/* How many of an ascending list are key; *at moves past them. */
static uint32_t count_of(const uint32_t *keys, uint32_t count, uint32_t *at, uint32_t key)
{
    uint32_t found = 0;

    for (; *at < count && keys[*at] <= key; ++*at)
        found += keys[*at] == key;
    return found;
}

/* Their courses, and those of the items that go; an item belongs to one. Cost: by their own items and
 * courses. */
static bool find_courses(struct erasing *erasing, const struct learner *learner)
{
    struct view view = erasing->batch->fold->view;
    uint32_t room = 2 * erasing->item_count + learner->enrolment_count + 1, count = 0, lost_count = 0,
             bound_count = 0;
    uint32_t *courses = arena_alloc(&erasing->batch->arena, room * sizeof *courses);
    uint32_t *lost = arena_alloc(&erasing->batch->arena, room * sizeof *lost);
    uint32_t *bound = arena_alloc(&erasing->batch->arena, room * sizeof *bound);

    if (!courses || !lost || !bound)
        return false;
    for (uint32_t i = 0; i < erasing->item_count; i++) {
        const struct item_def *def = view_item(view, erasing->items[i]);
        if (def->course)
            courses[count++] = lost[lost_count++] = def->course;
        if (def->bound)
            courses[count++] = bound[bound_count++] = def->bound;
    }
    for (uint32_t i = 0; i < learner->enrolment_count; i++)
        courses[count++] = learner->enrolments[i].course;
    sort(courses, count);
    sort(lost, lost_count);
    sort(bound, bound_count);
    for (uint32_t i = 0, lost_at = 0, bound_at = 0; i < count; i++)
        if (i == 0 || courses[i] != courses[i - 1])
            judge_course(erasing, courses[i], count_of(lost, lost_count, &lost_at, courses[i]),
                         count_of(bound, bound_count, &bound_at, courses[i]), learner->key);
    return true;
}

static bool find_forgotten(struct erasing *erasing)
{
    const struct learner *learner = view_learner(erasing->batch->fold->view, erasing->command->learner_key);
    struct arena *arena = &erasing->batch->arena;
    size_t records = learner ? learner->record_count : 0,
           courses = 2 * records + (learner ? learner->enrolment_count : 0);

    erasing->items = arena_alloc(arena, (records + 1) * sizeof(uint32_t));
    erasing->typed = arena_alloc(arena, (records + 1) * sizeof(uint32_t));
    erasing->courses = arena_alloc(arena, (courses + 1) * sizeof(uint32_t));
    erasing->touched = arena_alloc(arena, (courses + 1) * sizeof(uint32_t));
    if (!erasing->items || !erasing->typed || !erasing->courses || !erasing->touched)
        return false;
    if (!learner)
        return true;
    find_items(erasing, learner);
    return find_courses(erasing, learner);
}

/* ---- events that go, events that lose a name ---- */

static bool goes(const struct erasing *erasing, const struct observed_ref *ref)
{
    if (ref->item)
        return listed(erasing->items, erasing->item_count, ref->item) ||
               listed(erasing->typed, erasing->typed_count, ref->item);
    return listed(erasing->courses, erasing->course_count, ref->course);
}

static int by_course(const void *a, const void *b)
{
    return by_key(&((const struct course_loss *)a)->course, &((const struct course_loss *)b)->course);
}

/* Courses ascending, each once. Returns how many are left. */
static uint32_t settle_losses(struct course_loss *losses, uint32_t count)
{
    uint32_t kept = 0;

    if (count)
        qsort(losses, count, sizeof *losses, by_course);
    for (uint32_t i = 0; i < count; i++)
        if (i == 0 || losses[i].course != losses[i - 1].course)
            losses[kept++] = losses[i];
    return kept;
}

/* The courses which, by an event that goes, had an item. Another may have taken it since: the event of that
 * stays, and finds nothing to take when all is folded again. So the erasure says when they last lost one. */
static void find_lost_items(struct erasing *erasing)
{
    struct view view = erasing->batch->fold->view;
    const struct erase_plan *plan = erasing->plan;
    uint32_t count = 0;

    for (size_t i = 0; i < plan->observed_count; i++) {
        const struct observed_ref *ref = &plan->observed[i];
        const struct course_def *def = ref->item && ref->course ? view_course(view, ref->course) : NULL;
        if (def && goes(erasing, ref) && !listed(erasing->courses, erasing->course_count, ref->course))
            erasing->losses[count++] = (struct course_loss){ref->course, def->shrunk_at_ms};
    }
    erasing->loss_count = settle_losses(erasing->losses, count);
}

/* Those of them that nobody declared: their past is told otherwise now. */
static void touch_losers(struct erasing *erasing, uint32_t *all)
{
    uint32_t touched = erasing->touched_count;

    if (touched)
        memcpy(all, erasing->touched, touched * sizeof *all);
    for (uint32_t i = 0; i < erasing->loss_count; i++) {
        uint32_t course = erasing->losses[i].course;
        if (!view_course(erasing->batch->fold->view, course)->declared &&
            !listed(erasing->touched, touched, course))
            all[erasing->touched_count++] = course;
    }
    erasing->touched = all;
}

/* The person's courses, too: an erasure before may have told of a loss while this enrolment alone kept the
 * course, and who folds that again has no course to tell it of. */
static void add_own_losses(struct erasing *erasing, const struct learner *learner)
{
    uint32_t count = erasing->loss_count;

    for (uint32_t i = 0; learner && i < learner->enrolment_count; i++) {
        uint32_t course = learner->enrolments[i].course;
        const struct course_def *def = view_course(erasing->batch->fold->view, course);
        if (def && def->shrunk_at_ms && !listed(erasing->courses, erasing->course_count, course))
            erasing->losses[count++] = (struct course_loss){course, def->shrunk_at_ms};
    }
    erasing->loss_count = settle_losses(erasing->losses, count);
}

static enum rc find_losses(struct erasing *erasing, struct fault *fault)
{
    const struct learner *learner = view_learner(erasing->batch->fold->view, erasing->command->learner_key);
    struct arena *arena = &erasing->batch->arena;
    size_t observed = erasing->plan->observed_count, enrolments = learner ? learner->enrolment_count : 0;
    uint32_t *all = arena_alloc(arena, (erasing->touched_count + observed + 1) * sizeof *all);

    erasing->losses = arena_alloc(arena, (observed + enrolments + 1) * sizeof *erasing->losses);
    if (!erasing->losses || !all)
        return fault_no_memory(fault);
    find_lost_items(erasing);
    touch_losers(erasing, all);
    add_own_losses(erasing, learner);
    return RC_OK;
}

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
        if (goes(erasing, &plan->observed[i]))
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
    if (erasing->own.count + plan->named.count > AT_ONCE)
        return RC_OK;
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

    sort(plan->staffed, (uint32_t)plan->staffed_count);
    for (size_t i = 0; rc == RC_OK && i < plan->staffed_count; i++) {
        enum staff_listing listing = view_course_staff(view, plan->staffed[i], person.bytes, person.size);
        bool again = i > 0 && plan->staffed[i] == plan->staffed[i - 1];
        if (!again && (listing == STAFF_LISTED || listing == STAFF_LISTED_OWNER))
            rc = declare_without(erasing, plan->staffed[i], fault);
    }
    return rc;
}

static enum rc emit_erased(struct erasing *erasing, struct fault *fault)
{
    struct batch *batch = erasing->batch;
    struct command *command = erasing->command;
    size_t keys = erasing->item_count + erasing->typed_count + erasing->course_count +
                  erasing->touched_count + 2 * (size_t)erasing->loss_count;
    uint8_t *body = arena_alloc(&batch->arena, (keys + 8) * VARINT_MAX_BYTES), *at = body;

    if (!body)
        return fault_no_memory(fault);
    at = keys_put(at, erasing->items, erasing->item_count);
    at = keys_put(at, erasing->typed, erasing->typed_count);
    at = keys_put(at, erasing->courses, erasing->course_count);
    at = keys_put(at, erasing->touched, erasing->touched_count);
    at = losses_put(at, erasing->losses, erasing->loss_count);
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
    size_t forgotten = erasing->item_count + erasing->course_count;
    struct store_id *ids = arena_alloc(&batch->arena, (forgotten + 1) * sizeof *ids);
    bool later = erasing->rewritten == NULL;
    uint64_t *sequences =
        arena_alloc(&batch->arena, ((later ? 0 : erasing->own.count) + 1) * sizeof *sequences);

    if (!erasure || !ids || !sequences)
        return fault_no_memory(fault);
    for (uint32_t i = 0; i < erasing->item_count; i++)
        ids[i] = (struct store_id){STORE_ITEM, erasing->items[i], "", 0};
    for (uint32_t i = 0; i < erasing->course_count; i++)
        ids[erasing->item_count + i] = (struct store_id){STORE_COURSE, erasing->courses[i], "", 0};
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
        .forgotten_count = forgotten,
    };
    if (later) {
        const struct sequences *named = &erasing->plan->named;
        erasure->own =
            erase_list_encode(erasing->own.at, erasing->own.count, &batch->arena, &erasure->own_size);
        erasure->named = erase_list_encode(named->at, named->count, &batch->arena, &erasure->named_size);
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

    if (!find_forgotten(erasing))
        return fault_no_memory(fault);
    enum rc rc = find_events(erasing, fault);
    if (rc != RC_OK || (command->learner_key == 0 && erasing->plan->named.count == 0))
        return rc; /* nobody of that name, and nowhere named */
    if (command->learner_key == 0)
        command->learner_key = batch_learner(batch, command->learner);
    if (command->learner_key == 0)
        return fault_no_memory(fault);
    rc = leave_staffs(erasing, fault);
    if (rc == RC_OK)
        rc = find_losses(erasing, fault);
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
