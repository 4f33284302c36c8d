#pragma once

#include <stddef.h>
#include <stdio.h>

/* The program's commands: one table, which main runs, help prints, and the completion of shells is made from.
 */
struct cli_command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *summary; /* in half a line */
    const char *usage;   /* what follows the name */
    const char *text;    /* what it does, its options, examples */
    const char *options; /* its own, apart from settings: "--sub --role"; "": none */
};

extern const struct cli_command cli_commands[];
extern const size_t cli_command_count;

/* The keys of a data directory, which a backup may have beside it. Defined in backup.c. */
enum { CLI_KEY_COUNT = 2 };
extern const char *const cli_key_names[CLI_KEY_COUNT];

/* The command of a name; NULL: there is none. */
const struct cli_command *cli_command_find(const char *name);

/* Writes all commands, a line each. */
void cli_help(FILE *out);

/* Writes what one command does; of serve, every setting too. */
void cli_help_command(FILE *out, const struct cli_command *command);

/* Writes the script by which bash completes commands, options, settings and their choices. */
void cli_completion(FILE *out);

/* Says that there is no such command, and which may have been meant. Returns the exit status. */
int cli_unknown_command(const char *name);
