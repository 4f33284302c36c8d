#include "store/postgres/postgres_rows.h"

#include <endian.h>
#include <string.h>

#include "base/monotonic.h"
#include "store/batch_codec.h"

enum { INT8_OID = 20 };

static void get_batch_id(const PGresult *rows, int row, int column, struct batch_id *out)
{
    size_t size;
    const uint8_t *bytes = pg_get_bytes(rows, row, column, &size);

    *out = (struct batch_id){{0}};
    if (size == sizeof out->bytes)
        memcpy(out->bytes, bytes, size);
}

void postgres_read_head(const PGresult *rows, int row, struct log_head *out)
{
    *out = (struct log_head){
        .turn.number = (uint64_t)pg_get_8(rows, row, COL_TURN),
        .counters = {.sequence = (uint64_t)pg_get_8(rows, row, COL_LAST),
                     .log_id = (uint64_t)pg_get_8(rows, row, COL_LOG_ID),
                     .record_id = (uint32_t)pg_get_8(rows, row, COL_RECORD_ID),
                     .enrolment_id = (uint32_t)pg_get_8(rows, row, COL_ENROLMENT_ID)},
        .at_ms = pg_get_8(rows, row, COL_AT),
    };
    get_batch_id(rows, row, COL_BATCH, &out->turn.batch);
}

enum rc postgres_decode(const PGresult *rows, int row, struct arena *arena, struct store_batch *out,
                        struct fault *fault)
{
    struct log_head head;
    size_t size;
    const uint8_t *bytes = pg_get_bytes(rows, row, COL_BODY, &size);

    postgres_read_head(rows, row, &head);
    *out = (struct store_batch){
        .id = head.turn.batch, .turn = head.turn.number, .at_ms = head.at_ms, .counters = head.counters};
    return batch_decode(bytes, size, arena, out, fault);
}

static void put_32(struct buf *out, uint32_t value)
{
    uint32_t wire = htobe32(value);
    buf_add(out, &wire, sizeof wire);
}

void postgres_put_array(struct buf *out, const uint64_t *numbers, size_t count)
{
    put_32(out, count ? 1 : 0); /* dimensions */
    put_32(out, 0);
    put_32(out, INT8_OID);
    if (!count)
        return;
    put_32(out, (uint32_t)count);
    put_32(out, 1);
    for (size_t i = 0; i < count; i++) {
        uint64_t wire = htobe64(numbers[i]);
        put_32(out, sizeof wire);
        buf_add(out, &wire, sizeof wire);
    }
}

/* ---- asking ---- */

enum rc postgres_ask(struct postgres_log *log, enum pg_statement statement,
                     const struct pg_arguments *arguments, PGresult **out_rows, struct fault *fault)
{
    const char *state;
    bool sent = pg_send(&log->writer, statement, arguments);
    bool taken = pg_take(&log->writer, monotonic_ms() + TURN_MS, out_rows, 1) && sent;

    if (taken && pg_all_well(out_rows, 1, &state))
        return RC_OK;
    enum rc rc =
        fault_text(fault, RC_BUSY, "the database cannot be reached; try again", "%s", pg_why(out_rows, 1));
    pg_clear(out_rows, 1);
    return rc;
}

enum rc postgres_rows_of(struct postgres_log *log, const uint64_t *sequences, size_t count,
                         const struct buf *names, PGresult **out_rows, struct fault *fault)
{
    struct buf array = {0}, who = {0};
    struct pg_arguments arguments = {.count = 0};

    postgres_put_array(&array, sequences, count);
    postgres_put_array(&who, (const uint64_t *)(const void *)(names ? names->bytes : NULL),
                       names ? names->size / sizeof(uint64_t) : 0);
    pg_argument_4(&arguments, log->number);
    pg_argument_bytes(&arguments, array.bytes, array.size);
    pg_argument_bytes(&arguments, who.bytes, who.size);
    enum rc rc = array.failed || who.failed ? fault_no_memory(fault)
                                            : postgres_ask(log, PG_ROWS_OF, &arguments, out_rows, fault);
    buf_done(&array);
    buf_done(&who);
    return rc;
}

/* ---- handing over ---- */

/* The event as a row of these holds it; NULL: none does. */
static const struct stored_event *find_event(const struct store_batch *batches, int count, uint64_t sequence)
{
    for (int i = 0; i < count; i++)
        for (size_t j = 0; j < batches[i].event_count; j++)
            if (batches[i].events[j].sequence == sequence)
                return &batches[i].events[j];
    return NULL;
}

/* Events that an erasure rewrote, as they are now; those that went since are left out: a later turn takes
 * them. *out_rows is what their bytes are borrowed from. */
static enum rc find_rewritten(struct postgres_log *log, struct arena *arena, struct store_batch *batch,
                              PGresult **out_rows, struct fault *fault)
{
    struct store_erasure *erasure = (struct store_erasure *)(uintptr_t)batch->erasure; /* the decoder's */
    struct stored_event *rewritten = (struct stored_event *)(uintptr_t)erasure->rewritten;
    size_t count = erasure->rewritten_count, kept = 0;
    uint64_t *sequences = arena_alloc(arena, count * sizeof *sequences);

    if (!sequences)
        return fault_no_memory(fault);
    for (size_t i = 0; i < count; i++)
        sequences[i] = rewritten[i].sequence;
    enum rc rc = postgres_rows_of(log, sequences, count, NULL, out_rows, fault);
    if (rc != RC_OK)
        return rc;
    int rows = PQntuples(*out_rows);
    struct store_batch *batches = arena_alloc(arena, ((size_t)rows + 1) * sizeof *batches);
    if (!batches)
        return fault_no_memory(fault);
    for (int i = 0; i < rows && rc == RC_OK; i++)
        rc = postgres_decode(*out_rows, i, arena, &batches[i], fault);
    for (size_t i = 0; i < count && rc == RC_OK; i++) {
        const struct stored_event *now = find_event(batches, rows, sequences[i]);
        if (now)
            rewritten[kept++] = *now;
    }
    erasure->rewritten_count = kept;
    return rc;
}

/* One row: decoded, and the visitor's. */
static enum rc hand_over(struct postgres_log *log, const PGresult *rows, int row, log_visitor *visit,
                         void *arg, struct fault *fault)
{
    struct store_batch batch;
    struct arena arena;
    PGresult *more = NULL;

    arena_init(&arena);
    enum rc rc = postgres_decode(rows, row, &arena, &batch, fault);
    if (rc == RC_OK && batch.erasure && batch.erasure->rewritten_count)
        rc = find_rewritten(log, &arena, &batch, &more, fault);
    if (rc == RC_OK)
        rc = visit(arg, &batch, fault);
    PQclear(more);
    arena_done(&arena);
    return rc;
}

static bool same_batch(const struct batch_id *a, const struct batch_id *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

enum rc postgres_refuse_chain(struct fault *fault)
{
    return fault_set(fault, RC_CONFLICT, NULL, "the log is not the one that this node has followed");
}

enum rc postgres_visit(struct postgres_log *log, const PGresult *rows, int limit,
                       struct log_turn *inout_after, log_visitor *visit, void *arg, bool *out_all,
                       struct fault *fault)
{
    int count = PQntuples(rows), first = inout_after->number ? 1 : 0;
    enum rc rc = RC_OK;
    struct log_head head;

    *out_all = count < limit;
    if (first) {
        if (count)
            postgres_read_head(rows, 0, &head);
        if (!count || head.turn.number != inout_after->number ||
            !same_batch(&head.turn.batch, &inout_after->batch))
            return postgres_refuse_chain(fault);
    }
    for (int i = first; i < count && rc == RC_OK; i++) {
        struct batch_id prev;
        if (PQgetisnull(rows, i, COL_BODY)) { /* more than a page holds */
            *out_all = false;
            break;
        }
        postgres_read_head(rows, i, &head);
        get_batch_id(rows, i, COL_PREV, &prev);
        if (head.turn.number != inout_after->number + 1 || !same_batch(&prev, &inout_after->batch))
            return postgres_refuse_chain(fault);
        rc = hand_over(log, rows, i, visit, arg, fault);
        if (rc == RC_OK)
            *inout_after = head.turn;
    }
    if (rc == RC_OK && count)
        log->head = head;
    return rc;
}
