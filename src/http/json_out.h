#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/* JSON as it is written: append only, no tree. Commas are placed by the writer. Strings are UTF-8 and get the
 * escapes RFC 8259 asks for. A struct json_out is a place in a buf; nothing to free. */
struct json_out {
    struct buf *buf;
    bool comma;
};

void json_open(struct json_out *out, char bracket);  /* '{' or '[' */
void json_close(struct json_out *out, char bracket); /* '}' or ']' */

/* Writes a member's name, NUL-terminated, into the open object; its value comes next. */
void json_name(struct json_out *out, const char *name);

/* Writes a string of size bytes of UTF-8, with its escapes. */
void json_text(struct json_out *out, const char *text, size_t size);

/* Writes a whole number. */
void json_int(struct json_out *out, int64_t value);

/* Writes true or false. */
void json_bool(struct json_out *out, bool value);

/* Writes null. */
void json_null_value(struct json_out *out);
void json_raw(struct json_out *out, const char *json, size_t size); /* JSON text as it is */
void json_instant(struct json_out *out, int64_t ms);                /* ISO 8601, Z, milliseconds */
/* value / 10^digits, no zeros at the end */
void json_scaled(struct json_out *out, int64_t value, unsigned digits);

/* The same with a member name before. */
void json_put_text(struct json_out *out, const char *name, const char *text); /* NULL: null */

/* Writes a member that is a whole number. */
void json_put_int(struct json_out *out, const char *name, int64_t value);

/* Writes a member that is true or false. */
void json_put_bool(struct json_out *out, const char *name, bool value);

/* Writes a member that is null. */
void json_put_null(struct json_out *out, const char *name);
void json_put_instant(struct json_out *out, const char *name, int64_t ms); /* 0: null */

/* Writes a member that is value / 10^digits, without zeros at the end. */
void json_put_scaled(struct json_out *out, const char *name, int64_t value, unsigned digits);

/* Writes a member that is an object ('{') or a list ('['), open until json_close. */
void json_put_open(struct json_out *out, const char *name, char bracket);
