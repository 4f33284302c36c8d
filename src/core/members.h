#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The members of a JSON object, flat: metadata of a record, fields of a log entry. A value is kept as the
 * JSON text it was sent as, so that it comes back as it was written. Pure; any thread. */

enum { MEMBERS_MAX_BYTES = 16384 }; /* as one JSON object; contract 3 and 5 */

struct member {
    const char *name; /* unescaped UTF-8 */
    uint32_t name_size;
    const char *value; /* JSON text */
    uint32_t value_size;
};

/* Bytes that member_put needs for this member. */
size_t member_bytes(const struct member *member);

/* Writes one member at out (room for member_bytes); returns the end. */
uint8_t *member_put(uint8_t *out, const struct member *member);

/* Reads the member at *at and moves *at past it. False: the end, or malformed. The member borrows the bytes.
 */
bool member_next(const uint8_t **at, const uint8_t *end, struct member *out_member);

/* Finds a member by name; the member borrows the bytes. False: there is none. */
bool members_find(const void *members, size_t size, const char *name, struct member *out_member);

/* Shallow merge: members of patch replace those of the same name in base or come after them. Order of base is
 * kept. out has room for base_size + patch_size; returns the bytes used. n log n in their number. Source:
 * contract 3, update; 5, PUT. */
size_t members_merge(const void *base, size_t base_size, const void *patch, size_t patch_size, void *out);

/* NULL: members that a face could have sent: well-formed, JSON values (depth 32), no name twice, within the
 * bounds of one object. Else what is wrong; a static text. */
const char *members_problem(const void *members, size_t size);

/* How many members the bytes hold. */
uint32_t members_count(const void *members, size_t size);

/* Length of the members written as one JSON object without spaces (escapes of names not counted). */
size_t members_json_bytes(const void *members, size_t size);
