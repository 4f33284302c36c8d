#include "base/worker.h"

#include <stdlib.h>

#include <glib.h>

enum { WAITING_MAX = 1024 };

struct worker {
    GThreadPool *pool;
};

static void run(gpointer data, gpointer unused)
{
    struct job *job = data;

    (void)unused;
    job->run(job);
}

enum rc worker_new(unsigned threads, struct worker **out_worker)
{
    struct worker *worker = malloc(sizeof *worker);

    if (!worker)
        return RC_BUSY;
    worker->pool = g_thread_pool_new(run, NULL, (gint)threads, TRUE, NULL); /* exclusive: its threads start now */
    if (!worker->pool) {
        free(worker);
        return RC_BUSY;
    }
    *out_worker = worker;
    return RC_OK;
}

void worker_free(struct worker *worker)
{
    if (!worker)
        return;
    g_thread_pool_free(worker->pool, FALSE, TRUE);
    free(worker);
}

enum rc worker_do(struct worker *worker, struct job *job)
{
    if (g_thread_pool_unprocessed(worker->pool) >= WAITING_MAX)
        return RC_BUSY;
    return g_thread_pool_push(worker->pool, job, NULL) ? RC_OK : RC_BUSY;
}
