#include "world.h"

#include "core/learner_codec.h"
#include "model/catalog.h"
#include "model/learner_state.h"
#include "store/batch_codec.h"

/* Rows of the checkpoint file, and batches of a log that nodes share, as damage may leave them. The first
 * byte says of what: l, c, i or b. What is read is written; what that is read as is written the same. */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Of a row that turns out damaged the loader lets go what it half holds, and ends: here an arena has it. */
static const struct segment *keep(void *arena, const struct segment *segments, uint32_t count)
{
    struct segment *kept = arena_alloc(arena, count * sizeof *segments + 1);

    if (kept)
        memcpy(kept, segments, count * sizeof *segments);
    return kept;
}

/* False: it is no row. */
static bool learner_again(const uint8_t *bytes, size_t size, struct buf *out)
{
    static struct segment room[RECORD_MAX_SEGMENTS];
    struct learner_sizes sizes;
    const char *zone = NULL;
    uint32_t zone_size = 0;

    if (!learner_peek(bytes, size, &sizes))
        return false;
    struct learner_state *state = state_sized(1, &sizes);
    if (!state)
        return false;
    struct arena arena;
    arena_init(&arena);
    bool read = learner_decode(bytes, size, &state->learner, room, keep, &arena, &zone, &zone_size);
    if (read) {
        state->learner.zone = zone_kept(zone, zone_size);
        MUST(buf_reserve(out, learner_bound(&state->learner)), "out of memory");
        out->size = learner_encode(&state->learner, (uint8_t *)out->bytes);
    }
    arena_done(&arena);
    free(state); /* its other texts are the row's */
    return read;
}

static bool course_again(const uint8_t *bytes, size_t size, struct buf *out)
{
    const uint8_t *at = bytes;
    struct course_def *def = course_def_decode(&at, bytes + size);

    if (def)
        course_def_encode(def, out);
    course_def_unref(def);
    return def != NULL;
}

static bool item_again(const uint8_t *bytes, size_t size, struct buf *out)
{
    const uint8_t *at = bytes;
    struct item_def *def = item_def_decode(&at, bytes + size);

    if (def)
        item_def_encode(def, out);
    item_def_unref(def);
    return def != NULL;
}

static bool batch_again(const uint8_t *bytes, size_t size, struct buf *out)
{
    struct store_batch batch = {.at_ms = 0};
    struct fault fault;
    struct arena arena;

    arena_init(&arena);
    bool read = batch_decode(bytes, size, &arena, &batch, &fault) == RC_OK;
    if (read)
        batch_encode(&batch, out);
    arena_done(&arena);
    return read;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    bool (*again)(const uint8_t *bytes, size_t size, struct buf *out) = size == 0       ? NULL
                                                                        : *bytes == 'c' ? course_again
                                                                        : *bytes == 'i' ? item_again
                                                                        : *bytes == 'b' ? batch_again
                                                                                        : learner_again;
    struct buf once = {0}, twice = {0};
    uint8_t *copy = (uint8_t *)world_text(bytes, size);

    if (again && again(copy + 1, size - 1, &once)) {
        MUST(again((const uint8_t *)once.bytes, once.size, &twice), "what was written cannot be read");
        MUST(once.size == twice.size && (!once.size || memcmp(once.bytes, twice.bytes, once.size) == 0),
             "a row comes back as another");
    }
    buf_done(&once);
    buf_done(&twice);
    free(copy);
    return 0;
}
