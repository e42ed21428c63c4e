/* What came of a programme: 90 days before and after the start, against people with the same
 * diagnosis who were never in it. Each is paired with who was ill as often before (visits and
 * admissions), so that both groups fall back alike: people are enrolled when they are at their
 * worst, and get better from there without any programme (regression to the mean). Cost is looked
 * up as the house, since nurses see no claims, and told of the first eleven people, or 22, or 33 …
 * only: who asks again when one more is in it learns nothing of that one. Scores are reckoned from
 * the answers, all of them by the one table in use, so that before and after are of one kind. */
#include "programme/programme_int.h"

#include "programme/effect.h"
#include "survey/weights.h"

#include <math.h>
#include <stdlib.h>

#define WINDOW (90 * DAY_MS)
#define AGAIN (30 * DAY_MS) /* of a readmission after a discharge */
#define SCORE_GRACE (14 * DAY_MS)
#define PEOPLE_MAX 2000u
#define VISITS_MAX 20000u
#define FEW 11u
#define VR_12 "vr-12"

enum measure {
    M_ED,
    M_ADMISSIONS,
    M_DAYS,
    M_AGAIN,
    M_KCCQ,
    M_PHYSICAL,
    M_MENTAL,
    M_COST,
    MEASURES
};
static const char *const names[MEASURES] = {"ed",   "admissions",    "days",        "readmission",
                                            "kccq", "vr12-physical", "vr12-mental", "cost"};

static bool is_score(enum measure m)
{
    return m == M_KCCQ || m == M_PHYSICAL || m == M_MENTAL;
}

struct happened { /* a visit, a score or a cost, at a time */
    enum measure what;
    int64_t from, to;
    double value;
};
struct subject {
    str patient;
    int64_t index, died; /* ms; died 0: not */
    VEC(struct happened) all;
    double before[MEASURES], after[MEASURES], minutes;
    bool taken;
};
struct group {
    VEC(struct subject) list;
};
struct study {
    struct op *op;
    struct programmes *p;
    const struct programme *of;
    struct group in, pool, with; /* with: who is compared, one for each of in, in its order */
    struct group *into;          /* whom a walk adds to */
    size_t recent, answers;      /* answers: of VR-12 */
    struct survey_weights *weights;
};

/* ---- who ---- */
static struct subject *subject_of(struct group *g, str patient)
{
    for (size_t i = 0; i < g->list.n; i++)
        if (str_eq(g->list.at[i].patient, patient))
            return &g->list.at[i];
    return NULL;
}

static void add_subject(struct study *s, struct group *g, str patient, int64_t index)
{
    struct subject fresh = {.patient = arena_str(s->op->arena, patient), .index = index};
    if (!subject_of(g, patient) && g->list.n < PEOPLE_MAX)
        VEC_PUSH(s->op->arena, &g->list, fresh);
}

/* The start: the first day on which it was active. */
static err add_enrolled(void *ctx, struct op *op, const struct record_doc *doc,
                        const struct json *tree)
{
    struct study *s = ctx;
    const struct json *all = JSON_GET(tree, "statusHistory"), *one;
    str who = fhir_ref_parse(json_str(json_path(tree, "patient.reference"))).id;
    (void)doc;
    for (size_t i = 0; (one = json_at(all, i)); i++) {
        struct time_span from;
        if (!str_eq(json_get_str(one, STR("status")), STR("active")) ||
            !time_parse(json_str(json_path(one, "period.start")), &from))
            continue;
        add_subject(s, &s->in, who, from.lo);
        break;
    }
    return op_check(op);
}

static err add_diagnosed(void *ctx, struct op *op, const struct record_doc *doc,
                         const struct json *tree)
{
    struct study *s = ctx;
    str who = fhir_ref_parse(json_str(json_path(tree, "subject.reference"))).id;
    (void)doc;
    if (who.n && !subject_of(&s->in, who))
        add_subject(s, &s->pool, who, 0);
    return op_check(op);
}

/* ---- what happened to them ---- */
static void push(struct study *s, struct subject *who, struct happened h)
{
    VEC_PUSH(s->op->arena, &who->all, h);
}

struct telling {
    struct study *s;
    struct subject *who;
};

static err add_visit(void *ctx, struct op *op, const struct record_doc *doc, const struct json *v)
{
    struct telling *t = ctx;
    struct time_span from, to;
    str code = json_str(json_path(v, "class.code"));
    str status = json_get_str(v, STR("status"));
    (void)doc;
    if (str_eq(status, STR("entered-in-error")) || str_eq(status, STR("cancelled")) ||
        !time_parse(json_str(json_path(v, "period.start")), &from))
        return OK;
    if (!time_parse(json_str(json_path(v, "period.end")), &to))
        to.lo = op->now;
    struct happened h = {.from = from.lo, .to = to.lo, .value = 1};
    if (str_eq(code, STR("EMER")))
        h.what = M_ED;
    else if (str_eq(code, STR("IMP")) || str_eq(code, STR("ACUTE")) || str_eq(code, STR("NONAC")))
        h.what = M_ADMISSIONS;
    else
        return OK;
    push(t->s, t->who, h);
    return op_check(op);
}

static void push_score(struct telling *t, enum measure what, int64_t at, bool is, double v)
{
    if (is)
        push(t->s, t->who, (struct happened){.what = what, .from = at, .to = at, .value = v});
}

static err add_score(void *ctx, struct op *op, const struct record_doc *doc, const struct json *r)
{
    struct telling *t = ctx;
    struct survey_given g;
    struct time_span at;
    double v = 0;
    bool is;
    str status = json_get_str(r, STR("status"));
    (void)doc;
    if (!str_eq(status, STR("completed")) && !str_eq(status, STR("amended")))
        return OK;
    if (survey_read(op, r, &g) != OK) {
        op_clear(op); /* it fits no question */
        return OK;
    }
    if (!g.of || !time_parse(json_get_str(r, STR("authored")), &at))
        return OK;
    is = survey_score(&g, STR("summary"), &v);
    push_score(t, M_KCCQ, at.lo, is, v);
    is = survey_weigh(t->s->weights, &g, STR("physical"), &v);
    push_score(t, M_PHYSICAL, at.lo, is, v);
    is = survey_weigh(t->s->weights, &g, STR("mental"), &v);
    push_score(t, M_MENTAL, at.lo, is, v);
    t->s->answers += g.of == survey_find(STR(VR_12));
    return op_check(op);
}

static err add_cost(void *ctx, struct op *op, const struct record_doc *doc, const struct json *c)
{
    struct telling *t = ctx;
    struct time_span at;
    double v;
    str when = json_str(json_path(c, "billablePeriod.start"));
    (void)doc;
    if (!when.n)
        when = json_get_str(c, STR("created"));
    if (str_eq(json_get_str(c, STR("status")), STR("active")) && time_parse(when, &at) &&
        json_double(json_path(c, "total.value"), &v))
        push(t->s, t->who,
             (struct happened){.what = M_COST, .from = at.lo, .to = at.lo, .value = v});
    return op_check(op);
}

static err walk(struct study *s, struct subject *who, const char *type, str query,
                record_each_fn *fn)
{
    struct telling t = {s, who};
    struct record_each e = {.type = type, .query = query, .max = VISITS_MAX, .fn = fn, .ctx = &t};
    return record_find_each(s->op, s->p->rec, &e);
}

static err load(struct study *s, struct subject *who)
{
    struct op *op = s->op;
    struct record_doc doc;
    struct json *tree;
    struct time_span died;
    str of = arena_printf(op->arena, "patient=Patient/%.*s", STR_ARG(who->patient));
    TRY(record_read(op, s->p->rec, fhir_type_parse(STR("Patient")), who->patient, &doc));
    TRY(record_parse(op, &doc, &tree));
    if (time_parse(json_get_str(tree, STR("deceasedDateTime")), &died))
        who->died = died.lo;
    TRY(walk(s, who, "Encounter", arena_printf(op->arena, "%.*s&_sort=date", STR_ARG(of)),
             add_visit));
    TRY(walk(s, who, "QuestionnaireResponse",
             arena_printf(op->arena, "%.*s&questionnaire=" SURVEY_URL "kccq-12," SURVEY_URL VR_12,
                          STR_ARG(of)),
             add_score));
    struct telling t = {s, who};
    return programme_claims(op, s->p, who->patient, add_cost, &t);
}

static err load_all(struct study *s, struct group *g)
{
    size_t kept = 0;
    for (size_t i = 0; i < g->list.n; i++) {
        struct subject who = g->list.at[i];
        err e = load(s, &who);
        if (programme_unseen(s->op, e))
            continue;
        TRY(e);
        g->list.at[kept++] = who;
    }
    g->list.n = kept;
    return OK;
}

/* ---- reckoned ---- */
/* Days of [from, to) that a stay covers. */
static double days_in(const struct happened *h, int64_t from, int64_t to)
{
    int64_t a = h->from > from ? h->from : from, b = h->to < to ? h->to : to;
    return b > a ? (double)(b - a) / (double)DAY_MS : 0;
}

/* The last score is what counts, a fortnight late at most, and only on one side of the start. */
static void window(const struct subject *who, int64_t from, int64_t to, double ret[MEASURES])
{
    int64_t discharged = INT64_MIN, scored[MEASURES];
    for (int m = 0; m < MEASURES; m++) {
        ret[m] = is_score((enum measure)m) ? NAN : 0;
        scored[m] = INT64_MIN;
    }
    for (size_t i = 0; i < who->all.n; i++) {
        const struct happened *h = &who->all.at[i];
        bool in = h->from >= from && h->from < to;
        if (is_score(h->what)) {
            if (h->from >= from + SCORE_GRACE && h->from < to + SCORE_GRACE &&
                h->from > scored[h->what]) {
                ret[h->what] = h->value;
                scored[h->what] = h->from;
            }
            continue;
        }
        if (in)
            ret[h->what] += h->value;
        if (h->what != M_ADMISSIONS)
            continue;
        ret[M_DAYS] += days_in(h, from, to);
        ret[M_AGAIN] += in && discharged != INT64_MIN && h->from <= discharged + AGAIN;
        discharged = h->to;
    }
}

static void both_windows(struct subject *who)
{
    window(who, who->index - WINDOW, who->index, who->before);
    window(who, who->index, who->index + WINDOW, who->after);
}

/* One of the pool for each, as ill before as they were; never one who had died by then. */
static void pair(struct study *s)
{
    for (size_t i = 0; i < s->in.list.n; i++) {
        const struct subject *of = &s->in.list.at[i];
        struct subject *best = NULL;
        double least = INFINITY;
        for (size_t k = 0; k < s->pool.list.n; k++) {
            struct subject *c = &s->pool.list.at[k];
            double before[MEASURES];
            if (c->taken || (c->died && c->died <= of->index))
                continue;
            window(c, of->index - WINDOW, of->index, before);
            double far = fabs(before[M_ED] + before[M_ADMISSIONS] - of->before[M_ED] -
                              of->before[M_ADMISSIONS]);
            if (far < least) {
                least = far;
                best = c;
            }
        }
        if (!best)
            return;
        best->taken = true;
        best->index = of->index;
        both_windows(best);
        VEC_PUSH(s->op->arena, &s->with.list, *best);
    }
}

static err minutes_of(struct study *s, struct subject *who)
{
    struct spent_list times = {.from = who->index, .to = who->index + WINDOW};
    TRY(spent_times(s->op, s->p, who->patient, s->p->zone, &times));
    for (size_t i = 0; i < times.list.n; i++)
        who->minutes += (double)(times.list.at[i].to - times.list.at[i].from) / 60000;
    return OK;
}

/* ---- told ---- */
static void set_number(struct op *op, struct json *o, const char *name, double v)
{
    json_set(op->arena, o, str_of(name),
             json_new_num(op->arena, arena_printf(op->arena, "%.4f", v)));
}

static void set_effect(struct op *op, struct json *o, const char *name, bool known,
                       const struct effect *e)
{
    struct json *f = json_new(op->arena, JSON_OBJECT);
    if (!known)
        return;
    set_number(op, f, "value", e->value);
    set_number(op, f, "low", e->low);
    set_number(op, f, "high", e->high);
    json_set(op->arena, o, str_of(name), f);
}

/* After less before, of each who has both; *ret_before, *ret_after: their means. */
static size_t changes(struct op *op, const struct group *g, enum measure m, double **ret,
                      double mean[2])
{
    double *d = ARENA_ARRAY(op->arena, double, g->list.n + 1);
    size_t n = 0;
    mean[0] = mean[1] = 0;
    for (size_t i = 0; d && i < g->list.n; i++) {
        const struct subject *s = &g->list.at[i];
        if (isnan(s->before[m]) || isnan(s->after[m]))
            continue;
        mean[0] += s->before[m];
        mean[1] += s->after[m];
        d[n++] = s->after[m] - s->before[m];
    }
    mean[0] /= n ? (double)n : 1;
    mean[1] /= n ? (double)n : 1;
    *ret = d;
    return n;
}

static struct json *side(struct op *op, const struct group *g, enum measure m, double **ret,
                         size_t *ret_n)
{
    struct json *o = json_new(op->arena, JSON_OBJECT);
    struct effect e = {0};
    double mean[2];
    *ret_n = changes(op, g, m, ret, mean);
    json_set(op->arena, o, STR("n"), json_new_i64(op->arena, (int64_t)*ret_n));
    if (*ret_n == 0)
        return o;
    set_number(op, o, "before", mean[0]);
    set_number(op, o, "after", mean[1]);
    set_effect(op, o, "change", effect_mean(*ret, *ret_n, &e), &e);
    return o;
}

static void tell_measure(struct study *s, struct json *list, enum measure m)
{
    struct op *op = s->op;
    struct json *o = json_new(op->arena, JSON_OBJECT);
    struct effect e = {0};
    struct group in = s->in, with = s->with;
    double *a, *b;
    size_t n, k;
    if (m == M_COST)
        in.list.n = with.list.n = with.list.n / FEW * FEW;
    if (m == M_COST && with.list.n == 0)
        return;
    json_set_str(op->arena, o, STR("code"), str_of(names[m]));
    json_set(op->arena, o, STR("programme"), side(op, &in, m, &a, &n));
    json_set(op->arena, o, STR("compared"), side(op, &with, m, &b, &k));
    set_effect(op, o, "effect", a && b && effect_between(a, n, b, k, &e), &e);
    json_push(op->arena, list, o);
}

static size_t deaths(const struct group *g)
{
    size_t n = 0;
    for (size_t i = 0; i < g->list.n; i++) {
        const struct subject *s = &g->list.at[i];
        n += s->died >= s->index && s->died && s->died < s->index + WINDOW;
    }
    return n;
}

/* Which table scored; without one the answers wait for it. */
static struct json *tables(struct study *s)
{
    struct op *op = s->op;
    struct json *o = json_new(op->arena, JSON_OBJECT), *list = json_new(op->arena, JSON_ARRAY);
    json_set_str(op->arena, o, STR("survey"), STR(VR_12));
    if (s->weights)
        json_set_str(op->arena, o, STR("version"), survey_weights_version(s->weights));
    json_set(op->arena, o, STR("answers"), json_new_i64(op->arena, (int64_t)s->answers));
    json_push(op->arena, list, o);
    return list;
}

static struct json *told(struct study *s)
{
    struct op *op = s->op;
    struct json *o = json_new(op->arena, JSON_OBJECT), *list = json_new(op->arena, JSON_ARRAY);
    struct json *died = json_new(op->arena, JSON_OBJECT);
    struct effect e = {0};
    size_t n = s->in.list.n, k = s->with.list.n, x = deaths(&s->in), y = deaths(&s->with);
    double minutes = 0;
    for (size_t i = 0; i < n; i++)
        minutes += s->in.list.at[i].minutes;
    json_set_str(op->arena, o, STR("programme"), str_of(s->of->code));
    json_set(op->arena, o, STR("n"), json_new_i64(op->arena, (int64_t)n));
    json_set(op->arena, o, STR("compared"), json_new_i64(op->arena, (int64_t)k));
    json_set(op->arena, o, STR("recent"), json_new_i64(op->arena, (int64_t)s->recent));
    for (int m = 0; m < MEASURES; m++)
        tell_measure(s, list, (enum measure)m);
    json_set(op->arena, o, STR("measures"), list);
    json_set(op->arena, o, STR("tables"), tables(s));
    json_set(op->arena, died, STR("programme"), json_new_i64(op->arena, (int64_t)x));
    json_set(op->arena, died, STR("compared"), json_new_i64(op->arena, (int64_t)y));
    set_effect(op, died, "effect", effect_share(x, n, y, k, &e), &e);
    json_set(op->arena, o, STR("deaths"), died);
    if (n)
        set_number(op, o, "minutes", minutes / (double)n);
    return o;
}

static int by_start(const void *a, const void *b)
{
    const struct subject *x = a, *y = b;
    return (x->index > y->index) - (x->index < y->index);
}

/* Whose 90 days are not over is not in it. */
static void leave_recent(struct study *s)
{
    size_t kept = 0;
    for (size_t i = 0; i < s->in.list.n; i++)
        if (s->in.list.at[i].index + WINDOW <= s->op->now)
            s->in.list.at[kept++] = s->in.list.at[i];
    s->recent = s->in.list.n - kept;
    s->in.list.n = kept;
    if (kept)
        qsort(s->in.list.at, kept, sizeof *s->in.list.at, by_start);
}

static err gather(struct study *s)
{
    struct record_each enrolled = {
        .type = "EpisodeOfCare",
        .query =
            arena_printf(s->op->arena, "type=" PROGRAMME_SYSTEM "%%7C%s&_sort=date", s->of->code),
        .max = PEOPLE_MAX,
        .fn = add_enrolled,
        .ctx = s};
    struct record_each diagnosed = {
        .type = "Condition", .max = VISITS_MAX, .fn = add_diagnosed, .ctx = s};
    TRY(record_find_each(s->op, s->p->rec, &enrolled));
    for (size_t i = 0; i < s->of->n_criteria; i++)
        if (str_starts(str_of(s->of->criteria[i].find), STR("Condition?"))) {
            diagnosed.query = str_sub(str_of(s->of->criteria[i].find), 10, SIZE_MAX);
            TRY(record_find_each(s->op, s->p->rec, &diagnosed));
        }
    leave_recent(s);
    TRY(load_all(s, &s->in));
    for (size_t i = 0; i < s->in.list.n; i++) {
        TRY(minutes_of(s, &s->in.list.at[i]));
        both_windows(&s->in.list.at[i]);
    }
    if (s->in.list.n)
        TRY(load_all(s, &s->pool));
    pair(s);
    return op_check(s->op);
}

err programme_outcomes(struct op *op, struct programmes *p, str code, struct json **ret)
{
    struct study s = {.op = op, .p = p, .of = programme_find(code)};
    if (!s.of)
        return fail_at(op, ERR_NOT_FOUND, STR("programme"), "There is no such programme.");
    TRY(programme_may_report(op));
    TRY(survey_weights_get(op, p->rec, survey_find(STR(VR_12)), &s.weights));
    TRY(gather(&s));
    *ret = told(&s);
    return op_check(op);
}
