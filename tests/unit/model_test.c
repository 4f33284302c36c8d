#include "test.h"

#include "app/catalog.h"

/* The model's parts: what they cost, and who may look at them how long. */

static struct text text(const char *bytes)
{
    return (struct text){bytes, (uint32_t)strlen(bytes)};
}

/* A definition that somebody kept shows what it showed, while newer ones grow; together they hold one list. */
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_kept_definition_stays_as_it_was),
        cmocka_unit_test(what_a_failed_batch_appended_is_gone),
        cmocka_unit_test(a_filtered_list_leaves_the_others_alone),
        cmocka_unit_test(an_item_is_one_allocation_and_its_texts_are_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
