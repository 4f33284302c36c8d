#include "model/model.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "model/grow_apart.h"
#include "model/model_private.h"
#include "model/names.h"

enum {
    OWNERS_LEAST = 1024,
    KEYS_LEAST = 6,          /* what the least allocation holds */
    SPARE_BYTES = 64 * 1024, /* more than a batch needs for the cells of all its commands */
};

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
    for (uint32_t i = 1; i <= model_count(model, ENTITY_LEARNER); i++) {
        if (!learner_slot(model, i))
            continue; /* a twin has one */
        state_unref(learner_slot(model, i)->state);
        state_unref(learner_slot(model, i)->working);
    }
    for (uint32_t i = 1; i <= model_count(model, ENTITY_COURSE); i++) {
        if (!course_slot(model, i))
            continue; /* likewise */
        course_def_unref(course_slot(model, i)->def);
        course_def_unref(course_slot(model, i)->pending);
        course_sums_done(&course_slot(model, i)->sums);
        list_done(&course_slot(model, i)->roster);
    }
    for (uint32_t i = 1; i <= model_count(model, ENTITY_ITEM); i++) {
        if (!item_slot(model, i))
            continue; /* likewise */
        item_def_unref(item_slot(model, i)->def);
        item_def_unref(item_slot(model, i)->pending);
        list_done(&item_slot(model, i)->holders);
    }
    free(model->spare);
    free(model->record_owner);
    list_done(&model->moved_again);
    list_done(&model->stale_courses);
    list_done(&model->stale_items);
    for (enum entity kind = 0; kind < ENTITIES; kind++) {
        free(model->tables[kind].at);
        list_done(&model->tables[kind].dirty);
        id_table_done(&model->tables[kind].names);
    }
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

/* Places for the other's keys, no slot in any yet; of learners only as far as the one. */
static bool twin_room(struct model *twin, const struct model *model, uint32_t learner)
{
    for (enum entity kind = 0; kind < ENTITIES; kind++) {
        struct table *table = &twin->tables[kind];
        uint32_t count = kind == ENTITY_LEARNER ? learner : model->tables[kind].count;
        table->at = calloc(count + 1u, sizeof *table->at);
        if (!table->at)
            return false;
        table->capacity = count + 1;
        table->count = table->stored = count;
    }
    return true;
}

enum rc model_of_one(struct model *model, uint32_t learner, struct model **out_twin)
{
    struct model *twin;
    enum rc rc = model_new(&twin);

    if (rc != RC_OK)
        return rc;
    twin->partial = true;
    struct view view = model_read_begin(model);
    bool whole = twin_room(twin, model, learner);
    model_read_end(view);
    if (whole && model_of_one_slot(twin, model, ENTITY_LEARNER, learner)) {
        *out_twin = twin;
        return RC_OK;
    }
    model_free(twin);
    return RC_BUSY;
}

bool model_of_one_slot(struct model *twin, struct model *model, enum entity kind, uint32_t key)
{
    static const size_t sizes[ENTITIES] = {sizeof(struct learner_slot), sizeof(struct course_slot),
                                           sizeof(struct item_slot)};

    if (key == 0 || twin->tables[kind].at[key])
        return true;
    struct slot *slot = arena_alloc(&twin->texts, sizes[kind]);
    if (!slot)
        return false;
    memset(slot, 0, sizes[kind]);
    struct view view = model_read_begin(model);
    slot->id = model->tables[kind].at[key]->id;
    slot->id_size = model->tables[kind].at[key]->id_size;
    model_read_end(view);
    twin->tables[kind].at[key] = slot;
    return true;
}

void model_count_bound(struct model *model, const struct item_def *def, int sign)
{
    if (def && def->bound)
        course_slot(model, def->bound)->bound += (uint32_t)sign;
}

bool model_reserve_keys(struct model *model, struct keys *keys, uint32_t more)
{
    return more == 0 || grow_apart(model, (void **)&keys->at, &keys->capacity, sizeof *keys->at,
                                   keys->count + more - 1, KEYS_LEAST);
}

bool model_reserve_record(struct model *model, uint32_t record_id)
{
    return model->partial || grow_apart(model, (void **)&model->record_owner, &model->record_capacity,
                                        sizeof *model->record_owner, record_id, OWNERS_LEAST);
}

bool model_keep_spare(struct model *model)
{
    if (!model->spare)
        model->spare = malloc(SPARE_BYTES);
    return model->spare != NULL;
}

bool model_spend_spare(struct model *model)
{
    bool had = model->spare != NULL;

    free(model->spare);
    model->spare = NULL;
    return had;
}

/* The last resort: out of memory after the commit, where nothing can be taken back; the next start folds the
 * events again. fold_reserve has made room before for all but new cells of a course's sums (a few dozen bytes
 * each), and for these it has kept a spare. */
static void must(bool done)
{
    if (!done)
        abort();
}

static void push_key(struct model *model, struct keys *keys, uint32_t key)
{
    must(list_add(keys, key) || (model_spend_spare(model) && list_add(keys, key)));
}

void model_mark_dirty(struct model *model, enum entity kind, uint32_t key)
{
    struct slot *slot = model->tables[kind].at[key];

    if (!slot->dirty)
        push_key(model, &model->tables[kind].dirty, key);
    slot->dirty = true;
}

/* Everything that is dirty is no longer. */
void model_forget_dirt(struct model *model)
{
    for (enum entity kind = 0; kind < ENTITIES; kind++) {
        struct table *table = &model->tables[kind];
        for (uint32_t i = 0; i < table->dirty.count; i++)
            table->at[table->dirty.at[i]]->dirty = false;
        table->dirty.count = 0;
    }
}

static void note_owner(struct model *model, uint32_t record_id, uint32_t learner)
{
    if (model->partial)
        return;
    if (record_id >= model->record_capacity) { /* a replay; else fold_reserve made room */
        uint32_t before = model->record_capacity;
        must(list_grow(&model->record_owner, sizeof *model->record_owner, before, &model->record_capacity,
                       record_id - before + 1));
        memset(model->record_owner + before, 0,
               (model->record_capacity - before) * sizeof *model->record_owner);
    }
    model->record_owner[record_id] = learner;
}

static void count_enrolment(struct model *model, const struct enrolment *enrolment, int sign)
{
    struct course_slot *course = course_slot(model, enrolment->course);
    struct enrolment_share share = enrolment_share(enrolment);

    must(course_sums_add(&course->sums, &share, sign) ||
         (model_spend_spare(model) && course_sums_add(&course->sums, &share, sign)));
    model_mark_dirty(model, ENTITY_COURSE, enrolment->course);
}

static void count_day(struct model *model, struct course_sums *sums, int32_t day, int learners,
                      int64_t reports)
{
    must(course_sums_add_day(sums, day, learners, reports) ||
         (model_spend_spare(model) && course_sums_add_day(sums, day, learners, reports)));
}

/* What a learner reported in a course, by days: the difference between two states. Days stay once they are
 * there, unless newer ones take their place. */
static void count_days(struct model *model, struct course_sums *sums, const struct course_day *old,
                       uint32_t old_count, const struct course_day *new, uint32_t new_count)
{
    while (old_count || new_count) {
        bool gone = old_count && (!new_count || old->day < new->day);
        bool came = new_count && (!old_count || new->day < old->day);
        if (gone)
            count_day(model, sums, old->day, -1, -(int64_t)old->reports);
        else if (came)
            count_day(model, sums, new->day, 1, new->reports);
        else if (old->reports != new->reports)
            count_day(model, sums, new->day, 0, (int64_t) new->reports - old->reports);
        old += !came;
        old_count -= !came;
        new += !gone;
        new_count -= !gone;
    }
}

static void count_record(struct model *model, const struct record *record, int sign)
{
    struct item_slot *item = item_slot(model, record->item);

    item_sums_add(&item->sums, record, sign);
    item->changes++;
    model_mark_dirty(model, ENTITY_ITEM, record->item);
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
            push_key(model, &item_slot(model, new->records[i].item)->holders, new->key);
            note_owner(model, new->records[i].id, new->key);
        }
    }
    const struct course_day *old_days = old->course_days, *new_days = new->course_days;
    for (uint32_t i = 0; i < old->enrolment_count || i < new->enrolment_count; i++) {
        bool was = i < old->enrolment_count, is = i < new->enrolment_count;
        const struct course_day *from = old_days, *to = new_days;
        old_days += was ? old->enrolments[i].day_count : 0;
        new_days += is ? new->enrolments[i].day_count : 0;
        if (was && is && old->enrolments[i].version == new->enrolments[i].version)
            continue;
        if (was)
            count_enrolment(model, &old->enrolments[i], -1);
        if (is)
            count_enrolment(model, &new->enrolments[i], 1);
        count_days(model,
                   &course_slot(model, was ? old->enrolments[i].course : new->enrolments[i].course)->sums,
                   from, (uint32_t)(old_days - from), to, (uint32_t)(new_days - to));
        if (is && !was)
            push_key(model, &course_slot(model, new->enrolments[i].course)->roster, new->key);
    }
}

void model_install(struct model *model, uint32_t key, struct learner_state *next)
{
    struct learner_slot *slot = learner_slot(model, key);
    struct learner_state *shown = model_state(model, slot), *before = slot->state;

    model_replace(model, shown ? &shown->learner : NULL, &next->learner);
    if (slot->moved && model->moved)
        slot->moved = 0; /* what the revision held for them is in this state */
    else if (slot->moved)
        push_key(model, &model->moved_again, key);
    slot->state = next;
    model_mark_dirty(model, ENTITY_LEARNER, key);
    state_unref(before);
}

enum { STALE_MIN = 64 }; /* fewer are not worth a new list */

static bool is_stale(const struct keys *keys)
{
    return keys->stale > STALE_MIN && keys->stale > keys->count / 2;
}

/* One learner of the list is erased; which, view_learner tells. */
static void leave(struct model *model, struct keys *keys, struct keys *stale, uint32_t owner)
{
    keys->stale++;
    if (is_stale(keys))
        push_key(model, stale, owner);
}

static void compact(struct model *model, struct keys *keys)
{
    struct keys next = {0};

    if (!is_stale(keys)) /* done already */
        return;
    next.capacity = keys_live(keys) + keys_live(keys) / 4 + 1;
    next.at = malloc(next.capacity * sizeof *next.at);
    if (!next.at)
        return; /* the next erasure tries again */
    for (uint32_t i = 0; i < keys->count; i++)
        if (!learner_slot(model, keys->at[i])->head.erased)
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
        compact(model, &item_slot(model, model->stale_items.at[i])->holders);
    for (uint32_t i = 0; i < model->stale_courses.count; i++)
        compact(model, &course_slot(model, model->stale_courses.at[i])->roster);
    model->stale_items.count = model->stale_courses.count = 0;
}

void model_forget_learner(struct model *model, uint32_t key)
{
    struct learner_slot *slot = learner_slot(model, key);
    struct learner_state *state = slot->state;

    if (state) {
        const struct learner *learner = &state->learner;
        model_replace(model, learner, NULL);
        for (uint32_t i = 0; i < learner->record_count; i++) {
            leave(model, &item_slot(model, learner->records[i].item)->holders, &model->stale_items,
                  learner->records[i].item);
            model_mark_dirty(model, ENTITY_ITEM, learner->records[i].item);
            if (learner->records[i].id < model->record_capacity)
                model->record_owner[learner->records[i].id] = 0;
        }
        for (uint32_t i = 0; i < learner->enrolment_count; i++) {
            leave(model, &course_slot(model, learner->enrolments[i].course)->roster, &model->stale_courses,
                  learner->enrolments[i].course);
            model_mark_dirty(model, ENTITY_COURSE, learner->enrolments[i].course);
        }
        slot->state = NULL;
        state_unref(state);
    }
    model_forget_id(model, ENTITY_LEARNER, key);
    model_mark_dirty(model, ENTITY_LEARNER, key);
}

/* ---- of all of it ---- */

bool model_listing_takes(struct model *model, size_t bytes, size_t most)
{
    if (atomic_fetch_add(&model->listing_bytes, bytes) + bytes <= most)
        return true;
    model_listing_gives(model, bytes); /* as it was */
    return false;
}

void model_listing_gives(struct model *model, size_t bytes)
{
    (void)atomic_fetch_sub(&model->listing_bytes, bytes); /* nobody asks how much it was */
}

uint64_t model_published(const struct model *model)
{
    return model->published;
}

bool model_scrub_owed(const struct model *model)
{
    return model->scrub_owed;
}
