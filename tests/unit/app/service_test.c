#include "acts.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "app/history.h"
#include "app/retention.h"
#include "app/roster.h"
#include "app/service.h"

/* What faces hold: commands in, views out; and the figures of a video, and one learner of a course, that are
 * made from these. */

/* ---- the service ---- */

static atomic_int answered;
static atomic_uint_fast64_t shown; /* when the command was answered */
static struct service *service;

static void note_answer(struct command *command)
{
    (void)command;
    shown = service_published(service);
    answered++;
}

static struct command *enrolment_of(const char *user)
{
    struct command *command = arena_alloc(&arena, sizeof *command);

    *command = (struct command){.kind = CMD_ENROL,
                                .face = FACE_PTS,
                                .arena = &arena,
                                .learner = text(user),
                                .course = text("c1"),
                                .done = note_answer};
    return command;
}

static void commands_go_in_and_views_come_out(void **unused)
{
    struct command *first = enrolment_of("anna"), *second = enrolment_of("berta");
    struct fault fault = {NULL, NULL};

    (void)unused;
    (void)report("anna", "c9", "i9");
    assert_int_equal(service_new(engine, &service, &fault), RC_OK);
    uint64_t before = service_published(service);
    assert_int_equal(before, service_state(service).sequence);
    assert_ptr_equal(service_timings(service), engine_timings(engine));
    assert_ptr_equal(service_sync_times(service), store_sync_times(engine_store(engine)));
    assert_ptr_equal(service_checkpoint_times(service), engine_checkpoint_times(engine));
    assert_int_equal(engine_start(engine, &fault), RC_OK);
    first->next = second;
    answered = 0;
    assert_null(service_submit(service, first, &fault));
    while (answered < 2)
        (void)sched_yield();
    assert_true(shown > before); /* nobody is told of what is not shown yet */
    struct view view = service_read_begin(service);
    assert_false(view.pending);
    assert_int_equal(view_roster(view, view_course_key(view, "c1", 2))->count, 2);
    assert_ptr_equal(view.model, service_model(service));
    service_read_end(view);
    assert_ptr_equal(service_view(service).model, view.model);
    struct sequences own = {0};
    assert_int_equal(history_sequences(service_history(service), key_of("anna"), &own, &fault), RC_OK);
    assert_int_equal(own.count, 2); /* the report, and the enrolment */
    sequences_done(&own);
    struct buf text_left = {.failed = false}; /* of a log that nobody shares */
    assert_int_equal(service_leave(service, "name", "text", 30, &fault), RC_NOT_IMPLEMENTED);
    assert_int_equal(service_claim(service, "name", &text_left, &fault), RC_NOT_IMPLEMENTED);
    service_free(service);
}

static void a_service_hands_back_what_is_not_taken(void **unused)
{
    struct command *first = enrolment_of("anna");
    struct fault fault = {NULL, NULL};

    (void)unused;
    assert_int_equal(service_new(engine, &service, &fault), RC_OK);
    answered = 0;
    enum { MORE_THAN_WAIT = 10000 };
    struct command *last = first;
    for (int i = 1; i < MORE_THAN_WAIT; i++)
        last = last->next = enrolment_of("anna");
    struct command *refused = service_submit(service, first, &fault); /* nobody takes any out */
    assert_non_null(refused);
    assert_ptr_not_equal(refused, first);
    assert_string_not_equal(fault.message, "");
    assert_int_equal(answered, 0);
    assert_int_equal(engine_start(engine, &fault), RC_OK);
    int taken = 0;
    for (const struct command *command = refused; command; command = command->next)
        taken--;
    taken += MORE_THAN_WAIT;
    engine_free(engine); /* it answers what it took */
    assert_int_equal(answered, taken);
    service_free(service);
    engine = open_engine(store);
}

/* ---- events, a page ---- */

struct seen {
    uint64_t at[8];
    size_t count;
};

static enum rc note_event(void *arg, const struct event *event, struct fault *fault)
{
    struct seen *seen = arg;

    (void)fault;
    seen->at[seen->count++] = event->sequence;
    return seen->count == 2 ? RC_ENOUGH : RC_OK;
}

static void a_page_of_events_is_told_in_order_until_enough(void **unused)
{
    uint64_t page[3];
    struct seen seen = {.count = 0};
    struct fault fault;

    (void)unused;
    page[0] = report("anna", "c1", "i1");
    (void)report("berta", "c1", "i1");
    page[1] = report("anna", "c1", "i2");
    page[2] = report("anna", "c1", "i3");
    assert_int_equal(history_page(engine_history(engine), page, 1, note_event, &seen, &fault), RC_OK);
    assert_int_equal(seen.count, 1);
    seen.count = 0;
    assert_int_equal(history_page(engine_history(engine), page, 3, note_event, &seen, &fault), RC_OK);
    assert_int_equal(seen.count, 2);
    assert_int_equal(seen.at[0], page[0]);
    assert_int_equal(seen.at[1], page[1]);
}

/* ---- who saw which part of a video ---- */

static void watch(const char *user, int64_t from_s, int64_t to_s)
{
    struct segment seen = {from_s * 1000, to_s * 1000};

    (void)say(user, "c1", "v1",
              (struct report){.has = HAS_SEGMENTS | HAS_DURATION | HAS_WATCHED | FROM_PLAYER,
                              .watched_s = to_s - from_s,
                              .duration_ms = 10000,
                              .segments = &seen,
                              .segment_count = 1,
                              .local_day = 1});
}

static struct retention retention_now(struct retentions *retentions, bool *out_known)
{
    struct model *model = engine_model(engine);
    struct retention retention;
    struct view view = model_read_begin(model);
    uint32_t item = view_item_key(view, "v1", 2);

    *out_known = retentions_look(retentions, view, item, &retention);
    model_read_end(view);
    if (!*out_known)
        retentions_count(retentions, model, item, &retention);
    return retention;
}

static void retention_counts_each_viewer_once_a_part(void **unused)
{
    static const int64_t want[10] = {2, 2, 2, 1, 1, 0, 0, 0, 1, 1};
    struct retentions *retentions = retentions_new();
    bool known;

    (void)unused;
    watch("anna", 0, 3);
    watch("anna", 1, 3); /* again */
    watch("berta", 0, 5);
    watch("carl", 8, 12); /* past the end, as a clock may be */
    (void)say("dora", "c1", "v1", (struct report){.has = HAS_WATCHED, .watched_s = 2}); /* tells no part */
    struct retention got = retention_now(retentions, &known);
    assert_true(known); /* few: counted at once */
    assert_int_equal(got.duration_ms, 10000);
    assert_int_equal(got.buckets, 10); /* none shorter than a second */
    for (size_t i = 0; i < COUNT(want); i++)
        assert_int_equal(got.viewers[i], want[i]);
    retentions_free(retentions);
}

static void retention_of_many_is_remembered_until_one_changes(void **unused)
{
    struct retentions *retentions = retentions_new();
    char user[16];
    bool known;

    (void)unused;
    for (int i = 0; i < 250; i++) {
        (void)snprintf(user, sizeof user, "u%d", i);
        watch(user, i % 2, 5);
    }
    struct retention counted = retention_now(retentions, &known);
    assert_false(known); /* on a worker */
    assert_int_equal(counted.viewers[0], 125);
    assert_int_equal(counted.viewers[1], 250);
    struct retention again = retention_now(retentions, &known);
    assert_true(known);
    assert_memory_equal(&again, &counted, sizeof again);
    watch("u1", 0, 1);
    struct retention after = retention_now(retentions, &known);
    assert_false(known);
    assert_int_equal(after.viewers[0], 126);
    retentions_free(retentions);
}

static void a_video_without_parts_shows_none(void **unused)
{
    struct retentions *retentions = retentions_new();
    bool known;

    (void)unused;
    (void)say("anna", "c1", "v1",
              (struct report){.has = HAS_WATCHED | HAS_DURATION, .watched_s = 2, .duration_ms = 5000});
    assert_int_equal(retention_now(retentions, &known).buckets, 0);
    retentions_free(retentions);
    retentions_free(NULL);
}

/* ---- one learner of a course ---- */

static void a_participants_records_of_the_course_are_picked_newest_first(void **unused)
{
    enum { RECORDS = 1500 };
    struct participant participant;
    struct fault fault;
    bool done = false;
    char item[16];

    (void)unused;
    for (int i = 0; i < RECORDS; i++) {
        (void)snprintf(item, sizeof item, "i%d", i);
        (void)say("anna", i % 3 ? "c1" : "c2", item,
                  (struct report){.has = HAS_TIME_SPENT, .time_spent_ms = 10});
    }
    uint32_t course;
    struct view view = model_read_begin(engine_model(engine));
    course = view_course_key(view, "c1", 2);
    model_read_end(view);
    participant_open(&participant, engine_model(engine), key_of("anna"), course);
    assert_non_null(participant.enrolment);
    assert_string_equal(participant.id.bytes, "anna");
    int turns = 0;
    for (; !done; turns++)
        assert_int_equal(participant_pick(&participant, engine_model(engine), true, &done, &fault), RC_OK);
    assert_in_range(turns, 2, 4); /* a thousand records a turn */
    assert_int_equal(participant.record_count, RECORDS / 3 * 2);
    assert_true(participant.time_spent_ms == RECORDS / 3 * 2 * 10);
    for (uint32_t i = 1; i < participant.record_count; i++)
        assert_true(participant.records[i - 1]->updated_at_ms >= participant.records[i]->updated_at_ms);
    participant_done(&participant);
    participant_open(&participant, engine_model(engine), 0, course); /* nobody */
    assert_null(participant.state);
    assert_null(participant.enrolment);
    participant_done(&participant);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(commands_go_in_and_views_come_out, begin, end),
        cmocka_unit_test_setup_teardown(a_service_hands_back_what_is_not_taken, begin, end),
        cmocka_unit_test_setup_teardown(a_page_of_events_is_told_in_order_until_enough, begin, end),
        cmocka_unit_test_setup_teardown(retention_counts_each_viewer_once_a_part, begin, end),
        cmocka_unit_test_setup_teardown(retention_of_many_is_remembered_until_one_changes, begin, end),
        cmocka_unit_test_setup_teardown(a_video_without_parts_shows_none, begin, end),
        cmocka_unit_test_setup_teardown(a_participants_records_of_the_course_are_picked_newest_first, begin,
                                        end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
