#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/fault.h"
#include "base/histogram.h"
#include "store/log.h"

/* Where events become durable. SQL and its types stay behind it, in store/sqlite/. What the store's libraries
 * say is in a fault's text, for the operator. Source: reliability R1 to R17; docs/decisions/0001. */

/* Where a store is. */
struct store_place {
    const char *directory; /* the node's own files */
    const char *database;  /* URL of the log that it shares with others; NULL: its own files are the log */
    const char *log;       /* the name of that log; NULL: main */
    /* who is told what the operator should know of that log, by any thread; NULL: nobody */
    void (*say)(const char *what, const char *why);
};

/* Opens or makes the store in a directory that exists. Takes the directory's lock for life. RC_CONFLICT:
 * another process has it. RC_INTERNAL: damaged, newer, or not to be read; RC_NOT_IMPLEMENTED: no log of this
 * kind is in this program; fault says what. */
MUST_CHECK enum rc store_open(const struct store_place *place, struct store **out_store, struct fault *fault);

/* The same without the log that others share, to make again what follows from the events: nothing can be
 * committed when the directory holds a node's copy of a log. */
MUST_CHECK enum rc store_open_alone(const char *directory, struct store **out_store, struct fault *fault);

/* The same with a log of a given kind; what: the kind's own. */
MUST_CHECK enum rc store_open_on(const char *directory, const struct log_methods *kind, void *what,
                                 struct store **out_store, struct fault *fault);

/* Opens for reading alone, beside a server that runs: one instant of events and checkpoint, held until the
 * close. Writes nothing and takes no lock. Errors as store_open; RC_NOT_FOUND: there is no store. */
MUST_CHECK enum rc store_open_reader(const char *directory, struct store **out_store, struct fault *fault);

/* Whether the directory holds a store. */
bool store_exists(const char *directory);

/* Checkpoints and closes, the log too. */
void store_close(struct store *store);

/* The log that the store was opened on; NULL: it was opened for reading alone. */
struct log *store_event_log(struct store *store);

/* The name that the node's own files were given when they were made: hexadecimal digits. Lives as long as the
 * store. */
const char *store_identity(const struct store *store);

/* The last numbers that the node's own files know of. */
struct store_counters store_counters(const struct store *store);

/* Whether the place of the events takes a write of some size right now: tries, and waits for the disk. The
 * owner's thread. */
bool store_has_room(const struct store *store);

/* Writes into the node's own files, durably when RC_OK; for who has a directory to themselves (import,
 * mending), and for the log that these files are. RC_BUSY: nothing was stored, later may work (disk full).
 * RC_INTERNAL: nothing may be written any more (I/O error): the process must end. One thread, the engine's.
 */
MUST_CHECK enum rc store_commit(struct store *store, const struct store_batch *batch, struct fault *fault);

/* Copies a batch of a log that others write too into the node's own files, before it is published. It is not
 * synced: after a power cut the log has it. Errors and thread: as store_commit. */
MUST_CHECK enum rc store_copy(struct store *store, const struct store_batch *batch, struct fault *fault);

/* The turn and the id of the last batch that was copied; all 0: none was. */
struct log_turn store_copied(const struct store *store);

/* Erasures that are written down: their learner, id, own and named, as they were committed. */
MUST_CHECK enum rc store_each_erasing(struct store *store,
                                      enum rc (*visit)(void *arg, const struct store_erasure *erasure,
                                                       struct fault *fault),
                                      void *arg, struct fault *fault);

/* The ids that those erasures are about. Any thread. */
MUST_CHECK enum rc store_each_erasing_id(struct store *store,
                                         enum rc (*visit)(void *arg, const struct store_id *id,
                                                          struct fault *fault),
                                         void *arg, struct fault *fault);

/* Takes events out, and puts others in their place, in one transaction; done: the learner whose erasure ends
 * with it; 0: it goes on. Errors and thread: as store_commit. */
MUST_CHECK enum rc store_erase_some(struct store *store, const struct store_forgetting *what, uint32_t done,
                                    struct fault *fault);

/* Leaves no copy of what was deleted beside the events (in the WAL). RC_BUSY: a reader is in the way; try
 * again. It does not wait for a reader of another process, since every write would wait with it. Thread: as
 * store_commit. */
MUST_CHECK enum rc store_scrub_events(struct store *store, struct fault *fault);

/* All ids in key order: learners, courses, items. Here as in all walks: a visitor that returns RC_ENOUGH ends
 * the walk, which then returns RC_OK; what else it returns but RC_OK ends the walk too and is what the walk
 * returns, with the fault that the visitor filled. Bytes are borrowed for the visit. */
MUST_CHECK enum rc store_each_id(struct store *store,
                                 enum rc (*visit)(void *arg, const struct store_id *id, struct fault *fault),
                                 void *arg, struct fault *fault);

/* Events after a sequence, in order. RC_INTERNAL also when a row's checksum does not fit. */
MUST_CHECK enum rc store_each_event(struct store *store, uint64_t after,
                                    enum rc (*visit)(void *arg, const struct stored_event *event,
                                                     struct fault *fault),
                                    void *arg, struct fault *fault);

/* The events with these sequences, in that order; those that are gone are passed over. In pages: no
 * connection is held during a visit, which may read on its own. Safe from any thread. */
MUST_CHECK enum rc store_each_event_of(struct store *store, const uint64_t *sequences, size_t count,
                                       enum rc (*visit)(void *arg, const struct stored_event *event,
                                                        struct fault *fault),
                                       void *arg, struct fault *fault);

/* How many events there are after a sequence up to another. Any thread. */
MUST_CHECK enum rc store_count_events(struct store *store, uint64_t after, uint64_t upto, uint64_t *out_count,
                                      struct fault *fault);

/* Bytes of the node's own files in all. Any thread; asks the file system. */
uint64_t store_file_bytes(const struct store *store);

/* Events after a sequence up to another, in pages. Any thread. */
MUST_CHECK enum rc store_scan_events(struct store *store, uint64_t after, uint64_t upto,
                                     enum rc (*visit)(void *arg, const struct stored_event *event,
                                                      struct fault *fault),
                                     void *arg, struct fault *fault);

/* Answers not older than an instant, oldest first, without their bodies' bytes. */
MUST_CHECK enum rc store_each_answer(struct store *store, int64_t since_ms,
                                     enum rc (*visit)(void *arg, const struct store_answer *answer,
                                                      struct fault *fault),
                                     void *arg, struct fault *fault);

/* Looks one up by key and shows it to visit, which borrows it. RC_NOT_FOUND: there is none. Any thread. */
MUST_CHECK enum rc store_answer(struct store *store, const uint8_t key[16],
                                enum rc (*visit)(void *arg, const struct store_answer *answer,
                                                 struct fault *fault),
                                void *arg, struct fault *fault);

/* The value of an import's ledger entry, appended to out; RC_NOT_FOUND. */
MUST_CHECK enum rc store_ledger(struct store *store, const char *key, struct buf *out, struct fault *fault);

/* All entries of the ledger, by key. The owner's thread. */
MUST_CHECK enum rc store_each_ledger(struct store *store,
                                     enum rc (*visit)(void *arg, const char *key, const char *value,
                                                      struct fault *fault),
                                     void *arg, struct fault *fault);

/* All that a directory's own log holds, as batches in the order in which another log is filled with them
 * (log_fill): turns from 1, ids of their own. The owner's thread. RC_CONFLICT: an erasure is under way. */
MUST_CHECK enum rc store_each_batch(struct store *store, log_visitor *visit, void *arg, struct fault *fault);

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
                                  enum rc (*visit)(void *arg, const struct store_log *log,
                                                   struct fault *fault),
                                  void *arg, struct fault *fault);

/* All entries that are there, by learner, date and log_id; in pages. */
MUST_CHECK enum rc store_each_log_of_all(struct store *store,
                                         enum rc (*visit)(void *arg, const struct store_log *log,
                                                          struct fault *fault),
                                         void *arg, struct fault *fault);

/* Whose an entry is or was. RC_NOT_FOUND. Safe from any thread. */
MUST_CHECK enum rc store_log_owner(struct store *store, uint64_t log_id, uint32_t *out_learner,
                                   struct fault *fault);

/* How many entries each learner has. The owner's thread. */
MUST_CHECK enum rc store_each_log_total(struct store *store,
                                        enum rc (*visit)(void *arg, const struct store_log_total *total,
                                                         struct fault *fault),
                                        void *arg, struct fault *fault);

/* One entry, also one that is gone: deleted, without members. RC_NOT_FOUND. The engine's thread. */
MUST_CHECK enum rc store_log(struct store *store, uint64_t log_id,
                             enum rc (*visit)(void *arg, const struct store_log *log, struct fault *fault),
                             void *arg, struct fault *fault);

/* ---- copies; neither needs an open store ---- */

/* Who is told how far a copy is: what is done ("copying", "checking"), in which unit. show NULL: nobody. */
struct store_watch {
    void (*show)(void *arg, const char *what, const char *unit, uint64_t done, uint64_t total);
    void *arg;
};

/* How long the fsyncs of the event file's WAL took (histogram_steps_us): a commit's own, but for a copy of a
 * log elsewhere. As long as the store. Any thread. */
const struct histogram *store_sync_times(const struct store *store);

/* Copies the event file of a directory, also of one that is served, as one instant into a new file. watch
 * NULL: nobody is told. */
MUST_CHECK enum rc store_backup(const char *directory, const char *file, const struct store_watch *watch,
                                uint64_t *out_events, struct fault *fault);

/* Puts a backup into a directory without a store, after checking all of it; nothing is changed when it is
 * bad. */
MUST_CHECK enum rc store_restore(const char *directory, const char *file, const struct store_watch *watch,
                                 uint64_t *out_events, struct fault *fault);

/* Moves the store of another directory of the same file system into this one, whose own has no learner in it
 * (or is not there). RC_CONFLICT: it has, or somebody is using it; nothing was changed. */
MUST_CHECK enum rc store_replace_empty(const char *directory, const char *from, struct fault *fault);

/* What a copy of a node's files holds. */
struct store_node_copy {
    struct log_turn turn;      /* how far it follows the log */
    uint64_t sequence, events; /* the last event's, and how many there are */
    uint64_t checkpoint;       /* the sequence that its checkpoint covers; 0: it is without */
};

/* Says whether a copy that follows a log up to a turn is one of that log. */
typedef enum rc store_node_judge(void *arg, const struct log_turn *turn, struct fault *fault);

/* Copies the files of a node of a log elsewhere, also of one that runs, into a directory without a store,
 * where they are another node's. All of it is checked, and judged (judge may be NULL), before anything has
 * its name there. RC_NOT_FOUND: there is nothing to copy. RC_CONFLICT: the directory has a store, or somebody
 * uses it; or what is there follows no log elsewhere. RC_INVALID: damaged, not whole, or a newer version's.
 */
MUST_CHECK enum rc store_copy_node(const char *from, const char *to, store_node_judge *judge, void *arg,
                                   struct store_node_copy *out, struct fault *fault);

/* Renames the event file of a directory that nobody uses, so that the next open makes a new one. */
MUST_CHECK enum rc store_set_aside(const char *directory, const char *name, struct fault *fault);

/* Removes a store's files and the directory, when that is then empty. For one that nobody uses. */
void store_remove(const char *directory);
