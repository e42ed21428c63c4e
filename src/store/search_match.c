/* Does a resource fit? Decided on its packed keys; reads nothing. */
#include "base/time.h"
#include "store/search_int.h"

/* Keys are sorted, so those past the range need no look; most are decided by their param alone. */
static bool set_has(str set, const struct store_range *range)
{
    str key;
    unsigned from = key_param(range->lo), to = key_param(range->hi);
    while (keyset_next(&set, &key)) {
        unsigned param = key_param(key);
        if (param < from || (param == from && str_cmp(key, range->lo) < 0))
            continue;
        if (param > to || (param == to && str_cmp(key, range->hi) >= 0))
            return false;
        if (mask_fits(range, key))
            return true;
    }
    return false;
}

/* The same for many ranges in order: each key is looked for among them. */
static bool set_has_any(str set, const struct store_clause *c)
{
    str key;
    while (keyset_next(&set, &key)) {
        size_t from = 0, to = c->n_ranges; /* the last range that starts at or before the key */
        if (str_cmp(key, c->ranges[0].lo) < 0)
            continue;
        while (to - from > 1) {
            size_t mid = (from + to) / 2;
            if (str_cmp(c->ranges[mid].lo, key) <= 0)
                from = mid;
            else
                to = mid;
        }
        if (str_cmp(key, c->ranges[from].hi) < 0)
            return true;
    }
    return false;
}

bool list_has(const uint64_t *list, size_t n, uint64_t rid)
{
    size_t from = 0, to = n;
    while (from < to) {
        size_t mid = (from + to) / 2;
        if (list[mid] < rid)
            from = mid + 1;
        else
            to = mid;
    }
    return from < n && list[from] == rid;
}

bool clause_fits(const struct store_clause *c, const struct fwd_entry *e)
{
    bool fits = false;
    switch (c->kind) {
    case CLAUSE_RANGES:
        if (c->sorted && c->n_ranges > 4)
            return set_has_any(e->set, c) != c->negate;
        for (size_t i = 0; i < c->n_ranges && !fits; i++)
            fits = set_has(e->set, &c->ranges[i]);
        break;
    case CLAUSE_RIDS:
        fits = list_has(c->rids, c->n_rids, e->rid);
        break;
    case CLAUSE_TIME:
        fits = e->time >= c->time_lo && e->time < c->time_hi;
        break;
    }
    return fits != c->negate;
}

bool entry_fits(const struct store_query *q, const struct fwd_entry *e)
{
    for (size_t i = 0; i < q->n_clauses; i++) {
        if (!clause_fits(&q->clauses[i], e))
            return false;
    }
    return true;
}

void search_offer(struct search *s, const struct fwd_entry *e)
{
    struct hit h;
    s->total++;
    if (s->all.n < s->q->all)
        VEC_PUSH(s->op->arena, &s->all, e->rid);
    if (s->top.want == 0)
        return;
    hit_make(&s->q->sort, e, &h);
    if (s->later && hit_order(&s->q->sort, &h, &s->after) <= 0)
        return;
    top_add(&s->top, &s->q->sort, &h);
    s->streamed++;
}

void search_spend(struct search *s, size_t steps)
{
    s->gave_up |= s->trying && s->patience < steps;
    s->patience -= s->patience < steps ? s->patience : steps;
}

err search_tick(struct search *s)
{
    search_spend(s, 1);
    if ((++s->work & 1023) != 0)
        return OK;
    if (s->op->deadline && (s->work & 8191) == 0 && time_now() > s->op->deadline)
        return fail(s->op, ERR_TIMEOUT, "The search takes too long; narrow it.");
    if (s->work > WORK_MAX)
        return fail(s->op, ERR_TOO_COSTLY, "the search looks at too much; narrow it");
    return OK;
}

bool search_changed(const struct search *s, uint64_t rid)
{
    return list_has(s->changed, s->n_changed, rid);
}

bool search_enough(const struct search *s)
{
    return s->gave_up || (!s->q->total && s->top.want && s->streamed >= s->top.want);
}
