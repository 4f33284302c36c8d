#pragma once

#include "http/request.h"

/* Checks a request's head as it came, before its body is read. A fault ends the connection, for what follows
 * on it may not be a request. Also: turns an absolute-form target into its path, and notes a declared body
 * that is too large. Source: RFC 9112; reliability R40, A1 to A72. */
MUST_CHECK enum rc http_check_framing(struct request *request, struct fault *fault);
