#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/commands.h"
#include "cli/database.h"
#include "cli/log_copy.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "ops/key_files.h"

/* backup, restore: the events as one file, and the keys that the data directory has beside it. */

const char *const cli_key_names[CLI_KEY_COUNT] = {"jwt.secret", "server.key"};

/* "place" "gap" "name". False: it is too long for a path. */
static bool key_path(char out[4096], const char *place, const char *gap, const char *name)
{
    return snprintf(out, 4096, "%s%s%s", place, gap, name) < 4096;
}

static bool is_there(const char *place, const char *gap, const char *name)
{
    char path[4096];

    return key_path(path, place, gap, name) && access(path, F_OK) == 0;
}

/* Keys that lie beside the backup already are somebody's. 0, or an exit status. */
static int look_for_copies(const char *file)
{
    for (int i = 0; i < CLI_KEY_COUNT; i++)
        if (is_there(file, ".", cli_key_names[i]))
            return cli_complain(file, "keys lie beside this file already; nothing was changed");
    return 0;
}

/* The same in a directory that is restored into; one that the backup does not bring stays. */
static int look_for_keys(const char *file, const char *directory)
{
    for (int i = 0; i < CLI_KEY_COUNT; i++)
        if (is_there(file, ".", cli_key_names[i]) && is_there(directory, "/", cli_key_names[i]))
            return cli_complain(directory, "keys lie in this directory already; nothing was changed");
    return 0;
}

/* One key: from and to are paths. False: it was said why. */
static bool copy_key(const char *from, const char *to)
{
    struct fault fault = {NULL, NULL};
    char *key = NULL;
    size_t size = 0;

    if (key_read(from, &key, &size, &fault) != RC_OK) {
        (void)cli_complain(from, fault_why(&fault));
        return false;
    }
    key[size] = '\n'; /* where key_read has put its end */
    bool written = file_write_whole(to, key, size + 1);
    if (!written)
        (void)cli_complain(to, strerror(errno));
    explicit_bzero(key, size);
    free(key);
    return written;
}

/* Takes back what copy_keys copied. What was there before it lies where it found none. */
static void remove_keys(const char *from, const char *from_gap, const char *to, const char *to_gap)
{
    char target[4096];

    for (int i = 0; i < CLI_KEY_COUNT; i++)
        if (is_there(from, from_gap, cli_key_names[i]) && key_path(target, to, to_gap, cli_key_names[i]))
            (void)unlink(target); /* or the next try would take it for somebody's */
}

/* The keys there are. How many; -1: one could not be copied, which was said, and none is. */
static int copy_keys(const char *from, const char *from_gap, const char *to, const char *to_gap)
{
    char source[4096], target[4096];
    int count = 0;

    for (int i = 0; i < CLI_KEY_COUNT; i++) {
        if (!is_there(from, from_gap, cli_key_names[i]))
            continue;
        if (!key_path(source, from, from_gap, cli_key_names[i]) ||
            !key_path(target, to, to_gap, cli_key_names[i]) || !copy_key(source, target)) {
            remove_keys(from, from_gap, to, to_gap);
            return -1;
        }
        count++;
    }
    return count;
}

/* FILE, a command's own options and the settings of the command line. 0, or an exit status. */
static int read_file_argument(int argc, char **argv, const struct cli_option *own, int own_count,
                              const char **out_file, struct settings *out_settings)
{
    int words;
    int status = cli_read(argc, argv, own, own_count, out_file, 1, &words, out_settings);

    if (status == 0 && !*out_file) {
        /* nowhere else to say it */
        (void)fprintf(stderr, "usage: milepost %s %s (milepost %s --help says more)\n", argv[1],
                      cli_command_find(argv[1])->usage, argv[1]);
        status = 2;
    }
    return status;
}

/* What a server with these settings needs, and --with-keys has not copied; nothing: all of it was. */
static void say_left_out(const struct settings *settings)
{
    const char *const names[CLI_KEY_COUNT] = {"jwt_secret_file", "server_key_file"};
    const char *const files[CLI_KEY_COUNT] = {settings->jwt_secret_file, settings->server_key_file};
    const bool is_needed[CLI_KEY_COUNT] = {!*settings->jwks_url && !*settings->jwt_public_key_file, true};
    const char *before = "; not in it: ";

    for (int i = 0; i < CLI_KEY_COUNT; i++) {
        if (*files[i])
            (void)printf("%sthe key of %s (%s)", before, names[i], files[i]); /* nowhere else to say it */
        else if (is_needed[i] && !is_there(settings->data, "/", cli_key_names[i]))
            (void)printf("%s%s (it is %s)", before, cli_key_names[i],
                         *settings->database ? "in the database"
                                             : "not in the data directory"); /* likewise */
        else
            continue;
        before = ", ";
    }
}

int cli_backup(int argc, char **argv)
{
    struct settings settings;
    struct fault fault = {NULL, NULL};
    const char *file = NULL, *with_keys = NULL;
    const struct cli_option own[] = {{"--with-keys", &with_keys, true}};
    uint64_t events = 0;
    int status = read_file_argument(argc, argv, own, 1, &file, &settings);

    if (status)
        return status;
    int fd =
        open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600); /* tried first: it says best why not */
    if (fd < 0)
        return cli_complain(file, errno == EEXIST ? "the file is there already; nothing was changed"
                                                  : strerror(errno));
    (void)close(fd);    /* nothing was written */
    (void)unlink(file); /* likewise */
    if (with_keys && (status = look_for_copies(file)) != 0)
        return status;                     /* before the work */
    const char *directory = settings.data; /* where the keys are */
    status = cli_bring_reader(&settings);
    if (status)
        return status;
    struct progress progress = {.what = NULL};
    enum rc rc =
        store_backup(settings.data, file, &(struct store_watch){progress_watch, &progress}, &events, &fault);
    progress_end(&progress);
    settings.data = directory;
    if (rc != RC_OK)
        return cli_complain(rc == RC_NOT_FOUND ? settings.data : file, fault_why(&fault));
    int keys = with_keys ? copy_keys(settings.data, "/", file, ".") : 0;
    if (keys < 0) {
        (void)unlink(file); /* without the keys that were asked for it is none; else nothing can be done */
        return 1;
    }
    (void)printf("backed up %llu events into %s", (unsigned long long)events, file); /* likewise */
    for (int i = 0; with_keys && i < CLI_KEY_COUNT; i++)
        if (is_there(settings.data, "/", cli_key_names[i]))
            (void)printf(", the key into %s.%s", file, cli_key_names[i]); /* likewise */
    if (with_keys)
        say_left_out(&settings);
    else
        (void)printf("; not in it: the keys (jwt.secret, server.key). Keep a copy of them too, or back up"
                     " --with-keys: without them every token and webhook is refused"); /* likewise */
    (void)printf("\n");                                                                /* likewise */
    return 0;
}

/* Into a directory beside, judged there. */
static enum rc restore_beside(const char *beside, const char *file, uint64_t *out_events, struct fault *fault)
{
    struct progress progress = {.what = NULL};
    struct store *store;
    enum rc rc =
        store_restore(beside, file, &(struct store_watch){progress_watch, &progress}, out_events, fault);

    progress_end(&progress);

    if (rc == RC_OK)
        rc = store_open(&(struct store_place){.directory = beside}, &store, fault);
    if (rc != RC_OK)
        return rc;
    rc = cli_check_store(store, fault);
    store_close(store);
    return rc;
}

static int restore(const char *file, const char *directory)
{
    struct fault fault = {NULL, NULL};
    char beside[4096];
    uint64_t events = 0;

    if (access(file, R_OK) != 0)
        return cli_complain(file, strerror(errno));
    if (store_exists(directory))
        return cli_complain(directory, "the data directory is not empty; nothing was changed");
    if (look_for_keys(file, directory) != 0)
        return 1;
    if (snprintf(beside, sizeof beside, "%s/restore.part", directory) >= (int)sizeof beside)
        return cli_complain("data", "the path is too long");
    if (cli_make_directory("data", directory) != 0)
        return 1;
    store_remove(beside); /* what a restore that was killed left */
    enum rc rc =
        cli_make_directory("data", beside) == 0 ? restore_beside(beside, file, &events, &fault) : RC_INTERNAL;
    int keys =
        rc == RC_OK ? copy_keys(file, ".", directory, "/") : 0; /* first: a store without them starts */
    if (rc == RC_OK && keys >= 0 && (rc = store_replace_empty(directory, beside, &fault)) != RC_OK)
        remove_keys(file, ".", directory, "/");
    store_remove(beside);
    if (keys < 0)
        return 1;
    if (rc != RC_OK)
        return cli_complain(rc == RC_CONFLICT ? directory : file,
                            fault_why(&fault) ? fault_why(&fault) : "cannot be restored");
    (void)printf("restored %llu events%s\n", (unsigned long long)events,
                 keys ? ", and the keys beside the backup"
                 : is_there(directory, "/", cli_key_names[0]) && is_there(directory, "/", cli_key_names[1])
                     ? "; the backup has no keys beside it: those of the directory stay"
                     : "; the backup has no keys beside it: put jwt.secret and server.key of the old data"
                       " directory into the new one (of several nodes: of the first that starts), or the"
                       " server makes new ones and every token of before is refused"); /* likewise */
    return 0;
}

int cli_restore(int argc, char **argv)
{
    struct settings settings;
    const char *file = NULL;
    int status = read_file_argument(argc, argv, NULL, 0, &file, &settings);

    return status ? status : cli_into_log(&settings, restore, file);
}
