#include "app/figures.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

void record_sums_add(struct record_sums *sums, const struct record *record)
{
    enum item_status status = record ? record_counted_status(record) : ITEM_NOT_STARTED;

    sums->total++;
    if (status == ITEM_NOT_STARTED)
        sums->not_started++;
    else if (status == ITEM_COMPLETED)
        sums->completed++;
    else
        sums->in_progress++;
    if (!record)
        return;
    sums->percent_hundredths += record->percent_hundredths;
    sums->time_spent_ms += record->time_spent_ms;
    if (record->flags & RECORD_SCORE) {
        sums->scored++;
        sums->score_e4 += record->score_e4;
    }
}

/* ---- types ---- */

static uint32_t type_place(const struct types *types, const char *name)
{
    uint32_t hash = 2166136261U;

    for (const char *at = name; *at; at++)
        hash = (hash ^ (uint32_t)tolower((unsigned char)*at)) * 16777619U;
    uint32_t mask = 2 * types->room - 1, place = (hash ^ hash >> 15) & mask;
    while (types->table[place] && strcasecmp(types->at[types->table[place] - 1].name, name) != 0)
        place = (place + 1) & mask;
    return place;
}

static bool more_types(struct types *types)
{
    uint32_t room = types->room ? 2 * types->room : 16;
    struct type_sums *at = arena_alloc(types->arena, room * sizeof *at);
    uint32_t *table = arena_alloc(types->arena, 2 * (size_t)room * sizeof *table);

    if (!at || !table)
        return false;
    if (types->count)
        memcpy(at, types->at, types->count * sizeof *at);
    types->at = at;
    types->table = table;
    types->room = room;
    for (uint32_t i = 0; i < types->count; i++)
        table[type_place(types, at[i].name)] = i + 1;
    return true;
}

struct item_sums *types_sums(struct types *types, const char *name)
{
    if (types->count == types->room && !more_types(types))
        return NULL;
    uint32_t place = type_place(types, name);
    if (!types->table[place]) {
        char *copy = arena_copy(types->arena, name, strlen(name));
        if (!copy)
            return NULL;
        types->at[types->count++].name = copy;
        types->table[place] = types->count;
    }
    return &types->at[types->table[place] - 1].sums;
}

bool types_add(struct types *types, struct item_sums *all, struct view view, uint32_t item)
{
    const struct item_sums *of_item = view_item_sums(view, item);
    struct item_sums *of_type = types_sums(types, item_type(view_item(view, item)));

    if (!of_type)
        return false;
    all->records += of_item->records;
    all->completed += of_item->completed;
    all->in_progress += of_item->in_progress;
    all->not_started += of_item->not_started;
    of_type->records += of_item->records;
    of_type->completed += of_item->completed;
    of_type->time_spent_ms += of_item->time_spent_ms;
    return true;
}

/* ---- a learner's days, videos and courses ---- */

struct streaks streaks_of(const struct learner *learner, int32_t today)
{
    struct streaks streaks = {0, 0};
    int64_t run = 0;

    for (uint32_t i = 0; learner && i < learner->day_count; i++) {
        run = i && learner->days[i] == learner->days[i - 1] + 1 ? run + 1 : 1;
        if (run > streaks.longest)
            streaks.longest = run;
        if (learner->days[i] >= today - 1) /* or later: they came from where it is tomorrow */
            streaks.now = run;
    }
    return streaks;
}

void video_sums_add(struct video_sums *sums, const struct record *record)
{
    sums->videos++;
    sums->completed += record && record->status == ITEM_COMPLETED;
    sums->watch_ms += record ? record_watch_ms(record) : 0;
}

static bool watched_more(struct view view, const struct record *left, const struct record *right)
{
    if (left->watched_s != right->watched_s)
        return left->watched_s > right->watched_s;
    return strcmp(view_id(view, ENTITY_ITEM, left->item).bytes,
                  view_id(view, ENTITY_ITEM, right->item).bytes) < 0;
}

static void keep_most(struct watched *watched, struct view view, const struct record *record)
{
    uint32_t at = watched->kept;

    while (at > 0 && watched_more(view, record, watched->most[at - 1]))
        at--;
    if (at == MOST_WATCHED)
        return;
    uint32_t moved = (watched->kept < MOST_WATCHED ? watched->kept : MOST_WATCHED - 1) - at;
    memmove(watched->most + at + 1, watched->most + at, moved * sizeof *watched->most);
    watched->most[at] = record;
    watched->kept += watched->kept < MOST_WATCHED;
}

void watched_add(struct watched *watched, struct view view, const struct record *record)
{
    keep_most(watched, view, record);
    watched->videos++;
    watched->watched_s += record->watched_s;
    watched->completed += record->status == ITEM_COMPLETED;
}

int64_t enrolment_last_access_ms(const struct enrolment *enrolment)
{
    return enrolment->last_activity_ms != INSTANT_NEVER ? enrolment->last_activity_ms
                                                        : enrolment->enrolled_at_ms;
}

static bool accessed_before(const struct enrolment *left, const struct enrolment *right)
{
    int64_t left_ms = enrolment_last_access_ms(left), right_ms = enrolment_last_access_ms(right);

    return left_ms != right_ms ? left_ms < right_ms : left->id < right->id;
}

void recent_courses_add(struct recent_courses *courses, struct view view, const struct enrolment *enrolment)
{
    struct course_facts facts = view_course_facts(view, enrolment->course);
    enum enrolment_state state = enrolment_state(enrolment, &facts);
    uint32_t at = courses->kept;

    courses->completed += state == ENR_COMPLETED || state == ENR_CERTIFIED;
    if (state == ENR_DROPPED || state == ENR_EXPIRED || !view_course(view, enrolment->course))
        return;
    courses->enrolled++;
    while (at > 0 && accessed_before(courses->at[at - 1], enrolment))
        at--;
    if (at == RECENT_COURSES)
        return;
    uint32_t moved = (courses->kept < RECENT_COURSES ? courses->kept : RECENT_COURSES - 1) - at;
    memmove(&courses->at[at + 1], &courses->at[at], moved * sizeof *courses->at);
    courses->at[at] = enrolment;
    courses->kept += courses->kept < RECENT_COURSES;
}

/* ---- the items of a course ---- */

struct item_figures item_figures_of(struct view view, uint32_t item)
{
    const struct item_sums *sums = view_item_sums(view, item);
    return (struct item_figures){.time_spent_ms = sums->time_spent_ms,
                                 .scores = sums->scores,
                                 .records = sums->records,
                                 .completed = sums->completed,
                                 .started = sums->in_progress + sums->completed,
                                 .scored = sums->scored};
}

uint32_t item_figures_best(const struct item_figures *items, uint32_t count)
{
    uint32_t best = count;

    for (uint32_t i = 0; i < count; i++)
        if (items[i].records && (best == count || items[i].completed > items[best].completed ||
                                 (items[i].completed == items[best].completed &&
                                  items[i].time_spent_ms > items[best].time_spent_ms)))
            best = i;
    return best;
}
