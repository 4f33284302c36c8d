#include "app/log_settling.h"

#include <stdlib.h>
#include <string.h>

#include "app/batch.h"
#include "app/rollback.h"

struct settling {
    uint32_t learner;
    uint64_t event;            /* that it follows */
    struct store_log *changes; /* NULL: entries that go, whichever are left */
    size_t count, at, next_at; /* next_at: when this batch is committed */
    struct arena arena;
    struct settling *next;
};

static void settling_free(struct settling *settling)
{
    arena_done(&settling->arena);
    free(settling);
}

static bool copy_changes(struct settling *settling, const struct store_log *changes)
{
    settling->changes = arena_alloc(&settling->arena, settling->count * sizeof *changes);
    if (!settling->changes)
        return false;
    for (size_t i = 0; i < settling->count; i++) {
        struct store_log *own = &settling->changes[i];
        *own = changes[i];
        own->members = own->members_size
                           ? (const uint8_t *)arena_copy(&settling->arena, own->members, own->members_size)
                           : NULL;
        if (own->members_size && !own->members)
            return false;
    }
    return true;
}

enum rc settling_add(struct batch *batch, uint32_t learner, uint64_t event, const struct store_log *changes,
                     size_t count, struct fault *fault)
{
    struct settling *settling = calloc(1, sizeof *settling);

    if (!settling)
        return fault_no_memory(fault);
    settling->learner = learner;
    settling->event = event;
    settling->count = count;
    arena_init(&settling->arena);
    if (changes && !copy_changes(settling, changes)) {
        settling_free(settling);
        return fault_no_memory(fault);
    }
    settling->next = batch->logs.settlings.fresh;
    batch->logs.settlings.fresh = settling;
    return RC_OK;
}

/* Another node has ended it meanwhile, and others may have changed these entries since. */
static bool is_over(const struct batch *batch, const struct settling *settling)
{
    return log_totals_of(batch->logs.totals, settling->learner).kept.settling != settling->event;
}

static void drop_those_over(struct batch *batch)
{
    struct settlings *settlings = &batch->logs.settlings;

    for (struct settling *first; (first = settlings->first) && is_over(batch, first);) {
        settlings->first = first->next;
        settling_free(first);
    }
    if (!settlings->first)
        settlings->last = NULL;
}

enum rc settling_step(struct batch *batch, struct fault *fault)
{
    drop_those_over(batch);
    struct settling *settling = batch->logs.settlings.first;
    size_t bytes = 0;
    enum rc rc = RC_OK;

    if (!settling)
        return RC_OK;
    batch->logs.settlings.stepped = true;
    settling->next_at = settling->at;
    if (!settling->changes && settling->at < settling->count) {
        size_t left = settling->count - settling->at, some = left < SETTLE_ROWS ? left : SETTLE_ROWS;
        struct store_log gone = {.learner = settling->learner, .deleted = true, .some = (uint32_t)some};
        rc = batch_put_log(batch, &gone, fault);
        settling->next_at += some;
    }
    for (size_t i = 0; rc == RC_OK && settling->changes && i < SETTLE_ROWS && bytes < SETTLE_BYTES &&
                       settling->next_at < settling->count;
         i++) {
        const struct store_log *log = &settling->changes[settling->next_at++];
        bytes += log->members_size;
        rc = batch_put_log(batch, log, fault);
    }
    if (rc != RC_OK || settling->next_at < settling->count)
        return rc;
    struct log_total *total = batch_log_total(batch, settling->learner);
    if (!total)
        return fault_no_memory(fault);
    total->kept.settling = 0;
    return RC_OK;
}

void settling_publish(struct batch *batch)
{
    struct settlings *settlings = &batch->logs.settlings;
    struct settling *first = settlings->stepped ? settlings->first : NULL;

    settlings->stepped = false;
    if (first) {
        first->at = first->next_at;
        settlings->first = first->next; /* the others' turn */
        settlings->last = settlings->first ? settlings->last : NULL;
        first->next = NULL;
        if (first->at == first->count) {
            settling_free(first);
            first = NULL;
        }
    }
    for (struct settling *next = first ? first : settlings->fresh, *after; next; next = after) {
        after = next == first ? settlings->fresh : next->next;
        next->next = NULL;
        if (settlings->last)
            settlings->last->next = next;
        else
            settlings->first = next;
        settlings->last = next;
    }
    settlings->fresh = NULL;
}

static void free_all(struct settling *settling)
{
    for (struct settling *next; settling; settling = next) {
        next = settling->next;
        settling_free(settling);
    }
}

void settling_abandon(struct batch *batch)
{
    batch->logs.settlings.stepped = false;
    free_all(batch->logs.settlings.fresh);
    batch->logs.settlings.fresh = NULL;
}

void settling_forget(struct batch *batch, uint32_t learner)
{
    struct settlings *settlings = &batch->logs.settlings;
    struct settling **at = &settlings->first;

    settlings->last = NULL;
    while (*at) {
        struct settling *settling = *at;
        if (settling->learner == learner) {
            *at = settling->next;
            settling_free(settling);
        } else {
            settlings->last = settling;
            at = &settling->next;
        }
    }
}

void settlings_done(struct settlings *settlings)
{
    free_all(settlings->first);
    free_all(settlings->fresh);
    *settlings = (struct settlings){0};
}

struct resuming {
    struct batch *batch;
    struct fault *fault;
    enum rc rc;
};

/* What differs between the rows and the events is what is left. When that is nothing, the mark goes alone. */
static enum rc add_left(struct batch *batch, const struct store_log_total *total, struct fault *fault)
{
    struct rollback left;
    struct arena arena;

    arena_init(&arena);
    enum rc rc = rollback_left(&batch->history, total->learner, &arena, &left, fault);
    if (rc == RC_OK)
        rc = settling_add(batch, total->learner, total->settling, left.log_count ? left.logs : NULL,
                          left.log_count, fault);
    arena_done(&arena);
    return rc;
}

static bool resume_one(void *arg, const struct log_total *total)
{
    struct resuming *resuming = arg;

    if (total->kept.settling)
        resuming->rc = add_left(resuming->batch, &total->kept, resuming->fault);
    return resuming->rc == RC_OK;
}

enum rc settling_resume(struct batch *batch, struct fault *fault)
{
    struct resuming resuming = {batch, fault, RC_OK};

    log_totals_each(batch->logs.totals, resume_one, &resuming);
    if (resuming.rc == RC_OK)
        settling_publish(batch);
    return resuming.rc;
}

/* ---- what another node has begun ---- */

void settling_heard(struct batch *batch, const struct store_batch *others)
{
    struct unfinished *unfinished = &batch->unfinished;

    for (size_t i = 0; unfinished->count && i < others->log_count; i++)
        unfinished_goes_on(unfinished, others->logs[i].learner);
    for (size_t i = 0; i < others->log_total_count; i++)
        if (others->log_totals[i].settling)
            unfinished_heard(unfinished, others->log_totals[i].learner);
        else
            unfinished_over(unfinished, others->log_totals[i].learner);
}

enum rc settling_take_over(struct batch *batch, uint32_t learner, struct fault *fault)
{
    struct log_total total = log_totals_of(batch->logs.totals, learner);
    enum rc rc = RC_OK;

    for (const struct settling *own = batch->logs.settlings.first; own; own = own->next)
        if (own->learner == learner && own->event == total.kept.settling)
            return RC_OK; /* this node does */
    if (total.kept.settling)
        rc = add_left(batch, &total.kept, fault);
    else
        unfinished_over(&batch->unfinished, learner); /* this node did */
    if (rc == RC_OK)
        settling_publish(batch);
    else
        settling_abandon(batch);
    return rc;
}
