#pragma once

#include "app/command.h"
#include "http/json_out.h"

/* A course as the catalogue shows it. Contract 7. */

/* One of its items. threshold: the server's, shown where the item has none. */
void own_put_item(struct json_out *out, const struct put_item *item, const char *type, uint16_t threshold);

/* A course up to its items, whose list stays open. */
void own_put_course_head(struct json_out *out, const char *id, struct text title, struct text description,
                         bool declared, const struct staff *staff, uint32_t staff_count);

/* The whole of it, under the lock, which is given back now and then: the caller holds the definition by
 * reference. */
void own_put_course(struct json_out *out, struct view view, uint32_t course, const struct course_def *def);
