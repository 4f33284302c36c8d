#pragma once

#include "model/model.h"

/* How many viewers saw which part of a video. Counted over all who hold a record of it, so for a video of
 * many viewers on a worker, once at a time for each video, and remembered until one of those records changes.
 * Source: contract 6, summary. */

enum { RETENTION_BUCKETS = 100 };

struct retention {
    int64_t duration_ms; /* the catalogue's, else the largest that a viewer's client told; 0: none */
    uint32_t buckets;    /* of equal length; 0: nothing to show */
    int64_t viewers[RETENTION_BUCKETS];
    bool segments; /* any viewer sent some */
};

struct retentions;

struct retentions *retentions_new(void); /* NULL: out of memory */

/* NULL is fine. Nobody counts any more. */
void retentions_free(struct retentions *retentions);

/* What is remembered and still true; small ones are counted at once. False: ask retentions_count, on a
 * worker. Under the model's lock. */
bool retentions_look(struct retentions *retentions, struct view view, uint32_t item, struct retention *out);

/* Counts, unless somebody else just did. Takes the model's lock, in short holds; may wait for another's count
 * of the same video. */
void retentions_count(struct retentions *retentions, struct model *model, uint32_t item,
                      struct retention *out);
