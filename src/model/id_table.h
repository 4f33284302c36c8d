#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Text ids to small integers ("interned" keys, from 1). Grows with those that stay. Not thread-safe: the
 * model's lock guards it. The hash is keyed per process, so clients cannot choose colliding ids. */
struct id_table {
    struct id_table_entry *entries; /* open addressing, a power of two */
    size_t room, count, left;       /* left: places of entries whose id was removed */
    /* while it grows: the table before, of which moved places are in entries too */
    struct id_table_entry *before;
    size_t before_room, moved;
};

/* Frees the places; the texts are their owner's. */
void id_table_done(struct id_table *table);

/* The key of an id, or 0. */
uint32_t id_table_find(const struct id_table *table, const char *id, size_t size);

/* Adds an id that is not there; the text is borrowed until it is removed, key is not 0. Costs the same
 * however many there are: a table that grows is moved a few places at each call. False: out of memory. */
bool id_table_add(struct id_table *table, const char *id, size_t size, uint32_t key);

/* Forgets an id (erasure, a commit that failed); its place is given to others. */
void id_table_remove(struct id_table *table, const char *id, size_t size);
