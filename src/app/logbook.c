#include "app/logbook.h"

#include "model/log_totals.h"

bool logbook_any(struct engine *engine, uint32_t learner)
{
    return log_totals_of(engine_log_totals(engine), learner).kept.entries > 0;
}

enum rc logbook_wait(struct engine *engine, uint32_t learner, struct fault *fault)
{
    return log_totals_settled(engine_log_totals(engine), learner)
               ? RC_OK
               : fault_set(fault, RC_BUSY, NULL, "the logs are being changed; try again");
}

enum rc logbook_each(struct engine *engine, uint32_t learner, const struct log_filter *filter,
                     enum rc (*visit)(void *arg, const struct store_log *log, struct fault *fault), void *arg,
                     struct fault *fault)
{
    enum rc rc = logbook_wait(engine, learner, fault);

    if (rc != RC_OK)
        return rc;
    return store_each_log(engine_store(engine), learner, filter, visit, arg, fault);
}

enum rc logbook_owner(struct engine *engine, uint64_t log_id, uint32_t *out_learner, struct fault *fault)
{
    return store_log_owner(engine_store(engine), log_id, out_learner, fault);
}
