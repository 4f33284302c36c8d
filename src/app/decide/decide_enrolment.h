#pragma once

#include "app/command.h"

/* Enrol, drop, expire, certify. Source: contract 1, Enrolment; 2, webhook; 3, certify. The engine's thread.
 * */

struct batch;

/* Decides one command of these four, for one learner or a webhook's several. Errors: as those sources say;
 * RC_BUSY: out of memory, the whole batch must be abandoned. */
MUST_CHECK enum rc decide_enrolment(struct batch *batch, struct command *command);
