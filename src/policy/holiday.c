/* Days of rest. Invariant: what is not known closes: the days of a country hold in each of its
 * regions, those of every state for who may live in any. */
#include "policy/holiday.h"

#include "policy/policy_int.h"

static int64_t days_of(int y, int m, int d)
{
    return time_days_from_civil(y, (unsigned)m, (unsigned)d);
}

/* Easter Sunday of the Gregorian calendar (Meeus, Astronomical Algorithms, 2nd ed., ch. 8). */
static int64_t easter(int year)
{
    int a = year % 19, b = year / 100, c = year % 100;
    int h = (19 * a + b - b / 4 - (b - (b + 8) / 25 + 1) / 3 + 15) % 30;
    int l = (32 + 2 * (b % 4) + 2 * (c / 4) - h - c % 4) % 7;
    int m = (a + 11 * h + 22 * l) / 451;
    int n = h + l - 7 * m + 114;
    return days_of(year, n / 31, n % 31 + 1);
}

/* On the date itself, or on the Friday or Monday that stands for a weekend (5 USC 6103(b)). */
static bool is_near(const struct holiday_row *r, int64_t today, const struct time_local *at)
{
    int shift = at->wday == 5 ? 1 : at->wday == 1 ? -1 : 0, year = at->year;
    bool next = shift == 1 && at->month == 12 && at->day == 31 && r->month == 1;
    int64_t date = days_of(next ? year + 1 : year, r->month, r->day);
    return today == date || today + shift == date;
}

/* On the date itself, or, of a weekend, on the Monday or Tuesday that may stand for it. */
static bool is_after(const struct holiday_row *r, int64_t today, const struct time_local *at)
{
    int64_t ago = today - days_of(at->year, r->month, r->day);
    int wday = (int)((at->wday - ago + 70) % 7); /* of the date */
    return ago == 0 ||
           (ago > 0 && ago <= 2 && (wday == 0 || wday == 6) && at->wday >= 1 && at->wday <= 2);
}

static bool is_on(const struct holiday_row *r, const struct time_local *at)
{
    int64_t today = days_of(at->year, at->month, at->day);
    if (r->year && r->year != at->year)
        return false;
    switch (r->kind) {
    case HOLIDAY_EASTER:
        return today == easter(at->year) + r->day;
    case HOLIDAY_NEAR:
        return is_near(r, today, at);
    case HOLIDAY_AFTER:
        return is_after(r, today, at);
    case HOLIDAY_WEEKDAY: {
        int64_t before = days_of(at->year, r->month, r->day) - today;
        return at->wday == r->wday && before >= 0 && before < 7;
    }
    case HOLIDAY_DATE:
        break;
    }
    return at->month == r->month && at->day == r->day;
}

static bool is_of(const struct holiday_row *r, str place)
{
    str code = str_of(r->place);
    if (str_starts(place, code) && (place.n == code.n || place.p[code.n] == '-'))
        return true;
    return str_eq(place, STR("US-STRICTEST")) && str_starts(code, STR("US-"));
}

const char *policy_holiday(str place, const struct time_local *at)
{
    for (size_t i = 0; i < policy_holidays_count; i++)
        if (is_of(&policy_holidays[i], place) && is_on(&policy_holidays[i], at))
            return policy_holidays[i].name;
    return NULL;
}

bool policy_federal_holiday(const struct time_local *at)
{
    return policy_holiday(STR("US"), at) != NULL;
}
