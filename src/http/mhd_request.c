#include "http/mhd_request.h"

#include <string.h>
#include <strings.h>

#include <microhttpd.h>

const char *request_header(struct request *request, const char *name)
{
    const char *value = request->connection
                            ? MHD_lookup_connection_value(connection_of(request), MHD_HEADER_KIND, name)
                            : NULL;
    size_t size = value ? strlen(value) : 0, whole = size;

    while (size && (value[size - 1] == ' ' || value[size - 1] == '\t')) /* is none of it: RFC 9110 5.5 */
        size--;
    const char *trimmed = size < whole ? arena_copy(&request->arena, value, size) : NULL;
    return trimmed ? trimmed : value;
}

const char *request_traceparent(struct request *request)
{
    static const char digits[] = "0123456789abcdef";
    const char *given = request_header(request, "traceparent");
    bool ours = given && strlen(given) == 55 && strncmp(given, "00-", 3) == 0 && given[35] == '-' &&
                given[52] == '-' && strspn(given + 3, digits) == 32 && strspn(given + 36, digits) == 16 &&
                strspn(given + 53, digits) == 2;

    return ours ? given : NULL;
}

struct counting {
    const char *name;
    int count;
};

static enum MHD_Result count_header(void *arg, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct counting *counting = arg;

    (void)kind;
    (void)value;
    counting->count += strcasecmp(name, counting->name) == 0;
    return MHD_YES;
}

int request_header_count(struct request *request, const char *name)
{
    struct counting counting = {name, 0};

    /* its own count counts all */
    if (request->connection)
        (void)MHD_get_connection_values(connection_of(request), MHD_HEADER_KIND, count_header, &counting);
    return counting.count;
}
