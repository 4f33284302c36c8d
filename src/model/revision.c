#include "model/revision.h"

#include <stdlib.h>

#include "base/list.h"
#include "base/monotonic.h"
#include "core/learner_reconsider.h"
#include "model/model_private.h"

struct revised_course {
    uint32_t key;
    struct course_def *def; /* NULL: unknown from then on */
    struct course_sums sums;
};

struct revised_item {
    uint32_t key;
    struct item_def *def;
    struct item_sums sums;
};

struct revision {
    struct model *model;
    struct catalogue catalogue; /* as it will be */
    struct edit edit;
    uint32_t item; /* that alone comes to a course; 0: edit says all that changes */
    struct item_facts before;
    int64_t at_ms;
    uint64_t sequence;
    enum revision_phase phase;
    uint32_t visit;                 /* the mark of whom was looked at */
    struct revised_course *courses; /* by course_slot.revised - 1, likewise below */
    struct revised_item *items;
    uint32_t *course_keys, *item_keys;
    uint32_t course_count, item_count;
    uint32_t list, at; /* how far we are: through rosters, then holders; later through moved */
    struct {
        struct moved *at;
        uint32_t count, capacity;
    } moved; /* by learner_slot.moved - 1 */
};

enum {
    LOOK_EVERY = 32 /* learners between two looks at the clock */,
    SWAP_MANY = 64 /* slots under one hold of the lock */
};

/* Nothing can be taken back any more: the events are durable, and the next start folds them again. */
static void must(bool done)
{
    if (!done)
        abort();
}

/* ---- the catalogue as it will be ---- */

static const struct course_def *course_to_be(const struct revision *revision, uint32_t key)
{
    const struct course_slot *slot = course_slot(revision->model, key);
    return slot->revised ? revision->courses[slot->revised - 1].def : slot->def;
}

static struct item_facts facts_of_item(const void *of, uint32_t key)
{
    const struct revision *revision = of;
    const struct item_slot *slot = item_slot(revision->model, key);
    const struct item_def *def = slot->revised ? revision->items[slot->revised - 1].def : slot->def;

    return model_item_facts(revision->model, def,
                            def && def->bound ? course_to_be(revision, def->bound) : NULL);
}

static struct course_facts facts_of_course(const void *of, uint32_t key)
{
    return model_course_facts(course_to_be(of, key));
}

static const uint32_t *items_of_course(const void *of, uint32_t key, uint32_t *out_count)
{
    const struct course_def *def = course_to_be(of, key);

    *out_count = def ? def->item_count : 0;
    return def ? def->items : NULL;
}

static bool touches(const void *of, uint32_t item)
{
    return item_slot(((const struct revision *)of)->model, item)->revised != 0;
}

/* ---- beginning ---- */

static bool take_sums(struct revision *revision, const struct fold *fold)
{
    const struct model *model = fold->model;

    for (uint32_t i = 0; i < fold->courses.count; i++) {
        uint32_t key = fold->courses.at[i];
        if (!course_sums_copy(&course_slot(model, key)->sums, &revision->courses[i].sums))
            return false;
        revision->courses[i].key = revision->course_keys[i] = key;
        revision->course_count++;
    }
    for (uint32_t i = 0; i < fold->items.count; i++) {
        uint32_t key = fold->items.at[i];
        revision->items[i] = (struct revised_item){.key = key, .sums = item_slot(model, key)->sums};
        revision->item_keys[i] = key;
        revision->item_count++;
    }
    return true;
}

enum rc revision_new(const struct fold *fold, struct revision **out_revision)
{
    struct revision *revision = calloc(1, sizeof *revision);

    if (!revision)
        return RC_BUSY;
    revision->model = fold->model;
    revision->courses = calloc(fold->courses.count + 1u, sizeof *revision->courses);
    revision->items = calloc(fold->items.count + 1u, sizeof *revision->items);
    revision->course_keys = calloc(fold->courses.count + 1u, sizeof *revision->course_keys);
    revision->item_keys = calloc(fold->items.count + 1u, sizeof *revision->item_keys);
    if (!revision->courses || !revision->items || !revision->course_keys || !revision->item_keys ||
        !take_sums(revision, fold)) {
        revision_free(revision);
        return RC_BUSY;
    }
    revision->catalogue = (struct catalogue){revision, facts_of_item, facts_of_course, items_of_course};
    revision->edit = (struct edit){revision->item_keys,
                                   revision->course_keys,
                                   revision->item_count,
                                   revision->course_count,
                                   revision,
                                   touches};
    revision->at_ms = fold->deferred_at_ms;
    revision->sequence = fold->deferred_sequence;
    revision->item = fold->deferred_item;
    revision->before = fold->deferred_before;
    *out_revision = revision;
    return RC_OK;
}

void revision_take(struct revision *revision, struct fold *fold)
{
    struct model *model = revision->model;

    for (uint32_t i = 0; i < revision->course_count; i++) {
        struct course_slot *slot = course_slot(model, revision->courses[i].key);
        revision->courses[i].def = slot->pending;
        slot->pending = NULL;
        slot->removing = false;
        slot->revised = i + 1;
    }
    for (uint32_t i = 0; i < revision->item_count; i++) {
        struct item_slot *slot = item_slot(model, revision->items[i].key);
        revision->items[i].def = slot->pending;
        slot->pending = NULL;
        slot->removing = false;
        slot->revised = i + 1;
    }
    fold->courses.count = fold->items.count = 0;
    fold->deferred = false;
    revision->visit = ++fold->visit;
}

void revision_free(struct revision *revision)
{
    if (!revision)
        return;
    for (uint32_t i = 0; i < revision->course_count; i++) {
        course_sums_done(&revision->courses[i].sums);
        course_def_unref(revision->courses[i].def);
    }
    for (uint32_t i = 0; i < revision->item_count; i++)
        item_def_unref(revision->items[i].def);
    for (uint32_t i = 0; i < revision->moved.count; i++) {
        state_unref(revision->moved.at[i].base);
        state_unref(revision->moved.at[i].next);
    }
    free(revision->courses);
    free(revision->items);
    free(revision->course_keys);
    free(revision->item_keys);
    list_done(&revision->moved);
    free(revision);
}

/* ---- preparing ---- */

/* The difference between two states of one learner into the sums to be. */
static void count(struct revision *revision, const struct learner *old, const struct learner *new)
{
    const struct model *model = revision->model;

    for (uint32_t i = 0; i < old->record_count; i++) {
        const struct record *was = &old->records[i], *is = &new->records[i];
        if (was->version == is->version && was->flags == is->flags)
            continue;
        struct item_sums *sums = &revision->items[item_slot(model, is->item)->revised - 1].sums;
        item_sums_add(sums, was, -1);
        item_sums_add(sums, is, 1);
    }
    for (uint32_t i = 0; i < old->enrolment_count; i++) {
        const struct enrolment *was = &old->enrolments[i], *is = &new->enrolments[i];
        if (was->version == is->version)
            continue;
        struct enrolment_share before = enrolment_share(was), after = enrolment_share(is);
        struct course_sums *sums = &revision->courses[course_slot(model, is->course)->revised - 1].sums;
        must(course_sums_add(sums, &before, -1));
        must(course_sums_add(sums, &after, 1) ||
             (model_spend_spare(revision->model) && course_sums_add(sums, &after, 1)));
    }
}

/* The state that the edit leads this one to. NULL: out of memory. */
static struct learner_state *revise(const struct revision *revision, const struct learner_state *base)
{
    struct learner_state *next = state_copy(base, base->learner.key, false);

    if (next && revision->item)
        (void)learner_reconsider_item(&next->learner, &revision->catalogue, revision->item, &revision->before,
                                      revision->at_ms, revision->sequence); /* it is moved */
    else if (next)
        (void)learner_reconsider(&next->learner, &revision->catalogue, &revision->edit, revision->at_ms,
                                 revision->sequence); /* likewise */
    return next;
}

static bool is_moved(const struct revision *revision, const struct learner *learner)
{
    return revision->item ? learner_is_moved_by_item(learner, &revision->catalogue, revision->item,
                                                     &revision->before, revision->at_ms, revision->sequence)
                          : learner_is_moved(learner, &revision->catalogue, &revision->edit, revision->at_ms,
                                             revision->sequence);
}

/* One learner; once. False: out of memory, to be tried again. */
static bool look_at(struct revision *revision, uint32_t key)
{
    struct learner_slot *slot = learner_slot(revision->model, key);
    struct learner_state *base = slot->state;

    if (!base || slot->visit == revision->visit)
        return true;
    if (is_moved(revision, &base->learner)) {
        struct learner_state *next = list_reserve(&revision->moved, 1) ? revise(revision, base) : NULL;
        if (!next)
            return false;
        count(revision, &base->learner, &next->learner);
        revision->moved.at[revision->moved.count++] = (struct moved){key, state_ref(base), next};
        slot->moved = revision->moved.count;
    }
    slot->visit = revision->visit;
    return true;
}

/* They wrote elsewhere meanwhile: what the edit changes is as it was, the rest of their state is not. */
static bool look_again(struct revision *revision, uint32_t key)
{
    struct learner_slot *slot = learner_slot(revision->model, key);
    struct moved *moved = &revision->moved.at[slot->moved - 1];

    if (moved->base == slot->state)
        return true;
    struct learner_state *next = revise(revision, slot->state);
    if (!next)
        return false;
    state_unref(moved->base);
    state_unref(moved->next);
    moved->base = state_ref(slot->state);
    moved->next = next;
    return true;
}

static const struct keys *list_at(const struct revision *revision, uint32_t list)
{
    if (revision->item)
        return list == 0 ? &item_slot(revision->model, revision->item)->holders : NULL;
    if (list < revision->course_count)
        return &course_slot(revision->model, revision->courses[list].key)->roster;
    list -= revision->course_count;
    return list < revision->item_count ? &item_slot(revision->model, revision->items[list].key)->holders
                                       : NULL;
}

/* Whether all were looked at, with their present states. */
static bool prepare(struct revision *revision, int64_t until_ms)
{
    struct keys *again = &revision->model->moved_again;
    const struct keys *keys;

    while (again->count && look_again(revision, again->at[again->count - 1]))
        again->count--; /* at most a batch's learners, so that this comes to an end */
    for (uint32_t looked = 1; (keys = list_at(revision, revision->list)); looked++) {
        if (revision->at == keys->count) {
            revision->at = 0;
            revision->list++;
        } else if (look_at(revision, keys->at[revision->at])) {
            revision->at++;
        } else {
            return false;
        }
        if (looked % LOOK_EVERY == 0 && monotonic_ms() >= until_ms)
            return false;
    }
    return again->count == 0;
}

/* ---- showing ---- */

/* All at once: definitions and sums are swapped; learners are found through moved. */
static void show(struct revision *revision)
{
    struct model *model = revision->model;

    (void)pthread_rwlock_wrlock(&model->lock); /* cannot fail: not held */
    for (uint32_t i = 0; i < revision->course_count; i++) {
        struct revised_course *revised = &revision->courses[i];
        struct course_slot *slot = course_slot(model, revised->key);
        const struct course_def *before = slot->def;
        struct course_sums sums = slot->sums;
        slot->def = revised->def;
        slot->sums = revised->sums;
        slot->revised = 0;
        revised->def = (struct course_def *)(uintptr_t)before; /* freed with the revision */
        revised->sums = sums;
    }
    for (uint32_t i = 0; i < revision->item_count; i++) {
        struct revised_item *revised = &revision->items[i];
        struct item_slot *slot = item_slot(model, revised->key);
        const struct item_def *before = slot->def;
        model_count_bound(model, before, -1);
        model_count_bound(model, revised->def, 1);
        slot->def = revised->def;
        slot->sums = revised->sums;
        slot->changes++;
        slot->revised = 0;
        revised->def = (struct item_def *)(uintptr_t)before;
    }
    model->moved = revision->moved.at;
    if (model->published < revision->sequence) /* else others were published meanwhile */
        model->published = revision->sequence;
    (void)pthread_rwlock_unlock(&model->lock); /* held above */
    for (uint32_t i = 0; i < revision->course_count; i++)
        model_mark_dirty(model, ENTITY_COURSE, revision->courses[i].key);
    for (uint32_t i = 0; i < revision->item_count; i++)
        model_mark_dirty(model, ENTITY_ITEM, revision->items[i].key);
    revision->at = 0;
    revision->phase = REVISION_SHOWN;
}

/* Some of the moved into their slots: what readers see stays the same. */
static void settle_some(struct revision *revision)
{
    struct model *model = revision->model;
    uint32_t first = revision->at, end = first + SWAP_MANY;

    if (end > revision->moved.count)
        end = revision->moved.count;
    (void)pthread_rwlock_wrlock(&model->lock); /* cannot fail: not held */
    for (; revision->at < end; revision->at++) {
        struct moved *moved = &revision->moved.at[revision->at];
        struct learner_slot *slot = learner_slot(model, moved->key);
        if (slot->moved != revision->at + 1)
            continue; /* a newer state is published already */
        struct learner_state *before = slot->state;
        slot->state = moved->next;
        slot->moved = 0;
        moved->next = before;
    }
    (void)pthread_rwlock_unlock(&model->lock); /* held above */
    for (uint32_t i = first; i < end; i++) {
        struct moved *moved = &revision->moved.at[i];
        model_mark_dirty(model, ENTITY_LEARNER, moved->key);
        state_unref(moved->next);
        state_unref(moved->base);
        moved->next = moved->base = NULL;
    }
}

static void hide(struct revision *revision)
{
    (void)pthread_rwlock_wrlock(&revision->model->lock); /* cannot fail: not held */
    revision->model->moved = NULL;
    (void)pthread_rwlock_unlock(&revision->model->lock); /* held above */
    revision->phase = REVISION_OVER;
}

enum revision_phase revision_step(struct revision *revision, int64_t milliseconds)
{
    int64_t until_ms = monotonic_ms() + milliseconds;

    if (revision->phase == REVISION_PREPARING) {
        if (prepare(revision, until_ms))
            show(revision);
        return revision->phase;
    }
    while (revision->at < revision->moved.count && monotonic_ms() < until_ms)
        settle_some(revision);
    if (revision->phase == REVISION_SHOWN && revision->at == revision->moved.count)
        hide(revision);
    return revision->phase;
}

static bool course_is_revised(struct view view, uint32_t course)
{
    return course && course <= model_count(view.model, ENTITY_COURSE) &&
           course_slot(view.model, course)->revised;
}

bool revision_touches(struct view view, uint32_t course, uint32_t item)
{
    const struct item_slot *slot = item ? item_slot(view.model, item) : NULL;

    return course_is_revised(view, course) || (slot && slot->revised) ||
           (slot && slot->def &&
            course_is_revised(view, slot->def->course ? slot->def->course : slot->def->bound));
}
