#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"

/* One HTTP request and its answer, apart from the library that carries it: what a handler may do. A handler
 * runs on a loop's thread or a worker's. It answers (request_reply, request_fail), or it lets the request
 * wait (request_wait, request_suspend) until somebody resumes it. What else may be done with it:
 * mhd_request.h, problem.h, suspend.h, answer_stream.h. */

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_POST, HTTP_PUT, HTTP_DELETE, HTTP_OPTIONS, HTTP_OTHER };

enum { MAX_PARAMS = 4, MAX_SEGMENTS = 12 };

struct segment_text {
    char *bytes; /* decoded, NUL-terminated, in the arena */
    uint32_t size;
};

struct bodies;
struct call;
struct carrier;
struct deadline;
struct face_context;
struct hand_over;
struct http_route;
struct loop;
struct answer_stream;
struct http_connection; /* the library's */

struct request {
    struct arena arena;
    struct http_connection *connection;
    enum http_method method;
    const char *target; /* as it came: path and query */
    const char *query;  /* after '?', NULL when none */
    const char *http_version;
    struct segment_text segments[MAX_SEGMENTS]; /* of the path */
    int segment_count;
    const struct http_route *route;
    struct segment_text params[MAX_PARAMS]; /* of the route's pattern, in order */
    char request_id[130];
    bool path_malformed;     /* a percent escape in it; the segment is as it came */
    uint64_t content_length; /* as declared; UINT64_MAX: more than 18 digits */
    bool chunked;            /* nothing was declared */
    struct buf body;         /* whole when the request is handled */
    size_t body_max;         /* who judges the head says how much is kept; 0: nothing */
    uint64_t payer;          /* and whose budget that is: http/bodies.h */

    struct call *call;                         /* who sends it, about whom: the faces' */
    void *command;                             /* what a suspended request waits for */
    bool asked_keys;                           /* it waited for a JWK set once already */
    void *handler_state;                       /* a handler's own, across parking; in the arena */
    void (*resumed)(struct request *request);  /* called on a server thread after request_resume */
    void (*deferred)(struct request *request); /* request_wait's, from another thread */
    struct face_context *server;               /* what the program gave the server for its handlers */

    /* the answer */
    int status;
    struct buf out;
    const char *content_type;
    char etag[48];        /* without quotes; "" none */
    bool untagged;        /* it is another one each time: no ETag is made of it */
    const char *may_call; /* of a page: the other origin that it may call; NULL: none */
    bool sealed, packed;  /* request_seal's */
    bool streamed;        /* out is a piece of it: http/answer_stream.h */
    bool retry_after, replayed, close, challenge;
    bool stale;          /* the answer may lack what others wrote: it says so (Warning: 110) */
    const char *allow;   /* for 405 and OPTIONS */
    const char *refused; /* why request_fail was called; NULL: it was not */
    bool answered;
    bool upgrade_hint;             /* 426: says which WebSocket version there is */
    struct answer_stream *stream;  /* http/answer_stream.h; NULL: none */
    struct hand_over *hand_over;   /* http/hand_over.h; NULL: none */
    const struct carrier *carrier; /* http/carried.h; NULL: a connection */
    uint64_t begun_us;             /* monotonic */
    struct loop *loop;             /* the server's own, as is all that follows */
    struct deadline *deadline;     /* of its connection */
    struct bodies *bodies;
    size_t charged;                    /* of the body, to the payer */
    bool body_too_large, body_refused; /* what came is thrown away: more than body_max, than the budget */
    int library_state;
    bool suspended;  /* waits or is suspended, and was not resumed yet */
    atomic_int wait; /* suspend.c */
    atomic_uint *open;
    struct request *next_waiting; /* also: the next one that turn_over gets */
};

/* A query parameter, percent-decoded, in the arena. *out NULL: absent, or empty. RC_INVALID: twice, or
 * malformed. Source: contract 1, Ids: "a query member with an empty value counts as not given". */
MUST_CHECK enum rc request_query(struct request *request, const char *name, const char **out,
                                 struct fault *fault);

/* Splits and decodes the path once; '//' collapses. Malformed escapes set path_malformed: a route that does
 * not exist comes first. Source: contract 1. */
MUST_CHECK enum rc request_split_path(struct request *request, struct fault *fault);

/* Checks and normalizes a parameter of the path as an id, in place. RC_INVALID names field. */
MUST_CHECK enum rc request_id_param(struct request *request, int index, const char *field,
                                    struct fault *fault);

/* Answers the request with what is in its out. Once; the handler returns then. */
void request_reply(struct request *request, int status, const char *content_type);
