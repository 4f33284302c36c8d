#include "app/queue.h"

#include "app/decide/decide.h"
#include "app/engine_private.h"

enum {
    BATCH_MAX = 4096, /* commands per commit */
    /* of large commands, so many at most are decided before the small ones are looked at again */
    LARGE_BATCH = 512,
};

bool is_alone(const struct engine *engine, const struct command *command)
{
    return stands_alone(command) || brings_many(engine->fold.view, command);
}

uint32_t weight_of(const struct command *command)
{
    uint32_t weight = command->report_count + command->user_count;
    return stands_alone(command) ? LARGE_BATCH : weight ? weight : 1;
}

void join(struct line *line, struct command *command)
{
    command->next = NULL;
    if (line->last)
        line->last->next = command;
    else
        line->head = command;
    line->last = command;
    line->count++;
}

struct command *take_waiting(struct engine *engine)
{
    struct line taken = engine->small;
    uint32_t weight = 0;

    for (struct command *next; engine->large.head && weight < LARGE_BATCH; engine->large.head = next) {
        struct command *command = engine->large.head;
        next = command->next;
        weight += weight_of(command);
        engine->large.count--;
        join(&taken, command);
    }
    if (!engine->large.head)
        engine->large.last = NULL;
    engine->small = (struct line){NULL, NULL, 0};
    return taken.head;
}

struct command *cut_batch(const struct engine *engine, struct command *first)
{
    struct command *last = first;
    uint32_t weight = weight_of(first);
    bool large = weight >= LARGE_FROM;

    if (!is_alone(engine, first))
        for (uint32_t count = 1; last->next && count < BATCH_MAX && !is_alone(engine, last->next); count++) {
            uint32_t more = weight_of(last->next);
            if ((more >= LARGE_FROM) != large || (large && weight + more > LARGE_BATCH))
                break;
            weight += more;
            last = last->next;
        }
    struct command *rest = last->next;
    last->next = NULL;
    return rest;
}
