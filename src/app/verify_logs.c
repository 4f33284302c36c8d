#include "app/verify_logs.h"

#include <stdlib.h>
#include <string.h>

#include "app/history.h"
#include "app/log_history.h"
#include "base/sorted.h"
#include "model/log_totals.h"
#include "app/verify.h"

bool log_refs_add(struct log_refs *refs, const struct stored_event *stored)
{
    if (!event_is_log((enum event_kind)stored->kind) && stored->kind != EV_ERASED)
        return true;
    if (refs->count == refs->room) {
        size_t room = refs->room ? refs->room * 2 : 1024;
        struct log_ref *at = realloc(refs->at, room * sizeof *at);
        if (!at)
            return false;
        refs->at = at;
        refs->room = room;
    }
    refs->at[refs->count++] = (struct log_ref){stored->sequence, stored->learner, stored->kind};
    return true;
}

static int by_learner(const void *a, const void *b)
{
    const struct log_ref *left = a, *right = b;

    if (left->learner != right->learner)
        return left->learner < right->learner ? -1 : 1;
    return left->sequence < right->sequence ? -1 : left->sequence > right->sequence;
}

struct comparing {
    struct store *store;
    const struct log_refs *refs;
    size_t from; /* of refs: what has not been looked at */
    struct log_totals *totals;
    const struct log_judge *judge;
    uint64_t *out_logs;
    uint32_t learner;         /* whose rows are at hand; 0: nobody's */
    struct store_log *stored; /* those rows; their members in arena */
    size_t count, room;
    struct arena arena;
    struct fault *fault;
};

/* One learner's entries as their events say; counts the rollbacks. */
static enum rc entries_of(struct comparing *comparing, size_t end, struct log_entries *out,
                          uint32_t *out_rollbacks)
{
    static const struct bound always = {.sequence = UINT64_MAX};
    const struct log_ref *refs = comparing->refs->at + comparing->from;
    size_t count = end - comparing->from, kept = 0;
    uint64_t *sequences = malloc((count + 1) * sizeof *sequences);

    if (!sequences)
        return fault_no_memory(comparing->fault);
    for (size_t i = 0; i < count; i++) {
        if (refs[i].kind == EV_ERASED) {
            kept = 0;
            *out_rollbacks = 0;
            continue;
        }
        sequences[kept++] = refs[i].sequence;
        *out_rollbacks += refs[i].kind == EV_LOGS_ROLLED_BACK;
    }
    enum rc rc = history_fold_logs(comparing->store, sequences, kept, &always, out, comparing->fault);
    free(sequences);
    return rc;
}

static bool same(const struct store_log *stored, const struct log_state *state)
{
    return stored->log_id == state->log_id && stored->date_ms == state->date_ms &&
           stored->created_ms == state->created_ms && stored->updated_ms == state->updated_ms &&
           stored->members_size == state->members_size &&
           (state->members_size == 0 || memcmp(stored->members, state->members, state->members_size) == 0);
}

static int by_log_id(const void *a, const void *b)
{
    const struct store_log *left = a, *right = b;
    return left->log_id < right->log_id ? -1 : left->log_id > right->log_id;
}

static enum rc compare_entries(struct comparing *comparing, uint32_t learner,
                               const struct log_entries *should)
{
    const struct log_judge *judge = comparing->judge;
    const struct store_log *stored = comparing->stored;
    size_t a = 0, b = 0;
    enum rc rc = RC_OK;

    if (comparing->count)
        qsort(comparing->stored, comparing->count, sizeof *comparing->stored, by_log_id);
    while (rc == RC_OK && (a < comparing->count || b < should->count)) {
        if (b == should->count || (a < comparing->count && stored[a].log_id < should->at[b].log_id)) {
            rc = judge->entry(judge->arg, learner, stored[a].log_id, NULL, comparing->fault);
            a++;
        } else if (a == comparing->count || stored[a].log_id > should->at[b].log_id) {
            rc = judge->entry(judge->arg, learner, should->at[b].log_id, &should->at[b], comparing->fault);
            b++;
        } else {
            if (!same(&stored[a], &should->at[b]))
                rc =
                    judge->entry(judge->arg, learner, should->at[b].log_id, &should->at[b], comparing->fault);
            a++;
            b++;
        }
    }
    return rc;
}

static enum rc compare_total(struct comparing *comparing, uint32_t learner, const struct log_entries *should,
                             uint32_t rollbacks)
{
    struct store_log_total is = log_totals_of(comparing->totals, learner).kept;
    struct store_log_total total = {
        .learner = learner, .entries = (uint32_t)should->count, .rollbacks = rollbacks};

    for (size_t i = 0; i < should->count; i++)
        total.bytes += should->at[i].members_size;
    if (is.entries == total.entries && is.rollbacks == total.rollbacks && is.bytes == total.bytes &&
        (comparing->judge->patient || !is.settling))
        return RC_OK;
    return comparing->judge->total(comparing->judge->arg, &total, comparing->fault);
}

/* A learner whose rows, if there are any, are all at hand, and whose events come next. */
static enum rc compare_learner(struct comparing *comparing, uint32_t learner)
{
    struct log_entries should = {0};
    size_t end = comparing->from;
    uint32_t rollbacks = 0;
    enum rc rc = RC_OK;

    while (end < comparing->refs->count && comparing->refs->at[end].learner == learner)
        end++;
    if (end > comparing->from)
        rc = entries_of(comparing, end, &should, &rollbacks);
    bool follows = comparing->judge->patient && log_totals_of(comparing->totals, learner).kept.settling;
    if (rc == RC_OK && !follows)
        rc = compare_entries(comparing, learner, &should);
    if (rc == RC_OK)
        rc = compare_total(comparing, learner, &should, rollbacks);
    *comparing->out_logs += should.count;
    log_entries_done(&should);
    comparing->from = end;
    comparing->learner = 0;
    comparing->count = 0;
    arena_done(&comparing->arena);
    return rc;
}

/* All learners before one. */
static enum rc compare_before(struct comparing *comparing, uint32_t learner)
{
    enum rc rc = comparing->learner ? compare_learner(comparing, comparing->learner) : RC_OK;

    while (rc == RC_OK && comparing->from < comparing->refs->count &&
           comparing->refs->at[comparing->from].learner < learner)
        rc = compare_learner(comparing, comparing->refs->at[comparing->from].learner);
    return rc;
}

static enum rc keep_row(struct comparing *comparing, const struct store_log *log)
{
    if (comparing->count == comparing->room) {
        size_t room = comparing->room ? comparing->room * 2 : 1024;
        struct store_log *stored = realloc(comparing->stored, room * sizeof *stored);
        if (!stored)
            return fault_no_memory(comparing->fault);
        comparing->stored = stored;
        comparing->room = room;
    }
    struct store_log *own = &comparing->stored[comparing->count++];
    *own = *log;
    own->members = (const uint8_t *)arena_copy(&comparing->arena, log->members, log->members_size);
    return own->members ? RC_OK : fault_no_memory(comparing->fault);
}

/* Rows come by learner. */
static enum rc take_row(void *arg, const struct store_log *log, struct fault *fault)
{
    struct comparing *comparing = arg;
    enum rc rc = log->learner != comparing->learner ? compare_before(comparing, log->learner) : RC_OK;

    (void)fault; /* it is comparing's too */
    if (rc != RC_OK)
        return rc;
    comparing->learner = log->learner;
    return keep_row(comparing, log);
}

/* A total of a learner without log events; the others have been compared. */
static enum rc take_total(void *arg, const struct store_log_total *total, struct fault *fault)
{
    struct comparing *comparing = arg;
    const struct log_refs *refs = comparing->refs;
    size_t low = sorted_place(i, refs->count, refs->at[i].learner < total->learner);
    if ((low < refs->count && refs->at[low].learner == total->learner) ||
        total->entries + total->rollbacks + total->bytes + total->settling == 0)
        return RC_OK;
    const struct store_log_total none = {.learner = total->learner};
    return comparing->judge->total(comparing->judge->arg, &none, fault);
}

enum rc verify_logs(struct store *store, struct log_refs *refs, const struct log_judge *judge,
                    uint64_t *out_logs, struct fault *fault)
{
    struct comparing comparing = {
        .store = store, .refs = refs, .judge = judge, .out_logs = out_logs, .fault = fault};

    arena_init(&comparing.arena);
    if (refs->count)
        qsort(refs->at, refs->count, sizeof *refs->at, by_learner);
    enum rc rc = log_totals_new(store, &comparing.totals, fault);
    if (rc == RC_OK)
        rc = store_each_log_of_all(store, take_row, &comparing, fault);
    if (rc == RC_OK)
        rc = compare_before(&comparing, UINT32_MAX);
    if (rc == RC_OK)
        rc = store_each_log_total(store, take_total, &comparing, fault);
    log_totals_free(comparing.totals);
    free(comparing.stored);
    arena_done(&comparing.arena);
    return rc;
}

/* ---- mending log entries ---- */

enum { MEND_AT_ONCE = 4096 }; /* entries a commit: an import of 10,000 was 10,000 fsyncs */

struct mending {
    struct store *store;
    uint64_t *mended;
    struct store_log *logs;
    size_t count;
    struct store_log_total *totals;
    size_t total_count;
    struct arena arena; /* their members */
};

static enum rc mend_noted(struct mending *mending, struct fault *fault)
{
    struct store_batch batch = {.logs = mending->logs,
                                .log_count = mending->count,
                                .log_totals = mending->totals,
                                .log_total_count = mending->total_count,
                                .counters = store_counters(mending->store)};
    enum rc rc = mending->count + mending->total_count ? store_commit(mending->store, &batch, fault) : RC_OK;

    mending->count = mending->total_count = 0;
    arena_done(&mending->arena);
    return rc;
}

static enum rc mend_log(void *arg, uint32_t learner, uint64_t log_id, const struct log_state *should,
                        struct fault *fault)
{
    struct mending *mending = arg;
    struct store_log *log = &mending->logs[mending->count++];

    *log = (struct store_log){.log_id = log_id, .learner = learner, .deleted = !should};
    if (should) {
        log->date_ms = should->date_ms;
        log->created_ms = should->created_ms;
        log->updated_ms = should->updated_ms;
        log->members = (const uint8_t *)arena_copy(&mending->arena, should->members, should->members_size);
        log->members_size = should->members_size;
        if (!log->members)
            return fault_no_memory(fault);
    }
    ++*mending->mended;
    return mending->count == MEND_AT_ONCE ? mend_noted(mending, fault) : RC_OK;
}

static enum rc mend_total(void *arg, const struct store_log_total *should, struct fault *fault)
{
    struct mending *mending = arg;

    mending->totals[mending->total_count++] = *should;
    return mending->total_count == MEND_AT_ONCE ? mend_noted(mending, fault) : RC_OK;
}

static enum rc collect_log(void *arg, const struct stored_event *stored, struct fault *fault)
{
    return log_refs_add(arg, stored) ? RC_OK : fault_no_memory(fault);
}

enum rc verify_mend_logs(struct store *store, uint64_t *out_mended, struct fault *fault)
{
    struct mending mending = {.store = store, .mended = out_mended};
    struct log_refs refs = {0};
    uint64_t logs = 0;

    *out_mended = 0;
    arena_init(&mending.arena);
    mending.logs = malloc(MEND_AT_ONCE * sizeof *mending.logs);
    mending.totals = malloc(MEND_AT_ONCE * sizeof *mending.totals);
    enum rc rc = mending.logs && mending.totals ? store_each_event(store, 0, collect_log, &refs, fault)
                                                : fault_no_memory(fault);
    if (rc == RC_OK)
        rc = verify_logs(store, &refs, &(struct log_judge){&mending, mend_log, mend_total, false}, &logs,
                         fault);
    if (rc == RC_OK)
        rc = mend_noted(&mending, fault);
    arena_done(&mending.arena);
    free(mending.logs);
    free(mending.totals);
    free(refs.at);
    return rc;
}
