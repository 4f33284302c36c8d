#include "face/courseroom/courseroom_query.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/digits.h"
#include "core/words.h"
#include "face/body.h"
#include "face/show.h"

enum { PAGE_MAX = 100, PAGE_DEFAULT = 20, INACTIVE_DAYS_MAX = 3650 };

static const char sort_letters[] = "upeclmsd"; /* by enum courseroom_sort */

void courseroom_put_cursor(struct json_out *out, const struct courseroom_query *query,
                           const struct roster *roster)
{
    struct learner_text id;
    int64_t by[2];

    if (!roster_has_more(roster) || !roster_last(roster, by, &id)) {
        json_put_null(out, "nextCursor");
        return;
    }
    char text[64 + 2 * IDENT_MAX_BYTES + 1];
    int size =
        snprintf(text, sizeof text, "%c%c.%lld.%lld.", sort_letters[query->by], query->descending ? 'd' : 'a',
                 (long long)by[0], (long long)by[1]); /* fits: at most 44 */
    for (uint32_t i = 0; i < id.size; i++)
        size +=
            snprintf(text + size, sizeof text - (size_t)size, "%02x", (unsigned char)id.bytes[i]); /* fits */
    json_put_text(out, "nextCursor", text);
}

static bool read_number(const char **at, int64_t *out)
{
    char *end;
    bool digit = **at == '-' ? (*at)[1] >= '0' && (*at)[1] <= '9' : **at >= '0' && **at <= '9';

    if (!digit)
        return false;
    *out = strtoll(*at, &end, 10);
    *at = end + 1;
    return *end == '.';
}

static bool cursor_fits(struct courseroom_query *query, const char *cursor)
{
    const char *at = cursor;

    if (at[0] != sort_letters[query->by] || at[1] != (query->descending ? 'd' : 'a') || at[2] != '.')
        return false;
    at += 3;
    if (!read_number(&at, &query->after_by[0]) || !read_number(&at, &query->after_by[1]))
        return false;
    size_t digits = strlen(at);
    if (digits == 0 || digits % 2 || digits > 2 * IDENT_MAX_BYTES)
        return false;
    if (!digits_hex_bytes(at, digits / 2, (uint8_t *)query->after_id.bytes))
        return false;
    query->after_id.size = (uint32_t)(digits / 2);
    return !memchr(query->after_id.bytes, 0, query->after_id.size);
}

enum rc courseroom_read_page(struct request *request, bool csv, struct courseroom_query *query,
                             struct fault *fault)
{
    int64_t limit = 0;
    enum rc rc = face_query_number(request, "page", 1, INT32_MAX, &query->page, fault);

    if (rc == RC_OK)
        rc = face_query_number(request, "limit", 1, PAGE_MAX, &limit, fault);
    if (rc == RC_OK && (limit || !csv))
        query->limit = limit ? limit : PAGE_DEFAULT;
    return rc;
}

enum rc courseroom_read_sort(struct request *request, const struct courseroom_sort_name *known,
                             const char *message, struct courseroom_query *query, struct fault *fault)
{
    const char *sort, *order = NULL;
    enum rc rc = request_query(request, "sortBy", &sort, fault);

    if (rc == RC_OK)
        rc = request_query(request, "order", &order, fault);
    if (rc != RC_OK)
        return rc;
    while (sort && known->name && strcmp(sort, known->name) != 0)
        known++;
    if (sort && !known->name)
        return fault_set(fault, RC_INVALID, "sortBy", message);
    query->by = sort ? known->by : SORT_USER;
    query->descending = query->by == SORT_PROGRESS;
    if (!order)
        return RC_OK;
    if (strcasecmp(order, "asc") != 0 && strcasecmp(order, "desc") != 0)
        return fault_set(fault, RC_INVALID, "order", "must be asc or desc");
    query->descending = strcasecmp(order, "desc") == 0;
    return RC_OK;
}

enum rc courseroom_read_cursor(struct request *request, struct courseroom_query *query, struct fault *fault)
{
    const char *cursor = NULL;
    enum rc rc = request_query(request, "cursor", &cursor, fault);

    if (rc != RC_OK)
        return rc;
    query->after = cursor != NULL;
    if (query->after && query->page > 1)
        return fault_set(fault, RC_INVALID, "page", "is not for use with cursor");
    if (query->after && !cursor_fits(query, cursor))
        return fault_set(fault, RC_INVALID, "cursor", "must be the nextCursor of a list in the same order");
    return RC_OK;
}

/* logs, q, inactiveDays, atRisk. */
static enum rc read_filters(struct request *request, struct courseroom_query *query, struct fault *fault)
{
    const char *part = NULL;
    bool logs = true;
    enum rc rc = face_query_flag(request, "logs", &logs, fault);

    query->no_logs = !logs;
    if (rc == RC_OK)
        rc = face_query_flag(request, "atRisk", &query->at_risk, fault);
    if (rc == RC_OK)
        rc = face_query_number(request, "inactiveDays", 1, INACTIVE_DAYS_MAX, &query->inactive_days, fault);
    if (rc == RC_OK)
        rc = request_query(request, "q", &part, fault);
    if (rc == RC_OK && !any_case_make(&request->arena, part ? part : "", &query->part))
        rc = fault_no_memory(fault);
    return rc;
}

enum rc courseroom_read_query(struct request *request, bool csv, struct courseroom_query *query,
                              struct fault *fault)
{
    static const struct courseroom_sort_name sorts[] = {{"progress", SORT_PROGRESS},
                                                        {"enrollmentDate", SORT_ENROLLED},
                                                        {"completionDate", SORT_COMPLETED},
                                                        {"lastActivity", SORT_ACTIVITY},
                                                        {"userId", SORT_USER},
                                                        {NULL, SORT_USER}};
    const char *status;
    enum rc rc = request_query(request, "status", &status, fault);

    if (rc == RC_OK)
        rc = courseroom_read_sort(request, sorts,
                                  "must be progress, enrollmentDate, completionDate, lastActivity or userId",
                                  query, fault);
    if (rc == RC_OK)
        rc = courseroom_read_page(request, csv, query, fault);
    if (rc == RC_OK)
        rc = read_filters(request, query, fault);
    if (rc != RC_OK)
        return rc;
    query->filtered = status != NULL;
    if (query->filtered && !word_is_state(status, WORDS_UPPER, strcasecmp, &query->status))
        return fault_set(fault, RC_INVALID, "status", "must be one of the six enrollment states");
    return courseroom_read_cursor(request, query, fault);
}

void courseroom_page(const struct courseroom_query *query, struct roster_query *out)
{
    out->ids_descending = query->by == SORT_USER && query->descending;
    out->first = (uint64_t)((query->limit ? query->page - 1 : 0) * query->limit);
    out->count = query->limit ? (uint64_t)query->limit : UINT64_MAX;
    out->after = query->after;
    memcpy(out->after_by, query->after_by, sizeof out->after_by);
    out->after_id = query->after_id;
}

void courseroom_put_pages(struct json_out *out, const struct courseroom_query *query,
                          const struct roster *roster)
{
    int64_t total = (int64_t)roster_total(roster);

    json_put_open(out, "pagination", '{');
    json_put_int(out, "page", query->page);
    json_put_int(out, "limit", query->limit);
    json_put_int(out, "total", total);
    json_put_int(out, "totalPages", (total + query->limit - 1) / query->limit);
    json_put_bool(out, "hasMore", roster_has_more(roster));
    json_close(out, '}');
}
