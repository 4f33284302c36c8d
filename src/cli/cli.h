#pragma once

#include "app/engine.h"
#include "base/fault.h"
#include "ops/settings_read.h"

/* The program's commands, and what they share. A command returns an exit status: 0 done, 1 it could not be
 * done, 2 wrong use. Defined in serve.c, token_command.c, import.c, export.c, data.c, backup.c,
 * checkpoint_command.c, check_store.c, main.c and oulad/. */

/* milepost serve: the server, until SIGTERM. */
int cli_serve(int argc, char **argv);

/* milepost token: prints a token for a user. */
int cli_token(int argc, char **argv);
int cli_import(int argc, char **argv);       /* import FILE, or: */
int cli_import_oulad(int argc, char **argv); /* import oulad DIR */

/* milepost export: events as JSON Lines, beside a running server. */
int cli_export(int argc, char **argv);

/* milepost verify: folds all events again and compares; 1: there are differences. */
int cli_verify(int argc, char **argv);

/* milepost rebuild: makes everything derived again. */
int cli_rebuild(int argc, char **argv);

/* milepost backup FILE: one instant of the events, beside a running server. */
int cli_backup(int argc, char **argv);

/* milepost restore FILE: into an empty directory. */
int cli_restore(int argc, char **argv);

/* milepost checkpoint --to DIR, or --from DIR: a node's files for another node. */
int cli_checkpoint(int argc, char **argv);

/* milepost erase --user ID: of a directory that nobody serves. */
int cli_erase(int argc, char **argv);

/* A store that somebody else may have made, folded whole and judged as if clients sent it; its log entries
 * become what the events say, and its checkpoint file is written. RC_INVALID: *fault says what is wrong.
 * Source: reliability A172. */
MUST_CHECK enum rc cli_check_store(struct store *store, struct fault *fault);

/* Makes a directory when it is not there; says what is wrong, of the setting or flag that names it. 0, or an
 * exit status. */
int cli_make_directory(const char *setting, const char *path);

/* A line for the operator. Any thread. */
void cli_say(const char *what, const char *why);

/* Wall clock in milliseconds. */
int64_t cli_now_ms(void);

/* Opens the store of a data directory (made when absent) and an engine on it; says on stderr what is wrong.
 * 0, or an exit status. */
int cli_open(const struct settings *settings, struct store **out_store, struct engine **out_engine);

/* Where the settings say that the store is. */
struct store_place cli_place(const struct settings *settings);

struct log;

/* Who waits for a start. */
struct cli_start_watch {
    bool (*stop)(void); /* true ends it */
    /* How far the model is; log NULL: the database cannot be reached. */
    void (*see)(void *arg, struct log *log, uint64_t turn, uint64_t sequence);
    void *arg;
};

/* The same, until watch->stop says so: then 1, with nothing said. It waits for a database that cannot be
 * reached. */
int cli_open_until(const struct settings *settings, const struct cli_start_watch *watch,
                   struct store **out_store, struct engine **out_engine);
