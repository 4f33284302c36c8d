#pragma once

#include "cli/serve.h"

/* What stands beside the listener. Errors are said, or in *fault. */

/* Fetchers for the other services that the settings name. 0, or an exit status. */
int serve_start_upstreams(struct server *server);

/* The push. Streams leave a quarter of the descriptors to everything else. */
MUST_CHECK enum rc serve_start_hub(struct server *server, struct fault *fault);

/* Whether listen and metrics_listen name addresses. What is wrong is said. 0, or an exit status. */
int serve_check_addresses(const struct settings *settings);

/* metrics_listen: a listener of its own, so that figures need no key and the main port can face the world.
 * judge and observe as in struct http_settings. */
MUST_CHECK enum rc serve_start_metrics(struct server *server, void (*judge)(struct request *request),
                                       void (*observe)(struct face_context *context, struct request *request,
                                                       uint64_t microseconds),
                                       struct fault *fault);

/* A listener of the settings' ports that the faces answer. */
struct http_settings serve_listener(struct server *server);
