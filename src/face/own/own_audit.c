#include "face/own/own_audit.h"

#include <stdio.h>

#include "app/audit.h"
#include "core/words.h"
#include "face/own/own_events.h"
#include "face/show.h"

struct audit_read {
    struct slow slow;
    struct text actor, user;
    struct event_page page;
    struct audit *audit;
    bool begun;
};

static enum rc audit_decode(struct slow *slow, const struct body *body, struct fault *fault)
{
    struct audit_read *read = (struct audit_read *)slow;
    struct request *request = slow->request;

    (void)body;
    slow->is_long = true;
    enum rc rc = face_query_id(request, "actor", &read->actor, fault);
    if (rc == RC_OK)
        rc = face_query_id(request, "userId", &read->user, fault);
    if (rc == RC_OK)
        rc = own_event_page(request, "must be the nextCursor of an audit", &read->page, fault);
    return rc;
}

static enum rc audit_open(struct slow *slow, const struct read *found, struct fault *fault)
{
    struct audit_read *read = (struct audit_read *)slow;
    struct audit_query query = {
        .any_learner = !read->user.bytes,
        .learner = read->user.bytes ? view_learner_key(found->view, read->user.bytes, read->user.size) : 0,
        .actor = read->actor,
        .from_ms = read->page.from_ms,
        .to_ms = read->page.to_ms,
        .before = (uint64_t)read->page.before,
        .limit = (uint32_t)read->page.limit,
    };

    return audit_new(service_history(face_of(slow->request)->service), &query, &read->audit, fault);
}

/* Null: none is meant, or it was erased. */
static void put_id(struct json_out *out, const char *name, struct text id)
{
    json_put_text(out, name, id.size ? id.bytes : NULL);
}

static enum rc put_act(void *arg, const struct audit_act *act, struct fault *fault)
{
    struct audit_read *read = arg;
    struct json_out *out = &read->slow.out;
    const struct event *event = act->event;
    struct view view = service_read_begin(face_of(read->slow.request)->service); /* a moment each */

    json_open(out, '{');
    json_put_int(out, "eventId", (int64_t)event->sequence);
    json_put_instant(out, "at", event->at_ms);
    json_name(out, "who");
    if (act->actor.size)
        json_text(out, act->actor.bytes, act->actor.size);
    else
        json_null_value(out);
    json_put_text(out, "what", word_of_event(event->kind));
    put_id(out, "whom", view_id(view, ENTITY_LEARNER, event->learner));
    put_id(out, "courseId", view_id(view, ENTITY_COURSE, event->course));
    put_id(out, "itemId", view_id(view, ENTITY_ITEM, event->item));
    service_read_end(view);
    json_put_text(out, "face", word_of_face(event->face));
    json_put_text(out, "result", event->kind == EV_WEBHOOK_NOTED ? "unchanged" : "done");
    json_close(out, '}');
    return out->buf->failed ? fault_no_memory(fault) : RC_OK;
}

static enum rc audit_step_on(struct slow *slow, bool *out_last, struct fault *fault)
{
    struct audit_read *read = (struct audit_read *)slow;
    struct json_out *out = &slow->out;
    char cursor[24];

    if (!read->begun) {
        json_open(out, '{');
        json_put_open(out, "audit", '[');
    }
    read->begun = true;
    enum rc rc = audit_step(read->audit, put_act, read, out_last, fault);
    if (rc != RC_OK || !*out_last)
        return rc;
    json_close(out, ']');
    (void)snprintf(cursor, sizeof cursor, "%llu", (unsigned long long)audit_next(read->audit)); /* fits */
    json_put_text(out, "nextCursor", audit_next(read->audit) ? cursor : NULL);
    json_close(out, '}');
    return RC_OK;
}

static void audit_close(struct slow *slow)
{
    audit_free(((struct audit_read *)slow)->audit);
}

const struct slow_handler own_audit = {sizeof(struct audit_read),
                                       .decode = audit_decode,
                                       .open = audit_open,
                                       .step = audit_step_on,
                                       .close = audit_close,
                                       .table = "audit",
                                       .columns = "eventId,at,who,what,whom,courseId,itemId,face,result"};
