#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Instants are int64_t milliseconds since 1970-01-01T00:00:00Z; days are int32_t since 1970-01-01.
 * Pure: no clock here. Years 0001 to 9999. */

#define DAY_MS INT64_C(86400000)

/* No instant: before all of them, so that any is later. (0 is one: midnight of 1970-01-01.) */
#define INSTANT_NEVER INT64_MIN
enum { INSTANT_TEXT_BYTES = 25 };

/* What kind of text instant_parse found. */
enum instant_form { INSTANT_NONE, INSTANT_DATE, INSTANT_FULL };

/* Reads YYYY-MM-DD (midnight UTC) or an instant as RFC 3339 and databases write it: YYYY-MM-DD, T or a space,
 * HH:MM[:SS[.fraction]], then [ ]Z, +HH:MM, +HHMM, +HH or nothing (UTC). Second 60 is the next one: a leap
 * second. Digits past the millisecond are cut. INSTANT_NONE: neither, *out_ms untouched. Source: contract 1,
 * progress rule 4; reliability A93. */
enum instant_form instant_parse(const char *text, size_t size, int64_t *out_ms);

/* Writes an instant as "2025-10-13T17:50:51.683Z", NUL-terminated. */
void instant_format(int64_t ms, char out[INSTANT_TEXT_BYTES]);

/* The UTC day that holds the instant, counted from 1970-01-01; days before are negative. */
int32_t instant_day(int64_t ms);

struct civil {
    int year;
    unsigned month, day, hour, minute, second, millisecond; /* month 1-12 */
};

/* The UTC calendar fields of an instant. */
struct civil instant_civil(int64_t ms);

/* Days since 1970 of a calendar date (proleptic Gregorian). */
int32_t instant_day_of(int year, unsigned month, unsigned day);
