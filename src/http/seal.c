#include "http/seal.h"

#include <string.h>

#include <xxhash.h>

#include "base/digits.h"
#include "http/gzip.h"
#include "http/loop.h"
#include "http/mhd_request.h"

enum {
    GZIP_FROM_BYTES = 1024,          /* smaller answers gain nothing */
    GZIP_ON_LOOP_BYTES = 256 * 1024, /* takes 2 ms; what is larger comes from workers, or goes as it is */
};

static bool tag_listed(const char *header, const char *tag)
{
    size_t size = strlen(tag);

    if (!header)
        return false;
    if (strcmp(header, "*") == 0)
        return true;
    for (const char *at = header; (at = strstr(at, tag)); at++)
        if (at > header && at[-1] == '"' && at[size] == '"')
            return true; /* RFC 9110 13.1.2: weak comparison, W/ or not */
    return false;
}

/* "gzip" in the list, and not refused by q=0. */
static bool accepts_gzip(struct request *request)
{
    const char *accepted = request_header(request, "Accept-Encoding");
    const char *at = accepted ? strcasestr(accepted, "gzip") : NULL;

    if (!at)
        return false;
    at += 4 + strspn(at + 4, " ");
    return !(*at == ';' && strncmp(at + 1 + strspn(at + 1, " "), "q=0", 3) == 0 &&
             strspn(at + 4 + strspn(at + 1, " "), "0.") == strcspn(at + 4 + strspn(at + 1, " "), ", "));
}

void request_tag_first(struct request *request, size_t bytes)
{
    request->etag[0] = 'b';
    *digits_hex(request->etag + 1, XXH3_64bits(request->out.bytes, bytes), 16) = '\0';
}

/* ETag of a read, and 304 when the client has it already. */
static void apply_etag(struct request *request)
{
    bool read = request->method == HTTP_GET || request->method == HTTP_HEAD;

    if (read && request->status == 200 && !request->etag[0] && request->out.size && !request->untagged)
        request_tag_first(request, request->out.size);
    if (read && request->status == 200 && request->etag[0] &&
        tag_listed(request_header(request, "If-None-Match"), request->etag)) {
        request->status = 304;
        buf_clear(&request->out);
    }
}

void request_seal(struct request *request)
{
    bool whole = !request->out.failed && !request->streamed;
    bool here = request->loop == loop_current();

    if (!whole || request->sealed)
        return;
    request->sealed = true;
    apply_etag(request);
    request->packed = request->out.size >= GZIP_FROM_BYTES &&
                      (!here || request->out.size <= GZIP_ON_LOOP_BYTES) && accepts_gzip(request) &&
                      gzip_deflate(&request->out);
}
