#include "face/own/own_export.h"

#include <assert.h>
#include <stdlib.h>

#include "app/history.h"
#include "app/log_history.h"
#include "app/snapshot.h"
#include "face/event_json.h"
#include "face/logs/logs_encode.h"
#include "face/own/own_users_encode.h"
#include "face/show.h"

enum { A_STEP = 128 }; /* records, entries or events: some milliseconds of work */

enum part { ENROLMENTS, RECORDS, GATHER, COURSES, ITEMS, LOGS, EVENTS, ALL_DONE };

/* An export on its way: what the person's own state was when it began, then entries and events as they are
 * stored. */
struct exporting {
    struct slow slow;
    struct snapshot snapshot;
    const struct record **records; /* shown ones, newest first */
    uint32_t record_count;
    uint32_t *others; /* courses of records without an enrolment: previews, locks */
    size_t other_count;
    uint32_t key; /* 0: never seen */
    bool begun;
    enum part part;
    size_t at; /* within the part */
    struct logs_page page;
    struct sequences events;
};

/* One line of what the catalogue says of a course or an item. */
static void put_catalogue_line(struct json_out *out, const char *id, const char *title, const char *type,
                               const char *course)
{
    json_open(out, '{');
    json_put_text(out, "id", id);
    json_put_text(out, "title", title);
    json_put_text(out, "type", type);
    json_put_text(out, "course", course);
    json_close(out, '}');
}

static void put_course_line(struct exporting *exporting, struct view view, uint32_t key)
{
    const struct course_def *def = view_course(view, key);

    put_catalogue_line(&exporting->slow.out, view_id(view, ENTITY_COURSE, key).bytes,
                       def && def->title.size ? def->title.bytes : NULL, "course", NULL);
}

static void put_item_line(struct exporting *exporting, struct view view, uint32_t key)
{
    const struct item_def *def = view_item(view, key);
    uint32_t course = view_item_facts(view, key).course;

    put_catalogue_line(&exporting->slow.out, view_id(view, ENTITY_ITEM, key).bytes,
                       def && def->title.size ? def->title.bytes : NULL, item_type(def),
                       course ? view_id(view, ENTITY_COURSE, course).bytes : NULL);
}

static void gather(struct exporting *exporting, struct view view, uint32_t course)
{
    if (course && view_id(view, ENTITY_COURSE, course).bytes &&
        !learner_enrolment(exporting->snapshot.learner, course))
        exporting->others[exporting->other_count++] = course;
}

static int by_key(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

    return left < right ? -1 : left > right;
}

/* Each once. */
static void settle_others(struct exporting *exporting)
{
    uint32_t *others = exporting->others;
    size_t count = 0;

    assert(others || !exporting->other_count);
    if (exporting->other_count)
        qsort(others, exporting->other_count, sizeof *others, by_key);
    for (size_t i = 0; i < exporting->other_count; i++)
        if (count == 0 || others[i] != others[count - 1])
            others[count++] = others[i];
    exporting->other_count = count;
}

/* Up to A_STEP entries of a part that is in memory; whether that was the last. */
static bool put_some(struct exporting *exporting, size_t count)
{
    const struct learner *learner = exporting->snapshot.learner;
    struct view view = service_read_begin(face_of(exporting->slow.request)->service);
    size_t end = exporting->at + A_STEP < count ? exporting->at + A_STEP : count;

    assert(learner || !count); /* nobody has nothing */

    for (; exporting->at < end; exporting->at++)
        switch (exporting->part) {
        case ENROLMENTS:
            own_put_enrolment(&exporting->slow.out, &exporting->slow.request->arena, view,
                              &learner->enrolments[exporting->at]);
            break;
        case RECORDS:
            own_put_record(&exporting->slow.out, view, exporting->records[exporting->at]);
            break;
        case GATHER:
            gather(exporting, view, view_item_facts(view, learner->records[exporting->at].item).course);
            break;
        case COURSES:
            put_course_line(exporting, view,
                            exporting->at < learner->enrolment_count
                                ? learner->enrolments[exporting->at].course
                                : exporting->others[exporting->at - learner->enrolment_count]);
            break;
        default:
            put_item_line(exporting, view, learner->records[exporting->at].item);
            break;
        }
    service_read_end(view);
    return end == count;
}

static enum rc put_some_logs(struct exporting *exporting, bool *out_done, struct fault *fault)
{
    struct logs_page *page = &exporting->page;
    struct logs_page part = {page->paged, page->last_ms, page->last_id, A_STEP, false};
    enum rc rc = exporting->key ? logs_put_all(face_of(exporting->slow.request), exporting->key, NULL,
                                               face_call(exporting->slow.request)->user.bytes, &part,
                                               &exporting->slow.out, fault)
                                : RC_OK;

    *page = (struct logs_page){true, part.last_ms, part.last_id, 0, false};
    *out_done = !part.more;
    return rc;
}

static enum rc put_event(void *arg, const struct event *event, struct fault *fault)
{
    struct exporting *exporting = arg;
    struct view view = service_read_begin(face_of(exporting->slow.request)->service); /* a moment each */
    struct event_names names = event_names_of(&view);

    event_put(&exporting->slow.out, event, &names);
    service_read_end(view);
    return exporting->slow.out.buf->failed ? fault_no_memory(fault) : RC_OK;
}

static enum rc put_some_events(struct exporting *exporting, bool *out_done, struct fault *fault)
{
    const struct history *history = service_history(face_of(exporting->slow.request)->service);
    enum rc rc = RC_OK;

    if (exporting->key && exporting->at == 0)
        rc = history_sequences(history, exporting->key, &exporting->events, fault);
    size_t left = exporting->events.count - exporting->at, count = left < A_STEP ? left : A_STEP;
    if (rc == RC_OK && count)
        rc = history_page(history, exporting->events.at + exporting->at, count, put_event, exporting, fault);
    exporting->at += count;
    *out_done = count == left;
    return rc;
}

/* The next part: the list before it ends, its own begins. Courses and items share one; what gathers shows
 * nothing. */
static void next_part(struct exporting *exporting)
{
    static const char *const names[] = {"enrollments", "progress", NULL, "catalog", NULL, "logs", "events"};
    struct json_out *out = &exporting->slow.out;

    exporting->at = 0;
    exporting->part++;
    if (exporting->part < ALL_DONE && !names[exporting->part])
        return;
    json_close(out, ']');
    if (exporting->part < ALL_DONE)
        json_put_open(out, names[exporting->part], '[');
    else
        json_close(out, '}');
}

static void begin_export(struct exporting *exporting)
{
    struct request *request = exporting->slow.request;
    struct face_context *context = face_of(request);
    struct json_out *out = &exporting->slow.out;

    if (exporting->snapshot.learner)
        exporting->records =
            records_of_learner(&request->arena, exporting->snapshot.learner, &exporting->record_count);
    if (exporting->snapshot.learner)
        exporting->others = arena_alloc(
            &request->arena, exporting->snapshot.learner->record_count * sizeof *exporting->others + 1);
    json_open(out, '{');
    json_put_text(out, "userId", face_call(request)->user.bytes);
    json_put_instant(out, "exportedAt", context->now_ms());
    json_put_open(out, "enrollments", '[');
}

static enum rc export_open(struct slow *slow, const struct read *found, struct fault *fault)
{
    struct exporting *exporting = (struct exporting *)slow;

    (void)fault;
    exporting->key = found->learner;
    snapshot_take(found->view, found->learner, &exporting->snapshot);
    return RC_OK;
}

static enum rc export_step(struct slow *slow, bool *out_last, struct fault *fault)
{
    struct exporting *exporting = (struct exporting *)slow;
    bool done = false;
    enum rc rc = RC_OK;

    if (!exporting->begun)
        begin_export(exporting);
    exporting->begun = true;
    const struct learner *learner = exporting->snapshot.learner;
    if (exporting->part == LOGS)
        rc = put_some_logs(exporting, &done, fault);
    else if (exporting->part == EVENTS)
        rc = put_some_events(exporting, &done, fault);
    else if (exporting->part == RECORDS)
        done = put_some(exporting, exporting->records ? exporting->record_count : 0);
    else if (exporting->part == GATHER && !exporting->others)
        done = true;
    else if (exporting->part == GATHER || exporting->part == ITEMS)
        done = put_some(exporting, learner ? learner->record_count : 0);
    else if (exporting->part == COURSES)
        done = put_some(exporting, (learner ? learner->enrolment_count : 0) + exporting->other_count);
    else
        done = put_some(exporting, learner ? learner->enrolment_count : 0);
    if (done && exporting->part == GATHER)
        settle_others(exporting);
    if (rc == RC_OK && done)
        next_part(exporting);
    *out_last = exporting->part == ALL_DONE;
    return rc;
}

static void export_close(struct slow *slow)
{
    struct exporting *exporting = (struct exporting *)slow;

    snapshot_done(&exporting->snapshot);
    sequences_done(&exporting->events);
}

const struct slow_handler own_export = {sizeof(struct exporting), .open = export_open, .step = export_step,
                                        .close = export_close};
