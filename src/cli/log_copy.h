#pragma once

#include "cli/options.h"

/* Copies of a database's log, which the commands work on. */

/* Brings the data directory, as a copy of the database's log, up to the log's head; nothing when the settings
 * name no database, or a running node uses the directory. Without a directory a temporary one is made, which
 * settings->data then names until the program ends. 0, or an exit status. */
int cli_bring_copy(struct settings *settings);

/* The same for a command that only looks: beside a running node its files serve when they hold all that the
 * log holds, else a temporary copy of them with what they lack. 0, or an exit status: neither can be had. */
int cli_bring_reader(struct settings *settings);

/* Reads the log into a directory. Errors as engine_new; field "database": what the directory holds is not of
 * this log. */
MUST_CHECK enum rc cli_follow_into(const struct settings *settings, const char *directory,
                                   struct fault *fault);
