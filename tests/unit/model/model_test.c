#include "test.h"

#include <stdio.h>

#include "core/learner_evolve.h"
#include "core/learner_reconsider.h"
#include "model/catalog.h"
#include "model/fold.h"
#include "model/id_table.h"
#include "model/model_private.h"
#include "model/names.h"
#include "base/buf.h"

/* The model's parts: what they cost, and who may look at them how long. */

static struct text text(const char *bytes)
{
    return (struct text){bytes, (uint32_t)strlen(bytes)};
}

/* A definition that somebody kept shows what it showed, while newer ones grow; together they hold one list.
 */
static void a_kept_definition_stays_as_it_was(void **unused)
{
    static const struct course_def unseen = {0};
    const struct staff staff[] = {{text("boss"), true}, {text("helper"), false}};
    struct course_def *now = course_def_copy(&unseen);
    const struct course_def *kept = NULL;
    uint32_t lists = 0;
    (void)unused;
    assert_true(course_def_tell(now, text("title"), (struct text){NULL, 0}, staff, COUNT(staff)));
    for (uint32_t item = 1; item <= 10000; item++) {
        struct course_def *next = course_def_copy(now);
        lists += next->items != now->items;
        assert_true(course_def_add_item(next, item));
        lists += next->items != now->items;
        if (item == 5001)
            kept = course_def_ref(now);
        course_def_unref(now);
        now = next;
    }
    assert_in_range(lists, 1, 30); /* copied when it grows by half, not per item */
    assert_int_equal(kept->item_count, 5000);
    for (uint32_t i = 0; i < 5000; i++)
        assert_int_equal(kept->items[i], i + 1);
    assert_string_equal(kept->title.bytes, "title");
    assert_string_equal(kept->staff[1].user.bytes, "helper");
    assert_null(kept->description.bytes);
    course_def_unref(now);
    course_def_unref(kept);
}

/* What a batch that failed had appended is not in the way of the next one, nor seen by anybody. */
static void what_a_failed_batch_appended_is_gone(void **unused)
{
    static const struct course_def unseen = {0};
    static const uint32_t items[] = {1, 2, 3, 4, 5};
    struct course_def *published = course_def_copy(&unseen), *failed;
    (void)unused;
    assert_true(course_def_list(published, items, COUNT(items)));
    assert_true(course_def_add_item(published, 6)); /* now there is room for more */
    failed = course_def_copy(published);
    assert_true(course_def_add_item(failed, 7));
    assert_ptr_equal(failed->items, published->items);
    course_def_unref(failed);
    course_def_newest(published);
    struct course_def *next = course_def_copy(published);
    assert_true(course_def_add_item(next, 8));
    assert_ptr_equal(next->items, published->items);
    assert_int_equal(next->items[6], 8);
    assert_int_equal(published->item_count, 6);
    course_def_unref(next);
    course_def_unref(published);
}

static bool odd(void *arg, uint32_t item)
{
    (void)arg;
    return item % 2;
}

static void a_filtered_list_leaves_the_others_alone(void **unused)
{
    static const struct course_def unseen = {0};
    static const uint32_t items[] = {1, 2, 3, 4, 5};
    struct course_def *before = course_def_copy(&unseen);
    (void)unused;
    assert_true(course_def_list(before, items, COUNT(items)));
    struct course_def *after = course_def_copy(before);
    assert_true(course_def_filter(after, odd, NULL));
    assert_int_equal(after->item_count, 3);
    assert_int_equal(after->items[1], 3);
    assert_int_equal(before->item_count, 5);
    assert_int_equal(before->items[1], 2);
    course_def_unref(before);
    course_def_unref(after);
}

static void an_item_is_one_allocation_and_its_texts_are_its_own(void **unused)
{
    char title[] = "title";
    struct item_def like = {.course = 7, .required = true, .title = text(title), .type = {"", 0}};
    struct item_def *def = item_def_copy(&like);
    (void)unused;
    title[0] = 'X';
    assert_string_equal(def->title.bytes, "title");
    assert_string_equal(def->type.bytes, "");
    assert_null(def->section.bytes);
    assert_in_range((size_t)((const char *)def->title.bytes - (const char *)def), sizeof *def, sizeof *def);
    const struct item_def *kept = item_def_ref(def);
    item_def_unref(def);
    assert_int_equal(kept->course, 7);
    item_def_unref(kept);
}

/* ---- ids ---- */

/* Ids are found, and gone when removed, also while the table grows underneath. */
static void ids_are_found_while_the_table_grows(void **unused)
{
    enum { ALL = 20000 };
    static char ids[ALL][8];
    struct id_table table = {0};
    size_t grew = 0;
    (void)unused;
    for (uint32_t i = 0; i < ALL; i++) {
        size_t size = (size_t)snprintf(ids[i], sizeof ids[i], "%u", i);
        assert_int_equal(id_table_find(&table, ids[i], size), 0);
        assert_true(id_table_add(&table, ids[i], size, i + 1));
        grew += table.before != NULL;
        if (i % 3 == 2) { /* one of every three goes again, some while they are in both tables */
            id_table_remove(&table, ids[i - 2], strlen(ids[i - 2]));
            assert_int_equal(id_table_find(&table, ids[i - 2], strlen(ids[i - 2])), 0);
        }
        if (i % 1000 == 999 || (table.before && i % 100 == 0))
            for (uint32_t k = 0; k <= i; k++)
                if (id_table_find(&table, ids[k], strlen(ids[k])) != (k % 3 == 0 && k + 2 <= i ? 0 : k + 1))
                    fail_msg("id %u of %u", k, i);
    }
    assert_in_range(grew, 100, ALL); /* never all at once */
    id_table_done(&table);
}

/* Ids that come and go, as those of commits that fail: no room, and no longer way to any other. */
static void who_comes_and_goes_takes_no_room(void **unused)
{
    struct id_table table = {0};
    char id[16];
    (void)unused;
    assert_true(id_table_add(&table, "stays", 5, 1));
    for (uint32_t i = 0; i < 100000; i++) { /* the same three times in a row, then another */
        size_t size = (size_t)snprintf(id, sizeof id, "%u", i / 3);
        assert_true(id_table_add(&table, id, size, 2));
        assert_int_equal(id_table_find(&table, id, size), 2);
        id_table_remove(&table, id, size);
        assert_int_equal(id_table_find(&table, id, size), 0);
    }
    assert_int_equal(id_table_find(&table, "stays", 5), 1);
    assert_int_equal(table.count, 1);
    assert_int_equal(table.room, 64);
    id_table_done(&table);
}

/* ---- sums ---- */

/* Random shares come and go: the sums are those of the shares that are there, counted anew. */
static void sums_are_those_of_their_shares(void **unused)
{
    enum { SHARES = 300, STEPS = 4000 };
    static struct enrolment_share shares[SHARES];
    static bool there[SHARES];
    static const enum enrolment_state states[CLASS_COUNT] = {
        [CLASS_ENROLLED] = ENR_ENROLLED,       [CLASS_WORKING] = ENR_IN_PROGRESS,
        [CLASS_DONE_FOR_GOOD] = ENR_COMPLETED, [CLASS_CERTIFIED] = ENR_CERTIFIED,
        [CLASS_DROPPED] = ENR_DROPPED,         [CLASS_EXPIRED] = ENR_EXPIRED};
    struct course_sums sums = {0};
    uint64_t random = 99;
    (void)unused;
    for (int step = 0; step < STEPS; step++) {
        uint32_t i = next_random(&random) % SHARES;
        if (!there[i])
            shares[i] = (struct enrolment_share){
                .class = (enum enrolment_class)(next_random(&random) % CLASS_COUNT),
                .completed_required = next_random(&random) % 12,
                .activity_day =
                    next_random(&random) % 9 ? 1000 + (int32_t)(next_random(&random) % 60) : INT32_MIN,
                .completion_days = next_random(&random) % 50,
                .dated = next_random(&random) % 2,
                .activity_ms =
                    next_random(&random) % 9 ? (int64_t)(next_random(&random) % 400) : INSTANT_NEVER};
        assert_true(course_sums_add(&sums, &shares[i], there[i] ? -1 : 1));
        there[i] = !there[i];
        if (step % 50)
            continue;
        struct course_facts facts = {
            .declared = step % 100, .required = next_random(&random) % 12, .items = 12};
        struct course_figures want = {.last_activity_ms = INSTANT_NEVER},
                              got = course_sums_figures(&sums, &facts, 1050);
        int64_t want_buckets[COURSE_BUCKETS] = {0}, buckets[COURSE_BUCKETS];
        for (uint32_t k = 0; k < SHARES; k++) {
            const struct enrolment_share *share = &shares[k];
            bool derived = share->class == CLASS_WORKING && !facts.declared && facts.required &&
                           share->completed_required >= facts.required;
            bool complete = derived || share->class == CLASS_DONE_FOR_GOOD || share->class == CLASS_CERTIFIED;
            if (!there[k])
                continue;
            want.total++;
            want.by_state[derived ? ENR_COMPLETED : states[share->class]]++;
            uint32_t bucket = facts.required ? 10 * share->completed_required / facts.required : 0;
            want_buckets[bucket > 9 ? 9 : bucket]++;
            if (share->activity_ms > want.last_activity_ms)
                want.last_activity_ms = share->activity_ms;
            want.completed_required += share->completed_required;
            want.completed += complete;
            want.dated += complete && share->dated;
            want.completion_days += complete && share->dated ? share->completion_days : 0;
            want.active += share->class == CLASS_WORKING && !derived && share->activity_day > 1020 &&
                           share->activity_day <= 1050;
        }
        course_sums_buckets(&sums, &facts, buckets);
        assert_memory_equal(buckets, want_buckets, sizeof buckets);
        if (memcmp(&want, &got, sizeof want) != 0)
            fail_msg("step %d: completed %lld, not %lld; active %lld, not %lld", step,
                     (long long)got.completed, (long long)want.completed, (long long)got.active,
                     (long long)want.active);
    }
    struct course_sums copy, encoded;
    struct buf one = {0}, other = {0};
    assert_true(course_sums_copy(&sums, &copy));
    assert_true(course_sums_copy_to_encode(&sums, &encoded));
    course_sums_encode(&copy, &other);
    course_sums_encode(&encoded, &one);
    assert_int_equal(one.size, other.size);
    assert_memory_equal(one.bytes, other.bytes, one.size);
    buf_clear(&one);
    for (uint32_t i = 0; i < SHARES; i++)
        if (there[i])
            assert_true(course_sums_add(&sums, &shares[i], -1));
    course_sums_encode(&sums, &one);
    assert_int_equal(one.size, 0); /* and the copy is none of it */
    course_sums_encode(&copy, &one);
    assert_int_equal(one.size, other.size);
    assert_memory_equal(one.bytes, other.bytes, one.size);
    buf_done(&one);
    buf_done(&other);
    course_sums_done(&sums);
    course_sums_done(&copy);
    course_sums_done(&encoded);
}

/* Days come and go in any order; those on which nobody reported are not there. */
static void days_are_those_of_their_reports(void **unused)
{
    enum { DAYS = 90, ROUNDS = 4000 };
    int64_t learners[DAYS] = {0}, reports[DAYS] = {0};
    struct course_sums sums = {0};
    uint64_t random = 5;

    (void)unused;
    for (int round = 0; round < ROUNDS; round++) {
        uint32_t day = next_random(&random) % DAYS;
        int sign = learners[day] && next_random(&random) % 2 ? -1 : 1;
        int64_t more = sign > 0 ? 1 + (int64_t)(next_random(&random) % 5) : -reports[day] / learners[day];
        if (sign < 0 && learners[day] == 1)
            more = -reports[day];
        learners[day] += sign;
        reports[day] += more;
        assert_true(course_sums_add_day(&sums, (int32_t)day - 40, sign, more));
    }
    uint32_t at = 0;
    for (uint32_t day = 0; day < DAYS; day++) {
        if (!learners[day])
            continue;
        assert_int_equal(sums.reported[at].day, (int32_t)day - 40);
        assert_int_equal(sums.reported[at].learners, learners[day]);
        assert_int_equal(sums.reported[at++].reports, reports[day]);
    }
    assert_int_equal(at, sums.reported_count);
    course_sums_done(&sums);
}

/* The latest of very many, whichever go first; and what is left over is little memory. */
static void the_last_instant_is_known_whoever_goes(void **unused)
{
    enum { MANY = 20000 };
    static int64_t there[MANY];
    static uint32_t order[MANY];
    struct instants instants = {0}, copy;
    uint64_t random = 3;

    (void)unused;
    for (int way = 0; way < 3; way++) { /* in order, backwards, mixed */
        for (uint32_t i = 0; i < MANY; i++) {
            there[i] = way == 0 ? i : way == 1 ? MANY - i : (int64_t)(next_random(&random) % 5000);
            order[i] = i;
            assert_true(instants_add(&instants, there[i]));
        }
        assert_true(instants.run_count < MANY / 100);
        for (uint32_t i = MANY - 1; i > 0; i--) {
            uint32_t k = next_random(&random) % (i + 1), kept = order[i];
            order[i] = order[k];
            order[k] = kept;
        }
        for (uint32_t i = 0; i < MANY; i++) {
            if (i % 1000 == 0) {
                int64_t last = INSTANT_NEVER;
                for (uint32_t k = i; k < MANY; k++)
                    last = there[order[k]] > last ? there[order[k]] : last;
                assert_int_equal(instants_last(&instants), last);
                assert_true(instants.run_count <= 2 + (MANY - i) / 32);
                assert_true(instants_copy(&instants, &copy));
                assert_int_equal(instants_last(&copy), last);
                instants_done(&copy);
            }
            instants_remove(&instants, there[order[i]]);
        }
        assert_int_equal(instants_last(&instants), INSTANT_NEVER);
    }
    instants_done(&instants);
}

/* ---- one learner ---- */

static struct item_facts one_course_each(const void *of, uint32_t item)
{
    (void)of;
    return (struct item_facts){.course = item % 700 + 1, .required = true, .threshold_hundredths = 9500};
}

static struct course_facts any_course(const void *of, uint32_t course)
{
    (void)of;
    (void)course;
    return (struct course_facts){.required = 20, .items = 20};
}

/* Records and enrolments are found by their keys while the state grows, is copied, and when it holds very
 * many. */
static void a_learner_finds_what_they_have(void **unused)
{
    static struct segment segments[RECORD_MAX_SEGMENTS];
    static uint8_t metadata[16];
    const struct catalogue catalogue = {NULL, one_course_each, any_course, NULL};
    struct record_room room = {segments, metadata};
    struct learner_state *state = state_copy(NULL, 1, false);
    (void)unused;
    for (uint32_t i = 1; i <= 5000; i++) {
        struct event event = {.sequence = i,
                              .kind = EV_REPORTED,
                              .learner = 1,
                              .item = i * 3,
                              .record_id = i,
                              .enrolment_id = i,
                              .at_ms = i,
                              .report = {.has = HAS_WATCHED, .watched_s = 1}};
        if (!learner_has_room(&state->learner, &event)) {
            struct learner_state *larger = state_copy(state, 1, true);
            state_unref(state);
            state = larger;
        }
        assert_null(learner_record(&state->learner, i * 3));
        learner_evolve(&state->learner, &event, &catalogue, &room);
        assert_int_equal(learner_record(&state->learner, i * 3)->id, i);
        if (i == 32 || i == 33 || i == 5000)
            for (uint32_t k = 1; k <= i; k++) {
                assert_int_equal(learner_record(&state->learner, k * 3)->id, k);
                assert_null(learner_record(&state->learner, k * 3 + 1));
                assert_int_equal(learner_enrolment(&state->learner, k * 3 % 700 + 1)->course,
                                 k * 3 % 700 + 1);
            }
    }
    assert_int_equal(state->learner.enrolment_count, 700);
    assert_null(learner_enrolment(&state->learner, 701));
    state_unref(state);
}

static long asked; /* questions to the catalogue */

static struct item_facts counted_item(const void *of, uint32_t item)
{
    asked++;
    return (struct item_facts){.course = *(const uint32_t *)of && item % 10 == 0 ? 2 : 1,
                               .required = true,
                               .threshold_hundredths = 9500};
}

static const uint32_t *some_items(const void *of, uint32_t course, uint32_t *out_count)
{
    static const uint32_t items[] = {10, 20, 30, 40, 50};
    (void)of;
    *out_count = course == 2 ? COUNT(items) : 20000; /* of course 1 there are more than anybody holds */
    return items;
}

static bool a_tenth(const void *of, uint32_t item)
{
    (void)of;
    return item % 10 == 0 && item <= 50;
}

/* What an edit costs a learner does not grow with what they hold: that is asked for as often with 8,000
 * records as with 500. */
static void an_edit_looks_only_at_what_it_touched(void **unused)
{
    static struct segment segments[RECORD_MAX_SEGMENTS];
    static uint8_t metadata[16];
    static const uint32_t items[] = {10, 20, 30, 40, 50}, courses[] = {2};
    uint32_t edited = 0;
    const struct catalogue catalogue = {&edited, counted_item, any_course, some_items};
    const struct edit edit = {items, courses, COUNT(items), COUNT(courses), NULL, a_tenth};
    struct record_room room = {segments, metadata};
    struct learner_state *state = state_copy(NULL, 1, false);
    long one[2], all[2];
    int seen = 0;
    (void)unused;
    for (uint32_t i = 1; i <= 8000; i++) {
        struct event event = {.sequence = i,
                              .kind = EV_REPORTED,
                              .learner = 1,
                              .item = i,
                              .record_id = i,
                              .enrolment_id = 1,
                              .at_ms = i,
                              .report = {.has = HAS_STATUS, .status = ITEM_COMPLETED}};
        if (!learner_has_room(&state->learner, &event)) {
            struct learner_state *larger = state_copy(state, 1, true);
            state_unref(state);
            state = larger;
        }
        learner_evolve(&state->learner, &event, &catalogue, &room);
        if (i != 500 && i != 8000)
            continue;
        struct item_facts before = {.course = 1, .required = true};
        edited = 1;
        asked = 0;
        /* they are not enrolled in course 2 */
        assert_true(learner_is_moved(&state->learner, &catalogue, &edit, i, i));
        all[seen] = asked;
        asked = 0;
        (void)learner_reconsider_item(&state->learner, &catalogue, 10, &before, i, i);
        assert_int_equal(learner_enrolment(&state->learner, 1)->completed_items, i - 1);
        one[seen++] = asked;
        before.course = 2;
        edited = 0;
        (void)learner_reconsider_item(&state->learner, &catalogue, 10, &before, i, i); /* and back */
        assert_int_equal(learner_enrolment(&state->learner, 1)->completed_items, i);
    }
    assert_int_equal(one[0], one[1]);
    assert_in_range(one[1], 1, 4);
    assert_int_equal(all[0], all[1]);
    assert_in_range(all[1], 1, 20);
    state_unref(state);
}

/* ---- many learners ---- */

static struct model *model;
static struct fold fold;
static uint64_t sequence;

static int begin_model(void **state)
{
    (void)state;
    sequence = 0;
    return model_new(&model) == RC_OK && fold_init(&fold, model) == RC_OK ? 0 : -1;
}

static int end_model(void **state)
{
    (void)state;
    fold_done(&fold);
    model_free(model);
    return 0;
}

static uint32_t key_of(enum entity kind, char letter, uint32_t number)
{
    char id[16];
    size_t size = (size_t)snprintf(id, sizeof id, "%c%u", letter, number);
    return model_intern(model, kind, id, size);
}

static void apply(struct event event)
{
    event.sequence = ++sequence;
    event.at_ms = (int64_t)sequence;
    assert_int_equal(fold_apply(&fold, &event), RC_OK);
}

static void publish(void)
{
    fold_publish(&fold, sequence);
}

static void reports(uint32_t learner, uint32_t item, uint32_t course)
{
    if (!view_item(fold.view, item) || view_item(fold.view, item)->course != course)
        apply((struct event){.kind = EV_ITEM_OBSERVED, .item = item, .course = course});
    apply((struct event){.kind = EV_REPORTED,
                         .learner = learner,
                         .item = item,
                         .course = course,
                         .record_id = (uint32_t)sequence + 1,
                         .enrolment_id = (uint32_t)sequence + 1,
                         .report = {.has = HAS_STATUS, .status = ITEM_COMPLETED}});
}

/* Who is erased leaves the lists in constant time on average, and the others stay in them, in order. */
static void the_erased_leave_the_lists(void **unused)
{
    enum { ALL = 1000, LEFT = 40 };
    static const uint8_t nothing[4] = {0, 0, 0, 0};
    uint32_t item = key_of(ENTITY_ITEM, 'i', 1), course = key_of(ENTITY_COURSE, 'c', 1), longest = 0;
    (void)unused;
    for (uint32_t i = 1; i <= ALL; i++)
        reports(key_of(ENTITY_LEARNER, 'l', i), item, course);
    publish();
    const struct keys *lists[] = {&item_slot(model, item)->holders, &course_slot(model, course)->roster};
    for (uint32_t i = 1; i <= ALL; i++) {
        if (i % (ALL / LEFT) == 0)
            continue;
        apply((struct event){
            .kind = EV_ERASED, .learner = key_of(ENTITY_LEARNER, 'l', i), .body = nothing, .body_size = 4});
        publish();
        for (int list = 0; list < 2; list++)
            longest = lists[list]->stale > longest ? lists[list]->stale : longest;
    }
    assert_in_range(longest, 65, ALL / 2 + 1); /* not one by one, and not for ever */
    for (int list = 0; list < 2; list++) {
        uint32_t last = 0, known = 0;
        assert_int_equal(keys_live(lists[list]), LEFT);
        assert_in_range(lists[list]->count, LEFT, 2 * LEFT + 64);
        for (uint32_t i = 0; i < lists[list]->count; i++) {
            assert_true(lists[list]->at[i] > last);
            last = lists[list]->at[i];
            known += view_learner(fold.view, last) != NULL;
        }
        assert_int_equal(known, LEFT);
    }
    assert_int_equal(item_slot(model, item)->sums.records, LEFT);
}

/* What was reserved before the commit is what the publish needs: no list that readers look at moves under the
 * lock. */
static void a_publish_finds_room(void **unused)
{
    uint32_t item = key_of(ENTITY_ITEM, 'i', 1), course = key_of(ENTITY_COURSE, 'c', 1);
    (void)unused;
    for (uint32_t round = 0; round < 3; round++) {
        for (uint32_t i = 1; i <= 500; i++)
            reports(key_of(ENTITY_LEARNER, 'l', round * 500 + i), item, course);
        assert_int_equal(fold_reserve(&fold), RC_OK);
        const uint32_t *lists[] = {item_slot(model, item)->holders.at,
                                   course_slot(model, course)->roster.at,
                                   model->record_owner,
                                   model->tables[ENTITY_LEARNER].dirty.at,
                                   model->tables[ENTITY_ITEM].dirty.at,
                                   model->tables[ENTITY_COURSE].dirty.at};
        publish();
        const uint32_t *after[] = {item_slot(model, item)->holders.at,
                                   course_slot(model, course)->roster.at,
                                   model->record_owner,
                                   model->tables[ENTITY_LEARNER].dirty.at,
                                   model->tables[ENTITY_ITEM].dirty.at,
                                   model->tables[ENTITY_COURSE].dirty.at};
        for (size_t i = 0; i < COUNT(lists); i++) {
            assert_non_null(lists[i]);
            assert_ptr_equal(lists[i], after[i]);
        }
        assert_int_equal(item_slot(model, item)->holders.count, (round + 1) * 500);
        assert_int_equal(course_slot(model, course)->roster.count, (round + 1) * 500);
        assert_int_equal(course_slot(model, course)->joining, 0);
    }
    assert_int_equal(model->record_owner[view_learner(fold.view, 1)->records[0].id], 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_kept_definition_stays_as_it_was),
        cmocka_unit_test(what_a_failed_batch_appended_is_gone),
        cmocka_unit_test(a_filtered_list_leaves_the_others_alone),
        cmocka_unit_test(an_item_is_one_allocation_and_its_texts_are_its_own),
        cmocka_unit_test(ids_are_found_while_the_table_grows),
        cmocka_unit_test(who_comes_and_goes_takes_no_room),
        cmocka_unit_test(sums_are_those_of_their_shares),
        cmocka_unit_test(days_are_those_of_their_reports),
        cmocka_unit_test(the_last_instant_is_known_whoever_goes),
        cmocka_unit_test(a_learner_finds_what_they_have),
        cmocka_unit_test(an_edit_looks_only_at_what_it_touched),
        cmocka_unit_test_setup_teardown(the_erased_leave_the_lists, begin_model, end_model),
        cmocka_unit_test_setup_teardown(a_publish_finds_room, begin_model, end_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
