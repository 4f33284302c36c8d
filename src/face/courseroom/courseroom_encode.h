#pragma once

#include "face/body.h"
#include "base/zone.h"
#include "face/show.h"

/* The objects of courseroom's answers. */

/* {"success":true,"message":M,"results": - the caller writes the results, then closes with '}'. */
void courseroom_open(struct json_out *out, const char *message);

/* One enrollments object, or null. */
void courseroom_put_enrolment(struct json_out *out, struct view view, const struct zone *zone,
                              struct text user, const struct enrolment *enrolment);

/* progressPercent as courseroom shows it: "100.00". */
void courseroom_put_percent(struct json_out *out, const struct record *record);

/* One entry of activityLogs. */
void courseroom_put_activity(struct json_out *out, struct view view, const struct zone *zone,
                             struct text user, const struct record *record);

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
