#pragma once

#include "app/service.h"
#include "base/text.h"
#include "base/zone.h"
#include "http/json_out.h"

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
