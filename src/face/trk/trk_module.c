#include "face/trk/trk_module.h"

#include "app/snapshot.h"
#include "face/show.h"
#include "face/trk/trk_encode.h"

struct module_read {
    struct slow slow;
    uint32_t course;
    bool shows_all;
    struct snapshot snapshot;
    enum { MODULE_PICK, MODULE_LIST } phase;
    const struct record **records;
    uint32_t count, at;
    wide time_spent_ms;
    struct types types;
};

/* The records of the course, then sorted. */
static bool pick_module(struct module_read *read, struct view view)
{
    const struct learner *learner = read->snapshot.learner;

    for (uint32_t steps = STEPS_A_HOLD; learner && read->at < learner->record_count && steps > 0;
         read->at++, steps--) {
        const struct record *record = &learner->records[read->at];
        bool hidden = !read->shows_all && learner_previews(learner, record, read->course);
        if (record->flags & RECORD_PRESENT && view_item_facts(view, record->item).course == read->course &&
            !hidden)
            read->records[read->count++] = record;
    }
    return !learner || read->at == learner->record_count;
}

/* The head goes with the first records: module and enrolment as they are then. */
static void put_module_head(struct module_read *read, struct view view)
{
    const struct learner *learner = read->snapshot.learner;

    trk_open(&read->slow.out, "Module progress retrieved successfully");
    json_open(&read->slow.out, '{');
    json_name(&read->slow.out, "module");
    trk_put_module(&read->slow.out, &read->slow.request->arena, view, read->course);
    json_name(&read->slow.out, "enrollment");
    trk_put_enrolment(&read->slow.out, &read->slow.request->arena, view,
                      learner ? learner_enrolment(learner, read->course) : NULL);
    json_put_open(&read->slow.out, "progress", '[');
}

static enum rc list_module(struct module_read *read, struct view view, bool *out_done)
{
    struct arena scratch;
    enum rc rc = RC_OK;

    if (read->at == 0)
        put_module_head(read, view);
    arena_init(&scratch);
    for (uint32_t steps = STEPS_A_HOLD; rc == RC_OK && read->at < read->count && steps > 0;
         read->at++, steps--) {
        const struct record *record = read->records[read->at];
        struct item_sums *sums = types_sums(&read->types, item_type(view_item(view, record->item)));
        trk_put_record(&read->slow.out, &scratch, view, face_call(read->slow.request)->user.bytes, record);
        read->time_spent_ms += record->time_spent_ms;
        if (sums)
            sums->records++;
        else
            rc = RC_BUSY;
    }
    arena_done(&scratch);
    *out_done = read->at == read->count;
    return rc;
}

static void put_module_end(struct module_read *read, struct view view)
{
    struct json_out *out = &read->slow.out;
    const struct learner *learner = read->snapshot.learner;
    const struct enrolment *enrolment = learner ? learner_enrolment(learner, read->course) : NULL;
    struct course_facts facts = view_course_facts(view, read->course);

    json_close(out, ']');
    json_put_open(out, "statistics", '{');
    json_put_int(out, "totalContent", facts.items);
    json_put_int(out, "completedContent", enrolment ? enrolment->completed_items : 0);
    json_put_int(out, "completionPercentage",
                 trk_course_percent(enrolment ? enrolment->completed_required : 0, facts.required));
    trk_put_minutes(out, "totalTimeSpent", read->time_spent_ms);
    json_put_open(out, "progressByType", '{');
    for (uint32_t i = 0; i < read->types.count; i++)
        json_put_int(out, read->types.at[i].name, read->types.at[i].sums.records);
    json_close(out, '}');
    json_close(out, '}');
    json_close(out, '}');
    json_close(out, '}');
}

static enum rc module_step(struct slow *slow, bool *out_last, struct fault *fault)
{
    struct module_read *read = (struct module_read *)slow;
    struct view view = service_read_begin(face_of(read->slow.request)->service);
    enum rc rc = RC_OK;
    bool picked = read->phase == MODULE_LIST;

    if (!picked && pick_module(read, view)) {
        picked = true;
        if (read->count > LARGE_READ)
            service_read_end(view);
        records_sort(read->records, read->count);
        if (read->count > LARGE_READ)
            view = service_read_begin(face_of(read->slow.request)->service);
        read->phase = MODULE_LIST;
        read->at = 0;
    }
    if (picked)
        rc = list_module(read, view, out_last);
    if (rc == RC_OK && *out_last)
        put_module_end(read, view);
    service_read_end(view);
    return rc == RC_OK ? rc : fault_set(fault, rc, NULL, "out of memory");
}

static void module_close(struct slow *slow)
{
    snapshot_done(&((struct module_read *)slow)->snapshot);
}

static enum rc module_open(struct slow *slow, const struct read *found, struct fault *fault)
{
    static const char *const always[] = {"video", "lab", "game", "document"}; /* then by first sight */
    struct module_read *read = (struct module_read *)slow;
    struct arena *arena = &slow->request->arena;

    if (!view_course(found->view, found->course))
        return fault_set(fault, RC_NOT_FOUND, NULL, "Module not found");
    snapshot_take(found->view, found->learner, &read->snapshot);
    uint32_t records = read->snapshot.learner ? read->snapshot.learner->record_count : 0;
    read->course = found->course;
    read->shows_all = read_shows_all(found);
    read->types.arena = arena;
    read->records = arena_alloc(arena, (records + 1) * sizeof *read->records);
    slow->small = records <= LARGE_READ;
    for (size_t i = 0; i < sizeof always / sizeof *always; i++)
        if (!read->records || !types_sums(&read->types, always[i]))
            return fault_no_memory(fault);
    return RC_OK;
}

const struct slow_handler trk_module = {sizeof(struct module_read), .open = module_open, .step = module_step,
                                        .close = module_close};
