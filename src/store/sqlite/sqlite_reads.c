#include <stdlib.h>
#include <string.h>

#include "store/sqlite/sqlite_db.h"
#include "store/sqlite/sqlite_events.h"
#include "store/sqlite/sqlite_readers.h"

/* What is read of events.db, but log entries: ids, events, remembered answers, the ledger, erasures. */

/* ---- ids and erasures, by the owner ---- */

struct id_walk {
    enum store_id_kind kind;
    enum rc (*visit)(void *arg, const struct store_id *id, struct fault *fault);
    void *arg;
    bool enough;
};

static enum rc id_row(void *arg, sqlite3_stmt *row, struct fault *fault)
{
    struct id_walk *walk = arg;
    struct store_id id = {walk->kind, (uint32_t)sqlite3_column_int64(row, 0),
                          (const char *)sqlite3_column_text(row, 1), (size_t)sqlite3_column_bytes(row, 1)};

    enum rc rc = walk->visit(walk->arg, &id, fault);
    walk->enough = rc == RC_ENOUGH;
    return rc;
}

enum rc store_each_id(struct store *store,
                      enum rc (*visit)(void *arg, const struct store_id *id, struct fault *fault), void *arg,
                      struct fault *fault)
{
    static const char *const sql[] = {
        [STORE_LEARNER] = "SELECT key, id FROM learner ORDER BY key",
        [STORE_COURSE] = "SELECT key, id FROM course ORDER BY key",
        [STORE_ITEM] = "SELECT key, id FROM item ORDER BY key",
    };
    struct id_walk walk = {STORE_LEARNER, visit, arg, false};
    enum rc rc = RC_OK;

    for (int kind = STORE_LEARNER; rc == RC_OK && !walk.enough && kind <= STORE_ITEM; kind++) {
        walk.kind = (enum store_id_kind)kind;
        rc = sqlite_walk(store->events, sql[kind], 0, id_row, &walk, fault);
    }
    return rc;
}

struct erasing_walk {
    enum rc (*visit)(void *arg, const struct store_erasure *erasure, struct fault *fault);
    void *arg;
};

static enum rc erasing_row(void *arg, sqlite3_stmt *row, struct fault *fault)
{
    const struct erasing_walk *walk = arg;
    struct store_erasure erasure = {
        .learner = (uint32_t)sqlite3_column_int64(row, 0),
        .id = (const char *)sqlite3_column_text(row, 1),
        .id_size = (size_t)sqlite3_column_bytes(row, 1),
        .own = sqlite3_column_blob(row, 2),
        .own_size = (size_t)sqlite3_column_bytes(row, 2),
        .named = sqlite3_column_blob(row, 3),
        .named_size = (size_t)sqlite3_column_bytes(row, 3),
    };
    return walk->visit(walk->arg, &erasure, fault);
}

enum rc store_each_erasing(struct store *store,
                           enum rc (*visit)(void *arg, const struct store_erasure *erasure,
                                            struct fault *fault),
                           void *arg, struct fault *fault)
{
    struct erasing_walk walk = {visit, arg};
    return sqlite_walk(store->events, "SELECT learner, id, own, named FROM erasing", 0, erasing_row, &walk,
                       fault);
}

struct erasing_id_walk {
    enum rc (*visit)(void *arg, const struct store_id *id, struct fault *fault);
    void *arg;
};

static enum rc erasing_id_row(void *arg, sqlite3_stmt *row, struct fault *fault)
{
    const struct erasing_id_walk *walk = arg;
    const char *id = (const char *)sqlite3_column_text(row, 0);

    return walk->visit(
        walk->arg, &(struct store_id){STORE_LEARNER, 0, id ? id : "", (size_t)sqlite3_column_bytes(row, 0)},
        fault);
}

enum rc store_each_erasing_id(struct store *store,
                              enum rc (*visit)(void *arg, const struct store_id *id, struct fault *fault),
                              void *arg, struct fault *fault)
{
    struct erasing_id_walk walk = {visit, arg};
    return sqlite_ask(store, READ_ERASING, NULL, erasing_id_row, &walk, fault);
}

/* ---- remembered answers ---- */

struct answer_walk {
    enum rc (*visit)(void *arg, const struct store_answer *answer, struct fault *fault);
    void *arg;
    bool found;
};

/* The eighth column, where there is one: how long the body is, which is not read. */
static enum rc answer_row(void *arg, sqlite3_stmt *row, struct fault *fault)
{
    struct answer_walk *walk = arg;
    struct store_answer answer = {
        .at_ms = sqlite3_column_int64(row, 2),
        .status = sqlite3_column_int(row, 3),
        .etag = (const char *)sqlite3_column_text(row, 4),
        .body = sqlite3_column_blob(row, 5),
        .body_size = sqlite3_column_count(row) > 7 ? (size_t)sqlite3_column_int64(row, 7)
                                                   : (size_t)sqlite3_column_bytes(row, 5),
        .caller = (uint64_t)sqlite3_column_int64(row, 6),
    };

    if (sqlite3_column_bytes(row, 0) == sizeof answer.key &&
        sqlite3_column_bytes(row, 1) == sizeof answer.fingerprint) {
        memcpy(answer.key, sqlite3_column_blob(row, 0), sizeof answer.key);
        memcpy(answer.fingerprint, sqlite3_column_blob(row, 1), sizeof answer.fingerprint);
    }
    walk->found = true;
    return walk->visit(walk->arg, &answer, fault);
}

enum rc store_each_answer(struct store *store, int64_t since_ms,
                          enum rc (*visit)(void *arg, const struct store_answer *answer, struct fault *fault),
                          void *arg, struct fault *fault)
{
    struct answer_walk walk = {visit, arg, false};
    return sqlite_walk(store->events,
                       "SELECT key, fingerprint, at_ms, status, etag, NULL, caller, length(body) FROM answer"
                       " WHERE at_ms >= ?1 ORDER BY at_ms",
                       since_ms, answer_row, &walk, fault);
}

enum rc store_answer(struct store *store, const uint8_t key[16],
                     enum rc (*visit)(void *arg, const struct store_answer *answer, struct fault *fault),
                     void *arg, struct fault *fault)
{
    struct sqlite_reader *reader = sqlite_lend(store);
    sqlite3_stmt *statement = sqlite_prepared(reader, READ_ANSWER);
    struct answer_walk walk = {visit, arg, false};

    (void)sqlite3_bind_blob(statement, 1, key, 16, SQLITE_STATIC); /* the index is right */
    enum rc rc = sqlite_each_row(statement, answer_row, &walk, fault);
    sqlite_give_back(store, reader);
    return rc == RC_OK && !walk.found ? fault_set(fault, RC_NOT_FOUND, NULL, "no such answer") : rc;
}

/* ---- the ledger ---- */

struct ledger_walk {
    struct buf *out;
    bool found;
};

static enum rc ledger_row(void *arg, sqlite3_stmt *row, struct fault *fault)
{
    struct ledger_walk *walk = arg;

    walk->found = true;
    buf_text(walk->out, (const char *)sqlite3_column_text(row, 0));
    return walk->out->failed ? fault_no_memory(fault) : RC_OK;
}

enum rc store_ledger(struct store *store, const char *key, struct buf *out, struct fault *fault)
{
    struct sqlite_reader *reader = sqlite_lend(store);
    sqlite3_stmt *statement = sqlite_prepared(reader, READ_LEDGER);
    struct ledger_walk walk = {out, false};

    (void)sqlite3_bind_text(statement, 1, key, -1, SQLITE_STATIC); /* the index is right */
    enum rc rc = sqlite_each_row(statement, ledger_row, &walk, fault);
    sqlite_give_back(store, reader);
    return rc == RC_OK && !walk.found ? fault_set(fault, RC_NOT_FOUND, NULL, "not in the ledger") : rc;
}

struct ledger_entries {
    enum rc (*visit)(void *arg, const char *key, const char *value, struct fault *fault);
    void *arg;
};

static enum rc ledger_entry(void *arg, sqlite3_stmt *row, struct fault *fault)
{
    const struct ledger_entries *walk = arg;
    const char *key = (const char *)sqlite3_column_text(row, 0);
    const char *value = (const char *)sqlite3_column_text(row, 1);

    return key && value ? walk->visit(walk->arg, key, value, fault) : fault_no_memory(fault);
}

enum rc store_each_ledger(struct store *store,
                          enum rc (*visit)(void *arg, const char *key, const char *value,
                                           struct fault *fault),
                          void *arg, struct fault *fault)
{
    struct ledger_entries walk = {visit, arg};
    return sqlite_walk(store->events, "SELECT name, value FROM ledger ORDER BY name", 0, ledger_entry, &walk,
                       fault);
}

/* ---- events ---- */

static struct stored_event event_of(sqlite3_stmt *row)
{
    return (struct stored_event){
        .sequence = (uint64_t)sqlite3_column_int64(row, 0),
        .learner = (uint32_t)sqlite3_column_int64(row, 1),
        .kind = (uint8_t)sqlite3_column_int(row, 2),
        .at_ms = sqlite3_column_int64(row, 3),
        .body = sqlite3_column_blob(row, 5),
        .body_size = (size_t)sqlite3_column_bytes(row, 5),
    };
}

struct event_walk {
    enum rc (*visit)(void *arg, const struct stored_event *event, struct fault *fault);
    void *arg;
};

/* Hands an event over, if it is as it was written. */
static enum rc visit_event(const struct event_walk *walk, const struct stored_event *event, uint32_t crc,
                           struct fault *fault)
{
    if (sqlite_event_crc(event) != crc)
        return fault_text(fault, RC_INTERNAL, "the store failed",
                          "event %llu is damaged (checksum); restore a backup",
                          (unsigned long long)event->sequence);
    return walk->visit(walk->arg, event, fault);
}

static enum rc event_row(void *arg, sqlite3_stmt *row, struct fault *fault)
{
    struct stored_event event = event_of(row);
    return visit_event(arg, &event, (uint32_t)sqlite3_column_int64(row, 4), fault);
}

enum rc store_each_event(struct store *store, uint64_t after,
                         enum rc (*visit)(void *arg, const struct stored_event *event, struct fault *fault),
                         void *arg, struct fault *fault)
{
    struct event_walk walk = {visit, arg};
    return sqlite_walk(store->events, SQLITE_EVENT_COLUMNS "WHERE sequence > ?1 ORDER BY sequence",
                       (int64_t)after, event_row, &walk, fault);
}

/* Rows that were copied: their bodies lie in bytes, one after the other. */
struct event_page {
    struct stored_event events[SQLITE_PAGE_ROWS];
    uint32_t crcs[SQLITE_PAGE_ROWS];
    size_t count;
    struct buf bytes;
};

static bool page_full(const struct event_page *page)
{
    return page->count == SQLITE_PAGE_ROWS || page->bytes.size >= SQLITE_PAGE_BYTES;
}

static enum rc page_row(void *arg, sqlite3_stmt *row, struct fault *fault)
{
    struct event_page *page = arg;
    struct stored_event event = event_of(row);

    buf_add(&page->bytes, event.body, event.body_size);
    event.body = NULL; /* the bytes may still move */
    page->crcs[page->count] = (uint32_t)sqlite3_column_int64(row, 4);
    page->events[page->count++] = event;
    if (page->bytes.failed)
        return fault_no_memory(fault);
    return page_full(page) ? RC_ENOUGH : RC_OK;
}

/* Hands the page's events over and empties it. */
static enum rc page_visit(struct event_page *page, const struct event_walk *walk, struct fault *fault)
{
    const uint8_t *at = (const uint8_t *)page->bytes.bytes;
    enum rc rc = RC_OK;

    for (size_t i = 0; rc == RC_OK && i < page->count; i++) {
        struct stored_event *event = &page->events[i];
        event->body = event->body_size ? at : NULL;
        at += event->body_size;
        rc = visit_event(walk, event, page->crcs[i], fault);
    }
    page->count = 0;
    buf_clear(&page->bytes);
    return rc;
}

static void page_free(struct event_page *page)
{
    if (page)
        buf_done(&page->bytes);
    free(page);
}

/* Reads a page of the events with these sequences; *inout_at is moved past those that were looked for. */
static enum rc read_page_of(struct store *store, const uint64_t *sequences, size_t count, size_t *inout_at,
                            struct event_page *page, struct fault *fault)
{
    struct sqlite_reader *reader = sqlite_lend(store);
    sqlite3_stmt *statement = sqlite_prepared(reader, READ_EVENT);
    bool begun = count - *inout_at > 1 && sqlite_view_begin(reader->events);
    enum rc rc = RC_OK;

    for (size_t looked = 0; rc == RC_OK && *inout_at < count && looked < SQLITE_PAGE_ROWS && !page_full(page);
         looked++) {
        (void)sqlite3_bind_int64(statement, 1, (int64_t)sequences[*inout_at]); /* the index is right */
        rc = sqlite_each_row(statement, page_row, page, fault);
        ++*inout_at;
    }
    sqlite_view_end(reader->events, begun);
    sqlite_give_back(store, reader);
    return rc;
}

enum rc store_each_event_of(struct store *store, const uint64_t *sequences, size_t count,
                            enum rc (*visit)(void *arg, const struct stored_event *event,
                                             struct fault *fault),
                            void *arg, struct fault *fault)
{
    struct event_page *page = count ? calloc(1, sizeof *page) : NULL;
    struct event_walk walk = {visit, arg};
    enum rc rc = count && !page ? fault_no_memory(fault) : RC_OK;

    for (size_t at = 0; rc == RC_OK && at < count;) {
        rc = read_page_of(store, sequences, count, &at, page, fault);
        if (rc == RC_OK)
            rc = page_visit(page, &walk, fault);
    }
    page_free(page);
    return rc == RC_ENOUGH ? RC_OK : rc;
}

static enum rc count_row(void *arg, sqlite3_stmt *row, struct fault *fault)
{
    (void)fault;
    *(uint64_t *)arg = (uint64_t)sqlite3_column_int64(row, 0);
    return RC_OK;
}

enum rc store_count_events(struct store *store, uint64_t after, uint64_t upto, uint64_t *out_count,
                           struct fault *fault)
{
    const int64_t numbers[] = {(int64_t)after, (int64_t)upto};
    return sqlite_ask(store, READ_EVENT_COUNT, numbers, count_row, out_count, fault);
}

enum rc store_scan_events(struct store *store, uint64_t after, uint64_t upto,
                          enum rc (*visit)(void *arg, const struct stored_event *event, struct fault *fault),
                          void *arg, struct fault *fault)
{
    struct event_page *page = calloc(1, sizeof *page);
    struct event_walk walk = {visit, arg};
    enum rc rc = page ? RC_OK : fault_no_memory(fault);

    while (rc == RC_OK && after < upto) {
        const int64_t numbers[] = {(int64_t)after, (int64_t)upto, SQLITE_PAGE_ROWS};
        rc = sqlite_ask(store, READ_EVENTS, numbers, page_row, page, fault);
        after = page_full(page) ? page->events[page->count - 1].sequence : upto; /* there are no more */
        if (rc == RC_OK)
            rc = page_visit(page, &walk, fault);
    }
    page_free(page);
    return rc == RC_ENOUGH ? RC_OK : rc;
}
