#pragma once

#include "app/engine.h"

/* What goes wrong with what the engine writes, noted in its state and said once. The engine's thread. */

/* The process must end, and says why, once: the fault, at what it befell. */
void commit_note_broken(struct engine *engine, const char *what, const struct fault *fault);

/* The node's own files take no copy of what the log has, since its disk is full, or do again (why NULL). It
 * holds no write up that is not stored: the log has it, and this node follows when there is room. */
void commit_note_copying(struct engine *engine, const char *why);

/* A commit failed, or one succeeded while they failed. They succeed again when there is room for more than
 * what happened to fit: a full disk still takes a small write now and then, and who asks must not hear yes
 * and no in turn (R10). Also asked by an engine with nothing to do, so that a server which gets no writes
 * because it is not ready becomes ready. why: the store's text, for the operator; may be NULL. */
void commit_note_failing(struct engine *engine, bool failed, const char *why);
