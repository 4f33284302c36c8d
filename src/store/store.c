#include "store/store.h"

#include <sys/random.h>

#include "store/sqlite/sqlite.h"
#include "store/sqlite/sqlite_log.h"

enum rc store_open(const struct store_place *place, struct store **out_store, struct fault *fault)
{
    if (place->database)
        return fault_set(fault, RC_NOT_IMPLEMENTED, "database",
                         "no log but the data directory's own is known");
    return store_open_on(place->directory, &sqlite_log, NULL, out_store, fault);
}

enum rc store_open_on(const char *directory, const struct log_methods *kind, void *what,
                      struct store **out_store, struct fault *fault)
{
    struct store *store;
    enum rc rc = sqlite_open(directory, kind->shared, &store, fault);

    if (rc != RC_OK)
        return rc;
    rc = kind->open(store, what, &store->log, fault);
    if (rc == RC_OK) {
        store->log->methods = kind;
        if (getrandom(&store->log->next_id, sizeof store->log->next_id, 0) !=
            (ssize_t)sizeof store->log->next_id)
            rc = fault_set(fault, RC_INTERNAL, NULL, "the system gives no random bytes");
    }
    if (rc == RC_OK)
        *out_store = store;
    else
        store_close(store);
    return rc;
}

void store_close(struct store *store)
{
    if (store && store->log)
        store->log->methods->close(store->log);
    sqlite_close(store);
}

struct log *store_event_log(struct store *store)
{
    return store->log;
}
