#pragma once

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

/* A service on a port of its own: one connection at a time, one request each. What it answers is told by the
 * request's path: "/status/NNN" that status; another path 200 with the body that was set. */
struct tiny_server {
    int fd;
    char url[64];
    pthread_t thread;
    atomic_int calls;
    char last_path[256]; /* of the last request; written before calls */
    const char *_Atomic body;
    atomic_int delay_ms;
};

static inline void tiny_answer(struct tiny_server *server, int client)
{
    char request[4096], head[256], path[256] = "";
    ssize_t size = recv(client, request, sizeof request - 1, 0);
    int status = 200;

    request[size > 0 ? size : 0] = '\0';
    (void)sscanf(request, "GET %255s", path);
    (void)snprintf(server->last_path, sizeof server->last_path, "%s", path);
    atomic_fetch_add(&server->calls, 1);
    (void)usleep((useconds_t)atomic_load(&server->delay_ms) * 1000);
    const char *at = strstr(path, "/status/");
    if (at)
        status = atoi(at + 8);
    const char *body = atomic_load(&server->body);
    int length =
        snprintf(head, sizeof head, "HTTP/1.1 %d X\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
                 status, strlen(body));
    (void)send(client, head, (size_t)length, MSG_NOSIGNAL | MSG_MORE);
    (void)send(client, body, strlen(body), MSG_NOSIGNAL);
    (void)close(client);
}

static inline void *tiny_main(void *arg)
{
    struct tiny_server *server = arg;

    for (int client; (client = accept(server->fd, NULL, NULL)) >= 0;)
        tiny_answer(server, client);
    return NULL;
}

static inline void tiny_start(struct tiny_server *server, const char *body)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;

    server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(server->fd, (struct sockaddr *)&at, size), 0);
    assert_int_equal(listen(server->fd, 64), 0);
    assert_int_equal(getsockname(server->fd, (struct sockaddr *)&at, &size), 0);
    (void)snprintf(server->url, sizeof server->url, "http://127.0.0.1:%u", ntohs(at.sin_port));
    atomic_store(&server->calls, 0);
    atomic_store(&server->body, body);
    atomic_store(&server->delay_ms, 0);
    assert_int_equal(pthread_create(&server->thread, NULL, tiny_main, server), 0);
}

static inline void tiny_stop(struct tiny_server *server)
{
    (void)shutdown(server->fd, SHUT_RDWR);
    (void)pthread_join(server->thread, NULL);
    (void)close(server->fd);
}

/* Waits for what another thread counts; five seconds at most. */
static inline void wait_for(atomic_int *count, int least)
{
    for (int i = 0; i < 5000 && atomic_load(count) < least; i++)
        (void)usleep(1000);
    if (atomic_load(count) < least)
        fail_msg("%d of %d came", atomic_load(count), least);
}
