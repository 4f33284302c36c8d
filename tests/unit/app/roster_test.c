#include "test.h"

#include <stdio.h>

#include "app/roster.h"
#include "core/limits.h"
#include "model/model_private.h"
#include "model/names.h"

/* A course whose learners have ids of all sorts and few different sort keys. */

enum { LEARNERS = 3000 };

static uint32_t looked; /* by take */

static bool take(const void *arg, struct view view, const struct learner *learner,
                 const struct enrolment *enrolment, int64_t out_by[2])
{
    (void)view;
    (void)learner;
    looked++;
    out_by[0] = enrolment->completed_items;
    out_by[1] = enrolment->completed_required;
    return arg == NULL || enrolment->completed_items != *(const uint32_t *)arg;
}

static void add_learner(struct model *model, uint32_t course, const char *id, uint32_t first, uint32_t second)
{
    uint32_t key = model_intern(model, ENTITY_LEARNER, id, strlen(id));
    struct learner_state *state = state_copy(NULL, key, true);
    assert_non_null(state);
    state->learner.enrolments[state->learner.enrolment_count++] =
        (struct enrolment){.course = course,
                           .completed_items = first,
                           .completed_required = second,
                           .version = key,
                           .enrolled_at_ms = 1};
    learner_index(&state->learner);
    (void)pthread_rwlock_wrlock(&model->lock);
    learner_slot(model, key)->state = state;
    model_replace(model, NULL, &state->learner);
    (void)pthread_rwlock_unlock(&model->lock);
}

static struct model *make(uint32_t *out_course)
{
    struct model *model;
    uint64_t random = 11;

    assert_int_equal(model_new(&model), RC_OK);
    *out_course = model_intern(model, ENTITY_COURSE, "7", 1);
    for (int i = 0; i < LEARNERS; i++) {
        static const char *const forms[] = {"%d", "u%d", "a.long.common.prefix.%d", "0%d"};
        char id[64];
        int32_t number = (int32_t)(next_random(&random) % 100000) * 10000 + i;
        (void)snprintf(id, sizeof id, forms[next_random(&random) % 4], number);
        add_learner(model, *out_course, id, next_random(&random) % 4, next_random(&random) % 3);
    }
    return model;
}

static struct roster *run(struct model *model, const struct roster_query *query)
{
    struct roster *roster;
    struct fault fault;
    bool done = false;

    assert_int_equal(roster_new(model, query, &roster, &fault), RC_OK);
    while (!done) {
        looked = 0;
        assert_int_equal(roster_step(roster, &done, &fault), RC_OK);
        assert_in_range(looked, 0, 256); /* in one hold of the lock */
    }
    return roster;
}

static const struct learner_slot *slot_of(struct model *model, uint32_t key)
{
    return learner_slot(model, key);
}

/* Whether b comes after a: what contract 3 says, written down once more. */
static bool in_order(struct model *model, uint32_t a, uint32_t b)
{
    const struct enrolment *left = slot_of(model, a)->state->learner.enrolments,
                           *right = slot_of(model, b)->state->learner.enrolments;
    const char *left_id = slot_of(model, a)->head.id, *right_id = slot_of(model, b)->head.id;
    int64_t left_number, right_number;
    bool left_is = ident_integer(left_id, strlen(left_id), &left_number),
         right_is = ident_integer(right_id, strlen(right_id), &right_number);

    if (left->completed_items != right->completed_items)
        return left->completed_items < right->completed_items;
    if (left->completed_required != right->completed_required)
        return left->completed_required < right->completed_required;
    if (left_is != right_is)
        return left_is;
    return left_is ? left_number < right_number : strcmp(left_id, right_id) < 0;
}

static void all_come_in_order_and_share_ranks(void **unused)
{
    uint32_t course;
    struct model *model = make(&course);
    struct roster *roster =
        run(model, &(struct roster_query){.course = course, .take = take, .count = UINT64_MAX});

    (void)unused;
    assert_int_equal(roster_count(roster), LEARNERS);
    assert_int_equal(roster_total(roster), LEARNERS);
    assert_false(roster_has_more(roster));
    for (size_t i = 1; i < LEARNERS; i++) {
        struct roster_entry a = roster_entry(roster, i - 1), b = roster_entry(roster, i);
        assert_true(in_order(model, a.learner, b.learner));
        bool shared = slot_of(model, a.learner)->state->learner.enrolments->completed_items ==
                      slot_of(model, b.learner)->state->learner.enrolments->completed_items;
        assert_int_equal(b.rank, shared ? a.rank : i + 1);
    }
    roster_free(roster);
    assert_int_equal(atomic_load(&model->listing_bytes), 0);
    model_free(model);
}

static void pages_are_parts_of_the_whole(void **unused)
{
    static const uint64_t pages[][2] = {{0, 1},    {0, 20},   {20, 20},  {2990, 20}, {1000, 1500},
                                        {2999, 1}, {3000, 5}, {5000, 5}, {0, 3000}};
    uint32_t course;
    struct model *model = make(&course);
    struct roster *whole =
        run(model, &(struct roster_query){.course = course, .take = take, .count = UINT64_MAX});

    (void)unused;
    for (size_t p = 0; p < COUNT(pages); p++) {
        struct roster *page =
            run(model, &(struct roster_query){
                           .course = course, .take = take, .first = pages[p][0], .count = pages[p][1]});
        size_t left = pages[p][0] < LEARNERS ? LEARNERS - (size_t)pages[p][0] : 0;
        assert_int_equal(roster_count(page), left < pages[p][1] ? left : pages[p][1]);
        assert_int_equal(roster_has_more(page), left > pages[p][1]);
        assert_int_equal(roster_total(page), LEARNERS);
        for (size_t i = 0; i < roster_count(page); i++) {
            struct roster_entry a = roster_entry(page, i), b = roster_entry(whole, (size_t)pages[p][0] + i);
            assert_int_equal(a.learner, b.learner);
            assert_int_equal(a.rank, b.rank);
        }
        roster_free(page);
    }
    roster_free(whole);
    model_free(model);
}

/* However many come, go or move meanwhile: who stays where they are comes exactly once. */
static void cursor_pages_meet_everybody_who_stays_once(void **unused)
{
    uint32_t course, met[LEARNERS + 1000] = {0};
    struct model *model = make(&course);
    struct roster_query query = {.course = course, .take = take, .count = 37};
    uint64_t random = 5;

    (void)unused;
    for (bool more = true; more;) {
        struct roster *page = run(model, &query);
        for (size_t i = 0; i < roster_count(page); i++)
            met[roster_entry(page, i).learner]++;
        more = roster_has_more(page);
        query.after = roster_last(page, query.after_by, &query.after_id);
        roster_free(page);
        for (int i = 0; i < 5; i++) { /* some leave, even the last one of the page */
            uint32_t key =
                i ? 1 + next_random(&random) % LEARNERS
                  : view_learner_key((struct view){model, false}, query.after_id.bytes, query.after_id.size);
            if (key && slot_of(model, key)->state) {
                (void)pthread_rwlock_wrlock(&model->lock);
                model_forget_learner(model, key);
                (void)pthread_rwlock_unlock(&model->lock);
            }
        }
        char id[32];
        (void)snprintf(id, sizeof id, "new%u", next_random(&random));
        add_learner(model, course, id, next_random(&random) % 4, 0);
    }
    for (uint32_t key = 1; key <= LEARNERS; key++)
        assert_in_range(met[key], slot_of(model, key)->state ? 1 : 0, 1);
    model_free(model);
}

static void filters_leave_out_and_lists_have_a_budget(void **unused)
{
    static const uint32_t without = 2;
    uint32_t course;
    struct model *model = make(&course);
    struct roster *roster =
        run(model, &(struct roster_query){.course = course, .take = take, .arg = &without, .count = 10});
    struct fault fault;
    bool done;

    (void)unused;
    assert_in_range(roster_total(roster), LEARNERS / 2, LEARNERS - 1);
    roster_free(roster);
    atomic_store(&model->listing_bytes, (size_t)LIMIT_LISTING_BYTES);
    assert_int_equal(roster_new(model, &(struct roster_query){.course = course, .take = take, .count = 10},
                                &roster, &fault),
                     RC_OK);
    assert_int_equal(roster_step(roster, &done, &fault), RC_BUSY);
    roster_free(roster);
    assert_int_equal(atomic_load(&model->listing_bytes), (size_t)LIMIT_LISTING_BYTES);
    roster = run(model, &(struct roster_query){.course = course + 1, .take = take, .count = 10}); /* nobody */
    assert_int_equal(roster_count(roster), 0);
    roster_free(roster);
    model_free(model);
}

/* The list of a course's learners is replaced by a shorter one when half of them were erased. */
static void a_list_replaced_while_it_is_copied_is_copied_again(void **unused)
{
    enum { MANY = 150000 };
    struct model *model;
    struct roster *roster;
    struct fault fault;
    bool done = false;
    char id[16];

    (void)unused;
    assert_int_equal(model_new(&model), RC_OK);
    uint32_t course = model_intern(model, ENTITY_COURSE, "7", 1);
    for (int i = 1; i <= MANY; i++) {
        (void)snprintf(id, sizeof id, "%d", i);
        add_learner(model, course, id, 0, 0);
    }
    assert_int_equal(roster_new(model,
                                &(struct roster_query){.course = course, .take = take, .count = UINT64_MAX},
                                &roster, &fault),
                     RC_OK);
    for (int i = 0; i < 2; i++) /* room, and the first 65,536 keys */
        assert_int_equal(roster_step(roster, &done, &fault), RC_OK);
    (void)pthread_rwlock_wrlock(&model->lock);
    for (uint32_t key = 1; key <= 80000; key++)
        model_forget_learner(model, key);
    (void)pthread_rwlock_unlock(&model->lock);
    model_compact(model);
    assert_int_equal(course_slot(model, course)->roster.count, MANY - 80000);
    while (!done)
        assert_int_equal(roster_step(roster, &done, &fault), RC_OK);
    assert_int_equal(roster_count(roster), MANY - 80000);
    for (uint32_t i = 0; i < MANY - 80000; i++)
        assert_int_equal(roster_entry(roster, i).learner, 80001 + i);
    roster_free(roster);
    model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_come_in_order_and_share_ranks),
        cmocka_unit_test(pages_are_parts_of_the_whole),
        cmocka_unit_test(cursor_pages_meet_everybody_who_stays_once),
        cmocka_unit_test(filters_leave_out_and_lists_have_a_budget),
        cmocka_unit_test(a_list_replaced_while_it_is_copied_is_copied_again),
    };
    return cmocka_run_group_tests_name("roster", tests, NULL, NULL);
}
