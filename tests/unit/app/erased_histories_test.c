#include "histories.h"

#include "app/verify.h"

/* Random histories in which people are erased: what is kept of everybody else must be what the events say
 * that are left, since a rebuild, another node and an import have nothing else. HISTORIES=N runs N of them,
 * SEED=N begins at another. */

enum { STEPS = 70 };

static const char *const users[] = {"u1", "u2", "u3", "u4"}, *const courses[] = {"c1", "c2", "c3"};

static uint64_t number_of(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text ? strtoull(text, NULL, 10) : otherwise;
}

/* Reports as players and staff send them: of a type, and not counted. */
static void report_otherwise(struct arena *arena, uint64_t *random, struct command *out)
{
    do
        random_command(arena, random, out);
    while (out->kind != CMD_REPORTS);
    if (next_random(random) % 2)
        out->reports[0].type = next_random(random) % 2 ? text("video") : text("lab");
    out->by_staff = next_random(random) % 2;
}

/* Besides those of random_command: all that tells of somebody, or of what somebody did. */
static void any_command(struct arena *arena, uint64_t *random, struct command *out)
{
    uint32_t dice = next_random(random) % 24;
    struct text user = text(users[next_random(random) % COUNT(users)]),
                course = text(courses[next_random(random) % COUNT(courses)]);

    if (dice > 10) {
        random_command(arena, random, out);
        return;
    }
    if (dice > 7) {
        report_otherwise(arena, random, out);
        return;
    }
    random_command(arena, random, out);
    struct text item = out->item.bytes ? out->item : text("i1");
    *out = (struct command){
        .arena = arena, .face = FACE_PTS, .learner = user, .course = course, .actor = text("admin")};
    if (dice < 2) {
        out->kind = CMD_ERASE;
    } else if (dice < 4) {
        out->kind = CMD_CERTIFY;
        out->url = text("https://example.org/c");
    } else if (dice < 6) {
        out->kind = dice == 4 ? CMD_LOCK : CMD_UNLOCK;
        out->item = item;
    } else {
        out->kind = dice == 6 ? CMD_ENROL : CMD_DROP;
        out->learner = (struct text){NULL, 0};
        out->users = arena_alloc(arena, sizeof *out->users);
        *(struct text *)out->users = user;
        out->user_count = 1;
        out->webhook = out->has_occurred = true;
        out->occurred_ms = next_random(random) % 2 ? INT64_MAX : 1000 + (int64_t)(next_random(random) % 1000);
    }
}

static void no_progress(void *arg, uint64_t events)
{
    (void)arg;
    (void)events;
}

static void note_difference(void *arg, const char *what)
{
    print_error("history %llu: %s\n", *(unsigned long long *)arg, what);
}

static void live(struct engine *engine, struct arena *arena, uint64_t seed)
{
    uint64_t random = seed * 2654435761u + 1;

    for (int i = 0; i < STEPS; i++) {
        struct command command;
        struct fault fault = {NULL, NULL};
        generation = i / 12;
        any_command(arena, &random, &command);
        if (engine_run(engine, &command, NULL, NULL, &fault) != RC_OK)
            fail_msg("history %llu: %s", (unsigned long long)seed, fault.message);
        if (i == STEPS / 2 && engine_checkpoint(engine, &fault) != RC_OK)
            fail_msg("checkpoint: %s", fault.message);
    }
}

static void what_is_kept_is_what_the_events_say_that_are_left(void **state)
{
    uint64_t first = number_of("SEED", 1), count = number_of("HISTORIES", 60);

    for (uint64_t seed = first; seed < first + count; seed++) {
        struct verify_watch watch = {&seed, no_progress, note_difference};
        struct verify_result result;
        struct fault fault = {NULL, NULL};
        struct arena arena;
        assert_int_equal(make_directory(state), 0);
        arena_init(&arena);
        struct store *store = open_store();
        struct engine *engine = open_engine(store);
        live(engine, &arena, seed);
        if (engine_checkpoint(engine, &fault) != RC_OK)
            fail_msg("checkpoint: %s", fault.message);
        engine_free(engine);
        store_close(store);
        store = open_store();
        assert_int_equal(verify_store(store, &watch, &result, &fault), RC_OK);
        assert_true(result.has_checkpoint);
        assert_int_equal(result.differences, 0);
        store_close(store);
        arena_done(&arena);
        assert_int_equal(remove_directory(state), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_kept_is_what_the_events_say_that_are_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
