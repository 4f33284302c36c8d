#include <stdlib.h>

#include "store/sqlite/sqlite_db.h"
#include "store/sqlite/sqlite_readers.h"

/* Log entries: a learner's list, all of them, one of them, and how many each learner has. */

static struct store_log log_of(sqlite3_stmt *row)
{
    return (struct store_log){
        .log_id = (uint64_t)sqlite3_column_int64(row, 0),
        .learner = (uint32_t)sqlite3_column_int64(row, 1),
        .date_ms = sqlite3_column_int64(row, 2),
        .created_ms = sqlite3_column_int64(row, 3),
        .updated_ms = sqlite3_column_int64(row, 4),
        .members = sqlite3_column_blob(row, 5),
        .members_size = (size_t)sqlite3_column_bytes(row, 5),
    };
}

/* ---- lists, a page at a time ---- */

/* Rows that were copied: their members lie in bytes, one after the other. */
struct log_page {
    struct store_log logs[SQLITE_PAGE_ROWS];
    size_t count;
    bool full; /* there may be more */
    struct buf bytes;
};

static enum rc page_row(void *arg, sqlite3_stmt *row, struct fault *fault)
{
    struct log_page *page = arg;
    struct store_log *log = &page->logs[page->count++];

    *log = log_of(row);
    buf_add(&page->bytes, log->members, log->members_size);
    if (page->bytes.failed)
        return fault_no_memory(fault);
    page->full = page->count == SQLITE_PAGE_ROWS || page->bytes.size >= SQLITE_PAGE_BYTES;
    return page->full ? RC_ENOUGH : RC_OK;
}

/* A list of entries: what is asked, with which numbers, and how the next page's numbers follow from the last
 * entry of this one. */
struct log_walk {
    enum read_statement which;
    int64_t numbers[5];
    void (*next)(int64_t *numbers, const struct store_log *last);
    enum rc (*visit)(void *arg, const struct store_log *log, struct fault *fault);
    void *arg;
};

static enum rc visit_page(struct log_page *page, const struct log_walk *walk, struct fault *fault)
{
    const uint8_t *at = (const uint8_t *)page->bytes.bytes;
    enum rc rc = RC_OK;

    for (size_t i = 0; rc == RC_OK && i < page->count; i++) {
        struct store_log *log = &page->logs[i];
        log->members = log->members_size ? at : NULL;
        at += log->members_size;
        rc = walk->visit(walk->arg, log, fault);
    }
    return rc;
}

static enum rc each_log(struct store *store, struct log_walk *walk, struct fault *fault)
{
    struct log_page *page = calloc(1, sizeof *page);
    enum rc rc = page ? RC_OK : fault_no_memory(fault);
    bool going = rc == RC_OK;

    while (rc == RC_OK && going) {
        page->count = 0;
        page->full = false;
        buf_clear(&page->bytes);
        rc = sqlite_ask(store, walk->which, walk->numbers, page_row, page, fault);
        if (rc == RC_OK)
            rc = visit_page(page, walk, fault);
        going = page->full;
        if (going)
            walk->next(walk->numbers, &page->logs[page->count - 1]);
    }
    if (page)
        buf_done(&page->bytes);
    free(page);
    return rc == RC_ENOUGH ? RC_OK : rc;
}

static void older(int64_t *numbers, const struct store_log *last)
{
    numbers[2] = last->date_ms;
    numbers[3] = (int64_t)last->log_id;
}

enum rc store_each_log(struct store *store, uint32_t learner, const struct log_filter *filter,
                       enum rc (*visit)(void *arg, const struct store_log *log, struct fault *fault),
                       void *arg, struct fault *fault)
{
    struct log_walk walk = {
        READ_LOGS, {learner, INT64_MIN, INT64_MAX, INT64_MAX, SQLITE_PAGE_ROWS}, older, visit, arg};

    if (filter && filter->has_from)
        walk.numbers[1] = filter->from_ms;
    if (filter && filter->has_to)
        walk.numbers[2] = filter->to_ms;
    if (filter && filter->has_before && filter->before_ms <= walk.numbers[2]) {
        walk.numbers[2] = filter->before_ms;
        walk.numbers[3] = (int64_t)filter->before_id;
    }
    return each_log(store, &walk, fault);
}

static void after(int64_t *numbers, const struct store_log *last)
{
    numbers[0] = last->learner;
    numbers[1] = last->date_ms;
    numbers[2] = (int64_t)last->log_id;
}

enum rc store_each_log_of_all(struct store *store,
                              enum rc (*visit)(void *arg, const struct store_log *log, struct fault *fault),
                              void *arg, struct fault *fault)
{
    struct log_walk walk = {READ_ALL_LOGS, {0, 0, 0, SQLITE_PAGE_ROWS}, after, visit, arg};
    return each_log(store, &walk, fault);
}

/* ---- how many ---- */

struct total_walk {
    enum rc (*visit)(void *arg, const struct store_log_total *total, struct fault *fault);
    void *arg;
};

static enum rc total_row(void *arg, sqlite3_stmt *row, struct fault *fault)
{
    const struct total_walk *walk = arg;
    struct store_log_total total = {
        (uint32_t)sqlite3_column_int64(row, 0), (uint32_t)sqlite3_column_int64(row, 1),
        (uint32_t)sqlite3_column_int64(row, 2), (uint64_t)sqlite3_column_int64(row, 3),
        (uint64_t)sqlite3_column_int64(row, 4),
    };
    return walk->visit(walk->arg, &total, fault);
}

enum rc store_each_log_total(struct store *store,
                             enum rc (*visit)(void *arg, const struct store_log_total *total,
                                              struct fault *fault),
                             void *arg, struct fault *fault)
{
    struct total_walk walk = {visit, arg};
    return sqlite_walk(store->events, "SELECT learner, entries, rollbacks, bytes, settling FROM log_total", 0,
                       total_row, &walk, fault);
}

/* ---- one ---- */

struct one_walk {
    enum rc (*visit)(void *arg, const struct store_log *log, struct fault *fault);
    void *arg;
    bool found;
};

static enum rc one_row(void *arg, sqlite3_stmt *row, struct fault *fault)
{
    struct one_walk *walk = arg;
    struct store_log log = log_of(row);

    log.deleted = sqlite3_column_int(row, 6) != 0;
    walk->found = true;
    return walk->visit(walk->arg, &log, fault);
}

/* On the owner's connection, which sees its commit at once and waits for nobody. */
enum rc store_log(struct store *store, uint64_t log_id,
                  enum rc (*visit)(void *arg, const struct store_log *log, struct fault *fault), void *arg,
                  struct fault *fault)
{
    struct one_walk walk = {visit, arg, false};

    if (!store->get_log)
        (void)sqlite3_prepare_v3(store->events, sqlite_read_sql[READ_LOG], -1, SQLITE_PREPARE_PERSISTENT,
                                 &store->get_log, NULL);          /* NULL says it */
    (void)sqlite3_bind_int64(store->get_log, 1, (int64_t)log_id); /* the index is right */
    enum rc rc = sqlite_each_row(store->get_log, one_row, &walk, fault);
    return rc == RC_OK && !walk.found ? fault_set(fault, RC_NOT_FOUND, NULL, "Progress log not found") : rc;
}

static enum rc owner_row(void *arg, sqlite3_stmt *row, struct fault *fault)
{
    (void)fault;
    *(uint32_t *)arg = (uint32_t)sqlite3_column_int64(row, 0);
    return RC_OK;
}

enum rc store_log_owner(struct store *store, uint64_t log_id, uint32_t *out_learner, struct fault *fault)
{
    const int64_t number = (int64_t)log_id;

    *out_learner = 0;
    enum rc rc = sqlite_ask(store, READ_LOG_OWNER, &number, owner_row, out_learner, fault);
    return rc == RC_OK && *out_learner == 0 ? fault_set(fault, RC_NOT_FOUND, NULL, "Progress log not found")
                                            : rc;
}
