#pragma once

#include "base/fault.h"

/* The directories that a command has for its own while it runs. They hold copies of everybody's data, so none
 * outlives the command: not one that fails, and not one that SIGINT, SIGTERM or SIGHUP ends. Of one thread.
 */

/* Makes one. From the first on a thread takes those signals, removes what is there and ends the process by
 * the signal; and a pipe that nobody reads fails the write. */
MUST_CHECK enum rc temporary_make(char *out, size_t size, struct fault *fault);

/* Removes one, with all that is in it. */
void temporary_remove(const char *path);

/* Removes those that are left. For the end of the program. */
void temporary_remove_all(void);
