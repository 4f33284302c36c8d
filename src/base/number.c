#include "base/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__extension__ typedef __int128 wide;

enum number_form number_read(const char *text, size_t size, struct number *out)
{
    char few[128], *all = few, *end;

    if (size == 0 || !strchr("-0123456789", text[0]))
        return NUMBER_NONE;
    if (size >= sizeof few && !(all = malloc(size + 1)))
        return NUMBER_NONE; /* out of memory: left out of a sum */
    memcpy(all, text, size);
    all[size] = '\0';
    long double real = strtold(all, &end);
    bool read = end == all + size;
    double near = strtod(all, NULL);
    if (all != few)
        free(all);
    if (!read)
        return NUMBER_NONE;
    if (!(near >= -(double)NUMBER_LIMIT && near <= (double)NUMBER_LIMIT))
        return NUMBER_TOO_LARGE;
    bool whole = real == truncl(real);
    *out = (struct number){whole, whole ? (int64_t)real : 0, near, real};
    return NUMBER_GOOD;
}

int number_compare(const struct number *a, const struct number *b)
{
    if (a->whole && b->whole)
        return a->integer < b->integer ? -1 : a->integer > b->integer;
    return a->real < b->real ? -1 : a->real > b->real;
}

/* The shortest text that strtod reads as the same. */
static void put_real(struct buf *out, double real)
{
    char text[40];

    if (real == 0)
        real = 0; /* not -0 */
    for (int digits = 15; digits <= 17; digits++) {
        (void)snprintf(text, sizeof text, "%.*g", digits, real); /* fits */
        if (strtod(text, NULL) == real)
            break;
    }
    buf_text(out, text);
}

static void put_wide(struct buf *out, wide value)
{
    char text[48], *at = text + sizeof text;
    bool negative = value < 0;

    do {
        int digit = (int)(value % 10);
        *--at = (char)('0' + (digit < 0 ? -digit : digit));
        value /= 10;
    } while (value != 0);
    if (negative)
        *--at = '-';
    buf_add(out, at, (size_t)(text + sizeof text - at));
}

void number_put(struct buf *out, const struct number *number)
{
    if (number->whole)
        buf_int(out, number->integer);
    else
        put_real(out, number->near);
}

void number_sum_add(struct number_sum *sum, const struct number *number)
{
    sum->count++;
    if (number->whole) {
        sum->whole += number->integer;
        return;
    }
    long double added = sum->part + number->real;
    sum->lost += fabsl(sum->part) >= fabsl(number->real) ? sum->part - added + number->real
                                                         : number->real - added + sum->part; /* Neumaier */
    sum->part = added;
    sum->parts = true;
}

static long double real_sum(const struct number_sum *sum)
{
    return (long double)sum->whole + (sum->part + sum->lost);
}

void number_sum_put(struct buf *out, const struct number_sum *sum)
{
    if (sum->parts)
        put_real(out, (double)real_sum(sum));
    else
        put_wide(out, sum->whole);
}

/* Cuts the zeros at the end of a text with a point. */
static void put_trimmed(struct buf *out, char *text)
{
    size_t size = strlen(text);

    while (text[size - 1] == '0')
        text[--size] = '\0';
    if (text[size - 1] == '.')
        text[--size] = '\0';
    buf_text(out, strcmp(text, "-0") == 0 ? "0" : text);
}

void number_average_put(struct buf *out, const struct number_sum *sum)
{
    char text[64];
    wide count = (wide)sum->count;

    if (sum->parts) {
        /* at most 1e18 */
        (void)snprintf(text, sizeof text, "%.4Lf", real_sum(sum) / (long double)sum->count);
        put_trimmed(out, text);
        return;
    }
    bool negative = sum->whole < 0;
    wide size = negative ? -sum->whole : sum->whole, scaled = (size * 20000 + count) / (2 * count);
    (void)snprintf(text, sizeof text, "%s%lld.%04d", negative ? "-" : "", (long long)(scaled / 10000),
                   (int)(scaled % 10000)); /* fits */
    put_trimmed(out, text);
}
