#include "cli/oulad/oulad_rows.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/instant.h"

/* Room for one more element; aborts when out of memory, as nothing is imported yet. */
static void *grow(void *array, size_t count, size_t *room, size_t size)
{
    if (count < *room)
        return array;
    *room = *room ? *room * 2 : 64;
    void *grown = realloc(array, *room * size);
    if (!grown)
        abort();
    return grown;
}

/* ---- values ---- */

static bool number(const char *text, long low, long high, int64_t *out)
{
    char *end;

    errno = 0;
    long value = strtol(text, &end, 10);
    if (!*text || *end || errno || value < low || value > high)
        return false;
    *out = value;
    return true;
}

static struct oulad_course *find_course(struct oulad *oulad, const char *module, const char *presentation)
{
    char code[2 * OULAD_FIELD_MAX + 2];

    (void)snprintf(code, sizeof code, "%s-%s", module, presentation); /* fits */
    for (size_t i = 0; i < oulad->course_count; i++)
        if (strcmp(oulad->courses[i].code, code) == 0)
            return &oulad->courses[i];
    return NULL;
}

int oulad_by_learner(const void *a, const void *b)
{
    const struct oulad_learner *left = a, *right = b;
    return left->id < right->id ? -1 : left->id > right->id;
}

static struct oulad_learner *find_learner(const struct oulad_course *course, int64_t id)
{
    struct oulad_learner like = {.id = id};
    return bsearch(&like, course->learners, course->learner_count, sizeof like, oulad_by_learner);
}

/* Sites and assessments of a course are a few hundred: a walk is fine. -1: none. */
static long find_item(const struct oulad_course *course, int64_t id)
{
    for (size_t i = 0; i < course->item_count; i++)
        if (course->items[i].id == id)
            return (long)i;
    return -1;
}

void oulad_add_item(struct oulad_course *course, struct oulad_item item)
{
    course->items = grow(course->items, course->item_count, &course->item_room, sizeof item);
    course->items[course->item_count++] = item;
}

void oulad_add_step(struct oulad_course *course, struct oulad_step step)
{
    course->steps = grow(course->steps, course->step_count, &course->step_room, sizeof step);
    course->steps[course->step_count++] = step;
}

static void digest_row(struct table *table, const struct oulad_course *course)
{
    EVP_MD_CTX *digest = table->digests ? table->digests[course - table->oulad->courses] : NULL;

    for (int i = 0; digest && table->wanted[i]; i++)
        (void)EVP_DigestUpdate(digest, table->values[i],
                               strlen(table->values[i]) + 1); /* cannot fail in memory */
}

/* ---- rows ---- */

static const char *const course_columns[] = {"code_module", "code_presentation", "module_presentation_length",
                                             NULL};

/* AAA-2013J -> 120132: module letter (A=1), year, 1 for B (February) or 2 for J (October). */
static void take_course(struct table *table)
{
    const char *module = table->values[0], *presentation = table->values[1];
    struct oulad *oulad = table->oulad;
    int64_t year, length;
    char digits[5] = {0};

    if (strlen(module) != 3 || module[0] < 'A' || module[0] > 'Z') {
        oulad_complain(table, "code_module must be three capital letters");
        return;
    }
    memcpy(digits, presentation, strnlen(presentation, 4));
    if (strlen(presentation) != 5 || !number(digits, 2000, 2100, &year) || !strchr("BJ", presentation[4])) {
        oulad_complain(table, "code_presentation must be a year and B or J");
        return;
    }
    if (!number(table->values[2], 1, 1000, &length)) {
        oulad_complain(table, "module_presentation_length must be a number of days");
        return;
    }
    if (find_course(oulad, module, presentation)) {
        oulad_complain(table, "the presentation is listed twice");
        return;
    }
    bool february = presentation[4] == 'B';
    oulad->courses = grow(oulad->courses, oulad->course_count, &oulad->course_room, sizeof *oulad->courses);
    struct oulad_course *course = &oulad->courses[oulad->course_count++];
    *course = (struct oulad_course){
        .id = (module[0] - 'A' + 1) * 100000 + year * 10 + (february ? 1 : 2),
        .start_day = instant_day_of((int)year, february ? 2 : 10, 1),
        .length = (int32_t)length,
    };
    (void)snprintf(course->code, sizeof course->code, "%.3s-%.5s", module, presentation); /* fits */
}

/* The presentation a row belongs to; complains when unknown. */
static struct oulad_course *course_of(struct table *table, int module, int presentation)
{
    struct oulad_course *course =
        find_course(table->oulad, table->values[module], table->values[presentation]);

    if (!course)
        oulad_complain(table, "the presentation is not in courses.csv");
    else
        digest_row(table, course);
    return course;
}

static const char *const site_columns[] = {"code_module", "code_presentation", "id_site", "activity_type",
                                           NULL};

static void take_site(struct table *table)
{
    struct oulad_course *course = course_of(table, 0, 1);
    int64_t id;

    if (!course)
        return;
    if (!number(table->values[2], 1, INT_MAX, &id) || !*table->values[3])
        oulad_complain(table, "id_site must be a number, activity_type must not be empty");
    else if (find_item(course, id) >= 0)
        oulad_complain(table, "the site is listed twice");
    else
        oulad_add_item(course, (struct oulad_item){id, oulad_keep(table, table->values[3]), NULL, false});
}

static const char *const assessment_columns[] = {"code_module", "code_presentation", "id_assessment",
                                                 "assessment_type", NULL};

static void take_assessment(struct table *table)
{
    struct oulad_course *course = course_of(table, 0, 1);
    int64_t id;

    if (!course)
        return;
    if (!number(table->values[2], 1, INT_MAX, &id) || !*table->values[3])
        oulad_complain(table, "id_assessment must be a number, assessment_type must not be empty");
    else if (find_item(course, id) >= 0)
        oulad_complain(table, "the assessment is listed twice");
    else
        oulad_add_item(course,
                       (struct oulad_item){id, "assessment", oulad_keep(table, table->values[3]), true});
}

static const char *const info_columns[] = {"code_module", "code_presentation", "id_student", "final_result",
                                           NULL};

static void take_info(struct table *table)
{
    static const char *const results[] = {"Pass", "Distinction", "Fail", "Withdrawn"};
    struct oulad_course *course = course_of(table, 0, 1);
    struct oulad_learner learner = {.registered = INT32_MIN};
    int result = 0;

    if (!course)
        return;
    while (result < 4 && strcmp(results[result], table->values[3]) != 0)
        result++;
    if (!number(table->values[2], 1, INT_MAX, &learner.id) || result == 4) {
        oulad_complain(table,
                       "id_student must be a number, final_result Pass, Distinction, Fail or Withdrawn");
        return;
    }
    learner.result = (enum oulad_result)result;
    course->learners = grow(course->learners, course->learner_count, &course->learner_room, sizeof learner);
    course->learners[course->learner_count++] = learner;
}

static const char *const registration_columns[] = {"code_module",       "code_presentation",   "id_student",
                                                   "date_registration", "date_unregistration", NULL};

static void take_registration(struct table *table)
{
    struct oulad_course *course = course_of(table, 0, 1);
    int64_t id, registered = 0, dropped = 0;

    if (!course)
        return;
    struct oulad_learner *learner =
        number(table->values[2], 1, INT_MAX, &id) ? find_learner(course, id) : NULL;
    if (!learner) {
        oulad_complain(table, "the student is not in studentInfo.csv");
    } else if (learner->registered != INT32_MIN) {
        oulad_complain(table, "the registration is listed twice");
    } else if ((*table->values[3] && !number(table->values[3], -5000, 5000, &registered)) ||
               (*table->values[4] && !number(table->values[4], -5000, 5000, &dropped))) {
        oulad_complain(table, "dates must be day numbers or empty");
    } else {
        learner->registered = (int32_t)registered; /* unknown: day 0 */
        learner->dropped = (int32_t)dropped;
        learner->was_dropped = *table->values[4] != '\0';
    }
}

/* A learner's activity never lies before their registration: laid right after it, with its instant. */
static struct oulad_step step_of(struct oulad_course *course, const struct oulad_learner *learner,
                                 int64_t day)
{
    bool early = day < learner->registered;
    return (struct oulad_step){
        .day = early ? learner->registered : (int32_t)day,
        .moved = early,
        .learner = (uint32_t)(learner - course->learners),
        .score = -1,
    };
}

static const char *const submission_columns[] = {"id_assessment", "id_student", "date_submitted",
                                                 "is_banked",     "score",      NULL};

static void take_submission(struct table *table)
{
    int64_t assessment, student, day, banked, score = -1;
    struct oulad_course *course = NULL;
    long item = -1;

    if (!number(table->values[0], 1, INT_MAX, &assessment) ||
        !number(table->values[1], 1, INT_MAX, &student) || !number(table->values[2], -5000, 5000, &day) ||
        !number(table->values[3], 0, 1, &banked) ||
        (*table->values[4] && !number(table->values[4], 0, 100, &score))) {
        oulad_complain(table, "ids and date must be numbers, is_banked 0 or 1, score 0-100 or empty");
        return;
    }
    for (size_t i = 0; i < table->oulad->course_count && item < 0; i++) {
        course = &table->oulad->courses[i];
        item = find_item(course, assessment);
    }
    struct oulad_learner *learner = item >= 0 ? find_learner(course, student) : NULL;
    if (!learner) {
        oulad_complain(table,
                       item < 0 ? "the assessment is not in assessments.csv" : "the student is not enrolled");
        return;
    }
    digest_row(table, course);
    struct oulad_step step = step_of(course, learner, day);
    step.kind = STEP_SUBMIT;
    step.row = table->row;
    step.item = (uint32_t)item;
    step.banked = banked;
    step.score = (int16_t)score;
    step.value = (int32_t)day;
    oulad_add_step(course, step);
}

static const char *const click_columns[] = {"code_module", "code_presentation", "id_student", "id_site",
                                            "date",        "sum_click",         NULL};

static void take_click(struct table *table)
{
    struct oulad_course *course = course_of(table, 0, 1);
    int64_t student, site, day, clicks;

    if (!course)
        return;
    if (!number(table->values[2], 1, INT_MAX, &student) || !number(table->values[3], 1, INT_MAX, &site) ||
        !number(table->values[4], -5000, 5000, &day) || !number(table->values[5], 1, 1000000, &clicks)) {
        oulad_complain(table, "ids, date and sum_click must be numbers");
        return;
    }
    struct oulad_learner *learner = find_learner(course, student);
    long item = find_item(course, site);
    if (!learner || item < 0) {
        oulad_complain(table, learner ? "the site is not in vle.csv" : "the student is not enrolled");
        return;
    }
    struct oulad_step step = step_of(course, learner, day);
    step.kind = STEP_CLICK;
    step.row = table->row;
    step.item = (uint32_t)item;
    step.value = (int32_t)clicks;
    oulad_add_step(course, step);
}

const struct oulad_file_kind oulad_courses = {"courses", course_columns, take_course},
                             oulad_sites = {"vle", site_columns, take_site},
                             oulad_assessments = {"assessments", assessment_columns, take_assessment},
                             oulad_students = {"studentInfo", info_columns, take_info},
                             oulad_registrations = {"studentRegistration", registration_columns,
                                                    take_registration},
                             oulad_submissions = {"studentAssessment", submission_columns, take_submission},
                             oulad_clicks = {"studentVle", click_columns, take_click};
