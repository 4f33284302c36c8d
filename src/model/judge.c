#include "model/judge.h"

#include <stdlib.h>

#include "core/limits.h"
#include "core/members.h"

enum rc judge_init(struct judge *judge, const struct event_scope *scope)
{
    *judge = (struct judge){.scope = *scope,
                            .rollbacks = calloc(scope->learners + 1u, sizeof *judge->rollbacks),
                            .leaving = calloc(scope->learners + 1u, sizeof *judge->leaving)};
    return judge->rollbacks && judge->leaving ? RC_OK : RC_BUSY;
}

void judge_done(struct judge *judge)
{
    free(judge->rollbacks);
    free(judge->leaving);
    judge->rollbacks = NULL;
    judge->leaving = NULL;
}

void judge_leaving(struct judge *judge, uint32_t learner)
{
    if (learner <= judge->scope.learners)
        judge->leaving[learner] = true;
}

static bool refuse(struct judge *judge, const struct event *event, const char *problem)
{
    judge->problem = problem;
    judge->sequence = event->sequence;
    return false;
}

/* ---- one event, on top of those before ---- */

static int by_key(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return left < right ? -1 : left > right;
}

static bool no_item_twice(const struct declaration *declared, struct arena *arena)
{
    uint32_t *keys = arena_alloc(arena, (declared->item_count + 1) * sizeof *keys);

    if (!keys)
        return false;
    for (uint32_t i = 0; i < declared->item_count; i++)
        keys[i] = declared->items[i].item;
    qsort(keys, declared->item_count, sizeof *keys, by_key);
    for (uint32_t i = 1; i < declared->item_count; i++)
        if (keys[i] == keys[i - 1])
            return false;
    return true;
}

static bool item_fine(const struct declared_item *item, uint32_t items)
{
    return item->item && item->item <= items && item->threshold_hundredths <= 10000 &&
           item->duration_ms >= 0 && item->duration_ms / 1000 <= NUMBER_MAX &&
           event_text_fine(item->title.bytes, item->title.size, EVENT_TITLE_BYTES) &&
           event_text_fine(item->type.bytes, item->type.size, EVENT_TYPE_BYTES) &&
           event_text_fine(item->section.bytes, item->section.size, EVENT_SECTION_BYTES);
}

static const char *judge_declaration(const struct declaration *declared, uint32_t items, struct arena *arena)
{
    if (declared->item_count > LIMIT_COURSE_ITEMS)
        return "its course lists more than 10,000 items";
    if (declared->staff_count > LIMIT_STAFF)
        return "its course has more than 1,000 staff entries";
    if (!event_text_fine(declared->title.bytes, declared->title.size, EVENT_TITLE_BYTES) ||
        !event_text_fine(declared->description.bytes, declared->description.size, EVENT_DESCRIPTION_BYTES))
        return "its course's title or description is too long, or no text";
    for (uint32_t i = 0; i < declared->staff_count; i++)
        if (!declared->staff[i].user.size ||
            !event_text_fine(declared->staff[i].user.bytes, declared->staff[i].user.size, EVENT_ID_BYTES))
            return "its course has staff without an id";
    for (uint32_t i = 0; i < declared->item_count; i++)
        if (!item_fine(&declared->items[i], items))
            return "its course lists an item that cannot be";
    return no_item_twice(declared, arena) ? NULL : "its course lists an item twice";
}

const char *declaration_problem(const uint8_t *bytes, size_t size, uint32_t items)
{
    struct declaration declared;
    struct arena arena;

    arena_init(&arena);
    const char *problem = declaration_decode(bytes, size, &arena, &declared)
                              ? judge_declaration(&declared, items, &arena)
                              : "its course cannot be read";
    arena_done(&arena);
    return problem;
}

/* An id is given out once, by the event that first needs it; a repeat can only be the one that the learner
 * has. */
static bool new_ids_fine(struct judge *judge, const struct learner *learner, const struct event *event)
{
    const struct record *record = learner && event->item ? learner_record(learner, event->item) : NULL;
    const struct enrolment *enrolment =
        learner && event->course ? learner_enrolment(learner, event->course) : NULL;
    bool known_record = record && record->id == event->record_id;
    bool known_enrolment = enrolment && enrolment->id == event->enrolment_id;
    bool makes_enrolment = event->kind == EV_ENROLLED;
    bool makes_record = event->kind == EV_REPORTED || event->kind == EV_LOCKED || event->kind == EV_UNLOCKED;

    if (event->record_id && !known_record && (record || event->record_id <= judge->last_record_id))
        return false;
    if (event->enrolment_id && !known_enrolment &&
        (enrolment || event->enrolment_id <= judge->last_enrolment_id))
        return false;
    if ((makes_record && !record && !event->record_id) ||
        (makes_enrolment && !enrolment && !event->enrolment_id) ||
        (event->kind == EV_LOGGED && event->log_id <= judge->last_log_id))
        return false;
    if (event->record_id > judge->last_record_id)
        judge->last_record_id = event->record_id;
    if (event->enrolment_id > judge->last_enrolment_id)
        judge->last_enrolment_id = event->enrolment_id;
    if (event->kind == EV_LOGGED)
        judge->last_log_id = event->log_id;
    return true;
}

/* What a learner's event is about was told of by an event before it. */
static bool known_to_catalogue(const struct fold *fold, const struct event *event)
{
    switch ((enum event_kind)event->kind) {
    case EV_REPORTED:
    case EV_LOCKED:
    case EV_UNLOCKED:
        return view_item(fold->view, event->item) != NULL;
    default: /* an enrolment tells of its course itself */
        return true;
    }
}

bool judge_event(struct judge *judge, const struct fold *fold, const struct event *event)
{
    const char *problem = event_problem(event, &judge->scope);

    if (!problem && event->kind == EV_COURSE_DECLARED)
        problem = declaration_problem(event->body, event->body_size, judge->scope.items);
    if (!problem && event->kind == EV_ITEM_OBSERVED && event->type_rank > TYPE_CLIENT)
        problem = "its type comes from nobody who could tell";
    if (problem)
        return refuse(judge, event, problem);
    bool erased = view_is_erased(fold->view, event->learner);
    if (event->kind == EV_ERASED && event->learner && !erased)
        return refuse(judge, event, "erases somebody whose id is still there");
    if (erased && event->kind != EV_ERASED)
        return judge->leaving[event->learner] || refuse(judge, event, "is of somebody who was erased");
    if (event->learner && !new_ids_fine(judge, view_learner(fold->view, event->learner), event))
        return refuse(judge, event, "gives out an id that was given out before, or lacks one");
    if (!known_to_catalogue(fold, event))
        return refuse(judge, event, "is about an item that nothing before it made");
    if (event->kind == EV_LOGS_ROLLED_BACK && ++judge->rollbacks[event->learner] > LIMIT_ROLLBACKS)
        return refuse(judge, event, "is past 1,000 rollbacks of one learner");
    return true;
}

static const char *learner_problem(const struct learner *learner, const struct event *event)
{
    const struct record *record = event->item ? learner_record(learner, event->item) : NULL;

    if (learner->record_count > LIMIT_RECORDS)
        return "a learner has progress on at most 10,000 items";
    if (learner->enrolment_count > LIMIT_ENROLMENTS)
        return "a learner is enrolled in at most 1,000 courses";
    if (learner->day_count > LIMIT_DAYS)
        return "a learner has reports on at most 10,000 days";
    if (!record)
        return NULL;
    if (record->segment_count > RECORD_MAX_SEGMENTS)
        return "a record has at most 1,000 separate segments";
    if (event->report.metadata_size &&
        members_json_bytes(record->metadata, record->metadata_size) > MEMBERS_MAX_BYTES)
        return "a record's metadata has at most 16 KiB once merged";
    if (record->time_spent_ms > TIME_MAX_MS)
        return "its accumulated time passes 2^53 seconds";
    return NULL;
}

bool judge_outcome(struct judge *judge, const struct fold *fold, const struct event *event)
{
    const struct learner *learner = event->learner ? view_learner(fold->view, event->learner) : NULL;
    const struct course_def *course = event->course ? view_course(fold->view, event->course) : NULL;
    const char *problem = learner ? learner_problem(learner, event) : NULL;

    if (!problem && course && course->item_count > LIMIT_COURSE_ITEMS)
        problem = "a course has at most 10,000 items";
    return problem ? refuse(judge, event, problem) : true;
}

/* ---- in all ---- */

/* Each id is that of one alone, or is erased. NULL: so it is. */
static const char *id_problem(struct view view)
{
    static const char *const problems[ENTITIES] = {
        "two users in it have one id", "two courses in it have one id", "two items in it have one id"};

    for (enum entity kind = 0; kind < ENTITIES; kind++)
        for (uint32_t key = 1; key <= view_count(view, kind); key++) {
            struct text id = view_id(view, kind, key);
            if (id.size && view_key(view, kind, id.bytes, id.size) != key)
                return problems[kind];
        }
    return NULL;
}

bool judge_model(struct judge *judge, struct model *model)
{
    struct view view = {model, false};

    judge->sequence = 0;
    for (uint32_t key = 1; !judge->problem && key <= model_count(model, ENTITY_LEARNER); key++) {
        const struct learner *learner = view_learner(view, key);
        uint64_t metadata = 0, segments = 0;
        for (uint32_t i = 0; learner && i < learner->record_count; i++) {
            metadata += learner->records[i].metadata_size;
            segments += learner->records[i].segment_count;
        }
        judge->problem = metadata > LIMIT_METADATA_BYTES ? "a learner's metadata has at most 4 MiB in all"
                         : segments > LIMIT_SEGMENTS     ? "a learner has at most 100,000 segments in all"
                                                         : NULL;
    }
    if (!judge->problem)
        judge->problem = id_problem(view);
    return !judge->problem;
}

struct log_count {
    struct judge *judge;
    uint32_t learner;
    uint64_t entries, bytes;
};

static enum rc count_log(void *arg, const struct store_log *log, struct fault *fault)
{
    struct log_count *count = arg;

    if (log->learner != count->learner)
        *count = (struct log_count){.judge = count->judge, .learner = log->learner};
    count->entries++;
    count->bytes += log->members_size;
    if (count->entries > LIMIT_LOG_ENTRIES)
        count->judge->problem = "a learner has at most 10,000 log entries";
    else if (count->bytes > LIMIT_LOG_BYTES)
        count->judge->problem = "a learner's log entries have at most 16 MiB in all";
    return count->judge->problem ? fault_set(fault, RC_INVALID, NULL, count->judge->problem) : RC_OK;
}

enum rc judge_logs(struct judge *judge, struct store *store, struct fault *fault)
{
    struct log_count count = {.judge = judge};

    return store_each_log_of_all(store, count_log, &count, fault);
}
