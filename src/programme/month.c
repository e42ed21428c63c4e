/* A month of billing reckoned from days, times and claims. Pure: no record, no clock. Two clocks:
 * supply counts in periods of 30 days that begin with the first day with data and go on while the
 * patient is enrolled; management counts in the calendar month. Sources: spec/programme/codes.csv.
 * Invariant: what came before consent and order is never counted, no minute twice, and lines that
 * exclude each other are never both without a lack. */
#include "programme/programme_int.h"

#include <stdlib.h>
#include <string.h>

#define PERIODS_MAX 400 /* 32 years */

struct reckoning {
    struct op *op;
    const struct bill_input *in;
    VEC(struct day_span) episodes; /* enrolments that touch are one */
    VEC(int64_t) taught;
    VEC(struct bill_line) lines;
    int64_t since; /* first day that counts */
};

static bool in_span(const struct day_span *s, int64_t day)
{
    return day >= s->from && day <= s->to;
}

static bool meet(const struct day_span *a, const struct day_span *b)
{
    return a->from <= b->to && b->from <= a->to;
}

static void merge(struct reckoning *r)
{
    struct arena *a = r->op->arena;
    for (size_t i = 0; i < r->in->n_enrolled; i++) {
        struct day_span s = r->in->enrolled[i];
        size_t n = r->episodes.n;
        if (n == 0 || s.from > r->episodes.at[n - 1].to + 1) {
            VEC_PUSH(a, &r->episodes, s);
            VEC_PUSH(a, &r->taught, r->in->taught[i]);
            continue;
        }
        if (s.to > r->episodes.at[n - 1].to)
            r->episodes.at[n - 1].to = s.to;
        if (r->in->taught[i] < r->taught.at[n - 1])
            r->taught.at[n - 1] = r->in->taught[i];
    }
}

/* ---- days ---- */
static bool counts(const struct reckoning *r, int64_t day)
{
    if (day < r->since || day > r->in->today)
        return false;
    for (size_t i = 0; i < r->episodes.n; i++)
        if (in_span(&r->episodes.at[i], day))
            return true;
    return false;
}

/* The first day with data that counts, from `from` on; DAY_NEVER. */
static int64_t data_from(const struct reckoning *r, int64_t from)
{
    for (size_t i = 0; i < r->in->n_days; i++)
        if (r->in->days[i].day >= from && counts(r, r->in->days[i].day))
            return r->in->days[i].day;
    return DAY_NEVER;
}

static unsigned data_in(const struct reckoning *r, const struct day_span *over)
{
    unsigned n = 0;
    for (size_t i = 0; i < r->in->n_days; i++)
        n += in_span(over, r->in->days[i].day) && counts(r, r->in->days[i].day);
    return n;
}

/* ---- codes ---- */
/* "rtm" is of every "rtm-…", too. */
static bool of_family(const char *family, const char *mine)
{
    size_t n = strlen(family);
    return strncmp(family, mine, n) == 0 && (mine[n] == 0 || mine[n] == '-');
}

static const struct programme_code *code_named(str code)
{
    const struct programme_code *c = NULL;
    for (size_t i = 0; (c = programme_code_row(i)); i++)
        if (str_eq(code, str_of(c->code)))
            return c;
    return NULL;
}

static bool names(const char *what, const struct programme_code *c)
{
    return strcmp(what, c->code) == 0 || of_family(what, c->family);
}

/* Whether a claim of code b stands in the way of a: the same, or excluded; *ret_over: in what. */
static bool excluded(const struct programme_code *a, const struct programme_code *b,
                     enum code_clock *ret_over)
{
    const struct programme_exclusion *x = NULL;
    *ret_over = a->clock;
    if (a == b)
        return true;
    for (size_t i = 0; (x = programme_exclusion_row(i)); i++)
        if ((names(x->a, a) && names(x->b, b)) || (names(x->b, a) && names(x->a, b))) {
            *ret_over = x->over;
            return true;
        }
    return false;
}

static bool claimed(const struct reckoning *r, const struct bill_line *l)
{
    for (size_t i = 0; i < r->in->n_claims; i++) {
        const struct bill_claim *c = &r->in->claims[i];
        const struct programme_code *other = code_named(c->code);
        enum code_clock over;
        if (!other || !excluded(l->code, other, &over))
            continue;
        struct day_span time = over == CLOCK_MONTH ? r->in->month : l->over;
        if (l->code->kind == CODE_SETUP) /* once an episode */
            for (size_t e = 0; e < r->episodes.n; e++)
                if (in_span(&r->episodes.at[e], l->over.to))
                    time = r->episodes.at[e];
        if (meet(&time, &c->over))
            return true;
    }
    return false;
}

static void add(struct reckoning *r, struct bill_line l)
{
    l.lacks |= (r->in->consent == DAY_NEVER ? LACK_CONSENT : 0) |
               (r->in->order == DAY_NEVER ? LACK_ORDER : 0) |
               (l.over.to >= r->in->today ? LACK_OPEN : 0) | (claimed(r, &l) ? LACK_CLAIMED : 0);
    VEC_PUSH(r->op->arena, &r->lines, l);
}

static const struct programme_code *row_for(const struct reckoning *r, enum code_kind kind,
                                            unsigned counted)
{
    const struct programme_code *c = NULL;
    for (size_t i = 0; (c = programme_code_row(i)); i++)
        if (c->kind == kind && of_family(c->family, r->in->family) && counted >= c->least &&
            (c->most == 0 || counted <= c->most))
            return c;
    return NULL;
}

/* ---- the three kinds ---- */
/* On the day of the row's last day with data, in the first 30 of an episode. */
static void setup(struct reckoning *r)
{
    for (size_t e = 0; e < r->episodes.n; e++) {
        int64_t from = r->episodes.at[e].from, day = data_from(r, from);
        struct day_span over = {from, from + PERIOD - 1};
        const struct programme_code *c = row_for(r, CODE_SETUP, data_in(r, &over));
        for (unsigned i = 1; c && i < c->least && day != DAY_NEVER; i++)
            day = data_from(r, day + 1);
        if (!c || !in_span(&r->in->month, day))
            continue;
        over.to = day;
        add(r, (struct bill_line){.code = c,
                                  .over = over,
                                  .units = 1,
                                  .counted = data_in(r, &over),
                                  .lacks = r->taught.at[e] > day ? LACK_TEACHING : 0});
    }
}

/* Where the period after one that ends on `end` begins: the next day while enrolled, else with
 * the next data. */
static int64_t next_period(const struct reckoning *r, int64_t end)
{
    for (size_t i = 0; i < r->episodes.n; i++)
        if (in_span(&r->episodes.at[i], end) && in_span(&r->episodes.at[i], end + 1))
            return end + 1;
    return data_from(r, end + 1);
}

/* A period is of the month in which it ends. */
static void supply(struct reckoning *r)
{
    int64_t from = data_from(r, INT64_MIN);
    for (int i = 0; i < PERIODS_MAX && from != DAY_NEVER && from <= r->in->month.to; i++) {
        struct day_span over = {from, from + PERIOD - 1};
        unsigned n = data_in(r, &over);
        const struct programme_code *c = row_for(r, CODE_SUPPLY, n);
        if (c && in_span(&r->in->month, over.to))
            add(r, (struct bill_line){.code = c, .over = over, .units = 1, .counted = n});
        from = next_period(r, over.to);
    }
}

static int by_start(const void *a, const void *b)
{
    const struct spent *x = a, *y = b;
    return (x->from > y->from) - (x->from < y->from);
}

/* Whole minutes of the month in which somebody worked for the patient, each once. */
static err minutes(struct reckoning *r, unsigned *ret, bool *ret_contact)
{
    struct spent *all = ARENA_ARRAY(r->op->arena, struct spent, r->in->n_times + 1);
    int64_t sum = 0, until = INT64_MIN;
    size_t n = 0;
    TRY(op_check(r->op));
    *ret_contact = false;
    for (size_t i = 0; i < r->in->n_times; i++) {
        struct spent s = r->in->times[i];
        s.from = s.from < r->in->month_from ? r->in->month_from : s.from;
        s.to = s.to > r->in->month_to ? r->in->month_to : s.to;
        if (s.from < s.to && s.day >= r->since && counts(r, s.day))
            all[n++] = s;
    }
    qsort(all, n, sizeof *all, by_start);
    for (size_t i = 0; i < n; i++) {
        int64_t from = all[i].from > until ? all[i].from : until;
        *ret_contact |= all[i].contact;
        if (all[i].to <= from)
            continue;
        sum += all[i].to - from;
        until = all[i].to;
    }
    *ret = (unsigned)(sum / 60000);
    return OK;
}

static err manage(struct reckoning *r)
{
    const struct programme_code *first, *more = NULL;
    unsigned n;
    bool contact;
    TRY(minutes(r, &n, &contact));
    first = row_for(r, CODE_MANAGE, n);
    if (!first)
        return OK;
    unsigned lacks = first->contact && !contact ? LACK_CONTACT : 0;
    add(r, (struct bill_line){
               .code = first, .over = r->in->month, .units = 1, .counted = n, .lacks = lacks});
    more = row_for(r, CODE_MORE, n - first->least);
    if (more && strcmp(more->after, first->code) == 0)
        add(r, (struct bill_line){.code = more,
                                  .over = r->in->month,
                                  .units = (n - first->least) / more->least,
                                  .counted = n,
                                  .lacks = lacks});
    return OK;
}

err bill_month(struct op *op, const struct bill_input *in, struct bill_line **ret, size_t *ret_n)
{
    struct reckoning r = {.op = op, .in = in, .since = INT64_MIN};
    if (in->consent != DAY_NEVER)
        r.since = in->consent;
    if (in->order != DAY_NEVER && in->order > r.since)
        r.since = in->order;
    merge(&r);
    TRY(op_check(op));
    setup(&r);
    supply(&r);
    TRY(manage(&r));
    *ret = r.lines.at;
    *ret_n = r.lines.n;
    return op_check(op);
}
