/* Legal hours as facts: in every plausible zone and under every plausible row (regulations.md 2).
 * Invariant: more zones or jurisdictions never open a window. */
#include "policy/hours_int.h"

struct span window_span(const struct hours_row *row, const struct time_local *at)
{
    int64_t day = time_days_from_civil(at->year, (unsigned)at->month, (unsigned)at->day);
    if (day < row->from_day || day > row->to_day)
        return (struct span){0, 24 * 60}; /* this row does not bind then; another one does */
    if (row->holidays_closed && policy_holiday(str_of(row->code), at))
        return (struct span){0, 0};
    return row->days[at->wday == 6 ? 1 : at->wday == 0 ? 2 : 0];
}

static void set_span(struct span *s, const struct rulebook *book, const char *rule,
                     const char *const names[2])
{
    s->open = (int)policy_param_num(book, rule, names[0], s->open, 24 * 60);
    s->close = (int)policy_param_num(book, rule, names[1], s->close, 24 * 60);
}

/* The rows that are also rules take the parameters of the book in force. */
static void apply_book(struct hours_row *row, const struct rulebook *book)
{
    static const char *const fed[2] = {"open_min", "close_min"}, *const day[2] = {"open", "close"};
    static const char *const sat[2] = {"sat_open", "sat_close"}, *const sun[2] = {"sun_open",
                                                                                  "sun_close"};
    if (str_eq(str_of(row->code), STR("US-FED"))) {
        for (size_t i = 0; i < 3; i++)
            set_span(&row->days[i], book, "TCPA-HRS-01", fed);
    } else if (str_eq(str_of(row->code), STR("US-STRICTEST"))) {
        set_span(&row->days[0], book, "TCPA-HRS-03", day);
        set_span(&row->days[1], book, "TCPA-HRS-03", sat);
    } else if (row->scope == HOURS_CARE) {
        set_span(&row->days[0], book, "TCPA-HRS-07", day);
        set_span(&row->days[1], book, "TCPA-HRS-07", day);
        set_span(&row->days[2], book, "TCPA-HRS-07", sun);
    }
}

/* Adds the rows of one code; false when there is none. A code has at most three rows. */
static bool add_rows(struct windows *w, const struct rulebook *book, str code, bool automated)
{
    bool found = false;
    for (size_t i = 0; i < policy_hours_count; i++) {
        const struct hours_row *row = &policy_hours[i];
        if (!str_eq(str_of(row->code), code) || (row->scope == HOURS_AUTOMATED && !automated))
            continue;
        if (w->n == WINDOWS_MAX)
            break;
        w->at[w->n] = *row;
        apply_book(&w->at[w->n++], book);
        found = true;
    }
    return found;
}

err windows_of(struct op *op, const struct rulebook *book, const struct hours_query *q,
               struct windows *ret)
{
    if (q->n_jurisdictions > JURISDICTIONS_MAX / 2)
        return fail(op, ERR_INVALID, "at most %d plausible jurisdictions", JURISDICTIONS_MAX / 2);
    *ret = (struct windows){.found = q->n_jurisdictions > 0};
    ret->guard = (int64_t)policy_param_num(book, "TCPA-HRS-01", "guard_s", 60, 3600) * 1000;
    if (!q->solicitation) {
        ret->found = add_rows(ret, book, STR("POLICY-CARE"), false);
        return OK;
    }
    bool abroad = q->n_jurisdictions > 0;
    for (size_t i = 0; i < q->n_jurisdictions; i++) {
        str code = q->jurisdictions[i];
        bool here = str_starts(code, STR("US"));
        abroad = abroad && !here;
        if (!here) /* "CA-MB": abroad a country has one row for all of it */
            code = str_sub(code, 0, str_find_char(code, '-', 0));
        if (!add_rows(ret, book, code, q->automated))
            ret->found = false;
    }
    if (!abroad)
        (void)add_rows(ret, book, STR("US-FED"), q->automated);
    if (!ret->found)
        (void)add_rows(ret, book, STR("US-STRICTEST"), q->automated);
    return OK;
}

struct reading { /* what the clocks say, over all zones */
    int earliest, latest, open, close;
    bool day_open, inside;
};

static void read_window(struct reading *r, const struct hours_row *row, const struct time_local *at,
                        int latest)
{
    struct span s = window_span(row, at);
    int minute = at->hour * 60 + at->minute;
    r->open = s.open > r->open ? s.open : r->open;
    r->close = s.close < r->close ? s.close : r->close;
    r->day_open = r->day_open && s.close > s.open;
    r->inside = r->inside && minute >= s.open && latest < s.close;
}

/* The latest minute is read guard later: nothing starts just before closing. */
static bool read_zone(struct reading *r, const struct windows *w, int64_t now, str zone)
{
    struct time_local at = {0}, soon = {0};
    if (!time_to_local(now, zone, &at))
        return false;
    if (!time_to_local(now + w->guard, zone, &soon))
        return false;
    int minute = at.hour * 60 + at.minute;
    int latest = soon.day == at.day ? soon.hour * 60 + soon.minute : 24 * 60;
    r->earliest = minute < r->earliest ? minute : r->earliest;
    r->latest = latest > r->latest ? latest : r->latest;
    for (size_t i = 0; i < w->n; i++)
        read_window(r, &w->at[i], &at, latest);
    return true;
}

err policy_hours_facts(struct op *op, const struct rulebook *book, const struct hours_query *q,
                       struct facts *f)
{
    struct windows w;
    TRY(windows_of(op, book, q, &w));
    struct reading r = {.earliest = 24 * 60, .close = 24 * 60, .day_open = true, .inside = true};
    for (size_t i = 0; i < q->n_zones; i++)
        if (!read_zone(&r, &w, q->now, q->zones[i]))
            return fail(op, ERR_INVALID, "an IANA time zone name is unknown");
    if (q->n_zones == 0)
        return OK;
    facts_set_num(f, FACT_LOCAL_MIN_EARLIEST, r.earliest);
    facts_set_num(f, FACT_LOCAL_MIN_LATEST, r.latest);
    /* The courtesy rule and the strictest row compare with weekday hours: their shorter weekends
     * count as closed outside them. */
    facts_set_bool(f, FACT_DAY_OPEN, r.day_open && (q->solicitation || r.inside));
    if (!w.found)
        facts_set_bool(f, FACT_DAY_OPEN_STRICTEST, r.day_open && r.inside);
    facts_set_bool(f, FACT_WINDOW_ROW_FOUND, w.found);
    facts_set_num(f, FACT_WIN_OPEN_MIN, r.open);
    facts_set_num(f, FACT_WIN_CLOSE_MIN, r.close);
    return OK;
}

str policy_zones(str jurisdiction)
{
    for (size_t i = 0; i < policy_hours_count; i++)
        if (str_eq(str_of(policy_hours[i].code), jurisdiction))
            return str_of(policy_hours[i].zones);
    return STR_NONE;
}

unsigned policy_recording_rank(str place)
{
    for (size_t i = 0; i < policy_recording_count; i++)
        if (str_eq(str_of(policy_recording[i].code), place))
            return policy_recording[i].rank;
    return 3;
}
