#include "test.h"

#include "face/openapi_query.h"

static void words_become_parameters(void **unused)
{
    static const struct {
        const char *query, *want;
        bool known;
    } rows[] = {
        {NULL, "[]", true},
        {"", "[]", true},
        {"moduleId",
         "[{\"name\":\"moduleId\",\"in\":\"query\",\"description\":\"items of this course "
         "alone\",\"example\":\"7\","
         "\"schema\":{\"type\":\"string\"}}]",
         true},
        {"limit", "[]", false}, /* which of them? */
        {"moduleId:x", "[]", false},
        {"nothing", "[]", false},
    };

    (void)unused;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf buf = {0};
        struct json_out out = {&buf, false};
        json_open(&out, '[');
        bool known = openapi_put_query(&out, rows[i].query);
        json_close(&out, ']');
        buf_char(&buf, '\0');
        if (known != rows[i].known || strcmp(buf.bytes, rows[i].want) != 0)
            fail_msg("row %zu: %s", i, buf.bytes);
        buf_done(&buf);
    }
}

static void several_words_are_several_parameters(void **unused)
{
    struct buf buf = {0};
    struct json_out out = {&buf, false};

    (void)unused;
    json_open(&out, '[');
    assert_true(openapi_put_query(&out, "page,limit:page,sortBy:item"));
    json_close(&out, ']');
    buf_char(&buf, '\0');
    assert_non_null(strstr(buf.bytes, "\"name\":\"page\""));
    assert_non_null(strstr(buf.bytes, "\"name\":\"limit\""));
    assert_non_null(strstr(buf.bytes, "\"name\":\"sortBy\""));
    buf_done(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_become_parameters),
        cmocka_unit_test(several_words_are_several_parameters),
    };
    return cmocka_run_group_tests_name("openapi_query", tests, NULL, NULL);
}
