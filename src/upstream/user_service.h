#pragma once

#include "upstream/question.h"

/* Asks the user service whether a user exists: GET {base}/validate/{id}. 200 and `valid` not false: yes. 401,
 * 403, 429, 5xx, silence: cannot be asked. Anything else: no. Answers are kept for 60 s. Source: contract 5.
 */

enum user_verdict { USER_NOT_ASKED, USER_YES, USER_NO, USER_UNASKABLE };

struct user_service;

/* As cms_new; answers are kept for 60 s. */
MUST_CHECK enum rc user_service_new(const char *base_url, struct fetcher *fetcher,
                                    struct user_service **out_service, struct fault *fault);

/* NULL is fine. Nothing is under way any more: fetcher_stop came before. */
void user_service_free(struct user_service *service);

/* Gives what is remembered of a user; USER_NOT_ASKED: nothing is, ask with user_service_ask. Any thread. */
enum user_verdict user_service_known(struct user_service *service, const char *id);

/* Asks; trace as question_ask has it. Calls done once, on another thread or (when too many wait) at once. */
void user_service_ask(struct user_service *service, const char *id, const char *trace,
                      void (*done)(void *arg, const struct reply *reply), void *arg);

/* What the reply that done got says: USER_YES, USER_NO or USER_UNASKABLE. */
enum user_verdict user_service_verdict(const struct reply *reply);
