#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/ident.h"
#include "base/instant.h"
#include "cli/options.h"
#include "cli/oulad/oulad.h"
#include "cli/serve_keys.h"
#include "core/members.h"

/* milepost import oulad DIR: each presentation is laid in the order of its days, in batches that commit with
 * a ledger of how far it came; a run that was cut off goes on, a second run adds nothing. */

enum { BATCH = 4096, CHECKPOINT_EVERY = 500000, BAR = 28 };

struct progress {
    bool terminal;
    int64_t began_ms;
    uint64_t total, done, laid; /* steps; laid: by this run */
};

struct import {
    struct engine *engine;
    struct progress progress;
    struct arena arena; /* of one batch */
    uint64_t since_checkpoint;
};

static void show_file(const char *file)
{
    if (isatty(STDERR_FILENO))
        (void)fprintf(stderr, "\rchecking %-40s", file); /* for whoever watches */
}

static void show(struct progress *progress, const char *code)
{
    int64_t spent_ms = cli_now_ms() - progress->began_ms;
    uint64_t rate = spent_ms > 0 ? progress->laid * 1000 / (uint64_t)spent_ms : 0;
    uint64_t left = progress->total - progress->done;
    int filled = progress->total ? (int)(progress->done * BAR / progress->total) : BAR;
    char bar[BAR + 1];

    if (!progress->terminal)
        return;
    memset(bar, '.', BAR);
    memset(bar, '#', (size_t)filled);
    bar[BAR] = '\0';
    (void)fprintf(stderr, "\r%-9s [%s] %3d %%  %llu events/s  %llu s left   ", code, bar,
                  progress->total ? (int)(progress->done * 100 / progress->total) : 100,
                  (unsigned long long)rate, (unsigned long long)(rate ? left / rate : 0)); /* likewise */
}

static struct text text_of(struct arena *arena, int64_t number)
{
    char *text = arena_printf(arena, "%lld", (long long)number);
    if (!text)
        abort();
    return (struct text){text, (uint32_t)strlen(text)};
}

static void *need(void *memory)
{
    if (!memory)
        abort(); /* nothing half-done: the ledger says where to go on */
    return memory;
}

static int64_t instant_of(const struct oulad_course *course, int32_t day)
{
    return ((int64_t)course->start_day + day) * DAY_MS;
}

/* ---- steps as commands ---- */

static const struct course_put *declaration_of(struct arena *arena, const struct oulad_course *course)
{
    struct course_put *put = need(arena_alloc(arena, sizeof *put));

    put->title = (struct text){need(arena_printf(arena, "%.3s %s", course->code, course->code + 4)),
                               (uint32_t)strlen(course->code)};
    put->items = need(arena_alloc(arena, course->item_count * sizeof *put->items));
    put->item_count = (uint32_t)course->item_count;
    for (size_t i = 0; i < course->item_count; i++) {
        const struct oulad_item *from = &course->items[i];
        char *title = need(arena_printf(arena, "%s %lld", from->type, (long long)from->id));
        put->items[i] = (struct put_item){
            .id = text_of(arena, from->id),
            .title = {title, (uint32_t)strlen(title)},
            .type = {from->type, (uint32_t)strlen(from->type)},
            .section = {from->section, from->section ? (uint32_t)strlen(from->section) : 0},
            .required = i + 1 == course->item_count, /* the result alone */
        };
    }
    return put;
}

static void add_metadata(struct arena *arena, struct report *report, const char *name, const char *value)
{
    struct member member = {name, (uint32_t)strlen(name), value, (uint32_t)strlen(value)};
    uint8_t *room = need(arena_alloc(arena, report->metadata_size + member_bytes(&member)));

    if (report->metadata_size)
        memcpy(room, report->metadata, report->metadata_size);
    report->metadata_size = (uint32_t)(member_put(room + report->metadata_size, &member) - room);
    report->metadata = room;
    report->has |= HAS_METADATA;
}

static void fill_report(struct arena *arena, const struct oulad_course *course, const struct oulad_step *step,
                        int64_t clicks, struct command *command)
{
    struct item_report *report = need(arena_alloc(arena, sizeof *report));
    const struct oulad_item *item = &course->items[step->item];

    report->item = text_of(arena, item->id);
    report->course = command->course;
    report->report.has = HAS_STATUS | HAS_DAY;
    report->report.status = ITEM_COMPLETED;
    report->report.local_day = instant_day(command->at_ms);
    if (step->kind == STEP_CLICK) { /* clicks say nothing about completion or time */
        report->report.status = ITEM_IN_PROGRESS;
        report->report.has |= HAS_PERCENT;
        add_metadata(arena, &report->report, "clicks", text_of(arena, clicks).bytes);
    }
    if (step->kind == STEP_SUBMIT) {
        report->report.has |= HAS_MAX_SCORE | (step->score >= 0 ? HAS_SCORE : 0);
        report->report.max_score_e4 = 1000000;
        report->report.score_e4 = step->score >= 0 ? step->score * INT64_C(10000) : 0;
        if (step->banked)
            add_metadata(arena, &report->report, "banked", "true");
        const struct oulad_learner *learner = &course->learners[step->learner];
        if (step->moved || (learner->was_dropped && step->value > learner->dropped))
            add_metadata(arena, &report->report, "submittedDay", text_of(arena, step->value).bytes);
    }
    command->reports = report;
    command->report_count = 1;
    command->all_or_nothing = true;
}

static void fill(struct arena *arena, const struct oulad_course *course, const struct oulad_step *step,
                 int64_t clicks, struct command *command)
{
    static const enum command_kind kinds[] = {
        [STEP_COURSE] = CMD_COURSE_PUT, [STEP_REGISTER] = CMD_ENROL, [STEP_CLICK] = CMD_REPORTS,
        [STEP_SUBMIT] = CMD_REPORTS,    [STEP_DROP] = CMD_DROP,      [STEP_RESULT] = CMD_REPORTS,
        [STEP_EXPIRE] = CMD_EXPIRE,
    };

    command->kind = kinds[step->kind];
    command->face = FACE_IMPORT;
    command->actor = (struct text){"import", 6};
    command->arena = arena;
    command->may_pass_lock = true;
    command->imported = true;
    command->at_ms = instant_of(course, step->day);
    command->course = text_of(arena, course->id);
    if (step->kind == STEP_COURSE) {
        command->put = declaration_of(arena, course);
        return;
    }
    command->learner = text_of(arena, course->learners[step->learner].id);
    if (command->kind == CMD_REPORTS)
        fill_report(arena, course, step, clicks, command);
}

/* ---- laying one presentation ---- */

/* Where an earlier run stopped; 0: there was none. RC_CONFLICT: one of other files. Else as store_ledger. */
static enum rc find_done(struct engine *engine, const struct oulad_course *course, const char *ledger_key,
                         long long *out_done, struct fault *fault)
{
    struct buf value = {0};
    size_t size = strlen(course->digest);
    char *end = NULL;

    *out_done = 0;
    enum rc rc = store_ledger(engine_store(engine), ledger_key, &value, fault);
    buf_char(&value, '\0');
    if (rc == RC_OK && value.failed)
        rc = fault_no_memory(fault);
    if (rc == RC_OK) { /* "digest steps" */
        bool same = strncmp(value.bytes, course->digest, size) == 0 && value.bytes[size] == ' ';
        *out_done = same ? strtoll(value.bytes + size + 1, &end, 10) : 0;
        if (!same || *end)
            rc = fault_set(fault, RC_CONFLICT, NULL, "was imported from other files; nothing was changed");
    }
    buf_done(&value);
    return rc == RC_NOT_FOUND ? RC_OK : rc;
}

static enum rc run(struct import *import, struct command *commands, const struct oulad_course *course,
                   const char *ledger_key, size_t done, struct fault *fault)
{
    char value[128];

    (void)snprintf(value, sizeof value, "%s %zu", course->digest, done); /* fits */
    enum rc rc = engine_run(import->engine, commands, ledger_key, value, fault);
    for (struct command *command = commands; command && rc == RC_OK; command = command->next)
        if (command->rc != RC_OK) {
            *fault = command->fault;
            rc = command->rc;
        }
    return rc;
}

static enum rc lay(struct import *import, const struct oulad_course *course, struct fault *fault)
{
    char ledger_key[64];
    int64_t *clicks = need(calloc(course->learner_count * course->item_count + 1, sizeof *clicks));
    long long done;

    (void)snprintf(ledger_key, sizeof ledger_key, "oulad:%s", course->code); /* fits */
    enum rc rc = find_done(import->engine, course, ledger_key, &done, fault);
    for (size_t i = 0; rc == RC_OK && i < course->step_count;) {
        struct command *first = NULL, *last = NULL;
        size_t count = 0;
        for (; i < course->step_count && count < BATCH; i++) {
            const struct oulad_step *step = &course->steps[i];
            int64_t *total = &clicks[step->learner * course->item_count + step->item];
            if (step->kind == STEP_CLICK)
                *total += step->value; /* counted also when an earlier run laid it */
            if ((long long)i < done)
                continue;
            struct command *command = need(arena_alloc(&import->arena, sizeof *command));
            fill(&import->arena, course, step, *total, command);
            if (last)
                last->next = command;
            else
                first = command;
            last = command;
            count++;
            if (step->kind == STEP_COURSE) {
                i++;
                break; /* an edit of the catalogue is a batch of its own */
            }
        }
        if (first)
            rc = run(import, first, course, ledger_key, i, fault);
        arena_done(&import->arena);
        import->progress.laid += count;
        import->progress.done += count;
        import->since_checkpoint += count;
        if (rc == RC_OK &&
            import->since_checkpoint >= CHECKPOINT_EVERY) { /* bounds what a start would fold again */
            rc = engine_checkpoint(import->engine, fault);
            import->since_checkpoint = 0;
        }
        show(&import->progress, course->code);
    }
    if (done > 0)
        import->progress.done += (uint64_t)done;
    free(clicks);
    return rc;
}

static int lay_all(struct import *import, const struct oulad *oulad, int64_t only)
{
    struct fault fault = {NULL, NULL};
    size_t courses = 0;
    uint64_t learners = model_count(engine_model(import->engine), ENTITY_LEARNER);

    for (size_t i = 0; i < oulad->course_count; i++)
        if (!only || oulad->courses[i].id == only) {
            import->progress.total += oulad->courses[i].step_count;
            courses++;
        }
    if (only && courses == 0) {
        /* nowhere else */
        (void)fprintf(stderr,
                      "milepost import: --course %lld: there is no such presentation in these files\n",
                      (long long)only);
        return 1;
    }
    import->progress.began_ms = cli_now_ms();
    for (size_t i = 0; i < oulad->course_count; i++) {
        if (only && oulad->courses[i].id != only)
            continue;
        enum rc rc = lay(import, &oulad->courses[i], &fault);
        if (rc != RC_OK) {
            (void)fprintf(stderr, "%smilepost import: %s %s\n", import->progress.terminal ? "\n" : "",
                          oulad->courses[i].code, fault_why(&fault)); /* nowhere else to say it */
            return 1;
        }
    }
    int64_t spent_ms = cli_now_ms() - import->progress.began_ms;
    if (import->progress.terminal)
        (void)fprintf(stderr, "\n"); /* likewise */
    if (import->progress.laid == 0)
        (void)printf("imported nothing: all %zu presentations are here already\n", courses); /* likewise */
    else
        (void)printf(
            "imported %zu presentations, %llu new learners, %llu steps in %.1f s (%.0f steps/s)\n", courses,
            (unsigned long long)(model_count(engine_model(import->engine), ENTITY_LEARNER) - learners),
            (unsigned long long)import->progress.laid, (double)spent_ms / 1000,
            (double)import->progress.laid * 1000 / (double)(spent_ms ? spent_ms : 1)); /* likewise */
    return 0;
}

static int usage(void)
{
    /* likewise */
    (void)fprintf(stderr, "usage: milepost import oulad DIR [--course ID] [--data DIR] [settings]\n");
    return 2;
}

/* Nobody was given a token for this data yet: its keys are made with it, and the first start warns of
 * nothing. */
static int make_keys(const struct settings *settings, const struct store *store)
{
    if (store_counters(store).sequence || *settings->database)
        return 0; /* not the first; those of a shared log are in it */
    return serve_make_keys(settings);
}

int cli_import_oulad(int argc, char **argv)
{
    struct import import = {.progress.terminal = isatty(STDERR_FILENO)};
    const char *words[2], *course = NULL;
    const struct cli_option own[] = {{"--course", &course}};
    struct settings settings;
    struct store *store = NULL;
    struct oulad oulad;
    int word_count;
    int status = cli_read(argc, argv, own, 1, words, 2, &word_count, &settings);

    if (status)
        return status;
    if (word_count != 2 || strcmp(words[0], "oulad") != 0)
        return usage();
    int64_t only = 0;
    if (course && (!ident_integer(course, strlen(course), &only) || only == 0)) {
        /* likewise */
        (void)fprintf(stderr,
                      "milepost import: --course %s: must be the number of a presentation, such as 120132\n",
                      course);
        return 2;
    }
    DIR *files = opendir(words[1]); /* before anything is made */
    if (!files)
        return cli_complain(words[1], strerror(errno));
    (void)closedir(files);                                /* it was only looked at */
    status = cli_open(&settings, &store, &import.engine); /* first: a live server is refused at once */
    if (status)
        return status;
    arena_init(&import.arena);
    if (oulad_read(words[1], &oulad, show_file, stderr)) {
        if (import.progress.terminal)
            (void)fprintf(stderr, "\r%50s\r", ""); /* likewise */
        status = make_keys(&settings, store);
        if (status == 0)
            status = lay_all(&import, &oulad, only);
    } else {
        /* likewise */
        (void)fprintf(stderr, "milepost import: the files have errors; nothing was imported\n");
        status = 1;
    }
    oulad_free(&oulad);
    engine_free(import.engine);
    store_close(store);
    return status;
}
