#include "store/postgres/postgres_erasing.h"

#include <stdlib.h>

#include <xxhash.h>

#include "base/monotonic.h"
#include "store/batch_codec.h"
#include "store/batch_forget.h"
#include "store/postgres/postgres_rows.h"

enum {
    REWRITES_AT_ONCE = 64,
    NAMES_BYTES = 1 << 20, /* of rows that are rewritten for whom they name, in one transaction: 64 at most */
};

static void add_name(struct buf *out, uint64_t who)
{
    buf_add(out, &who, sizeof who);
}

static uint64_t name_of_key(enum store_id_kind kind, uint32_t key)
{
    return (uint64_t)kind << 32 | key;
}

/* The upper bit tells it from a key. */
static uint64_t name_of_id(const char *id, size_t size)
{
    return XXH64(id, size, 0) | (uint64_t)1 << 63;
}

void postgres_names(const struct store_batch *batch, struct buf *out)
{
    for (size_t i = 0; i < batch->id_count; i++)
        add_name(out, name_of_key(batch->ids[i].kind, batch->ids[i].key));
    for (size_t i = 0; i < batch->log_count; i++)
        add_name(out, name_of_key(STORE_LEARNER, batch->logs[i].learner));
    for (size_t i = 0; i < batch->log_total_count; i++)
        add_name(out, name_of_key(STORE_LEARNER, batch->log_totals[i].learner));
    for (size_t i = 0; i < batch->answer_count; i++)
        for (size_t j = 0; j < batch->answers[i].name_count; j++)
            add_name(out, name_of_id(batch->answers[i].names[j].id, batch->answers[i].names[j].size));
    if (batch->erasure && batch->erasure->own) /* until it is done, the row holds the id */
        add_name(out, name_of_key(STORE_LEARNER, batch->erasure->learner));
}

static void names_of_erasure(const struct store_forgetting *what, const struct store_erasure *erasure,
                             struct buf *out)
{
    if (what->done)
        add_name(out, name_of_key(STORE_LEARNER, what->done));
    if (!erasure)
        return;
    add_name(out, name_of_key(STORE_LEARNER, erasure->learner));
    add_name(out, name_of_id(erasure->id, erasure->id_size));
    for (size_t i = 0; i < erasure->forgotten_count; i++)
        add_name(out, name_of_key(erasure->forgotten[i].kind, erasure->forgotten[i].key));
}

/* What was sent is done, or the transaction is over. */
static enum rc end_rewrites(struct postgres_log *log, int count, struct fault *fault)
{
    PGresult *results[REWRITES_AT_ONCE];
    const char *state;
    bool well = pg_take(&log->writer, monotonic_ms() + TURN_MS, results, count) &&
                pg_all_well(results, count, &state);
    enum rc rc = well ? RC_OK
                      : fault_text(fault, RC_BUSY, "the change could not be stored; try again", "%s",
                                   pg_why(results, count));

    pg_clear(results, count);
    return rc;
}

/* Sends the row's new bytes when it held something of it; *inout_sent counts. */
static enum rc rewrite_row(struct postgres_log *log, const PGresult *rows, int row,
                           const struct store_forgetting *what, const struct store_erasure *erasure,
                           int *inout_sent, struct fault *fault)
{
    struct pg_arguments arguments = {.count = 0};
    struct store_batch batch;
    struct buf body = {0};
    struct arena arena;

    arena_init(&arena);
    enum rc rc = postgres_decode(rows, row, &arena, &batch, fault);
    if (rc == RC_OK && batch_forget(&batch, what, erasure)) {
        batch_encode(&batch, &body);
        pg_argument_4(&arguments, log->number);
        pg_argument_8(&arguments, (int64_t)batch.turn);
        pg_argument_bytes(&arguments, body.bytes, body.size);
        if (body.failed)
            rc = fault_no_memory(fault);
        else if (pg_send(&log->writer, PG_REWRITE, &arguments))
            ++*inout_sent;
        else
            rc = fault_set(fault, RC_BUSY, NULL, "the database cannot be reached; try again");
    }
    buf_done(&body);
    arena_done(&arena);
    return rc;
}

/* The names of an erasure as an argument. False: out of memory. */
static bool put_names(const struct store_erasure *erasure, struct buf *out)
{
    const struct store_forgetting nothing = {.done = 0};
    struct buf names = {0};

    names_of_erasure(&nothing, erasure, &names);
    postgres_put_array(out, (const uint64_t *)(const void *)names.bytes, names.size / sizeof(uint64_t));
    bool well = !names.failed && !out->failed;
    buf_done(&names);
    return well;
}

/* From here on the first rows name none of these. */
static enum rc forget_named(struct postgres_log *log, const PGresult *rows, int count,
                            const struct buf *names, struct fault *fault)
{
    struct pg_arguments arguments = {.count = 0};
    uint64_t *turns = malloc(((size_t)count + 1) * sizeof *turns);
    struct buf array = {0};
    PGresult *done = NULL;

    if (!turns)
        return fault_no_memory(fault);
    for (int i = 0; i < count; i++)
        turns[i] = (uint64_t)pg_get_8(rows, i, COL_TURN);
    postgres_put_array(&array, turns, (size_t)count);
    pg_argument_4(&arguments, log->number);
    pg_argument_bytes(&arguments, names->bytes, names->size);
    pg_argument_bytes(&arguments, array.bytes, array.size);
    enum rc rc =
        array.failed ? fault_no_memory(fault) : postgres_ask(log, PG_UNNAME, &arguments, &done, fault);
    PQclear(done);
    buf_done(&array);
    free(turns);
    return rc;
}

enum rc postgres_rewrite(struct postgres_log *log, const struct store_forgetting *what,
                         const struct store_erasure *erasure, struct fault *fault)
{
    size_t count = what->sequence_count + what->rewritten_count;
    uint64_t *sequences = calloc(count + 1, sizeof *sequences);
    struct buf names = {0};
    PGresult *rows = NULL;
    int sent = 0;

    if (!sequences)
        return fault_no_memory(fault);
    for (size_t i = 0; i < count; i++)
        sequences[i] = i < what->sequence_count ? what->sequences[i]
                                                : what->rewritten[i - what->sequence_count].sequence;
    names_of_erasure(what, erasure, &names);
    enum rc rc =
        names.failed ? fault_no_memory(fault) : postgres_rows_of(log, sequences, count, &names, &rows, fault);
    for (int i = 0; rc == RC_OK && i < PQntuples(rows); i++) {
        rc = rewrite_row(log, rows, i, what, erasure, &sent, fault);
        if (rc == RC_OK && sent == REWRITES_AT_ONCE) {
            rc = end_rewrites(log, sent, fault);
            sent = 0;
        }
    }
    if (rc == RC_OK && sent)
        rc = end_rewrites(log, sent, fault);
    buf_clear(&names);
    if (rc == RC_OK && erasure) /* a line of milepost_named may hold a hash of the id */
        rc = put_names(erasure, &names) ? forget_named(log, rows, PQntuples(rows), &names, fault)
                                        : fault_no_memory(fault);
    PQclear(rows);
    buf_done(&names);
    free(sequences);
    return rc;
}

/* ---- what names somebody, a little at a time ---- */

enum rc postgres_is_named(struct log *log, const struct store_erasure *erasure, size_t at_most,
                          bool *out_more, struct fault *fault)
{
    struct postgres_log *mine = postgres_of(log);
    struct pg_arguments arguments = {.count = 0};
    struct buf names = {0};
    PGresult *row = NULL;

    if (!put_names(erasure, &names)) {
        buf_done(&names);
        return fault_no_memory(fault);
    }
    pg_argument_4(&arguments, mine->number);
    pg_argument_bytes(&arguments, names.bytes, names.size);
    pg_argument_8(&arguments, (int64_t)at_most);
    enum rc rc = postgres_ask(mine, PG_IS_NAMED, &arguments, &row, fault);
    *out_more = rc == RC_OK && PQntuples(row) && *PQgetvalue(row, 0, 0); /* a byte */
    PQclear(row);
    buf_done(&names);
    return rc;
}

/* What the erasure's row says is forgotten, and its turn; 0: there is none. Borrows from *out_row and the
 * arena. */
static enum rc find_erasure(struct postgres_log *log, struct store_erasure *inout, uint64_t *out_turn,
                            struct arena *arena, PGresult **out_row, struct fault *fault)
{
    struct pg_arguments arguments = {.count = 0};
    struct store_batch batch;

    *out_turn = 0;
    pg_argument_4(&arguments, log->number);
    pg_argument_8(&arguments, (int64_t)name_of_key(STORE_LEARNER, inout->learner));
    enum rc rc = postgres_ask(log, PG_ERASED, &arguments, out_row, fault);
    if (rc != RC_OK || !PQntuples(*out_row))
        return rc;
    rc = postgres_decode(*out_row, 0, arena, &batch, fault);
    if (rc == RC_OK && batch.erasure && batch.erasure->learner == inout->learner) {
        inout->forgotten = batch.erasure->forgotten;
        inout->forgotten_count = batch.erasure->forgotten_count;
        *out_turn = batch.turn;
    }
    return rc;
}

static enum rc unname_some(struct postgres_log *log, const struct store_erasure *erasure, uint64_t turn,
                           const struct buf *names, bool *out_all, struct fault *fault)
{
    const struct store_forgetting nothing = {.done = 0};
    struct pg_arguments arguments = {.count = 0};
    PGresult *rows = NULL;
    int sent = 0, done = 0;

    pg_argument_4(&arguments, log->number);
    pg_argument_bytes(&arguments, names->bytes, names->size);
    pg_argument_8(&arguments, (int64_t)turn);
    pg_argument_8(&arguments, REWRITES_AT_ONCE);
    pg_argument_8(&arguments, NAMES_BYTES);
    enum rc rc = postgres_ask(log, PG_NAMED, &arguments, &rows, fault);
    int count = rc == RC_OK ? PQntuples(rows) : 0;
    for (; rc == RC_OK && done < count && !PQgetisnull(rows, done, COL_BODY); done++)
        rc = rewrite_row(log, rows, done, &nothing, erasure, &sent, fault);
    if (rc == RC_OK && sent)
        rc = end_rewrites(log, sent, fault);
    if (rc == RC_OK && done)
        rc = forget_named(log, rows, done, names, fault);
    *out_all = done == count && count < REWRITES_AT_ONCE;
    PQclear(rows);
    return rc;
}

enum rc postgres_take_names(struct postgres_log *log, const struct store_erasure *whom, bool *out_all,
                            struct fault *fault)
{
    struct store_erasure erasure = *whom;
    struct buf names = {0};
    PGresult *row = NULL;
    struct arena arena;
    uint64_t turn;

    *out_all = true;
    arena_init(&arena);
    enum rc rc = find_erasure(log, &erasure, &turn, &arena, &row, fault);
    if (rc == RC_OK && turn)
        rc = put_names(&erasure, &names) ? unname_some(log, &erasure, turn, &names, out_all, fault)
                                         : fault_no_memory(fault);
    buf_done(&names);
    PQclear(row);
    arena_done(&arena);
    return rc;
}
