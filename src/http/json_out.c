#include "http/json_out.h"

#include <string.h>

#include "base/instant.h"

static void separate(struct json_out *out)
{
    if (out->comma)
        buf_char(out->buf, ',');
    out->comma = true;
}

void json_open(struct json_out *out, char bracket)
{
    separate(out);
    buf_char(out->buf, bracket);
    out->comma = false;
}

void json_close(struct json_out *out, char bracket)
{
    buf_char(out->buf, bracket);
    out->comma = true;
}

static void quote(struct buf *buf, const char *text, size_t size)
{
    static const char hex[] = "0123456789abcdef";
    size_t start = 0;

    buf_char(buf, '"');
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        buf_add(buf, text + start, i - start);
        start = i + 1;
        const char *short_form = c == '"'    ? "\\\""
                                 : c == '\\' ? "\\\\"
                                 : c == '\n' ? "\\n"
                                 : c == '\r' ? "\\r"
                                 : c == '\t' ? "\\t"
                                             : NULL;
        if (short_form) {
            buf_add(buf, short_form, 2);
        } else {
            char escape[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
            buf_add(buf, escape, sizeof escape);
        }
    }
    buf_add(buf, text + start, size - start);
    buf_char(buf, '"');
}

void json_name(struct json_out *out, const char *name)
{
    separate(out);
    quote(out->buf, name, strlen(name));
    buf_char(out->buf, ':');
    out->comma = false;
}

void json_text(struct json_out *out, const char *text, size_t size)
{
    separate(out);
    quote(out->buf, text, size);
}

void json_int(struct json_out *out, int64_t value)
{
    separate(out);
    buf_int(out->buf, value);
}

void json_bool(struct json_out *out, bool value)
{
    separate(out);
    buf_text(out->buf, value ? "true" : "false");
}

void json_null_value(struct json_out *out)
{
    separate(out);
    buf_add(out->buf, "null", 4);
}

void json_raw(struct json_out *out, const char *json, size_t size)
{
    separate(out);
    buf_add(out->buf, json, size);
}

void json_instant(struct json_out *out, int64_t ms)
{
    char text[INSTANT_TEXT_BYTES];

    instant_format(ms, text);
    json_text(out, text, INSTANT_TEXT_BYTES - 1);
}

void json_scaled(struct json_out *out, int64_t value, unsigned digits)
{
    separate(out);
    buf_scaled(out->buf, value, digits);
}

void json_put_text(struct json_out *out, const char *name, const char *text)
{
    json_name(out, name);
    if (text)
        json_text(out, text, strlen(text));
    else
        json_null_value(out);
}

void json_put_int(struct json_out *out, const char *name, int64_t value)
{
    json_name(out, name);
    json_int(out, value);
}

void json_put_bool(struct json_out *out, const char *name, bool value)
{
    json_name(out, name);
    json_bool(out, value);
}

void json_put_null(struct json_out *out, const char *name)
{
    json_name(out, name);
    json_null_value(out);
}

void json_put_instant(struct json_out *out, const char *name, int64_t ms)
{
    json_name(out, name);
    if (ms != INSTANT_NEVER)
        json_instant(out, ms);
    else
        json_null_value(out);
}

void json_put_scaled(struct json_out *out, const char *name, int64_t value, unsigned digits)
{
    json_name(out, name);
    json_scaled(out, value, digits);
}

void json_put_open(struct json_out *out, const char *name, char bracket)
{
    json_name(out, name);
    json_open(out, bracket);
}
