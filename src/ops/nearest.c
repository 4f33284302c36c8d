#include "ops/nearest.h"

#include <ctype.h>
#include <string.h>

enum { WORD_MAX_BYTES = 40 };

static int letter(char c)
{
    return c == '-' ? '_' : tolower((unsigned char)c);
}

static size_t smallest(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

/* Letters to put in, take out or change, by Levenshtein's table, row by row. */
static size_t distance(const char *a, size_t a_size, const char *b, size_t b_size)
{
    size_t row[WORD_MAX_BYTES + 1];

    for (size_t k = 0; k <= b_size; k++)
        row[k] = k;
    for (size_t i = 1; i <= a_size; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t k = 1; k <= b_size; k++) {
            size_t changed = diagonal + (letter(a[i - 1]) != letter(b[k - 1]));
            diagonal = row[k];
            row[k] = smallest(row[k] + 1, row[k - 1] + 1, changed);
        }
    }
    return row[b_size];
}

void nearest_try(struct nearest *nearest, const char *candidate)
{
    size_t size = strlen(candidate);

    if (nearest->size > WORD_MAX_BYTES || size > WORD_MAX_BYTES)
        return;
    size_t found = distance(nearest->word, nearest->size, candidate, size);
    if (found <= 1 + size / 4 && (!nearest->best || found < nearest->distance)) {
        nearest->best = candidate;
        nearest->distance = found;
    }
}
