#pragma once

#include "face/slow.h"
#include "http/json_out.h"

/* GET /api/v1/system: how the server is doing, for an administrator; nothing of it is a secret. Source:
 * contract 9. */
extern const struct slow_handler own_system;

/* The member `upstreams`: each that is configured, and how it does; with_urls: where it is, without user,
 * password and query. */
void own_put_upstreams(struct json_out *out, struct face_context *context, bool with_urls);
