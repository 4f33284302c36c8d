#pragma once

#include "cli/serve.h"

/* Bounds what is left to do: the process then ends with this status, done or not. */
void serve_bound_stop(int status);

/* Refuses new connections, answers what was accepted, then stops and frees all. Source: reliability R12. */
void serve_stop(struct server *server);
