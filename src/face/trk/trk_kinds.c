#include "face/trk/trk_kinds.h"

#include <string.h>
#include <strings.h>

#include "app/snapshot.h"
#include "base/instant.h"
#include "core/words.h"
#include "face/show.h"
#include "face/trk/trk_encode.h"

struct kind_query {
    const char *type;   /* lab or game */
    const char *plural; /* labs or games */
    const char *status; /* NULL: any */
    struct text module; /* bytes NULL: all */
};

struct kind_entry {
    uint32_t item, course;
    const struct record *record; /* NULL: not begun */
};

/* The learner's modules one after the other, each item of the type; then what they did outside of them.
 * Twice: all in one list, then module by module. */
struct kind_read {
    struct slow slow;
    struct kind_query query;
    struct snapshot snapshot;
    uint32_t module_key; /* 0: unknown */
    bool shows_all;
    enum { KIND_LIST, KIND_REST, KIND_SEEK, KIND_MODULE, KIND_END } phase;
    uint32_t enrolment, at;
    const struct course_def *def; /* of the enrolment being walked */
    struct record_sums sums;
    bool begun;
};

static const struct record *present(const struct learner *learner, uint32_t item)
{
    const struct record *record = learner_record(learner, item);
    return record && record->flags & RECORD_PRESENT ? record : NULL;
}

static void put_entry(struct json_out *out, struct arena *arena, struct view view,
                      const struct kind_entry *entry)
{
    const char *id = view_id(view, ENTITY_ITEM, entry->item).bytes;
    const struct item_def *def = view_item(view, entry->item);
    const struct record *record = entry->record;
    const char *title = def && def->title.size ? def->title.bytes : arena_printf(arena, "Content %s", id);

    json_open(out, '{');
    json_put_text(out, "id", id);
    json_put_text(out, "title", title);
    json_put_text(out, "description", "");
    json_put_text(out, "section", def ? def->section.bytes : NULL);
    json_name(out, "duration");
    if (def && def->duration_ms)
        json_scaled(out, rounded_ratio(def->duration_ms, 100, 60000), 2);
    else
        json_null_value(out);
    json_name(out, "module");
    if (entry->course)
        trk_put_module(out, arena, view, entry->course);
    else
        json_null_value(out);
    json_put_open(out, "progress", '{');
    json_put_text(out, "status", trk_status(record));
    json_put_int(out, "progressPercentage",
                 record ? trk_percent(record->percent_hundredths, 10000, record->status == ITEM_COMPLETED)
                        : 0);
    json_put_instant(out, "startedAt", record ? record->started_at_ms : INSTANT_NEVER);
    json_put_instant(out, "completedAt", record ? record->completed_at_ms : INSTANT_NEVER);
    trk_put_minutes(out, "timeSpent", record ? record->time_spent_ms : 0);
    json_name(out, "score");
    if (record && record->flags & RECORD_SCORE)
        json_scaled(out, record->score_e4, 4);
    else
        json_null_value(out);
    json_name(out, "maxScore");
    if (record && record->flags & RECORD_MAX_SCORE)
        json_scaled(out, record->max_score_e4, 4);
    else
        json_null_value(out);
    json_close(out, '}');
    json_close(out, '}');
}

static bool status_passes(const struct kind_query *query, const struct record *record)
{
    return !query->status || strcmp(query->status, trk_status(record)) == 0;
}

/* Whether there is a next module to walk; its definition is kept. */
static bool at_module(struct kind_read *read, struct view view)
{
    const struct learner *learner = read->snapshot.learner;

    for (; !read->def && learner && read->enrolment < learner->enrolment_count; read->enrolment++) {
        uint32_t course = learner->enrolments[read->enrolment].course;
        if (read->query.module.bytes && course != read->module_key)
            continue;
        read->def = course_def_ref(view_course(view, course));
        read->at = 0;
        if (read->def)
            break;
    }
    return read->def != NULL;
}

static void leave_module(struct kind_read *read)
{
    course_def_unref(read->def);
    read->def = NULL;
    read->at = 0;
    read->enrolment++;
}

/* The item of the module being walked, if it is one to show. */
static bool kind_at(struct kind_read *read, struct view view, struct kind_entry *out)
{
    uint32_t item = read->def->items[read->at];

    *out = (struct kind_entry){item, read->snapshot.learner->enrolments[read->enrolment].course,
                               present(read->snapshot.learner, item)};
    return strcasecmp(item_type(view_item(view, item)), read->query.type) == 0 &&
           status_passes(&read->query, out->record);
}

/* Items of the module from where the walk is; true when the module is over. */
static bool list_items(struct kind_read *read, struct view view, struct arena *scratch, uint32_t *steps)
{
    struct kind_entry entry;

    for (; read->at<read->def->item_count && * steps> 0; read->at++, --*steps)
        if (kind_at(read, view, &entry)) {
            put_entry(&read->slow.out, scratch, view, &entry);
            record_sums_add(&read->sums, entry.record);
        }
    return read->at == read->def->item_count;
}

/* What the learner did in no module of theirs; true when that was all. */
static bool list_rest(struct kind_read *read, struct view view, struct arena *scratch, uint32_t *steps)
{
    const struct learner *learner = read->snapshot.learner;

    for (; learner && read->at<learner->record_count && * steps> 0; read->at++, --*steps) {
        const struct record *record = &learner->records[read->at];
        uint32_t course = view_item_facts(view, record->item).course;
        if (!(record->flags & RECORD_PRESENT) ||
            (!read->shows_all && learner_previews(learner, record, course)) ||
            (course && learner_enrolment(learner, course)) ||
            strcasecmp(item_type(view_item(view, record->item)), read->query.type) != 0 ||
            !status_passes(&read->query, record) ||
            (read->query.module.bytes && (!course || course != read->module_key)))
            continue;
        put_entry(&read->slow.out, scratch, view, &(struct kind_entry){record->item, course, record});
        record_sums_add(&read->sums, record);
    }
    return !learner || read->at == learner->record_count;
}

/* Looks for the first item to show of the modules that are left; true when the walk is at one, or at the end.
 */
static bool seek_module(struct kind_read *read, struct view view, uint32_t *steps)
{
    struct kind_entry entry;

    while (*steps > 0 && at_module(read, view)) {
        for (; read->at<read->def->item_count && * steps> 0; read->at++, --*steps)
            if (kind_at(read, view, &entry))
                return true;
        if (read->at == read->def->item_count) {
            leave_module(read);
            --*steps;
        }
    }
    return *steps > 0;
}

static void end_list(struct kind_read *read)
{
    json_close(&read->slow.out, ']');
    trk_put_statistics(&read->slow.out, "statistics", &read->sums, true);
    read->sums = (struct record_sums){0};
}

static void put_module_head(struct kind_read *read, struct view view, struct arena *scratch)
{
    const struct enrolment *enrolment = &read->snapshot.learner->enrolments[read->enrolment];

    json_open(&read->slow.out, '{');
    json_name(&read->slow.out, "module");
    trk_put_module(&read->slow.out, scratch, view, enrolment->course);
    json_name(&read->slow.out, "enrollment");
    trk_put_enrolment(&read->slow.out, scratch, view, enrolment);
    json_put_open(&read->slow.out, read->query.plural, '[');
}

/* Goes on in the phase it is in, to its end or as far as the steps reach. */
static void kind_turn(struct kind_read *read, struct view view, struct arena *scratch, uint32_t *steps)
{
    switch (read->phase) {
    case KIND_LIST:
        if (!at_module(read, view)) {
            read->at = 0;
            read->phase = KIND_REST;
        } else if (list_items(read, view, scratch, steps)) {
            leave_module(read);
            *steps -= *steps > 0;
        }
        return;
    case KIND_REST:
        if (!list_rest(read, view, scratch, steps))
            return;
        end_list(read);
        json_put_open(&read->slow.out, "modules", '[');
        read->enrolment = read->at = 0;
        read->phase = KIND_SEEK;
        return;
    case KIND_SEEK:
        if (!seek_module(read, view, steps))
            return;
        read->phase = read->def ? KIND_MODULE : KIND_END;
        if (read->def)
            put_module_head(read, view, scratch);
        return;
    case KIND_MODULE:
        if (!list_items(read, view, scratch, steps))
            return;
        end_list(read);
        json_close(&read->slow.out, '}');
        leave_module(read);
        read->phase = KIND_SEEK;
        return;
    case KIND_END:
        return;
    }
}

static enum rc kind_step(struct slow *slow, bool *out_last, struct fault *fault)
{
    struct kind_read *read = (struct kind_read *)slow;
    struct arena scratch;
    uint32_t steps = STEPS_A_HOLD;

    (void)fault;
    if (!read->begun) {
        read->begun = true;
        trk_open(&read->slow.out, read->query.type[0] == 'l' ? "Labs progress retrieved successfully"
                                                             : "Games progress retrieved successfully");
        json_open(&read->slow.out, '{');
        json_put_open(&read->slow.out, read->query.plural, '[');
    }
    arena_init(&scratch);
    struct view view = service_read_begin(face_of(read->slow.request)->service);
    while (steps > 0 && read->phase != KIND_END)
        kind_turn(read, view, &scratch, &steps);
    service_read_end(view);
    arena_done(&scratch);
    *out_last = read->phase == KIND_END;
    if (*out_last) {
        json_close(&read->slow.out, ']');
        json_close(&read->slow.out, '}');
        json_close(&read->slow.out, '}');
    }
    return RC_OK;
}

static void kind_close(struct slow *slow)
{
    struct kind_read *read = (struct kind_read *)slow;

    course_def_unref(read->def);
    snapshot_done(&read->snapshot);
}

static enum rc decode_kind(struct slow *slow, const char *type, const char *plural, struct fault *fault)
{
    struct kind_query *query = &((struct kind_read *)slow)->query;
    enum item_status known;

    *query = (struct kind_query){.type = type, .plural = plural};
    enum rc rc = request_query(slow->request, "status", &query->status, fault);
    if (rc == RC_OK && query->status && !word_is_status(query->status, WORDS_LOWER, strcmp, &known))
        rc = fault_set(fault, RC_INVALID, "status", "must be not-started, in-progress or completed");
    if (rc == RC_OK)
        rc = face_query_id(slow->request, "moduleId", &query->module, fault);
    face_call(slow->request)->course = query->module; /* staff may see their own course's records */
    return rc;
}

static enum rc decode_labs(struct slow *slow, const struct body *body, struct fault *fault)
{
    (void)body;
    return decode_kind(slow, "lab", "labs", fault);
}

static enum rc decode_games(struct slow *slow, const struct body *body, struct fault *fault)
{
    (void)body;
    return decode_kind(slow, "game", "games", fault);
}

static enum rc kind_open(struct slow *slow, const struct read *found, struct fault *fault)
{
    struct kind_read *read = (struct kind_read *)slow;
    uint64_t work = 0;

    (void)fault;
    read->module_key = found->course;
    read->shows_all = read_shows_all(found);
    snapshot_take(found->view, found->learner, &read->snapshot);
    const struct learner *learner = read->snapshot.learner;
    if (learner)
        work = learner->record_count + learner->enrolment_count;
    for (uint32_t i = 0; learner && i < learner->enrolment_count && work <= LARGE_READ; i++)
        work += view_course_facts(found->view, learner->enrolments[i].course).items;
    slow->small = 2 * work <= LARGE_READ;
    return RC_OK;
}

const struct slow_handler trk_labs = {sizeof(struct kind_read), decode_labs, .open = kind_open,
                                      .step = kind_step, .close = kind_close};
const struct slow_handler trk_games = {sizeof(struct kind_read), decode_games, .open = kind_open,
                                       .step = kind_step, .close = kind_close};
