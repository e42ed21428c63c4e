/* The sentence a nurse reads: what was measured, how far from which limit, how sure, with what
 * else. Numbers always stand with their unit. Pure. */
#include "monitor/monitor_int.h"

static struct said limit_words(struct op *op, const struct finding *f)
{
    const struct series_row *row = &MONITOR_SERIES[f->series];
    bool own = f->rule >= (int)RULE_COUNT_MONITOR;
    struct said parts[] = {desk_say_row(row->shown), desk_say_number(op, row->decimals, f->value),
                           desk_say_row(row->unit_text),
                           desk_say_number(op, row->decimals, f->limit)};
    enum say_word above = own ? SAY_ABOVE_OWN : SAY_ABOVE, below = own ? SAY_BELOW_OWN : SAY_BELOW;
    return desk_say(op, f->above ? above : below, parts, 4);
}

static struct said change_words(struct op *op, const struct finding *f)
{
    const struct series_row *row = &MONITOR_SERIES[f->series];
    double hours = MONITOR_RULES[f->rule].window_h;
    bool day = hours < 48;
    struct said parts[7] = {desk_say_row(row->shown),
                            desk_say_number(op, 1, fabs(f->value - f->from)),
                            desk_say_row(row->unit_text)};
    size_t n = 3;
    if (!day)
        parts[n++] = desk_say_number(op, 0, hours / 24);
    parts[n++] = desk_say_number(op, 1, f->from);
    parts[n++] = desk_say_number(op, 1, f->value);
    parts[n++] = desk_say_number(op, 1, f->limit);
    enum say_word up = day ? SAY_UP_DAY : SAY_UP_DAYS, down = day ? SAY_DOWN_DAY : SAY_DOWN_DAYS;
    return desk_say(op, f->above ? up : down, parts, n);
}

static struct said number_of(struct op *op, const struct finding *f, double v)
{
    return desk_say_number(op, MONITOR_SERIES[f->series].decimals, v);
}

/* What rules over days say: the number, and what it was measured against. */
static struct said days_words(struct op *op, const struct track *t, const struct finding *f)
{
    const struct monitor_rule *r = &MONITOR_RULES[f->rule];
    const struct series_row *row = &MONITOR_SERIES[f->series];
    struct said what = desk_say_row(row->shown), unit = desk_say_row(row->unit_text);
    struct said value = number_of(op, f, f->value), from = number_of(op, f, f->from);
    struct said days = desk_say_number(op, 0, r->window_h / 24);
    if (r->kind == RULE_MEAN) {
        struct said parts[] = {what, days, value, unit, number_of(op, f, f->limit)};
        return desk_say(op, f->above ? SAY_MEAN_ABOVE : SAY_MEAN_BELOW, parts, 5);
    }
    if (r->kind == RULE_REPEATS) {
        struct said parts[] = {what, value, days};
        return desk_say(op, SAY_COUNTED, parts, 3);
    }
    struct said by = desk_say_number(op, row->decimals, fabs(f->value - f->from));
    if (r->kind == RULE_RATE) {
        struct said parts[] = {what, unit, from, value};
        return desk_say(op, f->above ? SAY_RISING : SAY_FALLING, parts, 4);
    }
    struct said parts[] = {what, value, unit, by, from};
    if (r->dry && !isnan(t->dry))
        return desk_say(op, SAY_OVER_DRY, parts, 5);
    return desk_say(op, f->value > f->from ? SAY_OVER_USUAL : SAY_UNDER_USUAL, parts, 5);
}

static struct said silence_words(struct op *op, const struct finding *f,
                                 const struct monitor_rule *r)
{
    struct said n = desk_say_number(op, 0, f->value);
    if (r->kind == RULE_MISSED)
        return desk_say(op, SAY_SILENT_DAYS, &n, 1);
    struct said of = desk_say_number(op, 0, f->limit);
    struct said stale[] = {desk_say_row(MONITOR_SERIES[f->series].shown), n}, few[] = {n, of};
    return r->kind == RULE_STALE ? desk_say(op, SAY_SILENT_MINUTES, stale, 2)
                                 : desk_say(op, SAY_FEW_DAYS, few, 2);
}

/* A score of less than all its parts is a lower bound and says what is missing. */
static struct said partial_words(struct op *op, const struct track *t, const struct finding *f,
                                 struct said why)
{
    unsigned missing = eval_news2_missing(t, f->at);
    struct said list = {{STR_NONE}};
    bool any = false;
    for (size_t p = 0; p < NEWS2_PARTS; p++) {
        if (!(missing >> p & 1))
            continue;
        struct said both[] = {list, desk_say_row(MONITOR_SERIES[EVAL_NEWS2_SERIES[p]].shown)};
        list = any ? desk_say(op, SAY_COMMA, both, 2) : both[1];
        any = true;
    }
    struct said parts[] = {why, list};
    return any ? desk_say(op, SAY_PARTIAL, parts, 2) : why;
}

static struct said measured_words(struct op *op, const struct track *t, const struct finding *f)
{
    if (f->rule >= (int)RULE_DOUBT) {
        const struct series_row *row = &MONITOR_SERIES[f->series];
        struct said parts[] = {desk_say_row(row->shown),
                               desk_say_number(op, row->decimals, f->value),
                               desk_say_row(row->unit_text)};
        return desk_say(op, f->rule == (int)RULE_WHO ? SAY_WHO : SAY_DOUBTED, parts, 3);
    }
    if (f->rule >= (int)RULE_COUNT_MONITOR)
        return limit_words(op, f);
    const struct monitor_rule *r = &MONITOR_RULES[f->rule];
    if (r->kind == RULE_RISE || r->kind == RULE_FALL)
        return change_words(op, f);
    if (eval_is_days(r))
        return days_words(op, t, f);
    if (r->kind != RULE_LIMIT)
        return silence_words(op, f, r);
    struct said why = limit_words(op, f);
    bool score = f->series == SERIES_NEWS2 || f->series == SERIES_NEWS2_SINGLE;
    return score ? partial_words(op, t, f, why) : why;
}

static struct said asked_words(struct op *op, struct said why, const struct finding *f)
{
    struct said parts[] = {why, desk_say_number(op, 0, f->asked_min)};
    if (f->asked == ASKED_SILENT)
        return desk_say(op, SAY_ASKED_SILENT, parts, 2);
    return desk_say(op, f->asked == ASKED_AGAIN ? SAY_ASKED_AGAIN : SAY_ASKED_UNREACHED, parts, 1);
}

static struct said finding_words(struct op *op, const struct track *t, const struct finding *f)
{
    struct said parts[2];
    if (f->series < 0) {
        parts[0] = desk_say_row(MONITOR_SYMPTOMS[f->symptom].words);
        return desk_say(op, SAY_ANSWERED, parts, 1);
    }
    parts[0] = measured_words(op, t, f);
    parts[1] = desk_say_number(op, 0, f->run);
    if (f->asked)
        return asked_words(op, parts[0], f);
    if (f->run > 1)
        return desk_say(op, SAY_IN_A_ROW, parts, 2);
    return f->unconfirmed ? desk_say(op, SAY_ONE_READING, parts, 1) : parts[0];
}

static struct said with_symptoms(struct op *op, struct said why, const struct track *t, int64_t at)
{
    enum say_word join = SAY_WITH;
    for (size_t s = 0; s < SYMPTOM_COUNT; s++) {
        int64_t gap = at - t->symptom_at[s];
        if (t->symptom_at[s] == 0 || gap >= 24 * MS_HOUR || gap <= -24 * MS_HOUR)
            continue;
        struct said parts[] = {why, desk_say_row(MONITOR_SYMPTOMS[s].words)};
        why = desk_say(op, join, parts, 2);
        join = SAY_COMMA;
    }
    return why;
}

/* The same series is told once: its worst finding says it. */
static bool told(const struct findings *f, const bool *used, size_t i)
{
    for (size_t k = 0; k < f->n; k++)
        if (used[k] && f->at[k].series == f->at[i].series && f->at[k].symptom == f->at[i].symptom)
            return true;
    return false;
}

struct said monitor_why(struct op *op, const struct track *t, const struct findings *f)
{
    struct said why = {{STR_NONE}};
    bool used[FINDINGS_MAX] = {false};
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
        struct said parts[] = {why, finding_words(op, t, &f->at[best])};
        why = sentences ? desk_say(op, SAY_JOIN, parts, 2) : parts[1];
    }
    if (!answer_told)
        why = with_symptoms(op, why, t, at);
    return desk_say(op, SAY_END, &why, 1);
}
