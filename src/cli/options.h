#pragma once

#include "cli/cli.h"

/* A command's own words apart from the settings. */
struct cli_option {
    const char *name;   /* "--user" */
    const char **value; /* set when it is given */
    bool is_mark;       /* stands alone; its value is then its name */
};

/* Reads argv[2...]: up to max words that are no options go to words, own options to their values, the rest
 * are settings. 0, or the exit status of wrong use (said on stderr). */
int cli_read(int argc, char **argv, const struct cli_option *own, int own_count, const char **words, int max,
             int *out_words, struct settings *out_settings);

/* Opens the data directory for reading, beside a server that may run on it. 0, or an exit status. */
int cli_open_reader(const struct settings *settings, struct store **out_store);

/* "milepost: what: why" on stderr; returns 1. */
int cli_complain(const char *what, const char *why);

/* Whether what --from or --to names can be a directory, or a database where the command takes its URL. Says
 * what is wrong, and nothing of the text, which may hold a password. 0, or the exit status of wrong use. */
int cli_check_place(const char *option, const char *text, bool takes_url);
