/* The sentence a nurse reads: what was measured, how far from which limit, how sure, with what
 * else. Numbers always stand with their unit. Pure. */
#include "monitor/monitor_int.h"

static void add_limit(struct buf *b, const struct finding *f)
{
    const struct series_row *row = &MONITOR_SERIES[f->series];
    bool own = f->rule >= (int)RULE_COUNT_MONITOR;
    buf_printf(b, "%s %.*f %s, %s %s %.*f", row->display, row->decimals, f->value, row->unit_text,
               f->above ? "above" : "below", own ? "this patient's limit of" : "the limit of",
               row->decimals, f->limit);
}

static void add_change(struct buf *b, const struct finding *f)
{
    const struct series_row *row = &MONITOR_SERIES[f->series];
    const struct monitor_rule *r = &MONITOR_RULES[f->rule];
    double hours = r->window_h;
    buf_printf(b, "%s %s %.1f %s in ", row->display, f->above ? "up" : "down",
               fabs(f->value - f->from), row->unit_text);
    if (hours < 48)
        buf_printf(b, "a day");
    else
        buf_printf(b, "%.0f days", hours / 24);
    buf_printf(b, " (%.1f to %.1f); the limit is %.1f", f->from, f->value, f->limit);
}

static void add_answer(struct buf *b, const struct finding *f)
{
    buf_printf(b, "Answered yes to: %s", MONITOR_SYMPTOMS[f->symptom].words);
}

static void add_finding(struct buf *b, const struct finding *f)
{
    if (f->series < 0)
        add_answer(b, f);
    else if (f->rule < (int)RULE_COUNT_MONITOR && MONITOR_RULES[f->rule].kind != RULE_LIMIT)
        add_change(b, f);
    else
        add_limit(b, f);
    if (f->run > 1 && f->series >= 0)
        buf_printf(b, " (%d readings in a row)", f->run);
    else if (f->unconfirmed)
        buf_printf(b, " (one reading; ask for another)");
}

static void add_symptoms(struct buf *b, const struct track *t, int64_t at)
{
    const char *join = "; with ";
    for (size_t s = 0; s < SYMPTOM_COUNT; s++) {
        int64_t gap = at - t->symptom_at[s];
        if (t->symptom_at[s] == 0 || gap >= 24 * MS_HOUR || gap <= -24 * MS_HOUR)
            continue;
        buf_printf(b, "%s%s", join, MONITOR_SYMPTOMS[s].words);
        join = ", ";
    }
}

/* The same series is told once: its worst finding says it. */
static bool told(const struct findings *f, const bool *used, size_t i)
{
    for (size_t k = 0; k < f->n; k++)
        if (used[k] && f->at[k].series == f->at[i].series && f->at[k].symptom == f->at[i].symptom)
            return true;
    return false;
}

str monitor_why(struct op *op, const struct track *t, const struct findings *f)
{
    struct buf b;
    bool used[FINDINGS_MAX] = {false};
    buf_init(&b, op->arena, 1000);
    int64_t at = 0;
    bool answer_told = false;
    for (int sentences = 0; sentences < 3; sentences++) {
        size_t best = f->n;
        for (size_t i = 0; i < f->n; i++)
            if (!used[i] && !told(f, used, i) &&
                (best == f->n || f->at[i].priority < f->at[best].priority))
                best = i;
        if (best == f->n)
            break;
        used[best] = true;
        at = f->at[best].at > at ? f->at[best].at : at;
        answer_told |= f->at[best].series < 0;
        if (sentences)
            buf_add(&b, STR("; "));
        add_finding(&b, &f->at[best]);
    }
    if (!answer_told)
        add_symptoms(&b, t, at);
    buf_char(&b, '.');
    return buf_str(&b);
}
