#include "face/own/own_users_history.h"

#include <stdio.h>
#include <string.h>

#include "app/learner_history.h"
#include "core/words.h"
#include "face/own/own_events.h"
#include "face/event_json.h"
#include "face/show.h"

enum { A_STEP = 64 /* events read and written in one */ };

struct history_read {
    struct slow slow;
    struct text item;
    struct event_page page;
    struct learner_history *history;
    bool ready, begun;
    uint32_t written; /* of the page, from the newest */
    /* of one step: events are read in their order, and shown the other way round */
    const struct learner_moment *moments[A_STEP];
    struct buf rows[A_STEP];
    uint32_t count;
};

/* The same words as those who watch are told. */
static const char *const types[] = {NULL, "progress", "deleted", "reset", "enrollment", "log"};
static const char *const log_words[] = {[LIVE_CREATED] = "created",
                                        [LIVE_UPDATED] = "updated",
                                        [LIVE_REMOVED] = "deleted",
                                        [LIVE_ROLLED_BACK] = "rolled_back"};

static enum rc history_decode(struct slow *slow, const struct body *body, struct fault *fault)
{
    struct history_read *read = (struct history_read *)slow;
    struct request *request = slow->request;

    (void)body;
    slow->is_long = true;
    enum rc rc = face_query_id(request, "courseId", &face_call(request)->course, fault);
    if (rc == RC_OK)
        rc = face_query_id(request, "itemId", &read->item, fault);
    if (rc == RC_OK)
        rc = own_event_page(request, "must be the nextCursor of a history", &read->page, fault);
    return rc;
}

static enum rc history_open(struct slow *slow, const struct read *found, struct fault *fault)
{
    struct history_read *read = (struct history_read *)slow;
    struct request *request = slow->request;
    const struct call *call = face_call(request);
    bool all = read_shows_all(found);
    struct learner_history_query query = {
        .learner = view_learner(found->view, found->learner) ? found->learner : 0,
        .course = found->course,
        .item = read->item.bytes ? view_item_key(found->view, read->item.bytes, read->item.size) : 0,
        .any_course = !call->course.bytes,
        .any_item = !read->item.bytes,
        .logs = all && !call->course.bytes,
        .hides_previews = !all,
        .from_ms = read->page.from_ms,
        .to_ms = read->page.to_ms,
        .before = (uint64_t)read->page.before,
        .limit = (uint32_t)read->page.limit,
    };

    return learner_history_new(service_history(face_of(request)->service), &query, &read->history, fault);
}

static void put_text_or_null(struct json_out *out, const char *name, const char *text, size_t size)
{
    json_name(out, name);
    if (text && size)
        json_text(out, text, size);
    else
        json_null_value(out);
}

static void put_scaled_if(struct json_out *out, bool said, const char *name, int64_t value, unsigned digits)
{
    if (said)
        json_put_scaled(out, name, value, digits);
}

/* What the report said, and nothing that it did not. */
static void put_report(struct json_out *out, const struct report *report)
{
    json_put_open(out, "detail", '{');
    if (report->has & HAS_STATUS)
        json_put_text(out, "status", word_of_status(report->status, WORDS_UPPER));
    put_scaled_if(out, report->has & HAS_PERCENT, "progressPercent", report->percent_hundredths, 2);
    put_scaled_if(out, report->has & HAS_POSITION, "position", report->position_ms, 3);
    put_scaled_if(out, report->has & HAS_WATCHED, "watchedDuration", report->watched_s, 0);
    put_scaled_if(out, report->has & HAS_DURATION, "duration", report->duration_ms, 3);
    if (report->has & HAS_SEGMENTS)
        json_put_segments(out, report->segments, report->segment_count);
    put_scaled_if(out, report->has & HAS_TIME_SPENT, "timeSpent", report->time_spent_ms, 3);
    put_scaled_if(out, report->has & HAS_SCORE, "score", report->score_e4, 4);
    put_scaled_if(out, report->has & HAS_MAX_SCORE, "maxScore", report->max_score_e4, 4);
    if (report->has & HAS_METADATA) {
        json_put_open(out, "metadata", '{');
        json_put_members(out, report->metadata, report->metadata_size, NULL);
        json_close(out, '}');
    }
    json_close(out, '}');
}

static void put_detail(struct json_out *out, const struct event *event)
{
    if (event->kind == EV_REPORTED) {
        put_report(out, &event->report);
    } else if (event_body_is_members(event->kind)) {
        json_put_open(out, "detail", '{');
        json_put_members(out, event->body, event->body_size, NULL);
        json_close(out, '}');
    } else if (event->kind == EV_CERTIFIED && event->body_size) {
        json_put_open(out, "detail", '{');
        put_text_or_null(out, "certificateUrl", (const char *)event->body, event->body_size);
        json_close(out, '}');
    } else {
        json_put_null(out, "detail");
    }
}

/* How things stood right after: of the item, else of the enrolment; of a log entry, what became of it. */
static void put_standing(struct json_out *out, const struct live_event *live)
{
    bool enrolment = live->type == LIVE_ENROLLMENT && live->enrolment_state != LIVE_NO_STATE;
    const char *status = live->type == LIVE_LOG                            ? log_words[live->status]
                         : live->has_record && live->status == LIVE_LOCKED ? WORD_LOCKED
                         : live->has_record ? word_of_status((enum item_status)live->status, WORDS_UPPER)
                         : enrolment ? word_of_state((enum enrolment_state)live->enrolment_state, WORDS_UPPER)
                                     : NULL;

    json_put_text(out, "status", status);
    json_name(out, "progressPercent");
    if (live->has_record)
        json_scaled(out, live->percent_hundredths, 2);
    else
        json_null_value(out);
}

static void put_event(struct history_read *read, struct json_out *out, const struct event *event,
                      const struct live_event *live)
{
    struct view view = service_read_begin(face_of(read->slow.request)->service); /* a moment each */
    struct text user = face_call(read->slow.request)->user;

    json_open(out, '{');
    json_put_int(out, "eventId", (int64_t)event->sequence);
    json_put_text(out, "event", types[live->type]);
    json_put_instant(out, "at", event->at_ms);
    json_put_instant(out, "clientAt",
                     event->kind == EV_REPORTED && event->report.has & HAS_CLIENT_AT
                         ? event->report.client_at_ms
                         : INSTANT_NEVER);
    put_text_or_null(out, "actor", event->actor_size ? event->actor : user.bytes,
                     event->actor_size ? event->actor_size : user.size);
    json_put_text(out, "face", word_of_face(event->face));
    put_text_or_null(out, "deviceId", event->device, event->device_size);
    json_put_text(out, "courseId", event->course ? view_id(view, ENTITY_COURSE, event->course).bytes : NULL);
    json_put_text(out, "itemId", event->item ? view_id(view, ENTITY_ITEM, event->item).bytes : NULL);
    service_read_end(view);
    put_standing(out, live);
    put_detail(out, event);
    json_close(out, '}');
}

/* Of the step's events, which come oldest first; one that was erased since is left out. */
static enum rc read_event(void *arg, const struct event *event, struct fault *fault)
{
    struct history_read *read = arg;
    uint32_t i = 0;

    while (i < read->count && read->moments[i]->live.sequence != event->sequence)
        i++;
    if (i == read->count)
        return RC_OK;
    struct json_out out = {&read->rows[i], false};
    put_event(read, &out, event, &read->moments[i]->live);
    return out.buf->failed ? fault_no_memory(fault) : RC_OK;
}

static enum rc put_some(struct history_read *read, struct fault *fault)
{
    uint32_t left = learner_history_count(read->history) - read->written;
    uint64_t sequences[A_STEP];

    read->count = left < A_STEP ? left : A_STEP;
    for (uint32_t i = 0; i < read->count; i++) {
        read->moments[i] = learner_history_at(read->history, left - read->count + i);
        sequences[i] = read->moments[i]->live.sequence;
        buf_clear(&read->rows[i]);
    }
    enum rc rc = history_page(service_history(face_of(read->slow.request)->service), sequences, read->count,
                              read_event, read, fault);
    for (uint32_t i = read->count; rc == RC_OK && i-- > 0;)
        if (read->rows[i].size)
            json_raw(&read->slow.out, read->rows[i].bytes, read->rows[i].size);
    read->written += read->count;
    return rc;
}

static void put_cursor(struct history_read *read)
{
    char cursor[24];

    if (!learner_history_has_more(read->history)) {
        json_put_null(&read->slow.out, "nextCursor");
        return;
    }
    (void)snprintf(cursor, sizeof cursor, "%llu",
                   (unsigned long long)learner_history_at(read->history, 0)->live.sequence); /* fits */
    json_put_text(&read->slow.out, "nextCursor", cursor);
}

static enum rc history_step(struct slow *slow, bool *out_last, struct fault *fault)
{
    struct history_read *read = (struct history_read *)slow;
    struct json_out *out = &slow->out;

    if (!read->ready)
        return learner_history_step(read->history, &read->ready, fault);
    if (!read->begun) {
        json_open(out, '{');
        json_put_text(out, "userId", face_call(slow->request)->user.bytes);
        json_put_open(out, "history", '[');
    }
    read->begun = true;
    if (read->written < learner_history_count(read->history))
        return put_some(read, fault);
    json_close(out, ']');
    put_cursor(read);
    json_close(out, '}');
    *out_last = true;
    return RC_OK;
}

static void history_close(struct slow *slow)
{
    struct history_read *read = (struct history_read *)slow;

    for (int i = 0; i < A_STEP; i++)
        buf_done(&read->rows[i]);
    learner_history_free(read->history);
}

const struct slow_handler own_users_history = {sizeof(struct history_read), .decode = history_decode,
                                               .open = history_open, .step = history_step,
                                               .close = history_close};
