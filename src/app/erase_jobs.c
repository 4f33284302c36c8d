#include "app/erase_jobs.h"

#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "base/monotonic.h"

enum {
    AT_ONCE_MIN = 16,
    AT_ONCE_MAX = 1024, /* events a transaction: as many as take */
    STEP_US = 4000      /* about so long: every write waits for it */
};

struct job {
    struct job *next;
    uint32_t learner;
    struct text person;
    struct sequences own, named;
    size_t own_done, named_done;
    bool unnamed; /* the log names them nowhere but in those */
    bool clean;   /* nor in those: another node has taken them out */
    char id[];
};

struct erase_jobs {
    struct store *store;
    struct job *first;
    struct segment *room;
    size_t at_once;
};

const uint8_t *erase_list_encode(const uint64_t *sequences, size_t count, struct arena *arena,
                                 size_t *out_size)
{
    uint8_t *bytes = arena_alloc(arena, (count + 1) * VARINT_MAX_BYTES), *at = bytes;
    uint64_t last = 0;

    if (!bytes)
        return NULL;
    at = put_u64(at, count);
    for (size_t i = 0; i < count; last = sequences[i++])
        at = put_u64(at, sequences[i] - last);
    *out_size = (size_t)(at - bytes);
    return bytes;
}

static bool decode(const uint8_t *bytes, size_t size, struct sequences *out)
{
    struct reader from = {bytes, bytes + size, false};
    uint64_t last = 0, left = get_u64(&from);

    for (; left > 0 && !from.bad; left--) {
        last += get_u64(&from);
        if (!sequences_add(out, last))
            return false;
    }
    return true; /* what is damaged is cut: the events are then found by verify */
}

static void job_free(struct job *job)
{
    sequences_done(&job->own);
    sequences_done(&job->named);
    free(job);
}

static enum rc add(void *arg, const struct store_erasure *erasure, struct fault *fault)
{
    struct erase_jobs *jobs = arg;
    struct job *job = calloc(1, sizeof *job + erasure->id_size + 1);

    if (!job)
        return fault_no_memory(fault);
    memcpy(job->id, erasure->id, erasure->id_size);
    job->person = (struct text){job->id, (uint32_t)erasure->id_size};
    job->learner = erasure->learner;
    job->unnamed = job->clean = erasure->clean;
    if (!decode(erasure->own, erasure->own_size, &job->own) ||
        !decode(erasure->named, erasure->named_size, &job->named)) {
        job_free(job);
        return fault_no_memory(fault);
    }
    job->next = jobs->first;
    jobs->first = job;
    return RC_OK;
}

/* A copy of a log elsewhere, opened without that: what ended in the copy alone would stay in the log. */
static bool lacks_its_log(struct store *store)
{
    const struct log *log = store_event_log(store);

    return !log || (store_copied(store).number && !log_is_shared(log));
}

enum rc erase_jobs_new(struct store *store, struct erase_jobs **out_jobs, struct fault *fault)
{
    struct erase_jobs *jobs = calloc(1, sizeof *jobs);

    if (jobs)
        *jobs = (struct erase_jobs){.store = store,
                                    .room = malloc(EVENT_SEGMENTS_MAX * sizeof *jobs->room),
                                    .at_once = AT_ONCE_MIN * 8};
    if (!jobs || !jobs->room) {
        free(jobs);
        return fault_no_memory(fault);
    }
    enum rc rc = lacks_its_log(store) ? RC_OK : store_each_erasing(store, add, jobs, fault);
    if (rc != RC_OK)
        erase_jobs_free(jobs);
    else
        *out_jobs = jobs;
    return rc;
}

void erase_jobs_free(struct erase_jobs *jobs)
{
    if (!jobs)
        return;
    for (struct job *job = jobs->first, *next; job; job = next) {
        next = job->next;
        job_free(job);
    }
    free(jobs->room);
    free(jobs);
}

bool erase_jobs_add(struct erase_jobs *jobs, const struct store_erasure *erasure)
{
    struct fault fault;
    return add(jobs, erasure, &fault) == RC_OK;
}

static enum rc stop_at_first(void *arg, const struct stored_event *event, struct fault *fault)
{
    (void)event, (void)fault;
    *(bool *)arg = true;
    return RC_ENOUGH;
}

enum rc erase_jobs_look(struct store *store, const struct store_erasure *erasure, bool *out_any,
                        struct fault *fault)
{
    struct sequences own = {.count = 0};
    bool any = false;
    enum rc rc = decode(erasure->own, erasure->own_size, &own)
                     ? store_each_event_of(store, own.at, own.count, stop_at_first, &any, fault)
                     : fault_no_memory(fault);

    sequences_done(&own);
    if (rc == RC_OK)
        *out_any = any;
    return rc;
}

bool erase_jobs_pending(const struct erase_jobs *jobs)
{
    return jobs->first != NULL;
}

struct rewriting {
    struct erase_jobs *jobs;
    const struct job *job;
    struct arena *arena;
    struct stored_event *out;
    size_t count;
    bool failed;
};

static bool rewrite_there(void *arg, const struct stored_event *event, struct stored_event *out)
{
    struct rewriting *rewriting = arg;
    bool changed;

    if (!erase_rewrite(event, rewriting->job->person, rewriting->jobs->room, rewriting->arena, out, &changed))
        return !(rewriting->failed = true);
    if (!changed)
        *out = *event;
    return true;
}

static enum rc rewrite(void *arg, const struct stored_event *stored, struct fault *fault)
{
    struct rewriting *rewriting = arg;
    bool changed;

    if (!erase_rewrite(stored, rewriting->job->person, rewriting->jobs->room, rewriting->arena,
                       &rewriting->out[rewriting->count], &changed))
        return fault_no_memory(fault);
    rewriting->count += changed;
    return RC_OK;
}

/* The next few of a job, in one transaction. */
static enum rc do_some(struct erase_jobs *jobs, struct job *job, struct arena *arena, struct fault *fault)
{
    const struct store_erasure whom = {
        .learner = job->learner, .id = job->person.bytes, .id_size = job->person.size};
    const struct log_turn followed = store_copied(jobs->store);
    struct log *log = store_event_log(jobs->store);
    size_t own = job->own.count - job->own_done, named = job->named.count - job->named_done;
    enum rc rc = RC_OK;

    if (!job->unnamed)
        rc = log_unname(log, &followed, &whom, &job->unnamed, fault);
    if (rc != RC_OK || !job->unnamed)
        return rc;
    own = own < jobs->at_once ? own : jobs->at_once;
    named = named < jobs->at_once - own ? named : jobs->at_once - own;
    struct rewriting rewriting = {.jobs = jobs, .job = job, .arena = arena};
    rewriting.out = arena_alloc(arena, (named + 1) * sizeof *rewriting.out);
    if (!rewriting.out)
        return fault_no_memory(fault);
    rc = store_each_event_of(jobs->store, job->named.at + job->named_done, named, rewrite, &rewriting, fault);
    if (rc != RC_OK)
        return rc;
    bool last = job->own_done + own == job->own.count && job->named_done + named == job->named.count;
    const struct store_forgetting what = {
        job->own.at + job->own_done, own,           rewriting.out, rewriting.count,
        last ? job->learner : 0,     rewrite_there, &rewriting};
    if (!job->clean)
        rc = log_forget(log, &followed, &what, fault);
    if (rc == RC_OK && rewriting.failed)
        rc = fault_no_memory(fault); /* all of it again */
    if (rc == RC_OK)
        rc = store_erase_some(jobs->store, &what, last ? job->learner : 0, fault);
    if (rc == RC_OK) {
        job->own_done += own;
        job->named_done += named;
    }
    return rc;
}

/* By a step that took so many events. One that took none, or fewer than it might, says nothing of more. */
static void adapt(struct erase_jobs *jobs, size_t took, uint64_t spent_us)
{
    if (took && spent_us > 2 * STEP_US && jobs->at_once > AT_ONCE_MIN)
        jobs->at_once /= 2;
    else if (took == jobs->at_once && spent_us < STEP_US / 2 && jobs->at_once < AT_ONCE_MAX)
        jobs->at_once *= 2;
}

enum rc erase_jobs_step(struct erase_jobs *jobs, bool *out_finished, struct fault *fault)
{
    struct job *job = jobs->first;
    struct arena arena;
    uint64_t began_us = monotonic_us();

    *out_finished = false;
    if (!job)
        return RC_OK;
    size_t before = job->own_done + job->named_done;
    arena_init(&arena);
    enum rc rc = do_some(jobs, job, &arena, fault);
    arena_done(&arena);
    adapt(jobs, job->own_done + job->named_done - before, monotonic_us() - began_us);
    if (rc == RC_OK && job->unnamed && job->own_done == job->own.count &&
        job->named_done == job->named.count) {
        jobs->first = job->next;
        job_free(job);
        *out_finished = true;
    }
    return rc;
}
