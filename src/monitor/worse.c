/* What ends a snooze before its time: a value that comes and is worse than all that was known
 * when the case was put aside. Invariant: worse is further beyond the limit in the direction of the
 * rule, by more than the rule's own hysteresis, so that noise ends no snooze. */
#include "monitor/monitor_int.h"

#define THEN_MS (24 * MS_HOUR) /* what was measured in the day before it was put aside is known */
#define BAND_SHARE 0.02        /* of the limit, where a rule names no clear limit; see eval.c */

static bool is_own(const struct finding *f)
{
    return f->rule >= (int)RULE_COUNT_MONITOR && f->rule < (int)RULE_DOUBT;
}

static bool is_change(const struct monitor_rule *r)
{
    return r->kind == RULE_RISE || r->kind == RULE_FALL;
}

/* Means, counts and silence have no value of one reading. */
static bool is_measured(const struct finding *f)
{
    if (f->series < 0 || is_own(f))
        return f->series >= 0;
    if (f->rule >= (int)RULE_COUNT_MONITOR)
        return false;
    const struct monitor_rule *r = &MONITOR_RULES[f->rule];
    return r->kind == RULE_LIMIT || is_change(r);
}

static double band_of(const struct finding *f)
{
    double share = BAND_SHARE * fabs(f->limit);
    if (is_own(f))
        return share;
    const struct monitor_rule *r = &MONITOR_RULES[f->rule];
    if (is_change(r))
        return r->by > r->clear_by && r->clear_by > 0 ? r->by - r->clear_by : r->by / 4;
    for (int k = 0; k < r->n_clear; k++) {
        const struct rule_test *c = &r->clear[k];
        double gap = f->above ? f->limit - c->hi : c->lo - f->limit;
        if (c->series == f->series && gap > 0) /* false for NAN: no bound on that side */
            return gap;
    }
    return share;
}

static double limit_of(const struct finding *f)
{
    bool change = !is_own(f) && is_change(&MONITOR_RULES[f->rule]);
    double by = f->above ? f->limit : -f->limit;
    return change ? f->from + by : f->limit;
}

static double worse_of(const struct finding *f, double a, double b)
{
    return f->above ? fmax(a, b) : fmin(a, b);
}

double worse_then(const struct track *t, const struct finding *f, int64_t at)
{
    double then = limit_of(f);
    for (int i = 0; i < t->n[f->series]; i++) {
        const struct point *p = &t->points[f->series][i];
        if (p->rid != f->rid && p->at <= at && p->at > at - THEN_MS)
            then = worse_of(f, then, p->value);
    }
    return then;
}

bool worse_is(const struct finding *f, double then)
{
    double by = f->above ? f->value - then : then - f->value;
    return by > band_of(f) + 1e-9;
}

/* What the case was about, however long ago its track let go of that. */
static err add_evidence(struct step *st, str reference, const struct worse *w, double *then)
{
    struct fhir_ref ref = fhir_ref_parse(reference);
    struct record_doc doc;
    struct json *tree;
    struct reading_set set;
    struct fault before = st->op->fault;
    if (ref.type != st->observation)
        return OK;
    err e = record_read(st->op, st->m->rec, ref.type, ref.id, &doc);
    if (e == ERR_NOT_FOUND || e == ERR_GONE) {
        st->op->fault = before;
        return OK;
    }
    TRY(e);
    TRY(record_parse(st->op, &doc, &tree));
    reading_set_of(tree, &set);
    for (size_t i = 0; set.usable && set.at <= w->since && i < set.n; i++)
        if (set.at_most[i].series == w->of->series)
            *then = worse_of(w->of, *then, set.at_most[i].value);
    return OK;
}

err worse_find(struct step *st, const struct seen *s, str programme, const struct findings *all,
               struct worse *ret)
{
    struct desk_snoozed z;
    ret->of = NULL;
    TRY(desk_snoozed(st->op, st->m->rec, s->id, programme, &z));
    for (size_t i = 0; z.at && i < all->n; i++) {
        const struct finding *f = &all->at[i];
        if (!is_measured(f) || finding_is_technical(f) || f->priority > (int)z.priority ||
            (ret->of && f->priority >= ret->of->priority))
            continue;
        struct worse w = {.of = f, .since = z.at};
        w.then = worse_then(s->track, f, z.at);
        for (size_t k = 0; worse_is(f, w.then) && k < z.n_evidence; k++)
            TRY(add_evidence(st, z.evidence[k], &w, &w.then));
        if (worse_is(f, w.then))
            *ret = w;
    }
    return OK;
}

struct said worse_why(struct op *op, const struct worse *w, struct said why)
{
    const struct series_row *row = &MONITOR_SERIES[w->of->series];
    struct said parts[] = {
        why, desk_say_row(row->shown), desk_say_number(op, row->decimals, w->then),
        desk_say_row(row->unit_text), desk_say_number(op, row->decimals, w->of->value)};
    return desk_say(op, SAY_BACK_WORSE, parts, 5);
}
