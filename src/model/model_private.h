#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "model/catalog.h"
#include "model/id_table.h"
#include "model/course_sums.h"
#include "model/learner_state.h"

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
    uint32_t count, capacity, stale;
};

/* How many of the list are not stale. */
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

struct model;

/* The published state of a learner; under the lock. NULL: never seen. state_ref keeps it beyond. */
struct learner_state *model_state(const struct model *model, const struct learner_slot *slot);

struct model {
    pthread_rwlock_t lock;
    struct arena texts; /* ids and slots; live as long as the model */
    struct id_table learner_ids, course_ids, item_ids;
    struct learner_slot **learners; /* by key, from 1 */
    struct course_slot **courses;
    struct item_slot **items;
    uint32_t learner_count, course_count, item_count; /* highest key given out */
    uint32_t learner_capacity, course_capacity, item_capacity;
    struct keys dirty_learners, dirty_courses, dirty_items; /* changed since the last checkpoint */
    /* whose rosters and holders model_compact looks at */
    struct keys stale_courses, stale_items;
    /* a revision is shown: these states count, not those in their slots. NULL: none is */
    const struct moved *moved;
    /* published while a revision that moves them is prepared; engine thread only */
    struct keys moved_again;
    uint32_t *record_owner; /* learner key by record id; 0: none */
    uint32_t record_capacity;
    uint16_t threshold_hundredths; /* completion_threshold, as the events say */
    bool scrub_owed;               /* the checkpoint file's log still holds rows of somebody erased */
    bool partial;                  /* a twin: only some learners, courses and items have slots */
    uint64_t published;            /* sequence of the last published event */
    atomic_size_t listing_bytes;   /* what lists of learners hold while they are made: app/roster.h */
};
