#pragma once

#include "http/request.h"

/* How a request waits or is suspended, is resumed and ends. The first five are for handlers, the rest for the
 * server. */

/* Suspends the request until request_resume, for as long as it takes; then resumed is called on its loop's
 * thread. Whoever is handed the request may use all of it, its headers too. */
void request_suspend(struct request *request, void (*resumed)(struct request *request));

/* The same for a wait of milliseconds, as for a commit: the connection stays among those its loop looks at,
 * which saves two system calls. It is handed to the server's turn_over when this turn of the loop is over,
 * with all others that began to wait in it. Its client may leave meanwhile, so who gets it uses what lies in
 * the request's own memory (arena, out), and no header. */
void request_wait(struct request *request, void (*resumed)(struct request *request));

/* The same for a wait of tens of milliseconds, as for a turn among several nodes: the connection is taken out
 * of those its loop looks at, since looking at them all that while costs more than the two calls do. */
void request_wait_long(struct request *request, void (*resumed)(struct request *request));

/* Runs the handler of a suspended request on this thread, which is none of the server's, and resumes it
 * unless the handler gave it to somebody else: within it request_suspend and request_wait do what they do on
 * the loop.
 */
void request_handle_apart(struct request *request, void (*handler)(struct request *request));

/* The `resumed` of a request that was suspended so that request_handle_apart could have it. */
void request_handled_apart(struct request *request);

/* Once for each request_wait or request_suspend, from any thread. The request may be gone afterwards. */
void request_resume(struct request *request);

/* Whether nobody has resumed the request yet. False: it was resumed, and its `resumed` is to be called now.
 * Loop's thread. */
bool request_is_waiting(struct request *request);

/* The request's connection is gone, or its answer was sent: it goes back to the loop's pool. A request that
 * still waits for somebody goes back when that somebody resumes it, so it is never given back twice. Loop's
 * thread. */
void request_end(struct request *request);

/* Takes the request's connection out of the library's set: nothing of it is read or sent until
 * request_resume. Loop's thread. */
void request_suspend_connection(struct request *request);
