#include "app/decide/forgotten.h"

#include <stdlib.h>
#include <string.h>

#include "app/batch.h"

static int by_key(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return left < right ? -1 : left > right;
}

static void sort(uint32_t *keys, uint32_t count)
{
    if (count)
        qsort(keys, count, sizeof *keys, by_key);
}

static bool listed(const uint32_t *keys, uint32_t count, uint32_t key)
{
    return count && bsearch(&key, keys, count, sizeof *keys, by_key);
}

/* Constant: when one is left, hardly anybody stale is beside them. */
static bool has_other(struct view view, const struct keys *keys, uint32_t learner)
{
    if (keys_live(keys) != 1)
        return keys_live(keys) > 1;
    for (uint32_t i = 0; i < keys->count; i++)
        if (keys->at[i] != learner && view_learner(view, keys->at[i]))
            return true;
    return false;
}

static void find_items(struct forgotten *forgotten, const struct learner *learner)
{
    struct view view = forgotten->batch->fold->view;

    for (uint32_t i = 0; i < learner->record_count; i++) {
        uint32_t key = learner->records[i].item;
        const struct item_def *def = view_item(view, key);
        if (!def || has_other(view, view_holders(view, key), learner->key))
            continue;
        if (!def->declared)
            forgotten->items[forgotten->item_count++] = key;
        else if (def->type_rank < TYPE_CATALOG && def->type_rank > TYPE_UNKNOWN)
            forgotten->typed[forgotten->typed_count++] = key;
    }
    sort(forgotten->items, forgotten->item_count);
    sort(forgotten->typed, forgotten->typed_count);
}

/* An observed course goes when no item and nobody else is left in it, else it only loses the items. */
static void judge_course(struct forgotten *forgotten, uint32_t key, uint32_t lost, uint32_t lost_bound,
                         uint32_t learner)
{
    struct view view = forgotten->batch->fold->view;
    const struct course_def *def = view_course(view, key);

    if (!def || def->declared)
        return;
    uint32_t bound = view_items_bound(view, key) - lost_bound; /* previews of others named it too */
    if (lost == def->item_count && bound == 0 && !has_other(view, view_roster(view, key), learner))
        forgotten->courses[forgotten->course_count++] = key;
    else if (lost)
        forgotten->touched[forgotten->touched_count++] = key;
}

/* How many of an ascending list are key; *at moves past them. */
static uint32_t count_of(const uint32_t *keys, uint32_t count, uint32_t *at, uint32_t key)
{
    uint32_t found = 0;

    for (; *at < count && keys[*at] <= key; ++*at)
        found += keys[*at] == key;
    return found;
}

/* Their courses, and those of the items that go; an item belongs to one. Cost: by their own items and
 * courses. */
static bool find_courses(struct forgotten *forgotten, const struct learner *learner)
{
    struct view view = forgotten->batch->fold->view;
    uint32_t room = 2 * forgotten->item_count + learner->enrolment_count + 1, count = 0, lost_count = 0,
             bound_count = 0;
    uint32_t *courses = arena_alloc(&forgotten->batch->arena, room * sizeof *courses);
    uint32_t *lost = arena_alloc(&forgotten->batch->arena, room * sizeof *lost);
    uint32_t *bound = arena_alloc(&forgotten->batch->arena, room * sizeof *bound);

    if (!courses || !lost || !bound)
        return false;
    for (uint32_t i = 0; i < forgotten->item_count; i++) {
        const struct item_def *def = view_item(view, forgotten->items[i]);
        if (def->course)
            courses[count++] = lost[lost_count++] = def->course;
        if (def->bound)
            courses[count++] = bound[bound_count++] = def->bound;
    }
    for (uint32_t i = 0; i < learner->enrolment_count; i++)
        courses[count++] = learner->enrolments[i].course;
    sort(courses, count);
    sort(lost, lost_count);
    sort(bound, bound_count);
    for (uint32_t i = 0, lost_at = 0, bound_at = 0; i < count; i++)
        if (i == 0 || courses[i] != courses[i - 1])
            judge_course(forgotten, courses[i], count_of(lost, lost_count, &lost_at, courses[i]),
                         count_of(bound, bound_count, &bound_at, courses[i]), learner->key);
    return true;
}

bool forgotten_find(struct batch *batch, uint32_t learner_key, struct forgotten *forgotten)
{
    const struct learner *learner = view_learner(batch->fold->view, learner_key);
    struct arena *arena = &batch->arena;
    size_t records = learner ? learner->record_count : 0,
           courses = 2 * records + (learner ? learner->enrolment_count : 0);

    *forgotten = (struct forgotten){.batch = batch, .learner = learner_key};
    forgotten->items = arena_alloc(arena, (records + 1) * sizeof(uint32_t));
    forgotten->typed = arena_alloc(arena, (records + 1) * sizeof(uint32_t));
    forgotten->courses = arena_alloc(arena, (courses + 1) * sizeof(uint32_t));
    forgotten->touched = arena_alloc(arena, (courses + 1) * sizeof(uint32_t));
    if (!forgotten->items || !forgotten->typed || !forgotten->courses || !forgotten->touched)
        return false;
    if (!learner)
        return true;
    find_items(forgotten, learner);
    return find_courses(forgotten, learner);
}

bool forgotten_goes(const struct forgotten *forgotten, const struct observed_ref *ref)
{
    if (ref->item)
        return listed(forgotten->items, forgotten->item_count, ref->item) ||
               listed(forgotten->typed, forgotten->typed_count, ref->item);
    return listed(forgotten->courses, forgotten->course_count, ref->course);
}

static int by_course(const void *a, const void *b)
{
    return by_key(&((const struct course_loss *)a)->course, &((const struct course_loss *)b)->course);
}

/* Courses ascending, each once. Returns how many are left. */
static uint32_t settle_losses(struct course_loss *losses, uint32_t count)
{
    uint32_t kept = 0;

    if (count)
        qsort(losses, count, sizeof *losses, by_course);
    for (uint32_t i = 0; i < count; i++)
        if (i == 0 || losses[i].course != losses[i - 1].course)
            losses[kept++] = losses[i];
    return kept;
}

/* The courses which, by an event that goes, had an item. Another may have taken it since: the event of that
 * stays, and finds nothing to take when all is folded again. So the erasure says when they last lost one. */
static void find_lost_items(struct forgotten *forgotten, const struct erase_plan *plan)
{
    struct view view = forgotten->batch->fold->view;
    uint32_t count = 0;

    for (size_t i = 0; i < plan->observed_count; i++) {
        const struct observed_ref *ref = &plan->observed[i];
        const struct course_def *def = ref->item && ref->course ? view_course(view, ref->course) : NULL;
        if (def && forgotten_goes(forgotten, ref) &&
            !listed(forgotten->courses, forgotten->course_count, ref->course))
            forgotten->losses[count++] = (struct course_loss){ref->course, def->shrunk_at_ms};
    }
    forgotten->loss_count = settle_losses(forgotten->losses, count);
}

/* Those of them that nobody declared: their past is told otherwise now. */
static void touch_losers(struct forgotten *forgotten, uint32_t *all)
{
    uint32_t touched = forgotten->touched_count;

    if (touched)
        memcpy(all, forgotten->touched, touched * sizeof *all);
    for (uint32_t i = 0; i < forgotten->loss_count; i++) {
        uint32_t course = forgotten->losses[i].course;
        if (!view_course(forgotten->batch->fold->view, course)->declared &&
            !listed(forgotten->touched, touched, course))
            all[forgotten->touched_count++] = course;
    }
    forgotten->touched = all;
}

/* The person's courses, too: this enrolment alone may have kept one for a while, and who folds again what an
 * erasure said of it then has no course to tell it of. */
static void add_own_courses(struct forgotten *forgotten, const struct learner *learner)
{
    uint32_t count = forgotten->loss_count;

    for (uint32_t i = 0; learner && i < learner->enrolment_count; i++) {
        uint32_t course = learner->enrolments[i].course;
        const struct course_def *def = view_course(forgotten->batch->fold->view, course);
        if (def && (!def->declared || def->shrunk_at_ms) &&
            !listed(forgotten->courses, forgotten->course_count, course))
            forgotten->losses[count++] = (struct course_loss){course, def->shrunk_at_ms};
    }
    forgotten->loss_count = settle_losses(forgotten->losses, count);
}

bool forgotten_tell_losses(struct forgotten *forgotten, const struct erase_plan *plan)
{
    const struct learner *learner = view_learner(forgotten->batch->fold->view, forgotten->learner);
    struct arena *arena = &forgotten->batch->arena;
    size_t observed = plan->observed_count, enrolments = learner ? learner->enrolment_count : 0;
    uint32_t *all = arena_alloc(arena, (forgotten->touched_count + observed + enrolments + 1) * sizeof *all);

    forgotten->losses = arena_alloc(arena, (observed + enrolments + 1) * sizeof *forgotten->losses);
    if (!forgotten->losses || !all)
        return false;
    find_lost_items(forgotten, plan);
    add_own_courses(forgotten, learner);
    touch_losers(forgotten, all);
    return true;
}
