#include "acts.h"

#include "app/audit.h"

/* Who did what to whom, newest first, a page of it; from what is not yet in the checkpoint, from the
 * checkpoint, and from both. */

enum { ACTS_MAX = 16 };

struct page {
    uint64_t sequences[ACTS_MAX];
    uint32_t count;
    uint64_t next;
};

static enum rc note_act(void *arg, const struct audit_act *act, struct fault *fault)
{
    struct page *page = arg;

    (void)fault;
    assert_true(page->count < ACTS_MAX);
    assert_int_equal(act->actor.size, 5); /* admin */
    page->sequences[page->count++] = act->event->sequence;
    return RC_OK;
}

static struct page page_of(struct audit_query query)
{
    struct page page = {.count = 0};
    struct audit *audit = NULL;
    struct fault fault = {NULL, NULL};
    bool done = false;

    assert_int_equal(audit_new(engine_history(engine), &query, &audit, &fault), RC_OK);
    while (!done)
        assert_int_equal(audit_step(audit, note_act, &page, &done, &fault), RC_OK);
    page.next = audit_next(audit);
    audit_free(audit);
    return page;
}

static struct audit_query all(uint32_t limit)
{
    return (struct audit_query){
        .any_learner = true, .from_ms = INT64_MIN, .to_ms = INT64_MAX, .before = UINT64_MAX, .limit = limit};
}

static uint64_t act(enum command_kind kind, const char *user)
{
    return do_one((struct command){.kind = kind,
                                   .face = FACE_COURSEROOM,
                                   .learner = text(user),
                                   .course = text("c1"),
                                   .item = text("i1"),
                                   .actor = text("admin")});
}

static void acts_are_told_newest_first_from_wherever_they_are(void **unused)
{
    static const char *const items[] = {"i1"}, *const types[] = {"lab"};
    struct fault fault = {NULL, NULL};
    uint64_t told[3];

    (void)unused;
    told[2] = declare("c1", items, types, 1);
    (void)report("anna", "c1", "i1"); /* of herself: no act */
    (void)report("berta", "c1", "i1");
    told[1] = act(CMD_LOCK, "anna");
    for (int written = 0; written < 3; written++) {
        struct page page = page_of(all(10));
        if (written == 0) {
            assert_int_equal(page.count, 2);
            assert_memory_equal(page.sequences, told + 1, 2 * sizeof *told);
            assert_int_equal(engine_checkpoint(engine, &fault), RC_OK);
            told[0] = act(CMD_UNLOCK, "anna"); /* the others are in the checkpoint, this one is not */
            continue;
        }
        assert_int_equal(page.count, 3);
        assert_memory_equal(page.sequences, told, sizeof told);
        assert_int_equal(page.next, 0);
        assert_int_equal(engine_checkpoint(engine, &fault), RC_OK);
    }
}

static void a_page_ends_and_the_next_begins_there(void **unused)
{
    static const char *const items[] = {"i1"}, *const types[] = {"lab"};
    uint64_t locked, unlocked, declared = declare("c1", items, types, 1);

    (void)unused;
    (void)report("anna", "c1", "i1");
    (void)report("berta", "c1", "i1");
    locked = act(CMD_LOCK, "anna");
    unlocked = act(CMD_UNLOCK, "anna");
    struct audit_query query = all(2);
    struct page page = page_of(query);
    assert_int_equal(page.count, 2);
    assert_int_equal(page.sequences[0], unlocked);
    assert_int_equal(page.next, locked);
    query.before = page.next;
    page = page_of(query);
    assert_int_equal(page.count, 1);
    assert_int_equal(page.sequences[0], declared);
    assert_int_equal(page.next, 0);
    query = all(10);
    query.any_learner = false;
    query.learner = key_of("anna");
    assert_int_equal(page_of(query).count, 2); /* the declaration is of nobody */
    query.learner = key_of("berta");
    assert_int_equal(page_of(query).count, 0);
    query = all(10);
    query.actor = text("nobody");
    assert_int_equal(page_of(query).count, 0);
    audit_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(acts_are_told_newest_first_from_wherever_they_are, begin, end),
        cmocka_unit_test_setup_teardown(a_page_ends_and_the_next_begins_there, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
