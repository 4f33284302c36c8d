#include "face/logs/logs.h"

#include <stdlib.h>
#include <string.h>

#include "app/history.h"
#include "app/rollback.h"
#include "base/ident.h"
#include "base/instant.h"
#include "base/number.h"
#include "core/members.h"
#include "face/body.h"
#include "face/face.h"
#include "face/logs/logs_encode.h"
#include "face/read.h"
#include "face/show.h"
#include "face/work.h"
#include "face/write.h"

/* Members that are ours to give: ignored in a body. Contract 5. */
static bool is_ours(const char *name)
{
    return strcmp(name, "user_id") == 0 || strcmp(name, "log_id") == 0 || strcmp(name, "created_at") == 0 ||
           strcmp(name, "updated_at") == 0;
}

/* ---- encoding ---- */

void logs_put_entry(struct json_out *out, const struct store_log *log, const char *user)
{
    struct member date;

    json_open(out, '{');
    json_put_int(out, "log_id", (int64_t)log->log_id);
    json_put_text(out, "user_id", user);
    if (!members_find(log->members, log->members_size, "date", &date))
        json_put_instant(out, "date", log->date_ms);
    json_put_members(out, log->members, log->members_size, NULL);
    json_put_instant(out, "created_at", log->created_ms);
    json_put_instant(out, "updated_at", log->updated_ms);
    json_close(out, '}');
}

/* An entry's "date" as text; NULL: it has none. json holds it where it was written with escapes. */
static const char *date_text(const struct store_log *log, json_t **json, size_t *out_size)
{
    struct member date;

    if (!members_find(log->members, log->members_size, "date", &date) || date.value_size < 2)
        return NULL;
    if (!memchr(date.value, '\\', date.value_size)) {
        *out_size = date.value_size - 2; /* without the quotes */
        return date.value + 1;
    }
    *json = json_loadb(date.value, date.value_size, JSON_DECODE_ANY, NULL);
    *out_size = json_string_length(*json);
    return json_string_value(*json);
}

int32_t logs_day_of(const struct store_log *log, const struct zone *zone)
{
    json_t *json = NULL;
    size_t size = 0;
    const char *text = date_text(log, &json, &size);
    bool utc = !text || text[size - 1] == 'Z' || text[size - 1] == 'z';
    int64_t written_ms;
    int32_t day = !utc && instant_parse(text, size < 10 ? size : 10, &written_ms) == INSTANT_DATE
                      ? instant_day(written_ms)
                      : instant_day(zone_local_ms(zone, log->date_ms));

    json_decref(json);
    return day;
}

struct putting {
    struct json_out *out;
    const char *user;
    const struct logs_range *range; /* NULL: all */
    const struct zone *zone;
    struct logs_page *page;
    int64_t written;
};

static bool in_range(const struct putting *putting, const struct store_log *log)
{
    const struct logs_range *range = putting->range;

    if (!range || (!range->from_is_day && !range->to_is_day))
        return true; /* the instants have been looked at */
    int32_t day = logs_day_of(log, putting->zone);
    return (!range->from_is_day || day >= range->from_day) && (!range->to_is_day || day <= range->to_day);
}

static bool put_one(void *arg, const struct store_log *log)
{
    struct putting *putting = arg;
    struct logs_page *page = putting->page;

    if (page->paged &&
        (log->date_ms > page->last_ms || (log->date_ms == page->last_ms && log->log_id >= page->last_id)))
        return true; /* shown on an earlier page */
    if (!in_range(putting, log))
        return true;
    if (page->limit && putting->written == page->limit) {
        page->more = true;
        return false;
    }
    logs_put_entry(putting->out, log, putting->user);
    putting->written++;
    page->paged = false; /* everything from here on is after the cursor */
    page->last_ms = log->date_ms;
    page->last_id = log->log_id;
    return !putting->out->buf->failed;
}

enum rc logs_put_all(struct face_context *context, uint32_t learner, const struct logs_range *range,
                     const char *user, struct logs_page *page, struct json_out *out, struct fault *fault)
{
    struct putting putting = {out, user, range, context->zone, page, 0};
    struct log_filter filter = range ? range->instants : (struct log_filter){0};

    filter.has_before = page->paged; /* what was shown on an earlier page is not even read */
    filter.before_ms = page->last_ms;
    filter.before_id = page->last_id;
    return logbook_each(context->engine, learner, &filter, put_one, &putting, fault);
}

static int newest_entry_first(const void *a, const void *b)
{
    const struct log_state *left = a, *right = b;

    if (left->date_ms != right->date_ms)
        return left->date_ms > right->date_ms ? -1 : 1;
    return left->log_id > right->log_id ? -1 : left->log_id < right->log_id;
}

void logs_put_past(struct face_context *context, struct log_state *entries, size_t count,
                   const struct logs_range *range, const char *user, struct logs_page *page,
                   struct json_out *out)
{
    const struct log_filter *instants = &range->instants;
    struct putting putting = {out, user, range, context->zone, page, 0};

    if (count)
        qsort(entries, count, sizeof *entries, newest_entry_first);
    for (size_t i = 0; i < count; i++) {
        struct store_log log = logs_entry_of(&entries[i]);
        if ((instants->has_from && log.date_ms < instants->from_ms) ||
            (instants->has_to && log.date_ms > instants->to_ms))
            continue;
        if (!put_one(&putting, &log))
            break;
    }
}

/* One end of the range. A day reaches from UTC's to where it is over everywhere: offsets are below 24 hours.
 */
static enum rc bound(struct request *request, const char *name, bool *out_has, int64_t *out_ms,
                     bool *out_is_day, int32_t *out_day, struct fault *fault)
{
    const char *text;
    enum rc rc = request_query(request, name, &text, fault);

    *out_has = rc == RC_OK && text && *text; /* empty: not given */
    if (!*out_has)
        return rc;
    enum instant_form form = instant_parse(text, strlen(text), out_ms);
    if (form == INSTANT_NONE)
        return fault_set(fault, RC_INVALID, name, "must be an ISO 8601 date or instant");
    *out_is_day = form == INSTANT_DATE;
    *out_day = instant_day(*out_ms);
    if (form == INSTANT_DATE)
        *out_ms += name[0] == 'f' ? -DAY_MS : 2 * DAY_MS;
    return RC_OK;
}

enum rc logs_query_range(struct request *request, struct logs_range *out, struct fault *fault)
{
    struct log_filter *instants = &out->instants;

    *out = (struct logs_range){0};
    enum rc rc = bound(request, "from", &instants->has_from, &instants->from_ms, &out->from_is_day,
                       &out->from_day, fault);
    if (rc == RC_OK)
        rc = bound(request, "to", &instants->has_to, &instants->to_ms, &out->to_is_day, &out->to_day, fault);
    return rc;
}

/* ---- decoding ---- */

/* No objects or arrays, no number that sums could not hold. */
static enum rc check_members(struct request *request, const struct body *body, struct fault *fault)
{
    const char *name, *problem = NULL;
    json_t *value;

    json_object_foreach(body->root, name, value)
    {
        if (json_is_object(value) || json_is_array(value))
            problem = "a log entry is flat: no objects or arrays";
        else if (json_is_integer(value) &&
                 (json_integer_value(value) > NUMBER_LIMIT || json_integer_value(value) < -NUMBER_LIMIT))
            problem = "a number in a log is between -1e18 and 1e18";
        else if (json_is_real(value) && !(json_real_value(value) <= (double)NUMBER_LIMIT &&
                                          json_real_value(value) >= -(double)NUMBER_LIMIT))
            problem = "a number in a log is between -1e18 and 1e18";
        if (problem && !is_ours(name))
            return fault_set(fault, RC_INVALID, arena_copy(&request->arena, name, strlen(name)), problem);
        problem = NULL;
    }
    return RC_OK;
}

/* A member that is null is absent: it is not stored, and changes nothing. Moves the others together; returns
 * their size. */
static uint32_t without_nulls(uint8_t *members, uint32_t size)
{
    const uint8_t *at = members, *end = members + size;
    uint8_t *to = members;
    struct member member;

    for (const uint8_t *from = at; size && member_next(&at, end, &member); from = at)
        if (member.value_size != 4 || memcmp(member.value, "null", 4) != 0) {
            memmove(to, from, (size_t)(at - from));
            to += at - from;
        }
    return (uint32_t)(to - members);
}

/* The entry's members: flat, at most 16 KiB; and its date. There may be none, when the body names a user: a
 * PUT may be told first that it is not theirs. */
static enum rc decode_entry(struct request *request, const struct body *body, struct command *command,
                            struct fault *fault)
{
    json_t *date = body_get(body, "date");
    enum rc rc = check_members(request, body, fault);

    if (rc == RC_OK && date) {
        rc = json_in_instant(date, "date", &command->log_at_ms, fault);
        command->has_log_date = true;
    }
    if (rc == RC_OK)
        rc = json_in_members(&request->arena, request->body.bytes, request->body.size, body->root, NULL,
                             is_ours, &command->members, &command->members_size, fault);
    if (rc != RC_OK)
        return rc;
    command->members_size = without_nulls((uint8_t *)(uintptr_t)command->members, command->members_size);
    if (members_json_bytes(command->members, command->members_size) > MEMBERS_MAX_BYTES)
        return fault_set(fault, RC_INVALID, "body", "a log entry has at most 16 KiB");
    return RC_OK;
}

static enum rc needs_member(const struct command *command, struct fault *fault)
{
    return command->members_size
               ? RC_OK
               : fault_set(fault, RC_INVALID, "body", "needs at least one member besides user_id");
}

static struct store_log entry_of(const struct command *command)
{
    return (struct store_log){
        .log_id = command->log_id,
        .date_ms = command->log_date_ms,
        .created_ms = command->log_created_ms,
        .updated_ms = command->at_ms,
        .members = command->members,
        .members_size = command->members_size,
    };
}

/* ---- changes while a rollback's rows follow it ---- */

static enum rc work_wait(struct request *request, struct fault *fault)
{
    struct command *command = request->command;
    return logbook_wait(face_of(request)->engine, command->learner_key, fault);
}

static void submit_again(struct request *request)
{
    struct command *command = request->command;
    face_submit(request, command, command->encode);
}

static void change_again(struct command *command)
{
    face_work(command->waiter, work_wait, submit_again);
}

/* ---- POST /api/progress/log ---- */

static void encode_post(struct command *command, struct view view)
{
    struct json_out out = {command->answer.body, false};
    struct store_log log = entry_of(command);

    (void)view;
    json_open(&out, '{');
    json_put_text(&out, "message", "Progress logged successfully");
    json_put_int(&out, "id", (int64_t)command->log_id);
    json_name(&out, "log");
    logs_put_entry(&out, &log, command->learner.bytes);
    json_close(&out, '}');
    command->answer.status = 201;
    etag_of_log(log.log_id, log.updated_ms, command->answer.etag);
}

struct asking {
    struct request *request;
    enum user_verdict verdict;
};

/* The user service has spoken, or cannot be asked: then nothing is stored. Contract 5. */
static void judged(struct request *request)
{
    static const struct fault nobody = {"user_id", "the user service does not know this user"};
    static const struct fault silent = {NULL, "the user service cannot be asked; try again"};
    struct asking *asking = request->handler_state;
    struct command *command = request->command;

    command->again = change_again;
    if (asking->verdict == USER_YES)
        face_submit(request, command, encode_post);
    else if (asking->verdict == USER_NO)
        request_fail(request, RC_INVALID, &nobody);
    else
        request_fail(request, RC_BUSY, &silent);
}

/* On a fetcher's thread. */
static void told(void *arg, enum user_verdict verdict)
{
    struct asking *asking = arg;

    asking->verdict = verdict;
    request_resume(asking->request);
}

static void check_user(struct request *request, struct command *command)
{
    struct face_context *context = face_of(request);
    struct asking *asking = arena_alloc(&request->arena, sizeof *asking);

    if (!asking) {
        request_fail(request, RC_BUSY, &(struct fault){NULL, "out of memory"});
        return;
    }
    request->command = command;
    request->handler_state = asking;
    asking->request = request;
    asking->verdict = context->users ? user_service_known(context->users, command->learner.bytes) : USER_YES;
    if (asking->verdict != USER_NOT_ASKED) {
        judged(request);
        return;
    }
    request_suspend(request, judged);
    user_service_ask(context->users, command->learner.bytes, told, asking);
}

void logs_post(struct request *request)
{
    struct fault fault = {NULL, NULL};
    struct text user = {NULL, 0};
    struct command *command = NULL;
    BODY body = {NULL, SPELLING_EXACT};
    enum rc rc = face_body(request, SPELLING_EXACT, &body, &fault);

    if (rc == RC_OK)
        rc = face_id(request, &body, "user_id", true, &user, &fault);
    if (rc == RC_OK) {
        command = face_command(request, CMD_LOG_ADD, FACE_LOGS, user);
        rc = command ? decode_entry(request, &body, command, &fault) : fault_no_memory(&fault);
    }
    if (rc == RC_OK)
        rc = needs_member(command, &fault);
    if (rc == RC_OK)
        rc = face_may_user(request, user, &fault);
    if (rc == RC_OK)
        check_user(request, command);
    else
        request_fail(request, rc, &fault);
}

/* ---- PUT and DELETE /api/progress/log/{log_id} ---- */

static void encode_put(struct command *command, struct view view)
{
    struct json_out out = {command->answer.body, false};
    struct store_log log = entry_of(command);

    (void)view;
    json_open(&out, '{');
    json_put_text(&out, "message", "Progress log updated");
    json_name(&out, "updated_log");
    logs_put_entry(&out, &log, command->learner.bytes);
    json_close(&out, '}');
    etag_of_log(log.log_id, log.updated_ms, command->answer.etag);
}

/* The path's entry. */
static enum rc read_log_id(struct request *request, uint64_t *out_id, struct fault *fault)
{
    struct text id = face_param(request, 0);
    int64_t number;

    if (!ident_integer(id.bytes, id.size, &number))
        return fault_set(fault, RC_INVALID, "log_id", "must be an integer");
    *out_id = (uint64_t)number;
    return RC_OK;
}

/* A command on an entry: whose it is, and so whether the caller may, is found by the engine, which looks it
 * up anyhow. */
static struct command *entry_command(struct request *request, enum command_kind kind, uint64_t log_id)
{
    struct command *command = face_command(request, kind, FACE_LOGS, (struct text){"", 0});

    if (command) {
        command->log_id = log_id;
        command->caller = face_caller(request);
        command->again = change_again;
    }
    return command;
}

void logs_put(struct request *request)
{
    struct fault fault = {NULL, NULL};
    struct text named = {NULL, 0};
    struct command *command = NULL;
    uint64_t log_id = 0;
    BODY body = {NULL, SPELLING_EXACT};
    enum rc rc = read_log_id(request, &log_id, &fault);

    if (rc == RC_OK)
        rc = face_body(request, SPELLING_EXACT, &body, &fault);
    if (rc == RC_OK)
        rc = face_id(request, &body, "user_id", false, &named, &fault);
    if (rc == RC_OK) {
        command = entry_command(request, CMD_LOG_UPDATE, log_id);
        rc = command ? decode_entry(request, &body, command, &fault) : fault_no_memory(&fault);
    }
    if (rc == RC_OK && !named.bytes)
        rc = needs_member(command, &fault);
    if (rc != RC_OK) {
        request_fail(request, rc, &fault);
        return;
    }
    command->log_user = named;
    face_submit(request, command, encode_put);
}

static void encode_delete(struct command *command, struct view view)
{
    struct json_out out = {command->answer.body, false};

    (void)view;
    json_open(&out, '{');
    json_put_text(&out, "message", "Progress log deleted");
    json_put_int(&out, "deleted_log_id", (int64_t)command->log_id);
    json_close(&out, '}');
}

void logs_delete(struct request *request)
{
    struct fault fault = {NULL, NULL};
    uint64_t log_id = 0;
    enum rc rc = read_log_id(request, &log_id, &fault);
    struct command *command = rc == RC_OK ? entry_command(request, CMD_LOG_DELETE, log_id) : NULL;

    if (rc == RC_OK && command)
        face_submit(request, command, encode_delete);
    else
        request_fail(request, rc == RC_OK ? RC_BUSY : rc, &fault);
}

/* ---- DELETE /api/progress/user/{user_id}/logs ---- */

static void encode_clear(struct command *command, struct view view)
{
    struct json_out out = {command->answer.body, false};

    (void)view;
    json_open(&out, '{');
    json_put_text(&out, "message", "All progress logs for user deleted");
    json_put_int(&out, "deleted_log_count", command->count);
    json_close(&out, '}');
}

void logs_clear(struct request *request)
{
    struct fault fault = {NULL, NULL};
    enum rc rc = request_id_param(request, 0, "user_id", &fault);

    if (rc == RC_OK)
        rc = face_may_user(request, face_param(request, 0), &fault);
    struct command *command =
        rc == RC_OK ? face_command(request, CMD_LOGS_CLEAR, FACE_LOGS, face_param(request, 0)) : NULL;
    if (rc == RC_OK && !command)
        rc = fault_no_memory(&fault);
    if (command)
        command->again = change_again;
    if (rc == RC_OK)
        face_submit(request, command, encode_clear);
    else
        request_fail(request, rc, &fault);
}

/* ---- GET /api/progress/log/{log_id}/history ---- */

enum { CHANGES_DEFAULT = 10000, CHANGES_MAX_BYTES = 16 << 20 };

struct telling {
    struct json_out *out;
    const char *user;
    int64_t after, limit, told, last; /* after: the event that the page before ended with */
    bool more;
};

static bool put_change(void *arg, const struct log_event *event, enum log_change change,
                       const struct log_state *after)
{
    static const char *const names[] = {"created", "updated", "deleted", "rolled_back",
                                        "removed_by_rollback"};
    struct telling *telling = arg;
    struct json_out *out = telling->out;

    if ((int64_t)event->sequence <= telling->after)
        return true;
    if (telling->told == telling->limit || out->buf->size > CHANGES_MAX_BYTES) {
        telling->more = true;
        return false;
    }
    telling->told++;
    telling->last = (int64_t)event->sequence;
    json_open(out, '{');
    json_put_int(out, "event_id", (int64_t)event->sequence);
    json_put_text(out, "event", names[change]);
    json_name(out, "at");
    json_instant(out, event->at_ms);
    json_name(out, "actor");
    json_text(out, event->actor_size ? event->actor : telling->user,
              event->actor_size ? event->actor_size : strlen(telling->user));
    json_name(out, "log");
    if (after) {
        struct store_log log = logs_entry_of(after);
        logs_put_entry(out, &log, telling->user);
    } else {
        json_null_value(out);
    }
    json_close(out, '}');
    return !out->buf->failed;
}

struct store_log logs_entry_of(const struct log_state *state)
{
    return (struct store_log){
        .log_id = state->log_id,
        .date_ms = state->date_ms,
        .created_ms = state->created_ms,
        .updated_ms = state->updated_ms,
        .members = state->members,
        .members_size = state->members_size,
    };
}

/* The entry's owner; refuses a caller who may not look. */
static enum rc find_entry(struct request *request, uint64_t *out_id, uint32_t *out_learner,
                          struct text *out_user, struct fault *fault)
{
    struct face_context *context = face_of(request);
    enum rc rc = read_log_id(request, out_id, fault);

    if (rc == RC_OK)
        rc = logbook_owner(context->engine, *out_id, out_learner, fault);
    if (rc != RC_OK)
        return rc;
    struct view view = model_read_begin(context->model);
    const struct learner_slot *slot = view_learner_slot(view, *out_learner);
    *out_user = slot ? slot_id(slot->id, slot->id_size) : (struct text){NULL, 0};
    rc = face_may(request, view, ACCESS_PERSON, *out_user, 0, false, fault);
    model_read_end(view);
    return rc;
}

static enum rc work_history(struct request *request, struct fault *fault)
{
    struct face_context *context = face_of(request);
    struct json_out out = {&request->out, false};
    struct text user = {NULL, 0};
    uint64_t log_id = 0;
    uint32_t learner = 0;
    struct telling telling = {.out = &out, .limit = CHANGES_DEFAULT};
    enum rc rc = face_query_number(request, "limit", 1, CHANGES_DEFAULT, &telling.limit, fault);

    if (rc == RC_OK)
        rc = face_query_number(request, "cursor", 0, INT64_MAX, &telling.after, fault);
    if (rc == RC_OK)
        rc = find_entry(request, &log_id, &learner, &user, fault);
    if (rc != RC_OK)
        return rc;
    telling.user = user.bytes;
    json_open(&out, '{');
    json_put_int(&out, "log_id", (int64_t)log_id);
    json_put_text(&out, "user_id", user.bytes);
    json_put_open(&out, "history", '[');
    rc = history_of_log(engine_history(context->engine), learner, log_id, put_change, &telling, fault);
    json_close(&out, ']');
    if (telling.more)
        json_put_int(&out, "nextCursor", telling.last);
    json_close(&out, '}');
    return rc;
}

void logs_history(struct request *request)
{
    face_work_long(request, work_history, NULL);
}

/* ---- POST /api/progress/user/{user_id}/rollback ---- */

struct rolling {
    struct rollback rollback;
    const char *to; /* as the client wrote it */
    int tries;
};

static struct rolling *rolling_of(const struct command *command)
{
    return (struct rolling *)((char *)(uintptr_t)command->rollback - offsetof(struct rolling, rollback));
}

static void encode_rolled_back(struct command *command, struct view view)
{
    struct json_out out = {command->answer.body, false};
    const char *to = rolling_of(command)->to;
    int64_t event_id;

    (void)view;
    json_open(&out, '{');
    json_put_text(&out, "message", "Progress logs rolled back");
    json_put_text(&out, "user_id", command->learner.bytes);
    json_put_int(&out, "event_id", (int64_t)command->sequence);
    json_name(&out, "to");
    if (ident_integer(to, strlen(to), &event_id))
        json_int(&out, event_id);
    else
        json_text(&out, to, strlen(to));
    json_put_int(&out, "total_logs", command->count);
    json_close(&out, '}');
}

/* An event id, as a number or its digits, or an instant. */
static enum rc decode_to(struct request *request, const struct body *body, const char **out,
                         struct fault *fault)
{
    json_t *value = body_get(body, "to");
    int64_t number;

    if (json_is_number(value)) {
        enum rc rc = json_in_integer(value, "to", 1, INT64_MAX, &number, fault);
        *out = rc == RC_OK ? arena_printf(&request->arena, "%lld", (long long)number) : NULL;
        return rc == RC_OK && !*out ? fault_no_memory(fault) : rc;
    }
    const char *text = NULL;
    int64_t at_ms;
    enum rc rc = json_in_text(value, "to", 64, &text, fault);
    if (rc == RC_OK && !ident_integer(text, strlen(text), &number) &&
        instant_parse(text, strlen(text), &at_ms) == INSTANT_NONE)
        return fault_set(fault, RC_INVALID, "to", "must be an event id or an ISO 8601 instant");
    *out = rc == RC_OK ? arena_copy(&request->arena, text, strlen(text)) : NULL;
    return rc == RC_OK && !*out ? fault_no_memory(fault) : rc;
}

static enum rc work_rollback(struct request *request, struct fault *fault)
{
    struct face_context *context = face_of(request);
    struct command *command = request->command;
    struct rolling *rolling = rolling_of(command);
    struct view view = model_read_begin(context->model);
    uint32_t learner = view_learner_key(view, command->learner.bytes, command->learner.size);

    model_read_end(view);
    return rollback_prepare(context->engine, learner, rolling->to, &request->arena, &rolling->rollback,
                            fault);
}

static void submit_rollback(struct request *request)
{
    face_submit(request, request->command, encode_rolled_back);
}

/* The entries changed while it was found out what to change. */
static void roll_back_again(struct command *command)
{
    struct request *request = command->waiter;

    if (++rolling_of(command)->tries < ROLLBACK_TRIES)
        face_work_long(request, work_rollback, submit_rollback);
    else
        request_fail(request, RC_BUSY, &(struct fault){NULL, "the logs are being changed; try again"});
}

void logs_roll_back(struct request *request)
{
    struct fault fault = {NULL, NULL};
    struct rolling *rolling = arena_alloc(&request->arena, sizeof *rolling);
    BODY body = {NULL, SPELLING_EXACT};
    enum rc rc = request_id_param(request, 0, "user_id", &fault);

    if (rc == RC_OK)
        rc = face_body(request, SPELLING_EXACT, &body, &fault);
    if (rc == RC_OK && !rolling)
        rc = fault_no_memory(&fault);
    if (rc == RC_OK)
        rc = decode_to(request, &body, &rolling->to, &fault);
    if (rc == RC_OK)
        rc = face_may_user(request, face_param(request, 0), &fault);
    struct command *command =
        rc == RC_OK ? face_command(request, CMD_LOGS_ROLL_BACK, FACE_LOGS, face_param(request, 0)) : NULL;
    if (rc == RC_OK && !command)
        rc = fault_no_memory(&fault);
    if (rc != RC_OK) {
        request_fail(request, rc, &fault);
        return;
    }
    command->rollback = &rolling->rollback;
    command->again = roll_back_again;
    request->command = command;
    face_work_long(request, work_rollback, submit_rollback);
}
