#include "test.h"

#include <stdio.h>

#include "model/fold.h"
#include "model/model.h"
#include "model/names.h"
#include "model/revision.h"

/* What a view shows of the model, and under which ids. */

static struct model *model;
static struct fold fold;
static uint64_t sequence;
static uint32_t item, course, learner;

static uint32_t interned(enum entity kind, const char *id)
{
    return model_intern(model, kind, id, strlen(id));
}

static int begin(void **state)
{
    (void)state;
    sequence = 0;
    if (model_new(&model) != RC_OK || fold_init(&fold, model) != RC_OK)
        return -1;
    learner = interned(ENTITY_LEARNER, "anna");
    course = interned(ENTITY_COURSE, "7");
    item = interned(ENTITY_ITEM, "film");
    return learner && course && item ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    fold_done(&fold);
    model_free(model);
    return 0;
}

static void apply(struct event event)
{
    event.sequence = ++sequence;
    event.at_ms = (int64_t)sequence;
    assert_int_equal(fold_apply(&fold, &event), RC_OK);
}

static void reports_and_publishes(void)
{
    apply((struct event){.kind = EV_ITEM_OBSERVED, .item = item, .course = course});
    apply((struct event){.kind = EV_REPORTED,
                         .learner = learner,
                         .item = item,
                         .course = course,
                         .record_id = 41,
                         .enrolment_id = 5,
                         .report = {.has = HAS_STATUS, .status = ITEM_COMPLETED}});
    assert_int_equal(fold_reserve(&fold), RC_OK);
    fold_publish(&fold, sequence);
}

static void an_id_has_one_key(void **unused)
{
    static const enum entity kinds[] = {ENTITY_LEARNER, ENTITY_COURSE, ENTITY_ITEM};
    static const char *const ids[] = {"anna", "7", "film"};
    struct view view = {model, false}, deciding = {model, true};

    (void)unused;
    for (size_t i = 0; i < COUNT(kinds); i++) {
        assert_int_equal(interned(kinds[i], ids[i]), 1); /* given out once */
        assert_int_equal(view_key(deciding, kinds[i], ids[i], strlen(ids[i])), 1);
        assert_int_equal(view_key(view, kinds[i], ids[i], strlen(ids[i])), 0); /* not stored yet */
        assert_int_equal(view_key(view, kinds[i], "other", 5), 0);
        assert_string_equal(view_id(view, kinds[i], 1).bytes, ids[i]);
        assert_int_equal(view_id(view, kinds[i], 1).size, strlen(ids[i]));
        assert_null(view_id(view, kinds[i], 0).bytes);
        assert_null(view_id(view, kinds[i], 2).bytes);
        assert_int_equal(view_count(view, kinds[i]), 1);
        assert_int_equal(model_count(model, kinds[i]), 1);
        assert_false(view_knows(view, kinds[i], 1)); /* a name alone is not known of */
        assert_int_equal(model_stored(model, kinds[i]), 0);
    }
    model_note_stored(model);
    assert_int_equal(view_learner_key(view, "anna", 4), learner);
    assert_int_equal(view_course_key(view, "7", 1), course);
    assert_int_equal(view_item_key(view, "film", 4), item);
    assert_int_equal(interned(ENTITY_ITEM, "second"), 2);
    assert_int_equal(model_stored(model, ENTITY_ITEM), 1); /* the second goes with the next commit */
    assert_int_equal(model_stored(model, ENTITY_LEARNER), 1);
}

/* A batch that comes to nothing leaves neither id nor key, and what was there before stays. */
static void ids_that_are_not_stored_are_taken_back(void **unused)
{
    struct view view = {model, true};

    (void)unused;
    model_note_stored(model);
    uint32_t next = view_count(view, ENTITY_COURSE) + 1;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(interned(ENTITY_COURSE, i == 1 ? "a much longer one" : "ours"), next);
        assert_int_equal(interned(ENTITY_COURSE, "another"), next + 1);
        model_take_back(model);
        assert_int_equal(view_count(view, ENTITY_COURSE), next - 1);
        assert_int_equal(view_course_key(view, "ours", 4), 0);
        assert_int_equal(view_course_key(view, "another", 7), 0);
    }
    assert_true(model_load_id(model, ENTITY_COURSE, next, "theirs", 6));
    assert_int_equal(view_course_key(view, "theirs", 6), next);
    assert_string_equal(view_id(view, ENTITY_COURSE, next).bytes, "theirs");
    assert_int_equal(view_learner_key(view, "anna", 4), learner);
}

static void ids_are_loaded_as_the_store_has_them(void **unused)
{
    struct model *loaded;

    (void)unused;
    assert_int_equal(model_new(&loaded), RC_OK);
    struct view view = {loaded, false};
    assert_true(model_load_id(loaded, ENTITY_LEARNER, 3, "cleo", 4)); /* 1 and 2 are nobody any more */
    assert_true(model_load_id(loaded, ENTITY_LEARNER, 4, "", 0));
    assert_false(model_load_id(loaded, ENTITY_LEARNER, 4, "dave", 4)); /* taken */
    assert_true(model_load_id(loaded, ENTITY_ITEM, 2, "film", 4));
    assert_int_equal(view_count(view, ENTITY_LEARNER), 4);
    assert_int_equal(model_stored(loaded, ENTITY_LEARNER), 4);
    assert_int_equal(view_learner_key(view, "cleo", 4), 3);
    assert_true(view_is_erased(view, 1) && view_is_erased(view, 2) && view_is_erased(view, 4));
    assert_false(view_is_erased(view, 3));
    assert_false(view_is_erased(view, 0));
    assert_int_equal(view_id(view, ENTITY_LEARNER, 1).size, 0);
    assert_int_equal(view_item_key(view, "", 0), 0);
    model_free(loaded);
}

static void a_batch_is_seen_when_it_is_published(void **unused)
{
    struct view now = {model, false};

    (void)unused;
    apply((struct event){.kind = EV_ITEM_OBSERVED, .item = item, .course = course});
    assert_null(view_item(now, item));
    assert_non_null(view_item(fold.view, item)); /* the engine's own */
    assert_int_equal(view_item_facts(fold.view, item).course, course);
    fold_abandon(&fold);
    assert_null(view_item(fold.view, item));
    reports_and_publishes();
    assert_int_equal(model_published(model), sequence);
    assert_true(view_knows(now, ENTITY_LEARNER, learner));
    assert_true(view_knows(now, ENTITY_COURSE, course));
    assert_true(view_knows(now, ENTITY_ITEM, item));
    assert_int_equal(view_item_sums(now, item)->records, 1);
    assert_int_equal(view_course_sums(now, course)->learners, 1);
    assert_int_equal(view_holders(now, item)->count, 1);
    assert_int_equal(view_roster(now, course)->at[0], learner);
    assert_int_equal(view_record_owner(now, 41), learner);
    assert_int_equal(view_item_changes(now, item), 1);
    struct learner_state *state = view_state(now, learner);
    assert_int_equal(state->learner.records[0].id, 41);
    state_unref(state);
}

static void of_nobody_there_is_nothing(void **unused)
{
    struct view view = {model, false};

    (void)unused;
    for (uint32_t key = 0; key < 3; key += 2) { /* no key, and one that was never given out */
        assert_null(view_learner(view, key));
        assert_null(view_course(view, key));
        assert_null(view_item(view, key));
        assert_null(view_state(view, key));
        assert_int_equal(view_roster(view, key)->count, 0);
        assert_int_equal(view_holders(view, key)->count, 0);
        assert_int_equal(view_item_sums(view, key)->records, 0);
        assert_int_equal(view_course_sums(view, key)->learners, 0);
        assert_int_equal(view_item_changes(view, key), 0);
        assert_int_equal(view_items_bound(view, key), 0);
        assert_int_equal(view_course_facts(view, key).items, 0);
        assert_false(view_knows(view, ENTITY_ITEM, key));
    }
    assert_int_equal(view_record_owner(view, 0), 0);
    assert_int_equal(view_record_owner(view, -1), 0);
    assert_int_equal(view_record_owner(view, INT64_MAX), 0);
    assert_int_equal(view_course_staff(view, course, "boss", 4), STAFF_NOBODY_LISTED);
}

static void an_erased_learner_is_nobody(void **unused)
{
    static const uint8_t nothing[4] = {0, 0, 0, 0};
    struct view view = {model, false};

    (void)unused;
    reports_and_publishes();
    apply((struct event){.kind = EV_ERASED, .learner = learner, .body = nothing, .body_size = 4});
    fold_publish(&fold, sequence);
    assert_true(view_is_erased(view, learner));
    assert_string_equal(view_id(view, ENTITY_LEARNER, learner).bytes, "");
    assert_int_equal(view_learner_key(view, "anna", 4), 0);
    assert_null(view_state(view, learner));
    assert_null(view_learner(view, learner));
    assert_int_equal(view_record_owner(view, 41), 0);
    assert_int_equal(view_item_sums(view, item)->records, 0);
    assert_int_equal(keys_live(view_roster(view, course)), 0);
    assert_int_equal(interned(ENTITY_LEARNER, "anna"), 2); /* somebody new */
}

static void the_core_asks_the_catalogue_through_a_view(void **unused)
{
    struct view view = {model, false};
    uint32_t count = 0;

    (void)unused;
    reports_and_publishes();
    struct catalogue catalogue = view_catalogue(&view);
    assert_int_equal(catalogue.item(catalogue.of, item).course, course);
    assert_int_equal(catalogue.course(catalogue.of, course).items, 1);
    assert_int_equal(catalogue.items(catalogue.of, course, &count)[0], item);
    assert_int_equal(count, 1);
    assert_null(catalogue.items(catalogue.of, 9, &count));
    assert_int_equal(count, 0);
    assert_int_equal(model_item_facts(model, NULL, NULL).threshold_hundredths, model_threshold(model));
    assert_int_equal(view_threshold(view), THRESHOLD_DEFAULT);
    assert_int_equal(model_course_facts(NULL).required, 0);
}

static void a_bound_item_is_counted_at_its_course(void **unused)
{
    struct view view = {model, false};

    (void)unused;
    apply((struct event){.kind = EV_ITEM_OBSERVED, .item = item, .course = course, .untaught = true});
    fold_publish(&fold, sequence);
    assert_int_equal(view_items_bound(view, course), 1);
    assert_int_equal(view_bound(view, view_item(view, item)), course);
    assert_true(view_item_facts(view, item).untaught);
    apply((struct event){.kind = EV_ITEM_OBSERVED, .item = item, .course = course});
    fold_publish(&fold, sequence);
    assert_int_equal(view_items_bound(view, course), 0);
    assert_int_equal(view_bound(view, view_item(view, item)), 0);
    assert_false(revision_touches(view, course, item)); /* none is prepared */
    assert_false(revision_touches(view, 0, 0));
}

static void a_model_of_one_has_only_what_it_is_asked_for(void **unused)
{
    struct model *twin;

    (void)unused;
    reports_and_publishes();
    assert_int_equal(model_of_one(model, learner, &twin), RC_OK);
    struct view view = {twin, false};
    assert_string_equal(view_id(view, ENTITY_LEARNER, learner).bytes, "anna");
    assert_null(view_id(view, ENTITY_ITEM, item).bytes);
    assert_true(model_of_one_slot(twin, model, ENTITY_ITEM, item));
    assert_true(model_of_one_slot(twin, model, ENTITY_ITEM, item));
    assert_true(model_of_one_slot(twin, model, ENTITY_ITEM, 0));
    assert_string_equal(view_id(view, ENTITY_ITEM, item).bytes, "film");
    assert_false(view_knows(view, ENTITY_LEARNER, learner)); /* nothing is folded into it yet */
    model_free(twin);
}

static void lists_hold_no_more_than_they_may(void **unused)
{
    (void)unused;
    assert_true(model_listing_takes(model, 60, 100));
    assert_false(model_listing_takes(model, 41, 100));
    assert_true(model_listing_takes(model, 40, 100));
    model_listing_gives(model, 40);
    assert_true(model_listing_takes(model, 40, 100));
    assert_false(model_scrub_owed(model));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_id_has_one_key, begin, end),
        cmocka_unit_test_setup_teardown(ids_that_are_not_stored_are_taken_back, begin, end),
        cmocka_unit_test(ids_are_loaded_as_the_store_has_them),
        cmocka_unit_test_setup_teardown(a_batch_is_seen_when_it_is_published, begin, end),
        cmocka_unit_test_setup_teardown(of_nobody_there_is_nothing, begin, end),
        cmocka_unit_test_setup_teardown(an_erased_learner_is_nobody, begin, end),
        cmocka_unit_test_setup_teardown(the_core_asks_the_catalogue_through_a_view, begin, end),
        cmocka_unit_test_setup_teardown(a_bound_item_is_counted_at_its_course, begin, end),
        cmocka_unit_test_setup_teardown(a_model_of_one_has_only_what_it_is_asked_for, begin, end),
        cmocka_unit_test_setup_teardown(lists_hold_no_more_than_they_may, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
