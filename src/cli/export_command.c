#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zlib.h>

#include "app/fold.h"
#include "app/image_file.h"
#include "cli/options.h"
#include "face/event_out.h"

/* export: everything as JSON Lines, what import reads. A head, the ids, the events in order, and an end with a
 * checksum over all lines before it. Source: contract 7. */

struct exporting {
    FILE *out;
    struct image *image; /* names of keys */
    struct segment *room;
    struct buf line;
    uLong crc;
    uint32_t user; /* 0: everybody */
    bool only_user;
    uint64_t events;
};

static bool put_line(struct exporting *exporting)
{
    struct buf *line = &exporting->line;

    buf_char(line, '\n');
    if (line->failed)
        return false;
    exporting->crc = crc32(exporting->crc, (const Bytef *)line->bytes, (uInt)line->size);
    bool written = fwrite(line->bytes, 1, line->size, exporting->out) == line->size;
    buf_clear(line);
    return written;
}

static bool put_head(struct exporting *exporting, const struct store_counters *counters)
{
    struct json_out out = {&exporting->line, false};

    json_open(&out, '{');
    json_put_text(&out, "milepost", "export");
    json_put_int(&out, "version", 1);
    json_put_int(&out, "lastEventId", (int64_t)counters->sequence);
    json_put_int(&out, "lastLogId", (int64_t)counters->log_id);
    json_put_int(&out, "lastProgressId", counters->record_id);
    json_put_int(&out, "lastEnrollmentId", counters->enrolment_id);
    json_close(&out, '}');
    return put_line(exporting);
}

static bool put_id(void *arg, const struct store_id *id)
{
    static const char *const kinds[] = {"user", "course", "content"};
    struct exporting *exporting = arg;
    struct json_out out = {&exporting->line, false};

    if (exporting->only_user && id->kind == STORE_LEARNER && id->key != exporting->user)
        return true;
    json_open(&out, '{');
    json_put_text(&out, "key", kinds[id->kind]);
    json_put_int(&out, "number", id->key);
    json_name(&out, "id"); /* "" once it was erased */
    json_text(&out, id->id, id->size);
    json_close(&out, '}');
    return put_line(exporting);
}

static bool put_event(void *arg, const struct stored_event *stored)
{
    struct exporting *exporting = arg;
    struct view view = {exporting->image, false};
    struct event_names names = event_names_of(&view);
    struct json_out out = {&exporting->line, false};
    struct event event;

    if (exporting->only_user && stored->learner && stored->learner != exporting->user)
        return true;
    if (!stored_event_decode(stored, exporting->room, EVENT_SEGMENTS_MAX, &event))
        return false;
    event_put(&out, &event, &names);
    exporting->events++;
    return put_line(exporting);
}

static bool put_end(struct exporting *exporting)
{
    struct json_out out = {&exporting->line, false};

    json_open(&out, '{');
    json_put_bool(&out, "end", true);
    json_put_int(&out, "events", (int64_t)exporting->events);
    json_put_int(&out, "crc32", (int64_t)exporting->crc);
    json_close(&out, '}');
    return put_line(exporting);
}

static enum rc export_all(struct exporting *exporting, struct store *store, const char *user, struct fault *fault)
{
    enum rc rc = image_load_ids(exporting->image, store, fault);
    struct store_counters counters = store_counters(store);

    if (rc != RC_OK)
        return rc;
    exporting->only_user = user != NULL;
    exporting->user = user ? view_learner_key((struct view){exporting->image, false}, user, strlen(user)) : 0;
    if (!put_head(exporting, &counters))
        return fault_set(fault, RC_INTERNAL, NULL, "cannot write");
    if (user && !exporting->user)
        return put_end(exporting) ? RC_OK : fault_set(fault, RC_INTERNAL, NULL, "cannot write");
    rc = store_each_id(store, put_id, exporting, fault);
    if (rc == RC_OK)
        rc = store_each_event(store, 0, put_event, exporting, fault);
    if (rc == RC_OK && !put_end(exporting))
        rc = fault_set(fault, RC_INTERNAL, NULL, "cannot write");
    return rc;
}

static int run(struct store *store, FILE *out, const char *user)
{
    struct exporting exporting = {.out = out, .crc = crc32(0, NULL, 0)};
    struct fault fault = {NULL, NULL};

    exporting.room = malloc(EVENT_SEGMENTS_MAX * sizeof *exporting.room);
    enum rc rc = exporting.room ? image_new(&exporting.image) : RC_BUSY;
    if (rc == RC_OK)
        rc = export_all(&exporting, store, user, &fault);
    else
        fault.message = "out of memory";
    image_free(exporting.image);
    free(exporting.room);
    buf_done(&exporting.line);
    if (rc == RC_OK && fflush(out) != 0) {
        rc = RC_INTERNAL;
        fault.message = "cannot write";
    }
    return rc == RC_OK ? 0 : cli_complain("export", fault.message ? fault.message : "cannot write");
}

/* A file appears under its name only when it is whole. */
static int run_to_file(struct store *store, const char *path, const char *user)
{
    char temporary[4096];

    if (snprintf(temporary, sizeof temporary, "%s.part", path) >= (int)sizeof temporary)
        return cli_complain("--out", "the path is too long");
    FILE *out = fopen(temporary, "w");
    if (!out)
        return cli_complain(path, strerror(errno));
    int status = run(store, out, user);
    if (status == 0 && fsync(fileno(out)) != 0)
        status = cli_complain(path, strerror(errno));
    if (fclose(out) != 0 && status == 0)
        status = cli_complain(path, strerror(errno));
    if (status == 0 && rename(temporary, path) != 0)
        status = cli_complain(path, strerror(errno));
    if (status)
        (void)unlink(temporary); /* it is worth nothing */
    return status;
}

int cli_export(int argc, char **argv)
{
    struct settings settings;
    struct store *store;
    const char *user = NULL, *path = NULL;
    const struct cli_option own[] = {{"--user", &user}, {"--out", &path}};
    int words;
    int status = cli_read(argc, argv, own, 2, NULL, 0, &words, &settings);

    if (status == 0)
        status = cli_open_reader(&settings, &store);
    if (status)
        return status;
    status = path ? run_to_file(store, path, user) : run(store, stdout, user);
    store_close(store);
    return status;
}
