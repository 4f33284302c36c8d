#pragma once

struct request;

/* What belongs to no document: health and figures. */
void server_healthz(struct request *request);
void server_readyz(struct request *request);
void server_openapi(struct request *request); /* OpenAPI 3.1 */
void server_page(struct request *request);    /* the dashboard and its files */
void server_metrics(struct request *request); /* Prometheus' text form */
