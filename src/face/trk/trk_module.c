#include "face/trk/trk_module.h"

#include "face/face.h"
#include "face/read.h"
#include "face/show.h"
#include "face/snapshot.h"
#include "face/steps.h"
#include "face/trk/trk_encode.h"

struct module_read {
    struct request *request;
    uint32_t course;
    struct snapshot snapshot;
    enum { MODULE_PICK, MODULE_LIST } phase;
    const struct record **records;
    uint32_t count, at;
    wide time_spent_ms;
    struct trk_types types;
    struct json_out out;
};

/* The records of the course, then sorted. */
static bool pick_module(struct module_read *read, struct view view)
{
    const struct learner *learner = read->snapshot.learner;

    for (uint32_t steps = STEPS_A_HOLD; learner && read->at < learner->record_count && steps > 0;
         read->at++, steps--) {
        const struct record *record = &learner->records[read->at];
        if (record->flags & RECORD_PRESENT && view_item_facts(view, record->item).course == read->course)
            read->records[read->count++] = record;
    }
    return !learner || read->at == learner->record_count;
}

/* The head goes with the first records: module and enrolment as they are then. */
static void put_module_head(struct module_read *read, struct view view)
{
    const struct learner *learner = read->snapshot.learner;

    trk_open(&read->out, "Module progress retrieved successfully");
    json_open(&read->out, '{');
    json_name(&read->out, "module");
    trk_put_module(&read->out, &read->request->arena, view, read->course);
    json_name(&read->out, "enrollment");
    trk_put_enrolment(&read->out, &read->request->arena, view,
                      learner ? learner_enrolment(learner, read->course) : NULL);
    json_put_open(&read->out, "progress", '[');
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
        struct item_sums *sums = trk_type_sums(&read->types, item_type(view_item(view, record->item)));
        trk_put_record(&read->out, &scratch, view, face_param(read->request, 0).bytes, record);
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
    struct json_out *out = &read->out;
    const struct learner *learner = read->snapshot.learner;
    const struct enrolment *enrolment = learner ? learner_enrolment(learner, read->course) : NULL;
    struct course_facts facts = view_course_facts(view, read->course);

    json_close(out, ']');
    json_put_open(out, "statistics", '{');
    json_put_int(out, "totalContent", facts.items);
    json_put_int(out, "completedContent", enrolment ? enrolment->completed_items : 0);
    uint32_t hundredths =
        enrolment ? course_percent_hundredths(enrolment->completed_required, facts.required) : 0;
    json_put_int(out, "completionPercentage", trk_percent(hundredths, hundredths == 10000));
    trk_put_minutes(out, "totalTimeSpent", read->time_spent_ms);
    json_put_open(out, "progressByType", '{');
    for (uint32_t i = 0; i < read->types.count; i++)
        json_put_int(out, read->types.at[i].name, read->types.at[i].sums.records);
    json_close(out, '}');
    json_close(out, '}');
    json_close(out, '}');
    json_close(out, '}');
}

static enum rc module_step(void *state, struct buf *out, bool *out_last, struct fault *fault)
{
    struct module_read *read = state;
    struct view view = model_read_begin(face_of(read->request)->model);
    enum rc rc = RC_OK;
    bool picked = read->phase == MODULE_LIST;

    read->out.buf = out;
    if (!picked && pick_module(read, view)) {
        picked = true;
        if (read->count > LARGE_READ)
            model_read_end(view);
        records_sort(read->records, read->count);
        if (read->count > LARGE_READ)
            view = model_read_begin(face_of(read->request)->model);
        read->phase = MODULE_LIST;
        read->at = 0;
    }
    if (picked)
        rc = list_module(read, view, out_last);
    if (rc == RC_OK && *out_last)
        put_module_end(read, view);
    model_read_end(view);
    return rc == RC_OK ? rc : fault_set(fault, rc, NULL, "out of memory");
}

static void module_free(void *state)
{
    snapshot_done(&((struct module_read *)state)->snapshot);
}

static enum rc open_module(struct request *request, struct module_read *read, struct fault *fault)
{
    static const char *const always[] = {"video", "lab", "game", "document"}; /* then by first sight */
    struct text user = face_param(request, 0), module = face_param(request, 1);
    struct view view = model_read_begin(face_of(request)->model);

    read->request = request;
    read->types.arena = &request->arena;
    read->course = view_course_key(view, module.bytes, module.size);
    enum rc rc = face_may(request, view, ACCESS_COURSE_RECORD, user, read->course, true, fault);
    if (rc == RC_OK && !view_course(view, read->course))
        rc = fault_set(fault, RC_NOT_FOUND, NULL, "Module not found");
    if (rc == RC_OK)
        snapshot_take(view, view_learner_key(view, user.bytes, user.size), &read->snapshot);
    model_read_end(view);
    uint32_t records = read->snapshot.learner ? read->snapshot.learner->record_count : 0;
    read->records = arena_alloc(&request->arena, (records + 1) * sizeof *read->records);
    for (size_t i = 0; i < sizeof always / sizeof *always; i++)
        if (!read->records || !trk_type_sums(&read->types, always[i]))
            rc = rc == RC_OK ? fault_no_memory(fault) : rc;
    return rc;
}

void trk_module(struct request *request)
{
    struct fault fault = {NULL, NULL};
    struct module_read *read = arena_alloc(&request->arena, sizeof *read);
    enum rc rc = read ? request_id_param(request, 0, "userId", &fault) : fault_no_memory(&fault);

    if (rc == RC_OK)
        rc = request_id_param(request, 1, "moduleId", &fault);
    if (rc == RC_OK)
        rc = open_module(request, read, &fault);
    if (rc != RC_OK) {
        if (read)
            module_free(read);
        request_fail(request, rc, &fault);
        return;
    }
    bool small = !read->snapshot.learner || read->snapshot.learner->record_count <= LARGE_READ;
    face_stream(request,
                &(struct face_source){module_step, module_free, read, "application/json", small, false});
}
