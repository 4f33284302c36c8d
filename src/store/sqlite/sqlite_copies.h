#pragma once

#include "store/sqlite/sqlite_private.h"

/* What copies of whole files are made with. */

/* A file's content reaches the disk. */
bool sqlite_sync_file(const char *path);

/* So do the names in the directory that the path lies in. */
bool sqlite_sync_directory_of(const char *path);

/* Copies all pages within one look at the file, which is held: without it each commit would start the copy
 * again. Nothing may be open on from. watch NULL: nobody is told how far it is. Errors: as sqlite_fail. */
MUST_CHECK enum rc sqlite_copy_pages(const struct store_watch *watch, sqlite3 *from, sqlite3 *to,
                                     struct fault *fault);

/* Whether the open event file is a whole store of ours: pages, schema, checksums of all events. Anything in
 * the schema that is not as we make it (a trigger, a view, a table that is missing) is refused. RC_INVALID:
 * it is not. watch as above. Source: reliability A172. */
MUST_CHECK enum rc sqlite_check_events(struct store *store, const struct store_watch *watch,
                                       uint64_t *out_events, struct fault *fault);
