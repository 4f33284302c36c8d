#include "store/sqlite/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "store/sqlite/sqlite_checkpoint.h"
#include "store/sqlite/sqlite_db.h"
#include "store/sqlite/sqlite_events.h"
#include "store/sqlite/sqlite_readers.h"
#include "store/sqlite/sqlite_schema.h"

enum rc sqlite_take_lock(struct store *store, const char *directory, struct fault *fault)
{
    char path[SQLITE_PATH_BYTES];

    (void)snprintf(path, sizeof path, "%s/lock", directory); /* the caller bounded directory */
    store->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (store->lock_fd < 0) {
        return fault_text(fault, RC_INTERNAL, "the store failed", "cannot open the data directory's lock: %s",
                          strerror(errno));
    }
    if (flock(store->lock_fd, LOCK_EX | LOCK_NB) != 0)
        return fault_set(fault, RC_CONFLICT, NULL, "another milepost process is using this data directory");
    return RC_OK;
}

enum rc sqlite_store_new(const char *directory, struct store **out_store, struct fault *fault)
{
    struct store *store = calloc(1, sizeof *store);

    if (!store)
        return fault_no_memory(fault);
    store->lock_fd = -1;
    (void)pthread_mutex_init(&store->reader_lock, NULL); /* default attributes cannot fail */
    (void)pthread_cond_init(&store->reader_back, NULL);  /* likewise */
    if (strlen(directory) > SQLITE_PATH_BYTES - 96) {
        sqlite_close(store);
        return fault_set(fault, RC_INTERNAL, NULL, "the data directory's path is too long");
    }
    (void)snprintf(store->directory, sizeof store->directory, "%s", directory);               /* fits */
    (void)snprintf(store->events_path, sizeof store->events_path, "%s/events.db", directory); /* fits */
    *out_store = store;
    return RC_OK;
}

/* Models that another generation left behind, also one that a rebuild did not finish. */
static void remove_other_checkpoints(struct store *store)
{
    char path[SQLITE_PATH_BYTES];

    for (int64_t generation = store->generation - 1; generation <= store->generation + 1; generation++) {
        if (generation > 0 && generation != store->generation) {
            sqlite_checkpoint_path(store, generation, path);
            sqlite_remove_file(path);
        }
        /* what versions before 0.2 called it: it may hold people who are erased from now on */
        (void)snprintf(path, sizeof path, "%.4000s/image-%lld.db", store->directory, (long long)generation);
        sqlite_remove_file(path);
    }
    (void)snprintf(path, sizeof path, "%.4000s/image.db", store->directory); /* generation 1 */
    sqlite_remove_file(path);
}

static enum rc close_with(struct store *store, enum rc rc)
{
    sqlite_close(store);
    return rc;
}

enum rc sqlite_open(const char *directory, bool copy, struct store **out_store, struct fault *fault)
{
    struct store *store;
    enum rc rc = sqlite_store_new(directory, &store, fault);

    if (rc != RC_OK)
        return rc;
    rc = sqlite_take_lock(store, directory, fault);
    if (rc == RC_OK)
        rc = sqlite_open_events(store, copy, fault);
    if (rc == RC_OK) {
        remove_other_checkpoints(store);
        sqlite_checkpoint_path(store, store->generation, store->checkpoint_path);
        rc = sqlite_open_checkpoint(store, fault);
    }
    if (rc == RC_OK)
        rc = sqlite_readers_open(store, fault);
    if (rc != RC_OK)
        return close_with(store, rc);
    *out_store = store;
    return RC_OK;
}

enum rc store_open_reader(const char *directory, struct store **out_store, struct fault *fault)
{
    struct store *store;
    enum rc rc = store_exists(directory)
                     ? sqlite_store_new(directory, &store, fault)
                     : fault_set(fault, RC_NOT_FOUND, NULL, "there is no data in this directory");

    if (rc != RC_OK)
        return rc;
    rc = sqlite_open_file(store->events_path, true, &store->events, fault);
    if (rc == RC_OK && sqlite_meta_number(store->events, "schema") != SQLITE_SCHEMA_VERSION)
        rc = fault_set(fault, RC_INTERNAL, NULL,
                       "the data is another version's, or damaged: start the server on it first");
    if (rc == RC_OK) {
        store->generation = sqlite_meta_number(store->events, "generation");
        sqlite_checkpoint_path(store, store->generation, store->checkpoint_path);
        if (access(store->checkpoint_path, R_OK) == 0) { /* else: not yet made */
            rc = sqlite_open_file(store->checkpoint_path, true, &store->checkpoint, fault);
            /* First the checkpoint: what it covers is then among the events. One that a crash left without a
             * table is none: the next start makes it anew. */
            if (rc == RC_OK && (sqlite_run(store->checkpoint, "BEGIN; SELECT count(*) FROM learner_event;",
                                           fault) != RC_OK ||
                                sqlite_meta_number(store->checkpoint, "layout") != CHECKPOINT_LAYOUT))
                sqlite_close_checkpoint(store);
        }
    }
    if (rc == RC_OK)
        rc = sqlite_run(store->events, "BEGIN; SELECT count(*) FROM meta;", fault);
    if (rc == RC_OK)
        rc = sqlite_read_counters(store, fault);
    if (rc != RC_OK)
        return close_with(store, rc);
    sqlite_readers_share(store);
    int64_t mark = store->checkpoint ? sqlite_meta_number(store->checkpoint, "mark") : -1;
    store->checkpoint_sequence = mark > 0 ? (uint64_t)mark : 0;
    store->checkpoint_threshold =
        (uint16_t)(mark > 0 ? sqlite_meta_number(store->checkpoint, "threshold") : 0);
    *out_store = store;
    return RC_OK;
}

bool store_exists(const char *directory)
{
    char path[SQLITE_PATH_BYTES];

    (void)snprintf(path, sizeof path, "%s/events.db", directory); /* cut: then it is not there */
    return access(path, F_OK) == 0;
}

void sqlite_close(struct store *store)
{
    if (!store)
        return;
    sqlite_readers_close(store); /* readers go first: R8 */
    sqlite_close_checkpoint(store);
    (void)sqlite3_finalize(store->get_log); /* nothing runs */
    for (int i = 0; i < WRITER_COUNT; i++)
        (void)sqlite3_finalize(store->writer[i]); /* nothing runs */
    (void)sqlite3_close(store->events);           /* checkpoints */
    if (store->lock_fd >= 0)
        (void)close(store->lock_fd);                  /* gives the lock back */
    (void)pthread_mutex_destroy(&store->reader_lock); /* nobody holds it */
    (void)pthread_cond_destroy(&store->reader_back);  /* nobody waits */
    free(store);
}
