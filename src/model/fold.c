#include "model/fold.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "core/members.h"

enum { ROOM_SEGMENTS = EVENT_SEGMENTS_MAX, ROOM_METADATA = 4 * MEMBERS_MAX_BYTES };

bool stored_event_decode(const struct stored_event *stored, struct segment *room, size_t room_count,
                         struct event *out_event)
{
    *out_event = (struct event){.sequence = stored->sequence,
                                .kind = stored->kind,
                                .learner = stored->learner,
                                .at_ms = stored->at_ms};
    return event_decode(stored->body, stored->body_size, room, room_count, out_event);
}

enum rc fold_init(struct fold *fold, struct model *model)
{
    *fold = (struct fold){.model = model, .view = {model, true}};
    fold->catalogue = view_catalogue(&fold->view);
    fold->room.segments = malloc(ROOM_SEGMENTS * sizeof *fold->room.segments);
    fold->room.metadata = malloc(ROOM_METADATA);
    if (fold->room.segments && fold->room.metadata)
        return RC_OK;
    fold_done(fold);
    return RC_BUSY;
}

void fold_done(struct fold *fold)
{
    free(fold->learners.at);
    free(fold->courses.at);
    free(fold->items.at);
    free(fold->room.segments);
    free(fold->room.metadata);
    free(fold->fresh);
    *fold = (struct fold){0};
}

static bool push(struct keys *keys, uint32_t key)
{
    if (keys->count == keys->room) {
        uint32_t room = keys->room ? keys->room * 2 : 64;
        uint32_t *at = realloc(keys->at, room * sizeof *at);
        if (!at)
            return false;
        keys->at = at;
        keys->room = room;
    }
    keys->at[keys->count++] = key;
    return true;
}

/* ---- learners ---- */

enum rc fold_learner(struct fold *fold, uint32_t key, struct learner **out_learner)
{
    struct learner_slot *slot = fold->model->learners[key];

    if (!slot->working) {
        struct learner_state *copy = state_copy(model_state(fold->model, slot), key, false);
        if (!copy || !push(&fold->learners, key)) {
            state_unref(copy);
            return RC_BUSY;
        }
        slot->working = copy;
    }
    *out_learner = &slot->working->learner;
    return RC_OK;
}

/* The private copy with room for what the event may add. */
static enum rc learner_with_room(struct fold *fold, const struct event *event, struct learner **out_learner)
{
    enum rc rc = fold_learner(fold, event->learner, out_learner);

    if (rc != RC_OK || learner_has_room(*out_learner, event))
        return rc;
    struct learner_slot *slot = fold->model->learners[event->learner];
    struct learner_state *larger = state_copy(slot->working, event->learner, true);
    if (!larger)
        return RC_BUSY;
    state_unref(slot->working);
    slot->working = larger;
    *out_learner = &larger->learner;
    return RC_OK;
}

/* Gives a record memory of its own for what lies in the shared room. */
static bool keep_room(struct fold *fold, struct record *record)
{
    if (record->segments == fold->room.segments && record->segment_count) {
        struct blob *blob =
            blob_new(record->segments, record->segment_count * (uint32_t)sizeof *record->segments);
        record->segments = blob ? (const struct segment *)(const void *)blob->bytes : NULL;
        if (!blob)
            return false;
    }
    if (record->metadata == fold->room.metadata && record->metadata_size) {
        struct blob *blob = blob_new(record->metadata, record->metadata_size);
        record->metadata = blob ? blob->bytes : NULL;
        if (!blob)
            return false;
    }
    return true;
}

static enum rc apply_report(struct fold *fold, struct learner *learner, const struct event *event)
{
    const struct record *before = learner_record(learner, event->item);
    size_t segments = event->report.segment_count + (before ? before->segment_count : 0);
    size_t metadata = (size_t)event->report.metadata_size + (before ? before->metadata_size : 0);
    if (segments > ROOM_SEGMENTS || metadata > ROOM_METADATA)
        return RC_INTERNAL; /* no decision lets that pass: the event was made by hand */
    const struct segment *old_segments = before ? before->segments : NULL;
    const uint8_t *old_metadata = before ? before->metadata : NULL;

    learner_evolve(learner, event, &fold->catalogue, &fold->room);
    if (event->zone)
        learner->zone = zone_kept(event->zone, event->zone_size);
    struct record *record = learner_record(learner, event->item);
    bool new_segments = record->segments != old_segments, new_metadata = record->metadata != old_metadata;
    if (!keep_room(fold, record))
        return RC_BUSY;
    if (new_segments)
        blob_unref_bytes(old_segments);
    if (new_metadata)
        blob_unref_bytes(old_metadata);
    return RC_OK;
}

/* A reset drops what records held: their references go first, since the core only forgets pointers. */
static void apply_reset(struct fold *fold, struct learner *learner, const struct event *event)
{
    for (uint32_t i = 0; i < learner->record_count; i++) {
        struct record *record = &learner->records[i];
        bool hit = event->item ? record->item == event->item
                               : view_item_facts(fold->view, record->item).course == event->course;
        if (hit) {
            blob_unref_bytes(record->segments);
            blob_unref_bytes(record->metadata);
        }
    }
    learner_evolve(learner, event, &fold->catalogue, &fold->room);
}

static enum rc apply_certificate(struct fold *fold, struct learner *learner, const struct event *event)
{
    struct enrolment *enrolment = learner_enrolment(learner, event->course);
    const char *old = enrolment ? enrolment->certificate_url : NULL;

    learner_evolve(learner, event, &fold->catalogue, &fold->room);
    if (!enrolment)
        return RC_OK;
    if (event->body_size) {
        struct blob *blob = blob_new(event->body, event->body_size);
        enrolment->certificate_url = blob ? (const char *)blob->bytes : NULL;
        if (!blob)
            return RC_BUSY;
    }
    blob_unref_bytes(old);
    return RC_OK;
}

static enum rc evolve(struct fold *fold, struct learner *learner, const struct event *event)
{
    if (event->kind == EV_REPORTED)
        return apply_report(fold, learner, event);
    if (event->kind == EV_CERTIFIED)
        return apply_certificate(fold, learner, event);
    if (event->kind == EV_DELETED || event->kind == EV_RESET)
        apply_reset(fold, learner, event);
    else
        learner_evolve(learner, event, &fold->catalogue, &fold->room);
    return RC_OK;
}

/* A record that the batch is the first to know; the item's chain of them begins at its slot. */
struct fresh_holder {
    uint32_t learner, item;
    uint32_t next; /* index + 1; 0: none */
};

static bool room_for_fresh(struct fold *fold)
{
    if (fold->fresh_count < fold->fresh_room)
        return true;
    uint32_t room = fold->fresh_room ? fold->fresh_room * 2 : 64;
    struct fresh_holder *fresh = realloc(fold->fresh, room * sizeof *fresh);
    if (!fresh)
        return false;
    fold->fresh = fresh;
    fold->fresh_room = room;
    return true;
}

static void note_fresh(struct fold *fold, const struct learner *learner)
{
    struct item_slot *slot = fold->model->items[learner->items[learner->record_count - 1]];

    fold->fresh[fold->fresh_count++] =
        (struct fresh_holder){learner->key, learner->items[learner->record_count - 1], slot->fresh};
    slot->fresh = fold->fresh_count;
    if (learner->records[learner->record_count - 1].id > fold->fresh_record_id)
        fold->fresh_record_id = learner->records[learner->record_count - 1].id;
}

static void forget_fresh(struct fold *fold)
{
    for (uint32_t i = 0; i < fold->fresh_count; i++)
        fold->model->items[fold->fresh[i].item]->fresh = 0;
    fold->fresh_count = 0;
}

enum rc fold_each_holder(struct fold *fold, uint32_t item, enum rc (*visit)(void *arg, uint32_t learner),
                         void *arg)
{
    const struct item_slot *slot = fold->model->items[item];
    enum rc rc = RC_OK;

    for (uint32_t i = 0; rc == RC_OK && i < slot->holders.count; i++)
        rc = visit(arg, slot->holders.at[i]);
    for (uint32_t i = slot->fresh; rc == RC_OK && i; i = fold->fresh[i - 1].next)
        rc = visit(arg, fold->fresh[i - 1].learner);
    return rc;
}

static enum rc apply_to_learner(struct fold *fold, const struct event *event)
{
    struct learner *learner;
    enum rc rc = room_for_fresh(fold) ? learner_with_room(fold, event, &learner) : RC_BUSY;

    if (rc != RC_OK)
        return rc;
    uint32_t records = learner->record_count;
    rc = evolve(fold, learner, event);
    if (learner->record_count > records)
        note_fresh(fold, learner);
    return rc;
}

/* ---- the catalogue ---- */

/* What the batch makes of the item so far, by value: its texts are borrowed. */
static struct item_def item_so_far(const struct fold *fold, uint32_t key)
{
    static const struct item_def unseen = {.required = true};
    const struct item_def *def = view_item(fold->view, key);

    return item_def_value(def ? def : &unseen);
}

/* A copy of it becomes the item's private definition. */
static enum rc set_item(struct fold *fold, uint32_t key, const struct item_def *next)
{
    struct item_slot *slot = fold->model->items[key];
    struct item_def *copy = item_def_copy(next);

    if (!copy || (!slot->pending && !slot->removing && !push(&fold->items, key))) {
        item_def_unref(copy);
        return RC_BUSY;
    }
    item_def_unref(slot->pending);
    slot->pending = copy;
    slot->removing = false;
    return RC_OK;
}

static bool note_course(struct fold *fold, uint32_t key)
{
    struct course_slot *slot = fold->model->courses[key];
    return slot->pending || slot->removing || push(&fold->courses, key);
}

static struct course_def *pending_course(struct fold *fold, uint32_t key)
{
    static const struct course_def unseen = {0};
    struct course_slot *slot = fold->model->courses[key];

    if (!slot->pending) {
        struct course_def *copy = course_def_copy(slot->def && !slot->removing ? slot->def : &unseen);
        if (!copy || !note_course(fold, key)) {
            course_def_unref(copy);
            return NULL;
        }
        slot->pending = copy;
        slot->removing = false;
    }
    return slot->pending;
}

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

static enum rc apply_course_observed(struct fold *fold, const struct event *event)
{
    struct course_def *course = pending_course(fold, event->course);

    if (!course)
        return RC_BUSY;
    course->updated_at_ms = event->at_ms;
    course->version = event->sequence;
    return RC_OK;
}

/* What is shown of the course is another now: its tag changes. False: out of memory. */
static bool show_otherwise(struct fold *fold, uint32_t key, const struct event *event)
{
    struct course_def *course = view_course(fold->view, key) ? pending_course(fold, key) : NULL;

    if (course)
        course->version = event->sequence;
    return course || !view_course(fold->view, key);
}

static enum rc apply_item_observed(struct fold *fold, const struct event *event)
{
    struct reconsidering of = {fold, event, view_item_facts(fold->view, event->item)};
    bool first_sight = !view_item(fold->view, event->item);
    struct item_def item = item_so_far(fold, event->item);
    bool attaches = event->course && !event->untaught && item.course != event->course;
    bool binds = event->course && event->untaught && !item.course && item.bound != event->course;
    bool frees = !event->untaught && item.bound; /* somebody reported it who is no previewer */

    if (event->type_rank > item.type_rank && event->body_size) {
        item.type_rank = event->type_rank;
        item.type = (struct text){(const char *)event->body, event->body_size};
        if (!attaches && !show_otherwise(fold, item.course, event))
            return RC_BUSY;
    }
    if (attaches) {
        struct course_def *course = pending_course(fold, event->course);
        if (!course || !course_def_add_item(course, event->item))
            return RC_BUSY;
        course->required_count = course->item_count; /* observed: all count */
        course->updated_at_ms = event->at_ms;
        course->version = event->sequence;
        item.course = event->course;
        item.required = true;
    }
    if (binds && !view_course(fold->view, event->course)) {
        enum rc rc = apply_course_observed(fold, event);
        if (rc != RC_OK)
            return rc;
    }
    item.bound = binds ? event->course : frees ? 0 : item.bound;
    enum rc rc = set_item(fold, event->item, &item);
    if (rc != RC_OK || !(attaches || binds || frees) || first_sight)
        return rc; /* nobody holds it yet */
    if (fold->may_defer && fold->model->items[event->item]->holders.count > FOLD_AT_ONCE &&
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

/* A course that loses items says so now; which, when all of them are elsewhere: settle_lists. */
static struct course_def *lose_items(struct fold *fold, uint32_t course_key, const struct event *event)
{
    struct course_def *course = pending_course(fold, course_key);

    if (!course)
        return NULL;
    fold->model->courses[course_key]->visit = fold->visit;
    course->version = event->sequence;
    return course;
}

/* The courses that lost items to this event keep those that are still theirs. Each is gone through once.
 * Their rosters are looked at when the whole edit is in place: half of one would complete courses that are
 * not complete. */
static enum rc settle_lists(struct fold *fold)
{
    for (uint32_t i = 0; i < fold->courses.count; i++) {
        struct membership of = {fold, fold->courses.at[i]};
        struct course_slot *slot = fold->model->courses[of.course];
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
    struct item_def item = item_so_far(fold, listed->item);

    if (item.course && item.course != event->course) {
        struct course_def *course = lose_items(fold, item.course, event);
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
    if (listed->type.bytes) {
        item.type_rank = TYPE_CATALOG;
        item.type = listed->type;
    }
    return set_item(fold, listed->item, &item);
}

/* Items that the new list leaves out belong to no course from now on. The others are marked. */
static enum rc retire_items(struct fold *fold, const struct course_def *course)
{
    enum rc rc = RC_OK;

    for (uint32_t i = 0; rc == RC_OK && i < course->item_count; i++) {
        if (fold->model->items[course->items[i]]->visit == fold->visit)
            continue;
        struct item_def item = item_so_far(fold, course->items[i]);
        item.course = 0;
        item.declared = false;
        item.retired = true;
        rc = set_item(fold, course->items[i], &item);
    }
    return rc;
}

static enum rc build_course(struct fold *fold, const struct declaration *declared, struct arena *scratch,
                            const struct event *event)
{
    struct course_def *course = pending_course(fold, event->course);
    uint32_t *items = arena_alloc(scratch, (declared->item_count + 1) * sizeof *items), required = 0;

    if (!course || !items)
        return RC_BUSY;
    for (uint32_t i = 0; i < declared->item_count; i++) {
        items[i] = declared->items[i].item;
        fold->model->items[items[i]]->visit = fold->visit;
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
    return rc == RC_OK ? settle_lists(fold) : rc;
}

/* Whether two definitions of a course count alike, so that no learner need be looked at. */
static bool counts_alike(const struct course_def *before, const struct course_def *after, struct model *model)
{
    if (!before || before->declared != after->declared || before->item_count != after->item_count ||
        before->required_count != after->required_count)
        return false;
    for (uint32_t i = 0; i < after->item_count; i++) {
        const struct item_slot *slot = model->items[after->items[i]];
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
    const struct item_slot *slot = ((const struct fold *)of)->model->items[item];
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
    struct learner_slot *slot = fold->model->learners[key];
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
        count += fold->model->courses[fold->courses.at[i]]->roster.count;
    for (uint32_t i = 0; i < fold->items.count; i++)
        count += fold->model->items[fold->items.at[i]]->holders.count;
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
        rc = reconsider_all(fold, &fold->model->courses[edit.courses[i]]->roster, &edit, event);
    for (uint32_t i = 0; rc == RC_OK && i < edit.item_count; i++)
        rc = reconsider_all(fold, &fold->model->items[edit.items[i]]->holders, &edit, event);
    return rc;
}

static bool items_known(const struct fold *fold, const struct declaration *declared)
{
    for (uint32_t i = 0; i < declared->item_count; i++)
        if (declared->items[i].item == 0 || declared->items[i].item > fold->model->item_count)
            return false;
    return true;
}

static enum rc apply_declaration(struct fold *fold, const struct event *event)
{
    struct course_slot *slot = fold->model->courses[event->course];
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
        if (model->items[course->items[i]]->sums.records > 0)
            model->items[course->items[i]]->visit = fold->visit;
    for (uint32_t left = event->body_size ? get_u32(&from) : 0; left > 0 && !from.bad; left--) {
        uint32_t item = get_u32(&from);
        if (item && item <= model->item_count && model->items[item]) /* a twin has only some */
            model->items[item]->visit = fold->visit;
    }
}

static enum rc apply_undeclaration(struct fold *fold, const struct event *event)
{
    static const struct text none = {NULL, 0};
    struct course_slot *slot = fold->model->courses[event->course];
    struct course_def *course = pending_course(fold, event->course);
    struct membership of = {fold, event->course};
    enum rc rc = RC_OK;

    if (!course)
        return RC_BUSY;
    fold->visit++;
    mark_kept(fold, course, event);
    for (uint32_t i = 0; rc == RC_OK && i < course->item_count; i++) {
        struct item_def item = item_so_far(fold, course->items[i]);
        bool reported = fold->model->items[course->items[i]]->visit == fold->visit;
        item.declared = false;
        item.required = true;
        item.course = reported ? event->course : 0; /* nobody ever reported it: the catalogue alone knew it */
        rc = set_item(fold, course->items[i], &item);
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

/* ---- erasure, settings ---- */

static enum rc forget_item(struct fold *fold, uint32_t key, const struct event *event)
{
    struct item_slot *slot = fold->model->items[key];
    const struct item_def *def = view_item(fold->view, key);

    if (!slot)
        return RC_OK; /* a twin has only some */
    if (def && def->course && !lose_items(fold, def->course, event))
        return RC_BUSY;
    if (!slot->pending && !slot->removing && !push(&fold->items, key))
        return RC_BUSY;
    item_def_unref(slot->pending);
    slot->pending = NULL;
    slot->removing = true;
    return RC_OK;
}

static enum rc forget_type(struct fold *fold, uint32_t key, const struct event *event)
{
    if (!view_item(fold->view, key))
        return RC_OK;
    struct item_def item = item_so_far(fold, key);
    item.type = (struct text){NULL, 0};
    item.type_rank = TYPE_UNKNOWN;
    return show_otherwise(fold, item.course, event) ? set_item(fold, key, &item) : RC_BUSY;
}

static enum rc forget_course(struct fold *fold, uint32_t key)
{
    struct course_slot *slot = fold->model->courses[key];

    if (!slot)
        return RC_OK; /* a twin has only some */
    if (!note_course(fold, key))
        return RC_BUSY;
    course_def_unref(slot->pending);
    slot->pending = NULL;
    slot->removing = true;
    return RC_OK;
}

/* A course that lost items says so, also when it is folded again and those items were never there. */
static enum rc touch_course(struct fold *fold, uint32_t key, const struct event *event)
{
    struct course_def *course = view_course(fold->view, key) ? pending_course(fold, key) : NULL;

    if (!course)
        return view_course(fold->view, key) ? RC_BUSY : RC_OK;
    course->updated_at_ms = event->at_ms;
    course->version = event->sequence;
    return RC_OK;
}

/* The learner goes at the publish; here what the catalogue knew from them alone. Folding the events again, of
 * which theirs are gone, ends in the same state. Source: contract 7, DELETE. */
static enum rc apply_erasure(struct fold *fold, const struct event *event)
{
    struct reader from = {event->body, event->body + event->body_size, false};
    enum rc rc = RC_OK;

    fold->erasing = event->learner;
    fold->visit++;
    for (int list = 0; list < 4 && rc == RC_OK; list++) {
        for (uint32_t left = get_u32(&from); left > 0 && !from.bad && rc == RC_OK; left--) {
            uint32_t key = get_u32(&from);
            if (key == 0 || key > (list < 2 ? fold->model->item_count : fold->model->course_count))
                return RC_INTERNAL;
            rc = list == 0   ? forget_item(fold, key, event)
                 : list == 1 ? forget_type(fold, key, event)
                 : list == 2 ? forget_course(fold, key)
                             : touch_course(fold, key, event);
        }
        if (rc == RC_OK && list == 0)
            rc = settle_lists(fold);
    }
    return from.bad ? RC_INTERNAL : rc;
}

static enum rc apply_threshold(struct fold *fold, const struct event *event)
{
    struct reader from = {event->body, event->body + event->body_size, false};
    uint64_t threshold = get_u64(&from);

    if (from.bad || threshold == 0 || threshold > 10000)
        return RC_INTERNAL;
    if (!fold->old_threshold)
        fold->old_threshold = fold->model->threshold_hundredths;
    fold->model->threshold_hundredths = (uint16_t)threshold;
    return RC_OK;
}

/* Learners, courses and items that an event names have slots; those of a damaged one may not. */
static bool names_known(const struct fold *fold, const struct event *event)
{
    const struct model *model = fold->model;
    bool catalogue = event_is_catalogue((enum event_kind)event->kind);

    return event->course <= model->course_count && event->item <= model->item_count &&
           event->learner <= model->learner_count && (catalogue || event->learner != 0);
}

enum rc fold_apply(struct fold *fold, const struct event *event)
{
    if (!names_known(fold, event))
        return RC_INTERNAL;
    switch ((enum event_kind)event->kind) {
    case EV_COURSE_DECLARED:
        return apply_declaration(fold, event);
    case EV_COURSE_UNDECLARED:
        return apply_undeclaration(fold, event);
    case EV_ITEM_OBSERVED:
        return apply_item_observed(fold, event);
    case EV_COURSE_OBSERVED:
        return apply_course_observed(fold, event);
    case EV_THRESHOLD_SET:
        return apply_threshold(fold, event);
    case EV_ERASED:
        return apply_erasure(fold, event);
    default:
        return apply_to_learner(fold, event);
    }
}

/* ---- the end of a batch ---- */

/* Each item's chain of fresh holders once: from its head. */
static bool reserve_holders(struct fold *fold)
{
    for (uint32_t i = 0; i < fold->fresh_count; i++) {
        struct item_slot *slot = fold->model->items[fold->fresh[i].item];
        uint32_t count = 0;
        if (slot->fresh != i + 1)
            continue;
        for (uint32_t at = slot->fresh; at; at = fold->fresh[at - 1].next)
            count++;
        if (!model_reserve_keys(fold->model, &slot->holders, count))
            return false;
    }
    return fold->fresh_count == 0 || model_reserve_record(fold->model, fold->fresh_record_id);
}

/* Calls with each enrolment that is new. */
static bool each_new_enrolment(struct fold *fold,
                               bool (*visit)(struct model *model, struct course_slot *slot))
{
    bool whole = true;

    for (uint32_t i = 0; i < fold->learners.count; i++) {
        const struct learner_slot *slot = fold->model->learners[fold->learners.at[i]];
        const struct learner_state *before = model_state(fold->model, slot);
        const struct learner *now = &slot->working->learner;
        for (uint32_t k = before ? before->learner.enrolment_count : 0; k < now->enrolment_count; k++)
            whole &= visit(fold->model, fold->model->courses[now->enrolments[k].course]);
    }
    return whole;
}

static bool count_joining(struct model *model, struct course_slot *slot)
{
    (void)model;
    slot->joining++;
    return true;
}

static bool reserve_joining(struct model *model, struct course_slot *slot)
{
    uint32_t joining = slot->joining;

    slot->joining = 0;
    return model_reserve_keys(model, &slot->roster, joining);
}

enum rc fold_reserve(struct fold *fold)
{
    bool whole = reserve_holders(fold) && each_new_enrolment(fold, count_joining);
    return whole && each_new_enrolment(fold, reserve_joining) ? RC_OK : RC_BUSY;
}

void fold_publish(struct fold *fold, uint64_t sequence)
{
    struct model *model = fold->model;

    (void)pthread_rwlock_wrlock(&model->lock); /* cannot fail: not held */
    for (uint32_t i = 0; i < fold->items.count; i++) {
        struct item_slot *slot = model->items[fold->items.at[i]];
        model_count_bound(model, slot->def, -1);
        model_count_bound(model, slot->pending, 1);
        item_def_unref(slot->def);
        slot->def = slot->pending;
        slot->pending = NULL;
        if (slot->removing)
            model_forget_id(model, INTERN_ITEM, fold->items.at[i]);
        slot->removing = false;
        model_mark_dirty(model, INTERN_ITEM, fold->items.at[i]);
    }
    for (uint32_t i = 0; i < fold->courses.count; i++) {
        struct course_slot *slot = model->courses[fold->courses.at[i]];
        course_def_unref(slot->def);
        slot->def = slot->pending;
        slot->pending = NULL;
        if (slot->removing && fold->erasing)
            model_forget_id(model, INTERN_COURSE, fold->courses.at[i]);
        slot->removing = false;
        model_mark_dirty(model, INTERN_COURSE, fold->courses.at[i]);
    }
    for (uint32_t i = 0; i < fold->learners.count; i++) {
        struct learner_slot *slot = model->learners[fold->learners.at[i]];
        model_install(model, fold->learners.at[i], slot->working);
        slot->working = NULL;
    }
    if (fold->erasing)
        model_forget_learner(model, fold->erasing);
    fold->erasing = fold->old_threshold = 0;
    model->published = sequence;
    (void)pthread_rwlock_unlock(&model->lock); /* held above */
    model_compact(model);
    fold->learners.count = fold->courses.count = fold->items.count = 0;
    forget_fresh(fold);
}

void fold_abandon(struct fold *fold)
{
    for (uint32_t i = 0; i < fold->items.count; i++) {
        struct item_slot *slot = fold->model->items[fold->items.at[i]];
        item_def_unref(slot->pending);
        slot->pending = NULL;
        slot->removing = false;
    }
    if (fold->old_threshold)
        fold->model->threshold_hundredths = fold->old_threshold;
    fold->deferred = false;
    fold->erasing = fold->old_threshold = 0;
    for (uint32_t i = 0; i < fold->courses.count; i++) {
        struct course_slot *slot = fold->model->courses[fold->courses.at[i]];
        course_def_unref(slot->pending);
        course_def_newest(slot->def);
        slot->pending = NULL;
        slot->removing = false;
    }
    for (uint32_t i = 0; i < fold->learners.count; i++) {
        struct learner_slot *slot = fold->model->learners[fold->learners.at[i]];
        state_unref(slot->working);
        slot->working = NULL;
    }
    fold->learners.count = fold->courses.count = fold->items.count = 0;
    forget_fresh(fold);
}
