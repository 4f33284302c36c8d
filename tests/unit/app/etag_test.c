#include "test.h"

#include "app/etag.h"

/* Entity tags, and what If-Match says of them. Source: RFC 9110 13.1.1. */

static void a_header_matches_or_not(void **unused)
{
    static const struct {
        const char *what, *if_match, *etag;
        bool matches;
    } rows[] = {
        {"no header", NULL, "p1-2", true},
        {"no header, nothing there", NULL, "", true},
        {"any", "*", "p1-2", true},
        {"any of nothing", "*", "", false},
        {"the same", "\"p1-2\"", "p1-2", true},
        {"one of a list", "\"p9-9\", \"p1-2\"", "p1-2", true},
        {"another", "\"p1-3\"", "p1-2", false},
        {"a longer one", "\"p1-22\"", "p1-2", false},
        {"one that ends alike", "\"xp1-2\"", "p1-2", false},
        {"a weak one", "W/\"p1-2\"", "p1-2", false},
        {"a weak one, then itself", "W/\"p1-2\", \"p1-2\"", "p1-2", true},
        {"without quotes", "p1-2", "p1-2", false},
        {"of nothing", "\"\"", "", false},
        {"as it is shown with a duration", "\"p1-2.3e8\"", "p1-2", true},
        {"cut off", "\"p1-2", "p1-2", false},
    };

    (void)unused;
    for (size_t i = 0; i < COUNT(rows); i++)
        if (etag_matches(rows[i].if_match, rows[i].etag) != rows[i].matches)
            fail_msg("%s", rows[i].what);
}

static void a_tag_tells_kind_key_and_version(void **unused)
{
    struct record record = {RECORD_BLANK};
    struct fault fault;
    char etag[ETAG_BYTES];

    (void)unused;
    etag_of_record(NULL, etag);
    assert_string_equal(etag, "");
    etag_of_record(&record, etag); /* not present */
    assert_string_equal(etag, "");
    record.flags |= RECORD_PRESENT;
    record.id = 12;
    record.version = 0xab;
    etag_of_record(&record, etag);
    assert_string_equal(etag, "p12-ab");
    assert_int_equal(etag_check("\"p12-ab\"", &record, &fault), RC_OK);
    assert_int_equal(etag_check("\"p12-aa\"", &record, &fault), RC_STALE_MATCH);
    assert_string_equal(fault.field, "If-Match");
    etag_of_watched(&record, 1000, etag);
    assert_string_equal(etag, "p12-ab.3e8");
    record.id = UINT32_MAX;
    record.version = UINT64_MAX;
    etag_of_watched(&record, -1, etag); /* the longest fits */
    assert_true(strlen(etag) < ETAG_BYTES);
    etag_of_watched(NULL, 1000, etag);
    assert_string_equal(etag, "");
    etag_of_log(0x1f, 0x10, etag);
    assert_string_equal(etag, "l1f-10");
    etag_of_course(3, 0x2a, 9000, etag);
    assert_string_equal(etag, "c3-2a-2328");
    etag_of_course(UINT32_MAX, UINT64_MAX, UINT16_MAX, etag); /* the longest fits */
    assert_true(strlen(etag) < ETAG_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_header_matches_or_not),
        cmocka_unit_test(a_tag_tells_kind_key_and_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
