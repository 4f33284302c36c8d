#include "ops/log.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"

struct log_output {
    FILE *stream, *before; /* stderr now, and what it was */
    atomic_int format, level;
};

static const char *const level_names[] = {"error", "warn", "info", "debug"};

static void put_instant(struct buf *out)
{
    struct timespec now;
    struct tm utc;
    char text[32];

    (void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail */
    (void)gmtime_r(&now.tv_sec, &utc);         /* likewise */
    (void)strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
    buf_printf(out, "%s.%03dZ", text, (int)(now.tv_nsec / 1000000));
}

/* A text as JSON has it, its quotes too. What is no ASCII passes as it came. */
static void put_string(struct buf *out, const char *text, size_t size)
{
    buf_char(out, '"');
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '"' || c == '\\')
            buf_printf(out, "\\%c", c);
        else if (c < ' ' || c == 0x7f)
            buf_printf(out, "\\u%04x", c);
        else
            buf_char(out, (char)c);
    }
    buf_char(out, '"');
}

static void put_member(struct buf *out, const char *name, const char *text)
{
    buf_printf(out, ",\"%s\":", name);
    put_string(out, text, strlen(text));
}

static bool is_json(const struct log_output *log)
{
    return atomic_load_explicit(&log->format, memory_order_relaxed) == LOG_JSON;
}

/* A line's beginning. */
static void begin(struct log_output *log, struct buf *out, enum log_level level)
{
    bool json = is_json(log);

    if (json)
        buf_text(out, "{\"time\":\"");
    put_instant(out);
    if (json)
        buf_printf(out, "\",\"level\":\"%s\"", level_names[level]);
    else
        buf_printf(out, " %s milepost: ", level_names[level]);
}

/* Whole lines in one call: lines of several threads do not mix. */
static void send(struct buf *out)
{
    if (!out->failed)
        (void)!write(STDERR_FILENO, out->bytes, out->size); /* nowhere else to say it */
}

/* "<4>", as syslog counts; without it an error: whoever says nothing of it may be the reason why all ends.
 * "<5>", a notice, is written whatever the level. */
static enum log_level level_of(const char **at, const char *end, bool *out_always)
{
    const char *line = *at;

    *out_always = false;
    if (end - line < 3 || line[0] != '<' || line[2] != '>')
        return LOG_ERROR;
    *at += 3;
    *out_always = line[1] == '5';
    return line[1] <= '3' ? LOG_ERROR : line[1] == '4' ? LOG_WARN : line[1] <= '6' ? LOG_INFO : LOG_DEBUG;
}

static void put_line(struct log_output *log, struct buf *out, const char *line, const char *end)
{
    static const char name[] = "milepost: ";
    bool always;
    enum log_level level = level_of(&line, end, &always);

    if (line == end || (!always && !log_output_takes(log, level)))
        return;
    if ((size_t)(end - line) >= sizeof name - 1 && memcmp(line, name, sizeof name - 1) == 0)
        line += sizeof name - 1;
    begin(log, out, level);
    if (is_json(log)) {
        buf_text(out, ",\"message\":");
        put_string(out, line, (size_t)(end - line));
        buf_char(out, '}');
    } else {
        buf_add(out, line, (size_t)(end - line));
    }
    buf_char(out, '\n');
}

/* What stderr does with what is written to it: line by line, since it is buffered by lines. */
static ssize_t take(void *arg, const char *bytes, size_t size)
{
    const char *end = bytes + size;
    struct buf out = {0};

    for (const char *line = bytes; line < end;) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        if (!stop)
            stop = end; /* longer than the buffer */
        put_line(arg, &out, line, stop);
        line = stop + 1;
    }
    if (out.size)
        send(&out);
    buf_done(&out);
    return (ssize_t)size;
}

struct log_output *log_output_start(enum log_format format, enum log_level level)
{
    struct log_output *log = calloc(1, sizeof *log);

    if (!log)
        return NULL;
    log_output_set(log, format, level);
    log->stream = fopencookie(log, "w", (cookie_io_functions_t){.write = take});
    if (!log->stream) {
        free(log);
        return NULL;
    }
    (void)setvbuf(log->stream, NULL, _IOLBF, BUFSIZ); /* cannot fail before the first use */
    log->before = stderr;
    stderr = log->stream;
    return log;
}

void log_output_stop(struct log_output *log)
{
    if (!log)
        return;
    stderr = log->before;
    (void)fclose(log->stream); /* each line was written when it ended */
    free(log);
}

void log_output_set(struct log_output *log, enum log_format format, enum log_level level)
{
    atomic_store_explicit(&log->format, format, memory_order_relaxed);
    atomic_store_explicit(&log->level, level, memory_order_relaxed);
}

bool log_output_takes(const struct log_output *log, enum log_level level)
{
    return (int)level <= atomic_load_explicit(&log->level, memory_order_relaxed);
}

void log_output_answer(struct log_output *log, enum log_level level, const struct log_answer *answer)
{
    struct buf out = {0};

    begin(log, &out, level);
    if (is_json(log)) {
        buf_text(&out, ",\"message\":\"answer\"");
        put_member(&out, "method", answer->method);
        put_member(&out, "route", answer->route);
        buf_printf(&out, ",\"status\":%d,\"us\":%llu", answer->status,
                   (unsigned long long)answer->microseconds);
        put_member(&out, "requestId", answer->request_id);
        if (*answer->trace_id)
            put_member(&out, "traceId", answer->trace_id);
        buf_char(&out, '}');
    } else {
        buf_printf(&out, "%s %s %d %llu us request %s", answer->method, answer->route, answer->status,
                   (unsigned long long)answer->microseconds, answer->request_id);
        if (*answer->trace_id)
            buf_printf(&out, " trace %s", answer->trace_id);
    }
    buf_char(&out, '\n');
    send(&out);
    buf_done(&out);
}

void log_output_audit(struct log_output *log, const struct log_audit *audit)
{
    struct buf out = {0};
    const struct {
        const char *name, *text;
    } members[] = {{"who", audit->who},   {"what", audit->what},     {"route", audit->route},
                   {"user", audit->user}, {"course", audit->course}, {"requestId", audit->request_id}};

    begin(log, &out, LOG_INFO);
    buf_text(&out, is_json(log) ? ",\"message\":\"audit\"" : "audit:");
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        if (!*members[i].text)
            continue;
        if (is_json(log)) {
            put_member(&out, members[i].name, members[i].text);
        } else {
            buf_printf(&out, " %s=", members[i].name);
            put_string(&out, members[i].text, strlen(members[i].text)); /* ids may hold anything */
        }
    }
    buf_printf(&out, is_json(log) ? ",\"status\":%d}\n" : " status=%d\n", audit->status);
    send(&out);
    buf_done(&out);
}
