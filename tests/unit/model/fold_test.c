#include "test.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/codec.h"
#include "core/limits.h"
#include "core/members.h"
#include "model/judge.h"
#include "model/names.h"
#include "model/replay.h"

/* What events lead to, one kind after the other; and which of them no server could have written. */

static struct model *model;
static struct fold fold;
static struct judge judge;
static uint64_t sequence;
enum { LEARNER = 1, COURSE = 1, FILM = 1, TEST = 2 };

static int begin(void **unused)
{
    static const struct event_scope scope = {.learners = 2,
                                             .courses = 2,
                                             .items = 3,
                                             .sequence = 1000,
                                             .log_id = 10,
                                             .record_id = 10,
                                             .enrolment_id = 10};
    (void)unused;
    sequence = 0;
    if (model_new(&model) != RC_OK || fold_init(&fold, model) != RC_OK || judge_init(&judge, &scope) != RC_OK)
        return -1;
    bool whole = true;
    for (int i = 0; i < 2; i++) {
        whole &= model_intern(model, ENTITY_LEARNER, i ? "bob" : "anna", i ? 3 : 4) != 0;
        whole &= model_intern(model, ENTITY_COURSE, i ? "8" : "7", 1) != 0;
        whole &= model_intern(model, ENTITY_ITEM, i ? "test" : "film", 4) != 0;
    }
    model_note_stored(model);
    return whole ? 0 : -1;
}

static int end(void **unused)
{
    (void)unused;
    judge_done(&judge);
    fold_done(&fold);
    model_free(model);
    return 0;
}

static enum rc fold_one(struct event event)
{
    event.sequence = ++sequence;
    event.at_ms = (int64_t)sequence * 1000;
    enum rc rc = fold_apply(&fold, &event);
    if (rc == RC_OK)
        fold_publish(&fold, sequence);
    else
        fold_abandon(&fold);
    return rc;
}

static void apply(struct event event)
{
    assert_int_equal(fold_one(event), RC_OK);
}

static const struct learner *anna(void)
{
    return view_learner(fold.view, LEARNER);
}

static struct event report_of(uint32_t item, uint32_t id)
{
    return (struct event){.kind = EV_REPORTED,
                          .face = FACE_VIDEO,
                          .learner = LEARNER,
                          .item = item,
                          .course = COURSE,
                          .record_id = id,
                          .enrolment_id = 1,
                          .report = {.has = HAS_STATUS, .status = ITEM_COMPLETED}};
}

static void observe(uint32_t item)
{
    apply((struct event){.kind = EV_ITEM_OBSERVED, .face = FACE_VIDEO, .item = item, .course = COURSE});
}

/* The body of a PUT: which of two items the course has. */
static uint32_t declare(bool film, bool test, struct buf *bytes)
{
    struct declared_item items[2];
    uint32_t count = 0;

    if (film)
        items[count++] = (struct declared_item){.item = FILM, .required = true};
    if (test)
        items[count++] = (struct declared_item){.item = TEST, .required = true};
    buf_clear(bytes);
    declaration_encode(&(struct declaration){.items = items, .item_count = count}, bytes);
    return (uint32_t)bytes->size;
}

static void what_a_report_carries_is_the_records(void **unused)
{
    static const struct segment watched[] = {{0, 1000}, {5000, 6000}}, more[] = {{1000, 2000}};
    static const struct member note = {"note", 4, "1", 1}, other = {"other", 5, "2", 1};
    uint8_t first[64], second[64];
    struct event report = report_of(FILM, 1);
    struct member found;

    (void)unused;
    observe(FILM);
    report.report = (struct report){.has = HAS_SEGMENTS | HAS_METADATA | FROM_PLAYER,
                                    .segments = watched,
                                    .segment_count = 2,
                                    .metadata = first,
                                    .metadata_size = (uint32_t)(member_put(first, &note) - first)};
    report.zone = "Europe/Berlin";
    report.zone_size = 13;
    apply(report);
    report.report.segments = more;
    report.report.segment_count = 1;
    report.report.metadata = second;
    report.report.metadata_size = (uint32_t)(member_put(second, &other) - second);
    apply(report);
    const struct record *record = learner_record(anna(), FILM);
    assert_int_equal(record->segment_count, 2);
    assert_int_equal(record->segments[0].to_ms, 2000);
    assert_true(members_find(record->metadata, record->metadata_size, "note", &found));
    assert_true(members_find(record->metadata, record->metadata_size, "other", &found));
    assert_string_equal(anna()->zone, "Europe/Berlin");
    apply((struct event){.kind = EV_DELETED, .learner = LEARNER, .item = FILM});
    assert_int_equal(learner_record(anna(), FILM)->segment_count, 0);
    assert_int_equal(learner_record(anna(), FILM)->metadata_size, 0);
}

static void a_reset_takes_the_course_back(void **unused)
{
    (void)unused;
    observe(FILM);
    observe(TEST);
    apply(report_of(FILM, 1));
    apply(report_of(TEST, 2));
    assert_int_equal(learner_enrolment(anna(), COURSE)->completed_items, 2);
    apply((struct event){.kind = EV_RESET, .learner = LEARNER, .course = COURSE});
    assert_int_equal(learner_enrolment(anna(), COURSE)->completed_items, 0);
    assert_int_equal(learner_record(anna(), TEST)->status, ITEM_NOT_STARTED);
    assert_int_equal(learner_record(anna(), TEST)->id, 2); /* its id stays */
}

static void a_certificate_has_its_address(void **unused)
{
    static const char url[] = "https://certificates.example/1";

    (void)unused;
    observe(FILM);
    apply(report_of(FILM, 1));
    for (int i = 0; i < 2; i++)
        apply((struct event){.kind = EV_CERTIFIED,
                             .learner = LEARNER,
                             .course = COURSE,
                             .body = (const uint8_t *)url,
                             .body_size = sizeof url - 1});
    const struct enrolment *enrolment = learner_enrolment(anna(), COURSE);
    assert_int_equal(enrolment->class, CLASS_CERTIFIED);
    assert_memory_equal(enrolment->certificate_url, url, sizeof url - 1);
    apply((struct event){.kind = EV_CERTIFIED, .learner = LEARNER, .course = 2}); /* not enrolled there */
    assert_null(learner_enrolment(anna(), 2));
}

static void who_is_erased_takes_along_what_they_alone_told(void **unused)
{
    static const uint32_t film = FILM, course = COURSE;
    struct view now = {model, false};
    uint8_t body[32], *at = body;

    (void)unused;
    observe(FILM);
    observe(TEST);
    apply(report_of(FILM, 1));
    at = keys_put(at, &film, 1); /* items, types, courses, and courses that lose items */
    at = keys_put(at, (const uint32_t[]){TEST}, 1);
    at = keys_put(at, NULL, 0);
    at = keys_put(at, &course, 1);
    at = losses_put(at, &(struct course_loss){COURSE, 77}, 1);
    apply((struct event){
        .kind = EV_ERASED, .learner = LEARNER, .body = body, .body_size = (uint32_t)(at - body)});
    assert_true(view_is_erased(now, LEARNER));
    assert_null(view_item(now, FILM));
    assert_int_equal(view_item_key(now, "film", 4), 0);
    assert_string_equal(item_type(view_item(now, TEST)), "other");
    assert_int_equal(view_course(now, COURSE)->item_count, 1);
    assert_int_equal(view_course(now, COURSE)->version, sequence);
    assert_int_equal(view_course(now, COURSE)->shrunk_at_ms, 77);
    at = keys_put(body, NULL, 0);
    at = keys_put(at, NULL, 0);
    at = keys_put(at, &course, 1);
    at = keys_put(at, NULL, 0);
    apply((struct event){.kind = EV_ERASED, .learner = 2, .body = body, .body_size = (uint32_t)(at - body)});
    assert_null(view_course(now, COURSE));
    assert_int_equal(view_course_key(now, "7", 1), 0);
}

static void a_damaged_event_changes_nothing(void **unused)
{
    static const uint8_t threshold[] = {0}, keys[] = {1, 99}, loss[] = {0, 0, 0, 0, 1, 99, 2};
    static const struct {
        const char *what;
        struct event event;
    } rows[] = {
        {"a learner beyond all", {.kind = EV_DROPPED, .learner = 9, .course = 1}},
        {"nobody's", {.kind = EV_DROPPED, .learner = 0, .course = 1}},
        {"an item beyond all", {.kind = EV_ITEM_OBSERVED, .item = 9}},
        {"a course beyond all", {.kind = EV_COURSE_OBSERVED, .course = 9}},
        {"a threshold of nothing", {.kind = EV_THRESHOLD_SET, .body = threshold, .body_size = 1}},
        {"no threshold", {.kind = EV_THRESHOLD_SET}},
        {"an erasure of an item beyond all", {.kind = EV_ERASED, .learner = 1, .body = keys, .body_size = 2}},
        {"a loss of a course beyond all",
         {.kind = EV_ERASED, .learner = 1, .body = loss, .body_size = sizeof loss}},
        {"an erasure without lists", {.kind = EV_ERASED, .learner = 1}},
    };

    (void)unused;
    for (size_t i = 0; i < COUNT(rows); i++)
        if (fold_one(rows[i].event) != RC_INTERNAL)
            fail_msg("%s", rows[i].what);
    assert_null(view_item(fold.view, FILM));
    assert_null(view_course(fold.view, COURSE));
    assert_false(view_is_erased(fold.view, LEARNER));
    assert_int_equal(view_threshold(fold.view), THRESHOLD_DEFAULT);
}

static void a_threshold_holds_from_its_event_on(void **unused)
{
    uint8_t body[VARINT_MAX_BYTES];
    uint8_t *end_of_body = put_u64(body, 8000);

    (void)unused;
    apply(
        (struct event){.kind = EV_THRESHOLD_SET, .body = body, .body_size = (uint32_t)(end_of_body - body)});
    assert_int_equal(view_threshold(fold.view), 8000);
    struct event later = {.kind = EV_THRESHOLD_SET, .sequence = 9, .body = body, .body_size = 1};
    body[0] = 50;
    assert_int_equal(fold_apply(&fold, &later), RC_OK);
    assert_int_equal(view_threshold(fold.view), 50);
    fold_abandon(&fold);
    assert_int_equal(view_threshold(fold.view), 8000); /* the batch failed */
}

static void a_declared_course_says_what_counts(void **unused)
{
    struct buf body = {0};

    (void)unused;
    observe(FILM);
    apply(report_of(FILM, 1));
    uint32_t size = declare(true, true, &body);
    apply((struct event){.kind = EV_COURSE_DECLARED,
                         .course = COURSE,
                         .body = (const uint8_t *)body.bytes,
                         .body_size = size});
    assert_int_equal(view_course_facts(fold.view, COURSE).required, 2);
    assert_int_equal(learner_enrolment(anna(), COURSE)->completed_required, 1);
    size = declare(false, true, &body);
    apply((struct event){.kind = EV_COURSE_DECLARED,
                         .course = COURSE,
                         .body = (const uint8_t *)body.bytes,
                         .body_size = size});
    assert_true(view_item(fold.view, FILM)->retired);
    assert_int_equal(learner_enrolment(anna(), COURSE)->completed_required, 0);
    apply((struct event){.kind = EV_COURSE_UNDECLARED, .course = COURSE});
    assert_false(view_course_facts(fold.view, COURSE).declared);
    buf_done(&body);
}

/* ---- the judge ---- */

static bool judged(struct event event)
{
    event.sequence = ++sequence;
    event.at_ms = (int64_t)sequence * 1000;
    if (!judge_event(&judge, &fold, &event))
        return false;
    assert_int_equal(fold_apply(&fold, &event), RC_OK);
    bool fine = judge_outcome(&judge, &fold, &event);
    fold_publish(&fold, sequence);
    return fine;
}

static void the_judge_lets_pass_what_a_server_writes(void **unused)
{
    struct event observed = {.kind = EV_ITEM_OBSERVED, .face = FACE_VIDEO, .item = FILM, .course = COURSE};

    (void)unused;
    assert_true(judged(observed));
    assert_true(judged(report_of(FILM, 1)));
    assert_true(judged((struct event){
        .kind = EV_ENROLLED, .face = FACE_PTS, .learner = 2, .course = COURSE, .enrolment_id = 2}));
    assert_true(judge_model(&judge, model));
    assert_null(judge.problem);
}

static void the_judge_refuses_what_none_wrote(void **unused)
{
    struct event again = report_of(TEST, 1), unknown = report_of(TEST, 2), none = report_of(FILM, 0);
    struct event next = report_of(FILM, 3);

    (void)unused;
    assert_true(
        judged((struct event){.kind = EV_ITEM_OBSERVED, .face = FACE_VIDEO, .item = FILM, .course = COURSE}));
    assert_false(judged(unknown)); /* nothing made the item */
    assert_int_equal(judge.sequence, sequence);
    assert_non_null(judge.problem);
    none.enrolment_id = 0;
    assert_false(judged(none)); /* a record without an id */
    next.enrolment_id = 2;      /* what was refused gave 1 out */
    assert_true(judged(next));
    assert_true(
        judged((struct event){.kind = EV_ITEM_OBSERVED, .face = FACE_VIDEO, .item = TEST, .course = COURSE}));
    assert_false(judged(again)); /* given out before */
    assert_false(judged((struct event){.kind = EV_ITEM_OBSERVED, .face = FACE_VIDEO, .item = 77}));
    static const uint8_t nothing[4] = {0};
    assert_false(judged((struct event){
        .kind = EV_ERASED, .face = FACE_LEARNER, .learner = LEARNER, .body = nothing, .body_size = 4}));
    judge_leaving(&judge, 2);
    judge_leaving(&judge, 99); /* beyond all */
    assert_true(judge.leaving[2]);
}

/* The budgets that a server holds by asking before it writes: who made the file may not have asked. */
static void the_judge_counts(void **unused)
{
    static const struct event roll_back = {
        .kind = EV_LOGS_ROLLED_BACK, .face = FACE_LOGS, .learner = LEARNER};
    struct event report = report_of(FILM, 1);

    (void)unused;
    observe(FILM);
    assert_true(judged(report));
    judge.rollbacks[LEARNER] = LIMIT_ROLLBACKS;
    assert_false(judged(roll_back));
    assert_string_equal(judge.problem, "is past 1,000 rollbacks of one learner");
    struct learner *learner = (struct learner *)(uintptr_t)anna(); /* as if it had come so far */
    const struct learner before = *learner;
    const struct {
        struct learner as_if;
        const char *problem;
    } rows[] = {
        {{.record_count = LIMIT_RECORDS + 1}, "a learner has progress on at most 10,000 items"},
        {{.enrolment_count = LIMIT_ENROLMENTS + 1}, "a learner is enrolled in at most 1,000 courses"},
        {{.day_count = LIMIT_DAYS + 1}, "a learner has reports on at most 10,000 days"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct event about = {.kind = EV_RESET, .learner = LEARNER, .sequence = sequence};
        *learner = rows[i].as_if;
        assert_false(judge_outcome(&judge, &fold, &about));
        assert_string_equal(judge.problem, rows[i].problem);
        *learner = before;
    }
    struct record *record = (struct record *)(uintptr_t)learner_record(learner, FILM);
    const struct record whole = *record;
    record->segment_count = RECORD_MAX_SEGMENTS + 1;
    assert_false(judge_outcome(&judge, &fold, &report));
    assert_string_equal(judge.problem, "a record has at most 1,000 separate segments");
    *record = whole;
    record->time_spent_ms = TIME_MAX_MS + 1;
    assert_false(judge_outcome(&judge, &fold, &report));
    assert_string_equal(judge.problem, "its accumulated time passes 2^53 seconds");
    *record = whole;
    assert_true(judge_outcome(&judge, &fold, &report));
    record->metadata_size = LIMIT_METADATA_BYTES + 1;
    judge.problem = NULL;
    assert_false(judge_model(&judge, model));
    assert_string_equal(judge.problem, "a learner's metadata has at most 4 MiB in all");
    *record = whole;
    record->segment_count = LIMIT_SEGMENTS + 1;
    judge.problem = NULL;
    assert_false(judge_model(&judge, model));
    assert_string_equal(judge.problem, "a learner has at most 100,000 segments in all");
    *record = whole;
    judge.problem = NULL;
    assert_true(judge_model(&judge, model));
}

static void the_judge_reads_declarations(void **unused)
{
    struct declared_item items[] = {{.item = 1}, {.item = 1}};
    struct staff nobody = {{"", 0}, false};
    struct declaration rows[] = {
        {.items = items, .item_count = 2},                              /* twice */
        {.items = &(struct declared_item){.item = 9}, .item_count = 1}, /* beyond all */
        {.items = &(struct declared_item){.item = 1, .threshold_hundredths = 10001}, .item_count = 1},
        {.staff = &nobody, .staff_count = 1},
    };
    struct buf bytes = {0};

    (void)unused;
    for (size_t i = 0; i < COUNT(rows); i++) {
        buf_clear(&bytes);
        declaration_encode(&rows[i], &bytes);
        assert_non_null(declaration_problem((const uint8_t *)bytes.bytes, bytes.size, 3));
    }
    uint32_t size = declare(true, true, &bytes);
    assert_null(declaration_problem((const uint8_t *)bytes.bytes, size, 3));
    assert_non_null(declaration_problem((const uint8_t *)bytes.bytes, size - 1, 3)); /* cut off */
    buf_done(&bytes);
}

/* What import and restore ask of a course's declaration: reliability A172. */
static void a_declaration_is_judged(void **unused)
{
    static struct declared_item many[LIMIT_COURSE_ITEMS + 1];
    static struct staff crowd[LIMIT_STAFF + 1];
    static char letters[EVENT_DESCRIPTION_BYTES + 2];
    memset(letters, 'x', sizeof letters);
    struct declared_item twice[] = {{.item = 1}, {.item = 2}, {.item = 1}}, unknown[] = {{.item = 9}},
                         nobody[] = {{.item = 0}}, endless[] = {{.item = 1, .duration_ms = -1}},
                         titled[] = {{.item = 1, .title = {letters, EVENT_TITLE_BYTES + 1}}};
    struct staff unnamed[] = {{.user = {NULL, 0}}}, ines[] = {{.user = {"ines", 4}}};
    const struct {
        struct declaration declared;
        bool fine;
    } rows[] = {
        {{.items = many, .item_count = COUNT(many)}, false},
        {{.staff = crowd, .staff_count = COUNT(crowd)}, false},
        {{.title = {letters, EVENT_TITLE_BYTES + 1}}, false},
        {{.description = {letters, EVENT_DESCRIPTION_BYTES + 1}}, false},
        {{.title = {"\xff", 1}}, false},
        {{.staff = unnamed, .staff_count = 1}, false},
        {{.items = twice, .item_count = 3}, false},
        {{.items = unknown, .item_count = 1}, false},
        {{.items = nobody, .item_count = 1}, false},
        {{.items = endless, .item_count = 1}, false},
        {{.items = titled, .item_count = 1}, false},
        {{.title = {"Maths", 5}, .staff = ines, .staff_count = 1, .items = twice, .item_count = 2}, true},
    };

    (void)unused;
    for (uint32_t i = 0; i < COUNT(many); i++)
        many[i].item = i + 1;
    for (uint32_t i = 0; i < COUNT(crowd); i++)
        crowd[i].user = (struct text){"ines", 4};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf bytes = {0};
        declaration_encode(&rows[i].declared, &bytes);
        uint32_t items = rows[i].declared.items == many ? COUNT(many) : 3;
        const char *problem = declaration_problem((const uint8_t *)bytes.bytes, bytes.size, items);
        if ((problem == NULL) != rows[i].fine)
            fail_msg("row %zu: %s", i, problem ? problem : "fine");
        assert_non_null(declaration_problem((const uint8_t *)bytes.bytes, bytes.size - 1, items)); /* cut */
        buf_done(&bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_declaration_is_judged),
        cmocka_unit_test_setup_teardown(what_a_report_carries_is_the_records, begin, end),
        cmocka_unit_test_setup_teardown(a_reset_takes_the_course_back, begin, end),
        cmocka_unit_test_setup_teardown(a_certificate_has_its_address, begin, end),
        cmocka_unit_test_setup_teardown(who_is_erased_takes_along_what_they_alone_told, begin, end),
        cmocka_unit_test_setup_teardown(a_damaged_event_changes_nothing, begin, end),
        cmocka_unit_test_setup_teardown(a_threshold_holds_from_its_event_on, begin, end),
        cmocka_unit_test_setup_teardown(a_declared_course_says_what_counts, begin, end),
        cmocka_unit_test_setup_teardown(the_judge_lets_pass_what_a_server_writes, begin, end),
        cmocka_unit_test_setup_teardown(the_judge_refuses_what_none_wrote, begin, end),
        cmocka_unit_test_setup_teardown(the_judge_counts, begin, end),
        cmocka_unit_test_setup_teardown(the_judge_reads_declarations, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
