#include "world.h"

#include "core/learner_codec.h"
#include "model/checkpoint_rows.h"
#include "model/learner_state.h"
#include "model/names.h"
#include "model/replay.h"

/* Stored events, as a file that somebody else made may hold them: read, judged and folded; then what the fold
 * makes of them as rows of the checkpoint file and back. An event is: kind, learner, two bytes of length
 * (low first), its bytes. */

enum { KEYS = 3, EVENTS_MAX = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static struct model *new_model(void)
{
    static const char *const names[KEYS] = {"a", "b", "c"};
    struct model *model = NULL;
    bool whole = model_new(&model) == RC_OK;

    for (int kind = 0; whole && kind < 3; kind++)
        for (int i = 0; i < KEYS; i++)
            whole &= model_intern(model, (enum entity)kind, names[i], 1) != 0;
    MUST(whole, "out of memory");
    model_note_stored(model);
    return model;
}

static const struct segment *keep(void *arg, const struct segment *segments, uint32_t count)
{
    struct blob *blob = blob_new(segments, count * (uint32_t)sizeof *segments);

    (void)arg;
    return blob ? (const struct segment *)(const void *)blob->bytes : NULL;
}

/* A learner's row, read and written again, is the same. */
static void check_learner(const struct buf *row)
{
    static struct segment room[RECORD_MAX_SEGMENTS];
    struct learner_sizes sizes;
    const char *zone = NULL;
    uint32_t zone_size = 0;
    const uint8_t *bytes = (const uint8_t *)row->bytes;

    MUST(learner_peek(bytes, row->size, &sizes), "no row");
    struct learner_state *state = state_sized(1, &sizes);
    MUST(state && learner_decode(bytes, row->size, &state->learner, room, keep, NULL, &zone, &zone_size),
         "a row that was written cannot be read");
    state->learner.zone = zone_kept(zone, zone_size);
    uint8_t *again = malloc(learner_bound(&state->learner));
    MUST(again, "out of memory");
    size_t size = learner_encode(&state->learner, again);
    MUST(size == row->size && memcmp(again, bytes, size) == 0, "a row comes back as another");
    free(again);
    for (uint32_t i = 0; i < state->learner.record_count; i++)
        blob_unref_bytes(state->learner.records[i].segments);
    free(state); /* its other texts are the row's */
}

static void check_rows(const struct model *model)
{
    struct buf row = {0};

    for (int kind = CHECKPOINT_LEARNER; kind <= CHECKPOINT_ITEM; kind++)
        for (uint32_t key = 1; key <= KEYS; key++) {
            buf_clear(&row);
            if (checkpoint_row_encode(model, (enum checkpoint_row_kind)kind, key, &row) &&
                kind == CHECKPOINT_LEARNER)
                check_learner(&row);
        }
    buf_done(&row);
}

/* What a fold makes of events that were taken one by one, as far as the first that is refused. */
static void replay(struct replay *replaying, struct judge *judge, struct model *model, const uint8_t *at,
                   const uint8_t *end)
{
    enum rc rc = RC_OK;

    for (uint64_t sequence = 1; sequence <= EVENTS_MAX && rc == RC_OK && end - at >= 4; sequence++) {
        size_t length = at[2] + at[3] * 256u;
        if (length > (size_t)(end - at) - 4)
            length = (size_t)(end - at) - 4;
        uint8_t *body = (uint8_t *)world_text(at + 4, length);
        const struct stored_event stored = {.sequence = sequence,
                                            .learner = at[1] % (KEYS + 2),
                                            .kind = at[0],
                                            .at_ms = 1800000000000 + (int64_t)sequence * 1000,
                                            .body = body,
                                            .body_size = length};
        rc = replay_event(replaying, &stored);
        MUST(rc == RC_OK || rc == RC_INVALID || rc == RC_INTERNAL, "rc %d", (int)rc);
        MUST(rc != RC_INVALID || judge->problem, "refused without a word");
        free(body);
        at += 4 + length;
    }
    if (rc == RC_OK) {
        MUST(replay_publish(replaying) == RC_OK, "out of memory");
        check_rows(model);
        (void)judge_model(judge, model); /* either */
    } else {
        fold_abandon(replaying->fold);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const struct event_scope scope = {.learners = KEYS,
                                             .courses = KEYS,
                                             .items = KEYS,
                                             .sequence = EVENTS_MAX,
                                             .log_id = 1000,
                                             .record_id = 1000,
                                             .enrolment_id = 1000};
    struct model *model = new_model();
    struct fold fold;
    struct judge judge;
    struct replay replaying;

    MUST(fold_init(&fold, model) == RC_OK && judge_init(&judge, &scope) == RC_OK &&
             replay_init(&replaying, &fold) == RC_OK,
         "out of memory");
    replaying.judge = &judge;
    replay(&replaying, &judge, model, bytes, bytes + size);
    replay_done(&replaying);
    judge_done(&judge);
    fold_done(&fold);
    model_free(model);
    return 0;
}
