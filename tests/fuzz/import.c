#include "world.h"

#include <unistd.h>

#include <zlib.h>

#include "cli/cli.h"

/* Exports that somebody wrote by hand: imported whole or not at all. Where the last line with its checksum is
 * missing, it is put there, so that the lines are what is tried. */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void write_file(const char *path, const uint8_t *bytes, size_t size)
{
    FILE *file = fopen(path, "w");
    const char *text = (const char *)bytes;
    unsigned events = 0;

    MUST(file && fwrite(bytes, 1, size, file) == size, "%s", path);
    for (const char *at = text, *found; (found = memmem(at, (size_t)(text + size - at), "{\"event\"", 8));
         at = found + 1)
        events++;
    if (size && text[size - 1] == '\n' && !memmem(text, size, "\"end\"", 5))
        (void)fprintf(file, "{\"end\":true,\"events\":%u,\"crc32\":%lu}\n", events,
                      crc32(crc32(0, NULL, 0), bytes, (uInt)size));
    MUST(fclose(file) == 0, "%s", path);
}

static int run(int (*command)(int argc, char **argv), char *name, char *file, char *directory)
{
    char *with_file[] = {"milepost", name, file, "--data", directory, NULL};
    char *without[] = {"milepost", name, "--data", directory, NULL};

    return command(file ? 5 : 4, file ? with_file : without);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char file[128], directory[128];

    world_hush();
    (void)snprintf(file, sizeof file, "%s/export", world_directory());
    (void)snprintf(directory, sizeof directory, "%s/data", world_directory());
    write_file(file, bytes, size);
    int status = run(cli_import, "import", file, directory);
    MUST(status == 0 || status == 1, "exit %d", status);
    if (status == 0)
        MUST(run(cli_verify, "verify", NULL, directory) == 0, "what was imported is not whole");
    store_remove(directory);
    return 0;
}
