#include "core/learner_counts.h"

/* A learner's records that their course counts, one after the other: through the course's items or the
 * learner's, whichever are fewer. */
struct walk {
    const struct learner *learner;
    const struct catalogue *catalogue;
    uint32_t course;
    const uint32_t *items;
    uint32_t count, at;
};

static struct walk walk_begin(const struct learner *learner, const struct catalogue *catalogue,
                              uint32_t course)
{
    struct walk walk = {learner, catalogue, course, learner->items, learner->record_count, 0};
    uint32_t count = 0;
    const uint32_t *items = catalogue->items ? catalogue->items(catalogue->of, course, &count) : NULL;

    if (catalogue->items && count < walk.count) {
        walk.items = items;
        walk.count = count;
    }
    return walk;
}

/* NULL: no more. */
static struct record *walk_next(struct walk *walk, struct item_facts *out_facts)
{
    while (walk->at < walk->count) {
        uint32_t at = walk->at++;
        struct record *record = walk->items == walk->learner->items
                                    ? &walk->learner->records[at]
                                    : learner_record(walk->learner, walk->items[at]);
        if (!record)
            continue;
        *out_facts = walk->catalogue->item(walk->catalogue->of, record->item);
        if (out_facts->course == walk->course && !out_facts->untaught)
            return record;
    }
    return NULL;
}

bool learner_started(const struct learner *learner, uint32_t course, const struct catalogue *catalogue)
{
    struct walk walk = walk_begin(learner, catalogue, course);
    struct item_facts facts;

    for (const struct record *record; (record = walk_next(&walk, &facts));)
        if (record->flags & RECORD_REPORTED)
            return true;
    return false;
}

void learner_recount(const struct learner *learner, struct enrolment *enrolment,
                     const struct catalogue *catalogue)
{
    struct walk walk = walk_begin(learner, catalogue, enrolment->course);
    struct item_facts facts;
    uint32_t required = 0, all = 0;

    for (const struct record *record; (record = walk_next(&walk, &facts));)
        if (record->status == ITEM_COMPLETED && !facts.untaught) {
            required += facts.required;
            all++;
        }
    enrolment->completed_required = required;
    enrolment->completed_items = all;
}

int64_t learner_last_report_ms(const struct learner *learner, uint32_t course,
                               const struct catalogue *catalogue)
{
    struct walk walk = walk_begin(learner, catalogue, course);
    struct item_facts facts;
    int64_t last = INSTANT_NEVER;

    for (const struct record *record; (record = walk_next(&walk, &facts));)
        if (record->flags & RECORD_REPORTED && record->updated_at_ms > last)
            last = record->updated_at_ms;
    return last;
}

void learner_set_counted(struct record *record, const struct item_facts *facts,
                         const struct enrolment *enrolment)
{
    bool counted = !facts->untaught && (!facts->course || enrolment);
    record->flags = (uint16_t)(counted ? record->flags | RECORD_COUNTED : record->flags & ~RECORD_COUNTED);
}

static void note_completion(struct enrolment *enrolment, const struct record *record)
{
    if (record->completed_at_ms > enrolment->last_completion_ms)
        enrolment->last_completion_ms = record->completed_at_ms;
}

void learner_count_before(const struct learner *learner, struct enrolment *enrolment,
                          const struct catalogue *catalogue)
{
    struct walk walk = walk_begin(learner, catalogue, enrolment->course);
    struct item_facts facts;

    learner_recount(learner, enrolment, catalogue);
    for (struct record *record; (record = walk_next(&walk, &facts));) {
        learner_set_counted(record, &facts, enrolment);
        note_completion(enrolment, record);
    }
}

int64_t learner_completion_before(const struct learner *learner, uint32_t course,
                                  const struct catalogue *catalogue)
{
    struct course_facts facts = catalogue->course(catalogue->of, course);
    struct walk walk = walk_begin(learner, catalogue, course);
    struct item_facts unused;
    struct enrolment enrolment = {.course = course,
                                  .class = CLASS_WORKING,
                                  .completed_at_ms = INSTANT_NEVER,
                                  .last_completion_ms = INSTANT_NEVER};

    if (!learner_started(learner, course, catalogue))
        return INSTANT_NEVER;
    learner_recount(learner, &enrolment, catalogue);
    for (const struct record *record; (record = walk_next(&walk, &unused));)
        note_completion(&enrolment, record);
    return enrolment_completion_ms(&enrolment, &facts);
}
