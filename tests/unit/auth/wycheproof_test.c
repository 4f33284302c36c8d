#include "test.h"

#include <jansson.h>
#include <stdio.h>

#include "auth/token.h"

/* Wycheproof's JWS vectors (tests/data/wycheproof_jws.json says from where): each signature is taken or
 * refused as the vectors say. Their payloads are nobody's claims, so a good one is refused too, but for its
 * payload. Reliability A107. */

static bool is_good(enum rc rc, const struct fault *fault)
{
    static const char *const before_payload[] = {
        "the token is malformed", "the token's header is not accepted",
        "the token's signature does not verify", "no key that is known verifies the token"};

    for (size_t i = 0; rc != RC_OK && i < COUNT(before_payload); i++)
        if (strcmp(fault->message, before_payload[i]) == 0)
            return false;
    return true;
}

/* Where we differ from the vectors. */
static const struct {
    int id;
    bool valid;
} differing[] = {
    {367, true},  /* the text of 357, which is valid: the padding that it is about is not in the file */
    {370, true},  /* likewise */
    {372, false}, /* a '?' in the header: RFC 7515 5.2 asks for no additional characters */
    {373, false}, /* likewise, in the payload */
};

static bool is_valid(json_t *test)
{
    long long id = json_integer_value(json_object_get(test, "id"));

    for (size_t i = 0; i < COUNT(differing); i++)
        if (differing[i].id == id)
            return differing[i].valid;
    return strcmp(json_string_value(json_object_get(test, "result")), "valid") == 0;
}

/* False: it is none that may verify anything. */
static bool set_key(struct keys *keys, json_t *key, struct fault *fault)
{
    const char *type = json_string_value(json_object_get(key, "kty"));
    int count = 0;

    if (strcmp(type, "oct") == 0) {
        json_t *bytes = json_object_get(key, "bytes"); /* its secret in hex */
        char secret[256];
        size_t size = json_string_length(bytes) / 2;
        assert_true(size < sizeof secret);
        for (size_t i = 0; i < size; i++) {
            unsigned byte;
            assert_int_equal(sscanf(json_string_value(bytes) + 2 * i, "%2x", &byte), 1);
            secret[i] = (char)byte;
        }
        return keys_set_secret(keys, secret, size, fault) == RC_OK;
    }
    json_auto_t *set = json_pack("{s:[O]}", "keys", key);
    char *text = json_dumps(set, 0);
    enum rc rc = keys_set_jwks(keys, text, strlen(text), &count, fault);
    free(text);
    return rc == RC_OK;
}

static unsigned run_group(json_t *group)
{
    const struct auth_settings settings = {
        .rules = {.issuer = "", .audience = "", .role_claim = "", .system_clients = ""}, .uses_jwks = true};
    struct auth *auth;
    struct fault fault = {NULL, NULL};
    size_t at;
    json_t *each;

    assert_int_equal(auth_new(&settings, &auth, &fault), RC_OK);
    bool usable = set_key(auth_keys(auth), json_object_get(group, "key"), &fault);
    json_array_foreach(json_object_get(group, "tests"), at, each)
    {
        const char *jws = json_string_value(json_object_get(each, "jws"));
        bool valid = is_valid(each) && usable;
        struct caller caller;
        enum rc rc = auth_verify(auth, jws, strlen(jws), 1800000000000, &caller, &fault);
        if (is_good(rc, &fault) != valid)
            fail_msg("%s %lld (%s): %s, %s", json_string_value(json_object_get(group, "comment")),
                     json_integer_value(json_object_get(each, "id")),
                     json_string_value(json_object_get(each, "comment")), valid ? "valid" : "invalid",
                     fault.message);
    }
    auth_free(auth);
    return (unsigned)json_array_size(json_object_get(group, "tests"));
}

static void signatures_are_judged_as_the_vectors_say(void **unused)
{
    json_error_t error;
    json_auto_t *file = json_load_file(TEST_DATA "/wycheproof_jws.json", 0, &error);
    unsigned count = 0;
    size_t at;
    json_t *group;

    (void)unused;
    if (!file)
        fail_msg("%s", error.text);
    json_array_foreach(json_object_get(file, "groups"), at, group) count += run_group(group);
    assert_true(count > 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(signatures_are_judged_as_the_vectors_say)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
