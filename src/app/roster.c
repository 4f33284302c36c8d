#include "app/roster.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/limits.h"

enum {
    SLICE = 256,          /* learners looked at in one hold: 0.1 ms when none is in the cache */
    SLICE_WORK = 4096,    /* and their enrolments */
    SLICE_RECORDS = 1024, /* records of one learner */
    SLICE_KEYS = 65536,   /* keys copied in one hold: 0.05 ms */
};

/* Where a learner stands in the order: by the two numbers, both ascending, then by user id. */
struct place {
    int64_t by[2];
    union {
        int64_t number;
        char start[16]; /* of a text, zeros after it */
    } id;
    uint32_t learner; /* 0: the query's after_id */
    bool is_text;
};

struct roster {
    struct model *model;
    struct roster_query query;
    uint32_t *keys;                            /* the course's learners when we began */
    uint32_t key_count, copied, stale, looked; /* stale: of the list, when we copied last */
    struct place *places; /* the first ones of the order, a heap with the last on top once there are more */
    struct roster_entry *entries; /* what becomes of places */
    size_t count, room, bytes;
    uint64_t total, behind; /* behind: of total, those after the query's place */
    struct place after;
    int64_t last_by[2];
    struct learner_text last_id;
};

/* Bytes that lists hold, all together. */
static bool take_bytes(struct roster *roster, size_t bytes)
{
    if (!model_listing_takes(roster->model, bytes, LIMIT_LISTING_BYTES)) {
        return false;
    }
    roster->bytes += bytes;
    return true;
}

static void give_bytes(struct roster *roster, size_t bytes)
{
    model_listing_gives(roster->model, bytes);
    roster->bytes -= bytes;
}

/* ---- the order ---- */

static struct place place_of(const int64_t by[2], uint32_t learner, const char *id, uint32_t size)
{
    struct place place = {.by = {by[0], by[1]}, .learner = learner};

    place.is_text = !ident_integer(id, size, &place.id.number);
    if (place.is_text) {
        memset(&place.id, 0, sizeof place.id);
        memcpy(place.id.start, id, size < sizeof place.id.start ? size : sizeof place.id.start);
    }
    return place;
}

static const char *text_of(const struct roster *roster, const struct place *place)
{
    return place->learner ? view_id((struct view){roster->model, false}, ENTITY_LEARNER, place->learner).bytes
                          : roster->query.after_id.bytes;
}

/* Texts that begin alike are read from the model. locked: its lock is held. */
static int compare_texts(const struct roster *roster, const struct place *a, const struct place *b,
                         bool locked)
{
    int result = memcmp(a->id.start, b->id.start, sizeof a->id.start);

    if (result || !a->id.start[sizeof a->id.start - 1])
        return result;
    if (!locked)
        (void)model_read_begin(roster->model);
    result = strcmp(text_of(roster, a), text_of(roster, b));
    if (!locked)
        model_read_end((struct view){roster->model, false});
    return result;
}

/* Integers by value, then texts. */
static int compare_ids(const struct roster *roster, const struct place *a, const struct place *b, bool locked)
{
    if (a->is_text != b->is_text)
        return a->is_text ? 1 : -1;
    if (a->is_text)
        return compare_texts(roster, a, b, locked);
    return a->id.number < b->id.number ? -1 : a->id.number > b->id.number;
}

static int compare(const struct roster *roster, const struct place *a, const struct place *b, bool locked)
{
    for (int i = 0; i < 2; i++)
        if (a->by[i] != b->by[i])
            return a->by[i] < b->by[i] ? -1 : 1;
    return roster->query.ids_descending ? compare_ids(roster, b, a, locked)
                                        : compare_ids(roster, a, b, locked);
}

static int compare_unlocked(const void *a, const void *b, void *roster)
{
    return compare(roster, a, b, false);
}

/* ---- the first so many of them ---- */

static void sift_down(struct roster *roster, size_t at)
{
    struct place *places = roster->places;

    assert(places); /* whoever is in it has a place */
    struct place moved = places[at];

    for (size_t child; (child = 2 * at + 1) < roster->count; at = child) {
        if (child + 1 < roster->count && compare(roster, &places[child], &places[child + 1], true) < 0)
            child++;
        if (compare(roster, &places[child], &moved, true) <= 0)
            break;
        places[at] = places[child];
    }
    places[at] = moved;
}

static void add(struct roster *roster, const struct place *place)
{
    assert(roster->places || !roster->room);
    if (roster->count < roster->room) {
        roster->places[roster->count++] = *place;
        if (roster->count == roster->room && roster->room < roster->key_count)
            for (size_t i = roster->count / 2; i-- > 0;)
                sift_down(roster, i);
    } else if (roster->room && compare(roster, place, &roster->places[0], true) < 0) {
        roster->places[0] = *place;
        sift_down(roster, 0);
    }
}

/* ---- steps ---- */

enum rc roster_new(struct model *model, const struct roster_query *query, struct roster **out_roster,
                   struct fault *fault)
{
    struct roster *roster = calloc(1, sizeof *roster);

    if (!roster)
        return fault_no_memory(fault);
    roster->model = model;
    roster->query = *query;
    if (query->after)
        roster->after = place_of(query->after_by, 0, query->after_id.bytes, query->after_id.size);
    *out_roster = roster;
    return RC_OK;
}

void roster_free(struct roster *roster)
{
    if (!roster)
        return;
    give_bytes(roster, roster->bytes);
    free(roster->keys);
    free(roster->places);
    free(roster->entries);
    free(roster);
}

static uint32_t learners_of(const struct roster *roster)
{
    struct view view = model_read_begin(roster->model);
    uint32_t count = view_roster(view, roster->query.course)->count;

    model_read_end(view);
    return count;
}

/* Room for the keys and for the page, before any of it is needed. */
static enum rc make_room(struct roster *roster, struct fault *fault)
{
    uint32_t room = learners_of(roster);
    uint64_t page = roster->query.count > UINT64_MAX - roster->query.first
                        ? UINT64_MAX
                        : roster->query.first + roster->query.count;

    roster->room = page < room ? (size_t)page : room;
    if (!take_bytes(roster, room * sizeof *roster->keys + roster->room * sizeof *roster->places))
        return fault_set(fault, RC_BUSY, NULL, "too many long lists are under way; try again");
    roster->keys = calloc(room + 1, sizeof *roster->keys);
    roster->places = malloc((roster->room + 1) * sizeof *roster->places);
    if (!roster->keys || !roster->places)
        return fault_no_memory(fault);
    roster->key_count = room;
    return RC_OK;
}

/* The keys, all of them before any learner is looked at, so that it does not matter who comes or goes later.
 * Lists only grow, but for the one that replaces a list half of which is stale: then we begin again. */
static void copy_some_keys(struct roster *roster)
{
    struct view view = model_read_begin(roster->model);
    const struct keys *keys = view_roster(view, roster->query.course);
    uint32_t count = keys->count;

    if (count < roster->key_count || keys->stale < roster->stale) {
        roster->key_count = count;
        roster->copied = 0;
    }
    uint32_t left = roster->key_count - roster->copied, some = left < SLICE_KEYS ? left : SLICE_KEYS;
    if (some)
        memcpy(roster->keys + roster->copied, keys->at + roster->copied, some * sizeof *roster->keys);
    roster->copied += some;
    roster->stale = keys->stale;
    model_read_end(view);
}

static void look_at_some(struct roster *roster)
{
    const struct roster_query *query = &roster->query;
    struct view view = model_read_begin(roster->model);
    uint32_t work = 0;

    for (uint32_t i = 0; i < SLICE && work < SLICE_WORK && roster->looked < roster->key_count; i++) {
        uint32_t key = roster->keys[roster->looked++];
        const struct learner *learner = view_learner(view, key);
        const struct enrolment *enrolment = learner ? learner_enrolment(learner, query->course) : NULL;
        int64_t by[2] = {0, 0};
        work += learner ? learner->enrolment_count : 0;
        if (!enrolment || !query->take(query->arg, view, learner, enrolment, by))
            continue;
        struct text name = view_id(view, ENTITY_LEARNER, key);
        struct place place = place_of(by, key, name.bytes, name.size);
        roster->total++;
        if (query->after && compare(roster, &place, &roster->after, true) <= 0)
            continue;
        roster->behind++;
        add(roster, &place);
    }
    model_read_end(view);
}

/* Also of somebody who was erased meanwhile, as far as it is known still: it is a place in the order. */
static void note_last(struct roster *roster, const struct place *last)
{
    struct learner_text *id = &roster->last_id;

    memcpy(roster->last_by, last->by, sizeof roster->last_by);
    if (!last->is_text) {
        /* fits */
        id->size = (uint32_t)snprintf(id->bytes, sizeof id->bytes, "%lld", (long long)last->id.number);
        return;
    }
    struct view view = model_read_begin(roster->model);
    struct text name = view_id(view, ENTITY_LEARNER, last->learner);
    id->size = name.size ? name.size : (uint32_t)strnlen(last->id.start, sizeof last->id.start);
    memcpy(id->bytes, name.size ? name.bytes : last->id.start, id->size);
    model_read_end(view);
}

/* Sorted; then of the page only who it is and their rank is kept. */
static enum rc finish(struct roster *roster, struct fault *fault)
{
    size_t first = roster->query.first < roster->count ? (size_t)roster->query.first : roster->count,
           rank = 0;
    size_t count = roster->count - first;

    free(roster->keys);
    roster->keys = NULL;
    if (roster->count)
        qsort_r(roster->places, roster->count, sizeof *roster->places, compare_unlocked, roster);
    roster->entries = malloc((count + 1) * sizeof *roster->entries);
    if (!roster->entries)
        return fault_no_memory(fault);
    for (size_t i = 0; i < roster->count; i++) {
        if (i == 0 || roster->places[i].by[0] != roster->places[i - 1].by[0])
            rank = i + 1;
        if (i >= first)
            roster->entries[i - first] = (struct roster_entry){roster->places[i].learner, (uint32_t)rank};
    }
    if (count)
        note_last(roster, &roster->places[roster->count - 1]);
    free(roster->places);
    roster->places = NULL;
    roster->count = count;
    give_bytes(roster, roster->bytes - (roster->bytes < count * sizeof *roster->entries
                                            ? roster->bytes
                                            : count * sizeof *roster->entries));
    return RC_OK;
}

enum rc roster_step(struct roster *roster, bool *out_done, struct fault *fault)
{
    *out_done = false;
    if (!roster->places && !roster->entries)
        return make_room(roster, fault);
    if (roster->copied < roster->key_count) {
        copy_some_keys(roster);
        return RC_OK;
    }
    if (roster->looked < roster->key_count) {
        look_at_some(roster);
        return RC_OK;
    }
    if (!roster->entries) {
        enum rc rc = finish(roster, fault);
        if (rc != RC_OK)
            return rc;
    }
    *out_done = true;
    return RC_OK;
}

uint64_t roster_total(const struct roster *roster)
{
    return roster->total;
}

size_t roster_count(const struct roster *roster)
{
    return roster->count;
}

struct roster_entry roster_entry(const struct roster *roster, size_t i)
{
    return roster->entries[i];
}

bool roster_has_more(const struct roster *roster)
{
    return roster->behind > roster->query.first + roster->count;
}

bool roster_last(const struct roster *roster, int64_t out_by[2], struct learner_text *out_id)
{
    if (!roster->count)
        return false;
    memcpy(out_by, roster->last_by, sizeof roster->last_by);
    *out_id = roster->last_id;
    return true;
}

/* ---- one of them ---- */

void participant_open(struct participant *participant, struct model *model, uint32_t learner, uint32_t course)
{
    struct view view = model_read_begin(model);
    *participant = (struct participant){.course = course, .facts = view_course_facts(view, course)};
    if (view_learner(view, learner)) {
        struct text name = view_id(view, ENTITY_LEARNER, learner);
        participant->state = view_state(view, learner);
        participant->id.size = name.size;
        memcpy(participant->id.bytes, name.bytes, name.size + 1);
        participant->enrolment = learner_enrolment(&participant->state->learner, course);
    }
    model_read_end(view);
}

void participant_done(struct participant *participant)
{
    state_unref(participant->state);
    free(participant->records);
    participant->state = NULL;
    participant->records = NULL;
}

static int newest_first(const void *a, const void *b)
{
    const struct record *left = *(const struct record *const *)a, *right = *(const struct record *const *)b;

    if (left->updated_at_ms != right->updated_at_ms)
        return left->updated_at_ms > right->updated_at_ms ? -1 : 1;
    return left->id > right->id ? -1 : left->id < right->id;
}

enum rc participant_pick(struct participant *participant, struct model *model, bool sorted, bool *out_done,
                         struct fault *fault)
{
    if (!participant->state) {
        *out_done = true;
        return RC_OK;
    }
    const struct learner *learner = &participant->state->learner;
    uint32_t count = learner->record_count,
             end = count - participant->looked < SLICE_RECORDS ? count : participant->looked + SLICE_RECORDS;

    if (sorted && !participant->records && count) {
        participant->records = malloc(count * sizeof *participant->records);
        if (!participant->records)
            return fault_no_memory(fault);
    }
    struct view view = model_read_begin(model);
    for (; participant->looked < end; participant->looked++) {
        const struct record *record = &learner->records[participant->looked];
        if (view_item_facts(view, record->item).course != participant->course)
            continue;
        participant->time_spent_ms += record->time_spent_ms;
        bool hidden = participant->hides_previews && learner_previews(learner, record, participant->course);
        if (participant->records && record->flags & RECORD_PRESENT && !hidden)
            participant->records[participant->record_count++] = record;
    }
    model_read_end(view);
    *out_done = participant->looked == count;
    if (*out_done && participant->records)
        qsort(participant->records, participant->record_count, sizeof *participant->records, newest_first);
    return RC_OK;
}
