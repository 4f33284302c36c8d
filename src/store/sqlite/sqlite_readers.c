#include "store/sqlite/sqlite_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/monotonic.h"

/* What is read. By the owner of the event file: at a start, and what its thread looks up between two commits.
 * By everybody else: through a few connections, each lent for a page of rows. What a page holds is copied,
 * the connection given back, and only then is it visited: however long one walk is, nobody waits for more
 * than a page of it, and no reader keeps the file's log from being emptied. */

enum { PAGE_ROWS = 256, PAGE_BYTES = 256 << 10 };

static const char *const read_sql[READ_COUNT] = {
#define EVENT_COLUMNS "SELECT sequence, learner, kind, at_ms, crc, body FROM event "
    [READ_EVENT] = EVENT_COLUMNS "WHERE sequence = ?1",
    [READ_EVENTS] = EVENT_COLUMNS "WHERE sequence > ?1 AND sequence <= ?2 ORDER BY sequence LIMIT ?3",
    [READ_ANSWER] = "SELECT key, fingerprint, at_ms, status, etag, body, caller FROM answer WHERE key = ?1",
    [READ_MENTIONS] =
        "SELECT bucket, offsets FROM mention WHERE who = ?1 AND bucket >= ?2 ORDER BY bucket LIMIT 1",
    [READ_LEDGER] = "SELECT value FROM ledger WHERE name = ?1",
#define LOG_COLUMNS "SELECT log_id, learner, date_ms, created_ms, updated_ms, members FROM log_entry "
    [READ_LOGS] =
        LOG_COLUMNS "WHERE learner = ?1 AND gone = 0 AND date_ms >= ?2 AND (date_ms, log_id) < (?3, ?4)"
                    " ORDER BY date_ms DESC, log_id DESC LIMIT ?5",
    [READ_ALL_LOGS] = LOG_COLUMNS "WHERE gone = 0 AND (learner, date_ms, log_id) > (?1, ?2, ?3)"
                                  " ORDER BY learner, date_ms, log_id LIMIT ?4",
    [READ_LOG] = "SELECT log_id, learner, date_ms, created_ms, updated_ms, members, gone FROM log_entry "
                 "WHERE log_id = ?1",
    [READ_LOG_OWNER] = "SELECT learner FROM log_entry WHERE log_id = ?1",
    [READ_LAST_BUCKET] = "SELECT max(bucket) FROM learner_event",
    [READ_BUCKET] = "SELECT offsets FROM learner_event WHERE bucket = ?1 AND learner = ?2",
};

static bool reads_checkpoint(enum read_statement which)
{
    return which == READ_LAST_BUCKET || which == READ_BUCKET || which == READ_MENTIONS;
}

/* ---- the readers' connections ---- */

enum rc sqlite_readers_open_checkpoint(struct store *store, struct fault *fault)
{
    enum rc rc = RC_OK;

    for (int i = 0; rc == RC_OK && i < SQLITE_READERS; i++) {
        rc = sqlite_open_file(store, store->checkpoint_path, true, &store->readers[i].checkpoint, fault);
        if (rc == RC_OK)
            rc = sqlite_run(store, store->readers[i].checkpoint, "PRAGMA cache_size=-256;", fault);
    }
    return rc;
}

enum rc sqlite_readers_open(struct store *store, struct fault *fault)
{
    enum rc rc = RC_OK;

    for (int i = 0; rc == RC_OK && i < SQLITE_READERS; i++) {
        struct sqlite_reader *reader = &store->readers[i];
        rc = sqlite_open_file(store, store->events_path, true, &reader->events, fault);
        if (rc == RC_OK)
            rc = sqlite_run(store, reader->events, "PRAGMA cache_size=-512;", fault);
        reader->next = store->idle;
        store->idle = reader;
    }
    return rc == RC_OK ? sqlite_readers_open_checkpoint(store, fault) : rc;
}

void sqlite_readers_share(struct store *store)
{
    store->readers[0].events = store->events;
    store->readers[0].checkpoint = store->checkpoint;
    store->readers[0].shared = true;
    store->idle = &store->readers[0];
}

static void forget_statements(struct sqlite_reader *reader, bool of_checkpoint)
{
    for (int i = 0; i < READ_COUNT; i++)
        if (reads_checkpoint((enum read_statement)i) == of_checkpoint) {
            (void)sqlite3_finalize(reader->statements[i]); /* nothing runs */
            reader->statements[i] = NULL;
        }
}

void sqlite_readers_close_checkpoint(struct store *store)
{
    for (int i = 0; i < SQLITE_READERS; i++) {
        struct sqlite_reader *reader = &store->readers[i];
        forget_statements(reader, true);
        if (!reader->shared)
            (void)sqlite3_close(reader->checkpoint); /* it only read */
        reader->checkpoint = NULL;
    }
}

void sqlite_readers_close(struct store *store)
{
    sqlite_readers_close_checkpoint(store);
    for (int i = 0; i < SQLITE_READERS; i++) {
        struct sqlite_reader *reader = &store->readers[i];
        forget_statements(reader, false);
        if (!reader->shared)
            (void)sqlite3_close(reader->events); /* it only read */
        reader->events = NULL;
    }
    store->idle = NULL;
}

/* Lends a connection; waits while all are lent: for a page at most. */
static struct sqlite_reader *lend(struct store *store)
{
    (void)pthread_mutex_lock(&store->reader_lock); /* cannot fail: not held */
    while (!store->idle || store->paused)
        (void)pthread_cond_wait(&store->reader_back, &store->reader_lock); /* cannot fail */
    struct sqlite_reader *reader = store->idle;
    store->idle = reader->next;
    (void)pthread_mutex_unlock(&store->reader_lock); /* held above */
    return reader;
}

static void give_back(struct store *store, struct sqlite_reader *reader)
{
    (void)pthread_mutex_lock(&store->reader_lock); /* cannot fail: not held */
    reader->next = store->idle;
    store->idle = reader;
    (void)pthread_cond_broadcast(&store->reader_back); /* cannot fail; who pauses them waits here too */
    (void)pthread_mutex_unlock(&store->reader_lock);   /* held above */
}

static bool all_are_back(const struct store *store)
{
    int count = 0;

    for (const struct sqlite_reader *reader = store->idle; reader; reader = reader->next)
        count++;
    return count == SQLITE_READERS || store->readers[0].shared || !store->readers[0].events;
}

bool sqlite_readers_pause(struct store *store)
{
    enum { PAGE_MS = 20 }; /* a page takes a fraction of it */
    bool in_time = true;

    (void)pthread_mutex_lock(&store->reader_lock); /* cannot fail: not held */
    store->paused = true;
    while (!all_are_back(store) && in_time)
        in_time = monotonic_wait(&store->reader_back, &store->reader_lock, PAGE_MS);
    bool back = all_are_back(store);
    (void)pthread_mutex_unlock(&store->reader_lock); /* held above */
    return back;
}

void sqlite_readers_go_on(struct store *store)
{
    (void)pthread_mutex_lock(&store->reader_lock); /* cannot fail: not held */
    store->paused = false;
    (void)pthread_cond_broadcast(&store->reader_back); /* cannot fail */
    (void)pthread_mutex_unlock(&store->reader_lock);   /* held above */
}

/* The statement, prepared on first use. NULL: it cannot be. */
static sqlite3_stmt *prepared(struct sqlite_reader *reader, enum read_statement which)
{
    sqlite3 *db = reads_checkpoint(which) ? reader->checkpoint : reader->events;

    if (!reader->statements[which])
        (void)sqlite3_prepare_v3(db, read_sql[which], -1, SQLITE_PREPARE_PERSISTENT,
                                 &reader->statements[which], NULL); /* NULL says it */
    return reader->statements[which];
}

/* Many threads read at once, so the text is SQLite's constant for the code: no buffer is shared. */
static enum rc read_rc(int code, struct fault *fault)
{
    int primary = code & 0xff;

    if (code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE)
        return RC_OK;
    if (primary == SQLITE_FULL || primary == SQLITE_NOMEM || primary == SQLITE_BUSY)
        return fault_set(fault, RC_BUSY, NULL, "the store cannot be read at the moment; try again");
    return fault_set(fault, RC_INTERNAL, NULL, sqlite3_errstr(code));
}

/* The end of a statement's run: its reading ends with it. */
static enum rc end(sqlite3_stmt *statement, int code, struct fault *fault)
{
    if (statement)
        (void)sqlite3_reset(statement); /* repeats the code of the step */
    return read_rc(statement ? code : SQLITE_ERROR, fault);
}

/* ---- ids and answers, by the owner ---- */

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
    enum rc rc =
        each_id_of(store, STORE_LEARNER, "SELECT key, id FROM learner ORDER BY key", visit, arg, fault);
    if (rc == RC_OK)
        rc = each_id_of(store, STORE_COURSE, "SELECT key, id FROM course ORDER BY key", visit, arg, fault);
    if (rc == RC_OK)
        rc = each_id_of(store, STORE_ITEM, "SELECT key, id FROM item ORDER BY key", visit, arg, fault);
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
        .caller = (uint64_t)sqlite3_column_int64(statement, 6),
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
    static const char sql[] =
        "SELECT key, fingerprint, at_ms, status, etag, NULL, caller, length(body) FROM answer"
        " WHERE at_ms >= ?1 ORDER BY at_ms";
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(store->events, sql, -1, &statement, NULL);

    if (code == SQLITE_OK)
        (void)sqlite3_bind_int64(statement, 1, since_ms); /* the index is right */
    while (code == SQLITE_OK || code == SQLITE_ROW) {
        code = sqlite3_step(statement);
        if (code == SQLITE_ROW) {
            struct store_answer answer = answer_of(statement);
            answer.body_size = (size_t)sqlite3_column_int64(statement, 7);
            if (!visit(arg, &answer))
                break;
        }
    }
    (void)sqlite3_finalize(statement); /* repeats the code of the step */
    return code == SQLITE_DONE || code == SQLITE_ROW ? RC_OK
                                                     : sqlite_fail(store, store->events, "answers", fault);
}

/* ---- events ---- */

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

/* Hands an event over. RC_INTERNAL: its checksum does not fit; RC_BUSY: the visitor gave up. */
static enum rc visit_event(const struct stored_event *event, uint32_t crc,
                           bool (*visit)(void *arg, const struct stored_event *event), void *arg,
                           struct fault *fault)
{
    if (sqlite_event_crc(event) != crc)
        return fault_set(fault, RC_INTERNAL, NULL, "an event is damaged (checksum); restore a backup");
    return visit(arg, event) ? RC_OK : fault_set(fault, RC_BUSY, NULL, "an event could not be taken");
}

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
    while (rc == RC_OK && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        struct stored_event event = event_of(statement);
        rc = visit_event(&event, (uint32_t)sqlite3_column_int64(statement, 4), visit, arg, fault);
        if (rc == RC_INTERNAL) { /* the owner alone reads here, so the number may be told */
            (void)snprintf(store->message, sizeof store->message,
                           "event %llu is damaged (checksum); restore a backup",
                           (unsigned long long)event.sequence); /* fits */
            fault->message = store->message;
        }
    }
    if (rc == RC_OK && code != SQLITE_DONE)
        rc = sqlite_fail(store, store->events, "events", fault);
    (void)sqlite3_finalize(statement); /* repeats the code of the step */
    return rc;
}

/* Rows that were copied: their bodies lie in bytes, one after the other. */
struct event_page {
    struct stored_event events[PAGE_ROWS];
    uint32_t crcs[PAGE_ROWS];
    size_t count;
    struct buf bytes;
};

static struct event_page *page_new(struct fault *fault)
{
    struct event_page *page = calloc(1, sizeof *page);

    if (!page)
        (void)fault_no_memory(fault); /* NULL says it */
    return page;
}

static void page_free(struct event_page *page)
{
    buf_done(&page->bytes);
    free(page);
}

static void page_clear(struct event_page *page)
{
    page->count = 0;
    buf_clear(&page->bytes);
}

static bool page_full(const struct event_page *page)
{
    return page->count == PAGE_ROWS || page->bytes.size >= PAGE_BYTES;
}

static void page_add(struct event_page *page, sqlite3_stmt *statement)
{
    struct stored_event event = event_of(statement);

    buf_add(&page->bytes, event.body, event.body_size);
    event.body = NULL; /* the bytes may still move */
    page->crcs[page->count] = (uint32_t)sqlite3_column_int64(statement, 4);
    page->events[page->count++] = event;
}

static enum rc page_visit(struct event_page *page, bool (*visit)(void *arg, const struct stored_event *event),
                          void *arg, struct fault *fault)
{
    const uint8_t *at = (const uint8_t *)page->bytes.bytes;
    enum rc rc = page->bytes.failed ? fault_no_memory(fault) : RC_OK;

    for (size_t i = 0; rc == RC_OK && i < page->count; i++) {
        struct stored_event *event = &page->events[i];
        event->body = event->body_size ? at : NULL;
        at += event->body_size;
        rc = visit_event(event, page->crcs[i], visit, arg, fault);
    }
    return rc;
}

/* Reads a page of the events with these sequences; *inout_at is moved past those that were looked for. */
static enum rc read_page_of(struct store *store, const uint64_t *sequences, size_t count, size_t *inout_at,
                            struct event_page *page, struct fault *fault)
{
    struct sqlite_reader *reader = lend(store);
    sqlite3_stmt *statement = prepared(reader, READ_EVENT);
    int code = statement ? SQLITE_DONE : SQLITE_ERROR;
    size_t looked = 0;

    while (statement && *inout_at < count && looked++ < PAGE_ROWS && !page_full(page)) {
        (void)sqlite3_bind_int64(statement, 1, (int64_t)sequences[*inout_at]); /* the index is right */
        code = sqlite3_step(statement);
        if (code == SQLITE_ROW)
            page_add(page, statement);
        else if (code != SQLITE_DONE)
            break;
        (void)sqlite3_reset(statement); /* repeats the code of the step */
        ++*inout_at;
    }
    enum rc rc = end(statement, code, fault);
    give_back(store, reader);
    return rc;
}

enum rc store_each_event_of(struct store *store, const uint64_t *sequences, size_t count,
                            bool (*visit)(void *arg, const struct stored_event *event), void *arg,
                            struct fault *fault)
{
    struct event_page *page = count ? page_new(fault) : NULL;
    enum rc rc = RC_OK;

    if (count && !page)
        return RC_BUSY;
    for (size_t at = 0; rc == RC_OK && at < count;) {
        page_clear(page);
        rc = read_page_of(store, sequences, count, &at, page, fault);
        if (rc == RC_OK)
            rc = page_visit(page, visit, arg, fault);
    }
    if (page)
        page_free(page);
    return rc;
}

/* Reads a page of the events after one up to another; *out_last: what has been looked at. */
static enum rc read_page_after(struct store *store, uint64_t after, uint64_t upto, uint64_t *out_last,
                               struct event_page *page, struct fault *fault)
{
    struct sqlite_reader *reader = lend(store);
    sqlite3_stmt *statement = prepared(reader, READ_EVENTS);
    int code = SQLITE_ERROR;

    *out_last = after;
    if (statement) {
        (void)sqlite3_bind_int64(statement, 1, (int64_t)after); /* indexes are right by construction */
        (void)sqlite3_bind_int64(statement, 2, (int64_t)upto);
        (void)sqlite3_bind_int64(statement, 3, PAGE_ROWS);
        while (!page_full(page) && (code = sqlite3_step(statement)) == SQLITE_ROW) {
            page_add(page, statement);
            *out_last = page->events[page->count - 1].sequence;
        }
        if (code == SQLITE_DONE && page->count < PAGE_ROWS)
            *out_last = upto; /* there are no more */
    }
    enum rc rc = end(statement, code, fault);
    give_back(store, reader);
    return rc;
}

enum rc store_scan_events(struct store *store, uint64_t after, uint64_t upto,
                          bool (*visit)(void *arg, const struct stored_event *event), void *arg,
                          struct fault *fault)
{
    struct event_page *page = page_new(fault);
    enum rc rc = page ? RC_OK : RC_BUSY;

    while (rc == RC_OK && after < upto) {
        page_clear(page);
        rc = read_page_after(store, after, upto, &after, page, fault);
        if (rc == RC_OK)
            rc = page_visit(page, visit, arg, fault);
    }
    if (page)
        page_free(page);
    return rc;
}

/* ---- single rows ---- */

enum rc store_answer(struct store *store, const uint8_t key[16],
                     bool (*visit)(void *arg, const struct store_answer *answer), void *arg,
                     struct fault *fault)
{
    struct sqlite_reader *reader = lend(store);
    sqlite3_stmt *statement = prepared(reader, READ_ANSWER);
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
    enum rc rc = end(statement, code, fault);
    give_back(store, reader);
    return rc == RC_OK && !found ? fault_set(fault, RC_NOT_FOUND, NULL, "no such answer") : rc;
}

enum rc store_ledger(struct store *store, const char *key, struct buf *out, struct fault *fault)
{
    struct sqlite_reader *reader = lend(store);
    sqlite3_stmt *statement = prepared(reader, READ_LEDGER);
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
    enum rc rc = end(statement, code, fault);
    give_back(store, reader);
    return rc == RC_OK && !found ? fault_set(fault, RC_NOT_FOUND, NULL, "not in the ledger") : rc;
}

/* ---- log entries ---- */

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

struct log_page {
    struct store_log logs[PAGE_ROWS];
    size_t count;
    bool over; /* there are no more */
    struct buf bytes;
};

/* Runs a bound statement for a page; its last parameter is the limit. */
static enum rc read_log_page(sqlite3_stmt *statement, int limit_index, struct log_page *page,
                             struct fault *fault)
{
    int code = SQLITE_ERROR;

    page->count = 0;
    buf_clear(&page->bytes);
    if (statement) {
        (void)sqlite3_bind_int64(statement, limit_index, PAGE_ROWS); /* the index is right */
        while (page->count < PAGE_ROWS && page->bytes.size < PAGE_BYTES &&
               (code = sqlite3_step(statement)) == SQLITE_ROW) {
            struct store_log *log = &page->logs[page->count++];
            *log = log_of(statement);
            buf_add(&page->bytes, log->members, log->members_size);
        }
        page->over = code == SQLITE_DONE;
    }
    return end(statement, code, fault);
}

/* False: the visitor ended the walk. */
static bool visit_log_page(struct log_page *page, bool (*visit)(void *arg, const struct store_log *log),
                           void *arg)
{
    const uint8_t *at = (const uint8_t *)page->bytes.bytes;

    for (size_t i = 0; i < page->count; i++) {
        struct store_log *log = &page->logs[i];
        log->members = log->members_size ? at : NULL;
        at += log->members_size;
        if (!visit(arg, log))
            return false;
    }
    return true;
}

static void bind_numbers(sqlite3_stmt *statement, const int64_t *numbers, int count)
{
    for (int i = 0; statement && i < count; i++)
        (void)sqlite3_bind_int64(statement, i + 1, numbers[i]); /* indexes are right by construction */
}

/* Page after page: numbers are bound in order; next sets them to what comes after a page. */
static enum rc each_log(struct store *store, enum read_statement which, int64_t *numbers, int count,
                        void (*next)(int64_t *numbers, const struct store_log *last),
                        bool (*visit)(void *arg, const struct store_log *log), void *arg, struct fault *fault)
{
    struct log_page *page = calloc(1, sizeof *page);
    enum rc rc = page ? RC_OK : fault_no_memory(fault);
    bool going = rc == RC_OK;

    while (going) {
        struct sqlite_reader *reader = lend(store);
        sqlite3_stmt *statement = prepared(reader, which);
        bind_numbers(statement, numbers, count);
        rc = read_log_page(statement, count + 1, page, fault);
        give_back(store, reader);
        if (rc == RC_OK && page->bytes.failed)
            rc = fault_no_memory(fault);
        going = rc == RC_OK && visit_log_page(page, visit, arg) && !page->over;
        if (page->count)
            next(numbers, &page->logs[page->count - 1]);
    }
    if (page)
        buf_done(&page->bytes);
    free(page);
    return rc;
}

static void older(int64_t *numbers, const struct store_log *last)
{
    numbers[2] = last->date_ms;
    numbers[3] = (int64_t)last->log_id;
}

enum rc store_each_log(struct store *store, uint32_t learner, const struct log_filter *filter,
                       bool (*visit)(void *arg, const struct store_log *log), void *arg, struct fault *fault)
{
    int64_t numbers[] = {learner, filter && filter->has_from ? filter->from_ms : INT64_MIN,
                         filter && filter->has_to ? filter->to_ms : INT64_MAX, INT64_MAX};

    if (filter && filter->has_before && filter->before_ms <= numbers[2]) {
        numbers[2] = filter->before_ms;
        numbers[3] = (int64_t)filter->before_id;
    }
    return each_log(store, READ_LOGS, numbers, 4, older, visit, arg, fault);
}

static void after(int64_t *numbers, const struct store_log *last)
{
    numbers[0] = last->learner;
    numbers[1] = last->date_ms;
    numbers[2] = (int64_t)last->log_id;
}

enum rc store_each_log_of_all(struct store *store, bool (*visit)(void *arg, const struct store_log *log),
                              void *arg, struct fault *fault)
{
    int64_t numbers[] = {0, 0, 0};
    return each_log(store, READ_ALL_LOGS, numbers, 3, after, visit, arg, fault);
}

enum rc store_each_log_total(struct store *store,
                             bool (*visit)(void *arg, const struct store_log_total *total), void *arg,
                             struct fault *fault)
{
    sqlite3_stmt *all = NULL;
    int code = sqlite3_prepare_v2(
        store->events, "SELECT learner, entries, rollbacks, bytes, settling FROM log_total", -1, &all, NULL);

    while (code == SQLITE_OK || code == SQLITE_ROW) {
        code = sqlite3_step(all);
        if (code != SQLITE_ROW)
            break;
        struct store_log_total total = {
            (uint32_t)sqlite3_column_int64(all, 0), (uint32_t)sqlite3_column_int64(all, 1),
            (uint32_t)sqlite3_column_int64(all, 2), (uint64_t)sqlite3_column_int64(all, 3),
            (uint64_t)sqlite3_column_int64(all, 4),
        };
        if (!visit(arg, &total)) {
            (void)sqlite3_finalize(all); /* ended on purpose */
            return fault_no_memory(fault);
        }
    }
    (void)sqlite3_finalize(all); /* repeats the code of the step */
    return code == SQLITE_DONE ? RC_OK : sqlite_fail(store, store->events, "log totals", fault);
}

/* On the owner's connection, which sees its commit at once and waits for nobody. */
enum rc store_log(struct store *store, uint64_t log_id, bool (*visit)(void *arg, const struct store_log *log),
                  void *arg, struct fault *fault)
{
    int code = SQLITE_ERROR;
    bool found = false;

    if (!store->get_log)
        (void)sqlite3_prepare_v3(store->events, read_sql[READ_LOG], -1, SQLITE_PREPARE_PERSISTENT,
                                 &store->get_log, NULL); /* NULL says it */
    if (store->get_log) {
        (void)sqlite3_bind_int64(store->get_log, 1, (int64_t)log_id); /* the index is right */
        code = sqlite3_step(store->get_log);
        if (code == SQLITE_ROW) {
            struct store_log log = log_of(store->get_log);
            log.deleted = sqlite3_column_int(store->get_log, 6) != 0;
            found = true;
            (void)visit(arg, &log); /* there is only one */
        }
    }
    enum rc rc = end(store->get_log, code, fault);
    return rc == RC_OK && !found ? fault_set(fault, RC_NOT_FOUND, NULL, "Progress log not found") : rc;
}

enum rc store_log_owner(struct store *store, uint64_t log_id, uint32_t *out_learner, struct fault *fault)
{
    struct sqlite_reader *reader = lend(store);
    sqlite3_stmt *statement = prepared(reader, READ_LOG_OWNER);
    int code = SQLITE_ERROR;

    *out_learner = 0;
    if (statement) {
        (void)sqlite3_bind_int64(statement, 1, (int64_t)log_id); /* the index is right */
        code = sqlite3_step(statement);
        if (code == SQLITE_ROW)
            *out_learner = (uint32_t)sqlite3_column_int64(statement, 0);
    }
    enum rc rc = end(statement, code, fault);
    give_back(store, reader);
    return rc == RC_OK && *out_learner == 0 ? fault_set(fault, RC_NOT_FOUND, NULL, "Progress log not found")
                                            : rc;
}

/* ---- the index of each learner's events ---- */

/* The sequences of one bucket; false: the visitor has no more memory. */
static bool visit_offsets(uint64_t bucket, sqlite3_stmt *statement,
                          bool (*visit)(void *arg, uint64_t sequence), void *arg)
{
    const uint8_t *at = sqlite3_column_blob(statement, 0);
    int size = sqlite3_column_bytes(statement, 0);

    for (int i = 0; i + 1 < size; i += 2)
        if (!visit(arg, bucket << SQLITE_BUCKET_BITS | (uint64_t)at[i] | (uint64_t)at[i + 1] << 8))
            return false;
    return true;
}

/* Some buckets of a learner's, from *inout_bucket on; the visitor only notes numbers. */
static enum rc read_buckets(struct store *store, uint32_t learner, int64_t *inout_bucket, int64_t last,
                            bool (*visit)(void *arg, uint64_t sequence), void *arg, struct fault *fault)
{
    enum { SOME = 256 };
    struct sqlite_reader *reader = lend(store);
    sqlite3_stmt *statement = prepared(reader, READ_BUCKET);
    int code = statement ? SQLITE_DONE : SQLITE_ERROR;

    for (int i = 0; statement && i < SOME && *inout_bucket <= last && code == SQLITE_DONE; i++) {
        (void)sqlite3_bind_int64(statement, 1, *inout_bucket); /* indexes are right by construction */
        (void)sqlite3_bind_int64(statement, 2, learner);
        code = sqlite3_step(statement);
        if (code == SQLITE_ROW)
            code = visit_offsets((uint64_t)*inout_bucket, statement, visit, arg) ? SQLITE_DONE : SQLITE_NOMEM;
        (void)sqlite3_reset(statement); /* repeats the code of the step */
        ++*inout_bucket;
    }
    enum rc rc = end(statement, code, fault);
    give_back(store, reader);
    return rc;
}

enum rc store_each_indexed(struct store *store, uint32_t learner, bool (*visit)(void *arg, uint64_t sequence),
                           void *arg, struct fault *fault)
{
    struct sqlite_reader *reader = lend(store);
    sqlite3_stmt *statement = reader->checkpoint ? prepared(reader, READ_LAST_BUCKET) : NULL;
    int code = statement ? sqlite3_step(statement) : SQLITE_ERROR;
    int64_t last = code == SQLITE_ROW && sqlite3_column_type(statement, 0) != SQLITE_NULL
                       ? sqlite3_column_int64(statement, 0)
                       : -1;
    enum rc rc = reader->checkpoint ? end(statement, code, fault) : RC_OK;

    give_back(store, reader);
    for (int64_t bucket = 0; rc == RC_OK && bucket <= last;)
        rc = read_buckets(store, learner, &bucket, last, visit, arg, fault);
    return rc;
}

enum rc store_each_index_entry(struct store *store,
                               bool (*visit)(void *arg, uint32_t learner, uint64_t sequence), void *arg,
                               struct fault *fault)
{
    sqlite3_stmt *all = NULL;
    int code = sqlite3_prepare_v2(store->checkpoint, "SELECT bucket, learner, offsets FROM learner_event", -1,
                                  &all, NULL);

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
                return fault_no_memory(fault);
            }
    }
    (void)sqlite3_finalize(all); /* repeats the code of the step */
    return code == SQLITE_DONE ? RC_OK : sqlite_fail(store, store->checkpoint, "the index of events", fault);
}

enum rc store_each_mention(struct store *store, uint64_t who, bool (*visit)(void *arg, uint64_t sequence),
                           void *arg, struct fault *fault)
{
    int64_t bucket = 0;
    enum rc rc = RC_OK;

    while (rc == RC_OK && bucket >= 0) { /* a row of up to 65,536 at a time */
        struct sqlite_reader *reader = lend(store);
        sqlite3_stmt *statement = reader->checkpoint ? prepared(reader, READ_MENTIONS) : NULL;
        bool whole = true;
        int code = SQLITE_ERROR;
        if (statement) {
            (void)sqlite3_bind_int64(statement, 1, (int64_t)who); /* indexes are right by construction */
            (void)sqlite3_bind_int64(statement, 2, bucket);
            code = sqlite3_step(statement);
            bucket = code == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : -1;
        }
        const uint8_t *at = code == SQLITE_ROW ? sqlite3_column_blob(statement, 1) : NULL;
        for (int i = 0, size = at ? sqlite3_column_bytes(statement, 1) : 0; whole && i + 1 < size; i += 2)
            whole = visit(arg, (uint64_t)bucket << SQLITE_BUCKET_BITS | (uint64_t)at[i] |
                                   (uint64_t)at[i + 1] << 8);
        rc = reader->checkpoint ? end(statement, code, fault) : RC_OK;
        give_back(store, reader);
        if (!statement)
            return rc;
        if (rc == RC_OK && !whole)
            rc = fault_no_memory(fault);
        bucket = bucket < 0 ? bucket : bucket + 1;
    }
    return rc;
}

enum rc store_each_erasing(struct store *store, bool (*visit)(void *arg, const struct store_erasure *erasure),
                           void *arg, struct fault *fault)
{
    sqlite3_stmt *all = NULL;
    int code =
        sqlite3_prepare_v2(store->events, "SELECT learner, id, own, named FROM erasing", -1, &all, NULL);
    bool whole = true;

    while (whole && (code == SQLITE_OK || code == SQLITE_ROW)) {
        code = sqlite3_step(all);
        if (code != SQLITE_ROW)
            break;
        struct store_erasure erasure = {
            .learner = (uint32_t)sqlite3_column_int64(all, 0),
            .id = (const char *)sqlite3_column_text(all, 1),
            .id_size = (size_t)sqlite3_column_bytes(all, 1),
            .own = sqlite3_column_blob(all, 2),
            .own_size = (size_t)sqlite3_column_bytes(all, 2),
            .named = sqlite3_column_blob(all, 3),
            .named_size = (size_t)sqlite3_column_bytes(all, 3),
        };
        whole = visit(arg, &erasure);
    }
    (void)sqlite3_finalize(all); /* repeats the code of the step */
    if (!whole)
        return fault_no_memory(fault);
    return code == SQLITE_DONE ? RC_OK : sqlite_fail(store, store->events, "erasures", fault);
}
