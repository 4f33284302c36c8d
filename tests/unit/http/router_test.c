#include "test.h"
#include "http/router.h"

static enum rc route(const char *target, size_t *out_index)
{
    static const struct http_route table[] = {
        {.method = HTTP_GET, .pattern = "/"},
        {.method = HTTP_GET, .pattern = "/progress/{user}"},
        {.method = HTTP_POST, .pattern = "/progress/update"},
        {.method = HTTP_GET, .pattern = "/progress/updates"},
        {.method = HTTP_GET, .pattern = "/api/Progress/{u}/x", .any_case = true},
    };
    static const struct http_routes routes = {table, COUNT(table)};
    struct request request = {.method = HTTP_GET, .target = target};
    struct fault fault;

    enum rc rc = request_split_path(&request, &fault);
    if (rc == RC_OK)
        rc = http_find_route(&routes, &request, &fault);
    *out_index = rc == RC_OK ? (size_t)(request.route - table) : SIZE_MAX;
    arena_done(&request.arena);
    return rc;
}

static void routes_are_told_apart(void **unused)
{
    static const struct {
        const char *target;
        enum rc rc;
        size_t index;
    } cases[] = {
        {"/", RC_OK, 0},
        {"/progress/u1", RC_OK, 1},
        {"/progress/updates", RC_OK, 3},
        {"/progress/updat", RC_OK, 1},
        {"/progress/update%00s", RC_OK, 1},
        {"/progress/update", RC_METHOD, SIZE_MAX},
        {"/Progress/u1", RC_NOT_FOUND, SIZE_MAX},
        {"/API/progress/7/X", RC_OK, 4},
        {"/api/progress/7/xy", RC_NOT_FOUND, SIZE_MAX},
        {"/progress", RC_NOT_FOUND, SIZE_MAX},
        {"/progress/u1/more", RC_NOT_FOUND, SIZE_MAX},
        {"/progress/https%3A%2F%2Fx.org%2Fv", RC_OK, 1},
        {"/progress%2Fu1", RC_NOT_FOUND, SIZE_MAX},
        {"/progress%2F%7Buser%7D", RC_NOT_FOUND, SIZE_MAX},
        {"/api/Progress%2F%7Bu%7D%2Fx", RC_NOT_FOUND, SIZE_MAX},
        {"/%2F", RC_NOT_FOUND, SIZE_MAX},
        {"//progress//u1", RC_OK, 1},
    };

    (void)unused;
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t index;
        enum rc rc = route(cases[i].target, &index);
        if (rc != cases[i].rc || index != cases[i].index)
            fail_msg("%s: rc %d, route %zu", cases[i].target, (int)rc, index);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(routes_are_told_apart),
    };
    return cmocka_run_group_tests_name("router", tests, NULL, NULL);
}
