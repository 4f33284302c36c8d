#pragma once

#include "test.h"

#include <stdio.h>
#include <unistd.h>

#include "store/checkpoint.h"
#include "store/store.h"

/* What tests of the store begin with: a directory of its own for each test. */

static char directory[64];

static inline int make_directory(void **state)
{
    (void)state;
    strcpy(directory, "/tmp/milepost-store-XXXXXX");
    return mkdtemp(directory) ? 0 : -1;
}

static inline int remove_directory(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", directory);
    return system(command);
}

static inline const char *path_of(const char *name)
{
    static char path[160];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    return path;
}

static inline struct store *open_at(const char *where)
{
    struct store *store = NULL;
    struct fault fault;
    if (store_open(&(struct store_place){.directory = where}, &store, &fault) != RC_OK)
        fail_msg("store_open: %s", fault_why(&fault));
    return store;
}

/* One event more, by learner 1. */
static inline void add_event(struct store *store, const char *body)
{
    struct store_counters counters = store_counters(store);
    const struct stored_event event = {.sequence = counters.sequence + 1,
                                       .learner = 1,
                                       .kind = 1,
                                       .at_ms = 5,
                                       .body = (const uint8_t *)body,
                                       .body_size = strlen(body)};
    const struct store_batch batch = {
        .events = &event, .event_count = 1, .counters = {.sequence = counters.sequence + 1}};
    struct fault fault;
    if (store_commit(store, &batch, &fault) != RC_OK)
        fail_msg("store_commit: %s", fault_why(&fault));
}

static inline enum rc count_event(void *arg, const struct stored_event *event, struct fault *fault)
{
    (void)event;
    (void)fault;
    ++*(int *)arg;
    return RC_OK;
}

static inline int events_in(struct store *store)
{
    struct fault fault;
    int count = 0;
    assert_int_equal(store_each_event(store, 0, count_event, &count, &fault), RC_OK);
    return count;
}
