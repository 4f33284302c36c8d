#include "model/checkpoint_rows.h"

#include "base/codec.h"
#include "core/learner_codec.h"
#include "model/model_private.h"

static void put_number(struct buf *out, uint64_t value)
{
    if (buf_reserve(out, VARINT_MAX_BYTES)) {
        uint8_t *at = (uint8_t *)out->bytes + out->size;
        out->size += (size_t)(put_u64(at, value) - at);
    }
}

static void put_block(struct buf *out, const struct buf *block)
{
    put_number(out, block->size);
    buf_add(out, block->bytes, block->size);
}

static void put_wide(wide total, struct buf *out)
{
    buf_printf(out, " %lld:%llu", (long long)(total >> 64), (unsigned long long)total);
}

void checkpoint_sums_encode(const struct item_sums *sums, struct buf *out)
{
    buf_printf(out, "%lld %lld %lld %lld", (long long)sums->records, (long long)sums->not_started,
               (long long)sums->in_progress, (long long)sums->completed);
    put_wide(sums->time_spent_ms, out);
    put_wide(sums->watched_s, out);
    buf_printf(out, " %lld", (long long)sums->scored);
    put_wide(sums->scores, out);
}

void checkpoint_course_encode(const struct course_def *def, const struct course_sums *sums, struct buf *row)
{
    struct buf part = {0};

    if (def)
        course_def_encode(def, &part);
    put_block(row, &part);
    row->failed |= part.failed;
    buf_clear(&part);
    course_sums_encode(sums, &part);
    put_block(row, &part);
    row->failed |= part.failed;
    buf_done(&part);
}

void checkpoint_item_encode(const struct item_def *def, const struct item_sums *sums, struct buf *row)
{
    struct buf part = {0};

    if (def)
        item_def_encode(def, &part);
    put_block(row, &part);
    row->failed |= part.failed;
    buf_clear(&part);
    checkpoint_sums_encode(sums, &part);
    put_block(row, &part);
    row->failed |= part.failed;
    buf_done(&part);
}

bool checkpoint_row_encode(const struct model *model, enum checkpoint_row_kind kind, uint32_t key,
                           struct buf *out)
{
    if (kind == CHECKPOINT_COURSE) {
        checkpoint_course_encode(course_slot(model, key)->def, &course_slot(model, key)->sums, out);
    } else if (kind == CHECKPOINT_ITEM) {
        checkpoint_item_encode(item_slot(model, key)->def, &item_slot(model, key)->sums, out);
    } else {
        const struct learner_state *state = learner_slot(model, key)->state;
        if (!state || !buf_reserve(out, learner_bound(&state->learner)))
            return false;
        out->size = learner_encode(&state->learner, (uint8_t *)out->bytes);
    }
    return !out->failed;
}
