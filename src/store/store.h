#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/fault.h"

/* Where events become durable, and where the model is written behind (the checkpoint). One interface for
 * every store; SQL and its types stay behind it. What the store's libraries say is in a fault's text, for the
 * operator. Source: reliability R1 to R17; docs/decisions/0001. */

struct store;

/* One event as it lies in the store: core/event.h encodes the rest into body. */
struct stored_event {
    uint64_t sequence;
    uint32_t learner;
    uint8_t kind;
    int64_t at_ms;
    const uint8_t *body;
    size_t body_size;
};

enum store_id_kind { STORE_LEARNER, STORE_COURSE, STORE_ITEM };

struct store_id {
    enum store_id_kind kind;
    uint32_t key;
    const char *id;
    size_t size;
};

/* One log entry. members: core/members.h. */
struct store_log {
    uint64_t log_id;
    uint32_t learner;
    /* in a batch: take it away; whose it was stays known, for its history. log_id 0: all of the learner's, or
     * some */
    bool deleted;
    uint32_t some; /* how many; 0: all */
    int64_t date_ms, created_ms, updated_ms;
    const uint8_t *members;
    size_t members_size;
};

/* Somebody's id: a learner's, or that of a caller who is none. */
struct store_name {
    const char *id;
    size_t size;
};

/* How much of a learner's log entries is there, and how often they were rolled back. */
struct store_log_total {
    uint32_t learner, entries, rollbacks;
    uint64_t bytes;    /* of their members */
    uint64_t settling; /* the event whose rows are not all changed yet; 0: none */
};

/* A remembered answer to an Idempotency-Key. Keys and fingerprints are 16-byte hashes. */
struct store_answer {
    uint8_t key[16];         /* of caller and key */
    uint8_t fingerprint[16]; /* of method, path and body */
    uint64_t caller;         /* hash of who asked: whose budget it counts in; 0: nobody's */
    /* in a batch: who asked and whom it tells of; it goes with the first who is erased */
    const struct store_name *names;
    size_t name_count;
    int64_t at_ms;
    int status;
    const char *etag; /* "" for none */
    const char *body;
    size_t body_size;
};

/* Numbers that are given out once and never again. */
struct store_counters {
    uint64_t sequence, log_id;
    uint32_t record_id, enrolment_id; /* each: the last one given out */
};

/* What goes with an erased learner: rows and ids, so that no byte of them is left. Source:
 * docs/decisions/0007, docs/decisions/0016. */
struct store_erasure {
    uint32_t learner;
    const char *id; /* the answers that name it go too */
    size_t id_size;
    const uint64_t *sequences; /* events that go */
    size_t sequence_count;
    const struct stored_event *rewritten; /* events that stay, with the learner taken out of them */
    size_t rewritten_count;
    /* instead of both: what store_erase_some has still to take out; NULL: nothing */
    const uint8_t *own, *named;
    size_t own_size, named_size;
    const struct store_id *forgotten; /* courses and items that nobody else ever named */
    size_t forgotten_count;
};

/* All of it becomes durable, or none. */
struct store_batch {
    const struct stored_event *events;
    size_t event_count;
    const struct store_id *ids;
    size_t id_count;
    const struct store_log *logs;
    size_t log_count;
    const struct store_log_total *log_totals; /* of the learners whose entries change */
    size_t log_total_count;
    const struct store_answer *answers;
    size_t answer_count;
    const char *ledger_key, *ledger_value; /* import's book of what is done; NULL: none */
    const struct store_erasure *erasure;   /* NULL: none */
    struct store_counters counters;        /* after the batch */
};

/* Opens or makes the store in a directory that exists. Takes the directory's lock for life. RC_CONFLICT:
 * another process has it. RC_INTERNAL: damaged, newer, or not to be read; *fault says what. */
MUST_CHECK enum rc store_open(const char *directory, struct store **out_store, struct fault *fault);

/* Opens for reading alone, beside a server that runs: one instant of events and checkpoint, held until the
 * close. Writes nothing and takes no lock. Errors as store_open; RC_NOT_FOUND: there is no store. */
MUST_CHECK enum rc store_open_reader(const char *directory, struct store **out_store, struct fault *fault);

/* Whether the directory holds a store. */
bool store_exists(const char *directory);

/* Checkpoints and closes. */
void store_close(struct store *store);

/* The numbers given out last, as of the last commit. The owner's thread. */
struct store_counters store_counters(const struct store *store);

/* Whether the place of the events takes a write of some size right now: tries, and waits for the disk. The
 * owner's thread. */
bool store_has_room(const struct store *store);

/* Durable when RC_OK. RC_BUSY: nothing was stored, later may work (disk full). RC_INTERNAL: nothing may be
 * written any more (I/O error): the process must end. One thread, the engine's. */
MUST_CHECK enum rc store_commit(struct store *store, const struct store_batch *batch, struct fault *fault);

/* Erasures that are written down: their learner, id, own and named, as they were committed. */
MUST_CHECK enum rc store_each_erasing(struct store *store,
                                      enum rc (*visit)(void *arg, const struct store_erasure *erasure, struct fault *fault),
                                      void *arg, struct fault *fault);

/* Takes events out, and puts others in their place, in one transaction; done: the learner whose erasure ends
 * with it; 0: it goes on. Errors and thread: as store_commit. */
MUST_CHECK enum rc store_erase_some(struct store *store, const uint64_t *sequences, size_t count,
                                    const struct stored_event *rewritten, size_t rewritten_count,
                                    uint32_t done, struct fault *fault);

/* Leaves no copy of what was deleted in the log of the event file, or of the checkpoint file. RC_BUSY: a
 * reader is in the way; try again. Each by the thread that writes that file; neither waits for a reader of
 * another process, the first not for a fraction of a second, since every write would wait with it. */
MUST_CHECK enum rc store_scrub_events(struct store *store, struct fault *fault);

/* The same for the checkpoint file; the checkpointer's thread. */
MUST_CHECK enum rc store_scrub_checkpoint(struct store *store, struct fault *fault);

/* All ids in key order: learners, courses, items. Here as in all walks: a visitor that returns RC_ENOUGH ends
 * the walk, which then returns RC_OK; what else it returns but RC_OK ends the walk too and is what the walk
 * returns, with the fault that the visitor filled. Bytes are borrowed for the visit. */
MUST_CHECK enum rc store_each_id(struct store *store, enum rc (*visit)(void *arg, const struct store_id *id, struct fault *fault),
                                 void *arg, struct fault *fault);

/* Events after a sequence, in order. RC_INTERNAL also when a row's checksum does not fit. */
MUST_CHECK enum rc store_each_event(struct store *store, uint64_t after,
                                    enum rc (*visit)(void *arg, const struct stored_event *event, struct fault *fault), void *arg,
                                    struct fault *fault);

/* The events with these sequences, in that order; those that are gone are passed over. In pages: no
 * connection is held during a visit, which may read on its own. Safe from any thread. */
MUST_CHECK enum rc store_each_event_of(struct store *store, const uint64_t *sequences, size_t count,
                                       enum rc (*visit)(void *arg, const struct stored_event *event, struct fault *fault), void *arg,
                                       struct fault *fault);

/* Events after a sequence up to another, in pages. Any thread. */
MUST_CHECK enum rc store_scan_events(struct store *store, uint64_t after, uint64_t upto,
                                     enum rc (*visit)(void *arg, const struct stored_event *event, struct fault *fault), void *arg,
                                     struct fault *fault);

/* Answers not older than an instant, oldest first, without their bodies' bytes. */
MUST_CHECK enum rc store_each_answer(struct store *store, int64_t since_ms,
                                     enum rc (*visit)(void *arg, const struct store_answer *answer, struct fault *fault), void *arg,
                                     struct fault *fault);

/* Looks one up by key and shows it to visit, which borrows it. RC_NOT_FOUND: there is none. Any thread. */
MUST_CHECK enum rc store_answer(struct store *store, const uint8_t key[16],
                                enum rc (*visit)(void *arg, const struct store_answer *answer, struct fault *fault), void *arg,
                                struct fault *fault);

/* The value of an import's ledger entry, appended to out; RC_NOT_FOUND. */
MUST_CHECK enum rc store_ledger(struct store *store, const char *key, struct buf *out, struct fault *fault);

/* ---- log entries: read by any thread through a connection of its own ---- */

struct log_filter {
    bool has_from, has_to, has_before;
    int64_t from_ms, to_ms; /* of the entry's date, inclusive */
    int64_t before_ms;      /* after that one in the order of the list: where a page before ended */
    uint64_t before_id;
};

/* A learner's entries, newest first (date, then log_id), in pages: no connection is held during a visit. Safe
 * from any thread. */
MUST_CHECK enum rc store_each_log(struct store *store, uint32_t learner, const struct log_filter *filter,
                                  enum rc (*visit)(void *arg, const struct store_log *log, struct fault *fault), void *arg,
                                  struct fault *fault);

/* All entries that are there, by learner, date and log_id; in pages. */
MUST_CHECK enum rc store_each_log_of_all(struct store *store,
                                         enum rc (*visit)(void *arg, const struct store_log *log, struct fault *fault), void *arg,
                                         struct fault *fault);

/* Whose an entry is or was. RC_NOT_FOUND. Safe from any thread. */
MUST_CHECK enum rc store_log_owner(struct store *store, uint64_t log_id, uint32_t *out_learner,
                                   struct fault *fault);

/* How many entries each learner has. The owner's thread. */
MUST_CHECK enum rc store_each_log_total(struct store *store,
                                        enum rc (*visit)(void *arg, const struct store_log_total *total, struct fault *fault),
                                        void *arg, struct fault *fault);

/* One entry, also one that is gone: deleted, without members. RC_NOT_FOUND. The engine's thread. */
MUST_CHECK enum rc store_log(struct store *store, uint64_t log_id,
                             enum rc (*visit)(void *arg, const struct store_log *log, struct fault *fault), void *arg,
                             struct fault *fault);

/* ---- the checkpoint file: one thread, the checkpointer's ---- */

enum checkpoint_row_kind { CHECKPOINT_LEARNER, CHECKPOINT_COURSE, CHECKPOINT_ITEM };

struct checkpoint_row {
    enum checkpoint_row_kind kind;
    uint32_t key;
    const uint8_t *bytes; /* NULL: take the row away */
    size_t size;
};

/* The sequence that the checkpoint file covers; 0: there is none, or it belongs to another store. */
uint64_t store_checkpoint_sequence(const struct store *store);

/* Walks all rows: courses, then items, then learners, each in key order. */
MUST_CHECK enum rc store_each_checkpoint_row(struct store *store,
                                             enum rc (*visit)(void *arg, const struct checkpoint_row *row, struct fault *fault),
                                             void *arg, struct fault *fault);

/* Throws the checkpoint's content away: the next start folds all events. */
MUST_CHECK enum rc store_checkpoint_discard(struct store *store, struct fault *fault);

/* One transaction: begin, any number of rows and events, commit with the sequence that all rows now cover and
 * the completion threshold that is in force there. */
MUST_CHECK enum rc store_checkpoint_begin(struct store *store, struct fault *fault);

/* Within the transaction: puts a row in the place of the one with its kind and key, or takes that away (bytes
 * NULL). */
MUST_CHECK enum rc store_checkpoint_row(struct store *store, const struct checkpoint_row *row,
                                        struct fault *fault);

/* Makes the rows durable together: they cover events up to sequence, with that completion threshold in force.
 * On an error the transaction is over and the file as before. */
MUST_CHECK enum rc store_checkpoint_commit(struct store *store, uint64_t sequence,
                                           uint16_t threshold_hundredths, struct fault *fault);

/* Gives the transaction up; the file is as before. Fine when none is open. */
void store_checkpoint_rollback(struct store *store);

/* The threshold of the last commit; 0: none. */
uint16_t store_checkpoint_threshold(const struct store *store);

/* Whose event a sequence is; learner 0: the catalogue's. */
struct event_ref {
    uint64_t sequence;
    uint32_t learner;
};

/* Within the transaction: enters events, sorted by learner and sequence, in the index of each learner's
 * events. */
MUST_CHECK enum rc store_checkpoint_events(struct store *store, const struct event_ref *refs, size_t count,
                                           struct fault *fault);

/* That an event names somebody or something; what: model/tail.h's hash. */
struct mention_ref {
    uint64_t sequence, who;
};

/* Within the transaction: enters mentions, sorted by who and sequence. */
MUST_CHECK enum rc store_checkpoint_mentions(struct store *store, const struct mention_ref *refs,
                                             size_t count, struct fault *fault);

/* The sequences that the index knows under who, ascending, up to the checkpoint; some may be gone. Any
 * thread. */
MUST_CHECK enum rc store_each_mention(struct store *store, uint64_t who,
                                      enum rc (*visit)(void *arg, uint64_t sequence, struct fault *fault), void *arg,
                                      struct fault *fault);

/* Within the transaction: forgets all events of a learner. */
MUST_CHECK enum rc store_checkpoint_forget(struct store *store, uint32_t learner, struct fault *fault);

/* A learner's events as the index knows them, ascending; it knows those up to the checkpoint. Safe from any
 * thread.
 */
MUST_CHECK enum rc store_each_indexed(struct store *store, uint32_t learner,
                                      enum rc (*visit)(void *arg, uint64_t sequence, struct fault *fault), void *arg,
                                      struct fault *fault);

/* The whole index: each entry once, in no order that matters. For a store opened for reading. */
MUST_CHECK enum rc store_each_index_entry(struct store *store,
                                          enum rc (*visit)(void *arg, uint32_t learner, uint64_t sequence, struct fault *fault),
                                          void *arg, struct fault *fault);

/* ---- copies; neither needs an open store ---- */

/* Copies the event file of a directory, also of one that is served, as one instant into a new file. */
MUST_CHECK enum rc store_backup(const char *directory, const char *file, uint64_t *out_events,
                                struct fault *fault);

/* Puts a backup into a directory without a store, after checking all of it; nothing is changed when it is
 * bad. */
MUST_CHECK enum rc store_restore(const char *directory, const char *file, uint64_t *out_events,
                                 struct fault *fault);

/* Moves the store of another directory of the same file system into this one, whose own has no learner in it
 * (or is not there). RC_CONFLICT: it has, or somebody is using it; nothing was changed. */
MUST_CHECK enum rc store_replace_empty(const char *directory, const char *from, struct fault *fault);

/* Removes a store's files and the directory, when that is then empty. For one that nobody uses. */
void store_remove(const char *directory);

/* ---- a new generation of the checkpoint file: the old one stays until the new one is whole ---- */

/* Begins an empty checkpoint file beside the present one; the rows that follow go there. Errors: as
 * store_open; the present one stays. */
MUST_CHECK enum rc store_renew_begin(struct store *store, struct fault *fault);

/* Makes the new file the one that counts and removes the old one; a kill before leaves the old one in force.
 */
MUST_CHECK enum rc store_renew_end(struct store *store, struct fault *fault);
