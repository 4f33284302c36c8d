#pragma once

#include <stdbool.h>

/* A private PostgreSQL server for tests (cluster.sh), with its moods. One for a program. */

/* Starts it; false: none is installed here, and the tests on it are skipped. Any other failure ends the
 * program. */
bool postgres_server_start(void);

/* Stops it and removes its directory. Fine when none was started. */
void postgres_server_stop(void);

/* The URL of its database; until it is stopped. */
const char *postgres_server_url(void);

/* Runs a text of SQL; a failure ends the program. *out_number (may be NULL): the first column of the first
 * row as a number. */
void postgres_server_run(const char *sql, long *out_number);

/* From now on, until it is called with false, a thread ends sessions of nodes at any moment. */
void postgres_server_set_deadly(bool deadly);
