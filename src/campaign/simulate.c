/* The days ahead of an audience: each person lives the plan by plan_next(), event by event; the
 * rulebook is asked once for each contact that is different. Invariant: the same input gives the
 * same answer; nothing is sent, written or kept. */
#include "campaign/simulate.h"

#include <stdlib.h>

#define MEMO_START 4096u
#define MEMO_MAX (1u << 22)
#define EVENTS_MAX 400 /* of one person: a plan that needs more is told as waiting */
#define WEEK_MS (7 * PLAN_DAY_MS)
#define RECENT 16
#define RULES_MAX 64u

struct memo_row {
    uint64_t a, b; /* the question, packed; a is never 0 */
    const char *rule;
    enum simulate_answer answer;
};
struct sim {
    struct op *op;
    const struct simulate_input *in;
    struct simulate_result *r;
    struct memo_row *memo;
    size_t n_memo, cap;
    int64_t end;
};
struct life_now {
    const struct simulate_person *p;
    struct plan_person who;
    struct plan_state s;
    int64_t recent[RECENT];
    unsigned n_recent, contacts;
    uint64_t days; /* bit a day: contacted */
};

/* ---- the rulebook, each question once ---- */
static uint64_t mix(uint64_t a, uint64_t b)
{
    uint64_t x = a * 0x9e3779b97f4a7c15u ^ (b + 0x7f4a7c159e3779b9u);
    x ^= x >> 29;
    x *= 0xbf58476d1ce4e5b9u;
    return x ^ x >> 32;
}

static struct memo_row *memo_slot(struct memo_row *rows, size_t cap, uint64_t a, uint64_t b)
{
    for (size_t i = mix(a, b) & (cap - 1);; i = (i + 1) & (cap - 1))
        if (rows[i].a == 0 || (rows[i].a == a && rows[i].b == b))
            return &rows[i];
}

static bool memo_grow(struct sim *s)
{
    size_t cap = s->cap ? s->cap * 2 : MEMO_START;
    struct memo_row *rows = cap <= MEMO_MAX ? calloc(cap, sizeof *rows) : NULL;
    if (!rows)
        return false;
    for (size_t i = 0; i < s->cap; i++)
        if (s->memo[i].a)
            *memo_slot(rows, cap, s->memo[i].a, s->memo[i].b) = s->memo[i];
    free(s->memo);
    s->memo = rows;
    s->cap = cap;
    return true;
}

static err decide(struct sim *s, const struct simulate_ask *q, enum simulate_answer *ret,
                  const char **ret_rule)
{
    uint64_t a = 1 | (uint64_t)q->facts << 1 | (uint64_t)q->place << 17 |
                 (uint64_t)q->channel << 33 | (uint64_t)q->language << 37 |
                 (uint64_t)q->day_count << 41 | (uint64_t)q->week_count << 46 |
                 (uint64_t)(unsigned)q->step << 51;
    uint64_t b = (uint64_t)(q->at / 60000);
    *ret = SIMULATE_GO;
    s->r->decisions++;
    if (!s->in->decide)
        return OK;
    if (s->n_memo * 2 >= s->cap && !memo_grow(s))
        return fail(s->op, ERR_TOO_COSTLY, "the simulation has too many different contacts");
    struct memo_row *row = memo_slot(s->memo, s->cap, a, b);
    if (!row->a) {
        struct memo_row fresh = {.a = a, .b = b};
        s->r->asked++;
        TRY(s->in->decide(s->op, s->in->ctx, q, &fresh.answer, &fresh.rule));
        *row = fresh;
        s->n_memo++;
    }
    *ret = row->answer;
    *ret_rule = row->rule;
    return OK;
}

static void refused(struct simulate_result *r, const char *rule)
{
    size_t i = 0;
    while (i < r->n_refused && strcmp(r->refused[i].rule, rule) != 0)
        i++;
    if (i == RULES_MAX)
        return;
    if (i == r->n_refused)
        r->refused[r->n_refused++].rule = rule;
    r->refused[i].n++;
}

/* ---- one person ---- */
static unsigned since(const struct life_now *l, int64_t from)
{
    unsigned n = 0;
    for (unsigned i = 0; i < l->n_recent && i < RECENT; i++)
        n += l->recent[i] >= from;
    return n;
}

static unsigned week_of(const struct sim *s, const struct life_now *l, int64_t now)
{
    unsigned before = now < s->in->from + WEEK_MS ? l->p->week : 0;
    return since(l, now - WEEK_MS) + before;
}

static void note(struct sim *s, struct life_now *l, const struct plan_move *m)
{
    struct simulate_result *r = s->r;
    int64_t day = (m->at - s->in->from) / PLAN_DAY_MS;
    l->recent[l->n_recent++ % RECENT] = m->at;
    l->who.last_contact = m->at;
    l->contacts++;
    r->contacts++;
    if (day >= 0 && day < SIMULATE_DAYS_MAX) {
        r->sent[day][m->channel]++;
        l->days |= UINT64_C(1) << (day < 63 ? day : 63);
    }
    r->first = r->first && r->first < m->at ? r->first : m->at;
    r->last = r->last > m->at ? r->last : m->at;
}

/* A share of questions is answered, an hour later, by a path that the person's number draws. */
static void answer(struct sim *s, struct life_now *l, const struct plan_move *m)
{
    const struct plan_step *step = &s->in->plan->steps[m->step];
    uint64_t h = mix(l->p->rid + 1, (uint64_t)m->step * 64 + m->state.tries + s->in->answers);
    if (step->kind != PLAN_ASK || m->state.phase != PLAN_ASKED || h % 100 >= s->in->answers)
        return;
    int path = step->n_paths ? step->paths + (int)((h >> 8) % (unsigned)step->n_paths) : -1;
    plan_answer(s->in->plan, &m->state, path, m->at + 3600000, &l->s);
}

static err contact(struct sim *s, struct life_now *l, const struct plan_move *m, int64_t *now)
{
    const char *rule = NULL;
    enum simulate_answer verdict;
    unsigned week = week_of(s, l, *now), day = since(l, *now - PLAN_DAY_MS);
    struct simulate_ask q = {.facts = l->p->facts,
                             .place = l->p->place,
                             .channel = m->channel,
                             .language = l->p->language,
                             .day_count = (uint8_t)(day < 15 ? day : 15),
                             .week_count = (uint8_t)(week < 15 ? week : 15),
                             .step = m->step,
                             .at = m->at};
    bool urgent = s->in->plan->steps[m->step].urgent;
    if (s->in->budget && week >= s->in->budget && !urgent) {
        s->r->over_budget++;
        *now += PLAN_DAY_MS; /* the budget is looked at again tomorrow */
        return OK;
    }
    TRY(decide(s, &q, &verdict, &rule));
    if (verdict == SIMULATE_GO) {
        note(s, l, m);
        l->s = m->state;
        answer(s, l, m);
        return OK;
    }
    refused(s->r, rule ? rule : "?");
    if (verdict == SIMULATE_HOLD)
        *now += PLAN_DAY_MS;
    else
        l->who.by[s->in->plan->steps[m->step].about].may &= (uint8_t) ~(1u << m->channel);
    return OK;
}

static err live(struct sim *s, struct life_now *l)
{
    int64_t now = s->in->from;
    struct plan_move m = {.kind = PLAN_WAIT};
    for (int i = 0; i < EVENTS_MAX && now < s->end; i++) {
        plan_next(s->in->plan, &l->who, &l->s, now, &m);
        if (m.kind == PLAN_SEND) {
            TRY(contact(s, l, &m, &now));
            continue;
        }
        l->s = m.state;
        if (m.kind == PLAN_WAIT)
            now = m.at;
        else if (m.kind == PLAN_DONE)
            break;
        else if (m.kind == PLAN_DROP)
            s->r->dropped++;
        else if (s->in->plan->steps[m.step].kind == PLAN_CASE)
            s->r->cases++;
        else
            s->r->calls++;
    }
    if (m.kind == PLAN_DONE)
        s->r->done++;
    else
        s->r->waiting++;
    return OK;
}

static bool lacks_words(const struct plan *p, unsigned language)
{
    for (size_t i = 0; i < p->n_steps; i++)
        if (p->steps[i].kind <= PLAN_ASK && str_empty(p->steps[i].words.template) &&
            str_empty(p->steps[i].words.text[language]))
            return true;
    return false;
}

/* Which ways they have for what each step is about. */
static void ways_of(const struct simulate_input *in, const struct simulate_person *p,
                    struct plan_person *who)
{
    const struct plan *plan = in->plan;
    const uint8_t *wish =
        in->wishes && p->wishes ? in->wishes + p->wishes * plan->n_purposes : NULL;
    for (size_t k = 0; k < plan->n_purposes; k++) {
        bool said = wish && wish[k] != PLAN_PREFERRED;
        who->by[k] = (struct plan_ways){.may = p->may[plan_consent(plan, plan->purposes[k])],
                                        .prefers = said ? wish[k] : p->prefers,
                                        .said = said};
    }
}

static err one_person(struct sim *s, size_t i, const bool missing[3])
{
    const struct simulate_person *p = &s->in->people[i];
    struct life_now l = {.p = p};
    unsigned language = p->language < 3 ? p->language : 0;
    if (p->held_out) {
        s->r->held_out++;
        return OK;
    }
    if (p->had) {
        s->r->had++;
        return OK;
    }
    s->r->missing[language] += missing[language];
    l.who =
        (struct plan_person){.place = p->place < s->in->n_places ? &s->in->places[p->place] : NULL,
                             .failing = p->failing,
                             .seed = (uint32_t)(p->rid * 2654435761u),
                             .last_contact = p->last_contact,
                             .holds = UINT64_MAX};
    ways_of(s->in, p, &l.who);
    plan_begin(s->in->plan, s->in->from, s->in->from, &l.s);
    TRY(live(s, &l));
    s->r->people_reached += l.contacts > 0;
    s->r->silent += l.contacts == 0;
    if (s->in->ret_days)
        s->in->ret_days[i] = l.days;
    for (size_t k = 0; k < s->in->n_others && l.days; k++) {
        uint64_t theirs = s->in->others[k].days[i];
        s->r->clashes[k] += (l.days & (theirs | theirs << 1 | theirs >> 1)) != 0;
    }
    return OK;
}

static int more_first(const void *a, const void *b)
{
    struct simulate_count x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return x.n < y.n ? 1 : x.n > y.n ? -1 : strcmp(x.rule, y.rule);
}

err simulate_run(struct op *op, const struct simulate_input *in, struct simulate_result *ret)
{
    bool missing[3];
    struct sim s = {.op = op, .in = in, .r = ret};
    err e = OK;
    if (in->days == 0 || in->days > SIMULATE_DAYS_MAX || in->n_others > SIMULATE_OTHERS_MAX)
        return fail(op, ERR_INVALID, "a simulation looks 1 to %d days ahead", SIMULATE_DAYS_MAX);
    *ret = (struct simulate_result){.days = in->days};
    s.end = in->from + in->days * PLAN_DAY_MS;
    for (unsigned l = 0; l < 3; l++)
        missing[l] = lacks_words(in->plan, l);
    for (size_t i = 0; e == OK && i < in->n; i++)
        e = op->deadline && i % 4096 == 0 && time_now() > op->deadline
                ? fail(op, ERR_TIMEOUT, "the simulation took too long; try fewer days")
                : one_person(&s, i, missing);
    free(s.memo);
    qsort(ret->refused, ret->n_refused, sizeof *ret->refused, more_first);
    return e;
}
