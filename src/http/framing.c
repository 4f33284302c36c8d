#include "http/framing.h"

#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <microhttpd.h>

/* libmicrohttpd takes much that RFC 9112 forbids and that lets two parties disagree about where a request
 * ends. Every row of reliability R40 that can be seen from here is refused here. */

enum { TARGET_MAX_BYTES = 8000, HEADERS_MAX_BYTES = 16000 };

struct look {
    int hosts, lengths, codings;
    size_t bytes; /* of all headers, as they came */
    const char *host, *length, *coding, *expect;
    const char *fault; /* the first thing that is wrong */
};

/* What a byte may be part of. */
enum { IN_NAME = 1, IN_HOST = 2 };

/* RFC 9110 5.6.2 (a header's name is a token), and a host with its port. */
static const unsigned char parts[256] = {
    ['A' ... 'Z'] = IN_NAME | IN_HOST,
    ['a' ... 'z'] = IN_NAME | IN_HOST,
    ['0' ... '9'] = IN_NAME | IN_HOST,
    ['-'] = IN_NAME | IN_HOST,
    ['.'] = IN_NAME | IN_HOST,
    ['_'] = IN_NAME | IN_HOST,
    ['%'] = IN_NAME | IN_HOST,
    [':'] = IN_HOST,
    ['['] = IN_HOST,
    [']'] = IN_HOST,
    ['!'] = IN_NAME,
    ['#'] = IN_NAME,
    ['$'] = IN_NAME,
    ['&'] = IN_NAME,
    ['\''] = IN_NAME,
    ['*'] = IN_NAME,
    ['+'] = IN_NAME,
    ['^'] = IN_NAME,
    ['`'] = IN_NAME,
    ['|'] = IN_NAME,
    ['~'] = IN_NAME,
};

static bool made_of(const char *text, unsigned char part)
{
    while (parts[(unsigned char)*text] & part)
        text++;
    return *text == '\0';
}

static bool is_clean(const char *value)
{
    for (; *value; value++)
        if (((unsigned char)*value < 0x20 && *value != '\t') || *value == 0x7f)
            return false;
    return true;
}

static enum MHD_Result look_at(void *arg, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct look *look = arg;

    (void)kind;
    if (!value)
        value = "";
    look->bytes += strlen(name) + strlen(value) + sizeof ": \r\n" - 1;
    if (!*name || !made_of(name, IN_NAME))
        look->fault = "a header's name is malformed";
    else if (!is_clean(value))
        look->fault = "a header's value holds control characters";
    if (strcasecmp(name, "Host") == 0) {
        look->hosts++;
        look->host = value;
    } else if (strcasecmp(name, "Content-Length") == 0) {
        look->lengths++;
        look->length = value;
    } else if (strcasecmp(name, "Transfer-Encoding") == 0) {
        look->codings++;
        look->coding = value;
    } else if (strcasecmp(name, "Expect") == 0) {
        look->expect = value;
    }
    return MHD_YES;
}

/* RFC 9112 3.2.2: an absolute-form target is taken, its authority left aside. */
static bool take_target(struct request *request)
{
    if (request->target[0] == '/')
        return true;
    if (request->method == HTTP_OPTIONS && strcmp(request->target, "*") == 0)
        return true;
    if (strncasecmp(request->target, "http://", 7) != 0)
        return false;
    const char *path = strpbrk(request->target + 7, "/?");
    request->target = path ? path : "/";
    return request->target[0] == '/';
}

static uint64_t length_of(const char *digits)
{
    uint64_t value = 0;

    if (strlen(digits) > 18)
        return UINT64_MAX;
    for (; *digits; digits++)
        value = value * 10 + (uint64_t)(*digits - '0');
    return value;
}

static enum rc check_coding(const struct look *look, const struct request *request, struct fault *fault)
{
    if (!look->codings)
        return RC_OK;
    if (look->lengths)
        return fault_set(fault, RC_INVALID, NULL, "Content-Length beside Transfer-Encoding");
    if (look->codings > 1 || strcasecmp(look->coding, "chunked") != 0)
        return fault_set(fault, RC_NOT_IMPLEMENTED, NULL, "the only transfer coding taken is chunked");
    if (strcmp(request->http_version, "HTTP/1.0") == 0)
        return fault_set(fault, RC_INVALID, NULL, "Transfer-Encoding needs HTTP/1.1");
    return RC_OK;
}

enum rc http_check_framing(struct request *request, struct fault *fault)
{
    struct look look = {.hosts = 0};

    /* counts in look */
    (void)MHD_get_connection_values((struct MHD_Connection *)request->connection, MHD_HEADER_KIND, look_at,
                                    &look);
    if (strlen(request->target) > TARGET_MAX_BYTES)
        return fault_set(fault, RC_URI_TOO_LONG, NULL, "the request target is too long");
    if (look.bytes > HEADERS_MAX_BYTES)
        return fault_set(fault, RC_HEAD_TOO_LARGE, NULL, "the headers are too large");
    if (look.fault)
        return fault_set(fault, RC_INVALID, NULL, look.fault);
    if (look.hosts > 1 || (look.host && !made_of(look.host, IN_HOST)))
        return fault_set(fault, RC_INVALID, "Host", "must be given once, as a host and port");
    if (look.lengths > 1 || (look.length && strspn(look.length, "0123456789") != strlen(look.length)))
        return fault_set(fault, RC_INVALID, "Content-Length", "must be given once, as a number");
    enum rc rc = check_coding(&look, request, fault);
    if (rc != RC_OK)
        return rc;
    if (look.expect && strcasecmp(look.expect, "100-continue") != 0)
        return fault_set(fault, RC_INVALID, "Expect", "only 100-continue is understood");
    if (!take_target(request))
        return fault_set(fault, RC_INVALID, NULL, "the request target is malformed");
    request->content_length = look.length ? length_of(look.length) : 0;
    request->chunked = look.codings > 0;
    return RC_OK;
}

/* libmicrohttpd 0.9.75 writes the head of some refusals of its own twice (Content-Length: abc; no Host): its
 * transmit_error_response builds it and goes on to HEADERS_SENDING, parse_connection_headers' caller sets the
 * state back, and it is built again. No callback lies in between, so the library's sendmsg is this one: a
 * buffer that holds two heads goes out without the first. Everybody else's messages go through, at the price
 * of looking at one byte. docs/decisions/0015. */
ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    enum { STATUS_AT = 9, PARTS_MAX = 8 };
    const struct iovec *head = message->msg_iov;
    struct iovec rest[PARTS_MAX];

    if (message->msg_iovlen && message->msg_iovlen <= PARTS_MAX && head->iov_len > STATUS_AT &&
        ((const char *)head->iov_base)[STATUS_AT] == '4' && memcmp(head->iov_base, "HTTP/1.", 7) == 0) {
        const char *end = memmem(head->iov_base, head->iov_len, "\r\n\r\nHTTP/1.", 11);
        if (end) {
            struct msghdr once = *message;
            size_t twice = (size_t)(end + 4 - (const char *)head->iov_base);
            memcpy(rest, message->msg_iov, message->msg_iovlen * sizeof *rest);
            rest[0].iov_base = (char *)head->iov_base + twice;
            rest[0].iov_len -= twice;
            once.msg_iov = rest;
            ssize_t sent = syscall(SYS_sendmsg, fd, &once, flags);
            return sent < 0 ? sent : sent + (ssize_t)twice;
        }
    }
    return syscall(SYS_sendmsg, fd, message, flags);
}
