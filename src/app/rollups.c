#include "app/rollups.h"

#include <stdlib.h>
#include <string.h>

/* activeUsers counts today and the 29 days before. Source: contract 3. */
enum { ACTIVE_DAYS = 30 };

struct day_cell {
    int32_t day;
    uint32_t completed;
    int64_t learners;
};

void course_sums_done(struct course_sums *sums)
{
    for (int class = 0; class < CLASS_COUNT; class++)
        free(sums->cells[class]);
    free(sums->days);
    *sums = (struct course_sums){0};
}

static struct course_cell *cell_of(struct course_sums *sums, enum enrolment_class class, uint32_t completed)
{
    if (completed >= sums->room[class]) {
        uint32_t room = completed + 8;
        struct course_cell *cells = realloc(sums->cells[class], room * sizeof *cells);
        if (!cells)
            return NULL;
        memset(cells + sums->room[class], 0, (room - sums->room[class]) * sizeof *cells);
        sums->cells[class] = cells;
        sums->room[class] = room;
    }
    return &sums->cells[class][completed];
}

/* Index of the first cell not before (day, completed). */
static size_t lower_bound(const struct course_sums *sums, int32_t day, uint32_t completed)
{
    size_t low = 0, high = sums->day_count;

    while (low < high) {
        size_t middle = (low + high) / 2;
        const struct day_cell *cell = &sums->days[middle];
        if (cell->day < day || (cell->day == day && cell->completed < completed))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool add_day(struct course_sums *sums, int32_t day, uint32_t completed, int sign)
{
    size_t at = lower_bound(sums, day, completed);
    bool there = at < sums->day_count && sums->days[at].day == day && sums->days[at].completed == completed;

    if (!there) {
        if (sums->day_count == sums->day_room) {
            size_t room = sums->day_room ? sums->day_room * 2 : 16;
            struct day_cell *days = realloc(sums->days, room * sizeof *days);
            if (!days)
                return false;
            sums->days = days;
            sums->day_room = room;
        }
        memmove(sums->days + at + 1, sums->days + at, (sums->day_count - at) * sizeof *sums->days);
        sums->days[at] = (struct day_cell){day, completed, 0};
        sums->day_count++;
    }
    sums->days[at].learners += sign;
    if (sums->days[at].learners == 0) {
        sums->day_count--;
        memmove(sums->days + at, sums->days + at + 1, (sums->day_count - at) * sizeof *sums->days);
    }
    return true;
}

bool course_sums_add(struct course_sums *sums, const struct enrolment_share *share, int sign)
{
    struct course_cell *cell = cell_of(sums, share->class, share->completed_required);

    if (!cell)
        return false;
    if (share->class == CLASS_WORKING && share->activity_day != INT32_MIN &&
        !add_day(sums, share->activity_day, share->completed_required, sign))
        return false;
    cell->learners += sign;
    if (share->dated) {
        cell->dated += sign;
        cell->completion_days += sign * share->completion_days;
    }
    sums->learners += sign;
    sums->completed_required += sign * (int64_t)share->completed_required;
    return true;
}

static void add_cell(struct course_figures *figures, const struct course_cell *cell)
{
    figures->completed += cell->learners;
    figures->dated += cell->dated;
    figures->completion_days += cell->completion_days;
}

struct course_figures course_sums_figures(const struct course_sums *sums, const struct course_facts *facts,
                                          int32_t today)
{
    struct course_figures figures = {.total = sums->learners, .completed_required = sums->completed_required};
    bool derived = !facts->declared && facts->required > 0; /* WORKING with nothing left reads as COMPLETED */

    for (uint32_t i = 0; i < sums->room[CLASS_DONE_FOR_GOOD]; i++)
        add_cell(&figures, &sums->cells[CLASS_DONE_FOR_GOOD][i]);
    for (uint32_t i = 0; i < sums->room[CLASS_CERTIFIED]; i++)
        add_cell(&figures, &sums->cells[CLASS_CERTIFIED][i]);
    for (uint32_t i = facts->required; derived && i < sums->room[CLASS_WORKING]; i++)
        add_cell(&figures, &sums->cells[CLASS_WORKING][i]);
    for (size_t i = lower_bound(sums, today - ACTIVE_DAYS + 1, 0); i < sums->day_count; i++)
        if (sums->days[i].day <= today && !(derived && sums->days[i].completed >= facts->required))
            figures.active += sums->days[i].learners;
    return figures;
}

void course_sums_encode(const struct course_sums *sums, struct buf *out)
{
    for (uint32_t class = 0; class < CLASS_COUNT; class++)
        for (uint32_t i = 0; i < sums->room[class]; i++) {
            const struct course_cell *cell = &sums->cells[class][i];
            if (cell->learners)
                buf_printf(out, "%u %u %lld %lld %lld\n", class, i, (long long)cell->learners,
                           (long long)cell->dated, (long long)cell->completion_days);
        }
    for (size_t i = 0; i < sums->day_count; i++)
        buf_printf(out, "day %d %u %lld\n", sums->days[i].day, sums->days[i].completed,
                   (long long)sums->days[i].learners);
}
