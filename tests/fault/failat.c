/* failat.c - LD_PRELOAD shim: the n-th write or sync on files below $FAILAT_DIR fails, as a disk may.
 *   FAILAT_N=n        which call (1, 2, ...); 0: none, only count
 *   FAILAT_FROM=1     all from the n-th on, not only that one
 *   FAILAT_ERRNO=28   ENOSPC; 5: EIO
 *   FAILAT_COUNT=f    on exit (and every call) the number of calls so far is left in file f
 * Calls: write, pwrite, pwrite64, ftruncate, ftruncate64, fsync, fdatasync. Build: cc -O2 -shared -fPIC -o
 * failat.so failat.c -ldl */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <fcntl.h>
#include <unistd.h>

static unsigned long *calls; /* shared with the rig through a file, so that a kill loses nothing */
static unsigned long own, at;
static int from, number, ready;
static const char *dir;

static void prepare(void)
{
    if (ready)
        return;
    ready = 1;
    dir = getenv("FAILAT_DIR");
    at = getenv("FAILAT_N") ? strtoul(getenv("FAILAT_N"), NULL, 10) : 0;
    from = getenv("FAILAT_FROM") != NULL;
    number = getenv("FAILAT_ERRNO") ? atoi(getenv("FAILAT_ERRNO")) : EIO;
    calls = &own;
    const char *file = getenv("FAILAT_COUNT");
    int fd = file ? open(file, O_RDWR | O_CLOEXEC) : -1;
    if (fd >= 0) {
        void *page = mmap(NULL, sizeof *calls, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (page != MAP_FAILED)
            calls = page;
    }
}

static int fails(int fd)
{
    char link[64], path[4096];

    prepare();
    if (!dir)
        return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, sizeof path - 1);
    if (size < 0)
        return 0;
    path[size] = '\0';
    if (strncmp(path, dir, strlen(dir)) != 0 || strstr(path, "-shm"))
        return 0;
    unsigned long n = __atomic_add_fetch(calls, 1, __ATOMIC_RELAXED);
    if (!at || (from ? n < at : n != at))
        return 0;
    errno = number;
    return 1;
}

#define REAL(result, name, ...)                                                                              \
    static result (*real)(__VA_ARGS__);                                                                      \
    if (!real)                                                                                               \
    real = (result(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

ssize_t write(int fd, const void *bytes, size_t size)
{
    REAL(ssize_t, "write", int, const void *, size_t);
    return fails(fd) ? -1 : real(fd, bytes, size);
}
ssize_t pwrite(int fd, const void *bytes, size_t size, off_t o)
{
    REAL(ssize_t, "pwrite", int, const void *, size_t, off_t);
    return fails(fd) ? -1 : real(fd, bytes, size, o);
}
ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t o)
{
    REAL(ssize_t, "pwrite64", int, const void *, size_t, off64_t);
    return fails(fd) ? -1 : real(fd, bytes, size, o);
}
int ftruncate(int fd, off_t size)
{
    REAL(int, "ftruncate", int, off_t);
    return fails(fd) ? -1 : real(fd, size);
}
int ftruncate64(int fd, off64_t size)
{
    REAL(int, "ftruncate64", int, off64_t);
    return fails(fd) ? -1 : real(fd, size);
}
int fsync(int fd)
{
    REAL(int, "fsync", int);
    return fails(fd) ? -1 : real(fd);
}
int fdatasync(int fd)
{
    REAL(int, "fdatasync", int);
    return fails(fd) ? -1 : real(fd);
}
