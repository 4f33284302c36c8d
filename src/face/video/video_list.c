#include "face/cursor.h"
#include "face/video/video_list.h"

#include <stdlib.h>
#include <string.h>

#include "app/snapshot.h"
#include "base/instant.h"
#include "face/video/video_encode.h"

enum { LIST_MAX = 1000 };

struct list_query {
    int64_t limit; /* 0: all */
    int64_t since_ms;
    bool paged, since;
    int64_t cursor[2]; /* instant and id, where the last page ended: the next begins after it */
};

static int by_last_watched(const void *a, const void *b)
{
    const struct record *left = *(const struct record *const *)a, *right = *(const struct record *const *)b;

    if (video_last_watched(left) != video_last_watched(right))
        return video_last_watched(left) > video_last_watched(right) ? -1 : 1;
    return left->id > right->id ? -1 : left->id < right->id;
}

static bool in_page(const struct list_query *query, const struct record *record)
{
    int64_t at_ms = video_last_watched(record);

    if (query->since && record->updated_at_ms <= query->since_ms)
        return false;
    return !query->paged || at_ms < query->cursor[0] ||
           (at_ms == query->cursor[0] && record->id < query->cursor[1]);
}

/* Of those shown, what the query asks for, newest first. Needs no lock. */
static uint32_t pick_page(const struct list_query *query, const struct record **records, uint32_t count)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < count; i++)
        if (in_page(query, records[i]))
            records[kept++] = records[i];
    if (kept)
        qsort(records, kept, sizeof *records, by_last_watched);
    return kept;
}

/* The list in steps: what this face shows is picked, then sorted, then written. */
struct list_read {
    struct slow slow;
    struct list_query query;
    struct snapshot snapshot;
    const struct record **records;
    uint32_t at, count, end; /* end: of the page */
    bool listing;
};

static bool pick_shown(struct list_read *read, struct view view)
{
    const struct learner *learner = read->snapshot.learner;

    for (uint32_t steps = STEPS_A_HOLD; learner && read->at < learner->record_count && steps > 0;
         read->at++, steps--)
        if (video_shows(view, &learner->records[read->at]))
            read->records[read->count++] = &learner->records[read->at];
    return !learner || read->at == learner->record_count;
}

static void begin_list(struct list_read *read)
{
    read->count = pick_page(&read->query, read->records, read->count);
    read->end =
        read->query.limit && read->query.limit < read->count ? (uint32_t)read->query.limit : read->count;
    read->at = 0;
    read->listing = true;
    json_open(&read->slow.out, '{');
    json_put_text(&read->slow.out, "userId", face_call(read->slow.request)->user.bytes);
    json_put_open(&read->slow.out, "progressData", '[');
}

static void end_list(struct list_read *read)
{
    const struct record *last = read->end ? read->records[read->end - 1] : NULL;

    json_close(&read->slow.out, ']');
    if (last && read->end < read->count)
        json_put_text(&read->slow.out, "nextCursor",
                      arena_printf(&read->slow.request->arena, "%lld.%u", (long long)video_last_watched(last),
                                   last->id));
    json_close(&read->slow.out, '}');
}

static enum rc list_step(struct slow *slow, bool *out_last, struct fault *fault)
{
    struct list_read *read = (struct list_read *)slow;
    struct service *service = face_of(read->slow.request)->service;
    struct view view = service_read_begin(service);

    (void)fault;
    if (!read->listing && pick_shown(read, view)) {
        service_read_end(view); /* sorted without it */
        begin_list(read);
        view = service_read_begin(service);
    }
    for (uint32_t steps = STEPS_A_HOLD; read->listing && read->at < read->end && steps > 0;
         read->at++, steps--)
        video_put_state(&read->slow.out, NULL,
                        view_id(view, ENTITY_ITEM, read->records[read->at]->item).bytes,
                        read->records[read->at]);
    service_read_end(view);
    *out_last = read->listing && read->at == read->end;
    if (*out_last)
        end_list(read);
    return RC_OK;
}

static void list_close(struct slow *slow)
{
    snapshot_done(&((struct list_read *)slow)->snapshot);
}

static enum rc list_open(struct slow *slow, const struct read *found, struct fault *fault)
{
    struct list_read *read = (struct list_read *)slow;

    snapshot_take(found->view, found->learner, &read->snapshot);
    uint32_t records = read->snapshot.learner ? read->snapshot.learner->record_count : 0;
    read->records = arena_alloc(&slow->request->arena, (records + 1) * sizeof *read->records);
    slow->small = records <= LARGE_READ;
    return read->records ? RC_OK : fault_no_memory(fault);
}

static enum rc list_decode(struct slow *slow, const struct body *body, struct fault *fault)
{
    struct request *request = slow->request;
    struct list_query *query = &((struct list_read *)slow)->query;
    const char *text;
    enum rc rc = face_query_number(request, "limit", 1, LIST_MAX, &query->limit, fault);

    (void)body;
    if (rc == RC_OK)
        rc = request_query(request, "cursor", &text, fault);
    if (rc == RC_OK && text) {
        query->paged = true;
        if (!cursor_read(text, query->cursor, 2))
            rc = fault_set(fault, RC_INVALID, "cursor", "must be the nextCursor of an earlier answer");
    }
    if (rc == RC_OK)
        rc = request_query(request, "since", &text, fault);
    if (rc == RC_OK && text) {
        query->since = true;
        if (instant_parse(text, strlen(text), &query->since_ms) == INSTANT_NONE)
            rc = fault_set(fault, RC_INVALID, "since", "must be an ISO 8601 instant");
    }
    return rc;
}

const struct slow_handler video_list = {.state_bytes = sizeof(struct list_read),
                                        .decode = list_decode,
                                        .open = list_open,
                                        .step = list_step,
                                        .close = list_close};
