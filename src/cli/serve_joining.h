#pragma once

#include "cli/serve.h"

/* A node listens while it catches up with the log that it shares: /readyz (503) and metrics_listen's /metrics
 * say how far it is, /healthz that it lives, once that takes seconds; everything else is answered 503 until
 * it is one of the nodes. A server of its own listens when it is ready. */

/* Starts to listen, when the settings name a database; before any signal may come. 0, or an exit status. */
int serve_join_begin(struct server *server);

/* What the start tells of itself: for cli_open_until; arg is the server. */
void serve_join_see(void *arg, struct log *log, uint64_t turn, uint64_t sequence);

/* From here on requests are answered by the faces: they are whole. Starts to listen, unless it does. */
MUST_CHECK enum rc serve_join_end(struct server *server, struct fault *fault);

/* Becomes one of the nodes of the log that is shared, before anything is written. RC_CONFLICT: one that runs
 * has other settings. */
MUST_CHECK enum rc serve_join_enter(struct server *server, struct fault *fault);
