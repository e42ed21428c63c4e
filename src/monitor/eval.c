/* The rules over a patient's track. Pure: no I/O, no clock; everything is told by the track.
 * Invariants: a rule that holds stays raised until a reading passes its clear limit (hysteresis),
 * so a value swinging at the limit is one finding; a critical limit that only one reading has
 * crossed is raised one level lower at once and rises when the next reading confirms it. */
#include "monitor/trial_int.h"

#define SYMPTOM_MS (24 * MS_HOUR)

bool eval_inside(const struct rule_test *t, double v)
{
    if (!isnan(t->lo) && (t->lo_open ? v <= t->lo : v < t->lo))
        return false;
    if (!isnan(t->hi) && (t->hi_open ? v >= t->hi : v > t->hi))
        return false;
    return true;
}

bool monitor_symptoms(const struct track *t, enum symptom_group group, int64_t at)
{
    for (size_t s = 0; s < SYMPTOM_COUNT; s++) {
        bool counts = group == SYMPTOM_ANY || MONITOR_SYMPTOMS[s].group == group;
        int64_t gap = at - t->symptom_at[s];
        if (counts && t->symptom_at[s] && gap < SYMPTOM_MS && gap > -SYMPTOM_MS)
            return true;
    }
    return false;
}

bool eval_scale2(const struct track *t)
{
    return t->low[SERIES_SPO2] <= 88;
}

static bool is_theirs(const struct monitor_rule *r, const struct track *t)
{
    if (r->scale2 && !eval_scale2(t))
        return false;
    return r->programmes == ~0u || (r->programmes & t->programmes) != 0;
}

bool eval_is_for(const struct monitor_rule *r, const struct track *t)
{
    return (!r->shadow || t->on >> (r - MONITOR_RULES) & 1) && is_theirs(r, t);
}

/* The clinician's own limits replace the urgent-and-below defaults of that side; the most urgent
 * default stays, moved at most to what spec calls the loosest safe value. */
static struct rule_test own_limits(const struct track *t, const struct monitor_rule *r,
                                   struct rule_test test, bool *ret_replaced)
{
    const struct series_row *row = &MONITOR_SERIES[test.series];
    bool low_side = test.low;
    double own = low_side ? t->low[test.series] : t->high[test.series];
    *ret_replaced = !isnan(own) && r->priority > 1;
    if (isnan(own) || r->priority > 1)
        return test;
    if (low_side && own < test.hi && !isnan(row->loosest_lo))
        test.hi = fmin(test.hi, row->loosest_lo);
    if (!low_side && own > test.lo && !isnan(row->loosest_hi))
        test.lo = fmax(test.lo, row->loosest_hi);
    return test;
}

static const struct rule_test *matching(const struct track *t, const struct monitor_rule *r,
                                        int series, double v, struct rule_test *ret)
{
    for (int k = 0; k < r->n_tests; k++) {
        bool replaced;
        if (r->tests[k].series != series)
            continue;
        *ret = own_limits(t, r, r->tests[k], &replaced);
        if (!replaced && eval_inside(ret, v))
            return ret;
    }
    return NULL;
}

bool eval_beyond(const struct track *t, int series, double v)
{
    struct rule_test ignored;
    for (uint64_t left = MONITOR_SERIES[series].rules; left; left &= left - 1) {
        const struct monitor_rule *r = &MONITOR_RULES[__builtin_ctzll(left)];
        if (r->kind == RULE_LIMIT && !r->symptoms && eval_is_for(r, t) &&
            matching(t, r, series, v, &ignored))
            return true;
    }
    return v < t->low[series] || v > t->high[series];
}

static int run_of(const struct track *t, const struct monitor_rule *r, int series, int i)
{
    struct rule_test ignored;
    int run = 0;
    while (i - run >= 0 && matching(t, r, series, t->points[series][i - run].value, &ignored))
        run++;
    return run;
}

static bool newest_inside(const struct track *t, const struct rule_test *test, int64_t at)
{
    int last = t->n[test->series] - 1;
    return last >= 0 && at - t->points[test->series][last].at < SYMPTOM_MS &&
           eval_inside(test, t->points[test->series][last].value);
}

/* What else makes a finding graver, besides symptoms. */
static bool is_graver(const struct track *t, const struct monitor_rule *r, int64_t at)
{
    if (r->raise_new_days && t->plan_since && at - t->plan_since < r->raise_new_days * 24 * MS_HOUR)
        return true;
    for (int k = 0; k < r->n_raise_tests; k++)
        if (newest_inside(t, &r->raise_tests[k], at))
            return true;
    for (int s = 0; s < (int)SERIES_COUNT; s++)
        for (size_t o = 0; r->raise_series >> s & 1 && o < RULE_COUNT_MONITOR; o++)
            if (t->rules[o].raised && MONITOR_SERIES[s].rules >> o & 1)
                return true;
    return false;
}

static void grade(const struct track *t, const struct monitor_rule *r, struct finding *f)
{
    bool graver = f->priority > 0; /* the rule has seen for itself that it is */
    f->priority = r->technical ? r->technical : r->priority;
    f->with_symptoms = monitor_symptoms(t, r->symptoms ? r->symptoms : SYMPTOM_ANY, f->at);
    if (r->with_symptoms &&
        ((f->with_symptoms && r->kind != RULE_ANSWER) || graver || is_graver(t, r, f->at)))
        f->priority = r->with_symptoms;
    f->unconfirmed = f->run < r->readings;
    if (f->unconfirmed && f->priority <= 2)
        f->priority++;
    else if (f->unconfirmed)
        f->priority = 0; /* watch levels wait for the readings that confirm them */
}

/* A full list lets go of the least urgent, of these the oldest: many readings that come at once
 * never hide the worst of them. */
static void push(struct findings *out, const struct finding *f)
{
    if (f->priority <= 0)
        return;
    if (out->n == FINDINGS_MAX) {
        size_t least = 0;
        for (size_t i = 1; i < out->n; i++)
            if (out->at[i].priority > out->at[least].priority)
                least = i;
        if (out->at[least].priority < f->priority)
            return;
        memmove(out->at + least, out->at + least + 1, (out->n - least - 1) * sizeof *out->at);
        out->n--;
    }
    out->at[out->n++] = *f;
}

void eval_push(const struct track *t, struct finding *f, struct findings *out)
{
    grade(t, &MONITOR_RULES[f->rule], f);
    push(out, f);
}

/* As long as the rule asks; more readings than are kept are long enough. */
static bool lasted(const struct track *t, int series, int i, int run, int minutes)
{
    const struct point *pts = t->points[series];
    return run >= POINTS_MAX || pts[i].at - pts[i - run + 1].at >= minutes * MS_MINUTE;
}

static void eval_limit(const struct track *t, int rule, int series, int i, struct findings *out)
{
    const struct monitor_rule *r = &MONITOR_RULES[rule];
    const struct point *p = &t->points[series][i];
    struct rule_test test;
    if (!matching(t, r, series, p->value, &test))
        return;
    if (r->symptoms && !monitor_symptoms(t, r->symptoms, p->at))
        return;
    bool low_side = test.low;
    struct finding f = {.rule = rule,
                        .series = series,
                        .symptom = -1,
                        .value = p->value,
                        .at = p->at,
                        .rid = p->rid,
                        .above = !low_side,
                        .limit = low_side ? test.hi : test.lo,
                        .run = run_of(t, r, series, i)};
    if (r->for_min == 0 || lasted(t, series, i, f.run, r->for_min))
        eval_push(t, &f, out);
}

/* Change against the lowest (rise) or highest (fall) point of the window before. */
static bool change_at(const struct track *t, const struct monitor_rule *r, int i, double *ret_from)
{
    const struct point *pts = t->points[r->series];
    int64_t since = pts[i].at - (int64_t)(r->window_h * (double)MS_HOUR);
    bool any = false;
    for (int k = i - 1; k >= 0 && pts[k].at >= since; k--) {
        bool better = r->kind == RULE_RISE ? pts[k].value < *ret_from : pts[k].value > *ret_from;
        if (!any || better)
            *ret_from = pts[k].value;
        any = true;
    }
    return any;
}

bool eval_changed(const struct track *t, const struct monitor_rule *r, int i, double by,
                  double *ret_from)
{
    double v = t->points[r->series][i].value;
    if (!change_at(t, r, i, ret_from))
        return false;
    double delta = r->kind == RULE_RISE ? v - *ret_from : *ret_from - v;
    return delta >= by - 1e-9;
}

static void eval_change(const struct track *t, int rule, int series, int i, struct findings *out)
{
    const struct monitor_rule *r = &MONITOR_RULES[rule];
    double from = 0, ignored = 0;
    if (r->series != series || !eval_changed(t, r, i, r->by, &from))
        return;
    const struct point *p = &t->points[series][i];
    struct finding f = {.rule = rule,
                        .series = series,
                        .symptom = -1,
                        .value = p->value,
                        .from = from,
                        .limit = r->by,
                        .above = r->kind == RULE_RISE,
                        .at = p->at,
                        .rid = p->rid};
    while (i - f.run >= 0 && eval_changed(t, r, i - f.run, r->by, &ignored))
        f.run++;
    if (r->raise_by > 0) {
        struct monitor_rule more = *r;
        more.window_h = r->raise_window_h;
        f.priority = eval_changed(t, &more, i, r->raise_by, &ignored);
    }
    eval_push(t, &f, out);
}

static void eval_own(const struct track *t, int series, int i, struct findings *out)
{
    const struct point *p = &t->points[series][i];
    struct finding f = {.series = series,
                        .symptom = -1,
                        .value = p->value,
                        .at = p->at,
                        .rid = p->rid,
                        .run = 1,
                        .priority = 2};
    if (!isnan(t->low[series]) && p->value < t->low[series]) {
        f.rule = (int)(RULE_COUNT_MONITOR + 2 * (size_t)series);
        f.limit = t->low[series];
        push(out, &f);
    }
    if (!isnan(t->high[series]) && p->value > t->high[series]) {
        f.rule = (int)(RULE_COUNT_MONITOR + 2 * (size_t)series + 1);
        f.limit = t->high[series];
        f.above = true;
        push(out, &f);
    }
}

static bool is_clear(const struct track *t, const struct monitor_rule *r, int series, int i)
{
    double v = t->points[series][i].value, from = 0;
    struct rule_test ignored;
    struct finding still;
    struct eval_ask days = {t, r, series, i, true};
    if (r->kind == RULE_RISE || r->kind == RULE_FALL)
        return r->series == series && !eval_changed(t, r, i, r->clear_by, &from);
    if (eval_is_days(r))
        return !eval_days(&days, &still);
    bool asked = false;
    for (int k = 0; k < r->n_clear; k++)
        if (r->clear[k].series == series) {
            asked = true;
            if (!eval_inside(&r->clear[k], v))
                return false;
        }
    return asked || !matching(t, r, series, v, &ignored);
}

/* Back within the clear limit for as long as the rule asks. */
static bool is_over(const struct track *t, const struct monitor_rule *r, int series, int i)
{
    int run = 0;
    while (i - run >= 0 && is_clear(t, r, series, i - run))
        run++;
    return run > 0 && lasted(t, series, i, run, r->clear_min);
}

/* What the clock told is over when something comes. */
static bool ends_silence(const struct track *t, const struct monitor_rule *r, int series)
{
    uint32_t expected = 0;
    for (size_t p = 0; p < MONITOR_PROGRAMME_COUNT; p++)
        if (t->programmes >> p & 1)
            expected |= MONITOR_PROGRAMMES[p].expects;
    return r->kind == RULE_STALE ? r->series == series : (expected >> series & 1) != 0;
}

static void clear_rules(struct track *t, int series, int i)
{
    for (size_t r = 0; r < RULE_COUNT_MONITOR; r++) {
        const struct monitor_rule *row = &MONITOR_RULES[r];
        struct rule_state *s = &t->rules[r];
        if (!s->raised)
            continue;
        if (RULES_TIMED >> r & 1)
            s->raised = !ends_silence(t, row, series);
        if (!(MONITOR_SERIES[series].rules >> r & 1))
            continue;
        bool clear = row->clear_min ? is_over(t, row, series, i) : is_clear(t, row, series, i);
        s->clear_run = clear ? (uint8_t)(s->clear_run + 1) : 0;
        int need = row->priority == 1 && !row->clear_min ? 2 : 1; /* the top level takes two */
        if (s->clear_run >= need)
            s->raised = false;
    }
    double v = t->points[series][i].value;
    struct rule_state *own = &t->rules[RULE_COUNT_MONITOR + 2 * (size_t)series];
    if (isnan(t->low[series]) || v >= t->low[series] * 1.02)
        own[0].raised = false;
    if (isnan(t->high[series]) || v <= t->high[series] * 0.98)
        own[1].raised = false;
}

static void eval_one(const struct track *t, int rule, int series, int i, struct findings *out)
{
    const struct monitor_rule *r = &MONITOR_RULES[rule];
    const struct point *p = &t->points[series][i];
    struct finding f = {
        .rule = rule, .series = series, .symptom = -1, .at = p->at, .rid = p->rid, .run = 1};
    struct eval_ask days = {t, r, series, i, false};
    if (r->kind == RULE_LIMIT)
        eval_limit(t, rule, series, i, out);
    else if (r->kind == RULE_RISE || r->kind == RULE_FALL)
        eval_change(t, rule, series, i, out);
    else if (i == t->n[series] - 1 && eval_is_days(r) && eval_days(&days, &f))
        eval_push(t, &f, out);
}

void monitor_eval(struct track *t, int series, int i, struct findings *ret)
{
    bool newest = i == t->n[series] - 1;
    for (uint64_t left = MONITOR_SERIES[series].rules; left; left &= left - 1) {
        int r = __builtin_ctzll(left);
        if (eval_is_for(&MONITOR_RULES[r], t))
            eval_one(t, r, series, i, ret);
    }
    eval_own(t, series, i, ret);
    if (!newest)
        return;
    clear_rules(t, series, i);
    eval_derived(t, series, i, ret);
}

uint64_t monitor_eval_trial(const struct track *t, int series, int i, uint64_t rules)
{
    uint64_t held = 0;
    for (uint64_t left = MONITOR_SERIES[series].rules & rules; left; left &= left - 1) {
        int r = __builtin_ctzll(left);
        struct findings f;
        f.n = 0;
        if (is_theirs(&MONITOR_RULES[r], t))
            eval_one(t, r, series, i, &f);
        held |= (uint64_t)(f.n > 0) << r;
    }
    return held;
}

void monitor_eval_symptom(struct track *t, int symptom, int64_t at, uint64_t rid,
                          struct findings *ret)
{
    for (uint64_t left = RULES_ANSWER; left; left &= left - 1) {
        int r = __builtin_ctzll(left);
        struct finding f = {
            .rule = r, .series = -1, .symptom = symptom, .run = 1, .at = at, .rid = rid};
        if (eval_is_for(&MONITOR_RULES[r], t) &&
            MONITOR_RULES[r].symptoms == MONITOR_SYMPTOMS[symptom].group)
            eval_push(t, &f, ret);
    }
    for (int s = 0; s < (int)SERIES_COUNT; s++) {
        int last = t->n[s] - 1;
        if (last >= 0 && at - t->points[s][last].at < SYMPTOM_MS)
            monitor_eval(t, s, last, ret);
    }
}

bool monitor_news(struct track *t, const struct finding *f, bool open)
{
    struct rule_state *s = &t->rules[f->rule];
    int dedupe_s = f->rule < (int)RULE_COUNT_MONITOR ? MONITOR_RULES[f->rule].dedupe_s : 72 * 3600;
    int64_t since = f->at - s->case_at;
    bool worse = s->case_at == 0 || f->priority < s->priority;
    bool fresh = !s->raised || since >= MONITOR_JOIN_MS;
    bool repeat = s->case_at && since < (int64_t)dedupe_s * 1000;
    bool news = open ? worse || fresh : worse || !repeat;
    s->raised = true;
    s->clear_run = 0;
    if (news) {
        s->case_at = f->at;
        s->priority = (uint8_t)f->priority;
    }
    return news;
}
