/* Counted work, for tests/worst/growth.mjs: how much a program did, without a clock. Linked into a build made
 * with -Dcount_work=true, in which the compiler calls __sanitizer_cov_trace_pc at every basic block of our
 * code; what the C library and SQLite do for us is counted at the calls: bytes moved, compared or set in
 * units of a cache line, allocations, and the steps of SQLite's virtual machine. COUNTED_WORK_FILE names a
 * file of SLOTS slots, one a thread, that the test reads while the program runs. */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <sqlite3.h>

#define UNCOUNTED __attribute__((no_sanitize_coverage))

enum { SLOTS = 256, LINE = 64 };

struct slot {
    uint64_t work;
    char thread[24];
};

static struct slot unread[SLOTS], *slots = unread;
static atomic_uint taken;
static _Thread_local struct slot *mine;

void __sanitizer_cov_trace_pc(void);
void *__real_memcpy(void *to, const void *from, size_t size);
void *__real_memmove(void *to, const void *from, size_t size);
void *__real_memset(void *to, int byte, size_t size);
int __real_memcmp(const void *a, const void *b, size_t size);
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
int __real_sqlite3_step(sqlite3_stmt *statement);
void *__wrap_memcpy(void *to, const void *from, size_t size);
void *__wrap_memmove(void *to, const void *from, size_t size);
void *__wrap_memset(void *to, int byte, size_t size);
int __wrap_memcmp(const void *a, const void *b, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
int __wrap_sqlite3_step(sqlite3_stmt *statement);

UNCOUNTED __attribute__((constructor)) static void open_file(void)
{
    const char *path = getenv("COUNTED_WORK_FILE");
    int file = path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;

    if (file < 0)
        return;
    if (ftruncate(file, (off_t)sizeof unread) == 0) {
        void *at = mmap(NULL, sizeof unread, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        if (at != MAP_FAILED)
            slots = at;
    }
    (void)close(file);
}

UNCOUNTED static void count(uint64_t work)
{
    if (!mine) {
        unsigned slot = atomic_fetch_add(&taken, 1);
        mine = &slots[slot < SLOTS ? slot : SLOTS - 1];
    }
    /* a thread names itself after its start */
    if (mine->work >> 12 != (mine->work + work) >> 12 || !mine->thread[0])
        (void)pthread_getname_np(pthread_self(), mine->thread, sizeof mine->thread);
    mine->work += work;
}

UNCOUNTED void __sanitizer_cov_trace_pc(void)
{
    count(1);
}

UNCOUNTED void *__wrap_memcpy(void *to, const void *from, size_t size)
{
    count(1 + size / LINE);
    return __real_memcpy(to, from, size);
}

UNCOUNTED void *__wrap_memmove(void *to, const void *from, size_t size)
{
    count(1 + size / LINE);
    return __real_memmove(to, from, size);
}

UNCOUNTED void *__wrap_memset(void *to, int byte, size_t size)
{
    count(1 + size / LINE);
    return __real_memset(to, byte, size);
}

UNCOUNTED int __wrap_memcmp(const void *a, const void *b, size_t size)
{
    count(1 + size / LINE);
    return __real_memcmp(a, b, size);
}

UNCOUNTED void *__wrap_malloc(size_t size)
{
    count(4);
    return __real_malloc(size);
}

UNCOUNTED void *__wrap_calloc(size_t number, size_t size)
{
    count(4 + number * size / LINE);
    return __real_calloc(number, size);
}

UNCOUNTED void *__wrap_realloc(void *old, size_t size)
{
    count(4 + size / LINE);
    return __real_realloc(old, size);
}

UNCOUNTED int __wrap_sqlite3_step(sqlite3_stmt *statement)
{
    int code = __real_sqlite3_step(statement);
    int steps = sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_VM_STEP, 1);

    count(steps > 0 ? (uint64_t)steps : 1);
    return code;
}
