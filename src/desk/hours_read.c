/* Opening hours as FHIR says them, out of a HealthcareService. Invariant: hours that cannot be
 * understood are an error with the element's name, never hours that nobody meant. */
#include "desk/hours.h"

#include "base/time.h"
#include "desk/desk_int.h"

static const char *const DAYS[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
_Static_assert(HOURS_OPENINGS_MAX == 64 && HOURS_CLOSED_MAX == 200, "the sentences below say so");
#define EVERY_DAY 0x7fu

static bool days_of(const struct json *list, unsigned *ret)
{
    const struct json *one;
    *ret = 0;
    for (size_t i = 0; (one = json_at(list, i)); i++) {
        unsigned d = 0;
        while (d < 7 && !str_eq(json_str(one), str_of(DAYS[d])))
            d++;
        if (d == 7)
            return false;
        *ret |= 1u << d;
    }
    if (!*ret)
        *ret = EVERY_DAY;
    return true;
}

/* FHIR's time: hh:mm:ss. */
static bool minutes_of(str text, int *ret)
{
    uint64_t h, m;
    if (text.n < 5 || text.p[2] != ':' || !str_to_u64(str_sub(text, 0, 2), 23, &h) ||
        !str_to_u64(str_sub(text, 3, 5), 59, &m))
        return false;
    *ret = (int)(h * 60 + m);
    return true;
}

static bool opening_of(const struct json *one, struct hours_opening *ret)
{
    if (!days_of(JSON_GET(one, "daysOfWeek"), &ret->days))
        return false;
    ret->from = 0;
    ret->until = 1440;
    if (json_bool(JSON_GET(one, "allDay"), false))
        return true;
    if (!minutes_of(json_get_str(one, STR("availableStartTime")), &ret->from) ||
        !minutes_of(json_get_str(one, STR("availableEndTime")), &ret->until))
        return false;
    if (ret->until <= ret->from)
        ret->until += 1440; /* into the next morning; 00:00 is midnight */
    return true;
}

/* A date without a zone is the day on the team's own clock. */
static bool edge_of(str text, str zone, bool end, int64_t *ret)
{
    struct time_span t;
    unsigned m, d;
    struct time_local day = {0};
    if (!time_parse(text, &t))
        return false;
    *ret = end ? t.hi : t.lo;
    if (t.has_zone || t.precision > TIME_DAY)
        return true;
    time_civil_from_days(*ret / INT64_C(86400000), &day.year, &m, &d);
    day.month = (int)m;
    day.day = (int)d;
    return time_from_local(&day, zone, ret);
}

static str where(struct op *op, const char *element, size_t i)
{
    return arena_printf(op->arena, "HealthcareService.%s[%zu]", element, i);
}

static err read_closed(struct op *op, const struct json *tree, struct team_hours *ret)
{
    const struct json *list = JSON_GET(tree, "notAvailable"), *one;
    struct hours_closed *all = ARENA_ARRAY(op->arena, struct hours_closed, HOURS_CLOSED_MAX);
    TRY(op_check(op));
    ret->closed_said = list;
    for (size_t i = 0; (one = json_at(list, i)); i++) {
        struct hours_closed c = {.why = json_get_str(one, STR("description"))};
        str until = json_str(json_path(one, "during.end"));
        if (i == HOURS_CLOSED_MAX ||
            !edge_of(json_str(json_path(one, "during.start")), ret->zone, false, &c.from) ||
            !edge_of(until, ret->zone, true, &c.until) || c.until <= c.from)
            return fail_at(op, ERR_UNPROCESSABLE, where(op, "notAvailable", i),
                           "A closed time has a first and a last day, at most 200 of them.");
        all[i] = c;
        ret->n_closed = i + 1;
    }
    ret->closed = all;
    return OK;
}

err hours_read(struct op *op, const struct json *tree, struct team_hours *ret)
{
    const struct json *list = JSON_GET(tree, "availableTime"), *one;
    struct hours_opening *all = ARENA_ARRAY(op->arena, struct hours_opening, HOURS_OPENINGS_MAX);
    struct time_local probe;
    TRY(op_check(op));
    if (!time_to_local(op->now, ret->zone, &probe))
        return fail_at(op, ERR_UNPROCESSABLE, STR("HealthcareService.extension"),
                       "The team's hours need a time zone, such as America/Chicago.");
    for (size_t i = 0; (one = json_at(list, i)); i++) {
        if (i == HOURS_OPENINGS_MAX || !opening_of(one, &all[i]))
            return fail_at(op, ERR_UNPROCESSABLE, where(op, "availableTime", i),
                           "An opening has days and hours from and until, at most 64 of them.");
        ret->n_openings = i + 1;
    }
    ret->openings = all;
    return read_closed(op, tree, ret);
}
