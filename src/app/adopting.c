#include "app/adopting.h"

#include <stdlib.h>

#include "app/batch.h"
#include "base/monotonic.h"

enum { STEP_US = 2000, LOOK_EVERY = 8 /* learners between two looks at the clock */ };

struct adoption {
    struct adoption *next;
    struct command *command; /* NULL: nobody waits for it */
    uint32_t item, course;
    enum event_face face;
    /* holders that were not looked at, from the first; next_left: when this batch is committed */
    uint32_t left, next_left;
};

bool adopting_must_wait(const struct batch *batch, const struct command *command, uint32_t item)
{
    uint32_t holders = view_holders(batch->fold->view, item)->count;

    /* Of an edit all wait: its own effect may be worked out in slices, and whom it adopts comes on top of
     * that. */
    return batch->adoptions.later && holders && (command->kind == CMD_COURSE_PUT || holders > FOLD_AT_ONCE);
}

static enum rc add(struct adoptions *adoptions, const struct adoption *like, struct fault *fault)
{
    struct adoption *adoption = malloc(sizeof *adoption);

    if (!adoption)
        return fault_no_memory(fault);
    *adoption = *like;
    if (adoptions->last_fresh)
        adoptions->last_fresh->next = adoption;
    else
        adoptions->fresh = adoption;
    adoptions->last_fresh = adoption;
    return RC_OK;
}

enum rc adopting_add(struct batch *batch, struct command *command, uint32_t item, uint32_t course,
                     struct fault *fault)
{
    struct adoption *before = batch->adoptions.last_fresh;
    bool waits = command->kind == CMD_COURSE_PUT; /* who reports is enrolled by the report itself */
    enum rc rc = add(&batch->adoptions,
                     &(struct adoption){.command = waits ? command : NULL,
                                        .item = item,
                                        .course = course,
                                        .face = command->face,
                                        .left = UINT32_MAX},
                     fault);
    if (rc == RC_OK && before && waits) /* an edit is alone in its batch */
        before->command = NULL;         /* it waits for its last */
    command->adopts |= rc == RC_OK && waits;
    return rc;
}

/* From the last holder to the first: lists are compacted meanwhile, and then nobody is passed over. */
enum rc adopting_step(struct batch *batch, struct fault *fault)
{
    struct adoption *first = batch->adoptions.first;
    struct view view = batch->fold->view;
    int64_t until_us = (int64_t)monotonic_us() + STEP_US;
    enum rc rc = RC_OK;

    if (!first)
        return RC_OK;
    const struct keys *holders = view_holders(view, first->item);
    struct command as = {
        .kind = CMD_ENROL, .face = first->face, .actor = {"server-key", 10}, .at_ms = batch->now_ms};
    bool still = view_item_facts(view, first->item).course == first->course;
    first->next_left = !still ? 0 : first->left < holders->count ? first->left : holders->count;
    batch->adoptions.stepped = true;
    for (uint32_t looked = 1; rc == RC_OK && first->next_left; looked++) {
        rc = batch_adopt_one(batch, &as, holders->at[--first->next_left], first->item, first->course, fault);
        if (looked % LOOK_EVERY == 0 && (int64_t)monotonic_us() >= until_us)
            break;
    }
    return rc;
}

static void note(struct buf *value, const struct adoption *adoption)
{
    for (; adoption; adoption = adoption->next)
        buf_printf(value, "%u:%u:%u;", adoption->item, adoption->course, (unsigned)adoption->face);
}

enum rc adopting_note(struct batch *batch, const char **out_value, struct fault *fault)
{
    const struct adoptions *adoptions = &batch->adoptions;
    bool ends = adoptions->stepped && adoptions->first->next_left == 0;
    struct buf value = {0};

    *out_value = NULL;
    if (!ends && !adoptions->fresh)
        return RC_OK;
    note(&value, ends ? adoptions->first->next : adoptions->first);
    note(&value, adoptions->fresh);
    *out_value = value.failed ? NULL : arena_copy(&batch->arena, value.size ? value.bytes : "", value.size);
    buf_done(&value);
    return *out_value ? RC_OK : fault_no_memory(fault);
}

static struct command *take_first(struct adoptions *adoptions)
{
    struct adoption *first = adoptions->first;
    struct command *command = first->command;

    adoptions->first = first->next;
    if (!adoptions->first)
        adoptions->last = NULL;
    free(first);
    if (command)
        command->adopts = false;
    return command;
}

struct command *adopting_publish(struct batch *batch)
{
    struct adoptions *adoptions = &batch->adoptions;
    struct command *over = NULL;

    if (adoptions->stepped) {
        adoptions->first->left = adoptions->first->next_left;
        over = adoptions->first->left == 0 ? take_first(adoptions) : NULL;
    }
    if (adoptions->fresh && adoptions->last)
        adoptions->last->next = adoptions->fresh;
    else if (adoptions->fresh)
        adoptions->first = adoptions->fresh;
    adoptions->last = adoptions->fresh ? adoptions->last_fresh : adoptions->last;
    adoptions->fresh = adoptions->last_fresh = NULL;
    adoptions->stepped = false;
    return over;
}

static void free_all(struct adoption *adoption)
{
    for (struct adoption *next; adoption; adoption = next) {
        next = adoption->next;
        if (adoption->command)
            adoption->command->adopts = false;
        free(adoption);
    }
}

void adopting_abandon(struct batch *batch)
{
    free_all(batch->adoptions.fresh);
    batch->adoptions.fresh = batch->adoptions.last_fresh = NULL;
    batch->adoptions.stepped = false;
}

struct command *adopting_give_up(struct batch *batch)
{
    struct command *command = NULL;

    while (batch->adoptions.first && !command)
        command = take_first(&batch->adoptions);
    return command;
}

void adoptions_done(struct adoptions *adoptions)
{
    free_all(adoptions->first);
    free_all(adoptions->fresh);
    *adoptions = (struct adoptions){0};
}

enum rc adopting_resume(struct batch *batch, struct fault *fault)
{
    const struct model *model = batch->fold->model;
    struct buf value = {0};
    enum rc rc = store_ledger(batch->store, ADOPTING_LEDGER, &value, fault);

    buf_char(&value, '\0');
    if (rc == RC_OK && value.failed)
        rc = fault_no_memory(fault);
    for (char *at = value.bytes; rc == RC_OK && *at;) {
        unsigned long item = strtoul(at, &at, 10), course = *at == ':' ? strtoul(at + 1, &at, 10) : 0;
        unsigned long face = *at == ':' ? strtoul(at + 1, &at, 10) : 0;
        if (*at != ';')
            break; /* not written by us: no more of it */
        at++;
        if (item && item <= model_count(model, ENTITY_ITEM) && course &&
            course <= model_count(model, ENTITY_COURSE))
            rc = add(&batch->adoptions,
                     &(struct adoption){.item = (uint32_t)item,
                                        .course = (uint32_t)course,
                                        .face = (enum event_face)face,
                                        .left = UINT32_MAX},
                     fault);
    }
    buf_done(&value);
    if (rc == RC_OK)
        (void)adopting_publish(batch); /* nobody waits */
    return rc == RC_NOT_FOUND ? RC_OK : rc;
}
