/* live PORT SECRET_FILE own|course|slow|idle STREAMS WRITES_PER_SECOND SECONDS - those who watch, beside
 * those who write.
 *
 * own: each stream is a learner's own; the writes go to the learners in turn.
 * course: all streams are one course's, of as many instructors; each write is told to all of them.
 * slow: as course, but the first stream is never read.
 * idle: the streams alone, until the input ends.
 *
 * STREAMS 0: the writes alone, to compare. One line of JSON: latencies in milliseconds from the sending of a
 * write, of its answer and of its message; the first second is not counted. The reading thread has the nice
 * value 10, so that what it does with the messages is not in the way of the server; how much of a processor
 * it took is said. */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/monotonic.h"

enum {
    WRITERS = 16,
    WRITES_MAX = 4000000,
    BUCKETS = 2000000 /* of 10 us */,
    READER_NICE = 10,
    WARM_US = 1000000
};

static struct {
    uint16_t port;
    char secret[256];
    bool course, slow;
    uint64_t counted_from_us;
    double reader_cpu_s;
    unsigned streams, learners;
    double rate, seconds;
    atomic_uint next;
    atomic_bool over, written;
    uint64_t sent_us[WRITES_MAX];
    atomic_uint answered[BUCKETS], told[BUCKETS];
    atomic_ullong messages, failed;
} load;

static void put64(char *out, const void *bytes, size_t size)
{
    size_t length = (size_t)EVP_EncodeBlock((unsigned char *)out, bytes, (int)size);

    for (size_t i = 0; i < length; i++)
        out[i] = out[i] == '+' ? '-' : out[i] == '/' ? '_' : out[i];
    while (length && out[length - 1] == '=')
        out[--length] = '\0';
}

static void token_of(const char *sub, const char *role, char out[512])
{
    char claims[256], head[64], body[360], mac[64];
    unsigned char digest[32];
    unsigned size = sizeof digest;

    (void)snprintf(claims, sizeof claims, "{\"sub\":\"%s\",\"role\":\"%s\",\"exp\":%lld}", sub, role,
                   (long long)time(NULL) + 36000);
    put64(head, "{\"alg\":\"HS256\"}", 15);
    put64(body, claims, strlen(claims));
    (void)snprintf(out, 512, "%s.%s", head, body);
    (void)HMAC(EVP_sha256(), load.secret, (int)strlen(load.secret), (const unsigned char *)out, strlen(out),
               digest, &size);
    put64(mac, digest, size);
    (void)snprintf(out + strlen(out), 512 - strlen(out), ".%s", mac);
}

static int open_connection(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(load.port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0) {
        perror("connect");
        exit(1);
    }
    return fd;
}

static void count(atomic_uint *buckets, uint64_t since_us)
{
    uint64_t bucket = (monotonic_us() - since_us) / 10;

    if (since_us < load.counted_from_us)
        return;
    atomic_fetch_add(&buckets[bucket < BUCKETS ? bucket : BUCKETS - 1], 1);
}

/* ---- streams ---- */

static int *stream_fds;

static int open_stream(unsigned i)
{
    char sub[32], token[512], head[1024], answer[2048];
    int fd = open_connection(), least = 1;

    if (load.slow && i == 0) /* the kernel keeps little of what is not read */
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &least, sizeof least);
    (void)snprintf(sub, sizeof sub, load.course ? "i%u" : "u%u", i);
    token_of(sub, load.course ? "instructor" : "student", token);
    int size = snprintf(head, sizeof head,
                        "GET /progress/realtime%s HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n"
                        "Authorization: Bearer %s\r\n\r\n",
                        load.course ? "?courseId=c" : "", token);
    ssize_t got = write(fd, head, (size_t)size) == size ? read(fd, answer, sizeof answer - 1) : -1;
    answer[got > 0 ? got : 0] = '\0';
    if (got <= 0 || !strstr(answer, " 200 ")) {
        (void)fprintf(stderr, "stream %u: %.60s\n", i, answer);
        exit(1);
    }
    return fd;
}

/* Every "watchedDuration":N that is whole. */
static void look(char *bytes, size_t size)
{
    static const char name[] = "\"watchedDuration\":";

    for (char *at = bytes; (at = memmem(at, size - (size_t)(at - bytes), name, sizeof name - 1)); at++) {
        unsigned long number = strtoul(at + sizeof name - 1, NULL, 10);
        atomic_fetch_add(&load.messages, 1);
        if (number < WRITES_MAX)
            count(load.told, load.sent_us[number]);
    }
}

static void *read_streams(void *unused)
{
    static char bytes[65536];
    struct epoll_event ready[256];
    int epoll = epoll_create1(0);

    (void)unused;
    (void)setpriority(PRIO_PROCESS, 0, READER_NICE); /* this thread's alone */
    for (unsigned i = load.slow; i < load.streams; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.fd = stream_fds[i]};
        (void)epoll_ctl(epoll, EPOLL_CTL_ADD, stream_fds[i], &event);
    }
    while (!atomic_load(&load.over)) {
        int found = epoll_wait(epoll, ready, 256, 100);
        for (int i = 0; i < found; i++) {
            ssize_t size = read(ready[i].data.fd, bytes,
                                sizeof bytes - 1); /* a message is rarely cut: those are not counted */
            if (size <= 0) {
                atomic_fetch_add(&load.failed, 1);
                (void)epoll_ctl(epoll, EPOLL_CTL_DEL, ready[i].data.fd, NULL);
                continue;
            }
            bytes[size] = '\0';
            look(bytes, (size_t)size);
        }
    }
    struct timespec cpu;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu);
    load.reader_cpu_s = (double)cpu.tv_sec + (double)cpu.tv_nsec / 1e9;
    return NULL;
}

/* ---- writes ---- */

static void *write_on(void *arg)
{
    unsigned writer = *(unsigned *)arg;
    double step_us = 1e6 * WRITERS / load.rate;
    uint64_t began_us = monotonic_us(), writes = 0;
    char request[2048], answer[4096], body[256], sub[32], token[512];
    int fd = open_connection();

    while (!atomic_load(&load.written)) {
        uint64_t due_us = began_us + (uint64_t)(step_us * ((double)writes++ + (double)writer / WRITERS));
        uint64_t now_us = monotonic_us();
        if (due_us > now_us)
            (void)usleep((useconds_t)(due_us - now_us));
        unsigned number = atomic_fetch_add(&load.next, 1);
        if (number >= WRITES_MAX)
            break;
        (void)snprintf(sub, sizeof sub, "u%u", number % load.learners);
        token_of(sub, "student", token);
        int body_size = snprintf(
            body, sizeof body,
            "{\"userId\":\"%s\",\"videoId\":\"v\",\"courseId\":\"c\",\"watchedDuration\":%u}", sub, number);
        int size = snprintf(request, sizeof request,
                            "POST /progress/update HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                            "Authorization: Bearer %s\r\nContent-Length: %d\r\n\r\n%s",
                            token, body_size, body);
        load.sent_us[number] = monotonic_us();
        if (write(fd, request, (size_t)size) != size || read(fd, answer, sizeof answer) <= 0 ||
            !strstr(answer, " 200 "))
            atomic_fetch_add(&load.failed, 1);
        else
            count(load.answered, load.sent_us[number]);
    }
    (void)close(fd);
    return NULL;
}

static double percentile(const atomic_uint *buckets, double share, uint64_t *out_count)
{
    uint64_t all = 0, seen = 0;

    for (int i = 0; i < BUCKETS; i++)
        all += atomic_load(&buckets[i]);
    *out_count = all;
    for (int i = 0; i < BUCKETS; i++)
        if ((seen += atomic_load(&buckets[i])) > 0 && (double)seen >= share * (double)all)
            return i / 100.0;
    return 0;
}

static void report(void)
{
    uint64_t writes, told;
    double write_p50 = percentile(load.answered, 0.5, &writes),
           write_p99 = percentile(load.answered, 0.99, &writes);
    double told_p50 = percentile(load.told, 0.5, &told), told_p99 = percentile(load.told, 0.99, &told);

    (void)printf(
        "{\"streams\":%u,\"writes\":%llu,\"write_p50\":%.2f,\"write_p99\":%.2f,\"messages\":%llu,"
        "\"told_p50\":%.2f,\"told_p99\":%.2f,\"told_max\":%.2f,\"failed\":%llu,\"reader_cpu\":%.2f}\n",
        load.streams, (unsigned long long)writes, write_p50, write_p99, (unsigned long long)told, told_p50,
        told_p99, percentile(load.told, 1, &told), (unsigned long long)atomic_load(&load.failed),
        load.reader_cpu_s / load.seconds);
}

int main(int argc, char **argv)
{
    static unsigned numbers[WRITERS];
    struct rlimit files;
    pthread_t reader, writers[WRITERS];

    if (argc != 7)
        return 2;
    (void)getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &files);
    load.port = (uint16_t)atoi(argv[1]);
    FILE *secret = fopen(argv[2], "r");
    if (!secret || fscanf(secret, "%255s", load.secret) != 1)
        return 2;
    load.slow = strcmp(argv[3], "slow") == 0;
    load.course = load.slow || strcmp(argv[3], "course") == 0;
    load.streams = (unsigned)atoi(argv[4]);
    load.learners = load.streams ? load.streams : 1000;
    load.rate = atof(argv[5]);
    load.seconds = atof(argv[6]);
    stream_fds = calloc(load.streams + 1u, sizeof *stream_fds);
    for (unsigned i = 0; i < load.streams; i++)
        stream_fds[i] = open_stream(i);
    if (strcmp(argv[3], "idle") == 0) {
        (void)puts("open");
        (void)fflush(stdout);
        return getchar() == EOF ? 0 : 0;
    }
    load.counted_from_us = monotonic_us() + WARM_US;
    (void)pthread_create(&reader, NULL, read_streams, NULL);
    for (unsigned i = 0; i < WRITERS; i++) {
        numbers[i] = i;
        (void)pthread_create(&writers[i], NULL, write_on, &numbers[i]);
    }
    (void)usleep((useconds_t)(load.seconds * 1e6) + WARM_US);
    atomic_store(&load.written, true);
    for (unsigned i = 0; i < WRITERS; i++)
        (void)pthread_join(writers[i], NULL);
    (void)usleep(WARM_US); /* what was written last is told */
    atomic_store(&load.over, true);
    (void)pthread_join(reader, NULL);
    report();
    return 0;
}
