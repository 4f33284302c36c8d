#pragma once

#include "app/service.h"
#include "http/json_out.h"

/* One person's enrolments and records, with all that is kept of them. Contract 7. */
void own_put_enrolment(struct json_out *out, struct arena *arena, struct view view,
                       const struct enrolment *enrolment);

/* One record as a learner's own data shows it. */
void own_put_record(struct json_out *out, struct view view, const struct record *record);
