#include "app/live_past.h"

#include <stdlib.h>

#include "app/live_batch.h"
#include "model/fold.h"

enum {
    SCAN_EVENTS = 4096,         /* looked at in one call, */
    READ_EVENTS = 64,           /* or read and told */
    WALKS = 8,                  /* learners whose past is being folded, at a time */
    TOLD_AHEAD = 128,           /* what a walk has told and nobody asked for yet */
    WALK_EVENTS_MAX = 1000000,  /* folded for a stream of many learners; past that, messages tell how things
                                 * stand now, */
    WALK_CATALOGUE_MAX = 20000, /* and likewise where the catalogue has more events: each walk reads all of
                                 * them twice, and after a restart all who watch come back */
};

/* One learner's past, folded as far as it was asked for. */
struct told {
    uint32_t learner;          /* 0: none */
    struct history_walk *walk; /* NULL: it cannot be folded */
    uint64_t used;
    struct live_event events[TOLD_AHEAD];
    size_t at, count;
    bool over;
};

struct live_past {
    const struct history *history;
    uint32_t learner, course, item;
    bool by_learner, by_course, by_item, hides_previews;
    bool scanned;          /* what was missed is known */
    uint64_t scanned_upto; /* without a learner */
    uint64_t upto;
    struct sequences own; /* of the learner, to be looked at */
    size_t own_at;
    struct sequences missed;
    size_t at; /* of those */
    uint64_t walked, turn;
    struct told *walks[WALKS];
    struct segment *room;
    char ids[LIVE_IDS_BYTES];
    /* one call's */
    bool (*visit)(void *arg, const struct live_event *event);
    void *arg;
    bool enough;
};

static void free_told(struct told *told)
{
    if (!told)
        return;
    history_walk_close(told->walk);
    free(told);
}

void live_past_close(struct live_past *past)
{
    if (!past)
        return;
    for (int i = 0; i < WALKS; i++)
        free_told(past->walks[i]);
    sequences_done(&past->own);
    sequences_done(&past->missed);
    free(past->room);
    free(past);
}

/* ---- which events ---- */

static bool passes(const struct live_past *past, const struct stored_event *stored)
{
    struct event_named named;

    if (live_type_of((enum event_kind)stored->kind) == LIVE_NOTHING ||
        (past->by_learner && stored->learner != past->learner))
        return false;
    if (!past->by_course && !past->by_item)
        return true;
    return event_peek(stored->body, stored->body_size, &named) &&
           (!past->by_course || named.course == past->course) && (!past->by_item || named.item == past->item);
}

static enum rc scan_one(void *arg, const struct stored_event *stored, struct fault *fault)
{
    struct live_past *past = arg;

    if (passes(past, stored) && !sequences_add(&past->missed, stored->sequence))
        return fault_no_memory(fault);
    return past->missed.count <= LIVE_PAST_MAX ? RC_OK : RC_ENOUGH;
}

/* Of the learner's own, those in between. When they are few enough they are not looked at before they are
 * told. */
static void take_own(struct live_past *past, uint64_t after)
{
    size_t kept = 0;

    for (size_t i = 0; i < past->own.count; i++)
        if (past->own.at[i] > after && past->own.at[i] <= past->upto)
            past->own.at[kept++] = past->own.at[i];
    past->own.count = kept;
    if (kept > LIVE_PAST_MAX)
        return;
    past->missed = past->own;
    past->own = (struct sequences){0};
    past->scanned = true;
}

static enum rc scan(struct live_past *past, struct fault *fault)
{
    enum rc rc;

    if (past->by_learner) {
        size_t left = past->own.count - past->own_at, count = left < SCAN_EVENTS ? left : SCAN_EVENTS;
        rc = store_each_event_of(past->history->store, past->own.at + past->own_at, count, scan_one, past,
                                 fault);
        past->own_at += count;
        past->scanned = past->own_at == past->own.count;
    } else {
        uint64_t next =
            past->upto - past->scanned_upto < SCAN_EVENTS ? past->upto : past->scanned_upto + SCAN_EVENTS;
        rc = store_scan_events(past->history->store, past->scanned_upto, next, scan_one, past, fault);
        past->scanned_upto = next;
        past->scanned = next == past->upto;
    }
    return rc;
}

static bool resolve(struct live_past *past, const struct live_filter *filter)
{
    struct view view = model_read_begin(past->history->model);

    past->by_learner = filter->user.bytes;
    past->by_course = filter->course.bytes;
    past->by_item = filter->item.bytes;
    past->hides_previews = filter->hides_previews;
    if (past->by_learner)
        past->learner = view_learner_key(view, filter->user.bytes, filter->user.size);
    if (past->by_course)
        past->course = view_course_key(view, filter->course.bytes, filter->course.size);
    if (past->by_item)
        past->item = view_item_key(view, filter->item.bytes, filter->item.size);
    model_read_end(view);
    return (!past->by_learner || past->learner) && (!past->by_course || past->course) &&
           (!past->by_item || past->item);
}

enum rc live_past_open(const struct history *history, const struct live_filter *filter, uint64_t after,
                       uint64_t upto, struct live_past **out_past, struct fault *fault)
{
    struct live_past *past = calloc(1, sizeof *past);
    enum rc rc = RC_OK;

    if (!past || !(past->room = malloc(EVENT_SEGMENTS_MAX * sizeof *past->room))) {
        free(past);
        return fault_no_memory(fault);
    }
    past->history = history;
    past->upto = upto;
    past->scanned_upto = after;
    if (!resolve(past, filter) || after >= upto) {
        past->scanned = true; /* nobody and nothing is called so: nothing happened to it */
    } else if (past->by_learner) {
        rc = history_sequences(history, past->learner, &past->own, fault);
        if (rc == RC_OK)
            take_own(past, after);
    }
    if (rc == RC_OK)
        *out_past = past;
    else
        live_past_close(past);
    return rc;
}

/* ---- how things stood ---- */

static void tell_walked(void *arg, const struct event *event, struct view view,
                        const struct catalogue *catalogue)
{
    struct told *told = arg;

    if (told->count < TOLD_AHEAD &&
        live_tell(event, view_learner(view, event->learner), catalogue, &told->events[told->count]))
        told->count++;
}

/* The walk of the learner, begun when there is none: in the place of the one that was asked longest ago. */
static struct told *walk_of(struct live_past *past, uint32_t learner)
{
    struct fault fault;
    int oldest = 0;

    for (int i = 0; i < WALKS; i++) {
        struct told *told = past->walks[i];
        if (told && told->learner == learner)
            return told;
        if (past->walks[oldest] && (!told || told->used < past->walks[oldest]->used))
            oldest = i;
    }
    struct told *told = calloc(1, sizeof *told);
    if (!told)
        return NULL;
    told->learner = learner;
    uint64_t left = WALK_EVENTS_MAX > past->walked ? WALK_EVENTS_MAX - past->walked : 0;
    uint64_t own_max = past->by_learner ? 0 : left;
    if ((past->by_learner || left) && history_walk_open(past->history, learner, past->upto, own_max,
                                                        WALK_CATALOGUE_MAX, &told->walk, &fault) != RC_OK)
        told->walk = NULL;
    free_told(past->walks[oldest]);
    past->walks[oldest] = told;
    return told;
}

/* The event as its learner's walk tells it; NULL: it does not. */
static const struct live_event *walked(struct live_past *past, const struct event *event)
{
    struct told *told = walk_of(past, event->learner);
    struct fault fault;

    if (!told || !told->walk)
        return NULL;
    told->used = ++past->turn;
    for (;;) {
        while (told->at < told->count && told->events[told->at].sequence < event->sequence)
            told->at++;
        if (told->at < told->count)
            return told->events[told->at].sequence == event->sequence ? &told->events[told->at] : NULL;
        if (told->over)
            return NULL;
        told->at = told->count = 0;
        if (history_walk_on(told->walk, TOLD_AHEAD, tell_walked, told, &told->over, &fault) != RC_OK)
            told->over = true;
        past->walked += TOLD_AHEAD;
    }
}

/* As things stand now, which is how they stood when it is the learner's latest. *out_latest. */
static bool tell_now(struct live_past *past, const struct event *event, struct live_event *out,
                     bool *out_latest)
{
    struct view view = model_read_begin(past->history->model);
    const struct learner *learner = view_learner(view, event->learner);
    struct catalogue catalogue = view_catalogue(&view);
    bool told = live_tell(event, learner, &catalogue, out);

    const struct course_def *course = told && out->course ? view_course(view, out->course) : NULL;
    *out_latest = learner && learner->version == event->sequence &&
                  (!course || course->version <= event->sequence); /* others' reports change shares too */
    out->ids = past->ids;
    told = told && live_put_ids(out, view, past->ids);
    model_read_end(view);
    return told;
}

static enum rc tell_one(void *arg, const struct stored_event *stored, struct fault *fault)
{
    struct live_past *past = arg;
    struct live_event told;
    struct event event;
    bool latest;

    while (past->at < past->missed.count && past->missed.at[past->at] <= stored->sequence)
        past->at++; /* some may be gone */
    if (!passes(past, stored))
        return RC_OK;
    if (!stored_event_decode(stored, past->room, EVENT_SEGMENTS_MAX, &event))
        return history_unreadable(stored, fault);
    if (!tell_now(past, &event, &told, &latest))
        return RC_OK; /* erased since */
    const struct live_event *then = latest ? NULL : walked(past, &event);
    if (then) {
        struct live_event now = told;
        told = *then;
        told.ids = now.ids;
        told.user_size = now.user_size;
        told.course_size = now.course_size;
        told.item_size = now.item_size;
    }
    if (told.is_preview && past->hides_previews)
        return RC_OK;
    past->enough = !past->visit(past->arg, &told);
    return past->enough ? RC_ENOUGH : RC_OK;
}

static enum rc tell_some(struct live_past *past, uint64_t *out_covered, struct fault *fault)
{
    size_t left = past->missed.count - past->at, count = left < READ_EVENTS ? left : READ_EVENTS,
           from = past->at;

    past->enough = false;
    enum rc rc =
        store_each_event_of(past->history->store, past->missed.at + from, count, tell_one, past, fault);
    if (rc == RC_OK && !past->enough)
        past->at = from + count;
    if (past->at)
        *out_covered = past->missed.at[past->at - 1];
    return rc;
}

enum rc live_past_next(struct live_past *past, bool (*visit)(void *arg, const struct live_event *event),
                       void *arg, uint64_t *out_covered, enum live_past_step *out_step, struct fault *fault)
{
    enum rc rc = RC_OK;

    past->visit = visit;
    past->arg = arg;
    *out_step = LIVE_PAST_MORE;
    if (!past->scanned) {
        rc = scan(past, fault);
        if (rc == RC_OK && past->missed.count > LIVE_PAST_MAX)
            *out_step = LIVE_PAST_GAP;
        return rc;
    }
    if (past->at < past->missed.count)
        rc = tell_some(past, out_covered, fault);
    if (rc == RC_OK && past->at == past->missed.count) {
        *out_covered = past->upto;
        *out_step = LIVE_PAST_OVER;
    }
    return rc;
}
