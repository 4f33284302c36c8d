#pragma once

struct request;

/* Contract 7: the catalogue. */
void catalog_put(struct request *request);    /* PUT /api/v1/catalog/courses/{id} */
void catalog_get(struct request *request);    /* GET /api/v1/catalog/courses/{id} */
void catalog_delete(struct request *request); /* DELETE /api/v1/catalog/courses/{id} */
void catalog_list(struct request *request);   /* GET /api/v1/catalog/courses */
