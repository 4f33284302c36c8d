#include "model/id_table.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <xxhash.h>

struct id_table_entry {
    uint64_t hash; /* 0: free */
    const char *id;
    uint32_t size, key; /* key 0: free, or left: the chain goes on */
};

static uint64_t drawn;

/* Before main: two threads that draw at the same time would each keep ids under a seed of their own. */
__attribute__((constructor)) static void draw_seed(void)
{
    if (getrandom(&drawn, sizeof drawn, 0) != sizeof drawn)
        drawn = (uint64_t)(uintptr_t)&drawn; /* address randomisation is the next best secret */
}

static uint64_t hash_of(const char *id, size_t size)
{
    uint64_t hash = XXH3_64bits_withSeed(id, size, drawn);
    return hash ? hash : 1;
}

/* places moved at a time: the next growth is at least 3/8 of the room in calls away, and no more than the
 * room is moved */
enum { STEP = 8 };

void id_table_done(struct id_table *table)
{
    free(table->entries);
    free(table->before);
    *table = (struct id_table){0};
}

static struct id_table_entry *look_in(struct id_table_entry *entries, size_t room, const char *id,
                                      size_t size, uint64_t hash)
{
    if (room == 0)
        return NULL;
    for (size_t i = hash & (room - 1);; i = (i + 1) & (room - 1)) {
        struct id_table_entry *entry = &entries[i];
        if (entry->hash == 0)
            return NULL;
        if (entry->hash == hash && entry->key && entry->size == size && memcmp(entry->id, id, size) == 0)
            return entry;
    }
}

/* Of the table before nothing is taken out, only copied: chains stay whole, and it is freed when all is
 * moved. */
static struct id_table_entry *look_up(const struct id_table *table, const char *id, size_t size,
                                      uint64_t hash)
{
    struct id_table_entry *entry = look_in(table->entries, table->room, id, size, hash);
    return entry || !table->before ? entry : look_in(table->before, table->before_room, id, size, hash);
}

uint32_t id_table_find(const struct id_table *table, const char *id, size_t size)
{
    struct id_table_entry *entry = look_up(table, id, size, hash_of(id, size));
    return entry ? entry->key : 0;
}

/* A place that was left is taken again: who comes and goes adds nothing to a chain. */
static void place(struct id_table *table, struct id_table_entry entry)
{
    size_t i = entry.hash & (table->room - 1);

    while (table->entries[i].key)
        i = (i + 1) & (table->room - 1);
    table->left -= table->entries[i].hash != 0;
    table->entries[i] = entry;
}

/* The next few places of the table before. */
static void move_some(struct id_table *table)
{
    size_t end = table->moved + STEP < table->before_room ? table->moved + STEP : table->before_room;

    for (; table->moved < end; table->moved++)
        if (table->before[table->moved].hash && table->before[table->moved].key)
            place(table, table->before[table->moved]);
    if (table->moved < table->before_room)
        return;
    free(table->before);
    table->before = NULL;
    table->before_room = table->moved = 0;
}

/* A new table, twice as large, or of the same size when most places of this one were left. */
static bool begin_to_grow(struct id_table *table)
{
    size_t room = !table->room ? 64 : table->count * 8 >= table->room * 3 ? table->room * 2 : table->room;
    /* a large one's pages are zeroed as they are touched */
    struct id_table_entry *entries = calloc(room, sizeof *entries);

    if (!entries)
        return false;
    table->before = table->entries; /* the one before that was moved long ago */
    table->before_room = table->room;
    table->moved = 0;
    table->entries = entries;
    table->room = room;
    table->left = 0;
    return true;
}

bool id_table_add(struct id_table *table, const char *id, size_t size, uint32_t key)
{
    if ((table->count + table->left) * 4 >= table->room * 3 && !begin_to_grow(table))
        return false;
    if (table->before)
        move_some(table);
    place(table, (struct id_table_entry){hash_of(id, size), id, (uint32_t)size, key});
    table->count++;
    return true;
}

void id_table_remove(struct id_table *table, const char *id, size_t size)
{
    uint64_t hash = hash_of(id, size);
    struct id_table_entry *entry = look_in(table->entries, table->room, id, size, hash);
    struct id_table_entry *before = look_in(table->before, table->before_room, id, size, hash);

    table->count -= entry || before;
    table->left += entry != NULL;
    if (entry)
        entry->key = 0;
    if (before) /* while it grows, in both */
        before->key = 0;
}
