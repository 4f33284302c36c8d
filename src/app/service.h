#pragma once

#include "app/command.h"
#include "app/engine_state.h"
#include "model/view.h"

/* What faces hold of the application: what is to be done goes in as a command, what is shown comes out as a
 * view, what was as a history. Behind it are the engine, the store and the model, which no face names. Any
 * thread, unless it says otherwise. */

struct service;
struct engine;
struct history;

/* Of an engine, which is borrowed and outlives it. Errors: RC_BUSY, out of memory. */
MUST_CHECK enum rc service_new(struct engine *engine, struct service **out_service, struct fault *fault);

/* Nobody asks it any more. NULL is fine. */
void service_free(struct service *service);

/* Hands a chain of commands over; each is answered through its done. Returns those that were not taken, with
 * why in fault (RC_BUSY): engine_submit. */
MUST_CHECK struct command *service_submit(struct service *service, struct command *commands,
                                          struct fault *fault);

/* What is shown now. Until service_read_end nothing of it changes and nothing is published: no blocking calls
 * in between. */
struct view service_read_begin(struct service *service);

/* Gives the lock back; of any view that is held. */
void service_read_end(struct view view);

/* The same view, not held: for who takes its lock a piece at a time. */
struct view service_view(struct service *service);

/* The sequence of the last event that is shown. Takes the model's lock for a moment. */
uint64_t service_published(struct service *service);

/* What lists of learners, figures and references to a learner are made from; only to be handed on. */
struct model *service_model(struct service *service);

/* What histories and log entries are read from: not by a thread that must not wait. */
const struct history *service_history(struct service *service);

/* Where other nodes write the log, too: leaves a text for whoever takes it first within so many seconds, on
 * any node, under a name of 64 digits. A crash of the log may lose it. RC_BUSY: the log cannot be reached.
 * Not for a thread that must not wait. */
MUST_CHECK enum rc service_leave(struct service *service, const char *name, const char *text, int seconds,
                                 struct fault *fault);

/* Takes it, appended to out: nobody else gets it. RC_NOT_FOUND: it is not there, or no more. Else as
 * service_leave. */
MUST_CHECK enum rc service_claim(struct service *service, const char *name, struct buf *out,
                                 struct fault *fault);

/* The engine behind it, for app/system_figures.c alone. */
struct engine *service_engine(struct service *service);

/* What the log cost, where other nodes write it too. Takes the engine's lock for a moment. */
struct log_costs service_log_costs(struct service *service);

/* How the server is, at one instant. Takes the engine's lock for a moment. */
struct engine_state service_state(struct service *service);

/* How long commands waited, batches took to decide and to commit, and how many commands one held. As long as
 * the service. Any thread. */
const struct engine_timings *service_timings(const struct service *service);

/* How long the fsyncs of its commits took (store_sync_times). As long as the service. Any thread. */
const struct histogram *service_sync_times(const struct service *service);

/* How long its checkpoints took to write (histogram_times_us). As long as the service. Any thread. */
const struct histogram *service_checkpoint_times(const struct service *service);
