#include "base/instant.h"

#include <stdio.h>

/* 0001-01-01T00:00:00.000Z and 9999-12-31T23:59:59.999Z. */
#define FIRST_MS INT64_C(-62135596800000)
#define LAST_MS INT64_C(253402300799999)

/* Civil-from-days and back: Howard Hinnant's public algorithms, exact for all years. */
int32_t instant_day_of(int year, unsigned month, unsigned day)
{
    year -= month <= 2;
    int era = (year >= 0 ? year : year - 399) / 400;
    unsigned of_era = (unsigned)(year - era * 400);
    unsigned of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    unsigned day_of_era = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    return era * 146097 + (int32_t)day_of_era - 719468;
}

int32_t instant_day(int64_t ms)
{
    return (int32_t)(ms >= 0 ? ms / DAY_MS : -((-ms + DAY_MS - 1) / DAY_MS));
}

struct civil instant_civil(int64_t ms)
{
    int32_t days = instant_day(ms);
    unsigned of_day = (unsigned)(ms - (int64_t)days * DAY_MS);
    int32_t shifted = days + 719468;
    int era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    unsigned day_of_era = (unsigned)(shifted - era * 146097);
    unsigned of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    unsigned of_year = day_of_era - (365 * of_era + of_era / 4 - of_era / 100);
    unsigned month = (5 * of_year + 2) / 153;
    struct civil civil = {
        .year = (int)of_era + era * 400 + (month >= 10),
        .month = month < 10 ? month + 3 : month - 9,
        .day = of_year - (153 * month + 2) / 5 + 1,
        .hour = of_day / 3600000,
        .minute = of_day / 60000 % 60,
        .second = of_day / 1000 % 60,
        .millisecond = of_day % 1000,
    };
    return civil;
}

static void put_digits(char *at, unsigned value, int count)
{
    while (count--) {
        at[count] = (char)('0' + value % 10);
        value /= 10;
    }
}

void instant_format(int64_t ms, char out[INSTANT_TEXT_BYTES])
{
    struct civil civil = instant_civil(ms);

    put_digits(out, (unsigned)civil.year, 4);
    out[4] = '-';
    put_digits(out + 5, civil.month, 2);
    out[7] = '-';
    put_digits(out + 8, civil.day, 2);
    out[10] = 'T';
    put_digits(out + 11, civil.hour, 2);
    out[13] = ':';
    put_digits(out + 14, civil.minute, 2);
    out[16] = ':';
    put_digits(out + 17, civil.second, 2);
    out[19] = '.';
    put_digits(out + 20, civil.millisecond, 3);
    out[23] = 'Z';
    out[24] = '\0';
}

/* Reads exactly count digits at *at. False: something else is there. */
static bool take_digits(const char **at, const char *end, int count, unsigned *out)
{
    unsigned value = 0;
    for (; count; count--, ++*at) {
        if (*at == end || **at < '0' || **at > '9')
            return false;
        value = value * 10 + (unsigned)(**at - '0');
    }
    *out = value;
    return true;
}

static bool take_char(const char **at, const char *end, char c)
{
    if (*at == end || **at != c)
        return false;
    ++*at;
    return true;
}

static unsigned days_in_month(unsigned year, unsigned month)
{
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month == 2 && leap ? 29 : days[month - 1];
}

/* "+05:30", "-0800", "+00", "Z" or nothing, perhaps after a space: the offset in minutes. False: malformed.
 */
static bool take_zone(const char **at, const char *end, int *out_minutes)
{
    unsigned hours, minutes = 0;

    *out_minutes = 0;
    if (*at == end)
        return true;
    (void)take_char(at, end, ' '); /* MySQL and Go print one */
    if (take_char(at, end, 'Z') || take_char(at, end, 'z'))
        return true;
    bool west = *at < end && **at == '-';
    if (!west && (*at == end || **at != '+'))
        return false;
    ++*at;
    if (!take_digits(at, end, 2, &hours))
        return false;
    bool colon = take_char(at, end, ':'); /* ISO basic form leaves it out */
    if ((colon || *at < end) && !take_digits(at, end, 2, &minutes))
        return false;
    if (hours > 23 || minutes > 59)
        return false;
    *out_minutes = (west ? -1 : 1) * (int)(hours * 60 + minutes);
    return true;
}

enum instant_form instant_parse(const char *text, size_t size, int64_t *out_ms)
{
    const char *at = text, *end = text + size;
    unsigned year, month, day, hour, minute, second = 0, millisecond = 0;
    int offset_minutes;

    if (!take_digits(&at, end, 4, &year) || !take_char(&at, end, '-') || !take_digits(&at, end, 2, &month) ||
        !take_char(&at, end, '-') || !take_digits(&at, end, 2, &day) || year < 1 || month < 1 || month > 12 ||
        day < 1 || day > days_in_month(year, month))
        return INSTANT_NONE;
    int64_t midnight = (int64_t)instant_day_of((int)year, month, day) * DAY_MS;
    if (at == end) {
        *out_ms = midnight;
        return INSTANT_DATE;
    }
    if ((*at != 'T' && *at != 't' && *at != ' ') || (at++, false) || !take_digits(&at, end, 2, &hour) ||
        !take_char(&at, end, ':') || !take_digits(&at, end, 2, &minute))
        return INSTANT_NONE;
    if (take_char(&at, end, ':')) {
        if (!take_digits(&at, end, 2, &second))
            return INSTANT_NONE;
        if (take_char(&at, end, '.') || take_char(&at, end, ',')) {
            unsigned scale = 100;
            if (at == end || *at < '0' || *at > '9')
                return INSTANT_NONE;
            for (; at < end && *at >= '0' && *at <= '9'; at++, scale /= 10)
                millisecond += scale * (unsigned)(*at - '0');
        }
    }
    if (!take_zone(&at, end, &offset_minutes) || at != end || hour > 23 || minute > 59 || second > 60)
        return INSTANT_NONE;
    int64_t ms = midnight + (int64_t)hour * 3600000 + (int64_t)minute * 60000 + second * 1000 + millisecond -
                 (int64_t)offset_minutes * 60000;
    if (ms < FIRST_MS || ms > LAST_MS) /* an offset or a leap second led out of the years that are written */
        return INSTANT_NONE;
    *out_ms = ms;
    return INSTANT_FULL;
}
