#include "model/fold_catalog.h"

#include "base/codec.h"
#include "core/learner_reconsider.h"
#include "model/model_private.h"

struct reconsidering {
    struct fold *fold;
    const struct event *event;
    struct item_facts before;
};

static enum rc reconsider_holder(void *arg, uint32_t key)
{
    const struct reconsidering *of = arg;
    struct fold *fold = of->fold;
    const struct learner *now = view_learner(fold->view, key); /* NULL: erased */
    struct learner *learner;

    if (!now || !learner_is_moved_by_item(now, &fold->catalogue, of->event->item, &of->before,
                                          of->event->at_ms, of->event->sequence))
        return RC_OK; /* most, and they are not copied */
    enum rc rc = fold_learner(fold, key, &learner);
    if (rc == RC_OK)
        (void)learner_reconsider_item(learner, &fold->catalogue, of->event->item, &of->before,
                                      of->event->at_ms,
                                      of->event->sequence); /* that nothing changed is fine */
    return rc;
}

enum rc fold_see_course(struct fold *fold, uint32_t key, const struct event *event)
{
    struct course_def *course = fold_pending_course(fold, key);

    if (!course)
        return RC_BUSY;
    course->updated_at_ms = event->at_ms;
    course->version = event->sequence;
    return RC_OK;
}

bool fold_show_otherwise(struct fold *fold, uint32_t key, const struct event *event)
{
    struct course_def *course = view_course(fold->view, key) ? fold_pending_course(fold, key) : NULL;

    if (course)
        course->version = event->sequence;
    return course || !view_course(fold->view, key);
}

enum rc fold_item_observed(struct fold *fold, const struct event *event)
{
    struct reconsidering of = {fold, event, view_item_facts(fold->view, event->item)};
    bool first_sight = !view_item(fold->view, event->item);
    struct item_def item = fold_item_so_far(fold, event->item);
    bool attaches = event->course && !event->untaught && item.course != event->course;
    bool binds = event->course && event->untaught && !item.course && item.bound != event->course;
    bool frees = !event->untaught && item.bound; /* somebody reported it who is no previewer */

    if (event->type_rank > item.type_rank && event->body_size) {
        item.type_rank = event->type_rank;
        item.type = (struct text){(const char *)event->body, event->body_size};
        if (!attaches && !fold_show_otherwise(fold, item.course, event))
            return RC_BUSY;
    }
    if (attaches) {
        struct course_def *course = fold_pending_course(fold, event->course);
        if (!course || !course_def_add_item(course, event->item))
            return RC_BUSY;
        course->required_count = course->item_count; /* observed: all count */
        course->updated_at_ms = event->at_ms;
        course->version = event->sequence;
        item.course = event->course;
        item.required = true;
    }
    if (binds && !view_course(fold->view, event->course)) {
        enum rc rc = fold_see_course(fold, event->course, event);
        if (rc != RC_OK)
            return rc;
    }
    item.bound = binds ? event->course : frees ? 0 : item.bound;
    enum rc rc = fold_set_item(fold, event->item, &item);
    if (rc != RC_OK || !(attaches || binds || frees) || first_sight)
        return rc; /* nobody holds it yet */
    if (fold->may_defer && item_slot(fold->model, event->item)->holders.count > FOLD_AT_ONCE &&
        (!of.before.course || of.before.course == event->course)) {
        fold->deferred = true;
        fold->deferred_at_ms = event->at_ms;
        fold->deferred_sequence = event->sequence;
        fold->deferred_item = event->item;
        fold->deferred_before = of.before;
        return RC_OK;
    }
    return fold_each_holder(fold, event->item, reconsider_holder, &of);
}

struct membership {
    const struct fold *fold;
    uint32_t course;
};

static bool still_member(void *arg, uint32_t item)
{
    const struct membership *of = arg;
    const struct item_def *def = view_item(of->fold->view, item);
    return def && def->course == of->course;
}

struct course_def *fold_lose_items(struct fold *fold, uint32_t course_key, const struct event *event)
{
    struct course_def *course = fold_pending_course(fold, course_key);

    if (!course)
        return NULL;
    course_slot(fold->model, course_key)->visit = fold->visit;
    course->version = event->sequence;
    return course;
}

enum rc fold_settle_lists(struct fold *fold)
{
    for (uint32_t i = 0; i < fold->courses.count; i++) {
        struct membership of = {fold, fold->courses.at[i]};
        struct course_slot *slot = course_slot(fold->model, of.course);
        if (slot->visit != fold->visit || !slot->pending)
            continue;
        if (!course_def_filter(slot->pending, still_member, &of))
            return RC_BUSY;
        /* a declared course's items stay where they are */
        slot->pending->required_count = slot->pending->item_count;
    }
    return RC_OK;
}

/* One listed item takes what the catalogue says of it. */
static enum rc place_item(struct fold *fold, const struct declared_item *listed, const struct event *event)
{
    struct item_def item = fold_item_so_far(fold, listed->item);

    if (item.course && item.course != event->course) {
        struct course_def *course = fold_lose_items(fold, item.course, event);
        if (!course)
            return RC_BUSY;
        course->shrunk_at_ms = event->at_ms;
    }
    item.course = event->course;
    item.bound = 0;
    item.declared = true;
    item.retired = false;
    item.required = listed->required;
    item.threshold_hundredths = listed->threshold_hundredths;
    item.duration_ms = listed->duration_ms;
    item.title = listed->title;
    item.section = listed->section;
    if (listed->type.bytes ||
        item.type_rank == TYPE_CATALOG) { /* a list without it takes back what one said */
        item.type_rank = listed->type.bytes ? TYPE_CATALOG : TYPE_UNKNOWN;
        item.type = listed->type;
    }
    return fold_set_item(fold, listed->item, &item);
}

/* Items that the new list leaves out belong to no course from now on. The others are marked. */
static enum rc retire_items(struct fold *fold, const struct course_def *course)
{
    enum rc rc = RC_OK;

    for (uint32_t i = 0; rc == RC_OK && i < course->item_count; i++) {
        if (item_slot(fold->model, course->items[i])->visit == fold->visit)
            continue;
        struct item_def item = fold_item_so_far(fold, course->items[i]);
        item.course = 0;
        item.declared = false;
        item.retired = true;
        rc = fold_set_item(fold, course->items[i], &item);
    }
    return rc;
}

static enum rc build_course(struct fold *fold, const struct declaration *declared, struct arena *scratch,
                            const struct event *event)
{
    struct course_def *course = fold_pending_course(fold, event->course);
    uint32_t *items = arena_alloc(scratch, (declared->item_count + 1) * sizeof *items), required = 0;

    if (!course || !items)
        return RC_BUSY;
    for (uint32_t i = 0; i < declared->item_count; i++) {
        items[i] = declared->items[i].item;
        item_slot(fold->model, items[i])->visit = fold->visit;
        required += declared->items[i].required;
    }
    enum rc rc = retire_items(fold, course);
    if (rc != RC_OK ||
        !course_def_tell(course, declared->title, declared->description, declared->staff,
                         declared->staff_count) ||
        !course_def_list(course, items, declared->item_count))
        return RC_BUSY;
    course->declared = true;
    course->required_count = required;
    course->updated_at_ms = event->at_ms;
    course->version = event->sequence;
    for (uint32_t i = 0; rc == RC_OK && i < declared->item_count; i++)
        rc = place_item(fold, &declared->items[i], event);
    return rc == RC_OK ? fold_settle_lists(fold) : rc;
}

/* Whether two definitions of a course count alike, so that no learner need be looked at. */
static bool counts_alike(const struct course_def *before, const struct course_def *after, struct model *model)
{
    if (!before || before->declared != after->declared || before->item_count != after->item_count ||
        before->required_count != after->required_count)
        return false;
    for (uint32_t i = 0; i < after->item_count; i++) {
        const struct item_slot *slot = item_slot(model, after->items[i]);
        if (before->items[i] != after->items[i] || !slot->def || !slot->pending ||
            slot->def->course != slot->pending->course || slot->def->required != slot->pending->required ||
            slot->def->duration_ms != slot->pending->duration_ms ||
            slot->def->threshold_hundredths != slot->pending->threshold_hundredths)
            return false;
    }
    return true;
}

static bool touched_item(const void *of, uint32_t item)
{
    const struct item_slot *slot = item_slot(((const struct fold *)of)->model, item);
    return slot->pending || slot->removing;
}

/* What this batch, which is one edit, touched. */
static struct edit edit_of(const struct fold *fold)
{
    return (struct edit){fold->items.at, fold->courses.at, fold->items.count, fold->courses.count,
                         fold,           touched_item};
}

/* Percents, completions and counts of one whom an edit may touch; once. */
static enum rc reconsider(struct fold *fold, uint32_t key, const struct edit *edit, const struct event *event)
{
    struct learner_slot *slot = learner_slot(fold->model, key);
    const struct learner *now = view_learner(fold->view, key);
    struct learner *learner;

    if (!now || slot->visit == fold->visit)
        return RC_OK;
    slot->visit = fold->visit;
    if (!learner_is_moved(now, &fold->catalogue, edit, event->at_ms, event->sequence))
        return RC_OK; /* most, and they are not copied */
    enum rc rc = fold_learner(fold, key, &learner);
    if (rc == RC_OK)
        (void)learner_reconsider(learner, &fold->catalogue, edit, event->at_ms,
                                 event->sequence); /* it is moved */
    return rc;
}

static enum rc reconsider_all(struct fold *fold, const struct keys *keys, const struct edit *edit,
                              const struct event *event)
{
    enum rc rc = RC_OK;

    for (uint32_t i = 0; rc == RC_OK && i < keys->count; i++)
        rc = reconsider(fold, keys->at[i], edit, event);
    return rc;
}

static bool are_many(const struct fold *fold)
{
    size_t count = 0;

    for (uint32_t i = 0; i < fold->courses.count; i++)
        count += course_slot(fold->model, fold->courses.at[i])->roster.count;
    for (uint32_t i = 0; i < fold->items.count; i++)
        count += item_slot(fold->model, fold->items.at[i])->holders.count;
    return count > FOLD_AT_ONCE;
}

/* Everybody whom an edit may touch: the rosters of its courses, also of those that lost items to it, and who
 * holds items that it placed or took away. */
static enum rc reconsider_everybody(struct fold *fold, const struct event *event)
{
    struct edit edit = edit_of(fold);
    enum rc rc = RC_OK;

    if (fold->may_defer && are_many(fold)) {
        fold->deferred = true;
        fold->deferred_at_ms = event->at_ms;
        fold->deferred_sequence = event->sequence;
        fold->deferred_item = 0;
        return RC_OK;
    }
    fold->visit++;
    for (uint32_t i = 0; rc == RC_OK && i < edit.course_count; i++)
        rc = reconsider_all(fold, &course_slot(fold->model, edit.courses[i])->roster, &edit, event);
    for (uint32_t i = 0; rc == RC_OK && i < edit.item_count; i++)
        rc = reconsider_all(fold, &item_slot(fold->model, edit.items[i])->holders, &edit, event);
    return rc;
}

static bool items_known(const struct fold *fold, const struct declaration *declared)
{
    for (uint32_t i = 0; i < declared->item_count; i++)
        if (declared->items[i].item == 0 || declared->items[i].item > model_count(fold->model, ENTITY_ITEM))
            return false;
    return true;
}

enum rc fold_course_declared(struct fold *fold, const struct event *event)
{
    struct course_slot *slot = course_slot(fold->model, event->course);
    struct declaration declared;
    struct arena scratch;

    arena_init(&scratch);
    fold->visit++;
    enum rc rc = declaration_decode(event->body, event->body_size, &scratch, &declared) ? RC_OK : RC_BUSY;
    if (rc == RC_OK)
        rc = items_known(fold, &declared) ? build_course(fold, &declared, &scratch, event) : RC_INTERNAL;
    arena_done(&scratch);
    if (rc != RC_OK || counts_alike(slot->def, slot->pending, fold->model))
        return rc;
    return reconsider_everybody(fold, event);
}

/* Marks the items that somebody had reported: as the event says, or (events of old have no list) as the sums
 * do. */
static void mark_kept(struct fold *fold, const struct course_def *course, const struct event *event)
{
    struct reader from = {event->body, event->body + event->body_size, false};
    struct model *model = fold->model;

    for (uint32_t i = 0; event->body_size == 0 && i < course->item_count; i++)
        if (item_slot(model, course->items[i])->sums.records > 0)
            item_slot(model, course->items[i])->visit = fold->visit;
    for (uint32_t left = event->body_size ? get_u32(&from) : 0; left > 0 && !from.bad; left--) {
        uint32_t item = get_u32(&from);
        if (item && item <= model_count(model, ENTITY_ITEM) &&
            item_slot(model, item)) /* a twin has only some */
            item_slot(model, item)->visit = fold->visit;
    }
}

enum rc fold_course_undeclared(struct fold *fold, const struct event *event)
{
    static const struct text none = {NULL, 0};
    struct course_slot *slot = course_slot(fold->model, event->course);
    struct course_def *course = fold_pending_course(fold, event->course);
    struct membership of = {fold, event->course};
    enum rc rc = RC_OK;

    if (!course)
        return RC_BUSY;
    fold->visit++;
    mark_kept(fold, course, event);
    for (uint32_t i = 0; rc == RC_OK && i < course->item_count; i++) {
        struct item_def item = fold_item_so_far(fold, course->items[i]);
        bool reported = item_slot(fold->model, course->items[i])->visit == fold->visit;
        item.declared = false;
        item.required = true;
        item.course = reported ? event->course : 0; /* nobody ever reported it: the catalogue alone knew it */
        rc = fold_set_item(fold, course->items[i], &item);
    }
    if (rc != RC_OK || !course_def_filter(course, still_member, &of) ||
        !course_def_tell(course, none, none, NULL, 0))
        return RC_BUSY;
    course->declared = false;
    course->required_count = course->item_count;
    course->updated_at_ms = event->at_ms;
    course->version = event->sequence;
    if (course->item_count == 0 && keys_live(&slot->roster) == 0) {
        course_def_unref(slot->pending);
        slot->pending = NULL;
        slot->removing = true;
    }
    return reconsider_everybody(fold, event);
}
