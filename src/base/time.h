/* Clocks, FHIR date/time text and time zones. Instants are ms since 1970-01-01T00:00Z. */
#ifndef WEFT_BASE_TIME_H
#define WEFT_BASE_TIME_H

#include "base/arena.h"

/* Wall clock, for op->now. Never goes back within a process: after a backward jump it stands still
 * until the clock has caught up (at most an hour; then it follows, and says so once in the log). */
int64_t time_now(void);
/* Monotonic ms and ns, for timers and measurements. */
int64_t time_mono(void);
int64_t time_mono_ns(void);
/* Sleeps so many ms, but at most a tenth of a second on once *stop is set. */
void time_rest(const _Atomic bool *stop, int64_t ms);

enum time_precision { TIME_YEAR, TIME_MONTH, TIME_DAY, TIME_MINUTE, TIME_SECOND, TIME_FRACTION };

/* A FHIR date, dateTime or instant: [lo, hi) is the range of instants it may mean. A value without
 * zone is read as UTC. */
struct time_span {
    int64_t lo, hi;
    enum time_precision precision;
    bool has_zone;
    int32_t offset_min; /* of the zone as written */
};

/* FHIR R4 date | dateTime | instant (https://hl7.org/fhir/R4/datatypes.html#dateTime); calendar
 * checked. False when not one of them. */
bool time_parse(str s, struct time_span *ret);
/* "2026-11-21T20:44:05.123Z". */
str time_format(struct arena *a, int64_t ms);
/* Writes exactly 24 bytes, no NUL. */
void time_format_to(char out[24], int64_t ms);
/* Days since 1970-01-01 to and from the proleptic Gregorian calendar. */
int64_t time_days_from_civil(int y, unsigned m, unsigned d);
void time_civil_from_days(int64_t days, int *y, unsigned *m, unsigned *d);

/* A moment on a local calendar. wday: 0 = Sunday. */
struct time_local {
    int year, month, day, hour, minute, second, wday;
    int32_t offset_min;
};

/* By IANA zone name (ICU). False when the zone is unknown. Thread-safe. */
bool time_to_local(int64_t ms, str zone, struct time_local *ret);
/* First instant at or after the given local wall time on that day (a skipped hour moves on). */
bool time_from_local(const struct time_local *at, str zone, int64_t *ret);

#endif
