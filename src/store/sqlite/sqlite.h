#pragma once

#include "store/sqlite/sqlite_private.h"

/* A directory's files, opened and closed. */

/* copy: what is written into them is in a log elsewhere, so that it need not be synced. Else as store_open.
 */
MUST_CHECK enum rc sqlite_open(const char *directory, bool copy, struct store **out_store,
                               struct fault *fault);

/* Checkpoints and closes the files, and frees the store; NULL is fine. */
void sqlite_close(struct store *store);

/* A store of a directory with nothing open yet; store_close frees it. Errors: RC_BUSY,
 * out of memory; RC_INTERNAL, the path is too long. */
MUST_CHECK enum rc sqlite_store_new(const char *directory, struct store **out_store, struct fault *fault);

/* Takes the directory's lock until the store is closed. Errors: RC_CONFLICT, another process has it;
 * RC_INTERNAL, it cannot be opened. */
MUST_CHECK enum rc sqlite_take_lock(struct store *store, const char *directory, struct fault *fault);
