/* Ends of clocks, from the parameters of the rules in force. Pure but for the arena: no clock of
 * its own. Invariant: a clock never ends later than its rule says. */
#include "desk/clock.h"

#include "base/time.h"
#include "desk/clock_int.h"
#include "policy/holiday.h"

#include "desk_gen.h"

#define HOUR INT64_C(3600000)
#define DAY (24 * HOUR)

const struct clock_row CLOCK_ROW[] = {CLOCK_ROWS};
const size_t CLOCK_COUNT = sizeof CLOCK_ROW / sizeof *CLOCK_ROW;

const struct clock_row *clock_row(str rule)
{
    for (size_t i = 0; i < CLOCK_COUNT; i++)
        if (str_eq(rule, str_of(CLOCK_ROW[i].rule)))
            return &CLOCK_ROW[i];
    return NULL;
}

/* "max", or "BRN-02:warn" of another rule, whose list gives its first; "": the one that the place
 * names. */
static err number_of(struct op *op, const struct rulebook *book, const struct clock_row *row,
                     str place, int64_t *ret)
{
    str member = str_of(row->param), head = str_of(row->rule);
    struct json *params;
    size_t colon = str_find_char(member, ':', 0);
    if (colon < member.n) {
        head = str_sub(member, 0, colon);
        member = str_sub(member, colon + 1, member.n);
    }
    const struct rule *rule = policy_rule_find(head);
    if (!rule)
        return fail(op, ERR_FAULT, "%s names no rule.", row->rule);
    TRY(json_read(op, rulebook_params(book, rule), &JSON_LIMITS_DEFAULT, &params));
    const struct json *v = json_get(params, member.n ? member : place);
    if (json_is(v, JSON_OBJECT))
        v = json_get(v, place);
    if (json_is(v, JSON_ARRAY))
        v = json_at(v, 0);
    if (!json_i64(v, ret) || *ret < 0)
        return fail(op, ERR_UNPROCESSABLE, "%s sets no clock there.", row->rule);
    return OK;
}

static int64_t year_end(int64_t from)
{
    int y;
    unsigned m, d;
    time_civil_from_days(from / DAY, &y, &m, &d);
    return time_days_from_civil(y + 1, 1, 1) * DAY;
}

static int64_t months(int64_t from, int64_t n)
{
    static const unsigned lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int y;
    unsigned m, d;
    time_civil_from_days(from / DAY, &y, &m, &d);
    int64_t all = (int64_t)y * 12 + (m - 1) + n;
    unsigned month = (unsigned)(all % 12), last = lengths[month];
    int64_t day = time_days_from_civil((int)(all / 12), month + 1, d < last ? d : last);
    return day * DAY + from % DAY;
}

/* Monday to Friday, but for federal holidays (21 CFR 803.3 "work day"). */
static int64_t work_days(int64_t from, int64_t n)
{
    int64_t at = from;
    while (n > 0) {
        struct time_local day = {0};
        unsigned m, d;
        at += DAY;
        time_civil_from_days(at / DAY, &day.year, &m, &d);
        day.month = (int)m;
        day.day = (int)d;
        day.wday = (int)((at / DAY + 4) % 7); /* 1970-01-01 was a Thursday */
        n -= day.wday != 0 && day.wday != 6 && !policy_federal_holiday(&day);
    }
    return at;
}

err desk_clock(struct op *op, const struct rulebook *book, str rule, int64_t from, str place,
               int64_t *ret_end)
{
    const struct clock_row *row = clock_row(rule);
    int64_t n;
    if (!row)
        return fail(op, ERR_UNPROCESSABLE, "The rule starts no clock.");
    TRY(number_of(op, book, row, place, &n));
    switch (row->unit) {
    case UNIT_HOURS:
        *ret_end = from + n * HOUR;
        return OK;
    case UNIT_DAYS:
        *ret_end = from + n * DAY;
        return OK;
    case UNIT_MONTHS:
        *ret_end = months(from, n);
        return OK;
    case UNIT_YEAR_END_DAYS:
        *ret_end = year_end(from) + n * DAY;
        return OK;
    case UNIT_WORK_DAYS:
        *ret_end = work_days(from, n);
        return OK;
    }
    return fail(op, ERR_FAULT, "The clock has no unit.");
}
