#pragma once

struct request;

/* What belongs to no document: health, figures and the description of all routes (openapi.c). */

/* GET /healthz: that the process answers. */
void own_server_healthz(struct request *request);

/* GET /readyz: whether a write would be taken, and if not why. */
void own_server_readyz(struct request *request);
void own_server_openapi(struct request *request); /* OpenAPI 3.1 */
void own_server_metrics(struct request *request); /* Prometheus' text form */
