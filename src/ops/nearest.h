#pragma once

#include <stddef.h>

/* What somebody may have meant by a word that is not known: the nearest of those that are. */
struct nearest {
    const char *word; /* what was written; size bytes, compared without letter case, '-' like '_' */
    size_t size;
    const char *best; /* so far; NULL: none is near */
    size_t distance;
};

/* Looks at one more candidate, which is kept when it is nearer than all before: at most a third of its
 * letters would have to change. Words longer than 40 bytes are near to nothing. */
void nearest_try(struct nearest *nearest, const char *candidate);
