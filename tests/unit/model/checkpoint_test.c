#include "app/histories.h"

#include "model/checkpoint.h"
#include "model/checkpoint_load.h"
#include "model/judge.h"
#include "model/names.h"
#include "model/replay.h"
#include "model/revision.h"

/* A model from its events, from a checkpoint and from both: it is the same model. And an edit that is worked
 * out in slices: in the end it is what the fold makes of it in one go. */

enum { COMMANDS = 400 };

static struct store *store;
static struct arena arena;

/* A store with the events of a random history, and no checkpoint. */
static int begin(void **state)
{
    uint64_t random = 20260101;
    struct fault fault = {NULL, NULL};

    if (make_directory(state) != 0)
        return -1;
    arena_init(&arena);
    store = open_store();
    struct engine *engine = open_engine(store);
    for (int i = 0; i < COMMANDS; i++) {
        struct command command;
        random_command(&arena, &random, &command);
        if (engine_run(engine, &command, NULL, NULL, &fault) != RC_OK)
            return -1;
    }
    engine_free(engine);
    return store_checkpoint_discard(store, &fault) == RC_OK ? 0 : -1;
}

static int end(void **state)
{
    store_close(store);
    arena_done(&arena);
    return remove_directory(state);
}

/* ---- replaying ---- */

struct replaying {
    struct replay replay;
    struct tail *tail; /* NULL: nobody takes the events down */
    uint64_t upto;
};

static enum rc replay_one(void *arg, const struct stored_event *stored, struct fault *fault)
{
    struct replaying *replaying = arg;
    struct segment room[EVENT_SEGMENTS_MAX];
    struct event event;

    (void)fault;
    assert_true(stored_event_decode(stored, room, EVENT_SEGMENTS_MAX, &event));
    assert_int_equal(event.sequence, stored->sequence);
    assert_int_equal(event.at_ms, stored->at_ms);
    if (stored->sequence > replaying->upto)
        return RC_ENOUGH;
    if (replaying->tail)
        tail_add(replaying->tail, stored, 1);
    return replay_event(&replaying->replay, stored);
}

/* Folds the store's events after a sequence, up to another. */
static void fold_events(struct model *model, struct fold *fold, uint64_t after, uint64_t upto,
                        struct tail *tail)
{
    struct replaying replaying = {.tail = tail, .upto = upto};
    struct fault fault = {NULL, NULL};

    (void)model;
    assert_int_equal(replay_init(&replaying.replay, fold), RC_OK);
    assert_int_equal(store_each_event(store, after, replay_one, &replaying, &fault), RC_OK);
    assert_int_equal(replay_publish(&replaying.replay), RC_OK);
    assert_int_equal(model_published(fold->model), replaying.replay.last);
    replay_done(&replaying.replay);
}

static struct model *empty_model(void)
{
    struct model *model;
    struct fault fault = {NULL, NULL};

    assert_int_equal(model_new(&model), RC_OK);
    assert_int_equal(checkpoint_load_ids(model, store, &fault), RC_OK);
    return model;
}

static struct buf folded_whole(void)
{
    struct model *model = empty_model();
    struct buf text = {0};
    struct fold fold;

    assert_int_equal(fold_init(&fold, model), RC_OK);
    fold_events(model, &fold, 0, UINT64_MAX, NULL);
    print_model(model, &text);
    fold_done(&fold);
    model_free(model);
    return text;
}

static void is_the_same(struct model *model, const struct buf *want)
{
    struct buf text = {0};

    print_model(model, &text); /* there are zeros in it */
    assert_int_equal(text.size, want->size);
    assert_memory_equal(text.bytes, want->bytes, want->size);
    buf_done(&text);
}

/* ---- checkpoints ---- */

static void write_checkpoint(struct model *model, struct tail *tail)
{
    struct checkpoint *checkpoint = NULL;
    struct fault fault = {NULL, NULL};

    assert_int_equal(checkpoint_take(model, tail, &checkpoint), RC_OK);
    assert_non_null(checkpoint);
    assert_int_equal(checkpoint_sequence(checkpoint), model_published(model));
    if (checkpoint_write(checkpoint, store, &fault) != RC_OK)
        fail_msg("%s", fault_why(&fault));
    assert_int_equal(checkpoint_too_long(checkpoint), 0);
    checkpoint_done(checkpoint, model, true);
}

/* Two checkpoints on the way, the rest from the events: what is folded whole. */
static void a_checkpoint_and_the_events_after_it(void **unused)
{
    struct buf whole = folded_whole();
    struct model *model = empty_model(), *loaded;
    struct checkpoint *checkpoint = NULL;
    struct fault fault = {NULL, NULL};
    uint64_t last = store_counters(store).sequence, third = last / 3;
    struct tail *tail;
    struct fold fold;

    (void)unused;
    assert_int_equal(tail_new(&tail), RC_OK);
    assert_int_equal(fold_init(&fold, model), RC_OK);
    fold_events(model, &fold, 0, third, tail);
    write_checkpoint(model, tail);
    assert_int_equal(tail_size(tail), 0);
    assert_int_equal(checkpoint_take(model, tail, &checkpoint), RC_OK);
    assert_null(checkpoint); /* nothing has changed since */
    fold_events(model, &fold, third, 2 * third, tail);
    write_checkpoint(model, tail);
    fold_done(&fold);
    model_free(model);

    assert_int_equal(model_new(&loaded), RC_OK);
    assert_int_equal(checkpoint_load(loaded, store, &fault), RC_OK);
    assert_int_equal(model_published(loaded), 2 * third);
    assert_int_equal(fold_init(&fold, loaded), RC_OK);
    fold_events(loaded, &fold, 2 * third, UINT64_MAX, NULL);
    is_the_same(loaded, &whole);
    fold_done(&fold);
    model_free(loaded);
    tail_free(tail);
    buf_done(&whole);
}

/* One that could not be written leaves all of it to the next. */
static void what_was_not_written_is_taken_again(void **unused)
{
    struct model *model = empty_model(), *loaded;
    struct checkpoint *checkpoint = NULL;
    struct fault fault = {NULL, NULL};
    struct buf text = {0};
    struct tail *tail;
    struct fold fold;

    (void)unused;
    assert_int_equal(tail_new(&tail), RC_OK);
    assert_int_equal(fold_init(&fold, model), RC_OK);
    fold_events(model, &fold, 0, UINT64_MAX, tail);
    size_t events = tail_size(tail);
    assert_int_equal(checkpoint_take(model, tail, &checkpoint), RC_OK);
    assert_int_equal(tail_size(tail), events); /* readers still see them */
    checkpoint_done(checkpoint, model, false);
    assert_int_equal(tail_size(tail), events);
    write_checkpoint(model, tail);
    assert_int_equal(tail_size(tail), 0);
    print_model(model, &text);
    assert_int_equal(model_new(&loaded), RC_OK);
    assert_int_equal(checkpoint_load(loaded, store, &fault), RC_OK);
    is_the_same(loaded, &text);
    model_free(loaded);
    fold_done(&fold);
    model_free(model);
    tail_free(tail);
    buf_done(&text);
}

static void an_event_that_cannot_be_read_ends_a_replay(void **unused)
{
    static const uint8_t junk[] = {0xff, 0xff, 0xff};
    const struct stored_event stored = {
        .sequence = 1, .learner = 1, .kind = EV_REPORTED, .at_ms = 5, .body = junk, .body_size = sizeof junk};
    struct model *model = empty_model();
    struct segment room[8];
    struct event event;
    struct replay replay;
    struct fold fold;

    (void)unused;
    assert_false(stored_event_decode(&stored, room, COUNT(room), &event));
    assert_int_equal(fold_init(&fold, model), RC_OK);
    assert_int_equal(replay_init(&replay, &fold), RC_OK);
    assert_int_equal(replay_event(&replay, &stored), RC_INTERNAL);
    replay_done(&replay);
    fold_done(&fold);
    model_free(model);
}

/* ---- an edit of many, in slices ---- */

enum { LEARNERS = 2000 };

static enum rc count_holder(void *arg, uint32_t learner)
{
    (void)learner;
    return ++*(uint32_t *)arg == LEARNERS + 1 ? RC_CONFLICT : RC_OK;
}

/* All have completed the item of a course that nobody declared. */
static void crowd(struct model *model, struct fold *fold, uint32_t *out_course, uint32_t *out_item)
{
    char id[16];

    *out_course = model_intern(model, ENTITY_COURSE, "c1", 2);
    *out_item = model_intern(model, ENTITY_ITEM, "i1", 2);
    (void)model_intern(model, ENTITY_ITEM, "i2", 2);
    (void)model_intern(model, ENTITY_ITEM, "i3", 2);
    struct event seen = {.kind = EV_COURSE_OBSERVED, .course = *out_course, .sequence = 1, .at_ms = 1};
    assert_int_equal(fold_apply(fold, &seen), RC_OK);
    seen.kind = EV_ITEM_OBSERVED;
    seen.item = *out_item;
    seen.sequence = 2;
    assert_int_equal(fold_apply(fold, &seen), RC_OK);
    fold_publish(fold, 2);
    for (uint32_t i = 1; i <= LEARNERS; i++) {
        (void)snprintf(id, sizeof id, "u%u", i);
        struct event event = {.kind = EV_REPORTED,
                              .face = FACE_TRK,
                              .learner = model_intern(model, ENTITY_LEARNER, id, strlen(id)),
                              .course = *out_course,
                              .item = *out_item,
                              .sequence = 2 + i,
                              .at_ms = 10 + i,
                              .record_id = i,
                              .enrolment_id = i,
                              .report = {.has = HAS_STATUS, .status = ITEM_COMPLETED}};
        assert_int_equal(fold_apply(fold, &event), RC_OK);
    }
    assert_int_equal(fold_reserve(fold), RC_OK);
    fold_publish(fold, 2 + LEARNERS);
    model_note_stored(model);
}

/* The course is declared: its item does not count any more, which moves all, and a second one does. */
static struct event declaration(uint32_t course, uint32_t item, struct buf *body)
{
    struct declared_item items[] = {{.item = item}, {.item = item + 1, .required = true}};

    declaration_encode(&(struct declaration){.title = text("t"), .items = items, .item_count = 2}, body);
    return (struct event){.kind = EV_COURSE_DECLARED,
                          .face = FACE_CATALOG,
                          .course = course,
                          .sequence = 3 + LEARNERS,
                          .at_ms = 100000,
                          .body = (const uint8_t *)body->bytes,
                          .body_size = (uint32_t)body->size};
}

static uint32_t working(struct model *model, uint32_t course)
{
    struct view view = model_read_begin(model);
    uint32_t count = 0;

    for (uint32_t key = 1; key <= LEARNERS; key++) {
        const struct course_facts facts = view_course_facts(view, course);
        const struct enrolment *enrolment = learner_enrolment(view_learner(view, key), course);
        count += enrolment_state(enrolment, &facts) == ENR_IN_PROGRESS;
    }
    model_read_end(view);
    return count;
}

/* Some write about an item of no course. */
static void write_elsewhere(struct fold *fold, uint32_t item)
{
    enum { WRITERS = 40 };
    uint64_t sequence = 4 + LEARNERS;
    struct event event = {
        .kind = EV_ITEM_OBSERVED, .face = FACE_TRK, .item = item, .sequence = sequence, .at_ms = 200000};

    assert_int_equal(fold_apply(fold, &event), RC_OK);
    event.kind = EV_REPORTED;
    event.report = (struct report){.has = HAS_STATUS, .status = ITEM_COMPLETED};
    for (uint32_t learner = 1; learner <= WRITERS; learner++) {
        event.learner = learner;
        event.record_id = LEARNERS + learner;
        event.sequence = ++sequence;
        assert_int_equal(fold_apply(fold, &event), RC_OK);
    }
    assert_int_equal(fold_reserve(fold), RC_OK);
    fold_publish(fold, sequence);
}

/* elsewhere: learners who are looked at already, and others, write before all are. */
static void edit_in_slices(bool elsewhere)
{
    struct model *model, *other;
    struct revision *revision = NULL;
    struct fold fold, plain;
    struct buf body = {0}, want = {0};
    uint32_t course, item, count = 0;

    assert_int_equal(model_new(&model), RC_OK);
    assert_int_equal(fold_init(&fold, model), RC_OK);
    crowd(model, &fold, &course, &item);
    assert_int_equal(fold_each_holder(&fold, item, count_holder, &count), RC_OK);
    assert_int_equal(count, LEARNERS);
    struct event event = declaration(course, item, &body);
    fold.may_defer = true;
    assert_int_equal(fold_apply(&fold, &event), RC_OK);
    assert_true(fold.deferred); /* too many for one batch */
    assert_int_equal(revision_new(&fold, &revision), RC_OK);
    assert_int_equal(fold_reserve(&fold), RC_OK);
    revision_take(revision, &fold);
    assert_true(revision_touches(fold.view, course, 0));
    assert_true(revision_touches(fold.view, 0, item));
    assert_int_equal(working(model, course), 0);            /* readers see what was before */
    enum revision_phase phase = revision_step(revision, 0); /* a few of them */
    assert_int_equal(phase, REVISION_PREPARING);
    if (elsewhere) {
        write_elsewhere(&fold, item + 2);
        assert_int_not_equal(model->moved_again.count, 0); /* some had been looked at */
    }
    while (phase == REVISION_PREPARING)
        phase = revision_step(revision, 1);
    assert_int_equal(working(model, course), LEARNERS); /* all of it at once */
    assert_false(revision_touches(fold.view, course, item));
    while (phase != REVISION_OVER)
        phase = revision_step(revision, 1);
    revision_free(revision);
    revision_free(NULL);

    assert_int_equal(model_new(&other), RC_OK);
    assert_int_equal(fold_init(&plain, other), RC_OK);
    crowd(other, &plain, &course, &item);
    assert_int_equal(fold_apply(&plain, &event), RC_OK);
    assert_false(plain.deferred);
    assert_int_equal(fold_reserve(&plain), RC_OK);
    fold_publish(&plain, event.sequence);
    if (elsewhere)
        write_elsewhere(&plain, item + 2);
    print_model(other, &want);
    is_the_same(model, &want);
    fold_done(&plain);
    model_free(other);
    fold_done(&fold);
    model_free(model);
    buf_done(&body);
    buf_done(&want);
}

static void an_edit_in_slices_is_the_edit(void **unused)
{
    (void)unused;
    edit_in_slices(false);
}

static void who_writes_elsewhere_meanwhile_loses_nothing(void **unused)
{
    (void)unused;
    edit_in_slices(true);
}

/* ---- what the store's log entries come to ---- */

static void entries_within_the_budget_are_fine(void **unused)
{
    static const struct event_scope scope = {.learners = 9, .log_id = 9};
    struct engine *engine = open_engine(store);
    struct fault fault = {NULL, NULL};
    struct judge judge;

    (void)unused;
    struct command add = {.kind = CMD_LOG_ADD,
                          .face = FACE_LOGS,
                          .arena = &arena,
                          .learner = text("u1"),
                          .members = (const uint8_t *)"\1a\0011",
                          .members_size = 4};
    assert_int_equal(engine_run(engine, &add, NULL, NULL, &fault), RC_OK);
    engine_free(engine);
    assert_int_equal(judge_init(&judge, &scope), RC_OK);
    assert_int_equal(judge_logs(&judge, store, &fault), RC_OK);
    assert_null(judge.problem);
    judge_done(&judge);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_checkpoint_and_the_events_after_it, begin, end),
        cmocka_unit_test_setup_teardown(what_was_not_written_is_taken_again, begin, end),
        cmocka_unit_test_setup_teardown(an_event_that_cannot_be_read_ends_a_replay, begin, end),
        cmocka_unit_test(an_edit_in_slices_is_the_edit),
        cmocka_unit_test(who_writes_elsewhere_meanwhile_loses_nothing),
        cmocka_unit_test_setup_teardown(entries_within_the_budget_are_fine, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
