/* catch_up PORT PATH UPTO SECONDS - those who come back at once: a stream of PATH for each token on the
 * input, with Last-Event-ID 0, read until each has a message with the id UPTO or a later one, or the time is
 * over. One line of JSON: how long it took, how many messages the streams got, and what was not in order. The
 * nice value is 10, so that the reading is not in the way of the server. */
#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/monotonic.h"

enum { STREAMS_MAX = 1000, READER_NICE = 10, LINE_HEAD = 4 /* "id: " */ };

static struct stream {
    int fd;
    unsigned column; /* in the line */
    bool is_id;
    uint64_t id, last, messages, disorder;
} streams[STREAMS_MAX];

static int open_stream(uint16_t port, const char *path, const char *token)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    char head[2048];

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int size = snprintf(head, sizeof head,
                        "GET %s HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\nLast-Event-ID: 0\r\n"
                        "Authorization: Bearer %s\r\n\r\n",
                        path, token);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0 ||
        write(fd, head, (size_t)size) != size) {
        perror("connect");
        exit(1);
    }
    return fd;
}

static void end_line(struct stream *stream)
{
    if (stream->is_id && stream->column > LINE_HEAD) {
        stream->messages++;
        stream->disorder += stream->id <= stream->last;
        stream->last = stream->id;
    }
    stream->column = 0;
    stream->is_id = true;
    stream->id = 0;
}

/* The answer's head has no line that begins as an id's. */
static void look(struct stream *stream, const char *bytes, size_t size)
{
    static const char line_head[] = "id: ";

    for (size_t i = 0; i < size; i++) {
        const char *end = stream->is_id ? NULL : memchr(bytes + i, '\n', size - i);
        if (!stream->is_id && !end)
            return;
        if (end)
            i = (size_t)(end - bytes);
        if (bytes[i] == '\n') {
            end_line(stream);
            continue;
        }
        if (stream->column < LINE_HEAD)
            stream->is_id = bytes[i] == line_head[stream->column];
        else
            stream->id = 10 * stream->id + (uint64_t)(bytes[i] - '0') % 10;
        stream->column++;
    }
}

static unsigned read_all(unsigned count, uint64_t upto, double seconds)
{
    static char bytes[1 << 18];
    struct epoll_event ready[64];
    int epoll = epoll_create1(0);
    unsigned done = 0;

    for (unsigned i = 0; i < count; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &streams[i]};
        (void)epoll_ctl(epoll, EPOLL_CTL_ADD, streams[i].fd, &event);
    }
    for (int64_t until_ms = monotonic_ms() + (int64_t)(seconds * 1000);
         done < count && monotonic_ms() < until_ms;) {
        int found = epoll_wait(epoll, ready, 64, 100);
        for (int i = 0; i < found; i++) {
            struct stream *stream = ready[i].data.ptr;
            ssize_t size = read(stream->fd, bytes, sizeof bytes);
            if (size > 0)
                look(stream, bytes, (size_t)size);
            done += size > 0 && stream->last >= upto;
            if (size <= 0 || stream->last >= upto)
                (void)epoll_ctl(epoll, EPOLL_CTL_DEL, stream->fd, NULL);
        }
    }
    return done;
}

int main(int argc, char **argv)
{
    char token[1024];
    unsigned count = 0;
    uint64_t least = UINT64_MAX, most = 0, disorder = 0;

    if (argc != 5)
        return 2;
    (void)setpriority(PRIO_PROCESS, 0, READER_NICE);
    int64_t began_ms = monotonic_ms();
    while (count < STREAMS_MAX && scanf("%1023s", token) == 1)
        streams[count++] = (struct stream){.fd = open_stream((uint16_t)atoi(argv[1]), argv[2], token)};
    unsigned done = read_all(count, strtoull(argv[3], NULL, 10), atof(argv[4]));
    for (unsigned i = 0; i < count; i++) {
        least = streams[i].messages < least ? streams[i].messages : least;
        most = streams[i].messages > most ? streams[i].messages : most;
        disorder += streams[i].disorder;
    }
    struct rusage used;
    (void)getrusage(RUSAGE_SELF, &used);
    (void)printf(
        "{\"streams\":%u,\"done\":%u,\"seconds\":%.1f,\"messages_least\":%llu,\"messages_most\":%llu,"
        "\"disorder\":%llu,\"reader_cpu_s\":%.1f}\n",
        count, done, (double)(monotonic_ms() - began_ms) / 1000, (unsigned long long)least,
        (unsigned long long)most, (unsigned long long)disorder,
        (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
            (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6);
    return done == count && !disorder ? 0 : 1;
}
