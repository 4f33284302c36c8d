#include "face/logs/logs_history.h"

#include <string.h>

#include "app/history.h"
#include "app/log_life.h"
#include "face/logs/logs_decode.h"
#include "face/logs/logs_encode.h"
#include "face/show.h"

enum { CHANGES_DEFAULT = 10000, CHANGES_MAX_BYTES = 16 << 20 };

struct telling {
    struct json_out *out;
    const char *user;
    int64_t after, limit, told, last; /* after: the event that the page before ended with */
    bool more;
};

static enum rc put_change(void *arg, const struct log_event *event, enum log_change change,
                          const struct log_state *after, struct fault *fault)
{
    static const char *const names[] = {"created", "updated", "deleted", "rolled_back",
                                        "removed_by_rollback"};
    struct telling *telling = arg;
    struct json_out *out = telling->out;

    if ((int64_t)event->sequence <= telling->after)
        return RC_OK;
    if (telling->told == telling->limit || out->buf->size > CHANGES_MAX_BYTES) {
        telling->more = true;
        return RC_ENOUGH;
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
    return out->buf->failed ? fault_no_memory(fault) : RC_OK;
}

/* The entry's owner; refuses a caller who may not look. */
static enum rc find_entry(struct request *request, uint64_t *out_id, uint32_t *out_learner,
                          struct text *out_user, struct fault *fault)
{
    struct face_context *context = face_of(request);
    enum rc rc = logs_read_id(request, out_id, fault);

    if (rc == RC_OK)
        rc = log_history_owner(service_history(context->service), *out_id, out_learner, fault);
    if (rc != RC_OK)
        return rc;
    struct view view = service_read_begin(context->service);
    struct text user = view_id(view, ENTITY_LEARNER, *out_learner);
    *out_user = arena_text(&request->arena, user); /* an erasure takes the bytes away */
    rc = !user.size         ? fault_set(fault, RC_NOT_FOUND, NULL, "Progress log not found") /* erased */
         : !out_user->bytes ? fault_no_memory(fault)
                            : face_may(request, view, ACCESS_PERSON, *out_user, 0, false, fault);
    service_read_end(view);
    return rc;
}

struct history_read {
    struct slow slow;
    struct telling telling;
};

static enum rc history_decode(struct slow *slow, const struct body *body, struct fault *fault)
{
    struct telling *telling = &((struct history_read *)slow)->telling;

    (void)body;
    slow->is_long = true;
    telling->limit = CHANGES_DEFAULT;
    enum rc rc = face_query_number(slow->request, "limit", 1, CHANGES_DEFAULT, &telling->limit, fault);
    return rc == RC_OK ? face_query_number(slow->request, "cursor", 0, INT64_MAX, &telling->after, fault)
                       : rc;
}

/* In one go: whose the entry is, is found on the disk. */
static enum rc history_step(struct slow *slow, bool *out_last, struct fault *fault)
{
    struct telling *telling = &((struct history_read *)slow)->telling;
    struct json_out *out = &slow->out;
    struct text user = {NULL, 0};
    uint64_t log_id = 0;
    uint32_t learner = 0;
    enum rc rc = find_entry(slow->request, &log_id, &learner, &user, fault);

    *out_last = true;
    if (rc != RC_OK)
        return rc;
    telling->out = out;
    telling->user = user.bytes;
    json_open(out, '{');
    json_put_int(out, "log_id", (int64_t)log_id);
    json_put_text(out, "user_id", user.bytes);
    json_put_open(out, "history", '[');
    rc = history_of_log(service_history(face_of(slow->request)->service), learner, log_id, put_change,
                        telling, fault);
    json_close(out, ']');
    if (telling->more)
        json_put_int(out, "nextCursor", telling->last);
    json_close(out, '}');
    return rc;
}

const struct slow_handler logs_history = {sizeof(struct history_read), .decode = history_decode,
                                          .step = history_step, .asks_later = true};
