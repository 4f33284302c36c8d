#include "test.h"

#include <jansson.h>
#include <jose/b64.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "auth/token.h"

static const char secret[] = "0123456789abcdef0123456789abcdef-test";
enum { NOW_S = 1800000000 };

/* base64url of a text, appended. */
static void add64(char *out, const void *bytes, size_t size)
{
    json_t *text = jose_b64_enc(bytes, size);
    strcat(out, json_string_value(text));
    json_decref(text);
}

/* header.payload.MAC with our secret, whatever the header says. */
static void forge(char *out, const char *header, const char *payload)
{
    unsigned char mac[32];
    unsigned size = 0;
    out[0] = '\0';
    add64(out, header, strlen(header));
    strcat(out, ".");
    add64(out, payload, strlen(payload));
    HMAC(EVP_sha256(), secret, (int)strlen(secret), (unsigned char *)out, strlen(out), mac, &size);
    strcat(out, ".");
    add64(out, mac, size);
}

#define SIXTY_THREE "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SIXTY_FOUR SIXTY_THREE "a"
#define HS256 "{\"alg\":\"HS256\"}"

static const struct {
    const char *what, *header, *payload;
    bool good;
    const char *id;
    unsigned roles;
} tokens[] = {
    {"sub", HS256, "{\"sub\":\"u1\",\"exp\":1800000060}", true, "u1", ROLE_STUDENT},
    {"integer sub", HS256, "{\"sub\":7,\"exp\":1800000060}", true, "7", ROLE_STUDENT},
    {"userId", HS256, "{\"userId\":8,\"exp\":1800000060}", true, "8", ROLE_STUDENT},
    {"sub beats userId", HS256, "{\"sub\":\"a\",\"userId\":8,\"exp\":1800000060}", true, "a", ROLE_STUDENT},
    {"long claim", HS256,
     "{\"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier\":\"n\",\"exp\":1800000060}",
     true, "n", ROLE_STUDENT},
    {"uuid in upper case", HS256, "{\"sub\":\"A1B2C3D4-E5F6-7890-ABCD-EF1234567890\",\"exp\":1800000060}",
     true, "a1b2c3d4-e5f6-7890-abcd-ef1234567890", ROLE_STUDENT},
    {"role without case", HS256, "{\"sub\":\"a\",\"role\":\"aDmIn\",\"exp\":1800000060}", true, "a",
     ROLE_ADMIN},
    {"roles array", HS256, "{\"sub\":\"a\",\"roles\":[\"student\",\"INSTRUCTOR\"],\"exp\":1800000060}", true,
     "a", ROLE_STUDENT | ROLE_INSTRUCTOR},
    {"unknown role: the least", HS256, "{\"sub\":\"a\",\"role\":\" Admin\",\"exp\":1800000060}", true, "a",
     ROLE_STUDENT},
    {"role is no text", HS256, "{\"sub\":\"a\",\"role\":{\"x\":1},\"exp\":1800000060}", true, "a",
     ROLE_STUDENT},
    {"client credentials of a listed client", HS256,
     "{\"sub\":\"svc\",\"gty\":\"client-credentials\",\"azp\":\"client-1\",\"exp\":1800000060}", true, "svc",
     ROLE_SYSTEM},
    {"client credentials of another", HS256,
     "{\"sub\":\"svc\",\"gty\":\"client-credentials\",\"azp\":\"client\",\"exp\":1800000060}", true, "svc",
     ROLE_STUDENT},
    {"null counts as absent", HS256, "{\"sub\":null,\"userId\":8,\"exp\":1800000060}", true, "8",
     ROLE_STUDENT},
    {"a role claim by path", HS256,
     "{\"sub\":\"a\",\"realm_access\":{\"roles\":[\"offline_access\",\"INSTRUCTOR\"]},\"exp\":1800000060}",
     true, "a", ROLE_INSTRUCTOR},
    {"a role claim as written beats the path", HS256,
     "{\"sub\":\"a\",\"realm_access.roles\":\"admin\",\"realm_access\":{\"roles\":\"owner\"},\"exp\":"
     "1800000060}",
     true, "a", ROLE_ADMIN},
    {"roles of all claims are joined", HS256,
     "{\"sub\":\"a\",\"role\":\"student\",\"roles\":\"OWNER\",\"http://schemas.microsoft.com/ws/2008/06/"
     "identity/claims/role\":[\"Admin\"],\"realm_access\":{\"roles\":[\"instructor\"]},\"exp\":1800000060}",
     true, "a", ROLE_STUDENT | ROLE_OWNER | ROLE_ADMIN | ROLE_INSTRUCTOR},
    {"a path through no object", HS256, "{\"sub\":\"a\",\"realm_access\":[\"admin\"],\"exp\":1800000060}",
     true, "a", ROLE_STUDENT},
    {"past by 59 s", HS256, "{\"sub\":\"a\",\"exp\":1799999941}", true, "a", ROLE_STUDENT},
    {"past by 61 s", HS256, "{\"sub\":\"a\",\"exp\":1799999939}", false, NULL, 0},
    {"no exp", HS256, "{\"sub\":\"a\"}", false, NULL, 0},
    {"exp is text", HS256, "{\"sub\":\"a\",\"exp\":\"1800000060\"}", false, NULL, 0},
    {"exp 1e300", HS256, "{\"sub\":\"a\",\"exp\":1e300}", false, NULL, 0},
    {"nbf ahead", HS256, "{\"sub\":\"a\",\"nbf\":1800000061,\"exp\":1800000099}", false, NULL, 0},
    {"nbf within leeway", HS256, "{\"sub\":\"a\",\"nbf\":1800000059,\"exp\":1800000099}", true, "a",
     ROLE_STUDENT},
    {"empty sub", HS256, "{\"sub\":\"\",\"exp\":1800000060}", false, NULL, 0},
    {"sub with a slash", HS256, "{\"sub\":\"a/b\",\"exp\":1800000060}", true, "a/b", ROLE_STUDENT},
    {"duplicate claims", HS256, "{\"sub\":\"a\",\"sub\":\"b\",\"exp\":1800000060}", false, NULL, 0},
    {"payload is no object", HS256, "[1]", false, NULL, 0},
    {"alg none", "{\"alg\":\"none\"}", "{\"sub\":\"a\",\"exp\":1800000060}", false, NULL, 0},
    {"alg absent", "{\"typ\":\"JWT\"}", "{\"sub\":\"a\",\"exp\":1800000060}", false, NULL, 0},
    {"alg HS512", "{\"alg\":\"HS512\"}", "{\"sub\":\"a\",\"exp\":1800000060}", false, NULL, 0},
    {"alg RS256 without such a key", "{\"alg\":\"RS256\"}", "{\"sub\":\"a\",\"exp\":1800000060}", false, NULL,
     0},
    {"crit", "{\"alg\":\"HS256\",\"crit\":[\"x\"],\"x\":1}", "{\"sub\":\"a\",\"exp\":1800000060}", false,
     NULL, 0},
    {"b64", "{\"alg\":\"HS256\",\"b64\":false}", "{\"sub\":\"a\",\"exp\":1800000060}", false, NULL, 0},
};

static struct auth *new_auth(void)
{
    struct auth_settings settings = {
        .rules = {.system_clients = "client-1,client-2", .role_claim = "realm_access.roles"}};
    struct auth *auth = NULL;
    struct fault fault = {NULL, NULL};
    if (auth_new(&settings, &auth, &fault) != RC_OK ||
        keys_set_secret(auth_keys(auth), secret, strlen(secret), &fault) != RC_OK)
        fail_msg("auth_new: %s", fault.message);
    return auth;
}

static enum rc check(struct auth *auth, const char *token, struct caller *caller)
{
    struct fault fault = {NULL, NULL};
    return auth_verify(auth, token, strlen(token), (int64_t)NOW_S * 1000, caller, &fault);
}

static void tokens_are_judged(void **unused)
{
    struct auth *auth = new_auth();
    (void)unused;
    for (size_t i = 0; i < COUNT(tokens); i++)
        for (int again = 0; again < 2; again++) { /* the second time from memory */
            char token[2048];
            struct caller caller = {.id = ""};
            forge(token, tokens[i].header, tokens[i].payload);
            enum rc rc = check(auth, token, &caller);
            if ((rc == RC_OK) != tokens[i].good ||
                (rc == RC_OK && (strcmp(caller.id, tokens[i].id) != 0 || caller.roles != tokens[i].roles)))
                fail_msg("%s: rc %d, id %s, roles %u", tokens[i].what, (int)rc, caller.id, caller.roles);
        }
    auth_free(auth);
}

static const struct {
    const char *claim, *zone;
} zones[] = {
    {"\"America/Argentina/Buenos_Aires\"", "America/Argentina/Buenos_Aires"},
    {"\"" SIXTY_FOUR "\"", ""},
    {"\"" SIXTY_THREE "\"", SIXTY_THREE},
    {"7", ""},
    {"null", ""},
    {"[\"UTC\"]", ""},
};

static void zoneinfo_is_read(void **unused)
{
    struct auth *auth = new_auth();
    (void)unused;
    for (size_t i = 0; i < COUNT(zones); i++) {
        char payload[512], token[2048];
        struct caller caller = {.id = ""};
        snprintf(payload, sizeof payload, "{\"sub\":\"a\",\"zoneinfo\":%s,\"exp\":1800000060}",
                 zones[i].claim);
        forge(token, HS256, payload);
        if (check(auth, token, &caller) != RC_OK || strcmp(caller.zone, zones[i].zone) != 0)
            fail_msg("zoneinfo %s: %s", zones[i].claim, caller.zone);
    }
    auth_free(auth);
}

static void tampered_texts_are_refused(void **unused)
{
    struct auth *auth = new_auth();
    struct caller caller;
    char token[2048], bad[4096];
    (void)unused;
    forge(token, HS256, "{\"sub\":\"u1\",\"exp\":1800000060}");
    assert_int_equal(check(auth, token, &caller), RC_OK);
    size_t size = strlen(token);
    for (size_t i = 0; i < size; i++) { /* any one character, also the loose bits of the last */
        memcpy(bad, token, size + 1);
        bad[i] = bad[i] == 'A' ? 'B' : 'A';
        if (check(auth, bad, &caller) == RC_OK)
            fail_msg("accepted with character %zu changed", i);
    }
    static const char *const tails[] = {"=", ".", ".x", " ", "\n"};
    for (size_t i = 0; i < COUNT(tails); i++) {
        snprintf(bad, sizeof bad, "%s%s", token, tails[i]);
        if (check(auth, bad, &caller) == RC_OK)
            fail_msg("accepted with \"%s\" after it", tails[i]);
    }
    *strrchr(token, '.') = '\0';
    assert_int_equal(check(auth, token, &caller), RC_UNAUTHENTICATED); /* two parts */
    assert_int_equal(check(auth, "", &caller), RC_UNAUTHENTICATED);
    auth_free(auth);
}

static void issued_tokens_verify_and_short_secrets_are_refused(void **unused)
{
    struct auth_settings settings = {.rules = {.issuer = "me", .audience = "you"}};
    struct token_request request = {.secret = secret,
                                    .secret_size = strlen(secret),
                                    .rules = settings.rules,
                                    .sub = "u9",
                                    .role = "system",
                                    .now_s = NOW_S,
                                    .ttl_s = 60};
    struct auth *auth = NULL;
    struct caller caller;
    struct fault fault;
    (void)unused;
    assert_int_equal(auth_new(&settings, &auth, &fault), RC_OK);
    assert_int_equal(keys_set_secret(auth_keys(auth), secret, strlen(secret), &fault), RC_OK);
    char *token = auth_issue(&request);
    assert_non_null(token);
    assert_int_equal(check(auth, token, &caller), RC_OK);
    assert_int_equal(caller.roles, ROLE_SYSTEM);
    char foreign[2048];
    forge(foreign, HS256, "{\"sub\":\"u1\",\"iss\":\"other\",\"aud\":\"you\",\"exp\":1800000060}");
    assert_int_equal(check(auth, foreign, &caller), RC_UNAUTHENTICATED);
    forge(foreign, HS256, "{\"sub\":\"u1\",\"iss\":\"me\",\"aud\":[\"x\",\"you\"],\"exp\":1800000060}");
    assert_int_equal(check(auth, foreign, &caller), RC_OK);
    free(token);
    assert_int_equal(keys_set_secret(auth_keys(auth), secret, 31, &fault), RC_INVALID);
    auth_free(auth);
}

/* ---- keys that change while tokens are verified ---- */

enum { ROUNDS = 2000 };

struct hammer {
    struct auth *auth;
    char token[2048];
    atomic_bool stop;
};

static void *hammer_main(void *arg)
{
    struct hammer *hammer = arg;
    struct caller caller;
    while (!atomic_load(&hammer->stop))
        (void)check(hammer->auth, hammer->token, &caller);
    return NULL;
}

static void a_token_of_a_key_that_is_gone_is_never_good(void **unused)
{
    static const char foreign[] = "another-secret-of-more-than-32-bytes!";
    struct hammer hammer = {.auth = new_auth()};
    struct caller caller;
    struct fault fault;
    pthread_t threads[2];
    (void)unused;
    forge(hammer.token, HS256, "{\"sub\":\"u1\",\"exp\":1800000060}");
    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hammer_main, &hammer), 0);
    for (int round = 0; round < ROUNDS; round++) {
        assert_int_equal(keys_set_secret(auth_keys(hammer.auth), foreign, strlen(foreign), &fault), RC_OK);
        /* what was being verified may be remembered a moment later */
        for (int again = 0; again < 10; again++)
            if (check(hammer.auth, hammer.token, &caller) == RC_OK)
                fail_msg("round %d: the token outlived its key", round);
        assert_int_equal(keys_set_secret(auth_keys(hammer.auth), secret, strlen(secret), &fault), RC_OK);
        for (volatile int spin = 0; spin < round % 500 * 100; spin++)
            ; /* so that the next swap meets the verification that starts now, in each of its steps */
    }
    assert_int_equal(check(hammer.auth, hammer.token, &caller), RC_OK);
    atomic_store(&hammer.stop, true);
    for (size_t i = 0; i < COUNT(threads); i++)
        (void)pthread_join(threads[i], NULL);
    assert_int_equal(keys_set_secret(auth_keys(hammer.auth), foreign, 31, &fault),
                     RC_INVALID); /* the old one stays */
    assert_int_equal(check(hammer.auth, hammer.token, &caller), RC_OK);
    auth_free(hammer.auth);
}

static void a_jwk_set_without_a_usable_key_is_refused(void **unused)
{
    static const char *const sets[] = {
        "",
        "[]",
        "{}",
        "{\"keys\":{}}",
        "{\"keys\":[]}",
        "{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\"}]}",
        "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"AA\",\"y\":\"AA\"},7,null]}",
        "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"\",\"e\":\"\"}]}"};
    struct auth *auth = new_auth();
    (void)unused;
    for (size_t i = 0; i < COUNT(sets); i++) {
        struct fault fault = {NULL, NULL};
        int count = 0;
        if (keys_set_jwks(auth_keys(auth), sets[i], strlen(sets[i]), &count, &fault) != RC_INVALID ||
            !fault.message)
            fail_msg("taken: %s", sets[i]);
    }
    auth_free(auth);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_are_judged),
        cmocka_unit_test(zoneinfo_is_read),
        cmocka_unit_test(tampered_texts_are_refused),
        cmocka_unit_test(a_token_of_a_key_that_is_gone_is_never_good),
        cmocka_unit_test(a_jwk_set_without_a_usable_key_is_refused),
        cmocka_unit_test(issued_tokens_verify_and_short_secrets_are_refused),
    };
    return cmocka_run_group_tests_name("token", tests, NULL, NULL);
}
