#include "cli/progress.h"

#include <stdio.h>
#include <unistd.h>

#include "base/monotonic.h"

enum { TERMINAL_EVERY_MS = 200, LINE_EVERY_MS = 5000, KNOWN_AFTER_MS = 1000 };

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
}

void progress_show(void *arg, uint64_t done)
{
    struct progress *progress = arg;
    int64_t now_ms = monotonic_ms(), spent_ms = now_ms - progress->began_ms;
    char left[64] = "";

    if (now_ms - progress->shown_ms < (progress->terminal ? TERMINAL_EVERY_MS : LINE_EVERY_MS))
        return;
    progress->shown_ms = now_ms;
    progress->shown = true;
    if (done > progress->total)
        progress->total = 0; /* it grew meanwhile */
    double rate = spent_ms > 0 ? (double)done * 1000 / (double)spent_ms : 0;
    if (progress->total && spent_ms >= KNOWN_AFTER_MS && rate > 0)
        (void)snprintf(left, sizeof left, ", %.0f s left",
                       (double)(progress->total - done) / rate); /* fits */
    if (progress->total)
        (void)fprintf(stderr, "%smilepost: %s: %llu of %llu %s (%d %%)%s%s", progress->terminal ? "\r" : "",
                      progress->what, (unsigned long long)done, (unsigned long long)progress->total,
                      progress->unit, (int)((double)done * 100 / (double)progress->total), left,
                      progress->terminal ? "\033[K" : "\n"); /* nowhere else to say it */
    else
        (void)fprintf(stderr, "%smilepost: %s: %llu %s, %.0f a second%s", progress->terminal ? "\r" : "",
                      progress->what, (unsigned long long)done, progress->unit, rate,
                      progress->terminal ? "\033[K" : "\n"); /* likewise */
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
