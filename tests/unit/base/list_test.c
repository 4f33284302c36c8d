#include "test.h"

#include "base/list.h"
#include "base/sorted.h"

struct numbers {
    uint64_t *at;
    uint32_t count, capacity;
};

static int by_number(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return left < right ? -1 : left > right;
}

static void what_is_added_stays_in_order(void **unused)
{
    struct numbers numbers = {0};
    uint32_t moves = 0, before = 0;

    (void)unused;
    for (uint64_t i = 0; i < 100000; i++) {
        assert_true(list_add(&numbers, i * i));
        moves += numbers.capacity != before;
        before = numbers.capacity;
    }
    assert_int_equal(numbers.count, 100000);
    for (uint64_t i = 0; i < 100000; i++)
        assert_int_equal(numbers.at[i], i * i);
    assert_in_range(moves, 2, 20); /* it doubles */
    list_done(&numbers);
    assert_null(numbers.at);
    assert_int_equal(numbers.count + numbers.capacity, 0);
}

static void what_is_reserved_is_there(void **unused)
{
    struct numbers numbers = {0};

    (void)unused;
    assert_true(list_reserve(&numbers, 0));
    assert_null(numbers.at);
    assert_true(list_reserve(&numbers, 1));
    assert_int_equal(numbers.capacity, 3); /* 24 bytes, the least that malloc gives */
    assert_true(list_reserve(&numbers, 1000));
    uint64_t *at = numbers.at;
    for (uint64_t i = 0; i < 1000; i++)
        assert_true(list_add(&numbers, i));
    assert_ptr_equal(numbers.at, at);
    list_done(&numbers);
}

static void wide_entries_fit(void **unused)
{
    struct {
        struct {
            char bytes[100];
        } * at;
        uint32_t count, capacity;
    } wide = {0};

    (void)unused;
    assert_true(list_reserve(&wide, 1));
    assert_int_equal(wide.capacity, 1);
    list_done(&wide);
}

static void what_no_memory_can_hold_changes_nothing(void **unused)
{
    struct numbers numbers = {0};

    (void)unused;
    assert_true(list_add(&numbers, 7));
    assert_false(list_reserve(&numbers, UINT32_MAX)); /* more entries than can be counted */
    assert_false(list_grow(&numbers.at, SIZE_MAX / 4, numbers.count, &numbers.capacity, 5)); /* nor bytes */
    assert_int_equal(numbers.count, 1);
    assert_int_equal(numbers.at[0], 7);
    list_done(&numbers);
}

static void each_number_once(void **unused)
{
    static const struct {
        uint64_t from[6], to[6];
        uint32_t count, kept;
    } rows[] = {
        {{0}, {0}, 0, 0},
        {{5}, {5}, 1, 1},
        {{3, 1, 2}, {1, 2, 3}, 3, 3},
        {{2, 2, 2, 2}, {2}, 4, 1},
        {{9, 1, 9, 1, 5, 5}, {1, 5, 9}, 6, 3},
    };

    (void)unused;
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint64_t numbers[6];
        memcpy(numbers, rows[i].from, sizeof numbers);
        assert_int_equal(list_sort_unique(numbers, rows[i].count, sizeof *numbers, by_number), rows[i].kept);
        for (uint32_t k = 0; k < rows[i].kept; k++)
            assert_int_equal(numbers[k], rows[i].to[k]);
    }
    assert_int_equal(list_sort_unique(NULL, 0, 8, by_number), 0);
}

static void the_place_in_a_sorted_array(void **unused)
{
    static const int odd[] = {1, 3, 5, 7, 9, 11, 13};

    (void)unused;
    for (size_t count = 0; count <= COUNT(odd); count++)
        for (int sought = 0; sought < 16; sought++) {
            size_t place = sorted_place(i, count, odd[i] < sought), walked = 0;
            while (walked < count && odd[walked] < sought)
                walked++;
            assert_int_equal(place, walked);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_added_stays_in_order),
        cmocka_unit_test(what_is_reserved_is_there),
        cmocka_unit_test(wide_entries_fit),
        cmocka_unit_test(what_no_memory_can_hold_changes_nothing),
        cmocka_unit_test(each_number_once),
        cmocka_unit_test(the_place_in_a_sorted_array),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
