#include "app/batch_logs.h"

#include <stdlib.h>
#include <string.h>

#include "app/batch.h"

/* Where something lies: by what it is and its number. */
enum what { ENTRY = 1, CLEARED, TOTAL };

enum { PLACES_KEPT = 4096 }; /* between batches: clearing them is nothing */

struct log_place {
    uint64_t number; /* log_id or learner */
    uint32_t what;   /* 0: free */
    uint32_t index;  /* of the latest change, or of the total */
};

static struct log_place *place_of(struct log_place *places, size_t room, enum what what, uint64_t number)
{
    size_t at = (size_t)((number * 4 + what) * UINT64_C(0x9e3779b97f4a7c15) >> 24) & (room - 1);

    while (places[at].what && (places[at].what != what || places[at].number != number))
        at = (at + 1) & (room - 1);
    return &places[at];
}

static const struct log_place *find(const struct batch_logs *logs, enum what what, uint64_t number)
{
    const struct log_place *place =
        logs->place_room ? place_of(logs->places, logs->place_room, what, number) : NULL;
    return place && place->what ? place : NULL;
}

static bool note(struct batch_logs *logs, enum what what, uint64_t number, size_t index)
{
    if (2 * (logs->place_count + 1) > logs->place_room) {
        size_t room = logs->place_room ? 2 * logs->place_room : 64;
        struct log_place *places = calloc(room, sizeof *places);
        if (!places)
            return false;
        for (size_t i = 0; i < logs->place_room; i++)
            if (logs->places[i].what)
                *place_of(places, room, (enum what)logs->places[i].what, logs->places[i].number) =
                    logs->places[i];
        free(logs->places);
        logs->places = places;
        logs->place_room = room;
    }
    struct log_place *place = place_of(logs->places, logs->place_room, what, number);
    logs->place_count += place->what == 0;
    *place = (struct log_place){number, what, (uint32_t)index};
    return true;
}

enum rc batch_put_log(struct batch *batch, const struct store_log *log, struct fault *fault)
{
    struct batch_logs *logs = &batch->logs;
    bool all = log->deleted && log->log_id == 0;

    if (logs->change_count == logs->change_room) {
        size_t room = logs->change_room ? logs->change_room * 2 : 64;
        struct store_log *changes = realloc(logs->changes, room * sizeof *changes);
        if (!changes)
            return fault_no_memory(fault);
        logs->changes = changes;
        logs->change_room = room;
    }
    if (!note(logs, all ? CLEARED : ENTRY, all ? log->learner : log->log_id, logs->change_count))
        return fault_no_memory(fault);
    logs->changes[logs->change_count++] = *log;
    return RC_OK;
}

struct copy {
    struct arena *arena;
    struct store_log log;
};

static enum rc copy_log(void *arg, const struct store_log *log, struct fault *fault)
{
    struct copy *copy = arg;

    copy->log = *log;
    copy->log.members = (const uint8_t *)arena_copy(copy->arena, log->members, log->members_size);
    return copy->log.members ? RC_OK : fault_no_memory(fault);
}

enum rc batch_log(struct batch *batch, uint64_t log_id, struct arena *arena, struct store_log *out,
                  struct fault *fault)
{
    const struct batch_logs *logs = &batch->logs;
    const struct log_place *changed = find(logs, ENTRY, log_id);
    struct copy copy = {.arena = arena};
    enum rc rc = RC_OK;

    if (changed)
        rc = copy_log(&copy, &logs->changes[changed->index], fault);
    else
        rc = store_log(batch->store, log_id, copy_log, &copy, fault);
    if (rc != RC_OK)
        return rc;
    const struct log_place *cleared = find(logs, CLEARED, copy.log.learner);
    copy.log.deleted |= cleared && (!changed || cleared->index > changed->index);
    *out = copy.log;
    return RC_OK;
}

struct log_total *batch_log_total(struct batch *batch, uint32_t learner)
{
    struct batch_logs *logs = &batch->logs;
    const struct log_place *place = find(logs, TOTAL, learner);

    if (place)
        return &logs->changed[place->index];
    if (logs->changed_count == logs->changed_room) {
        size_t room = logs->changed_room ? logs->changed_room * 2 : 64;
        struct log_total *changed = realloc(logs->changed, room * sizeof *changed);
        if (!changed)
            return NULL;
        logs->changed = changed;
        logs->changed_room = room;
    }
    if (!note(logs, TOTAL, learner, logs->changed_count))
        return NULL;
    logs->changed[logs->changed_count] = log_totals_of(logs->totals, learner);
    return &logs->changed[logs->changed_count++];
}

void batch_logs_publish(struct batch *batch)
{
    settling_publish(batch);
    for (size_t i = 0; i < batch->logs.changed_count; i++)
        log_totals_set(batch->logs.totals, &batch->logs.changed[i]);
}

void batch_logs_clear(struct batch *batch)
{
    struct batch_logs *logs = &batch->logs;

    settling_abandon(batch);
    if (logs->place_room > PLACES_KEPT) {
        free(logs->places);
        logs->places = NULL;
        logs->place_room = 0;
    } else if (logs->place_count) {
        memset(logs->places, 0, logs->place_room * sizeof *logs->places);
    }
    logs->change_count = logs->changed_count = logs->place_count = 0;
}

void batch_logs_done(struct batch_logs *logs)
{
    settlings_done(&logs->settlings);
    log_totals_free(logs->totals);
    free(logs->changes);
    free(logs->changed);
    free(logs->places);
}
