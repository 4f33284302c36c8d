#include "acts.h"

#include <errno.h>

#include "app/figures.h"
#include "app/log_figures.h"
#include "app/snapshot.h"
#include "model/model_private.h"

/* What reports are summed up to, from records, learners and entries that a table gives. */

/* ---- records ---- */

static void records_are_summed_by_status(void **unused)
{
    static const struct record records[] = {
        {.status = ITEM_COMPLETED,
         .percent_hundredths = 10000,
         .time_spent_ms = 5,
         .score_e4 = 7,
         .flags = RECORD_SCORE},
        {.status = ITEM_IN_PROGRESS, .percent_hundredths = 2500, .time_spent_ms = 6, .score_e4 = 99},
        {.status = ITEM_NOT_STARTED},
    };
    struct record_sums sums = {0};

    (void)unused;
    for (size_t i = 0; i < COUNT(records); i++)
        record_sums_add(&sums, &records[i]);
    record_sums_add(&sums, NULL); /* an item without a record */
    assert_int_equal(sums.total, 4);
    assert_int_equal(sums.completed, 1);
    assert_int_equal(sums.in_progress, 1);
    assert_int_equal(sums.not_started, 2);
    assert_int_equal(sums.percent_hundredths, 12500);
    assert_true(sums.time_spent_ms == 11);
    assert_int_equal(sums.scored, 1); /* a score that was never given is in no average */
    assert_int_equal(sums.score_e4, 7);
}

static void videos_are_summed_whether_reported_on_or_not(void **unused)
{
    static const struct record half = {.status = ITEM_IN_PROGRESS, .furthest_ms = 4000, .covered_ms = 9000},
                               done = {.status = ITEM_COMPLETED, .furthest_ms = 8000, .covered_ms = 1000};
    struct video_sums sums = {0};

    (void)unused;
    video_sums_add(&sums, &half);
    video_sums_add(&sums, &done);
    video_sums_add(&sums, NULL);
    assert_int_equal(sums.videos, 3);
    assert_int_equal(sums.completed, 1);
    assert_true(sums.watch_ms == record_watch_ms(&half) + record_watch_ms(&done));
    assert_int_equal(record_watch_ms(&half), 9000); /* the larger of furthest and covered */
    assert_int_equal(record_watch_ms(&done), 8000);
}

/* ---- days ---- */

static void streaks_are_days_in_a_row(void **unused)
{
    static const struct {
        const char *what;
        int32_t days[6];
        uint32_t count;
        int64_t now, longest;
    } rows[] = {
        {"no day", {0}, 0, 0, 0},
        {"today alone", {100}, 1, 1, 1},
        {"yesterday still counts", {98, 99}, 2, 2, 2},
        {"the day before does not", {97, 98}, 2, 0, 2},
        {"a longer one before", {90, 91, 92, 99, 100}, 5, 2, 3},
        {"tomorrow, from where it is", {99, 100, 101}, 3, 3, 3},
    };

    (void)unused;
    for (size_t i = 0; i < COUNT(rows); i++) {
        int32_t days[6];
        memcpy(days, rows[i].days, sizeof days);
        struct learner learner = {.days = days, .day_count = rows[i].count};
        struct streaks got = streaks_of(&learner, 100);
        if (got.now != rows[i].now || got.longest != rows[i].longest)
            fail_msg("%s: %lld, %lld", rows[i].what, (long long)got.now, (long long)got.longest);
    }
    assert_int_equal(streaks_of(NULL, 100).longest, 0);
}

/* ---- a course ---- */

static void items_are_summed_by_their_type(void **unused)
{
    static const char *const items[] = {"v1", "v2", "lab"}, *const types[] = {"video", "Video", "lab"};
    struct types sums = {.arena = &arena};
    struct item_sums all = {0};

    (void)unused;
    (void)declare("c1", items, types, COUNT(items));
    (void)report("anna", "c1", "v1");
    (void)report("berta", "c1", "v2");
    (void)say("anna", "c1", "lab", (struct report){.has = HAS_TIME_SPENT, .time_spent_ms = 60000});
    struct view view = model_read_begin(engine_model(engine));
    for (size_t i = 0; i < COUNT(items); i++)
        assert_true(types_add(&sums, &all, view, view_item_key(view, items[i], strlen(items[i]))));
    struct item_figures lab = item_figures_of(view, view_item_key(view, "lab", 3));
    model_read_end(view);
    assert_int_equal(sums.count, 2);
    assert_string_equal(sums.at[0].name, "video"); /* as it was first seen */
    assert_int_equal(sums.at[0].sums.records, 2);
    assert_int_equal(sums.at[0].sums.completed, 2);
    assert_int_equal(types_sums(&sums, "LAB")->records, 1);
    assert_true(types_sums(&sums, "lab")->time_spent_ms == 60000);
    assert_int_equal(all.records, 3);
    assert_int_equal(all.completed, 2);
    assert_int_equal(all.in_progress, 1);
    assert_int_equal(lab.records, 1);
    assert_int_equal(lab.completed, 0);
    assert_true(lab.time_spent_ms == 60000);
}

static void many_types_are_kept_apart(void **unused)
{
    struct types sums = {.arena = &arena};
    char name[16];

    (void)unused;
    for (int turn = 0; turn < 2; turn++)
        for (int i = 0; i < 100; i++) {
            (void)snprintf(name, sizeof name, turn ? "TYPE%d" : "type%d", i);
            types_sums(&sums, name)->records++;
        }
    assert_int_equal(sums.count, 100);
    for (uint32_t i = 0; i < sums.count; i++)
        assert_int_equal(sums.at[i].sums.records, 2);
    assert_string_equal(sums.at[99].name, "type99");
}

static void the_most_engaging_item_is_the_most_completed(void **unused)
{
    static const struct {
        const char *what;
        struct item_figures items[3];
        uint32_t best;
    } rows[] = {
        {"none was touched", {{0, 0, 0}, {0, 0, 0}, {0, 0, 0}}, 3},
        {"one was", {{0, 0, 0}, {1, 1, 0}, {0, 0, 0}}, 1},
        {"most completed", {{9, 9, 1}, {1, 2, 2}, {9, 9, 1}}, 1},
        {"as many, more time", {{5, 2, 1}, {4, 2, 1}, {6, 2, 1}}, 2},
        {"all the same: the first", {{5, 2, 1}, {5, 2, 1}, {5, 2, 1}}, 0},
    };

    (void)unused;
    for (size_t i = 0; i < COUNT(rows); i++)
        if (item_figures_best(rows[i].items, 3) != rows[i].best)
            fail_msg("%s: %u", rows[i].what, item_figures_best(rows[i].items, 3));
}

/* ---- a learner ---- */

static void the_ten_most_watched_are_kept_in_order(void **unused)
{
    struct watched watched = {.kept = 0};
    char item[16];

    (void)unused;
    for (int i = 0; i < 15; i++) { /* 7 of them as long as another */
        (void)snprintf(item, sizeof item, "v%02d", 14 - i);
        (void)say("anna", "c1", item, (struct report){.has = HAS_WATCHED, .watched_s = i < 8 ? i : 14 - i});
    }
    struct snapshot snapshot;
    struct view view = model_read_begin(engine_model(engine));
    snapshot_take(view, key_of("anna"), &snapshot);
    model_read_end(view);
    (void)report("anna", "c1", "v00"); /* what was taken stays as it was */
    view = model_read_begin(engine_model(engine));
    for (uint32_t i = 0; i < snapshot.learner->record_count; i++)
        watched_add(&watched, view, &snapshot.learner->records[i]);
    assert_int_equal(watched.videos, 15);
    assert_int_equal(watched.completed, 0);
    assert_true(watched.watched_s == 49);
    assert_int_equal(watched.kept, MOST_WATCHED);
    for (uint32_t i = 1; i < watched.kept; i++) {
        const struct record *left = watched.most[i - 1], *right = watched.most[i];
        if (left->watched_s == right->watched_s)
            assert_true(strcmp(view_id(view, ENTITY_ITEM, left->item).bytes,
                               view_id(view, ENTITY_ITEM, right->item).bytes) < 0);
        else
            assert_true(left->watched_s > right->watched_s);
    }
    assert_int_equal(watched.most[0]->watched_s, 7);
    assert_int_equal(watched.most[9]->watched_s, 2); /* after one of 7 and two each of 6, 5, 4 and 3 */
    model_read_end(view);
    snapshot_done(&snapshot);
    assert_null(snapshot.learner);
}

static void the_five_courses_of_newest_access_are_kept(void **unused)
{
    struct recent_courses recent = {.kept = 0};
    char course[16], item[16];

    (void)unused;
    for (int i = 0; i < 7; i++) {
        (void)snprintf(course, sizeof course, "c%d", i);
        (void)snprintf(item, sizeof item, "i%d", i);
        (void)say("anna", course, item, (struct report){.has = HAS_WATCHED, .watched_s = 1});
    }
    (void)do_one((struct command){
        .kind = CMD_ENROL, .face = FACE_PTS, .learner = text("anna"), .course = text("idle")});
    (void)do_one(
        (struct command){.kind = CMD_DROP, .face = FACE_PTS, .learner = text("anna"), .course = text("c6")});
    (void)report("anna", "c1", "i1"); /* completed, and the newest */
    struct view view = model_read_begin(engine_model(engine));
    const struct learner *anna = view_learner(view, view_learner_key(view, "anna", 4));
    static const char *const want[] = {"c1", "idle", "c5", "c4", "c3"};
    for (uint32_t i = 0; i < anna->enrolment_count; i++)
        recent_courses_add(&recent, view, &anna->enrolments[i]);
    assert_int_equal(recent.enrolled, 7);
    assert_int_equal(recent.completed, 1);
    assert_int_equal(recent.kept, RECENT_COURSES);
    for (uint32_t i = 0; i < recent.kept; i++)
        assert_string_equal(view_id(view, ENTITY_COURSE, recent.at[i]->course).bytes, want[i]);
    const struct enrolment *idle = learner_enrolment(anna, view_course_key(view, "idle", 4));
    assert_int_equal(enrolment_last_access_ms(idle), idle->enrolled_at_ms); /* nothing was done there */
    assert_int_equal(enrolment_last_access_ms(recent.at[0]), recent.at[0]->last_activity_ms);
    model_read_end(view);
}

/* ---- the lock ---- */

static void a_long_look_gives_the_lock_back(void **unused)
{
    struct view view = model_read_begin(engine_model(engine));
    uint32_t steps = 0, pauses = 0;

    (void)unused;
    for (uint32_t i = 0; i < 3 * STEPS_A_HOLD; i++)
        pauses += view_pause(view, &steps, 1);
    assert_int_equal(pauses, 3);
    assert_true(view_pause(view, &steps, STEPS_A_HOLD)); /* one step that was long */
    model_read_end(view);
    view_hold(view);
    assert_int_equal(pthread_rwlock_trywrlock(&view.model->lock), EBUSY);
    model_read_end(view);
    assert_int_equal(pthread_rwlock_trywrlock(&view.model->lock), 0);
    (void)pthread_rwlock_unlock(&view.model->lock);
}

/* ---- log entries ---- */

static uint64_t log_of(const char *user, const char *const *names, const char *const *values, size_t count)
{
    uint8_t *members = arena_alloc(&arena, 4096), *at = members;

    for (size_t i = 0; i < count; i++) {
        struct member member = {names[i], (uint32_t)strlen(names[i]), values[i], (uint32_t)strlen(values[i])};
        at = member_put(at, &member);
    }
    return do_one((struct command){.kind = CMD_LOG_ADD,
                                   .face = FACE_LOGS,
                                   .learner = text(user),
                                   .members = members,
                                   .members_size = (uint32_t)(at - members)});
}

static void numbers_are(const struct log_field *field, const char *first, const char *last, const char *min,
                        const char *max, const char *average)
{
    const struct number *const numbers[] = {&field->first, &field->last, &field->min, &field->max};
    const char *const want[] = {first, last, min, max};
    struct buf out = {0};

    for (size_t i = 0; i < COUNT(want); i++) {
        buf_clear(&out);
        number_put(&out, numbers[i]);
        buf_char(&out, '\0');
        assert_string_equal(out.bytes, want[i]);
    }
    buf_clear(&out);
    number_average_put(&out, &field->sum);
    buf_char(&out, '\0');
    assert_string_equal(out.bytes, average);
    buf_done(&out);
}

static void log_entries_are_summed_by_member(void **unused)
{
    static const char *const names[] = {"kg", "date", "note"};
    struct log_figures figures = {.arena = &arena, .seed = 7, .date_name = {"date", 4}};
    struct fault fault;

    (void)unused;
    (void)log_of("anna", names, (const char *const[]){"80.5", "\"2026-01-01\"", "\"1\""}, 3);
    (void)log_of("anna", names, (const char *const[]){"79", "\"2026-01-02\"", "\"2\""}, 3);
    (void)log_of("anna", names, (const char *const[]){"81", "\"2026-01-03\"", "5"}, 3);
    (void)log_of("berta", names, (const char *const[]){"1", "\"2026-01-03\"", "5"}, 3);
    assert_int_equal(log_figures_of(engine_history(engine), key_of("anna"), &figures, &fault), RC_OK);
    assert_int_equal(figures.logs, 3);
    assert_int_equal(figures.field_count, 2); /* a text is no number, though it looks like one */
    const struct log_field *kg = log_figures_field(&figures, "kg", 2);
    assert_non_null(kg);
    assert_int_equal(kg->sum.count, 3);
    numbers_are(kg, "80.5", "81", "79", "81", "80.1667");
    assert_int_equal(log_figures_field(&figures, "note", 4)->sum.count, 1);
    assert_null(log_figures_field(&figures, "date", 4));
    assert_memory_equal(figures.first_date.bytes, "\"2026-01-01\"", 12);
    assert_memory_equal(figures.last_date.bytes, "\"2026-01-03\"", 12);
    log_figures_done(&figures);
}

static void who_has_no_entries_has_no_figures(void **unused)
{
    struct log_figures figures = {.arena = &arena, .date_name = {"date", 4}};
    struct fault fault;

    (void)unused;
    assert_int_equal(log_figures_of(engine_history(engine), 0, &figures, &fault), RC_OK);
    assert_int_equal(figures.logs, 0);
    assert_null(log_figures_field(&figures, "kg", 2));
    log_figures_done(&figures);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_are_summed_by_status),
        cmocka_unit_test(videos_are_summed_whether_reported_on_or_not),
        cmocka_unit_test(streaks_are_days_in_a_row),
        cmocka_unit_test_setup_teardown(items_are_summed_by_their_type, begin, end),
        cmocka_unit_test_setup_teardown(many_types_are_kept_apart, begin, end),
        cmocka_unit_test(the_most_engaging_item_is_the_most_completed),
        cmocka_unit_test_setup_teardown(the_ten_most_watched_are_kept_in_order, begin, end),
        cmocka_unit_test_setup_teardown(the_five_courses_of_newest_access_are_kept, begin, end),
        cmocka_unit_test_setup_teardown(a_long_look_gives_the_lock_back, begin, end),
        cmocka_unit_test_setup_teardown(log_entries_are_summed_by_member, begin, end),
        cmocka_unit_test_setup_teardown(who_has_no_entries_has_no_figures, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
