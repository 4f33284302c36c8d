#include "acts.h"

#include "app/history.h"
#include "app/live_batch.h"
#include "app/live_past.h"

/* What those who watch are told: as it happens, from a batch; and what they missed, from the log. One engine;
 * its sink keeps what it was given, so that the two can be held against each other. */

enum { MOST = 64 };

struct told {
    struct live_event events[MOST];
    char ids[MOST][LIVE_IDS_BYTES + 1];
    size_t count;
    size_t enough; /* no more after so many; 0: all */
};

static void keep(struct told *told, const struct live_event *event)
{
    size_t size = (size_t)event->user_size + event->course_size + event->item_size;

    assert_true(told->count < MOST);
    told->events[told->count] = *event;
    memcpy(told->ids[told->count], event->ids, size);
    told->ids[told->count][size] = '\0';
    told->events[told->count].ids = told->ids[told->count];
    told->count++;
}

/* ---- the sink ---- */

static struct told live;
static bool watched;
static uint64_t unnoted_from, unnoted_to;
static int rights;

static bool is_watched(void *of)
{
    (void)of;
    return watched;
}

static void drop(struct live_batch *batch)
{
    if (batch) {
        free(batch->events);
        free(batch->ids);
    }
    free(batch);
}

static void take(void *of, struct live_batch *batch, uint64_t first, uint64_t last, bool changes_rights)
{
    (void)of;
    if (!batch) {
        unnoted_from = first;
        unnoted_to = last;
    }
    for (size_t i = 0; batch && i < batch->count; i++)
        keep(&live, &batch->events[i]);
    rights += changes_rights;
    drop(batch);
}

static void rights_changed(void *of)
{
    (void)of;
    rights++;
}

static const struct live_sink sink = {NULL, is_watched, take, drop, rights_changed};

static int begin_watched(void **state)
{
    int rc = begin(state);

    live.count = 0;
    rights = 0;
    watched = true;
    if (rc == 0)
        engine_set_live(engine, &sink);
    return rc;
}

static bool hear(void *arg, const struct live_event *event)
{
    struct told *told = arg;

    keep(told, event);
    return told->count != told->enough;
}

/* All that a filter lets through, to the end or a gap. */
static enum live_past_step hear_past(const struct live_filter *filter, uint64_t after, struct told *told)
{
    enum live_past_step step = LIVE_PAST_MORE;
    struct live_past *past = NULL;
    struct fault fault = {NULL, NULL};
    uint64_t covered = after, upto = engine_state(engine).sequence;

    assert_int_equal(live_past_open(engine_history(engine), filter, after, upto, &past, &fault), RC_OK);
    for (int turns = 0; step == LIVE_PAST_MORE; turns++) {
        uint64_t before = covered;
        assert_true(turns < 10000);
        if (live_past_next(past, hear, told, &covered, &step, &fault) != RC_OK)
            fail_msg("%s", fault.message);
        assert_true(covered >= before);
    }
    if (step == LIVE_PAST_OVER)
        assert_int_equal(covered, upto);
    live_past_close(past);
    return step;
}

static void same_events(const struct told *left, const struct told *right)
{
    assert_int_equal(left->count, right->count);
    for (size_t i = 0; i < left->count; i++) {
        struct live_event a = left->events[i], b = right->events[i];
        assert_string_equal(left->ids[i], right->ids[i]);
        a.ids = b.ids = NULL;
        if (a.sequence != b.sequence || a.type != b.type || a.status != b.status ||
            a.percent_hundredths != b.percent_hundredths ||
            a.course_percent_hundredths != b.course_percent_hundredths || a.watched_s != b.watched_s ||
            a.enrolment_state != b.enrolment_state || a.updated_at_ms != b.updated_at_ms)
            fail_msg("event %llu", (unsigned long long)a.sequence);
    }
}

/* ---- tests ---- */

static void a_story(void)
{
    struct report half = {.has = HAS_PERCENT, .percent_hundredths = 5000};

    (void)say("anna", "c1", "i1", half);
    (void)say("berta", "c1", "i1", half);
    (void)report("anna", "c1", "i1");
    (void)report("anna", "c1", "i2");
    (void)report("anna", "c2", "i3");
    (void)do_one((struct command){.kind = CMD_LOCK,
                                  .face = FACE_COURSEROOM,
                                  .learner = text("berta"),
                                  .course = text("c1"),
                                  .item = text("i1"),
                                  .actor = text("staff")});
    (void)do_one((struct command){
        .kind = CMD_DELETE_PROGRESS, .face = FACE_VIDEO, .learner = text("anna"), .item = text("i2")});
    (void)add_log("anna", '1');
    (void)do_one(
        (struct command){.kind = CMD_DROP, .face = FACE_PTS, .learner = text("berta"), .course = text("c1")});
}

static void the_past_is_told_as_it_was_told_then(void **unused)
{
    struct told past = {.count = 0};
    struct live_filter all = {.user = {NULL, 0}};

    (void)unused;
    a_story();
    assert_true(live.count >= 9);
    assert_int_equal(hear_past(&all, 0, &past), LIVE_PAST_OVER);
    same_events(&past, &live);
}

static void a_filter_lets_through_what_it_names(void **unused)
{
    static const struct {
        const char *user, *course, *item;
        bool nothing;
    } rows[] = {
        {"anna", NULL, NULL, false},  {"berta", NULL, NULL, false}, {"anna", "c2", NULL, false},
        {NULL, "c1", NULL, false},    {NULL, NULL, "i1", false},    {"anna", NULL, "i2", false},
        {"nobody", NULL, NULL, true}, {NULL, "c77", NULL, true},    {"berta", "c2", NULL, true},
    };

    (void)unused;
    a_story();
    for (size_t r = 0; r < COUNT(rows); r++) {
        struct live_filter filter = {text(rows[r].user), text(rows[r].course), text(rows[r].item)};
        struct told past = {.count = 0}, want = {.count = 0};
        assert_int_equal(hear_past(&filter, 0, &past), LIVE_PAST_OVER);
        for (size_t i = 0; i < live.count; i++) {
            const struct live_event *event = &live.events[i];
            struct text user = {live_user(event), event->user_size},
                        course = {live_course(event), event->course_size},
                        item = {live_item(event), event->item_size};
            if ((!filter.user.bytes || text_equal(filter.user, user)) &&
                (!filter.course.bytes || text_equal(filter.course, course)) &&
                (!filter.item.bytes || text_equal(filter.item, item)))
                keep(&want, event);
        }
        if (past.count != want.count)
            fail_msg("row %zu: %zu, not %zu", r, past.count, want.count);
        same_events(&past, &want);
        assert_int_equal(past.count == 0, rows[r].nothing);
    }
}

static void who_has_enough_goes_on_from_there(void **unused)
{
    struct live_filter filter = {.user = text("anna")};
    enum live_past_step step = LIVE_PAST_MORE;
    struct live_past *past;
    struct told told = {.enough = 2};
    struct fault fault;
    uint64_t covered = 0, upto;

    (void)unused;
    a_story();
    upto = engine_state(engine).sequence;
    assert_int_equal(live_past_open(engine_history(engine), &filter, 0, upto, &past, &fault), RC_OK);
    assert_int_equal(live_past_next(past, hear, &told, &covered, &step, &fault), RC_OK);
    assert_int_equal(told.count, 2);
    assert_int_equal(step, LIVE_PAST_MORE);
    assert_int_equal(covered, told.events[1].sequence); /* nothing is missing up to there */
    told.enough = 0;
    while (step == LIVE_PAST_MORE)
        assert_int_equal(live_past_next(past, hear, &told, &covered, &step, &fault), RC_OK);
    live_past_close(past);
    for (size_t i = 1; i < told.count; i++)
        assert_true(told.events[i - 1].sequence < told.events[i].sequence);
    struct told later = {.count = 0};
    assert_int_equal(hear_past(&filter, told.events[1].sequence, &later), LIVE_PAST_OVER);
    assert_int_equal(later.count, told.count - 2);
    live_past_close(NULL);
}

/* Each event of a walk is told with how things stood then, though they stand otherwise now. */
static void how_things_stood_is_told(void **unused)
{
    struct live_filter filter = {.user = text("anna"), .item = text("i1")};
    struct told past = {.count = 0};

    (void)unused;
    for (int i = 1; i <= 20; i++)
        (void)say("anna", "c1", "i1",
                  (struct report){.has = HAS_PERCENT, .percent_hundredths = (uint16_t)(i * 500)});
    assert_int_equal(hear_past(&filter, 0, &past), LIVE_PAST_OVER);
    assert_int_equal(past.count, 20);
    for (size_t i = 0; i < past.count; i++)
        assert_int_equal(past.events[i].percent_hundredths, (i + 1) * 500);
}

static void what_nobody_watched_is_not_noted(void **unused)
{
    (void)unused;
    watched = false;
    (void)report("anna", "c1", "i1");
    assert_int_equal(live.count, 0);
    assert_int_equal(unnoted_to, 0);
}

static void an_edit_says_that_rights_may_have_changed(void **unused)
{
    static const char *const items[] = {"i1"}, *const types[] = {"lab"};

    (void)unused;
    (void)declare("c1", items, types, 1);
    assert_int_equal(rights, 1);
    (void)report("anna", "c1", "i1");
    assert_int_equal(rights, 1);
    assert_int_equal(live.count, 1); /* the report; the edit itself is no message */
}

static void a_note_ends_with_its_batch(void **unused)
{
    static const struct {
        const char *what;
        bool before, after, published;
        uint64_t first;
        size_t told;
        uint64_t untold;
    } rows[] = {
        {"somebody watches", true, true, true, 9, 1, 0},
        {"they came meanwhile", false, true, true, 9, 0, 9},
        {"they left meanwhile", true, false, true, 9, 0, 0},
        {"it was never published", true, true, false, 9, 0, 0},
        {"it has no events", true, true, true, 10, 0, 0},
    };
    struct live_note note = {.batch = NULL};

    (void)unused;
    (void)report("anna", "c1", "i1");
    struct view view = model_read_begin(engine_model(engine));
    struct catalogue catalogue = view_catalogue(&view);
    struct event event = {.kind = EV_REPORTED, .sequence = 9, .learner = view_learner_key(view, "anna", 4)};
    for (size_t i = 0; i < COUNT(rows); i++) {
        print_message("%s\n", rows[i].what);
        live.count = unnoted_to = 0;
        watched = rows[i].before;
        live_note_begin(&note, &sink);
        live_note_event(&note, &event, view, &catalogue);
        watched = rows[i].after;
        live_note_end(&note, &sink, rows[i].first, 9, rows[i].published);
        assert_int_equal(live.count, rows[i].told);
        assert_int_equal(unnoted_to, rows[i].untold);
        assert_null(note.batch);
    }
    live_note_begin(&note, NULL);
    assert_false(note.watched);
    live_note_end(&note, NULL, 9, 9, true);
    model_read_end(view);
}

/* A batch's ids lie one after the other, however many there are and wherever its list moved. */
static void a_batch_keeps_its_ids_together(void **unused)
{
    enum { EVENTS = 200 };
    struct live_batch *batch = NULL;

    (void)unused;
    (void)report("anna", "c1", "i1");
    struct view view = model_read_begin(engine_model(engine));
    struct catalogue catalogue = view_catalogue(&view);
    struct event event = {.kind = EV_REPORTED,
                          .learner = view_learner_key(view, "anna", 4),
                          .course = view_course_key(view, "c1", 2),
                          .item = view_item_key(view, "i1", 2)};
    for (event.sequence = 1; event.sequence <= EVENTS; event.sequence++)
        assert_true(live_batch_note(&batch, &event, view, &catalogue));
    event.kind = EV_COURSE_OBSERVED; /* makes no message */
    assert_true(live_batch_note(&batch, &event, view, &catalogue));
    live_batch_seal(batch);
    assert_int_equal(batch->count, EVENTS);
    for (size_t i = 0; i < batch->count; i++) {
        assert_int_equal(batch->events[i].sequence, i + 1);
        assert_memory_equal(live_user(&batch->events[i]), "annac1i1", 8);
    }
    struct live_event told;
    char ids[LIVE_IDS_BYTES];
    told = batch->events[0];
    told.learner = 0; /* nobody */
    assert_false(live_put_ids(&told, view, ids));
    model_read_end(view);
    drop(batch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_past_is_told_as_it_was_told_then, begin_watched, end),
        cmocka_unit_test_setup_teardown(a_filter_lets_through_what_it_names, begin_watched, end),
        cmocka_unit_test_setup_teardown(who_has_enough_goes_on_from_there, begin_watched, end),
        cmocka_unit_test_setup_teardown(how_things_stood_is_told, begin_watched, end),
        cmocka_unit_test_setup_teardown(what_nobody_watched_is_not_noted, begin_watched, end),
        cmocka_unit_test_setup_teardown(an_edit_says_that_rights_may_have_changed, begin_watched, end),
        cmocka_unit_test_setup_teardown(a_note_ends_with_its_batch, begin_watched, end),
        cmocka_unit_test_setup_teardown(a_batch_keeps_its_ids_together, begin_watched, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
