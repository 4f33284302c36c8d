#include "app/audit.h"

#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "model/fold.h"
#include "store/checkpoint.h"

enum {
    A_STEP = 64,          /* events read in one */
    LOOKED_AT_MAX = 10000 /* in one page */
};

struct audit {
    const struct history *history;
    struct audit_query query;
    struct sequences some; /* ascending, taken from the end: those of the tail, then of a part of the index */
    uint64_t next;         /* older ones than some are before it; 0: there are none */
    uint64_t last;         /* the last that was looked at, or shown */
    uint32_t shown, looked_at;
    bool begun, more;
    struct arena arena; /* who is being erased */
    struct {
        struct text *at;
        uint32_t count, capacity;
    } erasing;
    /* of one step */
    enum rc (*visit)(void *arg, const struct audit_act *act, struct fault *fault);
    void *arg;
};

enum rc audit_new(const struct history *history, const struct audit_query *query, struct audit **out_audit,
                  struct fault *fault)
{
    struct audit *audit = calloc(1, sizeof *audit);

    if (!audit)
        return fault_no_memory(fault);
    audit->history = history;
    audit->query = *query;
    arena_init(&audit->arena);
    *out_audit = audit;
    return RC_OK;
}

void audit_free(struct audit *audit)
{
    if (!audit)
        return;
    sequences_done(&audit->some);
    list_done(&audit->erasing);
    arena_done(&audit->arena);
    free(audit);
}

/* Their name stands in events until these are rewritten. */
static enum rc note_erasing(void *arg, const struct store_id *id, struct fault *fault)
{
    struct audit *audit = arg;
    const char *copy = arena_copy(&audit->arena, id->id, id->size);

    return copy && list_add(&audit->erasing, (struct text){copy, (uint32_t)id->size})
               ? RC_OK
               : fault_no_memory(fault);
}

static bool same(struct text a, const char *bytes, size_t size)
{
    return a.size == size && memcmp(a.bytes, bytes, size) == 0;
}

static bool is_being_erased(const struct audit *audit, const struct event *event)
{
    for (uint32_t i = 0; i < audit->erasing.count; i++)
        if (same(audit->erasing.at[i], event->actor, event->actor_size))
            return true;
    return false;
}

/* First the tail, then the index: what moves from one to the other in between is left out of the index's
 * part, since that ends where the tail's began. */
static enum rc begin(struct audit *audit, struct fault *fault)
{
    struct view view = model_read_begin(audit->history->model);
    uint64_t upto = model_published(view.model);
    model_read_end(view);
    audit->begun = true;
    audit->next = audit->query.before <= upto ? audit->query.before : upto + 1;
    enum rc rc = store_each_erasing_id(audit->history->store, note_erasing, audit, fault);
    if (rc == RC_OK)
        rc = tail_each_mention(audit->history->tail, mention_of_acts(), sequences_visit, &audit->some, fault);
    sequences_settle(&audit->some);
    while (audit->some.count && audit->some.at[audit->some.count - 1] >= audit->next)
        audit->some.count--;
    if (audit->some.count)
        audit->next = audit->some.at[0];
    return rc;
}

static enum rc look_further_back(struct audit *audit, struct fault *fault)
{
    uint64_t before = audit->next;
    enum rc rc = store_mentions_before(audit->history->store, mention_of_acts(), before, sequences_visit,
                                       &audit->some, &audit->next, fault);

    sequences_settle(&audit->some);
    return rc;
}

static bool passes(const struct audit *audit, const struct event *event, struct text actor)
{
    const struct audit_query *query = &audit->query;

    return event->at_ms >= query->from_ms && event->at_ms <= query->to_ms &&
           (query->any_learner || (query->learner && event->learner == query->learner)) &&
           (!query->actor.bytes || same(query->actor, actor.bytes, actor.size));
}

static enum rc look_at(void *arg, const struct event *event, struct fault *fault)
{
    static const char erased[] = "erased";
    struct audit *audit = arg;
    bool gone = event->actor_size ? is_being_erased(audit, event) : event->kind == EV_ERASED;
    struct audit_act act = {event, gone ? (struct text){erased, sizeof erased - 1}
                                        : (struct text){event->actor, event->actor_size}};

    if (!event_is_act((enum event_kind)event->kind, event->face, event->actor_size > 0) ||
        !passes(audit, event, act.actor))
        return RC_OK;
    if (audit->shown == audit->query.limit) {
        audit->more = true;
        return RC_ENOUGH;
    }
    audit->shown++;
    audit->last = event->sequence;
    return audit->visit(audit->arg, &act, fault);
}

/* The newest of those that were found. */
static enum rc look_at_some(struct audit *audit, struct fault *fault)
{
    uint64_t newest[A_STEP];
    size_t count = audit->some.count < A_STEP ? audit->some.count : A_STEP;

    for (size_t i = 0; i < count; i++)
        newest[i] = audit->some.at[--audit->some.count];
    audit->looked_at += (uint32_t)count;
    enum rc rc = history_page(audit->history, newest, count, look_at, audit, fault);
    if (rc == RC_OK && !audit->more && audit->looked_at >= LOOKED_AT_MAX &&
        (audit->some.count || audit->next)) {
        audit->more = true;
        audit->last = newest[count - 1];
    }
    return rc;
}

enum rc audit_step(struct audit *audit,
                   enum rc (*visit)(void *arg, const struct audit_act *act, struct fault *fault), void *arg,
                   bool *out_done, struct fault *fault)
{
    enum rc rc = RC_OK;

    audit->visit = visit;
    audit->arg = arg;
    if (!audit->begun)
        rc = begin(audit, fault);
    else if (audit->some.count)
        rc = look_at_some(audit, fault);
    else if (audit->next)
        rc = look_further_back(audit, fault);
    *out_done = rc == RC_OK && (audit->more || (audit->some.count == 0 && audit->next == 0));
    return rc;
}

uint64_t audit_next(const struct audit *audit)
{
    return audit->more ? audit->last : 0;
}
