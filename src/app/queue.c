#include "app/queue.h"

#include "app/decide/decide.h"
#include "app/decide/decide_reports.h"
#include "app/engine_private.h"

enum {
    BATCH_MAX = 4096, /* commands per commit */
    /* of large commands, so many at most are decided before the small ones are looked at again */
    LARGE_BATCH = 512,
};

bool queue_is_alone(const struct engine *engine, const struct command *command)
{
    return decide_stands_alone(command->kind) || decide_brings_many(engine->fold.view, command);
}

uint32_t queue_weight(const struct command *command)
{
    uint32_t weight = command->report_count + command->user_count;
    return decide_stands_alone(command->kind) ? LARGE_BATCH : weight ? weight : 1;
}

void queue_join(struct line *line, struct command *command)
{
    command->next = NULL;
    if (line->last)
        line->last->next = command;
    else
        line->head = command;
    line->last = command;
    line->count++;
}

struct command *queue_take(struct engine *engine)
{
    struct line taken = engine->small;
    uint32_t weight = 0;

    for (struct command *next; engine->large.head && weight < LARGE_BATCH; engine->large.head = next) {
        struct command *command = engine->large.head;
        next = command->next;
        weight += queue_weight(command);
        engine->large.count--;
        queue_join(&taken, command);
    }
    if (!engine->large.head)
        engine->large.last = NULL;
    engine->small = (struct line){NULL, NULL, 0};
    return taken.head;
}

struct command *queue_cut_batch(const struct engine *engine, struct command *first)
{
    struct command *last = first;
    uint32_t weight = queue_weight(first);
    bool large = weight >= LARGE_FROM;

    if (!queue_is_alone(engine, first))
        for (uint32_t count = 1; last->next && count < BATCH_MAX && !queue_is_alone(engine, last->next);
             count++) {
            uint32_t more = queue_weight(last->next);
            if ((more >= LARGE_FROM) != large || (large && weight + more > LARGE_BATCH))
                break;
            weight += more;
            last = last->next;
        }
    struct command *rest = last->next;
    last->next = NULL;
    return rest;
}

/* What does not belong to the batch comes first next time. */
static void put_back(struct engine *engine, struct command *first)
{
    struct line back = {NULL, NULL, 0};

    for (struct command *next; first; first = next) {
        next = first->next;
        queue_join(&back, first);
    }
    (void)pthread_mutex_lock(&engine->lock);
    back.last->next = engine->small.head;
    engine->small = (struct line){back.head, engine->small.last ? engine->small.last : back.last,
                                  engine->small.count + back.count};
    (void)pthread_mutex_unlock(&engine->lock);
}

void queue_gather(struct engine *engine, struct command *commands)
{
    struct command *last = commands;
    uint32_t count = 1;

    if (queue_weight(commands) >= LARGE_FROM || queue_is_alone(engine, commands))
        return;
    for (; last->next; count++)
        last = last->next;
    (void)pthread_mutex_lock(&engine->lock);
    struct command *came = engine->small.head;
    engine->small = (struct line){NULL, NULL, 0};
    (void)pthread_mutex_unlock(&engine->lock);
    last->next = came;
    for (; came && count < BATCH_MAX && !queue_is_alone(engine, came); came = came->next, count++)
        last = came;
    last->next = NULL;
    if (came)
        put_back(engine, came);
}
