#pragma once

#include "core/learner_counts.h"

/* What an edit of the catalogue touched; the facts of all other items and courses are as they were. */
struct edit {
    const uint32_t *items, *courses;
    uint32_t item_count, course_count;
    const void *of;
    bool (*touches)(const void *of, uint32_t item); /* whether it is one of items */
};

/* The effect of an edit on one holder: percents, completions and counts again. Returns whether anything
 * changed. Costs the lesser of the learner's records and what the edit touched. Source: contract 1, rule 5;
 * docs/decisions/0014. */
bool learner_reconsider(struct learner *learner, const struct catalogue *catalogue, const struct edit *edit,
                        int64_t at_ms, uint64_t sequence);

/* Whether learner_reconsider would change anything; the learner stays as they are. */
bool learner_is_moved(const struct learner *learner, const struct catalogue *catalogue,
                      const struct edit *edit, int64_t at_ms, uint64_t sequence);

/* The same for one item, whose facts were before: it came to a course, or the course counts it from now on.
 * Constant. */
bool learner_reconsider_item(struct learner *learner, const struct catalogue *catalogue, uint32_t item,
                             const struct item_facts *before, int64_t at_ms, uint64_t sequence);

/* Whether learner_reconsider_item would change anything; nothing is. */
bool learner_is_moved_by_item(const struct learner *learner, const struct catalogue *catalogue, uint32_t item,
                              const struct item_facts *before, int64_t at_ms, uint64_t sequence);
