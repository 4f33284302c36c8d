#pragma once

struct request;

/* Contract 7: the catalogue. */
void own_catalog_put(struct request *request);    /* PUT /api/v1/catalog/courses/{id} */
void own_catalog_get(struct request *request);    /* GET /api/v1/catalog/courses/{id} */
void own_catalog_delete(struct request *request); /* DELETE /api/v1/catalog/courses/{id} */
void own_catalog_list(struct request *request);   /* GET /api/v1/catalog/courses */
