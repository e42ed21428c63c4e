/* Structured log lines on stderr: time level event key=value …  Only edges (api, adapters, workers,
 * main) log; library rooms return errors. Nothing personal: ids of requests, routes, counts, error
 * categories; never names, identifiers, numbers, message texts, query values or bodies.
 * Thread-safe; one write(2) a line. */
#ifndef WEFT_BASE_LOG_H
#define WEFT_BASE_LOG_H

#include "base/op.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

void log_level_set(enum log_level level);
/* event: a fixed dotted name such as "store.commit.failed". */
void log_event(enum log_level level, const char *event, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Why a step failed that a thread does again and again: at most once a minute. *last: time_mono()
 * of the line before, 0 none. op: whose message is told, too; NULL: the error's name alone. */
void log_failed(const char *event, const struct op *op, err e, int64_t *last);

#endif
