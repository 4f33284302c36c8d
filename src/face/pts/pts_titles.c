#include "face/pts/pts_titles.h"

#include <string.h>

enum { TITLE_ROOM = 1100, MOCK_DURATION_MS = 300000 };

struct titles *titles_of(struct request *request)
{
    if (!request->handler_state) {
        struct titles *titles = arena_alloc(&request->arena, sizeof *titles);
        if (titles) {
            titles->request = request;
            titles->arena = &request->arena;
        }
        request->handler_state = titles;
    }
    return request->handler_state;
}

static void want(struct titles *titles, bool course, const char *id)
{
    if (titles->wanted_count == TITLES_WANTED_MAX)
        return;
    for (int i = 0; i < titles->wanted_count; i++)
        if (titles->wanted[i].course == course && strcmp(titles->wanted[i].id, id) == 0)
            return;
    char *copy = arena_copy(&titles->request->arena, id, strlen(id));
    if (copy)
        titles->wanted[titles->wanted_count++] = (struct wanted){course, copy};
}

static const char *catalogue_title(struct view view, bool course, uint32_t key)
{
    const struct course_def *of_course = course ? view_course(view, key) : NULL;
    const struct item_def *of_item = course ? NULL : view_item(view, key);
    struct text title = of_course ? of_course->title : of_item ? of_item->title : (struct text){NULL, 0};

    return title.size ? title.bytes : NULL;
}

void titles_want(struct titles *titles, struct view view, bool course, uint32_t key, const char *id)
{
    struct face_context *context = face_of(titles->request);
    char text[TITLE_ROOM];
    int64_t duration_s;

    if (titles->asked || context->mock_data || !context->cms || titles->wanted_count == TITLES_WANTED_MAX ||
        catalogue_title(view, course, key))
        return;
    if (!cms_known(context->cms, course ? CMS_COURSE : CMS_VIDEO, id, text, sizeof text, &duration_s))
        want(titles, course, id);
}

/* What the CMS is known to say of it goes where the catalogue has left a gap. */
static void fill_from_cms(struct titles *titles, bool course, const char *id, struct title *title)
{
    char text[TITLE_ROOM];
    int64_t duration_s = 0;

    if (!cms_known(face_of(titles->request)->cms, course ? CMS_COURSE : CMS_VIDEO, id, text, sizeof text,
                   &duration_s))
        return;
    if (!title->text && *text)
        title->text = arena_copy(titles->arena, text, strlen(text));
    if (!title->duration_ms)
        title->duration_ms = duration_s * 1000;
}

struct title titles_look(struct titles *titles, struct view view, bool course, uint32_t key, const char *id)
{
    struct arena *arena = titles->arena;
    struct face_context *context = face_of(titles->request);
    struct title title = {.text = catalogue_title(view, course, key)};

    if (!course && (context->mock_data || context->cms))
        title.duration_ms = view_item_facts(view, key).duration_ms;
    if (context->mock_data && !title.text) {
        title.mock = true;
        if (!course && !title.duration_ms)
            title.duration_ms = MOCK_DURATION_MS;
        title.text = arena_printf(arena, "Mock %s %s", course ? "Course" : "Video", id);
    } else if (context->cms && !context->mock_data) {
        fill_from_cms(titles, course, id, &title);
    }
    if (!title.text)
        title.text = arena_printf(arena, "%s %s", course ? "Course" : "Video", id);
    if (!title.text)
        title.text = id; /* out of memory */
    return title;
}

/* On a fetcher's thread: the last answer wakes the request. */
static void one_known(void *arg, const struct reply *reply)
{
    struct titles *titles = arg;

    (void)reply; /* it is remembered */
    if (atomic_fetch_sub(&titles->open, 1) == 1)
        request_resume(titles->request);
}

bool titles_fetch(struct titles *titles, void (*again)(struct request *request))
{
    struct face_context *context = face_of(titles->request);
    int count = titles->wanted_count;

    if (count == 0 || titles->asked)
        return false;
    titles->asked = true;
    atomic_store(&titles->open, count);
    buf_clear(&titles->request->out);
    /* it lives until the last question is asked */
    const char *trace = request_traceparent(titles->request);
    request_suspend(titles->request, again);
    /* After the last question the request may already run again: only locals are used from here on. */
    struct wanted wanted[TITLES_WANTED_MAX];
    memcpy(wanted, titles->wanted, sizeof wanted);
    for (int i = 0; i < count; i++)
        cms_ask(context->cms, wanted[i].course ? CMS_COURSE : CMS_VIDEO, wanted[i].id, trace, one_known,
                titles);
    return true;
}
