#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zlib.h>

#include "model/fold.h"
#include "model/checkpoint_load.h"
#include "model/replay.h"
#include "base/ident.h"
#include "cli/log_copy.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "face/event_json.h"

/* export: everything as JSON Lines, what import reads. A head, the ids, the events in order, and an end with
 * a checksum over all lines before it. Of one user: their events, and a line for each course and item that
 * these are about, numbered anew; of others nothing. Source: contract 7. */

struct exporting {
    FILE *out;
    struct model *model; /* names of keys */
    struct segment *room;
    struct buf line;
    uLong crc;
    uint64_t events;
    struct progress progress;
};

/* The export of one user: the catalogue as it is, and what of it is theirs. */
struct exporting_user {
    struct exporting *exporting;
    uint32_t user;
    struct fold fold;
    struct replay replay;
    uint32_t *courses, *items; /* the number in the export by key; 0: none of theirs */
    uint32_t course_count, item_count;
    int64_t since_ms; /* their first event */
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

static enum rc cannot_write(struct fault *fault)
{
    return fault_set(fault, RC_INTERNAL, NULL, "cannot write");
}

static enum rc cannot_read(const struct stored_event *stored, struct fault *fault)
{
    return fault_text(fault, RC_INTERNAL, "the store failed", "event %llu cannot be read",
                      (unsigned long long)stored->sequence);
}

static bool put_head(struct exporting *exporting, const struct store_counters *counters, const char *user)
{
    struct json_out out = {&exporting->line, false};

    json_open(&out, '{');
    json_put_text(&out, "milepost", "export");
    json_put_int(&out, "version", 1);
    if (user)
        json_put_text(&out, "user", user);
    json_put_int(&out, "lastEventId", (int64_t)counters->sequence);
    json_put_int(&out, "lastLogId", (int64_t)counters->log_id);
    json_put_int(&out, "lastProgressId", counters->record_id);
    json_put_int(&out, "lastEnrollmentId", counters->enrolment_id);
    json_close(&out, '}');
    return put_line(exporting);
}

static enum rc put_id(void *arg, const struct store_id *id, struct fault *fault)
{
    static const char *const kinds[] = {"user", "course", "content"};
    struct exporting *exporting = arg;
    struct json_out out = {&exporting->line, false};

    json_open(&out, '{');
    json_put_text(&out, "key", kinds[id->kind]);
    json_put_int(&out, "number", id->key);
    json_name(&out, "id"); /* "" once it was erased */
    json_text(&out, id->id, id->size);
    json_close(&out, '}');
    return put_line(exporting) ? RC_OK : cannot_write(fault);
}

static enum rc put_event(void *arg, const struct stored_event *stored, struct fault *fault)
{
    struct exporting *exporting = arg;
    struct view view = {exporting->model, false};
    struct event_names names = event_names_of(&view);
    struct json_out out = {&exporting->line, false};
    struct event event;

    if (view_is_erased(view, stored->learner) && stored->kind != EV_ERASED)
        return RC_OK; /* their erasure is under way */
    if (!stored_event_decode(stored, exporting->room, EVENT_SEGMENTS_MAX, &event))
        return cannot_read(stored, fault);
    event_put(&out, &event, &names);
    exporting->events++;
    progress_show(&exporting->progress, exporting->events);
    return put_line(exporting) ? RC_OK : cannot_write(fault);
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

static enum rc export_all(struct exporting *exporting, struct store *store, struct fault *fault)
{
    struct store_counters counters = store_counters(store);
    enum rc rc = put_head(exporting, &counters, NULL) ? RC_OK : cannot_write(fault);

    if (rc == RC_OK)
        rc = store_each_id(store, put_id, exporting, fault);
    if (rc == RC_OK)
        rc = store_each_event(store, 0, put_event, exporting, fault);
    if (rc == RC_OK && !put_end(exporting))
        rc = cannot_write(fault);
    return rc;
}

/* ---- one user ---- */

static void number_item(struct exporting_user *of, uint32_t key)
{
    if (key && !of->items[key])
        of->items[key] = ++of->item_count;
}

static void number_course(struct exporting_user *of, uint32_t key)
{
    if (key && !of->courses[key])
        of->courses[key] = ++of->course_count;
}

/* Folds what makes the catalogue, and notes what the user's events are about. */
static enum rc look(void *arg, const struct stored_event *stored, struct fault *fault)
{
    struct exporting_user *of = arg;
    struct event event;

    if (event_is_catalogue((enum event_kind)stored->kind) || stored->kind == EV_ERASED)
        return replay_event(&of->replay, stored) == RC_OK ? RC_OK : cannot_read(stored, fault);
    if (stored->learner != of->user)
        return RC_OK;
    if (!stored_event_decode(stored, of->exporting->room, EVENT_SEGMENTS_MAX, &event) ||
        event.course > model_count(of->exporting->model, ENTITY_COURSE) ||
        event.item > model_count(of->exporting->model, ENTITY_ITEM))
        return cannot_read(stored, fault);
    if (!of->since_ms)
        of->since_ms = stored->at_ms;
    number_course(of, event.course);
    number_item(of, event.item);
    return RC_OK;
}

static bool put_course_line(struct exporting_user *of, uint32_t number, uint32_t key)
{
    struct view view = {of->exporting->model, false};
    struct json_out out = {&of->exporting->line, false};
    const struct course_def *def = view_course(view, key);

    json_open(&out, '{');
    json_put_text(&out, "key", "course");
    json_put_int(&out, "number", number);
    json_put_text(&out, "id", view_id(view, ENTITY_COURSE, key).bytes);
    json_put_text(&out, "title", def && def->title.size ? def->title.bytes : NULL);
    json_name(&out, "at");
    json_instant(&out, of->since_ms);
    json_close(&out, '}');
    return put_line(of->exporting);
}

static bool put_item_line(struct exporting_user *of, uint32_t number, uint32_t key)
{
    struct view view = {of->exporting->model, false};
    struct json_out out = {&of->exporting->line, false};
    const struct item_def *def = view_item(view, key);
    uint32_t course = view_item_facts(view, key).course;

    json_open(&out, '{');
    json_put_text(&out, "key", "content");
    json_put_int(&out, "number", number);
    json_put_text(&out, "id", view_id(view, ENTITY_ITEM, key).bytes);
    json_put_text(&out, "title", def && def->title.size ? def->title.bytes : NULL);
    json_put_text(&out, "type", item_type(def));
    json_put_text(&out, "course", course ? view_id(view, ENTITY_COURSE, course).bytes : NULL);
    if (course)
        json_put_int(&out, "courseNumber", of->courses[course]);
    if (def && def->type_rank)
        json_put_int(&out, "typeRank", def->type_rank < TYPE_CLIENT ? def->type_rank : TYPE_CLIENT);
    json_name(&out, "at");
    json_instant(&out, of->since_ms);
    json_close(&out, '}');
    return put_line(of->exporting);
}

/* Keys by their numbers, which are as many. */
static uint32_t *in_order(const uint32_t *numbers, uint32_t highest, uint32_t count)
{
    uint32_t *keys = malloc((count + 1u) * sizeof *keys);

    for (uint32_t key = 1; keys && key <= highest; key++)
        if (numbers[key])
            keys[numbers[key]] = key;
    return keys;
}

static bool put_catalogue(struct exporting_user *of)
{
    const struct model *model = of->exporting->model;

    for (uint32_t key = 1; key <= model_count(model, ENTITY_ITEM);
         key++) /* the courses that their items belong to */
        if (of->items[key])
            number_course(of, view_item_facts((struct view){of->exporting->model, false}, key).course);
    uint32_t *courses = in_order(of->courses, model_count(model, ENTITY_COURSE), of->course_count);
    uint32_t *items = in_order(of->items, model_count(model, ENTITY_ITEM), of->item_count);
    bool put = courses && items;
    for (uint32_t number = 1; put && number <= of->course_count; number++)
        put = put_course_line(of, number, courses[number]);
    for (uint32_t number = 1; put && number <= of->item_count; number++)
        put = put_item_line(of, number, items[number]);
    free(courses);
    free(items);
    return put;
}

/* Names by the numbers of the export are names by key: an event is renumbered as it is written. */
static uint32_t number_of(const void *of, enum entity kind, uint32_t key)
{
    const struct exporting_user *user = of;
    return kind == ENTITY_LEARNER ? 1 : kind == ENTITY_COURSE ? user->courses[key] : user->items[key];
}

static enum rc put_own(void *arg, const struct stored_event *stored, struct fault *fault)
{
    struct exporting_user *of = arg;
    struct view view = {of->exporting->model, false};
    struct event_names names = event_names_of(&view);
    struct json_out out = {&of->exporting->line, false};
    struct event event;

    if (stored->learner != of->user || stored->kind == EV_ERASED)
        return RC_OK;
    if (!stored_event_decode(stored, of->exporting->room, EVENT_SEGMENTS_MAX, &event))
        return cannot_read(stored, fault);
    names.number = number_of;
    names.numbers = of;
    event_put(&out, &event, &names);
    of->exporting->events++;
    return put_line(of->exporting) ? RC_OK : cannot_write(fault);
}

static enum rc export_known(struct exporting_user *of, struct store *store, const char *id,
                            struct fault *fault)
{
    struct exporting *exporting = of->exporting;
    struct store_counters counters = store_counters(store);
    const struct store_id user = {STORE_LEARNER, 1, id, strlen(id)};

    of->courses = calloc(model_count(exporting->model, ENTITY_COURSE) + 1u, sizeof *of->courses);
    of->items = calloc(model_count(exporting->model, ENTITY_ITEM) + 1u, sizeof *of->items);
    if (!of->courses || !of->items || fold_init(&of->fold, exporting->model) != RC_OK ||
        replay_init(&of->replay, &of->fold) != RC_OK)
        return fault_no_memory(fault);
    enum rc rc = store_each_event(store, 0, look, of, fault);
    if (rc == RC_OK && replay_publish(&of->replay) != RC_OK)
        rc = fault_no_memory(fault);
    if (rc != RC_OK)
        fold_abandon(&of->fold);
    if (rc == RC_OK)
        rc = put_head(exporting, &counters, id) ? put_id(exporting, &user, fault) : cannot_write(fault);
    if (rc == RC_OK && !put_catalogue(of))
        rc = cannot_write(fault);
    if (rc == RC_OK)
        rc = store_each_event(store, 0, put_own, of, fault);
    return rc;
}

static enum rc export_user(struct exporting *exporting, struct store *store, const char *user,
                           struct fault *fault)
{
    struct store_counters counters = store_counters(store);
    struct exporting_user of = {.exporting = exporting};
    char id[IDENT_MAX_BYTES + 1];
    enum rc rc = RC_OK;

    (void)snprintf(id, sizeof id, "%s", user); /* a longer one is nobody's */
    ident_normalize(id, strlen(id));
    of.user = view_learner_key((struct view){exporting->model, false}, id, strlen(id));
    if (of.user)
        rc = export_known(&of, store, id, fault);
    else if (!put_head(exporting, &counters, id))
        rc = cannot_write(fault);
    if (rc == RC_OK && !put_end(exporting))
        rc = cannot_write(fault);
    replay_done(&of.replay);
    if (of.fold.model)
        fold_done(&of.fold);
    free(of.courses);
    free(of.items);
    return rc;
}

static int run(struct store *store, FILE *out, const char *user)
{
    struct exporting exporting = {.out = out, .crc = crc32(0, NULL, 0)};
    struct fault fault = {NULL, NULL};

    exporting.room = malloc(EVENT_SEGMENTS_MAX * sizeof *exporting.room);
    enum rc rc = exporting.room ? model_new(&exporting.model) : RC_BUSY;
    if (rc != RC_OK)
        fault.message = "out of memory";
    if (rc == RC_OK)
        rc = checkpoint_load_ids(exporting.model, store, &fault);
    progress_begin(&exporting.progress, "export", "events", user ? 0 : store_counters(store).sequence);
    if (rc == RC_OK)
        rc = user ? export_user(&exporting, store, user, &fault) : export_all(&exporting, store, &fault);
    progress_end(&exporting.progress);
    model_free(exporting.model);
    free(exporting.room);
    buf_done(&exporting.line);
    if (rc == RC_OK && fflush(out) != 0) {
        rc = RC_INTERNAL;
        fault.message = "cannot write";
    }
    return rc == RC_OK ? 0 : cli_complain("export", fault_why(&fault) ? fault_why(&fault) : "cannot write");
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
    const char *user = NULL, *path = NULL, *force = NULL;
    const struct cli_option own[] = {{"--user", &user}, {"--out", &path}, {"--force", &force, true}};
    int words;
    int status = cli_read(argc, argv, own, 3, NULL, 0, &words, &settings);

    if (status == 0 && path && !force && access(path, F_OK) == 0)
        return cli_complain(path, "the file is there already; nothing was changed (--force writes over it)");

    if (status == 0)
        status = cli_bring_reader(&settings);
    if (status == 0)
        status = cli_open_reader(&settings, &store);
    if (status)
        return status;
    status = path ? run_to_file(store, path, user) : run(store, stdout, user);
    store_close(store);
    return status;
}
