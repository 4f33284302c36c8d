#pragma once

#include <stddef.h>

#include "base/fault.h"

/* The key files of a data directory. Source: contract 8. */

/* Reads a key file whole, without the line ends at its end. The caller's: free. RC_INTERNAL: cannot be read.
 */
MUST_CHECK enum rc key_read(const char *path, char **out_key, size_t *out_size, struct fault *fault);

/* The same, after writing a new one (32 random bytes, base64url, mode 0600) when there is none. */
MUST_CHECK enum rc key_read_or_make(const char *directory, const char *name, char **out_key, size_t *out_size,
                                    struct fault *fault);
