#include "test.h"

#include <stdio.h>
#include <unistd.h>

#include "store/checkpoint.h"
#include "store/store.h"

/* Walks: each hands on all that is there, ends where its visitor has enough, and says what its visitor says.
 */

static char directory[64];

static int make_directory(void **state)
{
    (void)state;
    strcpy(directory, "/tmp/milepost-reads-XXXXXX");
    return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
    (void)state;
    store_remove(directory);
    return access(directory, F_OK) == 0;
}

/* Two of everything. */
static struct store *filled(void)
{
    const struct stored_event events[] = {
        {.sequence = 1, .learner = 1, .kind = 1, .at_ms = 5, .body = (const uint8_t *)"abc", .body_size = 3},
        {.sequence = 2, .learner = 2, .kind = 1, .at_ms = 6, .body = (const uint8_t *)""},
    };
    const struct store_id ids[] = {
        {STORE_LEARNER, 1, "anna", 4}, {STORE_LEARNER, 2, "ben", 3}, {STORE_COURSE, 1, "c", 1}};
    const struct store_log logs[] = {
        {.log_id = 9, .learner = 1, .date_ms = 3, .members = (const uint8_t *)"m", .members_size = 1},
        {.log_id = 10, .learner = 1, .date_ms = 4, .members = (const uint8_t *)""}};
    const struct store_log_total totals[] = {{1, 2, 0, 1, 0}, {2, 0, 1, 0, 0}};
    const struct store_answer answers[] = {
        {.key = {1}, .at_ms = 7, .status = 201, .etag = "", .body = "body", .body_size = 4, .caller = 3},
        {.key = {2}, .at_ms = 8, .status = 200, .etag = "e"}};
    const struct store_erasure erasure = {.learner = 3,
                                          .id = "carl",
                                          .id_size = 4,
                                          .own = (const uint8_t *)"o",
                                          .own_size = 1,
                                          .named = (const uint8_t *)"n",
                                          .named_size = 1};
    const struct store_batch batch = {.events = events,
                                      .event_count = 2,
                                      .ids = ids,
                                      .id_count = 3,
                                      .logs = logs,
                                      .log_count = 2,
                                      .log_totals = totals,
                                      .log_total_count = 2,
                                      .answers = answers,
                                      .answer_count = 2,
                                      .ledger_key = "book",
                                      .ledger_value = "page",
                                      .erasure = &erasure,
                                      .counters = {.sequence = 2, .log_id = 10}};
    const struct checkpoint_row rows[] = {{CHECKPOINT_COURSE, 1, (const uint8_t *)"c", 1},
                                          {CHECKPOINT_LEARNER, 1, (const uint8_t *)"l", 1}};
    const struct event_ref refs[] = {{1, 1}, {2, 1}};
    const struct mention_ref mentions[] = {{1, 77}, {2, 77}};
    struct store *store = NULL;
    struct fault fault;

    if (store_open(&(struct store_place){.directory = directory}, &store, &fault) != RC_OK ||
        store_commit(store, &batch, &fault) != RC_OK || store_checkpoint_begin(store, &fault) != RC_OK ||
        store_checkpoint_row(store, &rows[0], &fault) != RC_OK ||
        store_checkpoint_row(store, &rows[1], &fault) != RC_OK ||
        store_checkpoint_events(store, refs, 2, &fault) != RC_OK ||
        store_checkpoint_mentions(store, mentions, 2, &fault) != RC_OK ||
        store_checkpoint_commit(store, 2, 8000, &fault) != RC_OK)
        fail_msg("%s", fault_why(&fault));
    return store;
}

/* What the visitor says at its stop-th visit. */
struct visitor {
    int visits, stop;
    enum rc says;
};

static enum rc visited(void *arg, struct fault *fault)
{
    struct visitor *visitor = arg;

    if (++visitor->visits != visitor->stop)
        return RC_OK;
    return visitor->says == RC_ENOUGH ? RC_ENOUGH : fault_set(fault, visitor->says, NULL, "said the visitor");
}

static enum rc see_id(void *arg, const struct store_id *id, struct fault *fault)
{
    assert_true(id->size > 0);
    return visited(arg, fault);
}

static enum rc see_event(void *arg, const struct stored_event *event, struct fault *fault)
{
    assert_int_equal(event->body_size, event->sequence == 1 ? 3 : 0);
    return visited(arg, fault);
}

static enum rc see_answer(void *arg, const struct store_answer *answer, struct fault *fault)
{
    assert_int_equal(answer->body_size, answer->key[0] == 1 ? 4 : 0);
    return visited(arg, fault);
}

static enum rc see_log(void *arg, const struct store_log *log, struct fault *fault)
{
    assert_int_equal(log->members_size, log->log_id == 9);
    return visited(arg, fault);
}

static enum rc see_total(void *arg, const struct store_log_total *total, struct fault *fault)
{
    assert_int_equal(total->entries, total->learner == 1 ? 2 : 0);
    return visited(arg, fault);
}

static enum rc see_erasing(void *arg, const struct store_erasure *erasure, struct fault *fault)
{
    assert_memory_equal(erasure->id, "carl", 4);
    return visited(arg, fault);
}

static enum rc see_row(void *arg, const struct checkpoint_row *row, struct fault *fault)
{
    assert_int_equal(row->bytes[0], row->kind == CHECKPOINT_COURSE ? 'c' : 'l');
    return visited(arg, fault);
}

static enum rc see_sequence(void *arg, uint64_t sequence, struct fault *fault)
{
    assert_true(sequence == 1 || sequence == 2);
    return visited(arg, fault);
}

static enum rc see_id_being_erased(void *arg, const struct store_id *id, struct fault *fault)
{
    assert_int_equal(id->size, 4);
    assert_memory_equal(id->id, "carl", 4);
    return visited(arg, fault);
}

static enum rc see_entry(void *arg, uint32_t learner, uint64_t sequence, struct fault *fault)
{
    assert_int_equal(learner, 1);
    assert_true(sequence == 1 || sequence == 2);
    return visited(arg, fault);
}

/* Row: a walk, and how many it visits. */
static const struct {
    const char *what;
    int there;
} walks[] = {{"ids", 3},     {"events", 2}, {"events of", 2}, {"scan", 2},
             {"answers", 2}, {"answer", 1}, {"logs", 2},      {"all logs", 2},
             {"log", 1},     {"totals", 2}, {"erasing", 1},   {"rows", 2},
             {"indexed", 2}, {"index", 2},  {"mentions", 2},  {"erasing ids", 1}};

static enum rc walk(struct store *store, size_t which, struct visitor *visitor, struct fault *fault)
{
    static const uint64_t sequences[] = {1, 2, 3};
    static const uint8_t key[16] = {1};

    switch (which) {
    case 0:
        return store_each_id(store, see_id, visitor, fault);
    case 1:
        return store_each_event(store, 0, see_event, visitor, fault);
    case 2:
        return store_each_event_of(store, sequences, 3, see_event, visitor, fault);
    case 3:
        return store_scan_events(store, 0, 9, see_event, visitor, fault);
    case 4:
        return store_each_answer(store, 0, see_answer, visitor, fault);
    case 5:
        return store_answer(store, key, see_answer, visitor, fault);
    case 6:
        return store_each_log(store, 1, NULL, see_log, visitor, fault);
    case 7:
        return store_each_log_of_all(store, see_log, visitor, fault);
    case 8:
        return store_log(store, 9, see_log, visitor, fault);
    case 9:
        return store_each_log_total(store, see_total, visitor, fault);
    case 10:
        return store_each_erasing(store, see_erasing, visitor, fault);
    case 11:
        return store_each_checkpoint_row(store, see_row, visitor, fault);
    case 12:
        return store_each_indexed(store, 1, see_sequence, visitor, fault);
    case 13:
        return store_each_index_entry(store, see_entry, visitor, fault);
    case 14:
        return store_each_mention(store, 77, see_sequence, visitor, fault);
    default:
        return store_each_erasing_id(store, see_id_being_erased, visitor, fault);
    }
}

/* How many events lie between two sequences, and that the files are there. */
static void see_counts(struct store *store)
{
    static const struct {
        uint64_t after, upto, want;
    } rows[] = {{0, 9, 2}, {0, 2, 2}, {0, 1, 1}, {1, 2, 1}, {2, 9, 0}, {1, 1, 0}};
    struct fault fault;

    for (size_t i = 0; i < COUNT(rows); i++) {
        uint64_t count = 99;
        assert_int_equal(store_count_events(store, rows[i].after, rows[i].upto, &count, &fault), RC_OK);
        assert_int_equal(count, rows[i].want);
    }
    assert_true(store_file_bytes(store) > 4096);
}

static void a_walk_visits_all_and_says_what_its_visitor_says(void **unused)
{
    struct store *store = filled();
    (void)unused;
    for (size_t i = 0; i < COUNT(walks); i++) {
        struct visitor all = {0}, enough = {.stop = 1, .says = RC_ENOUGH},
                       refusing = {.stop = walks[i].there, .says = RC_CONFLICT};
        struct fault fault = {NULL, NULL};
        enum rc first = walk(store, i, &all, &fault), second = walk(store, i, &enough, &fault),
                third = walk(store, i, &refusing, &fault);
        if (first != RC_OK || all.visits != walks[i].there || second != RC_OK || enough.visits != 1 ||
            third != RC_CONFLICT || strcmp(fault.message, "said the visitor") != 0)
            fail_msg("%s: %d %d visits, %d %d visits, %d %s", walks[i].what, (int)first, all.visits,
                     (int)second, enough.visits, (int)third, fault_why(&fault));
    }
    see_counts(store);
    store_close(store);
}

static enum rc add_up(void *arg, uint64_t sequence, struct fault *fault)
{
    (void)fault;
    *(uint64_t *)arg += sequence;
    return RC_OK;
}

/* Of parts of 65,536: 9 in the first, 65,537 and 65,540 in the second, 200,000 in the fourth. */
static void mentions_are_walked_from_the_newest(void **unused)
{
    static const struct mention_ref mentions[] = {{9, 88}, {65537, 88}, {65540, 88}, {200000, 88}};
    static const struct {
        uint64_t before, sum, next;
    } rows[] = {{UINT64_MAX, 200000, 196608},
                {200000, 0, 196608},
                {196608, 65537 + 65540, 65536},
                {65540, 65537, 65536},
                {65536, 9, 0},
                {9, 0, 0},
                {1, 0, 0},
                {0, 0, 0}};
    struct store *store = NULL;
    struct fault fault;
    (void)unused;
    assert_int_equal(store_open(&(struct store_place){.directory = directory}, &store, &fault), RC_OK);
    assert_int_equal(store_checkpoint_begin(store, &fault), RC_OK);
    assert_int_equal(store_checkpoint_mentions(store, mentions, COUNT(mentions), &fault), RC_OK);
    assert_int_equal(store_checkpoint_commit(store, 2, 9500, &fault), RC_OK);
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint64_t sum = 0, next = 77;
        assert_int_equal(store_mentions_before(store, 88, rows[i].before, add_up, &sum, &next, &fault),
                         RC_OK);
        if (sum != rows[i].sum || next != rows[i].next)
            fail_msg("before %llu: %llu, next %llu", (unsigned long long)rows[i].before,
                     (unsigned long long)sum, (unsigned long long)next);
    }
    store_close(store);
}

static void what_is_not_there_is_not_found(void **unused)
{
    static const uint8_t key[16] = {9};
    struct store *store = NULL;
    struct visitor visitor = {0};
    struct buf value = {0};
    struct fault fault;
    uint32_t learner;
    (void)unused;
    assert_int_equal(store_open(&(struct store_place){.directory = directory}, &store, &fault), RC_OK);
    assert_int_equal(store_answer(store, key, see_answer, &visitor, &fault), RC_NOT_FOUND);
    assert_int_equal(store_log(store, 99, see_log, &visitor, &fault), RC_NOT_FOUND);
    assert_int_equal(store_log_owner(store, 99, &learner, &fault), RC_NOT_FOUND);
    assert_int_equal(store_log_owner(store, 9, &learner, &fault), RC_OK);
    assert_int_equal(learner, 1);
    assert_int_equal(store_ledger(store, "none", &value, &fault), RC_NOT_FOUND);
    assert_int_equal(store_ledger(store, "book", &value, &fault), RC_OK);
    assert_memory_equal(value.bytes, "page", 4);
    assert_int_equal(visitor.visits, 0);
    buf_done(&value);
    store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_walk_visits_all_and_says_what_its_visitor_says),
        cmocka_unit_test(mentions_are_walked_from_the_newest),
        cmocka_unit_test(what_is_not_there_is_not_found),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
