#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* JSON numbers as people log them, and their sums. Whole ones are exact (128 bits hold the sum of any that
 * fit); the others are summed with 64 bits of mantissa and what each addition lost beside it, so that ten
 * times 0.1 is 1. Printed so that what reads it gets the same number. Pure; any thread. Source: contract 5,
 * numbers of logs. */

#define NUMBER_LIMIT INT64_C(1000000000000000000) /* 1e18 either way */

enum number_form { NUMBER_NONE, NUMBER_GOOD, NUMBER_TOO_LARGE };

struct number {
    bool whole; /* integer holds it */
    int64_t integer;
    double near;      /* what other readers of the text get */
    long double real; /* nearer, for sums */
};

/* Reads a JSON value's text. NUMBER_NONE: it is no number, or there is no memory; NUMBER_TOO_LARGE: beyond
 * NUMBER_LIMIT; *out is filled by NUMBER_GOOD alone. */
enum number_form number_read(const char *text, size_t size, struct number *out);

/* Compares by value: below 0 when a is less, 0 when equal, above 0 when more. */
int number_compare(const struct number *a, const struct number *b);

/* Appends a number as short as it reads back: 120 for 120, 1.2e2 and 120.0; 0 for -0. */
void number_put(struct buf *out, const struct number *number);

struct number_sum {
    uint64_t count;
    __extension__ __int128 whole;
    long double part, lost; /* those that are not whole */
    bool parts;
};

/* Adds a number that number_read found good. A sum begins as zeros. */
void number_sum_add(struct number_sum *sum, const struct number *number);

/* Appends the sum, so that what reads it gets the same number; an empty sum is 0. */
void number_sum_put(struct buf *out, const struct number_sum *sum);

/* At most four decimals, half away from zero, no zeros at the end. count is not 0. */
void number_average_put(struct buf *out, const struct number_sum *sum);
