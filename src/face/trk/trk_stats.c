#include "face/trk/trk_stats.h"

#include <string.h>

#include "app/roster.h"
#include "app/snapshot.h"
#include "face/csv.h"
#include "face/show.h"
#include "face/trk/trk_encode.h"

enum { LIMIT_MAX = 100, FEW_LEARNERS = 25, TURNS_A_STEP = 64 };

static const char stats_columns[] =
    "user.id,user.username,user.email,completionPercentage,completedContent,totalTimeSpent,"
    "enrollment.enrolledAt,enrollment.status,contentProgress";

struct stats_read {
    struct slow slow;
    uint32_t course;
    int64_t page, limit; /* limit 0: all */
    enum { STATS_ROSTER, STATS_TYPES, STATS_HEAD, STATS_PARTICIPANT, STATS_RECORDS, STATS_END } phase;
    struct roster *roster;
    const struct course_def *def;
    struct types types;
    struct item_sums all;
    uint32_t at; /* item, then record */
    size_t row;  /* of the roster */
    struct participant participant;
    struct buf cells; /* a row's JSON, of a table */
};

/* Best first: what is completed of the required, then of all. */
static bool take_participant(const void *arg, struct view view, const struct learner *learner,
                             const struct enrolment *enrolment, int64_t out_by[2])
{
    (void)arg;
    (void)view;
    (void)learner;
    out_by[0] = -(int64_t)enrolment->completed_required;
    out_by[1] = -(int64_t)enrolment->completed_items;
    return true;
}

/* The course's sums by type, from the items' sums: the same work however many learners there are. */
static enum rc sum_types(struct stats_read *read, struct view view)
{
    const struct course_def *def = read->def;

    for (uint32_t steps = STEPS_A_HOLD; read->at < def->item_count && steps > 0; read->at++, steps--) {
        if (!types_add(&read->types, &read->all, view, def->items[read->at]))
            return RC_BUSY;
    }
    if (read->at == def->item_count)
        read->phase = STATS_HEAD;
    return RC_OK;
}

static void put_overview(struct stats_read *read)
{
    struct json_out *out = &read->slow.out;
    const struct types *types = &read->types;

    json_put_open(out, "overview", '{');
    json_put_int(out, "totalUsers", (int64_t)roster_total(read->roster));
    json_put_int(out, "totalContent", read->def->item_count);
    json_put_int(out, "totalProgress", read->all.records);
    json_close(out, '}');
    json_put_open(out, "progressByStatus", '{');
    json_put_int(out, "completed", read->all.completed);
    json_put_int(out, "inProgress", read->all.in_progress);
    json_put_int(out, "notStarted", read->all.not_started);
    json_close(out, '}');
    json_put_open(out, "completionRates", '{');
    for (uint32_t i = 0; i < types->count; i++)
        json_put_hundredths(out, types->at[i].name,
                            rounded_ratio(types->at[i].sums.completed, 10000, types->at[i].sums.records));
    json_close(out, '}');
    json_put_open(out, "averageTimeSpent", '{');
    for (uint32_t i = 0; i < types->count; i++)
        json_put_scaled(
            out, types->at[i].name,
            rounded_ratio(types->at[i].sums.time_spent_ms, 100, 60000 * types->at[i].sums.records), 2);
    json_close(out, '}');
}

static void put_stats_head(struct stats_read *read, struct view view)
{
    read->phase = STATS_PARTICIPANT;
    if (read->slow.csv) {
        buf_text(read->slow.out.buf, stats_columns);
        buf_text(read->slow.out.buf, "\r\n");
        return;
    }
    trk_open(&read->slow.out, "Module progress statistics retrieved successfully");
    json_open(&read->slow.out, '{');
    json_name(&read->slow.out, "module");
    trk_put_module(&read->slow.out, &read->slow.request->arena, view, read->course);
    put_overview(read);
    json_put_open(&read->slow.out, "userProgressSummary", '[');
}

static void put_participant_head(struct stats_read *read, struct json_out *out)
{
    const struct participant *participant = &read->participant;
    wide ms = 0;

    for (uint32_t i = 0; i < participant->record_count; i++)
        ms += participant->records[i]->time_spent_ms;
    json_open(out, '{');
    json_put_open(out, "user", '{');
    json_put_text(out, "id", participant->id.bytes);
    json_put_text(out, "username", participant->id.bytes);
    json_put_null(out, "email");
    json_close(out, '}');
    json_put_int(out, "completionPercentage",
                 trk_course_percent(participant->enrolment->completed_required, participant->facts.required));
    json_put_int(out, "completedContent", participant->enrolment->completed_items);
    trk_put_minutes(out, "totalTimeSpent", ms);
    json_put_open(out, "enrollment", '{');
    json_put_instant(out, "enrolledAt", participant->enrolment->enrolled_at_ms);
    json_put_text(out, "status", trk_state(enrolment_state(participant->enrolment, &participant->facts)));
    json_close(out, '}');
    json_put_open(out, "contentProgress", '[');
}

/* The next of the page: their records are picked, then listed. */
static enum rc open_participant(struct stats_read *read, struct fault *fault)
{
    struct service *service = face_of(read->slow.request)->service;
    struct participant *participant = &read->participant;
    bool picked = false;

    if (!participant->state) {
        if (read->row == roster_count(read->roster)) {
            read->phase = STATS_END;
            return RC_OK;
        }
        participant_open(participant, service_model(service), roster_entry(read->roster, read->row).learner,
                         read->course);
        if (!participant->enrolment) { /* erased meanwhile */
            participant_done(participant);
            read->row++;
            return RC_OK;
        }
    }
    enum rc rc = participant_pick(participant, service_model(service), true, &picked, fault);
    if (rc == RC_OK && picked) {
        struct json_out row = {&read->cells, false};
        put_participant_head(read, read->slow.csv ? &row : &read->slow.out);
        read->phase = STATS_RECORDS;
        read->at = 0;
    }
    return rc;
}

static void put_participant_records(struct stats_read *read, struct view view)
{
    const struct participant *participant = &read->participant;
    struct json_out row = {&read->cells, read->at > 0}, *out = read->slow.csv ? &row : &read->slow.out;

    for (uint32_t steps = STEPS_A_HOLD; read->at < participant->record_count && steps > 0;
         read->at++, steps--) {
        const struct record *record = participant->records[read->at];
        json_open(out, '{');
        json_put_text(out, "contentId", view_id(view, ENTITY_ITEM, record->item).bytes);
        json_put_text(out, "status", trk_status(record));
        json_put_int(out, "progressPercentage",
                     trk_percent(record->percent_hundredths, 10000, record->status == ITEM_COMPLETED));
        trk_put_minutes(out, "timeSpent", record->time_spent_ms);
        json_put_instant(out, "completedAt", record->completed_at_ms);
        json_close(out, '}');
    }
    if (read->at < participant->record_count)
        return;
    json_close(out, ']');
    json_close(out, '}');
    if (read->slow.csv) {
        read->slow.out.buf->failed |= read->cells.failed;
        csv_members(read->slow.out.buf, read->cells.bytes, read->cells.size, false);
        buf_text(read->slow.out.buf, "\r\n");
        buf_clear(&read->cells);
    }
    participant_done(&read->participant);
    read->participant = (struct participant){0};
    read->row++;
    read->phase = STATS_PARTICIPANT;
}

static void put_stats_end(struct stats_read *read)
{
    if (read->slow.csv)
        return;
    json_close(&read->slow.out, ']');
    json_put_int(&read->slow.out, "enrollments", (int64_t)roster_total(read->roster));
    json_close(&read->slow.out, '}');
    json_close(&read->slow.out, '}');
}

/* One turn of the phase it is in, under the lock where the phase needs it. */
static enum rc stats_turn(struct stats_read *read, struct fault *fault)
{
    struct service *service = face_of(read->slow.request)->service;
    bool sorted = false;
    enum rc rc = RC_OK;

    if (read->phase == STATS_ROSTER) {
        rc = roster_step(read->roster, &sorted, fault);
        read->phase = sorted ? STATS_TYPES : STATS_ROSTER;
    } else if (read->phase == STATS_PARTICIPANT) {
        rc = open_participant(read, fault);
    } else {
        struct view view = service_read_begin(service);
        if (read->phase == STATS_TYPES)
            rc = sum_types(read, view) == RC_OK ? RC_OK : fault_no_memory(fault);
        else if (read->phase == STATS_HEAD)
            put_stats_head(read, view);
        else
            put_participant_records(read, view);
        service_read_end(view);
    }
    return rc;
}

static enum rc stats_step(struct slow *slow, bool *out_last, struct fault *fault)
{
    struct stats_read *read = (struct stats_read *)slow;
    enum rc rc = RC_OK;

    for (int turns = 0; turns < TURNS_A_STEP && rc == RC_OK && read->phase != STATS_END; turns++)
        rc = stats_turn(read, fault);
    if (rc == RC_OK && read->phase == STATS_END) {
        put_stats_end(read);
        *out_last = true;
    }
    return rc;
}

static void stats_close(struct slow *slow)
{
    struct stats_read *read = (struct stats_read *)slow;

    participant_done(&read->participant);
    roster_free(read->roster);
    course_def_unref(read->def);
    buf_done(&read->cells);
}

static enum rc stats_decode(struct slow *slow, const struct body *body, struct fault *fault)
{
    struct stats_read *read = (struct stats_read *)slow;

    (void)body;
    enum rc rc = face_query_number(slow->request, "page", 1, INT32_MAX, &read->page, fault);
    if (rc == RC_OK)
        rc = face_query_number(slow->request, "limit", 1, LIMIT_MAX, &read->limit, fault);
    if (read->page && !read->limit && !slow->csv) /* a table holds all rows: contract 7 */
        read->limit = 20;
    return rc;
}

static enum rc stats_open(struct slow *slow, const struct read *found, struct fault *fault)
{
    struct stats_read *read = (struct stats_read *)slow;
    struct roster_query query = {.course = found->course, .take = take_participant, .count = UINT64_MAX};

    if (!view_course(found->view, found->course))
        return fault_set(fault, RC_NOT_FOUND, NULL, "Module not found");
    read->course = found->course;
    read->def = course_def_ref(view_course(found->view, found->course));
    read->types.arena = &slow->request->arena;
    slow->small =
        view_roster(found->view, found->course)->count <= FEW_LEARNERS && read->def->item_count <= LARGE_READ;
    if (read->limit) {
        query.first = (uint64_t)(read->page ? read->page - 1 : 0) * (uint64_t)read->limit;
        query.count = (uint64_t)read->limit;
    }
    return roster_new(service_model(face_of(slow->request)->service), &query, &read->roster, fault);
}

const struct slow_handler trk_stats = {sizeof(struct stats_read), .decode = stats_decode, .open = stats_open,
                                       .step = stats_step,        .close = stats_close,   .writes_csv = true};
