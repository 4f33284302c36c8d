#include "cli/database.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/log_copy.h"
#include "cli/progress.h"
#include "cli/temporary.h"
#include "ops/key_files.h"
#include "store/log.h"

struct filling {
    struct log *log;
    uint64_t events;
    struct progress progress;
};

static enum rc fill(void *arg, const struct store_batch *batch, struct fault *fault)
{
    struct filling *filling = arg;
    enum rc rc = log_fill(filling->log, batch, true, fault);

    filling->events += batch->event_count;
    progress_show(&filling->progress, batch->counters.sequence);
    return rc;
}

/* All that a store's events, ids, log entries and ledger are, as one number, in order. */
static void mix(uint64_t *inout, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;

    for (size_t i = 0; i < size; i++)
        *inout = (*inout ^ at[i]) * 1099511628211u; /* FNV-1a */
    *inout = (*inout ^ size) * 1099511628211u;
}

struct digest {
    uint64_t all, before; /* before: events of the directory that was read first */
    struct progress *progress;
};

static enum rc mix_event(void *arg, const struct stored_event *event, struct fault *fault)
{
    struct digest *digest = arg;
    (void)fault;
    mix(&digest->all, &event->sequence, sizeof event->sequence);
    mix(&digest->all, &event->learner, sizeof event->learner);
    mix(&digest->all, &event->kind, sizeof event->kind);
    mix(&digest->all, &event->at_ms, sizeof event->at_ms);
    mix(&digest->all, event->body, event->body_size);
    progress_show(digest->progress, digest->before + event->sequence);
    return RC_OK;
}

static enum rc mix_id(void *arg, const struct store_id *id, struct fault *fault)
{
    (void)fault;
    mix(arg, &id->key, sizeof id->key);
    mix(arg, id->id, id->size);
    return RC_OK;
}

static enum rc mix_log(void *arg, const struct store_log *log, struct fault *fault)
{
    (void)fault;
    mix(arg, &log->log_id, sizeof log->log_id);
    mix(arg, &log->date_ms, sizeof log->date_ms);
    mix(arg, log->members, log->members_size);
    return RC_OK;
}

static enum rc mix_ledger(void *arg, const char *key, const char *value, struct fault *fault)
{
    (void)fault;
    mix(arg, key, strlen(key));
    mix(arg, value, strlen(value));
    return RC_OK;
}

static enum rc digest_of(struct store *store, struct digest *digest, struct fault *fault)
{
    enum rc rc = store_each_event(store, 0, mix_event, digest, fault);

    if (rc == RC_OK)
        rc = store_each_id(store, mix_id, &digest->all, fault);
    if (rc == RC_OK)
        rc = store_each_log_of_all(store, mix_log, &digest->all, fault);
    if (rc == RC_OK)
        rc = store_each_ledger(store, mix_ledger, &digest->all, fault);
    return rc;
}

/* Whether two directories hold the same events, ids, log entries and ledger. */
static enum rc compare(const char *one, const char *other, struct fault *fault)
{
    struct progress progress;
    struct digest left = {.all = 14695981039346656037u, .progress = &progress}, right = left;
    struct store *first, *second = NULL;
    enum rc rc = store_open_reader(one, &first, fault);

    if (rc != RC_OK)
        return rc;
    rc = store_open_reader(other, &second, fault);
    if (rc == RC_OK) {
        right.before = store_counters(first).sequence;
        progress_begin(&progress, "comparing", "events", right.before + store_counters(second).sequence);
        rc = digest_of(first, &left, fault);
        if (rc == RC_OK)
            rc = digest_of(second, &right, fault);
        progress_end(&progress);
    }
    if (rc == RC_OK && left.all != right.all)
        rc = fault_set(fault, RC_INTERNAL, NULL, "what was moved is not what was there");
    if (second)
        store_close(second);
    store_close(first);
    return rc;
}

/* The keys of a directory, those that are there: the nodes' from their next start on. */
static enum rc share_keys(struct log *log, const char *directory, struct fault *fault)
{
    enum rc rc = RC_OK;

    for (int i = 0; i < CLI_KEY_COUNT && rc == RC_OK; i++) {
        struct log_value value = {.name = cli_key_names[i], .anew = true};
        struct buf kept = {.failed = false};
        char path[300], *key = NULL;
        (void)snprintf(path, sizeof path, "%.250s/%s", directory, cli_key_names[i]); /* fits */
        if (access(path, F_OK) != 0)
            continue;
        rc = key_read(path, &key, &value.size, fault);
        value.bytes = key;
        if (rc == RC_OK)
            rc = log_share(log, &value, &kept, fault);
        if (key)
            explicit_bzero(key, value.size);
        free(key);
        if (kept.bytes)
            explicit_bzero(kept.bytes, kept.size);
        buf_done(&kept);
    }
    return rc;
}

static enum rc fill_log(const struct settings *settings, const char *directory, const char *beside, bool keys,
                        uint64_t *out_events, struct fault *fault)
{
    struct store_place from = {.directory = directory}, to = cli_place(settings);
    struct store *source, *target = NULL;
    struct filling filling = {.events = 0};
    struct log_head head;
    enum rc rc = store_open(&from, &source, fault);

    if (rc != RC_OK)
        return rc;
    to.directory = beside;
    rc = store_open(&to, &target, fault);
    if (rc == RC_OK) {
        filling.log = store_event_log(target);
        rc = log_head(filling.log, &head, fault);
    }
    if (rc == RC_OK && head.turn.number)
        rc = fault_set(fault, RC_CONFLICT, NULL, "the database's log is not empty; nothing was changed");
    progress_begin(&filling.progress, "moving", "events", store_counters(source).sequence);
    if (rc == RC_OK)
        rc = store_each_batch(source, fill, &filling, fault);
    /* After the batches, which may fail, and before the commit: a log that is filled is not filled again.
     * Where that alone fails, an empty log has these keys by now, and another try gives it them anew. */
    if (rc == RC_OK && keys)
        rc = share_keys(filling.log, directory, fault);
    if (rc == RC_OK)
        rc = log_fill(filling.log, NULL, false, fault);
    progress_end(&filling.progress);
    if (target)
        store_close(target); /* what was begun and not ended is taken back */
    store_close(source);
    *out_events = filling.events;
    return rc;
}

enum rc cli_pour(const struct settings *settings, const char *directory, bool keys, uint64_t *out_events,
                 struct fault *fault)
{
    char beside[256];
    enum rc rc = temporary_make(beside, sizeof beside, fault);

    if (rc != RC_OK)
        return rc;
    rc = fill_log(settings, directory, beside, keys, out_events, fault);
    if (rc == RC_OK)
        rc = cli_follow_into(settings, beside, fault);
    if (rc == RC_OK)
        rc = compare(directory, beside, fault);
    temporary_remove(beside);
    return rc;
}

int cli_into_log(const struct settings *settings, int (*load)(const char *file, const char *directory),
                 const char *file)
{
    struct fault fault = {NULL, NULL};
    char beside[256];
    uint64_t events = 0;

    if (!*settings->database)
        return load(file, settings->data);
    enum rc rc = temporary_make(beside, sizeof beside, &fault);
    if (rc != RC_OK)
        return cli_complain("database", fault_why(&fault));
    int status = load(file, beside);
    if (status == 0)
        rc = cli_pour(settings, beside, true, &events, &fault);
    temporary_remove(beside); /* its keys too: the log has them */
    return rc == RC_OK ? status : cli_complain("database", fault_why(&fault));
}

/* ---- move ---- */

static bool is_url(const char *place)
{
    return strncmp(place, "postgres://", 11) == 0 || strncmp(place, "postgresql://", 13) == 0;
}

/* By way of a backup, which lies in room for that while. */
static enum rc copy_as_own(const char *from, const char *room, const char *directory, uint64_t *out_events,
                           struct fault *fault)
{
    struct progress progress = {.what = NULL};
    struct store_watch watch = {progress_watch, &progress};
    char file[300];

    (void)snprintf(file, sizeof file, "%.250s/moved.backup", room); /* fits */
    enum rc rc = store_backup(from, file, &watch, out_events, fault);
    if (rc == RC_OK)
        rc = cli_make_directory("--to", directory) == 0
                 ? store_restore(directory, file, &watch, out_events, fault)
                 : fault_set(fault, RC_INTERNAL, NULL, "cannot make it");
    progress_end(&progress);
    (void)unlink(file); /* or it is not there */
    return rc;
}

/* A copy of the log, or another directory's, becomes a directory's own. from: that directory, or NULL. */
static enum rc move_down(const struct settings *settings, const char *from, const char *directory,
                         uint64_t *out_events, struct fault *fault)
{
    char beside[256];
    enum rc rc = store_exists(directory) ? fault_set(fault, RC_CONFLICT, NULL,
                                                     "the data directory is not empty; nothing was changed")
                                         : temporary_make(beside, sizeof beside, fault);

    if (rc != RC_OK)
        return rc;
    if (!from)
        rc = cli_follow_into(settings, beside, fault);
    if (rc == RC_OK)
        rc = copy_as_own(from ? from : beside, beside, directory, out_events, fault);
    if (rc == RC_OK)
        rc = compare(directory, from ? from : beside, fault);
    temporary_remove(beside);
    return rc;
}

/* From one database to another: by way of a directory. */
static enum rc move_across(struct settings *settings, const char *from, const char *to, uint64_t *out_events,
                           struct fault *fault)
{
    char own[256];
    enum rc rc = temporary_make(own, sizeof own, fault);

    if (rc != RC_OK)
        return rc;
    settings->database = from;
    rc = move_down(settings, NULL, own, out_events, fault);
    settings->database = to;
    if (rc == RC_OK)
        rc = cli_pour(settings, own, false, out_events, fault);
    temporary_remove(own);
    return rc;
}

static enum rc move(struct settings *settings, const char *from, const char *to, uint64_t *out_events,
                    struct fault *fault)
{
    if (is_url(from) && is_url(to))
        return move_across(settings, from, to, out_events, fault);
    if (is_url(from)) {
        settings->database = from;
        return move_down(settings, NULL, to, out_events, fault);
    }
    if (!store_exists(from))
        return fault_text(fault, RC_NOT_FOUND, "there is no data to move",
                          "%s: there is no data in this directory", from);
    if (!is_url(to))
        return move_down(settings, from, to, out_events, fault);
    settings->database = to;
    return cli_pour(settings, from, false, out_events, fault);
}

int cli_move(int argc, char **argv)
{
    struct settings settings;
    struct fault fault = {NULL, NULL};
    const char *from = NULL, *to = NULL;
    const struct cli_option own[] = {{"--from", &from}, {"--to", &to}};
    uint64_t events = 0;
    int words;
    int status = cli_read(argc, argv, own, 2, NULL, 0, &words, &settings);

    if (status)
        return status;
    if (!from || !to) {
        /* nowhere else to say it */
        (void)fprintf(stderr, "usage: milepost move --from DIR|URL --to DIR|URL\n");
        return 2;
    }
    status = cli_check_place("--from", from, true);
    if (!status)
        status = cli_check_place("--to", to, true);
    if (status) {
        settings_done(&settings);
        return status;
    }
    enum rc rc = move(&settings, from, to, &events, &fault);

    settings_done(&settings);
    if (rc != RC_OK)
        return cli_complain("move", fault_why(&fault));
    (void)printf("moved %llu events, and compared\n",
                 (unsigned long long)events); /* nowhere else to say it */
    return 0;
}
