#include "store/sqlite/sqlite_syncs.h"

#include <stddef.h>

#include "base/monotonic.h"

/* The WAL's file has the methods of its syncs, so the one leads to the other. */
static int timed_sync(sqlite3_file *file, int flags)
{
    struct sqlite_syncs *syncs =
        (struct sqlite_syncs *)((uintptr_t)file->pMethods - offsetof(struct sqlite_syncs, timed));
    uint64_t began_us = monotonic_us();
    int code = syncs->real->xSync(file, flags);

    histogram_add(&syncs->took_us, histogram_steps_us, monotonic_us() - began_us);
    return code;
}

/* SQLite opens the WAL when it first needs it, and may open it again. */
void sqlite_time_syncs(struct store *store)
{
    struct sqlite_syncs *syncs = &store->syncs;
    sqlite3_file *wal = NULL;

    if (sqlite3_file_control(store->events, NULL, SQLITE_FCNTL_JOURNAL_POINTER, &wal) != SQLITE_OK || !wal ||
        !wal->pMethods || wal->pMethods == &syncs->timed || (syncs->real && syncs->real != wal->pMethods))
        return;
    syncs->real = wal->pMethods;
    syncs->timed = *syncs->real;
    syncs->timed.xSync = timed_sync;
    wal->pMethods = &syncs->timed;
}

const struct histogram *store_sync_times(const struct store *store)
{
    return &store->syncs.took_us;
}
