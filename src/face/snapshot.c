#include "face/snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "base/ident.h"

enum { INDEX_FROM = 16 }; /* fewer records are looked through as fast */

void snapshot_take(struct view view, uint32_t key, struct snapshot *out)
{
    const struct learner_slot *slot = view_learner_slot(view, key);

    *out = (struct snapshot){0};
    if (slot && slot->state) {
        out->state = state_ref(slot->state);
        out->learner = &out->state->learner;
    }
}

void snapshot_done(struct snapshot *snapshot)
{
    state_unref(snapshot->state);
    *snapshot = (struct snapshot){0};
}

static uint32_t place_of(uint32_t item, uint32_t mask)
{
    return (uint32_t)((item * UINT64_C(0x9E3779B97F4A7C15)) >> 32) & mask;
}

bool snapshot_index(struct snapshot *snapshot, struct arena *arena)
{
    const struct learner *learner = snapshot->learner;
    uint32_t room = 64;

    if (!learner || learner->record_count < INDEX_FROM)
        return true;
    while (room < 2 * learner->record_count)
        room *= 2;
    uint32_t *table = arena_alloc(arena, room * sizeof *table);
    if (!table)
        return false;
    for (uint32_t i = 0; i < learner->record_count; i++) {
        uint32_t at = place_of(learner->items[i], room - 1);
        while (table[at])
            at = (at + 1) & (room - 1);
        table[at] = i + 1;
    }
    snapshot->table = table;
    snapshot->mask = room - 1;
    return true;
}

const struct record *snapshot_record(const struct snapshot *snapshot, uint32_t item)
{
    const struct learner *learner = snapshot->learner;
    const struct record *record = NULL;

    if (learner && !snapshot->table)
        record = item ? learner_record(learner, item) : NULL;
    for (uint32_t at = place_of(item, snapshot->mask); learner && snapshot->table && snapshot->table[at];
         at = (at + 1) & snapshot->mask)
        if (learner->items[snapshot->table[at] - 1] == item)
            record = &learner->records[snapshot->table[at] - 1];
    return record && record->flags & RECORD_REPORTED ? record : NULL;
}

bool cursor_read(const char *text, int64_t *out, int count)
{
    for (int i = 0; i < count; i++, text++) {
        size_t size = strcspn(text, "."), sign = *text == '-'; /* instants may lie before 1970 */
        if (!ident_integer(text + sign, size - sign, &out[i]))
            return false;
        out[i] = sign ? -out[i] : out[i];
        text += size;
        if (*text != (i + 1 < count ? '.' : '\0'))
            return false;
    }
    return true;
}
