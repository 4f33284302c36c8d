#pragma once

#include "app/engine.h"
#include "base/fault.h"
#include "ops/settings.h"

/* The program's commands. Each returns an exit status: 0 done, 1 it could not be done, 2 wrong use. */
int cli_serve(int argc, char **argv);
int cli_token(int argc, char **argv);
int cli_import(int argc, char **argv);

/* Wall clock in milliseconds. */
int64_t cli_now_ms(void);

/* Opens the store of a data directory (made when absent) and an engine on it; says on stderr what is wrong.
 * 0, or an exit status. */
int cli_open(const struct settings *settings, struct store **out_store, struct engine **out_engine);
