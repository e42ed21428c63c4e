/* Clocks and the text of FHIR dates. Calendar arithmetic is proleptic Gregorian and knows no zone;
 * zones are in time_zone.c. Invariant: time_now() never goes back, but for the one step described
 * in time.h. */
#include "base/log.h"
#include "base/time_int.h"

#include <stdatomic.h>
#include <time.h>

#define DAY_MS 86400000

static int64_t clock_ns(clockid_t id)
{
    struct timespec t;
    if (clock_gettime(id, &t) != 0)
        return 0;
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t time_mono_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

int64_t time_mono(void)
{
    return time_mono_ns() / 1000000;
}

void time_rest(const _Atomic bool *stop, int64_t ms)
{
    for (int64_t part; ms > 0 && !atomic_load(stop); ms -= part) {
        part = ms < 100 ? ms : 100;
        nanosleep(&(struct timespec){.tv_nsec = part * 1000000}, NULL);
    }
}

int64_t time_guard_next(struct time_guard *g, int64_t wall, int64_t mono, bool *ret_followed)
{
    *ret_followed = false;
    int64_t last = atomic_load(&g->last);
    while (wall >= last) {
        if (atomic_compare_exchange_weak(&g->last, &last, wall)) {
            if (wall > last && atomic_load_explicit(&g->since, memory_order_relaxed))
                atomic_store(&g->since, 0);
            return wall;
        }
    }
    int64_t since = 0;
    if (atomic_compare_exchange_strong(&g->since, &since, mono))
        return last;
    if (mono - since < TIME_STILL_MAX_MS)
        return last;
    /* Whoever resets since is the one that lets the clock follow. */
    if (!atomic_compare_exchange_strong(&g->since, &since, 0))
        return last;
    atomic_store(&g->last, wall);
    *ret_followed = true;
    return wall;
}

int64_t time_now(void)
{
    static struct time_guard guard;
    bool followed;
    int64_t now =
        time_guard_next(&guard, clock_ns(CLOCK_REALTIME) / 1000000, time_mono(), &followed);
    if (followed)
        log_event(LOG_WARN, "clock.went_back", "stood_still_ms=%d", TIME_STILL_MAX_MS);
    return now;
}

/* Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms": years begin in March. */
int64_t time_days_from_civil(int y, unsigned m, unsigned d)
{
    int64_t year = (int64_t)y - (m <= 2);
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t yoe = year - era * 400;
    int64_t doy = (153 * ((int64_t)m + (m > 2 ? -3 : 9)) + 2) / 5 + (int64_t)d - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

void time_civil_from_days(int64_t days, int *y, unsigned *m, unsigned *d)
{
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    *d = (unsigned)(doy - (153 * mp + 2) / 5 + 1);
    *m = (unsigned)(mp < 10 ? mp + 3 : mp - 9);
    *y = (int)(yoe + era * 400 + (*m <= 2));
}

static unsigned month_days(unsigned year, unsigned month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (unsigned)(month == 2 && leap);
}

/* Exactly n digits with a value in [low, high]. */
static bool number(str *in, size_t n, unsigned low, unsigned high, unsigned *ret)
{
    unsigned v = 0;
    if (in->n < n)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (in->p[i] < '0' || in->p[i] > '9')
            return false;
        v = v * 10 + (unsigned)(in->p[i] - '0');
    }
    if (v < low || v > high)
        return false;
    *in = str_make(in->p + n, in->n - n);
    *ret = v;
    return true;
}

static bool symbol(str *in, char c)
{
    if (in->n == 0 || in->p[0] != c)
        return false;
    *in = str_make(in->p + 1, in->n - 1);
    return true;
}

/* ".s+": ms gets the first three digits, width what the last of them stands for. */
static bool fraction(str *in, unsigned *ms, unsigned *width)
{
    size_t n = 0;
    unsigned unit = 1000, v = 0;
    for (; n < in->n && in->p[n] >= '0' && in->p[n] <= '9'; n++)
        if (unit > 1) {
            unit /= 10;
            v += (unsigned)(in->p[n] - '0') * unit;
        }
    if (n == 0)
        return false;
    *in = str_make(in->p + n, in->n - n);
    *ms = v;
    *width = unit;
    return true;
}

static bool zone(str *in, struct time_span *out)
{
    if (in->n == 0)
        return true;
    out->has_zone = true;
    if (symbol(in, 'Z'))
        return true;
    bool west = in->p[0] == '-';
    unsigned h, m;
    if (!symbol(in, west ? '-' : '+') || !number(in, 2, 0, 14, &h) || !symbol(in, ':') ||
        !number(in, 2, 0, h == 14 ? 0 : 59, &m))
        return false;
    out->offset_min = (int32_t)(h * 60 + m) * (west ? -1 : 1);
    return true;
}

/* "hh:mm[:ss[.s+]][zone]" after the T; start is midnight of the day. */
static bool clock_part(str *in, int64_t start, struct time_span *out)
{
    unsigned h, m, s = 0, ms = 0, width = 60000;
    if (!number(in, 2, 0, 23, &h) || !symbol(in, ':') || !number(in, 2, 0, 59, &m))
        return false;
    out->precision = TIME_MINUTE;
    if (symbol(in, ':')) {
        if (!number(in, 2, 0, 60, &s))
            return false;
        out->precision = TIME_SECOND;
        width = 1000;
        if (symbol(in, '.')) {
            if (!fraction(in, &ms, &width))
                return false;
            out->precision = TIME_FRACTION;
        }
    }
    if (!zone(in, out))
        return false;
    out->lo = start + ((int64_t)h * 3600 + (int64_t)m * 60 + s) * 1000 + ms -
              (int64_t)out->offset_min * 60000;
    out->hi = out->lo + width;
    return true;
}

static int64_t day_ms(unsigned y, unsigned m, unsigned d)
{
    return time_days_from_civil((int)y, m, d) * DAY_MS;
}

bool time_parse(str s, struct time_span *ret)
{
    struct time_span out = {.precision = TIME_YEAR};
    unsigned y, m = 1, d = 1;
    if (!number(&s, 4, 1, 9999, &y))
        return false;
    if (symbol(&s, '-')) {
        if (!number(&s, 2, 1, 12, &m))
            return false;
        out.precision = TIME_MONTH;
        if (symbol(&s, '-')) {
            if (!number(&s, 2, 1, month_days(y, m), &d))
                return false;
            out.precision = TIME_DAY;
        }
    }
    out.lo = day_ms(y, m, d);
    if (out.precision == TIME_YEAR)
        out.hi = day_ms(y + 1, 1, 1);
    else if (out.precision == TIME_MONTH)
        out.hi = m == 12 ? day_ms(y + 1, 1, 1) : day_ms(y, m + 1, 1);
    else
        out.hi = out.lo + DAY_MS;
    if (out.precision == TIME_DAY && symbol(&s, 'T') && !clock_part(&s, out.lo, &out))
        return false;
    if (s.n)
        return false;
    *ret = out;
    return true;
}

static void put(char *to, unsigned v, size_t n)
{
    for (size_t i = n; i-- > 0; v /= 10)
        to[i] = (char)('0' + v % 10);
}

void time_format_to(char out[24], int64_t ms)
{
    /* Years 0001 to 9999 are all FHIR can write. */
    const int64_t first = -62135596800000, last = 253402300799999;
    ms = ms < first ? first : ms > last ? last : ms;
    int64_t days = ms / DAY_MS - (ms % DAY_MS < 0);
    unsigned rest = (unsigned)(ms - days * DAY_MS), m, d;
    int y;
    time_civil_from_days(days, &y, &m, &d);
    memcpy(out, "0000-00-00T00:00:00.000Z", 24);
    put(out, (unsigned)y, 4);
    put(out + 5, m, 2);
    put(out + 8, d, 2);
    put(out + 11, rest / 3600000, 2);
    put(out + 14, rest / 60000 % 60, 2);
    put(out + 17, rest / 1000 % 60, 2);
    put(out + 20, rest % 1000, 3);
}

str time_format(struct arena *a, int64_t ms)
{
    char out[24];
    time_format_to(out, ms);
    return arena_str(a, str_make(out, sizeof out));
}
