#include "face/snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "base/ident.h"

void snapshot_take(struct view view, uint32_t key, struct snapshot *out)
{
    struct learner_state *state = view_state(view, key);

    *out = (struct snapshot){state, state ? &state->learner : NULL};
}

void snapshot_done(struct snapshot *snapshot)
{
    state_unref(snapshot->state);
    *snapshot = (struct snapshot){0};
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
