#pragma once

#include "http/request.h"

struct MHD_Connection;
struct http_server;

/* The answer goes to the library: with its ETag, its headers and what the server adds to each. */
enum MHD_Result answer_send(struct http_server *server, struct request *request);
