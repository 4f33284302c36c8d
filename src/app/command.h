#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "app/etag.h"
#include "model/catalog.h"
#include "model/model.h"
#include "base/caller.h"
#include "core/log_entries.h"

/* What a face asks to be done, once decoded: one request, one command. It and all it points to live in the
 * request's arena until done was called. The engine fills the results. */

/* What is to be done. Every kind has face, arena, actor and if_match; beside these it reads, and needs:
 *
 *   CMD_REPORTS                       learner, reports, all_or_nothing; of the caller: zone, by_staff,
 *                                     may_pass_lock; of one item: unlocks
 *   CMD_ENROL, CMD_DROP, CMD_EXPIRE   course and learner, or (webhook) users with has_occurred, occurred_ms
 *   CMD_CERTIFY                       learner, course, url
 *   CMD_LOCK, CMD_UNLOCK              learner, course, item
 *   CMD_DELETE_PROGRESS               learner, item, may_pass_lock
 *   CMD_RESET                         learner, course; item, or none for all of the course
 *   CMD_LOG_ADD                       learner, members; has_log_date, log_at_ms
 *   CMD_LOG_UPDATE, CMD_LOG_DELETE    log_id, caller, log_user; an update: members, has_log_date, log_at_ms
 *   CMD_LOGS_CLEAR                    learner
 *   CMD_LOGS_ROLL_BACK                learner, rollback, again
 *   CMD_COURSE_PUT                    course, put
 *   CMD_COURSE_DELETE                 course
 *   CMD_ERASE                         learner, plan */
enum command_kind {
    CMD_REPORTS, /* any number of items, one learner */
    CMD_ENROL,
    CMD_DROP,
    CMD_EXPIRE,
    CMD_CERTIFY, /* learner, course */
    CMD_LOCK,
    CMD_UNLOCK,          /* learner, course, item */
    CMD_DELETE_PROGRESS, /* learner, item */
    CMD_RESET,           /* learner, course, perhaps item */
    CMD_LOG_ADD,
    CMD_LOG_UPDATE,
    CMD_LOG_DELETE,
    CMD_LOGS_CLEAR,
    CMD_LOGS_ROLL_BACK,
    CMD_COURSE_PUT,
    CMD_COURSE_DELETE,
    CMD_ERASE, /* learner */
    CMD_KINDS, /* how many there are */
};

/* What of a command a refusal may name. The face that decoded it says by which word of its own. */
enum command_part {
    PART_ITEM,
    PART_COURSE,
    PART_TIME_SPENT,
    PART_SCORE,
    PART_MAX_SCORE,
    PART_METADATA,
    PART_SEGMENTS,
    PART_LOG_USER, /* whose the log entry is */
    PART_LOG,      /* all of the log entry's members */
    PART_COURSE_ITEMS,
    PART_COURSE_STAFF,
    COMMAND_PARTS, /* how many there are */
};

/* One item of a CMD_REPORTS. */
struct item_report {
    struct text item, course, type; /* course, type: bytes NULL when not given */
    uint64_t event_id[2];           /* hash of the client's eventId; 0,0: none */
    struct text device;
    struct report report;
    /* results */
    enum rc rc;
    struct fault fault;
    enum report_effect effect;
    uint32_t item_key; /* 0: nothing is known under that id */
};

/* A course as a client declares it. */
struct put_item {
    struct text id, title, type, section;
    int64_t duration_ms;
    uint16_t threshold_hundredths;
    bool required;
};

struct course_put {
    struct text title, description;
    struct staff *staff;
    struct put_item *items;
    uint32_t staff_count, item_count;
};

/* What the client gets for a write. */
struct answer {
    int status;
    char etag[ETAG_BYTES]; /* without quotes; "" none */
    struct buf *body;      /* where encode writes; the caller's, empty */
};

struct command {
    enum command_kind kind;
    enum event_face face;
    struct text learner;
    struct text actor;  /* bytes NULL: the learner */
    const char *zone;   /* the learner's, as their own token says; one of zone_named's names, NULL: none */
    bool may_pass_lock; /* SYSTEM: rule 6 */
    bool by_staff;      /* for oneself, without the STUDENT role: a preview, unless enrolled */
    /* CMD_REPORTS of one item: where that is LOCKED, this unlocks it and reports nothing */
    bool unlocks;
    struct arena *arena;
    const char *const *part_names; /* the face's, by enum command_part; NULL, or NULL in it: none is named */

    struct item_report *reports;
    uint32_t report_count;
    bool all_or_nothing; /* else each item stands alone */
    uint32_t record_id;  /* of the one item: refused when that record is gone; 0: there may be none */

    struct text course, item, url;

    /* Of a webhook, which may be about several learners; then learner is none. */
    const struct text *users; /* no id twice */
    uint32_t user_count;
    bool webhook;
    bool has_occurred;   /* it says when what it tells came to be: an earlier one changes nothing */
    int64_t occurred_ms; /* INT64_MAX: now */

    const struct course_put *put;

    uint64_t log_id;
    const uint8_t *members; /* of a log entry: core/members.h */
    uint32_t members_size;
    bool has_log_date;
    int64_t log_at_ms;
    /* CMD_LOG_UPDATE, CMD_LOG_DELETE: only the entry says whose it is, so the engine asks */
    const struct caller *caller;
    struct text log_user; /* whom the client says that it is of; bytes NULL: nobody */
    /* CMD_LOGS_ROLL_BACK: what it will change, found out before; rollback.h */
    const struct rollback *rollback;

    struct erase_plan *plan; /* CMD_ERASE: what was looked for before; NULL: nothing was; erase_plan.h */

    const char *if_match;       /* the header If-Match as it came; NULL: none */
    const uint8_t *answer_key;  /* 16 bytes: Idempotency-Key and caller; NULL none */
    const uint8_t *fingerprint; /* 16 bytes: method, path, body */
    uint64_t answer_caller;     /* hash of who asked */
    uint64_t answer_serial;     /* of the answer that is replayed; the face's */
    bool imported;              /* at_ms is given: the data's instant, unchanged */

    /* Writes the answer of a command that succeeded, from what the view shows. Called once: by the engine
     * before the commit when answer_key is set, else by whoever waits, after. */
    void (*encode)(struct command *command, struct view view);
    /* Called once by the engine's thread; must not block. Afterwards the command is the caller's again. */
    void (*done)(struct command *command);
    /* In place of an answer, by whoever waits, when it was outdated; NULL: it is answered like any refusal.
     */
    void (*again)(struct command *command);
    void *waiter;
    uint64_t queued_us; /* the engine's: monotonic, when it came; 0: it did not wait, or that is noted */

    /* results */
    enum rc rc;
    struct fault fault;
    int64_t at_ms;
    uint64_t sequence; /* of its last event; 0: nothing changed */
    uint32_t learner_key, course_key, item_key;
    uint32_t count; /* what was reset or deleted */
    bool created;
    bool split;    /* an item that many hold comes to its course first; then the command is decided anew */
    bool adopts;   /* answered when all whom it adopts are enrolled */
    bool replay;   /* its Idempotency-Key was answered by another node meanwhile: nothing was done */
    bool outdated; /* what was found out before is no longer so: do it again */
    int64_t log_date_ms, log_created_ms;
    struct answer answer;
    struct command *next; /* the engine's queue */
};

/* The face's word for a part of the command, as a fault names it; NULL: it has none. */
static inline const char *command_part_name(const struct command *command, enum command_part part)
{
    return command->part_names ? command->part_names[part] : NULL;
}
