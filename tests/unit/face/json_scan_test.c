#include "test.h"

#include <stdio.h>

#include "face/json_scan.h"

/* JSON text in place: members and elements one after the other. */

static void scan(const char *json, bool named, char *out, size_t room)
{
    const char *at = json + 1, *end = json + strlen(json);
    struct json_part part = {0};
    size_t size = 0;

    while (json_scan_next(&at, end, named, &part))
        size += (size_t)snprintf(out + size, room - size, "%.*s=%.*s;", (int)part.name_size,
                                 part.name ? part.name : "", (int)part.value_size, part.value);
    out[size] = '\0';
}

static void parts_follow_each_other(void **unused)
{
    static const struct {
        const char *json;
        bool named;
        const char *want;
    } rows[] = {
        {"{}", true, ""},
        {"[]", false, ""},
        {"{\"a\":1,\"b\":\"x,y\"}", true, "a=1;b=\"x,y\";"},
        {"{\"q\\\"}\":[1,{\"z\":2}],\"n\":null}", true, "q\\\"}=[1,{\"z\":2}];n=null;"},
        {" { \"a\" : [1, 2] ,\n\t\"b\": { } }" + 1, true, "a=[1, 2];b={ };"},
        {"[ 1 , \" x \" ]", false, "=1;=\" x \";"},
        {"[1,[2,3],{\"a\":\"]\"},\"\\\\\"]", false, "=1;=[2,3];={\"a\":\"]\"};=\"\\\\\";"},
    };

    (void)unused;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char out[256] = "";
        scan(rows[i].json, rows[i].named, out, sizeof out);
        if (strcmp(out, rows[i].want) != 0)
            fail_msg("%s: %s", rows[i].json, out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(parts_follow_each_other)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
