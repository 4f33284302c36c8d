#include "app/adopting.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/batch.h"
#include "base/monotonic.h"

enum {
    STEP_US = 2000,
    LOOK_EVERY = 8,  /* learners between two looks at the clock */
    AGAIN_MS = 1000, /* so often a node says that it goes on: unfinished.c */
};

/* What unfinished.h calls a list by is this and its number; below are learners. */
static const uint64_t lists = UINT64_C(1) << 32;

struct adoption_list {
    struct adoption_list *next;
    uint32_t number;  /* 0: this node's own */
    int64_t noted_ms; /* monotonic, when this node wrote it last */
    char *value;      /* of another's: what it said last; NULL: nothing is left */
    char key[];
};

struct adoption {
    struct adoption *next;
    struct adoption_list *list;
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
                     &(struct adoption){.list = batch->adoptions.lists,
                                        .command = waits ? command : NULL,
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

/* Enrols some of them, until it is time. */
static enum rc step_one(struct batch *batch, struct adoption *adoption, int64_t until_us, struct fault *fault)
{
    struct view view = batch->fold->view;
    const struct keys *holders = view_holders(view, adoption->item);
    struct command as = {
        .kind = CMD_ENROL, .face = adoption->face, .actor = {"server-key", 10}, .at_ms = batch->now_ms};
    bool still = view_item_facts(view, adoption->item).course == adoption->course;
    enum rc rc = RC_OK;

    adoption->next_left = !still ? 0 : adoption->left < holders->count ? adoption->left : holders->count;
    for (uint32_t looked = 1; rc == RC_OK && adoption->next_left; looked++) {
        rc = batch_adopt_one(batch, &as, holders->at[--adoption->next_left], adoption->item, adoption->course,
                             fault);
        if (looked % LOOK_EVERY == 0 && (int64_t)monotonic_us() >= until_us)
            break;
    }
    return rc;
}

/* From the last holder to the first: lists are compacted meanwhile, and then nobody is passed over. */
enum rc adopting_step(struct batch *batch, struct fault *fault)
{
    struct adoptions *adoptions = &batch->adoptions;
    struct adoption *first = adoptions->first, *at = first;
    int64_t until_us = (int64_t)monotonic_us() + STEP_US;
    enum rc rc = RC_OK;

    /* one list is noted with a batch */
    if (!first || (adoptions->fresh && first->list != adoptions->lists))
        return RC_OK;
    do { /* a course may bring thousands of items that few hold */
        rc = step_one(batch, at, until_us, fault);
        adoptions->stepped++;
        at = at->next_left ? NULL : at->next;
    } while (rc == RC_OK && at && at->list == first->list && (int64_t)monotonic_us() < until_us);
    return rc;
}

/* Appends those of a list. */
static void note(struct buf *value, const struct adoption_list *list, const struct adoption *adoption)
{
    for (; adoption; adoption = adoption->next)
        if (adoption->list == list)
            buf_printf(value, "%u:%u:%u;", adoption->item, adoption->course, (unsigned)adoption->face);
}

enum rc adopting_note(struct batch *batch, const char **out_key, const char **out_value, struct fault *fault)
{
    struct adoptions *adoptions = &batch->adoptions;
    const struct adoption *first = adoptions->stepped ? adoptions->first : NULL;
    struct adoption_list *list = first ? first->list : adoptions->lists;
    bool ends = first && first->next_left == 0;
    const struct adoption *left = adoptions->first;
    bool again = first && batch->unfinished.shared && monotonic_ms() - list->noted_ms >= AGAIN_MS;
    struct buf value = {0};

    adoptions->noted = NULL;
    if (!ends && !again && !adoptions->fresh)
        return RC_OK;
    for (uint32_t i = 0; i < adoptions->stepped && left->next_left == 0; i++)
        left = left->next;
    note(&value, list, left);
    note(&value, list, adoptions->fresh);
    *out_key = list->key;
    *out_value = value.failed ? NULL : arena_copy(&batch->arena, value.size ? value.bytes : "", value.size);
    buf_done(&value);
    adoptions->noted = list;
    adoptions->noted_value = *out_value;
    return *out_value ? RC_OK : fault_no_memory(fault);
}

/* It is over, or another node's: who waits for it is to be answered. */
static void end(struct adoptions *adoptions, struct adoption *adoption)
{
    struct command *command = adoption->command;

    if (command) {
        command->adopts = false;
        command->next = adoptions->over;
        adoptions->over = command;
    }
    free(adoption);
}

static void take_first(struct adoptions *adoptions)
{
    struct adoption *first = adoptions->first;

    adoptions->first = first->next;
    if (!adoptions->first)
        adoptions->last = NULL;
    end(adoptions, first);
}

/* Keeps what another's list says, whoever wrote it: of what is over nothing is taken over again. */
static void keep(struct batch *batch, struct adoption_list *list, const char *value)
{
    free(list->value);
    list->value = *value ? strdup(value) : NULL;
    if (list->value)
        unfinished_heard(&batch->unfinished, lists + list->number);
    else
        unfinished_over(&batch->unfinished, lists + list->number);
}

void adopting_publish(struct batch *batch)
{
    struct adoptions *adoptions = &batch->adoptions;

    if (adoptions->noted)
        adoptions->noted->noted_ms = monotonic_ms();
    if (adoptions->noted && adoptions->noted->number)
        keep(batch, adoptions->noted, adoptions->noted_value);
    adoptions->noted = NULL;
    for (; adoptions->stepped; adoptions->stepped--) {
        adoptions->first->left = adoptions->first->next_left;
        if (adoptions->first->left == 0)
            take_first(adoptions);
    }
    if (adoptions->fresh && adoptions->last)
        adoptions->last->next = adoptions->fresh;
    else if (adoptions->fresh)
        adoptions->first = adoptions->fresh;
    adoptions->last = adoptions->fresh ? adoptions->last_fresh : adoptions->last;
    adoptions->fresh = adoptions->last_fresh = NULL;
}

struct command *adopting_over(struct batch *batch)
{
    struct command *over = batch->adoptions.over;

    batch->adoptions.over = NULL;
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
    batch->adoptions.noted = NULL;
    batch->adoptions.stepped = 0;
}

void adopting_give_up(struct batch *batch)
{
    while (batch->adoptions.first)
        take_first(&batch->adoptions);
}

void adoptions_done(struct adoptions *adoptions)
{
    free_all(adoptions->first);
    free_all(adoptions->fresh);
    for (struct adoption_list *list = adoptions->lists, *next; list; list = next) {
        next = list->next;
        free(list->value);
        free(list);
    }
    *adoptions = (struct adoptions){0};
}

/* ---- lists of the ledger ---- */

static bool is_list(const char *key)
{
    static const size_t size = sizeof ADOPTING_LEDGER - 1;

    return strncmp(key, ADOPTING_LEDGER, size) == 0 && (!key[size] || key[size] == ':');
}

/* The list of a key, made when it is new. NULL: out of memory. */
static struct adoption_list *list_of(struct adoptions *adoptions, const char *key)
{
    struct adoption_list **at = &adoptions->lists;
    uint32_t number = 0;

    for (; *at && strcmp((*at)->key, key) != 0; at = &(*at)->next)
        number = (*at)->number + 1;
    if (*at)
        return *at;
    struct adoption_list *list = calloc(1, sizeof *list + strlen(key) + 1);
    if (list) {
        list->number = number;
        memcpy(list->key, key, strlen(key) + 1);
        *at = list;
    }
    return list;
}

/* The adoptions that a value says, on from *inout; false: no more, or it was not written by us. */
static bool next_of(const char **inout, struct adoption *out)
{
    char *at;

    out->item = (uint32_t)strtoul(*inout, &at, 10);
    out->course = *at == ':' ? (uint32_t)strtoul(at + 1, &at, 10) : 0;
    out->face = (enum event_face)(*at == ':' ? strtoul(at + 1, &at, 10) : 0);
    bool whole = at != *inout && *at == ';';
    *inout = at + whole;
    return whole;
}

static enum rc go_on_with(struct batch *batch, struct adoption_list *list, const char *value,
                          struct fault *fault)
{
    const struct model *model = batch->fold->model;
    struct adoption adoption = {.list = list, .left = UINT32_MAX};
    enum rc rc = RC_OK;

    while (rc == RC_OK && next_of(&value, &adoption))
        if (adoption.item && adoption.item <= model_count(model, ENTITY_ITEM) && adoption.course &&
            adoption.course <= model_count(model, ENTITY_COURSE))
            rc = add(&batch->adoptions, &adoption, fault);
    if (rc == RC_OK)
        adopting_publish(batch); /* nobody waits */
    else
        adopting_abandon(batch);
    return rc;
}

/* Whether it comes next in what a list says: what is left is said in the order in which it was begun. */
static bool says(const char **inout, const struct adoption *adoption)
{
    const char *at = *inout;
    struct adoption said;
    bool is = next_of(&at, &said) && said.item == adoption->item && said.course == adoption->course;

    *inout = is ? at : *inout;
    return is;
}

void adopting_heard(struct batch *batch, const char *key, const char *value)
{
    struct adoptions *adoptions = &batch->adoptions;
    struct adoption_list *list = is_list(key) ? list_of(adoptions, key) : NULL;
    const char *said = value;

    if (!list) /* or out of memory: it is not taken over, and the next start goes on with it */
        return;
    adoptions->last = NULL;
    for (struct adoption **at = &adoptions->first; *at;) {
        struct adoption *adoption = *at;
        if (adoption->list == list && (list->number || !says(&said, adoption))) {
            *at = adoption->next;
            end(adoptions, adoption);
        } else {
            adoptions->last = adoption;
            at = &adoption->next;
        }
    }
    if (list->number)
        keep(batch, list, value);
}

bool adopting_take_over(struct batch *batch, uint64_t what, enum rc *out_rc, struct fault *fault)
{
    struct adoption_list *list = batch->adoptions.lists;

    *out_rc = RC_OK;
    if (what < lists)
        return false;
    while (list && list->number != what - lists)
        list = list->next;
    for (const struct adoption *own = batch->adoptions.first; own; own = own->next)
        if (own->list == list)
            return true; /* this node does */
    if (list && list->value) {
        *out_rc = go_on_with(batch, list, list->value, fault);
        list->noted_ms = 0; /* the others hear of it with the first step */
    }
    return true;
}

static enum rc resume(void *arg, const char *key, const char *value, struct fault *fault)
{
    struct batch *batch = arg;

    if (!is_list(key))
        return RC_OK;
    struct adoption_list *list = list_of(&batch->adoptions, key);
    if (!list)
        return fault_no_memory(fault);
    if (!list->number || !batch->unfinished.shared)
        return go_on_with(batch, list, value, fault);
    keep(batch, list, value);
    return RC_OK;
}

enum rc adopting_resume(struct batch *batch, struct fault *fault)
{
    char own[sizeof ADOPTING_LEDGER + 80];

    (void)snprintf(own, sizeof own, batch->unfinished.shared ? ADOPTING_LEDGER ":%.64s" : ADOPTING_LEDGER,
                   store_identity(batch->store)); /* fits */
    if (!list_of(&batch->adoptions, own))
        return fault_no_memory(fault);
    return store_each_ledger(batch->store, resume, batch, fault);
}
