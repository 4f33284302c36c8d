#pragma once

#include "http/router.h"

/* From a request's head to its route's handler. */

/* All routes of all faces: routes.c. */
extern const struct http_routes face_routes;

/* What the head of a request tells: route, method, token, rate, role, path, media type, length, in this
 * order. Answers (refuses it), suspends it for a JWK set, or lets it through with request->body_max and payer
 * set. */
void dispatch_judge(struct request *request);

/* The route's handler. */
void dispatch_handle(struct request *request);

/* dispatch_judge of the listener of metrics_listen: figures and health without a key, nothing else. */
void dispatch_judge_metrics(struct request *request);
