#include "test.h"
#include "base/arena.h"

/* Memory that is used again comes as new memory does: zeroed, and whole. */
static void an_arena_can_be_used_again(void **unused)
{
    struct arena arena;

    (void)unused;
    arena_init(&arena);
    for (int round = 0; round < 5; round++) {
        for (size_t size = 1; size < 9000; size += 997) {
            unsigned char *bytes = arena_alloc(&arena, size);
            assert_non_null(bytes);
            for (size_t i = 0; i < size; i++)
                assert_int_equal(bytes[i], 0);
            memset(bytes, 0xa5, size);
        }
        arena_reset(&arena);
    }
    arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_arena_can_be_used_again),
    };
    return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
