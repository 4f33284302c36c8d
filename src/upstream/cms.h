#pragma once

#include "upstream/question.h"

/* Titles and durations from the CMS: GET {base}/courses/{id} and /videos/{id}, members title or name,
 * durationSeconds or duration. 404 is kept like an answer; a failure is kept for 5 s and gives nothing.
 * Source: contract 2, CMS. */

enum cms_kind { CMS_COURSE, CMS_VIDEO };

struct cms;

/* base_url without a slash at its end is fine; copied. fetcher: borrowed for life. ttl_ms: how long an answer
 * is kept. Errors: RC_BUSY, out of memory. */
MUST_CHECK enum rc cms_new(const char *base_url, struct fetcher *fetcher, int64_t ttl_ms,
                           struct cms **out_cms, struct fault *fault);

/* NULL is fine. Nothing is under way any more: fetcher_stop came before. */
void cms_free(struct cms *cms);

/* Gives what is remembered of a course or video. False: nothing is; ask with cms_ask. A title of "": the CMS
 * knows none. Any thread. */
bool cms_known(struct cms *cms, enum cms_kind kind, const char *id, char *out_title, size_t room,
               int64_t *out_duration_s);

/* Asks the CMS for a course or video; trace as question_ask has it; done is called once, on the fetcher's
 * thread or at once. What came is remembered by then. Any thread. */
void cms_ask(struct cms *cms, enum cms_kind kind, const char *id, const char *trace,
             void (*done)(void *arg, const struct reply *reply), void *arg);

/* Forgets what is remembered (webhooks course-updated, video-updated). */
void cms_drop(struct cms *cms, enum cms_kind kind, const char *id);
