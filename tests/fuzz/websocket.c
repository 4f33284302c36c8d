#include "world.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

/* What a client sends over a WebSocket, byte by byte as it came; then a ping and a close. */

enum { WAIT_MS = 3000 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Until the hub has closed it: whatever came, it ends. */
static void read_to_end(int fd)
{
    struct pollfd waits = {.fd = fd, .events = POLLIN};
    char answer[16384];

    for (;;) {
        int ready = poll(&waits, 1, WAIT_MS);
        MUST(ready == 1, "the stream did not end");
        ssize_t got = read(fd, answer, sizeof answer);
        if (got <= 0)
            return;
        if (getenv("FUZZ_SHOW"))
            (void)dprintf(2, "%.*s\n", (int)got, answer);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const char end[] = {(char)0x89, (char)0x81, 0, 0, 0, 0, 'p',       (char)0x88,
                               (char)0x82, 0,          0, 0, 0, 3, (char)0xe8};
    int fd = world_watch();

    if (fd < 0)
        return 0;
    /* it may have ended before all is sent */
    (void)!write(fd, bytes, size);
    (void)!write(fd, end, sizeof end);
    (void)shutdown(fd, SHUT_WR);
    read_to_end(fd);
    (void)close(fd);
    return 0;
}
