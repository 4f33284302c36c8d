#include "test.h"

#include "base/fault.h"

/* What a client may hear and what the operator is told are two things, and both go with the fault. */

static void the_operator_hears_more_than_the_client(void **unused)
{
    struct fault fault = {"field", "left over"}, copy;
    (void)unused;
    assert_int_equal(fault_text(&fault, RC_BUSY, "try again", "%s %d", "disk", 7), RC_BUSY);
    copy = fault;
    memset(&fault, 'x', sizeof fault); /* the copy needs nothing of it */
    assert_null(copy.field);
    assert_string_equal(copy.message, "try again");
    assert_string_equal(fault_why(&copy), "disk 7");
}

static void without_a_text_both_hear_the_same(void **unused)
{
    struct fault fault = {"field", "left over"};
    (void)unused;
    (void)fault_text(&fault, RC_BUSY, "try again", "disk"); /* what it leaves goes */
    assert_int_equal(fault_set(&fault, RC_INVALID, "name", "is required"), RC_INVALID);
    assert_string_equal(fault.field, "name");
    assert_string_equal(fault_why(&fault), "is required");
    assert_int_equal(fault_no_memory(&fault), RC_BUSY);
    assert_string_equal(fault_why(&fault), "out of memory");
    assert_null(fault.field);
}

static void a_long_text_is_cut(void **unused)
{
    struct fault fault;
    (void)unused;
    assert_int_equal(fault_text(&fault, RC_INTERNAL, "m", "%0500d", 1), RC_INTERNAL);
    assert_int_equal(strlen(fault.text), FAULT_TEXT_BYTES - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_operator_hears_more_than_the_client),
        cmocka_unit_test(without_a_text_both_hear_the_same),
        cmocka_unit_test(a_long_text_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
