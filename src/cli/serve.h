#pragma once

#include <stddef.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "auth/token.h"
#include "cli/cli.h"
#include "cli/serve_keys.h"
#include "cli/serve_snapshots.h"
#include "core/live.h"
#include "face/dispatch.h"
#include "face/face.h"
#include "http/server.h"
#include "ops/log.h"
#include "ops/metrics.h"
#include "store/log.h"

/* A running server: what the files of serve make, watch and end. */

/* How far a node has caught up with the log before it answers; written by main alone. */
struct joining {
    atomic_bool over; /* what the faces need is there: set once */
    atomic_ullong turn, head, sequence;
    atomic_llong away_since_ms; /* wall clock; the database cannot be reached; 0: it can */
    int64_t began_ms;           /* monotonic; written before anybody can ask */
    int64_t asked_ms;           /* monotonic, of the head; 0: never */
};

/* What a node says of itself to the others: kept as long as the log. */
struct presence {
    struct log_presence said;
    char name[300];
    struct buf settings;
};

struct server {
    struct settings settings;
    struct store *store;
    struct engine *engine;
    struct face_context context;
    struct live_sink live;                   /* the engine's way to the hub */
    struct http_server *http, *metrics_http; /* the second: metrics_listen */
    struct tls_keys *tls;                    /* NULL: without */
    struct metrics *metrics;
    struct log_output *log;
    atomic_bool access_log;
    struct snapshots snapshots;
    struct joining joining;
    struct presence presence;
    struct shared_keys keys;
    int argc; /* as the program was called: SIGHUP reads the settings again */
    char **argv;
};

/* The server whose faces hold the context. */
static inline struct server *server_of(struct face_context *context)
{
    return (struct server *)((char *)context - offsetof(struct server, context));
}

/* "milepost: what: why" on stderr; what NULL: serve. Returns 1. */
int serve_complain(const char *what, const char *why);

/* The settings of the command line. 0, or an exit status. *out_checks: they are only to be checked. */
int serve_read_settings(int argc, char **argv, struct settings *out_settings, bool *out_checks);
