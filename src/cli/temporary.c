#include "cli/temporary.h"

#include <assert.h>
#include <ftw.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEMPORARIES_MAX = 4, PATH_MAX_BYTES = 256, DEPTH_MAX = 8 };

struct temporaries {
    char paths[TEMPORARIES_MAX][PATH_MAX_BYTES]; /* "": none */
    pthread_mutex_t lock;                        /* of the command and who takes the signals */
    bool watched;
    sigset_t ends;
};

/* The program runs one command. */
static struct temporaries *temporaries(void)
{
    static struct temporaries own = {.lock = PTHREAD_MUTEX_INITIALIZER};
    return &own;
}

static int remove_one(const char *path, const struct stat *is, int kind, struct FTW *where)
{
    (void)is;
    (void)kind;
    (void)where;
    (void)remove(path); /* what cannot be removed stays */
    return 0;
}

/* It goes to another name first: whoever still writes below the old one can make nothing new there. */
static void remove_tree(char *path)
{
    char gone[PATH_MAX_BYTES + 8];

    if (!*path)
        return;
    (void)snprintf(gone, sizeof gone, "%s.gone", path); /* fits */
    (void)nftw(rename(path, gone) == 0 ? gone : path, remove_one, DEPTH_MAX, FTW_DEPTH | FTW_PHYS);
    *path = '\0';
}

static void remove_each(struct temporaries *own)
{
    for (int i = 0; i < TEMPORARIES_MAX; i++)
        remove_tree(own->paths[i]);
}

/* A thread, as a handler of signals may do none of this. It keeps the lock: what the command fails of
 * meanwhile waits for the end, and does not outrun it. */
static void *wait_for_end(void *arg)
{
    struct temporaries *own = arg;
    int number = 0;

    (void)sigwait(&own->ends, &number); /* cannot fail: the set is a valid one */
    (void)pthread_mutex_lock(&own->lock);
    remove_each(own);
    (void)signal(number, SIG_DFL);
    (void)pthread_sigmask(SIG_UNBLOCK, &own->ends, NULL);
    (void)raise(number);
    return NULL;
}

/* Before any other thread is started: all inherit what is blocked. */
static enum rc watch(struct temporaries *own, struct fault *fault)
{
    static const int ends[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction now;
    pthread_t thread;

    (void)sigemptyset(&own->ends); /* nothing here can fail but the thread */
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (sigaction(ends[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN) /* as nohup has it */
            (void)sigaddset(&own->ends, ends[i]);
    (void)pthread_sigmask(SIG_BLOCK, &own->ends, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    if (pthread_create(&thread, NULL, wait_for_end, own) != 0)
        return fault_set(fault, RC_INTERNAL, NULL, "cannot start a thread");
    (void)pthread_detach(thread); /* it ends with the process */
    own->watched = true;
    return RC_OK;
}

enum rc temporary_make(char *out, size_t size, struct fault *fault)
{
    struct temporaries *own = temporaries();
    const char *base = getenv("TMPDIR");
    char *free_one = NULL;
    enum rc rc = own->watched ? RC_OK : watch(own, fault);

    if (rc != RC_OK)
        return rc;
    (void)pthread_mutex_lock(&own->lock);
    for (int i = 0; i < TEMPORARIES_MAX && !free_one; i++)
        free_one = own->paths[i][0] ? NULL : own->paths[i];
    assert(free_one); /* a command has two at most */
    (void)snprintf(free_one, PATH_MAX_BYTES, "%.200s/milepost-copy-XXXXXX",
                   base && *base ? base : "/tmp"); /* fits */
    if (!mkdtemp(free_one)) {
        *free_one = '\0';
        rc = fault_set(fault, RC_INTERNAL, NULL, "cannot make a temporary directory");
    } else {
        (void)snprintf(out, size, "%s", free_one); /* the caller's has the same room */
    }
    (void)pthread_mutex_unlock(&own->lock);
    return rc;
}

void temporary_remove(const char *path)
{
    struct temporaries *own = temporaries();

    (void)pthread_mutex_lock(&own->lock);
    for (int i = 0; i < TEMPORARIES_MAX; i++)
        if (strcmp(own->paths[i], path) == 0)
            remove_tree(own->paths[i]);
    (void)pthread_mutex_unlock(&own->lock);
}

void temporary_remove_all(void)
{
    struct temporaries *own = temporaries();

    (void)pthread_mutex_lock(&own->lock);
    remove_each(own);
    (void)pthread_mutex_unlock(&own->lock);
}
