#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"
#include "core/record.h"

/* Entity tags: what If-Match compares. Pure; any thread. Source: contract 1; RFC
 * 9110 8.8.3. */

/* The longest tag, with its NUL. */
enum { ETAG_BYTES = 48 };

/* The tag of a (learner, item). record NULL: "" (nothing stored). */
void etag_of_record(const struct record *record, char out[ETAG_BYTES]);

/* The tag of a record that is shown with a duration that is not its own: the record's, a dot and that. A
 * write compares what comes before the dot. */
void etag_of_watched(const struct record *record, int64_t duration_ms, char out[ETAG_BYTES]);

/* The tag of a log entry. updated_ms: when it was last written. */
void etag_of_log(uint64_t log_id, int64_t updated_ms, char out[ETAG_BYTES]);

/* The tag of a course. threshold: the server's, in hundredths, which is shown where an item has none. */
void etag_of_course(uint32_t key, uint64_t version, uint16_t threshold, char out[ETAG_BYTES]);

/* Whether a write may go on. if_match: the header as it came, "*" or a list of quoted tags; NULL: there was
 * none, every write may. etag: without quotes; "" nothing is stored, which nothing but NULL matches. */
bool etag_matches(const char *if_match, const char *etag);

/* Whether a write of this record (NULL: nothing stored) may go on. Errors: RC_STALE_MATCH. */
MUST_CHECK enum rc etag_check(const char *if_match, const struct record *record, struct fault *fault);
