#include "model/fold_erase.h"

#include "base/codec.h"
#include "model/fold_catalog.h"
#include "model/model_private.h"

static enum rc forget_item(struct fold *fold, uint32_t key, const struct event *event)
{
    struct item_slot *slot = item_slot(fold->model, key);
    const struct item_def *def = view_item(fold->view, key);

    if (!slot)
        return RC_OK; /* a twin has only some */
    if (def && def->course && !fold_lose_items(fold, def->course, event))
        return RC_BUSY;
    if (!slot->pending && !slot->removing && !fold_push(&fold->items, key))
        return RC_BUSY;
    item_def_unref(slot->pending);
    slot->pending = NULL;
    slot->removing = true;
    return RC_OK;
}

static enum rc forget_type(struct fold *fold, uint32_t key, const struct event *event)
{
    if (!view_item(fold->view, key))
        return RC_OK;
    struct item_def item = fold_item_so_far(fold, key);
    item.type = (struct text){NULL, 0};
    item.type_rank = TYPE_UNKNOWN;
    return fold_show_otherwise(fold, item.course, event) ? fold_set_item(fold, key, &item) : RC_BUSY;
}

static enum rc forget_course(struct fold *fold, uint32_t key)
{
    struct course_slot *slot = course_slot(fold->model, key);

    if (!slot)
        return RC_OK; /* a twin has only some */
    if (!fold_note_course(fold, key))
        return RC_BUSY;
    course_def_unref(slot->pending);
    slot->pending = NULL;
    slot->removing = true;
    return RC_OK;
}

/* A course that lost items or somebody says so, also when it is folded again and they were never there: it
 * may have been known by them alone until now. */
static enum rc touch_course(struct fold *fold, uint32_t key, const struct event *event)
{
    if (!course_slot(fold->model, key))
        return RC_OK; /* a twin has only some */
    return fold_see_course(fold, key, event);
}

/* When the course last lost an item: the events that had brought that item are gone. Those of old say
 * nothing. */
static enum rc tell_losses(struct fold *fold, struct reader *from)
{
    enum rc rc = RC_OK;

    for (uint32_t left = from->at < from->end ? get_u32(from) : 0; rc == RC_OK && left > 0 && !from->bad;
         left--) {
        uint32_t key = get_u32(from);
        int64_t at_ms = get_i64(from);
        if (key == 0 || key > model_count(fold->model, ENTITY_COURSE))
            return RC_INTERNAL;
        struct course_def *course = view_course(fold->view, key) ? fold_pending_course(fold, key) : NULL;
        if (course)
            course->shrunk_at_ms = at_ms;
        else if (view_course(fold->view, key))
            rc = RC_BUSY;
    }
    return rc;
}

enum rc fold_erased(struct fold *fold, const struct event *event)
{
    struct reader from = {event->body, event->body + event->body_size, false};
    enum rc rc = RC_OK;

    fold->erasing = event->learner;
    fold->visit++;
    for (int list = 0; list < 4 && rc == RC_OK; list++) {
        for (uint32_t left = get_u32(&from); left > 0 && !from.bad && rc == RC_OK; left--) {
            uint32_t key = get_u32(&from);
            if (key == 0 || key > (list < 2 ? model_count(fold->model, ENTITY_ITEM)
                                            : model_count(fold->model, ENTITY_COURSE)))
                return RC_INTERNAL;
            rc = list == 0   ? forget_item(fold, key, event)
                 : list == 1 ? forget_type(fold, key, event)
                 : list == 2 ? forget_course(fold, key)
                             : touch_course(fold, key, event);
        }
        if (rc == RC_OK && list == 0)
            rc = fold_settle_lists(fold);
    }
    if (rc == RC_OK)
        rc = tell_losses(fold, &from);
    return from.bad || (rc == RC_OK && from.at != from.end) ? RC_INTERNAL : rc;
}
