#include "face/own/own_users_courses.h"

#include "app/learner_courses.h"
#include "core/words.h"
#include "face/show.h"
#include "app/snapshot.h"

enum { PAGE_DEFAULT = 20, PAGE_MAX = 100 };

struct courses_read {
    struct slow slow;
    int64_t page, limit;
    struct snapshot snapshot;
    struct learner_courses *courses;
    bool ready, begun;
    uint32_t at;
};

static enum rc courses_decode(struct slow *slow, const struct body *body, struct fault *fault)
{
    struct courses_read *read = (struct courses_read *)slow;

    (void)body;
    read->page = 1;
    read->limit = PAGE_DEFAULT;
    enum rc rc = face_query_number(slow->request, "page", 1, INT32_MAX, &read->page, fault);
    return rc == RC_OK ? face_query_number(slow->request, "limit", 1, PAGE_MAX, &read->limit, fault) : rc;
}

static enum rc courses_open(struct slow *slow, const struct read *found, struct fault *fault)
{
    struct courses_read *read = (struct courses_read *)slow;
    struct request *request = slow->request;

    snapshot_take(found->view, found->learner, &read->snapshot);
    const struct learner *learner = read->snapshot.learner;
    read->courses = learner_courses_new(service_model(face_of(request)->service), learner,
                                        read_shows_all(found) ? NULL : face_caller(request),
                                        (uint64_t)((read->page - 1) * read->limit), (uint32_t)read->limit);
    slow->small = !learner || learner->record_count + learner->enrolment_count <= LARGE_READ;
    return read->courses ? RC_OK : fault_no_memory(fault);
}

static void put_next(struct json_out *out, struct view view, const struct learner_course *course)
{
    const struct item_def *def = view_item(view, course->next_item);

    json_name(out, "nextItem");
    if (!course->next_item) {
        json_null_value(out);
        return;
    }
    json_open(out, '{');
    json_put_text(out, "id", view_id(view, ENTITY_ITEM, course->next_item).bytes);
    json_put_text(out, "title", def ? title_or_null(def->title) : NULL);
    json_put_text(out, "type", item_type(def));
    json_name(out, "position");
    if (course->next && course->next->flags & RECORD_POSITION)
        json_scaled(out, course->next->position_ms, 3);
    else
        json_null_value(out);
    json_close(out, '}');
}

static void put_course(struct json_out *out, struct view view, const struct learner_course *course)
{
    const struct enrolment *enrolment = course->enrolment;
    const struct course_facts *facts = &course->facts;

    json_open(out, '{');
    json_put_text(out, "courseId", view_id(view, ENTITY_COURSE, enrolment->course).bytes);
    json_put_text(out, "title", course->def ? title_or_null(course->def->title) : NULL);
    json_put_bool(out, "declared", facts->declared);
    json_put_text(out, "status", word_of_state(enrolment_state(enrolment, facts), WORDS_UPPER));
    json_put_hundredths(out, "progressPercent",
                        course_percent_hundredths(enrolment->completed_required, facts->required));
    json_put_int(out, "completedRequired", enrolment->completed_required);
    json_put_int(out, "totalRequired", facts->required);
    json_put_int(out, "completedContent", enrolment->completed_items);
    json_put_int(out, "totalContent", facts->items);
    json_put_scaled(out, "timeSpent", wide_shown(course->time_spent_ms), 3);
    json_put_scaled(out, "watchedSeconds", wide_shown(course->watch_ms), 3);
    json_put_instant(out, "enrolledAt", enrolment->enrolled_at_ms);
    json_put_instant(out, "lastActivityAt", enrolment->last_activity_ms);
    json_put_instant(out, "completedAt", enrolment_completion_ms(enrolment, facts));
    json_name(out, "certificateUrl");
    if (enrolment->certificate_url)
        json_text(out, enrolment->certificate_url, enrolment->certificate_size);
    else
        json_null_value(out);
    put_next(out, view, course);
    json_close(out, '}');
}

static enum rc courses_step(struct slow *slow, bool *out_last, struct fault *fault)
{
    struct courses_read *read = (struct courses_read *)slow;
    struct json_out *out = &slow->out;

    if (!read->ready)
        return learner_courses_step(read->courses, &read->ready, fault);
    if (!read->begun) {
        json_open(out, '{');
        json_put_text(out, "userId", face_call(slow->request)->user.bytes);
        json_put_open(out, "courses", '[');
    }
    read->begun = true;
    struct view view = service_read_begin(face_of(slow->request)->service);
    while (read->at < learner_courses_count(read->courses)) /* a page at most */
        put_course(out, view, learner_courses_at(read->courses, read->at++));
    service_read_end(view);
    json_close(out, ']');
    json_put_pagination(out, read->page, read->limit, learner_courses_total(read->courses));
    json_close(out, '}');
    *out_last = true;
    return RC_OK;
}

static void courses_close(struct slow *slow)
{
    struct courses_read *read = (struct courses_read *)slow;

    learner_courses_free(read->courses);
    snapshot_done(&read->snapshot);
}

const struct slow_handler own_users_courses = {sizeof(struct courses_read), .decode = courses_decode,
                                               .open = courses_open, .step = courses_step,
                                               .close = courses_close};
