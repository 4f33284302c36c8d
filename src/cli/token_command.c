#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/token.h"
#include "cli/cli.h"
#include "ops/keys.h"

/* milepost token: a ready token, signed with the data directory's secret. */

static int usage(const char *why)
{
    (void)fprintf(stderr, "milepost token: %s\nusage: milepost token --sub ID [--role ROLE] [--ttl SECONDS] [--data DIR]\n", why); /* nowhere else */
    return 2;
}

int cli_token(int argc, char **argv)
{
    const char *sub = NULL, *role = "student", *ttl = "3600";
    char *kept[64] = {argv[0], argv[1]};
    int kept_count = 2;
    struct settings settings;
    struct fault fault = {NULL, NULL};
    char *secret = NULL, *end;
    size_t size = 0;

    for (int i = 2; i < argc && kept_count < 62; i++) {
        bool has_value = i + 1 < argc;
        if (strcmp(argv[i], "--sub") == 0 && has_value)
            sub = argv[++i];
        else if (strcmp(argv[i], "--role") == 0 && has_value)
            role = argv[++i];
        else if (strcmp(argv[i], "--ttl") == 0 && has_value)
            ttl = argv[++i];
        else
            kept[kept_count++] = argv[i];
    }
    long long seconds = strtoll(ttl, &end, 10);
    if (!sub || !*sub)
        return usage("--sub is required");
    if (*end || seconds == 0)
        return usage("--ttl must be a number of seconds");
    if (settings_read(&settings, kept_count, kept, 2, stderr) != RC_OK)
        return 2;
    enum rc rc = *settings.jwt_secret_file ? key_read(settings.jwt_secret_file, &secret, &size, &fault)
                                           : key_read_or_make(settings.data, "jwt.secret", &secret, &size, &fault);
    if (rc != RC_OK) {
        (void)fprintf(stderr, "milepost token: %s (is --data right?)\n", fault.message); /* nowhere else */
        return 1;
    }
    struct auth_settings auth = {.secret = secret, .secret_size = size, .issuer = settings.jwt_issuer,
                                 .audience = settings.jwt_audience};
    char *token = auth_issue(&auth, sub, role, cli_now_ms() / 1000, seconds);
    if (token)
        (void)puts(token); /* a closed stdout is the caller's to see */
    free(token);
    free(secret);
    return token ? 0 : 1;
}
