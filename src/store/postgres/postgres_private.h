#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "base/arena.h"
#include "base/buf.h"
#include "store/postgres/postgres_connection.h"
#include "store/store.h"

/* Private to the PostgreSQL log: what its files share. */

enum {
    CONNECT_MS = 3000,
    ASK_MS = 3000,    /* how long a short question may take */
    TURN_MS = 7000,   /* the server itself gives up after 5 s of waiting for the lock */
    COMMIT_MS = 10000 /* after that the outcome is in doubt */
};

/* The columns of PG_PAGE, PG_HEAD and PG_ROWS_OF; the last is in the rows alone. */
enum {
    COL_TURN,
    COL_BATCH,
    COL_PREV,
    COL_AT,
    COL_LAST,
    COL_LOG_ID,
    COL_RECORD_ID,
    COL_ENROLMENT_ID,
    COL_BODY
};

struct listener;

/* What is known of the nodes of the log. */
struct postgres_nodes {
    const struct log_presence *self; /* NULL: this one has not entered */
    atomic_llong told_ms;            /* monotonic, when it was last said that it runs, or just before */
    pthread_mutex_t lock;            /* guards what follows */
    struct log_node known[LOG_NODES_MAX];
    size_t count;
    int64_t known_ms; /* monotonic, when that was */
};

/* What is left for who claims it: a connection of its own, that is made when it is needed first. */
struct postgres_left {
    pthread_mutex_t lock; /* guards what follows */
    struct pg_connection connection;
    bool failed;
    int64_t failed_ms; /* monotonic, when it did last */
};

struct postgres_log {
    struct log log;
    char *url;
    const char *note;            /* for the operator; NULL: nothing */
    int32_t number;              /* of the log, in the database */
    uint8_t node[16];            /* this one, as long as it runs */
    struct pg_connection writer; /* the engine's thread's */
    struct pg_connection asker;  /* whose thread asks for the head */
    struct log_head head;        /* as of the last begin or commit */
    bool deciding, filling;      /* a transaction is open */
    struct log_turn written;     /* the last that was sent to be committed, whatever became of it */
    struct buf body;             /* of the batch that is written */
    int64_t page_bytes;          /* how much of the log is asked for at once */
    struct listener *listener;
    struct postgres_nodes nodes;
    struct postgres_left left;
    void (*say)(const char *what, const char *why); /* as a store_place's */
};

/* What a method of the log is given. */
static inline struct postgres_log *postgres_of(struct log *log)
{
    return (struct postgres_log *)log; /* its first member */
}
