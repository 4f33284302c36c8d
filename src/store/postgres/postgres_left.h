#pragma once

#include "store/postgres/postgres_private.h"

/* What a node leaves in the database for whoever claims it first; store/log.h says what each promises. */

/* log_leave. */
MUST_CHECK enum rc postgres_leave(struct log *log, const struct log_value *value, int seconds,
                                  struct fault *fault);

/* log_claim. */
MUST_CHECK enum rc postgres_claim(struct log *log, const char *name, struct buf *out, struct fault *fault);
