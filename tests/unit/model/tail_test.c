#include "test.h"

#include "core/event.h"
#include "model/tail.h"

/* The events that the index does not know yet, and whom they name. */

static uint8_t bytes[16][256];
static struct stored_event events[16];
static struct tail *tail;

/* Event i + 1: of learner i % 3, by boss, on item i. */
static int begin(void **unused)
{
    (void)unused;
    for (uint32_t i = 0; i < COUNT(events); i++) {
        const struct event event = {
            .kind = EV_ITEM_OBSERVED, .item = i, .course = 1, .actor = "boss", .actor_size = i == 15 ? 0 : 4};
        events[i] = (struct stored_event){.sequence = i + 1,
                                          .learner = i % 3,
                                          .kind = EV_ITEM_OBSERVED,
                                          .body = bytes[i],
                                          .body_size = event_encode(&event, bytes[i])};
    }
    return tail_new(&tail) == RC_OK ? 0 : -1;
}

static int end(void **unused)
{
    (void)unused;
    tail_free(tail);
    tail_free(NULL);
    return 0;
}

static void what_is_written_goes_and_the_rest_stays(void **unused)
{
    size_t count;

    (void)unused;
    assert_true(tail_reserve(tail, 16));
    tail_add(tail, events, 10);
    tail_begin_checkpoint(tail);
    tail_add(tail, events + 10, 6);
    assert_int_equal(tail_size(tail), 16);
    struct event_ref *refs = tail_in_checkpoint(tail, &count);
    assert_int_equal(count, 10);
    assert_int_equal(refs[9].sequence, 10);
    free(refs);
    tail_end_checkpoint(tail, false); /* it could not be written */
    assert_int_equal(tail_size(tail), 16);
    tail_begin_checkpoint(tail);
    tail_end_checkpoint(tail, true);
    assert_int_equal(tail_size(tail), 0);
    assert_null(tail_in_checkpoint(tail, &count));
    assert_int_equal(count, 0);
}

static void mentions_are_found_by_who(void **unused)
{
    uint64_t boss = mention_of_person("boss", 4);
    size_t count, named = 0;

    (void)unused;
    assert_int_not_equal(mention_of_item(1), mention_of_course(1)); /* a number of each is another */
    assert_int_not_equal(mention_of_person("boss", 4), mention_of_person("bos", 3));
    tail_add(tail, events, 16);
    struct mention_ref *mentions = tail_mentions(tail, &count);
    assert_int_equal(count, 15 + 16); /* who wrote it, and the item */
    for (size_t i = 0; i < count; i++)
        named += mentions[i].who == boss;
    assert_int_equal(named, 15);
    qsort(mentions, count, sizeof *mentions, tail_by_who);
    for (size_t i = 1; i < count; i++)
        assert_true(
            mentions[i - 1].who < mentions[i].who ||
            (mentions[i - 1].who == mentions[i].who && mentions[i - 1].sequence < mentions[i].sequence));
    free(mentions);
    tail_begin_checkpoint(tail);
    mentions = tail_mentions_in_checkpoint(tail, &count);
    assert_int_equal(count, 31);
    free(mentions);
    tail_end_checkpoint(tail, true);
    assert_null(tail_mentions(tail, &count));
    assert_null(tail_mentions_in_checkpoint(tail, &count));
}

static void events_are_sorted_by_learner(void **unused)
{
    size_t count;

    (void)unused;
    tail_add(tail, events, 16);
    tail_begin_checkpoint(tail);
    struct event_ref *refs = tail_in_checkpoint(tail, &count);
    qsort(refs, count, sizeof *refs, tail_by_learner);
    for (size_t i = 1; i < count; i++)
        assert_true(refs[i - 1].learner < refs[i].learner ||
                    (refs[i - 1].learner == refs[i].learner && refs[i - 1].sequence < refs[i].sequence));
    free(refs);
}

static enum rc note(void *arg, uint64_t sequence, struct fault *fault)
{
    uint64_t *seen = arg; /* how many, then which */

    (void)fault;
    seen[++seen[0]] = sequence;
    return seen[0] == 4 ? RC_ENOUGH : RC_OK;
}

/* Those that go with a checkpoint too, until the index has them. */
static void a_learners_events_are_told_in_order(void **unused)
{
    uint64_t seen[8] = {0};
    struct fault fault;

    (void)unused;
    tail_add(tail, events, 8);
    tail_begin_checkpoint(tail);
    tail_add(tail, events + 8, 8);
    assert_int_equal(tail_each(tail, 2, note, seen, &fault), RC_ENOUGH);
    for (uint64_t i = 1; i <= 4; i++)
        assert_int_equal(seen[i], 3 * i);
    seen[0] = 0;
    tail_end_checkpoint(tail, true);
    assert_int_equal(tail_each(tail, 2, note, seen, &fault), RC_OK);
    assert_int_equal(seen[0], 3); /* 9, 12 and 15 */
    seen[0] = 0;
    assert_int_equal(tail_each(tail, 99, note, seen, &fault), RC_OK);
    assert_int_equal(seen[0], 0);
}

static void acts_are_mentioned_together(void **unused)
{
    struct event act = {.kind = EV_RESET, .face = FACE_COURSEROOM, .actor = "boss", .actor_size = 4};
    uint64_t seen[8] = {0};
    uint8_t body[64];
    struct stored_event stored = {.sequence = 99, .learner = 2, .kind = EV_RESET, .body = body};
    struct fault fault;

    (void)unused;
    stored.body_size = event_encode(&act, body);
    tail_add(tail, events, 16); /* observed items are none */
    tail_add(tail, &stored, 1);
    assert_int_equal(tail_each_mention(tail, mention_of_acts(), note, seen, &fault), RC_OK);
    assert_int_equal(seen[0], 1);
    assert_int_equal(seen[1], 99);
    seen[0] = 0;
    assert_int_equal(tail_each_mention(tail, mention_of_person("boss", 4), note, seen, &fault), RC_ENOUGH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_written_goes_and_the_rest_stays, begin, end),
        cmocka_unit_test_setup_teardown(mentions_are_found_by_who, begin, end),
        cmocka_unit_test_setup_teardown(events_are_sorted_by_learner, begin, end),
        cmocka_unit_test_setup_teardown(a_learners_events_are_told_in_order, begin, end),
        cmocka_unit_test_setup_teardown(acts_are_mentioned_together, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
