#pragma once

#include "face/pts/pts_titles.h"
#include "http/json_out.h"

/* A video as pts shows it. record NULL: a declared video that was not started. id: as somebody named it. */
void pts_put_video(struct json_out *out, struct titles *titles, struct view view, uint32_t item,
                   const char *id, const struct record *record);

/* The learner's record of an item, if somebody reported it. learner may be NULL. */
const struct record *pts_reported(const struct learner *learner, uint32_t item);
