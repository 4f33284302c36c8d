#include "app/learner_history.h"

#include <stdlib.h>

enum { A_STEP = 256 }; /* events folded in one */

/* The last of those that pass, in a ring: one more than the page, to know whether more follow. */
struct learner_history {
    const struct history *history;
    struct learner_history_query query;
    struct history_walk *walk;
    struct learner_moment *ring;
    uint32_t room, first, count;
    bool done;
};

enum rc learner_history_new(const struct history *history, const struct learner_history_query *query,
                            struct learner_history **out_history, struct fault *fault)
{
    struct learner_history *all = calloc(1, sizeof *all);

    if (!all)
        return fault_no_memory(fault);
    *all = (struct learner_history){.history = history, .query = *query, .room = query->limit + 1};
    all->ring = malloc(all->room * sizeof *all->ring);
    all->done = query->learner == 0;
    if (!all->ring) {
        free(all);
        return fault_no_memory(fault);
    }
    *out_history = all;
    return RC_OK;
}

void learner_history_free(struct learner_history *history)
{
    if (!history)
        return;
    history_walk_close(history->walk);
    free(history->ring);
    free(history);
}

static bool passes(const struct learner_history_query *query, const struct event *event)
{
    return event->sequence < query->before && event->at_ms >= query->from_ms &&
           event->at_ms <= query->to_ms &&
           (query->any_course || (query->course && event->course == query->course)) &&
           (query->any_item || (query->item && event->item == query->item)) &&
           (query->logs || live_type_of((enum event_kind)event->kind) != LIVE_LOG);
}

static void visit(void *arg, const struct event *event, struct view view, const struct catalogue *catalogue)
{
    struct learner_history *all = arg;
    struct learner_moment moment = {.at_ms = event->at_ms};

    if (!passes(&all->query, event) ||
        !live_tell(event, view_learner(view, event->learner), catalogue, &moment.live) ||
        (all->query.hides_previews && moment.live.is_preview))
        return;
    if (all->count == all->room) {
        all->first = (all->first + 1) % all->room;
        all->count--;
    }
    all->ring[(all->first + all->count++) % all->room] = moment;
}

enum rc learner_history_step(struct learner_history *history, bool *out_done, struct fault *fault)
{
    enum rc rc = RC_OK;

    if (!history->done && !history->walk) {
        struct view view = model_read_begin(history->history->model);
        uint64_t upto = model_published(view.model);
        model_read_end(view);
        if (history->query.before <= upto)
            upto = history->query.before - 1;
        rc = history_walk_open(history->history, history->query.learner, upto, 0, 0, &history->walk, fault);
    } else if (!history->done) {
        rc = history_walk_on(history->walk, A_STEP, visit, history, &history->done, fault);
    }
    *out_done = rc == RC_OK && history->done;
    return rc;
}

/* One more than the page: it is not shown. */
static uint32_t hidden(const struct learner_history *history)
{
    return history->count == history->room;
}

uint32_t learner_history_count(const struct learner_history *history)
{
    return history->count - hidden(history);
}

const struct learner_moment *learner_history_at(const struct learner_history *history, uint32_t i)
{
    return &history->ring[(history->first + hidden(history) + i) % history->room];
}

bool learner_history_has_more(const struct learner_history *history)
{
    return hidden(history);
}
