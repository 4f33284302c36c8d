#include "http/hand_over.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <microhttpd.h>

#include "http/loop.h"
#include "http/mhd_request.h"

void request_hand_over(struct request *request, struct hand_over *hand_over, const char *content_type)
{
    request->hand_over = hand_over;
    request_reply(request, hand_over->websocket_accept ? 101 : 200, content_type);
}

/* A descriptor of one's own for a socket that the library will close. False: there is none to be had. */
static bool give(struct hand_over *hand_over, int fd, const char *ahead, size_t size)
{
    int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);

    if (own < 0)
        return false;
    hand_over->over = true;
    hand_over->taken(hand_over->arg, own, ahead, size);
    return true;
}

/* ---- 101: the library's own way ---- */

static void on_upgrade(void *arg, struct MHD_Connection *connection, void *request_context, const char *ahead,
                       size_t size, MHD_socket fd, struct MHD_UpgradeResponseHandle *handle)
{
    struct request *request = arg;

    (void)connection;
    (void)request_context;
    (void)give(request->hand_over, fd, ahead, size); /* else it is lost, and the client sees the end */
    (void)MHD_upgrade_action(handle,
                             MHD_UPGRADE_ACTION_CLOSE); /* its descriptor; the socket stays open in ours */
    loop_wake(request->loop);                           /* the library closes it in its next turn */
}

/* ---- 200: the library has no way ----
 * It asks for the body when the head is sent; the socket is given away then, and the body is over. Then it
 * shuts the socket down for writing, which reaches every descriptor of it, before it closes its own. That one
 * call is left out, on the thread and for the socket that was just given away: the library's shutdown is this
 * one. docs/decisions/0018. */

static _Thread_local int leaving = -1;

int shutdown(int fd, int how)
{
    bool leaves = fd == leaving && how == SHUT_WR;

    if (leaves)
        leaving = -1;
    return leaves ? 0 : (int)syscall(SYS_shutdown, fd, how);
}

static ssize_t end_body(void *arg, uint64_t position, char *to, size_t max)
{
    struct request *request = arg;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection_of(request), MHD_CONNECTION_INFO_CONNECTION_FD);

    (void)position;
    (void)to;
    (void)max;
    if (!info || request->hand_over->over)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (!give(request->hand_over, info->connect_fd, NULL, 0))
        return MHD_CONTENT_READER_END_WITH_ERROR;
    leaving = info->connect_fd;
    return MHD_CONTENT_READER_END_OF_STREAM;
}

struct MHD_Response *hand_over_response(struct request *request)
{
    enum { BLOCK_BYTES = 64 }; /* nothing is ever put into it */
    const char *accept = request->hand_over->websocket_accept;
    struct MHD_Response *response =
        accept ? MHD_create_response_for_upgrade(on_upgrade, request)
               : MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, end_body, request, NULL);

    if (!response)
        return NULL;
    if (accept) {
        (void)MHD_add_response_header(response, "Upgrade",
                                      "websocket"); /* out of memory: the client refuses it */
        (void)MHD_add_response_header(response, "Sec-WebSocket-Accept", accept); /* likewise */
    } else { /* no chunks: the body ends with the connection. A proxy is asked not to collect it. */
        (void)MHD_add_response_header(response, "X-Accel-Buffering", "no"); /* out of memory: without */
        (void)MHD_set_response_options(response, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT,
                                       MHD_RO_END); /* cannot fail */
    }
    return response;
}

void hand_over_end(struct request *request)
{
    if (!request->hand_over || request->hand_over->over)
        return;
    request->hand_over->over = true;
    request->hand_over->lost(request->hand_over->arg);
}
