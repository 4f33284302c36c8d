#include "app/logbook.h"

enum rc logbook_each(struct engine *engine, uint32_t learner, const struct log_filter *filter,
                     bool (*visit)(void *arg, const struct store_log *log), void *arg, struct fault *fault)
{
    return store_each_log(engine_store(engine), learner, filter, visit, arg, fault);
}

static bool take_owner(void *arg, const struct store_log *log)
{
    *(uint32_t *)arg = log->learner;
    return false;
}

enum rc logbook_owner(struct engine *engine, uint64_t log_id, uint32_t *out_learner, struct fault *fault)
{
    uint32_t learner = 0;
    enum rc rc = store_log(engine_store(engine), log_id, take_owner, &learner, fault);

    if (rc == RC_OK)
        *out_learner = learner;
    return rc;
}
