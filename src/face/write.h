#pragma once

#include "app/command.h"
#include "face/body.h"
#include "face/face.h"

/* A write: one command, from the body to the engine's answer. */

struct write_handler {
    enum command_kind kind;
    /* Fills the command from the body (root NULL: none came) and the path: whose it is, what it is about.
     * The path's learner and course are in it already. NULL: they are all. */
    enum rc (*decode)(struct request *request, const struct body *body, struct command *command,
                      struct fault *fault);
    /* In place of the route's rule, where what is asked for says which rule holds. Under the lock. */
    enum rc (*may)(struct request *request, struct view view, struct command *command, struct fault *fault);
    /* What must come before the engine, and perhaps waits for somebody; then write_submit. NULL: nothing. */
    void (*before)(struct request *request, struct command *command);
    /* The body of a success, from what the view shows. */
    void (*encode)(struct command *command, struct view view);
    /* In place of an answer that is outdated: command.h. NULL: it is answered like any refusal. */
    void (*again)(struct command *command);
    /* decode or before looks into the model or the files, which are at the log's head by then. */
    bool looks;
    enum spelling spelling; /* of the body's members */
    bool all_or_nothing;    /* of several reports; else each stands alone */
    bool engine_asks;       /* only the engine finds out whose it is, and asks */
};

/* Answers a request of a route that has .write. */
void write_handle(struct request *request);

/* Hands request->command to the engine and answers the request when it is done. Takes Idempotency-Key into
 * account. */
void write_submit(struct request *request);

/* Room for count reports in a command; false: out of memory. */
bool face_reports(struct request *request, struct command *command, uint32_t count);

/* The writes of one turn of an event loop go to the engine together: they wake it once and are committed
 * together. */
void face_turn_over(struct face_context *context, struct request *first);
