#include "model/learner_state.h"

#include <stdlib.h>
#include <string.h>

#include "base/zone.h"

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
static struct learner_state *state_new(uint32_t records, uint32_t enrolments, uint32_t days,
                                       uint32_t event_ids)
{
    uint32_t item_slots = finder_slots(records), course_slots = finder_slots(enrolments);
    size_t bytes = sizeof(struct learner_state) + records * sizeof(struct record) +
                   enrolments * sizeof(struct enrolment) + event_ids * sizeof(uint64_t[2]) +
                   days * sizeof(int32_t) + (records + item_slots + course_slots) * sizeof(uint32_t);
    struct learner_state *state = malloc(bytes);

    if (!state)
        return NULL;
    char *at = (char *)(state + 1);
    atomic_init(&state->refs, 1);
    state->learner = (struct learner){
        .record_room = records, .enrolment_room = enrolments, .day_room = days, .event_id_room = event_ids};
    state->learner.records = (struct record *)(void *)at;
    at += records * sizeof(struct record);
    state->learner.enrolments = (struct enrolment *)(void *)at;
    at += enrolments * sizeof(struct enrolment);
    state->learner.event_ids = (uint64_t(*)[2])(void *)at;
    at += event_ids * sizeof(uint64_t[2]);
    state->learner.days = (int32_t *)(void *)at;
    at += days * sizeof(int32_t);
    state->learner.items = (uint32_t *)(void *)at;
    at += records * sizeof(uint32_t);
    uint32_t *slots = memset(at, 0, (item_slots + course_slots) * sizeof(uint32_t));
    state->learner.by_item = (struct finder){slots, item_slots ? item_slots - 1 : 0};
    state->learner.by_course = (struct finder){slots + item_slots, course_slots ? course_slots - 1 : 0};
    return state;
}

struct learner_state *state_sized(uint32_t key, uint32_t records, uint32_t enrolments, uint32_t days,
                                  uint32_t event_ids)
{
    struct learner_state *state = state_new(records, enrolments, days, event_ids);

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
    struct learner_state *state = state_new(
        room_for(from->record_count, more), room_for(from->enrolment_count, more),
        room_for(from->day_count, more), event_ids > LEARNER_EVENT_IDS ? LEARNER_EVENT_IDS : event_ids);

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
    to->event_ids = room.event_ids;
    to->by_item = room.by_item;
    to->by_course = room.by_course;
    to->record_room = room.record_room;
    to->enrolment_room = room.enrolment_room;
    to->day_room = room.day_room;
    to->event_id_room = room.event_id_room;
    if (!like)
        return state;
    memcpy(to->records, from->records, from->record_count * sizeof *to->records);
    memcpy(to->items, from->items, from->record_count * sizeof *to->items);
    memcpy(to->enrolments, from->enrolments, from->enrolment_count * sizeof *to->enrolments);
    memcpy(to->days, from->days, from->day_count * sizeof *to->days);
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
