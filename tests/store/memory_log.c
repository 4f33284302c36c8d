#include "memory_log.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/monotonic.h"
#include "store/store.h"

enum { NODES_MAX = 8, TURN_MS = 100 /* how long a node waits for its turn */ };

/* A batch with all that it points to in an arena of its own. */
struct row {
    struct arena arena;
    struct store_batch batch;
};

/* What somebody left. */
struct left {
    struct left *next;
    struct buf name, value;
    int64_t until_ms;
};

struct memory_server {
    pthread_mutex_t lock; /* guards all of it; held while a node takes what others wrote */
    pthread_cond_t free;  /* nobody holds the turn */
    struct row **rows;    /* by turn, from 0 */
    size_t count, room;
    struct store_counters counters; /* the last row's, and what was skipped since */
    const struct node *holder;      /* whose turn it is; NULL: nobody's */
    struct node *nodes[NODES_MAX];
    struct left *left;
    struct memory_moods moods;
    struct memory_counts counts;
    uint64_t random;
};

struct node {
    struct log log;
    struct memory_server *server;
    struct doubt {
        struct batch_id batch;
        int asked; /* so often it will say that it does not know */
    } doubt;
    bool in_doubt;
    void (*wake)(void *arg);
    void *wake_arg;
};

static struct node *node_of(struct log *log)
{
    return (struct node *)log; /* its first member */
}

static uint32_t roll(struct memory_server *server)
{
    server->random ^= server->random << 13;
    server->random ^= server->random >> 7;
    server->random ^= server->random << 17;
    return (uint32_t)(server->random >> 32) % 1000;
}

/* ---- copies of a batch ---- */

static void *copy(struct arena *arena, const void *bytes, size_t size)
{
    return bytes ? memcpy(arena_alloc(arena, size ? size : 1), bytes, size) : NULL;
}

static void copy_events(struct arena *arena, const struct stored_event **inout, size_t count)
{
    struct stored_event *events = copy(arena, *inout, count * sizeof *events);

    for (size_t i = 0; i < count; i++)
        events[i].body = copy(arena, events[i].body, events[i].body_size);
    *inout = events;
}

static void copy_ids(struct arena *arena, const struct store_id **inout, size_t count)
{
    struct store_id *ids = copy(arena, *inout, count * sizeof *ids);

    for (size_t i = 0; i < count; i++)
        ids[i].id = copy(arena, ids[i].id, ids[i].size);
    *inout = ids;
}

static void copy_logs(struct arena *arena, const struct store_log **inout, size_t count)
{
    struct store_log *logs = copy(arena, *inout, count * sizeof *logs);

    for (size_t i = 0; i < count; i++)
        logs[i].members = copy(arena, logs[i].members, logs[i].members_size);
    *inout = logs;
}

static void copy_answers(struct arena *arena, const struct store_answer **inout, size_t count)
{
    struct store_answer *answers = copy(arena, *inout, count * sizeof *answers);

    for (size_t i = 0; i < count; i++) {
        struct store_name *names =
            copy(arena, answers[i].names, answers[i].name_count * sizeof *answers[i].names);
        for (size_t j = 0; j < answers[i].name_count; j++)
            names[j].id = copy(arena, names[j].id, names[j].size);
        answers[i].names = names;
        answers[i].etag = copy(arena, answers[i].etag, strlen(answers[i].etag) + 1);
        answers[i].body = copy(arena, answers[i].body, answers[i].body_size);
    }
    *inout = answers;
}

static void copy_erasure(struct arena *arena, const struct store_erasure **inout)
{
    struct store_erasure *erasure = copy(arena, *inout, sizeof *erasure);

    if (!erasure)
        return;
    erasure->id = copy(arena, erasure->id, erasure->id_size);
    erasure->sequences =
        copy(arena, erasure->sequences, erasure->sequence_count * sizeof *erasure->sequences);
    copy_events(arena, &erasure->rewritten, erasure->rewritten_count);
    erasure->own = copy(arena, erasure->own, erasure->own_size);
    erasure->named = copy(arena, erasure->named, erasure->named_size);
    copy_ids(arena, &erasure->forgotten, erasure->forgotten_count);
    *inout = erasure;
}

static struct row *row_new(const struct store_batch *batch)
{
    struct row *row = malloc(sizeof *row);
    struct store_batch *own = &row->batch;

    arena_init(&row->arena);
    *own = *batch;
    copy_events(&row->arena, &own->events, own->event_count);
    copy_ids(&row->arena, &own->ids, own->id_count);
    copy_logs(&row->arena, &own->logs, own->log_count);
    own->log_totals = copy(&row->arena, own->log_totals, own->log_total_count * sizeof *own->log_totals);
    copy_answers(&row->arena, &own->answers, own->answer_count);
    if (own->ledger_key) {
        own->ledger_key = copy(&row->arena, own->ledger_key, strlen(own->ledger_key) + 1);
        own->ledger_value = copy(&row->arena, own->ledger_value, strlen(own->ledger_value) + 1);
    }
    copy_erasure(&row->arena, &own->erasure);
    return row;
}

static void row_free(struct row *row)
{
    arena_done(&row->arena);
    free(row);
}

/* ---- the server ---- */

static struct left *take_left(struct left **at)
{
    struct left *left = *at;

    *at = left->next;
    return left;
}

static void left_free(struct left *left)
{
    buf_done(&left->name);
    buf_done(&left->value);
    free(left);
}

struct memory_server *memory_server_new(uint64_t seed)
{
    struct memory_server *server = calloc(1, sizeof *server);

    (void)pthread_mutex_init(&server->lock, NULL);
    (void)pthread_cond_init(&server->free, NULL);
    server->random = seed ? seed : 1;
    return server;
}

void memory_server_free(struct memory_server *server)
{
    for (size_t i = 0; i < server->count; i++)
        row_free(server->rows[i]);
    while (server->left)
        left_free(take_left(&server->left));
    free(server->rows);
    (void)pthread_mutex_destroy(&server->lock);
    (void)pthread_cond_destroy(&server->free);
    free(server);
}

void memory_server_set_moods(struct memory_server *server, struct memory_moods moods)
{
    server->moods = moods;
}

struct memory_counts memory_server_counts(const struct memory_server *server)
{
    return server->counts;
}

void memory_server_lose(struct memory_server *server, uint64_t after)
{
    while (server->count > after)
        row_free(server->rows[--server->count]);
    server->counters = server->count ? server->rows[server->count - 1]->batch.counters
                                     : (struct store_counters){.sequence = 0};
}

static bool bytes_hold(const void *in, size_t in_size, const char *bytes, size_t size)
{
    return in && memmem(in, in_size, bytes, size) != NULL;
}

static bool row_holds(const struct store_batch *batch, const char *bytes, size_t size)
{
    bool held = false;

    for (size_t i = 0; i < batch->event_count; i++)
        held |= bytes_hold(batch->events[i].body, batch->events[i].body_size, bytes, size);
    for (size_t i = 0; i < batch->id_count; i++)
        held |= bytes_hold(batch->ids[i].id, batch->ids[i].size, bytes, size);
    for (size_t i = 0; i < batch->log_count; i++)
        held |= bytes_hold(batch->logs[i].members, batch->logs[i].members_size, bytes, size);
    for (size_t i = 0; i < batch->answer_count; i++)
        held |= bytes_hold(batch->answers[i].body, batch->answers[i].body_size, bytes, size);
    return held;
}

bool memory_server_holds(const struct memory_server *server, const char *bytes, size_t size)
{
    for (size_t i = 0; i < server->count; i++)
        if (row_holds(&server->rows[i]->batch, bytes, size))
            return true;
    return false;
}

/* ---- forgetting ---- */

static bool is_among(uint64_t sequence, const uint64_t *sequences, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (sequences[i] == sequence)
            return true;
    return false;
}

static void forget_events(struct row *row, const uint64_t *sequences, size_t count,
                          const struct stored_event *rewritten, size_t rewritten_count)
{
    struct stored_event *events = (struct stored_event *)(uintptr_t)row->batch.events; /* its own copy */
    size_t kept = 0;

    for (size_t i = 0; i < row->batch.event_count; i++) {
        for (size_t j = 0; j < rewritten_count; j++)
            if (rewritten[j].sequence == events[i].sequence) {
                events[i] = rewritten[j];
                events[i].body = copy(&row->arena, events[i].body, events[i].body_size);
            }
        if (!is_among(events[i].sequence, sequences, count))
            events[kept++] = events[i];
    }
    row->batch.event_count = kept;
}

/* All that a batch's erasure takes out of the batches before it. */
static void forget_learner(struct row *row, const struct store_erasure *erasure)
{
    struct store_id *ids = (struct store_id *)(uintptr_t)row->batch.ids; /* likewise, these three */
    struct store_log *logs = (struct store_log *)(uintptr_t)row->batch.logs;
    struct store_answer *answers = (struct store_answer *)(uintptr_t)row->batch.answers;
    size_t kept = 0;

    forget_events(row, erasure->sequences, erasure->sequence_count, erasure->rewritten,
                  erasure->rewritten_count);
    for (size_t i = 0; i < row->batch.id_count; i++)
        if (ids[i].kind == STORE_LEARNER && ids[i].key == erasure->learner)
            ids[i].size = 0;
    for (size_t i = 0; i < row->batch.log_count; i++)
        if (logs[i].learner != erasure->learner)
            logs[kept++] = logs[i];
    row->batch.log_count = kept;
    kept = 0;
    for (size_t i = 0; i < row->batch.answer_count; i++) {
        bool named = false;
        for (size_t j = 0; j < answers[i].name_count; j++)
            named |= answers[i].names[j].size == erasure->id_size &&
                     memcmp(answers[i].names[j].id, erasure->id, erasure->id_size) == 0;
        if (!named)
            answers[kept++] = answers[i];
    }
    row->batch.answer_count = kept;
}

/* The server, with its lock. */
static struct memory_server *enter(struct log *log)
{
    struct memory_server *server = node_of(log)->server;

    (void)pthread_mutex_lock(&server->lock);
    return server;
}

static void leave(struct memory_server *server)
{
    (void)pthread_mutex_unlock(&server->lock);
}

/* Nobody needs the id any more to find what names them. */
static void forget_id(struct row *row, uint32_t learner)
{
    struct store_erasure *erasure = (struct store_erasure *)(uintptr_t)row->batch.erasure; /* likewise */

    if (!erasure || erasure->learner != learner)
        return;
    erasure->id_size = 0;
    erasure->clean = true;
}

/* Whether the log is the one of which the turn was taken. */
static bool holds_turn(const struct memory_server *server, const struct log_turn *turn)
{
    return !turn->number ||
           (turn->number <= server->count &&
            memcmp(&server->rows[turn->number - 1]->batch.id, &turn->batch, sizeof turn->batch) == 0);
}

static enum rc refuse_turn(struct fault *fault)
{
    return fault_set(fault, RC_CONFLICT, NULL, "the log is not the one that this node has followed");
}

static enum rc memory_forget(struct log *log, const struct log_turn *after,
                             const struct store_forgetting *what, struct fault *fault)
{
    struct memory_server *server = enter(log);
    bool busy = roll(server) < server->moods.busy, ours = holds_turn(server, after);

    server->counts.forgets++;
    for (size_t i = 0; !busy && ours && i < server->count; i++) {
        forget_events(server->rows[i], what->sequences, what->sequence_count, what->rewritten,
                      what->rewritten_count);
        if (what->done)
            forget_id(server->rows[i], what->done);
    }
    leave(server);
    return busy ? fault_set(fault, RC_BUSY, NULL, "the log is busy") : ours ? RC_OK : refuse_turn(fault);
}

/* ---- a node's log ---- */

static enum rc memory_open(struct store *store, void *what, struct log **out_log, struct fault *fault)
{
    struct node *node = calloc(1, sizeof *node);
    size_t at = 0;

    (void)store;
    node->server = what;
    while (at < NODES_MAX && node->server->nodes[at])
        at++;
    if (at == NODES_MAX) {
        free(node);
        return fault_set(fault, RC_BUSY, NULL, "there are as many nodes as may be");
    }
    node->server->nodes[at] = node;
    *out_log = &node->log;
    return RC_OK;
}

static void memory_close(struct log *log)
{
    struct node *node = node_of(log);

    for (size_t i = 0; i < NODES_MAX; i++)
        if (node->server->nodes[i] == node)
            node->server->nodes[i] = NULL;
    if (node->server->holder == node)
        node->server->holder = NULL;
    free(node);
}

static void fill_head(const struct memory_server *server, struct log_head *out)
{
    *out = (struct log_head){.counters = server->counters};
    if (server->count) {
        const struct store_batch *last = &server->rows[server->count - 1]->batch;
        out->turn = (struct log_turn){last->turn, last->id};
        out->at_ms = last->at_ms;
    }
}

/* Lock held. */
static enum rc bring(struct memory_server *server, const struct log_turn *after, log_visitor *visit,
                     void *arg, struct fault *fault)
{
    enum rc rc = RC_OK;

    if (!holds_turn(server, after))
        return refuse_turn(fault);
    for (size_t i = after->number; rc == RC_OK && i < server->count; i++) {
        rc = visit(arg, &server->rows[i]->batch, fault);
        server->counts.brought++;
    }
    return rc;
}

static enum rc memory_catch_up(struct log *log, const struct log_turn *after, log_visitor *visit, void *arg,
                               struct fault *fault)
{
    struct memory_server *server = enter(log);
    enum rc rc = bring(server, after, visit, arg, fault);

    leave(server);
    return rc;
}

/* Lock held. False: another node has it for too long. */
static bool take_turn(struct memory_server *server, const struct node *node)
{
    while (server->holder)
        if (!monotonic_wait(&server->free, &server->lock, TURN_MS))
            return false;
    server->holder = node;
    return true;
}

static void give_turn(struct memory_server *server, const struct node *node)
{
    if (server->holder == node)
        server->holder = NULL;
    (void)pthread_cond_broadcast(&server->free);
}

static enum rc memory_begin(struct log *log, const struct log_turn *after, log_visitor *visit, void *arg,
                            struct log_head *out_head, struct fault *fault)
{
    struct memory_server *server = enter(log);
    const struct node *node = node_of(log);
    enum rc rc = RC_OK;

    if (node->in_doubt)
        abort(); /* the caller's fault */
    if (roll(server) < server->moods.busy || !take_turn(server, node))
        rc = fault_set(fault, RC_BUSY, NULL, "no turn is to be had");
    if (rc == RC_OK)
        rc = bring(server, after, visit, arg, fault);
    if (rc == RC_OK && roll(server) < server->moods.skips) {
        server->counters.sequence += roll(server) % 3;
        server->counters.log_id += roll(server) % 3;
        server->counters.record_id += roll(server) % 3;
        server->counters.enrolment_id += roll(server) % 3;
    }
    if (rc == RC_OK)
        fill_head(server, out_head);
    else
        give_turn(server, node);
    leave(server);
    return rc;
}

static void memory_abandon(struct log *log)
{
    struct memory_server *server = enter(log);

    give_turn(server, node_of(log));
    leave(server);
}

static void append(struct memory_server *server, const struct store_batch *batch)
{
    if (server->count == server->room) {
        server->room = server->room ? 2 * server->room : 64;
        server->rows = realloc(server->rows, server->room * sizeof(struct row *));
    }
    for (size_t i = 0; batch->erasure && i < server->count; i++)
        forget_learner(server->rows[i], batch->erasure);
    server->rows[server->count++] = row_new(batch);
    server->counters = batch->counters;
    server->counts.turns++;
}

static void wake_others(const struct node *node)
{
    for (size_t i = 0; i < NODES_MAX; i++) {
        const struct node *other = node->server->nodes[i];
        if (other && other != node && other->wake)
            other->wake(other->wake_arg);
    }
}

/* Lock held. */
static enum log_outcome commit(struct memory_server *server, struct node *node,
                               const struct store_batch *batch, struct fault *fault)
{
    bool doubt = roll(server) < server->moods.doubts, stored = !doubt || roll(server) % 2;

    if (server->holder != node || batch->turn != server->count + 1)
        abort(); /* the caller's fault */
    if (roll(server) < server->moods.refuses) {
        server->counts.refused++;
        (void)fault_set(fault, RC_BUSY, NULL, "the log refuses this batch"); /* the outcome says it */
        return LOG_REFUSED;
    }
    if (stored)
        append(server, batch);
    if (stored)
        wake_others(node);
    if (!doubt)
        return LOG_STORED;
    server->counts.doubted_stored += stored;
    server->counts.doubted_lost += !stored;
    node->in_doubt = true;
    node->doubt = (struct doubt){batch->id, (int)(roll(server) % 3)};
    (void)fault_set(fault, RC_BUSY, NULL, "the connection to the log was lost"); /* the outcome says it */
    return LOG_UNKNOWN;
}

static enum log_outcome memory_commit(struct log *log, const struct store_batch *batch, struct fault *fault)
{
    struct memory_server *server = enter(log);
    enum log_outcome outcome = commit(server, node_of(log), batch, fault);

    give_turn(server, node_of(log));
    leave(server);
    return outcome;
}

static bool holds_batch(const struct memory_server *server, const struct batch_id *batch)
{
    for (size_t i = server->count; i > 0; i--)
        if (memcmp(&server->rows[i - 1]->batch.id, batch, sizeof *batch) == 0)
            return true;
    return false;
}

static enum log_outcome memory_outcome(struct log *log, const struct batch_id *batch, struct fault *fault)
{
    struct memory_server *server = enter(log);
    struct node *node = node_of(log);
    bool ours = node->in_doubt && memcmp(&node->doubt.batch, batch, sizeof *batch) == 0;
    bool silent = ours && node->doubt.asked-- > 0, stored = holds_batch(server, batch);

    node->in_doubt &= silent;
    leave(server);
    if (!silent && stored)
        return LOG_STORED;
    (void)fault_set(fault, RC_BUSY, NULL,
                    silent ? "the log cannot be reached" : "the batch is not in the log");
    return silent ? LOG_UNKNOWN : LOG_REFUSED; /* which says it */
}

static enum rc memory_head(struct log *log, struct log_head *out_head, struct fault *fault)
{
    struct memory_server *server = enter(log);

    (void)fault;
    fill_head(server, out_head);
    leave(server);
    return RC_OK;
}

static void memory_follow(struct log *log, void (*wake)(void *arg), void *arg)
{
    struct memory_server *server = enter(log);

    node_of(log)->wake = wake;
    node_of(log)->wake_arg = arg;
    leave(server);
}

static enum rc memory_fill(struct log *log, const struct store_batch *batch, bool more, struct fault *fault)
{
    struct memory_server *server = enter(log);
    bool follows = !batch || batch->turn == server->count + 1;

    (void)more; /* who fills it with what it takes at once is served well */
    if (batch && follows)
        append(server, batch);
    leave(server);
    return follows ? RC_OK : fault_set(fault, RC_CONFLICT, NULL, "that is not the turn that follows");
}

static enum rc memory_leave(struct log *log, const struct log_value *value, int seconds, struct fault *fault)
{
    struct memory_server *server = enter(log);
    struct left *left = calloc(1, sizeof *left);

    (void)fault;
    buf_add(&left->name, value->name, strlen(value->name) + 1);
    buf_add(&left->value, value->bytes, value->size);
    left->until_ms = monotonic_ms() + seconds * 1000LL;
    left->next = server->left;
    server->left = left;
    leave(server);
    return RC_OK;
}

static enum rc memory_claim(struct log *log, const char *name, struct buf *out, struct fault *fault)
{
    struct memory_server *server = enter(log);
    struct left **at = &server->left;

    while (*at && strcmp((*at)->name.bytes, name) != 0)
        at = &(*at)->next;
    struct left *left = *at ? take_left(at) : NULL;
    leave(server);
    bool good = left && monotonic_ms() < left->until_ms;
    if (good)
        buf_add(out, left->value.bytes, left->value.size);
    if (left)
        left_free(left);
    return good ? RC_OK : fault_set(fault, RC_NOT_FOUND, NULL, "nothing was left");
}

const struct log_methods memory_log = {
    .name = "memory",
    .shared = true,
    .open = memory_open,
    .close = memory_close,
    .begin = memory_begin,
    .commit = memory_commit,
    .outcome = memory_outcome,
    .abandon = memory_abandon,
    .head = memory_head,
    .catch_up = memory_catch_up,
    .follow = memory_follow,
    .forget = memory_forget,
    .fill = memory_fill,
    .leave = memory_leave,
    .claim = memory_claim,
};
