#include "store/postgres/postgres_write.h"

#include <assert.h>
#include <string.h>

#include "base/monotonic.h"
#include "store/batch_codec.h"
#include "store/postgres/postgres_erasing.h"
#include "store/postgres/postgres_rows.h"
#include "store/postgres/postgres_session.h"

/* What changes the log. */

/* The batch's row; log->body is what it borrows. False: the connection is lost. */
static bool send_batch(struct postgres_log *log, enum pg_statement statement, const struct store_batch *batch)
{
    struct pg_arguments arguments = {.count = 0};
    uint64_t last = batch->counters.sequence,
             first = batch->event_count ? batch->events[0].sequence : last + 1;

    pg_argument_4(&arguments, log->number);
    pg_argument_8(&arguments, (int64_t)batch->turn);
    pg_argument_8(&arguments, (int64_t)first);
    pg_argument_8(&arguments, (int64_t)last);
    pg_argument_bytes(&arguments, batch->id.bytes, sizeof batch->id.bytes);
    pg_argument_bytes(&arguments, log->head.turn.batch.bytes, sizeof batch->id.bytes);
    pg_argument_8(&arguments, batch->at_ms);
    pg_argument_8(&arguments, (int64_t)batch->counters.log_id);
    pg_argument_8(&arguments, batch->counters.record_id);
    pg_argument_8(&arguments, batch->counters.enrolment_id);
    pg_argument_bytes(&arguments, log->node, sizeof log->node);
    pg_argument_bytes(&arguments, log->body.bytes, log->body.size);
    return pg_send(&log->writer, statement, &arguments);
}

/* *out_sent: whether there was anybody to note. */
static bool send_names(struct postgres_log *log, const struct store_batch *batch, bool *out_sent)
{
    struct pg_arguments arguments = {.count = 0};
    struct buf names = {0}, array = {0};
    bool well = true;

    postgres_names(batch, &names);
    *out_sent = names.size > 0;
    if (names.size) {
        postgres_put_array(&array, (const uint64_t *)(const void *)names.bytes,
                           names.size / sizeof(uint64_t));
        pg_argument_4(&arguments, log->number);
        pg_argument_8(&arguments, (int64_t)batch->turn);
        pg_argument_bytes(&arguments, array.bytes, array.size);
        well = !names.failed && !array.failed && pg_send(&log->writer, PG_NOTE_NAMED, &arguments);
    }
    buf_done(&names);
    buf_done(&array);
    return well;
}

static bool send_hint(struct postgres_log *log)
{
    struct pg_arguments arguments = {.count = 0};

    pg_argument_4(&arguments, log->number);
    pg_argument_bytes(&arguments, log->node, sizeof log->node);
    return pg_send(&log->writer, PG_NOTIFY, &arguments);
}

static bool encode(struct postgres_log *log, const struct store_batch *batch)
{
    buf_clear(&log->body);
    batch_encode(batch, &log->body);
    return !log->body.failed;
}

static enum log_outcome refuse(struct postgres_log *log, PGresult **results, int count, struct fault *fault)
{
    (void)postgres_fail(log, results, count, fault); /* the outcome says it */
    fault->message = "the change could not be stored; try again";
    return LOG_REFUSED;
}

static bool is_committed(const PGresult *result)
{
    return result && PQresultStatus(result) == PGRES_COMMAND_OK &&
           strcmp(PQcmdStatus((PGresult *)(uintptr_t)result), "COMMIT") == 0; /* it changes nothing */
}

/* Insert, hint and commit were sent. What is not said to be committed, by a server that warned of nothing, is
 * in doubt, unless the server says what it did not take. */
static enum log_outcome judge(struct postgres_log *log, PGresult **results, int count, bool taken,
                              struct fault *fault)
{
    const char *state;

    if (is_committed(results[count - 1]) && !log->writer.warned) {
        pg_clear(results, count);
        return LOG_STORED;
    }
    if (taken && !pg_all_well(results, count, &state))
        return refuse(log, results, count, fault);
    (void)fault_text(fault, RC_BUSY, postgres_unreachable, "%s",
                     taken ? "the commit came with a warning" : pg_why(results, count)); /* likewise */
    pg_clear(results, count);
    pg_disconnect(&log->writer);
    return LOG_UNKNOWN;
}

enum log_outcome postgres_commit(struct log *log, const struct store_batch *batch, struct fault *fault)
{
    struct postgres_log *mine = postgres_of(log);
    PGresult *results[4] = {NULL};
    bool named = false;

    mine->deciding = false;
    mine->written = (struct log_turn){batch->turn, batch->id};
    if (!encode(mine, batch)) {
        (void)refuse(mine, results, 0, fault);
        (void)fault_no_memory(fault); /* the outcome says it */
        return LOG_REFUSED;
    }
    if (batch->erasure) {
        const struct store_erasure *erasure = batch->erasure;
        const struct store_forgetting what = {erasure->sequences, erasure->sequence_count, erasure->rewritten,
                                              erasure->rewritten_count, 0};
        /* with a list of its own the rows that only name them follow: postgres_unname */
        if (postgres_rewrite(mine, &what, erasure->own ? NULL : erasure, fault) != RC_OK)
            return refuse(mine, results, 0, fault);
    }
    mine->writer.warned = false;
    if (!send_batch(mine, PG_INSERT, batch) || !send_names(mine, batch, &named) || !send_hint(mine)) {
        pg_disconnect(&mine->writer); /* no commit was sent */
        return refuse(mine, results, 0, fault);
    }
    int count = named ? 4 : 3;
    bool taken = pg_send(&mine->writer, PG_COMMIT, NULL) &&
                 pg_take(&mine->writer, monotonic_ms() + COMMIT_MS, results, count);
    enum log_outcome outcome = judge(mine, results, count, taken, fault);
    if (outcome == LOG_STORED)
        mine->head = (struct log_head){{batch->turn, batch->id}, batch->counters, batch->at_ms};
    return outcome;
}

/* For the batch of a turn: a row, if the log holds it. */
static bool ask_for(struct postgres_log *log, const struct log_turn *turn)
{
    struct pg_arguments arguments = {.count = 0};

    pg_argument_4(&arguments, log->number);
    pg_argument_8(&arguments, (int64_t)turn->number);
    pg_argument_bytes(&arguments, turn->batch.bytes, sizeof turn->batch.bytes);
    return pg_send(&log->writer, PG_HOLDS, &arguments);
}

/* Under the lock, since a commit may still be on its way to the server: who had the lock then has to end
 * first. And with a write that waits for the disk, since what is found may not have. */
enum log_outcome postgres_outcome(struct log *log, const struct batch_id *batch, struct fault *fault)
{
    enum { BEGUN, LOCKED, FOUND, SETTLED, COMMITTED, COUNT };
    struct postgres_log *mine = postgres_of(log);
    struct pg_arguments of_log = {.count = 0};
    PGresult *results[COUNT] = {NULL};
    const char *state;

    assert(memcmp(&mine->written.batch, batch, sizeof *batch) == 0);
    if (postgres_reach(mine, fault) != RC_OK)
        return LOG_UNKNOWN;
    pg_argument_4(&of_log, mine->number);
    mine->writer.warned = false;
    bool taken = pg_send(&mine->writer, PG_BEGIN, NULL) && pg_send(&mine->writer, PG_LOCK, &of_log) &&
                 ask_for(mine, &mine->written) && pg_send(&mine->writer, PG_SETTLE, &of_log) &&
                 pg_send(&mine->writer, PG_COMMIT, NULL) &&
                 pg_take(&mine->writer, monotonic_ms() + TURN_MS, results, COUNT);
    if (!taken || !pg_all_well(results, COUNT, &state) || !is_committed(results[COMMITTED]) ||
        mine->writer.warned) {
        (void)postgres_fail(mine, results, COUNT, fault); /* the outcome says it */
        return LOG_UNKNOWN;
    }
    bool found = PQntuples(results[FOUND]) > 0;
    pg_clear(results, COUNT);
    if (!found)
        (void)fault_set(fault, RC_BUSY, NULL, "the change could not be stored; try again"); /* likewise */
    return found ? LOG_STORED : LOG_REFUSED;
}

/* A transaction of its own around what `log_unname`, `log_forget` and `log_fill` do. after: a turn that the
 * log has to hold; RC_CONFLICT, without a transaction: it does not. */
static enum rc take_lock(struct postgres_log *log, const struct log_turn *after, struct fault *fault)
{
    enum { BEGUN, LOCKED, HELD, COUNT };
    struct pg_arguments arguments = {.count = 0};
    PGresult *results[COUNT] = {NULL};
    const char *state;
    int count = after->number ? COUNT : HELD;
    enum rc rc = postgres_reach(log, fault);

    if (rc != RC_OK)
        return rc;
    pg_argument_4(&arguments, log->number);
    bool taken = pg_send(&log->writer, PG_BEGIN, NULL) && pg_send(&log->writer, PG_LOCK, &arguments) &&
                 (!after->number || ask_for(log, after)) &&
                 pg_take(&log->writer, monotonic_ms() + TURN_MS, results, count);
    if (!taken || !pg_all_well(results, count, &state))
        return postgres_fail(log, results, count, fault);
    bool held = !after->number || PQntuples(results[HELD]) > 0;
    pg_clear(results, count);
    if (held)
        return RC_OK;
    postgres_roll_back(log);
    return postgres_refuse_chain(fault);
}

static enum rc commit_only(struct postgres_log *log, struct fault *fault)
{
    PGresult *results[1] = {NULL};

    if (pg_send(&log->writer, PG_COMMIT, NULL) &&
        pg_take(&log->writer, monotonic_ms() + COMMIT_MS, results, 1) && is_committed(results[0])) {
        pg_clear(results, 1);
        return RC_OK;
    }
    return postgres_fail(log, results, 1, fault);
}

enum rc postgres_forget(struct log *log, const struct log_turn *after, const struct store_forgetting *what,
                        struct fault *fault)
{
    struct postgres_log *mine = postgres_of(log);
    enum rc rc = take_lock(mine, after, fault);

    if (rc != RC_OK)
        return rc;
    rc = postgres_rewrite(mine, what, NULL, fault);
    if (rc == RC_OK)
        return commit_only(mine, fault);
    postgres_roll_back(mine);
    return rc;
}

enum rc postgres_unname(struct log *log, const struct log_turn *after, const struct store_erasure *erasure,
                        bool *out_all, struct fault *fault)
{
    struct postgres_log *mine = postgres_of(log);
    enum rc rc = take_lock(mine, after, fault);
    bool all = false;

    *out_all = false;
    if (rc != RC_OK)
        return rc;
    rc = postgres_take_names(mine, erasure, &all, fault);
    if (rc == RC_OK)
        rc = commit_only(mine, fault);
    else
        postgres_roll_back(mine);
    *out_all = rc == RC_OK && all;
    return rc;
}

static enum rc fill_one(struct postgres_log *log, const struct store_batch *batch, struct fault *fault)
{
    PGresult *results[2] = {NULL};
    const char *state;
    bool named = false;

    if (!encode(log, batch))
        return fault_no_memory(fault);
    bool well = send_batch(log, PG_FILL, batch) && send_names(log, batch, &named) &&
                pg_take(&log->writer, monotonic_ms() + TURN_MS, results, named ? 2 : 1) &&
                pg_all_well(results, named ? 2 : 1, &state);
    if (!well)
        return postgres_fail(log, results, 2, fault);
    bool follows = strcmp(PQcmdTuples(results[0]), "1") == 0;
    pg_clear(results, 2);
    if (!follows)
        return fault_set(fault, RC_CONFLICT, NULL, "that is not the turn that follows");
    log->head = (struct log_head){{batch->turn, batch->id}, batch->counters, batch->at_ms};
    return RC_OK;
}

enum rc postgres_fill(struct log *log, const struct store_batch *batch, bool more, struct fault *fault)
{
    static const struct log_turn any = {.number = 0};
    struct postgres_log *mine = postgres_of(log);
    enum rc rc = mine->filling ? RC_OK : take_lock(mine, &any, fault);

    mine->filling = rc == RC_OK;
    if (rc == RC_OK && batch)
        rc = fill_one(mine, batch, fault);
    if (rc == RC_OK && more)
        return RC_OK;
    mine->filling = false;
    if (rc == RC_OK)
        return commit_only(mine, fault);
    postgres_roll_back(mine);
    return rc;
}

/* On a connection of its own: who asks is no thread of the log's, and asks rarely. */
enum rc postgres_share(struct log *log, const struct log_value *value, struct buf *out, struct fault *fault)
{
    struct postgres_log *mine = postgres_of(log);
    struct pg_connection own = {.conn = NULL};
    struct pg_arguments offer = {.count = 0}, ask = {.count = 0};
    PGresult *results[2] = {NULL};
    const char *state;
    enum rc rc = pg_connect(&own, mine->url, true, CONNECT_MS, fault);

    if (rc != RC_OK)
        return rc;
    pg_argument_4(&offer, mine->number);
    pg_argument_bytes(&offer, value->name, strlen(value->name));
    pg_argument_bytes(&offer, value->bytes, value->size);
    pg_argument_4(&ask, mine->number);
    pg_argument_bytes(&ask, value->name, strlen(value->name));
    bool well = pg_send(&own, value->anew ? PG_REPLACE : PG_OFFER, &offer) &&
                pg_send(&own, PG_SHARED, &ask) && pg_take(&own, monotonic_ms() + ASK_MS, results, 2) &&
                pg_all_well(results, 2, &state) && PQntuples(results[1]) == 1;
    if (well) {
        size_t kept_size;
        const uint8_t *kept = pg_get_bytes(results[1], 0, 0, &kept_size);
        buf_add(out, kept, kept_size);
        rc = out->failed ? fault_no_memory(fault) : RC_OK;
    } else {
        rc = fault_text(fault, RC_BUSY, postgres_unreachable, "%s", pg_why(results, 2));
    }
    pg_clear(results, 2);
    pg_disconnect(&own);
    return rc;
}

/* Writes something and takes it back. */
bool postgres_has_room(struct log *log)
{
    struct postgres_log *mine = postgres_of(log);
    struct pg_arguments arguments = {.count = 0};
    PGresult *results[3] = {NULL};
    const char *state;
    struct fault fault;

    if (postgres_reach(mine, &fault) != RC_OK)
        return false;
    pg_argument_4(&arguments, mine->number);
    bool well = pg_send(&mine->writer, PG_BEGIN, NULL) && pg_send(&mine->writer, PG_PROBE, &arguments) &&
                pg_send(&mine->writer, PG_ROLLBACK, NULL) &&
                pg_take(&mine->writer, monotonic_ms() + ASK_MS, results, 3) &&
                pg_all_well(results, 3, &state);
    pg_clear(results, 3);
    if (!well)
        postgres_roll_back(mine);
    return well;
}
