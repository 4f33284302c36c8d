#include "app/history_model.h"

#include <stdlib.h>

#include "model/replay.h"

/* A learner as they were. Which events of the catalogue count for them is found in two walks over all that it
 * has up to the bound, a page at a time; only those are folded, into a model with slots for nothing else. */

enum mark { OWN = 1, IN_OWN_COURSE = 2 };

struct sifting {
    const struct history *history;
    const struct bound *bound;
    struct sequences catalogue, chosen; /* chosen: what will be folded */
    uint8_t *items, *courses;           /* marks, by key */
    uint32_t item_count, course_count;
    bool any;                        /* they have an item or a course at all */
    uint64_t own_max, catalogue_max; /* 0: however many there are */
    struct segment *room;
};

/* Visits what an event says, if the bound lets it count. */
typedef enum rc (*sift)(struct sifting *sifting, const struct event *event, struct fault *fault);

struct walk {
    struct sifting *sifting;
    sift visit;
};

static enum rc take(void *arg, const struct stored_event *stored, struct fault *fault)
{
    const struct walk *walk = arg;
    struct sifting *sifting = walk->sifting;
    struct event event;

    if (!bound_holds(sifting->bound, stored->sequence, stored->at_ms))
        return RC_OK;
    if (!stored_event_decode(stored, sifting->room, EVENT_SEGMENTS_MAX, &event) ||
        event.item > sifting->item_count || event.course > sifting->course_count)
        return history_unreadable(stored, fault);
    return walk->visit(sifting, &event, fault);
}

static enum rc walk_events(struct sifting *sifting, const struct sequences *sequences, sift visit,
                           struct fault *fault)
{
    struct walk walk = {sifting, visit};
    return store_each_event_of(sifting->history->store, sequences->at, sequences->count, take, &walk, fault);
}

/* ---- what counts ---- */

static enum rc sift_own(struct sifting *sifting, const struct event *event, struct fault *fault)
{
    sifting->items[event->item] |= event->item ? OWN : 0;
    sifting->courses[event->course] |= event->course ? OWN : 0;
    sifting->any |= event->item || event->course;
    return sequences_visit(&sifting->chosen, event->sequence, fault);
}

/* Whether a declaration lists an item with one of the marks; sets another on all that it lists. */
static enum rc lists(struct sifting *sifting, const struct event *event, uint8_t mark, uint8_t set,
                     bool *out_lists, struct fault *fault)
{
    struct declaration declared;
    struct arena scratch;
    bool known = true;

    arena_init(&scratch);
    *out_lists = false;
    bool read = declaration_decode(event->body, event->body_size, &scratch, &declared);
    for (uint32_t i = 0; read && known && i < declared.item_count; i++) {
        uint32_t item = declared.items[i].item;
        known = item != 0 && item <= sifting->item_count;
        if (known)
            *out_lists |= (sifting->items[item] & mark) != 0, sifting->items[item] |= set;
    }
    arena_done(&scratch);
    if (!read)
        return fault_no_memory(fault);
    return known ? RC_OK : fault_set(fault, RC_INTERNAL, NULL, "an event cannot be read");
}

/* The first walk: which courses their items were ever in. */
static enum rc sift_courses(struct sifting *sifting, const struct event *event, struct fault *fault)
{
    bool own = event->kind == EV_ITEM_OBSERVED && sifting->items[event->item] & OWN;
    enum rc rc = RC_OK;

    if (event->kind == EV_COURSE_DECLARED && !(sifting->courses[event->course] & OWN))
        rc = lists(sifting, event, OWN, 0, &own, fault);
    sifting->courses[event->course] |= own && event->course ? OWN : 0;
    return rc;
}

/* The second: what made those courses, and who took an item from one of them. */
static enum rc sift_events(struct sifting *sifting, const struct event *event, struct fault *fault)
{
    bool counts = event->kind == EV_THRESHOLD_SET || sifting->courses[event->course] & OWN, takes = false;
    enum rc rc = RC_OK;

    if (event->kind == EV_COURSE_DECLARED)
        rc = lists(sifting, event, IN_OWN_COURSE, counts ? IN_OWN_COURSE : 0, &takes, fault);
    if (event->kind == EV_ITEM_OBSERVED) {
        takes = sifting->items[event->item] & OWN;
        sifting->items[event->item] |= counts ? IN_OWN_COURSE : 0;
    }
    return rc == RC_OK && (counts || takes) ? sequences_visit(&sifting->chosen, event->sequence, fault) : rc;
}

static bool sifting_begin(struct sifting *sifting)
{
    /* keys of events that are there already are given out */
    struct view view = model_read_begin(sifting->history->model);

    sifting->item_count = model_count(sifting->history->model, ENTITY_ITEM);
    sifting->course_count = model_count(sifting->history->model, ENTITY_COURSE);
    model_read_end(view);
    sifting->items = calloc(sifting->item_count + 1u, 1);
    sifting->courses = calloc(sifting->course_count + 1u, 1);
    sifting->room = malloc(EVENT_SEGMENTS_MAX * sizeof *sifting->room);
    return sifting->items && sifting->courses && sifting->room;
}

static void sifting_done(struct sifting *sifting)
{
    sequences_done(&sifting->catalogue);
    sequences_done(&sifting->chosen);
    free(sifting->items);
    free(sifting->courses);
    free(sifting->room);
}

static enum rc choose(struct sifting *sifting, uint32_t learner, struct fault *fault)
{
    struct sequences own = {0};
    enum rc rc = history_sequences(sifting->history, learner, &own, fault);

    if (rc == RC_OK)
        rc = history_sequences(sifting->history, 0, &sifting->catalogue, fault);
    if (rc == RC_OK && ((sifting->own_max && own.count > sifting->own_max) ||
                        (sifting->catalogue_max && sifting->catalogue.count > sifting->catalogue_max)))
        rc = fault_set(fault, RC_TOO_LARGE, NULL, "the history is too long");
    if (rc == RC_OK && !sifting_begin(sifting))
        rc = fault_no_memory(fault);
    if (rc == RC_OK)
        rc = walk_events(sifting, &own, sift_own, fault);
    if (rc == RC_OK && sifting->any)
        rc = walk_events(sifting, &sifting->catalogue, sift_courses, fault);
    if (rc == RC_OK && sifting->any)
        rc = walk_events(sifting, &sifting->catalogue, sift_events, fault);
    sequences_settle(&sifting->chosen);
    sequences_done(&own);
    return rc;
}

/* ---- the fold ---- */

struct replaying {
    struct sifting *sifting;
    struct replay replay;
    struct model *twin;
    /* of a walk: who is told of each event of the learner; NULL: nobody */
    void (*visit)(void *arg, const struct event *event, struct view view, const struct catalogue *catalogue);
    void *arg;
    uint32_t learner;
};

/* Slots for what the event names. */
static bool make_slots(struct replaying *replaying, const struct event *event)
{
    struct model *model = replaying->sifting->history->model;
    struct declaration declared = {.item_count = 0};
    struct arena scratch;
    bool whole = model_of_one_slot(replaying->twin, model, ENTITY_COURSE, event->course) &&
                 model_of_one_slot(replaying->twin, model, ENTITY_ITEM, event->item);

    if (event->kind != EV_COURSE_DECLARED)
        return whole;
    arena_init(&scratch);
    whole = whole && declaration_decode(event->body, event->body_size, &scratch, &declared);
    for (uint32_t i = 0; whole && i < declared.item_count; i++)
        whole = model_of_one_slot(replaying->twin, model, ENTITY_ITEM, declared.items[i].item);
    arena_done(&scratch);
    return whole;
}

static enum rc replay_one(void *arg, const struct stored_event *stored, struct fault *fault)
{
    struct replaying *replaying = arg;
    struct sifting *sifting = replaying->sifting;
    struct event event;

    if (!stored_event_decode(stored, sifting->room, EVENT_SEGMENTS_MAX, &event))
        return history_unreadable(stored, fault);
    if (!make_slots(replaying, &event))
        return fault_no_memory(fault);
    enum rc rc = replay_event(&replaying->replay, stored);
    if (rc != RC_OK)
        return rc == RC_INTERNAL ? history_unreadable(stored, fault) : fault_no_memory(fault);
    if (replaying->visit && stored->learner == replaying->learner)
        replaying->visit(replaying->arg, &event, replaying->replay.fold->view,
                         &replaying->replay.fold->catalogue);
    return RC_OK;
}

static enum rc fold_chosen(struct sifting *sifting, struct model *twin, struct fault *fault)
{
    struct replaying replaying = {.sifting = sifting, .twin = twin};
    struct fold fold;

    if (fold_init(&fold, twin) != RC_OK)
        return fault_no_memory(fault);
    enum rc rc = replay_init(&replaying.replay, &fold) == RC_OK
                     ? store_each_event_of(sifting->history->store, sifting->chosen.at, sifting->chosen.count,
                                           replay_one, &replaying, fault)
                     : fault_no_memory(fault);
    if (rc == RC_OK && replay_publish(&replaying.replay) != RC_OK)
        rc = fault_no_memory(fault);
    if (rc != RC_OK)
        fold_abandon(&fold);
    replay_done(&replaying.replay);
    fold_done(&fold);
    return rc;
}

enum rc history_model(const struct history *history, uint32_t learner, const struct bound *bound,
                      struct model **out_model, struct fault *fault)
{
    struct sifting sifting = {.history = history, .bound = bound};
    struct model *twin = NULL;
    enum rc rc = choose(&sifting, learner, fault);

    if (rc == RC_OK && model_of_one(history->model, learner, &twin) != RC_OK)
        rc = fault_no_memory(fault);
    if (rc == RC_OK)
        rc = fold_chosen(&sifting, twin, fault);
    sifting_done(&sifting);
    if (rc == RC_OK)
        *out_model = twin;
    else
        model_free(twin);
    return rc;
}

/* ---- a walk ---- */

struct history_walk {
    struct bound bound;
    struct sifting sifting;
    struct replaying replaying;
    struct fold fold;
    struct model *twin;
    size_t at; /* of those chosen */
    bool folds, replays;
};

void history_walk_close(struct history_walk *walk)
{
    if (!walk)
        return;
    if (walk->folds)
        fold_abandon(&walk->fold);
    if (walk->replays)
        replay_done(&walk->replaying.replay);
    if (walk->folds)
        fold_done(&walk->fold);
    model_free(walk->twin);
    sifting_done(&walk->sifting);
    free(walk);
}

enum rc history_walk_open(const struct history *history, uint32_t learner, uint64_t upto, uint64_t own_max,
                          uint64_t catalogue_max, struct history_walk **out_walk, struct fault *fault)
{
    struct history_walk *walk = calloc(1, sizeof *walk);

    if (!walk)
        return fault_no_memory(fault);
    walk->bound = (struct bound){.sequence = upto};
    walk->sifting = (struct sifting){
        .history = history, .bound = &walk->bound, .own_max = own_max, .catalogue_max = catalogue_max};
    enum rc rc = choose(&walk->sifting, learner, fault);
    if (rc == RC_OK && model_of_one(history->model, learner, &walk->twin) != RC_OK) {
        walk->twin = NULL;
        rc = fault_no_memory(fault);
    }
    if (rc == RC_OK)
        walk->folds = fold_init(&walk->fold, walk->twin) == RC_OK;
    walk->replaying = (struct replaying){.sifting = &walk->sifting, .twin = walk->twin, .learner = learner};
    if (walk->folds)
        walk->replays = replay_init(&walk->replaying.replay, &walk->fold) == RC_OK;
    if (rc == RC_OK && !walk->replays)
        rc = fault_no_memory(fault);
    if (rc == RC_OK)
        *out_walk = walk;
    else
        history_walk_close(walk);
    return rc;
}

enum rc history_walk_on(struct history_walk *walk, size_t count,
                        void (*visit)(void *arg, const struct event *event, struct view view,
                                      const struct catalogue *catalogue),
                        void *arg, bool *out_over, struct fault *fault)
{
    const struct sequences *chosen = &walk->sifting.chosen;

    if (count > chosen->count - walk->at)
        count = chosen->count - walk->at;
    walk->replaying.visit = visit;
    walk->replaying.arg = arg;
    enum rc rc = store_each_event_of(walk->sifting.history->store, chosen->at + walk->at, count, replay_one,
                                     &walk->replaying, fault);
    walk->at += count;
    *out_over = walk->at == chosen->count;
    return rc;
}
