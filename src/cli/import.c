#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zlib.h>

#include "base/ident.h"
#include "cli/database.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "core/event_check.h"
#include "core/words.h"
#include "face/event_json.h"
#include "http/json_in.h"

/* import FILE: what export wrote, into a data directory without learners. A new store is made beside it,
 * folded, and takes its place only when every line was right; else nothing is changed. Source: contract 7;
 * reliability A172. */

/* The longest line is the declaration of a course (8 MiB as it is sent), its body in hex. */
enum { LINE_MAX_BYTES = 18 << 20, BATCH_EVENTS = 4096, KINDS = 3 };

struct importing {
    FILE *in;
    char *line;
    size_t line_size, line_number;
    uLong crc;
    struct store *store;
    struct store_counters counters, last; /* so far; what the head says */
    uint32_t keys[KINDS];                 /* the last of each kind */
    struct arena arena;                   /* of a batch */
    struct stored_event *events;
    struct store_id *ids;
    size_t event_count, id_count;
    uint64_t total;
    bool of_user;  /* the export of one user: what the catalogue knew is told by its key lines */
    uint64_t made; /* events made of these, which come before the user's own */
    struct segment *room;
    bool ended;
    struct progress progress; /* in bytes of the file */
    uint64_t bytes;
    struct fault *fault;
};

static enum rc refuse(struct importing *importing, const char *why)
{
    return fault_text(importing->fault, RC_INVALID, why, "line %zu: %s", importing->line_number, why);
}

/* RC_NOT_FOUND: the file is over. */
static enum rc next_line(struct importing *importing)
{
    int c;

    importing->line_size = 0;
    importing->line_number++;
    while ((c = getc_unlocked(importing->in)) != EOF && c != '\n') {
        if (importing->line_size == LINE_MAX_BYTES)
            return refuse(importing, "is too long for an export");
        importing->line[importing->line_size++] = (char)c;
    }
    if (c == EOF && ferror(importing->in))
        return refuse(importing, "cannot be read");
    if (c == EOF)
        return importing->line_size ? refuse(importing, "is cut off") : RC_NOT_FOUND;
    return RC_OK;
}

static void count_line(struct importing *importing)
{
    importing->bytes += importing->line_size + 1;
    progress_show(&importing->progress, importing->bytes);
    importing->crc = crc32(importing->crc, (const Bytef *)importing->line, (uInt)importing->line_size);
    importing->crc = crc32(importing->crc, (const Bytef *)"\n", 1);
}

/* The learner's own writing names nobody in an event. */
static void leave_out_own_name(json_t *root, struct event *event)
{
    json_t *user = json_object_get(root, "user");

    if (event->learner && json_is_string(user) && json_string_length(user) == event->actor_size &&
        memcmp(json_string_value(user), event->actor ? event->actor : "", event->actor_size) == 0) {
        event->actor = NULL;
        event->actor_size = 0;
    }
}

/* ---- lines ---- */

static enum rc flush(struct importing *importing)
{
    struct store_batch batch = {
        .events = importing->events,
        .event_count = importing->event_count,
        .ids = importing->ids,
        .id_count = importing->id_count,
        .counters = importing->counters,
    };
    enum rc rc = importing->event_count + importing->id_count
                     ? store_commit(importing->store, &batch, importing->fault)
                     : RC_OK;

    importing->event_count = importing->id_count = 0;
    arena_done(&importing->arena);
    return rc;
}

static enum rc note_event(struct importing *importing, struct event *event)
{
    if (event->sequence <= importing->counters.sequence)
        return refuse(importing, "its event id came before, or is out of order");
    const struct event_scope scope = {
        importing->keys[STORE_LEARNER], importing->keys[STORE_COURSE],
        importing->keys[STORE_ITEM],    importing->last.sequence + importing->made,
        importing->last.log_id,         importing->last.record_id,
        importing->last.enrolment_id,
    };
    const char *problem = event_problem(event, &scope);
    if (problem)
        return refuse(importing, problem);
    uint8_t *body = arena_alloc(&importing->arena, event_bound(event));
    if (!body)
        return fault_no_memory(importing->fault);
    importing->events[importing->event_count++] = (struct stored_event){
        event->sequence, event->learner, event->kind, event->at_ms, body, event_encode(event, body)};
    importing->counters.sequence = event->sequence;
    return importing->event_count == BATCH_EVENTS ? flush(importing) : RC_OK;
}

static enum rc take_event(struct importing *importing, json_t *root)
{
    const struct event_source source = {&importing->arena, importing->line, importing->line_size,
                                        importing->room};
    struct event event = {.kind = 0};

    if (!event_read(&source, root, &event))
        return refuse(importing, "is no event");
    leave_out_own_name(root, &event);
    event.sequence += importing->made;
    event.rolled_to += event.rolled_to ? importing->made : 0;
    importing->total++;
    return note_event(importing, &event);
}

/* In the export of one user: the event by which the catalogue knows what a key line tells of. */
static enum rc make_observed(struct importing *importing, json_t *root, enum store_id_kind kind, uint32_t key)
{
    struct event event = {.sequence = importing->counters.sequence + 1, .face = FACE_IMPORT};
    int64_t rank = 0;
    const char *type = NULL;

    event.kind = kind == STORE_COURSE ? EV_COURSE_OBSERVED : EV_ITEM_OBSERVED;
    if (!event_json_instant(root, "at", &event.at_ms) ||
        !event_json_key(root, "courseNumber", &event.course) ||
        !event_json_number(root, "typeRank", 0, TYPE_CLIENT, &rank) ||
        (rank && !event_json_text(root, "type", &type, &event.body_size)))
        return refuse(importing, "is no line of the catalogue");
    event.type_rank = (uint8_t)rank;
    event.body = (const uint8_t *)type;
    event.item = kind == STORE_ITEM ? key : 0;
    event.course = kind == STORE_COURSE ? key : event.course;
    importing->made++;
    return note_event(importing, &event);
}

static enum rc take_id(struct importing *importing, json_t *root)
{
    static const char *const kinds[KINDS] = {"user", "course", "content"};
    const char *kind = json_string_value(json_object_get(root, "key"));
    json_t *id = json_object_get(root, "id");
    uint32_t key = 0;
    int at = 0;

    while (at < KINDS && kind && strcmp(kind, kinds[at]) != 0)
        at++;
    if (!kind || at == KINDS || !event_json_key(root, "number", &key) || !json_is_string(id) ||
        json_string_length(id) > 128)
        return refuse(importing, "is no key");
    if (key != importing->keys[at] + 1) /* a store has no gaps: who is erased keeps a number without an id */
        return refuse(importing, "its key came before, or is not the next one");
    if (json_string_length(id) && ident_problem(json_string_value(id), json_string_length(id)))
        return refuse(importing, "its id cannot be an id");
    importing->keys[at] = key;
    char *text = arena_copy(&importing->arena, json_string_value(id), json_string_length(id));
    if (!text)
        return fault_no_memory(importing->fault);
    importing->ids[importing->id_count++] =
        (struct store_id){(enum store_id_kind)at, key, text, json_string_length(id)};
    enum rc rc = importing->id_count == BATCH_EVENTS ? flush(importing) : RC_OK;
    if (rc == RC_OK && importing->of_user && at != STORE_LEARNER)
        rc = make_observed(importing, root, (enum store_id_kind)at, key);
    return rc;
}

static enum rc take_end(struct importing *importing, json_t *root)
{
    int64_t events = -1, crc = -1;

    if (!event_json_number(root, "events", 0, INT64_MAX, &events) ||
        !event_json_number(root, "crc32", 0, UINT32_MAX, &crc) || (uint64_t)events != importing->total ||
        (uLong)crc != importing->crc)
        return refuse(importing, "the export's checksum does not fit: it was changed or cut");
    importing->ended = true;
    return RC_OK;
}

static enum rc take_line(struct importing *importing)
{
    struct fault unused;
    json_t *root = NULL;

    if (importing->ended)
        return refuse(importing, "comes after the end");
    if (json_in(importing->line, importing->line_size, &root, &unused) != RC_OK)
        return refuse(importing, "is no JSON object");
    enum rc rc = json_object_get(root, "event") ? take_event(importing, root)
                 : json_object_get(root, "key") ? take_id(importing, root)
                 : json_object_get(root, "end") ? take_end(importing, root)
                                                : refuse(importing, "is not of an export");
    json_decref(root);
    count_line(importing);
    return rc;
}

static enum rc take_head(struct importing *importing)
{
    struct fault unused;
    json_t *root = NULL;
    int64_t version = 0, sequence = 0, log_id = 0;
    enum rc rc = next_line(importing);

    if (rc == RC_INVALID)
        return rc;
    if (rc != RC_OK || json_in(importing->line, importing->line_size, &root, &unused) != RC_OK)
        return refuse(importing, "this is no milepost export");
    const char *what = json_string_value(json_object_get(root, "milepost"));
    bool ours =
        what && strcmp(what, "export") == 0 && event_json_number(root, "version", 1, INT64_MAX, &version);
    bool whole =
        ours && event_json_number(root, "lastEventId", 0, NUMBER_MAX, &sequence) &&
        event_json_number(root, "lastLogId", 0, NUMBER_MAX, &log_id) &&
        (event_json_key(root, "lastProgressId", &importing->last.record_id) || !importing->last.record_id) &&
        (event_json_key(root, "lastEnrollmentId", &importing->last.enrolment_id) ||
         !importing->last.enrolment_id);
    importing->of_user = json_object_get(root, "user") != NULL;
    json_decref(root);
    if (!whole)
        return refuse(importing, "this is no milepost export");
    if (version > 1)
        return refuse(importing, "the export was written by a newer milepost; use that version");
    importing->last.sequence = (uint64_t)sequence;
    importing->last.log_id = (uint64_t)log_id;
    importing->counters = importing->last;
    importing->counters.sequence = 0;
    count_line(importing);
    return RC_OK;
}

static enum rc take_all(struct importing *importing)
{
    enum rc rc = take_head(importing);

    while (rc == RC_OK) {
        rc = next_line(importing);
        if (rc == RC_OK)
            rc = take_line(importing);
    }
    if (rc != RC_NOT_FOUND)
        return rc;
    if (!importing->ended)
        return refuse(importing, "the export is cut off: its end is missing");
    importing->counters.sequence = importing->last.sequence + importing->made;
    return flush(importing);
}

/* ---- the new store ---- */

static enum rc make_store(struct importing *importing, const char *directory)
{
    enum rc rc =
        store_open(&(struct store_place){.directory = directory}, &importing->store, importing->fault);

    if (rc != RC_OK)
        return rc;
    importing->line = malloc(LINE_MAX_BYTES + 1);
    importing->events = malloc(BATCH_EVENTS * sizeof *importing->events);
    importing->ids = malloc(BATCH_EVENTS * sizeof *importing->ids);
    importing->room = malloc(EVENT_SEGMENTS_MAX * sizeof *importing->room);
    arena_init(&importing->arena);
    importing->crc = crc32(0, NULL, 0);
    rc = importing->line && importing->events && importing->ids && importing->room
             ? take_all(importing)
             : fault_no_memory(importing->fault);
    progress_end(&importing->progress);
    if (rc == RC_OK)
        rc = cli_check_store(importing->store, importing->fault);
    arena_done(&importing->arena);
    free(importing->line);
    free(importing->events);
    free(importing->ids);
    free(importing->room);
    store_close(importing->store);
    return rc;
}

static int import_file(const char *path, const char *directory)
{
    struct fault fault = {NULL, NULL};
    struct importing importing = {.in = fopen(path, "r"), .fault = &fault};
    char beside[4096];

    if (!importing.in)
        return cli_complain(path, strerror(errno));
    struct store *there;
    /* looked at before the work, and again at its end */
    if (store_open_reader(directory, &there, &fault) == RC_OK) {
        bool used = store_counters(there).sequence > 0;
        store_close(there);
        if (used) {
            (void)fclose(importing.in); /* nothing was read */
            return cli_complain(directory, "the data directory is not empty; nothing was changed");
        }
    }
    if (snprintf(beside, sizeof beside, "%s/import.part", directory) >= (int)sizeof beside) {
        (void)fclose(importing.in); /* it was only read */
        return cli_complain("data", "the path is too long");
    }
    store_remove(beside); /* what an import that was killed left */
    struct stat is = {.st_size = 0};
    (void)fstat(fileno(importing.in), &is); /* of a pipe nobody knows */
    progress_begin(&importing.progress, "import", "bytes", S_ISREG(is.st_mode) ? (uint64_t)is.st_size : 0);
    enum rc rc = cli_make_directory("data", beside) == 0 ? make_store(&importing, beside) : RC_INTERNAL;
    (void)fclose(importing.in); /* it was only read */
    if (rc == RC_OK)
        rc = store_replace_empty(directory, beside, &fault);
    store_remove(beside);
    if (rc != RC_OK)
        return cli_complain(path, fault_why(&fault) ? fault_why(&fault) : "cannot be imported");
    (void)printf("imported %llu events of %u learners\n", (unsigned long long)importing.total,
                 importing.keys[STORE_LEARNER]); /* nowhere else to say it */
    return 0;
}

int cli_import(int argc, char **argv)
{
    struct settings settings;
    const char *file = NULL;
    int words;

    if (argc > 2 && strcmp(argv[2], "oulad") == 0)
        return cli_import_oulad(argc, argv);
    int status = cli_read(argc, argv, NULL, 0, &file, 1, &words, &settings);
    if (status)
        return status;
    if (!file) {
        /* likewise */
        (void)fprintf(stderr, "usage: milepost import FILE [--data DIR], or milepost import oulad DIR\n");
        return 2;
    }
    if (access(file, R_OK) != 0) /* before anything is made */
        return cli_complain(file, strerror(errno));
    if (!*settings.database && cli_make_directory("data", settings.data) != 0)
        return 1;
    return cli_into_log(&settings, import_file, file);
}
