#include "face/csv_reply.h"

#include <stdlib.h>
#include <string.h>

#include "face/accept.h"
#include "face/csv.h"
#include "face/json_scan.h"
#include "face/work.h"

enum { INLINE_BYTES = 64 * 1024 }; /* of JSON that an event loop makes a table of */

bool csv_wanted(struct request *request)
{
    return accept_prefers(request_header(request, "Accept"), "text/csv", "application/json");
}

/* The list that the path leads to; NULL: none. */
static const char *find_list(const char *json, size_t size, const char *path, const char **out_end)
{
    const char *at = json, *end = json + size;

    while (*path && at && at < end && *at == '{') {
        size_t name_size = strcspn(path, "/");
        struct json_part part = {0};
        bool found = false;
        at++;
        while (!found && json_scan_next(&at, end, true, &part))
            found = part.name_size == name_size && memcmp(part.name, path, name_size) == 0;
        if (!found)
            return NULL;
        at = part.value;
        end = part.value + part.value_size;
        path += name_size + (path[name_size] == '/');
    }
    *out_end = end;
    return at && at < end && *at == '[' ? at + 1 : NULL;
}

struct table {
    const char *list, *if_empty;
};

static enum rc make_table(struct request *request, const struct table *table, struct fault *fault)
{
    struct csv_columns *columns = csv_columns_new(&request->arena);
    const char *end = NULL, *list = find_list(request->out.bytes, request->out.size, table->list, &end);
    enum rc rc = columns ? RC_OK : fault_no_memory(fault);
    struct buf out = {0};
    struct json_part row;

    for (const char *at = list; rc == RC_OK && at && json_scan_next(&at, end, false, &row);)
        rc = csv_see(columns, row.value, row.value_size, fault);
    if (rc != RC_OK)
        return rc;
    csv_header(columns, &out, table->if_empty);
    for (const char *at = list; at && json_scan_next(&at, end, false, &row);)
        csv_row(columns, &out, row.value, row.value_size);
    buf_done(&request->out);
    request->out = out;
    return RC_OK;
}

static enum rc work_table(struct request *request, struct fault *fault)
{
    return make_table(request, request->command, fault);
}

static void reply_csv(struct request *request)
{
    request_reply(request, 200, CSV_TYPE);
}

void face_reply_table(struct request *request, const char *list, const char *columns)
{
    struct fault fault = {NULL, NULL};
    struct table *table = arena_alloc(&request->arena, sizeof *table);

    if (!csv_wanted(request) || request->out.failed) {
        request_reply(request, 200, "application/json");
        return;
    }
    if (!table) {
        request_fail(request, RC_BUSY, &(struct fault){NULL, "out of memory"});
        return;
    }
    *table = (struct table){list, columns};
    if (request->out.size > INLINE_BYTES) {
        request->command = table; /* no longer of use to the handler */
        face_work(request, work_table, reply_csv);
        return;
    }
    enum rc rc = make_table(request, table, &fault);
    if (rc == RC_OK) {
        reply_csv(request);
    } else {
        buf_clear(&request->out);
        request_fail(request, rc, &fault);
    }
}
