#include <string.h>

#include "model/judge.h"
#include "app/verify.h"
#include "base/ident.h"
#include "cli/cli.h"
#include "cli/progress.h"

/* What import and restore have in common: nothing of a file counts before all of it was folded and judged. */

struct keys_seen {
    uint32_t highest[3];
};

static enum rc see_id(void *arg, const struct store_id *id, struct fault *fault)
{
    struct keys_seen *seen = arg;

    /* keys are given out without gaps, and kept when their id goes */
    if (id->key != seen->highest[id->kind] + 1)
        return fault_set(fault, RC_INVALID, NULL, "the numbers of its ids have gaps");
    if (id->size && ident_problem(id->id, id->size))
        return fault_set(fault, RC_INVALID, NULL, "an id in it cannot be an id");
    seen->highest[id->kind] = id->key;
    return RC_OK;
}

static enum rc look_at_ids(struct store *store, struct event_scope *out_scope, struct fault *fault)
{
    struct store_counters counters = store_counters(store);
    struct keys_seen seen = {{0, 0, 0}};
    enum rc rc = store_each_id(store, see_id, &seen, fault);

    *out_scope = (struct event_scope){
        seen.highest[STORE_LEARNER],
        seen.highest[STORE_COURSE],
        seen.highest[STORE_ITEM],
        counters.sequence,
        counters.log_id,
        counters.record_id,
        counters.enrolment_id,
    };
    return rc;
}

/* The judge's words with the event's number. */
static enum rc refused(const struct judge *judge, struct fault *fault)
{
    if (judge->sequence)
        return fault_text(fault, RC_INVALID, "the store is not whole", "event %llu: %s",
                          (unsigned long long)judge->sequence, judge->problem);
    return fault_text(fault, RC_INVALID, "the store is not whole", "%s", judge->problem);
}

static enum rc see_erasing(void *arg, const struct store_erasure *erasure, struct fault *fault)
{
    (void)fault;
    judge_leaving(arg, erasure->learner);
    return RC_OK;
}

enum rc cli_check_store(struct store *store, struct fault *fault)
{
    struct event_scope scope;
    struct engine *engine = NULL;
    struct judge judge = {.problem = NULL};
    struct progress progress;
    struct policy policy = {.now_ms = cli_now_ms, .judge = &judge, .progress_arg = &progress};
    uint64_t mended;
    enum rc rc = look_at_ids(store, &scope, fault);

    if (rc == RC_OK && judge_init(&judge, &scope) != RC_OK)
        rc = fault_no_memory(fault);
    if (rc == RC_OK)
        rc = store_each_erasing(store, see_erasing, &judge, fault);
    progress_begin(&progress, "checking", "events", store_counters(store).sequence);
    if (rc == RC_OK)
        rc = engine_new(store, &policy, progress_show, &engine, fault);
    progress_end(&progress);
    if (rc == RC_OK && !judge_model(&judge, engine_model(engine)))
        rc = RC_INVALID;
    engine_free(engine);
    if (rc == RC_OK)
        rc = verify_mend_logs(store, &mended, fault);
    if (rc == RC_OK)
        rc = judge_logs(&judge, store, fault);
    if (judge.problem)
        rc = refused(&judge, fault);
    judge_done(&judge);
    return rc;
}
