#include "test.h"

#include <jansson.h>
#include <jose/b64.h>
#include <jose/jws.h>
#include <jose/openssl.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "auth/keys.h"
#include "auth/token.h"

enum { NOW_S = 1800000000 };

/* A key pair: PEM of the public half, JWKs of both. */
struct pair {
    char pem[2048];
    json_t *secret, *public;
};

static struct pair make_pair(const char *type, const char *what, const char *kid)
{
    struct pair pair = {.secret = NULL};
    EVP_PKEY *pkey = strcmp(type, "RSA") == 0 ? EVP_PKEY_Q_keygen(NULL, NULL, type, (size_t)atoi(what))
                                              : EVP_PKEY_Q_keygen(NULL, NULL, type, what);
    BIO *bio = BIO_new(BIO_s_mem());

    assert_non_null(pkey);
    assert_int_equal(PEM_write_bio_PUBKEY(bio, pkey), 1);
    int size = BIO_read(bio, pair.pem, sizeof pair.pem - 1);
    pair.pem[size] = '\0';
    pair.secret = jose_openssl_jwk_from_EVP_PKEY(NULL, pkey);
    assert_non_null(pair.secret);
    if (kid)
        (void)json_object_set_new(pair.secret, "kid", json_string(kid));
    pair.public = json_deep_copy(pair.secret);
    static const char *const private_members[] = {"d", "p", "q", "dp", "dq", "qi"};
    for (size_t i = 0; i < COUNT(private_members); i++)
        (void)json_object_del(pair.public, private_members[i]);
    BIO_free(bio);
    EVP_PKEY_free(pkey);
    return pair;
}

static void drop_pair(struct pair *pair)
{
    json_decref(pair->secret);
    json_decref(pair->public);
}

/* A token of that key; malloc'd. kid NULL: it names none. */
static char *sign(const json_t *key, const char *algorithm, const char *kid)
{
    static const char payload[] = "{\"sub\":\"u1\",\"exp\":1800000060}";
    json_t *jws = json_pack("{s:o}", "payload", jose_b64_enc(payload, strlen(payload)));
    json_t *head = json_pack("{s:{s:s,s:s*}}", "protected", "alg", algorithm, "kid", kid);
    char *token = NULL;

    assert_true(jose_jws_sig(NULL, jws, head, key));
    assert_true(asprintf(&token, "%s.%s.%s", json_string_value(json_object_get(jws, "protected")),
                         json_string_value(json_object_get(jws, "payload")),
                         json_string_value(json_object_get(jws, "signature"))) > 0);
    json_decref(head);
    json_decref(jws);
    return token;
}

static struct auth *new_auth(bool uses_jwks)
{
    struct auth *auth;
    struct fault fault;

    assert_int_equal(auth_new(&(struct auth_settings){.uses_jwks = uses_jwks}, &auth, &fault), RC_OK);
    return auth;
}

/* What becomes of a token of that key. */
static enum rc verdict(struct auth *auth, const json_t *key, const char *algorithm, const char *kid)
{
    char *token = sign(key, algorithm, kid);
    struct caller caller;
    struct fault fault;

    enum rc rc = auth_verify(auth, token, strlen(token), (int64_t)NOW_S * 1000, &caller, &fault);
    if (rc == RC_OK)
        assert_string_equal(caller.id, "u1");
    free(token);
    return rc;
}

static void a_public_key_verifies_its_tokens_alone(void **unused)
{
    static const struct {
        const char *type, *what, *algorithm;
        bool good;
    } rows[] = {
        {"RSA", "2048", "RS256", true},
        {"EC", "P-256", "ES256", true},
        {"RSA", "1024", "RS256", false},
        {"EC", "P-384", "ES384", false},
    };

    (void)unused;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct auth *auth = new_auth(false);
        struct pair pair = make_pair(rows[i].type, rows[i].what, NULL);
        struct pair other = make_pair(rows[i].type, rows[i].what, NULL);
        struct fault fault;
        enum rc rc = keys_set_public_key(auth_keys(auth), pair.pem, strlen(pair.pem), &fault);
        if (rc != (rows[i].good ? RC_OK : RC_INVALID))
            fail_msg("%s %s: rc %d", rows[i].type, rows[i].what, (int)rc);
        if (rows[i].good && (verdict(auth, pair.secret, rows[i].algorithm, "any") != RC_OK ||
                             verdict(auth, other.secret, rows[i].algorithm, NULL) != RC_UNAUTHENTICATED))
            fail_msg("%s %s", rows[i].type, rows[i].what);
        drop_pair(&other);
        drop_pair(&pair);
        auth_free(auth);
    }
}

static void no_pem_is_no_key(void **unused)
{
    static const char *const pems[] = {"", "x",
                                       "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"};
    struct keys *keys;
    struct fault fault;

    (void)unused;
    assert_int_equal(keys_new(&keys, &fault), RC_OK);
    for (size_t i = 0; i < COUNT(pems); i++)
        assert_int_equal(keys_set_public_key(keys, pems[i], strlen(pems[i]), &fault), RC_INVALID);
    assert_string_equal(fault.field, "jwt_public_key_file");
    keys_free(keys);
    keys_free(NULL);
}

static enum rc set_jwks(struct auth *auth, json_t *const *jwks, size_t count, int *out_count)
{
    json_t *list = json_array();
    struct fault fault;

    for (size_t i = 0; i < count; i++)
        (void)json_array_append(list, jwks[i]);
    json_t *set = json_pack("{s:o}", "keys", list);
    char *text = json_dumps(set, 0);
    enum rc rc = keys_set_jwks(auth_keys(auth), text, strlen(text), out_count, &fault);
    free(text);
    json_decref(set);
    return rc;
}

static void a_set_is_asked_by_kid(void **unused)
{
    struct auth *auth = new_auth(true);
    struct pair a = make_pair("EC", "P-256", "a"), b = make_pair("RSA", "2048", "b");
    struct pair nameless = make_pair("EC", "P-256", NULL);
    int count = 0;

    (void)unused;
    assert_int_equal(verdict(auth, a.secret, "ES256", "a"), RC_UNKNOWN_KEY); /* no set has come yet */
    assert_int_equal(set_jwks(auth, (json_t *[]){a.public, b.public}, 2, &count), RC_OK);
    assert_int_equal(count, 2);
    assert_int_equal(verdict(auth, a.secret, "ES256", "a"), RC_OK);
    assert_int_equal(verdict(auth, a.secret, "ES256", NULL), RC_OK);
    assert_int_equal(verdict(auth, a.secret, "ES256", "b"), RC_UNKNOWN_KEY);
    assert_int_equal(verdict(auth, b.secret, "RS256", "b"), RC_OK);
    unsigned generation = keys_generation(auth_keys(auth));
    assert_int_equal(set_jwks(auth, (json_t *[]){a.public, b.public}, 2, &count), RC_OK);
    assert_int_equal(keys_generation(auth_keys(auth)), generation); /* the same set: what is known stays so */
    assert_int_equal(set_jwks(auth, (json_t *[]){b.public, nameless.public}, 2, &count), RC_OK);
    assert_int_not_equal(keys_generation(auth_keys(auth)), generation);
    assert_int_equal(verdict(auth, a.secret, "ES256", "a"), RC_UNKNOWN_KEY);
    assert_int_equal(verdict(auth, nameless.secret, "ES256", "whatever"), RC_OK);
    drop_pair(&a);
    drop_pair(&b);
    drop_pair(&nameless);
    auth_free(auth);
}

/* What a set may hold beside keys for us. */
static void a_key_of_a_set_is_for_signatures(void **unused)
{
    static const struct {
        const char *member, *value;
        bool taken;
    } rows[] = {
        {"use", "sig", true},    {"use", "enc", false}, {"alg", "ES256", true},
        {"alg", "RS256", false}, {"kty", "oct", false}, {"crv", "P-384", false},
    };
    struct pair good = make_pair("EC", "P-256", "good");

    (void)unused;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct auth *auth = new_auth(true);
        struct pair pair = make_pair("EC", "P-256", "a");
        int count = 0;
        (void)json_object_set_new(pair.public, rows[i].member, json_string(rows[i].value));
        (void)json_object_set_new(pair.public, "key_ops", json_pack("[s,s]", "verify", "sign"));
        assert_int_equal(set_jwks(auth, (json_t *[]){good.public, pair.public}, 2, &count), RC_OK);
        if (count != 1 + rows[i].taken)
            fail_msg("%s %s: %d keys", rows[i].member, rows[i].value, count);
        if (rows[i].taken)
            assert_int_equal(verdict(auth, pair.secret, "ES256", "a"), RC_OK);
        drop_pair(&pair);
        auth_free(auth);
    }
    drop_pair(&good);
}

/* More keys than there is room for: the first 62. */
static void a_set_is_bounded(void **unused)
{
    enum { MANY = 70 };
    struct auth *auth = new_auth(true);
    struct pair pair = make_pair("EC", "P-256", "a");
    json_t *many[MANY];
    int count = 0;

    (void)unused;
    for (int i = 0; i < MANY; i++)
        many[i] = pair.public;
    assert_int_equal(set_jwks(auth, many, MANY, &count), RC_OK);
    assert_int_equal(count, 62);
    drop_pair(&pair);
    auth_free(auth);
}

static void a_secret_is_a_jwk(void **unused)
{
    json_t *jwk = keys_secret_jwk("0123", 4);
    struct keys *keys;
    struct fault fault;

    (void)unused;
    assert_string_equal(json_string_value(json_object_get(jwk, "kty")), "oct");
    assert_string_equal(json_string_value(json_object_get(jwk, "k")), "MDEyMw");
    json_decref(jwk);
    assert_int_equal(keys_new(&keys, &fault), RC_OK);
    assert_int_equal(keys_set_secret(keys, "0123456789abcdef0123456789abcde", 31, &fault), RC_INVALID);
    assert_int_equal(keys_generation(keys), 0);
    assert_int_equal(keys_set_secret(keys, "0123456789abcdef0123456789abcdef", 32, &fault), RC_OK);
    assert_int_equal(keys_generation(keys), 1);
    keys_free(keys);
}

static void the_server_key_is_compared_whole(void **unused)
{
    static const struct {
        const char *given;
        bool fits;
    } rows[] = {
        {"0123456789abcdef", true}, {"1123456789abcdef", false},  {"0123456789abcdeF", false},
        {"0123456789abcde", false}, {"0123456789abcdef0", false}, {"", false},
    };
    struct keys *keys;
    struct fault fault;

    (void)unused;
    assert_int_equal(keys_new(&keys, &fault), RC_OK);
    assert_int_equal(keys_check_server_key(keys, "", 0, &fault), RC_UNAUTHENTICATED); /* none is set */
    assert_int_equal(keys_set_server_key(keys, "0123456789abcdef", 16, &fault), RC_OK);
    for (size_t i = 0; i < COUNT(rows); i++)
        if (keys_check_server_key(keys, rows[i].given, strlen(rows[i].given), &fault) !=
            (rows[i].fits ? RC_OK : RC_UNAUTHENTICATED))
            fail_msg("server key %s", rows[i].given);
    assert_int_equal(keys_set_server_key(keys, "another", 7, &fault), RC_OK);
    assert_int_equal(keys_check_server_key(keys, "0123456789abcdef", 16, &fault), RC_UNAUTHENTICATED);
    keys_free(keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_public_key_verifies_its_tokens_alone),
        cmocka_unit_test(no_pem_is_no_key),
        cmocka_unit_test(a_set_is_asked_by_kid),
        cmocka_unit_test(a_key_of_a_set_is_for_signatures),
        cmocka_unit_test(a_set_is_bounded),
        cmocka_unit_test(a_secret_is_a_jwk),
        cmocka_unit_test(the_server_key_is_compared_whole),
    };
    return cmocka_run_group_tests_name("keys", tests, NULL, NULL);
}
