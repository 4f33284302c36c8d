#include "world.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/monotonic.h"

/* The seeds of tests/fuzz/corpus as they are, then changed at random, through the same targets that libFuzzer
 * runs: what any compiler can do, in any build, in a few seconds. Usage: fuzz_changed SECONDS CORPUS INPUT
 * [NAME...]. The input under way is always in the file INPUT, so it is known when the process ends by it. */

enum { INPUT_MAX = 8192, SEEDS_MAX = 256, CALL_S = 20 };

#define TARGET(name) int fuzz_##name(const uint8_t *bytes, size_t size);
#define TARGETS(X)                                                                                           \
    X(events)                                                                                                \
    X(face) X(gzip) X(import) X(jwks) X(merge) X(restore) X(rows) X(settings) X(token) X(websocket)
TARGETS(TARGET)

static const struct {
    const char *name;
    int (*run)(const uint8_t *bytes, size_t size);
} targets[] = {
#define ROW(name) {#name, fuzz_##name},
    TARGETS(ROW)
    /* the faces' corpora are one target's */
    {"pts", fuzz_face},
    {"courseroom", fuzz_face},
    {"trk", fuzz_face},
    {"logs", fuzz_face},
    {"video", fuzz_face},
    {"own", fuzz_face},
    {"head", fuzz_face},
};

struct seed {
    uint8_t *bytes;
    size_t size;
};

static struct seed seeds[SEEDS_MAX];
static size_t seed_count;
static struct {
    uint64_t size;
    uint8_t bytes[INPUT_MAX];
} * input; /* in a file */
static uint64_t random_state = 88172645463325252;

static uint32_t any(uint32_t below)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return below ? (uint32_t)(random_state >> 32) % below : 0;
}

static void add_seed(const char *folder, const char *name)
{
    char path[512];
    uint8_t *bytes = malloc(INPUT_MAX);

    (void)snprintf(path, sizeof path, "%s/%s", folder, name); /* fits */
    FILE *file = fopen(path, "r");
    MUST(bytes && file && seed_count < SEEDS_MAX, "%s", path);
    seeds[seed_count++] = (struct seed){bytes, fread(bytes, 1, INPUT_MAX, file)};
    (void)fclose(file);
}

static void read_seeds(const char *folder)
{
    DIR *names = opendir(folder);

    MUST(names, "%s", folder);
    while (seed_count)
        free(seeds[--seed_count].bytes);
    for (struct dirent *entry; (entry = readdir(names));)
        if (entry->d_name[0] != '.')
            add_seed(folder, entry->d_name);
    (void)closedir(names);
    MUST(seed_count, "%s is empty", folder);
}

/* Room for, or less by, so many bytes at a place. */
static void put(size_t at, size_t out, const uint8_t *bytes, size_t in)
{
    if (input->size - out + in > INPUT_MAX)
        return;
    memmove(input->bytes + at + in, input->bytes + at + out, input->size - at - out);
    if (in)
        memmove(input->bytes + at, bytes, in);
    input->size += in - out;
}

static void change(void)
{
    static const char *const words[] = {"0",
                                        "-1",
                                        "9007199254740993",
                                        "1e400",
                                        "null",
                                        "true",
                                        "\"\"",
                                        "{}",
                                        "[]",
                                        "\\u0000",
                                        "%2F",
                                        "%00",
                                        "\xc3\x28",
                                        "..",
                                        ",",
                                        "\"",
                                        "\n",
                                        "&",
                                        "=",
                                        "999999999999999999999"};
    size_t at = any((uint32_t)input->size + 1), left = input->size - at;
    uint8_t piece[64], byte = (uint8_t)any(256);

    switch (any(6)) {
    case 0:
        if (left)
            input->bytes[at] ^= (uint8_t)(1u << any(8));
        break;
    case 1:
        put(at, left ? 1 : 0, &byte, 1);
        break;
    case 2:
        put(at, any((uint32_t)(left < 32 ? left : 32) + 1), NULL, 0);
        break;
    case 3: {
        const char *word = words[any(sizeof words / sizeof *words)];
        put(at, any(2) && left > 3 ? 3 : 0, (const uint8_t *)word, strlen(word));
        break;
    }
    case 4: { /* a piece of itself once more */
        size_t size = any((uint32_t)(left < sizeof piece ? left : sizeof piece) + 1);
        memcpy(piece, input->bytes + at, size);
        put(any((uint32_t)input->size + 1), 0, piece, size);
        break;
    }
    default: { /* a piece of another seed */
        const struct seed *other = &seeds[any((uint32_t)seed_count)];
        size_t from = any((uint32_t)other->size + 1), most = other->size - from;
        put(at, 0, other->bytes + from, any((uint32_t)(most < sizeof piece ? most : sizeof piece) + 1));
    }
    }
}

static void run(int (*target)(const uint8_t *bytes, size_t size))
{
    uint8_t *copy =
        (uint8_t *)world_text(input->bytes, input->size); /* so that a read past its end is seen */

    (void)alarm(CALL_S);
    MUST(target(copy, input->size) == 0, "refused");
    (void)alarm(0);
    free(copy);
}

static void take(const struct seed *seed)
{
    memcpy(input->bytes, seed->bytes, seed->size);
    input->size = seed->size;
}

static unsigned run_target(int (*target)(const uint8_t *bytes, size_t size), int64_t ms)
{
    int64_t end = monotonic_ms() + ms;
    unsigned count = 0;

    for (size_t i = 0; i < seed_count; i++, count++) {
        take(&seeds[i]);
        run(target);
    }
    for (; monotonic_ms() < end; count++) {
        take(&seeds[any((uint32_t)seed_count)]);
        for (uint32_t changes = 1 + any(4); changes; changes--)
            change();
        run(target);
    }
    return count;
}

static void map_input(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    MUST(fd >= 0 && ftruncate(fd, sizeof *input) == 0, "%s", path);
    input = mmap(NULL, sizeof *input, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    MUST(input != MAP_FAILED, "%s", path);
    (void)close(fd);
}

static bool is_wanted(const char *name, char **names)
{
    if (!*names)
        return true;
    while (*names && strcmp(*names, name) != 0)
        names++;
    return *names;
}

int main(int argc, char **argv)
{
    int wanted = 0;
    char folder[256];

    MUST(argc >= 4, "usage: fuzz_changed SECONDS CORPUS INPUT [NAME...]");
    map_input(argv[3]);
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
            if (targets[i].run == fuzz_face && strcmp(targets[i].name, "face") == 0)
                continue; /* its corpora follow under their own names */
            if (!is_wanted(targets[i].name, argv + 4))
                continue;
            if (pass == 0) {
                wanted++;
                continue;
            }
            (void)snprintf(folder, sizeof folder, "%s/%s", argv[2], targets[i].name); /* fits */
            read_seeds(folder);
            unsigned count = run_target(targets[i].run, atoi(argv[1]) * INT64_C(1000) / wanted);
            (void)dprintf(1, "%s: %zu seeds, %u inputs\n", targets[i].name, seed_count, count);
        }
    while (seed_count)
        free(seeds[--seed_count].bytes);
    (void)unlink(argv[3]);
    return 0;
}
