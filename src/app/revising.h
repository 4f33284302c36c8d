#pragma once

#include "app/engine.h"

/* An edit of the catalogue that touches very many learners is a revision (model/revision.h): it is prepared a
 * few milliseconds at a time, between batches. Meanwhile other edits, and commands on what it touches, wait
 * in a line of their own: they are blocked. One thread, the engine's. */

/* Takes out of a chain what must wait for the revision; returns the others, in order. */
struct command *revising_sort_out(struct engine *engine, struct command *commands);

/* Lets a command wait for the revision; RC_BUSY, answered at once, when too many do. */
void revising_block(struct engine *engine, struct command *command);

/* A few milliseconds of the revision. Returns the chain, what was blocked before it once that may go on. */
struct command *revising_step(struct engine *engine, struct command *commands);
