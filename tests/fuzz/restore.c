#include "world.h"

#include <unistd.h>

#include "cli/cli.h"
#include "store/store.h"

/* Backups that somebody changed: restored whole or not at all. An input is a list of changes to a good backup
 * that is made at the start: three bytes of place (low first), one of length, the bytes to put there. */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static struct {
    char *bytes;
    size_t size;
} good;

static void make_good(void)
{
    static const char *const requests[] = {
        "PUT /api/v1/catalog/courses/7\nAs: admin "
        "root\n\n{\"title\":\"Maths\",\"contents\":[{\"id\":\"v1\",\"type\":"
        "\"video\",\"durationSeconds\":100},{\"id\":\"8\",\"type\":\"test\"}]}",
        "POST /progress/update\nAs: student 5\n\n{\"userId\":\"5\",\"videoId\":\"v1\",\"courseId\":\"7\","
        "\"watchedDuration\":50,\"segments\":[[0,50]]}",
        "POST /api/progress/log\nAs: student 5\n\n{\"user_id\":\"5\",\"activity\":\"read\"}",
        "POST /user-progress/update\nAs: student "
        "6\n\n{\"courseId\":7,\"courseContentId\":8,\"progressStatus\":\"COMPLETED\"}",
    };
    struct fault fault;
    uint64_t events;
    char file[128];

    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        struct world_answer answer;
        world_send(requests[i], strlen(requests[i]), &answer);
        MUST(answer.status < 300, "%s", answer.body);
        free(answer.body);
    }
    (void)snprintf(file, sizeof file, "%s/good", world_directory());
    MUST(store_backup(world_data(), file, NULL, &events, &fault) == RC_OK, "%s", fault_why(&fault));
    FILE *in = fopen(file, "r");
    good.bytes = malloc(1 << 20);
    MUST(in && good.bytes && (good.size = fread(good.bytes, 1, 1 << 20, in)) > 0 && fclose(in) == 0, "%s",
         file);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char file[128], directory[128];
    const uint8_t *at = bytes, *end = bytes + size;

    if (!good.bytes)
        make_good();
    world_hush();
    char *changed = world_text((const uint8_t *)good.bytes, good.size);
    while (end - at > 4) {
        size_t place = (at[0] + at[1] * 256u + at[2] * 65536u) % good.size, length = at[3];
        at += 4;
        for (size_t i = 0; i < length && at < end && place + i < good.size; i++)
            changed[place + i] = (char)*at++;
    }
    (void)snprintf(file, sizeof file, "%s/changed", world_directory());
    (void)snprintf(directory, sizeof directory, "%s/restored", world_directory());
    FILE *out = fopen(file, "w");
    MUST(out && fwrite(changed, 1, good.size, out) == good.size && fclose(out) == 0, "%s", file);
    free(changed);
    char *restore[] = {"milepost", "restore", file, "--data", directory, NULL};
    char *verify[] = {"milepost", "verify", "--data", directory, NULL};
    int status = cli_restore(5, restore);
    MUST(status == 0 || status == 1, "exit %d", status);
    if (status == 0)
        MUST(cli_verify(4, verify) == 0, "what was restored is not whole");
    store_remove(directory);
    return 0;
}
