#include "fixture.h"

#include "app/command.h"
#include "app/decide/decide.h"
#include "app/decide/decide_reports.h"
#include "core/limits.h"
#include "core/members.h"
#include "core/segment.h"

/* What becomes of each kind of command: a story a table, step by step, on one engine. A step says what is
 * sent and how it ends; a refusal names its field and a part of its text. Source: contract 1, 3, 5, 6, 7. */

static struct store *store;
static struct engine *engine;
static struct arena arena;

static void begin(bool strict, bool explicit_enrolment)
{
    struct policy policy = {
        .now_ms = now_ms, .strict_catalog = strict, .explicit_enrolment = explicit_enrolment};
    struct fault fault = {NULL, NULL};

    arena_init(&arena);
    store = open_store();
    if (engine_new(store, &policy, NULL, &engine, &fault) != RC_OK)
        fail_msg("engine_new: %s", fault.message);
}

static void end(void)
{
    engine_free(engine);
    store_close(store);
    arena_done(&arena);
}

/* A face's words. */
static const char *const part_names[COMMAND_PARTS] = {
    [PART_ITEM] = "the-item",         [PART_COURSE] = "the-course",     [PART_TIME_SPENT] = "the-time",
    [PART_SCORE] = "score",           [PART_MAX_SCORE] = "best",        [PART_METADATA] = "metadata",
    [PART_SEGMENTS] = "segments",     [PART_LOG_USER] = "the-user",     [PART_LOG] = "the-entry",
    [PART_COURSE_ITEMS] = "contents", [PART_COURSE_STAFF] = "the-staff"};

static enum rc decided(struct command *command)
{
    struct fault fault = {NULL, NULL};

    command->arena = &arena;
    command->part_names = part_names;
    if (engine_run(engine, command, NULL, NULL, &fault) != RC_OK)
        fail_msg("the batch failed: %s", fault.message);
    return command->rc;
}

/* ---- progress ---- */

struct step {
    const char *what;
    enum command_kind kind;
    const char *learner, *course, *item, *if_match, *actor;
    struct report report;
    enum { PLAIN, PASSES_LOCK, UNLOCKS, BY_STAFF, DATED } more;
    enum rc rc;
    const char *field, *says; /* of the refusal; NULL: none */
    uint32_t count;           /* what was reset or deleted */
};

static void take_step(const struct step *step, enum event_face face)
{
    struct item_report report = {
        .item = text(step->item), .course = text(step->course), .report = step->report};
    struct command command = {
        .kind = step->kind,
        .face = face,
        .learner = text(step->learner),
        .course = text(step->course),
        .item = text(step->item),
        .actor = text(step->actor),
        .if_match = step->if_match,
        .reports = &report,
        .report_count = step->kind == CMD_REPORTS,
        .all_or_nothing = true,
        .may_pass_lock = step->more == PASSES_LOCK,
        .unlocks = step->more == UNLOCKS,
        .by_staff = step->more == BY_STAFF,
        .has_occurred = step->more == DATED,
        .occurred_ms = 5,
        .webhook = step->more == DATED,
        .users = &(struct text){step->learner, step->learner ? (uint32_t)strlen(step->learner) : 0},
        .user_count = 1,
    };
    enum rc rc = decided(&command);
    const char *field = command.fault.field, *says = command.fault.message;

    if (rc != step->rc)
        fail_msg("%s: rc %d, %s", step->what, (int)rc, says ? says : "no message");
    if (rc != RC_OK && ((step->field && (!field || strcmp(field, step->field) != 0)) ||
                        (step->says && !strstr(says, step->says))))
        fail_msg("%s: %s: %s", step->what, field ? field : "no field", says);
    if (rc == RC_OK && command.count != step->count)
        fail_msg("%s: %u", step->what, command.count);
}

#define DONE                                                                                                 \
    {                                                                                                        \
        .has = HAS_STATUS | HAS_PERCENT, .status = ITEM_COMPLETED, .percent_hundredths = 10000               \
    }
#define HALF                                                                                                 \
    {                                                                                                        \
        .has = HAS_STATUS | HAS_PERCENT, .status = ITEM_IN_PROGRESS, .percent_hundredths = 5000              \
    }
#define SECONDS(s)                                                                                           \
    {                                                                                                        \
        .has = HAS_TIME_SPENT, .time_spent_ms = (s)                                                          \
    }

static const struct step progress[] = {
    {"a first report", CMD_REPORTS, "anna", "c1", "i1", .report = HALF},
    {"again, of no course", CMD_REPORTS, "anna", NULL, "i1", .report = DONE},
    {"of another course", CMD_REPORTS, "anna", "c2", "i1", .report = HALF, .rc = RC_INVALID,
     .field = "the-item", .says = "belongs to course c1, not to course c2"},
    {"an item of no course", CMD_REPORTS, "anna", NULL, "free", .report = HALF},
    {"which comes to one", CMD_REPORTS, "berta", "c2", "free", .report = HALF},
    {"score above", CMD_REPORTS, "anna", "c1", "i1", .rc = RC_INVALID, .field = "score",
     .says = "score must not be above best",
     .report = {.has = HAS_SCORE | HAS_MAX_SCORE, .score_e4 = 20001, .max_score_e4 = 20000}},
    {"score", CMD_REPORTS, "anna", "c1", "i1",
     .report = {.has = HAS_SCORE | HAS_MAX_SCORE, .score_e4 = 20000, .max_score_e4 = 20000}},
    {"a lower maximum", CMD_REPORTS, "anna", "c1", "i1", .rc = RC_INVALID, .field = "score",
     .report = {.has = HAS_MAX_SCORE, .max_score_e4 = 10000}},
    {"time", CMD_REPORTS, "anna", "c1", "i1", .report = SECONDS(TIME_MAX_MS - 5)},
    {"too much of it", CMD_REPORTS, "anna", "c1", "i1", .report = SECONDS(6), .rc = RC_INVALID,
     .field = "the-time", .says = "2^53 seconds"},
    {"if nothing was there", CMD_REPORTS, "anna", "c1", "i1", "\"p0-0\"", .report = HALF,
     .rc = RC_STALE_MATCH, .field = "If-Match"},
    {"if something was", CMD_REPORTS, "anna", "c1", "i1", "*", .report = HALF},
    {"lock", CMD_LOCK, "anna", "c1", "i1", .actor = "staff"},
    {"lock again", CMD_LOCK, "anna", "c1", "i1", .actor = "staff"},
    {"a locked one", CMD_REPORTS, "anna", "c1", "i1", .report = HALF, .rc = RC_CONFLICT, .says = "locked"},
    {"by system", CMD_REPORTS, "anna", "c1", "i1", .report = HALF, .more = PASSES_LOCK},
    {"delete of it", CMD_DELETE_PROGRESS, "anna", NULL, "i1", .rc = RC_CONFLICT, .says = "locked"},
    {"a report that unlocks", CMD_REPORTS, "anna", "c1", "i1", .more = UNLOCKS, .actor = "staff"},
    {"then reports", CMD_REPORTS, "anna", "c1", "i1", .report = HALF, .more = UNLOCKS},
    {"lock of the other course", CMD_LOCK, "anna", "c2", "i1", .actor = "staff", .rc = RC_INVALID,
     .says = "belongs to course c1"},
    {"lock of a stale record", CMD_LOCK, "anna", "c1", "i1", "\"p0-0\"", "staff", .rc = RC_STALE_MATCH},
    {"lock of what nobody saw", CMD_LOCK, "carl", "c1", "i9", .actor = "staff"},
    {"unlock", CMD_UNLOCK, "carl", "c1", "i9", .actor = "staff"},
    {"a stale delete", CMD_DELETE_PROGRESS, "anna", NULL, "i1", "\"p0-0\"", .rc = RC_STALE_MATCH},
    {"delete", CMD_DELETE_PROGRESS, "anna", NULL, "i1", .count = 1},
    {"delete of nothing", CMD_DELETE_PROGRESS, "nobody", NULL, "i1", .rc = RC_OK},
    {"report anew", CMD_REPORTS, "anna", "c1", "i1", .report = DONE},
    {"reset of no course", CMD_RESET, "anna", "c77", .rc = RC_NOT_FOUND, .says = "Course not found"},
    {"reset of nobody", CMD_RESET, "nobody", "c1", .rc = RC_NOT_FOUND, .says = "User or course"},
    {"reset of no item", CMD_RESET, "anna", "c1", "i77", .rc = RC_NOT_FOUND, .says = "Content not found"},
    {"reset of another's", CMD_RESET, "anna", "c1", "free", .rc = RC_INVALID, .field = "the-item",
     .says = "belongs to course c2"},
    {"a stale reset", CMD_RESET, "anna", "c1", "i1", "\"p0-0\"", .rc = RC_STALE_MATCH},
    {"reset", CMD_RESET, "anna", "c1", "i1", .count = 1},
    {"reset of the course", CMD_RESET, "anna", "c1", .rc = RC_OK},
    {"a preview by staff", CMD_REPORTS, "tutor", "c1", "i1", .report = HALF, .more = BY_STAFF},
    {"of what is new", CMD_REPORTS, "tutor", "c1", "new-by-staff", .report = HALF, .more = BY_STAFF},
    {"then a learner's", CMD_REPORTS, "anna", "c1", "new-by-staff", .report = HALF},
    {"a preview of no course", CMD_REPORTS, "tutor", NULL, "loose", .report = HALF, .more = BY_STAFF},
    {"that names one", CMD_REPORTS, "tutor", "c3", "loose", .report = HALF, .more = BY_STAFF},
    {"a preview of a third", CMD_REPORTS, "ted", "c1", "only-teds", .report = HALF, .more = BY_STAFF},
    {"who then learns", CMD_ENROL, "ted", "c1", .rc = RC_OK},
    {"a player's", CMD_REPORTS, "anna", "c1", "clip",
     .report = {.has = HAS_WATCHED | HAS_DURATION | FROM_PLAYER,
                .watched_s = 5,
                .duration_ms = 9000,
                .local_day = 20000}},
};

static const struct step enrolments[] = {
    {"certify of no course", CMD_CERTIFY, "dora", "e1", .rc = RC_NOT_FOUND, .says = "Course not found"},
    {"drop of nothing", CMD_DROP, "dora", "e1", .rc = RC_OK},
    {"enrol", CMD_ENROL, "dora", "e1", .rc = RC_OK},
    {"enrol again", CMD_ENROL, "dora", "e1", .rc = RC_OK},
    {"certify of nobody", CMD_CERTIFY, "nobody", "e1", .rc = RC_NOT_FOUND, .says = "User or course"},
    {"certify too early", CMD_CERTIFY, "dora", "e1", .rc = RC_CONFLICT},
    {"work", CMD_REPORTS, "dora", "e1", "e1-1", .report = DONE},
    {"certify of one elsewhere", CMD_CERTIFY, "anna", "e1", .rc = RC_CONFLICT, .says = "COMPLETED"},
    {"drop", CMD_DROP, "dora", "e1", .rc = RC_OK},
    {"back", CMD_ENROL, "dora", "e1", .rc = RC_OK},
    {"expire", CMD_EXPIRE, "dora", "e1", .rc = RC_OK},
    {"back again", CMD_ENROL, "dora", "e1", .rc = RC_OK},
    {"certify", CMD_CERTIFY, "dora", "e1", .rc = RC_OK},
    {"certify again", CMD_CERTIFY, "dora", "e1", .rc = RC_OK},
    {"drop of a certified one", CMD_DROP, "dora", "e1", .rc = RC_OK},
    {"a webhook that drops first", CMD_DROP, "emil", "e2", .more = DATED},
    {"and one that is as old", CMD_ENROL, "emil", "e2", .more = DATED},
};

static void progress_is_decided(void **unused)
{
    (void)unused;
    begin(false, false);
    for (size_t i = 0; i < COUNT(progress); i++)
        take_step(&progress[i], FACE_TRK);
    for (size_t i = 0; i < COUNT(enrolments); i++)
        take_step(&enrolments[i], FACE_PTS);
    end();
}

static void a_certificate_keeps_its_address(void **unused)
{
    static const struct {
        const char *url;
        enum rc rc;
    } rows[] = {{"https://a", RC_OK}, {"https://a", RC_OK}, {NULL, RC_OK}, {"https://b", RC_CONFLICT}};
    struct step work = {"work", CMD_REPORTS, "fred", "f1", "f1-1", .report = DONE};

    (void)unused;
    begin(false, false);
    take_step(&work, FACE_PTS);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct command command = {.kind = CMD_CERTIFY,
                                  .face = FACE_PTS,
                                  .learner = text("fred"),
                                  .course = text("f1"),
                                  .url = text(rows[i].url)};
        assert_int_equal(decided(&command), rows[i].rc);
    }
    end();
}

static void a_strict_catalogue_knows_all(void **unused)
{
    static const struct step strict[] = {
        {"unknown item", CMD_REPORTS, "gina", "g1", "g1-1", .report = HALF, .rc = RC_NOT_FOUND,
         .says = "Content not found in the catalogue"},
        {"unknown course", CMD_ENROL, "gina", "g1", .rc = RC_NOT_FOUND, .says = "Course not found"},
        {"known item, unknown course", CMD_REPORTS, "gina", "g9", "c-1", .report = HALF, .rc = RC_NOT_FOUND,
         .says = "Course not found"},
        {"known", CMD_REPORTS, "gina", "c-course", "c-1", .report = HALF},
    };
    struct put_item items[] = {{.id = {"c-1", 3}, .required = true}};
    struct course_put put = {.title = {"t", 1}, .items = items, .item_count = 1};
    struct command declare = {.kind = CMD_COURSE_PUT,
                              .face = FACE_CATALOG,
                              .course = text("c-course"),
                              .actor = text("admin"),
                              .put = &put};

    (void)unused;
    begin(true, false);
    assert_int_equal(decided(&declare), RC_OK);
    assert_true(declare.created);
    for (size_t i = 0; i < COUNT(strict); i++)
        take_step(&strict[i], FACE_TRK);
    end();
}

static void who_is_to_be_enrolled_first_is_refused(void **unused)
{
    static const struct step rows[] = {
        {"not enrolled", CMD_REPORTS, "hans", "h1", "h1-1", .report = HALF, .rc = RC_NOT_FOUND,
         .says = "not enrolled"},
        {"enrol", CMD_ENROL, "hans", "h1", .rc = RC_OK},
        {"enrolled", CMD_REPORTS, "hans", "h1", "h1-1", .report = HALF},
    };

    (void)unused;
    begin(false, true);
    for (size_t i = 0; i < COUNT(rows); i++)
        take_step(&rows[i], FACE_TRK);
    end();
}

/* ---- several reports of one request ---- */

static size_t members_of(uint8_t *out, uint32_t first, uint32_t count, uint32_t value_bytes)
{
    static char value[MEMBERS_MAX_BYTES];
    uint8_t *at = out;

    memset(value, '1', sizeof value);
    for (uint32_t i = 0; i < count; i++) {
        char name[16];
        struct member member = {name, (uint32_t)snprintf(name, sizeof name, "n%u", first + i), value,
                                value_bytes};
        at = member_put(at, &member);
    }
    return (size_t)(at - out);
}

static void all_of_a_request_or_none(void **unused)
{
    static const struct {
        const char *what, *items[3], *courses[3];
        enum rc rc;
        const char *says;
    } rows[] = {
        {"two items", {"j1", "j2"}, {"jc", "jc"}, RC_OK, NULL},
        {"one item twice", {"j3", "j3"}, {"jc", NULL}, RC_OK, NULL},
        {"one item in two courses", {"j4", "j4"}, {"jc", "jd"}, RC_INVALID, "two courses"},
        {"the second of another course", {"j5", "j1"}, {"jc", "jd"}, RC_INVALID, "belongs to course jc"},
        {"three in three courses", {"j6", "j7", "j8"}, {"je", "jf", "jg"}, RC_OK, NULL},
    };

    (void)unused;
    begin(false, false);
    for (size_t r = 0; r < COUNT(rows); r++) {
        struct item_report reports[3] = {{.rc = RC_OK}};
        struct command command = {.kind = CMD_REPORTS,
                                  .face = FACE_COURSEROOM,
                                  .learner = text("jan"),
                                  .reports = reports,
                                  .all_or_nothing = true};
        struct report half = HALF;
        for (; command.report_count < 3 && rows[r].items[command.report_count]; command.report_count++)
            reports[command.report_count] =
                (struct item_report){.item = text(rows[r].items[command.report_count]),
                                     .course = text(rows[r].courses[command.report_count]),
                                     .report = half};
        if (decided(&command) != rows[r].rc || (rows[r].says && !strstr(command.fault.message, rows[r].says)))
            fail_msg("%s: rc %d, %s", rows[r].what, (int)command.rc, command.fault.message);
    }
    struct view view = model_read_begin(engine_model(engine));
    assert_int_equal(view_item_key(view, "j4", 2), 0); /* nothing of what was refused is known */
    assert_int_equal(view_item_key(view, "j5", 2), 0);
    assert_int_not_equal(view_item_key(view, "j8", 2), 0);
    model_read_end(view);
    end();
}

/* Each report by itself would do; on top of the others the last one does not, and then none is stored. */
static void several_reports_are_checked_on_top_of_each_other(void **unused)
{
    static uint8_t metadata[2][2 * MEMBERS_MAX_BYTES];
    static struct segment segments[2][600];
    size_t sizes[2] = {members_of(metadata[0], 0, 200, 8), members_of(metadata[1], 200, 60, 8)};
    const struct {
        const char *what;
        struct report reports[2];
        const char *field;
    } rows[] = {
        {"time", {SECONDS(TIME_MAX_MS - 5), SECONDS(6)}, "the-time"},
        {"score, then what is the highest",
         {{.has = HAS_SCORE, .score_e4 = 20000}, {.has = HAS_MAX_SCORE, .max_score_e4 = 10000}},
         "score"},
        {"metadata",
         {{.has = HAS_METADATA, .metadata = metadata[0], .metadata_size = (uint32_t)sizes[0]},
          {.has = HAS_METADATA, .metadata = metadata[1], .metadata_size = (uint32_t)sizes[1]}},
         "metadata"},
        {"segments",
         {{.has = HAS_SEGMENTS, .segments = segments[0], .segment_count = 600},
          {.has = HAS_SEGMENTS, .segments = segments[1], .segment_count = 600}},
         "segments"},
    };

    (void)unused;
    for (uint32_t i = 0; i < COUNT(segments[0]); i++) {
        segments[0][i] = (struct segment){i * 1000, i * 1000 + 10};
        segments[1][i] = (struct segment){i * 1000 + 500, i * 1000 + 510};
    }
    begin(false, false);
    for (size_t r = 0; r < COUNT(rows); r++) {
        struct item_report reports[2] = {
            {.item = text("once"), .course = text("nc"), .report = rows[r].reports[0]},
            {.item = text("once"), .report = rows[r].reports[1]}};
        struct command command = {.kind = CMD_REPORTS,
                                  .face = FACE_PTS,
                                  .learner = text("nora"),
                                  .reports = reports,
                                  .report_count = 2,
                                  .all_or_nothing = true};
        if (decided(&command) != RC_INVALID || !command.fault.field ||
            strcmp(command.fault.field, rows[r].field) != 0)
            fail_msg("%s: rc %d, %s", rows[r].what, (int)command.rc, command.fault.field);
    }
    assert_int_equal(engine_state(engine).sequence, 0);
    end();
}

/* The tag is that of before the request, for all of it; and what all of them add counts once. */
static void several_reports_count_once(void **unused)
{
    struct report half = HALF;
    struct item_report reports[] = {{.item = text("o1"), .report = half},
                                    {.item = text("o2"), .course = text("oc"), .report = half},
                                    {.item = text("o1"), .course = text("oc"), .report = half},
                                    {.item = text("o1"), .course = text("oc"), .report = half}};
    struct command command = {.kind = CMD_REPORTS,
                              .face = FACE_PTS,
                              .learner = text("olga"),
                              .reports = reports,
                              .report_count = COUNT(reports),
                              .all_or_nothing = true};

    (void)unused;
    for (uint32_t i = 0; i < COUNT(reports); i++)
        reports[i].report.has |= HAS_TIME_SPENT, reports[i].report.time_spent_ms = 1000;
    begin(false, false);
    assert_int_equal(decided(&command), RC_OK);
    struct view view = model_read_begin(engine_model(engine));
    const struct learner *olga = view_learner(view, view_learner_key(view, "olga", 4));
    assert_int_equal(olga->record_count, 2);
    assert_int_equal(olga->enrolment_count, 1);
    const struct record *first = learner_record(olga, view_item_key(view, "o1", 2));
    assert_int_equal(first->time_spent_ms, 3000);
    assert_int_equal(view_item_facts(view, first->item).course, view_course_key(view, "oc", 2));
    char etag[ETAG_BYTES], quoted[ETAG_BYTES + 2];
    etag_of_record(first, etag);
    model_read_end(view);
    (void)snprintf(quoted, sizeof quoted, "\"%s\"", etag);
    struct item_report again[] = {{.item = text("o1"), .report = reports[0].report},
                                  {.item = text("o1"), .report = reports[0].report}};
    command = (struct command){.kind = CMD_REPORTS,
                               .face = FACE_PTS,
                               .learner = text("olga"),
                               .if_match = quoted,
                               .reports = again,
                               .report_count = COUNT(again),
                               .all_or_nothing = true};
    assert_int_equal(decided(&command), RC_OK);
    command.if_match = quoted;
    assert_int_equal(decided(&command), RC_STALE_MATCH);
    end();
}

/* Together they are the events that each after the other would be. */
static void several_reports_are_the_events_of_each(void **unused)
{
    static const struct {
        const char *item, *course;
    } rows[] = {{"1", NULL}, {"2", "c"}, {"1", "c"}, {"1", "c"}, {"2", NULL}};
    struct report half = HALF;
    uint64_t events[2];

    (void)unused;
    begin(false, false);
    for (int turn = 0; turn < 2; turn++) {
        struct item_report reports[COUNT(rows)];
        uint64_t before = engine_state(engine).sequence;
        for (size_t i = 0; i < COUNT(rows); i++)
            reports[i] = (struct item_report){
                .item = text(arena_printf(&arena, "q%d-%s", turn, rows[i].item)),
                .course = text(rows[i].course ? arena_printf(&arena, "q%d-%s", turn, rows[i].course) : NULL),
                .report = half};
        for (size_t i = 0; i < (turn ? COUNT(rows) : 1); i++) {
            struct command command = {.kind = CMD_REPORTS,
                                      .face = FACE_PTS,
                                      .learner = text(turn ? "quinn" : "quentin"),
                                      .reports = &reports[i],
                                      .report_count = turn ? 1 : COUNT(rows),
                                      .all_or_nothing = true};
            assert_int_equal(decided(&command), RC_OK);
        }
        events[turn] = engine_state(engine).sequence - before;
    }
    assert_int_equal(events[0], events[1]);
    end();
}

/* What a learner may have in all counts what the reports before it in the request bring. */
static void several_reports_share_what_is_left(void **unused)
{
    enum { FULL = 255 };
    static uint8_t metadata[2 * MEMBERS_MAX_BYTES];
    size_t size = members_of(metadata, 0, 8, 2000);
    struct report large = {.has = HAS_METADATA, .metadata = metadata, .metadata_size = (uint32_t)(size)};
    struct item_report reports[FULL + 10];
    uint32_t most = (uint32_t)(LIMIT_METADATA_BYTES / size);
    struct command command = {.kind = CMD_REPORTS,
                              .face = FACE_PTS,
                              .learner = text("rosa"),
                              .reports = reports,
                              .all_or_nothing = true};

    (void)unused;
    assert_in_range(most, FULL, FULL + 8);
    begin(false, false);
    for (uint32_t i = 0; i < COUNT(reports); i++)
        reports[i] = (struct item_report){.item = text(arena_printf(&arena, "r%u", i)), .report = large};
    command.report_count = most + 1;
    assert_int_equal(decided(&command), RC_CONFLICT);
    assert_int_equal(engine_state(engine).sequence, 0);
    command.report_count = most;
    assert_int_equal(decided(&command), RC_OK);
    end();
}

static void each_report_of_a_sync_stands_alone(void **unused)
{
    struct report half = HALF;
    struct item_report reports[] = {
        {.item = text("k1"), .course = text("kc"), .report = half},
        {.item = text("k2"),
         .course = text("kc"),
         .report = half,
         .rc = RC_INVALID}, /* the face refused it */
        {.item = text("k1"), .course = text("kd"), .report = half},
        {.item = text("k1"), .course = text("kc"), .report = half, .event_id = {7, 8}},
        {.item = text("k1"), .course = text("kc"), .report = half, .event_id = {7, 8}}, /* sent twice */
    };
    static const enum rc want[] = {RC_OK, RC_INVALID, RC_INVALID, RC_OK, RC_OK};
    struct command command = {.kind = CMD_REPORTS,
                              .face = FACE_TRK,
                              .learner = text("kurt"),
                              .reports = reports,
                              .report_count = COUNT(reports)};

    (void)unused;
    begin(false, false);
    assert_int_equal(decided(&command), RC_OK);
    for (size_t i = 0; i < COUNT(want); i++)
        assert_int_equal(reports[i].rc, want[i]);
    assert_int_equal(reports[4].effect, REPORT_UNCHANGED);
    end();
}

/* ---- what a record may hold ---- */

static void a_record_has_its_limits(void **unused)
{
    enum { PIECES = RECORD_MAX_SEGMENTS + 1 };
    static struct segment segments[PIECES];
    static uint8_t metadata[3 * MEMBERS_MAX_BYTES];
    static const struct {
        const char *what;
        uint32_t segments, first, members, value_bytes;
        enum rc rc;
        const char *field;
    } rows[] = {
        {"segments", 600, 0, 0, 0, RC_OK, NULL},
        {"others", 0, 0, 0, 0, RC_OK, NULL},
        {"more than there may be", PIECES, 0, 0, 0, RC_INVALID, "segments"},
        {"members", 0, 0, 200, 8, RC_OK, NULL},
        {"the same again", 0, 0, 200, 8, RC_OK, NULL},
        {"too many of them", 0, 200, 60, 8, RC_INVALID, "metadata"},
        {"too long", 0, 0, 8, 2047, RC_INVALID, "metadata"},
    };

    (void)unused;
    for (uint32_t i = 0; i < PIECES; i++)
        segments[i] = (struct segment){i * 1000, i * 1000 + 10};
    begin(false, false);
    for (size_t r = 0; r < COUNT(rows); r++) {
        struct item_report report = {.item = text("l1"), .course = text("lc")};
        struct command command = {.kind = CMD_REPORTS,
                                  .face = FACE_VIDEO,
                                  .learner = text("lena"),
                                  .reports = &report,
                                  .report_count = 1,
                                  .all_or_nothing = true};
        report.report = (struct report){.has = FROM_PLAYER | (rows[r].segments ? HAS_SEGMENTS : 0U) |
                                               (rows[r].members ? HAS_METADATA : 0U),
                                        .local_day = 9,
                                        .segments = segments,
                                        .segment_count = rows[r].segments,
                                        .metadata = metadata,
                                        .metadata_size = (uint32_t)members_of(
                                            metadata, rows[r].first, rows[r].members, rows[r].value_bytes)};
        if (decided(&command) != rows[r].rc ||
            (rows[r].field && strcmp(command.fault.field, rows[r].field) != 0))
            fail_msg("%s: rc %d, %s", rows[r].what, (int)command.rc,
                     command.fault.message ? command.fault.message : "");
    }
    end();
}

/* ---- the catalogue ---- */

static void courses_are_declared_and_taken_back(void **unused)
{
    struct put_item items[] = {{.id = {"m1", 2}, .required = true}, {.id = {"m2", 2}}};
    struct staff staff[] = {{{"mia", 3}, true}, {{"tom", 3}, false}};
    struct course_put put = {
        .title = {"t", 1}, .items = items, .item_count = 2, .staff = staff, .staff_count = 2};
    struct course_put crowded = {.title = {"t", 1}, .staff_count = LIMIT_STAFF + 1};
    const struct {
        const char *what;
        enum command_kind kind;
        const char *course, *if_match;
        const struct course_put *put;
        enum rc rc;
        const char *says;
    } rows[] = {
        {"delete of nothing", CMD_COURSE_DELETE, "mc", NULL, NULL, RC_NOT_FOUND, "Course not found"},
        {"too many staff", CMD_COURSE_PUT, "mc", NULL, &crowded, RC_INVALID, "1,000 staff"},
        {"put", CMD_COURSE_PUT, "mc", NULL, &put, RC_OK, NULL},
        {"of the same items", CMD_COURSE_PUT, "md", NULL, &put, RC_INVALID, "belongs to course mc"},
        {"a stale put", CMD_COURSE_PUT, "mc", "\"c1-0-0\"", &put, RC_STALE_MATCH, NULL},
        {"a stale delete", CMD_COURSE_DELETE, "mc", "\"c1-0-0\"", NULL, RC_STALE_MATCH, NULL},
        {"put again", CMD_COURSE_PUT, "mc", "*", &put, RC_OK, NULL},
        {"delete", CMD_COURSE_DELETE, "mc", NULL, NULL, RC_OK, NULL},
    };
    static const struct step by_staff[] = {
        {"what staff watch is a preview", CMD_REPORTS, "mia", "mc", "m1", .report = HALF},
        {"by the other too", CMD_REPORTS, "tom", "mc", "m1", .report = HALF},
        {"a learner's", CMD_REPORTS, "nina", "mc", "m1", .report = HALF},
        {"what the course does not list", CMD_REPORTS, "nina", "mc", "m9", .report = HALF, .rc = RC_NOT_FOUND,
         .says = "Content not found in this course"},
    };

    (void)unused;
    begin(false, false);
    for (size_t r = 0; r < COUNT(rows); r++) {
        struct command command = {.kind = rows[r].kind,
                                  .face = FACE_CATALOG,
                                  .course = text(rows[r].course),
                                  .actor = text("admin"),
                                  .if_match = rows[r].if_match,
                                  .put = rows[r].put};
        if (decided(&command) != rows[r].rc || (rows[r].says && !strstr(command.fault.message, rows[r].says)))
            fail_msg("%s: rc %d, %s", rows[r].what, (int)command.rc,
                     command.fault.message ? command.fault.message : "");
        for (size_t i = 0; rows[r].put == &put && rows[r].rc == RC_OK && i < COUNT(by_staff); i++)
            take_step(&by_staff[i], FACE_TRK);
    }
    struct view view = model_read_begin(engine_model(engine));
    const struct learner *staff_member = view_learner(view, view_learner_key(view, "mia", 3));
    assert_non_null(staff_member);
    assert_int_equal(staff_member->enrolment_count, 0);
    model_read_end(view);
    end();
}

/* ---- log entries ---- */

static void log_entries_are_decided(void **unused)
{
    static uint8_t members[MEMBERS_MAX_BYTES + 64];
    struct caller owner = {.id = "olga", .id_size = 4, .roles = ROLE_STUDENT},
                  other = {.id = "paul", .id_size = 4, .roles = ROLE_STUDENT};
    const struct {
        const char *what;
        enum command_kind kind;
        uint64_t log_id;
        const struct caller *caller;
        const char *user, *if_match;
        uint32_t members, value_bytes;
        enum rc rc;
        const char *field, *says;
        uint32_t count;
    } rows[] = {
        {"clear of nothing", CMD_LOGS_CLEAR, 0, &owner, NULL, NULL, 0, 0, RC_NOT_FOUND, NULL,
         "No progress logs", 0},
        {"add", CMD_LOG_ADD, 0, &owner, NULL, NULL, 2, 1, RC_OK, NULL, NULL, 0},
        {"another", CMD_LOG_ADD, 0, &owner, NULL, NULL, 2, 1, RC_OK, NULL, NULL, 0},
        {"update", CMD_LOG_UPDATE, 1, &owner, "olga", NULL, 3, 2, RC_OK, NULL, NULL, 0},
        {"by another", CMD_LOG_UPDATE, 1, &other, NULL, NULL, 3, 2, RC_DENIED, NULL, NULL, 0},
        {"to another", CMD_LOG_UPDATE, 1, &owner, "paul", NULL, 3, 2, RC_INVALID, "the-user", NULL, 0},
        {"of nothing", CMD_LOG_UPDATE, 1, &owner, NULL, NULL, 0, 0, RC_INVALID, "the-entry", NULL, 0},
        {"a stale one", CMD_LOG_UPDATE, 1, &owner, NULL, "\"l1-0\"", 1, 1, RC_STALE_MATCH, "If-Match", NULL,
         0},
        {"of none", CMD_LOG_UPDATE, 99, &owner, NULL, NULL, 1, 1, RC_NOT_FOUND, NULL, NULL, 0},
        {"too long once merged", CMD_LOG_UPDATE, 1, &owner, NULL, NULL, 8, 2047, RC_INVALID, NULL, "16 KiB",
         0},
        {"delete", CMD_LOG_DELETE, 2, &owner, NULL, NULL, 0, 0, RC_OK, NULL, NULL, 1},
        {"delete again", CMD_LOG_DELETE, 2, &owner, NULL, NULL, 0, 0, RC_NOT_FOUND, NULL, "not found", 0},
        {"clear", CMD_LOGS_CLEAR, 0, &owner, NULL, NULL, 0, 0, RC_OK, NULL, NULL, 1},
    };

    (void)unused;
    begin(false, false);
    for (size_t r = 0; r < COUNT(rows); r++) {
        bool by_id = rows[r].log_id != 0;
        struct command command = {.kind = rows[r].kind,
                                  .face = FACE_LOGS,
                                  .learner = by_id ? (struct text){NULL, 0} : text("olga"),
                                  .log_id = rows[r].log_id,
                                  .caller = rows[r].caller,
                                  .actor = by_id ? text("olga") : (struct text){NULL, 0},
                                  .log_user = text(rows[r].user),
                                  .if_match = rows[r].if_match,
                                  .members = members,
                                  .members_size =
                                      (uint32_t)members_of(members, 0, rows[r].members, rows[r].value_bytes)};
        if (decided(&command) != rows[r].rc ||
            (rows[r].field && strcmp(command.fault.field, rows[r].field) != 0) ||
            (rows[r].says && !strstr(command.fault.message, rows[r].says)) ||
            (rows[r].rc == RC_OK && command.count != rows[r].count))
            fail_msg("%s: rc %d, %u, %s", rows[r].what, (int)command.rc, command.count,
                     command.fault.message ? command.fault.message : "");
    }
    end();
}

/* ---- the table ---- */

static void every_kind_has_its_row(void **unused)
{
    static const bool alone[CMD_KINDS] =
        {[CMD_COURSE_PUT] = true, [CMD_COURSE_DELETE] = true, [CMD_ERASE] = true},
                      entries[CMD_KINDS] = {[CMD_LOG_ADD] = true,
                                            [CMD_LOG_UPDATE] = true,
                                            [CMD_LOG_DELETE] = true,
                                            [CMD_LOGS_CLEAR] = true,
                                            [CMD_LOGS_ROLL_BACK] = true};

    (void)unused;
    for (int kind = 0; kind < CMD_KINDS; kind++) {
        assert_int_equal(decide_stands_alone((enum command_kind)kind), alone[kind]);
        assert_int_equal(decide_touches_entries_only((enum command_kind)kind), entries[kind]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(progress_is_decided, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(a_certificate_keeps_its_address, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(a_strict_catalogue_knows_all, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(who_is_to_be_enrolled_first_is_refused, make_directory,
                                        remove_directory),
        cmocka_unit_test_setup_teardown(several_reports_are_checked_on_top_of_each_other, make_directory,
                                        remove_directory),
        cmocka_unit_test_setup_teardown(several_reports_are_the_events_of_each, make_directory,
                                        remove_directory),
        cmocka_unit_test_setup_teardown(several_reports_share_what_is_left, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(several_reports_count_once, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(all_of_a_request_or_none, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(each_report_of_a_sync_stands_alone, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(a_record_has_its_limits, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(courses_are_declared_and_taken_back, make_directory,
                                        remove_directory),
        cmocka_unit_test_setup_teardown(log_entries_are_decided, make_directory, remove_directory),
        cmocka_unit_test(every_kind_has_its_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
