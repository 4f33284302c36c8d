#pragma once

#include "cli/serve.h"

/* What is noted of every answer: figures and a line of the log. Any thread. */
void serve_observe(struct face_context *context, struct request *request, uint64_t microseconds);

/* Lets the faces show what the program counts, of requests and snapshots: for /metrics and for
 * GET /api/v1/system. */
void serve_show_metrics(struct face_context *context);
