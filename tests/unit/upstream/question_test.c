#include "test.h"
#include "tiny_server.h"

#include "upstream/cms.h"
#include "upstream/question.h"
#include "upstream/user_service.h"

enum { TIMEOUT_MS = 3000, KEEP_MS = 60000 };

/* What was told to whoever asked. */
struct told {
    atomic_int count;
    struct reply reply;
};

static void note(void *arg, const struct reply *reply)
{
    struct told *told = arg;

    told->reply = *reply;
    atomic_fetch_add(&told->count, 1);
}

struct bench {
    struct tiny_server server;
    struct fetcher *fetcher;
};

static void set_up(struct bench *bench, const char *body)
{
    struct fault fault;

    tiny_start(&bench->server, body);
    assert_int_equal(fetcher_new("tiny", TIMEOUT_MS, &bench->fetcher, &fault), RC_OK);
}

static void tear_down(struct bench *bench)
{
    fetcher_free(bench->fetcher);
    tiny_stop(&bench->server);
}

static bool read_size(int status, const json_t *body, struct reply *out)
{
    out->known = body != NULL;
    (void)snprintf(out->text, sizeof out->text, "status %d", status);
    out->number = (int64_t)json_object_size(body);
    return status < 500;
}

static void a_reply_is_told_and_kept(void **unused)
{
    struct bench bench;
    struct asked_service service;
    struct told told = {.count = 0};
    struct fault fault;
    char base[80], text[32];
    int64_t number;

    (void)unused;
    set_up(&bench, "{\"a\":1,\"b\":2}");
    (void)snprintf(base, sizeof base, "%s/api//", bench.server.url);
    assert_int_equal(
        question_init(&service,
                      &(struct question_settings){
                          .base_url = base, .fetcher = bench.fetcher, .keep_ms = KEEP_MS, .read = read_size},
                      &fault),
        RC_OK);
    assert_false(question_known(&service, "/things/", "a/b", text, sizeof text, &number));
    question_ask(&service, "/things/", "a/b", NULL, note, &told);
    wait_for(&told.count, 1);
    assert_string_equal(bench.server.last_path, "/api/things/a%2Fb");
    assert_true(told.reply.came);
    assert_string_equal(told.reply.text, "status 200");
    assert_true(question_known(&service, "/things/", "a/b", text, sizeof text, &number));
    assert_string_equal(text, "status 200");
    assert_int_equal(number, 2);
    assert_false(question_known(&service, "/other/", "a/b", text, sizeof text, &number));
    question_drop(&service, "/things/", "a/b");
    assert_false(question_known(&service, "/things/", "a/b", text, sizeof text, &number));
    question_ask(&service, "/status/", "503", NULL, note, &told); /* a failure is told, and not kept */
    wait_for(&told.count, 2);
    assert_false(told.reply.came);
    assert_false(question_known(&service, "/status/", "503", text, sizeof text, &number));
    fetcher_stop(bench.fetcher); /* nothing is taken any more: told at once */
    question_ask(&service, "/things/", "c", NULL, note, &told);
    assert_int_equal(atomic_load(&told.count), 3);
    assert_false(told.reply.came);
    question_done(&service);
    tear_down(&bench);
}

static const struct {
    const char *body, *title;
    int64_t duration_s;
} cms_rows[] = {
    {"{\"title\":\"T\",\"durationSeconds\":60}", "T", 60},
    {"{\"name\":\"N\",\"duration\":61.9}", "N", 61},
    {"{\"title\":7,\"name\":\"N\",\"durationSeconds\":\"60\",\"duration\":62}", "N", 62},
    {"{\"title\":\"T\",\"name\":\"N\",\"durationSeconds\":-1}", "T", 0},
    {"{\"durationSeconds\":1e300}", "", 0},
    {"[1]", "", 0},
    {"no json", "", 0},
};

static void titles_and_durations_are_read(void **unused)
{
    struct bench bench;
    struct fault fault;

    (void)unused;
    set_up(&bench, "");
    for (size_t i = 0; i < COUNT(cms_rows); i++) {
        struct told told = {.count = 0};
        struct cms *cms;
        char title[64];
        int64_t duration_s;
        atomic_store(&bench.server.body, cms_rows[i].body);
        assert_int_equal(cms_new(bench.server.url, bench.fetcher, KEEP_MS, &cms, &fault), RC_OK);
        assert_false(cms_known(cms, CMS_VIDEO, "v", title, sizeof title, &duration_s));
        cms_ask(cms, CMS_VIDEO, "v", NULL, note, &told);
        wait_for(&told.count, 1);
        assert_string_equal(bench.server.last_path, "/videos/v");
        assert_true(cms_known(cms, CMS_VIDEO, "v", title, sizeof title, &duration_s));
        if (strcmp(title, cms_rows[i].title) != 0 || duration_s != cms_rows[i].duration_s)
            fail_msg("%s: %s, %d s", cms_rows[i].body, title, (int)duration_s);
        assert_false(cms_known(cms, CMS_COURSE, "v", title, sizeof title, &duration_s));
        cms_drop(cms, CMS_VIDEO, "v");
        assert_false(cms_known(cms, CMS_VIDEO, "v", title, sizeof title, &duration_s));
        cms_free(cms);
    }
    tear_down(&bench);
}

/* A 404 is an answer; a failure is remembered too, so that not every request asks again. */
static void what_the_cms_lacks_is_remembered(void **unused)
{
    static const char *const statuses[] = {"404", "500", "302"};
    struct bench bench;
    struct cms *cms;
    struct fault fault;
    char base[80], title[64];
    int64_t duration_s;

    (void)unused;
    set_up(&bench, "{\"title\":\"T\"}");
    for (size_t i = 0; i < COUNT(statuses); i++) {
        struct told told = {.count = 0};
        (void)snprintf(base, sizeof base, "%s/status/%s", bench.server.url, statuses[i]);
        assert_int_equal(cms_new(base, bench.fetcher, KEEP_MS, &cms, &fault), RC_OK);
        cms_ask(cms, CMS_COURSE, "c", NULL, note, &told);
        wait_for(&told.count, 1);
        assert_int_equal(told.reply.came, i == 0);
        assert_true(cms_known(cms, CMS_COURSE, "c", title, sizeof title, &duration_s));
        assert_string_equal(title, "");
        cms_drop(cms, CMS_COURSE, "c");
        assert_false(cms_known(cms, CMS_COURSE, "c", title, sizeof title, &duration_s));
        cms_free(cms);
    }
    cms_free(NULL);
    tear_down(&bench);
}

static void a_verdict_on_a_user_is_read(void **unused)
{
    static const struct {
        const char *status, *body;
        enum user_verdict verdict, known;
    } rows[] = {
        {"200", "{\"valid\":true}", USER_YES, USER_YES},
        {"200", "{}", USER_YES, USER_YES},
        {"200", "", USER_YES, USER_YES},
        {"200", "{\"valid\":false}", USER_NO, USER_NO},
        {"404", "{\"valid\":true}", USER_NO, USER_NO},
        {"302", "", USER_NO, USER_NO},
        {"401", "", USER_UNASKABLE, USER_NOT_ASKED},
        {"403", "", USER_UNASKABLE, USER_NOT_ASKED},
        {"429", "", USER_UNASKABLE, USER_NOT_ASKED},
        {"500", "", USER_UNASKABLE, USER_NOT_ASKED},
    };
    struct bench bench;
    struct fault fault;

    (void)unused;
    set_up(&bench, "");
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct told told = {.count = 0};
        struct user_service *users;
        char base[80];
        atomic_store(&bench.server.body, rows[i].body);
        (void)snprintf(base, sizeof base, "%s/status/%s", bench.server.url, rows[i].status);
        assert_int_equal(user_service_new(base, bench.fetcher, &users, &fault), RC_OK);
        assert_int_equal(user_service_known(users, "u"), USER_NOT_ASKED);
        user_service_ask(users, "u", NULL, note, &told);
        wait_for(&told.count, 1);
        if (user_service_verdict(&told.reply) != rows[i].verdict ||
            user_service_known(users, "u") != rows[i].known)
            fail_msg("%s %s: %d, known %d", rows[i].status, rows[i].body,
                     (int)user_service_verdict(&told.reply), (int)user_service_known(users, "u"));
        user_service_free(users);
    }
    user_service_free(NULL);
    tear_down(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reply_is_told_and_kept),
        cmocka_unit_test(titles_and_durations_are_read),
        cmocka_unit_test(what_the_cms_lacks_is_remembered),
        cmocka_unit_test(a_verdict_on_a_user_is_read),
    };
    return cmocka_run_group_tests_name("question", tests, NULL, NULL);
}
