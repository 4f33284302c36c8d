#include "model/learner_state.h"

#include <stdlib.h>
#include <string.h>

#include "base/zone.h"
#include "core/days.h"

/* Free places that a private copy has: one of each, so that most batches copy a learner once; and when that
 * was not enough, half as many again, so that a long one (a sync of 1,000 items) copies few times. What a
 * learner has no use for stays resident with them. */
enum { SPARE = 1, MORE_EVENT_IDS = 64 };

const char *zone_kept(const char *name, uint32_t size)
{
    char text[ZONE_NAME_BYTES];

    if (size == 0 || size >= sizeof text)
        return NULL;
    memcpy(text, name, size);
    text[size] = '\0';
    const struct zone *zone = zone_named(text);
    return zone ? zone_name(zone) : NULL;
}

static struct blob *blob_of(const void *bytes)
{
    return (struct blob *)((char *)(uintptr_t)bytes - offsetof(struct blob, bytes));
}

struct blob *blob_new(const void *bytes, uint32_t size)
{
    struct blob *blob = malloc(sizeof *blob + size);

    if (!blob)
        return NULL;
    atomic_init(&blob->refs, 1);
    blob->size = size;
    memcpy(blob->bytes, bytes, size);
    return blob;
}

static void blob_ref_bytes(const void *bytes)
{
    if (bytes)
        (void)atomic_fetch_add_explicit(&blob_of(bytes)->refs, 1,
                                        memory_order_relaxed); /* the count is enough */
}

void blob_unref_bytes(const void *bytes)
{
    if (bytes && atomic_fetch_sub_explicit(&blob_of(bytes)->refs, 1, memory_order_acq_rel) == 1)
        free(blob_of(bytes));
}

struct learner_state *state_ref(struct learner_state *state)
{
    if (state)
        (void)atomic_fetch_add_explicit(&state->refs, 1, memory_order_relaxed); /* the count is enough */
    return state;
}

void state_unref(struct learner_state *state)
{
    if (!state || atomic_fetch_sub_explicit(&state->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (uint32_t i = 0; i < state->learner.record_count; i++) {
        blob_unref_bytes(state->learner.records[i].segments);
        blob_unref_bytes(state->learner.records[i].metadata);
    }
    for (uint32_t i = 0; i < state->learner.enrolment_count; i++)
        blob_unref_bytes(state->learner.enrolments[i].certificate_url);
    free(state);
}

/* One allocation: the struct, then its arrays, widest alignment first. */
static struct learner_state *state_new(const struct learner_sizes *room)
{
    uint32_t item_slots = finder_slots(room->records), course_slots = finder_slots(room->enrolments);
    uint32_t figured = room->days < DAYS_KEPT ? room->days : DAYS_KEPT;
    size_t bytes = sizeof(struct learner_state) + room->records * sizeof(struct record) +
                   room->enrolments * sizeof(struct enrolment) + room->event_ids * sizeof(uint64_t[2]) +
                   figured * (sizeof(int64_t) + sizeof(uint32_t)) + room->days * sizeof(int32_t) +
                   room->course_days * sizeof(struct course_day) +
                   (room->records + item_slots + course_slots) * sizeof(uint32_t);
    struct learner_state *state = malloc(bytes);

    if (!state)
        return NULL;
    char *at = (char *)(state + 1);
    atomic_init(&state->refs, 1);
    state->learner = (struct learner){.record_room = room->records,
                                      .enrolment_room = room->enrolments,
                                      .day_room = room->days,
                                      .event_id_room = room->event_ids,
                                      .course_day_room = room->course_days};
    state->learner.records = (struct record *)(void *)at;
    at += room->records * sizeof(struct record);
    state->learner.enrolments = (struct enrolment *)(void *)at;
    at += room->enrolments * sizeof(struct enrolment);
    state->learner.event_ids = (uint64_t(*)[2])(void *)at;
    at += room->event_ids * sizeof(uint64_t[2]);
    state->learner.day_gained_ms = (int64_t *)(void *)at;
    at += figured * sizeof(int64_t);
    state->learner.day_reports = (uint32_t *)(void *)at;
    at += figured * sizeof(uint32_t);
    state->learner.course_days = (struct course_day *)(void *)at;
    at += room->course_days * sizeof(struct course_day);
    state->learner.days = (int32_t *)(void *)at;
    at += room->days * sizeof(int32_t);
    state->learner.items = (uint32_t *)(void *)at;
    at += room->records * sizeof(uint32_t);
    uint32_t *slots = memset(at, 0, (item_slots + course_slots) * sizeof(uint32_t));
    state->learner.by_item = (struct finder){slots, item_slots ? item_slots - 1 : 0};
    state->learner.by_course = (struct finder){slots + item_slots, course_slots ? course_slots - 1 : 0};
    return state;
}

struct learner_state *state_sized(uint32_t key, const struct learner_sizes *sizes)
{
    struct learner_state *state = state_new(sizes);

    if (state)
        state->learner.key = key;
    return state;
}

static uint32_t room_for(uint32_t count, bool more)
{
    return count + SPARE + (more ? count / 2 + SPARE : 0);
}

struct learner_state *state_copy(const struct learner_state *like, uint32_t key, bool more)
{
    static const struct learner nobody = {0};
    const struct learner *from = like ? &like->learner : &nobody;
    uint32_t event_ids = from->event_id_count + (more ? MORE_EVENT_IDS : 0);
    struct learner_sizes sizes = {
        .records = room_for(from->record_count, more),
        .enrolments = room_for(from->enrolment_count, more),
        .days = room_for(from->day_count, more),
        .event_ids = event_ids > LEARNER_EVENT_IDS ? LEARNER_EVENT_IDS : event_ids,
        .course_days = room_for(from->course_day_count, more),
    };
    struct learner_state *state = state_new(&sizes);

    if (!state)
        return NULL;
    struct learner *to = &state->learner;
    struct learner room = *to;
    *to = *from;
    to->key = key;
    to->records = room.records;
    to->items = room.items;
    to->enrolments = room.enrolments;
    to->days = room.days;
    to->day_reports = room.day_reports;
    to->day_gained_ms = room.day_gained_ms;
    to->course_days = room.course_days;
    to->event_ids = room.event_ids;
    to->by_item = room.by_item;
    to->by_course = room.by_course;
    to->record_room = room.record_room;
    to->enrolment_room = room.enrolment_room;
    to->day_room = room.day_room;
    to->event_id_room = room.event_id_room;
    to->course_day_room = room.course_day_room;
    if (!like)
        return state;
    memcpy(to->records, from->records, from->record_count * sizeof *to->records);
    memcpy(to->items, from->items, from->record_count * sizeof *to->items);
    memcpy(to->enrolments, from->enrolments, from->enrolment_count * sizeof *to->enrolments);
    memcpy(to->days, from->days, from->day_count * sizeof *to->days);
    memcpy(to->day_reports, from->day_reports, days_figured(from) * sizeof *to->day_reports);
    memcpy(to->day_gained_ms, from->day_gained_ms, days_figured(from) * sizeof *to->day_gained_ms);
    memcpy(to->course_days, from->course_days, from->course_day_count * sizeof *to->course_days);
    memcpy(to->event_ids, from->event_ids, from->event_id_count * sizeof *to->event_ids);
    learner_index(to);
    for (uint32_t i = 0; i < to->record_count; i++) {
        blob_ref_bytes(to->records[i].segments);
        blob_ref_bytes(to->records[i].metadata);
    }
    for (uint32_t i = 0; i < to->enrolment_count; i++)
        blob_ref_bytes(to->enrolments[i].certificate_url);
    return state;
}
