#include "test.h"

#include "http/bodies.h"
#include "http/gzip.h"
#include "http/problem.h"
#include "http/request.h"
#include "http/request_body.h"

static struct request *new_request(const char *target)
{
    struct request *request = calloc(1, sizeof *request);

    assert_non_null(request);
    arena_init(&request->arena);
    request->target = target;
    return request;
}

static void free_request(struct request *request)
{
    buf_done(&request->out);
    buf_done(&request->body);
    arena_done(&request->arena);
    free(request);
}

static void a_path_is_split_and_decoded_once(void **unused)
{
    static const struct {
        const char *target;
        int count;
        const char *first, *last;
        bool malformed;
        const char *query;
    } rows[] = {
        {"/", 0, NULL, NULL, false, NULL},
        {"//a//b/", 2, "a", "b", false, NULL},
        {"/a%2Fb?c=/d", 1, "a/b", "a/b", false, "c=/d"},
        {"/%2525", 1, "%25", "%25", false, NULL},
        {"/a+b", 1, "a+b", "a+b", false, NULL},
        {"/%4", 1, "%4", "%4", true, NULL},
        {"/%zz/x", 2, "%zz", "x", true, NULL},
    };

    (void)unused;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct request *request = new_request(rows[i].target);
        struct fault fault;
        int count = rows[i].count;
        assert_int_equal(request_split_path(request, &fault), RC_OK);
        if (request->segment_count != count || request->path_malformed != rows[i].malformed ||
            (count && (strcmp(request->segments[0].bytes, rows[i].first) != 0 ||
                       strcmp(request->segments[count - 1].bytes, rows[i].last) != 0)) ||
            !request->query != !rows[i].query ||
            (request->query && strcmp(request->query, rows[i].query) != 0))
            fail_msg("%s", rows[i].target);
        free_request(request);
    }
    struct request *deep = new_request("/1/2/3/4/5/6/7/8/9/10/11/12/13");
    struct fault fault;
    assert_int_equal(request_split_path(deep, &fault), RC_NOT_FOUND);
    free_request(deep);
}

static void a_query_member_is_given_once(void **unused)
{
    static const struct {
        const char *query;
        enum rc rc;
        const char *want; /* of the member a; NULL: absent */
    } rows[] = {
        {NULL, RC_OK, NULL},
        {"", RC_OK, NULL},
        {"b=1", RC_OK, NULL},
        {"a=", RC_OK, NULL},
        {"a", RC_OK, NULL},
        {"a=1&b=2", RC_OK, "1"},
        {"b=2&a=x+y%20z%2B", RC_OK, "x y z+"},
        {"aa=1&a=2", RC_OK, "2"},
        {"a=1&a=1", RC_INVALID, NULL},
        {"a=&a=1", RC_INVALID, NULL},
        {"a=%zz", RC_INVALID, NULL},
        {"a=x%00y", RC_INVALID, NULL},
        {"a=%ff", RC_INVALID, NULL},
    };

    (void)unused;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct request *request = new_request("/");
        struct fault fault = {.field = NULL};
        const char *found = "untouched";
        request->query = rows[i].query;
        enum rc rc = request_query(request, "a", &found, &fault);
        if (rc != rows[i].rc ||
            (rc == RC_OK && (!found != !rows[i].want || (found && strcmp(found, rows[i].want) != 0))))
            fail_msg("%s: rc %d, %s", rows[i].query ? rows[i].query : "none", (int)rc,
                     found ? found : "none");
        if (rc != RC_OK)
            assert_string_equal(fault.field, "a");
        free_request(request);
    }
}

static void a_parameter_is_an_id(void **unused)
{
    struct request *request = new_request("/A1B2C3D4-E5F6-7890-ABCD-EF1234567890");
    struct fault fault;

    (void)unused;
    assert_int_equal(request_split_path(request, &fault), RC_OK);
    request->params[0] = request->segments[0];
    assert_int_equal(request_id_param(request, 0, "userId", &fault), RC_OK);
    assert_string_equal(request->params[0].bytes, "a1b2c3d4-e5f6-7890-abcd-ef1234567890");
    request->params[0].size = 0;
    assert_int_equal(request_id_param(request, 0, "userId", &fault), RC_INVALID);
    assert_string_equal(fault.field, "userId");
    free_request(request);
}

/* Every result has its status, and the shape of an error names the field once. */
static void refusals_have_one_shape(void **unused)
{
    (void)unused;
    for (int rc = RC_INVALID; rc <= RC_INTERNAL; rc++) {
        int status = http_status_of((enum rc)rc);
        assert_in_range(status, 400, 503);
        if (rc != RC_INTERNAL)
            assert_string_not_equal(http_reason(status), "Internal Server Error");
    }
    assert_string_equal(http_reason(799), "Internal Server Error");
    static const struct {
        enum rc rc;
        const char *field, *message, *want, *never;
    } rows[] = {
        {RC_INVALID, "contentId", "is required", "\"message\":\"contentId: is required\"", NULL},
        {RC_INVALID, "contentId", "contentId is required", "\"message\":\"contentId is required\"",
         "contentId:"},
        {RC_INVALID, NULL, "no", "\"errors\":[]", "\"field\""},
        {RC_NOT_FOUND, NULL, NULL, "\"detail\":\"Not Found\"", "errors"},
        {RC_INTERNAL, NULL, "a secret", "internal error", "secret"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct request *request = new_request("/");
        strcpy(request->request_id, "id-7");
        strcpy(request->etag, "old");
        buf_text(&request->out, "half an answer");
        request_fail(request, rows[i].rc,
                     &(struct fault){.field = rows[i].field, .message = rows[i].message});
        buf_char(&request->out, '\0');
        if (!strstr(request->out.bytes, rows[i].want) ||
            !strstr(request->out.bytes, "\"requestId\":\"id-7\"") || strstr(request->out.bytes, "half") ||
            (rows[i].never && strstr(request->out.bytes, rows[i].never)))
            fail_msg("row %zu: %s", i, request->out.bytes);
        assert_true(request->answered);
        assert_string_equal(request->etag, "");
        assert_int_equal(request->status, http_status_of(rows[i].rc));
        free_request(request);
    }
}

/* A body is kept up to what its request may have, and within everybody's budget. */
static void a_body_is_kept_within_its_bounds(void **unused)
{
    static const char piece[4096] = {'x'};
    struct bodies *bodies;

    (void)unused;
    assert_int_equal(bodies_new(&bodies), RC_OK);
    struct request *request = new_request("/");
    request->bodies = bodies;
    request->payer = 7;
    request->body_max = 5 * sizeof piece;
    request->content_length = 5 * sizeof piece;
    for (int i = 0; i < 5; i++)
        request_take_body(request, piece, sizeof piece);
    assert_int_equal(request->body.size, 5 * sizeof piece);
    assert_true(bodies_held(bodies) >= 5 * sizeof piece);
    assert_int_equal(bodies_held(bodies), request->charged);
    request_take_body(request, piece, 1);
    assert_true(request->body_too_large);
    assert_int_equal(request->body.capacity, 0);
    request_take_body(request, piece, 1); /* thrown away */
    assert_int_equal(request->body.size, 0);
    bodies_give(bodies, 7, request->charged);
    free_request(request);
    request = new_request("/"); /* the payer's budget is spent */
    request->bodies = bodies;
    request->payer = 7;
    request->body_max = 1 << 20;
    assert_true(bodies_take(bodies, 7, BODIES_CALLER_MAX_BYTES));
    for (int i = 0; i < 5; i++)
        request_take_body(request, piece, sizeof piece);
    assert_true(request->body_refused);
    assert_int_equal(request->body.capacity, 0);
    free_request(request);
    bodies_give(bodies, 7, BODIES_CALLER_MAX_BYTES);
    bodies_free(bodies);
}

static void what_is_packed_is_unpacked(void **unused)
{
    struct buf buf = {NULL, 0, 0, false};
    struct fault fault;

    (void)unused;
    for (int i = 0; i < 1000; i++)
        buf_text(&buf, "over and over ");
    size_t size = buf.size;
    assert_true(gzip_deflate(&buf));
    assert_true(buf.size < size / 10);
    size_t packed = buf.size;
    assert_int_equal(gzip_inflate(&buf, size - 1, &fault), RC_TOO_LARGE);
    buf_clear(&buf);
    for (int i = 0; i < 1000; i++)
        buf_text(&buf, "over and over ");
    assert_true(gzip_deflate(&buf));
    assert_int_equal(gzip_inflate(&buf, size, &fault), RC_OK);
    assert_int_equal(buf.size, size);
    assert_memory_equal(buf.bytes, "over and over over", 18);
    assert_true(gzip_deflate(&buf));
    buf.size = packed - 3; /* cut */
    assert_int_equal(gzip_inflate(&buf, size, &fault), RC_INVALID);
    buf_clear(&buf);
    buf_text(&buf, "no gzip at all");
    assert_int_equal(gzip_inflate(&buf, size, &fault), RC_INVALID);
    buf_clear(&buf);
    buf_text(&buf, "x");
    assert_false(gzip_deflate(&buf)); /* no gain */
    assert_int_equal(buf.size, 1);
    buf_done(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_is_split_and_decoded_once),
        cmocka_unit_test(a_query_member_is_given_once),
        cmocka_unit_test(a_parameter_is_an_id),
        cmocka_unit_test(refusals_have_one_shape),
        cmocka_unit_test(a_body_is_kept_within_its_bounds),
        cmocka_unit_test(what_is_packed_is_unpacked),
    };
    return cmocka_run_group_tests_name("request", tests, NULL, NULL);
}
