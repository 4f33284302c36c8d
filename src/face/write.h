#pragma once

#include "app/command.h"
#include "face/face.h"

/* Commands: from what was decoded to the answer of the engine. */

/* A command in the request's arena, with actor, If-Match and rights of the caller filled in; NULL: out of
 * memory. */
struct command *face_command(struct request *request, enum command_kind kind, enum event_face face,
                             struct text learner);

/* Room for count reports in a command; false: out of memory. */
bool face_reports(struct request *request, struct command *command, uint32_t count);

/* Hands the command to the engine and answers the request when it is done: encode writes the body of a
 * success. Takes Idempotency-Key into account. */
void face_submit(struct request *request, struct command *command,
                 void (*encode)(struct command *command, struct view view));

/* The writes of one turn of an event loop go to the engine together: they wake it once and are committed
 * together. */
void face_turn_over(struct face_context *context, struct request *first);
