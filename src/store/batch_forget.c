#include "store/batch_forget.h"

#include <stdlib.h>
#include <string.h>

/* The arrays are the caller's own, as batch_decode made them. */
#define OWN(type, array) ((type *)(uintptr_t)(array))

/* Of numbers, and of events, which begin with theirs. */
static int by_sequence(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return left < right ? -1 : left > right;
}

static bool forget_events(struct store_batch *batch, const struct store_forgetting *what)
{
    struct stored_event *events = OWN(struct stored_event, batch->events);
    size_t kept = 0;
    bool changed = false;

    for (size_t i = 0; i < batch->event_count; i++) {
        const uint64_t *sequence = &events[i].sequence;
        bool goes = what->sequence_count && bsearch(sequence, what->sequences, what->sequence_count,
                                                    sizeof *what->sequences, by_sequence) != NULL;
        const struct stored_event *now = goes || !what->rewritten_count
                                             ? NULL
                                             : bsearch(sequence, what->rewritten, what->rewritten_count,
                                                       sizeof *what->rewritten, by_sequence);
        struct stored_event again = now ? *now : events[i];
        if (now && what->rewrite)
            now = what->rewrite(what->rewrite_arg, &events[i], &again) ? &again : NULL;
        if (now && (now->body_size != events[i].body_size ||
                    (now->body_size && memcmp(now->body, events[i].body, now->body_size) != 0))) {
            events[i].body = now->body;
            events[i].body_size = now->body_size;
            changed = true;
        }
        changed |= goes;
        if (!goes)
            events[kept++] = events[i];
    }
    batch->event_count = kept;
    return changed;
}

static bool forget_names(struct store_batch *batch, const struct store_erasure *erasure)
{
    struct store_id *ids = OWN(struct store_id, batch->ids);
    bool changed = false;

    for (size_t i = 0; i < batch->id_count; i++) {
        bool goes = ids[i].kind == STORE_LEARNER && ids[i].key == erasure->learner;
        for (size_t j = 0; j < erasure->forgotten_count && !goes; j++)
            goes = ids[i].kind == erasure->forgotten[j].kind && ids[i].key == erasure->forgotten[j].key;
        changed |= goes && ids[i].size;
        if (goes)
            ids[i].size = 0;
    }
    return changed;
}

static bool forget_logs(struct store_batch *batch, uint32_t learner)
{
    struct store_log *logs = OWN(struct store_log, batch->logs);
    struct store_log_total *totals = OWN(struct store_log_total, batch->log_totals);
    size_t kept = 0, total_kept = 0;

    for (size_t i = 0; i < batch->log_count; i++)
        if (logs[i].learner != learner)
            logs[kept++] = logs[i];
    for (size_t i = 0; i < batch->log_total_count; i++)
        if (totals[i].learner != learner)
            totals[total_kept++] = totals[i];
    bool changed = kept != batch->log_count || total_kept != batch->log_total_count;
    batch->log_count = kept;
    batch->log_total_count = total_kept;
    return changed;
}

static bool forget_answers(struct store_batch *batch, const struct store_erasure *erasure)
{
    struct store_answer *answers = OWN(struct store_answer, batch->answers);
    size_t kept = 0;

    for (size_t i = 0; i < batch->answer_count; i++) {
        bool named = false;
        for (size_t j = 0; j < answers[i].name_count && !named; j++)
            named = answers[i].names[j].size == erasure->id_size &&
                    memcmp(answers[i].names[j].id, erasure->id, erasure->id_size) == 0;
        if (!named)
            answers[kept++] = answers[i];
    }
    bool changed = kept != batch->answer_count;
    batch->answer_count = kept;
    return changed;
}

bool batch_forget(struct store_batch *batch, const struct store_forgetting *what,
                  const struct store_erasure *erasure)
{
    bool changed = forget_events(batch, what);
    struct store_erasure *own = OWN(struct store_erasure, batch->erasure);

    if (what->done && own && own->learner == what->done && own->id_size) {
        own->id_size = 0; /* nobody needs it any more to find what names them */
        changed = true;
    }
    if (erasure) {
        changed |= forget_names(batch, erasure);
        changed |= forget_logs(batch, erasure->learner);
        changed |= forget_answers(batch, erasure);
    }
    return changed;
}
