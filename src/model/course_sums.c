#include "model/course_sums.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/instant.h"
#include "base/sorted.h"

/* activeUsers counts today and the 29 days before. Source: contract 3. */
enum { ACTIVE_DAYS = 30 };

struct day_cell {
    uint32_t completed;
    int64_t learners;
};

/* One day's. Two levels, so that what is moved at a new or an emptied cell is bounded by the days or the
 * items, never by their product. */
struct day_cells {
    int32_t day;
    uint32_t count, room;
    int64_t learners;
    struct day_cell *at; /* ascending by completed */
};

void course_sums_done(struct course_sums *sums)
{
    for (int class = 0; class < CLASS_COUNT; class ++)
        free(sums->cells[class]);
    for (uint32_t i = 0; i < sums->day_count; i++)
        free(sums->days[i].at);
    free(sums->days);
    free(sums->reported);
    instants_done(&sums->activity);
    *sums = (struct course_sums){0};
}

/* True also for nothing to copy. */
static bool copy_bytes(const void *from, size_t bytes, void **out)
{
    *out = bytes ? malloc(bytes) : NULL;
    if (bytes && *out)
        memcpy(*out, from, bytes);
    return !bytes || *out;
}

/* All but the activity. */
static bool copy_cells(const struct course_sums *from, struct course_sums *out)
{
    struct course_sums copy = *from;
    bool whole = copy_bytes(from->days, from->day_count * sizeof *from->days, (void **)&copy.days);

    copy.activity = (struct instants){0};
    copy.day_room = copy.day_count;
    copy.reported_room = copy.reported_count;
    whole &=
        copy_bytes(from->reported, from->reported_count * sizeof *from->reported, (void **)&copy.reported);
    for (int class = 0; class < CLASS_COUNT; class ++)
        whole &= copy_bytes(from->cells[class], from->room[class] * sizeof *from->cells[class],
                            (void **)&copy.cells[class]);
    for (uint32_t i = 0; i < from->day_count && copy.days; i++) {
        whole &= copy_bytes(from->days[i].at, from->days[i].count * sizeof *from->days[i].at,
                            (void **)&copy.days[i].at);
        copy.days[i].room = copy.days[i].count;
    }
    if (!copy.days)
        copy.day_count = 0;
    *out = copy;
    if (!whole)
        course_sums_done(out);
    return whole;
}

bool course_sums_copy(const struct course_sums *from, struct course_sums *out)
{
    if (!copy_cells(from, out))
        return false;
    if (instants_copy(&from->activity, &out->activity))
        return true;
    course_sums_done(out);
    return false;
}

bool course_sums_copy_to_encode(const struct course_sums *from, struct course_sums *out)
{
    int64_t last_ms = instants_last(&from->activity);

    if (!copy_cells(from, out))
        return false;
    if (last_ms == INSTANT_NEVER || instants_add(&out->activity, last_ms))
        return true;
    course_sums_done(out);
    return false;
}

static struct course_cell *cell_of(struct course_sums *sums, enum enrolment_class class, uint32_t completed)
{
    if (completed >= sums->room[class]) {
        uint32_t room = completed + completed / 2 + 4;
        struct course_cell *cells = realloc(sums->cells[class], room * sizeof *cells);
        if (!cells)
            return NULL;
        memset(cells + sums->room[class], 0, (room - sums->room[class]) * sizeof *cells);
        sums->cells[class] = cells;
        sums->room[class] = room;
    }
    return &sums->cells[class][completed];
}

/* Index of the first day not before. */
static uint32_t first_day(const struct course_sums *sums, int32_t day)
{
    return (uint32_t)sorted_place(i, sums->day_count, sums->days[i].day < day);
}

static uint32_t first_cell(const struct day_cells *day, uint32_t completed)
{
    return (uint32_t)sorted_place(i, day->count, day->at[i].completed < completed);
}

/* The day's cells, made when it is new. NULL: out of memory. */
static struct day_cells *day_of(struct course_sums *sums, int32_t day)
{
    uint32_t at = first_day(sums, day);

    if (at < sums->day_count && sums->days[at].day == day)
        return &sums->days[at];
    if (sums->day_count == sums->day_room) {
        uint32_t room = sums->day_room + sums->day_room / 2 + 4;
        struct day_cells *days = realloc(sums->days, room * sizeof *days);
        if (!days)
            return NULL;
        sums->days = days;
        sums->day_room = room;
    }
    memmove(sums->days + at + 1, sums->days + at, (sums->day_count - at) * sizeof *sums->days);
    sums->days[at] = (struct day_cells){.day = day};
    sums->day_count++;
    return &sums->days[at];
}

static bool room_for_cell(struct day_cells *day)
{
    if (day->count < day->room)
        return true;
    uint32_t room = day->room + day->room / 2 + 1;
    struct day_cell *at = realloc(day->at, room * sizeof *at);
    if (!at)
        return false;
    day->at = at;
    day->room = room;
    return true;
}

static bool add_day(struct course_sums *sums, int32_t number, uint32_t completed, int sign)
{
    struct day_cells *day = day_of(sums, number);
    if (!day)
        return false;
    uint32_t at = first_cell(day, completed);

    assert(day->at || !day->count);
    if (at >= day->count || day->at[at].completed != completed) {
        if (!room_for_cell(day))
            return false; /* a day without cells stays: it counts nobody */
        memmove(day->at + at + 1, day->at + at, (day->count - at) * sizeof *day->at);
        day->at[at] = (struct day_cell){completed, 0};
        day->count++;
    }
    day->learners += sign;
    day->at[at].learners += sign;
    if (day->at[at].learners == 0) {
        day->count--;
        memmove(day->at + at, day->at + at + 1, (day->count - at) * sizeof *day->at);
    }
    if (day->count == 0) {
        free(day->at);
        sums->day_count--;
        memmove(day, day + 1, (sums->day_count - (uint32_t)(day - sums->days)) * sizeof *day);
    }
    return true;
}

/* Index of the first one not before. */
static uint32_t first_reported(const struct course_sums *sums, int32_t day)
{
    return (uint32_t)sorted_place(i, sums->reported_count, sums->reported[i].day < day);
}

bool course_sums_add_day(struct course_sums *sums, int32_t day, int learners, int64_t reports)
{
    uint32_t at = first_reported(sums, day);

    if (at == sums->reported_count || sums->reported[at].day != day) {
        if (sums->reported_count == sums->reported_room) {
            uint32_t room = sums->reported_room + sums->reported_room / 2 + 2;
            struct reported_day *grown = realloc(sums->reported, room * sizeof *grown);
            if (!grown)
                return false;
            sums->reported = grown;
            sums->reported_room = room;
        }
        memmove(sums->reported + at + 1, sums->reported + at,
                (sums->reported_count - at) * sizeof *sums->reported);
        sums->reported[at] = (struct reported_day){.day = day};
        sums->reported_count++;
    }
    struct reported_day *reported = &sums->reported[at];
    reported->learners += learners;
    reported->reports += reports;
    if (reported->learners == 0) {
        sums->reported_count--;
        memmove(reported, reported + 1, (sums->reported_count - at) * sizeof *reported);
    }
    return true;
}

static bool add_activity(struct course_sums *sums, int64_t ms, int sign)
{
    if (ms == INSTANT_NEVER)
        return true;
    if (sign > 0)
        return instants_add(&sums->activity, ms);
    instants_remove(&sums->activity, ms);
    return true;
}

static void add_cell(struct course_cell *to, const struct enrolment_share *share, int sign)
{
    to->learners += sign;
    if (share->dated) {
        to->dated += sign;
        to->completion_days += sign * share->completion_days;
    }
}

bool course_sums_add(struct course_sums *sums, const struct enrolment_share *share, int sign)
{
    struct course_cell *cell = cell_of(sums, share->class, share->completed_required);

    if (!cell)
        return false;
    if (!add_activity(sums, share->activity_ms, sign))
        return false;
    if (share->class == CLASS_WORKING && share->activity_day != INT32_MIN &&
        !add_day(sums, share->activity_day, share->completed_required, sign)) {
        (void)add_activity(sums, share->activity_ms, -sign); /* only one that was added: it is taken out */
        return false;
    }
    add_cell(cell, share, sign);
    sums->of_class[share->class] += sign;
    if (share->class == CLASS_DONE_FOR_GOOD || share->class == CLASS_CERTIFIED)
        add_cell(&sums->done, share, sign);
    sums->learners += sign;
    sums->completed_required += sign * (int64_t)share->completed_required;
    return true;
}

struct course_figures course_sums_figures(const struct course_sums *sums, const struct course_facts *facts,
                                          int32_t today)
{
    struct course_figures figures = {.total = sums->learners,
                                     .completed_required = sums->completed_required,
                                     .completed = sums->done.learners,
                                     .dated = sums->done.dated,
                                     .completion_days = sums->done.completion_days,
                                     .last_activity_ms = instants_last(&sums->activity)};
    bool derived = !facts->declared && facts->required > 0; /* WORKING with nothing left reads as COMPLETED */

    for (uint32_t i = facts->required; derived && i < sums->room[CLASS_WORKING]; i++) {
        const struct course_cell *cell = &sums->cells[CLASS_WORKING][i];
        figures.completed += cell->learners;
        figures.dated += cell->dated;
        figures.completion_days += cell->completion_days;
    }
    int64_t read_as_completed = figures.completed - sums->done.learners;
    figures.by_state[ENR_ENROLLED] = sums->of_class[CLASS_ENROLLED];
    figures.by_state[ENR_IN_PROGRESS] = sums->of_class[CLASS_WORKING] - read_as_completed;
    figures.by_state[ENR_COMPLETED] = sums->of_class[CLASS_DONE_FOR_GOOD] + read_as_completed;
    figures.by_state[ENR_CERTIFIED] = sums->of_class[CLASS_CERTIFIED];
    figures.by_state[ENR_DROPPED] = sums->of_class[CLASS_DROPPED];
    figures.by_state[ENR_EXPIRED] = sums->of_class[CLASS_EXPIRED];
    for (uint32_t i = first_day(sums, today - ACTIVE_DAYS + 1); i < sums->day_count; i++) {
        const struct day_cells *day = &sums->days[i];
        if (day->day > today)
            break;
        figures.active += day->learners;
        for (uint32_t k = derived ? first_cell(day, facts->required) : day->count; k < day->count; k++)
            figures.active -= day->at[k].learners;
    }
    return figures;
}

void course_sums_buckets(const struct course_sums *sums, const struct course_facts *facts,
                         int64_t out[COURSE_BUCKETS])
{
    memset(out, 0, COURSE_BUCKETS * sizeof *out);
    for (int class = 0; class < CLASS_COUNT; class ++)
        for (uint32_t i = 0; i < sums->room[class]; i++) {
            uint64_t tenth = facts->required ? (uint64_t)i * COURSE_BUCKETS / facts->required : 0;
            out[tenth < COURSE_BUCKETS ? tenth : COURSE_BUCKETS - 1] += sums->cells[class][i].learners;
        }
}

void course_sums_encode(const struct course_sums *sums, struct buf *out)
{
    for (uint32_t class = 0; class < CLASS_COUNT; class ++)
        for (uint32_t i = 0; i < sums->room[class]; i++) {
            const struct course_cell *cell = &sums->cells[class][i];
            if (cell->learners)
                buf_printf(out, "%u %u %lld %lld %lld\n", class, i, (long long)cell->learners,
                           (long long)cell->dated, (long long)cell->completion_days);
        }
    for (uint32_t i = 0; i < sums->day_count; i++)
        for (uint32_t k = 0; k < sums->days[i].count; k++)
            buf_printf(out, "day %d %u %lld\n", sums->days[i].day, sums->days[i].at[k].completed,
                       (long long)sums->days[i].at[k].learners);
    for (uint32_t i = 0; i < sums->reported_count; i++)
        buf_printf(out, "reported %d %lld %lld\n", sums->reported[i].day,
                   (long long)sums->reported[i].learners, (long long)sums->reported[i].reports);
    if (instants_last(&sums->activity) != INSTANT_NEVER)
        buf_printf(out, "last %lld\n", (long long)instants_last(&sums->activity));
}
