#pragma once

#include "store/sqlite/sqlite_private.h"

/* Opening a directory, shared with sqlite_copies.c. */

/* A store of a directory with nothing open yet; store_close frees it. Errors: RC_BUSY,
 * out of memory; RC_INTERNAL, the path is too long. */
MUST_CHECK enum rc sqlite_store_new(const char *directory, struct store **out_store, struct fault *fault);

/* Takes the directory's lock until the store is closed. Errors: RC_CONFLICT, another process has it;
 * RC_INTERNAL, it cannot be opened. */
MUST_CHECK enum rc sqlite_take_lock(struct store *store, const char *directory, struct fault *fault);
