#include "test.h"

#include <strings.h>

#include "core/members.h"
#include "core/words.h"
#include "face/show.h"

/* How all faces show ids, numbers, words and records. */

static void ratios_are_rounded_half_up(void **unused)
{
    static const struct {
        int64_t numerator, scale, denominator, want;
    } rows[] = {
        {1, 100, 3, 33}, {2, 100, 3, 67}, {1, 1, 2, 1},        {0, 100, 3, 0},
        {5, 100, 0, 0},  {5, 100, -1, 0}, {1, 10000, 8, 1250}, {INT64_MAX, 10000, 1, (int64_t)1 << 53},
    };

    (void)unused;
    for (size_t i = 0; i < COUNT(rows); i++)
        if (rounded_ratio(rows[i].numerator, rows[i].scale, rows[i].denominator) != rows[i].want)
            fail_msg("row %zu", i);
}

static void ids_are_integers_where_they_can(void **unused)
{
    static const struct {
        const char *id, *want;
    } rows[] = {{"7", "{\"id\":7}"}, {"u1", "{\"id\":\"u1\"}"}, {"007", NULL}};

    (void)unused;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf buf = {0};
        struct json_out out = {&buf, false};
        json_open(&out, '{');
        json_put_id(&out, "id", (struct text){rows[i].id, (uint32_t)strlen(rows[i].id)});
        json_put_hundredths(&out, "h", 1250);
        json_close(&out, '}');
        buf_char(&buf, '\0');
        if (rows[i].want)
            assert_memory_equal(buf.bytes, rows[i].want, strlen(rows[i].want) - 1);
        assert_non_null(strstr(buf.bytes, ",\"h\":12.5}"));
        buf_done(&buf);
    }
}

static bool is_secret(const char *name)
{
    return strcmp(name, "secret") == 0;
}

static void members_are_shown_but_for_the_skipped(void **unused)
{
    char long_name[200];
    uint8_t members[512], *end = members;
    struct buf buf = {0};
    struct json_out out = {&buf, false};

    (void)unused;
    memset(long_name, 'n', sizeof long_name);
    const struct member all[] = {
        {"a", 1, "1.50", 4}, {"secret", 6, "true", 4}, {long_name, sizeof long_name, "null", 4}};
    for (size_t i = 0; i < COUNT(all); i++)
        end = member_put(end, &all[i]);
    json_open(&out, '{');
    json_put_members(&out, members, (size_t)(end - members), is_secret);
    json_close(&out, '}');
    buf_char(&buf, '\0');
    assert_memory_equal(buf.bytes, "{\"a\":1.50,\"nnn", 14);
    assert_null(strstr(buf.bytes, "secret"));
    assert_non_null(strstr(buf.bytes, "n\":null}"));
    buf_done(&buf);
}

static void words_of_states_go_both_ways(void **unused)
{
    enum enrolment_state state;

    (void)unused;
    for (int i = 0; i < 6; i++) {
        assert_true(
            word_is_state(word_of_state((enum enrolment_state)i, WORDS_UPPER), WORDS_UPPER, strcmp, &state));
        assert_int_equal(state, i);
    }
    assert_true(word_is_state("in_progress", WORDS_UPPER, strcasecmp, &state));
    assert_int_equal(state, ENR_IN_PROGRESS);
    assert_false(word_is_state("LOCKED", WORDS_UPPER, strcmp, &state));
    assert_string_equal(status_name(&(struct record){.status = ITEM_IN_PROGRESS}), "IN_PROGRESS");
    assert_string_equal(status_name(&(struct record){.flags = RECORD_LOCKED}), "LOCKED");
    assert_string_equal(status_name(&(struct record){.flags = RECORD_LOCKED, .status = ITEM_COMPLETED}),
                        "COMPLETED"); /* locking leaves it completed */
}

static void records_come_newest_first(void **unused)
{
    struct record records[] = {{.id = 1, .updated_at_ms = 5, .flags = RECORD_PRESENT},
                               {.id = 2, .updated_at_ms = 9, .flags = RECORD_PRESENT},
                               {.id = 3, .updated_at_ms = 99},
                               {.id = 4, .updated_at_ms = 5, .flags = RECORD_PRESENT}};
    const struct learner learner = {.records = records, .record_count = COUNT(records)};
    struct arena arena;
    uint32_t count;

    (void)unused;
    arena_init(&arena);
    const struct record **sorted = records_of_learner(&arena, &learner, &count);
    assert_int_equal(count, 3); /* what is deleted is not there */
    assert_int_equal(sorted[0]->id, 2);
    assert_int_equal(sorted[1]->id, 4); /* of one instant: the later id */
    assert_int_equal(sorted[2]->id, 1);
    const struct record *two[] = {&records[0], &records[1]};
    records_sort(two, 2);
    assert_int_equal(two[0]->id, 2);
    arena_done(&arena);
}

static void videos_are_what_has_no_other_type(void **unused)
{
    struct item_def def = {.type = {"video", 5}, .type_rank = TYPE_CLIENT};

    (void)unused;
    assert_true(is_video(NULL));
    assert_true(is_video(&def));
    def.type = (struct text){"Video", 5};
    assert_true(is_video(&def));
    def.type = (struct text){"lab", 3};
    assert_false(is_video(&def));
    def.type_rank = TYPE_UNKNOWN;
    assert_true(is_video(&def));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ratios_are_rounded_half_up),
        cmocka_unit_test(ids_are_integers_where_they_can),
        cmocka_unit_test(members_are_shown_but_for_the_skipped),
        cmocka_unit_test(words_of_states_go_both_ways),
        cmocka_unit_test(records_come_newest_first),
        cmocka_unit_test(videos_are_what_has_no_other_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
