#include "test.h"
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/framing.h"

/* What a socket gets of a message that holds "head head body", sent whole or in parts, and of others. */
static void one_head_is_sent(void **unused)
{
    static const struct {
        const char *head, *body, *want;
    } cases[] = {
        {"HTTP/1.1 400 Bad\r\nA: b\r\n\r\nHTTP/1.1 400 Bad\r\nA: b\r\n\r\n", "<html>",
         "HTTP/1.1 400 Bad\r\nA: b\r\n\r\n<html>"},
        {"HTTP/1.1 400 Bad\r\nA: b\r\n\r\n", "{}", "HTTP/1.1 400 Bad\r\nA: b\r\n\r\n{}"},
        {"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", "x",
         "HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\nx"},
        {"short", "", "short"},
        {"", "", ""},
    };
    (void)unused;
#ifdef __SANITIZE_ADDRESS__
    skip(); /* the sanitizer's own sendmsg comes before ours */
#endif
    for (size_t i = 0; i < COUNT(cases); i++) {
        int pair[2];
        char got[256];
        struct iovec parts[2] = {{(void *)(uintptr_t)cases[i].head, strlen(cases[i].head)},
                                 {(void *)(uintptr_t)cases[i].body, strlen(cases[i].body)}};
        struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
        assert_int_equal(sendmsg(pair[0], &message, MSG_NOSIGNAL), parts[0].iov_len + parts[1].iov_len);
        (void)close(pair[0]);
        ssize_t size = read(pair[1], got, sizeof got);
        if (size != (ssize_t)strlen(cases[i].want) || memcmp(got, cases[i].want, (size_t)size) != 0)
            fail_msg("%zu: %.*s", i, (int)size, got);
        errno = 0;
        assert_int_equal(sendmsg(pair[0], &message, MSG_NOSIGNAL), -1);
        assert_int_equal(errno, EBADF);
        (void)close(pair[1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_head_is_sent),
    };
    return cmocka_run_group_tests_name("framing", tests, NULL, NULL);
}
