#pragma once

#include "fixture.h"

#include "app/command.h"
#include "core/members.h"

/* One engine on one store, and what learners, staff and clients do to it, a line each. */

static struct store *store;
static struct engine *engine;
static struct arena arena;

static inline int begin(void **state)
{
    if (make_directory(state) != 0)
        return -1;
    arena_init(&arena);
    store = open_store();
    engine = open_engine(store);
    return 0;
}

static inline int end(void **state)
{
    engine_free(engine);
    store_close(store);
    arena_done(&arena);
    return remove_directory(state);
}

static inline uint64_t do_one(struct command command)
{
    struct fault fault = {NULL, NULL};

    command.arena = &arena;
    if (engine_run(engine, &command, NULL, NULL, &fault) != RC_OK || command.rc != RC_OK)
        fail_msg("kind %d: %s", (int)command.kind,
                 command.fault.message ? command.fault.message : fault.message);
    return command.sequence;
}

static inline uint64_t add_log(const char *user, char value)
{
    uint8_t members[64];
    struct member member = {"n", 1, &value, 1};
    size_t size = (size_t)(member_put(members, &member) - members);

    return do_one((struct command){.kind = CMD_LOG_ADD,
                                   .face = FACE_LOGS,
                                   .learner = text(user),
                                   .members = members,
                                   .members_size = (uint32_t)size});
}

static inline uint64_t change_log(const char *user, uint64_t log_id, char value)
{
    struct caller caller = {.roles = ROLE_STUDENT};
    uint8_t members[64];
    struct member member = {"n", 1, &value, 1};
    size_t size = (size_t)(member_put(members, &member) - members);

    caller.id_size = (uint32_t)snprintf(caller.id, sizeof caller.id, "%s", user);
    return do_one((struct command){.kind = value ? CMD_LOG_UPDATE : CMD_LOG_DELETE,
                                   .face = FACE_LOGS,
                                   .log_id = log_id,
                                   .caller = &caller,
                                   .members = members,
                                   .members_size = (uint32_t)size});
}

static inline uint64_t say(const char *user, const char *course, const char *item, struct report report)
{
    struct item_report one = {.item = text(item), .course = text(course), .report = report};

    return do_one((struct command){.kind = CMD_REPORTS,
                                   .face = FACE_TRK,
                                   .learner = text(user),
                                   .reports = &one,
                                   .report_count = 1,
                                   .all_or_nothing = true});
}

static inline uint64_t report(const char *user, const char *course, const char *item)
{
    return say(user, course, item, (struct report){.has = HAS_STATUS, .status = ITEM_COMPLETED});
}

/* A declared course of items, each with its type. */
static inline uint64_t declare(const char *course, const char *const *items, const char *const *types,
                               uint32_t count)
{
    struct put_item *list = arena_alloc(&arena, (count + 1) * sizeof *list);
    struct course_put put = {.title = text("title"), .items = list, .item_count = count};

    for (uint32_t i = 0; i < count; i++)
        list[i] = (struct put_item){.id = text(items[i]), .type = text(types[i]), .required = true};
    return do_one((struct command){.kind = CMD_COURSE_PUT,
                                   .face = FACE_CATALOG,
                                   .course = text(course),
                                   .actor = text("admin"),
                                   .put = &put});
}

static inline uint32_t key_of(const char *user)
{
    struct view view = model_read_begin(engine_model(engine));
    uint32_t key = view_learner_key(view, user, strlen(user));

    model_read_end(view);
    return key;
}
