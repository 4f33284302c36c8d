#include "store/sqlite/sqlite_store.h"

#include <stdio.h>
#include <string.h>

/* What is read from the event file, by its owner's connection or by the readers' one, which a lock guards. */

static enum rc each_id_of(struct store *store, enum store_id_kind kind, const char *sql,
                          bool (*visit)(void *, const struct store_id *), void *arg, struct fault *fault)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(store->events, sql, -1, &statement, NULL);

    while (code == SQLITE_OK || code == SQLITE_ROW) {
        code = sqlite3_step(statement);
        if (code != SQLITE_ROW)
            break;
        struct store_id id = {kind, (uint32_t)sqlite3_column_int64(statement, 0),
                              (const char *)sqlite3_column_text(statement, 1),
                              (size_t)sqlite3_column_bytes(statement, 1)};
        if (!visit(arg, &id)) {
            (void)sqlite3_finalize(statement); /* ended on purpose */
            return fault_set(fault, RC_INTERNAL, NULL, "the ids in events.db do not fit together");
        }
    }
    (void)sqlite3_finalize(statement); /* repeats the code of the step */
    return code == SQLITE_DONE ? RC_OK : sqlite_fail(store, store->events, "ids", fault);
}

enum rc store_each_id(struct store *store, bool (*visit)(void *arg, const struct store_id *id), void *arg,
                      struct fault *fault)
{
    enum rc rc = each_id_of(store, STORE_LEARNER, "SELECT key, id FROM learner ORDER BY key", visit, arg, fault);
    if (rc == RC_OK)
        rc = each_id_of(store, STORE_COURSE, "SELECT key, id FROM course ORDER BY key", visit, arg, fault);
    if (rc == RC_OK)
        rc = each_id_of(store, STORE_ITEM, "SELECT key, id FROM item ORDER BY key", visit, arg, fault);
    return rc;
}

static struct stored_event event_of(sqlite3_stmt *statement)
{
    return (struct stored_event){
        .sequence = (uint64_t)sqlite3_column_int64(statement, 0),
        .learner = (uint32_t)sqlite3_column_int64(statement, 1),
        .kind = (uint8_t)sqlite3_column_int(statement, 2),
        .at_ms = sqlite3_column_int64(statement, 3),
        .body = sqlite3_column_blob(statement, 5),
        .body_size = (size_t)sqlite3_column_bytes(statement, 5),
    };
}

/* Hands the row's event over. RC_INTERNAL: its checksum does not fit; RC_BUSY: the visitor gave up. */
static enum rc visit_event(struct store *store, sqlite3_stmt *statement,
                           bool (*visit)(void *arg, const struct stored_event *event), void *arg, struct fault *fault)
{
    struct stored_event event = event_of(statement);

    if (sqlite_event_crc(&event) != (uint32_t)sqlite3_column_int64(statement, 4)) {
        (void)snprintf(store->message, sizeof store->message, "event %llu is damaged (checksum); restore a backup",
                       (unsigned long long)event.sequence); /* cut is fine */
        return fault_set(fault, RC_INTERNAL, NULL, store->message);
    }
    return visit(arg, &event) ? RC_OK : fault_set(fault, RC_BUSY, NULL, "an event could not be taken");
}

#define EVENT_COLUMNS "SELECT sequence, learner, kind, at_ms, crc, body FROM event "

enum rc store_each_event(struct store *store, uint64_t after,
                         bool (*visit)(void *arg, const struct stored_event *event), void *arg,
                         struct fault *fault)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(store->events, EVENT_COLUMNS "WHERE sequence > ?1 ORDER BY sequence", -1,
                                  &statement, NULL);
    enum rc rc = RC_OK;

    if (code != SQLITE_OK)
        return sqlite_fail(store, store->events, "events", fault);
    (void)sqlite3_bind_int64(statement, 1, (int64_t)after); /* the index is right */
    while (rc == RC_OK && (code = sqlite3_step(statement)) == SQLITE_ROW)
        rc = visit_event(store, statement, visit, arg, fault);
    if (rc == RC_OK && code != SQLITE_DONE)
        rc = sqlite_fail(store, store->events, "events", fault);
    (void)sqlite3_finalize(statement); /* repeats the code of the step */
    return rc;
}

static struct store_answer answer_of(sqlite3_stmt *statement)
{
    struct store_answer answer = {
        .at_ms = sqlite3_column_int64(statement, 2),
        .status = sqlite3_column_int(statement, 3),
        .etag = (const char *)sqlite3_column_text(statement, 4),
        .body = sqlite3_column_blob(statement, 5),
        .body_size = (size_t)sqlite3_column_bytes(statement, 5),
        .learner = (uint32_t)sqlite3_column_int64(statement, 6),
    };
    if (sqlite3_column_bytes(statement, 0) == sizeof answer.key &&
        sqlite3_column_bytes(statement, 1) == sizeof answer.fingerprint) {
        memcpy(answer.key, sqlite3_column_blob(statement, 0), sizeof answer.key);
        memcpy(answer.fingerprint, sqlite3_column_blob(statement, 1), sizeof answer.fingerprint);
    }
    return answer;
}

enum rc store_each_answer(struct store *store, int64_t since_ms,
                          bool (*visit)(void *arg, const struct store_answer *answer), void *arg,
                          struct fault *fault)
{
    static const char sql[] = "SELECT key, fingerprint, at_ms, status, etag, body, learner FROM answer WHERE at_ms >= ?1";
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(store->events, sql, -1, &statement, NULL);

    if (code == SQLITE_OK)
        (void)sqlite3_bind_int64(statement, 1, since_ms); /* the index is right */
    while (code == SQLITE_OK || code == SQLITE_ROW) {
        code = sqlite3_step(statement);
        if (code == SQLITE_ROW) {
            struct store_answer answer = answer_of(statement);
            if (!visit(arg, &answer))
                break;
        }
    }
    (void)sqlite3_finalize(statement); /* repeats the code of the step */
    return code == SQLITE_DONE || code == SQLITE_ROW ? RC_OK : sqlite_fail(store, store->events, "answers", fault);
}

/* A prepared query on the reading connection, which this locks until read_end. */
static sqlite3_stmt *read_begin(struct store *store, const char *sql)
{
    sqlite3_stmt *statement = NULL;

    (void)pthread_mutex_lock(&store->reader_lock); /* cannot fail: not held */
    if (sqlite3_prepare_v2(store->reader, sql, -1, &statement, NULL) != SQLITE_OK)
        return NULL;
    return statement;
}

static enum rc read_end(struct store *store, sqlite3_stmt *statement, int code, struct fault *fault)
{
    enum rc rc = code == SQLITE_DONE || code == SQLITE_ROW ? RC_OK : sqlite_fail(store, store->reader, "read", fault);

    (void)sqlite3_finalize(statement); /* repeats the code of the step */
    (void)pthread_mutex_unlock(&store->reader_lock); /* held by read_begin */
    return rc;
}

enum rc store_each_event_of(struct store *store, const uint64_t *sequences, size_t count,
                            bool (*visit)(void *arg, const struct stored_event *event), void *arg,
                            struct fault *fault)
{
    sqlite3_stmt *statement = read_begin(store, EVENT_COLUMNS "WHERE sequence = ?1");
    int code = statement ? SQLITE_DONE : SQLITE_ERROR;
    enum rc rc = RC_OK;

    for (size_t i = 0; statement && rc == RC_OK && i < count && (code == SQLITE_DONE || code == SQLITE_ROW); i++) {
        (void)sqlite3_bind_int64(statement, 1, (int64_t)sequences[i]); /* the index is right */
        code = sqlite3_step(statement);
        if (code == SQLITE_ROW)
            rc = visit_event(store, statement, visit, arg, fault);
        (void)sqlite3_reset(statement); /* repeats the code of the step */
    }
    enum rc ended = read_end(store, statement, code, fault);
    return rc == RC_OK ? ended : rc;
}

enum rc store_scan_events(struct store *store, uint64_t after, uint64_t upto,
                          bool (*visit)(void *arg, const struct stored_event *event), void *arg, struct fault *fault)
{
    enum { PAGE = 4096 };
    enum rc rc = RC_OK;

    while (rc == RC_OK && after < upto) {
        uint64_t end = upto - after > PAGE ? after + PAGE : upto;
        sqlite3_stmt *statement =
            read_begin(store, EVENT_COLUMNS "WHERE sequence > ?1 AND sequence <= ?2 ORDER BY sequence");
        int code = SQLITE_ERROR;
        if (statement) {
            (void)sqlite3_bind_int64(statement, 1, (int64_t)after); /* indexes are right by construction */
            (void)sqlite3_bind_int64(statement, 2, (int64_t)end);
            while ((code = sqlite3_step(statement)) == SQLITE_ROW && rc == RC_OK)
                rc = visit_event(store, statement, visit, arg, fault);
        }
        enum rc ended = read_end(store, statement, code, fault);
        rc = rc == RC_OK ? ended : rc;
        after = end;
    }
    return rc;
}

enum rc store_answer(struct store *store, const uint8_t key[16],
                     bool (*visit)(void *arg, const struct store_answer *answer), void *arg, struct fault *fault)
{
    sqlite3_stmt *statement =
        read_begin(store, "SELECT key, fingerprint, at_ms, status, etag, body, learner FROM answer WHERE key = ?1");
    int code = SQLITE_ERROR;
    bool found = false;

    if (statement) {
        (void)sqlite3_bind_blob(statement, 1, key, 16, SQLITE_STATIC); /* the index is right */
        code = sqlite3_step(statement);
        if (code == SQLITE_ROW) {
            struct store_answer answer = answer_of(statement);
            found = true;
            (void)visit(arg, &answer); /* there is only one */
        }
    }
    enum rc rc = read_end(store, statement, code, fault);
    return rc == RC_OK && !found ? fault_set(fault, RC_NOT_FOUND, NULL, "no such answer") : rc;
}

enum rc store_ledger(struct store *store, const char *key, struct buf *out, struct fault *fault)
{
    sqlite3_stmt *statement = read_begin(store, "SELECT value FROM ledger WHERE name = ?1");
    int code = SQLITE_ERROR;
    bool found = false;

    if (statement) {
        (void)sqlite3_bind_text(statement, 1, key, -1, SQLITE_STATIC); /* the index is right */
        code = sqlite3_step(statement);
        if (code == SQLITE_ROW) {
            found = true;
            buf_text(out, (const char *)sqlite3_column_text(statement, 0));
        }
    }
    enum rc rc = read_end(store, statement, code, fault);
    return rc == RC_OK && !found ? fault_set(fault, RC_NOT_FOUND, NULL, "not in the ledger") : rc;
}

static struct store_log log_of(sqlite3_stmt *statement)
{
    return (struct store_log){
        .log_id = (uint64_t)sqlite3_column_int64(statement, 0),
        .learner = (uint32_t)sqlite3_column_int64(statement, 1),
        .date_ms = sqlite3_column_int64(statement, 2),
        .created_ms = sqlite3_column_int64(statement, 3),
        .updated_ms = sqlite3_column_int64(statement, 4),
        .members = sqlite3_column_blob(statement, 5),
        .members_size = (size_t)sqlite3_column_bytes(statement, 5),
    };
}

enum rc store_each_log(struct store *store, uint32_t learner, const struct log_filter *filter,
                       bool (*visit)(void *arg, const struct store_log *log), void *arg, struct fault *fault)
{
    sqlite3_stmt *statement = read_begin(
        store, "SELECT log_id, learner, date_ms, created_ms, updated_ms, members FROM log_entry"
               " WHERE learner = ?1 AND gone = 0 AND date_ms >= ?2 AND date_ms <= ?3 ORDER BY date_ms DESC, log_id DESC");
    int code = SQLITE_ERROR;

    if (statement) {
        (void)sqlite3_bind_int64(statement, 1, learner); /* indexes are right by construction */
        (void)sqlite3_bind_int64(statement, 2, filter && filter->has_from ? filter->from_ms : INT64_MIN);
        (void)sqlite3_bind_int64(statement, 3, filter && filter->has_to ? filter->to_ms : INT64_MAX);
        while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
            struct store_log log = log_of(statement);
            if (!visit(arg, &log))
                break;
        }
    }
    return read_end(store, statement, code, fault);
}

enum rc store_log(struct store *store, uint64_t log_id, bool (*visit)(void *arg, const struct store_log *log),
                  void *arg, struct fault *fault)
{
    sqlite3_stmt *statement = read_begin(
        store, "SELECT log_id, learner, date_ms, created_ms, updated_ms, members FROM log_entry WHERE log_id = ?1 AND gone = 0");
    int code = SQLITE_ERROR;
    bool found = false;

    if (statement) {
        (void)sqlite3_bind_int64(statement, 1, (int64_t)log_id); /* the index is right */
        code = sqlite3_step(statement);
        if (code == SQLITE_ROW) {
            struct store_log log = log_of(statement);
            found = true;
            (void)visit(arg, &log); /* there is only one */
        }
    }
    enum rc rc = read_end(store, statement, code, fault);
    return rc == RC_OK && !found ? fault_set(fault, RC_NOT_FOUND, NULL, "Progress log not found") : rc;
}

enum rc store_log_owner(struct store *store, uint64_t log_id, uint32_t *out_learner, struct fault *fault)
{
    sqlite3_stmt *statement = read_begin(store, "SELECT learner FROM log_entry WHERE log_id = ?1");
    int code = SQLITE_ERROR;

    *out_learner = 0;
    if (statement) {
        (void)sqlite3_bind_int64(statement, 1, (int64_t)log_id); /* the index is right */
        code = sqlite3_step(statement);
        if (code == SQLITE_ROW)
            *out_learner = (uint32_t)sqlite3_column_int64(statement, 0);
    }
    enum rc rc = read_end(store, statement, code, fault);
    return rc == RC_OK && *out_learner == 0 ? fault_set(fault, RC_NOT_FOUND, NULL, "Progress log not found") : rc;
}

enum rc store_each_log_of_all(struct store *store, bool (*visit)(void *arg, const struct store_log *log), void *arg,
                              struct fault *fault)
{
    sqlite3_stmt *statement = read_begin(
        store, "SELECT log_id, learner, date_ms, created_ms, updated_ms, members FROM log_entry"
               " WHERE gone = 0 ORDER BY learner, log_id");
    int code = SQLITE_ERROR;

    if (statement)
        while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
            struct store_log log = log_of(statement);
            if (!visit(arg, &log))
                break;
        }
    return read_end(store, statement, code, fault);
}

enum rc store_each_indexed(struct store *store, uint32_t learner, bool (*visit)(void *arg, uint64_t sequence),
                           void *arg, struct fault *fault)
{
    sqlite3_stmt *buckets = NULL, *find = NULL;
    int code = SQLITE_DONE;
    int64_t last = -1;

    if (!store->index_reader)
        return RC_OK;
    (void)pthread_mutex_lock(&store->index_lock); /* cannot fail: not held */
    sqlite3 *db = store->index_reader;
    if (sqlite3_prepare_v2(db, "SELECT max(bucket) FROM learner_event", -1, &buckets, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(db, "SELECT offsets FROM learner_event WHERE bucket = ?1 AND learner = ?2", -1, &find,
                           NULL) != SQLITE_OK)
        code = SQLITE_ERROR;
    else if (sqlite3_step(buckets) == SQLITE_ROW && sqlite3_column_type(buckets, 0) != SQLITE_NULL)
        last = sqlite3_column_int64(buckets, 0);
    for (int64_t bucket = 0; code == SQLITE_DONE && bucket <= last; bucket++) {
        (void)sqlite3_bind_int64(find, 1, bucket); /* indexes are right by construction */
        (void)sqlite3_bind_int64(find, 2, learner);
        code = sqlite3_step(find);
        if (code == SQLITE_ROW) {
            const uint8_t *at = sqlite3_column_blob(find, 0);
            int size = sqlite3_column_bytes(find, 0);
            for (int i = 0; i + 1 < size && code == SQLITE_ROW; i += 2)
                if (!visit(arg, (uint64_t)bucket << SQLITE_BUCKET_BITS | (uint64_t)at[i] | (uint64_t)at[i + 1] << 8))
                    code = SQLITE_NOMEM;
            code = code == SQLITE_ROW ? SQLITE_DONE : code;
        }
        (void)sqlite3_reset(find); /* repeats the code of the step */
    }
    (void)sqlite3_finalize(buckets); /* nothing runs */
    (void)sqlite3_finalize(find);
    enum rc rc = code == SQLITE_DONE ? RC_OK
               : code == SQLITE_NOMEM ? fault_set(fault, RC_BUSY, NULL, "out of memory")
                                      : sqlite_fail(store, db, "the index of events", fault);
    (void)pthread_mutex_unlock(&store->index_lock); /* held above */
    return rc;
}

enum rc store_each_index_entry(struct store *store, bool (*visit)(void *arg, uint32_t learner, uint64_t sequence),
                               void *arg, struct fault *fault)
{
    sqlite3_stmt *all = NULL;
    int code = sqlite3_prepare_v2(store->image, "SELECT bucket, learner, offsets FROM learner_event", -1, &all, NULL);

    while (code == SQLITE_OK || code == SQLITE_ROW) {
        code = sqlite3_step(all);
        if (code != SQLITE_ROW)
            break;
        uint64_t bucket = (uint64_t)sqlite3_column_int64(all, 0);
        const uint8_t *at = sqlite3_column_blob(all, 2);
        int size = sqlite3_column_bytes(all, 2);
        for (int i = 0; i + 1 < size; i += 2)
            if (!visit(arg, (uint32_t)sqlite3_column_int64(all, 1),
                       bucket << SQLITE_BUCKET_BITS | (uint64_t)at[i] | (uint64_t)at[i + 1] << 8)) {
                (void)sqlite3_finalize(all); /* ended on purpose */
                return fault_set(fault, RC_BUSY, NULL, "out of memory");
            }
    }
    (void)sqlite3_finalize(all); /* repeats the code of the step */
    return code == SQLITE_DONE ? RC_OK : sqlite_fail(store, store->image, "the index of events", fault);
}
