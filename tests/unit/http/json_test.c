#include "test.h"

#include "base/instant.h"
#include "core/members.h"
#include "http/json_in.h"
#include "http/json_out.h"

static const struct {
    const char *what, *body;
    bool good;
} bodies[] = {
    {"object", "{\"a\":1}", true},
    {"empty object", "{}", true},
    {"empty", "", false},
    {"array", "[]", false},
    {"null", "null", false},
    {"duplicate", "{\"a\":1,\"a\":2}", false},
    {"duplicate by escape", "{\"a\":1,\"\\u0061\":2}", false},
    {"nested duplicate", "{\"x\":{\"a\":1,\"a\":2}}", false},
    {"two objects", "{}{}", false},
    {"trailing", "{} x", false},
    {"BOM", "\xef\xbb\xbf{}", false},
    {"NUL", "{\"a\":\"\\u0000\"}", false},
    {"lone surrogate", "{\"a\":\"\\ud800\"}", false},
    {"pair", "{\"a\":\"\\ud83d\\ude00\"}", true},
    {"overlong", "{\"a\":\"\xc0\xaf\"}", false},
    {"NaN", "{\"a\":NaN}", false},
    {"1e400", "{\"a\":1e400}", false},
    {"01", "{\"a\":01}", false},
    {".5", "{\"a\":.5}", false},
    {"0x1", "{\"a\":0x1}", false},
    {"2^63", "{\"a\":9223372036854775808}", false},
    {"2^63-1", "{\"a\":9223372036854775807}", true},
    {"cut", "{\"a\":", false},
    {"unbalanced", "}}]]{", false},
    {"commas", "{,,}", false},
};

static void bodies_are_strict_json(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < COUNT(bodies); i++) {
        json_t *root = NULL;
        struct fault fault = {NULL, NULL};
        enum rc rc = json_in(bodies[i].body, strlen(bodies[i].body), &root, &fault);
        if ((rc == RC_OK) != bodies[i].good || (rc != RC_OK && !fault.message))
            fail_msg("%s: rc %d", bodies[i].what, (int)rc);
        json_decref(root);
    }
}

static void depth_is_bounded(void **unused)
{
    (void)unused;
    for (int depth = 30; depth <= 34; depth++) {
        char body[256] = "{\"a\":";
        for (int i = 1; i < depth; i++)
            strcat(body, "[");
        for (int i = 1; i < depth; i++)
            strcat(body, "]");
        strcat(body, "}");
        json_t *root = NULL;
        struct fault fault;
        enum rc rc = json_in(body, strlen(body), &root, &fault);
        if ((rc == RC_OK) != (depth <= 32))
            fail_msg("depth %d: rc %d", depth, (int)rc);
        json_decref(root);
    }
    char *many = malloc(100000);
    memset(many, '[', 100000);
    json_t *root = NULL;
    struct fault fault;
    assert_int_equal(json_in(many, 100000, &root, &fault), RC_INVALID);
    free(many);
}

/* Raw NUL bytes, which end a number for jansson. */
static void a_nul_byte_is_no_json(void **unused)
{
    static const char *const bodies_with[] = {"{\"a\":123@}", "{\"a\":\"x@\"}", "{\"a\":1}@", "@{\"a\":1}",
                                              "{\"a\":1.5@,\"b\":2}"};
    (void)unused;
    for (size_t i = 0; i < COUNT(bodies_with); i++) {
        char body[64];
        struct fault fault;
        json_t *root = NULL;
        size_t size = strlen(strcpy(body, bodies_with[i]));
        *strchr(body, '@') = '\0';
        if (json_in(body, size, &root, &fault) != RC_INVALID)
            fail_msg("%s", bodies_with[i]);
        json_decref(root);
    }
}

static char *object_of(unsigned members, const char *extra)
{
    char *body = malloc(members * 12 + 64), *at = body;
    at = stpcpy(at, "{\"list\":[1,2,{\"x\":[0,0]}");
    for (int i = 0; i < 3; i++)
        at = stpcpy(at, ",{}");
    at = stpcpy(at, "]");
    for (unsigned i = 1; i < members; i++)
        at += sprintf(at, ",\"n%u\":0", i);
    at = stpcpy(at, extra);
    (void)stpcpy(at, "}");
    return body;
}

static void members_are_bounded(void **unused)
{
    static const struct {
        unsigned members;
        enum rc rc;
    } counts[] = {{1, RC_OK}, {1000, RC_OK}, {1001, RC_INVALID}, {80000, RC_INVALID}};
    struct fault fault;
    (void)unused;
    for (size_t i = 0; i < COUNT(counts); i++) {
        char *body = object_of(counts[i].members, "");
        json_t *root = NULL;
        enum rc rc = json_in(body, strlen(body), &root, &fault);
        if (rc != counts[i].rc || (rc != RC_OK && !strstr(fault.message, "1,000 members")))
            fail_msg("%u members: %d", counts[i].members, (int)rc);
        json_decref(root);
        free(body);
    }
}

static void names_that_differ_only_in_case_are_found(void **unused)
{
    static const struct {
        unsigned members;
        const char *extra;
        enum rc rc;
    } rows_of[] = {{1, "", RC_OK},
                   {999, "", RC_OK},
                   {998, ",\"N7\":0", RC_INVALID},
                   {2, ",\"List\":0", RC_INVALID},
                   {998, ",\"n_7\":0", RC_OK}};
    struct fault fault;
    (void)unused;
    for (size_t i = 0; i < COUNT(rows_of); i++) {
        char *body = object_of(rows_of[i].members, rows_of[i].extra);
        json_t *root = NULL;
        assert_int_equal(json_in(body, strlen(body), &root, &fault), RC_OK);
        if (json_in_case_clash(root, &fault) != rows_of[i].rc)
            fail_msg("%u members%s", rows_of[i].members, rows_of[i].extra);
        json_decref(root);
        free(body);
    }
}

static bool skip_b(const char *name)
{
    return strcmp(name, "b") == 0;
}

static void values_come_back_as_they_were_written(void **unused)
{
    static const char body[] =
        " { \"a\" : 1.10 , \"b\":2, \"c\\u0064\" : \"x\\\"},{\" ,\"e\":[1, {\"f\":2}],\"g\":-0,\"h\":null }";
    static const char *const want[][2] = {
        {"a", "1.10"}, {"cd", "\"x\\\"},{\""}, {"e", "[1, {\"f\":2}]"}, {"g", "-0"}, {"h", "null"}};
    struct arena arena;
    const uint8_t *members;
    uint32_t size;
    struct fault fault;
    (void)unused;
    arena_init(&arena);
    json_auto_t *root = json_loads(body, 0, NULL);
    assert_int_equal(json_in_members(&arena, body, strlen(body), root, NULL, skip_b, &members, &size, &fault),
                     RC_OK);
    const uint8_t *at = members;
    for (size_t i = 0; i < COUNT(want); i++) {
        struct member member;
        assert_true(member_next(&at, members + size, &member));
        if (member.name_size != strlen(want[i][0]) ||
            memcmp(member.name, want[i][0], member.name_size) != 0 ||
            member.value_size != strlen(want[i][1]) ||
            memcmp(member.value, want[i][1], member.value_size) != 0)
            fail_msg("member %zu: %.*s = %.*s", i, (int)member.name_size, member.name, (int)member.value_size,
                     member.value);
    }
    assert_ptr_equal(at, members + size);
    static const char nested[] = "{\"x\":[{\"metadata\":1}],\"metadata\":{\"k\":1.50}}";
    json_auto_t *nested_root = json_loads(nested, 0, NULL);
    assert_int_equal(json_in_members(&arena, nested, strlen(nested), nested_root, "metadata", NULL, &members,
                                     &size, &fault),
                     RC_OK);
    struct member member;
    assert_true(members_find(members, size, "k", &member));
    assert_memory_equal(member.value, "1.50", 4);
    arena_done(&arena);
}

static const struct {
    const char *value;
    enum rc whole, id, integer;
} values[] = {
    {"7", RC_OK, RC_OK, RC_OK},
    {"\"7\"", RC_OK, RC_OK, RC_INVALID},
    {"120.0", RC_OK, RC_OK, RC_INVALID},
    {"12.0", RC_OK, RC_OK, RC_OK},
    {"1.2e1", RC_OK, RC_OK, RC_OK},
    {"120e-1", RC_OK, RC_OK, RC_OK},
    {"-0.0", RC_OK, RC_OK, RC_OK},
    {"12.5", RC_INVALID, RC_INVALID, RC_INVALID},
    {"9007199254740991.0", RC_OK, RC_OK, RC_INVALID},
    {"9007199254740993.0", RC_INVALID, RC_INVALID, RC_INVALID},
    {"1e300", RC_INVALID, RC_INVALID, RC_INVALID},
    {"1.5", RC_INVALID, RC_INVALID, RC_INVALID},
    {"true", RC_INVALID, RC_INVALID, RC_INVALID},
    {"-1", RC_INVALID, RC_OK, RC_INVALID},
    {"\"07\"", RC_INVALID, RC_OK, RC_INVALID},
    {"\"me\"", RC_INVALID, RC_INVALID, RC_INVALID},
    {"[7]", RC_INVALID, RC_INVALID, RC_INVALID},
};

static void values_are_checked_by_type(void **unused)
{
    struct arena arena;
    (void)unused;
    arena_init(&arena);
    for (size_t i = 0; i < COUNT(values); i++) {
        json_auto_t *value = json_loads(values[i].value, JSON_DECODE_ANY, NULL);
        struct fault fault;
        const char *id;
        uint32_t size;
        int64_t number;
        enum rc whole = json_in_whole(value, "f", &number, &fault),
                named = json_in_id(&arena, value, "f", &id, &size, &fault),
                integer = json_in_integer(value, "f", 0, 100, &number, &fault);
        if (named == RC_OK && json_is_number(value) &&
            (strtoll(id, NULL, 10) != (long long)json_number_value(value) || strpbrk(id, ".e")))
            fail_msg("%s is the id %s", values[i].value, id);
        if (whole != values[i].whole || named != values[i].id || integer != values[i].integer)
            fail_msg("%s: %d %d %d", values[i].value, (int)whole, (int)named, (int)integer);
    }
    arena_done(&arena);
}

static void output_is_json_again(void **unused)
{
    struct buf buf = {0};
    struct json_out out = {&buf, false};
    static const char nasty[] = "a\"b\\c\n\r\t\x01\x1f/\xc3\xa9</script>";
    (void)unused;
    json_open(&out, '{');
    json_put_text(&out, "t", nasty);
    json_put_open(&out, "l", '[');
    json_int(&out, 1);
    json_open(&out, '{');
    json_close(&out, '}');
    json_null_value(&out);
    json_close(&out, ']');
    json_put_scaled(&out, "s", 12345, 3);
    json_put_instant(&out, "i", INSTANT_NEVER);
    json_close(&out, '}');
    json_auto_t *root = json_loadb(buf.bytes, buf.size, 0, NULL);
    assert_non_null(root);
    assert_string_equal(json_string_value(json_object_get(root, "t")), nasty);
    assert_int_equal(json_array_size(json_object_get(root, "l")), 3);
    assert_true(json_is_null(json_object_get(root, "i")));
    buf_done(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_are_strict_json),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(a_nul_byte_is_no_json),
        cmocka_unit_test(members_are_bounded),
        cmocka_unit_test(names_that_differ_only_in_case_are_found),
        cmocka_unit_test(values_come_back_as_they_were_written),
        cmocka_unit_test(values_are_checked_by_type),
        cmocka_unit_test(output_is_json_again),
    };
    return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
