#include "store/sqlite/sqlite_db.h"
#include "store/sqlite/sqlite_readers.h"

/* The index of the events in checkpoint.db: each learner's events, and the events that name somebody or
 * something. */

enum { OFFSETS_AT_ONCE = 4096 };

/* The low 16 bits of events' sequences, all of one bucket. */
struct offsets {
    uint8_t bytes[2 * OFFSETS_AT_ONCE];
    int size;
};

static bool offsets_add(struct offsets *offsets, uint64_t sequence)
{
    offsets->bytes[offsets->size++] = (uint8_t)sequence;
    offsets->bytes[offsets->size++] = (uint8_t)(sequence >> 8);
    return offsets->size < 2 * OFFSETS_AT_ONCE;
}

/* Enters them under the statement's two key columns, and empties them. */
static enum rc offsets_put(struct store *store, enum checkpoint_statement which, uint64_t first,
                           uint64_t second, struct offsets *offsets, struct fault *fault)
{
    sqlite3_stmt *add = store->checkpoint_writer[which];

    (void)sqlite3_bind_int64(add, 1, (int64_t)first); /* indexes are right by construction */
    (void)sqlite3_bind_int64(add, 2, (int64_t)second);
    (void)sqlite3_bind_blob(add, 3, offsets->bytes, offsets->size, SQLITE_STATIC);
    offsets->size = 0;
    return sqlite_step_done(add) ? RC_OK : sqlite_fail(store->checkpoint, "checkpoint.db", fault);
}

enum rc store_checkpoint_events(struct store *store, const struct event_ref *refs, size_t count,
                                struct fault *fault)
{
    struct offsets offsets = {.size = 0};
    enum rc rc = RC_OK;

    for (size_t i = 0; rc == RC_OK && i < count;) {
        const struct event_ref *first = &refs[i];
        uint64_t bucket = first->sequence >> SQLITE_BUCKET_BITS;
        bool room = true;
        for (; room && i < count && refs[i].learner == first->learner &&
               refs[i].sequence >> SQLITE_BUCKET_BITS == bucket;
             i++)
            room = offsets_add(&offsets, refs[i].sequence);
        rc = offsets_put(store, CHECKPOINT_ADD_EVENTS, bucket, first->learner, &offsets, fault);
    }
    return rc;
}

enum rc store_checkpoint_mentions(struct store *store, const struct mention_ref *refs, size_t count,
                                  struct fault *fault)
{
    struct offsets offsets = {.size = 0};
    enum rc rc = RC_OK;

    for (size_t i = 0; rc == RC_OK && i < count;) {
        const struct mention_ref *first = &refs[i];
        uint64_t bucket = first->sequence >> SQLITE_BUCKET_BITS;
        bool room = true;
        for (; room && i < count && refs[i].who == first->who &&
               refs[i].sequence >> SQLITE_BUCKET_BITS == bucket;
             i++)
            room = offsets_add(&offsets, refs[i].sequence);
        rc = offsets_put(store, CHECKPOINT_ADD_MENTIONS, first->who, bucket, &offsets, fault);
    }
    return rc;
}

enum rc store_checkpoint_forget(struct store *store, uint32_t learner, struct fault *fault)
{
    sqlite3_stmt *forget = store->checkpoint_writer[CHECKPOINT_FORGET];
    int64_t last = sqlite_one_number(store->checkpoint, "SELECT coalesce(max(bucket), 0) FROM learner_event");

    if (last < 0)
        return sqlite_fail(store->checkpoint, "checkpoint.db", fault);
    for (int64_t bucket = 0; bucket <= last; bucket++) {
        (void)sqlite3_bind_int64(forget, 1, bucket); /* indexes are right by construction */
        (void)sqlite3_bind_int64(forget, 2, learner);
        if (!sqlite_step_done(forget))
            return sqlite_fail(store->checkpoint, "checkpoint.db", fault);
    }
    return RC_OK;
}

/* ---- reading ---- */

struct sequence_walk {
    enum rc (*visit)(void *arg, uint64_t sequence, struct fault *fault);
    void *arg;
    int64_t bucket;
    bool enough;
};

/* The sequences of one bucket, whose offsets are in a row's column. */
static enum rc visit_offsets(struct sequence_walk *walk, sqlite3_stmt *row, int column, struct fault *fault)
{
    const uint8_t *at = sqlite3_column_blob(row, column);
    int size = sqlite3_column_bytes(row, column);
    enum rc rc = RC_OK;

    for (int i = 0; rc == RC_OK && i + 1 < size; i += 2)
        rc = walk->visit(
            walk->arg,
            (uint64_t)walk->bucket << SQLITE_BUCKET_BITS | (uint64_t)at[i] | (uint64_t)at[i + 1] << 8, fault);
    walk->enough = rc == RC_ENOUGH;
    return rc;
}

static enum rc bucket_row(void *arg, sqlite3_stmt *row, struct fault *fault)
{
    return visit_offsets(arg, row, 0, fault);
}

/* Some buckets of a learner's, from the walk's on. */
static enum rc read_buckets(struct store *store, uint32_t learner, int64_t last, struct sequence_walk *walk,
                            struct fault *fault)
{
    enum { SOME = 256 };
    struct sqlite_reader *reader = sqlite_lend(store);
    sqlite3_stmt *statement = sqlite_prepared(reader, READ_BUCKET);
    bool begun = walk->bucket < last && sqlite_view_begin(reader->checkpoint);
    enum rc rc = RC_OK;

    for (int i = 0; rc == RC_OK && i < SOME && !walk->enough && walk->bucket <= last; i++) {
        (void)sqlite3_bind_int64(statement, 1, walk->bucket); /* indexes are right by construction */
        (void)sqlite3_bind_int64(statement, 2, learner);
        rc = sqlite_each_row(statement, bucket_row, walk, fault);
        walk->bucket++;
    }
    sqlite_view_end(reader->checkpoint, begun);
    sqlite_give_back(store, reader);
    return rc;
}

static enum rc last_row(void *arg, sqlite3_stmt *row, struct fault *fault)
{
    (void)fault;
    if (sqlite3_column_type(row, 0) != SQLITE_NULL)
        *(int64_t *)arg = sqlite3_column_int64(row, 0);
    return RC_OK;
}

enum rc store_each_indexed(struct store *store, uint32_t learner,
                           enum rc (*visit)(void *arg, uint64_t sequence, struct fault *fault), void *arg,
                           struct fault *fault)
{
    struct sequence_walk walk = {visit, arg, 0, false};
    int64_t last = -1;
    enum rc rc = RC_OK;

    if (store->readers[0].checkpoint) /* else a store opened to read has none */
        rc = sqlite_ask(store, READ_LAST_BUCKET, NULL, last_row, &last, fault);
    while (rc == RC_OK && !walk.enough && walk.bucket <= last)
        rc = read_buckets(store, learner, last, &walk, fault);
    return rc;
}

struct entry_walk {
    enum rc (*visit)(void *arg, uint32_t learner, uint64_t sequence, struct fault *fault);
    void *arg;
    uint32_t learner;
};

static enum rc visit_entry(void *arg, uint64_t sequence, struct fault *fault)
{
    const struct entry_walk *walk = arg;
    return walk->visit(walk->arg, walk->learner, sequence, fault);
}

static enum rc entry_row(void *arg, sqlite3_stmt *row, struct fault *fault)
{
    struct entry_walk *walk = arg;
    struct sequence_walk of_row = {visit_entry, walk, sqlite3_column_int64(row, 0), false};

    walk->learner = (uint32_t)sqlite3_column_int64(row, 1);
    return visit_offsets(&of_row, row, 2, fault);
}

enum rc store_each_index_entry(struct store *store,
                               enum rc (*visit)(void *arg, uint32_t learner, uint64_t sequence,
                                                struct fault *fault),
                               void *arg, struct fault *fault)
{
    struct entry_walk walk = {visit, arg, 0};
    return sqlite_walk(store->checkpoint, "SELECT bucket, learner, offsets FROM learner_event", 0, entry_row,
                       &walk, fault);
}

static enum rc mention_row(void *arg, sqlite3_stmt *row, struct fault *fault)
{
    struct sequence_walk *walk = arg;

    walk->bucket = sqlite3_column_int64(row, 0);
    return visit_offsets(walk, row, 1, fault);
}

enum rc store_each_mention(struct store *store, uint64_t who,
                           enum rc (*visit)(void *arg, uint64_t sequence, struct fault *fault), void *arg,
                           struct fault *fault)
{
    struct sequence_walk walk = {visit, arg, 0, false};
    enum rc rc = RC_OK;

    /* a row of up to 65,536 at a time; without a checkpoint there is none */
    for (int64_t from = 0; rc == RC_OK && !walk.enough && from >= 0 && store->readers[0].checkpoint;) {
        const int64_t numbers[] = {(int64_t)who, from};
        walk.bucket = -1;
        rc = sqlite_ask(store, READ_MENTIONS, numbers, mention_row, &walk, fault);
        from = walk.bucket < 0 ? -1 : walk.bucket + 1;
    }
    return rc;
}

struct walk_back {
    struct sequence_walk walk;
    enum rc (*visit)(void *arg, uint64_t sequence, struct fault *fault);
    void *arg;
    uint64_t before;
};

static enum rc visit_before(void *arg, uint64_t sequence, struct fault *fault)
{
    const struct walk_back *back = arg;
    return sequence < back->before ? back->visit(back->arg, sequence, fault) : RC_OK;
}

enum rc store_mentions_before(struct store *store, uint64_t who, uint64_t before,
                              enum rc (*visit)(void *arg, uint64_t sequence, struct fault *fault), void *arg,
                              uint64_t *out_next, struct fault *fault)
{
    struct walk_back back = {.visit = visit, .arg = arg, .before = before};
    const int64_t numbers[] = {(int64_t)who, (int64_t)((before - 1) >> SQLITE_BUCKET_BITS)};
    enum rc rc = RC_OK;

    back.walk = (struct sequence_walk){visit_before, &back, 0, false};
    if (before > 1 && store->readers[0].checkpoint) /* without a checkpoint there is none */
        rc = sqlite_ask(store, READ_MENTIONS_BACK, numbers, mention_row, &back.walk, fault);
    *out_next = (uint64_t)back.walk.bucket << SQLITE_BUCKET_BITS;
    return rc;
}
