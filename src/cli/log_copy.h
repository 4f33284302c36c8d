#pragma once

#include "cli/options.h"
#include "store/log.h"

/* Copies of a database's log, which the commands work on. */

/* Brings the data directory, as a copy of the database's log, up to the log's head; nothing when the settings
 * name no database, or a running node uses the directory. Without a directory a temporary one is made, which
 * settings->data then names until the program ends. 0, or an exit status. */
int cli_bring_copy(struct settings *settings);

/* The same for a command that only looks: beside a running node its files serve when they hold all that the
 * log holds, else a temporary copy of them with what they lack. 0, or an exit status: neither can be had. */
int cli_bring_reader(struct settings *settings);

/* Calls with the database's log and returns what that returns; a log is opened with files of a node, so it
 * gets some for the moment. Else errors as temporary_make, store_open. */
MUST_CHECK enum rc cli_with_log(const struct settings *settings,
                                enum rc (*call)(void *arg, struct log *log, struct fault *fault), void *arg,
                                struct fault *fault);

/* Whether the log holds that turn. RC_CONFLICT: it does not. Else errors as log_catch_up. */
MUST_CHECK enum rc cli_log_holds(struct log *log, const struct log_turn *turn, struct fault *fault);

/* Reads the log into a directory. Errors as engine_new; field "database": what the directory holds is not of
 * this log. */
MUST_CHECK enum rc cli_follow_into(const struct settings *settings, const char *directory,
                                   struct fault *fault);
