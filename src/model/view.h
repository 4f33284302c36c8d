#pragma once

#include "model/model_private.h"

/* A way of looking: readers see what is published; the engine, while it decides, its own pending copies. */
struct view {
    struct model *model;
    bool pending;
};

/* Keys by id; 0: never interned. An interned id may still be unknown: ask for the state or definition. */
uint32_t view_learner_key(struct view view, const char *id, size_t size);
uint32_t view_course_key(struct view view, const char *id, size_t size);
uint32_t view_item_key(struct view view, const char *id, size_t size);

/* NULL: never seen / unknown. key 0 gives NULL. */
const struct learner *view_learner(struct view view, uint32_t key);
const struct course_def *view_course(struct view view, uint32_t key);
const struct item_def *view_item(struct view view, uint32_t key);

const struct learner_slot *view_learner_slot(struct view view, uint32_t key);
const struct course_slot *view_course_slot(struct view view, uint32_t key);
const struct item_slot *view_item_slot(struct view view, uint32_t key);

/* The course that the item is bound to, as long as that is observed; 0: none. */
uint32_t view_bound(struct view view, const struct item_def *def);

/* The published state of a learner; under the lock. NULL: never seen. state_ref keeps it beyond. */
struct learner_state *model_state(const struct model *model, const struct learner_slot *slot);

/* What the core asks of the catalogue. def NULL: unknown. bound: the course that def is bound to; NULL: none.
 */
struct item_facts model_item_facts(const struct model *model, const struct item_def *def,
                                   const struct course_def *bound);
struct course_facts model_course_facts(const struct course_def *def);
struct item_facts view_item_facts(struct view view, uint32_t item);
struct course_facts view_course_facts(struct view view, uint32_t course);

/* The same as callbacks over *view, which must outlive it. */
struct catalogue view_catalogue(const struct view *view);

/* How a user stands to a course: as its staff list says. */
enum staff_listing { STAFF_NOT_LISTED, STAFF_NOBODY_LISTED, STAFF_LISTED, STAFF_LISTED_OWNER };
enum staff_listing view_course_staff(struct view view, uint32_t course, const char *user, size_t size);

/* How many learners were ever seen. */
uint32_t view_learner_count(const struct model *model);

/* Whose record it is; 0: nobody's. */
uint32_t view_record_owner(struct view view, int64_t record_id);
