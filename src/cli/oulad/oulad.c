#include "cli/oulad/oulad.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <csv.h>
#include <openssl/evp.h>
#include <zlib.h>

#include "base/instant.h"

enum { COLUMNS_MAX = 24, FIELD_MAX = 128, PROBLEMS_MAX = 20, CHUNK = 1 << 16 };

/* One file being read: the columns asked for, by header name, and the row under way. */
struct table {
    struct oulad *oulad;
    FILE *problems;
    const char *file;
    const char *const *wanted; /* NULL-terminated */
    int place[COLUMNS_MAX];    /* column -> index into wanted, -1 */
    char values[COLUMNS_MAX][FIELD_MAX];
    int column;
    unsigned long line;
    uint32_t row;
    int width; /* fields per line, by the header */
    bool in_header, too_long;
    void (*take)(struct table *table);
    EVP_MD_CTX **digests; /* one per course */
    int bad;
};

static void complain(struct table *table, const char *why)
{
    if (table->bad++ < PROBLEMS_MAX)
        (void)fprintf(table->problems, "%s:%lu: %s\n", table->file, table->line,
                      why); /* nowhere else to say it */
}

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
    char code[2 * FIELD_MAX + 2];

    (void)snprintf(code, sizeof code, "%s-%s", module, presentation); /* fits */
    for (size_t i = 0; i < oulad->course_count; i++)
        if (strcmp(oulad->courses[i].code, code) == 0)
            return &oulad->courses[i];
    return NULL;
}

static int by_learner(const void *a, const void *b)
{
    const struct oulad_learner *left = a, *right = b;
    return left->id < right->id ? -1 : left->id > right->id;
}

static struct oulad_learner *find_learner(const struct oulad_course *course, int64_t id)
{
    struct oulad_learner like = {.id = id};
    return bsearch(&like, course->learners, course->learner_count, sizeof like, by_learner);
}

/* Sites and assessments of a course are a few hundred: a walk is fine. -1: none. */
static long find_item(const struct oulad_course *course, int64_t id)
{
    for (size_t i = 0; i < course->item_count; i++)
        if (course->items[i].id == id)
            return (long)i;
    return -1;
}

static void add_item(struct oulad_course *course, struct oulad_item item)
{
    course->items = grow(course->items, course->item_count, &course->item_room, sizeof item);
    course->items[course->item_count++] = item;
}

static void add_step(struct oulad_course *course, struct oulad_step step)
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
        complain(table, "code_module must be three capital letters");
        return;
    }
    memcpy(digits, presentation, strnlen(presentation, 4));
    if (strlen(presentation) != 5 || !number(digits, 2000, 2100, &year) || !strchr("BJ", presentation[4])) {
        complain(table, "code_presentation must be a year and B or J");
        return;
    }
    if (!number(table->values[2], 1, 1000, &length)) {
        complain(table, "module_presentation_length must be a number of days");
        return;
    }
    if (find_course(oulad, module, presentation)) {
        complain(table, "the presentation is listed twice");
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
        complain(table, "the presentation is not in courses.csv");
    else
        digest_row(table, course);
    return course;
}

static const char *keep(struct table *table, const char *text)
{
    const char *copy = arena_copy(&table->oulad->arena, text, strlen(text));
    if (!copy)
        abort();
    return copy;
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
        complain(table, "id_site must be a number, activity_type must not be empty");
    else if (find_item(course, id) >= 0)
        complain(table, "the site is listed twice");
    else
        add_item(course, (struct oulad_item){id, keep(table, table->values[3]), NULL, false});
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
        complain(table, "id_assessment must be a number, assessment_type must not be empty");
    else if (find_item(course, id) >= 0)
        complain(table, "the assessment is listed twice");
    else
        add_item(course, (struct oulad_item){id, "assessment", keep(table, table->values[3]), true});
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
        complain(table, "id_student must be a number, final_result Pass, Distinction, Fail or Withdrawn");
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
        complain(table, "the student is not in studentInfo.csv");
    } else if (learner->registered != INT32_MIN) {
        complain(table, "the registration is listed twice");
    } else if ((*table->values[3] && !number(table->values[3], -5000, 5000, &registered)) ||
               (*table->values[4] && !number(table->values[4], -5000, 5000, &dropped))) {
        complain(table, "dates must be day numbers or empty");
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
        complain(table, "ids and date must be numbers, is_banked 0 or 1, score 0-100 or empty");
        return;
    }
    for (size_t i = 0; i < table->oulad->course_count && item < 0; i++) {
        course = &table->oulad->courses[i];
        item = find_item(course, assessment);
    }
    struct oulad_learner *learner = item >= 0 ? find_learner(course, student) : NULL;
    if (!learner) {
        complain(table,
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
    add_step(course, step);
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
        complain(table, "ids, date and sum_click must be numbers");
        return;
    }
    struct oulad_learner *learner = find_learner(course, student);
    long item = find_item(course, site);
    if (!learner || item < 0) {
        complain(table, learner ? "the site is not in vle.csv" : "the student is not enrolled");
        return;
    }
    struct oulad_step step = step_of(course, learner, day);
    step.kind = STEP_CLICK;
    step.row = table->row;
    step.item = (uint32_t)item;
    step.value = (int32_t)clicks;
    add_step(course, step);
}

/* ---- files ---- */

static void on_field(void *text, size_t size, void *arg)
{
    struct table *table = arg;
    int column = table->column++;

    if (table->in_header) {
        for (int i = 0; column < COLUMNS_MAX && table->wanted[i]; i++)
            if (strlen(table->wanted[i]) == size && memcmp(table->wanted[i], text, size) == 0)
                table->place[column] = i;
        return;
    }
    int place = column < COLUMNS_MAX ? table->place[column] : -1;
    if (place < 0)
        return;
    table->too_long |= size >= FIELD_MAX;
    if (size >= FIELD_MAX)
        size = FIELD_MAX - 1;
    if (size)
        memcpy(table->values[place], text, size);
    table->values[place][size] = '\0';
}

static bool header_is_whole(const struct table *table)
{
    for (int i = 0; table->wanted[i]; i++) {
        bool found = false;
        for (int column = 0; column < COLUMNS_MAX; column++)
            found |= table->place[column] == i;
        if (!found)
            return false;
    }
    return true;
}

static void on_row(int end, void *arg)
{
    struct table *table = arg;
    int columns = table->column;

    (void)end;
    table->column = 0;
    table->line++;
    if (table->in_header) {
        table->in_header = false;
        if (!header_is_whole(table))
            complain(table, "the header lacks a column");
        table->width = columns;
        table->row = 0;
        return;
    }
    if (columns != table->width || table->too_long)
        complain(table, table->too_long ? "a field is too long"
                                        : "a line with more or fewer fields than the header");
    else
        table->take(table);
    table->too_long = false;
    table->row++;
}

/* Reads one file, plain or gzip. */
static void read_table(struct table *table, const char *directory, const char *name)
{
    char path[4096];
    char *chunk = malloc(CHUNK);
    struct csv_parser parser;

    (void)snprintf(path, sizeof path, "%s/%s", directory, name); /* a cut path does not open */
    gzFile file = gzopen(path, "rb");
    table->file = name;
    table->in_header = true;
    table->line = 0;
    table->column = 0;
    for (int i = 0; i < COLUMNS_MAX; i++)
        table->place[i] = -1;
    if (!file || !chunk || csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) != 0) {
        complain(table, "cannot be read");
        free(chunk);
        if (file)
            (void)gzclose(file); /* only read */
        return;
    }
    int size;
    while ((size = gzread(file, chunk, CHUNK)) > 0)
        if (csv_parse(&parser, chunk, (size_t)size, on_field, on_row, table) != (size_t)size) {
            table->line++;
            complain(table, csv_strerror(csv_error(&parser)));
            size = 0;
            break;
        }
    if (size < 0) {
        table->line++;
        complain(table, "the compressed data is damaged or cut off");
    } else if (csv_fini(&parser, on_field, on_row, table) != 0) {
        table->line++;
        complain(table, "the file ends inside a quoted field");
    }
    csv_free(&parser);
    free(chunk);
    (void)gzclose(file); /* only read */
}

/* The names of the directory's files that begin with prefix and end in .csv or .csv.gz, sorted. */
static int pick(const struct dirent *entry, const char *prefix)
{
    size_t size = strlen(entry->d_name), from = strlen(prefix);
    const char *name = entry->d_name;
    bool plain = size > 4 && strcmp(name + size - 4, ".csv") == 0;
    bool packed = size > 7 && strcmp(name + size - 7, ".csv.gz") == 0;
    return (plain || packed) && strncmp(name, prefix, from) == 0 && (name[from] == '.' || name[from] == '-');
}

static void read_all(struct table *table, const char *directory, const char *prefix,
                     const char *const *wanted, void (*take)(struct table *table),
                     void (*progress)(const char *file))
{
    struct dirent **names = NULL;
    int count = scandir(directory, &names, NULL, alphasort), found = 0;

    table->wanted = wanted;
    table->take = take;
    for (int i = 0; i < count; i++) {
        if (pick(names[i], prefix)) {
            if (progress)
                progress(names[i]->d_name);
            found++;
            read_table(table, directory, keep(table, names[i]->d_name));
        }
        free(names[i]);
    }
    free(names);
    if (found == 0) {
        table->file = prefix;
        table->line = 0;
        complain(table, "no such file (.csv or .csv.gz) in the directory");
    }
}

/* ---- putting it in order ---- */

static int by_order(const void *a, const void *b)
{
    const struct oulad_step *left = a, *right = b;

    if (left->day != right->day)
        return left->day < right->day ? -1 : 1;
    if (left->kind != right->kind)
        return left->kind < right->kind ? -1 : 1;
    return left->row < right->row ? -1 : left->row > right->row;
}

/* Registrations, ends and results are steps too; then all are sorted by day, kind, file row. */
static void finish_course(struct oulad_course *course)
{
    uint32_t result = (uint32_t)course->item_count;
    int32_t earliest = 0;

    add_item(course, (struct oulad_item){course->id * 10, "result", NULL, false});
    for (size_t i = 0; i < course->learner_count; i++) {
        const struct oulad_learner *learner = &course->learners[i];
        struct oulad_step step = {.learner = (uint32_t)i, .row = (uint32_t)i, .score = -1};
        step.kind = STEP_REGISTER;
        step.day = learner->registered == INT32_MIN ? 0 : learner->registered;
        add_step(course, step);
        if (learner->was_dropped) {
            step.kind = STEP_DROP;
            step.day = learner->dropped > learner->registered ? learner->dropped : learner->registered;
            add_step(course, step);
        }
        step.day = course->length;
        step.item = result;
        if (learner->result == RESULT_PASS || learner->result == RESULT_DISTINCTION) {
            step.kind = STEP_RESULT;
            add_step(course, step);
        } else if (learner->result == RESULT_FAIL) {
            step.kind = STEP_EXPIRE;
            add_step(course, step);
        }
    }
    for (size_t i = 0; i < course->step_count; i++)
        if (course->steps[i].day < earliest)
            earliest = course->steps[i].day;
    add_step(course, (struct oulad_step){.day = earliest, .kind = STEP_COURSE, .score = -1});
    qsort(course->steps, course->step_count, sizeof *course->steps, by_order);
}

static void close_digests(struct oulad *oulad, EVP_MD_CTX **digests)
{
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned size;

    for (size_t i = 0; i < oulad->course_count; i++) {
        if (EVP_DigestFinal_ex(digests[i], bytes, &size))
            for (unsigned k = 0; k < 32; k++)
                (void)snprintf(oulad->courses[i].digest + 2 * k, 3, "%02x", bytes[k]); /* fits */
        EVP_MD_CTX_free(digests[i]);
    }
    free(digests);
}

static EVP_MD_CTX **open_digests(const struct oulad *oulad)
{
    EVP_MD_CTX **digests = calloc(oulad->course_count + 1, sizeof(EVP_MD_CTX *));

    for (size_t i = 0; digests && i < oulad->course_count; i++) {
        digests[i] = EVP_MD_CTX_new();
        if (!digests[i] || !EVP_DigestInit_ex(digests[i], EVP_sha256(), NULL))
            abort();
    }
    return digests;
}

bool oulad_read(const char *directory, struct oulad *out, void (*progress)(const char *file), FILE *problems)
{
    struct table *table = calloc(1, sizeof *table);

    *out = (struct oulad){.course_count = 0};
    arena_init(&out->arena);
    if (!table)
        return false;
    table->oulad = out;
    table->problems = problems;
    read_all(table, directory, "courses", course_columns, take_course, progress);
    table->digests = open_digests(out);
    read_all(table, directory, "vle", site_columns, take_site, progress);
    read_all(table, directory, "assessments", assessment_columns, take_assessment, progress);
    read_all(table, directory, "studentInfo", info_columns, take_info, progress);
    for (size_t i = 0; i < out->course_count; i++) {
        struct oulad_course *course = &out->courses[i];
        if (course->learner_count)
            qsort(course->learners, course->learner_count, sizeof *course->learners, by_learner);
        for (size_t k = 1; k < course->learner_count; k++)
            if (course->learners[k - 1].id == course->learners[k].id)
                complain(table, "a student is listed twice in one presentation");
    }
    read_all(table, directory, "studentRegistration", registration_columns, take_registration, progress);
    read_all(table, directory, "studentAssessment", submission_columns, take_submission, progress);
    read_all(table, directory, "studentVle", click_columns, take_click, progress);
    close_digests(out, table->digests);
    if (table->bad > PROBLEMS_MAX)
        (void)fprintf(problems, "... and %d more\n", table->bad - PROBLEMS_MAX); /* nowhere else to say it */
    bool good = table->bad == 0;
    for (size_t i = 0; good && i < out->course_count; i++)
        finish_course(&out->courses[i]);
    free(table);
    return good;
}

void oulad_free(struct oulad *oulad)
{
    for (size_t i = 0; i < oulad->course_count; i++) {
        free(oulad->courses[i].items);
        free(oulad->courses[i].learners);
        free(oulad->courses[i].steps);
    }
    free(oulad->courses);
    arena_done(&oulad->arena);
}
