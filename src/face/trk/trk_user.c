#include "face/cursor.h"
#include "face/trk/trk_user.h"

#include <string.h>
#include <strings.h>

#include "app/history.h"
#include "app/history_model.h"
#include "app/log_history.h"
#include "app/snapshot.h"
#include "base/instant.h"
#include "core/words.h"
#include "face/logs/logs_decode.h"
#include "face/logs/logs_encode.h"
#include "face/show.h"
#include "face/trk/trk_encode.h"

enum { LOGS_A_STEP = 200 };

/* ---- GET /api/progress/:userId: trk's list and logs' in one body ---- */

struct user_query {
    const char *type, *status;
    struct text module;
    uint32_t module_key; /* 0: unknown */
    bool shows_all;
    int64_t limit; /* 0: all */
    struct logs_range logs;
    /* Where the last page ended: the next begins after it. */
    bool paged;
    int64_t record_ms, log_ms;
    uint64_t record_id, log_id;
};

static enum rc read_cursor(struct request *request, struct user_query *query, struct fault *fault)
{
    const char *text;
    int64_t ends[4];
    enum rc rc = request_query(request, "cursor", &text, fault);

    if (rc != RC_OK || !text)
        return rc;
    query->paged = true;
    if (!cursor_read(text, ends, 4))
        return fault_set(fault, RC_INVALID, "cursor", "must be the nextCursor of an earlier answer");
    query->record_ms = ends[0];
    query->record_id = (uint64_t)ends[1];
    query->log_ms = ends[2];
    query->log_id = (uint64_t)ends[3];
    return RC_OK;
}

static enum rc read_user_query(struct request *request, struct user_query *query, struct fault *fault)
{
    enum rc rc = request_query(request, "contentType", &query->type, fault);

    if (rc == RC_OK)
        rc = request_query(request, "status", &query->status, fault);
    enum item_status known;
    if (rc == RC_OK && query->status && !word_is_status(query->status, WORDS_LOWER, strcmp, &known))
        rc = fault_set(fault, RC_INVALID, "status", "must be not-started, in-progress or completed");
    if (rc == RC_OK)
        rc = face_query_id(request, "moduleId", &query->module, fault);
    if (rc == RC_OK)
        rc = face_query_number(request, "limit", 1, 1000, &query->limit, fault);
    if (rc == RC_OK)
        rc = read_cursor(request, query, fault);
    if (rc == RC_OK)
        rc = logs_query_range(request, &query->logs, fault);
    return rc;
}

static bool passes(struct view view, const struct user_query *query, const struct learner *learner,
                   const struct record *record)
{
    uint32_t course = view_item_facts(view, record->item).course;

    if (!query->shows_all && learner_previews(learner, record, course))
        return false;
    if (query->type && strcasecmp(query->type, item_type(view_item(view, record->item))) != 0)
        return false;
    if (query->status && strcmp(query->status, trk_status(record)) != 0)
        return false;
    return !query->module.bytes || (query->module_key && course == query->module_key);
}

static bool after_cursor(const struct user_query *query, const struct record *record)
{
    return !query->paged || record->updated_at_ms < query->record_ms ||
           (record->updated_at_ms == query->record_ms && record->id < query->record_id);
}

/* A walk over a learner's records, newest update first: what the filters leave, the page of it written. */
struct walk {
    struct user_query *query;
    const char *user;
    const struct learner *learner;
    const struct record **records;
    uint32_t count, at;
    int64_t written;
    bool more; /* behind the page */
    struct record_sums sums;
};

/* Up to so many of them; true when that was the last. Under the lock. */
static bool walk_on(struct walk *walk, struct view view, struct json_out *out, uint32_t steps)
{
    struct user_query *query = walk->query;
    struct arena scratch;

    arena_init(&scratch);
    for (; walk->records && walk->at < walk->count && steps > 0; walk->at++, steps--) {
        const struct record *record = walk->records[walk->at];
        if (!passes(view, query, walk->learner, record))
            continue;
        record_sums_add(&walk->sums, record); /* over all that the filters leave */
        if (!after_cursor(query, record))
            continue;
        if (query->limit && walk->written == query->limit) {
            walk->more = true;
            continue;
        }
        trk_put_record(out, &scratch, view, walk->user, record);
        query->record_ms = record->updated_at_ms;
        query->record_id = record->id;
        walk->written++;
    }
    arena_done(&scratch);
    return !walk->records || walk->at == walk->count;
}

/* Writes the records that pass; returns whether more follow the page. */
static bool put_records(struct request *request, struct view view, struct user_query *query,
                        struct json_out *out, struct text user, const struct learner *learner)
{
    struct walk walk = {.query = query, .user = user.bytes, .learner = learner};

    walk.records = learner ? records_of_learner(&request->arena, learner, &walk.count) : NULL;
    json_open(out, '{');
    json_put_open(out, "progress", '[');
    (void)walk_on(&walk, view, out, UINT32_MAX); /* to the last one */
    json_close(out, ']');
    trk_put_statistics(out, "statistics", &walk.sums, false);
    json_close(out, '}');
    return walk.more;
}

/* The end of both lists, and where the next page begins. */
static void end_user(struct request *request, const struct user_query *query, const struct logs_page *page,
                     bool more, struct json_out *out)
{
    json_close(out, ']');
    if (more || page->more)
        json_put_text(out, "nextCursor",
                      arena_printf(&request->arena, "%lld.%llu.%lld.%llu", (long long)query->record_ms,
                                   (unsigned long long)query->record_id, (long long)page->last_ms,
                                   (unsigned long long)page->last_id));
    json_close(out, '}');
}

struct user_read {
    struct slow slow;
    struct user_query query;
    const char *as_of; /* NULL: now */
    struct snapshot snapshot;
    struct walk walk;
    struct logs_page page;
    uint32_t key;
    bool with_logs, begun, in_logs;
};

/* ---- the same as it was: as_of ---- */

/* Both lists as of a bound, in one go; logs are the learner's own. Source: contract 4 and 5, as_of. */
static enum rc put_user_past(struct user_read *read, struct fault *fault)
{
    struct face_context *context = face_of(read->slow.request);
    const struct history *history = service_history(context->service);
    struct json_out *out = &read->slow.out;
    struct text user = face_call(read->slow.request)->user;
    struct model *model = NULL;
    struct log_entries entries = {0};
    struct bound bound;
    enum rc rc = history_bound(history, read->key, read->as_of, "as_of", &bound, fault);

    if (rc == RC_OK && read->key)
        rc = history_model(history, read->key, &bound, &model, fault);
    if (rc == RC_OK && read->key && read->with_logs)
        rc = history_logs(history, read->key, &bound, &entries, fault);
    if (rc == RC_OK) {
        trk_open(out, "User progress retrieved successfully");
        bool more = put_records(read->slow.request, (struct view){model, false}, &read->query, out, user,
                                model ? view_learner((struct view){model, false}, read->key) : NULL);
        json_put_open(out, "progress_logs", '[');
        logs_put_past(context, entries.at, entries.count, &read->query.logs, user.bytes, &read->page, out);
        end_user(read->slow.request, &read->query, &read->page, more, out);
    }
    model_free(model);
    log_entries_done(&entries);
    return rc;
}

/* ---- as it is ---- */

/* Some entries of the log; *out_last: all that the page holds. */
static enum rc put_logs(struct user_read *read, bool *out_last, struct fault *fault)
{
    struct logs_page *page = &read->page;
    int64_t left = page->limit ? page->limit : INT64_MAX;
    struct logs_page part = {page->paged, page->last_ms, page->last_id,
                             left < LOGS_A_STEP ? left : LOGS_A_STEP, false};
    enum rc rc = logs_put_all(face_of(read->slow.request), read->key, &read->query.logs, read->walk.user,
                              &part, &read->slow.out, fault);

    if (rc != RC_OK)
        return rc;
    page->paged = true;
    page->last_ms = part.last_ms;
    page->last_id = part.last_id;
    page->more = part.more;
    *out_last = !part.more || part.limit == left;
    if (page->limit && !*out_last)
        page->limit -= part.limit;
    return RC_OK;
}

static enum rc user_step(struct slow *slow, bool *out_last, struct fault *fault)
{
    struct user_read *read = (struct user_read *)slow;
    struct walk *walk = &read->walk;
    bool done = false;

    if (read->as_of) {
        *out_last = true;
        return put_user_past(read, fault);
    }
    if (!read->begun) {
        read->begun = true;
        walk->learner = read->snapshot.learner;
        if (read->snapshot.learner)
            walk->records =
                records_of_learner(&read->slow.request->arena, read->snapshot.learner, &walk->count);
        trk_open(&read->slow.out, "User progress retrieved successfully");
        json_open(&read->slow.out, '{');
        json_put_open(&read->slow.out, "progress", '[');
    }
    if (!read->in_logs) {
        struct view view = service_read_begin(face_of(read->slow.request)->service);
        done = walk_on(walk, view, &read->slow.out, STEPS_A_HOLD);
        service_read_end(view);
        if (!done)
            return RC_OK;
        json_close(&read->slow.out, ']');
        trk_put_statistics(&read->slow.out, "statistics", &walk->sums, false);
        json_close(&read->slow.out, '}');
        json_put_open(&read->slow.out, "progress_logs", '[');
        read->in_logs = true;
        done = !read->with_logs;
    } else {
        enum rc rc = put_logs(read, &done, fault);
        if (rc != RC_OK)
            return rc;
    }
    if (done)
        end_user(read->slow.request, &read->query, &read->page, walk->more, &read->slow.out);
    *out_last = done;
    return RC_OK;
}

static enum rc user_decode(struct slow *slow, const struct body *body, struct fault *fault)
{
    struct user_read *read = (struct user_read *)slow;
    enum rc rc = request_query(slow->request, "as_of", &read->as_of, fault);

    (void)body;
    read->query = (struct user_query){.record_ms = INT64_MAX, .log_ms = INT64_MAX};
    if (rc == RC_OK)
        rc = read_user_query(slow->request, &read->query, fault);
    if (rc == RC_OK && read->as_of)
        rc = history_readable(read->as_of, "as_of", fault);
    face_call(slow->request)->course = read->query.module; /* staff may see their own course's records */
    slow->is_long = read->as_of != NULL;
    return rc;
}

static enum rc user_open(struct slow *slow, const struct read *found, struct fault *fault)
{
    struct user_read *read = (struct user_read *)slow;

    (void)fault;
    read->key = found->learner;
    read->query.module_key = found->course;
    read->walk = (struct walk){.query = &read->query, .user = face_call(slow->request)->user.bytes};
    read->page = (struct logs_page){read->query.paged, read->query.log_ms, read->query.log_id,
                                    read->query.limit, false};
    read->with_logs = read->query.shows_all = read_shows_all(found);
    if (read->as_of)
        return RC_OK;
    snapshot_take(found->view, read->key, &read->snapshot);
    /* none: nobody waits for the disk */
    read->with_logs =
        read->with_logs && log_history_any(service_history(face_of(slow->request)->service), read->key);
    slow->small =
        !read->with_logs && (!read->snapshot.learner || read->snapshot.learner->record_count <= LARGE_READ);
    return RC_OK;
}

static void user_close(struct slow *slow)
{
    snapshot_done(&((struct user_read *)slow)->snapshot);
}

const struct slow_handler trk_user = {sizeof(struct user_read),
                                      .decode = user_decode,
                                      .open = user_open,
                                      .step = user_step,
                                      .close = user_close,
                                      .table = "progress_logs",
                                      .columns = "log_id,user_id,date,created_at,updated_at"};
