#include "test.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/monotonic.h"
#include "hub/hub.h"
#include "hub/outbox.h"
#include "hub/seats.h"
#include "hub/tickets.h"
#include "hub/topics.h"

/* More than malloc ever gives. The sanitizer is to give NULL for it, too, and go on. */
static const size_t too_many_bytes = SIZE_MAX / 2;

const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

/* ---- a log, and whoever writes it ---- */

enum { LOG_MAX = 200000, GAP_ABOVE = 1000 };

static struct {
    struct hub *hub;
    struct worker *worker;
    struct live_sink sink;
    uint8_t user[LOG_MAX + 1]; /* by sequence: whose event it is; 0: it makes no message */
    atomic_ullong published;
    atomic_uint keys, rights_asked;
    atomic_bool may, token_holds;
    atomic_llong now_ms;
    atomic_int pasts; /* open ones */
    unsigned whole_ms;
    int padding; /* bytes that each message has besides */
    struct hub_write *write;
    bool floods;                  /* each message is answered at once, the first makes something happen */
    unsigned flooded, told_after; /* how many there were, and when that was told */
    pthread_mutex_t lock;
    pthread_cond_t written;
} world = {.lock = PTHREAD_MUTEX_INITIALIZER, .written = PTHREAD_COND_INITIALIZER};

static struct live_event event_of(uint64_t sequence)
{
    static char names[3][8] = {"", "anna7", "bert7"}; /* the learner, then the course */

    return (struct live_event){.sequence = sequence,
                               .type = LIVE_PROGRESS,
                               .user_size = 4,
                               .course_size = 1,
                               .ids = names[world.user[sequence]]};
}

static int64_t now_ms(void)
{
    return atomic_load(&world.now_ms);
}

static uint64_t published(void *of)
{
    (void)of;
    return atomic_load(&world.published);
}

static void encode(const struct live_event *event, struct buf *out)
{
    if (world.floods && !world.told_after)
        world.told_after = world.flooded;
    buf_printf(out, "{\"id\":%llu,\"userId\":\"%.4s\"%*s}", (unsigned long long)event->sequence, event->ids,
               world.padding, "");
}

static bool may(void *of, const struct caller *caller, const struct hub_filter *filter)
{
    (void)of;
    (void)caller;
    (void)filter;
    atomic_fetch_add(&world.rights_asked, 1);
    return atomic_load(&world.may);
}

static unsigned keys_version(void *of)
{
    (void)of;
    return atomic_load(&world.keys);
}

static bool token_holds(void *of, const char *token)
{
    (void)of;
    return strcmp(token, "good") == 0 || atomic_load(&world.token_holds);
}

struct past {
    char user[8];
    uint64_t at, upto;
    bool all, counted;
};

static enum rc past_open(void *of, const struct hub_filter *filter, uint64_t after, uint64_t upto,
                         void **out_past)
{
    struct past *past = calloc(1, sizeof *past);

    (void)of;
    *past = (struct past){.at = after, .upto = upto, .all = !filter->user};
    if (filter->user)
        (void)snprintf(past->user, sizeof past->user, "%s", filter->user); /* fits */
    atomic_fetch_add(&world.pasts, 1);
    *out_past = past;
    return RC_OK;
}

static bool past_wants(const struct past *past, uint64_t sequence)
{
    struct live_event event = event_of(sequence);
    return world.user[sequence] && (past->all || memcmp(event.ids, past->user, 4) == 0);
}

static enum past_progress past_step(void *arg, bool (*visit)(void *arg, const struct live_event *event),
                                    void *visitor, uint64_t *out_covered)
{
    struct past *past = arg;
    uint64_t count = 0;

    for (uint64_t at = past->at + 1; !past->counted && at <= past->upto; at++)
        count += past_wants(past, at);
    past->counted = true;
    if (count > GAP_ABOVE)
        return PAST_GAP;
    for (int steps = 0; past->at < past->upto && steps < 50; steps++) {
        struct live_event event = event_of(++past->at);
        *out_covered = past->at;
        if (past_wants(past, past->at) && !visit(visitor, &event))
            break;
    }
    return past->at == past->upto ? PAST_OVER : PAST_MORE;
}

static void past_close(void *past)
{
    atomic_fetch_sub(&world.pasts, 1);
    free(past);
}

static void happen(uint64_t count, bool noted);

static void take_write(void *of, struct hub_write *write)
{
    (void)of;
    if (world.floods) {
        if (world.flooded++ == 0)
            happen(3, true);
        hub_answer(write, "{}", 2);
        return;
    }
    (void)pthread_mutex_lock(&world.lock);
    world.write = write;
    (void)pthread_cond_signal(&world.written);
    (void)pthread_mutex_unlock(&world.lock);
}

static struct hub_write *await_write(void)
{
    (void)pthread_mutex_lock(&world.lock);
    while (!world.write)
        assert_true(monotonic_wait(&world.written, &world.lock, 5000));
    struct hub_write *write = world.write;
    world.write = NULL;
    (void)pthread_mutex_unlock(&world.lock);
    return write;
}

static void begin_world(uint64_t events, unsigned per_user)
{
    struct fault fault;

    for (uint64_t i = 1; i <= LOG_MAX; i++)
        world.user[i] = (uint8_t)(i % 3); /* 1: anna, 2: bert, 0: nobody is told */
    atomic_store(&world.published, events);
    atomic_store(&world.may, true);
    atomic_store(&world.token_holds, true);
    atomic_store(&world.now_ms, 1000000);
    assert_int_equal(worker_new(2, &world.worker), RC_OK);
    struct hub_settings settings = {
        .source = {NULL, now_ms, published, encode, may, keys_version, token_holds, past_open, past_step,
                   past_close, take_write},
        .worker = world.worker,
        .line_seed = 7,
        .per_user = per_user,
        .streams_max = 200,
        .whole_ms = world.whole_ms,
    };
    assert_int_equal(hub_new(&settings, &world.hub, &fault), RC_OK);
    world.sink = hub_sink(world.hub);
}

static void end_world(void)
{
    hub_stop(world.hub);
    worker_close(world.worker);
    hub_settle(world.hub);
    hub_free(world.hub);
    worker_free(world.worker);
    assert_int_equal(atomic_load(&world.pasts), 0);
}

struct client;
static void happen_late(uint64_t count, bool noted, struct client *(*between)(void));

/* What the engine does for one batch of events: publishes, then hands over what it noted. */
static void happen(uint64_t count, bool noted)
{
    happen_late(count, noted, NULL);
}

/* between: what happens after the one and before the other. */
static struct client *came_between;

static void happen_late(uint64_t count, bool noted, struct client *(*between)(void))
{
    uint64_t first = atomic_load(&world.published) + 1, last = first + count - 1;
    struct live_batch *batch = NULL;

    if (noted && world.sink.is_watched(world.sink.of)) {
        batch = calloc(1, sizeof *batch);
        batch->events = calloc(count, sizeof *batch->events);
        for (uint64_t at = first; at <= last; at++)
            if (world.user[at])
                batch->events[batch->count++] = event_of(at);
    }
    atomic_store(&world.published, last);
    if (between)
        came_between = between();
    if (batch || world.sink.is_watched(world.sink.of))
        world.sink.take(world.sink.of, batch, first, last, false);
}

/* ---- a client ---- */

struct client {
    int fd;
    struct subscriber *stream;
    char bytes[1 << 20];
    size_t size, read_at;
    bool ended;
};

static struct caller caller_named(const char *name, unsigned roles)
{
    struct caller caller = {.roles = roles, .expires_ms = 1000000 + 60000};

    caller.id_size = (uint32_t)snprintf(caller.id, sizeof caller.id, "%s", name);
    return caller;
}

static void subscribe_as(struct client *client, enum hub_form form, const char *user, bool has_after,
                         uint64_t after)
{
    struct caller caller = caller_named(user ? user : "boss", user ? ROLE_STUDENT : ROLE_ADMIN);
    struct hub_wish wish = {.form = form,
                            .caller = &caller,
                            .token = "some",
                            .filter = {.user = user},
                            .keys_version = atomic_load(&world.keys),
                            .has_after = has_after,
                            .after = after};
    struct fault fault;
    int pair[2];

    client->size = client->read_at = 0;
    client->ended = false;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(hub_subscribe(world.hub, &wish, &client->stream, &fault), RC_OK);
    client->fd = pair[0];
    hub_give(client->stream, pair[1], NULL, 0);
}

static struct client *subscribe(enum hub_form form, const char *user, bool has_after, uint64_t after)
{
    static struct client clients[16];
    static unsigned next;
    struct client *client = &clients[next++ % COUNT(clients)];

    subscribe_as(client, form, user, has_after, after);
    return client;
}

static bool receive(struct client *client, int wait_ms)
{
    struct pollfd readable = {.fd = client->fd, .events = POLLIN};

    if (client->ended || poll(&readable, 1, wait_ms) <= 0)
        return false;
    ssize_t size = read(client->fd, client->bytes + client->size, sizeof client->bytes - 1 - client->size);
    client->ended = size <= 0;
    client->size += size > 0 ? (size_t)size : 0;
    client->bytes[client->size] = '\0';
    return size > 0;
}

/* The id of the next message of an SSE; 0: none came in time. *out_type: "progress", "gap". */
static uint64_t next_id(struct client *client, char out_type[16])
{
    for (int64_t until_ms = monotonic_ms() + 5000; monotonic_ms() < until_ms;) {
        char *at = client->bytes + client->read_at;
        char *end = client->size > client->read_at ? strstr(at, "\n\n") : NULL;
        if (!end) {
            if (!receive(client, 100) && client->ended)
                return 0;
            continue;
        }
        unsigned long long id = 0, again = 0;
        client->read_at = (size_t)(end + 2 - client->bytes);
        *end = '\0';
        if (*at == ':')
            continue;
        assert_int_equal(sscanf(at, "id: %llu\nevent: %15s\ndata: {\"id\":%llu", &id, out_type, &again), 3);
        assert_int_equal(id, again);
        return id;
    }
    return 0;
}

static void expect_ids(struct client *client, uint64_t after, uint64_t upto, int user)
{
    char type[16];

    for (uint64_t at = after + 1; at <= upto; at++)
        if (user ? world.user[at] == user : world.user[at] != 0) {
            assert_int_equal(next_id(client, type), at);
            assert_string_equal(type, "progress");
        }
}

static void expect_end(struct client *client)
{
    for (int64_t until_ms = monotonic_ms() + 5000; !client->ended && monotonic_ms() < until_ms;)
        (void)receive(client, 100);
    assert_true(client->ended);
    (void)close(client->fd);
}

/* ---- tests ---- */

static void who_watches_is_told_in_order(void **unused)
{
    (void)unused;
    begin_world(10, 8);
    assert_false(world.sink.is_watched(world.sink.of));
    struct client *anna = subscribe(HUB_SSE, "anna", false, 0), *all = subscribe(HUB_SSE, NULL, false, 0);
    assert_true(world.sink.is_watched(world.sink.of));
    for (int i = 0; i < 30; i++)
        happen(3, true);
    expect_ids(anna, 10, 100, 1);
    expect_ids(all, 10, 100, 0);
    (void)close(anna->fd);
    (void)close(all->fd);
    for (int i = 0; hub_state(world.hub).streams && i < 500; i++)
        (void)usleep(10000);
    assert_int_equal(hub_state(world.hub).streams, 0);
    assert_false(world.sink.is_watched(world.sink.of));
    end_world();
}

/* From any event on, while more happens, some of it noted and some not: each id once, in order. */
static void *write_on(void *arg)
{
    uint64_t seed = *(uint64_t *)arg;

    while (atomic_load(&world.published) < 1400) {
        happen(1 + next_random(&seed) % 5, next_random(&seed) % 4 != 0);
        if (next_random(&seed) % 3 == 0)
            (void)usleep(next_random(&seed) % 2000);
    }
    return NULL;
}

static void nothing_is_missed_and_nothing_comes_twice(void **unused)
{
    (void)unused;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        uint64_t of_writer = seed, after[8];
        struct client *clients[8];
        pthread_t writer;
        begin_world(300, 8);
        assert_int_equal(pthread_create(&writer, NULL, write_on, &of_writer), 0);
        for (unsigned i = 0; i < COUNT(clients); i++) {
            after[i] = next_random(&seed) % 300;
            clients[i] = subscribe(HUB_SSE, i % 2 ? "anna" : NULL, true, after[i]);
            (void)usleep(next_random(&seed) % 5000);
        }
        (void)pthread_join(writer, NULL);
        for (unsigned i = 0; i < COUNT(clients); i++) {
            expect_ids(clients[i], after[i], atomic_load(&world.published), i % 2);
            (void)close(clients[i]->fd);
        }
        seed = of_writer;
        end_world();
    }
}

static struct client *come(void)
{
    struct client *client = subscribe(HUB_SSE, NULL, false, 0);

    (void)usleep(100000); /* it is live */
    return client;
}

static void what_was_published_before_is_not_told(void **unused)
{
    (void)unused;
    begin_world(10, 8);
    struct client *first = come();
    happen_late(6, true, come);
    happen(6, true);
    expect_ids(first, 10, 22, 0);
    expect_ids(came_between, 16, 22, 0);
    (void)close(first->fd);
    (void)close(came_between->fd);
    end_world();
}

static void too_many_missed_are_a_gap(void **unused)
{
    char type[16];

    (void)unused;
    begin_world(9000, 8);
    struct client *all = subscribe(HUB_SSE, NULL, true, 7500), *late = subscribe(HUB_SSE, NULL, true, 10);
    expect_ids(all, 7500, 9000, 0);
    assert_int_equal(next_id(late, type), 9000);
    assert_string_equal(type, "gap");
    happen(9, true);
    expect_ids(all, 9000, 9009, 0);
    expect_ids(late, 9000, 9009, 0);
    (void)close(all->fd);
    (void)close(late->fd);
    struct client *ahead = subscribe(HUB_SSE, NULL, true, 99999); /* beyond the newest: from now on */
    happen(9, true);
    expect_ids(ahead, 9009, 9018, 0);
    (void)close(ahead->fd);
    end_world();
}

static void a_slow_reader_is_dropped_and_the_others_go_on(void **unused)
{
    (void)unused;
    begin_world(0, 8);
    struct client *slow = subscribe(HUB_SSE, NULL, false, 0), *quick = subscribe(HUB_SSE, NULL, false, 0);
    uint64_t told = 0;
    for (int64_t until_ms = monotonic_ms() + 20000;
         hub_state(world.hub).dropped == 0 && monotonic_ms() < until_ms;) {
        uint64_t now = atomic_load(&world.published);
        assert_true(now + 300 < LOG_MAX);
        happen(300, true);
        expect_ids(quick, told, now + 300, 0);
        quick->size = quick->read_at = 0;
        told = now + 300;
        assert_true(hub_state(world.hub).waiting_bytes < 3 * OUTBOX_FULL_BYTES);
    }
    assert_int_equal(hub_state(world.hub).dropped, 1);
    assert_int_equal(hub_state(world.hub).streams, 1);
    for (int i = 0; hub_state(world.hub).messages_per_second == 0 && i < 500; i++)
        (void)usleep(10000);
    assert_true(hub_state(world.hub).messages_per_second > 100);
    while (receive(slow, 0))
        slow->size = 0;
    assert_true(slow->ended);
    (void)close(slow->fd);
    (void)close(quick->fd);
    end_world();
}

static size_t await_waiting(size_t least, size_t most)
{
    size_t waiting = 0;

    for (int64_t until_ms = monotonic_ms() + 10000; monotonic_ms() < until_ms; (void)usleep(10000)) {
        waiting = hub_state(world.hub).waiting_bytes;
        if (waiting >= least && waiting <= most)
            break;
    }
    return waiting;
}

/* The pages of those that come back and take nothing are no reason to end one, but count for the bound of all
 * together. */
static void pages_that_nobody_takes_are_counted(void **unused)
{
    enum { SILENT = 20, PAGE = 128 * 1024, LEAST = SILENT * PAGE / 2, MOST = SILENT * (PAGE / 2 + 2 * PAGE) };
    struct client *clients = calloc(SILENT, sizeof *clients);

    (void)unused;
    assert_non_null(clients);
    world.padding = 1500;
    begin_world(1400, 0);
    for (size_t i = 0; i < SILENT; i++)
        subscribe_as(&clients[i], i % 2 ? HUB_SSE : HUB_WEBSOCKET, NULL, true, 1);
    assert_in_range(await_waiting(LEAST, MOST), LEAST, MOST);
    assert_int_equal(hub_state(world.hub).dropped, 0);
    for (size_t i = 0; i < SILENT; i++)
        (void)close(clients[i].fd);
    assert_int_equal(await_waiting(0, 0), 0); /* nothing was counted twice */
    end_world();
    world.padding = 0;
    free(clients);
}

/* More than one turn of the hub sends to. */
static void many_are_told_in_turns(void **unused)
{
    enum { MANY = 150 };
    struct client *clients = calloc(MANY, sizeof *clients);

    (void)unused;
    assert_non_null(clients);
    begin_world(0, 0);
    for (size_t i = 0; i < MANY; i++)
        subscribe_as(&clients[i], HUB_SSE, i % 3 ? NULL : "anna", i % 2, 0);
    for (int i = 0; i < 40; i++)
        happen(3, true);
    for (size_t i = 0; i < MANY; i++)
        expect_ids(&clients[i], 0, 120, i % 3 ? 0 : 1);
    assert_int_equal(hub_state(world.hub).dropped, 0);
    for (size_t i = 0; i < MANY; i++)
        (void)close(clients[i].fd);
    end_world();
    free(clients);
}

static void a_user_has_so_many(void **unused)
{
    struct caller anna = caller_named("anna", ROLE_STUDENT);
    struct hub_wish wish = {.caller = &anna, .filter = {.user = "anna"}};
    struct subscriber *streams[3];
    struct fault fault;

    (void)unused;
    begin_world(0, 2);
    assert_int_equal(hub_subscribe(world.hub, &wish, &streams[0], &fault), RC_OK);
    assert_int_equal(hub_subscribe(world.hub, &wish, &streams[1], &fault), RC_OK);
    assert_int_equal(hub_subscribe(world.hub, &wish, &streams[2], &fault), RC_TOO_MANY);
    hub_drop(streams[0]);
    assert_int_equal(hub_subscribe(world.hub, &wish, &streams[0], &fault), RC_OK);
    hub_drop(streams[0]);
    hub_drop(streams[1]);
    assert_false(world.sink.is_watched(world.sink.of));
    end_world();
}

static void a_stream_ends_with_its_right(void **unused)
{
    (void)unused;
    begin_world(0, 8);
    struct client *expires = subscribe(HUB_SSE, "anna", false, 0);
    atomic_store(&world.now_ms, 1000000 + 60000); /* the token's end */
    expect_end(expires);
    atomic_store(&world.now_ms, 1000000);
    struct client *keys = subscribe(HUB_SSE, "anna", false, 0);
    atomic_fetch_add(&world.keys, 1);
    (void)usleep(600000);
    happen(3, true);
    expect_ids(keys, 0, 3, 1); /* still good under the new keys */
    atomic_store(&world.token_holds, false);
    atomic_fetch_add(&world.keys, 1);
    expect_end(keys);

    struct caller staff = caller_named("carl", ROLE_INSTRUCTOR);
    struct hub_wish wish = {.caller = &staff,
                            .token = "good",
                            .keys_version = atomic_load(&world.keys),
                            .filter = {.course = "7"}};
    struct client client = {.fd = 0};
    struct fault fault;
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(hub_subscribe(world.hub, &wish, &client.stream, &fault), RC_OK);
    hub_give(client.stream, pair[1], NULL, 0);
    client.fd = pair[0];
    happen(3, true);
    expect_ids(&client, 3, 6, 0);
    atomic_store(&world.may, false);
    uint64_t before = atomic_load(&world.published);
    world.sink.take(world.sink.of, NULL, before + 1, before + 1, true); /* the staff changed */
    atomic_store(&world.published, before + 1);
    happen(3, true);
    char type[16];
    assert_int_equal(next_id(&client, type), 0);
    expect_end(&client);
    end_world();
}

/* Between the look at its right and the arrival of its socket the staff may change. */
static void a_right_that_ends_on_the_way_is_none(void **unused)
{
    (void)unused;
    begin_world(0, 8);
    struct caller staff = caller_named("carl", ROLE_INSTRUCTOR);
    struct hub_wish wish = {.caller = &staff, .token = "good", .filter = {.course = "7"}};
    struct client client = {.fd = 0};
    struct fault fault;
    int pair[2];
    char type[16];

    wish.keys_version = atomic_load(&world.keys);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(hub_subscribe(world.hub, &wish, &client.stream, &fault), RC_OK);
    client.fd = pair[0];
    atomic_store(&world.may, false);
    atomic_store(&world.published, 1);
    world.sink.take(world.sink.of, NULL, 1, 1, true);
    hub_give(client.stream, pair[1], NULL, 0);
    happen(3, true);
    assert_int_equal(next_id(&client, type), 0);
    expect_end(&client);
    end_world();
}

/* ---- WebSocket ---- */

static void send_frame(struct client *client, int head, const char *payload, size_t size, bool masked)
{
    uint8_t frame[65536 + 14] = {(uint8_t)head};
    static const uint8_t mask[4] = {1, 2, 3, 4};
    size_t at = 2;

    frame[1] = (uint8_t)((masked ? 128 : 0) | (size < 126 ? size : 126));
    if (size >= 126) {
        frame[at++] = (uint8_t)(size >> 8);
        frame[at++] = (uint8_t)size;
    }
    if (masked) {
        memcpy(frame + at, mask, 4);
        at += 4;
    }
    for (size_t i = 0; i < size; i++)
        frame[at++] = (uint8_t)payload[i] ^ (masked ? mask[i % 4] : 0);
    for (size_t sent = 0; sent < at;) {
        ssize_t now = send(client->fd, frame + sent, at - sent, MSG_NOSIGNAL);
        if (now < 0)
            return; /* it was closed: the caller looks at what came */
        sent += (size_t)now;
    }
}

/* One whole frame's opcode, its payload in text; -1: none came. */
static int next_frame(struct client *client, char text[512])
{
    for (int64_t until_ms = monotonic_ms() + 5000; monotonic_ms() < until_ms;) {
        const uint8_t *at = (const uint8_t *)client->bytes + client->read_at;
        size_t left = client->size - client->read_at;
        size_t size = left > 1 ? at[1] : 0, head = 2;
        if (left > 4 && size == 126) {
            size = (size_t)at[2] << 8 | at[3];
            head = 4;
        }
        if (left < 2 || left < head + size) {
            if (!receive(client, 100) && client->ended)
                return -1;
            continue;
        }
        assert_true(size < 512);
        memcpy(text, at + head, size);
        text[size] = '\0';
        client->read_at += head + size;
        return at[0];
    }
    return -1;
}

static void expect_close(struct client *client, int code)
{
    char text[512];
    int opcode;

    while ((opcode = next_frame(client, text)) == 0x89)
        continue;
    assert_int_equal(opcode, 0x88);
    assert_int_equal((uint8_t)text[0] << 8 | (uint8_t)text[1], code);
    expect_end(client);
}

static void a_message_is_answered_on_its_socket(void **unused)
{
    static const char hello[] = "{\"a\":\"h\xc3\xa9\"}";
    char text[512];

    (void)unused;
    begin_world(0, 8);
    struct client *anna = subscribe(HUB_WEBSOCKET, "anna", false, 0);
    send_frame(anna, 0x81, hello, sizeof hello - 1, true);
    struct hub_write *write = await_write();
    assert_string_equal(write->bytes, hello);
    assert_string_equal(write->caller->id, "anna");
    assert_true(write->is_text);
    happen(3, true); /* what is told meanwhile is not in the way */
    hub_answer(write, "yes", 3);
    assert_int_equal(next_frame(anna, text), 0x81);
    assert_string_equal(text, "{\"id\":1,\"userId\":\"anna\"}");
    assert_int_equal(next_frame(anna, text), 0x81);
    assert_string_equal(text, "yes");

    send_frame(anna, 0x01, hello, 7, true); /* in fragments, cut within a character, a ping between them */
    send_frame(anna, 0x89, "pong?", 5, true);
    assert_int_equal(next_frame(anna, text), 0x8a);
    assert_string_equal(text, "pong?");
    send_frame(anna, 0x80, hello + 7, sizeof hello - 8, true);
    write = await_write();
    assert_string_equal(write->bytes, hello);
    hub_answer(write, "", 0);
    send_frame(anna, 0x88, "\x03\xe8", 2, true);
    expect_close(anna, 1000);
    end_world();
}

/* An answer that there is no memory for: the write may be stored, and nobody is to wait for the answer. */
static void an_answer_that_is_lost_ends_the_stream(void **unused)
{
    (void)unused;
    begin_world(0, 8);
    for (int i = 0; i < 2; i++) {
        struct client *anna = subscribe(HUB_WEBSOCKET, "anna", false, 0);
        send_frame(anna, 0x81, "{}", 2, true);
        hub_answer(await_write(), i ? "yes" : NULL, i ? too_many_bytes : 0);
        expect_close(anna, 1013);
    }
    end_world();
}

/* Nor is there any for what came with the head, half a frame: what follows would be read as something else.
 */
static void what_was_sent_ahead_and_is_lost_ends_the_stream(void **unused)
{
    struct caller caller = caller_named("anna", ROLE_STUDENT);
    struct hub_wish wish = {
        .form = HUB_WEBSOCKET, .caller = &caller, .token = "good", .filter = {.user = "anna"}};
    struct client client = {.fd = 0};
    struct fault fault;
    int pair[2];

    (void)unused;
    begin_world(0, 8);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(hub_subscribe(world.hub, &wish, &client.stream, &fault), RC_OK);
    client.fd = pair[0];
    send_frame(&client, 0x81, "{}", 2, false); /* the rest: read as a frame, no mask */
    hub_give(client.stream, pair[1], "", too_many_bytes);
    expect_close(&client, 1013);
    end_world();
}

static void broken_framing_ends_with_its_code(void **unused)
{
    static const struct {
        const char *what;
        int head, code;
        const char *payload;
        size_t size;
        bool unmasked;
    } rows[] = {
        {"not masked", 0x81, 1002, "{}", 2, true},
        {"a reserved bit", 0xc1, 1002, "{}", 2, false},
        {"a reserved opcode", 0x83, 1002, "{}", 2, false},
        {"a reserved control opcode", 0x8b, 1002, "", 0, false},
        {"a ping of 126 bytes", 0x89, 1002, NULL, 126, false},
        {"a ping in fragments", 0x09, 1002, "x", 1, false},
        {"a continuation of nothing", 0x80, 1002, "x", 1, false},
        {"a close of one byte", 0x88, 1002, "x", 1, false},
        {"a close with 1005", 0x88, 1002, "\x03\xed", 2, false},
        {"a close whose reason is no UTF-8", 0x88, 1007, "\x03\xe8\xff", 3, false},
        {"no UTF-8", 0x81, 1007, "\xff\xff", 2, false},
        {"a surrogate", 0x81, 1007, "\xed\xa0\x80", 3, false},
        {"a character that is cut off", 0x81, 1007, "\xc3", 1, false},
    };
    static const char many[200] = {0};

    (void)unused;
    begin_world(0, 0);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct client *client = subscribe(HUB_WEBSOCKET, "anna", false, 0);
        print_message("%s\n", rows[i].what);
        send_frame(client, rows[i].head, rows[i].payload ? rows[i].payload : many, rows[i].size,
                   !rows[i].unmasked);
        expect_close(client, rows[i].code);
    }
    end_world();
}

static void who_sends_much_at_once_lets_others_hear_meanwhile(void **unused)
{
    enum { FRAMES = 30, PAYLOAD = 3000, FRAME = 2 + 2 + 4 + PAYLOAD };
    static char flood[FRAMES * FRAME];
    struct caller caller = caller_named("bert", ROLE_STUDENT);
    struct hub_wish wish = {
        .form = HUB_WEBSOCKET, .caller = &caller, .token = "good", .filter = {.user = "bert"}};
    struct client client = {.fd = 0};
    struct fault fault;
    int pair[2];

    (void)unused;
    begin_world(0, 8);
    struct client *other = subscribe(HUB_SSE, "anna", false, 0);
    assert_true(receive(other, 5000)); /* it is there */
    for (int i = 0; i < FRAMES; i++) {
        char head[] = {(char)0x81, (char)0xfe, (char)(PAYLOAD >> 8), (char)(PAYLOAD & 255), 0, 0, 0, 0};
        memset(flood + i * FRAME, ' ', FRAME);
        memcpy(flood + i * FRAME, head, sizeof head);
    }
    world.floods = true;
    world.flooded = world.told_after = 0;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(write(pair[0], flood, sizeof flood), sizeof flood);
    assert_int_equal(hub_subscribe(world.hub, &wish, &client.stream, &fault), RC_OK);
    hub_give(client.stream, pair[1], NULL, 0);
    expect_ids(other, 0, 3, 1);
    assert_in_range(world.told_after, 1, 6); /* 16 KiB */
    (void)close(pair[0]);
    end_world();
    world.floods = false;
}

static void a_message_has_a_mebibyte_at_most(void **unused)
{
    static char part[60000];

    (void)unused;
    begin_world(0, 0);
    memset(part, 'x', sizeof part);
    struct client *client = subscribe(HUB_WEBSOCKET, "anna", false, 0);
    for (int i = 0; i < 18; i++)
        send_frame(client, i ? 0x00 : 0x01, part, sizeof part, true);
    expect_close(client, 1009);
    client = subscribe(HUB_WEBSOCKET, "anna", false, 0);
    static const uint8_t head[] = {0x81, 0xff, 0, 0, 0, 0, 0, 0x10,
                                   0,    1,    1, 2, 3, 4, 5}; /* says 1 MiB and a byte */
    assert_int_equal(write(client->fd, head, sizeof head), sizeof head);
    expect_close(client, 1009);
    end_world();
}

static void a_message_that_is_never_whole_ends(void **unused)
{
    (void)unused;
    world.whole_ms = 600;
    begin_world(0, 0);
    struct client *head = subscribe(HUB_WEBSOCKET, "anna", false, 0),
                  *part = subscribe(HUB_WEBSOCKET, "anna", false, 0),
                  *pings = subscribe(HUB_WEBSOCKET, "anna", false, 0);
    int64_t began_ms = monotonic_ms();
    assert_int_equal(write(head->fd, "\x81\x85\x01", 3), 3);
    send_frame(part, 0x01, "{", 1, true);
    while (monotonic_ms() - began_ms < 1500) { /* a ping, in two parts; none is ever late */
        send_frame(part, 0x89, "", 0, true);   /* which makes the message no younger */
        assert_int_equal(write(pings->fd, "\x89\x80\x01", 3), 3);
        (void)usleep(20000);
        assert_int_equal(write(pings->fd, "\x02\x03\x04", 3), 3);
    }
    expect_close(head, 1008);
    char text[512];
    int opcode;
    while ((opcode = next_frame(part, text)) == 0x8a)
        continue;
    assert_int_equal(opcode, 0x88);
    send_frame(pings, 0x88, "\x03\xe8", 2, true);
    while ((opcode = next_frame(pings, text)) == 0x8a)
        continue;
    assert_int_equal((uint8_t)text[0] << 8 | (uint8_t)text[1], 1000);
    (void)close(part->fd);
    (void)close(pings->fd);
    end_world();
    world.whole_ms = 0;
}

static void a_websocket_is_told_why_it_ends(void **unused)
{
    (void)unused;
    begin_world(0, 0);
    struct client *client = subscribe(HUB_WEBSOCKET, "anna", false, 0);
    atomic_store(&world.now_ms, 1000000 + 60000);
    expect_close(client, 4401);
    atomic_store(&world.now_ms, 1000000);
    client = subscribe(HUB_WEBSOCKET, "anna", false, 0);
    (void)usleep(50000);
    hub_stop(world.hub);
    expect_close(client, 1001);
    end_world();
}

/* ---- the parts ---- */

static void a_ticket_is_good_once(void **unused)
{
    struct ticket_holder holder = {.caller = caller_named("anna", ROLE_STUDENT), .token = (char *)"token"},
                         got;
    struct tickets *tickets;
    char text[TICKET_BYTES], other[TICKET_BYTES];

    (void)unused;
    assert_int_equal(tickets_new(3, &tickets), RC_OK);
    assert_int_equal(tickets_give(tickets, &holder, 1000, text), RC_OK);
    assert_int_equal(tickets_give(tickets, &holder, 1000, other), RC_OK);
    assert_int_equal(strlen(text), TICKET_BYTES - 1);
    assert_string_not_equal(text, other);
    assert_true(tickets_spend(tickets, text, 1000 + TICKET_S * 1000 - 1, &got));
    assert_string_equal(got.caller.id, "anna");
    assert_string_equal(got.token, "token");
    free(got.token);
    assert_false(tickets_spend(tickets, text, 1001, &got));
    assert_false(tickets_spend(tickets, other, 1000 + TICKET_S * 1000, &got));
    assert_false(tickets_spend(tickets, "", 1001, &got));
    for (int i = 0; i < 64; i++)
        assert_int_equal(tickets_give(tickets, &holder, 90000, text), RC_OK);
    assert_int_equal(tickets_give(tickets, &holder, 90000, text), RC_TOO_MANY);
    assert_int_equal(tickets_give(tickets, &holder, 90000 + TICKET_S * 1000, text), RC_OK);
    tickets_free(tickets);
}

static void topics_find_who_watches(void **unused)
{
    struct topics topics = {.seed = 5};
    static struct watcher watchers[1000];
    char id[16];

    (void)unused;
    for (unsigned i = 0; i < COUNT(watchers); i++) {
        int size = snprintf(id, sizeof id, "u%u", i / 2);
        assert_true(topics_add(&topics, TOPIC_USER, id, (size_t)size, &watchers[i]));
    }
    assert_ptr_equal(topics_find(&topics, TOPIC_USER, "u77", 3), &watchers[155]);
    assert_ptr_equal(watchers[155].next, &watchers[154]);
    assert_null(watchers[154].next);
    assert_null(topics_find(&topics, TOPIC_COURSE, "u77", 3));
    topics_remove(&topics, &watchers[155]);
    assert_ptr_equal(topics_find(&topics, TOPIC_USER, "u77", 3), &watchers[154]);
    topics_remove(&topics, &watchers[154]);
    assert_null(topics_find(&topics, TOPIC_USER, "u77", 3));
    topics_remove(&topics, &watchers[154]); /* it watches nothing: fine */
    for (unsigned i = 0; i < COUNT(watchers); i++)
        topics_remove(&topics, &watchers[i]);
    assert_int_equal(topics.count, 0);
    topics_done(&topics);
}

static void an_outbox_says_when_its_reader_is_late(void **unused)
{
    static char bytes[200 * 1024];
    struct message *message = message_new(bytes, sizeof bytes);
    struct outbox outbox = {.ring = NULL};
    size_t total = 0;

    (void)unused;
    message_count(message, &total);
    assert_true(outbox_add(&outbox, message, 100));
    assert_false(outbox_is_late(&outbox, 90000)); /* 200 KiB may wait for as long as it likes */
    assert_true(outbox_add(&outbox, message, 5000));
    assert_false(outbox_is_late(&outbox, 1099));
    assert_true(outbox_is_late(&outbox, 1100)); /* nothing was taken since 100 */
    for (int i = 0; i < 3; i++)
        assert_true(outbox_add(&outbox, message, 100));
    assert_false(outbox_is_late(&outbox, 101));
    assert_true(outbox_add(&outbox, message, 100));
    assert_true(outbox_is_late(&outbox, 100));
    assert_true(total < 201 * 1024); /* it is there once */
    message_unref(message);
    outbox_done(&outbox);
    assert_int_equal(total, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_watches_is_told_in_order),
        cmocka_unit_test(nothing_is_missed_and_nothing_comes_twice),
        cmocka_unit_test(what_was_published_before_is_not_told),
        cmocka_unit_test(too_many_missed_are_a_gap),
        cmocka_unit_test(a_slow_reader_is_dropped_and_the_others_go_on),
        cmocka_unit_test(pages_that_nobody_takes_are_counted),
        cmocka_unit_test(many_are_told_in_turns),
        cmocka_unit_test(a_user_has_so_many),
        cmocka_unit_test(a_stream_ends_with_its_right),
        cmocka_unit_test(a_right_that_ends_on_the_way_is_none),
        cmocka_unit_test(a_message_is_answered_on_its_socket),
        cmocka_unit_test(an_answer_that_is_lost_ends_the_stream),
        cmocka_unit_test(what_was_sent_ahead_and_is_lost_ends_the_stream),
        cmocka_unit_test(broken_framing_ends_with_its_code),
        cmocka_unit_test(who_sends_much_at_once_lets_others_hear_meanwhile),
        cmocka_unit_test(a_message_has_a_mebibyte_at_most),
        cmocka_unit_test(a_message_that_is_never_whole_ends),
        cmocka_unit_test(a_websocket_is_told_why_it_ends),
        cmocka_unit_test(a_ticket_is_good_once),
        cmocka_unit_test(topics_find_who_watches),
        cmocka_unit_test(an_outbox_says_when_its_reader_is_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
