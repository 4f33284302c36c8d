#include "hub/recheck.h"

#include <stdlib.h>
#include <string.h>

#include "hub/subscriber.h"

/* After the keys changed, the token of every stream is looked at again, as it was when the stream began: by a
 * worker, a few at a time, since a signature takes a fraction of a millisecond. Source: contract 1, Auth. */

enum { PAGE = 64 };

struct recheck {
    struct job job; /* first: the worker gives it back */
    struct post done;
    struct hub *hub;
    struct subscriber **streams; /* whose tokens it looks at; they stay until it is done */
    bool *holds;
    size_t count, at;
    unsigned keys_version;
};

static void run(struct job *job)
{
    struct recheck *recheck = (struct recheck *)job;
    const struct hub_source *source = &recheck->hub->settings.source;

    for (int i = 0; i < PAGE && recheck->at < recheck->count && !job->closing; i++, recheck->at++)
        recheck->holds[recheck->at] = source->token_holds(source->of, recheck->streams[recheck->at]->token);
    if (recheck->at < recheck->count && !job->closing)
        worker_again(job);
    else
        hub_post(recheck->hub, &recheck->done);
}

static void free_recheck(struct recheck *recheck)
{
    free(recheck->streams);
    free(recheck->holds);
    free(recheck);
}

static void done(struct hub *hub, struct post *post)
{
    struct recheck *recheck = (struct recheck *)((char *)post - offsetof(struct recheck, done));

    for (size_t i = 0; i < recheck->count; i++) {
        struct subscriber *stream = recheck->streams[i];
        stream->checking = false;
        if (i < recheck->at && !recheck->holds[i])
            subscriber_close(stream, CLOSE_UNAUTHORIZED, "the token is good no more");
        else
            stream->keys_version = recheck->keys_version;
    }
    hub->recheck = NULL;
    free_recheck(recheck);
}

static struct recheck *collect(struct hub *hub)
{
    struct recheck *recheck = calloc(1, sizeof *recheck);

    if (!recheck)
        return NULL;
    *recheck = (struct recheck){
        .job = {.run = run}, .done = {.run = done}, .hub = hub, .keys_version = hub->keys_version};
    recheck->streams = calloc(hub->count + 1u, sizeof *recheck->streams);
    recheck->holds = calloc(hub->count + 1u, sizeof *recheck->holds);
    if (!recheck->streams || !recheck->holds) {
        free_recheck(recheck);
        return NULL;
    }
    for (struct subscriber *stream = hub->streams; stream; stream = stream->next)
        if (stream->token && stream->keys_version != hub->keys_version)
            recheck->streams[recheck->count++] = stream;
    return recheck;
}

void recheck_start(struct hub *hub)
{
    hub->recheck_again = true; /* unless it begins now */
    struct recheck *recheck = hub->recheck ? NULL : collect(hub);
    if (!recheck)
        return;
    if (recheck->count == 0) {
        free_recheck(recheck);
        hub->recheck_again = false;
        return;
    }
    for (size_t i = 0; i < recheck->count; i++)
        recheck->streams[i]->checking = true;
    hub->recheck = recheck;
    if (worker_do(hub->settings.worker, &recheck->job, hub->settings.line_seed) == RC_OK) {
        hub->recheck_again = false;
        return;
    }
    for (size_t i = 0; i < recheck->count; i++)
        recheck->streams[i]->checking = false;
    hub->recheck = NULL;
    free_recheck(recheck);
}

void recheck_free(struct hub *hub)
{
    if (hub->recheck)
        free_recheck(hub->recheck); /* its job never came back: the workers are gone */
}
