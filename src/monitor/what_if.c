/* What-if: a patient's readings of the last weeks replayed through the very rules, once as things
 * are and once under other limits of one metric; what would have been measured again before anybody
 * was called is no alert when the next reading was normal. Not replayed: silence and what other
 * resources say, which no limit changes. Invariants: nothing is written, and only what the asker
 * may see is replayed; more readings than are answered in time are the newest days of them, and
 * that is said. */
#include "monitor/what_if_int.h"

#include "record/find_each.h"

#include <stdlib.h>

#define MOST_A_DAY 100000u       /* of the newest day, which is replayed whatever it holds */
#define WARNING_MS (14 * MS_DAY) /* an alert so long before a stay has told of it */

static err add_observation(void *ctx, struct op *op, const struct record_doc *doc,
                           const struct json *tree)
{
    struct replay *p = ctx;
    struct reading_set set;
    reading_set_of(tree, &set);
    for (size_t i = 0; i < set.n && set.usable && set.at <= p->now; i++) {
        struct heard h = {set.at, doc->rid, !reading_has_note(tree, STR("late")), set.at_most[i]};
        VEC_PUSH(p->a, &p->heard, h);
    }
    struct heard h = {.rid = doc->rid, .fresh = !reading_has_note(tree, STR("late"))};
    while (set.usable && samples_next(&set, &h.r, &h.at))
        if (h.at <= p->now)
            VEC_PUSH(p->a, &p->heard, h);
    return op_check(op);
}

static void add_event(struct replay *p, str time, int64_t within, const char *what)
{
    struct time_span span;
    if (time_parse(time, &span) && span.lo >= p->since && span.lo <= p->now) {
        struct event e = {span.lo, within, what};
        VEC_PUSH(p->a, &p->events, e);
    }
}

static err add_stay(void *ctx, struct op *op, const struct record_doc *doc, const struct json *tree)
{
    str kind = json_str(json_path(tree, "class.code")),
        start = json_str(json_path(tree, "period.start")),
        status = json_get_str(tree, STR("status"));
    (void)doc;
    if (str_eq(status, STR("entered-in-error")) || str_eq(status, STR("cancelled")))
        return OK;
    if (str_eq(kind, STR("EMER")))
        add_event(ctx, start, WARNING_MS, "emergency");
    if (str_eq(kind, STR("IMP")) || str_eq(kind, STR("ACUTE")) || str_eq(kind, STR("NONAC")))
        add_event(ctx, start, WARNING_MS, "inpatient");
    return op_check(op);
}

static err add_case(void *ctx, struct op *op, const struct record_doc *doc, const struct json *tree)
{
    (void)doc;
    if (desk_was_acted_on(tree))
        add_event(ctx, json_get_str(tree, STR("authoredOn")), EPISODE_MS, "case");
    return op_check(op);
}

static int by_time(const void *a, const void *b)
{
    const struct heard *x = a, *y = b;
    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    return (x->rid > y->rid) - (x->rid < y->rid);
}

static void note_rule(const struct replay *p, const struct finding *f, int64_t at, struct told *io)
{
    if (f->rule >= (int)RULE_COUNT_MONITOR || !(MONITOR_SERIES[p->series].rules >> f->rule & 1))
        return;
    for (size_t i = io->by_rule.n; i-- > 0;) {
        struct raise *r = &io->by_rule.at[i];
        if (r->rule == f->rule && at - r->last < EPISODE_MS) {
            r->last = at;
            return;
        }
    }
    struct raise r = {f->rule, at, at};
    VEC_PUSH(p->a, &io->by_rule, r);
}

static void count(const struct replay *p, struct track *t, const struct findings *f, int64_t at,
                  struct told *io)
{
    for (size_t k = 0; k < f->n; k++) {
        if (!finding_is_technical(&f->at[k]))
            note_rule(p, &f->at[k], at, io);
        if (finding_is_technical(&f->at[k]) || !monitor_news(t, &f->at[k], false))
            continue;
        io->alerts += f->at[k].series == p->series;
        io->cases += io->at.n == 0 || at - io->at.at[io->at.n - 1] >= EPISODE_MS;
        VEC_PUSH(p->a, &io->at, at);
    }
}

/* As ask_step(), which writes it down: what may wait becomes asks, the rest stays. */
static void ask_instead(const struct replay *p, struct track *t, struct findings *f, int64_t at,
                        struct told *io)
{
    size_t kept = 0;
    for (size_t i = 0; i < f->n; i++) {
        struct finding one = f->at[i];
        if (ask_repeats(t, &one))
            continue;
        if (finding_is_technical(&one) || !ask_is_news(t, &one) || !ask_may_wait(t, &one, at)) {
            f->at[kept++] = one;
            continue;
        }
        t->asks[t->n_asks++] = ask_new(&one, at);
        io->asked += one.series == p->series;
    }
    f->n = kept;
}

static void tell(const struct replay *p, struct track *t, struct findings *f, int64_t at,
                 struct told *io)
{
    for (size_t k = t->n_asks; k-- > 0;)
        if (ask_outcome(t, &t->asks[k], f))
            ask_drop(t, k);
    bool open = io->at.n && at - io->at.at[io->at.n - 1] < EPISODE_MS;
    if (!open && ask_all_wait(t, f, at, false))
        ask_instead(p, t, f, at, io);
    count(p, t, f, at, io);
}

/* Asks whose time went by before the next reading. */
static void expire(const struct replay *p, struct track *t, int64_t now, struct told *io)
{
    while (t->n_asks) {
        struct findings f;
        int64_t first = t->asks[0].until, next = INT64_MAX;
        for (size_t k = 1; k < t->n_asks; k++)
            first = t->asks[k].until < first ? t->asks[k].until : first;
        if (first > now)
            return;
        f.n = 0;
        ask_eval_time(t, first, &f, &next);
        tell(p, t, &f, first, io);
    }
}

static void hear(struct track *t, const struct heard *h, struct findings *f)
{
    if (h->r.series >= 0) {
        int at = track_add(t, h->r.series, (struct point){h->at, h->r.value, h->rid});
        if (at >= 0 && h->fresh)
            monitor_eval(t, h->r.series, at, f);
    } else if (h->r.yes && h->fresh) {
        t->symptom_at[h->r.symptom] = h->at;
        monitor_eval_symptom(t, h->r.symptom, h->at, h->rid, f);
    }
}

/* What one Observation says is heard at once. */
static void run(const struct replay *p, struct track *t, struct told *ret)
{
    for (size_t i = 0; i < p->heard.n;) {
        const struct heard *h = &p->heard.at[i];
        struct findings f;
        f.n = 0;
        expire(p, t, h->at, ret);
        for (; i < p->heard.n && p->heard.at[i].rid == h->rid; i++)
            hear(t, &p->heard.at[i], &f);
        if (f.n || t->n_asks)
            tell(p, t, &f, h->at, ret);
    }
    expire(p, t, p->now, ret);
}

/* A case is written a moment after its reading was taken. */
bool replay_was_told(const struct told *o, const struct event *e)
{
    for (size_t i = 0; i < o->at.n; i++)
        if (o->at.at[i] <= e->at && o->at.at[i] > e->at - e->within)
            return true;
    return false;
}

static void set_told(struct op *op, struct json *o, const char *name, const struct told *r)
{
    struct json *node = json_new(op->arena, JSON_OBJECT);
    monitor_set_number(op, node, "alerts", (double)r->alerts, 0);
    monitor_set_number(op, node, "cases", (double)r->cases, 0);
    monitor_set_number(op, node, "asked", (double)r->asked, 0);
    json_set(op->arena, o, str_of(name), node);
}

static void set_events(const struct replay *p, struct op *op, struct json *o,
                       const struct told *before, const struct told *after)
{
    struct json *events = json_new(op->arena, JSON_OBJECT);
    struct json *lost = json_new(op->arena, JSON_ARRAY);
    size_t had = 0, kept = 0;
    for (size_t i = 0; i < p->events.n; i++) {
        const struct event *e = &p->events.at[i];
        bool was = replay_was_told(before, e), is = replay_was_told(after, e);
        had += was;
        kept += is;
        if (!was || is)
            continue;
        struct json *row = json_new(op->arena, JSON_OBJECT);
        json_set_str(op->arena, row, STR("at"), time_format(op->arena, e->at));
        json_set_str(op->arena, row, STR("what"), str_of(e->what));
        json_push(op->arena, lost, row);
    }
    monitor_set_number(op, events, "n", (double)p->events.n, 0);
    monitor_set_number(op, events, "before", (double)had, 0);
    monitor_set_number(op, events, "after", (double)kept, 0);
    json_set(op->arena, events, STR("lost"), lost);
    json_set(op->arena, o, STR("events"), events);
}

/* As things are, and with the limits tried. */
static err run_both(struct replay *p, struct op *op, struct track *now,
                    const struct monitor_trial *trial)
{
    struct track *other = arena_alloc(op->arena, sizeof *other);
    TRY(op_check(op));
    *other = *now;
    const struct monitor_rule *rule = replay_rule(trial);
    if (rule)
        other->on |= UINT64_C(1) << (rule - MONITOR_RULES);
    if (!isnan(trial->low))
        other->low[p->series] = monitor_own_low(p->series, trial->low);
    if (!isnan(trial->high))
        other->high[p->series] = monitor_own_high(p->series, trial->high);
    p->low = other->low[p->series];
    p->high = other->high[p->series];
    if (p->heard.n)
        qsort(p->heard.at, p->heard.n, sizeof *p->heard.at, by_time);
    run(p, now, &p->before);
    run(p, other, &p->after);
    return op_check(op);
}

static err answer(const struct replay *p, struct op *op, struct json **ret)
{
    const struct series_row *row = &MONITOR_SERIES[p->series];
    struct json *o = json_new(op->arena, JSON_OBJECT);
    monitor_set_number(op, o, "low", p->low, row->decimals);
    monitor_set_number(op, o, "high", p->high, row->decimals);
    json_set_str(op->arena, o, STR("metric"), str_of(row->name));
    monitor_set_number(op, o, "days", p->days, 0);
    json_set(op->arena, o, STR("whole"), json_new_bool(op->arena, p->whole));
    monitor_set_number(op, o, "readings", (double)p->heard.n, 0);
    set_told(op, o, "before", &p->before);
    set_told(op, o, "after", &p->after);
    set_events(p, op, o, &p->before, &p->after);
    *ret = o;
    return op_check(op);
}

static str readings_of(struct op *op, str patient, int64_t since)
{
    return arena_printf(op->arena, "patient=Patient/%.*s&date=ge%.*s", STR_ARG(patient),
                        STR_ARG(time_format(op->arena, since)));
}

static err count_readings(const struct replay *p, struct op *op, struct monitor *m, str patient,
                          int days, uint64_t *ret)
{
    struct record_page page = {0};
    str query = arena_cat(op->arena, readings_of(op, patient, p->now - days * MS_DAY),
                          STR("&_summary=count"));
    TRY(op_check(op));
    TRY(record_find(op, m->rec, fhir_type_parse(STR("Observation")), query, &page));
    *ret = page.total;
    return OK;
}

/* As many of the newest days as are answered in time, at least one. */
static err choose_days(struct replay *p, struct op *op, struct monitor *m, str patient, int asked)
{
    int most = asked, fit = 1;
    uint64_t n = 0;
    TRY(count_readings(p, op, m, patient, asked, &n));
    for (fit = n > m->replay_max ? 1 : asked; most - fit > 1;) {
        int middle = fit + (most - fit) / 2;
        TRY(count_readings(p, op, m, patient, middle, &n));
        *(n > m->replay_max ? &most : &fit) = middle;
    }
    p->days = fit;
    p->whole = fit == asked;
    p->since = p->now - fit * MS_DAY;
    return OK;
}

static err gather(struct replay *p, struct op *op, struct monitor *m, str patient)
{
    str since = time_format(op->arena, p->since);
    const struct {
        const char *type;
        str query;
        record_each_fn *add;
    } parts[] = {{"Observation", readings_of(op, patient, p->since), add_observation},
                 {"Encounter", readings_of(op, patient, p->since), add_stay},
                 {"Task",
                  arena_printf(op->arena,
                               "patient=Patient/%.*s&code=" DESK_SYSTEM_CODE
                               "|case&status=completed&authored-on=ge%.*s",
                               STR_ARG(patient), STR_ARG(since)),
                  add_case}};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        struct record_each walk = {.type = parts[i].type,
                                   .query = parts[i].query,
                                   .max = MOST_A_DAY + m->replay_max,
                                   .fn = parts[i].add,
                                   .ctx = p};
        TRY(record_find_each(op, m->rec, &walk));
    }
    return op_check(op);
}

const struct monitor_rule *replay_rule(const struct monitor_trial *trial)
{
    for (size_t r = 0; r < RULE_COUNT_MONITOR; r++)
        if (MONITOR_RULES[r].shadow && str_eq(trial->rule, str_of(MONITOR_RULES[r].id)))
            return &MONITOR_RULES[r];
    return NULL;
}

err replay_check(struct op *op, const struct monitor_trial *trial, int *ret_series)
{
    const struct monitor_rule *rule = replay_rule(trial);
    *ret_series = rule ? rule->series : monitor_series_named(trial->metric);
    if (trial->rule.n && !rule)
        return fail_at(op, ERR_INVALID, STR("rule"),
                       "no rule of this name is on trial; see /monitoring/rules");
    if (*ret_series < 0)
        return fail_at(op, ERR_INVALID, STR("metric"), "there is no such metric; see $limits");
    if (trial->days < 28 || trial->days > 365)
        return fail_at(op, ERR_INVALID, STR("days"), "28 to 365 days can be looked at");
    if (!rule && isnan(trial->low) && isnan(trial->high))
        return fail_at(op, ERR_INVALID, STR("low"), "a trial needs a lower or an upper limit");
    return OK;
}

err replay_patient(struct op *op, struct monitor *m, str patient, const struct monitor_trial *trial,
                   struct replay **ret)
{
    struct replay *p = ARENA_NEW(op->arena, struct replay);
    struct track *t = arena_alloc(op->arena, sizeof *t);
    TRY(op_check(op));
    *p = (struct replay){.a = op->arena, .now = op->now};
    TRY(replay_check(op, trial, &p->series));
    track_init(t, 0);
    t->on = m->live;
    TRY(monitor_zone_load(op, m, t, patient));
    TRY(monitor_plan_load(op, m->rec, t, patient));
    TRY(choose_days(p, op, m, patient, trial->days));
    TRY(gather(p, op, m, patient));
    TRY(run_both(p, op, t, trial));
    *ret = p;
    return OK;
}

err monitor_what_if(struct op *op, struct monitor *m, str patient,
                    const struct monitor_trial *trial, struct json **ret)
{
    struct replay *p;
    TRY(replay_patient(op, m, patient, trial, &p));
    return answer(p, op, ret);
}
