#include "hub/catch_up.h"

#include <stdlib.h>

#include <xxhash.h>

#include "base/monotonic.h"
#include "hub/subscriber.h"

/* Who missed something reads it from the log, a page at a time, as fast as its client takes it. While that
 * goes on more happens; when little is left to be read, the stream begins to watch, what it is told then is
 * held, and follows the last page. So nothing is missing and nothing comes twice, whatever happens meanwhile.
 */

enum {
    PAGE_BYTES = 128 * 1024, /* read in one go; the next page when less than half of it waits */
    TURN_MS = 20,            /* what one turn on a worker's thread takes, about */
    JOIN_DISTANCE = 4096,    /* events that are left: from here on what happens is held */
    BEGUN_MAX = 64,          /* each keeps what it knows of the log in memory */
    YIELD_MS = 1000,         /* a client that takes nothing keeps its place so long */
};

/* ---- on a worker's thread ---- */

static bool visit(void *arg, const struct live_event *event)
{
    struct catch_up *catch_up = arg;
    const struct hub_source *source = &catch_up->stream->hub->settings.source;
    struct buf json = {.failed = false};

    source->encode(event, &json);
    struct message *message = message_of(catch_up->stream->form, event->sequence,
                                         live_type_name((enum live_type)event->type), &json);
    buf_done(&json);
    bool kept = message && outbox_add(&catch_up->page, message, 0);
    message_unref(message);
    if (!kept)
        catch_up->progress = PAST_FAILED;
    return kept && catch_up->page.waiting < PAGE_BYTES;
}

static void read_some(struct catch_up *catch_up)
{
    struct subscriber *stream = catch_up->stream;
    const struct hub_source *source = &stream->hub->settings.source;
    int64_t until_ms = monotonic_ms() + TURN_MS;

    catch_up->progress = PAST_MORE;
    if (!catch_up->past && source->past_open(source->of, &stream->filter, stream->after, catch_up->upto,
                                             &catch_up->past) != RC_OK) {
        catch_up->past = NULL;
        catch_up->progress = PAST_FAILED;
    }
    while (catch_up->progress == PAST_MORE && catch_up->page.waiting < PAGE_BYTES &&
           monotonic_ms() < until_ms) {
        enum past_progress progress = source->past_step(catch_up->past, visit, catch_up, &catch_up->covered);
        if (catch_up->progress == PAST_MORE)
            catch_up->progress = progress;
    }
}

static void run(struct job *job)
{
    struct catch_up *catch_up = (struct catch_up *)job;

    if (job->closing || atomic_load(&catch_up->unwanted))
        catch_up->progress = PAST_FAILED;
    else
        read_some(catch_up);
    if (catch_up->progress == PAST_MORE && catch_up->page.count == 0)
        worker_again(job); /* nothing to show yet; others have their turn */
    else
        hub_post(catch_up->stream->hub, &catch_up->done);
}

/* ---- on the hub's thread ---- */

static void leave_line(struct catch_up *catch_up)
{
    struct hub *hub = catch_up->stream->hub;

    if (!catch_up->in_line)
        return;
    *(catch_up->before ? &catch_up->before->next : &hub->line) = catch_up->next;
    *(catch_up->next ? &catch_up->next->before : &hub->line_end) = catch_up->before;
    catch_up->in_line = false;
}

static void enter_line(struct catch_up *catch_up)
{
    struct hub *hub = catch_up->stream->hub;

    catch_up->next = NULL;
    catch_up->before = hub->line_end;
    *(hub->line_end ? &hub->line_end->next : &hub->line) = catch_up;
    hub->line_end = catch_up;
    catch_up->in_line = true;
}

/* What it knows of the log goes; it may be begun again. */
static void end_past(struct catch_up *catch_up)
{
    struct hub *hub = catch_up->stream->hub;

    if (catch_up->past)
        hub->settings.source.past_close(catch_up->past);
    catch_up->past = NULL;
    hub->begun -= catch_up->begun;
    catch_up->begun = false;
}

static void free_catch_up(struct catch_up *catch_up)
{
    leave_line(catch_up);
    end_past(catch_up);
    outbox_done(&catch_up->page);
    outbox_done(&catch_up->held);
    catch_up->stream->catch_up = NULL;
    free(catch_up);
}

void catch_up_stop(struct subscriber *stream)
{
    if (stream->catch_up && stream->catch_up->running)
        atomic_store(&stream->catch_up->unwanted, true); /* freed when it comes back */
    else if (stream->catch_up)
        free_catch_up(stream->catch_up);
}

static uint64_t line_of(const struct subscriber *stream)
{
    return XXH3_64bits_withSeed(stream->caller.id, stream->caller.id_size, stream->hub->settings.line_seed);
}

/* False: the workers have too much to do. */
static bool send_to_worker(struct catch_up *catch_up)
{
    struct subscriber *stream = catch_up->stream;

    if (worker_do(stream->hub->settings.worker, &catch_up->job, line_of(stream)) != RC_OK)
        return false;
    catch_up->running = true;
    return true;
}

static bool may_read(const struct subscriber *stream)
{
    const struct catch_up *catch_up = stream->catch_up;

    return catch_up && !catch_up->running && stream->outbox.waiting < PAGE_BYTES / 2;
}

void catch_up_continue(struct hub *hub)
{
    for (int looked = 0; hub->line && hub->begun < BEGUN_MAX && looked < BEGUN_MAX; looked++) {
        struct catch_up *first = hub->line;
        bool reads = may_read(first->stream);
        if (reads && !send_to_worker(first))
            return; /* looked at again soon */
        leave_line(first);
        if (!reads) {
            enter_line(first); /* behind those that can go on */
            continue;
        }
        first->begun = true;
        hub->begun++;
    }
}

void catch_up_more(struct subscriber *stream)
{
    struct catch_up *catch_up = stream->catch_up;

    if (may_read(stream) && catch_up->begun && !send_to_worker(catch_up)) {
        end_past(catch_up);
        enter_line(catch_up);
    }
}

void catch_up_yield(struct subscriber *stream)
{
    struct catch_up *catch_up = stream->catch_up;

    if (!catch_up || catch_up->running || !catch_up->begun ||
        stream->hub->now_ms - stream->outbox.took_ms < YIELD_MS)
        return;
    end_past(catch_up);
    enter_line(catch_up);
}

static void done(struct hub *hub, struct post *post);

static void go_live(struct subscriber *stream)
{
    if (stream->catch_up)
        free_catch_up(stream->catch_up);
    stream->state = SUBSCRIBER_LIVE;
    if (!stream->watcher.topic && !subscriber_watch(stream))
        subscriber_end(stream);
}

static bool has_catch_up(struct subscriber *stream)
{
    struct catch_up *catch_up = stream->catch_up ? stream->catch_up : calloc(1, sizeof *catch_up);

    if (!catch_up)
        return false;
    catch_up->stream = stream;
    catch_up->job.run = run;
    catch_up->job.is_long = true;
    catch_up->done.run = done;
    stream->catch_up = catch_up;
    return true;
}

void catch_up_start(struct subscriber *stream)
{
    struct hub *hub = stream->hub;

    if (stream->after >= hub->position) {
        go_live(stream);
        return;
    }
    if (!has_catch_up(stream)) {
        subscriber_end(stream);
        return;
    }
    stream->catch_up->upto = hub->position;
    stream->state = SUBSCRIBER_CATCHING;
    if (hub->position - stream->after <= JOIN_DISTANCE) {
        stream->state = SUBSCRIBER_JOINING;
        if (!stream->watcher.topic && !subscriber_watch(stream)) {
            subscriber_end(stream);
            return;
        }
    }
    if (!stream->catch_up->in_line)
        enter_line(stream->catch_up);
    catch_up_continue(hub);
}

/* All up to catch_up->upto is told. */
static void end_reading(struct subscriber *stream)
{
    struct catch_up *catch_up = stream->catch_up;

    stream->after = catch_up->upto;
    end_past(catch_up);
    if (stream->state == SUBSCRIBER_CATCHING) {
        catch_up_start(stream); /* what happened meanwhile */
        return;
    }
    if (!outbox_move(&stream->outbox, &catch_up->held, stream->hub->now_ms)) {
        subscriber_end(stream);
        return;
    }
    subscriber_touch(stream);
    if (!stream->rejoins) {
        go_live(stream);
        return;
    }
    stream->rejoins = false;
    if (stream->after < stream->rejoin_after)
        stream->after = stream->rejoin_after;
    catch_up_start(stream);
}

static void tell_gap(struct subscriber *stream)
{
    struct message *message = message_gap(stream->form, stream->catch_up->upto);

    if (message) {
        message_count(message, &stream->hub->kept_bytes);
        subscriber_say(stream, message);
    } else {
        subscriber_end(stream);
    }
    message_unref(message);
}

static void done(struct hub *hub, struct post *post)
{
    struct catch_up *catch_up = (struct catch_up *)((char *)post - offsetof(struct catch_up, done));
    struct subscriber *stream = catch_up->stream;

    catch_up->running = false;
    if (stream->state != SUBSCRIBER_CATCHING && stream->state != SUBSCRIBER_JOINING) {
        free_catch_up(catch_up);
        return;
    }
    if (catch_up->progress == PAST_FAILED) {
        subscriber_close(stream, CLOSE_FAILED, "the events cannot be read; try again");
        return;
    }
    atomic_fetch_add(&hub->caught_up, catch_up->page.count);
    outbox_count(&catch_up->page, &hub->kept_bytes); /* what the workers have is bounded by BEGUN_MAX */
    if (!outbox_move(&stream->outbox, &catch_up->page, hub->now_ms)) {
        subscriber_end(stream);
        return;
    }
    subscriber_touch(stream);
    if (catch_up->progress == PAST_GAP)
        tell_gap(stream);
    if (stream->state == SUBSCRIBER_OVER)
        return;
    if (catch_up->progress == PAST_MORE)
        stream->after = catch_up->covered; /* the next page when this one is taken */
    else
        end_reading(stream);
    catch_up_continue(hub);
}
