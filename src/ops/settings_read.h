#pragma once

#include <stdio.h>

#include "ops/settings.h"

/* Where the values come from: flags, environment, a file. */

/* Fills *out from defaults, file, environment and the flags in argv[first..argc). Writes every problem to
 * problems, one line each, and returns RC_INVALID when there was any. Texts borrow argv and the environment,
 * or live until settings_done. */
MUST_CHECK enum rc settings_read(struct settings *out, int argc, char **argv, int first, FILE *problems);

/* Whether a setting, by its row, has another value than before. */
bool settings_differ(const struct settings *a, const struct settings *b, int row);

/* Takes over the values of live settings, and the texts that they borrow; of the rest nothing. from is done
 * then. visit is called for each row that differs, before it is taken over. */
void settings_take_live(struct settings *to, struct settings *from, void (*visit)(void *arg, int row),
                        void *arg);

/* Frees the texts that settings_read kept. Fine for settings that were refused. */
void settings_done(struct settings *settings);
