#include "cli/serve_snapshots.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/monotonic.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/options.h"

enum {
    LOOK_EVERY_MS = 1000,
    AGAIN_AFTER_MS = 600000,
    STOP_LOOK_MS = 10,
    STOP_LOOKS = 100, /* a second */
    PLACE_BYTES = 4000,
    NAME_BYTES = 24,
    ARGUMENTS_MAX = 256
};

extern char **environ;

/* "2026-03-01T120000Z.db": what is named so is ours to remove. */
static bool is_snapshot(const char *name)
{
    static const char like[] = "0000-00-00T000000Z.db";

    for (size_t i = 0; i < sizeof like; i++)
        if (like[i] == '0' ? name[i] < '0' || name[i] > '9' : name[i] != like[i])
            return false;
    return true;
}

/* Where they are. False: the path is too long. */
static bool place_of(const struct settings *settings, char *out, size_t room)
{
    int size = *settings->snapshot_dir ? snprintf(out, room, "%s", settings->snapshot_dir)
                                       : snprintf(out, room, "%s/snapshots", settings->data);
    return size > 0 && (size_t)size + NAME_BYTES + sizeof ".part" < room;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int chosen(const struct dirent *entry)
{
    return is_snapshot(entry->d_name);
}

/* Its keys first: without their snapshot they would stay for ever. */
static void remove_snapshot(const char *path)
{
    char key[4096 + 16];

    for (int i = 0; i < CLI_KEY_COUNT; i++) {
        (void)snprintf(key, sizeof key, "%s.%s", path, cli_key_names[i]); /* fits */
        (void)unlink(key);                                                /* most have none */
    }
    (void)unlink(path); /* likewise what it cannot remove stays */
}

/* Removes the oldest beyond keep. The newest one's instant; 0: there is none. */
static int64_t sweep(const char *place, int64_t keep)
{
    struct dirent **found = NULL;
    int count = scandir(place, &found, chosen, by_name);
    int64_t newest_ms = 0;
    char path[4096];

    for (int i = 0; i < count; i++) {
        struct stat is;
        (void)snprintf(path, sizeof path, "%s/%s", place, found[i]->d_name); /* place_of left room for it */
        if (i < count - keep)
            remove_snapshot(path); /* tried again at the next one */
        else if (stat(path, &is) == 0)
            newest_ms = (int64_t)is.st_mtim.tv_sec * 1000;
        free(found[i]);
    }
    free(found);
    return newest_ms;
}

/* milepost backup PATH, with the settings that the server was called with. */
static pid_t begin(const char *path, bool with_keys, int argc, char **argv)
{
    char keys[] = "--with-keys";
    char *arguments[ARGUMENTS_MAX + 5] = {argv[0], (char[]){"backup"}, (char *)(uintptr_t)path};
    posix_spawnattr_t attributes;
    sigset_t none, all;
    pid_t child = 0;
    int count = 3;

    if (with_keys)
        arguments[count++] = keys;
    for (int i = 2; i < argc && i < ARGUMENTS_MAX; i++)
        arguments[count++] = argv[i];
    (void)sigemptyset(&none); /* nothing here can fail but the spawn */
    (void)sigfillset(&all);
    (void)posix_spawnattr_init(&attributes);
    (void)posix_spawnattr_setsigmask(&attributes, &none);
    (void)posix_spawnattr_setsigdefault(&attributes, &all);
    (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    int failed = posix_spawn(&child, "/proc/self/exe", NULL, &attributes, arguments, environ);
    (void)posix_spawnattr_destroy(&attributes);
    if (failed)
        (void)cli_complain("snapshot", strerror(failed));
    return failed ? 0 : child;
}

/* The figures say so too, and it is tried again after a while. */
static void note_failure(struct snapshots *snapshots)
{
    atomic_fetch_add(&snapshots->failures, 1);
    snapshots->next_look_ms = monotonic_ms() + AGAIN_AFTER_MS;
}

static void end(struct snapshots *snapshots, const struct settings *settings, const char *place)
{
    int status = 0;

    if (waitpid(snapshots->child, &status, WNOHANG) != snapshots->child)
        return;
    snapshots->child = 0;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        (void)fprintf(stderr, "<6>milepost: snapshot: %s\n", snapshots->path); /* for whoever watches */
        atomic_store(&snapshots->last_s, sweep(place, settings->snapshot_keep) / 1000);
        atomic_store(&snapshots->last_took_ms, monotonic_ms() - snapshots->began_ms);
        return;
    }
    (void)cli_complain("snapshot", "it failed, see above; tried again in ten minutes");
    note_failure(snapshots);
}

void serve_snapshots_look(struct snapshots *snapshots, const struct settings *settings, int argc, char **argv)
{
    int64_t now_ms = monotonic_ms(), every_ms = settings->snapshot_every_h * 3600000;
    char place[PLACE_BYTES];

    atomic_store(&snapshots->every_s, every_ms / 1000);
    if (every_ms == 0 || now_ms < snapshots->next_look_ms || !place_of(settings, place, sizeof place))
        return;
    snapshots->next_look_ms = now_ms + LOOK_EVERY_MS;
    if (snapshots->child) {
        end(snapshots, settings, place);
        return;
    }
    int64_t newest_ms = sweep(place, settings->snapshot_keep);
    atomic_store(&snapshots->last_s, newest_ms / 1000);
    if (cli_now_ms() - newest_ms < every_ms)
        return;
    time_t now = (time_t)(cli_now_ms() / 1000);
    struct tm utc;
    char name[NAME_BYTES];
    (void)gmtime_r(&now, &utc);                                     /* a clock that runs can be read */
    (void)strftime(name, sizeof name, "%Y-%m-%dT%H%M%SZ.db", &utc); /* fits */
    (void)snprintf(snapshots->path, sizeof snapshots->path, "%s/%s", place, name); /* likewise */
    snapshots->began_ms = now_ms;
    snapshots->child = cli_make_directory(*settings->snapshot_dir ? "snapshot_dir" : "data", place) == 0
                           ? begin(snapshots->path, settings->snapshot_with_keys, argc, argv)
                           : 0;
    if (!snapshots->child)
        note_failure(snapshots);
}

void serve_snapshots_write(const struct snapshots *snapshots, struct buf *out)
{
    buf_printf(
        out,
        "# HELP milepost_snapshot_every_seconds snapshot_every; 0: the server takes none.\n"
        "# TYPE milepost_snapshot_every_seconds gauge\n"
        "milepost_snapshot_every_seconds %lld\n"
        "# HELP milepost_snapshot_last_success_timestamp_seconds Instant of the newest; 0: there is none.\n"
        "# TYPE milepost_snapshot_last_success_timestamp_seconds gauge\n"
        "milepost_snapshot_last_success_timestamp_seconds %lld\n"
        "# HELP milepost_snapshot_last_duration_seconds How long the last one took since the start.\n"
        "# TYPE milepost_snapshot_last_duration_seconds gauge\n"
        "milepost_snapshot_last_duration_seconds %.3f\n"
        "# HELP milepost_snapshot_failures_total Snapshots that failed since the start.\n"
        "# TYPE milepost_snapshot_failures_total counter\n"
        "milepost_snapshot_failures_total %llu\n",
        atomic_load(&snapshots->every_s), atomic_load(&snapshots->last_s),
        (double)atomic_load(&snapshots->last_took_ms) / 1e3, atomic_load(&snapshots->failures));
}

int serve_snapshots_check(const struct settings *settings)
{
    char place[PLACE_BYTES];
    size_t size = strlen(settings->snapshot_dir);

    if (settings->snapshot_every_h == 0 || size == 0)
        return 0;
    if (!place_of(settings, place, sizeof place))
        return cli_complain("snapshot_dir", "the path is too long");
    while (access(place, F_OK) != 0) {
        char *slash = strrchr(place, '/');
        if (errno != ENOENT)
            return cli_complain("snapshot_dir", strerror(errno));
        if (!slash || slash == place)
            (void)snprintf(place, sizeof place, "%s", slash ? "/" : "."); /* fits */
        else
            *slash = '\0';
    }
    struct stat is;
    if (stat(place, &is) != 0 || !S_ISDIR(is.st_mode))
        return cli_complain("snapshot_dir", strerror(ENOTDIR));
    return access(place, W_OK | X_OK) == 0 ? 0 : cli_complain("snapshot_dir", strerror(errno));
}

/* A command that is told to end removes the copies it made; one that does not end is killed. */
static void end_child(pid_t child)
{
    (void)kill(child, SIGTERM); /* it is ours and was not waited for */
    for (int i = 0; i < STOP_LOOKS; i++) {
        if (waitpid(child, NULL, WNOHANG) == child)
            return;
        (void)nanosleep(&(struct timespec){0, STOP_LOOK_MS * 1000000}, NULL); /* cut is fine */
    }
    (void)kill(child, SIGKILL);
    (void)waitpid(child, NULL, 0);
}

void serve_snapshots_stop(struct snapshots *snapshots)
{
    char part[sizeof snapshots->path + sizeof ".part-journal"];

    if (!snapshots->child)
        return;
    end_child(snapshots->child);
    snapshots->child = 0;
    (void)snprintf(part, sizeof part, "%s.part", snapshots->path);         /* fits */
    (void)unlink(part);                                                    /* worth nothing */
    (void)snprintf(part, sizeof part, "%s.part-journal", snapshots->path); /* fits */
    (void)unlink(part);
}
