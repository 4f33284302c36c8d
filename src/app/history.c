#include "app/history.h"

#include <stdlib.h>
#include <string.h>

#include "base/ident.h"
#include "base/instant.h"
#include "model/fold.h"
#include "store/checkpoint.h"

/* First the tail, then the index: an event that moves from one to the other in between is seen twice, never
 * missed. */
enum rc history_sequences(const struct history *history, uint32_t learner, struct sequences *out,
                          struct fault *fault)
{
    enum rc rc = tail_each(history->tail, learner, sequences_visit, out, fault);

    if (rc == RC_OK)
        rc = store_each_indexed(history->store, learner, sequences_visit, out, fault);
    sequences_settle(out);
    return rc;
}

struct walking {
    enum rc (*visit)(void *arg, const struct event *event, struct fault *fault);
    void *arg;
    struct segment *room;
};

enum rc history_unreadable(const struct stored_event *stored, struct fault *fault)
{
    return fault_text(fault, RC_INTERNAL, "the store failed", "event %llu cannot be read",
                      (unsigned long long)stored->sequence);
}

static enum rc walk(void *arg, const struct stored_event *stored, struct fault *fault)
{
    struct walking *walking = arg;
    struct event event;

    if (!stored_event_decode(stored, walking->room, EVENT_SEGMENTS_MAX, &event))
        return history_unreadable(stored, fault);
    return walking->visit(walking->arg, &event, fault);
}

enum rc history_page(const struct history *history, const uint64_t *sequences, size_t count,
                     enum rc (*visit)(void *arg, const struct event *event, struct fault *fault), void *arg,
                     struct fault *fault)
{
    struct walking walking = {visit, arg, malloc(EVENT_SEGMENTS_MAX * sizeof *walking.room)};
    enum rc rc = walking.room ? store_each_event_of(history->store, sequences, count, walk, &walking, fault)
                              : fault_no_memory(fault);

    free(walking.room);
    return rc;
}

enum rc history_readable(const char *text, const char *field, struct fault *fault)
{
    size_t size = strlen(text);
    int64_t number;

    if (ident_integer(text, size, &number) || instant_parse(text, size, &number) != INSTANT_NONE)
        return RC_OK;
    return fault_set(fault, RC_INVALID, field, "must be an event id, an ISO 8601 instant or a date");
}

enum rc history_bound(const struct history *history, uint32_t learner, const char *text, const char *field,
                      struct bound *out, struct fault *fault)
{
    size_t size = strlen(text);
    int64_t number;

    *out = (struct bound){.sequence = UINT64_MAX};
    if (!ident_integer(text, size, &number)) {
        out->by_instant = true;
        if (instant_parse(text, size, &out->at_ms) != INSTANT_NONE)
            return RC_OK;
        return history_readable(text, field, fault);
    }
    struct sequences own = {0};
    uint64_t wanted = number > 0 ? (uint64_t)number : 0;
    enum rc rc = learner ? history_sequences(history, learner, &own, fault) : RC_OK;
    bool known = rc == RC_OK && sequences_has(&own, wanted);
    sequences_done(&own);
    out->sequence = wanted;
    return rc == RC_OK && !known ? fault_set(fault, RC_INVALID, field, "there is no such event of this user")
                                 : rc;
}
