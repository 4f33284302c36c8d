#include "store/batch_codec.h"

#include <zlib.h>

#include "base/codec.h"

/* What an encoding begins with: its version. */
enum { FORMAT = 1, CRC_BYTES = 4 };

enum { HAS_LEDGER = 1, HAS_ERASURE = 2, HAS_JOB = 4, HAS_ALL = 7 };

/* ---- writing ---- */

static void add_u64(struct buf *out, uint64_t value)
{
    if (buf_reserve(out, VARINT_MAX_BYTES))
        out->size = (size_t)((char *)put_u64((uint8_t *)out->bytes + out->size, value) - out->bytes);
}

static void add_i64(struct buf *out, int64_t value)
{
    if (buf_reserve(out, VARINT_MAX_BYTES))
        out->size = (size_t)((char *)put_i64((uint8_t *)out->bytes + out->size, value) - out->bytes);
}

static void add_bytes(struct buf *out, const void *bytes, size_t size)
{
    add_u64(out, size);
    buf_add(out, bytes, size);
}

static void add_text(struct buf *out, const char *text)
{
    add_bytes(out, text, text ? strlen(text) : 0);
}

static void add_events(const struct store_batch *batch, struct buf *out)
{
    uint64_t last = 0;

    add_u64(out, batch->event_count);
    for (size_t i = 0; i < batch->event_count; i++) {
        const struct stored_event *event = &batch->events[i];
        add_u64(out, event->sequence - last);
        add_u64(out, event->learner);
        add_u64(out, event->kind);
        add_i64(out, event->at_ms - batch->at_ms);
        add_bytes(out, event->body, event->body_size);
        last = event->sequence;
    }
}

/* erased: whose id is given out and taken away by one batch, since only others' events named them; 0: nobody.
 */
static void add_ids(const struct store_id *ids, size_t count, uint32_t erased, struct buf *out)
{
    add_u64(out, count);
    for (size_t i = 0; i < count; i++) {
        bool nameless = erased && ids[i].kind == STORE_LEARNER && ids[i].key == erased;
        add_u64(out, ids[i].kind);
        add_u64(out, ids[i].key);
        add_bytes(out, ids[i].id, nameless ? 0 : ids[i].size);
    }
}

static void add_logs(const struct store_batch *batch, struct buf *out)
{
    add_u64(out, batch->log_count);
    for (size_t i = 0; i < batch->log_count; i++) {
        const struct store_log *log = &batch->logs[i];
        add_u64(out, log->log_id);
        add_u64(out, log->learner);
        add_u64(out, log->deleted);
        add_u64(out, log->some);
        add_i64(out, log->date_ms);
        add_i64(out, log->created_ms);
        add_i64(out, log->updated_ms);
        add_bytes(out, log->members, log->members_size);
    }
    add_u64(out, batch->log_total_count);
    for (size_t i = 0; i < batch->log_total_count; i++) {
        const struct store_log_total *total = &batch->log_totals[i];
        add_u64(out, total->learner);
        add_u64(out, total->entries);
        add_u64(out, total->rollbacks);
        add_u64(out, total->bytes);
        add_u64(out, total->settling);
    }
}

static void add_answers(const struct store_batch *batch, struct buf *out)
{
    add_u64(out, batch->answer_count);
    for (size_t i = 0; i < batch->answer_count; i++) {
        const struct store_answer *answer = &batch->answers[i];
        buf_add(out, answer->key, sizeof answer->key);
        buf_add(out, answer->fingerprint, sizeof answer->fingerprint);
        add_u64(out, answer->caller);
        add_i64(out, answer->at_ms);
        add_u64(out, (uint64_t)answer->status);
        add_text(out, answer->etag);
        add_bytes(out, answer->body, answer->body_size);
        add_u64(out, answer->name_count);
        for (size_t j = 0; j < answer->name_count; j++)
            add_bytes(out, answer->names[j].id, answer->names[j].size);
    }
}

static void add_erasure(const struct store_erasure *erasure, struct buf *out)
{
    uint64_t last = 0;

    add_u64(out, erasure->learner);
    add_bytes(out, erasure->id, erasure->own ? erasure->id_size : 0); /* else nobody needs it any more */
    add_u64(out, erasure->sequence_count);
    for (size_t i = 0; i < erasure->sequence_count; last = erasure->sequences[i++])
        add_u64(out, erasure->sequences[i] - last);
    add_u64(out, erasure->rewritten_count);
    for (size_t i = 0; i < erasure->rewritten_count; i++)
        add_u64(out, erasure->rewritten[i].sequence);
    if (erasure->own) {
        add_bytes(out, erasure->own, erasure->own_size);
        add_bytes(out, erasure->named, erasure->named_size);
    }
    add_ids(erasure->forgotten, erasure->forgotten_count, 0, out);
}

void batch_encode(const struct store_batch *batch, struct buf *out)
{
    size_t start = out->size;
    const struct store_erasure *erasure = batch->erasure;

    buf_char(out, FORMAT);
    add_u64(out, (batch->ledger_key ? HAS_LEDGER : 0u) | (erasure ? HAS_ERASURE : 0u) |
                     (erasure && erasure->own ? HAS_JOB : 0u));
    add_events(batch, out);
    add_ids(batch->ids, batch->id_count, erasure ? erasure->learner : 0, out);
    add_logs(batch, out);
    add_answers(batch, out);
    if (batch->ledger_key) {
        add_text(out, batch->ledger_key);
        add_text(out, batch->ledger_value);
    }
    if (erasure)
        add_erasure(erasure, out);
    if (out->failed)
        return;
    uint32_t crc = (uint32_t)crc32(0, (const Bytef *)out->bytes + start, (uInt)(out->size - start));
    for (int i = 0; i < CRC_BYTES; i++)
        buf_char(out, (char)(crc >> 8 * i));
}

/* ---- reading ---- */

struct decoding {
    struct reader from;
    struct arena *arena;
    bool no_memory;
};

/* Room for as many entries as are said to follow, each at least a byte. NULL: there are none, or the bytes
 * are damaged, or there is no memory. */
static void *room_for(struct decoding *decoding, size_t width, size_t *out_count)
{
    uint64_t count = get_u64(&decoding->from);

    *out_count = 0;
    if (count > (uint64_t)(decoding->from.end - decoding->from.at))
        decoding->from.bad = true;
    if (count == 0 || decoding->from.bad)
        return NULL;
    void *room = arena_alloc(decoding->arena, count * width);
    if (!room) {
        decoding->no_memory = decoding->from.bad = true;
        return NULL;
    }
    *out_count = count;
    return room;
}

static size_t take_bytes(struct decoding *decoding, const char **out)
{
    uint32_t size;

    *out = get_bytes(&decoding->from, &size);
    if (!*out)
        *out = ""; /* for who tells no bytes from none */
    return size;
}

/* With a NUL after it. */
static const char *take_text(struct decoding *decoding)
{
    uint32_t size;
    const char *bytes = get_bytes(&decoding->from, &size);
    char *text = arena_copy(decoding->arena, bytes, size);

    if (!text)
        decoding->no_memory = decoding->from.bad = true;
    return text ? text : "";
}

static void take_16(struct decoding *decoding, uint8_t out[16])
{
    if (decoding->from.end - decoding->from.at < 16) {
        decoding->from.bad = true;
        return;
    }
    memcpy(out, decoding->from.at, 16);
    decoding->from.at += 16;
}

static void take_events(struct decoding *decoding, struct store_batch *out)
{
    struct stored_event *events = room_for(decoding, sizeof *events, &out->event_count);
    uint64_t last = 0;

    for (size_t i = 0; i < out->event_count && !decoding->from.bad; i++) {
        struct stored_event *event = &events[i];
        const char *body;
        event->sequence = last += get_u64(&decoding->from);
        event->learner = get_u32(&decoding->from);
        event->kind = (uint8_t)get_u64(&decoding->from);
        event->at_ms = get_i64_after(&decoding->from, out->at_ms);
        event->body_size = take_bytes(decoding, &body);
        event->body = (const uint8_t *)body;
    }
    out->events = events;
}

static const struct store_id *take_ids(struct decoding *decoding, size_t *out_count)
{
    struct store_id *ids = room_for(decoding, sizeof *ids, out_count);

    for (size_t i = 0; i < *out_count && !decoding->from.bad; i++) {
        uint64_t kind = get_u64(&decoding->from);
        ids[i].kind = (enum store_id_kind)(kind <= STORE_ITEM ? kind : STORE_LEARNER);
        ids[i].key = get_u32(&decoding->from);
        ids[i].size = take_bytes(decoding, &ids[i].id);
    }
    return ids;
}

static void take_logs(struct decoding *decoding, struct store_batch *out)
{
    struct store_log *logs = room_for(decoding, sizeof *logs, &out->log_count);

    for (size_t i = 0; i < out->log_count && !decoding->from.bad; i++) {
        const char *members;
        logs[i].log_id = get_u64(&decoding->from);
        logs[i].learner = get_u32(&decoding->from);
        logs[i].deleted = get_u64(&decoding->from) != 0;
        logs[i].some = get_u32(&decoding->from);
        logs[i].date_ms = get_i64(&decoding->from);
        logs[i].created_ms = get_i64(&decoding->from);
        logs[i].updated_ms = get_i64(&decoding->from);
        logs[i].members_size = take_bytes(decoding, &members);
        logs[i].members = (const uint8_t *)members;
    }
    out->logs = logs;
    struct store_log_total *totals = room_for(decoding, sizeof *totals, &out->log_total_count);
    for (size_t i = 0; i < out->log_total_count && !decoding->from.bad; i++) {
        totals[i].learner = get_u32(&decoding->from);
        totals[i].entries = get_u32(&decoding->from);
        totals[i].rollbacks = get_u32(&decoding->from);
        totals[i].bytes = get_u64(&decoding->from);
        totals[i].settling = get_u64(&decoding->from);
    }
    out->log_totals = totals;
}

static void take_answers(struct decoding *decoding, struct store_batch *out)
{
    struct store_answer *answers = room_for(decoding, sizeof *answers, &out->answer_count);

    for (size_t i = 0; i < out->answer_count && !decoding->from.bad; i++) {
        struct store_answer *answer = &answers[i];
        take_16(decoding, answer->key);
        take_16(decoding, answer->fingerprint);
        answer->caller = get_u64(&decoding->from);
        answer->at_ms = get_i64(&decoding->from);
        answer->status = (int)get_u32(&decoding->from);
        answer->etag = take_text(decoding);
        answer->body_size = take_bytes(decoding, &answer->body);
        struct store_name *names = room_for(decoding, sizeof *names, &answer->name_count);
        for (size_t j = 0; j < answer->name_count && !decoding->from.bad; j++)
            names[j].size = take_bytes(decoding, &names[j].id);
        answer->names = names;
    }
    out->answers = answers;
}

static void take_erasure(struct decoding *decoding, bool has_job, struct store_batch *out)
{
    struct store_erasure *erasure = arena_alloc(decoding->arena, sizeof *erasure);
    uint64_t last = 0;

    if (!erasure) {
        decoding->no_memory = decoding->from.bad = true;
        return;
    }
    erasure->learner = get_u32(&decoding->from);
    erasure->id_size = take_bytes(decoding, &erasure->id);
    uint64_t *sequences = room_for(decoding, sizeof *sequences, &erasure->sequence_count);
    for (size_t i = 0; i < erasure->sequence_count && !decoding->from.bad; i++)
        sequences[i] = last += get_u64(&decoding->from);
    erasure->sequences = sequences;
    struct stored_event *rewritten = room_for(decoding, sizeof *rewritten, &erasure->rewritten_count);
    for (size_t i = 0; i < erasure->rewritten_count && !decoding->from.bad; i++)
        rewritten[i].sequence = get_u64(&decoding->from);
    erasure->rewritten = rewritten;
    if (has_job) {
        const char *own, *named;
        erasure->own_size = take_bytes(decoding, &own);
        erasure->named_size = take_bytes(decoding, &named);
        erasure->own = (const uint8_t *)own;
        erasure->named = (const uint8_t *)named;
        erasure->clean = erasure->id_size == 0; /* that goes last (batch_forget.c) */
    }
    erasure->forgotten = take_ids(decoding, &erasure->forgotten_count);
    out->erasure = erasure;
}

/* Whether the bytes are whole, and of a format that is known. */
static bool is_whole(const uint8_t *bytes, size_t size)
{
    uint32_t kept = 0;

    if (size < 1 + CRC_BYTES || bytes[0] != FORMAT)
        return false;
    for (int i = 0; i < CRC_BYTES; i++)
        kept |= (uint32_t)bytes[size - CRC_BYTES + (size_t)i] << 8 * i;
    return (uint32_t)crc32(0, bytes, (uInt)(size - CRC_BYTES)) == kept;
}

enum rc batch_decode(const uint8_t *bytes, size_t size, struct arena *arena, struct store_batch *inout,
                     struct fault *fault)
{
    struct decoding decoding = {.arena = arena};

    if (!is_whole(bytes, size))
        return fault_text(fault, RC_INTERNAL, "the store failed",
                          "turn %llu of the log is damaged, or written by a newer version",
                          (unsigned long long)inout->turn);
    decoding.from = (struct reader){bytes + 1, bytes + size - CRC_BYTES, false};
    uint64_t has = get_u64(&decoding.from);
    take_events(&decoding, inout);
    inout->ids = take_ids(&decoding, &inout->id_count);
    take_logs(&decoding, inout);
    take_answers(&decoding, inout);
    inout->ledger_key = has & HAS_LEDGER ? take_text(&decoding) : NULL;
    inout->ledger_value = has & HAS_LEDGER ? take_text(&decoding) : NULL;
    inout->erasure = NULL;
    if (has & HAS_ERASURE)
        take_erasure(&decoding, (has & HAS_JOB) != 0, inout);
    if (decoding.no_memory)
        return fault_no_memory(fault);
    if (decoding.from.bad || decoding.from.at != decoding.from.end || has & ~(uint64_t)HAS_ALL)
        return fault_text(fault, RC_INTERNAL, "the store failed",
                          "turn %llu of the log cannot be read: a newer version wrote it, or it is damaged",
                          (unsigned long long)inout->turn);
    return RC_OK;
}
