#pragma once

#include "store/sqlite/sqlite_private.h"

/* The version of events.db's tables that this program reads and writes. */
enum { SQLITE_SCHEMA_VERSION = 4 };

/* Makes the tables, or brings those of an older version up to date. */
MUST_CHECK enum rc sqlite_bring_schema_up(struct store *store, struct fault *fault);

/* Whether a file's schema is, text by text, one that this program or one before it made as that version: no
 * table or index is missing, and nothing is there that could run. Source: reliability A172. */
bool sqlite_schema_is_ours(sqlite3 *db, int64_t version);
