#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "store/sqlite/sqlite_db.h"

/* A directory's own log as batches, for one elsewhere that is filled with it. */

enum { ROWS_A_BATCH = 1024, BYTES_A_BATCH = 1 << 20 };

/* The batch that is being made; its rows are copies in the arena. */
struct pouring {
    struct store *store;
    log_visitor *visit;
    void *arg;
    struct arena arena;
    size_t bytes; /* that it copied */
    uint64_t turn, sequence;
    struct store_id ids[ROWS_A_BATCH];
    struct stored_event events[ROWS_A_BATCH];
    struct store_log logs[ROWS_A_BATCH];
    struct store_log_total totals[ROWS_A_BATCH];
    struct store_answer answers[ROWS_A_BATCH];
    size_t id_count, event_count, log_count, total_count, answer_count;
    const char *ledger_key, *ledger_value; /* of one entry; NULL: none */
};

static enum rc flush(struct pouring *pouring, struct fault *fault)
{
    struct store_counters counters = pouring->store->counters;

    counters.sequence = pouring->sequence;
    const struct store_batch batch = {
        .id = log_next_id(pouring->store->log),
        .turn = ++pouring->turn,
        .events = pouring->events,
        .event_count = pouring->event_count,
        .ids = pouring->ids,
        .id_count = pouring->id_count,
        .logs = pouring->logs,
        .log_count = pouring->log_count,
        .log_totals = pouring->totals,
        .log_total_count = pouring->total_count,
        .answers = pouring->answers,
        .answer_count = pouring->answer_count,
        .ledger_key = pouring->ledger_key,
        .ledger_value = pouring->ledger_value,
        .counters = counters,
    };
    enum rc rc = pouring->visit(pouring->arg, &batch, fault);
    pouring->id_count = pouring->event_count = pouring->log_count = 0;
    pouring->total_count = pouring->answer_count = pouring->bytes = 0;
    pouring->ledger_key = pouring->ledger_value = NULL;
    arena_reset(&pouring->arena);
    return rc;
}

/* After each row: whether the batch is as large as it may be. A gone entry takes two places. */
static enum rc consider(struct pouring *pouring, size_t count, struct fault *fault)
{
    return count + 2 > ROWS_A_BATCH || pouring->bytes > BYTES_A_BATCH ? flush(pouring, fault) : RC_OK;
}

/* NULL: out of memory. */
static const void *keep(struct pouring *pouring, const void *bytes, size_t size)
{
    pouring->bytes += size;
    return arena_copy(&pouring->arena, bytes, size);
}

static enum rc take_id(void *arg, const struct store_id *id, struct fault *fault)
{
    struct pouring *pouring = arg;
    struct store_id *own = &pouring->ids[pouring->id_count++];

    *own = *id;
    own->id = keep(pouring, id->id, id->size);
    return own->id ? consider(pouring, pouring->id_count, fault) : fault_no_memory(fault);
}

static enum rc take_event(void *arg, const struct stored_event *event, struct fault *fault)
{
    struct pouring *pouring = arg;
    struct stored_event *own = &pouring->events[pouring->event_count++];

    *own = *event;
    own->body = keep(pouring, event->body, event->body_size);
    pouring->sequence = event->sequence;
    return own->body ? consider(pouring, pouring->event_count, fault) : fault_no_memory(fault);
}

/* One that is gone is put, then taken away: whose it was stays known. */
static enum rc take_log(void *arg, sqlite3_stmt *row, struct fault *fault)
{
    struct pouring *pouring = arg;
    size_t size = (size_t)sqlite3_column_bytes(row, 5);
    struct store_log *own = &pouring->logs[pouring->log_count++];

    *own = (struct store_log){
        .log_id = (uint64_t)sqlite3_column_int64(row, 0),
        .learner = (uint32_t)sqlite3_column_int64(row, 1),
        .date_ms = sqlite3_column_int64(row, 2),
        .created_ms = sqlite3_column_int64(row, 3),
        .updated_ms = sqlite3_column_int64(row, 4),
        .members = keep(pouring, sqlite3_column_blob(row, 5), size),
        .members_size = size,
    };
    if (!own->members)
        return fault_no_memory(fault);
    if (sqlite3_column_int(row, 6)) {
        pouring->logs[pouring->log_count] = *own;
        pouring->logs[pouring->log_count++].deleted = true;
    }
    return consider(pouring, pouring->log_count, fault);
}

static enum rc take_total(void *arg, const struct store_log_total *total, struct fault *fault)
{
    struct pouring *pouring = arg;

    pouring->totals[pouring->total_count++] = *total;
    return consider(pouring, pouring->total_count, fault);
}

/* Names come one a row, together. */
static enum rc take_answer(void *arg, sqlite3_stmt *row, struct fault *fault)
{
    struct pouring *pouring = arg;
    size_t body_size = (size_t)sqlite3_column_bytes(row, 5), names = (size_t)sqlite3_column_int64(row, 7);
    struct store_answer *own = &pouring->answers[pouring->answer_count++];

    memset(own, 0, sizeof *own);
    if (sqlite3_column_bytes(row, 0) == 16 && sqlite3_column_bytes(row, 1) == 16) {
        memcpy(own->key, sqlite3_column_blob(row, 0), 16);
        memcpy(own->fingerprint, sqlite3_column_blob(row, 1), 16);
    }
    own->at_ms = sqlite3_column_int64(row, 2);
    own->status = sqlite3_column_int(row, 3);
    own->etag = keep(pouring, sqlite3_column_text(row, 4), (size_t)sqlite3_column_bytes(row, 4));
    own->body = keep(pouring, sqlite3_column_blob(row, 5), body_size);
    own->body_size = body_size;
    own->caller = (uint64_t)sqlite3_column_int64(row, 6);
    struct store_name *list = arena_alloc(&pouring->arena, (names + 1) * sizeof *list);
    const char *at =
        list ? keep(pouring, sqlite3_column_text(row, 8), (size_t)sqlite3_column_bytes(row, 8)) : NULL;
    if (!own->etag || !own->body || !at)
        return fault_no_memory(fault);
    own->names = list;
    for (; own->name_count < names; own->name_count++) { /* no id holds a line end */
        size_t size = strcspn(at, "\n");
        list[own->name_count] = (struct store_name){at, size};
        at += size + (at[size] == '\n');
    }
    return consider(pouring, pouring->answer_count, fault);
}

/* What an import has done, or is under way: a batch holds one entry. */
static enum rc take_ledger(void *arg, const char *key, const char *value, struct fault *fault)
{
    struct pouring *pouring = arg;

    pouring->ledger_key = key;
    pouring->ledger_value = value;
    return flush(pouring, fault);
}

static enum rc count_erasing(void *arg, const struct store_erasure *erasure, struct fault *fault)
{
    (void)arg;
    (void)erasure;
    return fault_set(fault, RC_CONFLICT, NULL, "an erasure is not over: start the server on it once more");
}

static enum rc pour(struct pouring *pouring, struct fault *fault)
{
    struct store *store = pouring->store;
    enum rc rc = store_each_erasing(store, count_erasing, NULL, fault);

    if (rc == RC_OK)
        rc = store_each_id(store, take_id, pouring, fault);
    if (rc == RC_OK)
        rc = store_each_event(store, 0, take_event, pouring, fault);
    if (rc == RC_OK)
        rc = sqlite_walk(
            store->events,
            "SELECT log_id, learner, date_ms, created_ms, updated_ms, members, gone FROM log_entry"
            " ORDER BY log_id",
            0, take_log, pouring, fault);
    if (rc == RC_OK)
        rc = store_each_log_total(store, take_total, pouring, fault);
    if (rc == RC_OK)
        rc = sqlite_walk(store->events,
                         "SELECT key, fingerprint, at_ms, status, etag, body, caller,"
                         " (SELECT count(*) FROM answer_name n WHERE n.key = answer.key),"
                         " (SELECT coalesce(group_concat(who, char(10)), '') FROM answer_name n"
                         " WHERE n.key = answer.key) FROM answer ORDER BY at_ms",
                         0, take_answer, pouring, fault);
    pouring->sequence = store->counters.sequence; /* the last event may be erased */
    if (rc == RC_OK)
        rc = store_each_ledger(store, take_ledger, pouring, fault);
    return rc == RC_OK ? flush(pouring, fault) : rc;
}

enum rc store_each_batch(struct store *store, log_visitor *visit, void *arg, struct fault *fault)
{
    struct pouring *pouring = calloc(1, sizeof *pouring);

    if (!pouring)
        return fault_no_memory(fault);
    pouring->store = store;
    pouring->visit = visit;
    pouring->arg = arg;
    arena_init(&pouring->arena);
    enum rc rc = pour(pouring, fault);
    arena_done(&pouring->arena);
    free(pouring);
    return rc;
}
