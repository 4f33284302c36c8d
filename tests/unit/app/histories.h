#pragma once

#include "fixture.h"

#include "model/model_private.h"
#include "model/view.h"

/* Random commands over few learners, courses and items, and a model as text. */

/* of the items of random commands: what is first seen without a course comes up again and again */
static int generation;

static inline const char *of_generation(struct arena *arena, const char *item)
{
    return generation ? arena_printf(arena, "%s-%d", item, generation) : item;
}

/* One random command over few learners, courses and items, so that they meet often. */
static inline void random_command(struct arena *arena, uint64_t *random, struct command *out)
{
    static const char *const users[] = {"u1", "u2", "u3", "u4"}, *const courses[] = {"c1", "c2", "c3"},
                             *const items[] = {"i1", "i2", "i3", "i4", "i5", "i6"};
    const char *user = users[next_random(random) % COUNT(users)],
               *course = courses[next_random(random) % COUNT(courses)],
               *item = of_generation(arena, items[next_random(random) % COUNT(items)]);
    uint32_t dice = next_random(random) % 20;
    *out = (struct command){.arena = arena,
                            .face = FACE_VIDEO,
                            .learner = text(user),
                            .course = text(course),
                            .item = text(item)};
    if (dice < 13) {
        struct item_report *report = arena_alloc(arena, sizeof *report);
        report->item = text(item);
        if (dice < 8)
            report->course = text(course);
        report->report = (struct report){.has = HAS_STATUS | HAS_PERCENT | HAS_TIME_SPENT,
                                         .status = (uint8_t)(next_random(random) % 3),
                                         .percent_hundredths = (uint16_t)(next_random(random) % 10001),
                                         .time_spent_ms = next_random(random) % 100000};
        if (dice % 2)
            report->report = (struct report){.has = HAS_WATCHED | HAS_CLIENT_AT | FROM_PLAYER | HAS_DURATION,
                                             .watched_s = next_random(random) % 100,
                                             .duration_ms = 100000,
                                             .client_at_ms = (int64_t)(next_random(random) % 1000),
                                             .local_day = (int32_t)(next_random(random) % 9)};
        out->kind = CMD_REPORTS;
        out->reports = report;
        out->report_count = 1;
        out->all_or_nothing = true;
    } else if (dice < 16) {
        out->kind = dice == 13 ? CMD_ENROL : dice == 14 ? CMD_DROP : CMD_EXPIRE;
    } else if (dice == 16) {
        out->kind = CMD_DELETE_PROGRESS;
    } else if (dice == 17) {
        out->kind = CMD_RESET;
        if (next_random(random) % 2)
            out->item = (struct text){NULL, 0};
    } else if (dice == 18) {
        struct course_put *put = arena_alloc(arena, sizeof *put);
        put->title = text("title");
        put->items = arena_alloc(arena, 3 * sizeof *put->items);
        for (uint32_t i = 0, at = next_random(random) % 4; i < 3; i++)
            put->items[put->item_count++] = (struct put_item){.id = text(of_generation(arena, items[at + i])),
                                                              .duration_ms = next_random(random) % 2 * 50000,
                                                              .required = next_random(random) % 4 != 0};
        out->kind = CMD_COURSE_PUT;
        out->put = put;
        out->learner = (struct text){NULL, 0};
        out->actor = text("admin");
    } else {
        out->kind = CMD_COURSE_DELETE;
        out->learner = (struct text){NULL, 0};
        out->actor = text("admin");
    }
}

/* Everything a client could see, as text: two models that print alike are alike. */
static inline void print_model(struct model *model, struct buf *out)
{
    struct view view = model_read_begin(model);
    for (uint32_t c = 1; c <= model->tables[ENTITY_COURSE].count; c++) {
        const struct course_def *def = view_course(view, c);
        buf_printf(out, "course %s: %s %u %u %u roster %u\n", course_slot(model, c)->head.id,
                   def ? def->declared ? "declared" : "observed" : "unknown", def ? def->item_count : 0,
                   def ? def->required_count : 0, def ? def->staff_count : 0,
                   keys_live(&course_slot(model, c)->roster));
        course_sums_encode(&course_slot(model, c)->sums, out);
    }
    for (uint32_t i = 1; i <= model->tables[ENTITY_ITEM].count; i++) {
        const struct item_def *def = view_item(view, i);
        const struct item_sums *sums = &item_slot(model, i)->sums;
        buf_printf(out, "item %s: course %u %d %s: %lld %lld %lld %lld %lld\n", item_slot(model, i)->head.id,
                   def ? def->course : 0, def ? def->retired : 0, item_type(def), (long long)sums->records,
                   (long long)sums->completed, (long long)sums->in_progress, (long long)sums->time_spent_ms,
                   (long long)sums->watched_s);
    }
    for (uint32_t l = 1; l <= model->tables[ENTITY_LEARNER].count; l++) {
        const struct learner *learner = view_learner(view, l);
        for (uint32_t i = 0; learner && i < learner->record_count; i++) {
            const struct record *r = &learner->records[i];
            buf_printf(out, "%s %s: %u %d %d %d %lld %lld %lld v%llu f%lld\n",
                       learner_slot(model, l)->head.id, item_slot(model, r->item)->head.id, r->id, r->status,
                       r->flags, r->percent_hundredths, (long long)r->furthest_ms, (long long)r->watched_s,
                       (long long)r->time_spent_ms, (unsigned long long)r->version, (long long)r->floor_ms);
        }
        for (uint32_t i = 0; learner && i < learner->enrolment_count; i++) {
            const struct enrolment *e = &learner->enrolments[i];
            buf_printf(out, "%s in %s: %u %d %u/%u %lld %lld %lld\n", learner_slot(model, l)->head.id,
                       course_slot(model, e->course)->head.id, e->id, e->class, e->completed_required,
                       e->completed_items, (long long)e->completed_at_ms, (long long)e->last_activity_ms,
                       (long long)e->enrolled_at_ms);
        }
    }
    model_read_end(view);
    buf_char(out, '\0');
}
