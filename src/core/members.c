#include "core/members.h"

#include <string.h>

#include "base/codec.h"

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

/* The member of patch with the same name as the given one. */
static bool find_same(const void *patch, size_t size, const struct member *like, struct member *out_member)
{
    const uint8_t *at = patch, *end = at + size;

    while (size && member_next(&at, end, out_member))
        if (out_member->name_size == like->name_size &&
            memcmp(out_member->name, like->name, like->name_size) == 0)
            return true;
    return false;
}

size_t members_merge(const void *base, size_t base_size, const void *patch, size_t patch_size, void *out)
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

size_t members_json_bytes(const void *members, size_t size)
{
    const uint8_t *at = members, *end = at + size;
    struct member member;
    size_t bytes = 2;

    while (size && member_next(&at, end, &member))
        bytes += (bytes > 2 ? 4u : 3u) + (size_t)member.name_size + member.value_size;
    return bytes;
}
