#pragma once

#include "app/command.h"
#include "base/fault.h"

/* When an item comes to a course, those who had reported it are enrolled there (contract 1, Enrolment). They
 * may be very many, each costs a copy of what they have, and one learner's report may bring it about: so they
 * are enrolled a few at a time, with the batches that come after. A PUT that caused it is answered when all
 * are. The ledger has a list of what is under way for each node, so that a start after a kill goes on with
 * it, and another node with what a dead one began. The engine's thread. docs/decisions/0004, 0029. */

struct batch;
struct adoption;
struct adoption_list;

/* What a list's key begins with; of a directory that is a log of its own: all of it. */
#define ADOPTING_LEDGER "adopting"

struct adoptions {
    struct adoption *first, *last;       /* committed, not over; one after the other */
    struct adoption *fresh, *last_fresh; /* of this batch */
    struct adoption_list *lists;         /* all that the ledger has; first this node's own */
    struct adoption_list *noted;         /* which this batch writes, */
    const char *noted_value;             /* and what */
    struct command *over;                /* to be answered: adopting_over */
    bool later;                          /* the engine's thread runs: they may wait */
    uint32_t stepped;                    /* so many of the first move on with this batch */
};

/* Whether those who hold the item are left to later batches. */
bool adopting_must_wait(const struct batch *batch, const struct command *command, uint32_t item);

/* Leaves them. The command has to outlive it: it is handed back by adopting_over. */
MUST_CHECK enum rc adopting_add(struct batch *batch, struct command *command, uint32_t item, uint32_t course,
                                struct fault *fault);

/* Enrols some of them with this batch. */
MUST_CHECK enum rc adopting_step(struct batch *batch, struct fault *fault);

/* What the ledger says once the batch is committed, in the batch's arena; both stay as they are: as before.
 */
MUST_CHECK enum rc adopting_note(struct batch *batch, const char **out_key, const char **out_value,
                                 struct fault *fault);

/* After the commit. */
void adopting_publish(struct batch *batch);

/* The commands all of whose adoptions are over since the last call; NULL: there are none. */
struct command *adopting_over(struct batch *batch);

/* When the batch is abandoned: what it added is forgotten. */
void adopting_abandon(struct batch *batch);

/* The engine stops: what is left the next start goes on with, or another node; nobody waits for it any more.
 */
void adopting_give_up(struct batch *batch);

/* Frees what is left; no command is answered by it. */
void adoptions_done(struct adoptions *adoptions);

/* A batch of another node says in the ledger that it goes on with a list, and what is left of it: this node
 * does so no more, and of its own list what is gone is over. Any key. */
void adopting_heard(struct batch *batch, const char *key, const char *value);

/* Nothing came for long of a list: queues what is left of it. False: that is none. */
bool adopting_take_over(struct batch *batch, uint64_t what, enum rc *out_rc, struct fault *fault);

/* At a start: reads from the ledger what a kill left undone, and queues it. */
MUST_CHECK enum rc adopting_resume(struct batch *batch, struct fault *fault);
