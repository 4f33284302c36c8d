#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "http/request.h"

/* A connection that is given away: the library answers the request's head, and the socket is somebody else's
 * from then on. So a stream that lasts for hours costs the library nothing, and is not among the connections
 * that it walks over. */

struct MHD_Response;

struct hand_over {
    const char *websocket_accept; /* 101 with this Sec-WebSocket-Accept; NULL: 200, and the body ends with the
                                     connection */
    /* The head is sent: takes the socket, and what the client sent ahead (borrowed). Loop's thread. */
    void (*taken)(void *arg, int fd, const char *ahead, size_t size);
    void (*lost)(void *arg); /* in its place, when the request ended before */
    void *arg;
    bool over; /* hand_over.c's own */
};

/* Instead of request_reply. The hand-over lies in the request's arena. */
void request_hand_over(struct request *request, struct hand_over *hand_over, const char *content_type);

/* For answer.c: the library's answer; NULL: out of memory. */
struct MHD_Response *hand_over_response(struct request *request);
/* For connection.c: the request ended; who was to have its socket hears of it if they did not get it. */
void hand_over_end(struct request *request);
