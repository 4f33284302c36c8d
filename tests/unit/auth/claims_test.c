#include "test.h"

#include <stdbool.h>

#include "auth/claims.h"

static const struct claim_rules strict = {
    .issuer = "me", .audience = "you", .role_claim = "a.b.c", .system_clients = "svc one"};

static const struct {
    const char *what, *payload;
    const char *id; /* NULL: refused */
    unsigned roles;
} rows[] = {
    {"all there", "{\"iss\":\"me\",\"aud\":\"you\",\"sub\":\"u\",\"exp\":9}", "u", ROLE_STUDENT},
    {"audience in a list", "{\"iss\":\"me\",\"aud\":[7,\"x\",\"you\"],\"sub\":\"u\",\"exp\":9}", "u",
     ROLE_STUDENT},
    {"another audience", "{\"iss\":\"me\",\"aud\":[\"x\"],\"sub\":\"u\",\"exp\":9}", NULL, 0},
    {"another audience, as text", "{\"iss\":\"me\",\"aud\":\"yo\",\"sub\":\"u\",\"exp\":9}", NULL, 0},
    {"no audience", "{\"iss\":\"me\",\"sub\":\"u\",\"exp\":9}", NULL, 0},
    {"another issuer", "{\"iss\":\"you\",\"aud\":\"you\",\"sub\":\"u\",\"exp\":9}", NULL, 0},
    {"no issuer", "{\"aud\":\"you\",\"sub\":\"u\",\"exp\":9}", NULL, 0},
    {"no exp", "{\"iss\":\"me\",\"aud\":\"you\",\"sub\":\"u\"}", NULL, 0},
    {"an exp beyond all time", "{\"iss\":\"me\",\"aud\":\"you\",\"sub\":\"u\",\"exp\":9e15}", NULL, 0},
    {"nbf is text", "{\"iss\":\"me\",\"aud\":\"you\",\"sub\":\"u\",\"exp\":9,\"nbf\":\"1\"}", NULL, 0},
    {"no id", "{\"iss\":\"me\",\"aud\":\"you\",\"exp\":9}", NULL, 0},
    {"a negative id", "{\"iss\":\"me\",\"aud\":\"you\",\"sub\":-1,\"exp\":9}", NULL, 0},
    {"an id that is no id", "{\"iss\":\"me\",\"aud\":\"you\",\"sub\":true,\"exp\":9}", NULL, 0},
    {"a role by path", "{\"iss\":\"me\",\"aud\":\"you\",\"sub\":\"u\",\"exp\":9,\"a\":{\"b.c\":\"admin\"}}",
     "u", ROLE_ADMIN},
    {"a role by a longer path",
     "{\"iss\":\"me\",\"aud\":\"you\",\"sub\":\"u\",\"exp\":9,\"a\":{\"b\":{\"c\":[\"owner\",\"x\"]}}}", "u",
     ROLE_OWNER},
    {"a path that leads to null",
     "{\"iss\":\"me\",\"aud\":\"you\",\"sub\":\"u\",\"exp\":9,\"a\":{\"b\":{\"c\":null}}}", "u",
     ROLE_STUDENT},
    {"a system client by sub",
     "{\"iss\":\"me\",\"aud\":\"you\",\"sub\":\"one\",\"gty\":\"client-credentials\",\"exp\":9}", "one",
     ROLE_SYSTEM},
    {"a system client with another grant",
     "{\"iss\":\"me\",\"aud\":\"you\",\"sub\":\"one\",\"gty\":\"password\",\"exp\":9}", "one", ROLE_STUDENT},
};

static void claims_are_read_by_the_rules(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < COUNT(rows); i++) {
        json_t *payload = json_loads(rows[i].payload, 0, NULL);
        struct claims claims;
        struct fault fault = {NULL, NULL};
        assert_non_null(payload);
        enum rc rc = claims_read(&strict, payload, &claims, &fault);
        if (rc != (rows[i].id ? RC_OK : RC_UNAUTHENTICATED) || (rc != RC_OK) != (fault.message != NULL))
            fail_msg("%s: rc %d", rows[i].what, (int)rc);
        if (rc == RC_OK &&
            (strcmp(claims.caller.id, rows[i].id) != 0 || claims.caller.roles != rows[i].roles))
            fail_msg("%s: %s, roles %u", rows[i].what, claims.caller.id, claims.caller.roles);
        json_decref(payload);
    }
}

/* What the operator leaves empty is not asked. */
static void without_rules_nothing_is_asked(void **unused)
{
    static const struct claim_rules none[] = {{NULL, NULL, NULL, NULL}, {"", "", "", ""}};
    json_t *payload = json_loads(
        "{\"iss\":\"x\",\"sub\":\"\",\"userId\":7,\"exp\":9.5,\"nbf\":2,\"zoneinfo\":\"Asia/Tokyo\"}", 0,
        NULL);
    struct claims claims;
    struct fault fault;

    (void)unused;
    for (size_t i = 0; i < COUNT(none); i++)
        assert_int_equal(claims_read(&none[i], payload, &claims, &fault), RC_UNAUTHENTICATED); /* sub "" */
    (void)json_object_del(payload, "sub");
    for (size_t i = 0; i < COUNT(none); i++) {
        assert_int_equal(claims_read(&none[i], payload, &claims, &fault), RC_OK);
        assert_string_equal(claims.caller.id, "7");
        assert_int_equal(claims.caller.id_size, 1);
        assert_string_equal(claims.caller.zone, "Asia/Tokyo");
        assert_int_equal(claims.caller.expires_ms, 9500);
        assert_int_equal(claims.not_before_ms, 2000);
    }
    json_decref(payload);
}

static void clocks_may_differ_by_a_minute(void **unused)
{
    static const struct {
        int64_t not_before_ms, now_ms;
        bool good;
    } dates[] = {
        {0, 1000000, true},     {0, 1060000, true},      {0, 1060001, false},
        {500000, 440000, true}, {500000, 439999, false}, {0, 0, true},
    };

    (void)unused;
    for (size_t i = 0; i < COUNT(dates); i++) {
        struct claims claims = {.caller = {.expires_ms = 1000000}, .not_before_ms = dates[i].not_before_ms};
        struct fault fault;
        enum rc rc = claims_check_dates(&claims, dates[i].now_ms, &fault);
        if (rc != (dates[i].good ? RC_OK : RC_UNAUTHENTICATED))
            fail_msg("row %zu: rc %d", i, (int)rc);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(claims_are_read_by_the_rules),
        cmocka_unit_test(without_rules_nothing_is_asked),
        cmocka_unit_test(clocks_may_differ_by_a_minute),
    };
    return cmocka_run_group_tests_name("claims", tests, NULL, NULL);
}
