#include "face/own/own_catalog_list.h"

#include "app/course_overview.h"
#include "base/any_case.h"
#include "base/instant.h"
#include "face/show.h"
#include "app/snapshot.h"

enum { PAGE_DEFAULT = 20, PAGE_MAX = 100 };

/* Looking at a course costs its staff, some of whom are compared in the time of a step. */
enum { STAFF_A_STEP = 16 };

/* The courses that the caller may act on, or a page of them: in the order of their first sight. */
struct list_read {
    struct slow slow;
    int64_t page, limit;  /* limit 0: all, without pages */
    struct any_case part; /* of id or title */
    uint32_t at;          /* the course looked at last */
    int64_t total;
};

static void put_line(struct json_out *out, struct view view, uint32_t course, const struct course_def *def,
                     int32_t today)
{
    struct course_overview overview = course_overview(view, course, today);

    json_open(out, '{');
    json_put_text(out, "id", view_id(view, ENTITY_COURSE, course).bytes);
    json_put_text(out, "title", def->title.bytes);
    json_put_bool(out, "declared", def->declared);
    json_put_int(out, "contents", def->item_count);
    json_put_int(out, "enrollments", overview.enrolments);
    json_put_int(out, "completed", overview.completed);
    json_put_hundredths(out, "averageProgress", overview.average_hundredths);
    json_put_instant(out, "lastActivityAt", overview.last_activity_ms);
    json_close(out, '}');
}

static bool is_listed(struct list_read *read, struct view view, uint32_t course, const struct course_def *def)
{
    struct fault unused;

    return (any_case_is_in(&read->part, view_id(view, ENTITY_COURSE, course)) ||
            any_case_is_in(&read->part, def->title)) &&
           face_may(read->slow.request, view, ACCESS_COURSE_STAFF, (struct text){NULL, 0}, course, true,
                    &unused) == RC_OK;
}

static enum rc list_step(struct slow *slow, bool *out_last, struct fault *fault)
{
    struct list_read *read = (struct list_read *)slow;
    struct face_context *context = face_of(slow->request);
    int32_t today = instant_day(context->now_ms());

    (void)fault;
    if (read->at == 0) {
        json_open(&slow->out, '{');
        json_put_open(&slow->out, "courses", '[');
    }
    struct view view = service_read_begin(context->service);
    for (uint32_t steps = 0; read->at < view_count(view, ENTITY_COURSE) && steps < STEPS_A_HOLD;) {
        const struct course_def *def = view_course(view, ++read->at);
        steps += 1 + (def ? def->staff_count / STAFF_A_STEP : 0);
        if (!def || !is_listed(read, view, read->at, def))
            continue;
        if (!read->limit || read->total / read->limit == read->page - 1)
            put_line(&slow->out, view, read->at, def, today);
        read->total++;
    }
    *out_last = read->at >= view_count(view, ENTITY_COURSE);
    service_read_end(view);
    if (*out_last) {
        json_close(&slow->out, ']');
        if (read->limit)
            json_put_pagination(&slow->out, read->page, read->limit, read->total);
        json_close(&slow->out, '}');
    }
    return RC_OK;
}

static enum rc list_decode(struct slow *slow, const struct body *body, struct fault *fault)
{
    struct list_read *read = (struct list_read *)slow;
    const char *part = NULL;
    enum rc rc = face_query_number(slow->request, "page", 1, INT32_MAX, &read->page, fault);

    (void)body;
    if (rc == RC_OK)
        rc = face_query_number(slow->request, "limit", 1, PAGE_MAX, &read->limit, fault);
    if (rc == RC_OK)
        rc = request_query(slow->request, "q", &part, fault);
    if (rc == RC_OK && !any_case_make(&slow->request->arena, part ? part : "", &read->part))
        rc = fault_no_memory(fault);
    if (read->page && !read->limit)
        read->limit = PAGE_DEFAULT;
    if (!read->page)
        read->page = 1;
    slow->small = true; /* one hold a step */
    return rc;
}

const struct slow_handler own_catalog_list = {sizeof(struct list_read), .decode = list_decode,
                                              .step = list_step};
