#pragma once

#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "ops/settings.h"

/* snapshot_every: the running server takes its own backups, by the same command that an operator would call,
 * in a process of its own, so that a large one neither holds up a stop nor takes the server down with it. */
struct snapshots {
    pid_t child; /* 0: none runs */
    int64_t next_look_ms;
    int64_t began_ms; /* monotonic, the child */
    char path[4096];  /* what the child writes */
    /* what is told of them; any thread reads */
    atomic_llong every_s; /* 0: none are asked for */
    atomic_llong last_s;  /* wall clock, the newest that there is; 0: none */
    atomic_llong last_took_ms;
    atomic_ullong failures; /* since the start */
};

/* Called every second or so: takes a snapshot when the newest is old enough, removes what snapshot_keep
 * leaves over, says how it went. argv: as the program was called. */
void serve_snapshots_look(struct snapshots *snapshots, const struct settings *settings, int argc,
                          char **argv);

/* Whether snapshot_dir is, or can be made, a directory to write into. What is wrong is said. 0, or an exit
 * status. */
int serve_snapshots_check(const struct settings *settings);

/* Appends their figures for /metrics. Any thread. */
void serve_snapshots_write(const struct snapshots *snapshots, struct buf *out);

/* Ends the one that is under way. */
void serve_snapshots_stop(struct snapshots *snapshots);
