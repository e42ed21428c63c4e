/* Opening hours reckoned by the calendar of their zone. Pure. Invariant: between two edges (an
 * opening's begin or end, a closed time's) the team is either at work or not; so a walk from edge
 * to edge misses nothing, whatever the clock does in summer. */
#include "desk/hours.h"

#include "base/time.h"
#include "policy/holiday.h"

#define MIN_MS INT64_C(60000)
#define DAY_MIN 1440
#define DAYS_MAX 400
#define EDGES_MAX 100000u
#define WEEK_MS (9 * DAY_MIN * MIN_MS) /* a week, whatever the clock does */

/* The day so many days from the local day of `at`, at midnight; its weekday. */
static struct time_local day_of(const struct time_local *at, int days)
{
    unsigned m, d;
    struct time_local ret = {0};
    int64_t day = time_days_from_civil(at->year, (unsigned)at->month, (unsigned)at->day) + days;
    time_civil_from_days(day, &ret.year, &m, &d);
    ret.month = (int)m;
    ret.day = (int)d;
    ret.wday = (int)(((day + 4) % 7 + 7) % 7); /* 1970-01-01 was a Thursday */
    return ret;
}

/* The moment of a wall time; minutes may be past midnight. */
static bool moment(const struct team_hours *h, const struct time_local *day, int minutes,
                   int64_t *ret)
{
    struct time_local at = day_of(day, minutes / DAY_MIN);
    at.hour = minutes % DAY_MIN / 60;
    at.minute = minutes % 60;
    return time_from_local(&at, h->zone, ret);
}

struct edge {
    bool open;
    int64_t next; /* the nearest edge after the moment */
};

static void near(struct edge *e, int64_t at, int64_t edge)
{
    if (edge > at && edge < e->next)
        e->next = edge;
}

static void day_edges(const struct team_hours *h, const struct time_local *day, int64_t at,
                      struct edge *e)
{
    if (h->federal && policy_federal_holiday(day))
        return;
    for (size_t i = 0; i < h->n_openings; i++) {
        const struct hours_opening *o = &h->openings[i];
        int64_t from, until;
        if (!(o->days & (1u << day->wday)) || !moment(h, day, o->from, &from) ||
            !moment(h, day, o->until, &until))
            continue;
        e->open = e->open || (from <= at && at < until);
        near(e, at, from);
        near(e, at, until);
    }
}

/* How it is at the moment, and until when at least. Without a zone nobody is at work. */
static struct edge look(const struct team_hours *h, int64_t at)
{
    struct time_local local;
    struct edge e = {.next = at + DAY_MIN * MIN_MS};
    if (!time_to_local(at, h->zone, &local))
        return e;
    for (int d = -1; d <= 1; d++) { /* yesterday's may go past midnight */
        struct time_local day = day_of(&local, d);
        day_edges(h, &day, at, &e);
    }
    for (size_t i = 0; i < h->n_closed; i++) {
        if (h->closed[i].from <= at && at < h->closed[i].until)
            e.open = false;
        near(&e, at, h->closed[i].from);
        near(&e, at, h->closed[i].until);
    }
    return e;
}

bool hours_open(const struct team_hours *h, int64_t at)
{
    return look(h, at).open;
}

/* Openings come again each week: what was so for one is so until a closed time begins or ends. Who
 * works day and night is asked of each open case, and has no edge that is one. */
static int64_t past_week(const struct team_hours *h, int64_t *io_from, int64_t edge)
{
    int64_t next = INT64_MAX;
    if (h->federal || edge <= *io_from + WEEK_MS)
        return edge;
    for (size_t i = 0; i < h->n_closed; i++) {
        int64_t at = h->closed[i].from >= edge ? h->closed[i].from : h->closed[i].until;
        if (at >= edge && at < next)
            next = at;
    }
    *io_from = next;
    return next;
}

bool hours_change(const struct team_hours *h, int64_t at, int64_t *ret)
{
    struct edge e = look(h, at);
    bool was = e.open;
    int64_t end = at + DAYS_MAX * DAY_MIN * MIN_MS, from = at;
    for (size_t i = 0; i < EDGES_MAX && e.next < end; i++) {
        int64_t edge = past_week(h, &from, e.next);
        if (edge >= end)
            return false;
        e = look(h, edge);
        if (e.open != was) {
            *ret = edge;
            return true;
        }
    }
    return false;
}

bool hours_after(const struct team_hours *h, int64_t from, int64_t ms, int64_t *ret)
{
    int64_t at = from, end = from + DAYS_MAX * DAY_MIN * MIN_MS;
    for (size_t i = 0; i < EDGES_MAX && at < end; i++) {
        struct edge e = look(h, at);
        if (e.open && e.next - at >= ms) {
            *ret = at + ms;
            return true;
        }
        if (e.open)
            ms -= e.next - at;
        at = e.next;
    }
    return false;
}
