#pragma once

#include "app/command.h"

/* The commands that wait for the engine, and how they become batches. */

struct engine;

/* a command with so many reports or users waits in a line of its own */
enum { LARGE_FROM = 64 };

/* First in, first out, linked by command->next. */
struct line {
    struct command *head, *last; /* NULL: none waits */
    uint32_t count;
};

/* Puts one at the end. */
void queue_join(struct line *line, struct command *command);

/* How many learners' or items' states the command works on. */
uint32_t queue_weight(const struct command *command);

/* Whether the command is a batch of its own. */
bool queue_is_alone(const struct engine *engine, const struct command *command);

/* A chain of all that waits and is small, then a little of what is large: who sends a small write waits for
 * one large command of others at most, not for all that came before. NULL: nothing waits. Lock held. */
struct command *queue_take(struct engine *engine);

/* Puts what is small and came since behind the last of a batch of small commands, as far as one batch takes.
 */
void queue_gather(struct engine *engine, struct command *commands);

/* Cuts a batch off a chain: at most BATCH_MAX; an edit alone, and what may work like one; what is large not
 * with what is small, which would wait for it. Returns what is left for the next. */
struct command *queue_cut_batch(const struct engine *engine, struct command *first);
