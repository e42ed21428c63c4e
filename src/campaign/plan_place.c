/* When people of a place may be contacted, as a table by local day: the law's hours over every
 * plausible zone and row (asked of the rulebook itself), without the holidays of any of its places.
 * A margin before closing keeps what is sent last inside. */
#include "campaign/plan_int.h"

#include "policy/holiday.h"
#include "policy/policy.h"

#define MARGIN_MS (15 * 60000LL)

static bool is_holiday(const struct plan_place_query *q, const struct time_local *at)
{
    bool any = q->n_jurisdictions == 0 && policy_federal_holiday(at);
    for (size_t i = 0; !any && i < q->n_jurisdictions; i++)
        any = policy_holiday(q->jurisdictions[i], at) != NULL;
    return any;
}

static bool minute_fact(const struct json *facts, enum fact id, int64_t *ret)
{
    return json_i64(json_get(facts, fact_name(id)), ret);
}

/* The window of one zone on one date, as instants. */
static err one_zone(struct op *op, const struct rulebook *book, const struct hours_query *at,
                    struct plan_day *d)
{
    struct facts *f = facts_new(op);
    struct time_local local;
    int64_t open = 0, close = 0;
    TRY(policy_hours_facts(op, book, at, f));
    const struct json *o = facts_to_json(op, f);
    bool known = minute_fact(o, FACT_WIN_OPEN_MIN, &open) &&
                 minute_fact(o, FACT_WIN_CLOSE_MIN, &close) &&
                 json_bool(json_get(o, fact_name(FACT_DAY_OPEN)), false);
    if (!known || close <= open || !time_to_local(at->now, at->zones[0], &local)) {
        d->close = d->open;
        return OK;
    }
    int64_t from = at->now + (open - 12 * 60) * 60000LL, to = at->now;
    local.hour = (int)(open / 60);
    local.minute = (int)(open % 60);
    (void)time_from_local(&local, at->zones[0], &from);
    to += (close - 12 * 60) * 60000LL - MARGIN_MS;
    d->open = from > d->open ? from : d->open;
    d->close = to < d->close ? to : d->close;
    return OK;
}

static err one_day(struct op *op, const struct rulebook *book, const struct plan_place_query *q,
                   int64_t day, struct plan_day *ret)
{
    int y;
    unsigned m, n;
    struct plan_day d = {.open = INT64_MIN, .close = INT64_MAX};
    time_civil_from_days(day, &y, &m, &n);
    for (size_t i = 0; i < q->n_zones; i++) {
        struct time_local noon = {.year = y, .month = (int)m, .day = (int)n, .hour = 12};
        struct hours_query at = {.zones = &q->zones[i],
                                 .n_zones = 1,
                                 .jurisdictions = q->jurisdictions,
                                 .n_jurisdictions = q->n_jurisdictions,
                                 .solicitation = q->solicitation};
        if (!time_from_local(&noon, q->zones[i], &at.now))
            return fail(op, ERR_INVALID, "an IANA time zone name is unknown");
        if (i == 0)
            d.noon = at.now;
        TRY(one_zone(op, book, &at, &d));
    }
    struct time_local date = {
        .year = y, .month = (int)m, .day = (int)n, .wday = (int)((day % 7 + 11) % 7)};
    if (d.open == INT64_MIN || is_holiday(q, &date))
        d.open = d.close = d.noon;
    *ret = d;
    return OK;
}

err plan_place_new(struct op *op, const struct rulebook *book, const struct plan_place_query *q,
                   struct plan_place *ret)
{
    struct time_local local;
    size_t n = q->days < PLAN_DAYS_MAX ? q->days : PLAN_DAYS_MAX;
    if (q->n_zones == 0) {
        *ret = (struct plan_place){0};
        return OK;
    }
    if (!time_to_local(q->from, q->zones[0], &local))
        return fail(op, ERR_INVALID, "an IANA time zone name is unknown");
    struct plan_day *days = ARENA_ARRAY(op->arena, struct plan_day, n + 1);
    int64_t first = time_days_from_civil(local.year, (unsigned)local.month, (unsigned)local.day);
    if (!days)
        return op_check(op);
    for (size_t i = 0; i < n; i++)
        TRY(one_day(op, book, q, first + (int64_t)i, &days[i]));
    *ret = (struct plan_place){.first = first, .n = n, .days = days};
    return op_check(op);
}
