#include "test.h"
#include "http/request_pool.h"

/* A request that was used comes back as a new one, and what it had grown to is not kept. */
static void a_request_is_used_again(void **unused)
{
    struct request_pool pool = {NULL, 0};
    struct request *first = request_pool_take(&pool);

    (void)unused;
    assert_non_null(first);
    first->answered = true;
    first->target = arena_copy(&first->arena, "/x", 2);
    buf_text(&first->out, "small");
    assert_true(buf_reserve(&first->body, 64 << 10));
    request_pool_give(&pool, first);
    assert_int_equal(pool.count, 1);
    struct request *again = request_pool_take(&pool);
    assert_ptr_equal(again, first);
    assert_int_equal(pool.count, 0);
    assert_false(again->answered);
    assert_null(again->target);
    assert_int_equal(again->out.size, 0);
    assert_true(again->out.capacity > 0);
    assert_int_equal(again->body.capacity, 0);
    buf_text(&again->body, "x");
    request_pool_give(&pool, again);
    request_pool_done(&pool);
    assert_null(pool.first);
}

/* It keeps 64; without a pool a request is made and freed. */
static void a_pool_is_bounded(void **unused)
{
    enum { MANY = 70 };
    struct request_pool pool = {NULL, 0};
    struct request *requests[MANY];

    (void)unused;
    for (int i = 0; i < MANY; i++)
        assert_non_null(requests[i] = request_pool_take(&pool));
    for (int i = 0; i < MANY; i++)
        request_pool_give(&pool, requests[i]);
    assert_int_equal(pool.count, 64);
    request_pool_give(NULL, request_pool_take(NULL));
    request_pool_done(&pool);
    assert_int_equal(pool.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_used_again),
        cmocka_unit_test(a_pool_is_bounded),
    };
    return cmocka_run_group_tests_name("request_pool", tests, NULL, NULL);
}
