#pragma once

#include "app/command.h"

/* What each face calls the parts of a command, for refusals that only the engine can find. */

/* By enum command_part; NULL: refusals of that part name nothing. Lives as long as the program. */
const char *const *face_part_names(enum event_face face);
