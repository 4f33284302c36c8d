#include "auth/claims.h"

#include <math.h>
#include <string.h>
#include <strings.h>

#include "base/digits.h"
#include "base/ident.h"
#include "base/text.h"

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

static bool is_asked(const char *rule)
{
    return rule && *rule;
}

static unsigned caller_roles(const struct claim_rules *rules, const json_t *claims)
{
    static const char long_claim[] = "http://schemas.microsoft.com/ws/2008/06/identity/claims/role";
    unsigned roles = roles_in(json_object_get(claims, "role")) | roles_in(json_object_get(claims, "roles")) |
                     roles_in(json_object_get(claims, long_claim));
    const char *grant = json_string_value(json_object_get(claims, "gty"));

    if (is_asked(rules->role_claim))
        roles |= roles_in(claim_named(claims, rules->role_claim));
    if (grant && strcmp(grant, "client-credentials") == 0 &&
        (text_in_list(rules->system_clients, ", ", json_string_value(json_object_get(claims, "azp"))) ||
         text_in_list(rules->system_clients, ", ", json_string_value(json_object_get(claims, "sub")))))
        roles |= ROLE_SYSTEM;
    return roles ? roles : ROLE_STUDENT; /* no role: the least */
}

static bool set_id(struct caller *caller, const json_t *claim)
{
    char number[DIGITS_DECIMAL_MAX];
    const char *text = json_string_value(claim);
    size_t size = json_string_length(claim);

    if (json_is_number(claim)) { /* whole, in either spelling: contract 1, Ids */
        double spelled = json_number_value(claim);
        if (!(spelled >= 0 && spelled < 0x1p63) || (json_is_real(claim) && spelled != floor(spelled)))
            return false;
        json_int_t value = json_is_real(claim) ? (json_int_t)spelled : json_integer_value(claim);
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

static bool audience_fits(const char *audience, const json_t *claim)
{
    size_t index;
    json_t *entry;

    if (json_is_string(claim))
        return strcmp(json_string_value(claim), audience) == 0;
    json_array_foreach(claim, index, entry) if (json_is_string(entry) &&
                                                strcmp(json_string_value(entry), audience) == 0) return true;
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

enum rc claims_read(const struct claim_rules *rules, const json_t *payload, struct claims *out_claims,
                    struct fault *fault)
{
    static const char long_id[] = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier";
    const json_t *id = json_object_get(payload, "sub");
    const char *issuer = json_string_value(json_object_get(payload, "iss"));
    struct claims claims = {.caller = {.id = ""}};

    if (!date_claim(payload, "exp", &claims.caller.expires_ms))
        return refuse(fault, "the token has no usable exp");
    if (json_object_get(payload, "nbf") && !date_claim(payload, "nbf", &claims.not_before_ms))
        return refuse(fault, "the token's nbf is no date");
    if (is_asked(rules->issuer) && (!issuer || strcmp(issuer, rules->issuer) != 0))
        return refuse(fault, "the token comes from another issuer");
    if (is_asked(rules->audience) && !audience_fits(rules->audience, json_object_get(payload, "aud")))
        return refuse(fault, "the token is meant for another audience");
    if (!id || json_is_null(id))
        id = json_object_get(payload, "userId");
    if (!id || json_is_null(id))
        id = json_object_get(payload, long_id);
    if (!id || !set_id(&claims.caller, id))
        return refuse(fault, "the token names no usable user id");
    claims.caller.roles = caller_roles(rules, payload);
    read_zone(json_object_get(payload, "zoneinfo"), claims.caller.zone);
    *out_claims = claims;
    return RC_OK;
}

enum rc claims_check_dates(const struct claims *claims, int64_t now_ms, struct fault *fault)
{
    if (now_ms > claims->caller.expires_ms + LEEWAY_S * 1000)
        return refuse(fault, "the token has expired");
    if (claims->not_before_ms && now_ms < claims->not_before_ms - LEEWAY_S * 1000)
        return refuse(fault, "the token is not valid yet");
    return RC_OK;
}
