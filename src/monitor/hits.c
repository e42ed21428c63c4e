/* How each rule does: of the cases it brought, how many were acted on, and how many told nothing.
 * Invariant: counted are the cases and the programmes that the asker may see. */
#include "monitor/trial_int.h"

#include "record/find_each.h"

#include <stdlib.h>

#define DAYS 365
#define READ_MAX 200000u
#define RULES_MAX 256u
#define FLAG_MIN 20u   /* fewer closed cases say nothing */
#define FLAG_UNDER 0.2 /* N3 of the reference: rules under 20 % are flagged to their owner */
#define MS_YEAR (365.25 * 24 * (double)MS_HOUR)

struct hits {
    str id;
    const struct monitor_rule *row; /* NULL: of the fleet, or a patient's own limit */
    size_t open, closed, acted;
    bool live;       /* no longer on trial */
    size_t enrolled; /* of those closed without an act: of people in a programme */
};
struct stretch { /* of somebody in a programme */
    uint64_t patient;
    int64_t from, to;
};
struct count {
    struct arena *a;
    int64_t since, now;
    VEC(struct stretch) watched; /* by patient and time once all are there */
    VEC(struct hits) of;
    struct trial_cases cases;
    struct trial_counts trials;
};

static err add_plan(void *ctx, struct op *op, const struct record_doc *doc, const struct json *plan)
{
    struct count *c = ctx;
    struct time_span from, to;
    if (!monitor_programmes_of(plan) || doc->patient == 0 ||
        str_eq(json_get_str(plan, STR("status")), STR("entered-in-error")) ||
        !time_parse(json_str(json_path(plan, "period.start")), &from))
        return OK;
    if (!time_parse(json_str(json_path(plan, "period.end")), &to) || to.hi > c->now)
        to.hi = c->now;
    struct stretch s = {doc->patient, from.lo > c->since ? from.lo : c->since, to.hi};
    if (s.from < s.to)
        VEC_PUSH(c->a, &c->watched, s);
    return op_check(op);
}

static int by_patient(const void *a, const void *b)
{
    const struct stretch *x = a, *y = b;
    if (x->patient != y->patient)
        return x->patient > y->patient ? 1 : -1;
    return (x->from > y->from) - (x->from < y->from);
}

/* Two programmes at once are one time. */
static double years_of(struct count *c, size_t *ret_people)
{
    int64_t ms = 0, to = 0;
    uint64_t last = 0;
    if (c->watched.n)
        qsort(c->watched.at, c->watched.n, sizeof *c->watched.at, by_patient);
    for (size_t i = 0; i < c->watched.n; i++) {
        struct stretch s = c->watched.at[i];
        *ret_people += s.patient != last;
        if (s.patient == last && s.from < to)
            s.from = to;
        if (s.patient != last || s.to > to)
            to = s.to;
        ms += s.to > s.from ? s.to - s.from : 0;
        last = s.patient;
    }
    return (double)ms / MS_YEAR;
}

static bool is_enrolled(const struct count *c, uint64_t patient)
{
    size_t lo = 0, hi = c->watched.n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (c->watched.at[mid].patient < patient)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < c->watched.n && c->watched.at[lo].patient == patient;
}

/* NULL: the case is not of monitoring. */
static struct hits *hits_of(struct count *c, const struct json *task)
{
    str rule = json_str(json_path(task, "reasonCode.text"));
    for (size_t i = 0; i < c->of.n; i++)
        if (str_eq(rule, c->of.at[i].id))
            return &c->of.at[i];
    if (c->of.n >= RULES_MAX || !(desk_is_technical(task) || str_starts(rule, STR("PLAN-"))))
        return NULL;
    struct hits h = {.id = arena_str(c->a, rule)};
    size_t n = c->of.n;
    VEC_PUSH(c->a, &c->of, h);
    return c->of.n > n ? &c->of.at[n] : NULL;
}

/* When there was a case, whatever brought it. */
static void add_stretch(struct count *c, const struct record_doc *doc, const struct json *task,
                        bool closed)
{
    struct time_span from, to = {.lo = c->now};
    if (desk_is_technical(task) || !time_parse(json_get_str(task, STR("authoredOn")), &from) ||
        (closed && !time_parse(json_get_str(task, STR("lastModified")), &to)))
        return;
    struct trial_case one = {doc->patient, from.lo, to.lo, closed && desk_was_acted_on(task)};
    VEC_PUSH(c->a, &c->cases.list, one);
}

static err add_case(void *ctx, struct op *op, const struct record_doc *doc, const struct json *task)
{
    struct count *c = ctx;
    struct hits *h = hits_of(c, task);
    bool closed = str_eq(json_get_str(task, STR("status")), STR("completed"));
    if (!h)
        return op_check(op);
    add_stretch(c, doc, task, closed);
    h->closed += closed;
    h->open += !closed;
    if (closed && desk_was_acted_on(task))
        h->acted++;
    else if (closed && is_enrolled(c, doc->patient))
        h->enrolled++;
    return op_check(op);
}

/* A rule on trial: what it would have told, and of that how much was seen without it. */
static void set_trial(struct op *op, struct json *o, const struct trial_count *t)
{
    struct json *n = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, n, STR("since"), time_format(op->arena, t->since));
    monitor_set_number(op, n, "hits", (double)t->hits, 0);
    monitor_set_number(op, n, "people", (double)t->people, 0);
    monitor_set_number(op, n, "cases", (double)t->cases, 0);
    monitor_set_number(op, n, "acted", (double)t->acted, 0);
    json_set(op->arena, o, STR("trial"), n);
}

static struct json *rule_row(struct op *op, const struct count *c, const struct hits *h,
                             double years)
{
    struct json *o = json_new(op->arena, JSON_OBJECT);
    double rate = h->closed ? (double)h->acted / (double)h->closed : NAN;
    json_set_str(op->arena, o, STR("id"), h->id);
    if (h->row) {
        bool technical = h->row->technical > 0;
        monitor_set_number(op, o, technical ? "technical" : "priority",
                           technical ? h->row->technical : h->row->priority, 0);
        json_set_str(op->arena, o, STR("source"), str_of(h->row->source));
        if (h->row->shadow && !h->live)
            json_set(op->arena, o, STR("shadow"), json_new_bool(op->arena, true));
        if (h->row->shadow && !h->live && c->trials.known)
            set_trial(op, o, &c->trials.of[h->row - MONITOR_RULES]);
        if (h->row->kind == RULE_LIMIT && h->row->n_tests)
            json_set_str(op->arena, o, STR("metric"),
                         str_of(MONITOR_SERIES[h->row->tests[0].series].name));
    }
    monitor_set_number(op, o, "open", (double)h->open, 0);
    monitor_set_number(op, o, "closed", (double)h->closed, 0);
    monitor_set_number(op, o, "acted", (double)h->acted, 0);
    monitor_set_number(op, o, "rate", rate, 3);
    monitor_set_number(op, o, "unexplained", (double)(h->closed - h->acted), 0);
    monitor_set_number(op, o, "unexplainedYear", years > 0 ? (double)h->enrolled / years : NAN, 2);
    json_set(op->arena, o, STR("flagged"),
             json_new_bool(op->arena, h->closed >= FLAG_MIN && rate < FLAG_UNDER));
    return o;
}

err monitor_hits(struct op *op, struct monitor *m, struct json **ret)
{
    struct count *c = ARENA_NEW(op->arena, struct count);
    struct json *o = json_new(op->arena, JSON_OBJECT), *rules = json_new(op->arena, JSON_ARRAY);
    size_t people = 0;
    TRY(op_check(op));
    c->a = op->arena;
    for (size_t r = 0; r < RULE_COUNT_MONITOR; r++) {
        struct hits h = {
            .id = str_of(MONITOR_RULES[r].id), .row = &MONITOR_RULES[r], .live = m->live >> r & 1};
        VEC_PUSH(c->a, &c->of, h);
    }
    c->now = op->now;
    c->since = op->now - DAYS * 24 * MS_HOUR;
    str since = time_format(op->arena, c->since);
    struct record_each plans = {.type = "CarePlan",
                                .query = arena_printf(op->arena, "date=ge%.*s", STR_ARG(since)),
                                .max = READ_MAX,
                                .fn = add_plan,
                                .ctx = c};
    struct record_each cases = {
        .type = "Task",
        .query = arena_printf(op->arena, "code=" DESK_SYSTEM_CODE "|case&authored-on=ge%.*s",
                              STR_ARG(since)),
        .max = READ_MAX,
        .fn = add_case,
        .ctx = c};
    TRY(record_find_each(op, m->rec, &plans));
    double years = years_of(c, &people);
    TRY(record_find_each(op, m->rec, &cases));
    TRY(trial_count(op, m, &c->cases, &c->trials));
    monitor_set_number(op, o, "days", DAYS, 0);
    monitor_set_number(op, o, "patients", (double)people, 0);
    monitor_set_number(op, o, "years", years, 2);
    for (size_t i = 0; i < c->of.n; i++)
        json_push(op->arena, rules, rule_row(op, c, &c->of.at[i], years));
    json_set(op->arena, o, STR("rules"), rules);
    json_set(op->arena, o, STR("metrics"), monitor_defaults(op));
    *ret = o;
    return op_check(op);
}
