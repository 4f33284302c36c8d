#include "app/sequences.h"

#include <stdlib.h>

void sequences_done(struct sequences *sequences)
{
    free(sequences->at);
    *sequences = (struct sequences){0};
}

bool sequences_add(struct sequences *sequences, uint64_t sequence)
{
    if (sequences->count == sequences->room) {
        size_t room = sequences->room ? sequences->room * 2 : 64;
        uint64_t *at = realloc(sequences->at, room * sizeof *at);
        if (!at)
            return false;
        sequences->at = at;
        sequences->room = room;
    }
    sequences->at[sequences->count++] = sequence;
    return true;
}

enum rc sequences_visit(void *arg, uint64_t sequence, struct fault *fault)
{
    return sequences_add(arg, sequence) ? RC_OK : fault_no_memory(fault);
}

static int by_number(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return left < right ? -1 : left > right;
}

void sequences_settle(struct sequences *sequences)
{
    size_t kept = 0;

    if (sequences->count)
        qsort(sequences->at, sequences->count, sizeof *sequences->at, by_number);
    for (size_t i = 0; i < sequences->count; i++)
        if (kept == 0 || sequences->at[kept - 1] != sequences->at[i])
            sequences->at[kept++] = sequences->at[i];
    sequences->count = kept;
}

bool sequences_has(const struct sequences *sequences, uint64_t sequence)
{
    return sequences->count &&
           bsearch(&sequence, sequences->at, sequences->count, sizeof *sequences->at, by_number);
}
