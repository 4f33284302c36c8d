#include "app/idtab.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <xxhash.h>

struct idtab_entry {
    uint64_t hash; /* 0: free */
    const char *id;
    uint32_t size, key; /* key 0: removed, the chain goes on */
};

/* Drawn once per process; only ever read after that. */
static uint64_t seed(void)
{
    static uint64_t value;
    static bool drawn;

    if (!drawn) {
        if (getrandom(&value, sizeof value, 0) != sizeof value)
            value = (uint64_t)(uintptr_t)&value; /* address randomisation is the next best secret */
        drawn = true;
    }
    return value;
}

static uint64_t hash_of(const char *id, size_t size)
{
    uint64_t hash = XXH3_64bits_withSeed(id, size, seed());
    return hash ? hash : 1;
}

void idtab_done(struct idtab *table)
{
    free(table->entries);
    *table = (struct idtab){NULL, 0, 0};
}

static struct idtab_entry *look_up(const struct idtab *table, const char *id, size_t size, uint64_t hash)
{
    if (table->room == 0)
        return NULL;
    for (size_t i = hash & (table->room - 1);; i = (i + 1) & (table->room - 1)) {
        struct idtab_entry *entry = &table->entries[i];
        if (entry->hash == 0)
            return NULL;
        if (entry->hash == hash && entry->key && entry->size == size && memcmp(entry->id, id, size) == 0)
            return entry;
    }
}

uint32_t idtab_find(const struct idtab *table, const char *id, size_t size)
{
    struct idtab_entry *entry = look_up(table, id, size, hash_of(id, size));
    return entry ? entry->key : 0;
}

static void place(struct idtab_entry *entries, size_t room, struct idtab_entry entry)
{
    size_t i = entry.hash & (room - 1);

    while (entries[i].hash)
        i = (i + 1) & (room - 1);
    entries[i] = entry;
}

bool idtab_add(struct idtab *table, const char *id, size_t size, uint32_t key)
{
    if (table->count * 4 >= table->room * 3) {
        size_t room = table->room ? table->room * 2 : 64;
        struct idtab_entry *entries = calloc(room, sizeof *entries);
        if (!entries)
            return false;
        for (size_t i = 0; i < table->room; i++)
            if (table->entries[i].hash && table->entries[i].key)
                place(entries, room, table->entries[i]);
        free(table->entries);
        table->entries = entries;
        table->room = room;
    }
    place(table->entries, table->room, (struct idtab_entry){hash_of(id, size), id, (uint32_t)size, key});
    table->count++;
    return true;
}

void idtab_remove(struct idtab *table, const char *id, size_t size)
{
    struct idtab_entry *entry = look_up(table, id, size, hash_of(id, size));
    if (entry)
        entry->key = 0;
}
