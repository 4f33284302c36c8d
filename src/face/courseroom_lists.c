#include "face/courseroom.h"

#include <stdlib.h>
#include <string.h>

#include "base/ident.h"
#include "base/instant.h"
#include "face/courseroom_out.h"
#include "face/csv.h"
#include "face/face.h"

/* Lists and sums of one course: /all, bulk, leaderboard, analytics. Contract 3. */

enum { LIMIT_MAX = 100, BULK_MAX = 1000 };

/* One enrolment with what it is sorted by. */
struct entry {
    const struct learner *learner;
    const struct enrolment *enrolment;
    struct text user;
    enum enrolment_state state;
    int64_t completion_ms;
};

enum sort { SORT_USER, SORT_PROGRESS, SORT_ENROLLED, SORT_COMPLETED, SORT_LEADERBOARD };

struct order {
    enum sort by;
    bool descending;
};

/* Integers by value, then texts: contract 3. */
static int compare_users(struct text a, struct text b)
{
    int64_t left, right;
    bool left_number = ident_integer(a.bytes, a.size, &left), right_number = ident_integer(b.bytes, b.size, &right);

    if (left_number != right_number)
        return left_number ? -1 : 1;
    if (left_number)
        return left < right ? -1 : left > right;
    return strcmp(a.bytes, b.bytes);
}

static int compare_numbers(int64_t a, int64_t b)
{
    return a < b ? -1 : a > b;
}

static int compare_leaders(const struct entry *a, const struct entry *b)
{
    const struct enrolment *left = a->enrolment, *right = b->enrolment;
    int result = compare_numbers(right->completed_required, left->completed_required);

    if (!result)
        result = compare_numbers(right->completed_items, left->completed_items);
    bool left_active = left->last_activity_ms != INSTANT_NEVER, right_active = right->last_activity_ms != INSTANT_NEVER;
    if (!result && left_active != right_active)
        result = left_active ? -1 : 1;
    if (!result)
        result = compare_numbers(left->last_activity_ms, right->last_activity_ms);
    return result;
}

static int compare(const void *left, const void *right, void *arg)
{
    const struct entry *a = left, *b = right;
    const struct order *order = arg;
    int result = 0;

    if (order->by == SORT_PROGRESS) /* one course, so the percent goes with the count */
        result = compare_numbers(a->enrolment->completed_required, b->enrolment->completed_required);
    else if (order->by == SORT_ENROLLED)
        result = compare_numbers(a->enrolment->enrolled_at_ms, b->enrolment->enrolled_at_ms);
    else if (order->by == SORT_COMPLETED && (a->completion_ms == INSTANT_NEVER) != (b->completion_ms == INSTANT_NEVER))
        return a->completion_ms != INSTANT_NEVER ? -1 : 1; /* nulls last, whatever the order */
    else if (order->by == SORT_COMPLETED)
        result = compare_numbers(a->completion_ms, b->completion_ms);
    else if (order->by == SORT_LEADERBOARD)
        result = compare_leaders(a, b);
    if (order->descending)
        result = -result;
    return result ? result : compare_users(a->user, b->user);
}

/* The course's enrolments (all, or of one state; dropped and expired left out when asked). NULL: out of memory. */
static struct entry *collect(struct request *request, struct view view, uint32_t course,
                             const enum enrolment_state *only, bool live_only, int64_t *out_count)
{
    const struct keys *roster = &view_course_slot(view, course)->roster;
    struct course_facts facts = view_course_facts(view, course);
    struct entry *entries = arena_alloc(&request->arena, (roster->count + 1) * sizeof *entries);

    *out_count = 0;
    for (uint32_t i = 0; entries && i < roster->count; i++) {
        const struct learner *learner = view_learner(view, roster->at[i]);
        const struct enrolment *enrolment = learner ? learner_enrolment(learner, course) : NULL;
        if (!enrolment)
            continue;
        enum enrolment_state state = enrolment_state(enrolment, &facts);
        if ((only && state != *only) || (live_only && (state == ENR_DROPPED || state == ENR_EXPIRED)))
            continue;
        const struct learner_slot *slot = view_learner_slot(view, roster->at[i]);
        entries[(*out_count)++] = (struct entry){learner, enrolment, slot_id(slot->id, slot->id_size), state,
                                                 enrolment_completion_ms(enrolment, &facts)};
    }
    return entries;
}

/* Path, right, existence of a course's list. */
static enum rc find_course(struct request *request, struct view view, uint32_t *out_course, struct fault *fault)
{
    struct text id;
    enum rc rc = courseroom_param(request, 0, "courseId", &id, fault);

    if (rc != RC_OK)
        return rc;
    *out_course = view_course_key(view, id.bytes, id.size);
    rc = face_may(request, view, ACCESS_COURSE_STAFF, (struct text){NULL, 0}, *out_course, true, fault);
    return rc == RC_OK ? face_course(view, id, out_course, fault) : rc;
}

/* Headers of tables without rows. */
static const char member_columns[] =
    "userId,enrollments.enrollmentId,enrollments.userId,enrollments.courseId,enrollments.enrollmentStatus,"
    "enrollments.enrollmentDate,enrollments.completionDate,activityLogs,progressSummary.totalContent,"
    "progressSummary.completedContent,progressSummary.overallProgressPercent";
static const char leader_columns[] = "rank,userId,progressPercent,completedContent,totalContent,totalActivityHours,"
                                     "lastActivityDate,enrollmentStatus";

/* ---- GET .../all ---- */

struct list_query {
    struct order order;
    bool filtered;
    enum enrolment_state status;
    int64_t page, limit;
};

static enum rc read_query(struct request *request, struct list_query *query, struct fault *fault)
{
    static const struct { const char *name; enum sort by; } sorts[] = {
        {"progress", SORT_PROGRESS}, {"enrollmentDate", SORT_ENROLLED}, {"completionDate", SORT_COMPLETED}};
    const char *status, *sort, *order;
    enum rc rc = request_query(request, "status", &status, fault);

    if (rc == RC_OK)
        rc = request_query(request, "sortBy", &sort, fault);
    if (rc == RC_OK)
        rc = request_query(request, "order", &order, fault);
    if (rc == RC_OK)
        rc = face_query_number(request, "page", 1, INT32_MAX, &query->page, fault);
    if (rc == RC_OK)
        rc = face_query_number(request, "limit", 1, LIMIT_MAX, &query->limit, fault);
    if (rc != RC_OK)
        return rc;
    query->filtered = status != NULL;
    if (status && !state_by_name(status, &query->status))
        return fault_set(fault, RC_INVALID, "status", "must be one of the six enrollment states");
    bool known = sort == NULL;
    for (size_t i = 0; sort && i < sizeof sorts / sizeof *sorts; i++)
        if (strcmp(sort, sorts[i].name) == 0) {
            query->order.by = sorts[i].by;
            known = true;
        }
    if (!known)
        return fault_set(fault, RC_INVALID, "sortBy", "must be progress, enrollmentDate or completionDate");
    query->order.descending = query->order.by == SORT_PROGRESS;
    if (order && strcasecmp(order, "asc") != 0 && strcasecmp(order, "desc") != 0)
        return fault_set(fault, RC_INVALID, "order", "must be asc or desc");
    if (order)
        query->order.descending = strcasecmp(order, "desc") == 0;
    return RC_OK;
}

static void put_pagination(struct json_out *out, const struct list_query *query, int64_t total)
{
    int64_t pages = (total + query->limit - 1) / query->limit;

    json_put_open(out, "pagination", '{');
    json_put_int(out, "page", query->page);
    json_put_int(out, "limit", query->limit);
    json_put_int(out, "total", total);
    json_put_int(out, "totalPages", pages);
    json_put_bool(out, "hasMore", query->page < pages);
    json_close(out, '}');
}

void courseroom_all(struct request *request)
{
    struct face_context *context = face_of(request);
    struct json_out out = {&request->out, false};
    struct list_query query = {.page = 1, .limit = 20};
    struct fault fault = {NULL, NULL};
    struct text id;
    uint32_t course = 0;
    enum rc rc = courseroom_param(request, 0, "courseId", &id, &fault);

    if (rc == RC_OK)
        rc = read_query(request, &query, &fault);
    struct view view = image_read_begin(context->image);
    if (rc == RC_OK)
        rc = find_course(request, view, &course, &fault);
    int64_t count = 0;
    struct entry *entries =
        rc == RC_OK ? collect(request, view, course, query.filtered ? &query.status : NULL, false, &count) : NULL;
    if (rc == RC_OK && !entries)
        rc = fault_set(&fault, RC_BUSY, NULL, "out of memory");
    if (rc == RC_OK) {
        qsort_r(entries, (size_t)count, sizeof *entries, compare, &query.order);
        courseroom_open(&out, "All users progress retrieved successfully");
        json_open(&out, '[');
        for (int64_t i = (query.page - 1) * query.limit; i < count && i < query.page * query.limit; i++)
            courseroom_put_member(&out, &request->arena, view, context->zone, entries[i].user, course,
                                  entries[i].learner);
        json_close(&out, ']');
        put_pagination(&out, &query, count);
        json_close(&out, '}');
    }
    image_read_end(view);
    if (rc == RC_OK)
        face_reply_table(request, "results", member_columns);
    else
        request_fail(request, rc, &fault);
}

/* ---- POST /user-progress/bulk: a read ---- */

static enum rc read_users(struct request *request, const struct body *body, struct text **out_users,
                          size_t *out_count, struct fault *fault)
{
    json_t *list = body_get(body, "userIds"), *entry;
    size_t index;

    if (!json_is_array(list))
        return fault_set(fault, RC_INVALID, "userIds", list ? "must be an array" : "is required");
    if (json_array_size(list) > BULK_MAX)
        return fault_set(fault, RC_INVALID, "userIds", "has at most 1,000 ids");
    struct text *users = arena_alloc(&request->arena, (json_array_size(list) + 1) * sizeof *users);
    if (!users)
        return fault_set(fault, RC_BUSY, NULL, "out of memory");
    json_array_foreach(list, index, entry) {
        enum rc rc = json_in_id(&request->arena, entry, "userIds", &users[index].bytes, &users[index].size, fault);
        if (rc != RC_OK)
            return rc;
    }
    *out_users = users;
    *out_count = json_array_size(list);
    return RC_OK;
}

void courseroom_bulk(struct request *request)
{
    struct face_context *context = face_of(request);
    struct json_out out = {&request->out, false};
    struct fault fault = {NULL, NULL};
    struct text id = {NULL, 0}, *users = NULL;
    size_t count = 0;
    uint32_t course = 0;
    BODY body = {NULL, SPELLING_EXACT};
    enum rc rc = face_body(request, BODY_GZIP, SPELLING_EXACT, &body, &fault);

    if (rc == RC_OK)
        rc = courseroom_id(request, &body, "courseId", &id, &fault);
    if (rc == RC_OK)
        rc = read_users(request, &body, &users, &count, &fault);
    struct view view = image_read_begin(context->image);
    if (rc == RC_OK)
        rc = face_may(request, view, ACCESS_COURSE_STAFF, (struct text){NULL, 0},
                      view_course_key(view, id.bytes, id.size), true, &fault);
    if (rc == RC_OK)
        rc = face_course(view, id, &course, &fault);
    if (rc == RC_OK) {
        courseroom_open(&out, "Users progress retrieved successfully");
        json_open(&out, '[');
        for (size_t i = 0; i < count; i++)
            courseroom_put_member(&out, &request->arena, view, context->zone, users[i], course,
                                  view_learner(view, view_learner_key(view, users[i].bytes, users[i].size)));
        json_close(&out, ']');
        json_close(&out, '}');
    }
    face_end_read(request, view, rc, &fault);
}

/* ---- GET .../leaderboard ---- */

static bool same_rank(const struct entry *a, const struct entry *b)
{
    return a->enrolment->completed_required == b->enrolment->completed_required &&
           a->enrolment->completed_items == b->enrolment->completed_items;
}

static wide activity_ms(struct view view, const struct learner *learner, uint32_t course)
{
    wide ms = 0;

    for (uint32_t i = 0; i < learner->record_count; i++)
        if (view_item_facts(view, learner->records[i].item).course == course)
            ms += learner->records[i].time_spent_ms;
    return ms;
}

static void put_leader(struct json_out *out, struct view view, uint32_t course, const struct entry *entry,
                       int64_t rank)
{
    struct course_facts facts = view_course_facts(view, course);

    json_open(out, '{');
    json_put_int(out, "rank", rank);
    json_put_id(out, "userId", entry->user);
    json_put_hundredths(out, "progressPercent",
                        course_percent_hundredths(entry->enrolment->completed_required, facts.required));
    json_put_int(out, "completedContent", entry->enrolment->completed_items);
    json_put_int(out, "totalContent", facts.items);
    json_put_hundredths(out, "totalActivityHours",
                        rounded_ratio(activity_ms(view, entry->learner, course), 100, 3600000));
    json_put_instant(out, "lastActivityDate", entry->enrolment->last_activity_ms);
    json_put_text(out, "enrollmentStatus", state_name(entry->state));
    json_close(out, '}');
}

void courseroom_leaderboard(struct request *request)
{
    struct json_out out = {&request->out, false};
    struct list_query query = {.page = 1, .limit = 20, .order = {SORT_LEADERBOARD, false}};
    struct fault fault = {NULL, NULL};
    struct text id;
    uint32_t course = 0;
    int64_t count = 0;
    enum rc rc = courseroom_param(request, 0, "courseId", &id, &fault);

    if (rc == RC_OK)
        rc = face_query_number(request, "page", 1, INT32_MAX, &query.page, &fault);
    if (rc == RC_OK)
        rc = face_query_number(request, "limit", 1, LIMIT_MAX, &query.limit, &fault);
    struct view view = image_read_begin(face_of(request)->image);
    if (rc == RC_OK)
        rc = find_course(request, view, &course, &fault);
    struct entry *entries = rc == RC_OK ? collect(request, view, course, NULL, true, &count) : NULL;
    if (rc == RC_OK && !entries)
        rc = fault_set(&fault, RC_BUSY, NULL, "out of memory");
    if (rc == RC_OK) {
        int64_t rank = 0, from = (query.page - 1) * query.limit;
        qsort_r(entries, (size_t)count, sizeof *entries, compare, &query.order);
        courseroom_open(&out, "Leaderboard retrieved successfully");
        json_open(&out, '[');
        for (int64_t i = 0; i < count && i < from + query.limit; i++) {
            if (i == 0 || !same_rank(&entries[i - 1], &entries[i]))
                rank = i + 1;
            if (i >= from)
                put_leader(&out, view, course, &entries[i], rank);
        }
        json_close(&out, ']');
        put_pagination(&out, &query, count);
        json_close(&out, '}');
    }
    image_read_end(view);
    if (rc == RC_OK)
        face_reply_table(request, "results", leader_columns);
    else
        request_fail(request, rc, &fault);
}

/* ---- GET .../analytics: from the sums alone, whatever the course's size ---- */

static void put_content(struct json_out *out, const struct item_slot *slot)
{
    json_open(out, '{');
    json_put_id(out, "contentId", slot_id(slot->id, slot->id_size));
    json_put_int(out, "completionCount", slot->sums.completed);
    json_put_hundredths(out, "avgDuration", rounded_ratio(slot->sums.time_spent_ms, 100, 1000 * slot->sums.records));
    json_close(out, '}');
}

static void put_contents(struct json_out *out, struct view view, const struct course_def *def)
{
    const struct item_slot *best = NULL;

    for (uint32_t i = 0; i < def->item_count; i++) {
        const struct item_slot *slot = view_item_slot(view, def->items[i]);
        if (slot->sums.records &&
            (!best || slot->sums.completed > best->sums.completed ||
             (slot->sums.completed == best->sums.completed && slot->sums.time_spent_ms > best->sums.time_spent_ms)))
            best = slot;
    }
    json_name(out, "contentEngagement");
    if (best)
        put_content(out, best);
    else
        json_null_value(out);
    json_put_open(out, "contents", '[');
    for (uint32_t i = 0; i < def->item_count; i++)
        put_content(out, view_item_slot(view, def->items[i]));
    json_close(out, ']');
}

static void put_analytics(struct json_out *out, struct view view, uint32_t course, int32_t today)
{
    const struct course_def *def = view_course(view, course);
    struct course_facts facts = view_course_facts(view, course);
    struct course_figures figures = course_sums_figures(&view_course_slot(view, course)->sums, &facts, today);
    int64_t activities = 0;

    for (uint32_t i = 0; i < def->item_count; i++)
        activities += view_item_slot(view, def->items[i])->sums.records;
    json_open(out, '{');
    json_put_int(out, "totalEnrollments", figures.total);
    json_put_int(out, "activeUsers", figures.active);
    json_put_int(out, "completedUsers", figures.completed);
    json_put_hundredths(out, "averageProgress",
                        rounded_ratio(figures.completed_required, 10000, figures.total * facts.required));
    json_put_hundredths(out, "completionRate", rounded_ratio(figures.completed, 10000, figures.total));
    json_put_int(out, "averageCompletionTime", rounded_ratio(figures.completion_days, 1, figures.dated));
    json_put_int(out, "totalActivities", activities);
    put_contents(out, view, def);
    json_close(out, '}');
}

void courseroom_analytics(struct request *request)
{
    struct face_context *context = face_of(request);
    struct json_out out = {&request->out, false};
    struct fault fault = {NULL, NULL};
    uint32_t course = 0;
    struct view view = image_read_begin(context->image);
    enum rc rc = find_course(request, view, &course, &fault);

    if (rc == RC_OK) {
        courseroom_open(&out, "Course analytics retrieved successfully");
        put_analytics(&out, view, course, instant_day(context->now_ms()));
        json_close(&out, '}');
    }
    face_end_read(request, view, rc, &fault);
}
