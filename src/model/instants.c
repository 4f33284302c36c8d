#include "model/instants.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/instant.h"
#include "base/sorted.h"

enum { RUN_MAX = 256, RUN_LEAST = 2 };

struct instant_run {
    int64_t *at; /* ascending */
    int64_t last;
    uint32_t count, room;
};

void instants_done(struct instants *instants)
{
    for (uint32_t i = 0; i < instants->run_count; i++)
        free(instants->runs[i].at);
    free(instants->runs);
    *instants = (struct instants){0};
}

bool instants_copy(const struct instants *from, struct instants *out)
{
    uint32_t count = from->run_count, made = 0;
    struct instant_run *runs = count ? malloc(count * sizeof *runs) : NULL;

    for (; runs && made < count; made++) {
        const struct instant_run *run = &from->runs[made];
        int64_t *at = malloc((run->count + 1) * sizeof *at);
        if (!at)
            break;
        memcpy(at, run->at, run->count * sizeof *at);
        runs[made] = (struct instant_run){at, run->last, run->count, run->count + 1};
    }
    *out = (struct instants){.runs = runs, .run_count = made, .run_room = count};
    if (made == count)
        return true;
    instants_done(out);
    return false;
}

/* Index of the first run that does not end before. */
static uint32_t run_of(const struct instants *instants, int64_t ms)
{
    return (uint32_t)sorted_place(i, instants->run_count, instants->runs[i].last < ms);
}

/* Index of the first one in the run that is not before. */
static uint32_t place_in(const struct instant_run *run, int64_t ms)
{
    return (uint32_t)sorted_place(i, run->count, run->at[i] < ms);
}

/* A new run at a place: of what the one before has from a place on; or empty, when it is the first. */
static bool split(struct instants *instants, uint32_t at, uint32_t keep)
{
    uint32_t moved = at ? instants->runs[at - 1].count - keep : 0,
             room = moved > RUN_LEAST ? RUN_MAX : RUN_LEAST;
    int64_t *run = malloc(room * sizeof *run);

    if (run && instants->run_count == instants->run_room) {
        uint32_t runs = instants->run_room + instants->run_room / 2 + 1;
        struct instant_run *grown = realloc(instants->runs, runs * sizeof *grown);
        instants->runs = grown ? grown : instants->runs;
        instants->run_room = grown ? runs : instants->run_room;
    }
    if (!run || instants->run_count == instants->run_room) {
        free(run);
        return false;
    }
    memmove(instants->runs + at + 1, instants->runs + at,
            (instants->run_count - at) * sizeof *instants->runs);
    instants->runs[at] = (struct instant_run){.at = run, .count = moved, .room = room};
    instants->run_count++;
    if (moved) {
        struct instant_run *before = &instants->runs[at - 1];
        memcpy(run, before->at + keep, moved * sizeof *run);
        instants->runs[at].last = before->last;
        before->count = keep;
        before->last = before->at[keep - 1];
    }
    return true;
}

static bool room_for_one(struct instant_run *run)
{
    if (run->count < run->room)
        return true;
    uint32_t room = run->room * 2 < RUN_MAX ? run->room * 2 : RUN_MAX;
    int64_t *at = realloc(run->at, room * sizeof *at);
    if (!at)
        return false;
    run->at = at;
    run->room = room;
    return true;
}

bool instants_add(struct instants *instants, int64_t ms)
{
    uint32_t index = run_of(instants, ms);

    if (instants->run_count == 0 && !split(instants, 0, 0))
        return false;
    if (index == instants->run_count) /* later than all: into the last one */
        index--;
    if (instants->runs[index].count == RUN_MAX) {
        /* those that come in order leave full runs behind */
        bool is_last = index + 1 == instants->run_count && instants->runs[index].last <= ms;
        if (!split(instants, index + 1, is_last ? RUN_MAX - 1 : RUN_MAX / 2))
            return false;
        index += instants->runs[index].last < ms;
    }
    struct instant_run *run = &instants->runs[index];
    if (!room_for_one(run))
        return false;
    uint32_t place = place_in(run, ms);
    memmove(run->at + place + 1, run->at + place, (run->count - place) * sizeof *run->at);
    run->at[place] = ms;
    run->last = run->at[run->count++];
    return true;
}

/* Two runs that follow one another become one when that is half full at most. */
static void join(struct instants *instants, uint32_t index)
{
    if (index + 1 >= instants->run_count)
        return; /* none follows */
    struct instant_run *run = &instants->runs[index], *next = run + 1;
    uint32_t count = run->count + next->count;
    if (count > RUN_MAX / 2)
        return;
    int64_t *at = realloc(run->at, count * sizeof *at); /* it may be less than before */
    if (!at)
        return;
    memcpy(at + run->count, next->at, next->count * sizeof *at);
    free(next->at);
    *run = (struct instant_run){at, next->last, count, count};
    instants->run_count--;
    memmove(next, next + 1, (instants->run_count - index - 1) * sizeof *next);
}

void instants_remove(struct instants *instants, int64_t ms)
{
    uint32_t index = run_of(instants, ms);
    assert(index < instants->run_count);
    struct instant_run *run = &instants->runs[index];
    uint32_t place = place_in(run, ms);

    assert(place < run->count && run->at[place] == ms);
    run->count--;
    memmove(run->at + place, run->at + place + 1, (run->count - place) * sizeof *run->at);
    run->last = run->count ? run->at[run->count - 1] : INSTANT_NEVER;
    if (run->count) {
        if (run->count < RUN_MAX / 4)
            join(instants, index);
        if (index > 0 && instants->runs[index].count < RUN_MAX / 4)
            join(instants, index - 1);
        return;
    }
    if (instants->run_count == 1)
        return; /* kept, empty: most often another comes at once */
    free(run->at);
    instants->run_count--;
    memmove(run, run + 1, (instants->run_count - index) * sizeof *run);
}

int64_t instants_last(const struct instants *instants)
{
    /* the only one may be empty */
    return instants->run_count ? instants->runs[instants->run_count - 1].last : INSTANT_NEVER;
}
