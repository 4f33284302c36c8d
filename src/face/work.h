#pragma once

#include "face/face.h"

/* Reads that may wait for the disk or take long: done by the workers, a caller's one after the other. */

/* Who pays for what a request costs: its caller, as a number; the line that the caller's work waits in. Two
 * callers may share one, by a chance that nobody can bring about. */
uint64_t face_line(struct request *request);

/* A read that may wait for the disk: work runs on a worker's thread and fills request->out; then answers on a
 * server thread (NULL: 200 with what is in out). A refusal of work is the answer. */
void face_work(struct request *request, enum rc (*work)(struct request *request, struct fault *fault),
               void (*then)(struct request *request));

/* The same for what reads the events of a person's life, or of the whole catalogue, in one go: it leaves half
 * of the workers to others. */
void face_work_long(struct request *request, enum rc (*work)(struct request *request, struct fault *fault),
                    void (*then)(struct request *request));

/* Puts a job that answers the request, which is suspended, into its caller's line. Errors: RC_TOO_MANY,
 * RC_BUSY: it is not queued. */
MUST_CHECK enum rc face_queue(struct request *request, struct job *job, struct fault *fault);
