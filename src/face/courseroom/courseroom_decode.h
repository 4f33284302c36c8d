#pragma once

#include "face/body.h"
#include "model/model.h"

/* courseroom's ids are integers. Contract 3. */

/* A path parameter as courseroom's integer id. */
MUST_CHECK enum rc courseroom_param(struct request *request, int index, const char *field, struct text *out,
                                    struct fault *fault);

/* A body member as courseroom's integer id, as text. */
MUST_CHECK enum rc courseroom_id(struct request *request, const struct body *body, const char *name,
                                 struct text *out, struct fault *fault);

/* The same of an element of a list. */
MUST_CHECK enum rc courseroom_id_of(struct request *request, json_t *value, const char *name,
                                    struct text *out, struct fault *fault);

/* The course of a route for its staff alone: path, right, existence, in that order. */
MUST_CHECK enum rc courseroom_course(struct request *request, struct view view, uint32_t *out_course,
                                     struct fault *fault);
