#include "core/learner_reconsider.h"

#include "core/learner_counts.h"

struct look {
    const struct catalogue *catalogue;
    int64_t at_ms;
    uint64_t sequence;
    bool writes; /* else nothing changes: only whether it would is asked */
};

static bool look_at_record(const struct learner *learner, struct record *record, const struct look *look)
{
    struct item_facts facts = look->catalogue->item(look->catalogue->of, record->item);
    struct record next = *record;
    bool changed = record_reconsider(&next, &facts, look->at_ms, look->sequence);

    learner_set_counted(&next, &facts, facts.course ? learner_enrolment(learner, facts.course) : NULL);
    changed |= next.flags != record->flags;
    if (changed && look->writes)
        *record = next;
    return changed;
}

/* next: the enrolment with its new counts. started_ms: the last report in its course; INSTANT_NEVER: none. */
static bool settle_again(struct enrolment *enrolment, struct enrolment *next, int64_t started_ms,
                         const struct look *look)
{
    struct course_facts facts = look->catalogue->course(look->catalogue->of, next->course);

    /* the catalogue brought progress into the course */
    if (next->class == CLASS_ENROLLED && started_ms != INSTANT_NEVER) {
        next->class = CLASS_WORKING;
        next->last_activity_ms = started_ms;
    }
    if (next->completed_required > enrolment->completed_required && next->last_completion_ms == INSTANT_NEVER)
        next->last_completion_ms = look->at_ms;
    (void)enrolment_settle(next, &facts, look->at_ms); /* whether it completed shows in the class */
    if (next->class == enrolment->class && next->completed_required == enrolment->completed_required &&
        next->completed_items == enrolment->completed_items)
        return false;
    next->updated_at_ms = look->at_ms;
    next->version = look->sequence;
    if (look->writes)
        *enrolment = *next;
    return true;
}

static bool look_at_enrolment(const struct learner *learner, struct enrolment *enrolment,
                              const struct look *look)
{
    struct enrolment next = *enrolment;

    learner_recount(learner, &next, look->catalogue);
    int64_t started_ms = enrolment->class == CLASS_ENROLLED
                             ? learner_last_report_ms(learner, enrolment->course, look->catalogue)
                             : INSTANT_NEVER;
    return settle_again(enrolment, &next, started_ms, look);
}

/* learner: changed only when look writes. */
static bool look_at_all(const struct learner *learner, const struct edit *edit, const struct look *look)
{
    bool changed = false, few = learner->record_count <= edit->item_count;

    for (uint32_t i = 0; few && i < learner->record_count && (look->writes || !changed); i++)
        if (edit->touches(edit->of, learner->items[i]))
            changed |= look_at_record(learner, &learner->records[i], look);
    for (uint32_t i = 0; !few && i < edit->item_count && (look->writes || !changed); i++) {
        struct record *record = learner_record(learner, edit->items[i]);
        changed |= record && look_at_record(learner, record, look);
    }
    for (uint32_t i = 0; i < edit->course_count && (look->writes || !changed); i++) {
        struct enrolment *enrolment = learner_enrolment(learner, edit->courses[i]);
        changed |= enrolment && look_at_enrolment(learner, enrolment, look);
    }
    return changed;
}

bool learner_is_moved(const struct learner *learner, const struct catalogue *catalogue,
                      const struct edit *edit, int64_t at_ms, uint64_t sequence)
{
    struct look look = {catalogue, at_ms, sequence, false};
    return look_at_all(learner, edit, &look);
}

bool learner_reconsider(struct learner *learner, const struct catalogue *catalogue, const struct edit *edit,
                        int64_t at_ms, uint64_t sequence)
{
    struct look look = {catalogue, at_ms, sequence, true};

    if (!look_at_all(learner, edit, &look))
        return false;
    if (learner->version < sequence) /* an edit worked out in slices may come after later events */
        learner->version = sequence;
    return true;
}

/* learner: changed only when look writes. */
static bool look_at_item(const struct learner *learner, uint32_t item, const struct item_facts *before,
                         const struct look *look)
{
    const struct catalogue *catalogue = look->catalogue;
    struct record *record = learner_record(learner, item);

    if (!record)
        return false;
    bool counted = record->status == ITEM_COMPLETED && !before->untaught;
    bool changed = look_at_record(learner, record, look);
    struct item_facts facts = catalogue->item(catalogue->of, item);
    bool counts = record->status == ITEM_COMPLETED && !facts.untaught;
    uint32_t courses[] = {before->course, facts.course == before->course ? 0 : facts.course};
    for (int i = 0; i < 2; i++) {
        struct enrolment *enrolment = courses[i] ? learner_enrolment(learner, courses[i]) : NULL;
        if (!enrolment)
            continue;
        struct enrolment next = *enrolment;
        bool left = counted && courses[i] == before->course, came = counts && courses[i] == facts.course;
        next.completed_items += (uint32_t)came - left;
        next.completed_required += (uint32_t)(came && facts.required) - (left && before->required);
        bool started = record->flags & RECORD_REPORTED && courses[i] == facts.course;
        changed |= settle_again(enrolment, &next, started ? record->updated_at_ms : INSTANT_NEVER, look);
    }
    return changed;
}

bool learner_is_moved_by_item(const struct learner *learner, const struct catalogue *catalogue, uint32_t item,
                              const struct item_facts *before, int64_t at_ms, uint64_t sequence)
{
    struct look look = {catalogue, at_ms, sequence, false};
    return look_at_item(learner, item, before, &look);
}

bool learner_reconsider_item(struct learner *learner, const struct catalogue *catalogue, uint32_t item,
                             const struct item_facts *before, int64_t at_ms, uint64_t sequence)
{
    struct look look = {catalogue, at_ms, sequence, true};
    bool changed = look_at_item(learner, item, before, &look);

    if (changed && learner->version < sequence) /* as above */
        learner->version = sequence;
    return changed;
}
