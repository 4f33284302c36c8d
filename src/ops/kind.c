#include "ops/kind.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "base/zone.h"

static bool whole_number(const char *text, int64_t low, int64_t high, int64_t *out)
{
    char *end;

    if (!isdigit((unsigned char)*text))
        return false;
    long long value = strtoll(text, &end, 10);
    if (*end || value < low || value > high)
        return false;
    *out = value;
    return true;
}

/* "95" or "92.5" as hundredths. */
static bool hundredths(const char *text, int64_t low, int64_t high, int64_t *out)
{
    int64_t whole = 0, part = 0, scale = 10;

    if (!isdigit((unsigned char)*text))
        return false;
    for (; isdigit((unsigned char)*text) && whole < 100000; text++)
        whole = whole * 10 + (*text - '0');
    if (*text == '.')
        for (text++; isdigit((unsigned char)*text) && scale; text++, scale /= 10)
            part += scale * (*text - '0');
    if (*text || whole * 100 + part < low || whole * 100 + part > high)
        return false;
    *out = whole * 100 + part;
    return true;
}

const char *kind_text(const struct setting *setting, const char *text, void *field)
{
    (void)setting;
    *(const char **)field = text;
    return NULL;
}

const char *kind_zone(const struct setting *setting, const char *text, void *field)
{
    return zone_is_name(text) ? kind_text(setting, text, field) : "no such IANA time zone";
}

static bool is_url(const char *text)
{
    bool is_web = strncmp(text, "http://", 7) == 0 || strncmp(text, "https://", 8) == 0;
    CURLU *url = is_web ? curl_url() : NULL;
    bool whole = url && curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK;

    curl_url_cleanup(url);
    return whole && strstr(text, "://")[3] != '/'; /* which libcurl forgives */
}

const char *kind_url(const struct setting *setting, const char *text, void *field)
{
    return *text && !is_url(text) ? "must be an http or https URL" : kind_text(setting, text, field);
}

/* As RFC 6454 6.2 serializes one, and as browsers send it: lower case, no path, no port that goes without
 * saying. Apps have schemes of their own: "capacitor://localhost". */
static bool is_origin(const char *text, size_t size)
{
    char one[300];

    if (size >= sizeof one)
        return false;
    memcpy(one, text, size);
    one[size] = '\0';
    const char *host = strstr(one, "://"), *port = strrchr(one, ':');
    if (strcmp(one, "null") == 0)
        return true;
    if (!host || !host[3] || host[strspn(host + 3, "abcdefghijklmnopqrstuvwxyz0123456789-._:[]") + 3] ||
        !islower((unsigned char)*one) ||
        strspn(one, "abcdefghijklmnopqrstuvwxyz0123456789+-.") != (size_t)(host - one))
        return false;
    bool plain = strncmp(one, "http://", 7) == 0, tls = strncmp(one, "https://", 8) == 0;
    return !(plain && strcmp(port, ":80") == 0) && !(tls && strcmp(port, ":443") == 0) &&
           (is_url(one) || !(plain || tls));
}

const char *kind_origins(const struct setting *setting, const char *text, void *field)
{
    static const char between[] = ", ";

    for (const char *at = text + strspn(text, between); *at; at += strspn(at, between)) {
        size_t size = strcspn(at, between);
        if (!is_origin(at, size))
            return "must be origins as browsers send them, like https://lms.example, comma separated";
        at += size;
    }
    return kind_text(setting, text, field);
}

const char *kind_issuer(const struct setting *setting, const char *text, void *field)
{
    const char *wrong = kind_url(setting, text, field);

    if (wrong || !*text)
        return wrong;
    const char *host = strstr(text, "://") + 3;
    size_t size = strcspn(host, "/");
    return size > 255 || host[strspn(host, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                           "0123456789-._~:/[]%")]
               ? "must be an http or https URL without query"
               : NULL;
}

/* Whether "host:port,host" has numbers for ports, up to where it ends. */
static bool are_hosts(const char *text, size_t size)
{
    for (const char *at = text, *end = text + size; at < end; at++) {
        if (*at == '[')
            at += strcspn(at, "]"); /* IPv6 */
        at += strcspn(at, ":,@/?");
        if (at < end && *at == ':')
            at += 1 + strspn(at + 1, "0123456789");
        if (at < end && *at != ',')
            return false;
    }
    return true;
}

/* libpq takes a password that holds @ or / apart, and then names its parts as a host or a port. Where each
 * part ends is as libpq's, which looks no further than a / for who logs in. */
static bool is_read_as_meant(const char *rest)
{
    size_t user = strcspn(rest, "@/");
    const char *hosts = rest[user] == '@' ? rest + user + 1 : rest;
    size_t size = strcspn(hosts, "/?");
    size_t path = hosts[size] == '/' ? strcspn(hosts + size, "?") : 0;

    return !memchr(hosts + size, '@', path) && are_hosts(hosts, size);
}

const char *kind_database(const struct setting *setting, const char *text, void *field)
{
    const char *rest = strstr(text, "://");
    bool is_url = strncmp(text, "postgres://", 11) == 0 || strncmp(text, "postgresql://", 13) == 0;

    if (*text && !is_url)
        return "must be a postgres:// URL";
    if (*text && !is_read_as_meant(rest + 3))
        return "has an @ too many or a port that is no number: in a user and a password write @ as %40, / as "
               "%2F and : as %3A";
    return kind_text(setting, text, field);
}

const char *kind_choice(const struct setting *setting, const char *text, void *field)
{
    const char *at = setting->choices;
    size_t size = strlen(text);

    for (int place = 0; at; place++) {
        if (strncmp(at, text, size) == 0 && size && (at[size] == '|' || !at[size])) {
            *(int *)field = place;
            return NULL;
        }
        at = strchr(at, '|');
        at += at != NULL;
    }
    return "must be one of";
}

const char *kind_switch(const struct setting *setting, const char *text, void *field)
{
    int place;
    const char *wrong = kind_choice(setting, text, &place);

    if (!wrong)
        *(bool *)field = place == 1;
    return wrong;
}

const char *kind_number(const struct setting *setting, const char *text, void *field)
{
    return whole_number(text, setting->low, setting->high, field) ? NULL : "must be a whole number from";
}

const char *kind_hundredths(const struct setting *setting, const char *text, void *field)
{
    return hundredths(text, setting->low, setting->high, field) ? NULL : "must be a number from";
}

const char *kind_ports(const struct setting *setting, const char *text, void *field)
{
    struct port_list *ports = field;
    int64_t number;

    if (!whole_number(text, setting->low, setting->high, &number))
        return "must be a port from";
    ports->at[ports->count++] = (uint16_t)number; /* the caller gives no more than there is room for */
    return NULL;
}

const char *kind_address(const struct setting *setting, const char *text, void *field)
{
    const char *colon = strrchr(text, ':');
    int64_t unused;

    return *text && !whole_number(colon ? colon + 1 : text, 1, 65535, &unused)
               ? "must be [address:]port, with a port from 1 to 65535"
               : kind_text(setting, text, field);
}

const char *kind_absent(const struct setting *setting, const char *text, void *field)
{
    return *text ? "is not built in yet; leave it empty" : kind_text(setting, text, field);
}
