#include "test.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/mhd_request.h"
#include "http/problem.h"
#include "http/server.h"
#include "http/suspend.h"

/* The server whole, over a socket: what a handler does, and what a client gets. */

static atomic_int observed, turns;

static void reply(struct request *request)
{
    buf_text(&request->out, "done");
    request_reply(request, 200, "text/plain");
}

/* ---- requests that others resume ---- */

static struct request *_Atomic suspended;

static void *resume_later(void *unused)
{
    struct request *request;

    (void)unused;
    while (!(request = atomic_exchange(&suspended, NULL)))
        (void)usleep(1000);
    request_resume(request);
    return NULL;
}

static void handle_on_thread(struct request *request)
{
    reply(request);
}

static void *run_apart(void *unused)
{
    struct request *request;

    (void)unused;
    while (!(request = atomic_exchange(&suspended, NULL)))
        (void)usleep(1000);
    request_handle_apart(request, handle_on_thread);
    return NULL;
}

static void start_thread(void *(*run)(void *arg))
{
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, run, NULL), 0);
    (void)pthread_detach(thread);
}

/* ---- the handlers of the test's server ---- */

static void judge(struct request *request)
{
    request->body_max = 64;
    if (strcmp(request->target, "/refused") == 0)
        request_fail(request, RC_DENIED, &(struct fault){.message = "not you"});
}

static void handle(struct request *request)
{
    const char *target = request->target;

    if (strcmp(target, "/wait") == 0) {
        request_wait(request, reply);
    } else if (strcmp(target, "/suspend") == 0) {
        request_suspend(request, reply);
        atomic_store(&suspended, request);
        start_thread(resume_later);
    } else if (strcmp(target, "/apart") == 0) {
        request_suspend(request, request_handled_apart);
        atomic_store(&suspended, request);
        start_thread(run_apart);
    } else if (strcmp(target, "/echo") == 0) {
        buf_add(&request->out, request->body.bytes, request->body.size);
        buf_printf(&request->out, " %d", request_header_count(request, "x-many"));
        request_reply(request, 200, "text/plain");
    } else if (strcmp(target, "/large") == 0) {
        for (int i = 0; i < 500; i++)
            buf_text(&request->out, "the same again and again, ");
        request_reply(request, 200, "text/html");
    } else {
        reply(request);
    }
}

static void resume_all(struct request *first)
{
    for (struct request *next; first; first = next) {
        next = first->next_waiting;
        request_resume(first);
    }
}

static void *resume_all_later(void *first)
{
    (void)usleep(20000);
    resume_all(first);
    return NULL;
}

static atomic_bool answers_late; /* as a commit is: clients leave meanwhile */

static void turn_over(struct face_context *context, struct request *first)
{
    pthread_t thread;

    (void)context;
    atomic_fetch_add(&turns, 1);
    if (!atomic_load(&answers_late)) {
        resume_all(first);
        return;
    }
    assert_int_equal(pthread_create(&thread, NULL, resume_all_later, first), 0);
    (void)pthread_detach(thread);
}

static void observe(struct face_context *context, struct request *request, uint64_t microseconds)
{
    (void)context;
    (void)request;
    (void)microseconds;
    atomic_fetch_add(&observed, 1);
}

static uint16_t free_port(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&at, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
    (void)close(fd);
    return ntohs(at.sin_port);
}

static struct http_server *start(uint16_t *out_port)
{
    struct http_server *server;
    struct fault fault;

    *out_port = free_port();
    assert_int_equal(http_server_start(&(struct http_settings){.listen = "127.0.0.1",
                                                               .ports = out_port,
                                                               .port_count = 1,
                                                               .threads = 2,
                                                               .cors_origins = "https://a.example",
                                                               .judge = judge,
                                                               .handle = handle,
                                                               .turn_over = turn_over,
                                                               .observe = observe},
                                       &server, &fault),
                     RC_OK);
    return server;
}

static int dial(uint16_t port)
{
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval patience = {.tv_sec = 5};

    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    return fd;
}

/* All that comes until the server ends the connection. */
static void ask(uint16_t port, const char *message, char *answer, size_t room)
{
    int fd = dial(port);
    size_t size = 0;

    assert_int_equal(send(fd, message, strlen(message), MSG_NOSIGNAL), strlen(message));
    for (ssize_t got; size + 1 < room && (got = recv(fd, answer + size, room - 1 - size, 0)) > 0;)
        size += (size_t)got;
    answer[size] = '\0';
    (void)close(fd);
}

#define HEAD "Host: x\r\nConnection: close\r\n"
#define PREFLIGHT "Access-Control-Request-Method: POST\r\n"

static const struct {
    const char *message;
    const char *want[5], *never;
} rows[] = {
    {"GET /wait HTTP/1.1\r\n" HEAD "\r\n",
     {"HTTP/1.1 200 ", "\r\n\r\ndone", "ETag: \"b", "no-store"},
     "gzip"},
    {"GET /suspend HTTP/1.1\r\n" HEAD "\r\n", {"HTTP/1.1 200 ", "\r\n\r\ndone"}, NULL},
    {"GET /apart HTTP/1.1\r\n" HEAD "\r\n", {"HTTP/1.1 200 ", "\r\n\r\ndone", "ETag: \"b"}, NULL},
    {"HEAD /wait HTTP/1.1\r\n" HEAD "\r\n", {"HTTP/1.1 200 ", "Content-Length: 4"}, "done"},
    {"GET /x HTTP/1.1\r\nX-Request-Id: mine-7\r\n" HEAD "\r\n", {"X-Request-Id: mine-7"}, NULL},
    {"GET /x HTTP/1.1\r\nX-Request-Id: no good\r\n" HEAD "\r\n", {"X-Request-Id: "}, "no good"},
    {"POST /echo HTTP/1.1\r\nX-Many: 1\r\nX-Many: 2\r\nContent-Length: 5\r\n" HEAD "\r\nhello",
     {"HTTP/1.1 200 ", "\r\n\r\nhello 2"},
     "ETag"},
    {"POST /echo HTTP/1.1\r\nContent-Length: 65\r\n" HEAD "\r\n"
     "01234567890123456789012345678901234567890123456789012345678901234",
     {"HTTP/1.1 413 ", "at most 0 MiB"},
     NULL},
    {"POST /refused HTTP/1.1\r\nContent-Length: 100000\r\n" HEAD "\r\n",
     {"HTTP/1.1 403 ", "not you", "\"success\":false"},
     NULL},
    {"POST /x HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n" HEAD "\r\n",
     {"HTTP/1.1 400 ", "Connection: close"},
     "done"},
    {"GET /large HTTP/1.1\r\nAccept-Encoding: gzip\r\n" HEAD "\r\n",
     {"HTTP/1.1 200 ", "Content-Encoding: gzip", "Vary: Accept-Encoding", "Content-Security-Policy"},
     "again"},
    {"GET /large HTTP/1.1\r\nAccept-Encoding: gzip;q=0\r\n" HEAD "\r\n", {"and again"}, "Content-Encoding"},
    {"GET /x HTTP/1.1\r\nIf-None-Match: *\r\n" HEAD "\r\n", {"HTTP/1.1 304 "}, "done"},
    {"GET /x HTTP/1.1\r\nOrigin: https://a.example\r\n" HEAD "\r\n",
     {"Access-Control-Allow-Origin: https://a.example", "Vary: Origin"},
     NULL},
    {"GET /x HTTP/1.1\r\nOrigin: https://b.example\r\n" HEAD "\r\n", {"HTTP/1.1 200 "}, "Access-Control"},
    {"OPTIONS /x HTTP/1.1\r\nOrigin: https://a.example\r\n" PREFLIGHT HEAD "\r\n",
     {"Access-Control-Allow-Headers: ", "Access-Control-Max-Age: 600"},
     NULL},
};

static void each_request_gets_its_answer(void **unused)
{
    uint16_t port;
    struct http_server *server = start(&port);
    char answer[32768];

    (void)unused;
    atomic_store(&observed, 0);
    for (size_t i = 0; i < COUNT(rows); i++) {
        ask(port, rows[i].message, answer, sizeof answer);
        for (size_t k = 0; k < COUNT(rows[i].want) && rows[i].want[k]; k++)
            if (!strstr(answer, rows[i].want[k]))
                fail_msg("row %zu: no \"%s\" in: %s", i, rows[i].want[k], answer);
        if (rows[i].never && strstr(answer, rows[i].never))
            fail_msg("row %zu: \"%s\" in: %s", i, rows[i].never, answer);
    }
    for (int i = 0; i < 1000 && http_server_open_requests(server); i++)
        (void)usleep(1000);
    assert_int_equal(http_server_open_requests(server), 0);
    assert_int_equal(atomic_load(&observed), COUNT(rows));
    http_server_stop(server);
}

/* Many at once, most of whose clients leave before the answer: nothing is lost, nothing is given back twice.
 */
static void clients_come_and_go(void **unused)
{
    enum { CLIENTS = 200 };
    static const char wait[] = "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n";
    uint16_t port;
    struct http_server *server = start(&port);
    int fds[CLIENTS];

    (void)unused;
    atomic_store(&turns, 0);
    atomic_store(&answers_late, true);
    for (int i = 0; i < CLIENTS; i++) {
        fds[i] = dial(port);
        assert_int_equal(send(fds[i], wait, sizeof wait - 1, MSG_NOSIGNAL), sizeof wait - 1);
        if (i % 4) { /* leaves at once, and in a way that the server sees at once */
            (void)usleep(500);
            (void)setsockopt(fds[i], SOL_SOCKET, SO_LINGER, &(struct linger){1, 0}, sizeof(struct linger));
            (void)close(fds[i]);
        }
    }
    for (int i = 0; i < CLIENTS; i += 4) {
        char answer[1024];
        ssize_t size = recv(fds[i], answer, sizeof answer - 1, 0);
        answer[size > 0 ? size : 0] = '\0';
        if (!strstr(answer, "200"))
            fail_msg("client %d: %s", i, answer);
        (void)close(fds[i]);
    }
    assert_true(atomic_load(&turns) > 0);
    atomic_store(&answers_late, false);
    for (int i = 0; i < 5000 && http_server_open_requests(server); i++)
        (void)usleep(1000);
    assert_int_equal(http_server_open_requests(server), 0);
    http_server_stop(server);
}

/* A server that drains answers what is under way, ends its connections and takes no new ones. */
static void a_server_drains(void **unused)
{
    uint16_t port;
    struct http_server *server = start(&port);
    char answer[1024];
    int fd = dial(port);
    static const char first[] = "GET /x HTTP/1.1\r\nHost: x\r\n\r\n";

    (void)unused;
    assert_int_equal(send(fd, first, sizeof first - 1, MSG_NOSIGNAL), sizeof first - 1);
    assert_true(recv(fd, answer, sizeof answer, 0) > 0);
    http_server_quiesce(server);
    assert_int_equal(send(fd, first, sizeof first - 1, MSG_NOSIGNAL), sizeof first - 1);
    ssize_t size = recv(fd, answer, sizeof answer - 1, 0);
    answer[size > 0 ? size : 0] = '\0';
    assert_non_null(strstr(answer, "Connection: close"));
    (void)close(fd);
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int another = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(another, (struct sockaddr *)&at, sizeof at), -1);
    (void)close(another);
    http_server_stop(server);
    http_server_stop(NULL);
}

static void what_cannot_be_served_is_refused(void **unused)
{
    uint16_t port, many[9] = {0};
    struct http_server *server = start(&port), *other = NULL;
    struct fault fault;
    struct http_settings taken = {.listen = "127.0.0.1", .ports = &port, .port_count = 1, .threads = 1};
    struct http_settings too_many = {.listen = "127.0.0.1", .ports = many, .port_count = 9, .threads = 1};

    (void)unused;
    assert_int_equal(http_server_start(&taken, &other, &fault), RC_INTERNAL);
    assert_int_equal(http_server_start(&too_many, &other, &fault), RC_INVALID);
    assert_null(other);
    http_server_stop(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_request_gets_its_answer),
        cmocka_unit_test(clients_come_and_go),
        cmocka_unit_test(a_server_drains),
        cmocka_unit_test(what_cannot_be_served_is_refused),
    };
    return cmocka_run_group_tests_name("server", tests, NULL, NULL);
}
