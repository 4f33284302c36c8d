#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/sqlite/sqlite.h"
#include "store/sqlite/sqlite_checkpoint.h"
#include "store/sqlite/sqlite_copies.h"
#include "store/sqlite/sqlite_db.h"
#include "store/sqlite/sqlite_readers.h"
#include "store/sqlite/sqlite_schema.h"

/* Whole files: backup, restore, a new generation of the checkpoint. Every switch is one rename or one commit,
 * after an fsync of what it switches to. Source: reliability R8, R16, R17. */

enum {
    ROW_MAX_BYTES = 64 << 20, /* more than any row that was written */
    ROOM_BYTES = 256 << 10,   /* what a batch may need at once */
    PAGES_AT_ONCE = 1024,     /* of a copy, between two words about how far it is */
    EVENTS_AT_ONCE = 8192,    /* likewise */
};

/* Names and contents of a directory reach the disk. */
static bool sync_directory_of(const char *path)
{
    char directory[SQLITE_PATH_BYTES];
    const char *slash = strrchr(path, '/');

    /* bounded by the caller */
    (void)snprintf(directory, sizeof directory, "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
    int fd = open(*directory ? directory : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool synced = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        (void)close(fd); /* it was only synced */
    return synced;
}

bool store_has_room(const struct store *store)
{
    static const char zeros[4096];
    char path[SQLITE_PATH_BYTES + sizeof ".room"];
    bool written = true;

    (void)snprintf(path, sizeof path, "%s.room", store->events_path); /* fits */
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    for (size_t at = 0; at < ROOM_BYTES && fd >= 0 && written; at += sizeof zeros)
        written = write(fd, zeros, sizeof zeros) == (ssize_t)sizeof zeros;
    written = fd >= 0 && written && fsync(fd) == 0;
    if (fd >= 0)
        (void)close(fd); /* it goes */
    (void)unlink(path);  /* the next try truncates it */
    return written;
}

static bool sync_file(const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    bool synced = fd >= 0 && fsync(fd) == 0;

    if (fd >= 0)
        (void)close(fd); /* it was synced */
    return synced;
}

bool sqlite_put_in_place(const char *part, const char *path)
{
    return sync_file(part) && rename(part, path) == 0 && sync_directory_of(path);
}

enum rc sqlite_system_fault(const char *what, struct fault *fault)
{
    return fault_text(fault, errno == ENOSPC ? RC_BUSY : RC_INTERNAL, "the store failed", "%s: %s", what,
                      strerror(errno));
}

static void show(const struct store_watch *watch, const char *what, const char *unit, uint64_t done,
                 uint64_t total)
{
    if (watch)
        watch->show(watch->arg, what, unit, done, total);
}

/* All pages within one look at the file, which is held: without it each commit would start the copy again. */
static enum rc copy_pages(const struct store_watch *watch, sqlite3 *from, sqlite3 *to, struct fault *fault)
{
    enum rc rc = sqlite_run(from, "BEGIN; SELECT count(*) FROM sqlite_master;", fault);
    sqlite3_backup *copy = rc == RC_OK ? sqlite3_backup_init(to, "main", from, "main") : NULL;
    int code = SQLITE_OK;

    if (rc != RC_OK)
        return rc;
    if (!copy)
        return sqlite_fail(to, "backup", fault);
    while (code == SQLITE_OK) {
        code = sqlite3_backup_step(copy, PAGES_AT_ONCE);
        int total = sqlite3_backup_pagecount(copy);
        show(watch, "copying", "pages", (uint64_t)(total - sqlite3_backup_remaining(copy)), (uint64_t)total);
    }
    int finished = sqlite3_backup_finish(copy);
    if (code == SQLITE_DONE && finished == SQLITE_OK)
        return sqlite_run(from, "COMMIT;", fault);
    return sqlite_fail(to, "backup", fault);
}

enum rc sqlite_copy_file(const char *source, const char *target, const struct store_watch *watch,
                         sqlite3 **out_copy, struct fault *fault)
{
    sqlite3 *from = NULL;

    sqlite_remove_file(target); /* what a copy that was killed left */
    enum rc rc = sqlite_open_file(source, true, &from, fault);
    if (rc == RC_OK)
        rc = sqlite_open_file(target, false, out_copy, fault);
    if (rc == RC_OK)
        rc = sqlite_run(*out_copy, "PRAGMA secure_delete=ON; PRAGMA cell_size_check=ON; PRAGMA mmap_size=0;",
                        fault);
    if (rc == RC_OK)
        rc = copy_pages(watch, from, *out_copy, fault);
    if (rc == RC_OK) /* one file, no -wal beside it */
        rc = sqlite_run(*out_copy, "PRAGMA journal_mode=DELETE;", fault);
    (void)sqlite3_close(from); /* it only read */
    return rc;
}

struct checking {
    const struct store_watch *watch;
    uint64_t events, last; /* that were checked; the last one's number */
};

static enum rc count_checked(void *arg, const struct stored_event *event, struct fault *fault)
{
    struct checking *checking = arg;

    (void)event;
    (void)fault;
    if (++checking->events % EVENTS_AT_ONCE == 0)
        show(checking->watch, "checking", "events", checking->events, checking->last);
    return RC_OK;
}

static enum rc is_it_ok(void *arg, sqlite3_stmt *row, struct fault *fault)
{
    const char *said = (const char *)sqlite3_column_text(row, 0);

    (void)fault;
    *(bool *)arg = said && strcmp(said, "ok") == 0;
    return RC_ENOUGH;
}

bool sqlite_is_whole(sqlite3 *database)
{
    struct fault ignored;
    bool whole = false;

    return sqlite_walk(database, "PRAGMA quick_check(1)", 0, is_it_ok, &whole, &ignored) == RC_OK && whole;
}

/* Rows that no server wrote. Events, ids and log entries are judged by whoever folds them. */
static const char foreign_rows[] =
    "SELECT (SELECT count(*) FROM answer WHERE length(key) <> 16 OR length(fingerprint) <> 16 OR "
    "length(etag) > 47 OR"
    " status NOT BETWEEN 200 AND 299 OR typeof(at_ms) <> 'integer') + (SELECT 6 - count(*) FROM meta WHERE "
    "name IN"
    " ('schema', 'generation', 'record_id', 'enrolment_id', 'log_id', 'sequence') AND typeof(value) = "
    "'integer' AND"
    " value BETWEEN 0 AND (CASE name WHEN 'record_id' THEN 4294967295 WHEN 'enrolment_id' THEN 4294967295"
    " ELSE 9007199254740992 END)) + (SELECT count(*) FROM event WHERE sequence NOT BETWEEN 1 AND "
    "9007199254740992)";

enum rc sqlite_check_events(struct store *store, const struct store_watch *watch, uint64_t *out_events,
                            struct fault *fault)
{
    struct checking checking = {.watch = watch};

    if (!sqlite_is_whole(store->events))
        return fault_set(fault, RC_INVALID, NULL, "the file is damaged, or not milepost's");
    int64_t schema = sqlite_meta_number(store->events, "schema");
    if (schema < 1)
        return fault_set(fault, RC_INVALID, NULL, "the file is not milepost's");
    if (schema > SQLITE_SCHEMA_VERSION)
        return fault_set(fault, RC_INVALID, NULL, "the file was made by a newer milepost; use that version");
    if (!sqlite_schema_is_ours(store->events, schema))
        return fault_set(fault, RC_INVALID, NULL, "the file holds more than a milepost backup does, or less");
    if (sqlite_one_number(store->events, foreign_rows) != 0)
        return fault_set(fault, RC_INVALID, NULL, "the file holds rows that no milepost wrote");
    checking.last = (uint64_t)sqlite_meta_number(store->events, "sequence");
    enum rc rc = store_each_event(store, 0, count_checked, &checking, fault);
    *out_events = checking.events;
    return rc;
}

/* Copies source into target (which is not there yet), checked, on the disk, under its last name only when
 * whole. */
static enum rc copy_store(struct store *store, const char *source, const char *target, bool restoring,
                          const struct store_watch *watch, uint64_t *out_events, struct fault *fault)
{
    char temporary[SQLITE_PATH_BYTES + 16];

    (void)snprintf(temporary, sizeof temporary, "%s.part", target); /* fits */
    enum rc rc = sqlite_copy_file(source, temporary, watch, &store->events, fault);
    if (rc == RC_OK) {
        (void)sqlite3_limit(store->events, SQLITE_LIMIT_LENGTH, ROW_MAX_BYTES); /* gives the old one back */
        rc = sqlite_check_events(store, watch, out_events, fault);
    }
    if (rc == RC_OK && !restoring) /* of a copy of a log elsewhere: a store of its own from here on */
        rc = sqlite_run(store->events, "DELETE FROM meta WHERE name IN ('turn', 'turn_batch');", fault);
    if (rc == RC_OK && restoring) /* checkpoints made from the old life mean nothing in the new one */
        rc = sqlite_run(store->events,
                        "UPDATE meta SET value = value + 1000 WHERE name = 'generation';"
                        "UPDATE meta SET value = lower(hex(randomblob(16))) WHERE name = 'store';",
                        fault);
    if (sqlite3_close(store->events) != SQLITE_OK && rc == RC_OK)
        rc = fault_set(fault, RC_INTERNAL, NULL, "cannot close the copy");
    store->events = NULL;
    if (rc == RC_OK && !sqlite_put_in_place(temporary, target))
        rc = sqlite_system_fault("cannot finish the copy", fault);
    if (rc != RC_OK)
        sqlite_remove_file(temporary);
    return rc;
}

enum rc store_backup(const char *directory, const char *file, const struct store_watch *watch,
                     uint64_t *out_events, struct fault *fault)
{
    struct store *store;

    if (!store_exists(directory))
        return fault_set(fault, RC_NOT_FOUND, NULL, "there is no data in this directory");
    if (strlen(file) > SQLITE_PATH_BYTES - 96)
        return fault_set(fault, RC_INVALID, NULL, "the file's path is too long");
    if (access(file, F_OK) == 0)
        return fault_set(fault, RC_CONFLICT, NULL, "the file is there already; nothing was changed");
    enum rc rc = sqlite_store_new(directory, &store, fault);
    if (rc != RC_OK)
        return rc;
    rc = copy_store(store, store->events_path, file, false, watch, out_events, fault);
    sqlite_close(store);
    return rc;
}

enum rc store_restore(const char *directory, const char *file, const struct store_watch *watch,
                      uint64_t *out_events, struct fault *fault)
{
    struct store *store;

    if (store_exists(directory))
        return fault_set(fault, RC_CONFLICT, NULL, "the data directory is not empty; nothing was changed");
    if (access(file, R_OK) != 0)
        return fault_set(fault, RC_NOT_FOUND, NULL, "cannot read the backup");
    enum rc rc = sqlite_store_new(directory, &store, fault);
    if (rc != RC_OK)
        return rc;
    rc = sqlite_take_lock(store, directory, fault);
    if (rc == RC_OK)
        rc = copy_store(store, file, store->events_path, true, watch, out_events, fault);
    sqlite_close(store);
    return rc;
}

/* Whether a name in a data directory is of the store's own files: the event file, a checkpoint of any
 * generation (which was called model.db before 0.2), with what SQLite lays beside them. */
static bool is_checkpoint(const char *name)
{
    return (strncmp(name, "checkpoint", 10) == 0 || strncmp(name, "image", 5) == 0) && strstr(name, ".db");
}

static bool is_own(const char *name)
{
    return is_checkpoint(name) || strncmp(name, "events.db", 9) == 0 || strcmp(name, "lock") == 0;
}

/* Calls act with the paths of such files. */
static void each_file(const char *directory, bool (*chosen)(const char *name),
                      void (*act)(const char *path, const char *name, const char *to), const char *to)
{
    DIR *entries = opendir(directory);
    char path[SQLITE_PATH_BYTES];

    for (const struct dirent *entry; entries && (entry = readdir(entries));)
        if (chosen(entry->d_name) &&
            snprintf(path, sizeof path, "%s/%s", directory, entry->d_name) < (int)sizeof path)
            act(path, entry->d_name, to);
    if (entries)
        (void)closedir(entries); /* it was only read */
}

static void remove_one(const char *path, const char *name, const char *to)
{
    (void)name;
    (void)to;
    (void)unlink(path); /* the directory then stays, and is tried again */
}

static void move_one(const char *path, const char *name, const char *to)
{
    char target[SQLITE_PATH_BYTES];

    if (snprintf(target, sizeof target, "%s/%s", to, name) < (int)sizeof target)
        (void)rename(path, target); /* without it the next start folds the events */
}

void store_remove(const char *directory)
{
    each_file(directory, is_own, remove_one, NULL);
    (void)rmdir(directory); /* others' files in it: it stays */
}

enum rc store_set_aside(const char *directory, const char *name, struct fault *fault)
{
    char path[SQLITE_PATH_BYTES], aside[SQLITE_PATH_BYTES];

    (void)snprintf(path, sizeof path, "%.4000s/events.db", directory);     /* fits */
    (void)snprintf(aside, sizeof aside, "%.4000s/%.90s", directory, name); /* fits */
    return rename(path, aside) == 0 && sync_directory_of(path)
               ? RC_OK
               : fault_set(fault, RC_INTERNAL, NULL, "cannot rename the event file");
}

enum rc store_replace_empty(const char *directory, const char *from, struct fault *fault)
{
    char path[SQLITE_PATH_BYTES], source[SQLITE_PATH_BYTES];
    struct store *store;
    enum rc rc = sqlite_open(directory, false, &store, fault);

    if (rc != RC_OK)
        return rc;
    if (sqlite_one_number(store->events, "SELECT count(*) FROM event") > 0 || store->counters.sequence > 0)
        rc = fault_set(fault, RC_CONFLICT, NULL, "the data directory is not empty; nothing was changed");
    if (rc != RC_OK) {
        sqlite_close(store);
        return rc;
    }
    int lock = store->lock_fd; /* held while the files change places */
    store->lock_fd = -1;
    sqlite_checkpoint_path(store, store->generation, path);
    sqlite_close(store);
    sqlite_remove_file(path);
    (void)snprintf(path, sizeof path, "%.4000s/events.db", directory); /* fits */
    (void)snprintf(source, sizeof source, "%.4000s/events.db", from);  /* fits */
    sqlite_remove_file(path); /* it was empty: a kill here leaves a directory without a store */
    bool moved = sqlite_put_in_place(source, path);
    if (moved)
        each_file(from, is_checkpoint, move_one, directory);
    (void)close(lock); /* gives the lock back */
    return moved ? RC_OK : fault_set(fault, RC_INTERNAL, NULL, "cannot move the new store into place");
}

/* ---- a new generation of the checkpoint ---- */

enum rc store_renew_begin(struct store *store, struct fault *fault)
{
    char path[SQLITE_PATH_BYTES];

    sqlite_close_checkpoint(store);
    store->generation++; /* in memory only, until the end */
    sqlite_checkpoint_path(store, store->generation, path);
    sqlite_remove_file(path);
    memcpy(store->checkpoint_path, path, sizeof path);
    enum rc rc = sqlite_open_checkpoint(store, fault);
    return rc == RC_OK ? sqlite_readers_open_checkpoint(store, fault) : rc;
}

enum rc store_renew_end(struct store *store, struct fault *fault)
{
    char path[SQLITE_PATH_BYTES];
    enum rc rc = store_scrub_checkpoint(store, fault); /* all of it in the file itself, and synced */

    if (rc == RC_OK && (!sync_file(store->checkpoint_path) || !sync_directory_of(store->checkpoint_path)))
        rc = sqlite_system_fault("cannot sync the new checkpoint", fault);
    if (rc == RC_OK)
        rc = sqlite_run(store->events, "UPDATE meta SET value = value + 1 WHERE name = 'generation';", fault);
    if (rc != RC_OK)
        return rc;
    sqlite_checkpoint_path(store, store->generation - 1, path);
    sqlite_remove_file(path);
    return RC_OK;
}
