#include "test.h"

#include "store/batch_codec.h"
#include "store/batch_forget.h"

static const struct stored_event events[] = {
    {.sequence = 11, .learner = 1, .kind = 1, .at_ms = 995, .body = (const uint8_t *)"eins", .body_size = 4},
    {.sequence = 12, .learner = 2, .kind = 200, .at_ms = -7, .body = NULL, .body_size = 0},
    {.sequence = 900,
     .learner = 0,
     .kind = 3,
     .at_ms = 1000,
     .body = (const uint8_t *)"anna",
     .body_size = 4},
};
static const struct store_id ids[] = {{STORE_LEARNER, 1, "anna", 4}, {STORE_ITEM, 70000, "v\0w", 3}};
static const struct store_log logs[] = {
    {.log_id = 5,
     .learner = 1,
     .date_ms = -1,
     .created_ms = 2,
     .updated_ms = 3,
     .members = (const uint8_t *)"m",
     .members_size = 1},
    {.log_id = 0, .learner = 2, .deleted = true, .some = 9},
};
static const struct store_log_total totals[] = {{2, 3, 4, UINT64_C(1) << 40, 12}};
static const struct store_name names[] = {{"anna", 4}, {"carl", 4}};
static const struct store_answer answers[] = {{.key = "0123456789abcdef",
                                               .fingerprint = "fedcba987654321",
                                               .caller = UINT64_MAX,
                                               .names = names,
                                               .name_count = 2,
                                               .at_ms = 1000,
                                               .status = 201,
                                               .etag = "\"7\"",
                                               .body = "{}",
                                               .body_size = 2}};
static const uint64_t gone[] = {3, 4, 9};
static const struct store_erasure erasure = {.learner = 8,
                                             .id = "zoe",
                                             .id_size = 3,
                                             .sequences = gone,
                                             .sequence_count = 3,
                                             .rewritten = events,
                                             .rewritten_count = 1,
                                             .forgotten = ids + 1,
                                             .forgotten_count = 1};

static const struct store_batch full = {.at_ms = 1000,
                                        .turn = 4,
                                        .events = events,
                                        .event_count = COUNT(events),
                                        .ids = ids,
                                        .id_count = COUNT(ids),
                                        .logs = logs,
                                        .log_count = COUNT(logs),
                                        .log_totals = totals,
                                        .log_total_count = 1,
                                        .answers = answers,
                                        .answer_count = 1,
                                        .ledger_key = "import",
                                        .ledger_value = "done",
                                        .erasure = &erasure};

static struct buf bytes;
static struct arena arena;

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_done(&arena);
    buf_done(&bytes);
    return 0;
}

static void encode(const struct store_batch *batch)
{
    buf_clear(&bytes);
    batch_encode(batch, &bytes);
    assert_false(bytes.failed);
}

static struct store_batch decode(void)
{
    struct store_batch batch = {.at_ms = 1000, .turn = 4};
    struct fault fault;

    if (batch_decode((const uint8_t *)bytes.bytes, bytes.size, &arena, &batch, &fault) != RC_OK)
        fail_msg("%s", fault_why(&fault));
    return batch;
}

static void a_batch_is_read_as_it_was_written(void **unused)
{
    (void)unused;
    encode(&full);
    struct store_batch batch = decode();
    assert_int_equal(batch.event_count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(batch.events[i].sequence, events[i].sequence);
        assert_int_equal(batch.events[i].learner, events[i].learner);
        assert_int_equal(batch.events[i].kind, events[i].kind);
        assert_int_equal(batch.events[i].at_ms, events[i].at_ms);
        assert_int_equal(batch.events[i].body_size, events[i].body_size);
    }
    assert_memory_equal(batch.events[2].body, "anna", 4);
    assert_int_equal(batch.ids[1].kind, STORE_ITEM);
    assert_int_equal(batch.ids[1].key, 70000);
    assert_memory_equal(batch.ids[1].id, "v\0w", 3);
    assert_int_equal(batch.logs[0].date_ms, -1);
    assert_memory_equal(batch.logs[0].members, "m", 1);
    assert_true(batch.logs[1].deleted && batch.logs[1].some == 9);
    assert_true(batch.log_totals[0].bytes == UINT64_C(1) << 40 && batch.log_totals[0].settling == 12);
    assert_memory_equal(batch.answers[0].key, answers[0].key, 16);
    assert_memory_equal(batch.answers[0].fingerprint, answers[0].fingerprint, 16);
    assert_true(batch.answers[0].caller == UINT64_MAX && batch.answers[0].status == 201);
    assert_string_equal(batch.answers[0].etag, "\"7\"");
    assert_memory_equal(batch.answers[0].names[1].id, "carl", 4);
    assert_string_equal(batch.ledger_key, "import");
    assert_string_equal(batch.ledger_value, "done");
    assert_int_equal(batch.erasure->learner, 8);
    assert_int_equal(batch.erasure->id_size, 0); /* whom it erased is not in it */
    assert_int_equal(batch.erasure->sequences[2], 9);
    assert_true(batch.erasure->rewritten_count == 1 && batch.erasure->rewritten[0].sequence == 11);
    assert_int_equal(batch.erasure->forgotten[0].key, 70000);
    assert_null(memmem(bytes.bytes, bytes.size, "zoe", 3));
}

static void an_erasure_in_steps_keeps_the_id_until_it_is_done(void **unused)
{
    struct store_erasure job = erasure;
    struct store_batch batch = {.at_ms = 1000, .turn = 4, .erasure = &job};
    const struct store_forgetting other = {.done = 7}, done = {.done = 8};

    (void)unused;
    job.own = (const uint8_t *)"own";
    job.own_size = 3;
    job.named = (const uint8_t *)"";
    encode(&batch);
    batch = decode();
    assert_memory_equal(batch.erasure->id, "zoe", 3);
    assert_memory_equal(batch.erasure->own, "own", 3);
    assert_int_equal(batch.erasure->named_size, 0);
    assert_false(batch.erasure->clean);
    assert_false(batch_forget(&batch, &other, NULL));
    assert_true(batch_forget(&batch, &done, NULL));
    encode(&batch);
    assert_null(memmem(bytes.bytes, bytes.size, "zoe", 3));
    batch = decode();
    assert_memory_equal(batch.erasure->own, "own", 3);
    assert_true(batch.erasure->clean);
}

static void what_is_damaged_is_not_read(void **unused)
{
    (void)unused;
    encode(&full);
    for (size_t i = 0; i < bytes.size; i++) {
        struct store_batch batch = {.at_ms = 1000};
        struct fault fault;
        bytes.bytes[i] ^= 4;
        assert_int_equal(batch_decode((const uint8_t *)bytes.bytes, bytes.size, &arena, &batch, &fault),
                         RC_INTERNAL);
        bytes.bytes[i] ^= 4;
        assert_int_equal(batch_decode((const uint8_t *)bytes.bytes, i, &arena, &batch, &fault), RC_INTERNAL);
    }
}

static void who_is_erased_is_taken_out(void **unused)
{
    static const uint64_t first = 11;
    struct stored_event last = events[2];
    const struct store_erasure anna = {.learner = 1, .id = "anna", .id_size = 4};
    const struct store_forgetting what = {&first, 1, &last, 1, 0};

    (void)unused;
    last.body = (const uint8_t *)"none";
    encode(&full);
    struct store_batch batch = decode();
    assert_true(batch_forget(&batch, &what, &anna));
    encode(&batch);
    assert_null(memmem(bytes.bytes, bytes.size, "anna", 4));
    assert_null(memmem(bytes.bytes, bytes.size, "eins", 4));
    batch = decode();
    assert_int_equal(batch.event_count, 2);
    assert_memory_equal(batch.events[1].body, "none", 4);
    assert_true(batch.id_count == 2 && batch.ids[0].key == 1 && batch.ids[0].size == 0);
    assert_true(batch.log_count == 1 && batch.logs[0].learner == 2);
    assert_int_equal(batch.answer_count, 0);
    assert_false(batch_forget(&batch, &what, &anna)); /* it is gone already */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_batch_is_read_as_it_was_written, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_erasure_in_steps_keeps_the_id_until_it_is_done, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_damaged_is_not_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_is_erased_is_taken_out, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("batch_codec", tests, NULL, NULL);
}
