#include "store/sqlite/sqlite_events.h"

#include <string.h>

#include <zlib.h>

#include "store/sqlite/sqlite_db.h"
#include "store/sqlite/sqlite_readers.h"
#include "store/sqlite/sqlite_schema.h"
#include "store/sqlite/sqlite_syncs.h"

static const char *const writer_sql[WRITER_COUNT] = {
    [ADD_LEARNER] = "INSERT INTO learner(key, id) VALUES(?1, ?2)",
    [ADD_COURSE] = "INSERT INTO course(key, id) VALUES(?1, ?2)",
    [ADD_ITEM] = "INSERT INTO item(key, id) VALUES(?1, ?2)",
    [ADD_EVENT] =
        "INSERT INTO event(sequence, learner, kind, at_ms, crc, body) VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
    [PUT_LOG] = "INSERT OR REPLACE INTO log_entry(log_id, learner, date_ms, created_ms, updated_ms, members)"
                " VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
    [DROP_LOG] = "UPDATE log_entry SET gone = 1, members = x'' WHERE log_id = ?1",
    [DROP_LOGS] = "UPDATE log_entry SET gone = 1, members = x'' WHERE learner = ?1 AND gone = 0",
    [PUT_LOG_TOTAL] = "INSERT OR REPLACE INTO log_total(learner, entries, rollbacks, bytes, settling)"
                      " VALUES(?1, ?2, ?3, ?4, ?5)",
    [DROP_SOME_LOGS] = "UPDATE log_entry SET gone = 1, members = x'' WHERE log_id IN"
                       " (SELECT log_id FROM log_entry WHERE learner = ?1 AND gone = 0 LIMIT ?2)",
    [PUT_ANSWER] = "INSERT OR REPLACE INTO answer(key, fingerprint, at_ms, status, etag, body, caller)"
                   " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [NAME_ANSWER] = "INSERT OR REPLACE INTO answer_name(who, key, at_ms) VALUES(?1, ?2, ?3)",
    /* A few for each that comes: a day's worth at once would stop everybody. */
    [DROP_ANSWERS] =
        "DELETE FROM answer WHERE key IN (SELECT key FROM answer WHERE at_ms < ?1 ORDER BY at_ms LIMIT 4)",
    [DROP_NAMES] = "DELETE FROM answer_name WHERE (who, key) IN"
                   " (SELECT who, key FROM answer_name WHERE at_ms < ?1 ORDER BY at_ms LIMIT 16)",
    [PUT_LEDGER] = "INSERT OR REPLACE INTO ledger(name, value) VALUES(?1, ?2)",
    [SET_META] = "INSERT OR REPLACE INTO meta(name, value) VALUES(?1, ?2)",
    [SET_SEQUENCE] = "UPDATE meta SET value = ?1 WHERE name = 'sequence'",
    [SET_RECORD_ID] = "UPDATE meta SET value = ?1 WHERE name = 'record_id'",
    [SET_ENROLMENT_ID] = "UPDATE meta SET value = ?1 WHERE name = 'enrolment_id'",
    [SET_LOG_ID] = "UPDATE meta SET value = ?1 WHERE name = 'log_id'",
    [ERASE_EVENT] = "DELETE FROM event WHERE sequence = ?1",
    [REWRITE_EVENT] = "UPDATE event SET body = ?2, crc = ?3 WHERE sequence = ?1",
    [ERASE_LOGS] = "DELETE FROM log_entry WHERE learner = ?1 AND gone = 0",
    [ERASE_GONE_LOGS] = "DELETE FROM log_entry WHERE learner = ?1 AND gone = 1",
    [ERASE_LOG_TOTAL] = "DELETE FROM log_total WHERE learner = ?1",
    [ERASE_ANSWERS] = "DELETE FROM answer WHERE key IN (SELECT key FROM answer_name WHERE who = ?1)",
    [NOTE_ERASING] = "INSERT INTO erasing(learner, id, own, named) VALUES(?1, ?2, ?3, ?4)",
    [END_ERASING] = "DELETE FROM erasing WHERE learner = ?1",
    [ERASE_NAMES] = "DELETE FROM answer_name WHERE who = ?1",
    [FORGET_LEARNER] = "UPDATE learner SET id = '' WHERE key = ?1",
    [FORGET_COURSE] = "UPDATE course SET id = '' WHERE key = ?1",
    [FORGET_ITEM] = "UPDATE item SET id = '' WHERE key = ?1",
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
};

static unsigned nibble(char digit)
{
    return (unsigned)(digit <= '9' ? digit - '0' : digit - 'a' + 10) & 15;
}

/* As put_turn wrote it. */
static void read_turn(struct store *store)
{
    char text[2 * sizeof store->copied.batch.bytes + 1];
    int64_t turn = sqlite_meta_number(store->events, "turn");

    sqlite_meta_text(store->events, "turn_batch", text, sizeof text);
    if (turn < 1 || strlen(text) != sizeof text - 1)
        return; /* it was never copied from elsewhere */
    store->copied.number = (uint64_t)turn;
    for (size_t i = 0; i < sizeof store->copied.batch.bytes; i++)
        store->copied.batch.bytes[i] = (uint8_t)(nibble(text[2 * i]) << 4 | nibble(text[2 * i + 1]));
}

enum rc sqlite_read_counters(struct store *store, struct fault *fault)
{
    sqlite3 *db = store->events;
    int64_t last = sqlite_one_number(db, "SELECT coalesce(max(sequence), 0) FROM event");
    int64_t given = sqlite_meta_number(db, "sequence");

    int64_t log_id = sqlite_meta_number(db, "log_id"), record_id = sqlite_meta_number(db, "record_id"),
            enrolment_id = sqlite_meta_number(db, "enrolment_id");

    if (last < 0 || given < 0 || log_id < 0 || record_id < 0 || enrolment_id < 0)
        return fault_set(fault, RC_INTERNAL, NULL, "events.db: its counters cannot be read");
    sqlite_meta_text(db, "store", store->store_id, sizeof store->store_id);
    store->generation = sqlite_meta_number(db, "generation");
    store->counters = (struct store_counters){
        .sequence = (uint64_t)(last > given ? last : given),
        .log_id = (uint64_t)log_id,
        .record_id = (uint32_t)record_id,
        .enrolment_id = (uint32_t)enrolment_id,
    };
    read_turn(store);
    return RC_OK;
}

enum rc sqlite_open_events(struct store *store, bool copy, struct fault *fault)
{
    enum rc rc = sqlite_open_file(store->events_path, false, &store->events, fault);

    if (rc == RC_OK)
        rc = sqlite_run(store->events,
                        copy ? "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
                             : "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
                        fault);
    if (rc == RC_OK)
        rc = sqlite_run(store->events, "PRAGMA cache_size=-16384; PRAGMA secure_delete=ON;", fault);
    if (rc == RC_OK)
        rc = sqlite_bring_schema_up(store, fault);
    if (rc == RC_OK)
        rc = sqlite_read_counters(store, fault);
    if (rc != RC_OK)
        return rc;
    /* Nothing of a killed process's log stays: it may hold what was erased since. A reader in the way is no
     * reason to wait. */
    (void)sqlite3_busy_timeout(store->events, 100); /* cannot fail */
    /* the next one does it */
    (void)sqlite3_wal_checkpoint_v2(store->events, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    (void)sqlite3_busy_timeout(store->events, 2000); /* cannot fail */
    return sqlite_prepare_all(store->events, writer_sql, store->writer, WRITER_COUNT)
               ? RC_OK
               : sqlite_fail(store->events, "events.db", fault);
}

const char *store_identity(const struct store *store)
{
    return store->store_id;
}

struct store_counters store_counters(const struct store *store)
{
    return store->counters;
}

/* ---- committing ---- */

uint32_t sqlite_event_crc(const struct stored_event *event)
{
    uint64_t head[4] = {event->sequence, event->learner, event->kind, (uint64_t)event->at_ms};
    uLong crc = crc32(0, (const Bytef *)head, sizeof head);
    /* zlib takes no bytes at NULL, which is where SQLite has an empty body, for a start anew */
    return (uint32_t)(event->body_size ? crc32(crc, event->body, (uInt)event->body_size) : crc);
}

static bool add_event(struct store *store, const struct stored_event *event)
{
    sqlite3_stmt *add = store->writer[ADD_EVENT];

    (void)sqlite3_bind_int64(add, 1, (int64_t)event->sequence); /* indexes are right by construction */
    (void)sqlite3_bind_int64(add, 2, event->learner);
    (void)sqlite3_bind_int64(add, 3, event->kind);
    (void)sqlite3_bind_int64(add, 4, event->at_ms);
    (void)sqlite3_bind_int64(add, 5, sqlite_event_crc(event));
    if (sqlite3_bind_blob64(add, 6, event->body, event->body_size, SQLITE_STATIC) != SQLITE_OK)
        return false;
    return sqlite_step_done(add);
}

static bool add_id(struct store *store, const struct store_id *id)
{
    sqlite3_stmt *add = store->writer[id->kind == STORE_LEARNER  ? ADD_LEARNER
                                      : id->kind == STORE_COURSE ? ADD_COURSE
                                                                 : ADD_ITEM];

    (void)sqlite3_bind_int64(add, 1, id->key); /* the index is right */
    if (sqlite3_bind_text64(add, 2, id->id, id->size, SQLITE_STATIC, SQLITE_UTF8) != SQLITE_OK)
        return false;
    return sqlite_step_done(add);
}

static bool put_log(struct store *store, const struct store_log *log)
{
    if (log->deleted && log->some)
        (void)sqlite3_bind_int64(store->writer[DROP_SOME_LOGS], 2, log->some); /* the index is right */
    if (log->deleted && log->some)
        return sqlite_bind_run(store->writer[DROP_SOME_LOGS], log->learner);
    if (log->deleted)
        return log->log_id ? sqlite_bind_run(store->writer[DROP_LOG], (int64_t)log->log_id)
                           : sqlite_bind_run(store->writer[DROP_LOGS], log->learner);
    sqlite3_stmt *put = store->writer[PUT_LOG];
    (void)sqlite3_bind_int64(put, 1, (int64_t)log->log_id); /* indexes are right by construction */
    (void)sqlite3_bind_int64(put, 2, log->learner);
    (void)sqlite3_bind_int64(put, 3, log->date_ms);
    (void)sqlite3_bind_int64(put, 4, log->created_ms);
    (void)sqlite3_bind_int64(put, 5, log->updated_ms);
    if (sqlite3_bind_blob64(put, 6, log->members, log->members_size, SQLITE_STATIC) != SQLITE_OK)
        return false;
    return sqlite_step_done(put);
}

static bool put_log_total(struct store *store, const struct store_log_total *total)
{
    sqlite3_stmt *put = store->writer[PUT_LOG_TOTAL];

    (void)sqlite3_bind_int64(put, 1, total->learner); /* indexes are right by construction */
    (void)sqlite3_bind_int64(put, 2, total->entries);
    (void)sqlite3_bind_int64(put, 3, total->rollbacks);
    (void)sqlite3_bind_int64(put, 4, (int64_t)total->bytes);
    (void)sqlite3_bind_int64(put, 5, (int64_t)total->settling);
    return sqlite_step_done(put);
}

static bool name_answer(struct store *store, const struct store_answer *answer, const struct store_name *name)
{
    sqlite3_stmt *put = store->writer[NAME_ANSWER];

    /* indexes are right by construction */
    (void)sqlite3_bind_text(put, 1, name->id, (int)name->size, SQLITE_STATIC);
    (void)sqlite3_bind_blob(put, 2, answer->key, sizeof answer->key, SQLITE_STATIC);
    (void)sqlite3_bind_int64(put, 3, answer->at_ms);
    return sqlite_step_done(put);
}

static bool put_answer(struct store *store, const struct store_answer *answer)
{
    const int64_t old_ms = answer->at_ms - 86400000;
    sqlite3_stmt *put = store->writer[PUT_ANSWER];

    (void)sqlite3_bind_blob(put, 1, answer->key, sizeof answer->key, SQLITE_STATIC); /* indexes are right */
    (void)sqlite3_bind_blob(put, 2, answer->fingerprint, sizeof answer->fingerprint, SQLITE_STATIC);
    (void)sqlite3_bind_int64(put, 3, answer->at_ms);
    (void)sqlite3_bind_int(put, 4, answer->status);
    (void)sqlite3_bind_text(put, 5, answer->etag, -1, SQLITE_STATIC);
    (void)sqlite3_bind_int64(put, 7, (int64_t)answer->caller);
    if (sqlite3_bind_blob64(put, 6, answer->body ? answer->body : "", answer->body_size, SQLITE_STATIC) !=
        SQLITE_OK)
        return false;
    bool done = sqlite_step_done(put);
    for (size_t i = 0; done && i < answer->name_count; i++)
        done = name_answer(store, answer, &answer->names[i]);
    return done && sqlite_bind_run(store->writer[DROP_ANSWERS], old_ms) &&
           sqlite_bind_run(store->writer[DROP_NAMES], old_ms);
}

static bool put_counters(struct store *store, const struct store_batch *batch)
{
    const struct store_counters *now = &batch->counters, *was = &store->counters;

    /* The last event may be erased, and its number is never given again. */
    return (!batch->erasure || sqlite_bind_run(store->writer[SET_SEQUENCE], (int64_t)now->sequence)) &&
           (now->record_id == was->record_id ||
            sqlite_bind_run(store->writer[SET_RECORD_ID], now->record_id)) &&
           (now->enrolment_id == was->enrolment_id ||
            sqlite_bind_run(store->writer[SET_ENROLMENT_ID], now->enrolment_id)) &&
           (now->log_id == was->log_id || sqlite_bind_run(store->writer[SET_LOG_ID], (int64_t)now->log_id));
}

static bool put_ledger(struct store *store, const struct store_batch *batch)
{
    sqlite3_stmt *put = store->writer[PUT_LEDGER];

    (void)sqlite3_bind_text(put, 1, batch->ledger_key, -1, SQLITE_STATIC); /* indexes are right */
    (void)sqlite3_bind_text(put, 2, batch->ledger_value, -1, SQLITE_STATIC);
    return sqlite_step_done(put);
}

static bool rewrite_event(struct store *store, const struct stored_event *event)
{
    sqlite3_stmt *rewrite = store->writer[REWRITE_EVENT];

    (void)sqlite3_bind_int64(rewrite, 1, (int64_t)event->sequence); /* indexes are right by construction */
    (void)sqlite3_bind_int64(rewrite, 3, sqlite_event_crc(event));
    if (sqlite3_bind_blob64(rewrite, 2, event->body, event->body_size, SQLITE_STATIC) != SQLITE_OK)
        return false;
    return sqlite_step_done(rewrite);
}

static bool erase_answers(struct store *store, const struct store_erasure *erasure)
{
    sqlite3_stmt *answers = store->writer[ERASE_ANSWERS], *names = store->writer[ERASE_NAMES];

    /* indexes are right by construction */
    (void)sqlite3_bind_text(answers, 1, erasure->id, (int)erasure->id_size, SQLITE_STATIC);
    (void)sqlite3_bind_text(names, 1, erasure->id, (int)erasure->id_size, SQLITE_STATIC);
    return sqlite_step_done(answers) && sqlite_step_done(names);
}

/* Written down, for store_erase_some to be called until it is done. */
static bool note_erasing(struct store *store, const struct store_erasure *erasure)
{
    sqlite3_stmt *note = store->writer[NOTE_ERASING];

    (void)sqlite3_bind_int64(note, 1, erasure->learner); /* indexes are right by construction */
    (void)sqlite3_bind_text(note, 2, erasure->id, (int)erasure->id_size, SQLITE_STATIC);
    return sqlite3_bind_blob64(note, 3, erasure->own, erasure->own_size, SQLITE_STATIC) == SQLITE_OK &&
           sqlite3_bind_blob64(note, 4, erasure->named, erasure->named_size, SQLITE_STATIC) == SQLITE_OK &&
           sqlite_step_done(note);
}

static bool erase_events(struct store *store, const uint64_t *sequences, size_t count,
                         const struct stored_event *rewritten, size_t rewritten_count)
{
    for (size_t i = 0; i < count; i++)
        if (!sqlite_bind_run(store->writer[ERASE_EVENT], (int64_t)sequences[i]))
            return false;
    for (size_t i = 0; i < rewritten_count; i++)
        if (!rewrite_event(store, &rewritten[i]))
            return false;
    return true;
}

static bool erase(struct store *store, const struct store_erasure *erasure)
{
    if (!erase_events(store, erasure->sequences, erasure->sequence_count, erasure->rewritten,
                      erasure->rewritten_count) ||
        (erasure->own && !note_erasing(store, erasure)))
        return false;
    for (size_t i = 0; i < erasure->forgotten_count; i++)
        if (!sqlite_bind_run(
                store->writer[erasure->forgotten[i].kind == STORE_COURSE ? FORGET_COURSE : FORGET_ITEM],
                erasure->forgotten[i].key))
            return false;
    return sqlite_bind_run(store->writer[ERASE_LOGS], erasure->learner) &&
           sqlite_bind_run(store->writer[ERASE_GONE_LOGS], erasure->learner) &&
           sqlite_bind_run(store->writer[ERASE_LOG_TOTAL], erasure->learner) &&
           erase_answers(store, erasure) && sqlite_bind_run(store->writer[FORGET_LEARNER], erasure->learner);
}

static bool write_batch(struct store *store, const struct store_batch *batch)
{
    for (size_t i = 0; i < batch->id_count; i++)
        if (!add_id(store, &batch->ids[i]))
            return false;
    for (size_t i = 0; i < batch->event_count; i++)
        if (!add_event(store, &batch->events[i]))
            return false;
    for (size_t i = 0; i < batch->log_count; i++)
        if (!put_log(store, &batch->logs[i]))
            return false;
    for (size_t i = 0; i < batch->log_total_count; i++)
        if (!put_log_total(store, &batch->log_totals[i]))
            return false;
    if (batch->erasure && !erase(store, batch->erasure))
        return false;
    for (size_t i = 0; i < batch->answer_count; i++)
        if (!put_answer(store, &batch->answers[i]))
            return false;
    if (batch->ledger_key && !put_ledger(store, batch))
        return false;
    return put_counters(store, batch);
}

/* The end of a transaction that was begun: written says whether all of it went well. */
static enum rc end_transaction(struct store *store, bool written, struct fault *fault)
{
    if (written)
        sqlite_time_syncs(store);
    if (written && sqlite_step_done(store->writer[COMMIT]))
        return RC_OK;
    enum rc rc = sqlite_fail(store->events, "commit", fault);
    if (!sqlite3_get_autocommit(store->events))
        (void)sqlite_step_done(store->writer[ROLLBACK]); /* what it cannot undo, recovery will */
    if (rc == RC_INTERNAL)
        store->broken = true; /* a failed fsync is never tried again: R9 */
    return rc;
}

enum rc store_commit(struct store *store, const struct store_batch *batch, struct fault *fault)
{
    if (store->broken)
        return fault_set(fault, RC_INTERNAL, NULL, "writing stopped after an I/O error");
    enum rc rc =
        end_transaction(store, sqlite_step_done(store->writer[BEGIN]) && write_batch(store, batch), fault);
    if (rc == RC_OK)
        store->counters = batch->counters;
    return rc;
}

/* How far the log is copied: its turn as a number, its batch as text. */
static bool put_turn(struct store *store, const struct store_batch *batch)
{
    static const char digits[] = "0123456789abcdef";
    char text[2 * sizeof batch->id.bytes];
    sqlite3_stmt *put = store->writer[SET_META];

    for (size_t i = 0; i < sizeof batch->id.bytes; i++) {
        text[2 * i] = digits[batch->id.bytes[i] >> 4];
        text[2 * i + 1] = digits[batch->id.bytes[i] & 15];
    }
    (void)sqlite3_bind_text(put, 1, "turn", -1, SQLITE_STATIC); /* indexes are right by construction */
    (void)sqlite3_bind_int64(put, 2, (int64_t)batch->turn);
    if (!sqlite_step_done(put))
        return false;
    (void)sqlite3_bind_text(put, 1, "turn_batch", -1, SQLITE_STATIC); /* likewise */
    (void)sqlite3_bind_text(put, 2, text, sizeof text, SQLITE_STATIC);
    return sqlite_step_done(put);
}

enum rc store_copy(struct store *store, const struct store_batch *batch, struct fault *fault)
{
    if (store->broken)
        return fault_set(fault, RC_INTERNAL, NULL, "writing stopped after an I/O error");
    enum rc rc = end_transaction(
        store, sqlite_step_done(store->writer[BEGIN]) && write_batch(store, batch) && put_turn(store, batch),
        fault);
    if (rc == RC_OK) {
        store->counters = batch->counters;
        store->copied = (struct log_turn){batch->turn, batch->id};
    }
    return rc;
}

struct log_turn store_copied(const struct store *store)
{
    return store->copied;
}

enum rc store_erase_some(struct store *store, const struct store_forgetting *what, uint32_t done,
                         struct fault *fault)
{
    if (store->broken)
        return fault_set(fault, RC_INTERNAL, NULL, "writing stopped after an I/O error");
    bool written =
        sqlite_step_done(store->writer[BEGIN]) &&
        erase_events(store, what->sequences, what->sequence_count, what->rewritten, what->rewritten_count) &&
        (!done || sqlite_bind_run(store->writer[END_ERASING], done));
    return end_transaction(store, written, fault);
}

enum rc store_scrub_events(struct store *store, struct fault *fault)
{
    if (store->broken)
        return RC_OK;
    enum rc rc = sqlite_readers_pause(store) ? sqlite_scrub(store->events, 0, fault)
                                             : fault_set(fault, RC_BUSY, NULL, "a reader is in the way");
    sqlite_readers_go_on(store);
    return rc;
}
