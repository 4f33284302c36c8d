#pragma once

struct request;

/* GET /api/v1/users/{id}/export: all that is kept of a person, in steps. Contract 7. */
void own_export(struct request *request);
