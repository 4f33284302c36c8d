#include "app/learner_courses.h"

#include <stdlib.h>

#include "core/risk.h"

enum {
    LOOKS = 512,     /* records, items or enrolments in one hold of the model's lock: 0.1 to 0.5 ms */
    STAFF_LOOKS = 16 /* of a course's staff, in the time of one */
};

struct learner_courses {
    struct model *model;
    const struct learner *learner;
    const struct caller *reader;
    uint64_t first;
    uint32_t count;
    const struct enrolment **seen; /* those that the reader may see; sorted, then cut to the page */
    uint32_t *place;               /* by enrolment: its place in the page + 1; 0: it is not there */
    struct learner_course *page;
    uint32_t looked, seen_count, summed, opened, at;
    bool sorted;
};

struct learner_courses *learner_courses_new(struct model *model, const struct learner *learner,
                                            const struct caller *reader, uint64_t first, uint32_t count)
{
    struct learner_courses *courses = calloc(1, sizeof *courses);
    uint32_t room = learner ? learner->enrolment_count : 0;

    if (!courses)
        return NULL;
    *courses = (struct learner_courses){
        .model = model, .learner = learner, .reader = reader, .first = first, .count = count};
    courses->seen = calloc(room + 1u, sizeof *courses->seen);
    courses->place = calloc(room + 1u, sizeof *courses->place);
    if (courses->seen && courses->place)
        return courses;
    learner_courses_free(courses);
    return NULL;
}

void learner_courses_free(struct learner_courses *courses)
{
    if (!courses)
        return;
    for (uint32_t i = 0; courses->page && i < courses->count; i++)
        course_def_unref(courses->page[i].def);
    free(courses->page);
    free(courses->place);
    free(courses->seen);
    free(courses);
}

static bool may_see(const struct learner_courses *courses, struct view view, uint32_t course)
{
    struct access_subject subject = {.course = course, .has_course = true};
    struct fault unused;

    return !courses->reader ||
           access_check(ACCESS_COURSE_STAFF, courses->reader, view, &subject, &unused) == RC_OK;
}

static void look_at_some(struct learner_courses *courses, struct view view)
{
    const struct learner *learner = courses->learner;

    for (uint32_t work = 0; courses->looked < learner->enrolment_count && work < LOOKS;) {
        const struct enrolment *enrolment = &learner->enrolments[courses->looked++];
        const struct course_def *def = view_course(view, enrolment->course);
        work += 1 + (courses->reader && def ? def->staff_count / STAFF_LOOKS : 0);
        if (def && may_see(courses, view, enrolment->course))
            courses->seen[courses->seen_count++] = enrolment;
    }
}

static int newest_first(const void *a, const void *b)
{
    const struct enrolment *left = *(const struct enrolment *const *)a,
                           *right = *(const struct enrolment *const *)b;

    if (enrolment_active_ms(left) != enrolment_active_ms(right))
        return enrolment_active_ms(left) > enrolment_active_ms(right) ? -1 : 1;
    return left->id > right->id ? -1 : left->id < right->id;
}

static enum rc sort(struct learner_courses *courses, struct fault *fault)
{
    uint64_t first = courses->first < courses->seen_count ? courses->first : courses->seen_count;
    uint64_t left = courses->seen_count - first;

    if (courses->seen_count)
        qsort(courses->seen, courses->seen_count, sizeof *courses->seen, newest_first);
    courses->count = left < courses->count ? (uint32_t)left : courses->count;
    courses->page = calloc(courses->count + 1u, sizeof *courses->page);
    if (!courses->page)
        return fault_no_memory(fault);
    const struct learner *learner = courses->learner; /* NULL: unknown, and then nothing was seen */
    struct view view = model_read_begin(courses->model);
    for (uint32_t i = 0; learner && i < courses->count; i++) {
        const struct enrolment *enrolment = courses->seen[first + i];
        const struct course_def *def = view_course(view, enrolment->course);
        courses->place[enrolment - learner->enrolments] = i + 1;
        courses->page[i] = (struct learner_course){
            .enrolment = enrolment, .def = course_def_ref(def), .facts = model_course_facts(def)};
    }
    model_read_end(view);
    courses->sorted = true;
    return RC_OK;
}

static bool is_locked(const struct record *record)
{
    return record && record->flags & RECORD_LOCKED;
}

/* What a record adds to its course, and whether it is the one to go on with: in progress, touched last. */
static void add_record(struct learner_courses *courses, struct view view, const struct record *record)
{
    uint32_t key = view_item_facts(view, record->item).course;
    const struct enrolment *enrolment = key ? learner_enrolment(courses->learner, key) : NULL;
    uint32_t place = enrolment ? courses->place[enrolment - courses->learner->enrolments] : 0;
    struct learner_course *course = place ? &courses->page[place - 1] : NULL;

    if (!course)
        return;
    course->time_spent_ms += record->time_spent_ms;
    if (!(record->flags & RECORD_REPORTED))
        return;
    if (item_is_video(view_item(view, record->item)))
        course->watch_ms += record_watch_ms(record);
    bool later = !course->next || record->updated_at_ms > course->next->updated_at_ms ||
                 (record->updated_at_ms == course->next->updated_at_ms && record->id > course->next->id);
    if (record->status == ITEM_IN_PROGRESS && !is_locked(record) && later)
        course->next = record;
}

static void sum_some(struct learner_courses *courses, struct view view)
{
    for (uint32_t i = 0; courses->summed < courses->learner->record_count && i < LOOKS; i++)
        add_record(courses, view, &courses->learner->records[courses->summed++]);
}

/* Whether anything required is open, and the first of it: it comes next when nothing is in progress. */
static void open_some(struct learner_courses *courses, struct view view)
{
    for (uint32_t i = 0; courses->opened < courses->count && i < LOOKS; i++) {
        struct learner_course *course = &courses->page[courses->opened];
        uint32_t item =
            course->def && courses->at < course->def->item_count ? course->def->items[courses->at++] : 0;
        const struct record *record = item ? learner_record(courses->learner, item) : NULL;
        const struct item_def *def = view_item(view, item);
        bool open =
            def && def->required && !is_locked(record) && !(record && record->status == ITEM_COMPLETED);
        if (item && !open)
            continue;
        if (!item) /* nothing is */
            course->next = NULL;
        else if (!course->next)
            course->next = record;
        course->next_item = !item ? 0 : course->next ? course->next->item : item;
        courses->opened++;
        courses->at = 0;
    }
}

enum rc learner_courses_step(struct learner_courses *courses, bool *out_done, struct fault *fault)
{
    const struct learner *learner = courses->learner;
    bool seen = !learner || courses->looked == learner->enrolment_count;

    *out_done = false;
    if (seen && !courses->sorted)
        return sort(courses, fault);
    bool summed = seen && (!learner || courses->count == 0 || courses->summed == learner->record_count);
    *out_done = summed && courses->opened == courses->count;
    if (*out_done)
        return RC_OK;
    struct view view = model_read_begin(courses->model);
    if (!seen)
        look_at_some(courses, view);
    else if (!summed)
        sum_some(courses, view);
    else
        open_some(courses, view);
    model_read_end(view);
    return RC_OK;
}

uint32_t learner_courses_total(const struct learner_courses *courses)
{
    return courses->seen_count;
}

uint32_t learner_courses_count(const struct learner_courses *courses)
{
    return courses->count;
}

const struct learner_course *learner_courses_at(const struct learner_courses *courses, uint32_t i)
{
    return &courses->page[i];
}
