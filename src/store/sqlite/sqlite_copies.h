#pragma once

#include "store/sqlite/sqlite_private.h"

/* What copies of whole files are made with. */

/* A file that is whole gets its last name: content and names reach the disk. False: errno says why. */
bool sqlite_put_in_place(const char *part, const char *path);

/* The fault that errno says: RC_BUSY, the disk is full, or RC_INTERNAL. what: what could not be done. */
enum rc sqlite_system_fault(const char *what, struct fault *fault);

/* Copies one file, as of one instant, into one that is made anew, open in *out_copy: also after a failure it
 * is the caller's to close. watch NULL: nobody is told how far it is. Errors: as sqlite_fail. */
MUST_CHECK enum rc sqlite_copy_file(const char *source, const char *target, const struct store_watch *watch,
                                    sqlite3 **out_copy, struct fault *fault);

/* Whether all pages of a file are what they should be. */
bool sqlite_is_whole(sqlite3 *database);

/* Whether the open event file is a whole store of ours: pages, schema, checksums of all events. Anything in
 * the schema that is not as we make it (a trigger, a view, a table that is missing) is refused. RC_INVALID:
 * it is not. watch as above. Source: reliability A172. */
MUST_CHECK enum rc sqlite_check_events(struct store *store, const struct store_watch *watch,
                                       uint64_t *out_events, struct fault *fault);
