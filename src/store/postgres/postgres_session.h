#pragma once

#include "store/postgres/postgres_private.h"

/* The engine's session with the server. */

/* What a client is told when the server is away. */
extern const char postgres_unreachable[];

/* Connects the writer, unless it is. Errors: as pg_connect. */
MUST_CHECK enum rc postgres_reach(struct postgres_log *log, struct fault *fault);

/* Takes the transaction back where there still is a connection; else the server does. */
void postgres_roll_back(struct postgres_log *log);

/* Clears results, of which one says what failed, and takes the transaction back. RC_BUSY. */
enum rc postgres_fail(struct postgres_log *log, PGresult **results, int count, struct fault *fault);
