#include "auth/claims.h"

#include <string.h>
#include <strings.h>

#include "auth/auth_private.h"
#include "base/digits.h"
#include "base/ident.h"

enum { LEEWAY_S = 60, CLAIM_NAME_MAX = 256 };

#define EXP_MAX_S INT64_C(9007199254740)

static enum rc refuse(struct fault *fault, const char *why)
{
    return fault_set(fault, RC_UNAUTHENTICATED, NULL, why);
}

static unsigned role_of(const char *name)
{
    static const struct {
        const char *name;
        enum role role;
    } roles[] = {
        {"student", ROLE_STUDENT}, {"instructor", ROLE_INSTRUCTOR}, {"admin", ROLE_ADMIN},
        {"owner", ROLE_OWNER},     {"system", ROLE_SYSTEM},
    };
    for (size_t i = 0; name && i < sizeof roles / sizeof *roles; i++)
        if (strcasecmp(name, roles[i].name) == 0)
            return roles[i].role;
    return 0;
}

static unsigned roles_in(const json_t *claim)
{
    unsigned found = role_of(json_string_value(claim));
    size_t index;
    json_t *entry;

    if (json_is_array(claim))
        json_array_foreach(claim, index, entry) found |= role_of(json_string_value(entry));
    return found;
}

static bool listed(const char *list, const char *name)
{
    size_t size = name ? strlen(name) : 0;

    for (const char *at = list; at && size && (at = strstr(at, name)); at++)
        if ((at == list || strchr(", ", at[-1])) && (!at[size] || strchr(", ", at[size])))
            return true;
    return false;
}

/* The claim that a name means: as written, else a path of names with dots between them (realm_access.roles),
 * of which each may hold dots of its own (resource_access.my.client.roles). NULL: none. Deep as the setting
 * has dots. */
static const json_t *claim_named(const json_t *object, const char *name)
{
    const json_t *claim = json_object_get(object, name);
    char first[CLAIM_NAME_MAX];

    for (const char *dot = strchr(name, '.'); !claim && dot; dot = strchr(dot + 1, '.')) {
        if ((size_t)(dot - name) >= sizeof first)
            break;
        memcpy(first, name, (size_t)(dot - name));
        first[dot - name] = '\0';
        const json_t *below = json_object_get(object, first);
        if (json_is_object(below))
            claim = claim_named(below, dot + 1);
    }
    return json_is_null(claim) ? NULL : claim;
}

static unsigned caller_roles(const struct auth *auth, const json_t *claims)
{
    static const char long_claim[] = "http://schemas.microsoft.com/ws/2008/06/identity/claims/role";
    unsigned roles = roles_in(json_object_get(claims, "role")) | roles_in(json_object_get(claims, "roles")) |
                     roles_in(json_object_get(claims, long_claim));
    const char *grant = json_string_value(json_object_get(claims, "gty"));

    if (auth->role_claim)
        roles |= roles_in(claim_named(claims, auth->role_claim));
    if (grant && strcmp(grant, "client-credentials") == 0 && auth->system_clients &&
        (listed(auth->system_clients, json_string_value(json_object_get(claims, "azp"))) ||
         listed(auth->system_clients, json_string_value(json_object_get(claims, "sub")))))
        roles |= ROLE_SYSTEM;
    return roles ? roles : ROLE_STUDENT; /* no role: the least */
}

static bool set_id(struct caller *caller, const json_t *claim)
{
    char number[DIGITS_DECIMAL_MAX];
    const char *text = json_string_value(claim);
    size_t size = json_string_length(claim);

    if (json_is_integer(claim)) {
        json_int_t value = json_integer_value(claim);
        if (value < 0)
            return false;
        text = number;
        size = (size_t)(digits_decimal(number, (uint64_t)value) - number);
    }
    if (!text || ident_problem(text, size))
        return false;
    memcpy(caller->id, text, size);
    caller->id[size] = '\0';
    caller->id_size = (uint32_t)size;
    ident_normalize(caller->id, size);
    return true;
}

static bool audience_fits(const struct auth *auth, const json_t *claim)
{
    size_t index;
    json_t *entry;

    if (json_is_string(claim))
        return strcmp(json_string_value(claim), auth->audience) == 0;
    json_array_foreach(claim, index,
                       entry) if (json_is_string(entry) &&
                                  strcmp(json_string_value(entry), auth->audience) == 0) return true;
    return false;
}

/* The claim that OpenID Connect has for a person's time zone. Longer than any zone's name: none. */
static void read_zone(const json_t *claim, char out[CALLER_ZONE_BYTES])
{
    const char *name = json_string_value(claim);

    if (name && json_string_length(claim) < CALLER_ZONE_BYTES)
        memcpy(out, name, json_string_length(claim) + 1);
}

/* A NumericDate (RFC 7519 2) in milliseconds; false: absent or no sensible number. */
static bool date_claim(const json_t *claims, const char *name, int64_t *out_ms)
{
    const json_t *claim = json_object_get(claims, name);

    if (!json_is_number(claim))
        return false;
    double seconds = json_number_value(claim);
    if (!(seconds > -(double)EXP_MAX_S && seconds < (double)EXP_MAX_S))
        return false;
    *out_ms = (int64_t)(seconds * 1000);
    return true;
}

enum rc read_claims(const struct auth *auth, const json_t *claims, struct caller *caller,
                    int64_t *out_not_before_ms, struct fault *fault)
{
    static const char long_id[] = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier";
    const json_t *id = json_object_get(claims, "sub");
    const char *issuer = json_string_value(json_object_get(claims, "iss"));

    if (!date_claim(claims, "exp", &caller->expires_ms))
        return refuse(fault, "the token has no usable exp");
    *out_not_before_ms = 0;
    if (json_object_get(claims, "nbf") && !date_claim(claims, "nbf", out_not_before_ms))
        return refuse(fault, "the token's nbf is no date");
    if (auth->issuer && (!issuer || strcmp(issuer, auth->issuer) != 0))
        return refuse(fault, "the token comes from another issuer");
    if (auth->audience && !audience_fits(auth, json_object_get(claims, "aud")))
        return refuse(fault, "the token is meant for another audience");
    if (!id || json_is_null(id))
        id = json_object_get(claims, "userId");
    if (!id || json_is_null(id))
        id = json_object_get(claims, long_id);
    if (!id || !set_id(caller, id))
        return refuse(fault, "the token names no usable user id");
    caller->roles = caller_roles(auth, claims);
    read_zone(json_object_get(claims, "zoneinfo"), caller->zone);
    return RC_OK;
}

enum rc check_dates(const struct caller *caller, int64_t not_before_ms, int64_t now_ms, struct fault *fault)
{
    if (now_ms > caller->expires_ms + LEEWAY_S * 1000)
        return refuse(fault, "the token has expired");
    if (not_before_ms && now_ms < not_before_ms - LEEWAY_S * 1000)
        return refuse(fault, "the token is not valid yet");
    return RC_OK;
}
