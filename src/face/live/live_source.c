#include "face/live/live_source.h"

#include <stdlib.h>
#include <string.h>

#include "app/access.h"
#include "app/live_past.h"
#include "auth/token.h"
#include "face/live/live_encode.h"
#include "face/live/live_write.h"

/* What the hub asks of the model and the log. */

static struct text text_of(const char *id)
{
    return (struct text){id, id ? (uint32_t)strlen(id) : 0};
}

/* Which rule, and for which course. A learner's own may be narrowed by whoever they are; without any filter,
 * who may not watch everything watches themselves, which live_subscribe has put into it. */
static enum access_rule rule_of(const struct hub_filter *filter, struct view view,
                                struct access_subject *subject)
{
    struct text item = text_of(filter->item), course = text_of(filter->course), user = text_of(filter->user);

    *subject = (struct access_subject){.user = user.bytes, .user_size = user.size};
    if (course.bytes) {
        subject->course = view_course_key(view, course.bytes, course.size);
        subject->has_course = true;
    } else if (item.bytes) {
        subject->course = view_item_facts(view, view_item_key(view, item.bytes, item.size)).course;
        subject->has_course = subject->course != 0;
    }
    if (user.bytes)
        return course.bytes || item.bytes ? ACCESS_COURSE_RECORD : ACCESS_PERSON;
    return course.bytes || item.bytes ? ACCESS_COURSE_STAFF : ACCESS_ADMIN;
}

enum rc live_may(struct face_context *context, const struct caller *caller, const struct hub_filter *filter,
                 struct fault *fault)
{
    struct view view = service_read_begin(context->service);
    struct access_subject subject;
    enum access_rule rule = rule_of(filter, view, &subject);
    enum rc rc = access_check(rule, caller, view, &subject, fault);

    service_read_end(view);
    return rc;
}

bool live_hides_previews(struct face_context *context, const struct caller *caller,
                         const struct hub_filter *filter)
{
    struct text user = text_of(filter->user);
    struct access_subject subject = {.user = user.bytes, .user_size = user.size};
    struct fault unused;

    if (!filter->course && !filter->item)
        return false;
    struct view view = service_read_begin(context->service);
    bool all = user.bytes && access_check(ACCESS_PERSON, caller, view, &subject, &unused) == RC_OK;
    service_read_end(view);
    return !all;
}

static bool may(void *of, const struct caller *caller, const struct hub_filter *filter)
{
    struct fault fault;

    return live_may(of, caller, filter, &fault) == RC_OK;
}

static uint64_t published(void *of)
{
    return service_published(((struct face_context *)of)->service);
}

static unsigned keys_version(void *of)
{
    struct face_context *context = of;

    return keys_generation(auth_keys(context->auth));
}

/* Its time is another matter: the hub knows when it ends. */
static bool token_holds(void *of, const char *token)
{
    struct face_context *context = of;
    struct caller caller;
    struct fault fault;

    return auth_verify(context->auth, token, strlen(token), context->now_ms(), &caller, &fault) == RC_OK;
}

/* ---- the log ---- */

static enum rc past_open(void *of, const struct hub_filter *filter, uint64_t after, uint64_t upto,
                         void **out_past)
{
    struct live_filter names = {text_of(filter->user), text_of(filter->course), text_of(filter->item),
                                filter->hides_previews};
    struct live_past *past = NULL;
    struct fault fault;
    enum rc rc = live_past_open(service_history(((struct face_context *)of)->service), &names, after, upto,
                                &past, &fault);

    *out_past = past;
    return rc;
}

static enum past_progress past_step(void *past, bool (*visit)(void *arg, const struct live_event *event),
                                    void *arg, uint64_t *out_covered)
{
    static const enum past_progress progress[] = {
        [LIVE_PAST_MORE] = PAST_MORE, [LIVE_PAST_OVER] = PAST_OVER, [LIVE_PAST_GAP] = PAST_GAP};
    enum live_past_step step;
    struct fault fault;

    return live_past_next(past, visit, arg, out_covered, &step, &fault) == RC_OK ? progress[step]
                                                                                 : PAST_FAILED;
}

static void past_close(void *past)
{
    live_past_close(past);
}

struct hub_source live_source(struct face_context *context)
{
    return (struct hub_source){
        .of = context,
        .now_ms = context->now_ms,
        .published = published,
        .encode = live_encode,
        .may = may,
        .keys_version = keys_version,
        .token_holds = token_holds,
        .past_open = past_open,
        .past_step = past_step,
        .past_close = past_close,
        .write = live_write,
    };
}
