#include "face/courseroom/courseroom_item.h"

#include <string.h>
#include <strings.h>

#include "base/instant.h"
#include "core/words.h"
#include "face/courseroom/courseroom_encode.h"
#include "face/courseroom/courseroom_query.h"
#include "face/courseroom/courseroom_rows.h"
#include "face/show.h"

enum { SMALL_ROSTER = 256, HOLD_ROWS = 64 };

/* Everybody who is enrolled in an item's course, and how they stand to the item. */
struct item_learners {
    struct slow slow;
    struct row_out to;
    struct courseroom_query query;
    const char *status; /* as it is shown; NULL: any */
    uint32_t course, item;
    struct roster *roster;
    bool ordered, opened;
    size_t at;
};

/* The learner's record as it is shown; one that was reset is none. */
static const struct record *shown(const struct learner *learner, uint32_t item)
{
    const struct record *record = learner_record(learner, item);
    return record && record->flags & RECORD_PRESENT ? record : NULL;
}

static const char *status_of(const struct record *record)
{
    return record ? status_name(record) : word_of_status(ITEM_NOT_STARTED, WORDS_UPPER);
}

/* What is sorted by; *out_none: there is nothing, which comes last. */
static int64_t value_of(enum courseroom_sort by, const struct record *record, bool *out_none)
{
    *out_none = false;
    switch (by) {
    case SORT_PROGRESS:
        return record ? record->percent_hundredths : 0;
    case SORT_TIME:
        return record ? record->time_spent_ms : 0;
    case SORT_SCORE:
        *out_none = !record || !(record->flags & RECORD_SCORE);
        return *out_none ? 0 : record->score_e4;
    case SORT_UPDATED:
        *out_none = !record;
        return record ? record->updated_at_ms : 0;
    case SORT_COMPLETED:
        *out_none = !record || record->completed_at_ms == INSTANT_NEVER;
        return *out_none ? 0 : record->completed_at_ms;
    default:
        return 0;
    }
}

static bool take(const void *arg, struct view view, const struct learner *learner,
                 const struct enrolment *enrolment, int64_t out_by[2])
{
    const struct item_learners *list = arg;
    const struct record *record = shown(learner, list->item);
    bool none;

    (void)view;
    (void)enrolment;
    if (list->status && strcmp(list->status, status_of(record)) != 0)
        return false;
    int64_t value = value_of(list->query.by, record, &none);
    out_by[0] = none;
    out_by[1] = list->query.descending ? -value : value; /* none is INT64_MIN */
    return true;
}

static enum rc read_status(struct request *request, const char **out_status, struct fault *fault)
{
    enum item_status wanted;
    const char *status;
    enum rc rc = request_query(request, "status", &status, fault);

    if (rc != RC_OK || !status)
        return rc;
    bool stated = word_is_status(status, WORDS_UPPER, strcasecmp, &wanted);
    if (!stated && strcasecmp(status, WORD_LOCKED) != 0)
        return fault_set(fault, RC_INVALID, "status",
                         "must be NOT_STARTED, IN_PROGRESS, COMPLETED or LOCKED");
    *out_status = stated ? word_of_status(wanted, WORDS_UPPER) : WORD_LOCKED;
    return RC_OK;
}

static enum rc learners_decode(struct slow *slow, const struct body *body, struct fault *fault)
{
    static const struct courseroom_sort_name sorts[] = {{"progress", SORT_PROGRESS},
                                                        {"timeSpent", SORT_TIME},
                                                        {"score", SORT_SCORE},
                                                        {"updatedAt", SORT_UPDATED},
                                                        {"completedAt", SORT_COMPLETED},
                                                        {"userId", SORT_USER},
                                                        {NULL, SORT_USER}};
    struct item_learners *list = (struct item_learners *)slow;
    struct request *request = slow->request;

    (void)body;
    list->to.context = face_of(request);
    list->to.csv = slow->csv;
    list->query.page = 1;
    enum rc rc = read_status(request, &list->status, fault);
    if (rc == RC_OK)
        rc = courseroom_read_sort(request, sorts,
                                  "must be progress, timeSpent, score, updatedAt, completedAt or userId",
                                  &list->query, fault);
    if (rc == RC_OK)
        rc = courseroom_read_page(request, slow->csv, &list->query, fault);
    return rc == RC_OK ? courseroom_read_cursor(request, &list->query, fault) : rc;
}

/* Source: contract 1, "An item named under a course that is not its own". */
static enum rc find_item(struct item_learners *list, const struct read *found, struct fault *fault)
{
    struct request *request = list->slow.request;
    struct text id = face_param(request, 1);
    uint32_t item = view_item_key(found->view, id.bytes, id.size);
    uint32_t own = view_item_facts(found->view, item).course;

    if (!view_course(found->view, found->course))
        return fault_set(fault, RC_NOT_FOUND, NULL, "Course not found");
    if (own && own != found->course)
        return fault_set(fault, RC_INVALID, "itemId",
                         arena_printf(&request->arena, "item %s belongs to course %s, not to course %s",
                                      id.bytes, view_id(found->view, ENTITY_COURSE, own).bytes,
                                      face_call(request)->course.bytes));
    if (!own)
        return fault_set(fault, RC_NOT_FOUND, NULL, "Content not found in this course");
    list->course = found->course;
    list->item = item;
    return RC_OK;
}

static enum rc learners_open(struct slow *slow, const struct read *found, struct fault *fault)
{
    struct item_learners *list = (struct item_learners *)slow;
    enum rc rc = find_item(list, found, fault);

    if (rc != RC_OK)
        return rc;
    slow->small = view_roster(found->view, found->course)->count <= SMALL_ROSTER;
    struct roster_query roster = {.course = list->course, .take = take, .arg = list};
    courseroom_page(&list->query, &roster);
    return roster_new(service_model(list->to.context->service), &roster, &list->roster, fault);
}

static void put_scaled_or_null(struct json_out *out, const char *name, bool is_there, int64_t value,
                               unsigned digits)
{
    if (is_there)
        json_put_scaled(out, name, value, digits);
    else
        json_put_null(out, name);
}

static void put_members(struct json_out *out, struct text user, const struct record *record)
{
    unsigned flags = record ? record->flags : 0;

    json_open(out, '{');
    json_put_id(out, "userId", user);
    json_put_text(out, "status", status_of(record));
    json_put_hundredths(out, "progressPercent", record ? record->percent_hundredths : 0);
    put_scaled_or_null(out, "position", flags & RECORD_POSITION, record ? record->position_ms : 0, 3);
    json_put_scaled(out, "timeSpent", record ? record->time_spent_ms : 0, 3);
    put_scaled_or_null(out, "score", flags & RECORD_SCORE, record ? record->score_e4 : 0, 4);
    put_scaled_or_null(out, "maxScore", flags & RECORD_MAX_SCORE, record ? record->max_score_e4 : 0, 4);
    json_put_instant(out, "startedAt", record ? record->started_at_ms : INSTANT_NEVER);
    json_put_instant(out, "completedAt", record ? record->completed_at_ms : INSTANT_NEVER);
    json_put_instant(out, "updatedAt", record ? record->updated_at_ms : INSTANT_NEVER);
    json_close(out, '}');
}

static void put_row(struct row_out *to, struct text user, const struct record *record, bool names)
{
    if (to->csv) {
        struct json_out json = row_scratch(to);
        put_members(&json, user, record);
        row_cells(to, names);
        buf_text(to->out, "\r\n");
    } else {
        struct json_out json = {to->out, to->comma};
        put_members(&json, user, record);
        to->comma = json.comma;
    }
}

static void open_list(struct item_learners *list)
{
    struct json_out json = {list->to.out, false};

    list->opened = true;
    if (list->to.csv) {
        put_row(&list->to, (struct text){"0", 1}, NULL, true);
        return;
    }
    courseroom_open(&json, "Item learners retrieved successfully");
    json_open(&json, '[');
}

/* Who was erased since the list was sorted is left out. */
static void put_some(struct item_learners *list)
{
    struct view view = service_read_begin(list->to.context->service);
    size_t count = roster_count(list->roster);

    for (int i = 0; i < HOLD_ROWS && list->at < count; i++) {
        uint32_t key = roster_entry(list->roster, list->at++).learner;
        const struct learner *learner = view_learner(view, key);
        if (learner)
            put_row(&list->to, view_id(view, ENTITY_LEARNER, key), shown(learner, list->item), false);
    }
    service_read_end(view);
}

static enum rc learners_step(struct slow *slow, bool *out_last, struct fault *fault)
{
    struct item_learners *list = (struct item_learners *)slow;

    list->to.out = slow->out.buf;
    if (!list->ordered)
        return roster_step(list->roster, &list->ordered, fault);
    if (!list->opened)
        open_list(list);
    put_some(list);
    *out_last = list->at == roster_count(list->roster);
    if (*out_last && !list->to.csv) {
        struct json_out out = {list->to.out, true};
        json_close(&out, ']');
        courseroom_put_pages(&out, &list->query, list->roster);
        courseroom_put_cursor(&out, &list->query, list->roster);
        json_close(&out, '}');
    }
    return RC_OK;
}

static void learners_close(struct slow *slow)
{
    struct item_learners *list = (struct item_learners *)slow;

    roster_free(list->roster);
    buf_done(&list->to.scratch);
}

const struct slow_handler courseroom_item_learners = {sizeof(struct item_learners), .decode = learners_decode,
                                                      .open = learners_open,        .step = learners_step,
                                                      .close = learners_close,      .writes_csv = true};
