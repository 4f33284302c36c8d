#include <stdlib.h>
#include <string.h>

#include "store/sqlite/sqlite_db.h"
#include "store/sqlite/sqlite_events.h"
#include "store/sqlite/sqlite_readers.h"

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
    return code == SQLITE_DONE ? RC_OK : sqlite_fail(store->events, "ids", fault);
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
    return code == SQLITE_DONE || code == SQLITE_ROW ? RC_OK : sqlite_fail(store->events, "answers", fault);
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
        return fault_text(fault, RC_INTERNAL, "the store failed",
                          "event %llu is damaged (checksum); restore a backup",
                          (unsigned long long)event->sequence);
    return visit(arg, event) ? RC_OK : fault_set(fault, RC_BUSY, NULL, "an event could not be taken");
}

enum rc store_each_event(struct store *store, uint64_t after,
                         bool (*visit)(void *arg, const struct stored_event *event), void *arg,
                         struct fault *fault)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(store->events, SQLITE_EVENT_COLUMNS "WHERE sequence > ?1 ORDER BY sequence",
                                  -1, &statement, NULL);
    enum rc rc = RC_OK;

    if (code != SQLITE_OK)
        return sqlite_fail(store->events, "events", fault);
    (void)sqlite3_bind_int64(statement, 1, (int64_t)after); /* the index is right */
    while (rc == RC_OK && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        struct stored_event event = event_of(statement);
        rc = visit_event(&event, (uint32_t)sqlite3_column_int64(statement, 4), visit, arg, fault);
    }
    if (rc == RC_OK && code != SQLITE_DONE)
        rc = sqlite_fail(store->events, "events", fault);
    (void)sqlite3_finalize(statement); /* repeats the code of the step */
    return rc;
}

/* Rows that were copied: their bodies lie in bytes, one after the other. */
struct event_page {
    struct stored_event events[SQLITE_PAGE_ROWS];
    uint32_t crcs[SQLITE_PAGE_ROWS];
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
    return page->count == SQLITE_PAGE_ROWS || page->bytes.size >= SQLITE_PAGE_BYTES;
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
    struct sqlite_reader *reader = sqlite_lend(store);
    sqlite3_stmt *statement = sqlite_prepared(reader, READ_EVENT);
    int code = statement ? SQLITE_DONE : SQLITE_ERROR;
    size_t looked = 0;

    while (statement && *inout_at < count && looked++ < SQLITE_PAGE_ROWS && !page_full(page)) {
        (void)sqlite3_bind_int64(statement, 1, (int64_t)sequences[*inout_at]); /* the index is right */
        code = sqlite3_step(statement);
        if (code == SQLITE_ROW)
            page_add(page, statement);
        else if (code != SQLITE_DONE)
            break;
        (void)sqlite3_reset(statement); /* repeats the code of the step */
        ++*inout_at;
    }
    enum rc rc = sqlite_read_end(statement, code, fault);
    sqlite_give_back(store, reader);
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
    struct sqlite_reader *reader = sqlite_lend(store);
    sqlite3_stmt *statement = sqlite_prepared(reader, READ_EVENTS);
    int code = SQLITE_ERROR;

    *out_last = after;
    if (statement) {
        (void)sqlite3_bind_int64(statement, 1, (int64_t)after); /* indexes are right by construction */
        (void)sqlite3_bind_int64(statement, 2, (int64_t)upto);
        (void)sqlite3_bind_int64(statement, 3, SQLITE_PAGE_ROWS);
        while (!page_full(page) && (code = sqlite3_step(statement)) == SQLITE_ROW) {
            page_add(page, statement);
            *out_last = page->events[page->count - 1].sequence;
        }
        if (code == SQLITE_DONE && page->count < SQLITE_PAGE_ROWS)
            *out_last = upto; /* there are no more */
    }
    enum rc rc = sqlite_read_end(statement, code, fault);
    sqlite_give_back(store, reader);
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
    struct sqlite_reader *reader = sqlite_lend(store);
    sqlite3_stmt *statement = sqlite_prepared(reader, READ_ANSWER);
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
    enum rc rc = sqlite_read_end(statement, code, fault);
    sqlite_give_back(store, reader);
    return rc == RC_OK && !found ? fault_set(fault, RC_NOT_FOUND, NULL, "no such answer") : rc;
}

enum rc store_ledger(struct store *store, const char *key, struct buf *out, struct fault *fault)
{
    struct sqlite_reader *reader = sqlite_lend(store);
    sqlite3_stmt *statement = sqlite_prepared(reader, READ_LEDGER);
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
    enum rc rc = sqlite_read_end(statement, code, fault);
    sqlite_give_back(store, reader);
    return rc == RC_OK && !found ? fault_set(fault, RC_NOT_FOUND, NULL, "not in the ledger") : rc;
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
    return code == SQLITE_DONE ? RC_OK : sqlite_fail(store->events, "erasures", fault);
}
