#pragma once

#include <stdbool.h>
#include <stddef.h>

/* JSON text that is known to be valid, read in place: no tree, no memory. */

struct json_part {
    const char *name, *value;
    size_t name_size, value_size;
};

/* The member (named), or the element, that begins at *at: its name, as in JSON text (NULL in a list), and its
 * value. Moves *at on. False: the end. */
bool json_scan_next(const char **at, const char *end, bool named, struct json_part *out);
