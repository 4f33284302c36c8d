#include <stdlib.h>

#include "store/sqlite/sqlite_db.h"
#include "store/sqlite/sqlite_readers.h"

/* Log entries: a learner's list, all of them, one of them, and how many each learner has. */

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
    struct store_log logs[SQLITE_PAGE_ROWS];
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
        (void)sqlite3_bind_int64(statement, limit_index, SQLITE_PAGE_ROWS); /* the index is right */
        while (page->count < SQLITE_PAGE_ROWS && page->bytes.size < SQLITE_PAGE_BYTES &&
               (code = sqlite3_step(statement)) == SQLITE_ROW) {
            struct store_log *log = &page->logs[page->count++];
            *log = log_of(statement);
            buf_add(&page->bytes, log->members, log->members_size);
        }
        page->over = code == SQLITE_DONE;
    }
    return sqlite_read_end(statement, code, fault);
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
        struct sqlite_reader *reader = sqlite_lend(store);
        sqlite3_stmt *statement = sqlite_prepared(reader, which);
        bind_numbers(statement, numbers, count);
        rc = read_log_page(statement, count + 1, page, fault);
        sqlite_give_back(store, reader);
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
    return code == SQLITE_DONE ? RC_OK : sqlite_fail(store->events, "log totals", fault);
}

/* On the owner's connection, which sees its commit at once and waits for nobody. */
enum rc store_log(struct store *store, uint64_t log_id, bool (*visit)(void *arg, const struct store_log *log),
                  void *arg, struct fault *fault)
{
    int code = SQLITE_ERROR;
    bool found = false;

    if (!store->get_log)
        (void)sqlite3_prepare_v3(store->events, sqlite_read_sql[READ_LOG], -1, SQLITE_PREPARE_PERSISTENT,
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
    enum rc rc = sqlite_read_end(store->get_log, code, fault);
    return rc == RC_OK && !found ? fault_set(fault, RC_NOT_FOUND, NULL, "Progress log not found") : rc;
}

enum rc store_log_owner(struct store *store, uint64_t log_id, uint32_t *out_learner, struct fault *fault)
{
    struct sqlite_reader *reader = sqlite_lend(store);
    sqlite3_stmt *statement = sqlite_prepared(reader, READ_LOG_OWNER);
    int code = SQLITE_ERROR;

    *out_learner = 0;
    if (statement) {
        (void)sqlite3_bind_int64(statement, 1, (int64_t)log_id); /* the index is right */
        code = sqlite3_step(statement);
        if (code == SQLITE_ROW)
            *out_learner = (uint32_t)sqlite3_column_int64(statement, 0);
    }
    enum rc rc = sqlite_read_end(statement, code, fault);
    sqlite_give_back(store, reader);
    return rc == RC_OK && *out_learner == 0 ? fault_set(fault, RC_NOT_FOUND, NULL, "Progress log not found")
                                            : rc;
}
