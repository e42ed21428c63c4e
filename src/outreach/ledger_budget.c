/* The contact budget for screens: what the caps leave of a patient's day and week, over everything.
 * Numbers only. Invariant: the limits are those of the rulebook in force, the counts those that a
 * decision would be made on. */
#include "outreach/ledger_int.h"
#include "outreach/outreach_int.h"

/* A number among a rule's parameters in force; 0 when there is none. */
static unsigned limit_of(struct op *op, const struct rulebook *book, const char *rule,
                         const char *name)
{
    struct json *params;
    int64_t v = 0;
    const struct rule *row = policy_rule_find(str_of(rule));
    if (!row || json_read(op, rulebook_params(book, row), &JSON_LIMITS_DEFAULT, &params) != OK)
        return 0;
    return json_i64(json_get(params, str_of(name)), &v) && v > 0 && v < 1000000 ? (unsigned)v : 0;
}

static void set_line(struct op *op, struct json *o, str name, unsigned limit, unsigned used)
{
    struct json *line = json_new(op->arena, JSON_OBJECT);
    if (limit) {
        json_set(op->arena, line, STR("limit"), json_new_i64(op->arena, limit));
        json_set(op->arena, line, STR("left"),
                 json_new_i64(op->arena, used < limit ? limit - used : 0));
    }
    json_set(op->arena, line, STR("used"), json_new_i64(op->arena, used));
    json_set(op->arena, o, name, line);
}

static void set_time(struct op *op, struct json *o, str name, int64_t at)
{
    if (at)
        json_set_str(op->arena, o, name, time_format(op->arena, at));
}

/* When the oldest of the week's contacts that fill it is a week old. */
static int64_t week_frees(const struct ledger_counts *c, unsigned limit)
{
    if (limit == 0 || c->all.week < limit || limit > c->n_counted)
        return 0;
    return c->counted[limit - 1] + 7 * DAY_MS;
}

static struct json *channels(struct op *op, const struct ledger_entry *rows, size_t n)
{
    struct json *o = json_new(op->arena, JSON_OBJECT);
    for (unsigned k = 0; k < LEDGER_CHANNEL_COUNT; k++) {
        int64_t used = 0;
        for (size_t i = 0; i < n; i++)
            used += rows[i].channel == k && !rows[i].incoming && rows[i].kind == LEDGER_CARE &&
                    rows[i].state < LEDGER_FAILED && rows[i].at >= op->now - 30 * DAY_MS;
        if (used)
            json_set(op->arena, o, ledger_channel_name((enum ledger_channel)k),
                     json_new_i64(op->arena, used));
    }
    return o;
}

/* Calls of these thirty days that the rulebook refused. */
static int64_t exceptions(const struct op *op, const struct ledger_entry *rows, size_t n)
{
    int64_t used = 0;
    for (size_t i = 0; i < n; i++)
        used += rows[i].excepted && rows[i].state != LEDGER_TAKEN_BACK &&
                rows[i].at >= op->now - 30 * DAY_MS;
    return used;
}

err ledger_budget(struct op *op, struct outreach *o, str patient, struct json **ret)
{
    struct record_doc seen;
    struct recipient r;
    struct ledger_counts c;
    struct ledger_entry *rows;
    size_t n;
    TRY(record_read(op, o->rec, fhir_type_parse(STR("Patient")), patient, &seen));
    TRY(recipient_load(op, o->rec, patient, &r));
    TRY(ledger_known(op, o, 0));
    /* The call just written down, too. */
    (void)ledger_settle(o, record_now_t(o->rec), LEDGER_SETTLE_MS);
    struct ledger_question q = {.patient = patient,
                                .address = r.address[CHANNEL_SMS],
                                .zones = r.zones,
                                .n_zones = r.n_zones};
    TRY(ledger_load(op, o->rec, &q, &c));
    TRY(ledger_list(op, o->rec, patient, LEDGER_PAGE_MAX, &rows, &n));
    const struct rulebook *book = record_rulebook(o->rec);
    struct json *out = json_new(op->arena, JSON_OBJECT);
    unsigned week = limit_of(op, book, "MSG-10", "per_week");
    set_line(op, out, STR("day"), limit_of(op, book, "MSG-09", "per_day"), c.spoken.day);
    set_line(op, out, STR("week"), week, c.all.week);
    set_line(op, out, STR("month"), 0, c.all.month);
    if (!str_empty(q.address))
        set_line(op, out, STR("number"), limit_of(op, book, "CAP-01", "per_day"), c.number.day);
    set_time(op, out, STR("next"), week_frees(&c, week));
    set_time(op, out, STR("lastSent"), c.last_out);
    set_time(op, out, STR("lastReceived"), c.last_in);
    json_set(op->arena, out, STR("channels"), channels(op, rows, n));
    json_set(op->arena, out, STR("exceptions"), json_new_i64(op->arena, exceptions(op, rows, n)));
    *ret = out;
    return op_check(op);
}
