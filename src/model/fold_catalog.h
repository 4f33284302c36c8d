#pragma once

#include "core/event.h"
#include "model/fold_copies.h"

/* Events of the catalogue, one function each: the definitions, and every learner whom they touch. Errors:
 * RC_BUSY, out of memory; RC_INTERNAL, no decision lets the event pass. */
enum rc fold_course_declared(struct fold *fold, const struct event *event);

/* EV_COURSE_UNDECLARED: the course becomes observed, or unknown; items that nobody reported leave it. */
enum rc fold_course_undeclared(struct fold *fold, const struct event *event);

/* The course is known from here on, and was changed now: EV_COURSE_OBSERVED, and whatever tells of a course
 * beside what it is for. RC_BUSY: out of memory. */
enum rc fold_see_course(struct fold *fold, uint32_t key, const struct event *event);

/* EV_ITEM_OBSERVED: the first sight of an item, its coming to a course, or a type from a better source. */
enum rc fold_item_observed(struct fold *fold, const struct event *event);

/* What is shown of the course is another now: its tag changes. False: out of memory. */
bool fold_show_otherwise(struct fold *fold, uint32_t key, const struct event *event);

/* A course that loses items says so now; which, when all of them are elsewhere: fold_settle_lists. NULL: out
 * of memory. */
struct course_def *fold_lose_items(struct fold *fold, uint32_t course_key, const struct event *event);

/* The courses that lost items to this event keep those that are still theirs. Each is gone through once.
 * Their rosters are looked at when the whole edit is in place: half of one would complete courses that are
 * not complete. */
enum rc fold_settle_lists(struct fold *fold);
