#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/fault.h"
#include "store/batch.h"

/* The event log: one row of batches, in one order, that all nodes of a store agree on. What is in it is true;
 * the model, the checkpoint and a node's own files follow from it.
 *
 * A turn is a batch's place in that row. A log gives turns out one at a time, so who holds one decides
 * against a model that nobody can make old: the numbers of events, names, records and log entries follow from
 * what is in the log, and are known while deciding.
 *
 * A node is in one of three states towards its log:
 *   idle      It holds no turn; others may write.
 *   deciding  From a log_begin that said RC_OK to the log_commit or log_abandon that follows.
 *   in doubt  From a log_commit that said LOG_UNKNOWN until log_outcome_of says something else. It holds no
 * turn, and must not begin: what it would decide on may be old.
 *
 * Most functions are for one thread, the engine's: log_next_id, log_begin, log_commit, log_outcome_of,
 * log_abandon, log_catch_up, log_follow, log_is_named, log_unname, log_forget, log_fill, log_has_room,
 * log_enter. log_head: for one thread, which may be another. For any thread: log_share, log_leave, log_claim;
 * log_nodes; log_name, log_note, log_is_shared. None but the last four is for an event loop: the others may
 * wait for a disk or a network. Source: docs/decisions/0020. */

struct store;

/* What became of a batch. */
enum log_outcome {
    /* It is durable: every node sees it, at its turn, and no crash takes it away. Now it is published, and
     * answered. */
    LOG_STORED,
    /* It is not in the log and never will be; the head is as it was. Its commands were not done, and may be
     * sent again. */
    LOG_REFUSED,
    /* The log cannot say (the connection was lost under way). It is not published, not answered and not
     * decided again before log_outcome_of has told. */
    LOG_UNKNOWN,
    /* This node can write no more, and only a new start finds out what is durable (a failed fsync): the
     * process must end. */
    LOG_BROKEN,
};

/* How far a node has followed a log. The batch's id makes a log that went back, or was changed for another,
 * known as such. */
struct log_turn {
    uint64_t number; /* from 1; 0: before the first */
    struct batch_id batch;
};

/* The last turn, and what it left. */
struct log_head {
    struct log_turn turn;
    struct store_counters counters; /* the last numbers that were given out */
    int64_t at_ms;                  /* the batch's instant, by the clock of who decided it */
};

/* Takes a batch that this node did not write: whole, its turn and instant filled in. Bytes are borrowed for
 * the visit. A result that is not RC_OK ends the walk and is the walk's. */
typedef enum rc log_visitor(void *arg, const struct store_batch *batch, struct fault *fault);

/* What a node says of itself while it runs; borrowed until the log is closed. */
struct log_presence {
    const char *identity;            /* store_identity: the same at each start */
    const char *name;                /* for operators: the host and a port */
    const char *settings;            /* lines "name=value", which all nodes of the log have alike */
    uint64_t (*sequence)(void *arg); /* that its model holds; any thread */
    void *arg;
};

/* A node, as all nodes of the log know it. */
struct log_node {
    char name[128];
    uint64_t sequence; /* that its model held when it was heard of last */
    uint64_t lag;      /* how many events the log had more; of one that is not heard of: has by now */
    bool self;         /* the one that asks */
};

enum { LOG_NODES_MAX = 64 };

/* What log_share and log_leave are given. */
struct log_value {
    const char *name;
    const void *bytes;
    size_t size;
    bool anew; /* it takes the place of the one that is there: of two nodes at once the last one's stays */
};

struct log;

/* One kind of log. A member that says "optional" may be NULL; what that means stands with it. */
struct log_methods {
    const char *name; /* for the operator */

    /* Other nodes may write it, so each node copies what is in it into files of its own (store_copy). False:
     * a node's own files are the log. */
    bool shared;

    /* what: this kind's own; store_open_on's caller gives it. */
    enum rc (*open)(struct store *store, void *what, struct log **out_log, struct fault *fault);
    void (*close)(struct log *log);
    enum rc (*begin)(struct log *log, const struct log_turn *after, log_visitor *visit, void *arg,
                     struct log_head *out_head, struct fault *fault);
    enum log_outcome (*commit)(struct log *log, const struct store_batch *batch, struct fault *fault);
    /* Optional: commit never says LOG_UNKNOWN. */
    enum log_outcome (*outcome)(struct log *log, const struct batch_id *batch, struct fault *fault);
    /* Optional: begin took nothing that must be given back. */
    void (*abandon)(struct log *log);
    enum rc (*head)(struct log *log, struct log_head *out_head, struct fault *fault);
    /* Optional, both: nobody else writes it. */
    enum rc (*catch_up)(struct log *log, const struct log_turn *after, log_visitor *visit, void *arg,
                        struct fault *fault);
    void (*follow)(struct log *log, void (*wake)(void *arg), void *arg);
    /* Optional, both: rows that name somebody are looked for nowhere. */
    enum rc (*is_named)(struct log *log, const struct store_erasure *erasure, size_t at_most, bool *out_more,
                        struct fault *fault);
    enum rc (*unname)(struct log *log, const struct log_turn *after, const struct store_erasure *erasure,
                      bool *out_all, struct fault *fault);
    /* Optional: what is forgotten in a node's own files is gone. */
    enum rc (*forget)(struct log *log, const struct log_turn *after, const struct store_forgetting *what,
                      struct fault *fault);
    /* Optional: it is filled by copying files. */
    enum rc (*fill)(struct log *log, const struct store_batch *batch, bool more, struct fault *fault);
    /* Optional: it always has room. */
    bool (*has_room)(struct log *log);
    /* Optional: nobody shares it. */
    enum rc (*share)(struct log *log, const struct log_value *value, struct buf *out, struct fault *fault);
    /* Optional, both: nobody shares it. */
    enum rc (*leave)(struct log *log, const struct log_value *value, int seconds, struct fault *fault);
    enum rc (*claim)(struct log *log, const char *name, struct buf *out, struct fault *fault);
    /* Optional, both: there are no other nodes. */
    enum rc (*enter)(struct log *log, const struct log_presence *presence, struct fault *fault);
    size_t (*nodes)(struct log *log, struct log_node *out, size_t max);
    /* Optional: there is nothing to be said. */
    const char *(*note)(struct log *log);
};

/* What each kind's own struct begins with. */
struct log {
    const struct log_methods *methods;
    struct batch_id next_id; /* log_next_id's */
};

/* An id for the next batch. Begins at random with each open, so that no two nodes, and no two runs of one,
 * ever give out the same. */
struct batch_id log_next_id(struct log *log);

/* Takes the next turn, first hands over what others have committed after a turn. What the visitor has taken
 * stays taken also when this fails then. RC_BUSY: no turn is to be had now (the log cannot be reached,
 * another node holds it for too long). RC_CONFLICT: the log does not hold that turn: it went back, or is
 * another; the node's files are worth nothing. */
MUST_CHECK enum rc log_begin(struct log *log, const struct log_turn *after, log_visitor *visit, void *arg,
                             struct log_head *out_head, struct fault *fault);

/* Writes the batch at the turn that is held, and gives the turn up. The batch's id is new, its counters are
 * those after it. fault is filled unless the result is LOG_STORED. */
MUST_CHECK enum log_outcome log_commit(struct log *log, const struct store_batch *batch, struct fault *fault);

/* What became of a batch in doubt: the last one that log_commit was given. LOG_UNKNOWN: ask again, a little
 * later. LOG_REFUSED is final: nothing that is still under way can make it LOG_STORED. */
MUST_CHECK enum log_outcome log_outcome_of(struct log *log, const struct batch_id *batch,
                                           struct fault *fault);

/* Gives the turn up without a batch. */
void log_abandon(struct log *log);

/* The last turn, as of a moment within the call: a node that has followed it to there knows all that was
 * acknowledged before. RC_BUSY: the log cannot be reached. One thread at a time, which may be another than
 * the engine's: of a log that is shared it waits for none of the other calls. */
MUST_CHECK enum rc log_head(struct log *log, struct log_head *out_head, struct fault *fault);

/* Hands over what others have committed after a turn, and takes none. Errors as log_begin. */
MUST_CHECK enum rc log_catch_up(struct log *log, const struct log_turn *after, log_visitor *visit, void *arg,
                                struct fault *fault);

/* From now on wake is called, by any thread, when others may have committed something. It is a hint: calls
 * may be lost, or for nothing. wake NULL: no more. */
void log_follow(struct log *log, void (*wake)(void *arg), void *arg);

/* Whether the log would have to rewrite more than so many batches for what is said beside events of whom an
 * erasure takes out, and of what it forgets. Then its batch leaves them as they are (`own` is set), and
 * log_unname follows. Deciding. */
MUST_CHECK enum rc log_is_named(struct log *log, const struct store_erasure *erasure, size_t at_most,
                                bool *out_more, struct fault *fault);

/* Takes some of that out of the log, whose batch of the erasure holds its `own` still; of erasure the learner
 * and the id are used. *out_all: nothing is left. What another node has done is done. after: the last turn
 * that the node has followed, asked for within the change. Idle. RC_CONFLICT: the log does not hold that
 * turn, so what it has under these numbers may be others'; nothing was changed. RC_BUSY: not done; again
 * later. */
MUST_CHECK enum rc log_unname(struct log *log, const struct log_turn *after,
                              const struct store_erasure *erasure, bool *out_all, struct fault *fault);

/* Takes events out of what is in the log, and puts others in their place, for all nodes. after, state and
 * errors: as log_unname. */
MUST_CHECK enum rc log_forget(struct log *log, const struct log_turn *after,
                              const struct store_forgetting *what, struct fault *fault);

/* Appends a batch that another log held at the turn that it says; for a log that is filled with another's
 * batches, in order, before anybody uses it. more: another call follows, and nothing is stored before the
 * last one, whose batch may be NULL. RC_CONFLICT: that is not the turn that follows. RC_NOT_IMPLEMENTED: this
 * kind is filled by copying files. */
MUST_CHECK enum rc log_fill(struct log *log, const struct store_batch *batch, bool more, struct fault *fault);

/* Whether it takes a batch of some size right now: tries. */
bool log_has_room(struct log *log);

/* A value that all nodes of the log have alike: the one that was given first, or anew since, appended to out.
 * Of a log that nobody shares: the one that is given. RC_BUSY: the log cannot be reached. Any thread; waits
 * for none of the other calls. */
MUST_CHECK enum rc log_share(struct log *log, const struct log_value *value, struct buf *out,
                             struct fault *fault);

/* Leaves a value under a new name, for whoever claims it first within so many seconds, on any node; a crash
 * of the log may lose it. RC_BUSY: the log cannot be reached. RC_NOT_IMPLEMENTED: nobody shares it. Any
 * thread; waits for other calls of these two alone. */
MUST_CHECK enum rc log_leave(struct log *log, const struct log_value *value, int seconds,
                             struct fault *fault);

/* Takes what was left and appends it to out: no other call gets it, before or after. RC_NOT_FOUND: nothing
 * was, or somebody took it, or it is too old. RC_BUSY: the log cannot be reached, and it may be taken or not.
 * Else as log_leave. */
MUST_CHECK enum rc log_claim(struct log *log, const char *name, struct buf *out, struct fault *fault);

/* Becomes one of the nodes of the log, before it writes or follows: from log_follow on the others know of it,
 * until it follows no more, or is not heard of for a minute. RC_CONFLICT: one that runs has other settings;
 * fault says which, and names the setting. RC_BUSY: the log cannot be reached. The engine's thread. */
MUST_CHECK enum rc log_enter(struct log *log, const struct log_presence *presence, struct fault *fault);

/* The nodes of the log, as they were known some seconds ago, by name; how many: LOG_NODES_MAX at most. 0:
 * this one has not entered, or nobody shares the log. Any thread; waits for nothing. */
size_t log_nodes(struct log *log, struct log_node *out, size_t max);

/* The kind's name, for the operator. */
const char *log_name(const struct log *log);

/* What the operator should know of the place that it is in; NULL: nothing. Lives as long as the log. */
const char *log_note(struct log *log);

/* Whether other nodes may write it. */
bool log_is_shared(const struct log *log);
