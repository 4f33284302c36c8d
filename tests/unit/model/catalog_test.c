#include "test.h"

#include "base/arena.h"
#include "base/buf.h"
#include "model/catalog.h"
#include "model/learner_state.h"

/* Definitions as bytes, and what several states share. */

static struct text text(const char *bytes)
{
    return (struct text){bytes, (uint32_t)strlen(bytes)};
}

static void an_item_comes_back_as_it_was(void **unused)
{
    struct item_def like = {.course = 3,
                            .bound = 4,
                            .declared = true,
                            .required = true,
                            .type_rank = 2,
                            .threshold_hundredths = 8000,
                            .duration_ms = 61000,
                            .title = text("A film"),
                            .type = text("video"),
                            .section = text("one")};
    struct item_def *def = item_def_copy(&like);
    struct buf bytes = {0};

    (void)unused;
    item_def_encode(def, &bytes);
    const uint8_t *at = (const uint8_t *)bytes.bytes, *end = at + bytes.size;
    struct item_def *back = item_def_decode(&at, end);
    assert_ptr_equal(at, end);
    assert_int_equal(back->course, 3);
    assert_int_equal(back->bound, 4);
    assert_true(back->declared && back->required && !back->retired);
    assert_int_equal(back->threshold_hundredths, 8000);
    assert_int_equal(back->duration_ms, 61000);
    assert_string_equal(back->title.bytes, "A film");
    assert_string_equal(back->section.bytes, "one");
    assert_string_equal(item_type(back), "video");
    assert_string_equal(item_type(NULL), "other");
    assert_true(item_is_video(back) && item_is_video(NULL)); /* who is unknown may be one */
    struct item_def value = item_def_value(back);
    assert_ptr_equal(value.title.bytes, back->title.bytes); /* its texts stay */
    for (size_t cut = 0; cut < bytes.size; cut++) {
        at = (const uint8_t *)bytes.bytes;
        struct item_def *none = item_def_decode(&at, at + cut);
        assert_null(none);
    }
    item_def_unref(def);
    item_def_unref(back);
    buf_done(&bytes);
}

static void a_course_comes_back_as_it_was(void **unused)
{
    static const struct course_def unseen = {0};
    static const uint32_t items[] = {9, 2, 5};
    const struct staff staff[] = {{text("boss"), true}, {text("helper"), false}};
    struct course_def *def = course_def_copy(&unseen);
    struct buf bytes = {0};

    (void)unused;
    assert_true(course_def_tell(def, text("Title"), text("Much"), staff, COUNT(staff)));
    assert_true(course_def_list(def, items, COUNT(items)));
    def->declared = true;
    def->required_count = 2;
    def->version = 77;
    def->updated_at_ms = 5;
    course_def_encode(def, &bytes);
    const uint8_t *at = (const uint8_t *)bytes.bytes, *end = at + bytes.size;
    struct course_def *back = course_def_decode(&at, end);
    assert_ptr_equal(at, end);
    assert_string_equal(back->title.bytes, "Title");
    assert_string_equal(back->description.bytes, "Much");
    assert_int_equal(back->staff_count, 2);
    assert_string_equal(back->staff[0].user.bytes, "boss");
    assert_true(back->staff[0].owner && !back->staff[1].owner);
    assert_int_equal(back->item_count, 3);
    assert_memory_equal(back->items, items, sizeof items);
    assert_int_equal(back->required_count, 2);
    assert_int_equal(back->version, 77);
    for (size_t cut = 0; cut < bytes.size; cut++) {
        at = (const uint8_t *)bytes.bytes;
        struct course_def *none = course_def_decode(&at, at + cut);
        assert_null(none);
    }
    course_def_unref(def);
    course_def_unref(back);
    buf_done(&bytes);
}

static void a_declaration_comes_back_as_it_was(void **unused)
{
    struct staff staff[] = {{text("boss"), true}};
    struct declared_item items[] = {{.item = 4,
                                     .title = text("A film"),
                                     .type = text("video"),
                                     .section = text("one"),
                                     .duration_ms = 1000,
                                     .threshold_hundredths = 9000,
                                     .required = true},
                                    {.item = 5, .title = text("A test")}};
    const struct declaration declaration = {text("Title"), text("Much"), staff, items, 1, 2};
    struct declaration back;
    struct buf bytes = {0};
    struct arena arena;

    (void)unused;
    arena_init(&arena);
    declaration_encode(&declaration, &bytes);
    assert_true(declaration_decode((const uint8_t *)bytes.bytes, bytes.size, &arena, &back));
    assert_int_equal(back.item_count, 2);
    assert_int_equal(back.items[0].item, 4);
    assert_true(back.items[0].required && !back.items[1].required);
    assert_int_equal(back.items[0].threshold_hundredths, 9000);
    assert_memory_equal(back.items[1].title.bytes, "A test", 6);
    assert_memory_equal(back.staff[0].user.bytes, "boss", 4);
    for (size_t cut = 0; cut < bytes.size; cut++)
        assert_false(declaration_decode((const uint8_t *)bytes.bytes, cut, &arena, &back));
    buf_done(&bytes);
    arena_done(&arena);
}

static void states_share_what_never_changes(void **unused)
{
    static const uint8_t told[] = "told";
    struct learner_state *first = state_sized(6, &(struct learner_sizes){2, 2, 1, 0, 1});
    struct blob *blob = blob_new(told, sizeof told);

    (void)unused;
    assert_int_equal(first->learner.key, 6);
    assert_int_equal(first->learner.record_room, 2);
    first->learner.items[0] = 1;
    first->learner.records[first->learner.record_count++] =
        (struct record){RECORD_BLANK, .item = 1, .metadata = blob->bytes, .metadata_size = sizeof told};
    struct learner_state *second = state_copy(first, 6, true);
    assert_ptr_equal(second->learner.records[0].metadata, first->learner.records[0].metadata);
    assert_true(second->learner.record_room > first->learner.record_room);
    assert_ptr_equal(state_ref(first), first);
    assert_null(state_ref(NULL));
    state_unref(first);
    state_unref(first);
    assert_string_equal((const char *)second->learner.records[0].metadata, "told"); /* still the second's */
    state_unref(second);
    state_unref(NULL);
    blob_unref_bytes(NULL);
}

static void a_zones_name_is_kept_once(void **unused)
{
    (void)unused;
    assert_string_equal(zone_kept("Europe/Berlin", 13), "Europe/Berlin");
    assert_ptr_equal(zone_kept("Europe/Berlin", 13), zone_kept("Europe/Berlin", 13));
    assert_null(zone_kept("Europe/Nowhere", 14));
    assert_null(zone_kept("", 0));
    assert_null(zone_kept("x", 4000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_item_comes_back_as_it_was),
        cmocka_unit_test(a_course_comes_back_as_it_was),
        cmocka_unit_test(a_declaration_comes_back_as_it_was),
        cmocka_unit_test(states_share_what_never_changes),
        cmocka_unit_test(a_zones_name_is_kept_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
