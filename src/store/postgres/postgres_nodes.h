#pragma once

#include "store/postgres/postgres_private.h"

/* The nodes that run on the log: a row each, written every few seconds by the listener's thread, read with
 * it. */

enum { NODES_EVERY_MS = 2000 };

/* log_enter. */
MUST_CHECK enum rc postgres_enter(struct log *log, const struct log_presence *presence, struct fault *fault);

/* Connects, unless it is, for a node that the others know. One that was cut off, or not heard of, enters
 * again: others may have been started with other settings meanwhile. RC_CONFLICT: as log_enter. Else as
 * pg_connect. Whose thread the connection is. */
MUST_CHECK enum rc postgres_nodes_connect(struct postgres_log *log, struct pg_connection *connection,
                                          bool statements, struct fault *fault);

/* log_nodes. */
size_t postgres_nodes(struct log *log, struct log_node *out, size_t max);

/* Says that this node is there and how far it is, and takes over what the others said; rows of those not
 * heard of for a minute go. Nothing, when it has not entered. connection: without statements. False: the
 * connection is lost, or worth nothing. */
bool postgres_nodes_tell(struct postgres_log *log, struct pg_connection *connection);

/* Takes this node's row away: it ends. */
void postgres_nodes_leave(struct postgres_log *log, struct pg_connection *connection);
