#include "app/etag.h"

#include <string.h>

#include "base/digits.h"

/* A tag is a letter for its kind, the key, a dash and the version. */
static char *end_tag(char *at, uint64_t version)
{
    *at++ = '-';
    at = digits_hex(at, version, 1);
    *at = '\0';
    return at;
}

void etag_of_record(const struct record *record, char out[ETAG_BYTES])
{
    out[0] = '\0';
    if (record && record->flags & RECORD_PRESENT) {
        out[0] = 'p';
        (void)end_tag(digits_decimal(out + 1, record->id), record->version); /* gives its end */
    }
}

void etag_of_watched(const struct record *record, int64_t duration_ms, char out[ETAG_BYTES])
{
    etag_of_record(record, out);
    if (out[0]) {
        char *end = out + strlen(out);
        *end = '.';
        *digits_hex(end + 1, (uint64_t)duration_ms, 1) = '\0';
    }
}

void etag_of_log(uint64_t log_id, int64_t updated_ms, char out[ETAG_BYTES])
{
    out[0] = 'l';
    (void)end_tag(digits_hex(out + 1, log_id, 1), (uint64_t)updated_ms); /* gives its end */
}

void etag_of_course(uint32_t key, uint64_t version, uint16_t threshold, char out[ETAG_BYTES])
{
    out[0] = 'c';
    (void)end_tag(end_tag(digits_decimal(out + 1, key), version), threshold); /* gives its end */
}

bool etag_matches(const char *if_match, const char *etag)
{
    if (!if_match)
        return true;
    if (strcmp(if_match, "*") == 0)
        return etag[0] != '\0';
    size_t size = strlen(etag);
    if (size == 0)
        return false;
    for (const char *at = if_match; (at = strstr(at, etag)); at++) /* one of a list: "a", "b" */
        if (at > if_match && at[-1] == '"' && strchr("\".", at[size]) && at[size] &&
            !(at - if_match >= 3 && at[-2] == '/'))
            return true; /* RFC 9110 13.1.1: strong comparison, so a W/ tag never matches */
    return false;
}

enum rc etag_check(const char *if_match, const struct record *record, struct fault *fault)
{
    char etag[ETAG_BYTES];

    etag_of_record(record, etag);
    return etag_matches(if_match, etag)
               ? RC_OK
               : fault_set(fault, RC_STALE_MATCH, "If-Match", "the record has changed since");
}
