#pragma once

#include "cli/serve.h"

/* What is noted of every answer: figures and a line of the log. Any thread. */
void serve_observe(struct face_context *context, const struct request *request, uint64_t microseconds);

/* For face_context.write_metrics. */
void serve_write_metrics(void *metrics, struct buf *out);
