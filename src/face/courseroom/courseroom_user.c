#include "face/courseroom/courseroom_user.h"

#include <string.h>
#include <strings.h>

#include "base/instant.h"
#include "core/words.h"
#include "face/courseroom/courseroom_encode.h"
#include "face/courseroom/courseroom_rows.h"
#include "face/csv.h"
#include "face/show.h"

/* A learner and a course that both are known. */
static enum rc find_learner(const struct read *found, const struct learner **out, struct fault *fault)
{
    *out = view_learner(found->view, found->learner);
    if (!view_course(found->view, found->course) || !*out)
        return fault_set(fault, RC_NOT_FOUND, NULL, "User or course not found");
    return RC_OK;
}

/* ---- one learner's records, in steps ---- */

struct activity_filter {
    int64_t from_ms, to_ms; /* inclusive */
    const char *status;     /* NULL: any */
    int64_t limit, offset;
};

struct records_answer {
    struct slow slow;
    struct row_out to;
    struct participant participant;
    struct text user;
    uint32_t learner, course;
    bool own; /* the reader's */
    struct activity_filter filter;
    struct csv_columns *columns; /* of a table */
    bool taken, picked, seen, opened;
    uint32_t at;
};

static void records_close(struct slow *slow)
{
    struct records_answer *answer = (struct records_answer *)slow;

    participant_done(&answer->participant);
    buf_done(&answer->to.scratch);
}

/* Those that the filter leaves, in place. */
static void filter_records(struct participant *participant, const struct activity_filter *filter)
{
    uint32_t kept = 0;
    int64_t place = 0;

    for (uint32_t i = 0; i < participant->record_count; i++) {
        const struct record *record = participant->records[i];
        if (record->updated_at_ms < filter->from_ms || record->updated_at_ms > filter->to_ms ||
            (filter->status && strcmp(filter->status, status_name(record)) != 0))
            continue;
        if (place >= filter->offset && place - filter->offset < filter->limit)
            participant->records[kept++] = record;
        place++;
    }
    participant->record_count = kept;
}

/* The records picked; *out_done: answer->participant holds them. */
static enum rc pick(struct records_answer *answer, bool *out_done, struct fault *fault)
{
    struct service *service = answer->to.context->service;
    enum rc rc = RC_OK;

    *out_done = answer->picked;
    if (!answer->taken)
        participant_open(&answer->participant, service_model(service), answer->learner, answer->course);
    answer->taken = true;
    answer->participant.hides_previews = !answer->own;
    if (!answer->participant.state)
        return fault_set(fault, RC_NOT_FOUND, NULL, "User or course not found"); /* erased this moment */
    if (!answer->picked)
        rc = participant_pick(&answer->participant, service_model(service), true, &answer->picked, fault);
    if (rc == RC_OK && answer->picked && !*out_done) {
        filter_records(&answer->participant, &answer->filter);
        *out_done = true;
    }
    return rc;
}

/* {enrollments, activityLogs}, or (list) the records alone. */
static enum rc step_json(struct records_answer *answer, bool list, bool *out_last, struct fault *fault)
{
    struct face_context *context = answer->to.context;
    struct json_out out = {answer->to.out, answer->to.comma};
    bool picked;
    enum rc rc = pick(answer, &picked, fault);

    if (rc != RC_OK || !picked)
        return rc;
    if (!answer->opened && list) {
        courseroom_open(&out, "Activity logs retrieved successfully");
        json_open(&out, '[');
    } else if (!answer->opened) {
        struct view view = service_read_begin(context->service);
        courseroom_open(&out, "User progress retrieved successfully");
        json_open(&out, '{');
        json_name(&out, "enrollments");
        courseroom_put_enrolment(&out, view, context->zone, answer->user, answer->participant.enrolment);
        json_put_open(&out, "activityLogs", '[');
        service_read_end(view);
    }
    answer->opened = true;
    courseroom_put_activities(&out, context, &answer->participant, answer->user, &answer->at);
    if (answer->at == answer->participant.record_count) {
        json_close(&out, ']');
        if (!list)
            json_close(&out, '}');
        json_close(&out, '}');
        *out_last = true;
    }
    answer->to.comma = out.comma;
    return RC_OK;
}

static enum rc step_get(struct slow *slow, bool *out_last, struct fault *fault)
{
    struct records_answer *answer = (struct records_answer *)slow;

    answer->to.out = slow->out.buf;
    return step_json(answer, false, out_last, fault);
}

static const struct activity_filter unfiltered = {INT64_MIN, INT64_MAX, NULL, INT64_MAX, 0};

static enum rc decode_get(struct slow *slow, const struct body *body, struct fault *fault)
{
    (void)body;
    (void)fault;
    ((struct records_answer *)slow)->filter = unfiltered;
    return RC_OK;
}

static enum rc records_open(struct slow *slow, const struct read *found, struct fault *fault)
{
    enum { SMALL_RECORDS = 256 };
    struct records_answer *answer = (struct records_answer *)slow;
    const struct caller *caller = face_caller(slow->request);
    const struct learner *learner;
    enum rc rc = find_learner(found, &learner, fault);

    if (rc != RC_OK)
        return rc;
    answer->to.context = face_of(slow->request);
    answer->user = face_call(slow->request)->user;
    answer->course = found->course;
    answer->learner = found->learner;
    answer->own = text_equal(answer->user, (struct text){caller->id, caller->id_size});
    slow->small = learner->record_count <= SMALL_RECORDS;
    if (slow->csv && !(answer->columns = csv_columns_new(&slow->request->arena)))
        return fault_no_memory(fault);
    return RC_OK;
}

const struct slow_handler courseroom_get = {sizeof(struct records_answer), .decode = decode_get,
                                            .open = records_open, .step = step_get, .close = records_close};

/* ---- activities ---- */

static enum rc read_filter(struct request *request, struct activity_filter *filter, struct fault *fault)
{
    enum item_status wanted;
    const char *status = NULL;
    enum rc rc = face_query_bound(request, "startDate", false, &filter->from_ms, fault);

    if (rc == RC_OK)
        rc = face_query_bound(request, "endDate", true, &filter->to_ms, fault);
    if (rc == RC_OK)
        rc = request_query(request, "status", &status, fault);
    if (rc == RC_OK)
        rc = face_query_number(request, "limit", 1, 1000000, &filter->limit, fault);
    if (rc == RC_OK)
        rc = face_query_number(request, "offset", 0, INT32_MAX, &filter->offset, fault);
    if (rc != RC_OK || !status || !*status)
        return rc;
    bool stated = word_is_status(status, WORDS_UPPER, strcasecmp, &wanted);
    if (!stated && strcasecmp(status, WORD_LOCKED) != 0)
        return fault_set(fault, RC_INVALID, "status",
                         "must be NOT_STARTED, IN_PROGRESS, COMPLETED or LOCKED");
    filter->status = stated ? word_of_status(wanted, WORDS_UPPER) : WORD_LOCKED;
    return RC_OK;
}

/* The header of a table without rows. */
static const char activity_columns[] =
    "v_created_date,v_created_time,v_updated_date,v_updated_time,progressId,userId,courseId,courseContentId,"
    "progressStatus,activityDuration,progressPercent,user_course_content_progress_created_at,"
    "user_course_content_progress_updated_at";

/* A row of the table, in scratch. */
static void write_row(struct records_answer *answer)
{
    struct json_out json = row_scratch(&answer->to);
    struct view view = service_read_begin(answer->to.context->service);

    courseroom_put_activity(&json, view, answer->to.context->zone, answer->user,
                            answer->participant.records[answer->at++]);
    service_read_end(view);
}

enum { HOLD_ROWS = 64, PIECE_BYTES = 64 * 1024 }; /* of one step */

/* Two passes: the columns, for metadata has any, then the rows. */
static enum rc step_table(struct records_answer *answer, bool *out_last, struct fault *fault)
{
    struct row_out *to = &answer->to;
    bool picked;
    enum rc rc = pick(answer, &picked, fault);

    if (rc != RC_OK || !picked)
        return rc;
    uint32_t count = answer->participant.record_count;
    for (int i = 0; i < HOLD_ROWS && !answer->seen && answer->at < count && rc == RC_OK; i++) {
        write_row(answer);
        rc = csv_see(answer->columns, to->scratch.bytes, to->scratch.size, fault);
    }
    if (rc != RC_OK || (!answer->seen && answer->at < count))
        return rc;
    if (!answer->seen) {
        csv_header(answer->columns, to->out, activity_columns);
        answer->seen = true;
        answer->at = 0;
    }
    for (size_t i = 0, begin = to->out->size;
         i < HOLD_ROWS && answer->at < count && to->out->size - begin < PIECE_BYTES; i++) {
        write_row(answer);
        csv_row(answer->columns, to->out, to->scratch.bytes, to->scratch.size);
        to->out->failed |= to->scratch.failed;
    }
    *out_last = answer->at == count;
    return RC_OK;
}

static enum rc step_activities(struct slow *slow, bool *out_last, struct fault *fault)
{
    struct records_answer *answer = (struct records_answer *)slow;

    answer->to.out = slow->out.buf;
    return answer->columns ? step_table(answer, out_last, fault) : step_json(answer, true, out_last, fault);
}

static enum rc decode_activities(struct slow *slow, const struct body *body, struct fault *fault)
{
    struct records_answer *answer = (struct records_answer *)slow;

    (void)body;
    answer->filter = unfiltered;
    return read_filter(slow->request, &answer->filter, fault);
}

const struct slow_handler courseroom_activities = {sizeof(struct records_answer), .decode = decode_activities,
                                                   .open = records_open,          .step = step_activities,
                                                   .close = records_close,        .writes_csv = true};

/* ---- certificate ---- */

static enum rc certificate(struct read *read, struct json_out *out, struct fault *fault)
{
    const struct learner *learner;
    enum rc rc = find_learner(read, &learner, fault);

    if (rc != RC_OK)
        return rc;
    const struct enrolment *enrolment = learner_enrolment(learner, read->course);
    if (!enrolment || enrolment->class != CLASS_CERTIFIED)
        return fault_set(fault, RC_NOT_FOUND, NULL, "Certificate not found");
    courseroom_open(out, "Certificate retrieved successfully");
    courseroom_put_enrolment(out, read->view, face_of(read->request)->zone, face_call(read->request)->user,
                             enrolment);
    json_close(out, '}');
    return RC_OK;
}

const struct read_handler courseroom_certificate = {.read = certificate};
