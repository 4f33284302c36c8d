#include "store/sqlite/sqlite_log.h"

#include <stdlib.h>

#include "store/store.h"

/* Turns are counted from the open: nobody asks for a turn of a file that one process writes. */
struct own_log {
    struct log log;
    struct store *store;
    struct log_head head;
};

static struct own_log *own(struct log *log)
{
    return (struct own_log *)log; /* its first member */
}

static enum rc own_open(struct store *store, void *what, struct log **out_log, struct fault *fault)
{
    const bool *takes_copies = what; /* NULL: it does not */
    struct own_log *log = calloc(1, sizeof *log);

    if (!log)
        return fault_no_memory(fault);
    if (!takes_copies && store_copied(store).number) {
        free(log);
        return fault_set(fault, RC_CONFLICT, NULL,
                         "the data directory is a copy of a log elsewhere: database must name it");
    }
    log->store = store;
    log->head.counters = store_counters(store);
    *out_log = &log->log;
    return RC_OK;
}

static void own_close(struct log *log)
{
    free(own(log));
}

static enum rc own_head(struct log *log, struct log_head *out_head, struct fault *fault)
{
    (void)fault;
    *out_head = own(log)->head;
    return RC_OK;
}

static enum rc own_begin(struct log *log, const struct log_turn *after, log_visitor *visit, void *arg,
                         struct log_head *out_head, struct fault *fault)
{
    (void)after; /* nobody else has committed anything */
    (void)visit;
    (void)arg;
    return own_head(log, out_head, fault);
}

static enum log_outcome own_commit(struct log *log, const struct store_batch *batch, struct fault *fault)
{
    struct log_head *head = &own(log)->head;

    if (store_copied(own(log)->store).number) {
        (void)fault_set(fault, RC_BUSY, NULL,
                        "a copy of a log takes nothing of its own"); /* the outcome says it */
        return LOG_REFUSED;
    }
    enum rc rc = store_commit(own(log)->store, batch, fault);

    if (rc != RC_OK)
        return rc == RC_BUSY ? LOG_REFUSED : LOG_BROKEN;
    *head = (struct log_head){{head->turn.number + 1, batch->id}, batch->counters, batch->at_ms};
    return LOG_STORED;
}

static bool own_has_room(struct log *log)
{
    return store_has_room(own(log)->store);
}

const struct log_methods sqlite_log = {
    .name = "events.db",
    .open = own_open,
    .close = own_close,
    .begin = own_begin,
    .commit = own_commit,
    .head = own_head,
    .has_room = own_has_room,
};
