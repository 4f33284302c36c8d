#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "base/arena.h"
#include "base/fault.h"

/* Bodies in: strict JSON, bounded, and its members one by one, each refusal naming its field.
 * Source: contract 1, Errors and Ids; reliability A73 to A93. */

enum {
    JSON_MAX_DEPTH = 32,
    JSON_MAX_MEMBERS = 1000, /* of one object; core/limits.h says the same, body.c checks it */
};

/* The whole body as one object. Errors: RC_INVALID. The caller's: json_decref. */
MUST_CHECK enum rc json_in(const char *bytes, size_t size, json_t **out_root, struct fault *fault);

/* How member names are compared. */
enum spelling { SPELLING_EXACT, SPELLING_ANY_CASE };

/* A member of an object; NULL: it is absent, or null. Borrowed from the object. */
json_t *json_in_member(json_t *object, const char *name, enum spelling spelling);

/* Refuses an object with two members that differ only in case. n log n. */
MUST_CHECK enum rc json_in_case_clash(json_t *object, struct fault *fault);

/* Each reads one value (NULL: absent, RC_INVALID) and names field when it does not fit. */

/* An id: a string, or an integer (in whatever spelling) as its digits; checked, normalized, NUL-terminated in
 * the arena. */
MUST_CHECK enum rc json_in_id(struct arena *arena, const json_t *value, const char *field,
                              const char **out_id, uint32_t *out_size, struct fault *fault);

/* courseroom's ids and integers: an integer, digit text, or an integral number such as 120.0; 0..2^63-1. */
MUST_CHECK enum rc json_in_whole(const json_t *value, const char *field, int64_t *out, struct fault *fault);

/* A whole number between two bounds, in either spelling: 12, 12.0, 1.2e1; no text. What is not written as an
 * integer is only known as a double, and is taken below 2^53, where that is exact. */
MUST_CHECK enum rc json_in_integer(const json_t *value, const char *field, int64_t low, int64_t high,
                                   int64_t *out, struct fault *fault);

/* 0 to 100 in hundredths, rounded half up; 10,000 is 100 alone, which completes: 99.996 is 9,999. */
MUST_CHECK enum rc json_in_percent(const json_t *value, const char *field, uint16_t *out_hundredths,
                                   struct fault *fault);

/* A number between two bounds (in units), rounded half up to 1 / 10^digits. */
MUST_CHECK enum rc json_in_scaled(const json_t *value, const char *field, unsigned digits, int64_t low,
                                  int64_t high, int64_t *out_scaled, struct fault *fault);

/* Reads true or false. */
MUST_CHECK enum rc json_in_bool(const json_t *value, const char *field, bool *out, struct fault *fault);

/* Reads a string of at most max bytes; *out borrows from the value. */
MUST_CHECK enum rc json_in_text(const json_t *value, const char *field, size_t max, const char **out,
                                struct fault *fault);

/* Reads an ISO 8601 instant or date, as instant_parse does. */
MUST_CHECK enum rc json_in_instant(const json_t *value, const char *field, int64_t *out_ms,
                                   struct fault *fault);

/* The text of each member's value as it was sent: the object's members in order, as core/members.h bytes in
 * the arena. root is what parsing body gave; name: the member whose object it is, NULL for the body itself.
 * skip (may be NULL) says which members to leave out. */
MUST_CHECK enum rc json_in_members(struct arena *arena, const char *body, size_t size, json_t *root,
                                   const char *name, bool (*skip)(const char *name),
                                   const uint8_t **out_members, uint32_t *out_size, struct fault *fault);
