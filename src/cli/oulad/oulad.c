#include "cli/oulad/oulad.h"

#include <stdlib.h>

#include "cli/oulad/oulad_rows.h"

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

    oulad_add_item(course, (struct oulad_item){course->id * 10, "result", NULL, false});
    for (size_t i = 0; i < course->learner_count; i++) {
        const struct oulad_learner *learner = &course->learners[i];
        struct oulad_step step = {.learner = (uint32_t)i, .row = (uint32_t)i, .score = -1};
        step.kind = STEP_REGISTER;
        step.day = learner->registered == INT32_MIN ? 0 : learner->registered;
        oulad_add_step(course, step);
        if (learner->was_dropped) {
            step.kind = STEP_DROP;
            step.day = learner->dropped > learner->registered ? learner->dropped : learner->registered;
            oulad_add_step(course, step);
        }
        step.day = course->length;
        step.item = result;
        if (learner->result == RESULT_PASS || learner->result == RESULT_DISTINCTION) {
            step.kind = STEP_RESULT;
            oulad_add_step(course, step);
        } else if (learner->result == RESULT_FAIL) {
            step.kind = STEP_EXPIRE;
            oulad_add_step(course, step);
        }
    }
    for (size_t i = 0; i < course->step_count; i++)
        if (course->steps[i].day < earliest)
            earliest = course->steps[i].day;
    oulad_add_step(course, (struct oulad_step){.day = earliest, .kind = STEP_COURSE, .score = -1});
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
    oulad_read_kind(table, directory, &oulad_courses, progress);
    table->digests = open_digests(out);
    oulad_read_kind(table, directory, &oulad_sites, progress);
    oulad_read_kind(table, directory, &oulad_assessments, progress);
    oulad_read_kind(table, directory, &oulad_students, progress);
    for (size_t i = 0; i < out->course_count; i++) {
        struct oulad_course *course = &out->courses[i];
        if (course->learner_count)
            qsort(course->learners, course->learner_count, sizeof *course->learners, oulad_by_learner);
        for (size_t k = 1; k < course->learner_count; k++)
            if (course->learners[k - 1].id == course->learners[k].id)
                oulad_complain(table, "a student is listed twice in one presentation");
    }
    oulad_read_kind(table, directory, &oulad_registrations, progress);
    oulad_read_kind(table, directory, &oulad_submissions, progress);
    oulad_read_kind(table, directory, &oulad_clicks, progress);
    close_digests(out, table->digests);
    if (table->bad > OULAD_PROBLEMS_MAX)
        (void)fprintf(problems, "... and %d more\n",
                      table->bad - OULAD_PROBLEMS_MAX); /* nowhere else to say it */
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
