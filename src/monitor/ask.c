/* One reading alone that is beyond a limit, or hardly possible, is measured again before anybody is
 * called, where the rule's row says so. Pure. Invariants: an emergency, a finding with symptoms, a
 * clinician's own limit and a confirmed finding never wait; what was asked ends with a reading,
 * with the time, or with the message that could not go, and all but a normal reading become a case.
 */
#include "monitor/monitor_int.h"

#define WAITS_FROM 3 /* of priorities; more urgent ones never wait */

int ask_minutes(const struct finding *f)
{
    if (f->rule >= (int)RULE_DOUBT)
        return DOUBT_REMEASURE_MIN;
    return f->rule < (int)RULE_COUNT_MONITOR ? MONITOR_RULES[f->rule].remeasure_min : 0;
}

static const struct ask *ask_of(const struct track *t, const struct finding *f)
{
    for (size_t k = 0; k < t->n_asks; k++)
        if (t->asks[k].rule == f->rule)
            return &t->asks[k];
    return NULL;
}

/* A device's clock may be ahead of ours: what has no time to wait waits for none. */
bool ask_may_wait(const struct track *t, const struct finding *f, int64_t now)
{
    int64_t wait = ask_minutes(f) * MS_MINUTE;
    bool mild = f->rule >= (int)RULE_DOUBT || f->priority >= WAITS_FROM;
    return mild && !f->asked && !f->with_symptoms && f->run <= 1 && t->n_asks < ASKS_MAX &&
           !ask_of(t, f) && wait > 0 && now - f->at < wait;
}

bool ask_repeats(const struct track *t, const struct finding *f)
{
    const struct ask *a = ask_of(t, f);
    return a && f->rid == a->rid && f->priority >= a->priority && !f->with_symptoms;
}

bool ask_is_news(struct track *t, const struct finding *f)
{
    struct rule_state had = t->rules[f->rule];
    bool news = monitor_news(t, f, false);
    t->rules[f->rule] = had;
    return news;
}

/* Does another reading of the step say the same? */
static bool is_confirmed(const struct findings *all, const struct finding *f)
{
    bool found = false;
    for (size_t i = 0; i < all->n && !found; i++)
        found = all->at[i].rule == f->rule && all->at[i].rid != f->rid;
    return found;
}

bool ask_all_wait(struct track *t, const struct findings *all, int64_t now, bool doubts)
{
    size_t waiting = 0;
    for (size_t i = 0; i < all->n; i++) {
        const struct finding *f = &all->at[i];
        if ((doubts ? f->rule < (int)RULE_DOUBT : finding_is_technical(f)) || !ask_is_news(t, f))
            continue;
        if (!ask_may_wait(t, f, now) || is_confirmed(all, f))
            return false;
        waiting++;
    }
    return waiting > 0;
}

struct ask ask_new(const struct finding *f, int64_t now)
{
    return (struct ask){.rule = f->rule,
                        .series = f->series,
                        .priority = f->priority,
                        .rid = f->rid,
                        .of = f->at,
                        .at = now,
                        .until = now + ask_minutes(f) * MS_MINUTE,
                        .value = f->value,
                        .from = f->from,
                        .limit = f->limit,
                        .above = f->above};
}

struct finding ask_finding(const struct ask *a, enum asked how)
{
    return (struct finding){.rule = a->rule,
                            .series = a->series,
                            .symptom = -1,
                            .priority = a->priority,
                            .run = 1,
                            .value = a->value,
                            .from = a->from,
                            .limit = a->limit,
                            .above = a->above,
                            .at = a->of,
                            .rid = a->rid,
                            .asked = how,
                            .asked_min = (int)((a->until - a->at) / MS_MINUTE)};
}

void ask_eval_time(const struct track *t, int64_t now, struct findings *ret, int64_t *ret_next)
{
    for (size_t k = 0; k < t->n_asks; k++) {
        const struct ask *a = &t->asks[k];
        if (a->until > now)
            *ret_next = a->until < *ret_next ? a->until : *ret_next;
        else if (ret->n < FINDINGS_MAX)
            ret->at[ret->n++] = ask_finding(a, ASKED_SILENT);
    }
}

bool ask_measured_since(const struct track *t, const struct ask *a)
{
    int last = t->n[a->series] - 1;
    return last >= 0 && t->points[a->series][last].at > a->of &&
           t->points[a->series][last].rid != a->rid;
}

/* What the finding says of the ask; "": nothing. */
static const char *said_by(const struct ask *a, struct finding *f)
{
    if (f->asked)
        return f->asked == ASKED_SILENT ? "silent" : "unreached";
    if (f->rid == a->rid)
        return f->priority < a->priority || f->with_symptoms ? "graver" : NULL;
    if (f->at <= a->of)
        return "";
    f->asked = ASKED_AGAIN;
    return "again";
}

const char *ask_outcome(const struct track *t, const struct ask *a, struct findings *f)
{
    const char *outcome = NULL;
    size_t n = 0;
    for (size_t i = 0; i < f->n; i++) {
        struct finding *one = &f->at[i];
        const char *said = one->rule == a->rule ? said_by(a, one) : "";
        if (!said && !a->gone)
            continue; /* it only repeats what asked */
        if (said && said[0])
            outcome = said;
        f->at[n++] = *one;
    }
    f->n = n;
    if (a->gone)
        return "withdrawn";
    return outcome ? outcome : ask_measured_since(t, a) ? "normal" : NULL;
}

void ask_drop(struct track *t, size_t k)
{
    t->n_asks--;
    memmove(&t->asks[k], &t->asks[k + 1], (t->n_asks - k) * sizeof t->asks[0]);
}
