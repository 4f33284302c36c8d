#pragma once

#include "base/text.h"
#include "core/entity.h"
#include "model/catalog.h"
#include "model/course_sums.h"
#include "model/keys.h"
#include "model/learner_state.h"

struct model;

/* A way of looking: readers see what is published; the engine, while it decides, its own pending copies. */
struct view {
    struct model *model;
    bool pending;
};

/* Keys by id; 0: never interned. An interned id may still be unknown: ask for the state or definition. */
uint32_t view_key(struct view view, enum entity kind, const char *id, size_t size);

/* The key of a learner's id. */
static inline uint32_t view_learner_key(struct view view, const char *id, size_t size)
{
    return view_key(view, ENTITY_LEARNER, id, size);
}

/* The key of a course's id. */
static inline uint32_t view_course_key(struct view view, const char *id, size_t size)
{
    return view_key(view, ENTITY_COURSE, id, size);
}

/* The key of an item's id. */
static inline uint32_t view_item_key(struct view view, const char *id, size_t size)
{
    return view_key(view, ENTITY_ITEM, id, size);
}

/* The learner's state; NULL: never seen, erased, or key 0. Borrowed while the view lasts. */
const struct learner *view_learner(struct view view, uint32_t key);

/* The course's definition; NULL: unknown, or key 0. Borrowed while the view lasts. */
const struct course_def *view_course(struct view view, uint32_t key);

/* The item's definition; NULL: unknown, or key 0. Borrowed while the view lasts. */
const struct item_def *view_item(struct view view, uint32_t key);

/* Under which id: "" when that was erased, and absent when there is no such key. Lives as long as the model.
 */
struct text view_id(struct view view, enum entity kind, uint32_t key);

/* Whether anything is published of it: a learner's state, a definition. */
bool view_knows(struct view view, enum entity kind, uint32_t key);

/* How many ids there are that somebody may be found by: those that were erased are not among them. */
size_t view_ids(struct view view, enum entity kind);

/* The highest key that was given out. */
uint32_t view_count(struct view view, enum entity kind);

/* The same of a model. */
uint32_t model_count(const struct model *model, enum entity kind);

/* Whether the learner was erased; of them nothing is known, though lists may still hold their key. */
bool view_is_erased(struct view view, uint32_t learner);

/* A reference to the published state, for state_unref; NULL: never seen, or erased. */
struct learner_state *view_state(struct view view, uint32_t learner);

/* Who was ever enrolled in the course, of all that is published. Empty when there is none. */
const struct keys *view_roster(struct view view, uint32_t course);

/* The same of who has a record of the item. */
const struct keys *view_holders(struct view view, uint32_t item);

/* The sums over all enrolments of the course; all zero when there is none. */
const struct course_sums *view_course_sums(struct view view, uint32_t course);

/* The sums over all records of the item; all zero when there is none. */
const struct item_sums *view_item_sums(struct view view, uint32_t item);

/* How often a record of the item changed since the start: what was counted over them still holds when this is
 * the same. */
uint64_t view_item_changes(struct view view, uint32_t item);

/* How many items are bound to the course, published. */
uint32_t view_items_bound(struct view view, uint32_t course);

/* completion_threshold, as the events say. */
uint16_t view_threshold(struct view view);

/* The same of a model. */
uint16_t model_threshold(const struct model *model);

/* The course that the item is bound to, as long as that is observed; 0: none. */
uint32_t view_bound(struct view view, const struct item_def *def);

/* What the core asks of the catalogue. def NULL: unknown. bound: the course that def is bound to; NULL: none.
 */
struct item_facts model_item_facts(const struct model *model, const struct item_def *def,
                                   const struct course_def *bound);

/* What the core asks of a course. def NULL: unknown, with no items. */
struct course_facts model_course_facts(const struct course_def *def);

/* The facts of an item by its key, bound or not; of one that is unknown: none. */
struct item_facts view_item_facts(struct view view, uint32_t item);

/* The facts of a course by its key. */
struct course_facts view_course_facts(struct view view, uint32_t course);

/* The same as callbacks over *view, which must outlive it. */
struct catalogue view_catalogue(const struct view *view);

/* How a user stands to a course: as its staff list says. */
enum staff_listing { STAFF_NOT_LISTED, STAFF_NOBODY_LISTED, STAFF_LISTED, STAFF_LISTED_OWNER };

/* How a user, by id, stands to a course; who is listed twice, as the owner. One that is unknown, or without
 * staff: STAFF_NOBODY_LISTED. */
enum staff_listing view_course_staff(struct view view, uint32_t course, const char *user, size_t size);

/* The key of the learner whose record it is; 0: nobody's. */
uint32_t view_record_owner(struct view view, int64_t record_id);
