#pragma once

#include "store/log.h"

/* The log that a directory's own event file is: nobody else writes it, so a turn is always to be had, and
 * what is committed is there. */
extern const struct log_methods sqlite_log;
