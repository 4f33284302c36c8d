#pragma once

#include "http/request.h"

/* What the library knows of a request: its connection and its headers. */

struct MHD_Connection;

/* How far the library has come with a request. */
enum library_state { STATE_NEW, STATE_JUDGING, STATE_READING, STATE_DONE };

/* The library's name for the request's connection. */
static inline struct MHD_Connection *connection_of(struct request *request)
{
    return (struct MHD_Connection *)request->connection;
}

/* A header's value; NULL: it did not come. Names match without case. Borrowed from the request. */
const char *request_header(struct request *request, const char *name);

/* The traceparent header (W3C Trace Context, version 00: "00-" 32 digits "-" 16 digits "-" 2 digits); NULL:
 * none came, or what came is none. Borrowed from the request. */
const char *request_traceparent(struct request *request);

/* How often a header came; names match without case. */
int request_header_count(struct request *request, const char *name);
