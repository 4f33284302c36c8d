#pragma once

#include "core/event.h"
#include "core/members.h"
#include "model/model.h"

enum { FOLD_AT_ONCE = 512 }; /* entries of rosters and holders that are looked at in one batch: some 2 ms */

/* Room for what one record may come to hold while an event is applied to it. */
enum { ROOM_SEGMENTS = EVENT_SEGMENTS_MAX, ROOM_METADATA = 4 * MEMBERS_MAX_BYTES };

/* A record that the batch is the first to know; the item's chain of them begins at its slot. */
struct fresh_holder {
    uint32_t learner, item;
    uint32_t next; /* index + 1; 0: none */
};

struct fresh_holders {
    struct fresh_holder *at;
    uint32_t count, capacity;
};

/* The private copies that a batch of events is applied to, until fold_publish shows them to readers. One
 * thread at a time. */
struct fold {
    struct model *model;
    struct view view; /* pending */
    struct catalogue catalogue;
    struct keys learners, courses, items; /* that have private copies */
    struct fresh_holders fresh;           /* records that this batch is the first to know */
    uint32_t fresh_record_id;             /* the highest of their ids */
    struct record_room room;
    uint32_t visit;
    bool may_defer, deferred; /* the effect of an edit that touches many may be, was left to a revision */
    int64_t deferred_at_ms;
    uint64_t deferred_sequence;
    /* all that the edit does is that this item comes to a course; 0: it is a PUT or a DELETE */
    uint32_t deferred_item;
    struct item_facts deferred_before; /* of that item */
    uint32_t erasing;                  /* the learner that an EV_ERASED takes away; 0: none */
    uint16_t old_threshold;            /* before this batch's EV_THRESHOLD_SET; 0: there was none */
};

/* RC_BUSY: out of memory. */
MUST_CHECK enum rc fold_init(struct fold *fold, struct model *model);

/* Frees what the fold holds; what was applied and not published is forgotten. One that fold_init refused is
 * fine. */
void fold_done(struct fold *fold);

/* The learner's private copy, made on first use; an empty one when never seen. Borrowed until the next call
 * of fold_apply for the same learner, publish or abandon. Errors: RC_BUSY, out of memory. */
MUST_CHECK enum rc fold_learner(struct fold *fold, uint32_t key, struct learner **out_learner);

/* Visits all who hold a record of the item, in this batch too; learners who were erased are among them. Until
 * visit says anything but RC_OK. */
MUST_CHECK enum rc fold_each_holder(struct fold *fold, uint32_t item,
                                    enum rc (*visit)(void *arg, uint32_t learner), void *arg);

/* Makes room for what fold_publish adds to lists that readers look at. After this, and the commit, it does
 * not fail. Errors: RC_BUSY, out of memory: abandon everything. */
MUST_CHECK enum rc fold_reserve(struct fold *fold);

/* Lets readers see all that was applied; sequence: of the last event. Takes the write lock. */
void fold_publish(struct fold *fold, uint64_t sequence);

/* Forgets all that was applied since the last publish. */
void fold_abandon(struct fold *fold);

/* ---- for fold_learner, fold_catalog and fold_erase alone; false or NULL: out of memory ---- */

/* Appends a key to one of the fold's lists. */
bool fold_push(struct keys *keys, uint32_t key);

/* Room for one more record that no batch knew; and one, the learner's last, noted. */
bool fold_room_for_fresh(struct fold *fold);

/* Notes the learner's last record as one that no batch knew before; fold_room_for_fresh made room. */
void fold_note_fresh(struct fold *fold, const struct learner *learner);

/* What the batch makes of the item so far, by value: its texts are borrowed. */
struct item_def fold_item_so_far(const struct fold *fold, uint32_t key);

/* A copy of next becomes the item's private definition. */
enum rc fold_set_item(struct fold *fold, uint32_t key, const struct item_def *next);

/* The course is one that the batch changes. */
bool fold_note_course(struct fold *fold, uint32_t key);

/* The course's private definition, made on first use. */
struct course_def *fold_pending_course(struct fold *fold, uint32_t key);
