/* What-if of many: each person's replay (what_if.c) in the memory of the one before, added up until
 * the time is over. Invariants: memory is that of one replay and of lists with an end; nobody is
 * counted who may not be seen, and how many those are is said; who has no reading or no event is
 * told apart from who has, so that no quiet looks like a proof. */
#include "monitor/what_if_int.h"

#include "base/time.h"

#define ROOM_BYTES ((size_t)256 << 20)

struct sum {
    size_t alerts, cases, asked;
    uint32_t *daily; /* cases, oldest day first */
};
#define LEADS_MAX 200u /* of a rule; a median of more says the same */
struct rule_sum {
    size_t cases, hit; /* hit: an event came within its time */
    struct json *leads;
};
struct crowd_sum {
    struct op *op; /* the answer's */
    struct rule_sum rules[RULE_COUNT_MONITOR];
    const struct monitor_trial *trial;
    struct sum before, after;
    size_t n, unseen, quiet, eventless, part, readings, events, told_before, told_after, more;
    int64_t person_days;
    double low, high;
    bool limits_known;
    struct json *list, *changed;
};

static size_t cases_of(const struct crowd_sum *s, const struct monitor_person *who,
                       const struct told *t, struct sum *io)
{
    size_t cases = 0;
    for (size_t i = 0; i < t->at.n; i++) {
        int64_t at = t->at.at[i], ago = (s->op->now - at) / MS_DAY;
        bool first = i == 0 || at - t->at.at[i - 1] >= EPISODE_MS;
        if (!first || at < who->from || at > who->to || ago < 0 || ago >= s->trial->days)
            continue;
        cases++;
        io->daily[s->trial->days - 1 - ago]++;
    }
    io->cases += cases;
    io->alerts += t->alerts;
    io->asked += t->asked;
    return cases;
}

static struct json *row_of(const struct crowd_sum *s, const struct monitor_person *who, str name)
{
    struct json *row = json_new(s->op->arena, JSON_OBJECT);
    json_set_str(s->op->arena, row, STR("patient"), who->patient);
    json_set_str(s->op->arena, row, STR("name"), arena_str(s->op->arena, name));
    return row;
}

static void push(struct crowd_sum *s, struct json *list, struct json *row)
{
    if (list->n < MONITOR_CROWD_LIST)
        json_push(s->op->arena, list, row);
    else
        s->more++;
}

static void add_events(struct crowd_sum *s, const struct monitor_person *who, str name,
                       const struct replay *p)
{
    size_t n = 0;
    for (size_t i = 0; i < p->events.n; i++) {
        const struct event *e = &p->events.at[i];
        bool was = replay_was_told(&p->before, e), is = replay_was_told(&p->after, e);
        if (e->at < who->from || e->at > who->to)
            continue;
        n++;
        s->told_before += was;
        s->told_after += is;
        if (!was && !is)
            continue;
        struct json *row = row_of(s, who, name);
        json_set_str(s->op->arena, row, STR("at"), time_format(s->op->arena, e->at));
        json_set_str(s->op->arena, row, STR("what"), str_of(e->what));
        json_set(s->op->arena, row, STR("was"), json_new_bool(s->op->arena, was));
        json_set(s->op->arena, row, STR("is"), json_new_bool(s->op->arena, is));
        push(s, s->list, row);
    }
    s->events += n;
    s->eventless += n == 0;
}

/* Days from the first alert of a rule to an event that it told of. */
static void add_lead(struct crowd_sum *s, const struct replay *p, int rule, const struct event *e)
{
    struct rule_sum *sum = &s->rules[rule];
    for (size_t i = 0; i < p->after.by_rule.n; i++) {
        const struct raise *r = &p->after.by_rule.at[i];
        if (r->rule != rule || r->last <= e->at - e->within || r->at > e->at)
            continue;
        if (sum->leads->n < LEADS_MAX)
            json_push(s->op->arena, sum->leads,
                      json_new_num(s->op->arena, arena_printf(s->op->arena, "%.1f",
                                                              (double)(e->at - r->at) / MS_DAY)));
        return;
    }
}

/* Each rule of the metric by itself, the one that is tried beside those that are live. */
static void add_rules(struct crowd_sum *s, const struct monitor_person *who, const struct replay *p)
{
    for (size_t i = 0; i < p->after.by_rule.n; i++) {
        const struct raise *r = &p->after.by_rule.at[i];
        bool hit = false;
        for (size_t k = 0; k < p->events.n; k++)
            hit |= p->events.at[k].at >= r->at &&
                   p->events.at[k].at < r->last + p->events.at[k].within;
        if (r->at < who->from || r->at > who->to)
            continue;
        s->rules[r->rule].cases++;
        s->rules[r->rule].hit += hit;
    }
    for (size_t k = 0; k < p->events.n; k++)
        for (int r = 0; r < (int)RULE_COUNT_MONITOR; r++)
            if (p->events.at[k].within > EPISODE_MS && p->events.at[k].at >= who->from &&
                p->events.at[k].at <= who->to)
                add_lead(s, p, r, &p->events.at[k]);
}

static void add_person(struct crowd_sum *s, const struct monitor_person *who, str name,
                       const struct replay *p)
{
    int64_t from = who->from > p->since ? who->from : p->since;
    int64_t to = who->to < p->now ? who->to : p->now;
    size_t before = cases_of(s, who, &p->before, &s->before),
           after = cases_of(s, who, &p->after, &s->after);
    s->n++;
    s->readings += p->heard.n;
    s->quiet += p->heard.n == 0;
    s->part += !p->whole;
    s->person_days += to > from ? (to - from + MS_DAY - 1) / MS_DAY : 0;
    add_events(s, who, name, p);
    if (s->trial->rule.n)
        add_rules(s, who, p);
    if (!s->limits_known) {
        s->low = p->low;
        s->high = p->high;
        s->limits_known = true;
    }
    if (before == after)
        return;
    struct json *row = row_of(s, who, name);
    monitor_set_number(s->op, row, "before", (double)before, 0);
    monitor_set_number(s->op, row, "after", (double)after, 0);
    push(s, s->changed, row);
}

static err one(struct crowd_sum *s, struct op *op, struct monitor *m,
               const struct monitor_person *who)
{
    struct record_doc doc;
    struct json *person;
    struct replay *p;
    err e = record_read(op, m->rec, fhir_type_parse(STR("Patient")), who->patient, &doc);
    if (e == OK)
        e = record_parse(op, &doc, &person);
    if (e == OK)
        e = replay_patient(op, m, who->patient, s->trial, &p);
    if (e == ERR_NOT_FOUND || e == ERR_GONE || e == ERR_FORBIDDEN) {
        op_clear(op);
        s->unseen++;
        return OK;
    }
    TRY(e);
    add_person(s, who, fhir_name_shown(op, person), p);
    return OK;
}

static struct json *daily_of(struct op *op, const uint32_t *daily, int days)
{
    struct json *list = json_new(op->arena, JSON_ARRAY);
    for (int i = 0; i < days; i++)
        json_push(op->arena, list, json_new_i64(op->arena, daily[i]));
    return list;
}

static void set_sum(struct op *op, struct json *o, const char *name, const struct sum *s)
{
    struct json *node = json_new(op->arena, JSON_OBJECT);
    monitor_set_number(op, node, "alerts", (double)s->alerts, 0);
    monitor_set_number(op, node, "cases", (double)s->cases, 0);
    monitor_set_number(op, node, "asked", (double)s->asked, 0);
    json_set(op->arena, o, str_of(name), node);
}

static struct json *rules_of(const struct crowd_sum *s, int series)
{
    struct op *op = s->op;
    struct json *list = json_new(op->arena, JSON_ARRAY);
    for (size_t r = 0; r < RULE_COUNT_MONITOR; r++) {
        const struct monitor_rule *row = &MONITOR_RULES[r];
        bool tried = row == replay_rule(s->trial);
        if (!(MONITOR_SERIES[series].rules >> r & 1) || (row->shadow && !tried))
            continue;
        struct json *o = json_new(op->arena, JSON_OBJECT);
        json_set_str(op->arena, o, STR("id"), str_of(row->id));
        json_set(op->arena, o, STR("tried"), json_new_bool(op->arena, tried));
        monitor_set_number(op, o, "cases", (double)s->rules[r].cases, 0);
        monitor_set_number(op, o, "hit", (double)s->rules[r].hit, 0);
        json_set(op->arena, o, STR("leads"), s->rules[r].leads);
        json_push(op->arena, list, o);
    }
    return list;
}

static err answer(const struct crowd_sum *s, int series, struct json **ret)
{
    struct op *op = s->op;
    const struct series_row *row = &MONITOR_SERIES[series];
    struct json *o = json_new(op->arena, JSON_OBJECT), *daily = json_new(op->arena, JSON_OBJECT),
                *events = json_new(op->arena, JSON_OBJECT);
    const struct {
        const char *name;
        size_t n;
    } counts[] = {{"n", s->n},
                  {"unseen", s->unseen},
                  {"quiet", s->quiet},
                  {"eventless", s->eventless},
                  {"part", s->part},
                  {"readings", s->readings},
                  {"personDays", (size_t)s->person_days},
                  {"more", s->more}};
    json_set_str(op->arena, o, STR("metric"), str_of(row->name));
    if (s->limits_known) {
        monitor_set_number(op, o, "low", s->low, row->decimals);
        monitor_set_number(op, o, "high", s->high, row->decimals);
    }
    monitor_set_number(op, o, "days", s->trial->days, 0);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        monitor_set_number(op, o, counts[i].name, (double)counts[i].n, 0);
    set_sum(op, o, "before", &s->before);
    set_sum(op, o, "after", &s->after);
    json_set(op->arena, daily, STR("before"), daily_of(op, s->before.daily, s->trial->days));
    json_set(op->arena, daily, STR("after"), daily_of(op, s->after.daily, s->trial->days));
    json_set(op->arena, o, STR("daily"), daily);
    monitor_set_number(op, events, "n", (double)s->events, 0);
    monitor_set_number(op, events, "before", (double)s->told_before, 0);
    monitor_set_number(op, events, "after", (double)s->told_after, 0);
    json_set(op->arena, events, STR("list"), s->list);
    json_set(op->arena, o, STR("events"), events);
    json_set(op->arena, o, STR("changed"), s->changed);
    if (s->trial->rule.n)
        json_set(op->arena, o, STR("rules"), rules_of(s, series));
    *ret = o;
    return op_check(op);
}

/* The memory of one is given back before the next; what an error said is kept. */
static err walk(struct crowd_sum *s, struct monitor *m, const struct monitor_crowd *crowd,
                size_t *ret_done)
{
    struct op *op = s->op;
    struct arena *room = arena_new(ROOM_BYTES);
    int64_t start = time_mono_ns();
    err e = room ? OK : fail(op, ERR_UNAVAILABLE, "out of memory");
    size_t i = 0;
    while (e == OK && i < crowd->n &&
           (i == 0 || time_mono_ns() - start < crowd->budget_ms * 1000000)) {
        struct op part = op_part(op, room);
        e = one(s, &part, m, &crowd->people[i++]);
        e = op_part_end(op, &part, e);
    }
    arena_free(room);
    *ret_done = i;
    return e == OK ? op_check(op) : e;
}

err monitor_what_if_many(struct op *op, struct monitor *m, const struct monitor_crowd *crowd,
                         const struct monitor_trial *trial, size_t *ret_done, struct json **ret)
{
    int series;
    *ret_done = 0;
    TRY(replay_check(op, trial, &series));
    size_t days = (size_t)trial->days;
    struct crowd_sum s = {.op = op,
                          .trial = trial,
                          .list = json_new(op->arena, JSON_ARRAY),
                          .changed = json_new(op->arena, JSON_ARRAY)};
    for (size_t r = 0; r < RULE_COUNT_MONITOR; r++)
        s.rules[r].leads = json_new(op->arena, JSON_ARRAY);
    s.before.daily = ARENA_ARRAY(op->arena, uint32_t, days);
    s.after.daily = ARENA_ARRAY(op->arena, uint32_t, days);
    TRY(op_check(op));
    memset(s.before.daily, 0, days * sizeof *s.before.daily);
    memset(s.after.daily, 0, days * sizeof *s.after.daily);
    TRY(walk(&s, m, crowd, ret_done));
    return answer(&s, series, ret);
}
