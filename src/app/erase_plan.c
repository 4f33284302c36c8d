#include "app/erase_plan.h"

#include <stdlib.h>
#include <string.h>

#include "model/fold.h"
#include "store/checkpoint.h"

static const char erased_actor[] = "erased";

static bool same(const char *bytes, size_t size, struct text person)
{
    return size == person.size && memcmp(bytes ? bytes : "", person.bytes, size) == 0;
}

static bool add_observed(struct erase_plan *plan, const struct observed_ref *ref)
{
    if (plan->observed_count == plan->observed_room) {
        size_t room = plan->observed_room ? plan->observed_room * 2 : 64;
        struct observed_ref *at = realloc(plan->observed, room * sizeof *at);
        if (!at)
            return false;
        plan->observed = at;
        plan->observed_room = room;
    }
    plan->observed[plan->observed_count++] = *ref;
    return true;
}

static bool add_staffed(struct erase_plan *plan, uint32_t course)
{
    if (plan->staffed_count && plan->staffed[plan->staffed_count - 1] == course)
        return true;
    if (plan->staffed_count == plan->staffed_room) {
        size_t room = plan->staffed_room ? plan->staffed_room * 2 : 16;
        uint32_t *at = realloc(plan->staffed, room * sizeof *at);
        if (!at)
            return false;
        plan->staffed = at;
        plan->staffed_room = room;
    }
    plan->staffed[plan->staffed_count++] = course;
    return true;
}

/* ---- judging an event that may name them ---- */

static bool lists(const struct declaration *declared, struct text person)
{
    for (uint32_t i = 0; i < declared->staff_count; i++)
        if (same(declared->staff[i].user.bytes, declared->staff[i].user.size, person))
            return true;
    return false;
}

/* Whether a declaration lists them; then its course is noted, unless memory is out. */
static bool note_staff(struct erase_plan *plan, const struct stored_event *stored, bool *inout_whole)
{
    struct declaration declared;
    struct arena scratch;
    struct event event;
    bool listed = false;

    arena_init(&scratch);
    if (stored_event_decode(stored, plan->room, EVENT_SEGMENTS_MAX, &event) &&
        declaration_decode(event.body, event.body_size, &scratch, &declared))
        listed = lists(&declared, plan->person);
    arena_done(&scratch);
    if (listed)
        *inout_whole &= add_staffed(plan, event.course);
    return listed;
}

/* One event, whosever it is. */
static enum rc judge(void *arg, const struct stored_event *stored, struct fault *fault)
{
    struct erase_plan *plan = arg;
    struct event_named named;
    bool whole = true;

    if (plan->learner && stored->learner == plan->learner)
        return sequences_visit(&plan->own, stored->sequence, fault);
    if (!event_peek(stored->body, stored->body_size, &named))
        return RC_OK; /* verify names it */
    bool theirs = named.actor_size && same(named.actor, named.actor_size, plan->person);
    if (stored->kind == EV_COURSE_DECLARED)
        theirs |= note_staff(plan, stored, &whole);
    if (theirs)
        whole &= sequences_add(&plan->named, stored->sequence);
    if (stored->kind == EV_ITEM_OBSERVED || stored->kind == EV_COURSE_OBSERVED)
        whole &= add_observed(plan, &(struct observed_ref){stored->sequence, named.item, named.course});
    return whole ? RC_OK : fault_no_memory(fault);
}

/* ---- the indexes ---- */

static int by_number(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return left < right ? -1 : left > right;
}

/* Whom and what to look for: the person, their items, the courses of these and of their enrolments. */
static uint64_t *wanted(const struct history *history, const struct erase_plan *plan, size_t *out_count)
{
    struct view view = model_read_begin(history->model);
    const struct learner *learner = view_learner(view, plan->learner);
    size_t room = 1 + (learner ? (size_t)learner->record_count * 2 + learner->enrolment_count : 0), count = 0;
    uint64_t *who = malloc(room * sizeof *who);

    if (who)
        who[count++] = mention_of_person(plan->person.bytes, plan->person.size);
    for (uint32_t i = 0; who && learner && i < learner->record_count; i++) {
        who[count++] = mention_of_item(learner->records[i].item);
        who[count++] = mention_of_course(view_item_facts(view, learner->records[i].item).course);
    }
    for (uint32_t i = 0; who && learner && i < learner->enrolment_count; i++)
        who[count++] = mention_of_course(learner->enrolments[i].course);
    model_read_end(view);
    if (who)
        qsort(who, count, sizeof *who, by_number);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || who[kept - 1] != who[i])
            who[kept++] = who[i];
    *out_count = kept;
    return who;
}

/* Candidates of the tail, then of the index: what moves from one to the other in between is seen twice, never
 * missed. */
static enum rc find_candidates(const struct history *history, const struct erase_plan *plan,
                               struct sequences *out, struct fault *fault)
{
    size_t count, tail_count;
    uint64_t *who = wanted(history, plan, &count);
    struct mention_ref *tail = who ? tail_mentions(history->tail, &tail_count) : NULL;
    enum rc rc = who && (tail || tail_count == 0) ? RC_OK : fault_no_memory(fault);

    for (size_t i = 0; rc == RC_OK && i < tail_count; i++)
        if (bsearch(&tail[i].who, who, count, sizeof *who, by_number) &&
            !sequences_add(out, tail[i].sequence))
            rc = fault_no_memory(fault);
    free(tail);
    for (size_t i = 0; rc == RC_OK && i < count; i++)
        rc = store_each_mention(history->store, who[i], sequences_visit, out, fault);
    free(who);
    sequences_settle(out);
    return rc;
}

static enum rc look_up(const struct history *history, struct erase_plan *plan, struct fault *fault)
{
    struct sequences candidates = {0};
    uint64_t upto = plan->upto;
    enum rc rc = plan->learner ? history_sequences(history, plan->learner, &plan->own, fault) : RC_OK;
    size_t own = plan->own.count;

    if (rc == RC_OK)
        rc = find_candidates(history, plan, &candidates, fault);
    size_t count = candidates.count;
    while (count && candidates.at[count - 1] > upto)
        count--; /* written meanwhile: erase_plan_extend sees it */
    if (rc == RC_OK)
        rc = store_each_event_of(history->store, candidates.at, count, judge, plan, fault);
    sequences_done(&candidates);
    plan->own.count = own; /* those that judge found again */
    while (plan->own.count && plan->own.at[plan->own.count - 1] > upto)
        plan->own.count--; /* likewise */
    return rc;
}

enum rc erase_plan_make(const struct history *history, struct text person, uint64_t upto,
                        struct erase_plan *plan, struct fault *fault)
{
    *plan = (struct erase_plan){
        .person = person, .upto = upto, .room = malloc(EVENT_SEGMENTS_MAX * sizeof *plan->room)};
    if (!plan->room)
        return fault_no_memory(fault);
    struct view view = model_read_begin(history->model);
    plan->learner = view_learner_key(view, person.bytes, person.size);
    model_read_end(view);
    return look_up(history, plan, fault);
}

enum rc erase_plan_extend(const struct history *history, uint64_t upto, struct erase_plan *plan,
                          struct fault *fault)
{
    enum rc rc = store_scan_events(history->store, plan->upto, upto, judge, plan, fault);

    plan->upto = upto;
    return rc;
}

void erase_plan_done(struct erase_plan *plan)
{
    sequences_done(&plan->own);
    sequences_done(&plan->named);
    free(plan->observed);
    free(plan->staffed);
    free(plan->room);
    *plan = (struct erase_plan){.learner = 0};
}

/* ---- rewriting ---- */

/* The declaration without them among its staff; in the arena. False: out of memory. */
static bool leave_staff(struct event *event, struct text person, struct arena *arena, bool *out_changed)
{
    struct declaration declared;
    struct buf body = {0};
    uint32_t kept = 0;

    if (!declaration_decode(event->body, event->body_size, arena, &declared) || !lists(&declared, person))
        return true;
    for (uint32_t i = 0; i < declared.staff_count; i++)
        if (!same(declared.staff[i].user.bytes, declared.staff[i].user.size, person))
            declared.staff[kept++] = declared.staff[i];
    declared.staff_count = kept;
    declaration_encode(&declared, &body);
    event->body = body.failed ? NULL : (const uint8_t *)arena_copy(arena, body.bytes, body.size);
    event->body_size = (uint32_t)body.size;
    buf_done(&body);
    *out_changed = true;
    return event->body != NULL;
}

bool erase_rewrite(const struct stored_event *stored, struct text person, struct segment *room,
                   struct arena *arena, struct stored_event *out, bool *out_changed)
{
    struct event event;

    *out_changed = false;
    if (!stored_event_decode(stored, room, EVENT_SEGMENTS_MAX, &event))
        return true; /* verify names it */
    if (event.actor_size && same(event.actor, event.actor_size, person)) {
        event.actor = erased_actor;
        event.actor_size = sizeof erased_actor - 1;
        *out_changed = true;
    }
    if (event.kind == EV_COURSE_DECLARED && !leave_staff(&event, person, arena, out_changed))
        return false;
    if (!*out_changed)
        return true;
    uint8_t *body = arena_alloc(arena, event_bound(&event));
    if (!body)
        return false;
    size_t size = event_encode(&event, body);
    *out = (struct stored_event){stored->sequence, stored->learner, stored->kind, stored->at_ms, body, size};
    return true;
}
