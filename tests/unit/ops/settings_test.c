#include "test.h"

#include <stdio.h>

#include "ops/settings_read.h"

/* What becomes of flags; *problems: what was said, the caller's. */
static enum rc read_flags(const char *const *flags, int count, struct settings *out, char **problems)
{
    char *argv[20] = {NULL};
    size_t size;
    FILE *stream = open_memstream(problems, &size);

    for (int i = 0; i < count; i++)
        argv[i] = (char *)(uintptr_t)flags[i];
    enum rc rc = settings_read(out, count, argv, 0, stream);
    (void)fclose(stream);
    return rc;
}

static void the_defaults_are_typed(void **unused)
{
    struct settings settings;
    char *problems;

    (void)unused;
    assert_int_equal(read_flags(NULL, 0, &settings, &problems), RC_OK);
    assert_string_equal(problems, "");
    assert_int_equal(settings.ports.count, 1);
    assert_int_equal(settings.ports.at[0], 5000);
    assert_string_equal(settings.listen, "127.0.0.1");
    assert_in_range(settings.threads, 1, 256);
    assert_int_equal(settings.webhook_jwt, WEBHOOK_JWT_REQUIRED);
    assert_int_equal(settings.video_auth, VIDEO_AUTH_REQUIRED);
    assert_int_equal(settings.catalog, CATALOG_OPEN);
    assert_int_equal(settings.enroll, ENROLL_AUTO);
    assert_int_equal(settings.user_check, USER_CHECK_OFF);
    assert_int_equal(settings.read_consistency, READ_STRONG);
    assert_int_equal(settings.log_level, LOG_INFO);
    assert_int_equal(settings.completion_threshold_hundredths, 9500);
    assert_int_equal(settings.upstream_timeout_ms, 800);
    assert_false(settings.mock_data);
    assert_string_equal(settings.jwks_url, "");
    settings_done(&settings);
    free(problems);
}

static void flags_are_read_into_their_types(void **unused)
{
    static const char *const flags[] = {
        "--port",
        "81",
        "--port=82",
        "--webhook-jwt",
        "optional",
        "--VIDEO_AUTH",
        "none",
        "--catalog",
        "strict",
        "--mock-data",
        "--enroll",
        "explicit",
        "--log-level",
        "debug",
        "--completion_threshold",
        "92.5",
        "--user_check=required",
    };
    struct settings settings;
    char *problems;

    (void)unused;
    assert_int_equal(read_flags(flags, COUNT(flags), &settings, &problems), RC_OK);
    assert_int_equal(settings.ports.count, 2);
    assert_int_equal(settings.ports.at[1], 82);
    assert_int_equal(settings.webhook_jwt, WEBHOOK_JWT_OPTIONAL);
    assert_int_equal(settings.video_auth, VIDEO_AUTH_NONE);
    assert_int_equal(settings.catalog, CATALOG_STRICT);
    assert_int_equal(settings.enroll, ENROLL_EXPLICIT);
    assert_int_equal(settings.user_check, USER_CHECK_REQUIRED);
    assert_int_equal(settings.log_level, LOG_DEBUG);
    assert_true(settings.mock_data);
    assert_int_equal(settings.completion_threshold_hundredths, 9250);
    settings_done(&settings);
    free(problems);
}

static void a_bad_value_is_named(void **unused)
{
    static const struct {
        const char *flags[2], *named, *why;
    } rows[] = {
        {{"--port", "0"}, "port", "65535"},
        {{"--port", "5000x"}, "port", "65535"},
        {{"--catalog", "stric"}, "catalog", "open|strict"},
        {{"--catalog", ""}, "catalog", "open|strict"},
        {{"--mock-data", "maybe"}, "mock_data", "off|on"},
        {{"--threads", "257"}, "threads", "from 0 to 256 threads"},
        {{"--threads", "-1"}, "threads", "from 0 to 256 threads"},
        {{"--completion-threshold", "0"}, "completion_threshold", "100"},
        {{"--completion-threshold", "100.01"}, "completion_threshold", "100"},
        {{"--completion-threshold", ".5"}, "completion_threshold", "100"},
        {{"--jwks-url", "ftp://x"}, "jwks_url", "http"},
        {{"--oidc-issuer", "ftp://x"}, "oidc_issuer", "http"},
        {{"--oidc-issuer", "https:///x"}, "oidc_issuer", "http or https"},
        {{"--oidc-issuer", "https://x/?y"}, "oidc_issuer", "without query"},
        {{"--oidc-issuer", "https://x; script-src y"}, "oidc_issuer", "http or https"},
        {{"--cms-base-url", "http://host:99999"}, "cms_base_url", "http or https"},
        {{"--display-timezone", ":UTC"}, "display_timezone", "no such IANA"},
        {{"--cors-origins", "https://a.example/"}, "cors_origins", "as browsers send them"},
        {{"--metrics-listen", "1.2.3.4:0"}, "metrics_listen", "port"},
        {{"--database", "mysql://x"}, "database", "postgres:// URL"},
        {{"--database", "postgres://u:s3cr@t@h/m"}, "database", "write @ as %40"},
        {{"--database", "postgres://u:s3cr/t@h/m"}, "database", "write @ as %40"},
        {{"--database", "postgres://u:12/t@h/m"}, "database", "write @ as %40"},
        {{"--database", "postgres://u:s3@cr/t@h/m"}, "database", "write @ as %40"},
        {{"--database", "postgres://[::1]:x/m"}, "database", "a port that is no number"},
        {{"--nonsense", "1"}, "nonsense", "unknown"},
        {{"stray", "x"}, "stray", "unexpected"},
        {{"--config", "/no/such/file"}, "config", "/no/such/file cannot be read: No such file"},
        {{"--complition-treshold", "1"}, "complition", "did you mean completion_threshold?"},
        {{"--prot", "1"}, "prot", "did you mean port?"},
    };

    (void)unused;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct settings settings;
        char *problems;
        enum rc rc = read_flags(rows[i].flags, 2, &settings, &problems);
        if (rc != RC_INVALID || !strstr(problems, rows[i].named) || !strstr(problems, rows[i].why))
            fail_msg("%s %s: rc %d, %s", rows[i].flags[0], rows[i].flags[1], (int)rc, problems);
        if (strcmp(rows[i].named, "database") == 0)
            assert_null(strstr(problems, "s3")); /* nothing of a password */
        settings_done(&settings);
        free(problems);
    }
}

static void what_libpq_reads_is_a_database(void **unused)
{
    static const char *const urls[] = {
        "postgres://db/m",
        "postgresql://u:s3c%40ret@a,b:5433,[::1]:5434,[fe80::1]/m?sslmode=require",
        "postgres://?host=/tmp",
        "postgres:///m?host=/tmp&user=me@there",
        "postgres://u:s3#c[r?t:x@db:/m",
        "postgres://%2Ftmp",
        "",
    };

    (void)unused;
    for (size_t i = 0; i < COUNT(urls); i++) {
        const char *const flags[] = {"--database", urls[i]};
        struct settings settings;
        char *problems;
        if (read_flags(flags, 2, &settings, &problems) != RC_OK)
            fail_msg("%s: %s", urls[i], problems);
        assert_string_equal(settings.database, urls[i]);
        settings_done(&settings);
        free(problems);
    }
}

static void a_flag_needs_its_value(void **unused)
{
    static const char *const last[] = {"--data"}, *const nine[] = {"--port=1", "--port=2", "--port=3",
                                                                   "--port=4", "--port=5", "--port=6",
                                                                   "--port=7", "--port=8", "--port=9"};
    struct settings settings;
    char *problems;

    (void)unused;
    assert_int_equal(read_flags(last, 1, &settings, &problems), RC_INVALID);
    assert_non_null(strstr(problems, "needs a value"));
    free(problems);
    assert_int_equal(read_flags(nine, COUNT(nine), &settings, &problems), RC_INVALID);
    assert_non_null(strstr(problems, "too often"));
    assert_int_equal(settings.ports.count, 8);
    free(problems);
}

/* Flags beat environment beats file. */
static void three_sources_have_an_order(void **unused)
{
    char name[] = "/tmp/milepost-settings-XXXXXX";
    FILE *file = fdopen(mkstemp(name), "w");
    const char *const flags[] = {"--config", name, "--cache-ttl", "3"};
    struct settings settings;
    char *problems;

    (void)unused;
    (void)fprintf(file, "; a comment\ncache_ttl = 1\nrate_limit = 1\njwt_issuer = me\n");
    (void)fclose(file);
    assert_int_equal(setenv("MILEPOST_CACHE_TTL", "2", 1), 0);
    assert_int_equal(setenv("MILEPOST_RATE_LIMIT", "2", 1), 0);
    assert_int_equal(read_flags(flags, COUNT(flags), &settings, &problems), RC_OK);
    assert_int_equal(settings.cache_ttl, 3);
    assert_int_equal(settings.rate_limit, 2);
    assert_string_equal(settings.jwt_issuer, "me");
    settings_done(&settings);
    free(problems);
    assert_int_equal(setenv("MILEPOST_NONSENSE", "2", 1), 0);
    file = fopen(name, "w");
    (void)fprintf(file, "listen = 1 ; no comment here\nnothing = 1\nsnapshot_dir = x\t# nor here\n");
    (void)fclose(file);
    assert_int_equal(read_flags(flags, COUNT(flags), &settings, &problems), RC_INVALID);
    assert_non_null(strstr(problems, "MILEPOST_NONSENSE"));
    assert_non_null(strstr(problems, "nothing"));
    assert_non_null(strstr(problems, ":1: a comment is a line of its own"));
    assert_non_null(strstr(problems, ":2: nothing: unknown setting"));
    assert_non_null(strstr(problems, ":3: a comment is a line of its own"));
    settings_done(&settings);
    free(problems);
    file = fopen(name, "w");
    (void)fprintf(file, "; a comment\n\nrate_limt = 3\nport = 7\nport = 70000\nthis is no line\n");
    (void)fclose(file);
    assert_int_equal(read_flags(flags, 2, &settings, &problems), RC_INVALID);
    assert_non_null(strstr(problems, ":3: rate_limt: unknown setting; did you mean rate_limit?"));
    assert_non_null(strstr(problems, ":5: port: must be a port from 1 to 65535"));
    assert_non_null(strstr(problems, ":6: is neither"));
    settings_done(&settings);
    free(problems);
    (void)unsetenv("MILEPOST_NONSENSE");
    (void)unsetenv("MILEPOST_CACHE_TTL");
    (void)unsetenv("MILEPOST_RATE_LIMIT");
    (void)remove(name);
}

static void the_table_is_written_out(void **unused)
{
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    (void)unused;
    settings_help(out);
    settings_markdown(out);
    (void)fclose(out);
    assert_non_null(strstr(text, "--completion_threshold"));
    assert_non_null(strstr(text, "(0.01 to 100 percent) [95]"));
    assert_non_null(strstr(text, "| `catalog` | `open` | open\\|strict |  | strict: "));
    assert_non_null(strstr(text, "| `upstream_timeout_ms` | `800` | 1 to 60000 ms |  | "));
    assert_non_null(strstr(text, "| `log_level` | `info` | error\\|warn\\|info\\|debug | the value | "));
    free(text);
}

static void what_nodes_have_alike_is_written_in_one_way(void **unused)
{
    static const char *const flags[] = {
        "--completion-threshold",         "80.5", "--catalog", "strict", "--mock-data",
        "--display_timezone=Europe/Paris"};
    static const char *const same[] = {"--completion_threshold=80.50", "--catalog=strict", "--mock_data=on",
                                       "--display-timezone",           "Europe/Paris",     "--rate-limit=7"};
    struct settings one, other;
    struct buf left = {0}, right = {0};
    char *problems, *more;

    (void)unused;
    assert_int_equal(read_flags(flags, COUNT(flags), &one, &problems), RC_OK);
    assert_int_equal(read_flags(same, COUNT(same), &other, &more), RC_OK);
    settings_put_alike(&one, &left);
    settings_put_alike(&other, &right);
    buf_char(&left, '\0');
    buf_char(&right, '\0');
    assert_string_equal(left.bytes, "catalog=strict\nenroll=auto\ncompletion_threshold=80.50\n"
                                    "display_timezone=Europe/Paris\nuser_check=off\nmock_data=on\n");
    assert_string_equal(left.bytes, right.bytes);
    buf_done(&left);
    buf_done(&right);
    settings_done(&one);
    settings_done(&other);
    free(problems);
    free(more);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_defaults_are_typed),
        cmocka_unit_test(flags_are_read_into_their_types),
        cmocka_unit_test(a_bad_value_is_named),
        cmocka_unit_test(what_libpq_reads_is_a_database),
        cmocka_unit_test(a_flag_needs_its_value),
        cmocka_unit_test(three_sources_have_an_order),
        cmocka_unit_test(the_table_is_written_out),
        cmocka_unit_test(what_nodes_have_alike_is_written_in_one_way),
    };
    return cmocka_run_group_tests_name("settings", tests, NULL, NULL);
}
