#pragma once

#include "cli/options.h"

/* What the commands do with a log in a database: they work on a copy of it. */

/* Runs an import or a restore into a directory; where the settings name a database, into one beside, with
 * which its empty log is then filled. 0, or an exit status. */
int cli_into_log(const struct settings *settings, int (*load)(const char *file, const char *directory),
                 const char *file);

/* Fills the database's log, which must be empty, with what a directory holds, and compares; keys: with its
 * keys too, in place of those that the log has. Says how many events there are. RC_CONFLICT: it is not
 * empty. */
MUST_CHECK enum rc cli_pour(const struct settings *settings, const char *directory, bool keys,
                            uint64_t *out_events, struct fault *fault);

/* milepost move --from DIR|URL --to DIR|URL. */
int cli_move(int argc, char **argv);
