#include "core/members.h"

#include <string.h>

#include "base/codec.h"
#include "base/ident.h"
#include "core/limits.h"

size_t member_bytes(const struct member *member)
{
    return 2 * VARINT_MAX_BYTES + (size_t)member->name_size + member->value_size;
}

uint8_t *member_put(uint8_t *out, const struct member *member)
{
    out = put_bytes(out, member->name, member->name_size);
    return put_bytes(out, member->value, member->value_size);
}

bool member_next(const uint8_t **at, const uint8_t *end, struct member *out_member)
{
    struct reader reader = {*at, end, false};
    struct member member;

    if (*at == end)
        return false;
    member.name = get_bytes(&reader, &member.name_size);
    member.value = get_bytes(&reader, &member.value_size);
    if (!member.name)
        member.name = "";
    if (reader.bad || !member.value)
        return false;
    *at = reader.at;
    *out_member = member;
    return true;
}

bool members_find(const void *members, size_t size, const char *name, struct member *out_member)
{
    const uint8_t *at = members, *end = at + size;
    size_t name_size = strlen(name);
    struct member member;

    while (size && member_next(&at, end, &member))
        if (member.name_size == name_size && memcmp(member.name, name, name_size) == 0) {
            *out_member = member;
            return true;
        }
    return false;
}

/* ---- merging ---- */

/* Members of an object in the order of their names, so that one is found in few steps: a caller chooses the
 * names, so no hash would do. FEW are looked through one by one; more than MANY no request brings. */
enum { FEW = 8, MANY = 4096 };

struct sorted {
    const uint8_t *members, *end;
    uint32_t count;
    uint32_t at[MANY]; /* where each begins */
    bool taken[MANY];  /* by a member of the base */
};

/* Shorter names first: only their order among each other matters. */
static int compare_names(const struct member *a, const struct member *b)
{
    if (a->name_size != b->name_size)
        return a->name_size < b->name_size ? -1 : 1;
    return memcmp(a->name, b->name, a->name_size);
}

static struct member member_at(const struct sorted *sorted, uint32_t place)
{
    const uint8_t *from = sorted->members + sorted->at[place];
    struct member member = {"", 0, "", 0};

    (void)member_next(&from, sorted->end, &member); /* was read before, so it is whole */
    return member;
}

/* Merges two runs that lie one behind the other; taken is no more than room here. */
static void merge_runs(struct sorted *sorted, uint32_t *room, uint32_t from, uint32_t middle, uint32_t end)
{
    uint32_t left = from, right = middle;

    for (uint32_t to = from; to < end; to++) {
        bool take_left = right == end;
        if (left < middle && right < end) {
            struct member a = member_at(sorted, left), b = member_at(sorted, right);
            take_left = compare_names(&a, &b) <= 0;
        }
        room[to] = sorted->at[take_left ? left++ : right++];
    }
    memcpy(sorted->at + from, room + from, (end - from) * sizeof *room);
}

/* False: more than MANY. */
static bool sort_members(struct sorted *sorted, const uint8_t *members, size_t size)
{
    const uint8_t *at = members, *end = at + size;
    uint32_t room[MANY];
    struct member member;

    sorted->members = members;
    sorted->end = end;
    sorted->count = 0;
    for (const uint8_t *start = at; member_next(&at, end, &member); start = at) {
        if (sorted->count == MANY)
            return false;
        sorted->taken[sorted->count] = false;
        sorted->at[sorted->count++] = (uint32_t)(start - members);
    }
    for (uint32_t run = 1; run < sorted->count; run *= 2)
        for (uint32_t from = 0; from + run < sorted->count; from += 2 * run)
            merge_runs(sorted, room, from, from + run,
                       from + 2 * run < sorted->count ? from + 2 * run : sorted->count);
    return true;
}

/* The place of the member named like this; count: none. */
static uint32_t find_sorted(const struct sorted *sorted, const struct member *like)
{
    uint32_t low = 0, high = sorted->count;

    while (low < high) {
        uint32_t middle = (low + high) / 2;
        struct member member = member_at(sorted, middle);
        int order = compare_names(&member, like);
        if (order == 0)
            return middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return sorted->count;
}

/* The member of patch with the same name as the given one. */
static bool find_same(const void *patch, size_t size, const struct member *like, struct member *out_member)
{
    const uint8_t *at = patch, *end = at + size;

    while (size && member_next(&at, end, out_member))
        if (compare_names(out_member, like) == 0)
            return true;
    return false;
}

static size_t merge_few(const void *base, size_t base_size, const void *patch, size_t patch_size, void *out)
{
    const uint8_t *at = base, *end = at + base_size;
    uint8_t *to = out;
    struct member member, newer;

    while (base_size && member_next(&at, end, &member))
        to = member_put(to, find_same(patch, patch_size, &member, &newer) ? &newer : &member);
    at = patch;
    end = at + patch_size;
    while (patch_size && member_next(&at, end, &member))
        if (!find_same(base, base_size, &member, &newer))
            to = member_put(to, &member);
    return (size_t)(to - (uint8_t *)out);
}

static size_t merge_many(const void *base, size_t base_size, const void *patch, size_t patch_size, void *out,
                         struct sorted *sorted)
{
    const uint8_t *at = base, *end = at + base_size;
    uint8_t *to = out;
    struct member member;

    while (base_size && member_next(&at, end, &member)) {
        uint32_t place = find_sorted(sorted, &member);
        if (place < sorted->count) {
            sorted->taken[place] = true;
            member = member_at(sorted, place);
        }
        to = member_put(to, &member);
    }
    at = patch;
    end = at + patch_size;
    while (member_next(&at, end, &member)) {
        uint32_t place = find_sorted(sorted, &member);
        if (place < sorted->count && !sorted->taken[place])
            to = member_put(to, &member);
    }
    return (size_t)(to - (uint8_t *)out);
}

uint32_t members_count(const void *members, size_t size)
{
    const uint8_t *at = members, *end = at + size;
    struct member member;
    uint32_t count = 0;

    while (size && member_next(&at, end, &member))
        count++;
    return count;
}

size_t members_merge(const void *base, size_t base_size, const void *patch, size_t patch_size, void *out)
{
    struct sorted sorted;

    if (members_count(patch, patch_size) <= FEW || !base_size || !sort_members(&sorted, patch, patch_size))
        return merge_few(base, base_size, patch, patch_size, out);
    return merge_many(base, base_size, patch, patch_size, out, &sorted);
}

size_t members_json_bytes(const void *members, size_t size)
{
    const uint8_t *at = members, *end = at + size;
    struct member member;
    size_t bytes = 2;

    while (size && member_next(&at, end, &member))
        bytes += (bytes > 2 ? 4u : 3u) + (size_t)member.name_size + member.value_size;
    return bytes;
}

/* ---- whether members could have been sent ---- */

/* One JSON value, walked without recursion: a bit a level says whether it is an object. */
struct walk {
    const char *at, *end;
    uint64_t objects;
    unsigned depth;
};

enum { DEPTH_MAX = 32 };

static void skip_space(struct walk *walk)
{
    while (walk->at < walk->end &&
           (*walk->at == ' ' || *walk->at == '\t' || *walk->at == '\n' || *walk->at == '\r'))
        walk->at++;
}

static bool is_digit(const struct walk *walk)
{
    return walk->at < walk->end && *walk->at >= '0' && *walk->at <= '9';
}

static bool take(struct walk *walk, char c)
{
    bool there = walk->at < walk->end && *walk->at == c;

    walk->at += there;
    return there;
}

static bool take_word(struct walk *walk, const char *word)
{
    size_t size = strlen(word);
    bool there = (size_t)(walk->end - walk->at) >= size && memcmp(walk->at, word, size) == 0;

    walk->at += there ? size : 0;
    return there;
}

static bool take_digits(struct walk *walk)
{
    bool any = is_digit(walk);

    while (is_digit(walk))
        walk->at++;
    return any;
}

static bool take_number(struct walk *walk)
{
    (void)take(walk, '-'); /* may be absent */
    if (!take(walk, '0') && !take_digits(walk))
        return false;
    if (take(walk, '.') && !take_digits(walk))
        return false;
    if (take(walk, 'e') || take(walk, 'E')) {
        if (!take(walk, '+'))
            (void)take(walk, '-'); /* likewise */
        return take_digits(walk);
    }
    return true;
}

static bool take_escape(struct walk *walk)
{
    if (walk->at == walk->end)
        return false;
    char c = *walk->at++;
    if (c != 'u')
        return c != '\0' && strchr("\"\\/bfnrt", c) != NULL;
    for (int i = 0; i < 4; i++, walk->at++)
        if (walk->at == walk->end || !*walk->at || !strchr("0123456789abcdefABCDEF", *walk->at))
            return false;
    return true;
}

static bool take_string(struct walk *walk)
{
    if (!take(walk, '"'))
        return false;
    while (walk->at < walk->end && (unsigned char)*walk->at >= 0x20) {
        char c = *walk->at++;
        if (c == '"')
            return true;
        if (c == '\\' && !take_escape(walk))
            return false;
    }
    return false;
}

/* A member's name and its colon, when the level is an object. */
static bool take_name(struct walk *walk)
{
    if (!(walk->objects >> walk->depth & 1))
        return true;
    skip_space(walk);
    if (!take_string(walk))
        return false;
    skip_space(walk);
    return take(walk, ':');
}

/* Goes into an array or object, or past a scalar. *out_open: into one that is not empty. */
static bool take_start(struct walk *walk, bool *out_open)
{
    bool object = walk->at < walk->end && *walk->at == '{';

    *out_open = false;
    if (!object && !(walk->at < walk->end && *walk->at == '['))
        return (walk->at < walk->end && *walk->at == '"')
                   ? take_string(walk)
                   : take_word(walk, "true") || take_word(walk, "false") || take_word(walk, "null") ||
                         take_number(walk);
    walk->at++;
    skip_space(walk);
    if (take(walk, object ? '}' : ']'))
        return true;
    if (++walk->depth > DEPTH_MAX)
        return false;
    walk->objects &= ~(UINT64_C(1) << walk->depth);
    walk->objects |= (uint64_t)object << walk->depth;
    *out_open = true;
    return take_name(walk);
}

static bool is_value(const char *text, size_t size)
{
    struct walk walk = {text, text + size, 0, 0};
    bool open = true;

    if (!utf8_valid(text, size))
        return false;
    while (open) { /* at the beginning of a value */
        skip_space(&walk);
        if (!take_start(&walk, &open))
            return false;
        while (!open && walk.depth > 0) { /* after one */
            skip_space(&walk);
            if (take(&walk, ',')) {
                if (!take_name(&walk))
                    return false;
                open = true;
            } else if (take(&walk, walk.objects >> walk.depth & 1 ? '}' : ']')) {
                walk.depth--;
            } else {
                return false;
            }
        }
    }
    return walk.at == walk.end;
}

enum { NAME_SLOTS = 2048 }; /* more than LIMIT_OBJECT_MEMBERS */

/* Enters the member that starts at an offset into a table of such; false: one of that name was there before.
 */
static bool note_name(uint32_t *slots, const uint8_t *members, const uint8_t *end, uint32_t offset,
                      const struct member *member)
{
    uint32_t hash = 2166136261u; /* FNV-1a */

    for (uint32_t i = 0; i < member->name_size; i++)
        hash = (hash ^ (unsigned char)member->name[i]) * 16777619u;
    for (uint32_t slot = hash % NAME_SLOTS;; slot = (slot + 1) % NAME_SLOTS) {
        struct member other;
        if (!slots[slot]) {
            slots[slot] = offset + 1;
            return true;
        }
        const uint8_t *at = members + slots[slot] - 1;
        if (member_next(&at, end, &other) && other.name_size == member->name_size &&
            memcmp(other.name, member->name, member->name_size) == 0)
            return false;
    }
}

const char *members_problem(const void *members, size_t size)
{
    const uint8_t *at = members, *end = at + size;
    uint32_t slots[NAME_SLOTS] = {0}, count = 0;
    struct member member;

    if (size > 2 * MEMBERS_MAX_BYTES)
        return "its members have more than 16 KiB";
    while (size && at < end) {
        uint32_t offset = (uint32_t)(at - (const uint8_t *)members);
        if (!member_next(&at, end, &member))
            return "its members are damaged";
        if (++count > LIMIT_OBJECT_MEMBERS)
            return "it has more than 1,000 members";
        if (!utf8_valid(member.name, member.name_size) || memchr(member.name, 0, member.name_size) ||
            !is_value(member.value, member.value_size))
            return "a member of it is no JSON";
        if (!note_name(slots, members, end, offset, &member))
            return "it has two members of one name";
    }
    return size && members_json_bytes(members, size) > MEMBERS_MAX_BYTES ? "its members have more than 16 KiB"
                                                                         : NULL;
}
