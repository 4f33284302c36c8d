#pragma once

#include <signal.h>

#include "cli/serve.h"

/* Waits for a signal, looking now and then whether the store still works: reliability R9. The exit status. */
int serve_wait(struct server *server, const sigset_t *signals);
