#include "store/sqlite/sqlite_db.h"
#include "store/sqlite/sqlite_readers.h"

/* The index of the events in checkpoint.db: each learner's events, and the events that name somebody or
 * something. */

enum rc store_checkpoint_events(struct store *store, const struct event_ref *refs, size_t count,
                                struct fault *fault)
{
    enum { ROOM = 4096 };
    sqlite3_stmt *add = store->checkpoint_writer[CHECKPOINT_ADD_EVENTS];
    uint8_t offsets[2 * ROOM];

    for (size_t i = 0; i < count;) {
        uint64_t bucket = refs[i].sequence >> SQLITE_BUCKET_BITS;
        uint32_t learner = refs[i].learner;
        int size = 0;
        for (; i < count && refs[i].learner == learner && refs[i].sequence >> SQLITE_BUCKET_BITS == bucket &&
               size < 2 * ROOM;
             i++) {
            offsets[size++] = (uint8_t)refs[i].sequence;
            offsets[size++] = (uint8_t)(refs[i].sequence >> 8);
        }
        (void)sqlite3_bind_int64(add, 1, (int64_t)bucket); /* indexes are right by construction */
        (void)sqlite3_bind_int64(add, 2, learner);
        (void)sqlite3_bind_blob(add, 3, offsets, size, SQLITE_STATIC);
        if (!sqlite_step_done(add))
            return sqlite_fail(store->checkpoint, "checkpoint.db", fault);
    }
    return RC_OK;
}

enum rc store_checkpoint_mentions(struct store *store, const struct mention_ref *refs, size_t count,
                                  struct fault *fault)
{
    enum { ROOM = 4096 };
    sqlite3_stmt *add = store->checkpoint_writer[CHECKPOINT_ADD_MENTIONS];
    uint8_t offsets[2 * ROOM];

    for (size_t i = 0; i < count;) {
        uint64_t who = refs[i].who, bucket = refs[i].sequence >> SQLITE_BUCKET_BITS;
        int size = 0;
        for (; i < count && refs[i].who == who && refs[i].sequence >> SQLITE_BUCKET_BITS == bucket &&
               size < 2 * ROOM;
             i++) {
            offsets[size++] = (uint8_t)refs[i].sequence;
            offsets[size++] = (uint8_t)(refs[i].sequence >> 8);
        }
        (void)sqlite3_bind_int64(add, 1, (int64_t)who); /* indexes are right by construction */
        (void)sqlite3_bind_int64(add, 2, (int64_t)bucket);
        (void)sqlite3_bind_blob(add, 3, offsets, size, SQLITE_STATIC);
        if (!sqlite_step_done(add))
            return sqlite_fail(store->checkpoint, "checkpoint.db", fault);
    }
    return RC_OK;
}

enum rc store_checkpoint_forget(struct store *store, uint32_t learner, struct fault *fault)
{
    sqlite3_stmt *forget = store->checkpoint_writer[CHECKPOINT_FORGET];
    int64_t last =
        sqlite_one_number(store->checkpoint, "SELECT coalesce(max(bucket), -1) FROM learner_event");

    for (int64_t bucket = 0; bucket <= last; bucket++) {
        (void)sqlite3_bind_int64(forget, 1, bucket); /* indexes are right by construction */
        (void)sqlite3_bind_int64(forget, 2, learner);
        if (!sqlite_step_done(forget))
            return sqlite_fail(store->checkpoint, "checkpoint.db", fault);
    }
    return RC_OK;
}

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
    struct sqlite_reader *reader = sqlite_lend(store);
    sqlite3_stmt *statement = sqlite_prepared(reader, READ_BUCKET);
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
    enum rc rc = sqlite_read_end(statement, code, fault);
    sqlite_give_back(store, reader);
    return rc;
}

enum rc store_each_indexed(struct store *store, uint32_t learner, bool (*visit)(void *arg, uint64_t sequence),
                           void *arg, struct fault *fault)
{
    struct sqlite_reader *reader = sqlite_lend(store);
    sqlite3_stmt *statement = reader->checkpoint ? sqlite_prepared(reader, READ_LAST_BUCKET) : NULL;
    int code = statement ? sqlite3_step(statement) : SQLITE_ERROR;
    int64_t last = code == SQLITE_ROW && sqlite3_column_type(statement, 0) != SQLITE_NULL
                       ? sqlite3_column_int64(statement, 0)
                       : -1;
    enum rc rc = reader->checkpoint ? sqlite_read_end(statement, code, fault) : RC_OK;

    sqlite_give_back(store, reader);
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
    return code == SQLITE_DONE ? RC_OK : sqlite_fail(store->checkpoint, "the index of events", fault);
}

enum rc store_each_mention(struct store *store, uint64_t who, bool (*visit)(void *arg, uint64_t sequence),
                           void *arg, struct fault *fault)
{
    int64_t bucket = 0;
    enum rc rc = RC_OK;

    while (rc == RC_OK && bucket >= 0) { /* a row of up to 65,536 at a time */
        struct sqlite_reader *reader = sqlite_lend(store);
        sqlite3_stmt *statement = reader->checkpoint ? sqlite_prepared(reader, READ_MENTIONS) : NULL;
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
        rc = reader->checkpoint ? sqlite_read_end(statement, code, fault) : RC_OK;
        sqlite_give_back(store, reader);
        if (!statement)
            return rc;
        if (rc == RC_OK && !whole)
            rc = fault_no_memory(fault);
        bucket = bucket < 0 ? bucket : bucket + 1;
    }
    return rc;
}
