#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "model/catalog.h"
#include "model/id_table.h"
#include "model/course_sums.h"
#include "base/fault.h"
#include "core/learner.h"

/* The model: every learner's state, the catalogue and all sums, in memory; what every read is
 * answered from. One thread changes it (the engine, through model/fold.h): it works on private copies and
 * publishes them under the write lock, so a reader sees all of a batch or nothing of it.
 * Source: design 4, 8; docs/decisions/0002. */

/* Bytes that several states share (segments, metadata, certificate): never changed once made. */
struct blob {
    atomic_uint refs;
    uint32_t size;
    _Alignas(8) uint8_t bytes[];
};

enum intern_kind { INTERN_LEARNER, INTERN_COURSE, INTERN_ITEM };

/* One learner's state; immutable once published. */
struct learner_state {
    atomic_uint refs;
    struct learner learner; /* its arrays lie behind this struct */
};

struct learner_slot {
    const char *id; /* NUL-terminated; the model's */
    uint32_t id_size;
    bool persisted; /* the store knows the id */
    bool dirty;     /* changed since the last checkpoint */
    bool erased;
    uint32_t visit;                /* fold's mark */
    uint32_t moved;                /* whom a revision moves: model->moved's index + 1, when that is shown */
    struct learner_state *state;   /* published; NULL: never seen. Read it with model_state */
    struct learner_state *working; /* the engine's private copy, while a batch runs */
};

/* Learners of a course or item, in order of first sight. Those erased since stay in the list, where
 * view_learner knows nobody, until half of it is stale. */
struct keys {
    uint32_t *at;
    uint32_t count, room, stale;
};

static inline uint32_t keys_live(const struct keys *keys)
{
    return keys->count - keys->stale;
}

struct course_slot {
    const char *id;
    uint32_t id_size;
    bool persisted, dirty;
    bool removing;                /* pending NULL means "becomes unknown" */
    uint32_t joining;             /* fold's: who comes to the roster at the next publish */
    uint32_t visit, revised;      /* fold's mark; a revision's, while what it touches waits */
    const struct course_def *def; /* published; NULL: unknown */
    struct course_def *pending;   /* the engine's, while a batch runs */
    struct course_sums sums;
    struct keys roster; /* learners ever enrolled */
    uint32_t bound;     /* items that are bound to it, published */
};

struct item_slot {
    const char *id;
    uint32_t id_size;
    bool persisted, dirty;
    bool removing;                  /* pending NULL means "becomes unknown" */
    uint32_t visit, fresh, revised; /* fold's marks; a revision's, while what it touches waits */
    const struct item_def *def;
    struct item_def *pending;
    /* how often a record of it changed since the start: what was counted over them still holds */
    uint64_t changes;
    struct item_sums sums;
    struct keys holders; /* learners with a record, also a reset one */
};

/* A learner whom a revision of the catalogue moves from one state to the next: model/revision.h. */
struct moved {
    uint32_t key;
    struct learner_state *base, *next;
};

struct model {
    pthread_rwlock_t lock;
    struct arena texts; /* ids and slots; live as long as the model */
    struct id_table learner_ids, course_ids, item_ids;
    struct learner_slot **learners; /* by key, from 1 */
    struct course_slot **courses;
    struct item_slot **items;
    uint32_t learner_count, course_count, item_count; /* highest key given out */
    uint32_t learner_room, course_room, item_room;
    struct keys dirty_learners, dirty_courses, dirty_items; /* changed since the last checkpoint */
    /* whose rosters and holders model_compact looks at */
    struct keys stale_courses, stale_items;
    /* a revision is shown: these states count, not those in their slots. NULL: none is */
    const struct moved *moved;
    /* published while a revision that moves them is prepared; engine thread only */
    struct keys moved_again;
    uint32_t *record_owner; /* learner key by record id; 0: none */
    uint32_t record_room;
    uint16_t threshold_hundredths; /* completion_threshold, as the events say */
    bool scrub_owed;               /* the checkpoint file's log still holds rows of somebody erased */
    bool partial;                  /* a twin: only some learners, courses and items have slots */
    uint64_t published;            /* sequence of the last published event */
    atomic_size_t listing_bytes;   /* what lists of learners hold while they are made: app/roster.h */
};

MUST_CHECK enum rc model_new(struct model **out_model);

/* An empty model with the same keys as another, to fold a part of the past into; and a slot in it for one
 * course or item, made when it is not there (key 0 needs none). It has one for the learner. Borrows the ids:
 * the other must outlive it, and its read lock is taken. */
MUST_CHECK enum rc model_of_one(struct model *model, uint32_t learner, struct model **out_twin);
MUST_CHECK bool model_of_one_slot(struct model *twin, struct model *model, enum intern_kind kind,
                                  uint32_t key);

void model_free(struct model *model);

/* A way of looking: readers see what is published; the engine, while it decides, its own pending copies. */
struct view {
    struct model *model;
    bool pending;
};

/* Between begin and end everything a view gives stays as it is; no blocking calls in between. */
struct view model_read_begin(struct model *model);
void model_read_end(struct view view);

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

/* The type that clients are shown: "other" when nobody ever told. */
const char *item_type(const struct item_def *def);

/* For the engine thread only. Keys are given out at once and kept; 0: out of memory. */
uint32_t model_intern_learner(struct model *model, const char *id, size_t size, bool persisted);
uint32_t model_intern_course(struct model *model, const char *id, size_t size, bool persisted);
uint32_t model_intern_item(struct model *model, const char *id, size_t size, bool persisted);

/* At load: the key is the store's. False: out of memory or the key is taken. */
bool model_load_id(struct model *model, enum intern_kind kind, uint32_t key, const char *id, size_t size);

/* A private copy with room for one more of each; more: for many, and for eventIds. NULL: out of memory. like
 * NULL: an empty state. */
struct learner_state *state_copy(const struct learner_state *like, uint32_t key, bool more);
/* An empty state with exactly that much room, for decoding into; NULL: out of memory. */
struct learner_state *state_sized(uint32_t key, uint32_t records, uint32_t enrolments, uint32_t days,
                                  uint32_t event_ids);
/* The same name for as long as the process lives, for a learner's state to point at; NULL: no such zone. */
const char *zone_kept(const char *name, uint32_t size);

struct learner_state *state_ref(struct learner_state *state);
void state_unref(struct learner_state *state);

/* A blob that holds a copy, with one reference; NULL: out of memory. Bytes of a blob give it back by
 * blob_unref_bytes (NULL is fine). */
struct blob *blob_new(const void *bytes, uint32_t size);
void blob_unref_bytes(const void *bytes);

/* Forgets a learner, course or item under its id: keys stay, nobody finds them. Under the write lock. */
void model_forget_learner(struct model *model, uint32_t key);

/* After erasures, and not under the lock: lists of which half is stale are made anew, and swapped in under
 * the write lock. Constant on average for each entry that model_forget_learner made stale. */
void model_compact(struct model *model);

void model_forget_id(struct model *model, enum intern_kind kind, uint32_t key);

/* A definition that is published, or (sign -1) no longer: the course that it is bound to counts it. NULL is
 * fine. */
void model_count_bound(struct model *model, const struct item_def *def, int sign);

/* For the checkpoint: notes what changed since the last one. Engine thread only, like model_replace. */
void model_mark_dirty(struct model *model, enum intern_kind kind, uint32_t key);

/* Before the commit, and not under the lock: room for what a publish adds, so that it need not fail, nor copy
 * long lists under the lock. False: out of memory. */
bool model_reserve_keys(struct model *model, struct keys *keys, uint32_t more);
bool model_reserve_record(struct model *model, uint32_t record_id);

/* Publishes a state (takes it): sums, rosters, holders, dirt. Under the write lock; like model_replace. */
void model_install(struct model *model, uint32_t key, struct learner_state *next);

/* Adds a learner's share to all sums, rosters and holders; sign -1 takes it out (rosters stay).
 * before or after may be NULL. Under the write lock. Aborts when out of memory: the events are already
 * durable, and the next start folds them again. */
void model_replace(struct model *model, const struct learner *before, const struct learner *after);
