#include "test.h"

#include <strings.h>

#include "core/event.h"
#include "core/words.h"

static void every_status_is_found_under_its_word(void **unused)
{
    (void)unused;
    for (enum words words = 0; words < WORDS_COUNT; words++)
        for (enum item_status status = ITEM_NOT_STARTED; status <= ITEM_COMPLETED; status++) {
            enum item_status found = ITEM_COMPLETED + 1;
            assert_true(word_is_status(word_of_status(status, words), words, strcmp, &found));
            assert_int_equal(found, status);
        }
    assert_string_equal(word_of_status(ITEM_IN_PROGRESS, WORDS_UPPER), "IN_PROGRESS");
    assert_string_equal(word_of_status(ITEM_NOT_STARTED, WORDS_LOWER), "not-started");
}

static void every_state_is_found_under_its_word(void **unused)
{
    (void)unused;
    for (enum words words = 0; words < WORDS_COUNT; words++)
        for (enum enrolment_state state = ENR_ENROLLED; state <= ENR_EXPIRED; state++) {
            enum enrolment_state found = ENR_EXPIRED + 1;
            assert_true(word_is_state(word_of_state(state, words), words, strcmp, &found));
            assert_int_equal(found, state);
        }
    assert_string_equal(word_of_state(ENR_ENROLLED, WORDS_LOWER), "enrolled");
    assert_string_equal(word_of_state(ENR_DROPPED, WORDS_UPPER), "DROPPED");
}

static void a_word_of_no_status_or_state_changes_nothing(void **unused)
{
    enum item_status status = ITEM_COMPLETED;
    enum enrolment_state state = ENR_CERTIFIED;

    (void)unused;
    assert_false(word_is_status("in_progress", WORDS_UPPER, strcmp, &status));
    assert_false(word_is_status("IN_PROGRESS", WORDS_LOWER, strcmp, &status));
    assert_false(word_is_status(WORD_LOCKED, WORDS_UPPER, strcasecmp, &status));
    assert_false(word_is_status("", WORDS_UPPER, strcmp, &status));
    assert_false(word_is_state("NOT_STARTED", WORDS_UPPER, strcmp, &state));
    assert_int_equal(status, ITEM_COMPLETED);
    assert_int_equal(state, ENR_CERTIFIED);
    assert_true(word_is_status("in_Progress", WORDS_UPPER, strcasecmp, &status)); /* where any case will do */
    assert_int_equal(status, ITEM_IN_PROGRESS);
}

static void faces_and_events_are_found_under_their_words(void **unused)
{
    uint32_t faces = 0, kinds = 0;

    (void)unused;
    for (unsigned i = 0; i < 256; i++) {
        const char *face = word_of_face((uint8_t)i), *kind = word_of_event((uint8_t)i);
        if (face)
            assert_int_equal(word_is_face(face), i);
        if (kind)
            assert_int_equal(word_is_event(kind), i);
        faces += face != NULL;
        kinds += kind != NULL;
    }
    assert_int_equal(faces, FACE_COUNT - 1);
    assert_int_equal(kinds, 21);
    assert_string_equal(word_of_face(FACE_LEARNER), "users");
    assert_string_equal(word_of_event(EV_THRESHOLD_SET), "threshold_set");
    assert_int_equal(word_is_face("nobody"), 0);
    assert_int_equal(word_is_event("nothing"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_is_found_under_its_word),
        cmocka_unit_test(every_state_is_found_under_its_word),
        cmocka_unit_test(a_word_of_no_status_or_state_changes_nothing),
        cmocka_unit_test(faces_and_events_are_found_under_their_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
