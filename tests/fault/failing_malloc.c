#include "../fuzz/world.h"

#include <dirent.h>
#include <errno.h>
#include <execinfo.h>
#include <limits.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include <openssl/crypto.h>

#include "app/engine.h"
#include "app/verify.h"
#include "auth/token.h"
#include "cli/cli.h"
#include "model/checkpoint.h"

/* Every allocation fails once, of any library and on any thread: each request of tests/fuzz/corpus is sent
 * again and again, the first time with its first allocation failing, then the second, until it gets by with
 * none. Each is answered with 503 or as always; nobody dies, nothing leaks, and the store is verified at the
 * end. The same for a start of the engine, for its end, and for the program's import. Usage: failing_malloc
 * STRIDE CORPUS [NAME...]; STRIDE 1 tries every allocation, 7 every seventh. */

enum { LIVE_MAX = 1 << 16, FRAMES = 12, STATUSES = 600, TRIES_MAX = 60 };

/* ---- allocations ---- */

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *at);

static atomic_bool armed, tracing;
static atomic_long countdown; /* allocations until one fails */
static atomic_uint failed;
static void *fired_frames[FRAMES * 2]; /* where the last one failed */

static struct library {
    const char *name;
    uintptr_t from, to;
} glib = {.name = "libglib"},       /* which ends the process, and is asked for a zone's name alone */
    jose = {.name = "libjose"},     /* which does not say why it refuses a token */
    crypto = {.name = "libcrypto"}; /* which keeps what it fetched as long as the process lives */

/* What was made while tracing and is still there. */
static struct live {
    void *at;
    size_t size;
    const char *what;
    long n;
    void *frames[FRAMES];
} lives[LIVE_MAX];
static atomic_flag lives_lock = ATOMIC_FLAG_INIT;
static const char *what_runs = "";
static long n_runs;
static _Thread_local bool inside;

static void note(void *at, size_t size)
{
    if (!at || !atomic_load(&tracing) || inside)
        return;
    struct live live = {.at = at, .size = size, .what = what_runs, .n = n_runs};
    inside = true;
    (void)backtrace(live.frames, FRAMES);
    inside = false;
    while (atomic_flag_test_and_set(&lives_lock))
        ;
    for (size_t i = ((uintptr_t)at >> 4) % LIVE_MAX, left = LIVE_MAX; left; i = (i + 1) % LIVE_MAX, left--)
        if (!lives[i].at) {
            lives[i] = live;
            break;
        }
    atomic_flag_clear(&lives_lock);
}

static void forget(void *at)
{
    if (!at || inside)
        return;
    while (atomic_flag_test_and_set(&lives_lock))
        ;
    for (size_t i = ((uintptr_t)at >> 4) % LIVE_MAX, left = 64; left; i = (i + 1) % LIVE_MAX, left--)
        if (lives[i].at == at) {
            lives[i].at = NULL;
            break;
        }
    atomic_flag_clear(&lives_lock);
}

static bool is_in(const struct library *library, const void *at)
{
    return (uintptr_t)at >= library->from && (uintptr_t)at < library->to;
}

static bool fails(const void *caller)
{
    if (!atomic_load(&armed) || inside || is_in(&glib, caller) || atomic_fetch_sub(&countdown, 1) != 1)
        return false;
    atomic_fetch_add(&failed, 1);
    inside = true;
    memset(fired_frames, 0, sizeof fired_frames);
    (void)backtrace(fired_frames, FRAMES * 2);
    inside = false;
    errno = ENOMEM;
    return true;
}

#define CALLER __builtin_return_address(0)

void *malloc(size_t size)
{
    void *at = fails(CALLER) ? NULL : __libc_malloc(size);
    note(at, size);
    return at;
}

void *calloc(size_t count, size_t size)
{
    void *at = fails(CALLER) ? NULL : __libc_calloc(count, size);
    note(at, count * size);
    return at;
}

void *realloc(void *old, size_t size)
{
    if (fails(CALLER))
        return NULL;
    forget(old);
    void *at = __libc_realloc(old, size);
    note(at, size);
    return at;
}

void *aligned_alloc(size_t alignment, size_t size)
{
    void *at = fails(CALLER) ? NULL : __libc_memalign(alignment, size);
    note(at, size);
    return at;
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
    void *at = fails(CALLER) ? NULL : __libc_memalign(alignment, size);
    note(at, size);
    if (!at)
        return ENOMEM;
    *out = at;
    return 0;
}

void free(void *at)
{
    forget(at);
    __libc_free(at);
}

static void find(struct library *library)
{
    char line[512];
    FILE *maps = fopen("/proc/self/maps", "r");

    MUST(maps, "/proc/self/maps");
    while (fgets(line, sizeof line, maps)) {
        unsigned long from, to;
        if (strstr(line, library->name) && sscanf(line, "%lx-%lx", &from, &to) == 2) {
            library->from = library->from ? library->from : from;
            library->to = to;
        }
    }
    (void)fclose(maps);
}

static bool fired_in(const struct library *library)
{
    bool is = false;

    for (size_t i = 0; i < FRAMES * 2; i++)
        is |= fired_frames[i] && is_in(library, fired_frames[i]);
    return is;
}

static void arm(const char *what, long n)
{
    what_runs = what;
    n_runs = n;
    atomic_store(&failed, 0);
    atomic_store(&countdown, n);
    atomic_store(&armed, n > 0);
}

static void disarm(void)
{
    atomic_store(&armed, false);
    n_runs = 0;
}

/* ---- requests ---- */

static long stride = 1;
static unsigned bad, tried;
static long n_next;
static const char *what_next;

static void handles(bool begins)
{
    if (begins)
        arm(what_next, n_next);
    else
        disarm();
}

static int status_of(const char *request, size_t size, long n)
{
    struct world_answer answer;

    n_next = n;
    world_send(request, size, &answer);
    free(answer.body);
    return answer.status;
}

/* One request, with its n-th allocation failing, for each n there is. */
static void try_request(const char *what, const char *request, size_t size)
{
    static bool usual[STATUSES];

    memset(usual, 0, sizeof usual);
    what_next = what;
    usual[status_of(request, size, 0)] = true;
    for (long n = 1 + (long)(tried % (unsigned)stride);; n += stride) {
        int status = status_of(request, size, n);
        bool fired = atomic_load(&failed) > 0;
        usual[status_of(request, size, 0)] = true;
        tried++;
        if (status != 503 && !usual[status] && !(status == 401 && fired_in(&jose))) {
            (void)dprintf(1, "%s, allocation %ld: answered with %d\n", what, n, status);
            backtrace_symbols_fd(fired_frames + 2, FRAMES - 2, 1);
            bad++;
        }
        if (!fired)
            break;
    }
}

static void try_seed(const char *name, const char *path)
{
    static char text[8192];
    FILE *file = fopen(path, "r");

    MUST(file, "%s", path);
    size_t size = fread(text, 1, sizeof text - 1, file);
    (void)fclose(file);
    for (char *at = text, *end = text + size; at < end;) {
        char *gap = memmem(at, (size_t)(end - at), "\n%%\n", 4), what[160];
        size_t length = (size_t)((gap ? gap + 1 : end) - at);
        (void)snprintf(what, sizeof what, "%s: %.*s", name, (int)strcspn(at, "\n"), at);
        char *kept = strdup(what); /* a leak names it later */
        try_request(kept, at, length);
        at = gap ? gap + 4 : end;
    }
}

static void try_corpus(const char *corpus, const char *name)
{
    char folder[256], path[600];
    struct dirent **entries;

    (void)snprintf(folder, sizeof folder, "%s/%s", corpus, name); /* fits */
    int count = scandir(folder, &entries, NULL, alphasort);
    MUST(count > 2, "%s", folder);
    for (int i = 0; i < count; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name); /* fits */
        if (entries[i]->d_name[0] != '.')
            try_seed(name, path);
        free(entries[i]);
    }
    free(entries);
}

/* ---- a start and an end ---- */

static int64_t now_ms(void)
{
    return 1900000000000;
}

/* Whether it started. */
static bool start_and_end(const char *directory)
{
    struct policy policy = {.now_ms = now_ms};
    struct store *store = NULL;
    struct engine *engine = NULL;
    struct idempotency *answers = NULL;
    struct service *service = NULL;
    struct fault fault = {NULL, NULL};
    enum rc rc = store_open(&(struct store_place){.directory = directory}, &store, &fault);
    bool opened = rc == RC_OK;

    if (rc == RC_OK)
        rc = engine_new(store, &policy, NULL, &engine, &fault);
    if (rc == RC_OK)
        rc = idempotency_new(store, now_ms(), &answers, &fault);
    if (rc == RC_OK)
        rc = service_new(engine, &service, &fault);
    if (rc == RC_OK)
        rc = engine_start(engine, &fault);
    if (rc != RC_OK && !fault.message) {
        (void)dprintf(1, "a start failed without a word: %d\n", (int)rc);
        bad++;
    }
    engine_free(engine);
    service_free(service);
    idempotency_free(answers);
    if (opened)
        store_close(store);
    return rc == RC_OK;
}

static void verify(char *directory)
{
    char *words[] = {"milepost", "verify", "--data", directory, NULL};

    MUST(cli_verify(4, words) == 0, "the store is not whole: %s", directory);
}

static void copy(const char *from, const char *to)
{
    char command[1024];

    (void)snprintf(command, sizeof command, "rm -rf %s && cp -r %s %s && rm -f %s/lock", to, from, to, to);
    MUST(system(command) == 0, "%s", command);
}

/* How far apart the tries are that TRIES_MAX of them reach all allocations of what takes this many. */
static long step_for(long allocations)
{
    return allocations / TRIES_MAX > stride ? allocations / TRIES_MAX : stride;
}

/* from: of a server that runs, so nothing of it is in a checkpoint. */
static void try_start(const char *from, bool checkpointed)
{
    char directory[128];
    const char *what = checkpointed ? "start on a checkpoint" : "start on events";
    long step = 1;

    (void)snprintf(directory, sizeof directory, "%s/started", world_directory());
    for (long n = LONG_MAX / 2, last = 0; n > 0; n = n <= step ? 0 : (n > last ? last : n) - step) {
        if (!checkpointed || !last)
            copy(from, directory);
        if (checkpointed && !last)
            MUST(start_and_end(directory), "no start");
        arm(what, n);
        (void)start_and_end(directory); /* either */
        disarm();
        tried++;
        MUST(start_and_end(directory), "no start after allocation %ld failed", n);
        verify(directory);
        if (!last) {
            last = n - atomic_load(&countdown);
            step = step_for(last);
        }
    }
}

/* ---- import ---- */

static void try_import(const char *corpus)
{
    char file[256], directory[128];
    long step = 1;

    (void)snprintf(file, sizeof file, "%s/import/whole", corpus); /* fits */
    (void)snprintf(directory, sizeof directory, "%s/imported", world_directory());
    char *words[] = {"milepost", "import", file, "--data", directory, NULL};
    for (long n = LONG_MAX / 2, last = 0; n > 0; n = n <= step ? 0 : (n > last ? last : n) - step) {
        store_remove(directory);
        arm("import", n);
        int status = cli_import(5, words);
        disarm();
        tried++;
        if (status == 0)
            verify(directory);
        else if (status != 1 || !last) {
            (void)dprintf(1, "import, allocation %ld: exit %d\n", n, status);
            bad++;
        }
        if (!last) {
            last = n - atomic_load(&countdown);
            step = step_for(last);
        }
    }
}

/* ---- what is left ---- */

static unsigned report_lives(void)
{
    unsigned count = 0;

    atomic_store(&tracing, false); /* from here on nothing else is there */
    for (size_t i = 0; i < LIVE_MAX; i++)
        if (lives[i].at && lives[i].n > 0 && !is_in(&crypto, lives[i].frames[2]) && count++ < 10) {
            (void)dprintf(1, "leaked: %zu bytes, %s, allocation %ld\n", lives[i].size, lives[i].what,
                          lives[i].n);
            backtrace_symbols_fd(lives[i].frames + 1, FRAMES - 1, 1);
        }
    return count;
}

int main(int argc, char **argv)
{
    static const char *const names[] = {"pts", "courseroom", "trk", "logs", "video", "own", "head"};
    void *unused[2];

    MUST(argc >= 3, "usage: failing_malloc STRIDE CORPUS [NAME...]");
    stride = atol(argv[1]);
    find(&glib);
    find(&jose);
    find(&crypto);
    (void)backtrace(unused, 2); /* it allocates the first time */
    world_hush();
    world_handles = handles;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        bool wanted = argc == 3;
        for (int k = 3; k < argc; k++)
            wanted |= strcmp(argv[k], names[i]) == 0;
        unsigned before = tried;
        /* what the first life leaves in caches of the process is not looked at */
        atomic_store(&tracing, true);
        if (wanted)
            try_corpus(argv[2], names[i]);
        if (wanted)
            (void)dprintf(1, "%s: %u tries\n", names[i], tried - before);
    }
    if (argc == 3) {
        char from[128];
        (void)snprintf(from, sizeof from, "%s/before", world_directory());
        copy(world_data(), from);
        try_start(from, false);
        try_start(from, true);
        atomic_store(&tracing, false); /* the program ends with its command */
        try_import(argv[2]);
        (void)dprintf(1, "starts and imports: tried\n");
    }
    world_end();
    OPENSSL_thread_stop(); /* its notes of what went wrong */
    bad += report_lives();
    (void)dprintf(1, "%u allocations failed, %u of them badly\n", tried, bad);
    return bad ? 1 : 0;
}
