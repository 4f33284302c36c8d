#include "world.h"

#include <jansson.h>
#include <jose/b64.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "auth/token.h"

/* Bearer tokens. What begins with '{' is a token's parts, a line each, that are encoded and signed here, so
 * that the reading of headers and claims is reached; anything else is the token as it came. */

static const char secret[] = "0123456789abcdef0123456789abcdef-fuzz";
enum { NOW_S = 1800000000 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static struct auth *new_auth(void)
{
    const struct auth_settings settings = {
        .rules = {
            .issuer = "", .audience = "", .role_claim = "realm_access.roles", .system_clients = "svc,batch"}};
    struct auth *auth = NULL;
    struct fault fault;

    MUST(auth_new(&settings, &auth, &fault) == RC_OK &&
             keys_set_secret(auth_keys(auth), secret, strlen(secret), &fault) == RC_OK,
         "no keys");
    return auth;
}

static void add64(struct buf *out, const void *bytes, size_t size)
{
    char text[8192];
    size_t length = jose_b64_enc_buf(bytes, size, NULL, 0);

    if (length < sizeof text && jose_b64_enc_buf(bytes, size, text, sizeof text) != SIZE_MAX)
        buf_add(out, text, length);
}

static void sign(const char *parts, struct buf *out)
{
    const char *gap = strchr(parts, '\n');
    unsigned char mac[32];
    unsigned size = 0;

    add64(out, parts, gap ? (size_t)(gap - parts) : strlen(parts));
    buf_char(out, '.');
    add64(out, gap ? gap + 1 : "", gap ? strlen(gap + 1) : 0);
    (void)HMAC(EVP_sha256(), secret, (int)strlen(secret), (const unsigned char *)out->bytes, out->size, mac,
               &size);
    buf_char(out, '.');
    add64(out, mac, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct auth *auth;
    struct caller caller = {.roles = 0};
    struct fault fault = {NULL, NULL};
    struct buf token = {0};
    char *text = world_text(bytes, size);

    if (!auth)
        auth = new_auth();
    if (*text == '{')
        sign(text, &token);
    else
        buf_add(&token, text, size);
    buf_char(&token, '\0');
    enum rc rc = auth_verify(auth, token.bytes, token.size - 1, NOW_S * INT64_C(1000), &caller, &fault);
    MUST(rc == RC_OK || rc == RC_UNAUTHENTICATED || rc == RC_UNKNOWN_KEY, "rc %d", (int)rc);
    MUST(rc != RC_OK || *text == '{', "a token that nobody signed is good: %s", text);
    if (rc == RC_OK) {
        MUST(caller.id_size && caller.id_size < CALLER_ID_BYTES && caller.roles,
             "a caller without id or role");
        MUST(auth_verify(auth, token.bytes, token.size - 1, NOW_S * INT64_C(1000), &caller, &fault) == RC_OK,
             "a good token is bad the second time");
    }
    buf_done(&token);
    free(text);
    return 0;
}
