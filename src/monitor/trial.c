/* Rules on trial, counted live: what each would have told since it is on trial, and who had a case
 * anyway. Invariants: the named value mon-trial/<patient> moves with track and cursor, so nothing
 * is counted twice; alerts of a rule within 72 hours of each other are one, as in a what-if; whom
 * the asker may not see is in no number. */
#include "monitor/trial_int.h"

#include "record/cohort.h"
#include "record/jobs.h"

#include <stdlib.h>

#define KEPT_MS (365LL * 24 * MS_HOUR)
#define KEPT_MAX 64u /* a patient; the oldest go */
#define PAGE 500

static str key_of(struct op *op, uint64_t patient)
{
    return arena_printf(op->arena, "mon-trial/%llu", (unsigned long long)patient);
}

static str since_key(struct op *op, size_t rule)
{
    return arena_printf(op->arena, "monitor/trial-since/%s", MONITOR_RULES[rule].id);
}

struct raises {
    VEC(struct raise) list;
};

/* ---- kept: "rule first last" a line, newest last ---- */
static bool take_line(str *io, struct raise *ret)
{
    str line, rule, first;
    uint64_t from, to;
    while (str_take_until(io, '\n', &line))
        if (str_take_until(&line, ' ', &rule) && str_take_until(&line, ' ', &first) &&
            str_to_u64(first, INT64_MAX, &from) && str_to_u64(line, INT64_MAX, &to))
            for (size_t r = 0; r < RULE_COUNT_MONITOR; r++)
                if (str_eq(rule, str_of(MONITOR_RULES[r].id))) {
                    *ret = (struct raise){(int)r, (int64_t)from, (int64_t)to};
                    return true;
                }
    return false;
}

struct kept {
    size_t n;
    struct raise at[KEPT_MAX];
};

static void add(struct kept *k, int rule, int64_t at)
{
    for (size_t i = k->n; i-- > 0;) {
        struct raise *r = &k->at[i];
        if (r->rule != rule || at - r->last >= EPISODE_MS || r->at - at >= EPISODE_MS)
            continue;
        r->at = at < r->at ? at : r->at;
        r->last = at > r->last ? at : r->last;
        return;
    }
    if (k->n == KEPT_MAX)
        memmove(k->at, k->at + 1, --k->n * sizeof *k->at);
    k->at[k->n++] = (struct raise){rule, at, at};
}

err trial_keep(struct step *st, struct record_tx *tx, const struct seen *s)
{
    struct kept *k = ARENA_NEW(st->op->arena, struct kept);
    struct raise one;
    struct buf b;
    str had;
    TRY(op_check(st->op));
    TRY(record_tx_kv_now(tx, key_of(st->op, s->rid), &had));
    str left = had;
    while (k->n < KEPT_MAX && take_line(&left, &one))
        if (one.last >= st->op->now - KEPT_MS)
            k->at[k->n++] = one;
    for (size_t i = 0; i < s->trial->list.n; i++)
        add(k, s->trial->list.at[i].rule, s->trial->list.at[i].at);
    buf_init(&b, st->op->arena, KEPT_MAX * 80);
    for (size_t i = 0; i < k->n; i++)
        buf_printf(&b, "%s %lld %lld\n", MONITOR_RULES[k->at[i].rule].id, (long long)k->at[i].at,
                   (long long)k->at[i].last);
    if (!buf_ok(&b))
        return fail(st->op, ERR_TOO_LARGE, "what rules on trial told is too long");
    if (!str_eq(had, buf_str(&b)))
        record_tx_kv(tx, key_of(st->op, s->rid), buf_str(&b));
    return OK;
}

void trial_hear(struct step *st, struct seen *s, int series, int i)
{
    uint64_t held = monitor_eval_trial(s->track, series, i, st->m->trial);
    int64_t at = s->track->points[series][i].at;
    if (held && !s->trial)
        s->trial = ARENA_NEW(st->op->arena, struct raises);
    if (!s->trial)
        return; /* nothing, or no memory: the step fails with it */
    for (; held; held &= held - 1) {
        struct raise r = {__builtin_ctzll(held), at, at};
        VEC_PUSH(st->op->arena, &s->trial->list, r);
    }
}

/* ---- since when ---- */
err trial_begin(struct op *op, struct monitor *m)
{
    uint64_t on = m->trial;
    bool any = false;
    struct record_tx *tx = record_begin(op, m->rec);
    for (size_t r = 0; r < RULE_COUNT_MONITOR; r++) {
        str since;
        if (!MONITOR_RULES[r].shadow)
            continue;
        TRY(record_kv_get(op, m->rec, since_key(op, r), &since));
        if (str_empty(since) != (on >> r & 1))
            continue; /* it is written already, or is live and was never on trial */
        record_tx_kv(tx, since_key(op, r),
                     on >> r & 1 ? time_format(op->arena, op->now) : STR_NONE);
        any = true;
    }
    return any ? record_commit(tx) : OK;
}

/* ---- told ---- */
static int by_patient(const void *a, const void *b)
{
    const struct trial_case *x = a, *y = b;
    return (x->patient > y->patient) - (x->patient < y->patient);
}

/* Was a case open then, or opened within the 72 hours before or after? */
static bool had_case(const struct trial_cases *cases, uint64_t patient, const struct raise *r,
                     bool *ret_acted)
{
    size_t lo = 0, hi = cases->list.n;
    bool had = false;
    *ret_acted = false;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (cases->list.at[mid].patient < patient)
            lo = mid + 1;
        else
            hi = mid;
    }
    for (; lo < cases->list.n && cases->list.at[lo].patient == patient; lo++) {
        const struct trial_case *c = &cases->list.at[lo];
        int64_t to = c->to > c->from + EPISODE_MS ? c->to : c->from + EPISODE_MS;
        if (c->from > r->last + EPISODE_MS || to < r->at)
            continue;
        had = true;
        *ret_acted |= c->acted;
    }
    return had;
}

static void count_one(struct trial_counts *io, uint64_t patient, str lines,
                      const struct trial_cases *cases)
{
    uint64_t seen = 0;
    struct raise r;
    while (take_line(&lines, &r)) {
        struct trial_count *c = &io->of[r.rule];
        bool acted;
        if (r.last < c->since)
            continue;
        c->hits++;
        c->people += !(seen >> r.rule & 1);
        seen |= UINT64_C(1) << r.rule;
        c->cases += had_case(cases, patient, &r, &acted);
        c->acted += acted;
    }
}

static err read_since(struct op *op, struct monitor *m, struct trial_counts *io)
{
    int64_t first = op->now - KEPT_MS;
    for (size_t r = 0; r < RULE_COUNT_MONITOR; r++) {
        struct time_span span;
        str since;
        if (!MONITOR_RULES[r].shadow)
            continue;
        TRY(record_kv_get(op, m->rec, since_key(op, r), &since));
        io->of[r].since = time_parse(since, &span) && span.lo > first ? span.lo : first;
    }
    return OK;
}

err trial_count(struct op *op, struct monitor *m, struct trial_cases *cases,
                struct trial_counts *ret)
{
    struct record_cohort hidden = {0};
    struct record_named *page;
    str at = STR_NONE;
    size_t n;
    TRY(read_since(op, m, ret));
    if (cases->list.n)
        qsort(cases->list.at, cases->list.n, sizeof *cases->list.at, by_patient);
    err e = record_cohort_hidden(op, m->rec, &hidden);
    if (e == ERR_FORBIDDEN) {
        op_clear(op);
        return OK;
    }
    TRY(e);
    ret->known = true;
    do {
        TRY(record_kv_page(op, m->rec, STR("mon-trial/"), &at, PAGE, &page, &n));
        for (size_t i = 0; i < n; i++) {
            uint64_t patient;
            str name = str_sub(page[i].name, sizeof "mon-trial/" - 1, SIZE_MAX);
            if (str_to_u64(name, UINT64_MAX, &patient) && !record_cohort_has(&hidden, patient))
                count_one(ret, patient, page[i].value, cases);
        }
    } while (at.n);
    return op_check(op);
}
