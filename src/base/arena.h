#pragma once

#include <stdarg.h>
#include <stddef.h>

#include "base/text.h"

/* Memory that is given back all at once: what one request makes lives in its arena.
 * Not thread-safe; one owner at a time. */
struct arena {
    struct arena_chunk *chunks; /* newest first */
    char *at, *end;
};

/* Makes an empty arena; nothing is allocated until its first use. */
void arena_init(struct arena *arena);

/* Frees everything that was allocated; the arena is empty again. */
void arena_done(struct arena *arena);

/* Empties the arena: what was allocated is gone, and at most one chunk is kept for what comes next. */
void arena_reset(struct arena *arena);

/* size bytes, zeroed, aligned for any type. NULL: out of memory. */
void *arena_alloc(struct arena *arena, size_t size);

/* A copy of size bytes with a NUL after them. NULL: out of memory. */
char *arena_copy(struct arena *arena, const void *bytes, size_t size);

/* A copy of a text. Its bytes NULL: out of memory, or it was absent. */
struct text arena_text(struct arena *arena, struct text text);

/* Formats as printf into the arena. NULL: out of memory. */
char *arena_printf(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
