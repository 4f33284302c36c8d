#include "http/json_in.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/codec.h"
#include "base/ident.h"
#include "base/instant.h"
#include "base/memory.h"

/* What would cost more to parse than to look at: a NUL byte (jansson ends a number there), nesting, members
 * of one object. One pass, before parsing, so that 100,000 '[' or members cost no more than it. NULL: fine.
 */
static const char *look_over(const char *bytes, size_t size)
{
    unsigned members[JSON_MAX_DEPTH + 1] = {0}; /* of what is open at each depth; 0: an array */
    int depth = 0;
    bool in_string = false;

    if (memchr(bytes, 0, size))
        return "the body is not valid JSON";
    for (size_t i = 0; i < size; i++) {
        char c = bytes[i];
        if (in_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > JSON_MAX_DEPTH)
                return "the JSON is nested too deep (32 levels at most)";
            members[depth] = c == '{';
        } else if (c == '}' || c == ']') {
            depth -= depth > 0;
        } else if (c == ',' && members[depth] && ++members[depth] > JSON_MAX_MEMBERS) {
            return "a JSON object has at most 1,000 members";
        }
    }
    return NULL;
}

/* Before any thread. */
__attribute__((constructor)) static void lend_memory(void)
{
    json_set_alloc_funcs(memory_noted_malloc, free);
}

/* What is left of a body. Once memory was out no more of it is parsed. */
struct rest {
    const char *at, *end;
};

static size_t next_piece(void *to, size_t most, void *arg)
{
    struct rest *rest = arg;
    size_t left = memory_was_out() ? 0 : (size_t)(rest->end - rest->at);
    size_t size = left < most ? left : most;

    memcpy(to, rest->at, size);
    rest->at += size;
    return size;
}

enum rc json_in(const char *bytes, size_t size, json_t **out_root, struct fault *fault)
{

    if (size == 0)
        return fault_set(fault, RC_INVALID, "body", "a JSON object is required");
    const char *problem = look_over(bytes, size);
    if (problem)
        return fault_set(fault, RC_INVALID, "body", problem);
    if (!memory_ready())
        return fault_no_memory(fault);
    struct rest rest = {bytes, bytes + size};
    json_t *root = json_load_callback(next_piece, &rest, JSON_REJECT_DUPLICATES, NULL);
    if (memory_was_out()) {
        json_decref(root);
        return fault_no_memory(fault);
    }
    if (!root)
        return fault_set(fault, RC_INVALID, "body", "the body is not valid JSON");
    if (!json_is_object(root)) {
        json_decref(root);
        return fault_set(fault, RC_INVALID, "body", "the body must be a JSON object");
    }
    *out_root = root;
    return RC_OK;
}

json_t *json_in_member(json_t *object, const char *name, enum spelling spelling)
{
    json_t *value = NULL;

    if (spelling == SPELLING_EXACT) {
        value = json_object_get(object, name);
    } else {
        const char *key;
        json_t *each;
        json_object_foreach(object, key, each) if (strcasecmp(key, name) == 0) value = each;
    }
    return json_is_null(value) ? NULL : value;
}

static int compare_names(const void *a, const void *b)
{
    return strcasecmp(*(const char *const *)a, *(const char *const *)b);
}

enum rc json_in_case_clash(json_t *object, struct fault *fault)
{
    const char *names[JSON_MAX_MEMBERS], *key;
    size_t count = 0;
    json_t *value;

    json_object_foreach(object, key, value) if (count < JSON_MAX_MEMBERS) /* json_in lets no more through */
        names[count++] = key;
    qsort(names, count, sizeof *names, compare_names);
    for (size_t i = 1; i < count; i++)
        if (strcasecmp(names[i - 1], names[i]) == 0)
            return fault_set(fault, RC_INVALID, "body", "two members differ only in case");
    return RC_OK;
}

/* A whole number in either spelling. A real from 2^53 on may have been another number before it was rounded.
 */
static bool whole(const json_t *value, int64_t *out)
{
    double real = json_real_value(value);

    if (json_is_integer(value))
        *out = json_integer_value(value);
    else if (json_is_real(value) && fabs(real) < 9007199254740992.0 && real == floor(real))
        *out = (int64_t)real;
    else
        return false;
    return true;
}

static enum rc required(const char *field, struct fault *fault)
{
    return fault_set(fault, RC_INVALID, field, "is required");
}

enum rc json_in_id(struct arena *arena, const json_t *value, const char *field, const char **out_id,
                   uint32_t *out_size, struct fault *fault)
{
    char *text;
    size_t size;
    int64_t number;

    if (!value)
        return required(field, fault);
    if (whole(value, &number)) {
        text = arena_printf(arena, "%lld", (long long)number);
        size = text ? strlen(text) : 0;
    } else if (json_is_string(value)) {
        size = json_string_length(value);
        text = arena_copy(arena, json_string_value(value), size);
    } else {
        return fault_set(fault, RC_INVALID, field, "must be a string or an integer");
    }
    if (!text)
        return fault_no_memory(fault);
    const char *problem = ident_problem(text, size);
    if (problem)
        return fault_set(fault, RC_INVALID, field, problem);
    ident_normalize(text, size);
    *out_id = text;
    *out_size = (uint32_t)size;
    return RC_OK;
}

enum rc json_in_whole(const json_t *value, const char *field, int64_t *out, struct fault *fault)
{
    if (!value)
        return required(field, fault);
    int64_t number;
    if ((whole(value, &number) && number >= 0) ||
        (json_is_string(value) &&
         ident_integer(json_string_value(value), json_string_length(value), &number))) {
        *out = number;
        return RC_OK;
    }
    return fault_set(fault, RC_INVALID, field, "must be a whole number from 0 up");
}

enum rc json_in_integer(const json_t *value, const char *field, int64_t low, int64_t high, int64_t *out,
                        struct fault *fault)
{
    if (!value)
        return required(field, fault);
    int64_t number;
    if (!whole(value, &number)) {
        bool huge = json_is_real(value) && !(fabs(json_real_value(value)) < 9007199254740992.0);
        return fault_set(fault, RC_INVALID, field, huge ? "is out of range" : "must be an integer");
    }
    if (number < low || number > high)
        return fault_set(fault, RC_INVALID, field, "is out of range");
    *out = number;
    return RC_OK;
}

/* Half up, of the decimal number that was written: 1.005 in hundredths is 101, though the double next to it
 * is less. A product that comes as near to a half as that is looked at in the 15 digits that a double keeps.
 */
static int64_t rounded(double scaled)
{
    char digits[32];

    if (scaled > 1e14 || fabs(scaled - floor(scaled) - 0.5) > 0.01)
        return llround(scaled);
    (void)snprintf(digits, sizeof digits, "%.15g", scaled); /* at most 22 */
    return llround(strtod(digits, NULL));
}

enum rc json_in_scaled(const json_t *value, const char *field, unsigned digits, int64_t low, int64_t high,
                       int64_t *out_scaled, struct fault *fault)
{
    int64_t unit = 1;

    if (!value)
        return required(field, fault);
    if (!json_is_number(value))
        return fault_set(fault, RC_INVALID, field, "must be a number");
    for (unsigned i = 0; i < digits; i++)
        unit *= 10;
    if (json_is_integer(value)) {
        if (json_integer_value(value) < low || json_integer_value(value) > high)
            return fault_set(fault, RC_INVALID, field, "is out of range");
        *out_scaled = json_integer_value(value) * unit;
        return RC_OK;
    }
    double number = json_real_value(value);
    if (!(number >= (double)low && number <= (double)high))
        return fault_set(fault, RC_INVALID, field, "is out of range");
    *out_scaled = rounded(number * (double)unit);
    return RC_OK;
}

enum rc json_in_percent(const json_t *value, const char *field, uint16_t *out_hundredths, struct fault *fault)
{
    int64_t hundredths;
    enum rc rc = json_in_scaled(value, field, 2, 0, 100, &hundredths, fault);

    if (rc == RC_OK)
        *out_hundredths =
            (uint16_t)(hundredths == 10000 && json_number_value(value) < 100 ? 9999 : hundredths);
    return rc;
}

enum rc json_in_bool(const json_t *value, const char *field, bool *out, struct fault *fault)
{
    if (!value)
        return required(field, fault);
    if (!json_is_boolean(value))
        return fault_set(fault, RC_INVALID, field, "must be true or false");
    *out = json_is_true(value);
    return RC_OK;
}

enum rc json_in_text(const json_t *value, const char *field, size_t max, const char **out,
                     struct fault *fault)
{
    if (!value)
        return required(field, fault);
    if (!json_is_string(value))
        return fault_set(fault, RC_INVALID, field, "must be a string");
    if (json_string_length(value) > max)
        return fault_set(fault, RC_INVALID, field, "is too long");
    *out = json_string_value(value);
    return RC_OK;
}

enum rc json_in_instant(const json_t *value, const char *field, int64_t *out_ms, struct fault *fault)
{
    if (!value)
        return required(field, fault);
    if (!json_is_string(value) ||
        instant_parse(json_string_value(value), json_string_length(value), out_ms) == INSTANT_NONE)
        return fault_set(fault, RC_INVALID, field, "must be a day or an instant as ISO 8601 writes them");
    return RC_OK;
}

/* ---- values as they were written: a walk over text that is known to be valid JSON ---- */

static const char *skip_space(const char *at)
{
    while (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r')
        at++;
    return at;
}

static const char *skip_string(const char *at)
{
    for (at++; *at != '"'; at++)
        if (*at == '\\')
            at++;
    return at + 1;
}

static const char *skip_value(const char *at)
{
    int depth = 0;

    do {
        at = skip_space(at);
        if (*at == '"') {
            at = skip_string(at);
        } else if (*at == '{' || *at == '[') {
            depth++;
            at++;
        } else if (*at == '}' || *at == ']') {
            depth--;
            at++;
        } else if (*at == ',' || *at == ':') {
            at++;
            continue;
        } else {
            while (*at && !strchr(",:{}[] \t\n\r", *at))
                at++;
        }
    } while (depth > 0);
    return at;
}

/* The spans of an object's values, in step with jansson's members (which keep their order). Returns the end.
 */
static uint8_t *copy_spans(const char *at, json_t *object, bool (*skip)(const char *), uint8_t *out)
{
    const char *key;
    json_t *value;

    at = skip_space(at) + 1; /* past the bracket */
    json_object_foreach(object, key, value)
    {
        at = skip_space(skip_string(skip_space(at))); /* the name, then the colon */
        const char *from = skip_space(at + 1), *to = skip_value(from);
        at = skip_space(to);
        if (*at == ',')
            at++;
        if (skip && skip(key))
            continue;
        out = put_bytes(out, key, strlen(key));
        out = put_bytes(out, from, (size_t)(to - from));
    }
    return out;
}

/* Where the value of a top-level member starts. */
static const char *find_value(const char *body, json_t *root, const char *name)
{
    const char *at = skip_space(body) + 1, *key;
    json_t *value;

    json_object_foreach(root, key, value)
    {
        at = skip_space(skip_string(skip_space(at)));
        const char *from = skip_space(at + 1);
        if (strcmp(key, name) == 0)
            return from;
        at = skip_space(skip_value(from));
        if (*at == ',')
            at++;
    }
    return NULL;
}

enum rc json_in_members(struct arena *arena, const char *body, size_t size, json_t *root, const char *name,
                        bool (*skip)(const char *name), const uint8_t **out_members, uint32_t *out_size,
                        struct fault *fault)
{
    char *text = arena_copy(arena, body, size); /* ends with a NUL, which stops every walk */
    json_t *object = name ? json_object_get(root, name) : root;

    if (!text)
        return fault_no_memory(fault);
    if (!json_is_object(object))
        return fault_set(fault, RC_INVALID, name, "must be a JSON object");
    const char *at = name ? find_value(text, root, name) : text;
    uint8_t *out = arena_alloc(arena, size * 2 + json_object_size(object) * 2 * VARINT_MAX_BYTES + 1);
    if (!out || !at)
        return fault_no_memory(fault);
    *out_members = out;
    *out_size = (uint32_t)(copy_spans(at, object, skip, out) - out);
    return RC_OK;
}
