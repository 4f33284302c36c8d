#include "model/view.h"

#include <string.h>

#include "model/model_private.h"

uint32_t view_key(struct view view, enum entity kind, const char *id, size_t size)
{
    const struct table *table = &view.model->tables[kind];
    uint32_t key = id_table_find(&table->names, id, size);

    return view.pending || key <= table->stored ? key : 0;
}

static const struct learner_slot *slot_of_learner(struct view view, uint32_t key)
{
    return key && key <= model_count(view.model, ENTITY_LEARNER) ? learner_slot(view.model, key) : NULL;
}

static const struct course_slot *slot_of_course(struct view view, uint32_t key)
{
    return key && key <= model_count(view.model, ENTITY_COURSE) ? course_slot(view.model, key) : NULL;
}

static const struct item_slot *slot_of_item(struct view view, uint32_t key)
{
    return key && key <= model_count(view.model, ENTITY_ITEM) ? item_slot(view.model, key) : NULL;
}

struct learner_state *model_state(const struct model *model, const struct learner_slot *slot)
{
    return model->moved && slot->moved ? model->moved[slot->moved - 1].next : slot->state;
}

const struct learner *view_learner(struct view view, uint32_t key)
{
    const struct learner_slot *slot = slot_of_learner(view, key);

    if (!slot || slot->head.erased)
        return NULL;
    if (view.pending && slot->working)
        return &slot->working->learner;
    const struct learner_state *state = model_state(view.model, slot);
    return state ? &state->learner : NULL;
}

const struct course_def *view_course(struct view view, uint32_t key)
{
    const struct course_slot *slot = slot_of_course(view, key);

    if (!slot)
        return NULL;
    if (view.pending && (slot->pending || slot->removing))
        return slot->pending;
    return slot->def;
}

const struct item_def *view_item(struct view view, uint32_t key)
{
    const struct item_slot *slot = slot_of_item(view, key);

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
    enum staff_listing listing = STAFF_NOT_LISTED;

    if (!def || def->staff_count == 0)
        return STAFF_NOBODY_LISTED;
    for (uint32_t i = 0; i < def->staff_count && listing != STAFF_LISTED_OWNER; i++)
        if (def->staff[i].user.size == size && memcmp(def->staff[i].user.bytes, user, size) == 0)
            listing = def->staff[i].owner ? STAFF_LISTED_OWNER : STAFF_LISTED;
    return listing;
}

uint32_t view_record_owner(struct view view, int64_t record_id)
{
    return record_id > 0 && record_id < view.model->record_capacity ? view.model->record_owner[record_id] : 0;
}

struct text view_id(struct view view, enum entity kind, uint32_t key)
{
    const struct model *model = view.model;

    if (key == 0 || key > model_count(model, kind))
        return (struct text){NULL, 0};
    const struct slot *slot = model->tables[kind].at[key];
    return slot ? (struct text){slot->id, slot->id_size} : (struct text){NULL, 0};
}

bool view_knows(struct view view, enum entity kind, uint32_t key)
{
    return kind == ENTITY_LEARNER  ? slot_of_learner(view, key) && slot_of_learner(view, key)->state
           : kind == ENTITY_COURSE ? slot_of_course(view, key) && slot_of_course(view, key)->def
                                   : slot_of_item(view, key) && slot_of_item(view, key)->def;
}

size_t view_ids(struct view view, enum entity kind)
{
    const struct table *table = &view.model->tables[kind];
    return table->stored - table->forgotten;
}

uint32_t model_count(const struct model *model, enum entity kind)
{
    return model->tables[kind].count;
}

uint32_t view_count(struct view view, enum entity kind)
{
    return model_count(view.model, kind);
}

bool view_is_erased(struct view view, uint32_t learner)
{
    const struct learner_slot *slot = slot_of_learner(view, learner);
    return slot && slot->head.erased;
}

struct learner_state *view_state(struct view view, uint32_t learner)
{
    const struct learner_slot *slot = slot_of_learner(view, learner);
    return slot && !slot->head.erased ? state_ref(model_state(view.model, slot)) : NULL;
}

static const struct keys nobody = {0};

const struct keys *view_roster(struct view view, uint32_t course)
{
    const struct course_slot *slot = slot_of_course(view, course);
    return slot ? &slot->roster : &nobody;
}

const struct keys *view_holders(struct view view, uint32_t item)
{
    const struct item_slot *slot = slot_of_item(view, item);
    return slot ? &slot->holders : &nobody;
}

const struct course_sums *view_course_sums(struct view view, uint32_t course)
{
    static const struct course_sums none = {0};
    const struct course_slot *slot = slot_of_course(view, course);

    return slot ? &slot->sums : &none;
}

const struct item_sums *view_item_sums(struct view view, uint32_t item)
{
    static const struct item_sums none = {0};
    const struct item_slot *slot = slot_of_item(view, item);

    return slot ? &slot->sums : &none;
}

uint64_t view_item_changes(struct view view, uint32_t item)
{
    const struct item_slot *slot = slot_of_item(view, item);
    return slot ? slot->changes : 0;
}

uint32_t view_items_bound(struct view view, uint32_t course)
{
    const struct course_slot *slot = slot_of_course(view, course);
    return slot ? slot->bound : 0;
}

uint16_t view_threshold(struct view view)
{
    return view.model->threshold_hundredths;
}

uint16_t model_threshold(const struct model *model)
{
    return model->threshold_hundredths;
}
