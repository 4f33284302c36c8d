#include "store/store.h"

#include <sys/random.h>

#include "store/postgres/postgres_log.h"
#include "store/sqlite/sqlite.h"
#include "store/sqlite/sqlite_log.h"

#ifdef HAVE_POSTGRES
static enum rc open_database(const struct store_place *place, struct store **out_store, struct fault *fault)
{
    struct postgres_place postgres = {place->database, place->log ? place->log : "main", place->say};

    if (!postgres_is_url(postgres.url))
        return fault_set(fault, RC_INVALID, "database", "must be a URL that begins with postgres://");
    return store_open_on(place->directory, &postgres_log, &postgres, out_store, fault);
}
#else
static enum rc open_database(const struct store_place *place, struct store **out_store, struct fault *fault)
{
    (void)place;
    (void)out_store;
    return fault_set(fault, RC_NOT_IMPLEMENTED, "database", "this program was built without libpq");
}
#endif

enum rc store_open(const struct store_place *place, struct store **out_store, struct fault *fault)
{
    if (place->database)
        return open_database(place, out_store, fault);
    return store_open_on(place->directory, &sqlite_log, NULL, out_store, fault);
}

enum rc store_open_alone(const char *directory, struct store **out_store, struct fault *fault)
{
    bool takes_copies = true;
    return store_open_on(directory, &sqlite_log, &takes_copies, out_store, fault);
}

enum rc store_open_on(const char *directory, const struct log_methods *kind, void *what,
                      struct store **out_store, struct fault *fault)
{
    struct store *store;
    enum rc rc = sqlite_open(directory, kind->shared, &store, fault);

    if (rc != RC_OK)
        return rc;
    if (kind->shared && !store_copied(store).number && store_counters(store).sequence) {
        store_close(store);
        return fault_set(fault, RC_CONFLICT, "data",
                         "the data directory is a log of its own, and no copy of one elsewhere");
    }
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
