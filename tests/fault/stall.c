/* LD_PRELOAD: every sync hangs for as long as the file STALL_FILE is there. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

static void hang(void)
{
    const char *file = getenv("STALL_FILE");
    while (file && access(file, F_OK) == 0)
        usleep(10000);
}

int fsync(int fd)
{
    hang();
    return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(fd);
}

int fdatasync(int fd)
{
    hang();
    return ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(fd);
}
