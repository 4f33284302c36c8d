#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/token.h"
#include "base/text.h"
#include "cli/options.h"
#include "ops/key_files.h"
#include "store/store.h"

/* milepost token: a ready token, signed with the data directory's secret. */

enum { TTL_MAX_S_DIGITS = 10 };

/* Wrong use: what about which option. */
static int refuse(const char *option, const char *why)
{
    (void)cli_complain(option, why);
    (void)fprintf(stderr, "milepost token --help says how it is called\n"); /* nowhere else */
    return 2;
}

static bool is_role(const char *role)
{
    return text_in_list("student instructor owner admin system", " ", role);
}

/* "3600", "90m", "24h", "30d": seconds. */
static bool read_life(const char *text, int64_t *out_seconds)
{
    static const struct {
        char unit;
        int64_t seconds;
    } units[] = {{'\0', 1}, {'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
    size_t digits = strspn(text, "0123456789");

    if (digits == 0 || digits > TTL_MAX_S_DIGITS || (text[digits] && text[digits + 1]))
        return false;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (text[digits] == units[i].unit) {
            *out_seconds = strtoll(text, NULL, 10) * units[i].seconds;
            return *out_seconds > 0;
        }
    return false;
}

/* The secret to sign with; what is wrong is said with the setting and the file. */
static enum rc read_secret(const struct settings *settings, char **out_secret, size_t *out_size)
{
    struct fault fault = {NULL, NULL};

    if (*settings->jwt_secret_file) {
        enum rc rc = key_read(settings->jwt_secret_file, out_secret, out_size, &fault);
        if (rc != RC_OK)
            (void)cli_complain("jwt_secret_file", fault_why(&fault));
        return rc;
    }
    const char *other = *settings->jwks_url              ? "jwks_url"
                        : *settings->jwt_public_key_file ? "jwt_public_key_file"
                                                         : NULL;
    if (other) {
        (void)cli_complain(other, "with it the server takes no token of this command: it has no secret of its"
                                  " own, and jwt_secret_file is not given");
        return RC_INVALID;
    }
    /* beside data a new secret would lock everybody out, and the server, which says so, would find one */
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/jwt.secret", settings->data); /* a cut path does not open */
    enum rc rc = store_exists(settings->data)
                     ? key_read(path, out_secret, out_size, &fault)
                     : key_read_or_make(settings->data, "jwt.secret", out_secret, out_size, &fault);
    if (rc != RC_OK && store_exists(settings->data))
        (void)fprintf(stderr,
                      "milepost: token: %s; there is data in this directory: put its old key back, or start"
                      " the server, which makes a new one\n",
                      fault_why(&fault)); /* nowhere else */
    else if (rc != RC_OK)
        (void)fprintf(stderr, "milepost: token: %s (is --data right?)\n", fault_why(&fault)); /* likewise */
    return rc;
}

int cli_token(int argc, char **argv)
{
    const char *sub = NULL, *role = "student", *ttl = "3600";
    const struct cli_option own[] = {{"--sub", &sub}, {"--role", &role}, {"--ttl", &ttl}};
    struct settings settings;
    char *secret = NULL;
    size_t size = 0;
    int64_t seconds = 0;
    int words;
    int status = cli_read(argc, argv, own, 3, NULL, 0, &words, &settings);

    if (status)
        return status;
    if (!sub || !*sub)
        return refuse("--sub", "is required: the user whom the token is for");
    if (!is_role(role))
        return refuse("--role", "must be one of student, instructor, owner, admin, system");
    if (!read_life(ttl, &seconds))
        return refuse("--ttl", "must be a number of seconds, or as 90m, 24h, 30d");
    if (read_secret(&settings, &secret, &size) != RC_OK)
        return 1;
    char *token = auth_issue(&(struct token_request){
        .secret = secret,
        .secret_size = size,
        .rules = {.issuer = settings.jwt_issuer, .audience = settings.jwt_audience},
        .sub = sub,
        .role = role,
        .now_s = cli_now_ms() / 1000,
        .ttl_s = seconds,
    });
    if (token)
        (void)puts(token); /* a closed stdout is the caller's to see */
    free(token);
    free(secret);
    return token ? 0 : 1;
}
