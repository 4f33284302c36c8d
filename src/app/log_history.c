#include "app/log_history.h"

#include <stdlib.h>

#include "base/sorted.h"
#include "model/fold.h"
#include "model/log_totals.h"

void log_entries_done(struct log_entries *entries)
{
    free(entries->at);
    arena_done(&entries->arena);
    *entries = (struct log_entries){0};
}

struct folding {
    struct log_fold fold;
    struct arena *arena;
};

static bool more_room(struct log_fold *fold)
{
    struct log_slot *old = fold->slots;
    size_t room = fold->room ? 2 * fold->room : 64;
    struct log_slot *slots = calloc(room, sizeof *slots);

    if (!slots)
        return false;
    log_fold_move(fold, slots, room);
    free(old);
    return true;
}

static enum rc fold_log(void *arg, const struct stored_event *stored, struct fault *fault)
{
    struct folding *folding = arg;
    struct log_fold *fold = &folding->fold;
    struct event event;

    if (!event_is_log((enum event_kind)stored->kind) ||
        !bound_holds(&fold->bound, stored->sequence, stored->at_ms))
        return RC_OK;
    if (log_fold_full(fold) && !more_room(fold))
        return fault_no_memory(fault);
    if (!stored_event_decode(stored, NULL, 0, &event))
        return history_unreadable(stored, fault);
    struct log_event log = log_event_of(&event);
    struct log_state *state = log_fold_back(fold, &log);
    if (state && state->members_size) {
        state->members = (const uint8_t *)arena_copy(folding->arena, log.members, log.members_size);
        if (!state->members)
            return fault_no_memory(fault);
    }
    return RC_OK;
}

/* How many of the sequences are not past the bound. */
static size_t upto(const uint64_t *sequences, size_t count, uint64_t bound)
{
    return sorted_place(i, count, sequences[i] <= bound);
}

static enum rc fold_back(struct store *store, const uint64_t *sequences, size_t count,
                         struct folding *folding, struct fault *fault)
{
    enum { PAGE = 256 };
    uint64_t page[PAGE];
    enum rc rc = RC_OK;

    for (size_t left = upto(sequences, count, folding->fold.bound.sequence);
         rc == RC_OK && left && !folding->fold.over;
         left = upto(sequences, left, folding->fold.bound.sequence)) {
        size_t taken = 0;
        while (taken < PAGE && left)
            page[taken++] = sequences[--left];
        rc = store_each_event_of(store, page, taken, fold_log, folding, fault);
    }
    return rc;
}

enum rc history_fold_logs(struct store *store, const uint64_t *sequences, size_t count,
                          const struct bound *bound, struct log_entries *out, struct fault *fault)
{
    struct folding folding = {.fold = {.bound = *bound}, .arena = &out->arena};

    *out = (struct log_entries){0};
    arena_init(&out->arena);
    enum rc rc = fold_back(store, sequences, count, &folding, fault);
    out->at = rc == RC_OK ? calloc(folding.fold.entries + 1, sizeof *out->at) : NULL;
    if (rc == RC_OK && !out->at)
        rc = fault_no_memory(fault);
    if (rc == RC_OK) {
        out->count = folding.fold.entries;
        log_fold_end(&folding.fold, out->at);
    } else {
        log_entries_done(out);
    }
    free(folding.fold.slots);
    return rc;
}

enum rc history_logs(const struct history *history, uint32_t learner, const struct bound *bound,
                     struct log_entries *out, struct fault *fault)
{
    struct sequences sequences = {0};

    *out = (struct log_entries){0};
    enum rc rc = history_sequences(history, learner, &sequences, fault);
    if (rc == RC_OK)
        rc = history_fold_logs(history->store, sequences.at, sequences.count, bound, out, fault);
    sequences_done(&sequences);
    return rc;
}

bool log_history_any(const struct history *history, uint32_t learner)
{
    return log_totals_of(history->totals, learner).kept.entries > 0;
}

enum rc log_history_wait(const struct history *history, uint32_t learner, struct fault *fault)
{
    return log_totals_settled(history->totals, learner)
               ? RC_OK
               : fault_set(fault, RC_BUSY, NULL, "the logs are being changed; try again");
}

enum rc log_history_each(const struct history *history, uint32_t learner, const struct log_filter *filter,
                         enum rc (*visit)(void *arg, const struct store_log *log, struct fault *fault),
                         void *arg, struct fault *fault)
{
    enum rc rc = log_history_wait(history, learner, fault);

    return rc == RC_OK ? store_each_log(history->store, learner, filter, visit, arg, fault) : rc;
}

enum rc log_history_owner(const struct history *history, uint64_t log_id, uint32_t *out_learner,
                          struct fault *fault)
{
    return store_log_owner(history->store, log_id, out_learner, fault);
}
