#include "world.h"

/* Requests of all faces, as one client may send them one after another: text, with %% between two. The
 * corpora pts, courseroom, trk, logs, video, own and head (paths, queries, cookies) are all run by this
 * target. */

enum { REQUESTS_MAX = 8 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const char *at = (const char *)bytes, *end = at + size;

    for (int i = 0; i < REQUESTS_MAX && at < end; i++) {
        const char *gap = memmem(at, (size_t)(end - at), "\n%%\n", 4);
        struct world_answer answer;
        world_send(at, (size_t)((gap ? gap + 1 : end) - at), &answer);
        if (getenv("FUZZ_SHOW"))
            (void)dprintf(2, "%d %s\n", answer.status, answer.body);
        free(answer.body);
        at = gap ? gap + 4 : end;
    }
    return 0;
}
