#include "face/courseroom/courseroom_analytics.h"

#include <stdlib.h>
#include <string.h>

#include "app/figures.h"
#include "base/instant.h"
#include "core/days.h"
#include "core/words.h"
#include "face/courseroom/courseroom_encode.h"
#include "face/show.h"

enum { HOLD_ITEMS = 512, SMALL_ITEMS = 256 };

struct analytics {
    struct slow slow;
    struct face_context *context;
    uint32_t course;
    const struct course_def *def; /* a reference */
    struct course_facts facts;
    struct course_figures figures;
    int64_t buckets[COURSE_BUCKETS];
    struct reported_day *days; /* the last DAYS_KEPT of them */
    uint32_t day_count;
    struct item_figures *contents;
    uint32_t looked, written;
    int64_t activities;
    bool begun;
};

static void analytics_close(struct slow *slow)
{
    struct analytics *all = (struct analytics *)slow;

    course_def_unref(all->def);
    free(all->contents);
    free(all->days);
}

static bool take_days(struct analytics *all, const struct course_sums *sums)
{
    all->day_count = sums->reported_count < DAYS_KEPT ? sums->reported_count : DAYS_KEPT;
    all->days = calloc(all->day_count + 1, sizeof *all->days);
    if (all->days && all->day_count)
        memcpy(all->days, sums->reported + sums->reported_count - all->day_count,
               all->day_count * sizeof *all->days);
    return all->days;
}

static enum rc analytics_open(struct slow *slow, const struct read *found, struct fault *fault)
{
    struct analytics *all = (struct analytics *)slow;
    const struct course_def *def = view_course(found->view, found->course);

    if (!def)
        return fault_set(fault, RC_NOT_FOUND, NULL, "Course not found");
    all->context = face_of(slow->request);
    all->course = found->course;
    all->def = course_def_ref(def);
    all->facts = view_course_facts(found->view, all->course);
    const struct course_sums *sums = view_course_sums(found->view, all->course);
    all->figures = course_sums_figures(sums, &all->facts, instant_day(all->context->now_ms()));
    course_sums_buckets(sums, &all->facts, all->buckets);
    all->contents = calloc(def->item_count + 1, sizeof *all->contents);
    slow->small = def->item_count <= SMALL_ITEMS;
    return all->contents && take_days(all, sums) ? RC_OK : fault_no_memory(fault);
}

static void look_at_some(struct analytics *all)
{
    struct view view = service_read_begin(all->context->service);

    for (uint32_t i = 0; i < HOLD_ITEMS && all->looked < all->def->item_count; i++) {
        struct item_figures *figures = &all->contents[all->looked];
        *figures = item_figures_of(view, all->def->items[all->looked++]);
        all->activities += figures->records;
    }
    service_read_end(view);
}

static void put_more(struct json_out *out, const struct item_def *def, const struct item_figures *content)
{
    json_put_text(out, "title", def ? title_or_null(def->title) : NULL);
    json_put_text(out, "type", item_type(def));
    json_put_bool(out, "required", !def || def->required);
    json_put_int(out, "startedCount", content->started);
    json_name(out, "averageScorePercent");
    if (content->scored)
        json_scaled(out, rounded_ratio(content->scores, 10000, content->scored * SCORE_WHOLE), 2);
    else
        json_null_value(out);
}

/* whole: as one of contents, else as contentEngagement. */
static void put_content(struct json_out *out, struct view view, const struct analytics *all, uint32_t i,
                        bool whole)
{
    const struct item_figures *content = &all->contents[i];

    json_open(out, '{');
    json_put_id(out, "contentId", view_id(view, ENTITY_ITEM, all->def->items[i]));
    json_put_int(out, "completionCount", content->completed);
    json_put_hundredths(out, "avgDuration",
                        rounded_ratio(content->time_spent_ms, 100, 1000 * content->records));
    if (whole)
        put_more(out, view_item(view, all->def->items[i]), content);
    json_close(out, '}');
}

static void put_distributions(struct json_out *out, const struct analytics *all)
{
    json_put_open(out, "byStatus", '{');
    for (enum enrolment_state state = ENR_ENROLLED; state <= ENR_EXPIRED; state++)
        json_put_int(out, word_of_state(state, WORDS_UPPER), all->figures.by_state[state]);
    json_close(out, '}');
    json_put_open(out, "percentBuckets", '[');
    for (int i = 0; i < COURSE_BUCKETS; i++)
        json_int(out, all->buckets[i]);
    json_close(out, ']');
    json_put_open(out, "days", '[');
    for (uint32_t i = 0; i < all->day_count; i++) {
        json_open(out, '{');
        json_put_day(out, "date", all->days[i].day);
        json_put_int(out, "learners", all->days[i].learners);
        json_put_int(out, "reports", all->days[i].reports);
        json_close(out, '}');
    }
    json_close(out, ']');
}

static void put_figures(struct json_out *out, const struct analytics *all)
{
    const struct course_figures *figures = &all->figures;
    uint32_t best = item_figures_best(all->contents, all->def->item_count);

    courseroom_open(out, "Course analytics retrieved successfully");
    json_open(out, '{');
    json_put_int(out, "totalEnrollments", figures->total);
    json_put_int(out, "activeUsers", figures->active);
    json_put_int(out, "completedUsers", figures->completed);
    json_put_hundredths(
        out, "averageProgress",
        rounded_ratio(figures->completed_required, 10000, figures->total * all->facts.required));
    json_put_hundredths(out, "completionRate", rounded_ratio(figures->completed, 10000, figures->total));
    json_put_int(out, "averageCompletionTime", rounded_ratio(figures->completion_days, 1, figures->dated));
    json_put_int(out, "totalActivities", all->activities);
    json_name(out, "contentEngagement");
    if (best < all->def->item_count) {
        struct view view = service_read_begin(all->context->service);
        put_content(out, view, all, best, false);
        service_read_end(view);
    } else {
        json_null_value(out);
    }
    put_distributions(out, all);
    json_put_open(out, "contents", '[');
}

static void put_some(struct json_out *out, struct analytics *all)
{
    struct view view = service_read_begin(all->context->service);

    for (uint32_t i = 0; i < HOLD_ITEMS && all->written < all->def->item_count; i++)
        put_content(out, view, all, all->written++, true);
    service_read_end(view);
}

static enum rc analytics_step(struct slow *slow, bool *out_last, struct fault *fault)
{
    struct analytics *all = (struct analytics *)slow;
    struct json_out *out = &slow->out;

    (void)fault;
    if (all->looked < all->def->item_count) {
        look_at_some(all);
        return RC_OK;
    }
    if (!all->begun)
        put_figures(out, all);
    all->begun = true;
    put_some(out, all);
    *out_last = all->written == all->def->item_count;
    if (*out_last) {
        json_close(out, ']');
        json_close(out, '}');
        json_close(out, '}');
    }
    return RC_OK;
}

const struct slow_handler courseroom_analytics = {sizeof(struct analytics), .open = analytics_open,
                                                  .step = analytics_step, .close = analytics_close};
