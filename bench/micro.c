/* micro: what single steps cost, in nanoseconds or operations a second; best of several runs, one thread.
 *   core    decide + evolve of one report (a learner with 20 records), encode and decode of an event and of
 * the learner JSON    a report's body in, a state's answer out token   verify of an HS256 token, first sight
 * and from the cache store   commit of batches of 1, 8, 64, 512, 4096 events on the disk under the current
 * directory */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "auth/token.h"
#include "core/learner_evolve.h"
#include "core/learner_codec.h"
#include "http/json_in.h"
#include "http/json_out.h"
#include "store/store.h"

enum { RECORDS = 20, ROUNDS = 5 };

static double now_s(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail */
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static volatile uint64_t sink; /* so that nothing is optimized away */

static void measure(const char *name, long count, void (*run)(long count))
{
    double best = 1e9;

    for (int i = 0; i < ROUNDS; i++) {
        double began = now_s();
        run(count);
        double spent = now_s() - began;
        best = spent < best ? spent : best;
    }
    (void)printf("%-28s %10.0f ns\n", name, best / (double)count * 1e9); /* to whoever measures */
}

/* ---- core ---- */

static struct item_facts item_facts(const void *of, uint32_t item)
{
    (void)of;
    (void)item;
    return (struct item_facts){
        .course = 1, .required = true, .threshold_hundredths = 9500, .duration_ms = 600000};
}

static struct course_facts course_facts(const void *of, uint32_t course)
{
    (void)of;
    (void)course;
    return (struct course_facts){.declared = true, .required = RECORDS, .items = RECORDS};
}

static struct record records[RECORDS + 2];
static uint32_t items[RECORDS + 2];
static struct enrolment enrolments[2];
static int32_t days[64];
static uint32_t day_reports[64];
static int64_t day_gained_ms[64];
static struct course_day course_days[64];
static uint64_t event_ids[4][2];
static struct segment segment_room[RECORD_MAX_SEGMENTS + 16];
static uint8_t metadata_room[1 << 16], bytes[1 << 16];
static struct learner learner = {.record_room = RECORDS + 2,
                                 .enrolment_room = 2,
                                 .day_room = 64,
                                 .event_id_room = 4,
                                 .course_day_room = 64,
                                 .day_reports = day_reports,
                                 .day_gained_ms = day_gained_ms,
                                 .course_days = course_days,
                                 .records = records,
                                 .items = items,
                                 .enrolments = enrolments,
                                 .days = days,
                                 .event_ids = event_ids};
static const struct catalogue catalogue = {NULL, item_facts, course_facts, NULL};

static struct event event_of(long i)
{
    return (struct event){.sequence = (uint64_t)i + 1,
                          .kind = EV_REPORTED,
                          .face = FACE_VIDEO,
                          .learner = 1,
                          .course = 1,
                          .item = (uint32_t)(i % RECORDS) + 1,
                          .record_id = (uint32_t)(i % RECORDS) + 1,
                          .enrolment_id = 1,
                          .at_ms = 1700000000000 + i,
                          .report = {.has = HAS_CLIENT_AT | HAS_WATCHED | HAS_POSITION | FROM_PLAYER,
                                     .local_day = 19675,
                                     .watched_s = i % 600,
                                     .position_ms = i % 600000,
                                     .client_at_ms = 1700000000000 + i}};
}

static void run_decide_evolve(long count)
{
    struct record_room room = {segment_room, metadata_room};
    bool changes;

    for (long i = 0; i < count; i++) {
        struct event event = event_of(i);
        const struct record *before = learner_record(&learner, event.item);
        struct item_facts facts = item_facts(NULL, event.item);
        if (before)
            sink += record_effect(before, &event.report, &facts, event.at_ms, &room, &changes);
        learner_evolve(&learner, &event, &catalogue, &room);
    }
    sink += learner.version;
}

static void run_event_codec(long count)
{
    for (long i = 0; i < count; i++) {
        struct event event = event_of(i);
        size_t size = event_encode(&event, bytes);
        sink += event_decode(bytes, size, segment_room, RECORD_MAX_SEGMENTS, &event);
    }
}

static void run_learner_encode(long count)
{
    for (long i = 0; i < count; i++)
        sink += learner_encode(&learner, bytes);
}

/* ---- JSON ---- */

static const char body[] =
    "{\"userId\":\"0f3a8a8e-51d1-4b7e-9f30-0d8f1a2b3c4d\",\"videoId\":\"7c9e6679-7425-40de-944b-"
    "e07fc1f90ae7\","
    "\"watchedDuration\":300,\"lastWatched\":\"2026-01-01T10:00:00.000Z\",\"position\":290.5}";

static void run_json_in(long count)
{
    struct fault fault;

    for (long i = 0; i < count; i++) {
        json_t *root = NULL;
        sink += json_in(body, sizeof body - 1, &root, &fault);
        int64_t number;
        sink += json_in_integer(json_in_member(root, "watchedDuration", SPELLING_EXACT), "w", 0, 1000,
                                &number, &fault);
        json_decref(root);
    }
}

static void run_json_out(long count)
{
    struct buf buf = {0};

    for (long i = 0; i < count; i++) {
        struct json_out out = {&buf, false};
        buf_clear(&buf);
        json_open(&out, '{');
        json_put_text(&out, "userId", "0f3a8a8e-51d1-4b7e-9f30-0d8f1a2b3c4d");
        json_put_text(&out, "videoId", "7c9e6679-7425-40de-944b-e07fc1f90ae7");
        json_put_int(&out, "watchedDuration", 300);
        json_put_instant(&out, "lastWatched", 1700000000000 + i);
        json_put_scaled(&out, "position", 290500, 3);
        json_close(&out, '}');
        sink += buf.size;
    }
    buf_done(&buf);
}

/* ---- token ---- */

static struct auth *auth;
static char tokens[4096][512];
static int64_t now_ms = 1700000000000;

static void run_tokens(long count, long different)
{
    struct fault fault;
    struct caller caller;

    for (long i = 0; i < count; i++) {
        const char *token = tokens[i % different];
        sink += auth_verify(auth, token, strlen(token), now_ms, &caller, &fault);
    }
}

static void run_cached_token(long count)
{
    run_tokens(count, 16);
}

/* ---- store ---- */

static void measure_commits(void)
{
    static struct stored_event events[4096];
    char directory[] = "micro-XXXXXX";
    struct fault fault;
    struct store *store;
    uint64_t sequence = 0;

    if (!mkdtemp(directory) ||
        store_open(&(struct store_place){.directory = directory}, &store, &fault) != RC_OK)
        return;
    for (size_t size = 1; size <= 4096; size *= 8) {
        long commits = 0;
        double began = now_s();
        while (now_s() - began < 1) {
            for (size_t i = 0; i < size; i++) {
                struct event event = event_of((long)++sequence);
                uint8_t *at = bytes + i * 12;
                events[i] = (struct stored_event){sequence, 1, EV_REPORTED, event.at_ms, at, 60};
            }
            struct store_batch batch = {
                .events = events, .event_count = size, .counters = {.sequence = sequence}};
            if (store_commit(store, &batch, &fault) != RC_OK)
                break;
            commits++;
        }
        double spent = now_s() - began;
        (void)printf("commit of %-4zu events        %10.0f ns each, %.0f events/s, %.0f us a commit\n", size,
                     spent / (double)commits / (double)size * 1e9, (double)commits * (double)size / spent,
                     spent / (double)commits * 1e6); /* to whoever measures */
    }
    store_close(store);
    store_remove(directory);
}

int main(void)
{
    struct fault fault = {NULL, NULL};
    static const char secret[] = "0123456789abcdef0123456789abcdef";
    struct auth_settings settings = {.uses_jwks = false};

    measure("decide + evolve a report", 1000000, run_decide_evolve);
    measure("event: encode + decode", 1000000, run_event_codec);
    measure("learner of 20: encode", 200000, run_learner_encode);
    measure("JSON in: a report", 200000, run_json_in);
    measure("JSON out: a state", 500000, run_json_out);
    if (auth_new(&settings, &auth, &fault) == RC_OK &&
        keys_set_secret(auth_keys(auth), secret, sizeof secret - 1, &fault) == RC_OK) {
        for (int i = 0; i < 4096; i++) {
            char sub[32];
            (void)snprintf(sub, sizeof sub, "learner-%d", i); /* fits */
            char *token = auth_issue(&(struct token_request){
                .secret = secret,
                .secret_size = sizeof secret - 1,
                .sub = sub,
                .role = "student",
                .now_s = now_ms / 1000,
                .ttl_s = 86400,
            });
            if (!token)
                return 1;
            (void)snprintf(tokens[i], sizeof tokens[i], "%s", token); /* fits */
            free(token);
        }
        double began = now_s();
        run_tokens(4096, 4096);
        /* likewise */
        (void)printf("%-28s %10.0f ns\n", "token: first sight", (now_s() - began) / 4096 * 1e9);
        measure("token: from the cache", 500000, run_cached_token);
    }
    measure_commits();
    return 0;
}
