#include "core/days.h"

#include <assert.h>
#include <string.h>

static int64_t added(int64_t total_ms, int64_t more_ms)
{
    return total_ms < TIME_MAX_MS - more_ms ? total_ms + more_ms : TIME_MAX_MS;
}

/* A new day at a place of learner->days; its figures begin with nothing. */
static void insert_day(struct learner *learner, uint32_t at, int32_t day)
{
    uint32_t figured = days_figured(learner), skipped = learner->day_count - figured;

    assert(learner->day_count < learner->day_room);
    memmove(learner->days + at + 1, learner->days + at, (learner->day_count - at) * sizeof *learner->days);
    learner->days[at] = day;
    learner->day_count++;
    if (figured == DAYS_KEPT && at <= skipped)
        return;                    /* before all that are figured: nobody is told of it */
    uint32_t place = at - skipped; /* among the figures, of which the first goes when there are enough */
    uint32_t from = figured == DAYS_KEPT;
    if (from)
        place--;
    if (from) {
        memmove(learner->day_reports, learner->day_reports + 1, place * sizeof *learner->day_reports);
        memmove(learner->day_gained_ms, learner->day_gained_ms + 1, place * sizeof *learner->day_gained_ms);
    } else {
        memmove(learner->day_reports + place + 1, learner->day_reports + place,
                (figured - place) * sizeof *learner->day_reports);
        memmove(learner->day_gained_ms + place + 1, learner->day_gained_ms + place,
                (figured - place) * sizeof *learner->day_gained_ms);
    }
    learner->day_reports[place] = 0;
    learner->day_gained_ms[place] = 0;
}

void days_note(struct learner *learner, int32_t day, int64_t gained_ms)
{
    uint32_t at = learner->day_count;

    while (at > 0 && learner->days[at - 1] > day)
        at--;
    if (at == 0 || learner->days[at - 1] != day)
        insert_day(learner, at, day);
    else
        at--;
    uint32_t skipped = learner->day_count - days_figured(learner);
    if (at < skipped)
        return;
    learner->day_reports[at - skipped]++;
    learner->day_gained_ms[at - skipped] = added(learner->day_gained_ms[at - skipped], gained_ms);
}

struct course_day *course_days_of(const struct learner *learner, const struct enrolment *enrolment)
{
    struct course_day *days = learner->course_days;

    for (const struct enrolment *other = learner->enrolments; other < enrolment; other++)
        days += other->day_count;
    return days;
}

void course_days_note(struct learner *learner, struct enrolment *enrolment, int32_t day)
{
    struct course_day *days = course_days_of(learner, enrolment);
    uint32_t at = enrolment->day_count;

    while (at > 0 && days[at - 1].day > day)
        at--;
    if (at > 0 && days[at - 1].day == day) {
        days[at - 1].reports++;
        return;
    }
    if (enrolment->day_count == DAYS_KEPT) { /* the first one goes, or it is before all of them */
        if (at == 0)
            return;
        memmove(days, days + 1, (at - 1) * sizeof *days);
        days[at - 1] = (struct course_day){day, 1};
        return;
    }
    assert(learner->course_day_count < learner->course_day_room);
    size_t behind = (size_t)(learner->course_days + learner->course_day_count - (days + at));
    memmove(days + at + 1, days + at, behind * sizeof *days);
    days[at] = (struct course_day){day, 1};
    enrolment->day_count++;
    learner->course_day_count++;
}

int64_t days_gained_ms(const struct record *before, const struct record *after, const struct report *report)
{
    int64_t watched_ms = 0;

    if (report->has & HAS_SEGMENTS)
        watched_ms = after->covered_ms - before->covered_ms;
    else if (after->segment_count == 0)
        watched_ms = (after->watched_most_s - before->watched_most_s) * 1000;
    return added(after->time_spent_ms - before->time_spent_ms, watched_ms);
}
