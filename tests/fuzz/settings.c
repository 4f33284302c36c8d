#include "world.h"

#include "base/file.h"
#include "ops/settings_read.h"

/* Settings files. */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct settings settings;
    char path[128], *said = NULL;
    size_t said_size = 0;
    FILE *problems = open_memstream(&said, &said_size);

    MUST(problems, "out of memory");
    (void)snprintf(path, sizeof path, "%s/milepost.conf", world_directory());
    FILE *file = fopen(path, "w");
    MUST(file && fwrite(bytes, 1, size, file) == size && fclose(file) == 0, "%s", path);
    char *arguments[] = {"milepost", "serve", "--config", path, NULL};
    enum rc rc = settings_read(&settings, 4, arguments, 2, problems);
    (void)fclose(problems);
    MUST(rc == RC_OK || rc == RC_INVALID, "rc %d", (int)rc);
    MUST((rc == RC_INVALID) == (said_size > 0), "rc %d, and said: %s", (int)rc, said);
    settings_done(&settings);
    free(said);
    return 0;
}
