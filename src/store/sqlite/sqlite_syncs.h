#pragma once

#include "store/sqlite/sqlite_private.h"

/* How long the fsyncs of events.db's WAL take, which SQLite does not tell: its file gets an xSync of ours.
 * Before each commit; costs a look at a lock that nobody else wants. */
void sqlite_time_syncs(struct store *store);
