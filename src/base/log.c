/* Log lines: formatted in one buffer, written by one write(2), so that lines of different threads
 * never mix. A line that is too long is cut; control characters never reach the terminal. */
#include "base/log.h"
#include "base/time.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 2048

static atomic_int shown = LOG_INFO;

void log_level_set(enum log_level level)
{
    atomic_store(&shown, (int)level);
}

void log_event(enum log_level level, const char *event, const char *fmt, ...)
{
    static const char *const names[] = {"error", "warn", "info", "debug"};
    if ((int)level > atomic_load(&shown))
        return;
    struct timespec t = {0};
    (void)clock_gettime(CLOCK_REALTIME, &t);
    char line[LINE_MAX_BYTES], when[24];
    time_format_to(when, (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000);
    int head = snprintf(line, sizeof line, "%.24s %s %.200s ", when,
                        names[level <= LOG_DEBUG ? level : LOG_DEBUG], event);
    if (head < 0)
        return;
    size_t n = (size_t)head, left = sizeof line - n;
    va_list ap;
    va_start(ap, fmt);
    int body = vsnprintf(line + n, left, fmt, ap);
    va_end(ap);
    if (body > 0)
        n += (size_t)body < left ? (size_t)body : left - 1;
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7F)
            line[i] = ' ';
    while (n && line[n - 1] == ' ')
        n--;
    line[n++] = '\n';
    /* Nothing can be done about a log that cannot be written. */
    ssize_t written = write(STDERR_FILENO, line, n);
    (void)written;
}

void log_failed(const char *event, const struct op *op, err e, int64_t *last)
{
    int64_t now = time_mono();
    if (*last && now - *last < 60000)
        return;
    *last = now;
    if (op && op->fault.n)
        log_event(LOG_ERROR, event, "error=%s what=\"%.*s\"", err_row(e)->name,
                  STR_ARG(op->fault.issues[0].message));
    else
        log_event(LOG_ERROR, event, "error=%s", err_row(e)->name);
}
