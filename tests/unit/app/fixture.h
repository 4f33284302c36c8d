#pragma once

#include "test.h"

#include <stdio.h>

#include "app/engine.h"

/* What tests of app/ begin with: a directory of its own for each group, a store in it, an engine on that,
 * whose clock goes on by a millisecond at each look. */

static char directory[64];
static int64_t clock_ms = 1800000000000;

static inline int make_directory(void **state)
{
    (void)state;
    strcpy(directory, "/tmp/milepost-app-XXXXXX");
    return mkdtemp(directory) ? 0 : -1;
}

static inline int remove_directory(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", directory);
    return system(command);
}

static inline int64_t now_ms(void)
{
    return ++clock_ms;
}

static inline struct store *open_store(void)
{
    struct store *store = NULL;
    struct fault fault = {NULL, NULL};
    if (store_open(&(struct store_place){.directory = directory}, &store, &fault) != RC_OK)
        fail_msg("store_open: %s", fault_why(&fault));
    return store;
}

static inline struct engine *open_engine(struct store *store)
{
    struct policy policy = {.now_ms = now_ms};
    struct engine *engine = NULL;
    struct fault fault = {NULL, NULL};
    if (engine_new(store, &policy, NULL, &engine, &fault) != RC_OK)
        fail_msg("engine_new: %s", fault.message);
    return engine;
}

static inline struct text text(const char *bytes)
{
    return (struct text){bytes, bytes ? (uint32_t)strlen(bytes) : 0};
}
