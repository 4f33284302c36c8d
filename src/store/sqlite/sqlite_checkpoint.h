#pragma once

#include "store/sqlite/sqlite_private.h"

/* checkpoint.db: what is derived and may be thrown away. */

/* Opens checkpoint.db of the present generation; one that is missing, damaged, of another layout or of
 * another store is made anew, empty. Errors: as sqlite_fail. */
MUST_CHECK enum rc sqlite_open_checkpoint(struct store *store, struct fault *fault);

/* Closes the owner's connection to checkpoint.db with its statements. Fine when it is closed. */
void sqlite_close_checkpoint(struct store *store);

/* The path of a generation's checkpoint file. */
void sqlite_checkpoint_path(const struct store *store, int64_t generation, char out[SQLITE_PATH_BYTES]);
