#include "test.h"

#include <stdio.h>

#include "core/limits.h"
#include "face/csv.h"

/* Tables from JSON text. */

static const struct {
    const char *rows[3], *want;
} tables[] = {
    {{"{\"a\":1,\"b\":\"x\"}", "{\"b\":null,\"c\":true}"}, "a,b,c\r\n1,x,\r\n,,true\r\n"},
    {{"{\"u\":7,\"e\":{\"id\":3,\"m\":{}},\"l\":[{\"x\":\"y\"},2]}", "{\"u\":8,\"e\":null,\"l\":[]}"},
     "u,e.id,l\r\n7,3,\"[{\"\"x\"\":\"\"y\"\"},2]\"\r\n8,,[]\r\n"},
    {{"{\"e\":null}", "{\"e\":{\"a\":{\"b\":-1.5}}}"}, "e.a.b\r\n\r\n-1.5\r\n"},
    {{"{\"f\":\"=1+1\",\"g\":\"-x\",\"h\":\"@\",\"i\":\"\\tq\",\"j\":\"+\",\"k\":-5,\"l\":\"a=b\"}"},
     "f,g,h,i,j,k,l\r\n'=1+1,'-x,'@,'\tq,'+,-5,a=b\r\n"},
    {{"{\"q\":\"say \\\"hi\\\", "
      "you\",\"n\":\"two\\nlines\",\"b\":\"back\\\\slash\",\"u\":\"\\u00e9\\u20ac\\ud83d\\ude00/\\/\"}"},
     "q,n,b,u\r\n\"say \"\"hi\"\", you\",\"two\nlines\",back\\slash,\u00e9\u20ac\U0001F600//\r\n"},
    {{"{\"a,b\":1,\"=x\":2,\"a\\\"b\":3}"}, "\"a,b\",'=x,\"a\"\"b\"\r\n1,2,3\r\n"},
    {{"{\"a\":null}", "{\"a.b\":1}"}, "a,a.b\r\n,\r\n,1\r\n"}, /* a name with a dot is in no object */
    {{"{\"a.b\":1}", "{\"a\":{\"b\":2}}"}, "a.b\r\n1\r\n2\r\n"},
    {{"{\"s\":\"]}{[,\",\"t\":\"\\\\\",\"v\":[\"]\",{\"}\":1}]}"},
     "s,t,v\r\n\"]}{[,\",\\,\"[\"\"]\"\",{\"\"}\"\":1}]\"\r\n"},
    {{NULL}, "none,at,all\r\n"},
};

static void rows_become_lines(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < COUNT(tables); i++) {
        struct arena arena;
        struct fault fault;
        struct buf out = {0};
        arena_init(&arena);
        struct csv_columns *columns = csv_columns_new(&arena);
        for (int r = 0; r < 3 && tables[i].rows[r]; r++)
            assert_int_equal(csv_see(columns, tables[i].rows[r], strlen(tables[i].rows[r]), &fault), RC_OK);
        csv_header(columns, &out, "none,at,all");
        for (int r = 0; r < 3 && tables[i].rows[r]; r++)
            csv_row(columns, &out, tables[i].rows[r], strlen(tables[i].rows[r]));
        if (out.size != strlen(tables[i].want) || memcmp(out.bytes, tables[i].want, out.size) != 0)
            fail_msg("%zu: %.*s, not %s", i, (int)out.size, out.bytes, tables[i].want);
        buf_done(&out);
        arena_done(&arena);
    }
}

static void members_of_a_fixed_shape(void **unused)
{
    static const char row[] = "{\"u\":7,\"e\":{\"id\":null,\"m\":{},\"at\":\"x,y\"},\"p\":1.5}";
    struct buf out = {0};
    (void)unused;
    csv_members(&out, row, sizeof row - 1, true);
    buf_char(&out, '\n');
    csv_members(&out, row, sizeof row - 1, false);
    assert_int_equal(out.size, strlen("u,e.id,e.at,p\n7,,\"x,y\",1.5"));
    assert_memory_equal(out.bytes, "u,e.id,e.at,p\n7,,\"x,y\",1.5", out.size);
    buf_done(&out);
}

/* 40 rows of 1,500 names each once took 118 s. */
static void columns_have_a_limit_and_cost_no_search(void **unused)
{
    struct arena arena;
    struct fault fault = {NULL, NULL};
    struct buf row = {0}, out = {0};
    (void)unused;
    arena_init(&arena);
    struct csv_columns *columns = csv_columns_new(&arena);
    for (int i = 0; i < LIMIT_CSV_COLUMNS; i++)
        buf_printf(&row, "%c\"name%d\":%d", i ? ',' : '{', i, i);
    buf_char(&row, '}');
    for (int r = 0; r < 2000; r++) /* 2,000,000 cells */
        assert_int_equal(csv_see(columns, row.bytes, row.size, &fault), RC_OK);
    csv_header(columns, &out, "");
    for (int r = 0; r < 200; r++)
        csv_row(columns, &out, row.bytes, row.size);
    assert_false(out.failed);
    row.size--;
    buf_text(&row, ",\"more\":1}");
    assert_int_equal(csv_see(columns, row.bytes, row.size, &fault), RC_INVALID);
    assert_non_null(strstr(fault.message, "1,000 columns"));
    buf_done(&row);
    buf_done(&out);
    arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_become_lines),
        cmocka_unit_test(members_of_a_fixed_shape),
        cmocka_unit_test(columns_have_a_limit_and_cost_no_search),
    };
    return cmocka_run_group_tests_name("csv", tests, NULL, NULL);
}
