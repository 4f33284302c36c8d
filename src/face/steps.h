#pragma once

#include "face/slow.h"

/* Answers with 200 and what the steps of a slow read make: whole, with ETag, up to 512 KiB; from then on a
 * piece at a time, as its client takes it. A refusal before that is the answer; a later one breaks it off. */
void steps_answer(struct slow *slow);
