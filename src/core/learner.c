#include "core/learner.h"

#include "base/sorted.h"

#define AHEAD_MS INT64_C(86400000)

enum { FEW = 32 }; /* entries that are looked through: 128 bytes of keys */

uint32_t finder_slots(uint32_t room)
{
    uint32_t slots = 2 * FEW;

    if (room <= FEW)
        return 0;
    while (slots / 4 * 3 < room)
        slots *= 2;
    return slots;
}

static uint32_t first_slot(const struct finder *finder, uint32_t key)
{
    uint32_t mixed = key * UINT32_C(0x9E3779B1);
    return (mixed ^ mixed >> 15) & finder->mask;
}

void finder_add(struct finder *finder, uint32_t key, uint32_t index)
{
    if (finder->mask == 0)
        return;
    uint32_t at = first_slot(finder, key);
    while (finder->slots[at])
        at = (at + 1) & finder->mask;
    finder->slots[at] = index + 1;
}

void learner_index(struct learner *learner)
{
    for (uint32_t i = 0; i < learner->record_count; i++)
        finder_add(&learner->by_item, learner->items[i], i);
    for (uint32_t i = 0; i < learner->enrolment_count; i++)
        finder_add(&learner->by_course, learner->enrolments[i].course, i);
}

struct record *learner_record(const struct learner *learner, uint32_t item)
{
    const struct finder *finder = &learner->by_item;

    for (uint32_t i = 0; finder->mask == 0 && i < learner->record_count; i++)
        if (learner->items[i] == item)
            return &learner->records[i];
    if (finder->mask == 0)
        return NULL;
    for (uint32_t at = first_slot(finder, item); finder->slots[at]; at = (at + 1) & finder->mask)
        if (learner->items[finder->slots[at] - 1] == item)
            return &learner->records[finder->slots[at] - 1];
    return NULL;
}

struct enrolment *learner_enrolment(const struct learner *learner, uint32_t course)
{
    const struct finder *finder = &learner->by_course;

    for (uint32_t i = 0; finder->mask == 0 && i < learner->enrolment_count; i++)
        if (learner->enrolments[i].course == course)
            return &learner->enrolments[i];
    if (finder->mask == 0)
        return NULL;
    for (uint32_t at = first_slot(finder, course); finder->slots[at]; at = (at + 1) & finder->mask)
        if (learner->enrolments[finder->slots[at] - 1].course == course)
            return &learner->enrolments[finder->slots[at] - 1];
    return NULL;
}

bool learner_previews(const struct learner *learner, const struct record *record, uint32_t course)
{
    return record_is_preview(record) && !learner_enrolment(learner, course);
}

bool learner_knows_event_id(const struct learner *learner, const uint64_t id[2])
{
    for (uint32_t i = 0; i < learner->event_id_count; i++)
        if (learner->event_ids[i][0] == id[0] && learner->event_ids[i][1] == id[1])
            return true;
    return false;
}

bool learner_knows_day(const struct learner *learner, int32_t day)
{
    uint32_t low = (uint32_t)sorted_place(i, learner->day_count, learner->days[i] < day);
    return low < learner->day_count && learner->days[low] == day;
}

bool learner_has_room(const struct learner *learner, const struct event *event)
{
    bool id = event->event_id[0] || event->event_id[1];
    return learner->record_count < learner->record_room &&
           learner->enrolment_count < learner->enrolment_room && learner->day_count < learner->day_room &&
           learner->course_day_count < learner->course_day_room &&
           (!id || learner->event_id_count == LEARNER_EVENT_IDS ||
            learner->event_id_count < learner->event_id_room);
}

int64_t learner_next_instant(const struct learner *learner, int64_t now_ms)
{
    if (learner->last_event_ms < now_ms || learner->last_event_ms > now_ms + AHEAD_MS)
        return now_ms;
    return learner->last_event_ms + 1;
}
