#include "model/replay.h"

#include <stdlib.h>

enum { PUBLISH_EVERY = 1024 };

enum rc replay_init(struct replay *replay, struct fold *fold)
{
    *replay = (struct replay){.fold = fold, .room = malloc(EVENT_SEGMENTS_MAX * sizeof *replay->room)};
    return replay->room ? RC_OK : RC_BUSY;
}

void replay_done(struct replay *replay)
{
    free(replay->room);
    replay->room = NULL;
}

enum rc replay_publish(struct replay *replay)
{
    if (!replay->pending)
        return RC_OK;
    if (fold_reserve(replay->fold) != RC_OK)
        return RC_BUSY;
    fold_publish(replay->fold, replay->last);
    replay->pending = 0;
    return RC_OK;
}

enum rc replay_event(struct replay *replay, const struct stored_event *stored)
{
    struct event event;
    bool alone = stored->kind == EV_COURSE_DECLARED || stored->kind == EV_COURSE_UNDECLARED ||
                 stored->kind == EV_ERASED;

    if (!stored_event_decode(stored, replay->room, EVENT_SEGMENTS_MAX, &event))
        return RC_INTERNAL;
    if (alone && replay_publish(replay) != RC_OK)
        return RC_BUSY;
    if (replay->judge && !judge_event(replay->judge, replay->fold, &event))
        return RC_INVALID;
    enum rc rc = fold_apply(replay->fold, &event);
    if (rc != RC_OK)
        return rc;
    if (replay->judge && !judge_outcome(replay->judge, replay->fold, &event))
        return RC_INVALID;
    replay->last = event.sequence;
    return ++replay->pending >= PUBLISH_EVERY || alone ? replay_publish(replay) : RC_OK;
}
