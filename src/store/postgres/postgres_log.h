#pragma once

#include <stdbool.h>

#include "store/log.h"

/* The log that many nodes share in a PostgreSQL database: one row a turn. Source: docs/decisions/0023. */

struct postgres_place {
    const char *url;                                /* as libpq reads it */
    const char *name;                               /* of the log: a database may hold several */
    void (*say)(const char *what, const char *why); /* as a store_place's */
};

/* Whether the text is a URL of a PostgreSQL database that libpq can read. */
bool postgres_is_url(const char *url);

/* For store_open_on; what: a postgres_place. Open: RC_INVALID, the server does not let this program in or may
 * not be used so; RC_BUSY, it cannot be reached. */
extern const struct log_methods postgres_log;
