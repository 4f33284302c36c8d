#pragma once

#include "base/fault.h"

/* Refusals: the one list of results and statuses, and the one shape of an error. */

struct request;

/* Answers with the one error shape. Source: contract 1, Errors; RFC 9457. */
void request_fail(struct request *request, enum rc rc, const struct fault *fault);

/* The status that a refusal is answered with; a result that is none of them: 500. */
int http_status_of(enum rc rc);

/* A refusal's status in words ("Not Found"); a static text, never NULL. */
const char *http_reason(int status);
