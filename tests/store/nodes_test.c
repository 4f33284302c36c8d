#include "app/histories.h"

#include <stdatomic.h>
#include <unistd.h>

#include "app/engine_private.h"
#include "app/history.h"
#include "app/idempotency.h"
#include "app/others.h"
#include "app/read_index.h"
#include "app/rollback.h"
#include "app/service.h"
#include "app/traces.h"
#include "app/verify.h"
#include "base/monotonic.h"
#include "core/members.h"
#include "model/log_totals.h"
#include "memory_log.h"
#include "postgres_server.h"

/* Engines on one log, in memory or in a PostgreSQL database: whatever comes in between, is refused or is in
 * doubt, all nodes hold the same, and the same as one engine on a directory of its own that is told only what
 * was acknowledged. */

enum { NODES = 3 };

static struct memory_server *server;
static bool has_postgres, on_postgres;
static char log_of_test[32];

struct node {
    char directory[64];
    struct store *store;
    struct engine *engine;
};
static struct node nodes[NODES], alone; /* alone: on a directory's own log */

/* All nodes' clock: it stands still within a step. */
static int64_t step_ms = 1800000000000;

static int64_t clock_of_step(void)
{
    return step_ms;
}

static void open_node(struct node *node, bool shared)
{
    const struct store_place place = {.directory = node->directory};
    const struct policy policy = {.now_ms = clock_of_step};
    struct fault fault;

    const struct store_place database = {
        .directory = node->directory, .database = postgres_server_url(), .log = log_of_test};

    if ((shared && on_postgres ? store_open(&database, &node->store, &fault)
         : shared              ? store_open_on(node->directory, &memory_log, server, &node->store, &fault)
                               : store_open(&place, &node->store, &fault)) != RC_OK ||
        engine_new(node->store, &policy, NULL, &node->engine, &fault) != RC_OK)
        fail_msg("%s: %s", node->directory, fault_why(&fault));
}

static void close_node(struct node *node)
{
    engine_free(node->engine);
    store_close(node->store);
}

static void make_node(struct node *node, bool shared)
{
    strcpy(node->directory, "/tmp/milepost-node-XXXXXX");
    assert_non_null(mkdtemp(node->directory));
    open_node(node, shared);
}

static void remove_node(struct node *node)
{
    store_remove(node->directory);
}

static int set_up(void **state)
{
    static int tests;
    on_postgres = *(bool *)*state;
    (void)snprintf(log_of_test, sizeof log_of_test, "nodes%d", ++tests); /* fits */
    server = memory_server_new(11);
    if (on_postgres && !has_postgres)
        return 0;
    for (int i = 0; i < NODES; i++)
        make_node(&nodes[i], true);
    make_node(&alone, false);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (int i = 0; i < NODES; i++)
        remove_node(&nodes[i]);
    remove_node(&alone);
    memory_server_free(server);
    return 0;
}

static void skip_without_server(void)
{
    if (on_postgres && !has_postgres)
        skip();
}

static bool nobody_is_erased;

/* Besides those of random_command: log entries, and people who are erased. */
static void any_command(struct arena *arena, uint64_t *random, struct command *out)
{
    static const char *const users[] = {"u1", "u2", "u3", "u4", "u5"};
    uint32_t dice = next_random(random) % 16;

    if (dice > 4) {
        random_command(arena, random, out);
        return;
    }
    *out =
        (struct command){.arena = arena, .face = FACE_LOGS, .learner = text(users[next_random(random) % 5])};
    if (dice == 0 && !nobody_is_erased) {
        out->kind = CMD_ERASE;
    } else if (dice <= 1) {
        out->kind = CMD_LOGS_CLEAR;
    } else {
        const struct member note = {"note", 4, "\"read\"", 6};
        uint8_t *members = arena_alloc(arena, member_bytes(&note));
        out->kind = CMD_LOG_ADD;
        out->members = members;
        out->members_size = (uint32_t)(member_put(members, &note) - members);
    }
}

static bool is_alone(const struct command *command)
{
    return command->kind == CMD_COURSE_PUT || command->kind == CMD_COURSE_DELETE ||
           command->kind == CMD_ERASE;
}

/* Runs one to three commands; the same random state gives the same ones. */
static enum rc run_some(struct engine *engine, uint64_t random, struct fault *fault)
{
    struct command commands[3], *first = NULL;
    struct arena arena;

    arena_init(&arena);
    for (int i = 0; i < 3; i++) {
        any_command(&arena, &random, &commands[i]);
        if (is_alone(&commands[i]) && first)
            break;
        commands[i].next = first;
        first = &commands[i];
        if (is_alone(&commands[i]) || next_random(&random) % 2)
            break;
    }
    enum rc rc = engine_run(engine, first, NULL, NULL, fault);
    arena_done(&arena);
    return rc;
}

/* Until it has all that the others wrote. */
static void catch_up(struct node *node)
{
    struct fault fault;
    enum rc rc = RC_BUSY;
    for (int tries = 0; rc == RC_BUSY && tries < 200; tries++) { /* a session was ended before */
        if (tries)
            usleep(10000);
        rc = engine_run(node->engine, NULL, NULL, NULL, &fault);
    }
    assert_int_equal(rc, RC_OK);
}

/* Of long texts: where they part. */
static void assert_same_text(const char *left, const char *right)
{
    size_t at = 0, line = 0;

    for (; left[at] && left[at] == right[at]; at++)
        line = left[at] == '\n' ? at + 1 : line;
    if (left[at] != right[at])
        fail_msg("at byte %zu\n%.300s\n--- but\n%.300s", at, left + line, right + line);
}

static void assert_alike(struct node *a, struct node *b)
{
    struct buf left = {0}, right = {0};

    print_model(engine_model(a->engine), &left);
    print_model(engine_model(b->engine), &right);
    assert_same_text(left.bytes, right.bytes);
    buf_done(&left);
    buf_done(&right);
}

/* Every event that a node's own files hold, as text. */
static enum rc put_event(void *arg, const struct stored_event *event, struct fault *fault)
{
    (void)fault;
    buf_printf(arg, "%llu %u %u %lld ", (unsigned long long)event->sequence, event->learner, event->kind,
               (long long)event->at_ms);
    for (size_t i = 0; i < event->body_size; i++)
        buf_printf(arg, "%02x", event->body[i]);
    buf_char(arg, '\n');
    return RC_OK;
}

static enum rc put_log(void *arg, const struct store_log *log, struct fault *fault)
{
    (void)fault;
    buf_printf(arg, "log %llu of %u at %lld\n", (unsigned long long)log->log_id, log->learner,
               (long long)log->date_ms);
    return RC_OK;
}

static void assert_files_alike(struct node *a, struct node *b)
{
    struct buf left = {0}, right = {0};
    struct fault fault;

    assert_int_equal(store_each_event(a->store, 0, put_event, &left, &fault), RC_OK);
    assert_int_equal(store_each_event(b->store, 0, put_event, &right, &fault), RC_OK);
    assert_int_equal(store_each_log_of_all(a->store, put_log, &left, &fault), RC_OK);
    assert_int_equal(store_each_log_of_all(b->store, put_log, &right, &fault), RC_OK);
    buf_char(&left, '\0');
    buf_char(&right, '\0');
    assert_same_text(left.bytes, right.bytes);
    buf_done(&left);
    buf_done(&right);
}

static void no_progress(void *arg, uint64_t events)
{
    (void)arg;
    (void)events;
}

static void say_difference(void *arg, const char *what)
{
    (void)arg;
    print_error("verify: %s\n", what);
}

/* After its close: its checkpoint, index and log entries are what its events say. */
static void verify_files(const struct node *node)
{
    const struct verify_watch watch = {.progress = no_progress, .difference = say_difference};
    struct verify_result result;
    struct store *store = NULL;
    struct fault fault;

    if (store_open_reader(node->directory, &store, &fault) != RC_OK ||
        verify_store(store, &watch, &result, &fault) != RC_OK)
        fail_msg("%s: %s", node->directory, fault_why(&fault));
    assert_int_equal(result.differences, 0);
    store_close(store);
}

static void assert_all_alike(void)
{
    for (int i = 1; i < NODES; i++) {
        assert_alike(&nodes[0], &nodes[i]);
        assert_files_alike(&nodes[0], &nodes[i]);
    }
}

/* Each by its events, then all beside each other. */
static void verify_closed_nodes(void)
{
    for (int i = 0; i < NODES; i++)
        verify_files(&nodes[i]);
    for (int i = 0; i < NODES; i++)
        open_node(&nodes[i], true);
    assert_all_alike();
    for (int i = 0; i < NODES; i++)
        close_node(&nodes[i]);
}

/* Random steps on random nodes; what was acknowledged is told to the engine that is alone, too. */
static void play(uint64_t seed, int steps, bool with_alone)
{
    uint64_t random = seed;

    for (int i = 0; i < steps; i++) {
        struct node *node = &nodes[next_random(&random) % NODES];
        uint64_t of_step = random;
        struct fault fault;
        step_ms += 1 + next_random(&random) % 50;
        generation = (int)(next_random(&random) % 3);
        int of_generation_now = generation;
        enum rc rc = run_some(node->engine, of_step, &fault);
        assert_true(rc == RC_OK || rc == RC_BUSY);
        generation = of_generation_now;
        if (rc == RC_OK && with_alone)
            assert_int_equal(run_some(alone.engine, of_step, &fault), RC_OK);
    }
}

static void all_nodes_hold_what_was_acknowledged(void **unused)
{
    struct memory_counts counts;
    (void)unused;
    skip_without_server();
    memory_server_set_moods(server, (struct memory_moods){.refuses = 60, .doubts = 120, .busy = 60});
    for (uint64_t seed = 1; seed <= (on_postgres ? 2 : 6); seed++) {
        postgres_server_set_deadly(on_postgres);
        play(seed * 7919, 120, true);
        postgres_server_set_deadly(false);
        memory_server_set_moods(server, (struct memory_moods){0});
        for (int i = 0; i < NODES; i++) {
            catch_up(&nodes[i]);
            assert_alike(&nodes[i], &alone);
            assert_files_alike(&nodes[i], &alone);
        }
        memory_server_set_moods(server, (struct memory_moods){.refuses = 60, .doubts = 120, .busy = 60});
    }
    counts = memory_server_counts(server);
    assert_true(on_postgres || (counts.refused > 5 && counts.doubted_stored > 5 && counts.doubted_lost > 5 &&
                                counts.brought > 300));
    memory_server_set_moods(server, (struct memory_moods){0});
    for (int i = 0; i < NODES; i++) {
        close_node(&nodes[i]);
        verify_files(&nodes[i]);
    }
    close_node(&alone);
    verify_files(&alone);
}

static void numbers_that_were_skipped_bother_nobody(void **unused)
{
    (void)unused;
    memory_server_set_moods(server, (struct memory_moods){.skips = 300, .doubts = 100});
    play(31, 200, false);
    memory_server_set_moods(server, (struct memory_moods){0});
    for (int i = 0; i < NODES; i++)
        catch_up(&nodes[i]);
    assert_all_alike();
    for (int i = 0; i < NODES; i++) {
        close_node(&nodes[i]);
        verify_files(&nodes[i]);
    }
    close_node(&alone);
}

static void a_node_that_was_away_or_is_new_catches_up(void **unused)
{
    (void)unused;
    skip_without_server();
    play(5, 60, false);
    close_node(&nodes[1]); /* with its checkpoint */
    for (uint64_t random = 99, i = 0; i < 60; i++) {
        struct fault fault;
        step_ms += 7;
        assert_int_equal(run_some(nodes[i % 2 ? 0 : 2].engine, random + i, &fault), RC_OK);
    }
    open_node(&nodes[1], true);
    close_node(&nodes[2]);
    remove_node(&nodes[2]); /* a new one, from the log alone */
    make_node(&nodes[2], true);
    for (int i = 0; i < NODES; i++)
        catch_up(&nodes[i]);
    assert_all_alike();
    for (int i = 0; i < NODES; i++)
        close_node(&nodes[i]);
    close_node(&alone);
}

/* What a start said of itself, and when it is to be ended. */
static struct {
    uint64_t calls, turn, sequence, end_at;
} started;

static void note_start(void *arg, uint64_t turn, uint64_t sequence)
{
    assert_ptr_equal(arg, &started);
    assert_true(turn > started.turn && sequence >= started.sequence);
    started.turn = turn;
    started.sequence = sequence;
    started.calls++;
}

static bool is_to_end(void)
{
    return started.end_at && started.calls >= started.end_at;
}

static void a_start_says_how_far_it_is_and_goes_on_where_it_was_ended(void **unused)
{
    const struct policy policy = {
        .now_ms = clock_of_step, .followed = note_start, .stop = is_to_end, .progress_arg = &started};
    struct engine *engine = NULL;
    struct store *store;
    struct fault fault;
    (void)unused;
    play(17, 40, false);
    close_node(&nodes[2]);
    remove_node(&nodes[2]);
    strcpy(nodes[2].directory, "/tmp/milepost-node-XXXXXX");
    assert_non_null(mkdtemp(nodes[2].directory));
    memset(&started, 0, sizeof started);
    started.end_at = 5;
    assert_int_equal(store_open_on(nodes[2].directory, &memory_log, server, &store, &fault), RC_OK);
    assert_int_equal(engine_new(store, &policy, NULL, &engine, &fault), RC_BUSY);
    assert_null(engine);
    assert_int_equal(started.calls, 5);
    assert_int_equal(store_copied(store).number, 5);
    store_close(store);
    started.end_at = 0;
    assert_int_equal(store_open_on(nodes[2].directory, &memory_log, server, &nodes[2].store, &fault), RC_OK);
    assert_int_equal(engine_new(nodes[2].store, &policy, NULL, &nodes[2].engine, &fault), RC_OK);
    assert_int_equal(started.calls, engine_state(nodes[2].engine).turn); /* each once */
    assert_int_equal(started.sequence, engine_state(nodes[2].engine).sequence);
    catch_up(&nodes[0]);
    assert_alike(&nodes[0], &nodes[2]);
    assert_files_alike(&nodes[0], &nodes[2]);
    for (int i = 0; i < NODES; i++)
        close_node(&nodes[i]);
    close_node(&alone);
}

/* Its arena outlives the test. */
static struct command enrol(const char *learner, const char *course)
{
    static struct arena arena;
    return (struct command){.kind = CMD_ENROL,
                            .arena = &arena,
                            .face = FACE_PTS,
                            .learner = text(learner),
                            .course = text(course)};
}

static void readers_never_find_a_name_that_is_not_stored(void **unused)
{
    struct command command = enrol("mallory", "c9"), other = enrol("bob", "c9");
    struct model *model = engine_model(nodes[0].engine);
    struct fault fault;
    (void)unused;
    memory_server_set_moods(server, (struct memory_moods){.refuses = 1000});
    assert_int_equal(engine_run(nodes[0].engine, &command, NULL, NULL, &fault), RC_BUSY);
    assert_int_equal(command.rc, RC_BUSY);
    memory_server_set_moods(server, (struct memory_moods){0});
    struct view view = model_read_begin(model);
    assert_int_equal(view_learner_key(view, "mallory", 7), 0);
    model_read_end(view);
    assert_int_equal(engine_run(nodes[1].engine, &other, NULL, NULL, &fault), RC_OK); /* takes that key */
    catch_up(&nodes[0]);
    view = model_read_begin(model);
    assert_int_equal(view_learner_key(view, "mallory", 7), 0);
    assert_int_equal(view_learner_key(view, "bob", 3), 1);
    model_read_end(view);
    command = enrol("mallory", "c9");
    assert_int_equal(engine_run(nodes[0].engine, &command, NULL, NULL, &fault), RC_OK);
    view = model_read_begin(model);
    assert_int_equal(view_learner_key(view, "mallory", 7), 2);
    model_read_end(view);
    for (int i = 0; i < NODES; i++)
        close_node(&nodes[i]);
    close_node(&alone);
}

/* Of a log that went back, and went on otherwise, the turn has the same number and is not the same. */
static void a_turn_is_its_batch(void **unused)
{
    struct command command = enrol("anna", "c1");
    struct fault fault;
    (void)unused;
    assert_int_equal(engine_run(nodes[0].engine, &command, NULL, NULL, &fault), RC_OK);
    struct log_turn turn = store_copied(nodes[0].store);
    assert_int_equal(turn.number, 1);
    assert_true(others_wait_turn(nodes[0].engine, &turn, 0));
    catch_up(&nodes[1]);
    assert_true(others_wait_turn(nodes[1].engine, &turn, 0));
    turn.batch.bytes[0] ^= 1;
    assert_false(others_wait_turn(nodes[0].engine, &turn, 0));
    assert_false(others_wait_turn(nodes[1].engine, &turn, 0));
    for (int i = 0; i < NODES; i++)
        close_node(&nodes[i]);
    close_node(&alone);
}

static void an_instant_is_not_before_what_another_node_wrote(void **unused)
{
    struct command first = enrol("anna", "c1"), second = enrol("bob", "c1");
    struct fault fault;
    (void)unused;
    skip_without_server();
    step_ms += 3600000; /* the first node's clock is an hour ahead */
    assert_int_equal(engine_run(nodes[0].engine, &first, NULL, NULL, &fault), RC_OK);
    step_ms -= 3600000;
    assert_int_equal(engine_run(nodes[1].engine, &second, NULL, NULL, &fault), RC_OK);
    assert_true(second.at_ms >= first.at_ms);
    for (int i = 0; i < NODES; i++)
        close_node(&nodes[i]);
    close_node(&alone);
}

static void a_log_that_went_back_ends_the_node(void **unused)
{
    struct command command = enrol("anna", "c1");
    struct fault fault;
    (void)unused;
    skip_without_server();
    assert_int_equal(engine_run(nodes[0].engine, &command, NULL, NULL, &fault), RC_OK);
    memory_server_lose(server, 0);
    if (on_postgres)
        postgres_server_run("DELETE FROM milepost_turn", NULL);
    command = enrol("bob", "c1");
    assert_int_equal(engine_run(nodes[0].engine, &command, NULL, NULL, &fault), RC_CONFLICT);
    assert_int_equal(command.rc, RC_BUSY);
    assert_true(engine_state(nodes[0].engine).broken);
    for (int i = 0; i < NODES; i++)
        close_node(&nodes[i]);
    close_node(&alone);
}

/* With its threads, a node that nobody writes to shows what another wrote. */
static void a_node_that_rests_is_woken(void **unused)
{
    struct command command = enrol("anna", "c1");
    struct fault fault;
    uint32_t key = 0;
    (void)unused;
    skip_without_server();
    assert_int_equal(engine_start(nodes[0].engine, &fault), RC_OK);
    assert_int_equal(engine_run(nodes[1].engine, &command, NULL, NULL, &fault), RC_OK);
    for (int i = 0; i < 5000 && key == 0; i++) {
        struct view view = model_read_begin(engine_model(nodes[0].engine));
        key = view_learner_key(view, "anna", 4);
        model_read_end(view);
        usleep(1000);
    }
    assert_int_equal(key, 1);
    for (int i = 0; i < NODES; i++)
        close_node(&nodes[i]);
    close_node(&alone);
}

/* Who waits for the head, and what the model said when it was told. */
struct asker {
    struct read_waiter waiter; /* first: the read index gives it back */
    struct model *model;
    uint32_t key;
    atomic_bool told;
};

static void look(struct read_waiter *waiter)
{
    struct asker *asker = (struct asker *)waiter;
    struct view view = model_read_begin(asker->model);

    asker->key = view_learner_key(view, "anna", 4);
    model_read_end(view);
    atomic_store(&asker->told, true);
}

static void who_waits_for_the_head_sees_what_was_acknowledged(void **unused)
{
    struct command command = enrol("anna", "c1");
    struct asker askers[3] = {0};
    struct read_index *index;
    struct fault fault;
    (void)unused;
    skip_without_server();
    assert_int_equal(engine_start(nodes[0].engine, &fault), RC_OK);
    assert_int_equal(read_index_new(nodes[0].engine, NULL, &index, &fault), RC_OK);
    assert_int_equal(engine_run(nodes[1].engine, &command, NULL, NULL, &fault), RC_OK);
    for (size_t i = 0; i < COUNT(askers); i++) {
        askers[i].waiter.done = look;
        askers[i].waiter.next = i + 1 < COUNT(askers) ? &askers[i + 1].waiter : NULL;
        askers[i].model = engine_model(nodes[0].engine);
    }
    read_index_wait(index, &askers[0].waiter);
    for (size_t i = 0; i < COUNT(askers); i++) {
        for (int j = 0; j < 5000 && !atomic_load(&askers[i].told); j++)
            usleep(1000);
        assert_int_equal(askers[i].waiter.rc, RC_OK);
        assert_int_equal(askers[i].key, 1);
    }
    assert_true(read_index_state(index).waits == 3 && read_index_state(index).asked < 3);
    assert_false(read_index_is_away(index));
    assert_false(read_index_is_lost(index));
    assert_int_equal(engine_reached_ms(nodes[0].engine), 0); /* it has written nothing */
    assert_true(engine_reached_ms(nodes[1].engine) > 0);
    read_index_free(index);
    for (int i = 0; i < NODES; i++)
        close_node(&nodes[i]);
    close_node(&alone);
}

static void put_body(struct command *command, struct view view)
{
    (void)view;
    buf_text(command->answer.body, "{}");
    command->answer.status = 201;
}

static void an_answer_of_another_node_is_known(void **unused)
{
    static const uint8_t key[16] = {1}, fingerprint[16] = {2};
    struct command command = enrol("anna", "c1");
    struct idempotency *answers;
    struct service *service;
    struct buf body = {0};
    struct fault fault;
    (void)unused;
    skip_without_server();
    assert_int_equal(idempotency_new(nodes[0].store, step_ms, &answers, &fault), RC_OK);
    engine_set_answers(nodes[0].engine, answers);
    command.answer_key = key;
    command.fingerprint = fingerprint;
    command.answer.body = &body;
    command.encode = put_body;
    assert_int_equal(engine_run(nodes[1].engine, &command, NULL, NULL, &fault), RC_OK);
    catch_up(&nodes[0]);
    uint64_t serial;
    assert_int_equal(idempotency_begin(answers, key, fingerprint, 0, step_ms, &serial), IDEMPOTENCY_REPLAY);
    assert_ptr_equal(engine_log(nodes[0].engine), store_event_log(nodes[0].store));
    assert_int_equal(service_new(nodes[0].engine, &service, &fault), RC_OK);
    assert_int_equal(service_log_costs(service).followed, 1);
    service_free(service);
    for (int i = 0; i < NODES; i++)
        close_node(&nodes[i]);
    close_node(&alone);
    idempotency_free(answers);
    buf_done(&body);
}

static enum rc visit_nothing(void *arg, const struct store_batch *batch, struct fault *fault)
{
    (void)arg, (void)batch, (void)fault;
    return RC_OK;
}

static atomic_uint answered;

static void count_answered(struct command *command)
{
    (void)command;
    (void)atomic_fetch_add(&answered, 1);
}

static void what_comes_while_a_node_waits_for_its_turn_is_in_its_batch(void **unused)
{
    struct command commands[] = {enrol("anna", "c1"), enrol("bob", "c1"), enrol("carl", "c1")};
    struct log *holder = engine_log(nodes[1].engine);
    struct log_turn nothing = {.number = 0};
    struct log_head head;
    struct fault fault;
    (void)unused;
    skip_without_server();
    atomic_store(&answered, 0);
    assert_int_equal(engine_start(nodes[0].engine, &fault), RC_OK);
    assert_int_equal(log_begin(holder, &nothing, visit_nothing, NULL, &head, &fault), RC_OK);
    for (size_t i = 0; i < COUNT(commands); i++) {
        commands[i].done = count_answered;
        assert_null(engine_submit(nodes[0].engine, &commands[i], &fault));
        for (int j = 0; i == 0 && j < 5000 && engine_state(nodes[0].engine).queued; j++)
            usleep(1000); /* the first is taken, and waits */
    }
    assert_int_equal(engine_state(nodes[0].engine).queued, 2);
    log_abandon(holder);
    for (int i = 0; i < 5000 && atomic_load(&answered) < COUNT(commands); i++)
        usleep(1000);
    for (size_t i = 0; i < COUNT(commands); i++)
        assert_int_equal(commands[i].rc, RC_OK);
    assert_int_equal(engine_state(nodes[0].engine).commands, COUNT(commands));
    assert_int_equal(engine_state(nodes[0].engine).batches, 1);
    for (int i = 0; i < NODES; i++)
        close_node(&nodes[i]);
    close_node(&alone);
}

/* ---- what a node that is dead has begun ---- */

enum { MANY = 1500 };

static struct command *new_command(struct arena *arena, enum command_kind kind)
{
    struct command *command = arena_alloc(arena, sizeof *command);

    *command = (struct command){.kind = kind, .arena = arena, .face = FACE_TRK, .done = count_answered};
    return command;
}

/* Many who reported two items of no course. */
static void crowd(struct engine *engine, struct arena *arena)
{
    static const char *const items[] = {"free", "other"};
    struct command *all = NULL;
    struct fault fault;

    for (int i = 0; i < 2 * MANY; i++) {
        struct item_report *one = arena_alloc(arena, sizeof *one);
        *one = (struct item_report){.item = text(items[i % 2]),
                                    .report = {.has = HAS_STATUS, .status = ITEM_COMPLETED}};
        struct command *command = new_command(arena, CMD_REPORTS);
        command->learner = text(arena_printf(arena, "u%d", i / 2));
        command->reports = one;
        command->report_count = 1;
        command->next = all;
        all = command;
    }
    assert_int_equal(engine_run(engine, all, NULL, NULL, &fault), RC_OK);
}

static uint32_t enrolled_in(const struct node *node, const char *course)
{
    struct view view = model_read_begin(engine_model(node->engine));
    uint32_t count = keys_live(view_roster(view, view_course_key(view, course, strlen(course))));

    model_read_end(view);
    return count;
}

/* The node puts an item into a course and ends at once: who has it is not, or not all, enrolled yet. */
static void begin_adopting(struct node *node, struct arena *arena, const char *course, const char *item)
{
    struct put_item only = {.id = text(item), .required = true};
    struct course_put put = {.title = text("title"), .items = &only, .item_count = 1};
    struct command *edit = new_command(arena, CMD_COURSE_PUT);
    struct fault fault;

    edit->course = text(course);
    edit->actor = text("admin");
    edit->put = &put;
    assert_int_equal(engine_start(node->engine, &fault), RC_OK);
    assert_null(engine_submit(node->engine, edit, &fault));
    close_node(node);
    assert_int_equal(edit->rc, RC_OK);
    open_node(node, true);
}

static void log_entries_of(struct engine *engine, struct arena *arena, const char *learner, int count)
{
    const struct member note = {"note", 4, "\"read\"", 6};
    uint8_t *members = arena_alloc(arena, member_bytes(&note));
    size_t size = (size_t)(member_put(members, &note) - members);
    struct command *all = NULL;
    struct fault fault;

    while (count--) {
        struct command *command = new_command(arena, CMD_LOG_ADD);
        command->learner = text(learner);
        command->members = members;
        command->members_size = (uint32_t)size;
        command->next = all;
        all = command;
    }
    assert_int_equal(engine_run(engine, all, NULL, NULL, &fault), RC_OK);
    assert_int_equal(all->rc, RC_OK);
}

static void log_entries(struct engine *engine, struct arena *arena, int count)
{
    log_entries_of(engine, arena, "anna", count);
}

static uint32_t key_of_anna(const struct node *node)
{
    struct view view = model_read_begin(engine_model(node->engine));
    uint32_t key = view_learner_key(view, "anna", 4);

    model_read_end(view);
    return key;
}

static struct log_total log_total_of(const struct node *node, uint32_t learner)
{
    return log_totals_of(engine_history(node->engine)->totals, learner);
}

/* ---- who watches a node ---- */

static struct heard {
    struct buf told;
    unsigned holes, rights;
} heard[NODES];

static bool somebody_watches(void *of)
{
    (void)of;
    return true;
}

static void drop_batch(struct live_batch *batch)
{
    if (!batch)
        return;
    free(batch->events);
    free(batch->ids);
    free(batch);
}

static void hear(void *of, struct live_batch *batch, uint64_t first, uint64_t last, bool rights)
{
    struct heard *one = of;

    assert_true(first <= last);
    one->holes += !batch;
    one->rights += rights;
    for (size_t i = 0; batch && i < batch->count; i++) {
        const struct live_event *event = &batch->events[i];
        assert_in_range(event->sequence, first, last);
        buf_printf(&one->told, "%llu %.*s: type %u status %u state %u of log %llu at %lld: ",
                   (unsigned long long)event->sequence,
                   event->user_size + event->course_size + event->item_size, event->ids, event->type,
                   event->status, event->enrolment_state, (unsigned long long)event->log_id,
                   (long long)event->updated_at_ms);
        buf_printf(&one->told, "%u %u, %lld %lld %lld %lld, %d %d %d %d\n", event->percent_hundredths,
                   event->course_percent_hundredths, (long long)event->watched_s,
                   (long long)event->position_ms, (long long)event->time_spent_ms,
                   (long long)event->last_watched_ms, event->has_record, event->has_position,
                   event->has_last_watched, event->is_preview);
    }
    drop_batch(batch);
}

static void watch_all(void)
{
    static struct live_sink sinks[NODES];

    for (int i = 0; i < NODES; i++) {
        heard[i] = (struct heard){.holes = 0};
        sinks[i] = (struct live_sink){&heard[i], somebody_watches, hear, drop_batch, NULL};
        engine_set_live(nodes[i].engine, &sinks[i]);
    }
}

static void stop_watching(void)
{
    for (int i = 0; i < NODES; i++) {
        close_node(&nodes[i]);
        buf_done(&heard[i].told);
    }
    close_node(&alone);
}

/* Whoever wrote it: the same messages, each once and in order, and none is to be read from the log. Of who is
 * erased a node that was behind gets no name, and tells nothing. */
static void who_watches_any_node_is_told_the_same(void **unused)
{
    (void)unused;
    skip_without_server();
    watch_all();
    memory_server_set_moods(server, (struct memory_moods){.refuses = 60, .doubts = 120, .busy = 60});
    nobody_is_erased = true;
    play(4711, on_postgres ? 120 : 400, false);
    nobody_is_erased = false;
    memory_server_set_moods(server, (struct memory_moods){0});
    for (int i = 0; i < 3 * NODES; i++)
        catch_up(&nodes[i % NODES]); /* which may write what is left to be done */
    for (int i = 0; i < NODES; i++) {
        buf_char(&heard[i].told, '\0');
        assert_same_text(heard[0].told.bytes, heard[i].told.bytes);
        assert_int_equal(heard[i].holes, 0);
        assert_int_equal(heard[i].rights, heard[0].rights);
    }
    assert_in_range(heard[0].rights, 1, 100); /* the edits alone */
    stop_watching();
}

/* What one go brings is noted up to a bound; past it who watches reads the log. */
static void of_a_long_absence_the_end_is_read_from_the_log(void **unused)
{
    static const char *const users[] = {"anna", "bert", "cara", "dora", "elsa"};
    struct fault fault;
    struct arena arena;

    (void)unused;
    watch_all();
    arena_init(&arena);
    for (int i = 0; i < 5; i++)
        log_entries_of(nodes[0].engine, &arena, users[i], 4000);
    catch_up(&nodes[1]);
    assert_int_equal(heard[1].holes, 1);
    assert_memory_equal(heard[1].told.bytes, heard[0].told.bytes, heard[1].told.size);
    assert_true(heard[1].told.size > heard[0].told.size / 2);
    log_entries(nodes[0].engine, &arena, 1);
    size_t before = heard[1].told.size;
    catch_up(&nodes[1]);
    assert_int_equal(heard[1].holes, 1);
    assert_true(heard[1].told.size > before);
    assert_int_equal(heard[1].rights, 0);
    struct command *erase = new_command(&arena, CMD_ERASE);
    erase->learner = text("bert");
    assert_int_equal(engine_run(nodes[0].engine, erase, NULL, NULL, &fault), RC_OK);
    catch_up(&nodes[1]);
    assert_int_equal(heard[1].rights, 1);
    arena_done(&arena);
    stop_watching();
}

/* Nodes 0 and 2 have begun and do nothing more; 1 goes on with all of it. What they do when they are back
 * does no harm. */
static void what_dead_nodes_began_another_ends(void **unused)
{
    struct node *clearing = &nodes[2], *left = &nodes[1];
    struct arena arena;
    struct fault fault;
    (void)unused;
    skip_without_server();
    arena_init(&arena);
    crowd(nodes[0].engine, &arena);
    begin_adopting(&nodes[0], &arena, "c1", "free");
    begin_adopting(&nodes[2], &arena, "c2", "other");
    log_entries(clearing->engine, &arena, 1000);
    struct command *clear = new_command(&arena, CMD_LOGS_CLEAR);
    clear->learner = text("anna");
    assert_int_equal(engine_run(clearing->engine, clear, NULL, NULL, &fault), RC_OK);
    assert_int_equal(clear->rc, RC_OK);
    catch_up(left);
    uint32_t anna = key_of_anna(left);
    assert_int_not_equal(log_total_of(left, anna).kept.settling, 0);

    assert_int_equal(engine_start(left->engine, &fault), RC_OK);
    for (int looks = 0; looks < 12000 && (log_total_of(left, anna).kept.settling ||
                                          enrolled_in(left, "c1") + enrolled_in(left, "c2") < 2 * MANY);
         looks++)
        usleep(1000);
    assert_int_equal(log_total_of(left, anna).kept.settling, 0);
    assert_int_equal(enrolled_in(left, "c1"), MANY);
    assert_int_equal(enrolled_in(left, "c2"), MANY);
    catch_up(&nodes[0]);
    log_entries(nodes[0].engine, &arena, 200);
    for (int i = 0; i < 3; i++)
        catch_up(clearing); /* it clears no more */
    for (int i = 0; i < 5000 && log_total_of(left, anna).kept.entries < 200; i++)
        usleep(1000);
    catch_up(&nodes[0]);
    for (int i = 0; i < NODES; i++)
        close_node(&nodes[i]);
    verify_closed_nodes();
    close_node(&alone);
    arena_done(&arena);
}

/* While the log refuses what follows an earlier write, a write is answered at once, though no better. */
static void what_cannot_follow_yet_holds_no_write_up(void **unused)
{
    enum { WRITES = 20 };
    struct node *node = &nodes[0];
    struct arena arena;
    struct fault fault;
    (void)unused;
    arena_init(&arena);
    log_entries(node->engine, &arena, 1000);
    struct command *clear = new_command(&arena, CMD_LOGS_CLEAR);
    clear->learner = text("anna");
    assert_int_equal(engine_run(node->engine, clear, NULL, NULL, &fault), RC_OK);
    assert_int_not_equal(log_total_of(node, key_of_anna(node)).kept.settling, 0);
    memory_server_set_moods(server, (struct memory_moods){.refuses = 1000});
    assert_int_equal(engine_start(node->engine, &fault), RC_OK);
    int64_t least_ms = INT64_MAX;
    for (unsigned i = 1; i <= WRITES; i++) {
        int64_t began_ms = monotonic_ms();
        struct command *write = new_command(&arena, CMD_ENROL);
        write->learner = text("anna");
        write->course = text("c1");
        atomic_store(&answered, 0);
        assert_null(engine_submit(node->engine, write, &fault));
        for (int looks = 0; looks < 5000 && !atomic_load(&answered); looks++)
            usleep(1000);
        assert_int_equal(write->rc, RC_BUSY);
        int64_t took_ms = monotonic_ms() - began_ms;
        least_ms = took_ms < least_ms ? took_ms : least_ms;
        usleep(10000); /* it waits again */
    }
    assert_true(least_ms < 150); /* the quickest: each waited 240 or so before */
    memory_server_set_moods(server, (struct memory_moods){0});
    for (int i = 0; i < NODES; i++)
        close_node(&nodes[i]);
    verify_closed_nodes();
    close_node(&alone);
    arena_done(&arena);
}

/* Who has ended what another began looks at none of it again: each look goes through all holders. */
static void who_took_over_and_is_done_begins_no_more(void **unused)
{
    static const uint64_t first_of_others = (UINT64_C(1) << 32) + 1; /* as unfinished.h calls its list */
    struct batch *batch = &nodes[1].engine->batch;
    struct arena arena;
    struct fault fault;
    enum rc rc;
    (void)unused;
    arena_init(&arena);
    crowd(nodes[0].engine, &arena);
    begin_adopting(&nodes[0], &arena, "c1", "free");
    catch_up(&nodes[1]);
    batch->adoptions.later = true; /* without a thread */
    assert_true(adopting_take_over(batch, first_of_others, &rc, &fault));
    assert_non_null(batch->adoptions.first);
    while (batch->adoptions.first)
        catch_up(&nodes[1]);
    assert_int_equal(enrolled_in(&nodes[1], "c1"), MANY);
    assert_true(adopting_take_over(batch, first_of_others, &rc, &fault));
    assert_null(batch->adoptions.first);
    for (int i = 0; i < NODES; i++)
        close_node(&nodes[i]);
    close_node(&alone);
    arena_done(&arena);
}

/* A course that brings very many items, which one learner has: each took a turn, and all that was left was
 * written down with it. */
static void many_items_are_adopted_a_batch(void **unused)
{
    enum { ITEMS = 400 };
    struct batch *batch = &nodes[0].engine->batch;
    struct put_item items[ITEMS];
    struct item_report reports[ITEMS];
    struct course_put put = {.title = text("title"), .items = items, .item_count = ITEMS};
    struct arena arena;
    struct fault fault;
    int turns = 0;
    (void)unused;
    arena_init(&arena);
    struct command *had = new_command(&arena, CMD_REPORTS), *edit = new_command(&arena, CMD_COURSE_PUT);
    for (int i = 0; i < ITEMS; i++) {
        struct text id = text(arena_printf(&arena, "i%d", i));
        items[i] = (struct put_item){.id = id, .required = true};
        reports[i] =
            (struct item_report){.item = id, .report = {.has = HAS_STATUS, .status = ITEM_COMPLETED}};
    }
    had->learner = text("anna");
    had->reports = reports;
    had->report_count = ITEMS;
    edit->course = text("c1");
    edit->actor = text("admin");
    edit->put = &put;
    assert_int_equal(engine_run(nodes[0].engine, had, NULL, NULL, &fault), RC_OK);
    batch->adoptions.later = true; /* without a thread */
    assert_int_equal(engine_run(nodes[0].engine, edit, NULL, NULL, &fault), RC_OK);
    assert_true(edit->adopts);
    for (; batch->adoptions.first; turns++)
        catch_up(&nodes[0]);
    assert_false(edit->adopts);
    assert_int_equal(enrolled_in(&nodes[0], "c1"), 1);
    assert_true(turns < ITEMS / 2);
    for (int i = 0; i < NODES; i++)
        close_node(&nodes[i]);
    verify_files(&nodes[0]);
    close_node(&alone);
    arena_done(&arena);
}

/* Of the test's log. */
static long ask_log(const char *what)
{
    char sql[400];
    long number;

    (void)snprintf(sql, sizeof sql,
                   "SELECT %s FROM milepost_turn t JOIN milepost_log l USING (log) WHERE l.name = '%s'", what,
                   log_of_test); /* fits */
    postgres_server_run(sql, &number);
    return number;
}

static long most_rows_of_a_transaction(void)
{
    char sql[400];
    long number;

    (void)snprintf(
        sql, sizeof sql,
        "SELECT max(rows) FROM (SELECT count(*) AS rows FROM milepost_turn t JOIN milepost_log l USING"
        " (log) WHERE l.name = '%s' GROUP BY t.xmin::text) x",
        log_of_test); /* fits */
    postgres_server_run(sql, &number);
    return number;
}

/* Answers without an event, which name who asked. */
static void ask_often(struct engine *engine, int times)
{
    static const uint8_t fingerprint[16] = {2};
    struct buf body = {0};
    struct fault fault;

    for (int i = 0; i < times; i++) {
        struct command command = enrol("bob", "c1");
        uint8_t key[16] = {1, (uint8_t)i, (uint8_t)(i >> 8)};
        buf_clear(&body);
        command.actor = text("carl");
        command.answer_key = key;
        command.fingerprint = fingerprint;
        command.answer.body = &body;
        command.encode = put_body;
        assert_int_equal(engine_run(engine, &command, NULL, NULL, &fault), RC_OK);
    }
    buf_done(&body);
}

/* Who are named by a hash of their id, of the test's log. */
static long hashes(void)
{
    char sql[200];
    long number;

    (void)snprintf(sql, sizeof sql,
                   "SELECT count(DISTINCT who) FROM milepost_named JOIN milepost_log l USING (log)"
                   " WHERE l.name = '%s' AND who < 0",
                   log_of_test); /* fits */
    postgres_server_run(sql, &number);
    return number;
}

static void no_hash_of_an_erased_id_stays(void **unused)
{
    struct command bob = enrol("bob", "c1"), erase = {.kind = CMD_ERASE, .learner = text("carl")};
    struct arena arena;
    struct fault fault;
    (void)unused;
    skip_without_server();
    arena_init(&arena);
    erase.arena = &arena;
    assert_int_equal(engine_run(nodes[0].engine, &bob, NULL, NULL, &fault), RC_OK);
    bob = enrol("carl", "c1");
    assert_int_equal(engine_run(nodes[0].engine, &bob, NULL, NULL, &fault), RC_OK);
    ask_often(nodes[0].engine, 3);
    assert_int_equal(hashes(), 2);
    assert_int_equal(engine_run(nodes[0].engine, &erase, NULL, NULL, &fault), RC_OK);
    assert_int_equal(erase.rc, RC_OK);
    assert_int_equal(hashes(), 1);
    for (int i = 0; i < NODES; i++)
        close_node(&nodes[i]);
    close_node(&alone);
    arena_done(&arena);
}

/* Who is named in very many rows: they are gone for every reader with the erasure, and from the rows some at
 * a time, whoever does it; also for a node that reads the log in between. */
static void rows_of_who_is_erased_are_rewritten_a_few_at_a_time(void **unused)
{
    struct arena arena;
    struct fault fault;
    (void)unused;
    skip_without_server();
    arena_init(&arena);
    for (int i = 0; i < 700; i++)
        log_entries(nodes[0].engine, &arena, 1);
    struct command bob = enrol("bob", "c1"), carl = enrol("carl", "c1"),
                   *erase = new_command(&arena, CMD_ERASE);
    assert_int_equal(engine_run(nodes[0].engine, &bob, NULL, NULL, &fault), RC_OK);
    assert_int_equal(engine_run(nodes[0].engine, &carl, NULL, NULL, &fault), RC_OK);
    ask_often(nodes[0].engine, 600);
    erase->learner = text("carl");
    assert_int_equal(engine_run(nodes[0].engine, erase, NULL, NULL, &fault), RC_OK);
    assert_int_equal(erase->rc, RC_OK);
    assert_true(most_rows_of_a_transaction() <= 64);
    assert_true(ask_log("count(*) FILTER (WHERE position('carl'::bytea IN body) > 0)") > 600);
    erase = new_command(&arena, CMD_ERASE);
    erase->learner = text("anna");
    assert_int_equal(engine_run(nodes[0].engine, erase, NULL, NULL, &fault), RC_OK);
    assert_int_equal(erase->rc, RC_OK);
    assert_true(most_rows_of_a_transaction() <= 64);
    assert_true(ask_log("count(*) FILTER (WHERE position('read'::bytea IN body) > 0)") > 600);
    catch_up(&nodes[1]);
    assert_int_equal(key_of_anna(&nodes[0]) + key_of_anna(&nodes[1]), 0);
    close_node(&nodes[2]);
    remove_node(&nodes[2]);
    make_node(&nodes[2], true); /* reads the log as it is now */
    assert_int_equal(key_of_anna(&nodes[2]), 0);
    close_node(&nodes[1]); /* which does the rest */
    assert_int_equal(ask_log("count(*) FILTER (WHERE position('read'::bytea IN body) > 0)"), 0);
    assert_int_equal(ask_log("count(*) FILTER (WHERE position('anna'::bytea IN body) > 0)"), 0);
    assert_int_equal(ask_log("count(*) FILTER (WHERE position('carl'::bytea IN body) > 0)"), 0);
    assert_true(ask_log("count(*) FILTER (WHERE position('bob'::bytea IN body) > 0)") > 0);
    assert_true(most_rows_of_a_transaction() <= 128);
    close_node(&nodes[0]);
    close_node(&nodes[2]);
    verify_closed_nodes();
    close_node(&alone);
    arena_done(&arena);
}

/* Who is erased while a rollback of theirs goes on: no row of it comes with the erasure. */
static void an_erasure_brings_no_rows_of_whom_it_erases(void **unused)
{
    struct rollback rollback;
    struct arena arena;
    struct fault fault;
    char added[32];
    (void)unused;
    skip_without_server();
    arena_init(&arena);
    log_entries(nodes[0].engine, &arena, 400);
    (void)snprintf(added, sizeof added, "%llu",
                   (unsigned long long)engine_state(nodes[0].engine).sequence); /* fits */
    struct command *clear = new_command(&arena, CMD_LOGS_CLEAR),
                   *back = new_command(&arena, CMD_LOGS_ROLL_BACK), *erase = new_command(&arena, CMD_ERASE);
    clear->learner = back->learner = erase->learner = text("anna");
    assert_int_equal(engine_run(nodes[0].engine, clear, NULL, NULL, &fault), RC_OK);
    uint32_t anna = key_of_anna(&nodes[0]);
    while (log_total_of(&nodes[0], anna).kept.settling)
        catch_up(&nodes[0]);
    assert_int_equal(
        rollback_prepare(engine_history(nodes[0].engine), anna, added, "to", &arena, &rollback, &fault),
        RC_OK);
    assert_int_equal(rollback.log_count, 400);
    back->rollback = &rollback;
    assert_int_equal(engine_run(nodes[0].engine, back, NULL, NULL, &fault), RC_OK);
    assert_int_not_equal(log_total_of(&nodes[0], anna).kept.settling, 0);
    assert_int_equal(engine_run(nodes[0].engine, erase, NULL, NULL, &fault), RC_OK);
    assert_int_equal(erase->rc, RC_OK);
    for (int i = 0; i < NODES; i++)
        close_node(&nodes[i]); /* which takes out what is left */
    assert_int_equal(ask_log("count(*) FILTER (WHERE position('read'::bytea IN body) > 0)"), 0);
    for (int i = 0; i < NODES; i++)
        verify_files(&nodes[i]);
    close_node(&alone);
    arena_done(&arena);
}

/* ---- what a large erasure leaves to be done ---- */

enum { REPORTS = 600 }; /* more than one commit takes out */

/* An item each. */
static void report_often(struct engine *engine, const char *learner, struct arena *arena)
{
    struct command *all = NULL;
    struct fault fault;

    for (int i = 0; i < REPORTS; i++) {
        struct item_report *one = arena_alloc(arena, sizeof *one);
        *one = (struct item_report){.item = text(arena_printf(arena, "i%d", i)),
                                    .report = {.has = HAS_STATUS, .status = ITEM_COMPLETED}};
        struct command *command = new_command(arena, CMD_REPORTS);
        command->learner = text(learner);
        command->reports = one;
        command->report_count = 1;
        command->next = all;
        all = command;
    }
    assert_int_equal(engine_run(engine, all, NULL, NULL, &fault), RC_OK);
    assert_int_equal(all->rc, RC_OK);
}

/* An event of bob's that names anna. */
static void lock_by_anna(struct engine *engine, struct arena *arena)
{
    struct command *lock = new_command(arena, CMD_LOCK);
    struct fault fault;

    report_often(engine, "bob", arena);
    lock->face = FACE_COURSEROOM;
    lock->learner = text("bob");
    lock->course = text("c1");
    lock->item = text("i1");
    lock->actor = text("anna");
    assert_int_equal(engine_run(engine, lock, NULL, NULL, &fault), RC_OK);
    assert_int_equal(lock->rc, RC_OK);
}

static void erase_anna(struct engine *engine, struct arena *arena)
{
    struct command *erase = new_command(arena, CMD_ERASE);
    struct fault fault;

    erase->learner = text("anna");
    assert_int_equal(engine_run(engine, erase, NULL, NULL, &fault), RC_OK);
    assert_int_equal(erase->rc, RC_OK);
}

/* Ends without doing what is left, as a kill does. */
static void kill_node(struct node *node)
{
    node->engine->state.broken = true;
    close_node(node);
}

static enum rc count_job(void *arg, const struct store_erasure *erasure, struct fault *fault)
{
    (void)erasure, (void)fault;
    ++*(int *)arg;
    return RC_OK;
}

/* How many erasures a node's files say are not over. */
static int jobs_of(struct store *store)
{
    struct fault fault;
    int count = 0;

    assert_int_equal(store_each_erasing(store, count_job, &count, &fault), RC_OK);
    return count;
}

struct found {
    uint32_t learner;
    int events, named; /* that learner's; in which anna is named */
};

static enum rc find(void *arg, const struct stored_event *event, struct fault *fault)
{
    struct found *found = arg;

    (void)fault;
    found->events += event->learner == found->learner;
    found->named += event->body_size && memmem(event->body, event->body_size, "anna", 4) != NULL;
    return RC_OK;
}

static struct found find_of(const struct node *node, uint32_t learner)
{
    struct found found = {.learner = learner};
    struct fault fault;

    assert_int_equal(store_each_event(node->store, 0, find, &found, &fault), RC_OK);
    return found;
}

static void lose_after_1(void)
{
    memory_server_lose(server, 1);
    if (on_postgres) {
        postgres_server_run("DELETE FROM milepost_turn WHERE turn > 1", NULL);
        postgres_server_run("DELETE FROM milepost_named WHERE turn > 1", NULL);
    }
}

static void make_anew(struct node *node)
{
    remove_node(node);
    make_node(node, true);
}

/* The log loses anna's events and her erasure, and has others' at their numbers by now. Nodes that are to
 * take hers out: one that does not know it yet, and ends; one that a kill ended, and that starts. */
static void what_is_left_of_an_erasure_is_taken_out_of_the_nodes_own_log_alone(void **unused)
{
    struct command carl = enrol("carl", "c1");
    struct policy policy = {.now_ms = clock_of_step};
    struct engine *engine = NULL;
    struct store *store = NULL;
    struct arena arena;
    struct fault fault;
    (void)unused;
    skip_without_server();
    arena_init(&arena);
    assert_int_equal(engine_run(nodes[0].engine, &carl, NULL, NULL, &fault), RC_OK);
    report_often(nodes[0].engine, "anna", &arena);
    erase_anna(nodes[0].engine, &arena);
    catch_up(&nodes[1]);
    assert_int_equal(jobs_of(nodes[0].store), 1);
    assert_int_equal(jobs_of(nodes[1].store), 1);
    kill_node(&nodes[0]);
    lose_after_1();
    close_node(&nodes[2]);
    make_anew(&nodes[2]);
    report_often(nodes[2].engine, "bob", &arena);
    int written = find_of(&nodes[2], 2).events;
    assert_true(written >= REPORTS);

    close_node(&nodes[1]);
    make_anew(&nodes[1]);
    assert_int_equal(find_of(&nodes[1], 2).events, written);
    close_node(&nodes[1]);
    const struct store_place database = {
        .directory = nodes[0].directory, .database = postgres_server_url(), .log = log_of_test};
    enum rc rc = on_postgres ? store_open(&database, &store, &fault)
                             : store_open_on(nodes[0].directory, &memory_log, server, &store, &fault);
    assert_int_equal(rc, RC_OK);
    assert_int_equal(engine_new(store, &policy, NULL, &engine, &fault), RC_CONFLICT);
    assert_int_equal(jobs_of(store), 1);
    store_close(store);
    make_anew(&nodes[0]);
    assert_int_equal(find_of(&nodes[0], 2).events, written);
    close_node(&nodes[0]);
    close_node(&nodes[2]);
    close_node(&alone);
    arena_done(&arena);
}

/* With its threads, and before it has asked for anything: the log's answer ends it. */
static void a_node_that_finds_another_log_when_it_erases_ends(void **unused)
{
    struct arena arena;
    struct fault fault;
    (void)unused;
    arena_init(&arena);
    struct command carl = enrol("carl", "c1");
    assert_int_equal(engine_run(nodes[0].engine, &carl, NULL, NULL, &fault), RC_OK);
    report_often(nodes[0].engine, "anna", &arena);
    erase_anna(nodes[0].engine, &arena);
    lose_after_1();
    traces_erase_some(nodes[0].engine);
    assert_true(engine_state(nodes[0].engine).broken);
    for (int i = 0; i < NODES; i++)
        close_node(&nodes[i]);
    close_node(&alone);
    arena_done(&arena);
}

/* As milepost rebuild does without the database. */
static void an_erasure_does_not_end_in_a_copy_alone(void **unused)
{
    const struct policy policy = {.now_ms = clock_of_step};
    struct engine *engine;
    struct store *store;
    struct arena arena;
    struct fault fault;
    uint64_t mended;
    (void)unused;
    skip_without_server();
    arena_init(&arena);
    report_often(nodes[0].engine, "anna", &arena);
    log_entries(nodes[0].engine, &arena, 20);
    lock_by_anna(nodes[0].engine, &arena);
    erase_anna(nodes[0].engine, &arena);
    kill_node(&nodes[0]);
    assert_int_equal(store_open_alone(nodes[0].directory, &store, &fault), RC_OK);
    assert_int_equal(engine_new(store, &policy, NULL, &engine, &fault), RC_OK);
    assert_false(erase_jobs_pending(engine->jobs));
    engine_free(engine);
    assert_int_equal(verify_mend_logs(store, &mended, &fault), RC_OK);
    assert_int_equal(mended, 0);
    assert_int_equal(jobs_of(store), 1);
    store_close(store);
    verify_files(&nodes[0]);
    open_node(&nodes[0], true);
    close_node(&nodes[0]); /* which does it, in the log too */
    for (int i = 1; i < NODES; i++)
        close_node(&nodes[i]);
    make_anew(&nodes[1]);
    assert_int_equal(find_of(&nodes[1], 1).events, 1); /* that she was erased */
    assert_int_equal(find_of(&nodes[1], 1).named, 0);
    close_node(&nodes[1]);
    close_node(&alone);
    arena_done(&arena);
}

/* For a node that was away meanwhile its own files are left; for a new one nothing is. */
static void what_is_out_of_the_log_is_not_looked_for_there_again(void **unused)
{
    struct arena arena;
    (void)unused;
    skip_without_server();
    arena_init(&arena);
    report_often(nodes[0].engine, "anna", &arena);
    lock_by_anna(nodes[0].engine, &arena);
    catch_up(&nodes[2]);
    assert_true(find_of(&nodes[2], 1).events >= REPORTS);
    assert_true(find_of(&nodes[2], 1).named > 0);
    close_node(&nodes[1]);
    close_node(&nodes[2]);
    erase_anna(nodes[0].engine, &arena);
    close_node(&nodes[0]); /* which takes it out */
    uint64_t forgets = memory_server_counts(server).forgets;
    assert_true(on_postgres || forgets);

    make_anew(&nodes[1]);
    assert_false(erase_jobs_pending(nodes[1].engine->jobs));
    assert_int_equal(jobs_of(nodes[1].store), 0);
    assert_int_equal(find_of(&nodes[1], 1).events, 1);
    open_node(&nodes[2], true);
    assert_true(erase_jobs_pending(nodes[2].engine->jobs));
    close_node(&nodes[2]);
    open_node(&nodes[2], true);
    assert_int_equal(jobs_of(nodes[2].store), 0);
    assert_int_equal(find_of(&nodes[2], 1).events, 1);
    assert_int_equal(find_of(&nodes[2], 1).named, 0);
    assert_int_equal(memory_server_counts(server).forgets, forgets);
    open_node(&nodes[0], true);
    assert_all_alike();
    for (int i = 0; i < NODES; i++)
        close_node(&nodes[i]);
    verify_closed_nodes();
    close_node(&alone);
    arena_done(&arena);
}

static bool kinds[] = {false, true};

#define IN_MEMORY(test)                                                                                      \
    {                                                                                                        \
        "memory: " #test, test, set_up, tear_down, &kinds[0]                                                 \
    }
#define ON_POSTGRES(test)                                                                                    \
    {                                                                                                        \
        "postgres: " #test, test, set_up, tear_down, &kinds[1]                                               \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_MEMORY(all_nodes_hold_what_was_acknowledged),
        ON_POSTGRES(all_nodes_hold_what_was_acknowledged),
        IN_MEMORY(who_watches_any_node_is_told_the_same),
        ON_POSTGRES(who_watches_any_node_is_told_the_same),
        IN_MEMORY(of_a_long_absence_the_end_is_read_from_the_log),
        IN_MEMORY(numbers_that_were_skipped_bother_nobody),
        IN_MEMORY(a_node_that_was_away_or_is_new_catches_up),
        ON_POSTGRES(a_node_that_was_away_or_is_new_catches_up),
        IN_MEMORY(a_start_says_how_far_it_is_and_goes_on_where_it_was_ended),
        IN_MEMORY(readers_never_find_a_name_that_is_not_stored),
        IN_MEMORY(a_turn_is_its_batch),
        IN_MEMORY(an_instant_is_not_before_what_another_node_wrote),
        ON_POSTGRES(an_instant_is_not_before_what_another_node_wrote),
        IN_MEMORY(a_log_that_went_back_ends_the_node),
        ON_POSTGRES(a_log_that_went_back_ends_the_node),
        IN_MEMORY(a_node_that_rests_is_woken),
        ON_POSTGRES(a_node_that_rests_is_woken),
        IN_MEMORY(an_answer_of_another_node_is_known),
        ON_POSTGRES(an_answer_of_another_node_is_known),
        IN_MEMORY(who_waits_for_the_head_sees_what_was_acknowledged),
        ON_POSTGRES(who_waits_for_the_head_sees_what_was_acknowledged),
        ON_POSTGRES(what_comes_while_a_node_waits_for_its_turn_is_in_its_batch),
        IN_MEMORY(many_items_are_adopted_a_batch),
        IN_MEMORY(who_took_over_and_is_done_begins_no_more),
        IN_MEMORY(what_cannot_follow_yet_holds_no_write_up),
        IN_MEMORY(what_dead_nodes_began_another_ends),
        ON_POSTGRES(what_dead_nodes_began_another_ends),
        ON_POSTGRES(no_hash_of_an_erased_id_stays),
        ON_POSTGRES(an_erasure_brings_no_rows_of_whom_it_erases),
        ON_POSTGRES(rows_of_who_is_erased_are_rewritten_a_few_at_a_time),
        IN_MEMORY(what_is_left_of_an_erasure_is_taken_out_of_the_nodes_own_log_alone),
        ON_POSTGRES(what_is_left_of_an_erasure_is_taken_out_of_the_nodes_own_log_alone),
        IN_MEMORY(a_node_that_finds_another_log_when_it_erases_ends),
        IN_MEMORY(an_erasure_does_not_end_in_a_copy_alone),
        ON_POSTGRES(an_erasure_does_not_end_in_a_copy_alone),
        IN_MEMORY(what_is_out_of_the_log_is_not_looked_for_there_again),
        ON_POSTGRES(what_is_out_of_the_log_is_not_looked_for_there_again),
    };
    has_postgres = postgres_server_start();
    int failed = cmocka_run_group_tests_name("nodes", tests, NULL, NULL);
    postgres_server_stop();
    return failed;
}
