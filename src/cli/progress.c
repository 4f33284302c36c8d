#include "cli/progress.h"

#include <stdio.h>
#include <unistd.h>

#include "base/monotonic.h"

enum { TERMINAL_EVERY_MS = 200, LINE_EVERY_MS = 5000, KNOWN_AFTER_MS = 1000 };

void progress_text(const struct progress *progress, uint64_t done, int64_t spent_ms, char *out, size_t size)
{
    double rate = spent_ms > 0 ? (double)done * 1000 / (double)spent_ms : 0;
    char left[64] = "";

    if (!progress->total || done > progress->total) { /* it grew meanwhile */
        (void)snprintf(out, size, "%s: %llu %s, %.0f a second", progress->what, (unsigned long long)done,
                       progress->unit, rate); /* fits */
        return;
    }
    if (spent_ms >= KNOWN_AFTER_MS && rate > 0)
        (void)snprintf(left, sizeof left, ", %.0f s left",
                       (double)(progress->total - done) / rate); /* likewise */
    (void)snprintf(out, size, "%s: %llu of %llu %s (%d %%)%s", progress->what, (unsigned long long)done,
                   (unsigned long long)progress->total, progress->unit,
                   (int)((double)done * 100 / (double)progress->total), left); /* likewise */
}

static void show(struct progress *progress, uint64_t done, int64_t now_ms)
{
    char text[256];

    progress->shown_ms = now_ms;
    progress->shown = true;
    progress_text(progress, done, now_ms - progress->began_ms, text, sizeof text);
    (void)fprintf(stderr, progress->terminal ? "\rmilepost: %s\033[K" : "milepost: %s\n",
                  text); /* nowhere else to say it */
}

void progress_begin(struct progress *progress, const char *what, const char *unit, uint64_t total)
{
    int64_t now_ms = monotonic_ms();

    *progress = (struct progress){
        .what = what,
        .unit = unit,
        .total = total,
        .began_ms = now_ms,
        .shown_ms = now_ms,
        .terminal = isatty(STDERR_FILENO),
    };
    if (progress->terminal)
        show(progress, 0, now_ms);
}

void progress_show(void *arg, uint64_t done)
{
    struct progress *progress = arg;
    int64_t now_ms = monotonic_ms();

    if (now_ms - progress->shown_ms >= (progress->terminal ? TERMINAL_EVERY_MS : LINE_EVERY_MS))
        show(progress, done, now_ms);
}

void progress_watch(void *arg, const char *what, const char *unit, uint64_t done, uint64_t total)
{
    struct progress *progress = arg;

    if (progress->what != what) {
        progress_end(progress);
        progress_begin(progress, what, unit, total);
    }
    progress_show(progress, done);
}

void progress_end(struct progress *progress)
{
    if (progress->terminal && progress->shown)
        (void)fprintf(stderr, "\r\033[K"); /* likewise */
    progress->shown = false;
}
