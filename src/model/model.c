#include "model/model.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/zone.h"

/* Free places that a private copy has: one of each, so that most batches copy a learner once; and when that
 * was not enough, half as many again, so that a long one (a sync of 1,000 items) copies few times. What a
 * learner has no use for stays resident with them. */
enum { SPARE = 1, MORE_EVENT_IDS = 64 };

enum rc model_new(struct model **out_model)
{
    struct model *model = calloc(1, sizeof *model);
    pthread_rwlockattr_t attributes;

    if (!model)
        return RC_BUSY;
    arena_init(&model->texts);
    model->threshold_hundredths = THRESHOLD_DEFAULT;
    if (pthread_rwlockattr_init(&attributes) != 0) {
        free(model);
        return RC_BUSY;
    }
    /* Readers never nest; without this a stream of reads would keep the engine out for ever. */
    /* cannot fail */
    (void)pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    int failed = pthread_rwlock_init(&model->lock, &attributes);
    (void)pthread_rwlockattr_destroy(&attributes); /* cannot fail */
    if (failed) {
        free(model);
        return RC_BUSY;
    }
    *out_model = model;
    return RC_OK;
}

void model_free(struct model *model)
{
    if (!model)
        return;
    for (uint32_t i = 1; i <= model->learner_count; i++) {
        if (!model->learners[i])
            continue; /* a twin has one */
        state_unref(model->learners[i]->state);
        state_unref(model->learners[i]->working);
    }
    for (uint32_t i = 1; i <= model->course_count; i++) {
        if (!model->courses[i])
            continue; /* likewise */
        course_def_unref(model->courses[i]->def);
        course_def_unref(model->courses[i]->pending);
        course_sums_done(&model->courses[i]->sums);
        free(model->courses[i]->roster.at);
    }
    for (uint32_t i = 1; i <= model->item_count; i++) {
        if (!model->items[i])
            continue; /* likewise */
        item_def_unref(model->items[i]->def);
        item_def_unref(model->items[i]->pending);
        free(model->items[i]->holders.at);
    }
    free(model->learners);
    free(model->courses);
    free(model->items);
    free(model->record_owner);
    free(model->dirty_learners.at);
    free(model->dirty_courses.at);
    free(model->dirty_items.at);
    free(model->moved_again.at);
    free(model->stale_courses.at);
    free(model->stale_items.at);
    id_table_done(&model->learner_ids);
    id_table_done(&model->course_ids);
    id_table_done(&model->item_ids);
    arena_done(&model->texts);
    (void)pthread_rwlock_destroy(&model->lock); /* nobody holds it */
    free(model);
}

struct view model_read_begin(struct model *model)
{
    int failed = pthread_rwlock_rdlock(&model->lock);
    assert(!failed);
    (void)failed;
    return (struct view){model, false};
}

void model_read_end(struct view view)
{
    (void)pthread_rwlock_unlock(&view.model->lock); /* held by model_read_begin */
}

/* ---- looking ---- */

uint32_t view_learner_key(struct view view, const char *id, size_t size)
{
    return id_table_find(&view.model->learner_ids, id, size);
}

uint32_t view_course_key(struct view view, const char *id, size_t size)
{
    return id_table_find(&view.model->course_ids, id, size);
}

uint32_t view_item_key(struct view view, const char *id, size_t size)
{
    return id_table_find(&view.model->item_ids, id, size);
}

const struct learner_slot *view_learner_slot(struct view view, uint32_t key)
{
    return key && key <= view.model->learner_count ? view.model->learners[key] : NULL;
}

const struct course_slot *view_course_slot(struct view view, uint32_t key)
{
    return key && key <= view.model->course_count ? view.model->courses[key] : NULL;
}

const struct item_slot *view_item_slot(struct view view, uint32_t key)
{
    return key && key <= view.model->item_count ? view.model->items[key] : NULL;
}

struct learner_state *model_state(const struct model *model, const struct learner_slot *slot)
{
    return model->moved && slot->moved ? model->moved[slot->moved - 1].next : slot->state;
}

const struct learner *view_learner(struct view view, uint32_t key)
{
    const struct learner_slot *slot = view_learner_slot(view, key);

    if (!slot || slot->erased)
        return NULL;
    if (view.pending && slot->working)
        return &slot->working->learner;
    const struct learner_state *state = model_state(view.model, slot);
    return state ? &state->learner : NULL;
}

const struct course_def *view_course(struct view view, uint32_t key)
{
    const struct course_slot *slot = view_course_slot(view, key);

    if (!slot)
        return NULL;
    if (view.pending && (slot->pending || slot->removing))
        return slot->pending;
    return slot->def;
}

const struct item_def *view_item(struct view view, uint32_t key)
{
    const struct item_slot *slot = view_item_slot(view, key);

    if (!slot)
        return NULL;
    return view.pending && (slot->pending || slot->removing) ? slot->pending : slot->def;
}

uint32_t view_bound(struct view view, const struct item_def *def)
{
    const struct course_def *course = def->bound ? view_course(view, def->bound) : NULL;
    return course && !course->declared ? def->bound : 0;
}

struct item_facts model_item_facts(const struct model *model, const struct item_def *def,
                                   const struct course_def *bound)
{
    struct item_facts facts = {.threshold_hundredths = model->threshold_hundredths};

    if (def) {
        facts.course = def->course ? def->course : bound && !bound->declared ? def->bound : 0;
        facts.untaught = def->bound != 0;
        facts.required = def->required;
        facts.duration_ms = def->duration_ms;
        if (def->threshold_hundredths)
            facts.threshold_hundredths = def->threshold_hundredths;
    }
    return facts;
}

struct item_facts view_item_facts(struct view view, uint32_t item)
{
    const struct item_def *def = view_item(view, item);
    return model_item_facts(view.model, def, def && def->bound ? view_course(view, def->bound) : NULL);
}

struct course_facts model_course_facts(const struct course_def *def)
{
    if (!def)
        return (struct course_facts){0};
    return (struct course_facts){
        .declared = def->declared,
        .required = def->required_count,
        .items = def->item_count,
        .shrunk_at_ms = def->shrunk_at_ms,
    };
}

struct course_facts view_course_facts(struct view view, uint32_t course)
{
    return model_course_facts(view_course(view, course));
}

static struct item_facts item_facts_of(const void *of, uint32_t item)
{
    return view_item_facts(*(const struct view *)of, item);
}

static struct course_facts course_facts_of(const void *of, uint32_t course)
{
    return view_course_facts(*(const struct view *)of, course);
}

static const uint32_t *course_items_of(const void *of, uint32_t course, uint32_t *out_count)
{
    const struct course_def *def = view_course(*(const struct view *)of, course);

    *out_count = def ? def->item_count : 0;
    return def ? def->items : NULL;
}

struct catalogue view_catalogue(const struct view *view)
{
    return (struct catalogue){view, item_facts_of, course_facts_of, course_items_of};
}

enum staff_listing view_course_staff(struct view view, uint32_t course, const char *user, size_t size)
{
    const struct course_def *def = view_course(view, course);

    if (!def || def->staff_count == 0)
        return STAFF_NOBODY_LISTED;
    for (uint32_t i = 0; i < def->staff_count; i++)
        if (def->staff[i].user.size == size && memcmp(def->staff[i].user.bytes, user, size) == 0)
            return def->staff[i].owner ? STAFF_LISTED_OWNER : STAFF_LISTED;
    return STAFF_NOT_LISTED;
}

uint32_t view_learner_count(const struct model *model)
{
    return model->learner_count;
}

const char *item_type(const struct item_def *def)
{
    return def && def->type.bytes ? def->type.bytes : "other";
}

void model_count_bound(struct model *model, const struct item_def *def, int sign)
{
    if (def && def->bound)
        model->courses[def->bound]->bound += (uint32_t)sign;
}

/* ---- interning ---- */

/* A larger array takes the place of one that readers look at, when index needs it: copied without the lock,
 * which is held for the swap alone. What is new in it is zero. */
static bool grow_apart(struct model *model, void **array, uint32_t *room, size_t width, uint32_t index,
                       uint32_t least)
{
    if (index < *room)
        return true;
    uint32_t more = *room ? *room : least;
    while (more <= index)
        more *= 2;
    void *next = calloc(more, width); /* a large one's pages are zeroed as they are touched */
    if (!next)
        return false;
    if (*room)
        memcpy(next, *array, *room * width);
    (void)pthread_rwlock_wrlock(&model->lock); /* cannot fail: not held */
    void *before = *array;
    *array = next;
    *room = more;
    (void)pthread_rwlock_unlock(&model->lock); /* held above */
    free(before);
    return true;
}

enum { SLOTS_LEAST = 256, OWNERS_LEAST = 1024, KEYS_LEAST = 6 /* what the least allocation holds */ };

/* Every key is in a list of what is dirty once at most. */
static bool room_for_dirt(struct keys *dirty, uint32_t room)
{
    if (dirty->room >= room)
        return true;
    uint32_t *at = realloc(dirty->at, room * sizeof *at);
    if (!at)
        return false;
    dirty->at = at;
    dirty->room = room;
    return true;
}

/* For the slot of a key that add_slot makes next. Not under the lock. */
static bool room_for_slot(struct model *model, enum intern_kind kind, uint32_t key)
{
    void **array = kind == INTERN_LEARNER  ? (void **)&model->learners
                   : kind == INTERN_COURSE ? (void **)&model->courses
                                           : (void **)&model->items;
    uint32_t *room = kind == INTERN_LEARNER  ? &model->learner_room
                     : kind == INTERN_COURSE ? &model->course_room
                                             : &model->item_room;
    struct keys *dirty = kind == INTERN_LEARNER  ? &model->dirty_learners
                         : kind == INTERN_COURSE ? &model->dirty_courses
                                                 : &model->dirty_items;

    return grow_apart(model, array, room, sizeof(void *), key, SLOTS_LEAST) && room_for_dirt(dirty, *room);
}

bool model_reserve_keys(struct model *model, struct keys *keys, uint32_t more)
{
    return more == 0 || grow_apart(model, (void **)&keys->at, &keys->room, sizeof *keys->at,
                                   keys->count + more - 1, KEYS_LEAST);
}

bool model_reserve_record(struct model *model, uint32_t record_id)
{
    return model->partial || grow_apart(model, (void **)&model->record_owner, &model->record_room,
                                        sizeof *model->record_owner, record_id, OWNERS_LEAST);
}

/* Slots and ids lie together, for as long as the model lives. */
static bool add_slot(struct model *model, enum intern_kind kind, uint32_t key, const char *id, size_t size,
                     bool persisted)
{
    const char *text = arena_copy(&model->texts, id, size);

    if (!text)
        return false;
    if (kind == INTERN_LEARNER) {
        struct learner_slot *slot = arena_alloc(&model->texts, sizeof *slot);
        if (!slot || !id_table_add(&model->learner_ids, text, size, key))
            return false;
        *slot = (struct learner_slot){.id = text, .id_size = (uint32_t)size, .persisted = persisted};
        model->learners[key] = slot;
    } else if (kind == INTERN_COURSE) {
        struct course_slot *slot = arena_alloc(&model->texts, sizeof *slot);
        if (!slot || !id_table_add(&model->course_ids, text, size, key))
            return false;
        *slot = (struct course_slot){.id = text, .id_size = (uint32_t)size, .persisted = persisted};
        model->courses[key] = slot;
    } else {
        struct item_slot *slot = arena_alloc(&model->texts, sizeof *slot);
        if (!slot || !id_table_add(&model->item_ids, text, size, key))
            return false;
        *slot = (struct item_slot){.id = text, .id_size = (uint32_t)size, .persisted = persisted};
        model->items[key] = slot;
    }
    return true;
}

/* Slots for keys that no longer name anybody (erased before the last start). */
static uint32_t *highest_key(struct model *model, enum intern_kind kind)
{
    return kind == INTERN_LEARNER  ? &model->learner_count
           : kind == INTERN_COURSE ? &model->course_count
                                   : &model->item_count;
}

bool model_load_id(struct model *model, enum intern_kind kind, uint32_t key, const char *id, size_t size)
{
    uint32_t *highest = highest_key(model, kind);

    /* a gap, or erased: nobody can be found under it */
    while (*highest + 1 < key || (size == 0 && *highest < key)) {
        if (!room_for_slot(model, kind, *highest + 1) || !add_slot(model, kind, *highest + 1, "", 0, true))
            return false;
        if (kind == INTERN_LEARNER) {
            id_table_remove(&model->learner_ids, "", 0);
            model->learners[*highest + 1]->erased = true;
        } else {
            id_table_remove(kind == INTERN_COURSE ? &model->course_ids : &model->item_ids, "", 0);
        }
        ++*highest;
    }
    if (size == 0)
        return true;
    if (key != *highest + 1 || !room_for_slot(model, kind, key) ||
        !add_slot(model, kind, key, id, size, true))
        return false;
    ++*highest;
    return true;
}

/* Room for the other's keys and the learner's slot, with its id borrowed. */
static bool twin_room(struct model *twin, const struct model *model, uint32_t learner)
{
    struct learner_slot *slot = arena_alloc(&twin->texts, sizeof *slot);

    twin->courses = calloc(model->course_count + 1u, sizeof(struct course_slot *));
    twin->items = calloc(model->item_count + 1u, sizeof(struct item_slot *));
    twin->learners = calloc(learner + 1u, sizeof(struct learner_slot *));
    if (!slot || !twin->courses || !twin->items || !twin->learners)
        return false;
    twin->course_count = model->course_count;
    twin->item_count = model->item_count;
    twin->learner_count = learner;
    twin->course_room = twin->course_count + 1;
    twin->item_room = twin->item_count + 1;
    twin->learner_room = learner + 1;
    slot->id = model->learners[learner]->id;
    slot->id_size = model->learners[learner]->id_size;
    twin->learners[learner] = slot;
    return true;
}

enum rc model_of_one(struct model *model, uint32_t learner, struct model **out_twin)
{
    enum rc rc = model_new(out_twin);

    if (rc != RC_OK)
        return rc;
    (*out_twin)->partial = true;
    struct view view = model_read_begin(model);
    bool whole = twin_room(*out_twin, model, learner);
    model_read_end(view);
    if (whole)
        return RC_OK;
    model_free(*out_twin);
    return RC_BUSY;
}

bool model_of_one_slot(struct model *twin, struct model *model, enum intern_kind kind, uint32_t key)
{
    bool course = kind == INTERN_COURSE;

    if (key == 0 || (course ? twin->courses[key] != NULL : twin->items[key] != NULL))
        return true;
    void *slot = arena_alloc(&twin->texts, course ? sizeof(struct course_slot) : sizeof(struct item_slot));
    if (!slot)
        return false;
    struct view view = model_read_begin(model);
    if (course) {
        twin->courses[key] = slot;
        twin->courses[key]->id = model->courses[key]->id;
        twin->courses[key]->id_size = model->courses[key]->id_size;
    } else {
        twin->items[key] = slot;
        twin->items[key]->id = model->items[key]->id;
        twin->items[key]->id_size = model->items[key]->id_size;
    }
    model_read_end(view);
    return true;
}

static uint32_t intern(struct model *model, enum intern_kind kind, const struct id_table *table,
                       const char *id, size_t size, bool persisted)
{
    uint32_t key = id_table_find(table, id, size); /* only this thread adds, so no lock to look */

    if (key)
        return key;
    key = *highest_key(model, kind) + 1;
    if (!room_for_slot(model, kind, key))
        return 0;
    (void)pthread_rwlock_wrlock(&model->lock); /* cannot fail: not held */
    bool added = add_slot(model, kind, key, id, size, persisted);
    if (added)
        ++*highest_key(model, kind);
    (void)pthread_rwlock_unlock(&model->lock); /* held above */
    return added ? key : 0;
}

uint32_t model_intern_learner(struct model *model, const char *id, size_t size, bool persisted)
{
    return intern(model, INTERN_LEARNER, &model->learner_ids, id, size, persisted);
}

uint32_t model_intern_course(struct model *model, const char *id, size_t size, bool persisted)
{
    return intern(model, INTERN_COURSE, &model->course_ids, id, size, persisted);
}

uint32_t model_intern_item(struct model *model, const char *id, size_t size, bool persisted)
{
    return intern(model, INTERN_ITEM, &model->item_ids, id, size, persisted);
}

/* ---- states ---- */

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

/* ---- sums ---- */

/* The last resort: out of memory after the commit, where nothing can be taken back; the next start folds the
 * events again. fold_reserve has made room before for all but new cells of a course's sums (a few dozen bytes
 * each). */
static void must(bool done)
{
    if (!done)
        abort();
}

static void push_key(struct keys *keys, uint32_t key)
{
    if (keys->count == keys->room) {
        uint32_t room = keys->room ? keys->room * 2 : KEYS_LEAST; /* a replay; else fold_reserve made room */
        uint32_t *at = realloc(keys->at, room * sizeof *at);
        must(at != NULL);
        keys->at = at;
        keys->room = room;
    }
    keys->at[keys->count++] = key;
}

static void mark(bool *dirty, struct keys *list, uint32_t key)
{
    if (!*dirty)
        push_key(list, key);
    *dirty = true;
}

void model_mark_dirty(struct model *model, enum intern_kind kind, uint32_t key)
{
    if (kind == INTERN_LEARNER)
        mark(&model->learners[key]->dirty, &model->dirty_learners, key);
    else if (kind == INTERN_COURSE)
        mark(&model->courses[key]->dirty, &model->dirty_courses, key);
    else
        mark(&model->items[key]->dirty, &model->dirty_items, key);
}

static void note_owner(struct model *model, uint32_t record_id, uint32_t learner)
{
    if (model->partial)
        return;
    if (record_id >= model->record_room) { /* a replay; else fold_reserve made room */
        uint32_t room = model->record_room ? model->record_room : OWNERS_LEAST;
        while (room <= record_id)
            room *= 2;
        uint32_t *owners = realloc(model->record_owner, room * sizeof *owners);
        must(owners != NULL);
        memset(owners + model->record_room, 0, (room - model->record_room) * sizeof *owners);
        model->record_owner = owners;
        model->record_room = room;
    }
    model->record_owner[record_id] = learner;
}

static void count_enrolment(struct model *model, const struct enrolment *enrolment, int sign)
{
    struct course_slot *course = model->courses[enrolment->course];
    struct enrolment_share share = enrolment_share(enrolment);

    must(course_sums_add(&course->sums, &share, sign));
    model_mark_dirty(model, INTERN_COURSE, enrolment->course);
}

static void count_record(struct model *model, const struct record *record, int sign)
{
    struct item_slot *item = model->items[record->item];

    item_sums_add(&item->sums, record, sign);
    item->changes++;
    model_mark_dirty(model, INTERN_ITEM, record->item);
}

void model_replace(struct model *model, const struct learner *before, const struct learner *after)
{
    static const struct learner nobody = {0};
    const struct learner *old = before ? before : &nobody, *new = after ? after : &nobody;

    /* Arrays only grow, in order of first sight: entry i is the same record before and after. */
    for (uint32_t i = 0; i < old->record_count || i < new->record_count; i++) {
        bool was = i < old->record_count, is = i < new->record_count;
        if (was && is && old->records[i].version == new->records[i].version &&
            old->records[i].flags ==
                new->records[i].flags) /* an enrolment may make it count, and leaves its version */
            continue;
        if (was)
            count_record(model, &old->records[i], -1);
        if (is)
            count_record(model, &new->records[i], 1);
        if (is && !was) {
            push_key(&model->items[new->records[i].item]->holders, new->key);
            note_owner(model, new->records[i].id, new->key);
        }
    }
    for (uint32_t i = 0; i < old->enrolment_count || i < new->enrolment_count; i++) {
        bool was = i < old->enrolment_count, is = i < new->enrolment_count;
        if (was && is && old->enrolments[i].version == new->enrolments[i].version)
            continue;
        if (was)
            count_enrolment(model, &old->enrolments[i], -1);
        if (is)
            count_enrolment(model, &new->enrolments[i], 1);
        if (is && !was)
            push_key(&model->courses[new->enrolments[i].course]->roster, new->key);
    }
}

void model_install(struct model *model, uint32_t key, struct learner_state *next)
{
    struct learner_slot *slot = model->learners[key];
    struct learner_state *shown = model_state(model, slot), *before = slot->state;

    model_replace(model, shown ? &shown->learner : NULL, &next->learner);
    if (slot->moved && model->moved)
        slot->moved = 0; /* what the revision held for them is in this state */
    else if (slot->moved)
        push_key(&model->moved_again, key);
    slot->state = next;
    model_mark_dirty(model, INTERN_LEARNER, key);
    state_unref(before);
}

/* ---- forgetting ---- */

static void wipe(const char *id, uint32_t size)
{
    memset((char *)(uintptr_t)id, 0, size); /* the model's own copy */
}

void model_forget_id(struct model *model, enum intern_kind kind, uint32_t key)
{
    if (kind == INTERN_COURSE) {
        struct course_slot *slot = model->courses[key];
        id_table_remove(&model->course_ids, slot->id, slot->id_size);
        wipe(slot->id, slot->id_size);
        slot->id_size = 0;
    } else if (kind == INTERN_ITEM) {
        struct item_slot *slot = model->items[key];
        id_table_remove(&model->item_ids, slot->id, slot->id_size);
        wipe(slot->id, slot->id_size);
        slot->id_size = 0;
    } else {
        struct learner_slot *slot = model->learners[key];
        id_table_remove(&model->learner_ids, slot->id, slot->id_size);
        wipe(slot->id, slot->id_size);
        slot->id_size = 0;
        slot->erased = true;
    }
}

enum { STALE_MIN = 64 }; /* fewer are not worth a new list */

static bool is_stale(const struct keys *keys)
{
    return keys->stale > STALE_MIN && keys->stale > keys->count / 2;
}

/* One learner of the list is erased; which, view_learner tells. */
static void leave(struct keys *keys, struct keys *stale, uint32_t owner)
{
    keys->stale++;
    if (is_stale(keys))
        push_key(stale, owner);
}

static void compact(struct model *model, struct keys *keys)
{
    struct keys next = {0};

    if (!is_stale(keys)) /* done already */
        return;
    next.room = keys_live(keys) + keys_live(keys) / 4 + 1;
    next.at = malloc(next.room * sizeof *next.at);
    if (!next.at)
        return; /* the next erasure tries again */
    for (uint32_t i = 0; i < keys->count; i++)
        if (!model->learners[keys->at[i]]->erased)
            next.at[next.count++] = keys->at[i];
    (void)pthread_rwlock_wrlock(&model->lock); /* cannot fail: not held */
    uint32_t *before = keys->at;
    *keys = next;
    (void)pthread_rwlock_unlock(&model->lock); /* held above */
    free(before);
}

void model_compact(struct model *model)
{
    for (uint32_t i = 0; i < model->stale_items.count; i++)
        compact(model, &model->items[model->stale_items.at[i]]->holders);
    for (uint32_t i = 0; i < model->stale_courses.count; i++)
        compact(model, &model->courses[model->stale_courses.at[i]]->roster);
    model->stale_items.count = model->stale_courses.count = 0;
}

void model_forget_learner(struct model *model, uint32_t key)
{
    struct learner_slot *slot = model->learners[key];
    struct learner_state *state = slot->state;

    if (state) {
        const struct learner *learner = &state->learner;
        model_replace(model, learner, NULL);
        for (uint32_t i = 0; i < learner->record_count; i++) {
            leave(&model->items[learner->records[i].item]->holders, &model->stale_items,
                  learner->records[i].item);
            model_mark_dirty(model, INTERN_ITEM, learner->records[i].item);
            if (learner->records[i].id < model->record_room)
                model->record_owner[learner->records[i].id] = 0;
        }
        for (uint32_t i = 0; i < learner->enrolment_count; i++) {
            leave(&model->courses[learner->enrolments[i].course]->roster, &model->stale_courses,
                  learner->enrolments[i].course);
            model_mark_dirty(model, INTERN_COURSE, learner->enrolments[i].course);
        }
        slot->state = NULL;
        state_unref(state);
    }
    model_forget_id(model, INTERN_LEARNER, key);
    model_mark_dirty(model, INTERN_LEARNER, key);
}
