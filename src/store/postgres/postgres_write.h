#pragma once

#include "store/postgres/postgres_private.h"

/* The methods of the log that change it; store/log.h says what each promises. */

/* log_commit. */
enum log_outcome postgres_commit(struct log *log, const struct store_batch *batch, struct fault *fault);

/* log_outcome_of. */
enum log_outcome postgres_outcome(struct log *log, const struct batch_id *batch, struct fault *fault);

/* log_unname. */
MUST_CHECK enum rc postgres_unname(struct log *log, const struct log_turn *after,
                                   const struct store_erasure *erasure, bool *out_all, struct fault *fault);

/* log_forget. */
MUST_CHECK enum rc postgres_forget(struct log *log, const struct log_turn *after,
                                   const struct store_forgetting *what, struct fault *fault);

/* log_fill. */
MUST_CHECK enum rc postgres_fill(struct log *log, const struct store_batch *batch, bool more,
                                 struct fault *fault);

/* log_share. */
MUST_CHECK enum rc postgres_share(struct log *log, const struct log_value *value, struct buf *out,
                                  struct fault *fault);

/* log_has_room. */
bool postgres_has_room(struct log *log);
