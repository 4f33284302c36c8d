/* fill --data DIR [--learners 10000] [--courses 12] [--items 20] [--events 1000000] [--one-course]
 * Fills a data directory through the engine itself, without HTTP: learner l reports item k of course l %
 * courses, again and again with growing positions. --one-course puts everybody into course 0. For measuring
 * starts, rebuilds, verifies and the cost of size. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "app/engine.h"

enum { BATCH = 4096, CHECKPOINT_EVERY = 262144, VIDEO_MS = 600000 };

static int64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static long option(int argc, char **argv, const char *name, long initial)
{
    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return atol(argv[i + 1]);
    return initial;
}

static const char *text_option(int argc, char **argv, const char *name)
{
    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return argv[i + 1];
    return NULL;
}

static struct text id_of(struct arena *arena, const char *letter, long number)
{
    char *text = arena_printf(arena, "%s%ld", letter, number);
    return (struct text){text, (uint32_t)strlen(text)};
}

static struct command *report(struct arena *arena, long learner, long course, long item, long round)
{
    struct command *command = arena_alloc(arena, sizeof *command);

    command->kind = CMD_REPORTS;
    command->face = FACE_VIDEO;
    command->arena = arena;
    command->learner = id_of(arena, "learner-", learner);
    command->reports = arena_alloc(arena, sizeof *command->reports);
    command->report_count = 1;
    command->all_or_nothing = true;
    struct item_report *one = &command->reports[0];
    one->item = id_of(arena, "video-", course * 1000 + item);
    one->course = id_of(arena, "", 100 + course);
    one->report = (struct report){.has = HAS_WATCHED | HAS_POSITION | HAS_DURATION | FROM_PLAYER,
                                  .duration_ms = VIDEO_MS,
                                  .local_day = 20000,
                                  .position_ms = (round * 7919 + item * 101 + learner) % VIDEO_MS,
                                  .watched_s = round % 600};
    return command;
}

int main(int argc, char **argv)
{
    const char *data = text_option(argc, argv, "--data");
    long learners = option(argc, argv, "--learners", 10000), courses = option(argc, argv, "--courses", 12);
    long items = option(argc, argv, "--items", 20), events = option(argc, argv, "--events", 1000000),
         done = 0;
    struct policy policy = {.now_ms = now_ms};
    struct store *store;
    struct engine *engine;
    struct fault fault = {NULL, NULL};
    struct arena arena;

    if (!data || (mkdir(data, 0700) != 0 && errno != EEXIST) ||
        store_open(&(struct store_place){.directory = data}, &store, &fault) != RC_OK ||
        engine_new(store, &policy, NULL, &engine, &fault) != RC_OK) {
        /* to whoever measures */
        (void)fprintf(stderr, "fill: %s\n", fault.message ? fault.message : "--data DIR is needed");
        return 1;
    }
    if (text_option(argc, argv, "--one-course"))
        courses = 1;
    int64_t began = now_ms();
    arena_init(&arena);
    while (done < events) {
        struct command *first = NULL;
        for (int i = 0; i < BATCH && done < events; i++, done++) {
            long step = done % (learners * items), learner = step / items, item = step % items;
            struct command *command =
                report(&arena, learner, learner % courses, item, done / (learners * items) + 1);
            command->next = first;
            first = command;
        }
        if (engine_run(engine, first, NULL, NULL, &fault) != RC_OK || first->rc != RC_OK)
            break;
        arena_done(&arena);
        if (done % CHECKPOINT_EVERY < BATCH && engine_checkpoint(engine, &fault) != RC_OK)
            break;
    }
    double seconds = (double)(now_ms() - began) / 1000;
    struct engine_state state = engine_state(engine);
    engine_free(engine);
    store_close(store);
    (void)printf("{\"events\":%llu,\"seconds\":%.2f,\"events_per_s\":%.0f,\"learners\":%ld,\"courses\":%ld,"
                 "\"items\":%ld}\n",
                 /* likewise */
                 (unsigned long long)state.sequence, seconds, (double)done / seconds, learners, courses,
                 items);
    return done < events;
}
