#include "world.h"

#include "auth/token.h"

/* JWK sets, as another service may send them; and what verifies with the keys they bring. */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const char token[] =
        "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ1MSIsImV4cCI6MTgwMDAwMDA2MH0."
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    const struct auth_settings settings = {
        .rules = {.issuer = "", .audience = "", .role_claim = "", .system_clients = ""}, .uses_jwks = true};
    struct auth *auth = NULL;
    struct caller caller;
    struct fault fault = {NULL, NULL};
    char *text = world_text(bytes, size);
    int count = 0;

    MUST(auth_new(&settings, &auth, &fault) == RC_OK, "no memory");
    enum rc rc = keys_set_jwks(auth_keys(auth), text, size, &count, &fault);
    MUST(rc == RC_OK || rc == RC_INVALID, "rc %d", (int)rc);
    MUST(rc != RC_OK || (count > 0 && count <= 62), "%d keys", count);
    MUST(auth_verify(auth, token, strlen(token), 1800000000000, &caller, &fault) != RC_OK, "forged");
    auth_free(auth);
    free(text);
    return 0;
}
