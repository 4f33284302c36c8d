#include "face/own/own_me.h"

#include <string.h>

#include "base/list.h"
#include "face/show.h"
#include "app/snapshot.h"
#include "http/seal.h"

/* From the highest. */
static const struct {
    enum role role;
    const char *name;
} roles[] = {{ROLE_SYSTEM, "SYSTEM"},
             {ROLE_ADMIN, "ADMIN"},
             {ROLE_OWNER, "OWNER"},
             {ROLE_INSTRUCTOR, "INSTRUCTOR"},
             {ROLE_STUDENT, "STUDENT"}};

/* A token may say that it never expires, by a year that no text of ours can hold. */
#define LAST_SHOWN_MS INT64_C(253402300799999) /* 9999-12-31T23:59:59.999Z */

/* The catalogue is looked through for courses that list the caller; then those are written, owned ones first.
 */
struct me_read {
    struct slow slow;
    struct keys owned, taught; /* courses, in the order of their first sight */
    uint32_t looked, written;  /* the course looked at last; entries of both lists */
    bool begun;
};

/* Looking at a course costs its staff, some of whom are compared in the time of a step. */
enum { STAFF_A_STEP = 16 };

static enum rc look_at_some(struct me_read *read, struct fault *fault)
{
    const struct caller *caller = face_caller(read->slow.request);
    struct view view = service_read_begin(face_of(read->slow.request)->service);
    bool whole = true;

    for (uint32_t steps = 0; read->looked < view_count(view, ENTITY_COURSE) && steps < STEPS_A_HOLD;) {
        const struct course_def *def = view_course(view, ++read->looked);
        enum staff_listing listing =
            def && def->staff_count ? access_listed(caller, view, read->looked) : STAFF_NOT_LISTED;
        if (listing == STAFF_LISTED_OWNER)
            whole &= list_add(&read->owned, read->looked);
        else if (listing == STAFF_LISTED)
            whole &= list_add(&read->taught, read->looked);
        steps += 1 + (def ? def->staff_count / STAFF_A_STEP : 0);
    }
    service_read_end(view);
    return whole ? RC_OK : fault_no_memory(fault);
}

static void put_head(struct me_read *read)
{
    const struct caller *caller = face_caller(read->slow.request);
    struct json_out *out = &read->slow.out;
    bool highest = true;

    json_open(out, '{');
    json_put_text(out, "userId", caller->id);
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++) {
        if (!(caller->roles & roles[i].role))
            continue;
        if (highest) {
            json_put_text(out, "role", roles[i].name);
            json_put_open(out, "roles", '[');
        }
        json_text(out, roles[i].name, strlen(roles[i].name));
        highest = false;
    }
    json_close(out, ']');
    json_put_instant(out, "expiresAt",
                     caller->expires_ms < LAST_SHOWN_MS ? caller->expires_ms : LAST_SHOWN_MS);
    json_put_open(out, "staffOf", '[');
}

static void put_course(struct me_read *read, struct view view, uint32_t key, bool owner)
{
    const struct course_def *def = view_course(view, key);
    struct json_out *out = &read->slow.out;

    if (!def)
        return; /* taken away meanwhile */
    json_open(out, '{');
    json_put_text(out, "courseId", view_id(view, ENTITY_COURSE, key).bytes);
    json_put_text(out, "title", title_or_null(def->title));
    json_put_text(out, "role", owner ? "OWNER" : "INSTRUCTOR");
    json_close(out, '}');
}

/* The time is in no tag: what is new would else be new each time. What follows it is the same for all. */
static void put_tail(struct me_read *read)
{
    struct request *request = read->slow.request;
    struct face_context *context = face_of(request);
    struct json_out *out = &read->slow.out;

    json_close(out, ']');
    json_put_text(out, "displayTimezone", zone_name(context->zone));
    request_tag_first(request, request->out.size);
    json_put_instant(out, "serverTime", context->now_ms());
    json_put_open(out, "features", '{');
    json_put_bool(out, "push", context->hub != NULL);
    json_put_bool(out, "history", true); /* their own */
    json_put_bool(out, "erase", true);   /* likewise */
    json_close(out, '}');
    json_close(out, '}');
}

static enum rc me_step(struct slow *slow, bool *out_last, struct fault *fault)
{
    struct me_read *read = (struct me_read *)slow;
    struct face_context *context = face_of(slow->request);
    bool staff = face_caller(slow->request)->roles & (ROLE_INSTRUCTOR | ROLE_OWNER);

    if (staff && !read->begun) {
        struct view view = service_read_begin(context->service);
        bool over = read->looked >= view_count(view, ENTITY_COURSE);
        service_read_end(view);
        if (!over)
            return look_at_some(read, fault);
    }
    if (!read->begun)
        put_head(read);
    read->begun = true;
    struct view view = service_read_begin(context->service);
    uint32_t owned = read->owned.count, all = owned + read->taught.count;
    for (uint32_t steps = 0; read->written < all && steps < STEPS_A_HOLD; steps++, read->written++)
        put_course(read, view,
                   read->written < owned ? read->owned.at[read->written]
                                         : read->taught.at[read->written - owned],
                   read->written < owned);
    service_read_end(view);
    *out_last = read->written == all;
    if (*out_last)
        put_tail(read);
    return RC_OK;
}

static enum rc me_decode(struct slow *slow, const struct body *body, struct fault *fault)
{
    (void)body;
    (void)fault;
    slow->small = true; /* one hold a step */
    return RC_OK;
}

static void me_close(struct slow *slow)
{
    struct me_read *read = (struct me_read *)slow;

    list_done(&read->owned);
    list_done(&read->taught);
}

const struct slow_handler own_me = {sizeof(struct me_read), .decode = me_decode, .step = me_step,
                                    .close = me_close};
