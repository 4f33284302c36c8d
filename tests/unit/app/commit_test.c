#include "acts.h"

#include <sched.h>
#include <stdatomic.h>
#include <time.h>

#include "app/adopting.h"
#include "app/idempotency.h"

/* What comes with a batch, or after it: answers that are kept, people who are enrolled because an item came
 * to a course, commands that wait for an edit. */

static atomic_int answered;
static struct command *order[64]; /* in which commands were answered */

static void note_answer(struct command *command)
{
    int at = answered;

    if (at < (int)COUNT(order))
        order[at] = command;
    answered = at + 1;
}

static void wait_for(int count)
{
    for (int looks = 0; answered < count; looks++) {
        if (looks > 20000)
            fail_msg("%d of %d answered", (int)answered, count);
        (void)nanosleep(&(struct timespec){0, 500000}, NULL);
    }
}

static struct command *new_command(enum command_kind kind, const char *user, const char *course)
{
    struct command *command = arena_alloc(&arena, sizeof *command);

    *command = (struct command){.kind = kind,
                                .face = FACE_CATALOG,
                                .arena = &arena,
                                .learner = text(user),
                                .course = text(course),
                                .done = note_answer};
    return command;
}

static struct command *new_report(const char *user, const char *course, const char *item, uint32_t watched_s)
{
    struct command *command = new_command(CMD_REPORTS, user, NULL);

    command->reports = arena_alloc(&arena, sizeof *command->reports);
    command->reports[0] = (struct item_report){.item = text(arena_copy(&arena, item, strlen(item))),
                                               .course = text(course),
                                               .report = {.has = HAS_WATCHED | HAS_DURATION | FROM_PLAYER,
                                                          .watched_s = watched_s,
                                                          .duration_ms = 100000,
                                                          .local_day = 1}};
    command->report_count = 1;
    command->all_or_nothing = true;
    return command;
}

static struct command *new_edit(const char *course, const char *const *items, uint32_t count)
{
    struct command *command = new_command(CMD_COURSE_PUT, NULL, course);
    struct course_put *put = arena_alloc(&arena, sizeof *put);

    put->title = text("title");
    put->items = arena_alloc(&arena, (count + 1) * sizeof *put->items);
    put->item_count = count;
    for (uint32_t i = 0; i < count; i++)
        put->items[i] = (struct put_item){.id = text(items[i]), .duration_ms = 50000, .required = true};
    command->actor = text("admin");
    command->put = put;
    return command;
}

static void submit(struct command *command)
{
    struct fault fault = {NULL, NULL};
    if (engine_submit(engine, command, &fault))
        fail_msg("%s", fault.message);
}

/* Many who watched an item: of the course, or of none (NULL). */
static void crowd(uint32_t count, const char *course, const char *item)
{
    struct command *all = NULL;
    struct fault fault;

    for (uint32_t i = 0; i < count; i++) {
        struct command *one = new_report(arena_printf(&arena, "u%u", i), course, item, 5);
        one->next = all;
        all = one;
    }
    assert_int_equal(engine_run(engine, all, NULL, NULL, &fault), RC_OK);
    for (const struct command *one = all; one; one = one->next)
        assert_int_equal(one->rc, RC_OK);
}

static uint32_t enrolled_in(const char *course)
{
    struct view view = model_read_begin(engine_model(engine));
    uint32_t count = keys_live(view_roster(view, view_course_key(view, course, strlen(course))));

    model_read_end(view);
    return count;
}

/* ---- answers ---- */

static void put_answer(struct command *command, struct view view)
{
    struct text learner = view_id(view, ENTITY_LEARNER, command->learner_key);

    command->answer.status = 201;
    buf_printf(command->answer.body, "for %s", learner.bytes ? learner.bytes : "nobody");
}

struct seen_answer {
    int status;
    char body[64];
};

static enum rc see_answer(void *arg, const struct store_answer *answer, struct fault *fault)
{
    struct seen_answer *seen = arg;

    (void)fault;
    seen->status = answer->status;
    (void)snprintf(seen->body, sizeof seen->body, "%.*s", (int)answer->body_size, answer->body);
    return RC_OK;
}

static enum rc kept(struct idempotency *answers, const uint8_t *key, struct seen_answer *seen)
{
    struct fault fault;
    return idempotency_fetch(answers, key, see_answer, seen, &fault);
}

/* With the command that it answers, in one commit; and gone with whoever it names. */
static void an_answer_is_kept_with_its_command(void **unused)
{
    static const uint8_t keys[3][16] = {{1}, {2}, {3}}, print[16] = {9};
    struct staff staff = {{"tom", 3}, true};
    struct command *all[] = {new_command(CMD_ENROL, "anna", "c1"), new_edit("c2", NULL, 0),
                             new_command(CMD_CERTIFY, "anna", "c1")};
    struct idempotency *answers;
    struct seen_answer seen;
    struct buf bodies[3] = {{0}, {0}, {0}};
    struct fault fault = {NULL, NULL};

    (void)unused;
    assert_int_equal(idempotency_new(store, clock_ms, &answers, &fault), RC_OK);
    struct course_put *put = arena_alloc(&arena, sizeof *put);
    *put = (struct course_put){.title = text("t"), .staff = &staff, .staff_count = 1};
    all[1]->put = put;
    for (size_t i = 0; i < COUNT(all); i++) {
        all[i]->answer_key = keys[i];
        all[i]->fingerprint = print;
        all[i]->encode = put_answer;
        all[i]->answer.body = &bodies[i];
        all[i]->next = NULL;
    }
    all[0]->actor = text("boss");
    all[0]->next = all[2];
    assert_int_equal(engine_run(engine, all[0], NULL, NULL, &fault), RC_OK);
    assert_int_equal(engine_run(engine, all[1], NULL, NULL, &fault), RC_OK);
    assert_int_equal(kept(answers, keys[0], &seen), RC_OK);
    assert_int_equal(seen.status, 201);
    assert_string_equal(seen.body, "for anna");
    assert_int_equal(kept(answers, keys[1], &seen), RC_OK);
    assert_int_equal(all[2]->rc, RC_CONFLICT); /* too early: what was refused is not kept */
    assert_int_equal(kept(answers, keys[2], &seen), RC_NOT_FOUND);
    (void)do_one((struct command){
        .kind = CMD_ERASE, .face = FACE_LEARNER, .learner = text("boss"), .actor = text("admin")});
    assert_int_equal(kept(answers, keys[0], &seen), RC_NOT_FOUND); /* boss had asked for it */
    assert_int_equal(kept(answers, keys[1], &seen), RC_OK);
    (void)do_one((struct command){
        .kind = CMD_ERASE, .face = FACE_LEARNER, .learner = text("tom"), .actor = text("admin")});
    assert_int_equal(kept(answers, keys[1], &seen), RC_NOT_FOUND); /* it named tom as staff */
    idempotency_free(answers);
    for (size_t i = 0; i < COUNT(bodies); i++)
        buf_done(&bodies[i]);
}

/* ---- items that come to a course ---- */

enum { MANY = 700 };

static void a_report_brings_an_item_of_many(void **unused)
{
    struct fault fault;

    (void)unused;
    crowd(MANY, NULL, "free");
    assert_int_equal(engine_start(engine, &fault), RC_OK);
    answered = 0;
    struct command *brings = new_report("anna", "c1", "free", 7);
    submit(brings);
    wait_for(1);
    assert_int_equal(brings->rc, RC_OK);
    for (int looks = 0; enrolled_in("c1") < MANY + 1; looks++) {
        assert_true(looks < 5000);
        (void)nanosleep(&(struct timespec){0, 1000000}, NULL);
    }
    struct view view = model_read_begin(engine_model(engine));
    assert_int_equal(view_item_facts(view, view_item_key(view, "free", 4)).course,
                     view_course_key(view, "c1", 2));
    model_read_end(view);
}

/* Of several reports that hold together, too: they are checked, the item comes, then they are stored. */
static void several_reports_bring_an_item_of_many(void **unused)
{
    struct command *brings = new_report("anna", "c1", "own", 7);
    struct item_report both[] = {brings->reports[0], brings->reports[0], brings->reports[0]};
    struct fault fault;

    (void)unused;
    crowd(MANY, NULL, "free");
    both[1].item = both[2].item = text("free");
    both[2].course = text(NULL);
    brings->reports = both;
    brings->report_count = COUNT(both);
    assert_int_equal(engine_start(engine, &fault), RC_OK);
    answered = 0;
    submit(brings);
    wait_for(1);
    assert_int_equal(brings->rc, RC_OK);
    struct view view = model_read_begin(engine_model(engine));
    const struct learner *anna = view_learner(view, view_learner_key(view, "anna", 4));
    assert_int_equal(anna->record_count, 2);
    assert_int_equal(anna->enrolment_count, 1);
    assert_int_equal(view_item_facts(view, view_item_key(view, "free", 4)).course,
                     view_course_key(view, "c1", 2));
    model_read_end(view);
}

static void an_edit_is_answered_when_all_are_enrolled(void **unused)
{
    static const char *const items[] = {"free", "other"};
    struct fault fault;

    (void)unused;
    crowd(MANY, NULL, "free");
    assert_int_equal(enrolled_in("c1"), 0);
    assert_int_equal(engine_start(engine, &fault), RC_OK);
    answered = 0;
    struct command *edit = new_edit("c1", items, 2);
    submit(edit);
    wait_for(1);
    assert_int_equal(edit->rc, RC_OK);
    assert_int_equal(enrolled_in("c1"), MANY);
}

/* An engine that stops answers who waits; the next one goes on where it stopped. */
static void a_start_goes_on_enrolling(void **unused)
{
    static const char *const items[] = {"free"};
    struct fault fault;

    (void)unused;
    crowd(MANY, NULL, "free");
    assert_int_equal(engine_start(engine, &fault), RC_OK);
    answered = 0;
    submit(new_edit("c1", items, 1));
    engine_free(engine);
    assert_int_equal(answered, 1);
    engine = open_engine(store);
    assert_int_equal(engine_start(engine, &fault), RC_OK);
    for (int looks = 0; enrolled_in("c1") < MANY; looks++) {
        assert_true(looks < 5000);
        (void)nanosleep(&(struct timespec){0, 1000000}, NULL);
    }
    assert_int_equal(enrolled_in("c1"), MANY);
}

/* What the ledger says is under way; what nobody could have written there is nobody's. */
static void what_the_ledger_says_is_gone_on_with(void **unused)
{
    static const char *const items[] = {"free"}, *const types[] = {"lab"};
    struct command *noise = new_command(CMD_ENROL, "noise", "c0");
    struct policy policy = {.now_ms = now_ms, .explicit_enrolment = true};
    struct fault fault;

    (void)unused;
    engine_free(engine); /* one that enrols nobody by itself */
    assert_int_equal(engine_new(store, &policy, NULL, &engine, &fault), RC_OK);
    (void)report("anna", NULL, "free");
    (void)report("berta", NULL, "free");
    (void)declare("c1", items, types, 1);
    assert_int_equal(engine_run(engine, noise, ADOPTING_LEDGER, "1:1:5;99:1:5;junk", &fault), RC_OK);
    assert_int_equal(enrolled_in("c1"), 0);
    engine_free(engine);
    engine = open_engine(store);
    assert_int_equal(engine_start(engine, &fault), RC_OK);
    for (int looks = 0; enrolled_in("c1") < 2; looks++) {
        assert_true(looks < 5000);
        (void)nanosleep(&(struct timespec){0, 1000000}, NULL);
    }
}

/* ---- what waits for an edit ---- */

static void what_an_edit_touches_waits_for_it(void **unused)
{
    static const char *const before[] = {"film", "test"}, *const after[] = {"film"};
    enum { LATER = 20 };
    struct command *edit, *others, *last;
    struct fault fault;

    (void)unused;
    (void)do_one(*new_edit("c1", before, 2));
    crowd(6000, "c1", "film");
    assert_int_equal(engine_start(engine, &fault), RC_OK);
    answered = 0;
    uint64_t decided = engine_state(engine).sequence;
    submit(edit = new_edit("c1", after, 1));
    while (engine_state(engine).sequence == decided) /* small commands go before an edit that only waits */
        (void)sched_yield();
    others = last = new_report("u1", "c1", "film", 60);
    for (int i = 1; i < LATER; i++)
        last = last->next = new_report(arena_printf(&arena, "u%d", i + 1), "c1", "film", 60);
    last->next = new_command(CMD_LOCK, "u9", "c1");
    last->next->item = text("film");
    last->next->actor = text("staff");
    submit(others);
    wait_for(LATER + 2);
    assert_ptr_equal(order[0], edit); /* nobody comes before it */
    struct view view = model_read_begin(engine_model(engine));
    const struct learner *learner = view_learner(view, view_learner_key(view, "u1", 2));
    const struct record *record = learner_record(learner, view_item_key(view, "film", 4));
    assert_int_equal(record->watched_s, 60);
    struct course_facts facts = view_course_facts(view, view_course_key(view, "c1", 2));
    assert_int_equal(facts.required, 1);
    model_read_end(view);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_answer_is_kept_with_its_command, begin, end),
        cmocka_unit_test_setup_teardown(a_report_brings_an_item_of_many, begin, end),
        cmocka_unit_test_setup_teardown(several_reports_bring_an_item_of_many, begin, end),
        cmocka_unit_test_setup_teardown(an_edit_is_answered_when_all_are_enrolled, begin, end),
        cmocka_unit_test_setup_teardown(a_start_goes_on_enrolling, begin, end),
        cmocka_unit_test_setup_teardown(what_the_ledger_says_is_gone_on_with, begin, end),
        cmocka_unit_test_setup_teardown(what_an_edit_touches_waits_for_it, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
