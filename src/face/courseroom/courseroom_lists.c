#include "face/courseroom/courseroom_lists.h"

#include <string.h>

#include "base/instant.h"
#include "core/words.h"
#include "face/courseroom/courseroom_decode.h"
#include "face/courseroom/courseroom_encode.h"
#include "face/courseroom/courseroom_query.h"
#include "face/courseroom/courseroom_rows.h"
#include "face/show.h"

enum { BULK_MAX = 1000, SMALL_ROSTER = 256 };

/* One answer under way. */
struct listing {
    struct slow slow;
    struct row_out to;
    uint32_t course;
    struct courseroom_query query;
    struct risk_measure measure;
    const char *message;
    struct text *users; /* bulk's */
    struct text reader;
    size_t user_count;
    struct roster *roster; /* of the others */
    bool leaders, ordered, opened, in_row;
    size_t at;
    struct courseroom_row row;
};

/* ---- the order ---- */

static int64_t reversed(int64_t value)
{
    return value == INT64_MIN ? INT64_MAX : -value;
}

static bool take_participant(const void *arg, struct view view, const struct learner *learner,
                             const struct enrolment *enrolment, int64_t out_by[2])
{
    const struct listing *list = arg;
    const struct courseroom_query *query = &list->query;
    struct course_facts facts = view_course_facts(view, enrolment->course);
    int64_t completed_ms = enrolment_completion_ms(enrolment, &facts);

    if ((query->filtered && enrolment_state(enrolment, &facts) != query->status) ||
        (query->inactive_days &&
         !enrolment_is_inactive(enrolment, &facts, query->inactive_days, list->measure.now_ms)) ||
        (query->at_risk && !enrolment_risks(enrolment, &list->measure)) ||
        !any_case_is_in(&query->part, view_id(view, ENTITY_LEARNER, learner->key)))
        return false;
    if (query->by == SORT_PROGRESS) /* one course, so the percent goes with the count */
        out_by[1] = enrolment->completed_required;
    else if (query->by == SORT_ENROLLED)
        out_by[1] = enrolment->enrolled_at_ms;
    else if (query->by == SORT_ACTIVITY)
        out_by[1] = enrolment_active_ms(enrolment);
    else if (query->by == SORT_COMPLETED) {
        out_by[0] = completed_ms == INSTANT_NEVER; /* nulls last, whatever the order */
        out_by[1] = out_by[0] ? 0 : completed_ms;
    }
    if (query->descending)
        out_by[1] = reversed(out_by[1]);
    return true;
}

/* Percent and completedContent together are what a rank is shared on. */
static bool take_leader(const void *arg, struct view view, const struct learner *learner,
                        const struct enrolment *enrolment, int64_t out_by[2])
{
    (void)arg;
    (void)view;
    (void)learner;
    if (enrolment->class == CLASS_DROPPED || enrolment->class == CLASS_EXPIRED)
        return false;
    out_by[0] = -((int64_t)enrolment->completed_required << 31 | enrolment->completed_items);
    out_by[1] = enrolment->last_activity_ms == INSTANT_NEVER ? INT64_MAX : enrolment->last_activity_ms;
    return true;
}

/* ---- rows ---- */

static void put_leader_members(struct json_out *out, const struct participant *participant, uint32_t rank)
{
    const struct enrolment *enrolment = participant->enrolment;

    json_open(out, '{');
    json_put_int(out, "rank", rank);
    json_put_id(out, "userId", (struct text){participant->id.bytes, participant->id.size});
    json_put_hundredths(
        out, "progressPercent",
        course_percent_hundredths(enrolment->completed_required, participant->facts.required));
    json_put_int(out, "completedContent", enrolment->completed_items);
    json_put_int(out, "totalContent", participant->facts.items);
    json_put_hundredths(out, "totalActivityHours", rounded_ratio(participant->time_spent_ms, 100, 3600000));
    json_put_instant(out, "lastActivityDate", enrolment->last_activity_ms);
    json_put_text(out, "enrollmentStatus",
                  word_of_state(enrolment_state(enrolment, &participant->facts), WORDS_UPPER));
    json_close(out, '}');
}

static void put_leader(struct row_out *to, const struct participant *participant, uint32_t rank, bool names)
{
    if (to->csv) {
        struct json_out json = row_scratch(to);
        put_leader_members(&json, participant, rank);
        row_cells(to, names);
        buf_text(to->out, "\r\n");
    } else {
        struct json_out json = {to->out, to->comma};
        put_leader_members(&json, participant, rank);
        to->comma = json.comma;
    }
}

static void open_list(struct listing *list)
{
    static const struct enrolment any = {0}; /* what it says does not matter, only its members */
    struct json_out json = {list->to.out, false};

    list->opened = true;
    if (list->to.csv && list->leaders) {
        put_leader(&list->to, &(struct participant){.id = {"0", 1}, .enrolment = &any}, 0, true);
    } else if (list->to.csv) {
        courseroom_row_header(&list->to, list->course);
    } else {
        courseroom_open(&json, list->message);
        json_open(&json, '[');
    }
}

static void close_list(struct listing *list)
{
    struct json_out out = {list->to.out, true};
    const struct courseroom_query *query = &list->query;

    if (list->to.csv)
        return;
    json_close(&out, ']');
    if (list->roster) {
        courseroom_put_pages(&out, query, list->roster);
        if (!list->leaders)
            courseroom_put_cursor(&out, query, list->roster);
    }
    json_close(&out, '}');
}

static void open_row(struct listing *list)
{
    struct service *service = list->to.context->service;

    if (list->roster) {
        uint32_t learner = roster_entry(list->roster, list->at).learner;
        courseroom_row_open(&list->row, service_model(service), learner, list->course,
                            (struct text){NULL, 0});
    } else {
        struct text user = list->users[list->at];
        struct view view = service_read_begin(service);
        uint32_t learner = view_learner_key(view, user.bytes, user.size);
        service_read_end(view);
        courseroom_row_open(&list->row, service_model(service), learner, list->course, user);
        list->row.participant.hides_previews = !text_equal(user, list->reader);
    }
    list->in_row = true;
}

static enum rc step_row(struct listing *list, struct fault *fault)
{
    struct participant *participant = &list->row.participant;
    bool done = true;
    enum rc rc = RC_OK;

    if (!list->in_row)
        open_row(list);
    if (list->leaders && participant->enrolment) {
        rc = participant_pick(participant, service_model(list->to.context->service), false, &done, fault);
        if (rc == RC_OK && done)
            put_leader(&list->to, participant, roster_entry(list->roster, list->at).rank, false);
    } else if (!list->roster || participant->enrolment) { /* else erased since the list was sorted */
        rc = courseroom_row_step(&list->row, &list->to, &done, fault);
    }
    if (done) {
        participant_done(participant);
        list->in_row = false;
        list->at++;
    }
    return rc;
}

static enum rc step(struct slow *slow, bool *out_last, struct fault *fault)
{
    struct listing *list = (struct listing *)slow;

    list->to.out = slow->out.buf;
    if (list->roster && !list->ordered)
        return roster_step(list->roster, &list->ordered, fault);
    if (!list->opened)
        open_list(list);
    if (list->at < (list->roster ? roster_count(list->roster) : list->user_count))
        return step_row(list, fault);
    close_list(list);
    *out_last = true;
    return RC_OK;
}

static void close_listing(struct slow *slow)
{
    struct listing *list = (struct listing *)slow;

    if (list->in_row)
        participant_done(&list->row.participant);
    roster_free(list->roster);
    buf_done(&list->to.scratch);
}

static void begin(struct listing *list, const char *message)
{
    list->to.context = face_of(list->slow.request);
    list->to.csv = list->slow.csv;
    list->query.page = 1;
    list->message = message;
}

static enum rc decode_all(struct slow *slow, const struct body *body, struct fault *fault)
{
    struct listing *list = (struct listing *)slow;

    (void)body;
    begin(list, "All users progress retrieved successfully");
    return courseroom_read_query(slow->request, slow->csv, &list->query, fault);
}

static enum rc decode_leaders(struct slow *slow, const struct body *body, struct fault *fault)
{
    struct listing *list = (struct listing *)slow;

    (void)body;
    begin(list, "Leaderboard retrieved successfully");
    list->leaders = true;
    return courseroom_read_page(slow->request, slow->csv, &list->query, fault);
}

/* As the course is now: whoever is at risk is so by one measure, however long the list takes. */
static void measure(struct listing *list, struct view view)
{
    int64_t now_ms = list->to.context->now_ms();
    struct course_facts facts = view_course_facts(view, list->course);
    struct course_figures figures =
        course_sums_figures(view_course_sums(view, list->course), &facts, instant_day(now_ms));

    list->measure = (struct risk_measure){facts, now_ms, figures.total, figures.completed_required};
    list->to.measure = list->query.at_risk ? &list->measure : NULL;
    list->to.no_logs = list->query.no_logs;
}

/* The course's learners in the order that is asked for. */
static enum rc open_roster(struct slow *slow, const struct read *found, struct fault *fault)
{
    struct listing *list = (struct listing *)slow;

    if (!view_course(found->view, found->course))
        return fault_set(fault, RC_NOT_FOUND, NULL, "Course not found");
    list->course = found->course;
    measure(list, found->view);
    slow->small = view_roster(found->view, found->course)->count <= SMALL_ROSTER;
    struct roster_query roster = {
        .course = list->course,
        .take = list->leaders ? take_leader : take_participant,
        .arg = list,
    };
    courseroom_page(&list->query, &roster);
    return roster_new(service_model(face_of(slow->request)->service), &roster, &list->roster, fault);
}

const struct slow_handler courseroom_all = {sizeof(struct listing), .decode = decode_all,
                                            .open = open_roster,    .step = step,
                                            .close = close_listing, .writes_csv = true};
const struct slow_handler courseroom_leaderboard = {sizeof(struct listing), .decode = decode_leaders,
                                                    .open = open_roster,    .step = step,
                                                    .close = close_listing, .writes_csv = true};

/* ---- POST /user-progress/bulk: a read ---- */

static enum rc read_users(struct request *request, const struct body *body, struct listing *list,
                          struct fault *fault)
{
    json_t *ids = body_get(body, "userIds"), *entry;
    size_t index;

    if (!json_is_array(ids))
        return fault_set(fault, RC_INVALID, "userIds", ids ? "must be an array" : "is required");
    if (json_array_size(ids) > BULK_MAX)
        return fault_set(fault, RC_INVALID, "userIds", "has at most 1,000 ids");
    list->user_count = json_array_size(ids);
    list->users = arena_alloc(&request->arena, (list->user_count + 1) * sizeof *list->users);
    if (!list->users)
        return fault_no_memory(fault);
    json_array_foreach(ids, index, entry)
    {
        enum rc rc = courseroom_id_of(request, entry, "userIds", &list->users[index], fault);
        if (rc != RC_OK)
            return rc;
    }
    return RC_OK;
}

static enum rc decode_bulk(struct slow *slow, const struct body *body, struct fault *fault)
{
    struct listing *list = (struct listing *)slow;
    const struct caller *caller = face_caller(slow->request);

    begin(list, "Users progress retrieved successfully");
    list->reader = (struct text){caller->id, caller->id_size};
    enum rc rc = courseroom_id(slow->request, body, "courseId", &face_call(slow->request)->course, fault);
    return rc == RC_OK ? read_users(slow->request, body, list, fault) : rc;
}

static enum rc open_bulk(struct slow *slow, const struct read *found, struct fault *fault)
{
    struct listing *list = (struct listing *)slow;

    if (!view_course(found->view, found->course))
        return fault_set(fault, RC_NOT_FOUND, NULL, "Course not found");
    list->course = found->course;
    slow->small = list->user_count <= SMALL_ROSTER;
    return RC_OK;
}

const struct slow_handler courseroom_bulk = {sizeof(struct listing), .decode = decode_bulk, .open = open_bulk,
                                             .step = step, .close = close_listing};
