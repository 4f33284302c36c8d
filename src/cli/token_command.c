#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/token.h"
#include "cli/options.h"
#include "ops/key_files.h"

/* milepost token: a ready token, signed with the data directory's secret. */

static int usage(const char *why)
{
    /* nowhere else */
    (void)fprintf(
        stderr,
        "milepost token: %s\nusage: milepost token --sub ID [--role ROLE] [--ttl SECONDS] [--data DIR]\n",
        why);
    return 2;
}

int cli_token(int argc, char **argv)
{
    const char *sub = NULL, *role = "student", *ttl = "3600";
    const struct cli_option own[] = {{"--sub", &sub}, {"--role", &role}, {"--ttl", &ttl}};
    struct settings settings;
    struct fault fault = {NULL, NULL};
    char *secret = NULL, *end;
    size_t size = 0;
    int words;
    int status = cli_read(argc, argv, own, 3, NULL, 0, &words, &settings);

    if (status)
        return status;
    long long seconds = strtoll(ttl, &end, 10);
    if (!sub || !*sub)
        return usage("--sub is required");
    if (*end || seconds == 0)
        return usage("--ttl must be a number of seconds");
    enum rc rc = *settings.jwt_secret_file
                     ? key_read(settings.jwt_secret_file, &secret, &size, &fault)
                     : key_read_or_make(settings.data, "jwt.secret", &secret, &size, &fault);
    if (rc != RC_OK) {
        (void)fprintf(stderr, "milepost token: %s (is --data right?)\n",
                      fault_why(&fault)); /* nowhere else */
        return 1;
    }
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
