#pragma once

#include <stdio.h>

#include "ops/settings.h"

/* Where the values come from: flags, environment, a file. */

/* Fills *out from defaults, file, environment and the flags in argv[first..argc). Writes every problem to
 * problems, one line each, and returns RC_INVALID when there was any. Texts borrow argv and the environment,
 * or live until settings_done. */
MUST_CHECK enum rc settings_read(struct settings *out, int argc, char **argv, int first, FILE *problems);

/* Frees the texts that settings_read kept. Fine for settings that were refused. */
void settings_done(struct settings *settings);
