#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/entity.h"
#include "model/catalog.h"
#include "model/id_table.h"
#include "model/course_sums.h"
#include "model/keys.h"
#include "model/learner_state.h"

/* What a slot of any kind begins with. */
struct slot {
    const char *id; /* NUL-terminated; the model's. "" once it is erased */
    uint32_t id_size;
    bool dirty;           /* changed since the last checkpoint */
    bool erased;          /* a learner alone */
    uint16_t id_capacity; /* bytes that fit at id, whatever was there before: names.c */
};

struct learner_slot {
    struct slot head;
    uint32_t visit;                /* fold's mark */
    uint32_t moved;                /* whom a revision moves: model->moved's index + 1, when that is shown */
    struct learner_state *state;   /* published; NULL: never seen. Read it with model_state */
    struct learner_state *working; /* the engine's private copy, while a batch runs */
};

struct course_slot {
    struct slot head;
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
    struct slot head;
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

/* All learners, courses or items: what is known of each, and its key by its id. */
struct table {
    struct slot **at;         /* by key, from 1 */
    uint32_t count, capacity; /* the highest key that was given out */
    uint32_t stored;          /* the highest key whose id is stored: readers find no other */
    uint32_t forgotten;       /* of these, keys whose id was forgotten */
    struct id_table names;
    struct keys dirty; /* changed since the last checkpoint, each once */
};

struct model;

/* The published state of a learner; under the lock. NULL: never seen. state_ref keeps it beyond. */
struct learner_state *model_state(const struct model *model, const struct learner_slot *slot);

struct model {
    pthread_rwlock_t lock;
    struct arena texts; /* ids and slots; live as long as the model */
    struct table tables[ENTITIES];
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
    void *spare;                   /* model_keep_spare's; NULL: it was spent */
    bool partial;                  /* a twin: only some learners, courses and items have slots */
    uint64_t published;            /* sequence of the last published event */
    atomic_size_t listing_bytes;   /* what lists of learners hold while they are made: app/roster.h */
};

/* Keeps some memory aside for what has to succeed after a commit: a sum that needs a new cell. False: there
 * is none to be had. The engine's thread, or whoever replays. */
bool model_keep_spare(struct model *model);

/* Gives that memory back to the allocator. False: it was spent before; else what has failed for want of a
 * little memory is worth trying once more. */
bool model_spend_spare(struct model *model);

/* What always holds:
 * - The engine's thread alone changes the model, and what readers look at only under the write lock. So it
 * reads without the lock, and everybody else under the read lock (model_read_begin).
 * - Tables only grow, but for keys above stored, which are taken back when their batch came to nothing. Up to
 * stored a key is given out once, to one id; a slot and its id stay where they are as long as the model
 * lives, and an id that is forgotten is wiped there. tables[kind].at has a slot at every key from 1 to count
 * (a model of one learner, partial, at those alone that it was made for), and nothing at 0.
 * - A published state or definition is never changed: a newer one takes its place, and who holds a reference
 * keeps the old one. working and pending are the fold's while a batch runs, and NULL between two batches.
 * - Every sum is the sum over the published states (what readers see of them: moved's while a revision is
 * shown); a course's roster has everybody with an enrolment in it, an item's holders everybody with a record
 * of it, each once, and besides them only who was erased: stale says how many those are.
 * - record_owner[id] is the learner with that record, and 0 once it is gone with them.
 * - What changed since the last checkpoint was taken is dirty, and once in its table's list. The list has
 * capacity for all keys, so that marking never fails.
 * - published is the sequence of the last event of which readers see the effect; they see all of a batch or
 * nothing.
 */

/* The slot of a key, which is one; NULL: a model of one learner has none for it. */
static inline struct learner_slot *learner_slot(const struct model *model, uint32_t key)
{
    return (struct learner_slot *)(void *)model->tables[ENTITY_LEARNER].at[key];
}

/* The same of a course. */
static inline struct course_slot *course_slot(const struct model *model, uint32_t key)
{
    return (struct course_slot *)(void *)model->tables[ENTITY_COURSE].at[key];
}

/* The same of an item. */
static inline struct item_slot *item_slot(const struct model *model, uint32_t key)
{
    return (struct item_slot *)(void *)model->tables[ENTITY_ITEM].at[key];
}
