#include "base/worker.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>

enum {
    BUCKETS = 1024,
    LINES = WORKER_WAITING_MAX + WORKER_HELD_TOTAL + 64, /* a line has something waiting, held or running */
    /* half a dozen jobs leave a loop or the engine three quarters of a core; no more, since they hold locks
     */
    NICE = 5,
};

struct queue {
    struct job *first, *last;
};

struct lines {
    struct line *first, *last;
};

/* One caller's. Ready while it has a job that may run and none that does. */
struct line {
    uint64_t caller;
    struct line *next_of_bucket, *next_ready; /* next_ready: of the free ones, too */
    struct queue again, waiting;
    unsigned waits, held; /* waits: in waiting */
    bool ready, running;
};

struct worker {
    pthread_mutex_t lock; /* guards all that follows */
    pthread_cond_t work;
    struct line *lines, *free;
    struct line *buckets[BUCKETS];
    struct lines ready[2];         /* [1]: whose next job is a long one */
    unsigned longs;                /* running */
    bool long_next;                /* the two take turns */
    unsigned waits, held, running; /* running: threads */
    bool closing;
    unsigned thread_count, long_max;
    pthread_t threads[];
};

static void push(struct queue *queue, struct job *job)
{
    job->next = NULL;
    if (queue->first)
        queue->last->next = job;
    else
        queue->first = job;
    queue->last = job;
}

static struct job *pop(struct queue *queue)
{
    struct job *job = queue->first;

    if (job)
        queue->first = job->next;
    return job;
}

static struct line **place_of(struct worker *worker, uint64_t caller)
{
    struct line **at = &worker->buckets[caller % BUCKETS];

    while (*at && (*at)->caller != caller)
        at = &(*at)->next_of_bucket;
    return at;
}

/* The caller's line; NULL: as many as there may be. */
static struct line *line_of(struct worker *worker, uint64_t caller)
{
    struct line **place = place_of(worker, caller), *line = *place;

    if (line || !worker->free)
        return line;
    line = worker->free;
    worker->free = line->next_ready;
    *line = (struct line){.caller = caller};
    *place = line;
    return line;
}

static bool may_start(const struct worker *worker, const struct line *line)
{
    return line->waiting.first && (line->held < WORKER_HELD_MAX || worker->closing);
}

/* After anything changed: the line takes its place among the ready ones, or is given back. */
static void settle(struct worker *worker, struct line *line)
{
    if (line->ready || line->running)
        return;
    if (line->again.first || may_start(worker, line)) {
        struct lines *ready =
            &worker->ready[line->again.first ? line->again.first->is_long : line->waiting.first->is_long];
        line->ready = true;
        line->next_ready = NULL;
        if (ready->first)
            ready->last->next_ready = line;
        else
            ready->first = line;
        ready->last = line;
        (void)pthread_cond_signal(&worker->work);
    } else if (!line->waiting.first && !line->held) {
        *place_of(worker, line->caller) = line->next_of_bucket;
        line->next_ready = worker->free;
        worker->free = line;
    }
}

/* What is under way goes before what waits: it holds memory. */
static struct job *take(struct worker *worker, struct line *line)
{
    struct job *job = pop(&line->again);

    if (!job && may_start(worker, line)) {
        job = pop(&line->waiting);
        line->waits--;
        worker->waits--;
    }
    return job;
}

/* The line whose turn it is; NULL: none may run now. */
static struct line *next_line(struct worker *worker)
{
    bool may = worker->ready[1].first && (worker->closing || worker->longs < worker->long_max);
    struct lines *ready = &worker->ready[may && (worker->long_next || !worker->ready[0].first)];
    struct line *line = ready->first;

    if (!line)
        return NULL;
    worker->long_next = !worker->long_next;
    ready->first = line->next_ready;
    line->ready = false;
    return line;
}

static void *work(void *arg)
{
    struct worker *worker = arg;

    (void)pthread_setname_np(pthread_self(), "worker"); /* for who looks at the threads; 15 bytes at most */
    /* of this thread alone, on Linux; without it the others have less */
    (void)setpriority(PRIO_PROCESS, 0, NICE);
    (void)pthread_mutex_lock(&worker->lock);
    worker->running++;
    for (;;) {
        struct line *line = next_line(worker);
        if (!line && worker->closing)
            break;
        if (!line) {
            (void)pthread_cond_wait(&worker->work, &worker->lock);
            continue;
        }
        struct job *job = take(worker, line);
        if (job) {
            bool is_long = job->is_long;
            worker->longs += is_long;
            line->running = true;
            job->closing = worker->closing;
            (void)pthread_mutex_unlock(&worker->lock);
            job->run(job); /* it may be gone afterwards */
            (void)pthread_mutex_lock(&worker->lock);
            line->running = false;
            worker->longs -= is_long;
            if (is_long && worker->ready[1].first)
                (void)pthread_cond_signal(&worker->work);
        }
        settle(worker, line);
    }
    worker->running--;
    (void)pthread_mutex_unlock(&worker->lock);
    return NULL;
}

enum rc worker_new(unsigned threads, struct worker **out_worker)
{
    struct worker *worker = calloc(1, sizeof *worker + threads * sizeof *worker->threads);

    if (!worker)
        return RC_BUSY;
    worker->long_max = threads > 1 ? threads / 2 : 1;
    worker->lines = calloc(LINES, sizeof *worker->lines);
    (void)pthread_mutex_init(&worker->lock, NULL); /* default attributes cannot fail */
    (void)pthread_cond_init(&worker->work, NULL);  /* likewise */
    for (size_t i = 0; worker->lines && i < LINES; i++) {
        worker->lines[i].next_ready = worker->free;
        worker->free = &worker->lines[i];
    }
    while (worker->lines && worker->thread_count < threads &&
           pthread_create(&worker->threads[worker->thread_count], NULL, work, worker) == 0)
        worker->thread_count++;
    if (worker->thread_count < threads) {
        worker_free(worker);
        return RC_BUSY;
    }
    *out_worker = worker;
    return RC_OK;
}

struct worker_state worker_state(struct worker *worker)
{
    (void)pthread_mutex_lock(&worker->lock);
    struct worker_state state = {worker->waits, worker->held, worker->running};
    (void)pthread_mutex_unlock(&worker->lock);
    return state;
}

void worker_close(struct worker *worker)
{
    (void)pthread_mutex_lock(&worker->lock);
    worker->closing = true;
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct line *line = worker->buckets[i], *next; line; line = next) {
            next = line->next_of_bucket; /* an empty one is given back */
            settle(worker, line);
        }
    (void)pthread_cond_broadcast(&worker->work);
    (void)pthread_mutex_unlock(&worker->lock);
    for (unsigned i = 0; i < worker->thread_count; i++)
        (void)pthread_join(worker->threads[i], NULL); /* it was started */
    worker->thread_count = 0;
}

void worker_free(struct worker *worker)
{
    if (!worker)
        return;
    worker_close(worker);
    (void)pthread_mutex_destroy(&worker->lock); /* nobody holds it */
    (void)pthread_cond_destroy(&worker->work);
    free(worker->lines);
    free(worker);
}

enum rc worker_do(struct worker *worker, struct job *job, uint64_t caller)
{
    enum rc rc = RC_BUSY;

    (void)pthread_mutex_lock(&worker->lock);
    struct line *line =
        worker->closing || worker->waits >= WORKER_WAITING_MAX ? NULL : line_of(worker, caller);
    if (line)
        rc = line->waits < WORKER_LINE_MAX ? RC_OK : RC_TOO_MANY;
    if (rc == RC_OK) {
        job->worker = worker;
        job->line = line;
        push(&line->waiting, job);
        line->waits++;
        worker->waits++;
        settle(worker, line);
    }
    (void)pthread_mutex_unlock(&worker->lock);
    return rc;
}

void worker_again(struct job *job)
{
    struct worker *worker = job->worker;

    (void)pthread_mutex_lock(&worker->lock);
    bool closed = worker->running == 0 && worker->closing;
    if (!closed) {
        push(&job->line->again, job);
        settle(worker, job->line);
    }
    (void)pthread_mutex_unlock(&worker->lock);
    if (closed) {
        job->closing = true;
        job->run(job);
    }
}

bool worker_hold(struct job *job)
{
    struct worker *worker = job->worker;

    (void)pthread_mutex_lock(&worker->lock);
    bool fits = worker->held < WORKER_HELD_TOTAL;
    worker->held += fits;
    job->line->held += fits;
    (void)pthread_mutex_unlock(&worker->lock);
    return fits;
}

void worker_release(struct job *job)
{
    struct worker *worker = job->worker;

    (void)pthread_mutex_lock(&worker->lock);
    assert(job->line->held);
    worker->held--;
    job->line->held--;
    settle(worker, job->line);
    (void)pthread_mutex_unlock(&worker->lock);
}
