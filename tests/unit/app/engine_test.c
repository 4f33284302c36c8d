#include "histories.h"

#include <pthread.h>
#include <unistd.h>

#include <sqlite3.h>

#include "app/history.h"
#include "app/history_model.h"
#include "core/limits.h"
#include "model/model_private.h"
#include "model/checkpoint.h"
#include "model/checkpoint_rows.h"
#include "store/checkpoint.h"

/* The engine through engine.h: live, loaded and folded models agree; what fails is not there. */

/* What an enrolment and the sums say must be what the records say, counted anew. */
static void check_counts(struct model *model)
{
    struct view view = model_read_begin(model);
    for (uint32_t c = 1; c <= model->tables[ENTITY_COURSE].count; c++) {
        int64_t learners = 0, completed = 0;
        struct course_facts facts = view_course_facts(view, c);
        for (uint32_t l = 1; l <= model->tables[ENTITY_LEARNER].count; l++) {
            const struct learner *learner = view_learner(view, l);
            const struct enrolment *enrolment = learner ? learner_enrolment(learner, c) : NULL;
            uint32_t want = 0, all = 0, started = 0;
            for (uint32_t i = 0; enrolment && i < learner->record_count; i++) {
                struct item_facts item = view_item_facts(view, learner->records[i].item);
                bool counts = item.course == c && !item.untaught;
                want += counts && item.required && learner->records[i].status == ITEM_COMPLETED;
                all += counts && learner->records[i].status == ITEM_COMPLETED;
                started += item.course == c && learner->records[i].flags & RECORD_REPORTED;
                if (item.course == c && (counts != ((learner->records[i].flags & RECORD_COUNTED) != 0)))
                    fail_msg("item %u of %s: whether it counts", learner->records[i].item,
                             learner_slot(model, l)->head.id);
            }
            if (enrolment &&
                (enrolment->completed_items != all || (started && enrolment->class == CLASS_ENROLLED)))
                fail_msg("course %s of %s: %u items counted, %u there; class %d, %u reported",
                         course_slot(model, c)->head.id, learner_slot(model, l)->head.id,
                         enrolment->completed_items, all, enrolment->class, started);
            if (enrolment && (enrolment->completed_required != want || want > facts.required))
                fail_msg("course %s of %s: %u counted, %u there, %u required", course_slot(model, c)->head.id,
                         learner_slot(model, l)->head.id, enrolment->completed_required, want,
                         facts.required);
            learners += enrolment != NULL;
            completed += want;
        }
        struct course_figures figures = course_sums_figures(&course_slot(model, c)->sums, &facts, 0);
        if (figures.total != learners || figures.completed_required != completed)
            fail_msg("sums of course %s", course_slot(model, c)->head.id);
    }
    model_read_end(view);
}

/* After random commands: the model loaded from its file, the model folded from nothing, and the live one
 * agree. */
/* The past up to now, folded from what counts for one learner alone, is how they are, and so are their
 * courses. */
static void check_pasts(struct engine *engine)
{
    const struct bound now = {.sequence = UINT64_MAX};
    struct model *model = engine_model(engine);
    for (uint32_t key = 1; key <= model->tables[ENTITY_LEARNER].count; key++) {
        struct model *twin = NULL;
        struct fault fault = {NULL, NULL};
        struct buf is = {0}, was = {0};
        if (history_model(engine_history(engine), key, &now, &twin, &fault) != RC_OK)
            fail_msg("learner %u: %s", key, fault.message);
        assert_int_equal(checkpoint_row_encode(model, CHECKPOINT_LEARNER, key, &is),
                         checkpoint_row_encode(twin, CHECKPOINT_LEARNER, key, &was));
        if (is.size != was.size || (is.size && memcmp(is.bytes, was.bytes, is.size) != 0))
            fail_msg("learner %u is not what their past says", key);
        struct view live = {model, false}, past = {twin, false};
        const struct learner *learner = view_learner(live, key);
        for (uint32_t i = 0; learner && i < learner->enrolment_count; i++) {
            struct course_facts a = view_course_facts(live, learner->enrolments[i].course),
                                b = view_course_facts(past, learner->enrolments[i].course);
            assert_true(a.declared == b.declared && a.required == b.required && a.items == b.items &&
                        a.shrunk_at_ms == b.shrunk_at_ms);
        }
        for (uint32_t i = 0; learner && i < learner->record_count; i++) {
            struct item_facts a = view_item_facts(live, learner->items[i]),
                              b = view_item_facts(past, learner->items[i]);
            assert_true(a.course == b.course && a.required == b.required && a.duration_ms == b.duration_ms);
        }
        model_free(twin);
        buf_done(&is);
        buf_done(&was);
    }
}

static void live_loaded_and_folded_models_agree(void **unused)
{
    uint64_t random = 4242;
    (void)unused;
    for (int round = 0; round < 40; round++) {
        struct buf live = {0}, loaded = {0}, folded = {0};
        struct fault fault = {NULL, NULL};
        struct arena arena;
        arena_init(&arena);
        struct store *store = open_store();
        struct engine *engine = open_engine(store);
        for (int i = 0; i < 60; i++) {
            generation = round * 4 + i / 15;
            struct command commands[4], *first = NULL;
            for (int k = 0; k < 4; k++) { /* some alone, some together, as the engine would take them */
                random_command(&arena, &random, &commands[k]);
                bool alone = commands[k].kind == CMD_COURSE_PUT || commands[k].kind == CMD_COURSE_DELETE;
                if (alone && first)
                    break;
                commands[k].next = first;
                first = &commands[k];
                if (alone || next_random(&random) % 2)
                    break;
            }
            if (engine_run(engine, first, NULL, NULL, &fault) != RC_OK)
                fail_msg("round %d: %s", round, fault.message);
            check_counts(engine_model(engine));
            if (i == 30 &&
                engine_checkpoint(engine, &fault) != RC_OK) /* so that a start has a file and a tail */
                fail_msg("flush: %s", fault.message);
        }
        check_pasts(engine);
        print_model(engine_model(engine), &live);
        engine_free(engine);
        store_close(store);

        store = open_store();
        engine = open_engine(store);
        print_model(engine_model(engine), &loaded);
        engine_free(engine);
        assert_int_equal(store_checkpoint_discard(store, &fault), RC_OK);
        store_close(store);

        store = open_store();
        engine = open_engine(store);
        print_model(engine_model(engine), &folded);
        engine_free(engine);
        store_close(store);
        arena_done(&arena);
        generation = 0;
        assert_int_equal(live.size, loaded.size); /* there are zeros in it */
        assert_memory_equal(live.bytes, loaded.bytes, live.size);
        assert_int_equal(live.size, folded.size); /* there are zeros in it */
        assert_memory_equal(live.bytes, folded.bytes, live.size);
        buf_done(&live);
        buf_done(&loaded);
        buf_done(&folded);
    }
}

/* ---- an edit that touches very many ---- */

enum { MANY = 1500, MANY_ITEMS = 4 };

static pthread_mutex_t idempotency_lock = PTHREAD_MUTEX_INITIALIZER;
static int answered;

static void count_answer(struct command *command)
{
    (void)pthread_mutex_lock(&idempotency_lock);
    answered += command->rc == RC_OK;
    (void)pthread_mutex_unlock(&idempotency_lock);
}

static int answers(void)
{
    (void)pthread_mutex_lock(&idempotency_lock);
    int count = answered;
    (void)pthread_mutex_unlock(&idempotency_lock);
    return count;
}

static struct command *watch_item(struct arena *arena, uint32_t learner, const char *course, uint32_t item,
                                  int64_t watched_s)
{
    struct command *command = arena_alloc(arena, sizeof *command);
    struct item_report *report = arena_alloc(arena, sizeof *report);

    *command = (struct command){.kind = CMD_REPORTS,
                                .arena = arena,
                                .face = FACE_VIDEO,
                                .learner = text(arena_printf(arena, "many-%u", learner)),
                                .reports = report,
                                .report_count = 1,
                                .all_or_nothing = true,
                                .done = count_answer};
    report->item = text(arena_printf(arena, "%s-item-%u", course, item));
    report->course = text(course);
    report->report = (struct report){.has = HAS_WATCHED | HAS_DURATION | FROM_PLAYER,
                                     .watched_s = watched_s,
                                     .duration_ms = 100000,
                                     .local_day = 3};
    return command;
}

static const char *const part_names[COMMAND_PARTS] = {[PART_COURSE_ITEMS] = "contents"};

static struct command *edit_course(struct arena *arena, int64_t duration_ms, uint32_t items)
{
    struct command *command = arena_alloc(arena, sizeof *command);
    struct course_put *put = arena_alloc(arena, sizeof *put);

    *command = (struct command){.kind = duration_ms ? CMD_COURSE_PUT : CMD_COURSE_DELETE,
                                .arena = arena,
                                .face = FACE_CATALOG,
                                .part_names = part_names,
                                .course = text("crowd"),
                                .actor = text("admin"),
                                .put = put,
                                .done = count_answer};
    put->items = arena_alloc(arena, items * sizeof *put->items);
    put->item_count = items;
    for (uint32_t i = 0; i < items; i++)
        put->items[i] = (struct put_item){.id = text(arena_printf(arena, "crowd-item-%u", i)),
                                          .duration_ms = duration_ms,
                                          .required = i % 2 == 0};
    return command;
}

/* All of a chain is answered; sums and states agree at every moment until then. */
static void submit_all(struct engine *engine, struct command *first, int count)
{
    struct fault fault;
    int before = answers();

    if (engine_submit(engine, first, &fault))
        fail_msg("not taken");
    for (int looks = 0; answers() < before + count; looks++) {
        check_counts(engine_model(engine));
        if (looks > 100000)
            fail_msg("%d of %d answered", answers() - before, count);
    }
}

/* An edit worked out in slices, while others and the same learners write elsewhere and in the course: what is
 * shown at every moment adds up, and in the end it is what folding the events in their order gives. */
static void an_edit_in_slices_ends_as_it_is_folded(void **unused)
{
    static const struct {
        int64_t duration_ms;
        uint32_t items;
    } edits[] = {{50000, MANY_ITEMS}, {100000, 2}, {10000, MANY_ITEMS + 40}, {0, 0}, {20000, MANY_ITEMS}};
    struct buf live = {0}, folded = {0};
    struct fault fault = {NULL, NULL};
    struct arena arena;
    (void)unused;
    arena_init(&arena);
    struct store *store = open_store();
    struct engine *engine = open_engine(store);
    struct command *all = NULL, **end = &all;
    for (uint32_t l = 0; l < MANY; l++) {
        *end = watch_item(&arena, l, "crowd", l % MANY_ITEMS, 5 + l % 90);
        (*end)->next = watch_item(&arena, l, "elsewhere", l % 3, 9);
        (*end)->next->next = watch_item(&arena, l, "crowd", (l + 1) % MANY_ITEMS, 30);
        end = &(*end)->next->next->next;
    }
    assert_int_equal(engine_run(engine, all, NULL, NULL, &fault), RC_OK);
    assert_int_equal(engine_start(engine, &fault), RC_OK);
    for (uint32_t e = 0; e < COUNT(edits); e++) {
        struct command *first = edit_course(&arena, edits[e].duration_ms, edits[e].items), *last = first;
        int count = 1;
        for (uint32_t i = 0; i < 400; i++, count++) {
            uint32_t learner = (e * 97 + i * 7) % MANY;
            last = last->next =
                i % 4 ? watch_item(&arena, learner, "elsewhere", (learner + i) % 3, 10 + e + i % 20)
                      : watch_item(&arena, learner, "crowd", i % 2, 31 + e * 10);
        }
        submit_all(engine, first, count);
    }
    print_model(engine_model(engine), &live);
    engine_free(engine);
    assert_int_equal(store_checkpoint_discard(store, &fault), RC_OK);
    store_close(store);
    store = open_store();
    engine = open_engine(store);
    print_model(engine_model(engine), &folded);
    check_counts(engine_model(engine));
    engine_free(engine);
    store_close(store);
    assert_int_equal(live.size, folded.size); /* there are zeros in it */
    assert_memory_equal(live.bytes, folded.bytes, live.size);
    buf_done(&live);
    buf_done(&folded);
    arena_done(&arena);
}

/* Also what no face looked at, as an import's, has the catalogue's budgets. */
static void a_course_lists_no_more_than_it_may(void **unused)
{
    struct fault fault = {NULL, NULL};
    struct arena arena;
    (void)unused;
    arena_init(&arena);
    struct store *store = open_store();
    struct engine *engine = open_engine(store);
    struct command *command = edit_course(&arena, 1000, LIMIT_COURSE_ITEMS + 1);
    uint32_t items = model_count(engine_model(engine), ENTITY_ITEM);
    assert_int_equal(engine_run(engine, command, NULL, NULL, &fault), RC_OK);
    assert_int_equal(command->rc, RC_INVALID);
    assert_string_equal(command->fault.field, "contents");
    assert_int_equal(model_count(engine_model(engine), ENTITY_ITEM), items); /* and nothing of it is known */
    engine_free(engine);
    store_close(store);
    arena_done(&arena);
}

/* A batch that cannot be committed answers RC_BUSY and leaves everything as it was; later it works again. */
static void a_failed_commit_leaves_no_trace(void **unused)
{
    struct buf before = {0}, after = {0};
    struct fault fault = {NULL, NULL};
    struct arena arena;
    uint64_t random = 11;
    char path[128];
    sqlite3 *other;
    (void)unused;
    arena_init(&arena);
    struct store *store = open_store();
    struct engine *engine = open_engine(store);
    print_model(engine_model(engine), &before);
    snprintf(path, sizeof path, "%s/events.db", directory);
    assert_int_equal(sqlite3_open(path, &other), SQLITE_OK); /* somebody holds the write lock: SQLITE_BUSY */
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    struct command command;
    do
        random_command(&arena, &random, &command);
    while (command.kind != CMD_REPORTS);
    command.learner = text("a-new-one");
    command.reports[0].item = text("a-new-item");
    command.reports[0].course = text("a-new-course");
    struct command again = command;
    assert_int_equal(engine_run(engine, &command, NULL, NULL, &fault), RC_BUSY);
    assert_int_equal(command.rc, RC_BUSY);
    sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL);
    sqlite3_close(other);
    struct view view = model_read_begin(engine_model(engine));
    assert_null(view_learner(view, view_learner_key(view, "a-new-one", 9)));
    assert_null(view_course(view, view_course_key(view, "a-new-course", 12)));
    model_read_end(view);
    assert_int_equal(engine_run(engine, &again, NULL, NULL, &fault), RC_OK);
    assert_int_equal(again.rc, RC_OK);
    print_model(engine_model(engine), &after);
    engine_free(engine);
    store_close(store);
    store = open_store(); /* and its ids were stored with the event that used them */
    engine = open_engine(store);
    buf_done(&before);
    print_model(engine_model(engine), &before);
    assert_string_equal(before.bytes, after.bytes);
    engine_free(engine);
    store_close(store);
    arena_done(&arena);
    buf_done(&before);
    buf_done(&after);
}

/* An checkpoint file whose sums are not those of its learners is thrown away, not believed. The row that is
 * lost: of a learner with records (items and courses differ), and of one who is only enrolled (courses alone
 * differ). */
static void a_checkpoint_that_contradicts_itself_is_made_again(void **unused)
{
    static const char *const losses[] = {"DELETE FROM learner WHERE key = (SELECT min(key) FROM learner)",
                                         "DELETE FROM learner WHERE key = (SELECT max(key) FROM learner)"};
    struct fault fault = {NULL, NULL};
    struct arena arena;
    (void)unused;
    arena_init(&arena);
    struct store *store = open_store();
    struct engine *engine = open_engine(store);
    struct command enrol = {.kind = CMD_ENROL,
                            .face = FACE_PTS,
                            .learner = text("only-enrolled"),
                            .course = text("c1"),
                            .arena = &arena};
    assert_int_equal(engine_run(engine, &enrol, NULL, NULL, &fault), RC_OK);
    engine_free(engine);
    store_close(store);
    for (size_t i = 0; i < COUNT(losses); i++) {
        struct buf before = {0}, after = {0};
        char path[128];
        sqlite3 *db;
        store = open_store();
        engine = open_engine(store);
        print_model(engine_model(engine), &before);
        engine_free(engine);
        store_close(store);
        snprintf(path, sizeof path, "%s/checkpoint.db", directory);
        sqlite3_open(path, &db);
        assert_int_equal(sqlite3_exec(db, losses[i], NULL, NULL, NULL), SQLITE_OK);
        assert_true(sqlite3_changes(db) == 1);
        sqlite3_close(db);
        store = open_store();
        engine = open_engine(store);
        print_model(engine_model(engine), &after);
        assert_string_equal(before.bytes, after.bytes);
        engine_free(engine);
        store_close(store);
        buf_done(&before);
        buf_done(&after);
    }
    arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(live_loaded_and_folded_models_agree),
        cmocka_unit_test(an_edit_in_slices_ends_as_it_is_folded),
        cmocka_unit_test(a_course_lists_no_more_than_it_may),
        cmocka_unit_test(a_failed_commit_leaves_no_trace),
        cmocka_unit_test(a_checkpoint_that_contradicts_itself_is_made_again),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
