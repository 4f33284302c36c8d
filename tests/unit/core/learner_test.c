#include "test.h"

#include "core/days.h"
#include "core/learner_counts.h"
#include "core/learner_evolve.h"
#include "core/learner_reconsider.h"

/* A learner's state by itself: what is found in it, and what their courses count of it. */

enum { ROOM = 100, DAY_ROOM = 1600, COURSE = 7 };

struct state {
    struct learner learner;
    struct record records[ROOM];
    uint32_t items[ROOM];
    struct enrolment enrolments[ROOM];
    int32_t days[DAY_ROOM];
    uint32_t day_reports[DAYS_KEPT];
    int64_t day_gained_ms[DAYS_KEPT];
    struct course_day course_days[DAY_ROOM];
    uint64_t event_ids[ROOM][2];
    uint32_t item_slots[1024], course_slots[1024];
};

static struct state state;

static int begin(void **unused)
{
    (void)unused;
    memset(&state, 0, sizeof state);
    state.learner = (struct learner){.key = 1,
                                     .record_room = ROOM,
                                     .enrolment_room = ROOM,
                                     .day_room = DAY_ROOM,
                                     .event_id_room = ROOM,
                                     .course_day_room = DAY_ROOM,
                                     .day_reports = state.day_reports,
                                     .day_gained_ms = state.day_gained_ms,
                                     .course_days = state.course_days,
                                     .records = state.records,
                                     .items = state.items,
                                     .enrolments = state.enrolments,
                                     .days = state.days,
                                     .event_ids = state.event_ids,
                                     .by_item = {state.item_slots, finder_slots(ROOM) - 1},
                                     .by_course = {state.course_slots, finder_slots(ROOM) - 1}};
    return 0;
}

/* Item 1 to 10 are of COURSE, of which the even ones are required; 11 is bound to it; others are of none. */
static struct item_facts facts_of(const void *of, uint32_t item)
{
    (void)of;
    return (struct item_facts){.course = item <= 11 ? COURSE : 0,
                               .required = item % 2 == 0,
                               .untaught = item == 11,
                               .threshold_hundredths = 9500};
}

static struct course_facts facts_of_course(const void *of, uint32_t course)
{
    (void)of;
    return (struct course_facts){.declared = true, .required = course == COURSE ? 5 : 0, .items = 10};
}

static const struct catalogue catalogue = {NULL, facts_of, facts_of_course, NULL};

static void add_record(uint32_t item, enum item_status status, uint16_t flags, int64_t updated_at_ms)
{
    struct learner *learner = &state.learner;

    learner->items[learner->record_count] = item;
    learner->records[learner->record_count] =
        (struct record){RECORD_BLANK, .item = item, .id = item, .status = (uint8_t)status, .flags = flags};
    learner->records[learner->record_count].updated_at_ms = updated_at_ms;
    learner->records[learner->record_count].completed_at_ms = status == ITEM_COMPLETED ? updated_at_ms : 0;
    finder_add(&learner->by_item, item, learner->record_count++);
}

static void a_finder_has_room_for_all(void **unused)
{
    (void)unused;
    assert_int_equal(finder_slots(0), 0); /* so few are looked through */
    assert_int_equal(finder_slots(32), 0);
    for (uint32_t room = 33; room < 5000; room++) {
        uint32_t slots = finder_slots(room);
        assert_int_equal(slots & (slots - 1), 0);
        assert_true(slots / 4 * 3 >= room); /* a quarter stays free, so that looking comes to an end */
    }
}

static void what_was_added_is_found(void **unused)
{
    (void)unused;
    for (uint32_t item = 1; item <= ROOM; item++)
        add_record(item * 1000, ITEM_NOT_STARTED, RECORD_PRESENT, item);
    for (uint32_t item = 1; item <= ROOM; item++)
        assert_int_equal(learner_record(&state.learner, item * 1000)->updated_at_ms, item);
    assert_null(learner_record(&state.learner, 1));
    memset(state.item_slots, 0, sizeof state.item_slots);
    assert_null(learner_record(&state.learner, 1000));
    learner_index(&state.learner);
    assert_non_null(learner_record(&state.learner, 1000));
}

static void days_and_event_ids_are_known(void **unused)
{
    static const uint64_t seen[2] = {1, 2}, other[2] = {2, 1};
    struct learner *learner = &state.learner;

    (void)unused;
    for (int32_t day = 10; day < 60; day += 2)
        learner->days[learner->day_count++] = day;
    for (int32_t day = 8; day < 62; day++)
        assert_int_equal(learner_knows_day(learner, day), day >= 10 && day < 60 && day % 2 == 0);
    memcpy(learner->event_ids[learner->event_id_count++], seen, sizeof seen);
    assert_true(learner_knows_event_id(learner, seen));
    assert_false(learner_knows_event_id(learner, other));
}

/* Against a plain list of all days: the figures are those of the last DAYS_KEPT, in whatever order they came.
 */
static void figures_are_of_the_last_days(void **unused)
{
    enum { SPAN = 1500, ROUNDS = 4000 };
    static uint32_t reports[SPAN];
    static int64_t gained[SPAN];
    struct learner *learner = &state.learner;
    uint64_t random = 17;

    (void)unused;
    memset(reports, 0, sizeof reports);
    memset(gained, 0, sizeof gained);
    for (int round = 0; round < ROUNDS && learner->day_count + 1 < DAY_ROOM; round++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        int32_t day = round % 3 ? round / 3 % SPAN : (int32_t)((random >> 33) % SPAN);
        reports[day]++;
        gained[day] += round;
        days_note(learner, day, round);
    }
    assert_true(learner->day_count > DAYS_KEPT);
    uint32_t at = learner->day_count, figured = days_figured(learner);
    assert_int_equal(figured, DAYS_KEPT);
    for (int32_t day = SPAN - 1; day >= 0; day--) {
        if (!reports[day])
            continue;
        assert_int_equal(learner->days[--at], day);
        if (figured == 0)
            continue;
        /* a day that came back into the last ones would have lost what it had: it never does */
        assert_int_equal(learner->day_reports[--figured], reports[day]);
        assert_int_equal(learner->day_gained_ms[figured], gained[day]);
    }
    assert_int_equal(at, 0);
}

static void course_days_are_each_enrolments_own(void **unused)
{
    struct learner *learner = &state.learner;
    uint32_t reports[2][800] = {{0}};
    uint64_t random = 23;

    (void)unused;
    learner->enrolment_count = 2;
    learner->enrolments[0] = (struct enrolment){.course = 1};
    learner->enrolments[1] = (struct enrolment){.course = 2};
    for (int round = 0; round < 4000; round++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        int which = round % 2, day = round % 5 ? round / 5 : (int)((random >> 33) % 800);
        reports[which][day]++;
        course_days_note(learner, &learner->enrolments[which], day);
    }
    for (int which = 0; which < 2; which++) {
        const struct enrolment *enrolment = &learner->enrolments[which];
        const struct course_day *days = course_days_of(learner, enrolment);
        uint32_t left = enrolment->day_count;
        assert_int_equal(left, DAYS_KEPT);
        for (int day = 799; day >= 0 && left > 0; day--) {
            if (!reports[which][day])
                continue;
            assert_int_equal(days[--left].day, day);
            assert_int_equal(days[left].reports, reports[which][day]);
        }
        assert_int_equal(left, 0);
    }
    assert_int_equal(learner->course_day_count, 2 * DAYS_KEPT);
}

/* What a report is the first to tell of. Source: contract 9, engagement. */
static void a_report_gains_what_it_is_the_first_to_tell(void **unused)
{
    static const struct {
        struct record before, after;
        uint32_t has;
        int64_t want;
    } rows[] = {
        {{.time_spent_ms = 1000}, {.time_spent_ms = 61000}, HAS_TIME_SPENT, 60000},
        {{.watched_most_s = 5}, {.watched_most_s = 12}, HAS_WATCHED, 7000},
        {{.watched_most_s = 12}, {.watched_most_s = 12}, HAS_WATCHED, 0},
        /* the record has segments */
        {{.watched_most_s = 5, .segment_count = 1},
         {.watched_most_s = 12, .segment_count = 1},
         HAS_WATCHED,
         0},
        {{.covered_ms = 500}, {.covered_ms = 2750, .segment_count = 1}, HAS_SEGMENTS, 2250},
        /* with segments, even none, only they count */
        {{0}, {.watched_most_s = 9}, HAS_SEGMENTS | HAS_WATCHED, 0},
        {{0}, {.time_spent_ms = 4, .covered_ms = 3, .segment_count = 1}, HAS_SEGMENTS | HAS_TIME_SPENT, 7},
        {{0}, {.time_spent_ms = TIME_MAX_MS, .watched_most_s = NUMBER_MAX}, HAS_WATCHED, TIME_MAX_MS},
    };

    (void)unused;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct report report = {.has = rows[i].has};
        if (days_gained_ms(&rows[i].before, &rows[i].after, &report) != rows[i].want)
            fail_msg("row %zu", i);
    }
}

static void instants_go_on(void **unused)
{
    static const struct {
        int64_t last, now, next;
    } rows[] = {{0, 5, 5},
                {5, 5, 6},
                {9, 5, 10},
                {5 + INT64_C(86400000), 5, 6 + INT64_C(86400000)},
                {6 + INT64_C(86400000), 5, 5}};

    (void)unused;
    for (size_t i = 0; i < COUNT(rows); i++) {
        state.learner.last_event_ms = rows[i].last;
        assert_int_equal(learner_next_instant(&state.learner, rows[i].now), rows[i].next);
    }
}

static void a_course_counts_what_it_teaches(void **unused)
{
    struct enrolment enrolment = {.course = COURSE, .last_completion_ms = INSTANT_NEVER};
    enum { REAL = RECORD_PRESENT | RECORD_REPORTED | RECORD_REAL };

    (void)unused;
    assert_false(learner_started(&state.learner, COURSE, &catalogue));
    assert_int_equal(learner_last_report_ms(&state.learner, COURSE, &catalogue), INSTANT_NEVER);
    add_record(11, ITEM_COMPLETED, REAL, 900);          /* only bound to it */
    add_record(50, ITEM_COMPLETED, REAL, 901);          /* of no course */
    add_record(1, ITEM_COMPLETED, RECORD_PRESENT, 902); /* nobody reported */
    assert_false(learner_started(&state.learner, COURSE, &catalogue));
    add_record(2, ITEM_COMPLETED, REAL, 100);
    add_record(4, ITEM_COMPLETED, REAL, 300);
    add_record(5, ITEM_COMPLETED, REAL, 200);
    add_record(6, ITEM_IN_PROGRESS, REAL, 50);
    assert_true(learner_started(&state.learner, COURSE, &catalogue));
    assert_false(learner_started(&state.learner, 8, &catalogue));
    assert_int_equal(learner_last_report_ms(&state.learner, COURSE, &catalogue), 300);
    learner_recount(&state.learner, &enrolment, &catalogue);
    assert_int_equal(enrolment.completed_items, 4);
    assert_int_equal(enrolment.completed_required, 2);
    learner_count_before(&state.learner, &enrolment, &catalogue);
    assert_int_equal(enrolment.completed_items, 4);
    assert_int_equal(enrolment.last_completion_ms, 902);
    assert_true(learner_record(&state.learner, 2)->flags & RECORD_COUNTED);
    assert_false(learner_record(&state.learner, 11)->flags & RECORD_COUNTED);
    assert_int_equal(learner_completion_before(&state.learner, 8, &catalogue),
                     INSTANT_NEVER); /* nothing of it */
}

static void a_record_counts_for_who_is_enrolled(void **unused)
{
    static const struct enrolment enrolled = {.course = COURSE};
    static const struct {
        struct item_facts facts;
        const struct enrolment *enrolment;
        bool counted;
    } rows[] = {
        {{.course = 0}, NULL, true},
        {{.course = COURSE}, NULL, false},
        {{.course = COURSE}, &enrolled, true},
        {{.course = COURSE, .untaught = true}, &enrolled, false},
    };

    (void)unused;
    for (size_t i = 0; i < COUNT(rows); i++)
        for (uint16_t before = 0; before <= RECORD_COUNTED; before = (uint16_t)(before + RECORD_COUNTED)) {
            struct record record = {.flags = (uint16_t)(before | RECORD_PRESENT)};
            learner_set_counted(&record, &rows[i].facts, rows[i].enrolment);
            assert_int_equal(record.flags, RECORD_PRESENT | (rows[i].counted ? RECORD_COUNTED : 0));
        }
}

static void an_item_that_comes_to_a_course_moves_who_completed_it(void **unused)
{
    static const struct item_facts before = {.course = 0, .threshold_hundredths = 9500};
    struct learner *learner = &state.learner;

    (void)unused;
    add_record(2, ITEM_COMPLETED, RECORD_PRESENT | RECORD_REPORTED | RECORD_REAL, 10);
    learner->enrolments[learner->enrolment_count] = (struct enrolment){.course = COURSE,
                                                                       .class = CLASS_WORKING,
                                                                       .completed_at_ms = INSTANT_NEVER,
                                                                       .last_completion_ms = INSTANT_NEVER};
    finder_add(&learner->by_course, COURSE, learner->enrolment_count++);
    assert_true(learner_is_moved_by_item(learner, &catalogue, 2, &before, 20, 9));
    assert_int_equal(learner->enrolments[0].completed_items, 0); /* asked alone */
    assert_true(learner_reconsider_item(learner, &catalogue, 2, &before, 20, 9));
    assert_int_equal(learner->enrolments[0].completed_items, 1);
    assert_int_equal(learner->enrolments[0].completed_required, 1);
    assert_int_equal(learner->version, 9);
    assert_false(learner_is_moved_by_item(learner, &catalogue, 3, &before, 20, 9)); /* no record of it */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_finder_has_room_for_all),
        cmocka_unit_test_setup(what_was_added_is_found, begin),
        cmocka_unit_test_setup(days_and_event_ids_are_known, begin),
        cmocka_unit_test_setup(figures_are_of_the_last_days, begin),
        cmocka_unit_test_setup(course_days_are_each_enrolments_own, begin),
        cmocka_unit_test(a_report_gains_what_it_is_the_first_to_tell),
        cmocka_unit_test_setup(instants_go_on, begin),
        cmocka_unit_test_setup(a_course_counts_what_it_teaches, begin),
        cmocka_unit_test(a_record_counts_for_who_is_enrolled),
        cmocka_unit_test_setup(an_item_that_comes_to_a_course_moves_who_completed_it, begin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
