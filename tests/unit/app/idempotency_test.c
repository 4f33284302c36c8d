#include "test.h"

#include <stdio.h>

#include "app/idempotency.h"
#include "core/limits.h"

/* Which requests were answered, through app/idempotency.h on a store of its own. */

static char directory[64];
static struct store *store;
static struct idempotency *idempotency;

static const int64_t day_ms = 86400000;

static int open_all(void **state)
{
    struct fault fault = {NULL, NULL};
    (void)state;
    if (!*directory) {
        strcpy(directory, "/tmp/milepost-answers-XXXXXX");
        if (!mkdtemp(directory))
            return -1;
    }
    return store_open(&(struct store_place){.directory = directory}, &store, &fault) == RC_OK &&
                   idempotency_new(store, 1000 * day_ms, &idempotency, &fault) == RC_OK
               ? 0
               : -1;
}

static int close_all(void **state)
{
    char command[128];
    (void)state;
    idempotency_free(idempotency);
    store_close(store);
    snprintf(command, sizeof command, "rm -rf %s", directory);
    *directory = '\0';
    return system(command);
}

static const uint8_t *key_of(uint32_t number)
{
    static uint8_t key[16];
    memcpy(key, &number, sizeof number);
    return key;
}

static uint64_t serial; /* of the last one that was judged */

static enum idempotency_verdict begin(uint32_t number, uint64_t caller, int64_t at_ms)
{
    static const uint8_t fingerprint[16] = {7};
    return idempotency_begin(idempotency, key_of(number), fingerprint, caller, at_ms, &serial);
}

static enum idempotency_verdict look(uint32_t number, uint8_t first, uint64_t caller)
{
    const uint8_t fingerprint[16] = {first};
    return idempotency_look(idempotency, key_of(number), fingerprint, caller, 1, &serial);
}

static void put(uint32_t number, uint64_t caller, const char *const *names, size_t name_count, size_t bytes)
{
    struct fault fault;
    struct store_name who[4];
    char *body = calloc(1, bytes + 1);
    struct store_answer answer = {.fingerprint = {7},
                                  .caller = caller,
                                  .names = who,
                                  .name_count = name_count,
                                  .at_ms = 1000 * day_ms,
                                  .status = 201,
                                  .etag = "",
                                  .body = body,
                                  .body_size = bytes};
    struct store_batch batch = {.answers = &answer, .answer_count = 1, .counters = store_counters(store)};
    memcpy(answer.key, key_of(number), 16);
    for (size_t i = 0; i < name_count; i++)
        who[i] = (struct store_name){names[i], strlen(names[i])};
    assert_int_equal(store_commit(store, &batch, &fault), RC_OK);
    free(body);
}

static void erase(const char *id)
{
    struct fault fault;
    struct store_erasure erasure = {.learner = 77, .id = id, .id_size = strlen(id)};
    struct store_batch batch = {.erasure = &erasure, .counters = store_counters(store)};
    assert_int_equal(store_commit(store, &batch, &fault), RC_OK);
}

static enum rc seen(void *arg, const struct store_answer *answer, struct fault *fault)
{
    (void)fault;
    *(int *)arg = answer->status;
    return RC_OK;
}

static bool is_kept(uint32_t number)
{
    struct fault fault;
    int status = 0;
    return idempotency_fetch(idempotency, key_of(number), seen, &status, &fault) == RC_OK && status == 201;
}

static void a_caller_has_so_many_keys_and_others_theirs(void **unused)
{
    (void)unused;
    for (uint32_t i = 0; i < LIMIT_KEPT_ANSWERS; i++) {
        assert_int_equal(begin(i, 1, 1), IDEMPOTENCY_NEW);
        idempotency_end(idempotency, key_of(i), true, 1);
    }
    assert_int_equal(begin(LIMIT_KEPT_ANSWERS, 1, 2), IDEMPOTENCY_FULL);
    assert_int_equal(begin(LIMIT_KEPT_ANSWERS, 2, 2), IDEMPOTENCY_NEW);
    assert_int_equal(begin(LIMIT_KEPT_ANSWERS, 2, 2), IDEMPOTENCY_RUNNING);
    assert_int_equal(begin(5, 1, 2), IDEMPOTENCY_REPLAY);
    /* its day is over, though its turn to be dropped is not come */
    assert_int_equal(begin(6, 1, day_ms + 2), IDEMPOTENCY_NEW);
    assert_int_equal(begin(LIMIT_KEPT_ANSWERS + 1, 1, day_ms + 2), IDEMPOTENCY_NEW);
}

static void a_look_begins_nothing(void **unused)
{
    (void)unused;
    assert_int_equal(look(1, 7, 1), IDEMPOTENCY_NEW);
    assert_int_equal(look(1, 7, 1), IDEMPOTENCY_NEW);
    assert_int_equal(begin(1, 1, 1), IDEMPOTENCY_NEW);
    assert_int_equal(look(1, 7, 1), IDEMPOTENCY_RUNNING);
    idempotency_end(idempotency, key_of(1), true, LIMIT_KEPT_BYTES);
    assert_int_equal(look(1, 7, 1), IDEMPOTENCY_REPLAY);
    assert_int_equal(look(1, 8, 1), IDEMPOTENCY_REUSED);
    assert_int_equal(look(2, 7, 1), IDEMPOTENCY_FULL);
    assert_int_equal(look(2, 7, 2), IDEMPOTENCY_NEW);
}

static void a_caller_has_so_many_bytes(void **unused)
{
    (void)unused;
    assert_int_equal(begin(1, 1, 1), IDEMPOTENCY_NEW);
    idempotency_end(idempotency, key_of(1), true, LIMIT_KEPT_BYTES - 1);
    assert_int_equal(begin(2, 1, 1), IDEMPOTENCY_NEW);
    idempotency_end(idempotency, key_of(2), true, 1);
    uint64_t bytes;
    assert_int_equal(idempotency_count(idempotency, &bytes), 2);
    assert_int_equal(bytes, LIMIT_KEPT_BYTES);
    assert_int_equal(begin(3, 1, 1), IDEMPOTENCY_FULL);
    assert_int_equal(begin(3, 2, 1), IDEMPOTENCY_NEW);
    assert_int_equal(begin(2, 1, 1), IDEMPOTENCY_REPLAY);
    idempotency_lost(idempotency, key_of(2), serial);
    assert_int_equal(begin(4, 1, 1), IDEMPOTENCY_NEW);
}

/* The refused write of the youngest key costs what that of the oldest does, and leaves the others in order.
 */
static void what_was_refused_leaves_the_list_whole(void **unused)
{
    (void)unused;
    for (uint32_t i = 0; i < 5; i++)
        assert_int_equal(begin(i, 1, i), IDEMPOTENCY_NEW);
    idempotency_end(idempotency, key_of(4), false, 0);
    idempotency_end(idempotency, key_of(0), false, 0);
    idempotency_end(idempotency, key_of(2), false, 0);
    idempotency_end(idempotency, key_of(1), true, 1);
    idempotency_end(idempotency, key_of(3), true, 1);
    assert_int_equal(begin(1, 1, 9), IDEMPOTENCY_REPLAY);
    assert_int_equal(begin(3, 1, 9), IDEMPOTENCY_REPLAY);
    assert_int_equal(begin(2, 1, 9), IDEMPOTENCY_NEW);
    assert_int_equal(begin(9, 1, 2 * day_ms), IDEMPOTENCY_NEW); /* 1 and 3 go here */
    assert_int_equal(begin(1, 1, 2 * day_ms), IDEMPOTENCY_NEW);
}

/* Two loops found the same answer gone; the second must not free the key under the first, which runs by now.
 */
static void of_two_who_find_it_lost_one_runs(void **unused)
{
    (void)unused;
    assert_int_equal(begin(1, 1, 1), IDEMPOTENCY_NEW);
    idempotency_end(idempotency, key_of(1), true, 1);
    assert_int_equal(begin(1, 1, 2), IDEMPOTENCY_REPLAY); /* loop A */
    assert_int_equal(begin(1, 1, 2), IDEMPOTENCY_REPLAY); /* loop B */
    uint64_t gone = serial;
    idempotency_lost(idempotency, key_of(1), gone);
    assert_int_equal(begin(1, 1, 3), IDEMPOTENCY_NEW); /* A */
    idempotency_lost(idempotency, key_of(1), gone);
    assert_int_equal(begin(1, 1, 3), IDEMPOTENCY_RUNNING); /* B */
    idempotency_end(idempotency, key_of(1), true, 1);
    idempotency_lost(idempotency, key_of(1), gone); /* a third, late: what is there is another answer */
    assert_int_equal(begin(1, 1, 4), IDEMPOTENCY_REPLAY);
}

static void an_answer_goes_with_whom_it_names_and_nobody_else(void **unused)
{
    const char *both[] = {"anna", "a\"b\\c"}, *two[] = {"2"}, *twelve[] = {"12"};
    (void)unused;
    put(1, 1, both, 2, 3);
    put(2, 1, two, 1, 3);
    put(3, 1, twelve, 1, 3);
    erase("2");
    assert_true(is_kept(1) && !is_kept(2) && is_kept(3));
    erase("a\"b\\c");
    assert_true(!is_kept(1) && is_kept(3));
    erase("");
    assert_true(is_kept(3));
}

static void budgets_outlive_a_restart(void **unused)
{
    struct fault fault;
    (void)unused;
    put(1, 9, NULL, 0, LIMIT_KEPT_BYTES);
    idempotency_free(idempotency);
    assert_int_equal(idempotency_new(store, 1000 * day_ms, &idempotency, &fault), RC_OK);
    assert_int_equal(begin(1, 9, 1000 * day_ms), IDEMPOTENCY_REPLAY);
    assert_int_equal(begin(2, 9, 1000 * day_ms), IDEMPOTENCY_FULL);
    assert_int_equal(begin(2, 8, 1000 * day_ms), IDEMPOTENCY_NEW);
}

/* Bytes of the key alone are looked at. */
static void learn(uint32_t number, uint8_t of_request)
{
    struct store_answer answer = {.caller = 9, .at_ms = 1000 * day_ms, .status = 201, .body_size = 10};

    memcpy(answer.key, key_of(number), 16);
    answer.fingerprint[0] = 7;
    answer.fingerprint[15] = of_request;
    idempotency_learn(idempotency, &answer);
}

static void what_another_node_answered_is_not_done_again(void **unused)
{
    uint64_t bytes = 0;
    (void)unused;
    learn(1, 0);
    assert_int_equal(begin(1, 9, 1000 * day_ms), IDEMPOTENCY_REPLAY);
    learn(2, 1);
    assert_int_equal(begin(2, 9, 1000 * day_ms), IDEMPOTENCY_REUSED);
    assert_int_equal(begin(3, 9, 1000 * day_ms), IDEMPOTENCY_NEW);
    assert_false(idempotency_was_learned(idempotency, key_of(3)));
    learn(3, 0); /* while it runs here */
    assert_true(idempotency_was_learned(idempotency, key_of(3)));
    idempotency_end(idempotency, key_of(3), false, 0);
    assert_false(idempotency_was_learned(idempotency, key_of(3)));
    assert_int_equal(begin(3, 9, 1000 * day_ms), IDEMPOTENCY_REPLAY);
    assert_int_equal(begin(4, 9, 1000 * day_ms), IDEMPOTENCY_NEW);
    learn(4, 1); /* likewise, and it was another request */
    idempotency_end(idempotency, key_of(4), true, 77);
    assert_int_equal(begin(4, 9, 1000 * day_ms), IDEMPOTENCY_REUSED);
    assert_int_equal(idempotency_count(idempotency, &bytes), 4);
    assert_int_equal(bytes, 40);
}

int main(void)
{
#define EACH(name) cmocka_unit_test_setup_teardown(name, open_all, close_all)
    const struct CMUnitTest tests[] = {
        EACH(a_caller_has_so_many_keys_and_others_theirs),
        EACH(a_look_begins_nothing),
        EACH(a_caller_has_so_many_bytes),
        EACH(what_was_refused_leaves_the_list_whole),
        EACH(of_two_who_find_it_lost_one_runs),
        EACH(an_answer_goes_with_whom_it_names_and_nobody_else),
        EACH(budgets_outlive_a_restart),
        EACH(what_another_node_answered_is_not_done_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
