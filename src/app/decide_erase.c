#include "app/batch.h"

#include <string.h>

#include "base/codec.h"

/* Erasure: a learner's events, entries, answers and ids go; so does what the catalogue knew from them alone; where
 * they acted on others, or were staff, their name goes. Source: contract 7, DELETE users; reliability R18. */

static const char erased_actor[] = "erased";

struct erasing {
    struct batch *batch;
    struct command *command;
    struct store_erasure *erasure;
    struct sequences own, catalogue, mentions;
    uint32_t *items, *typed, *courses, *touched; /* forgotten, type forgotten, forgotten, losing items */
    uint32_t item_count, typed_count, course_count, touched_count;
    struct segment *room;
    struct stored_event *rewritten;
    size_t rewritten_count;
    bool failed;
};

static bool listed(const uint32_t *keys, uint32_t count, uint32_t key)
{
    for (uint32_t i = 0; i < count; i++)
        if (keys[i] == key)
            return true;
    return false;
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
        if (!def || has_other(view, &view_item_slot(view, key)->holders, learner->key))
            continue;
        if (!def->declared)
            erasing->items[erasing->item_count++] = key;
        else if (def->type_rank < TYPE_CATALOG && def->type_rank > TYPE_UNKNOWN)
            erasing->typed[erasing->typed_count++] = key;
    }
}

/* An observed course goes when no item and nobody else is left in it, else it only loses the items. */
static void judge_course(struct erasing *erasing, uint32_t key, uint32_t learner)
{
    struct view view = erasing->batch->fold->view;
    const struct course_def *def = view_course(view, key);
    uint32_t left = 0;

    if (!def || def->declared || listed(erasing->courses, erasing->course_count, key) ||
        listed(erasing->touched, erasing->touched_count, key))
        return;
    for (uint32_t i = 0; i < def->item_count; i++)
        left += !listed(erasing->items, erasing->item_count, def->items[i]);
    uint32_t bound = view_course_slot(view, key)->bound; /* previews of others named it too */
    for (uint32_t i = 0; i < erasing->item_count; i++)
        bound -= view_item(view, erasing->items[i])->bound == key;
    left += bound;
    if (left == 0 && !has_other(view, &view_course_slot(view, key)->roster, learner))
        erasing->courses[erasing->course_count++] = key;
    else if (left < def->item_count + bound)
        erasing->touched[erasing->touched_count++] = key;
}

static void find_courses(struct erasing *erasing, const struct learner *learner)
{
    struct view view = erasing->batch->fold->view;

    for (uint32_t i = 0; i < learner->enrolment_count; i++)
        judge_course(erasing, learner->enrolments[i].course, learner->key);
    for (uint32_t i = 0; i < erasing->item_count; i++)
        judge_course(erasing, view_item_facts(view, erasing->items[i]).course, learner->key);
}

static bool find_forgotten(struct erasing *erasing)
{
    const struct learner *learner = view_learner(erasing->batch->fold->view, erasing->command->learner_key);
    struct arena *arena = &erasing->batch->arena;
    size_t records = learner ? learner->record_count : 0, courses = records + (learner ? learner->enrolment_count : 0);

    erasing->items = arena_alloc(arena, (records + 1) * sizeof(uint32_t));
    erasing->typed = arena_alloc(arena, (records + 1) * sizeof(uint32_t));
    erasing->courses = arena_alloc(arena, (courses + 1) * sizeof(uint32_t));
    erasing->touched = arena_alloc(arena, (courses + 1) * sizeof(uint32_t));
    if (!erasing->items || !erasing->typed || !erasing->courses || !erasing->touched)
        return false;
    if (learner) {
        find_items(erasing, learner);
        find_courses(erasing, learner);
    }
    return true;
}

/* ---- events that go, events that lose a name ---- */

static bool goes(const struct erasing *erasing, const struct event *event)
{
    if (event->kind == EV_ITEM_OBSERVED)
        return listed(erasing->items, erasing->item_count, event->item) ||
               listed(erasing->typed, erasing->typed_count, event->item);
    return event->kind == EV_COURSE_OBSERVED && listed(erasing->courses, erasing->course_count, event->course);
}

static bool judge_event(void *arg, const struct stored_event *stored)
{
    struct erasing *erasing = arg;
    struct event event;

    if (stored_event_decode(stored, erasing->room, EVENT_SEGMENTS_MAX, &event) &&
        goes(erasing, &event))
        erasing->failed |= !sequences_add(&erasing->own, stored->sequence);
    return !erasing->failed;
}

/* The declaration without a person among its staff; in the batch's arena. NULL: out of memory. */
static const uint8_t *without_staff(struct erasing *erasing, const struct event *event, uint32_t *out_size)
{
    struct text person = erasing->command->learner;
    struct arena *arena = &erasing->batch->arena;
    struct declaration declared;
    struct buf body = {0};
    uint32_t kept = 0;

    if (!declaration_decode(event->body, event->body_size, arena, &declared))
        return NULL;
    for (uint32_t i = 0; i < declared.staff_count; i++)
        if (declared.staff[i].user.size != person.size ||
            memcmp(declared.staff[i].user.bytes, person.bytes, person.size) != 0)
            declared.staff[kept++] = declared.staff[i];
    declared.staff_count = kept;
    declaration_encode(&declared, &body);
    *out_size = (uint32_t)body.size;
    const uint8_t *copy = body.failed ? NULL : (const uint8_t *)arena_copy(arena, body.bytes, body.size);
    buf_done(&body);
    return copy;
}

static bool rewrite(void *arg, const struct stored_event *stored)
{
    struct erasing *erasing = arg;
    struct text person = erasing->command->learner;
    struct event event;

    if (!stored_event_decode(stored, erasing->room, EVENT_SEGMENTS_MAX, &event))
        return true;
    if (event.actor_size == person.size && memcmp(event.actor, person.bytes, person.size) == 0) {
        event.actor = erased_actor;
        event.actor_size = sizeof erased_actor - 1;
    }
    if (event.kind == EV_COURSE_DECLARED)
        event.body = without_staff(erasing, &event, &event.body_size);
    uint8_t *body = arena_alloc(&erasing->batch->arena, event_bound(&event));
    erasing->failed |= !body || (event.kind == EV_COURSE_DECLARED && !event.body);
    if (!erasing->failed) {
        size_t size = event_encode(&event, body);
        erasing->rewritten[erasing->rewritten_count++] = (struct stored_event){
            stored->sequence, stored->learner, stored->kind, stored->at_ms, body, size};
    }
    return !erasing->failed;
}

/* Those that are deleted need no rewriting. */
static void leave_out_own(struct erasing *erasing)
{
    struct sequences *mentions = &erasing->mentions;
    size_t kept = 0, own = 0;

    for (size_t i = 0; i < mentions->count; i++) {
        while (own < erasing->own.count && erasing->own.at[own] < mentions->at[i])
            own++;
        if (own == erasing->own.count || erasing->own.at[own] != mentions->at[i])
            mentions->at[kept++] = mentions->at[i];
    }
    mentions->count = kept;
}

static enum rc find_events(struct erasing *erasing, struct fault *fault)
{
    struct batch *batch = erasing->batch;
    struct command *command = erasing->command;
    uint64_t upto = batch->counters.sequence;
    enum rc rc = command->learner_key ? history_sequences(&batch->past, command->learner_key, &erasing->own, fault) : RC_OK;

    command->count = (uint32_t)erasing->own.count;
    if (rc == RC_OK)
        rc = history_sequences(&batch->past, 0, &erasing->catalogue, fault);
    if (rc == RC_OK && erasing->item_count + erasing->typed_count + erasing->course_count)
        rc = store_each_event_of(batch->store, erasing->catalogue.at, erasing->catalogue.count, judge_event, erasing, fault);
    sequences_settle(&erasing->own);
    for (size_t i = 0; rc == RC_OK && i < command->mention_count; i++) /* found before, by whoever asked */
        erasing->failed |= !sequences_add(&erasing->mentions, command->mentions[i]);
    if (rc == RC_OK)
        rc = history_mentions(batch->store, command->learner.bytes, command->learner.size, command->looked_upto, upto,
                              &erasing->mentions, fault);
    sequences_settle(&erasing->mentions);
    leave_out_own(erasing);
    erasing->rewritten = arena_alloc(&batch->arena, (erasing->mentions.count + 1) * sizeof *erasing->rewritten);
    if (rc == RC_OK && !erasing->rewritten)
        rc = fault_set(fault, RC_BUSY, NULL, "out of memory");
    if (rc == RC_OK)
        rc = store_each_event_of(batch->store, erasing->mentions.at, erasing->mentions.count, rewrite, erasing, fault);
    return rc == RC_OK && erasing->failed ? fault_set(fault, RC_BUSY, NULL, "out of memory") : rc;
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
    struct declaration declared = {.title = def->title, .description = def->description, .item_count = def->item_count};
    struct buf body = {0};

    declared.staff = arena_alloc(&batch->arena, (def->staff_count + 1) * sizeof *declared.staff);
    declared.items = arena_alloc(&batch->arena, (def->item_count + 1) * sizeof *declared.items);
    if (!declared.staff || !declared.items)
        return fault_set(fault, RC_BUSY, NULL, "out of memory");
    for (uint32_t i = 0; i < def->staff_count; i++)
        if (def->staff[i].user.size != person.size || memcmp(def->staff[i].user.bytes, person.bytes, person.size) != 0)
            declared.staff[declared.staff_count++] = def->staff[i];
    for (uint32_t i = 0; i < def->item_count; i++) {
        const struct item_def *item = view_item(batch->fold->view, def->items[i]);
        declared.items[i] = (struct declared_item){def->items[i], item->title,
            text_of_catalogue(item) ? item->type : (struct text){NULL, 0}, item->section, item->duration_ms,
            item->threshold_hundredths, item->required};
    }
    declaration_encode(&declared, &body);
    struct event event = batch_event(erasing->command, EV_COURSE_DECLARED);
    event.course = key;
    event.actor = erased_actor;
    event.actor_size = sizeof erased_actor - 1;
    event.body = (const uint8_t *)body.bytes;
    event.body_size = (uint32_t)body.size;
    enum rc rc = body.failed ? fault_set(fault, RC_BUSY, NULL, "out of memory") : batch_emit(batch, &event, fault);
    buf_done(&body);
    return rc;
}

static enum rc leave_staffs(struct erasing *erasing, struct fault *fault)
{
    struct view view = erasing->batch->fold->view;
    struct text person = erasing->command->learner;
    enum rc rc = RC_OK;

    for (uint32_t key = 1; rc == RC_OK && key <= view.image->course_count; key++) {
        enum staff_listing listing = view_course_staff(view, key, person.bytes, person.size);
        if (listing == STAFF_LISTED || listing == STAFF_LISTED_OWNER)
            rc = declare_without(erasing, key, fault);
    }
    return rc;
}

static enum rc emit_erased(struct erasing *erasing, struct fault *fault)
{
    struct batch *batch = erasing->batch;
    struct command *command = erasing->command;
    size_t keys = erasing->item_count + erasing->typed_count + erasing->course_count + erasing->touched_count;
    uint8_t *body = arena_alloc(&batch->arena, (keys + 8) * VARINT_MAX_BYTES), *at = body;

    if (!body)
        return fault_set(fault, RC_BUSY, NULL, "out of memory");
    at = keys_put(at, erasing->items, erasing->item_count);
    at = keys_put(at, erasing->typed, erasing->typed_count);
    at = keys_put(at, erasing->courses, erasing->course_count);
    at = keys_put(at, erasing->touched, erasing->touched_count);
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
    uint64_t *sequences = arena_alloc(&batch->arena, (erasing->own.count + 1) * sizeof *sequences);

    if (!erasure || !ids || !sequences)
        return fault_set(fault, RC_BUSY, NULL, "out of memory");
    for (uint32_t i = 0; i < erasing->item_count; i++)
        ids[i] = (struct store_id){STORE_ITEM, erasing->items[i], "", 0};
    for (uint32_t i = 0; i < erasing->course_count; i++)
        ids[erasing->item_count + i] = (struct store_id){STORE_COURSE, erasing->courses[i], "", 0};
    if (erasing->own.count)
        memcpy(sequences, erasing->own.at, erasing->own.count * sizeof *sequences);
    *erasure = (struct store_erasure){
        .learner = erasing->command->learner_key, .id = erasing->command->learner.bytes,
        .id_size = erasing->command->learner.size, .sequences = sequences, .sequence_count = erasing->own.count,
        .rewritten = erasing->rewritten, .rewritten_count = erasing->rewritten_count,
        .forgotten = ids, .forgotten_count = forgotten,
    };
    batch->erasure = erasure;
    return RC_OK;
}

static enum rc erase(struct erasing *erasing, struct fault *fault)
{
    struct command *command = erasing->command;
    struct batch *batch = erasing->batch;

    if (!find_forgotten(erasing))
        return fault_set(fault, RC_BUSY, NULL, "out of memory");
    enum rc rc = find_events(erasing, fault);
    if (rc != RC_OK || (command->learner_key == 0 && erasing->mentions.count == 0))
        return rc; /* nobody of that name, and nowhere named */
    if (command->learner_key == 0)
        command->learner_key = batch_learner(batch, command->learner);
    if (command->learner_key == 0)
        return fault_set(fault, RC_BUSY, NULL, "out of memory");
    rc = leave_staffs(erasing, fault);
    if (rc == RC_OK)
        rc = emit_erased(erasing, fault);
    return rc == RC_OK ? note_erasure(erasing, fault) : rc;
}

enum rc decide_erase(struct batch *batch, struct command *command)
{
    struct erasing erasing = {.batch = batch, .command = command};

    erasing.room = arena_alloc(&batch->arena, EVENT_SEGMENTS_MAX * sizeof *erasing.room);
    enum rc rc = erasing.room ? erase(&erasing, &command->fault)
                              : fault_set(&command->fault, RC_BUSY, NULL, "out of memory");
    sequences_done(&erasing.own);
    sequences_done(&erasing.catalogue);
    sequences_done(&erasing.mentions);
    return rc == RC_INTERNAL ? RC_BUSY : rc;
}
