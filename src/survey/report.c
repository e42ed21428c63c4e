/* What people answered, as sums: response rate, NPS and means with their 95 % intervals, by
 * language, age and area. Reckoned from the record each time, so what is erased or corrected is out
 * of it. Invariant: no group under 30 people is told, and none that could be had by taking the
 * others off the whole, or a report of fewer days off this one; of a sensitive survey only how many
 * answered. */
#include "survey/survey_int.h"

#include "base/map.h"
#include "campaign/few.h"
#include "campaign/people.h"
#include "record/find_each.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define GROUPS 40u
#define READ_MAX 200000u /* Tasks or answers; more: ERR_TOO_COSTLY, ask for fewer days */
#define DAY (24 * SURVEY_HOUR)
#define Z 1.959963984540054

struct moments {
    uint64_t n, people;
    double sum, squares;
};
/* The reports of fewer days that this one holds. */
static const unsigned SHORTER[] = {30, 90};
enum { SHORTERS = 2, WITHIN = 0, OLDER = 1 };
struct part {
    uint64_t people[2], asked[2]; /* within the fewer days, and of the days before */
};
struct tally {
    str code;
    struct part parts[SHORTERS];
    uint64_t asked, answered;
    uint64_t people; /* who answered: one with many visits is one */
    uint64_t promoters, passives, detractors;
};
struct grouping {
    struct tally rows[GROUPS + 1]; /* the last takes what has no room */
    size_t n;
};
enum { BY_LANGUAGE, BY_AGE, BY_AREA, BYS };
struct report {
    struct op *op;
    struct surveys *s;
    const struct survey *of;
    str since;
    unsigned days;
    size_t read;
    struct tally all;
    struct moments items[SURVEY_ITEMS_MAX];
    struct grouping by[BYS];
    struct map seen; /* of a patient: bit a question, and ANYTHING */
};
#define ANYTHING SURVEY_ITEMS_MAX
#define PART(k, side) (ANYTHING + 1 + 2 * (k) + (side))

/* The first time that something of the patient is counted. */
static bool first_of(struct report *r, unsigned what, uint64_t patient)
{
    char text[24];
    str key = str_make(text, (size_t)snprintf(text, sizeof text, "%" PRIu64, patient));
    uint64_t *had = map_get(&r->seen, key), bit = UINT64_C(1) << what;
    if (!had) {
        had = ARENA_NEW(r->op->arena, uint64_t);
        if (!map_put(&r->seen, arena_str(r->op->arena, key), had))
            return false;
    }
    bool first = !(*had & bit);
    *had |= bit;
    return first;
}

/* ---- who ---- */
static str age_band(int32_t age)
{
    return age < 0    ? STR("unknown")
           : age < 18 ? STR("0-17")
           : age < 50 ? STR("18-49")
           : age < 65 ? STR("50-64")
           : age < 75 ? STR("65-74")
                      : STR("75+");
}

static struct tally *row_of(struct report *r, int by, str code)
{
    struct grouping *g = &r->by[by];
    code = code.n ? code : STR("unknown");
    for (size_t i = 0; i < g->n; i++)
        if (str_eq(g->rows[i].code, code))
            return &g->rows[i];
    if (g->n == GROUPS) {
        g->rows[GROUPS].code = STR("other");
        return &g->rows[GROUPS];
    }
    g->rows[g->n].code = arena_str(r->op->arena, code);
    return &g->rows[g->n++];
}

/* The tallies a person counts in: the whole, and one of each kind of group. */
static void tallies(struct report *r, uint64_t patient, struct tally *out[BYS + 1])
{
    struct people *p = campaigns_people(r->s->campaigns);
    str language = STR_NONE, age = STR("unknown"), area = STR_NONE;
    size_t i;
    people_read(p);
    if (people_find(p, patient, &i)) {
        const struct person *row = people_row(p, i);
        language = people_word(p, PEOPLE_LANGUAGE, row->language);
        area = people_word(p, PEOPLE_AREA, row->area);
        age = age_band(person_age(row, r->op->now));
    }
    out[0] = &r->all;
    out[1 + BY_LANGUAGE] = row_of(r, BY_LANGUAGE, language);
    out[1 + BY_AGE] = row_of(r, BY_AGE, age);
    out[1 + BY_AREA] = row_of(r, BY_AREA, area);
    people_done(p);
}

/* ---- reading ---- */
/* The first instant of so many days: whole days, so nobody moves it by a minute. */
static int64_t begins(int64_t now, unsigned days)
{
    int64_t since = now - (int64_t)days * DAY;
    return since - since % DAY;
}

/* In which of the shorter reports it is, too. people: something that was answered. */
static void add_parts(struct report *r, struct tally *const in[BYS + 1], uint64_t patient, str at,
                      bool people)
{
    struct time_span when;
    if (!time_parse(at, &when))
        return;
    for (unsigned k = 0; k < SHORTERS && SHORTER[k] < r->days; k++) {
        unsigned side = when.lo >= begins(r->op->now, SHORTER[k]) ? WITHIN : OLDER;
        bool first = people && first_of(r, PART(k, side), patient);
        for (size_t i = 0; i < BYS + 1; i++)
            *(people ? &in[i]->parts[k].people[side] : &in[i]->parts[k].asked[side]) +=
                people ? first : 1;
    }
}

static err add_task(void *ctx, struct op *op, const struct record_doc *doc, const struct json *tree)
{
    struct report *r = ctx;
    struct tally *in[BYS + 1];
    (void)op;
    str status = json_get_str(tree, STR("status"));
    bool answered = json_path(tree, "output.0.valueReference") != NULL;
    if (survey_of_task(tree) != r->of || str_eq(status, STR("cancelled")))
        return OK;
    tallies(r, doc->patient, in);
    str at = json_get_str(tree, STR("authoredOn"));
    bool first = r->of->sensitive && answered && first_of(r, ANYTHING, doc->patient);
    add_parts(r, in, doc->patient, at, false);
    if (r->of->sensitive && answered)
        add_parts(r, in, doc->patient, at, true);
    for (size_t i = 0; i < BYS + 1; i++) {
        in[i]->asked++;
        in[i]->answered += answered;
        in[i]->people += first;
    }
    return OK;
}

static err add_response(void *ctx, struct op *op, const struct record_doc *doc,
                        const struct json *tree)
{
    struct report *r = ctx;
    struct tally *in[BYS + 1];
    struct survey_given g;
    double nps;
    if (survey_read(op, tree, &g) != OK || g.of != r->of) {
        op_clear(op); /* it fits no question: it is in no sum */
        return OK;
    }
    for (size_t i = 0; i < g.of->n_items; i++) {
        int score = g.choice[i] < 0 || g.of->items[i].kind != SURVEY_CHOICE
                        ? SURVEY_NO_SCORE
                        : g.of->items[i].options[g.choice[i]].score;
        if (score == SURVEY_NO_SCORE)
            continue;
        r->items[i].n++;
        r->items[i].people += first_of(r, (unsigned)i, doc->patient);
        r->items[i].sum += score;
        r->items[i].squares += (double)score * score;
    }
    if (!survey_score(&g, STR("nps"), &nps))
        return OK;
    tallies(r, doc->patient, in);
    bool first = first_of(r, ANYTHING, doc->patient);
    add_parts(r, in, doc->patient, json_get_str(tree, STR("authored")), true);
    for (size_t i = 0; i < BYS + 1; i++) {
        in[i]->people += first;
        in[i]->promoters += nps >= 9;
        in[i]->passives += nps >= 7 && nps < 9;
        in[i]->detractors += nps < 7;
    }
    return OK;
}

/* What was read in all is under one ceiling. */
static err each(struct report *r, const char *type, record_each_fn *add, str query)
{
    struct record_each walk = {
        .type = type, .query = query, .max = READ_MAX - r->read, .fn = add, .ctx = r};
    TRY(record_find_each(r->op, r->s->rec, &walk));
    r->read += walk.n;
    return OK;
}

static err gather(struct report *r)
{
    struct arena *a = r->op->arena;
    TRY(each(r, "Task", add_task,
             arena_printf(a, "code=%s&focus=Questionnaire/weft-%s&authored-on=ge%.*s",
                          SURVEY_TASK_CODE, r->of->name, STR_ARG(r->since))));
    if (r->of->sensitive)
        return OK;
    return each(r, "QuestionnaireResponse", add_response,
                arena_printf(a, "questionnaire=" SURVEY_URL "%s&authored=ge%.*s", r->of->name,
                             STR_ARG(r->since)));
}

/* ---- telling ---- */
static void set(struct report *r, struct json *o, const char *name, uint64_t v)
{
    json_set(r->op->arena, o, str_of(name), json_new_i64(r->op->arena, (int64_t)v));
}

static void set_number(struct report *r, struct json *o, const char *name, double v)
{
    json_set(r->op->arena, o, str_of(name),
             json_new_num(r->op->arena, arena_printf(r->op->arena, "%.4f", v)));
}

static struct json *few(struct report *r)
{
    struct json *o = json_new(r->op->arena, JSON_OBJECT);
    json_set(r->op->arena, o, STR("few"), json_new_bool(r->op->arena, true));
    return o;
}

static struct json *interval(struct report *r, uint64_t n, double value, double half)
{
    struct json *o = json_new(r->op->arena, JSON_OBJECT);
    set(r, o, "n", n);
    set_number(r, o, "value", value);
    set_number(r, o, "low", value - half);
    set_number(r, o, "high", value + half);
    return o;
}

/* Wilson 1927. */
static struct json *rate(struct report *r, uint64_t hits, uint64_t n)
{
    double p = (double)hits / (double)n, k = Z * Z / (double)n;
    double middle = (p + k / 2) / (1 + k);
    double half = Z * sqrt(p * (1 - p) / (double)n + k / (double)n / 4) / (1 + k);
    struct json *o = json_new(r->op->arena, JSON_OBJECT);
    if (n < FEW)
        return few(r); /* answers that came without being asked for */
    set(r, o, "n", n);
    set_number(r, o, "value", p);
    set_number(r, o, "low", middle - half);
    set_number(r, o, "high", middle + half);
    return o;
}

/* Share of 9 and 10 less share of 0 to 6, in points; its variance is that of +1, 0, -1. */
static struct json *nps(struct report *r, const struct tally *t)
{
    uint64_t n = t->promoters + t->passives + t->detractors;
    double up = (double)t->promoters / (double)n, down = (double)t->detractors / (double)n;
    double v = up - down, var = up + down - v * v;
    struct json *o = interval(r, n, 100 * v, 100 * Z * sqrt(var / (double)n));
    set(r, o, "promoters", t->promoters);
    set(r, o, "passives", t->passives);
    set(r, o, "detractors", t->detractors);
    return o;
}

static struct json *items(struct report *r)
{
    struct json *list = json_new(r->op->arena, JSON_ARRAY);
    for (size_t i = 0; i < r->of->n_items; i++) {
        const struct moments *m = &r->items[i];
        if (r->of->items[i].kind != SURVEY_CHOICE ||
            str_eq(str_of(r->of->items[i].link), STR("nps")))
            continue;
        double n = (double)m->n, mean = m->n ? m->sum / n : 0;
        double var = m->n > 1 ? (m->squares - n * mean * mean) / (n - 1) : 0;
        struct json *o =
            m->people < FEW ? few(r) : interval(r, m->n, mean, Z * sqrt((var > 0 ? var : 0) / n));
        json_set_str(r->op->arena, o, STR("link"), str_of(r->of->items[i].link));
        json_push(r->op->arena, list, o);
    }
    return list;
}

static bool of_few(uint64_t n)
{
    return n > 0 && n < FEW;
}

/* A shorter report tells of them, and this one would tell of a few more. */
static bool tells_a_few_more(const struct tally *t)
{
    bool more = false;
    for (size_t k = 0; k < SHORTERS; k++) {
        const struct part *p = &t->parts[k];
        bool told = p->people[WITHIN] >= FEW && !of_few(p->asked[WITHIN]);
        more |= told && (of_few(p->people[OLDER]) || of_few(p->asked[OLDER]));
    }
    return more;
}

/* Rows of a few who answered, or were asked; and as many more as it takes that what is left of the
 * whole without those that are told is of no few either. */
static void hide(const struct grouping *g, size_t n, bool hidden[GROUPS + 1])
{
    uint64_t counts[2 + 2 * SHORTERS][GROUPS + 1];
    for (size_t i = 0; i < n; i++) {
        const struct tally *t = &g->rows[i];
        counts[0][i] = t->people;
        counts[1][i] = t->asked;
        for (size_t k = 0; k < SHORTERS; k++) {
            counts[2 + 2 * k][i] = t->parts[k].people[OLDER];
            counts[3 + 2 * k][i] = t->parts[k].asked[OLDER];
        }
        hidden[i] = t->people < FEW || of_few(t->asked) || tells_a_few_more(t);
    }
    for (size_t k = 0; k < 2 + 2 * SHORTERS; k++)
        few_hide(counts[k], n, hidden);
}

static struct json *groups(struct report *r, struct grouping *g)
{
    struct json *list = json_new(r->op->arena, JSON_ARRAY);
    size_t n = g->n + (g->rows[GROUPS].people + g->rows[GROUPS].asked > 0);
    bool hidden[GROUPS + 1];
    hide(g, n, hidden);
    for (size_t i = 0; i < n; i++) {
        const struct tally *t = &g->rows[i];
        struct json *o = hidden[i] ? few(r) : json_new(r->op->arena, JSON_OBJECT);
        json_set_str(r->op->arena, o, STR("code"), t->code);
        if (!hidden[i]) {
            json_set(r->op->arena, o, STR("rate"), rate(r, t->answered, t->asked));
            if (!r->of->sensitive)
                json_set(r->op->arena, o, STR("nps"), nps(r, t));
        }
        json_push(r->op->arena, list, o);
    }
    return list;
}

static struct json *told(struct report *r, unsigned days)
{
    static const char *const names[] = {"language", "age", "area"};
    struct arena *a = r->op->arena;
    struct json *o = json_new(a, JSON_OBJECT), *by = json_new(a, JSON_OBJECT);
    json_set_str(a, o, STR("survey"), str_of(r->of->name));
    set(r, o, "days", days);
    if (r->all.people < FEW || tells_a_few_more(&r->all)) {
        json_set(a, o, STR("few"), json_new_bool(a, true));
        return o;
    }
    set(r, o, "asked", r->all.asked);
    set(r, o, "answered", r->all.answered);
    json_set(a, o, STR("rate"), rate(r, r->all.answered, r->all.asked));
    if (!r->of->sensitive) {
        json_set(a, o, STR("nps"), nps(r, &r->all));
        json_set(a, o, STR("items"), items(r));
    }
    for (int k = 0; k < BYS; k++)
        json_set(a, by, str_of(names[k]), groups(r, &r->by[k]));
    json_set(a, o, STR("by"), by);
    return o;
}

bool survey_may_export(const struct actor *a)
{
    return a && !a->scopes && (a->role == ROLE_OUTREACH || a->role == ROLE_PRIVACY);
}

static bool may_report(const struct actor *a)
{
    return survey_may_export(a) || (a && !a->scopes && a->role == ROLE_NURSE);
}

err survey_report(struct op *op, struct surveys *s, const struct survey *of, unsigned days,
                  struct json **ret)
{
    const struct actor *who = op->actor;
    if (!may_report(who))
        return fail(op, ERR_FORBIDDEN, "Your role does not see what patients answered.");
    struct report *r = ARENA_NEW(op->arena, struct report);
    TRY(op_check(op));
    r->op = op;
    r->s = s;
    r->of = of;
    map_init(&r->seen, op->arena);
    r->days = days;
    r->since = time_format(op->arena, begins(op->now, days));
    op->actor = survey_system(); /* sums alone come out, none of a few */
    err e = gather(r);
    op->actor = who;
    TRY(e);
    *ret = told(r, days);
    return op_check(op);
}
