#pragma once

struct request;

/* What belongs to no document: health. */
void server_healthz(struct request *request);
void server_readyz(struct request *request);
