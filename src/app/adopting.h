#pragma once

#include "app/command.h"
#include "base/fault.h"

/* When an item comes to a course, those who had reported it are enrolled there (contract 1, Enrolment). They
 * may be very many, each costs a copy of what they have, and one learner's report may bring it about: so they
 * are enrolled a few at a time, with the batches that come after. A PUT that caused it is answered when all
 * are. The event file's ledger says what is under way, so that a start after a kill goes on with it. The
 * engine's thread. docs/decisions/0004. */

struct batch;
struct adoption;

struct adoptions {
    struct adoption *first, *last;       /* committed, not over; one after the other */
    struct adoption *fresh, *last_fresh; /* of this batch */
    bool later;                          /* the engine's thread runs: they may wait */
    bool stepped;                        /* the first one moves on with this batch */
};

/* Whether those who hold the item are left to later batches. */
bool adopting_must_wait(const struct batch *batch, const struct command *command, uint32_t item);

/* Leaves them. The command has to outlive it: it is handed back by adopting_publish. */
MUST_CHECK enum rc adopting_add(struct batch *batch, struct command *command, uint32_t item, uint32_t course,
                                struct fault *fault);

/* Enrols some of them with this batch. */
MUST_CHECK enum rc adopting_step(struct batch *batch, struct fault *fault);

/* What the ledger says once the batch is committed, in the batch's arena; NULL in *out_value: as before. */
MUST_CHECK enum rc adopting_note(struct batch *batch, const char **out_value, struct fault *fault);
#define ADOPTING_LEDGER "adopting"

/* After the commit: the command that is to be answered now, or NULL. */
struct command *adopting_publish(struct batch *batch);

/* When the batch is abandoned: what it added is forgotten. */
void adopting_abandon(struct batch *batch);

/* The engine stops: the next command that waits for an adoption which the next start goes on with; NULL: no
 * more. */
struct command *adopting_give_up(struct batch *batch);

/* Frees what is left; no command is answered by it. */
void adoptions_done(struct adoptions *adoptions);

/* At a start: reads from the ledger what a kill left undone, and queues it. */
MUST_CHECK enum rc adopting_resume(struct batch *batch, struct fault *fault);
