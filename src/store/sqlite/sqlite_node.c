#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "store/sqlite/sqlite.h"
#include "store/sqlite/sqlite_checkpoint.h"
#include "store/sqlite/sqlite_copies.h"
#include "store/sqlite/sqlite_db.h"
#include "store/sqlite/sqlite_events.h"

/* A node's own files, copied for another: its events, which are a copy of a log elsewhere, and its
 * checkpoint. Both are checked under names of their own first, in the directory where they will lie. */

/* One file, whole, without a log beside it. */
static enum rc copy_file(const char *source, const char *target, sqlite3 **out_copy, struct fault *fault)
{
    enum rc rc = sqlite_copy_file(source, target, NULL, out_copy, fault);

    if (rc == RC_INTERNAL)
        rc = fault_text(fault, RC_INVALID, "the store failed", "its %s is damaged, or was not copied whole",
                        strrchr(source, '/') + 1); /* the caller put a slash there */
    return rc;
}

/* The checkpoint of those events. RC_NOT_FOUND: it is of no use here, and the events make another. */
static enum rc judge_checkpoint(struct store *store, struct fault *fault)
{
    sqlite3 *checkpoint = store->checkpoint;
    char owner[sizeof store->store_id];

    if (!sqlite_is_whole(checkpoint))
        return fault_set(fault, RC_INVALID, NULL, "its checkpoint.db is damaged, or was not copied whole");
    int64_t layout = sqlite_meta_number(checkpoint, "layout"), mark = sqlite_meta_number(checkpoint, "mark");
    if (layout > CHECKPOINT_LAYOUT)
        return fault_set(fault, RC_INVALID, NULL,
                         "its checkpoint.db was made by a newer milepost; use that version");
    sqlite_meta_text(checkpoint, "store", owner, sizeof owner);
    if (layout != CHECKPOINT_LAYOUT || mark < 1)
        return RC_NOT_FOUND;
    if (strcmp(owner, store->store_id) != 0 || (uint64_t)mark > store->counters.sequence ||
        sqlite_meta_number(checkpoint, "generation") != store->generation)
        return fault_set(fault, RC_INVALID, NULL, "its events.db and checkpoint.db are not of one node");
    store->checkpoint_sequence = (uint64_t)mark;
    return RC_OK;
}

/* Both files are one's that has a directory to itself: what the other node writes is not of it. */
static enum rc rename_owner(struct store *store, bool with_checkpoint, struct fault *fault)
{
    char sql[160];
    enum rc rc = sqlite_run(
        store->events, "UPDATE meta SET value = lower(hex(randomblob(16))) WHERE name = 'store';", fault);

    if (rc != RC_OK || !with_checkpoint)
        return rc;
    sqlite_meta_text(store->events, "store", store->store_id, sizeof store->store_id);
    if (strspn(store->store_id, "0123456789abcdef") != strlen(store->store_id))
        return fault_set(fault, RC_INTERNAL, NULL, "the copy has no name"); /* cannot be: it was made above */
    (void)snprintf(sql, sizeof sql, "UPDATE meta SET value = '%s' WHERE name = 'store';", store->store_id);
    return sqlite_run(store->checkpoint, sql, fault);
}

struct copying {
    struct store *store; /* its paths are those of the target */
    char source[SQLITE_PATH_BYTES], source_checkpoint[SQLITE_PATH_BYTES];
    char events[SQLITE_PATH_BYTES + 16], checkpoint[SQLITE_PATH_BYTES + 16]; /* until they are whole */
    bool with_checkpoint;
};

/* Which checkpoint belongs to the events; false: there is none. */
static bool find_checkpoint(struct copying *copying, const char *from)
{
    struct store source = {.lock_fd = -1};
    struct fault ignored;
    sqlite3 *events = NULL;
    int64_t generation = 0;

    if (sqlite_open_file(copying->source, true, &events, &ignored) == RC_OK)
        generation = sqlite_meta_number(events, "generation");
    (void)sqlite3_close(events); /* it only read */
    if (generation < 1)
        return false;
    (void)snprintf(source.directory, sizeof source.directory, "%.4000s", from); /* fits */
    sqlite_checkpoint_path(&source, generation, copying->source_checkpoint);
    return access(copying->source_checkpoint, R_OK) == 0;
}

/* The checkpoint first: what it covers is then among the events. */
static enum rc copy_both(struct copying *copying, const char *from, struct store_node_copy *out,
                         struct fault *fault)
{
    struct store *store = copying->store;
    enum rc rc = RC_OK;

    copying->with_checkpoint = find_checkpoint(copying, from);
    if (copying->with_checkpoint)
        rc = copy_file(copying->source_checkpoint, copying->checkpoint, &store->checkpoint, fault);
    if (rc == RC_OK)
        rc = copy_file(copying->source, copying->events, &store->events, fault);
    if (rc == RC_OK)
        rc = sqlite_check_events(store, NULL, &out->events, fault);
    if (rc == RC_OK)
        rc = sqlite_read_counters(store, fault);
    if (rc != RC_OK)
        return rc;
    if (!store->copied.number)
        return fault_set(fault, RC_CONFLICT, NULL,
                         "that is a server of its own, and no node of a database's log: milepost move");
    if (copying->with_checkpoint)
        rc = judge_checkpoint(store, fault);
    copying->with_checkpoint = copying->with_checkpoint && rc != RC_NOT_FOUND;
    return rc == RC_NOT_FOUND ? RC_OK : rc;
}

static enum rc close_both(struct copying *copying, enum rc rc, struct fault *fault)
{
    struct store *store = copying->store;

    if (sqlite3_close(store->events) != SQLITE_OK && rc == RC_OK)
        rc = fault_set(fault, RC_INTERNAL, NULL, "cannot close the copy");
    if (sqlite3_close(store->checkpoint) != SQLITE_OK && rc == RC_OK)
        rc = fault_set(fault, RC_INTERNAL, NULL, "cannot close the copy");
    store->events = store->checkpoint = NULL;
    return rc;
}

/* The events last: a directory without them holds no store, and a checkpoint without its events is thrown
 * away. */
static enum rc finish(struct copying *copying, struct fault *fault)
{
    struct store *store = copying->store;

    sqlite_checkpoint_path(store, store->generation, store->checkpoint_path);
    sqlite_remove_file(store->checkpoint_path);
    if ((!copying->with_checkpoint || sqlite_put_in_place(copying->checkpoint, store->checkpoint_path)) &&
        sqlite_put_in_place(copying->events, store->events_path))
        return RC_OK;
    return sqlite_system_fault("cannot finish the copy", fault);
}

static enum rc copy_node(struct copying *copying, const char *from, store_node_judge *judge, void *arg,
                         struct store_node_copy *out, struct fault *fault)
{
    struct store *store = copying->store;
    enum rc rc = copy_both(copying, from, out, fault);

    if (rc == RC_OK) {
        out->turn = store->copied;
        out->sequence = store->counters.sequence;
        out->checkpoint = copying->with_checkpoint ? store->checkpoint_sequence : 0;
        rc = judge ? judge(arg, &out->turn, fault) : RC_OK;
    }
    if (rc == RC_OK)
        rc = rename_owner(store, copying->with_checkpoint, fault);
    rc = close_both(copying, rc, fault);
    if (rc == RC_OK)
        rc = finish(copying, fault);
    sqlite_remove_file(copying->events); /* what is in place is not there any more */
    sqlite_remove_file(copying->checkpoint);
    return rc;
}

enum rc store_copy_node(const char *from, const char *to, store_node_judge *judge, void *arg,
                        struct store_node_copy *out, struct fault *fault)
{
    struct copying copying = {.with_checkpoint = false};

    *out = (struct store_node_copy){.events = 0};
    if (!store_exists(from))
        return fault_set(fault, RC_NOT_FOUND, NULL, "there is no data in this directory");
    if (strlen(from) > SQLITE_PATH_BYTES - 96)
        return fault_set(fault, RC_INVALID, NULL, "the path is too long");
    enum rc rc = sqlite_store_new(to, &copying.store, fault);
    if (rc != RC_OK)
        return rc;
    rc = sqlite_take_lock(copying.store, to, fault);
    if (rc == RC_OK && store_exists(to))
        rc = fault_set(fault, RC_CONFLICT, NULL, "the directory is not empty; nothing was changed");
    if (rc == RC_OK) {
        (void)snprintf(copying.source, sizeof copying.source, "%s/events.db", from); /* these fit */
        (void)snprintf(copying.events, sizeof copying.events, "%s.part", copying.store->events_path);
        (void)snprintf(copying.checkpoint, sizeof copying.checkpoint, "%.4000s/checkpoint.db.part", to);
        rc = copy_node(&copying, from, judge, arg, out, fault);
    }
    sqlite_close(copying.store);
    return rc;
}
