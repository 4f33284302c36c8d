#pragma once

#include "store/postgres/postgres_connection.h"

/* Makes the tables where they are not there, brings older ones up, and finds the log of a name (made when it
 * is new). Several nodes may do so at once. connection: without statements. RC_BUSY: lost under way.
 * RC_INVALID: the server does not allow it, or a newer version made the tables. */
MUST_CHECK enum rc postgres_schema_bring_up(struct pg_connection *connection, const char *log_name,
                                            int32_t *out_log, struct fault *fault);

/* Whether the server keeps what it acknowledges; else *out_note says which of its settings is against it. */
bool postgres_is_durable(struct pg_connection *connection, const char **out_note);
