/* Dates and times with the precision they were written in: parsing, comparing, adding.
 * A time with a zone and one without cannot be compared.
 * Invariant: a comparison that the shorter precision cannot decide says so (false). */
#include "fhir/path_int.h"

static bool take_digits(str *s, size_t n, int lo, int hi, int *ret)
{
    int v = 0;
    if (s->n < n)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (s->p[i] < '0' || s->p[i] > '9')
            return false;
        v = v * 10 + (s->p[i] - '0');
    }
    if (v < lo || v > hi)
        return false;
    *s = str_sub(*s, n, s->n);
    *ret = v;
    return true;
}

static bool take_char(str *s, char c)
{
    if (s->n == 0 || s->p[0] != c)
        return false;
    *s = str_sub(*s, 1, s->n);
    return true;
}

static int month_days(int y, int m)
{
    static const char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
    return m == 2 && leap ? 29 : days[m - 1];
}

static bool take_date(str *s, struct path_time *t)
{
    if (!take_digits(s, 4, 1, 9999, &t->f[0]))
        return false;
    t->precision = PREC_YEAR;
    if (!take_char(s, '-'))
        return true;
    if (!take_digits(s, 2, 1, 12, &t->f[1]))
        return false;
    t->precision = PREC_MONTH;
    if (!take_char(s, '-'))
        return true;
    t->precision = PREC_DAY;
    return take_digits(s, 2, 1, month_days(t->f[0], t->f[1]), &t->f[2]);
}

static bool take_fraction(str *s, struct path_time *t)
{
    int weight = 100;
    size_t n = 0;
    if (!take_char(s, '.'))
        return true;
    for (; n < s->n && s->p[n] >= '0' && s->p[n] <= '9'; n++, weight /= 10)
        t->f[5] += (s->p[n] - '0') * weight;
    *s = str_sub(*s, n, s->n);
    t->fraction = true;
    return n > 0;
}

static bool take_clock(str *s, struct path_time *t)
{
    if (!take_digits(s, 2, 0, 23, &t->f[3]))
        return false;
    t->precision = PREC_HOUR;
    if (!take_char(s, ':'))
        return true;
    if (!take_digits(s, 2, 0, 59, &t->f[4]))
        return false;
    t->precision = PREC_MINUTE;
    if (!take_char(s, ':'))
        return true;
    if (!take_digits(s, 2, 0, 59, &t->f[5]))
        return false;
    t->f[5] *= 1000;
    t->precision = PREC_SECOND;
    return take_fraction(s, t);
}

static bool take_zone(str *s, struct path_time *t)
{
    int h, m, sign = 1;
    if (s->n == 0)
        return true;
    t->has_zone = true;
    if (take_char(s, 'Z'))
        return true;
    if (take_char(s, '-'))
        sign = -1;
    else if (!take_char(s, '+'))
        return false;
    if (!take_digits(s, 2, 0, 14, &h) || !take_char(s, ':') || !take_digits(s, 2, 0, 59, &m))
        return false;
    t->zone_min = sign * (h * 60 + m);
    return true;
}

bool moment_parse(str s, enum path_kind kind, struct path_time *ret)
{
    struct path_time t = {0};
    if (kind == V_TIME) {
        (void)take_char(&s, 'T');
        t.is_time = true;
        if (!take_clock(&s, &t) || s.n)
            return false;
        *ret = t;
        return true;
    }
    if (!take_date(&s, &t))
        return false;
    if (kind == V_DATETIME && take_char(&s, 'T') && s.n &&
        (t.precision != PREC_DAY || !take_clock(&s, &t) || !take_zone(&s, &t)))
        return false;
    if (s.n)
        return false;
    *ret = t;
    return true;
}

static str clock_text(struct arena *a, const struct path_time *t)
{
    str out = arena_printf(a, "%02d", t->f[3]);
    if (t->precision >= PREC_MINUTE)
        out = arena_printf(a, "%.*s:%02d", STR_ARG(out), t->f[4]);
    if (t->precision >= PREC_SECOND)
        out = arena_printf(a, "%.*s:%02d", STR_ARG(out), t->f[5] / 1000);
    if (t->precision >= PREC_SECOND && t->fraction)
        out = arena_printf(a, "%.*s.%03d", STR_ARG(out), t->f[5] % 1000);
    return out;
}

static str zone_text(struct arena *a, const struct path_time *t)
{
    if (!t->has_zone)
        return STR("");
    if (t->zone_min == 0)
        return STR("Z");
    int m = t->zone_min < 0 ? -t->zone_min : t->zone_min;
    return arena_printf(a, "%c%02d:%02d", t->zone_min < 0 ? '-' : '+', m / 60, m % 60);
}

str moment_text(struct arena *a, const struct path_time *t, enum path_kind kind)
{
    if (kind == V_TIME)
        return clock_text(a, t);
    str out = arena_printf(a, "%04d", t->f[0]);
    if (t->precision >= PREC_MONTH)
        out = arena_printf(a, "%.*s-%02d", STR_ARG(out), t->f[1]);
    if (t->precision >= PREC_DAY)
        out = arena_printf(a, "%.*s-%02d", STR_ARG(out), t->f[2]);
    if (t->precision < PREC_HOUR)
        return out;
    str clock = clock_text(a, t), zone = zone_text(a, t);
    return arena_printf(a, "%.*sT%.*s%.*s", STR_ARG(out), STR_ARG(clock), STR_ARG(zone));
}

#define DAY_MS 86400000

static int64_t to_ms(const struct path_time *t)
{
    int64_t days = t->is_time ? 0
                              : time_days_from_civil(t->f[0], (unsigned)(t->f[1] ? t->f[1] : 1),
                                                     (unsigned)(t->f[2] ? t->f[2] : 1));
    return days * DAY_MS + t->f[3] * 3600000LL + t->f[4] * 60000LL + t->f[5];
}

static bool from_ms(int64_t ms, struct path_time *t)
{
    int64_t days = ms / DAY_MS, rest = ms % DAY_MS;
    unsigned month, day;
    if (rest < 0) {
        rest += DAY_MS;
        days--;
    }
    if (!t->is_time) {
        if (days < -719162 || days > 2932896) /* years 1 to 9999 */
            return false;
        time_civil_from_days(days, &t->f[0], &month, &day);
        t->f[1] = (int)month;
        t->f[2] = (int)day;
    }
    t->f[3] = (int)(rest / 3600000);
    t->f[4] = (int)(rest / 60000 % 60);
    t->f[5] = (int)(rest % 60000);
    return true;
}

static struct path_time to_utc(const struct path_time *t)
{
    struct path_time out = *t;
    if (t->zone_min && t->precision >= PREC_HOUR && from_ms(to_ms(t) - t->zone_min * 60000LL, &out))
        out.zone_min = 0;
    return out;
}

bool moment_cmp(const struct path_time *a, const struct path_time *b, int *ret)
{
    struct path_time x = to_utc(a), y = to_utc(b);
    bool clocks = x.precision >= PREC_HOUR && y.precision >= PREC_HOUR && !x.is_time;
    if (clocks && x.has_zone != y.has_zone)
        return false;
    int shared = x.precision < y.precision ? x.precision : y.precision;
    for (int i = x.is_time ? 3 : 0; i < shared; i++) {
        if (x.f[i] != y.f[i]) {
            *ret = x.f[i] < y.f[i] ? -1 : 1;
            return true;
        }
    }
    *ret = 0;
    return x.precision == y.precision;
}

static bool add_months(struct path_time *t, int64_t n)
{
    int64_t months = t->f[0] * 12LL + (t->f[1] ? t->f[1] - 1 : 0) + n;
    if (months < 12 || months >= 120000)
        return false;
    t->f[0] = (int)(months / 12);
    if (t->precision < PREC_MONTH)
        return true;
    t->f[1] = (int)(months % 12) + 1;
    int last = month_days(t->f[0], t->f[1]);
    t->f[2] = t->f[2] > last ? last : t->f[2];
    return true;
}

static const struct {
    const char *word, *ucum;
    int months;
    int64_t ms;
} units[] = {
    {"year", "a", 12, 0},     {"month", "mo", 1, 0},       {"week", "wk", 0, 7LL * DAY_MS},
    {"day", "d", 0, DAY_MS},  {"hour", "h", 0, 3600000},   {"minute", "min", 0, 60000},
    {"second", "s", 0, 1000}, {"millisecond", "ms", 0, 1},
};
#define UNITS (sizeof units / sizeof *units)

static size_t unit_find(str unit)
{
    str bare = unit.n > 2 && str_ends(unit, STR("s")) ? str_sub(unit, 0, unit.n - 1) : unit;
    size_t i = 0;
    while (i < UNITS && !str_eq(bare, str_of(units[i].word)) &&
           !str_eq(unit, str_of(units[i].ucum)))
        i++;
    return i;
}

bool path_unit_word(str unit)
{
    size_t i = unit_find(unit);
    return i < UNITS && !str_eq(unit, str_of(units[i].ucum));
}

str path_unit(str unit)
{
    size_t i = unit_find(unit);
    return i < UNITS ? str_of(units[i].ucum) : unit;
}

/* Adds ms to a value whose precision may be coarser: whole units of that precision only. */
static bool add_ms(struct path_time *t, int64_t ms)
{
    if (t->is_time) {
        int64_t day = (to_ms(t) + ms % DAY_MS + DAY_MS) % DAY_MS;
        return from_ms(day, t);
    }
    if (t->precision == PREC_YEAR)
        return add_months(t, ms / (365LL * DAY_MS) * 12);
    if (t->precision == PREC_MONTH)
        return add_months(t, ms / (30LL * DAY_MS));
    if (t->precision == PREC_DAY)
        ms = ms / DAY_MS * DAY_MS;
    return from_ms(to_ms(t) + ms, t);
}

bool moment_add(struct path_time *t, enum path_kind kind, struct path_dec n, str unit)
{
    size_t u = unit_find(unit);
    struct path_dec whole, amount;
    int64_t count;
    if (u == UNITS || (kind == V_TIME && (units[u].months || units[u].ms >= DAY_MS)))
        return false;
    if (units[u].ms == 1000) { /* seconds may have a fraction */
        if (!dec_mul(n, dec_int(1000), &amount) || !dec_idiv(amount, dec_int(1), &whole) ||
            !dec_i64(whole, &count) || count > INT64_MAX / 4 || count < INT64_MIN / 4)
            return false;
        return add_ms(t, count);
    }
    if (!dec_idiv(n, dec_int(1), &whole) || !dec_i64(whole, &count) || count > 4000000000LL ||
        count < -4000000000LL)
        return false;
    return units[u].months ? add_months(t, count * units[u].months)
                           : add_ms(t, count * units[u].ms);
}
