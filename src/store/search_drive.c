/* Search over a whole type: the clause with the fewest candidates leads, sorted lists are
 * intersected by leaping, what cannot be stepped through in order is checked on the candidate's
 * keys. Invariant: a candidate is offered at most once. */
#include "store/search_int.h"

#define FEW 1024u /* candidates that are found and sorted sooner than anything else is tried */
#define TRY_STEPS 4096u
#define STEPS_MARKED 4u /* candidates whose reading costs one that is met where it is marked */

static err probe_one(struct drive *d, size_t i, uint64_t rid, bool *ret)
{
    bool has;
    TRY(rids_has(d->s->op, &d->narrow[i], rid, &has));
    *ret = has != d->negated[i];
    return OK;
}

err drive_probe(struct drive *d, size_t from, uint64_t rid, bool *ret)
{
    *ret = true;
    for (size_t i = from; i < d->n_narrow && *ret; i++)
        TRY(probe_one(d, i, rid, ret));
    return OK;
}

err drive_read(struct drive *d, uint64_t rid, struct fwd_entry *ret)
{
    struct search *s = d->s;
    const struct store_query *q = s->q;
    uint64_t comp = q->comp;
    *ret = (struct fwd_entry){.rid = rid};
    if (!d->n_rest && !comp && (s->top.want == 0 || q->sort.order == ORDER_RID))
        return OK;
    search_spend(s, STEPS_A_READ);
    if (!comp) {
        struct version newest = {.doc.rid = 0};
        TRY(version_newest(s->op, s->v->snap, s->v->s->ops, rid, &newest));
        comp = newest.doc.comp;
    }
    return fwd_get(s->op, s->v, comp, q->type, rid, ret);
}

void drive_offer(struct drive *d, const struct fwd_entry *e)
{
    if (d->s->later && search_changed(d->s, e->rid))
        return;
    for (size_t i = 0; i < d->n_rest; i++) {
        if (!clause_fits(d->rest[i], e))
            return;
    }
    search_offer(d->s, e);
}

err drive_check(struct drive *d, uint64_t rid)
{
    struct fwd_entry e;
    TRY(drive_read(d, rid, &e));
    if (e.rid)
        drive_offer(d, &e);
    return OK;
}

/* All candidates in order of number. */
static err stream(struct drive *d)
{
    struct search *s = d->s;
    const struct store_sort *sort = &s->q->sort;
    struct rids *lead = &d->narrow[0];
    bool in_order = sort->order == ORDER_RID;
    uint64_t from = lead->reverse ? RID_MAX : 0;
    if (in_order && s->later && !s->q->total)
        from = s->after.rid;
    TRY(rids_seek(s->op, lead, from));
    struct arena *arena = s->op->arena;
    while (lead->valid && !(in_order && search_enough(s))) {
        bool fits = true;
        TRY(drive_probe(d, 1, lead->rid, &fits));
        if (fits)
            TRY(drive_check(d, lead->rid));
        TRY(search_tick(s));
        if (arena_failed(arena))
            return out_of_memory(s->op);
        TRY(rids_next(s->op, lead));
    }
    return OK;
}

static void add_narrow(struct drive *d, const struct rids *r, bool negated,
                       const struct store_clause *by)
{
    d->narrow[d->n_narrow] = *r;
    d->by[d->n_narrow] = by;
    d->negated[d->n_narrow++] = negated;
}

static err add_clause(struct drive *d, const struct store_clause *c)
{
    struct search *s = d->s;
    struct rids r = {.wide = true};
    bool reverse = sort_falls(&s->q->sort) && s->q->sort.order == ORDER_RID;
    if (c->kind == CLAUSE_RANGES)
        TRY(rids_open(s->op, s->v, s->q->type, c->ranges, c->n_ranges, reverse, &r));
    else if (c->kind == CLAUSE_RIDS)
        rids_of_list(c->rids, c->n_rids, reverse, &r);
    if (r.wide)
        d->rest[d->n_rest++] = c;
    else
        add_narrow(d, &r, c->negate, c);
    return OK;
}

static void lead_with(struct drive *d, size_t best)
{
    struct rids r = d->narrow[0];
    bool negated = d->negated[0];
    const struct store_clause *by = d->by[0];
    d->narrow[0] = d->narrow[best];
    d->negated[0] = d->negated[best];
    d->by[0] = d->by[best];
    d->narrow[best] = r;
    d->negated[best] = negated;
    d->by[best] = by;
}

/* Puts the narrow clause with the fewest candidates first, or any when all have max or more. */
static err choose(struct drive *d, size_t max)
{
    size_t best = 0;
    d->lead = SIZE_MAX;
    for (size_t i = 0; i < d->n_narrow; i++) {
        size_t n = 0, most = d->lead < max ? d->lead : max;
        if (d->negated[i])
            continue;
        TRY(rids_estimate(d->s->op, &d->narrow[i], most, &n));
        if (n < most) {
            best = i;
            d->lead = n;
        }
    }
    if (d->lead != SIZE_MAX)
        lead_with(d, best);
    for (size_t i = 0; d->lead == SIZE_MAX && i < d->n_narrow; i++) {
        if (!d->negated[i]) {
            lead_with(d, i);
            break;
        }
    }
    return OK;
}

/* A wide clause with few entries becomes narrow: collected and sorted. */
static err collect_wide(struct drive *d)
{
    const struct store_query *q = d->s->q;
    for (size_t i = 0; i < d->n_rest; i++) {
        const struct store_clause *c = d->rest[i];
        struct rids r = {.v = d->s->v,
                         .type = q->type,
                         .ranges = c->ranges,
                         .n_ranges = c->n_ranges,
                         .wide = true,
                         .reverse = sort_falls(&q->sort) && q->sort.order == ORDER_RID};
        if (c->kind != CLAUSE_RANGES || c->negate)
            continue;
        TRY(rids_collect(d->s->op, &r, COLLECT_MAX));
        if (r.wide)
            continue;
        d->rest[i] = d->rest[--d->n_rest];
        add_narrow(d, &r, false, c);
        return choose(d, SORT_MAX + 1);
    }
    return OK;
}

/* To count, each candidate is only asked whether it is among those of the wide clauses: that is
 * kept as bits where all their keys are passed sooner than every candidate is read. */
static err hold_rest(struct drive *d)
{
    struct search *s = d->s;
    size_t n = 0;
    TRY(rids_estimate(s->op, &d->narrow[0], WORK_MAX / STEPS_A_READ, &n));
    for (size_t i = d->n_rest; i-- > 0;) {
        const struct store_clause *c = d->rest[i];
        struct rids r = {.v = s->v,
                         .type = s->q->type,
                         .ranges = c->ranges,
                         .n_ranges = c->n_ranges,
                         .wide = true};
        if (c->kind != CLAUSE_RANGES)
            continue;
        TRY(rids_hold_wide(s->op, &r, n * STEPS_A_READ));
        if (r.wide)
            continue;
        d->rest[i] = d->rest[--d->n_rest];
        add_narrow(d, &r, c->negate, c);
    }
    return OK;
}

/* A small window of time leads when nothing else is narrow; the clause is still checked. */
static err add_window(struct drive *d, bool *ret_keyed)
{
    for (size_t i = 0; i < d->n_rest; i++) {
        struct rids r;
        bool small = false;
        if (d->rest[i]->kind != CLAUSE_TIME || d->rest[i]->negate)
            continue;
        TRY(search_window(d->s, d->rest[i], &r, &small));
        if (small) {
            add_narrow(d, &r, false, d->rest[i]);
            *ret_keyed = true;
        }
        return OK;
    }
    return OK;
}

/* Every living resource of the type, to lead when nothing else can, and to check given numbers. */
static err add_all(struct drive *d)
{
    static const struct store_range all = {
        .lo = {"\0\0", 2}, .hi = {"\0\0\0", 3}, .mask = {NULL, 0}};
    const struct store_query *q = d->s->q;
    struct rids every;
    bool reverse = sort_falls(&q->sort) && q->sort.order == ORDER_RID;
    TRY(rids_open(d->s->op, d->s->v, q->type, &all, 1, reverse, &every));
    add_narrow(d, &every, false, NULL);
    return OK;
}

static err plan(struct drive *d)
{
    struct search *s = d->s;
    size_t room = s->q->n_clauses + 3;
    bool keyed = false;
    d->narrow = ARENA_ARRAY(s->op->arena, struct rids, room);
    d->negated = ARENA_ARRAY(s->op->arena, bool, room);
    d->rest = ARENA_ARRAY(s->op->arena, const struct store_clause *, room);
    d->by = ARENA_ARRAY(s->op->arena, const struct store_clause *, room);
    if (!d->narrow || !d->negated || !d->rest || !d->by)
        return out_of_memory(s->op);
    for (size_t i = 0; i < s->q->n_clauses; i++) {
        size_t had = d->n_narrow;
        const struct store_clause *c = &s->q->clauses[i];
        TRY(add_clause(d, c));
        keyed = keyed || (d->n_narrow > had && c->kind == CLAUSE_RANGES && !c->negate);
    }
    if (!keyed)
        TRY(add_window(d, &keyed));
    if (!keyed)
        TRY(add_all(d));
    TRY(marks_open(d));
    return choose(d, FEW);
}

/* A wide clause about the marked order, in no order: what fits lies at few of its places. */
static err collect_marked(struct drive *d)
{
    struct rids r = {.wide = true};
    size_t i = 0;
    for (; i < d->n_rest && !r.listed; i++)
        TRY(marks_collect(d, d->rest[i], &r));
    if (!r.listed)
        return OK;
    add_narrow(d, &r, false, d->rest[i - 1]);
    d->rest[i - 1] = d->rest[--d->n_rest];
    return choose(d, SORT_MAX + 1);
}

/* Which clause has the fewest candidates, however many. */
static err plan_further(struct drive *d)
{
    TRY(choose(d, SORT_MAX + 1));
    if (d->s->top.want && d->s->q->sort.order == ORDER_RID)
        TRY(collect_marked(d));
    if (d->lead <= SORT_MAX)
        return OK;
    return d->s->top.want ? collect_wide(d) : hold_rest(d);
}

/* The leading clause as a list in memory: what is passed on the way costs next to nothing then. */
static err hold_lead(struct drive *d)
{
    struct rids old = d->narrow[0];
    if (old.listed)
        return OK;
    TRY(rids_collect(d->s->op, &d->narrow[0], SORT_MAX));
    for (size_t i = 0; d->narrow[0].listed && i < old.n_walks; i++)
        walk_close(&old.walks[i]);
    return OK;
}

/* To sort, every candidate is read (two descents); to meet them in order, about (all / candidates)
 * others are passed for each one wanted (a step each; along the log it is a descent, too). */
static bool better_in_order(const struct drive *d)
{
    const struct search *s = d->s;
    if (s->top.want == 0 || s->q->total || s->q->sort.order == ORDER_RID)
        return false;
    if (d->lead > SORT_MAX || (d->marked && d->lead > STEPS_MARKED * s->top.want))
        return true;
    uint64_t all = atomic_load(&s->v->s->resources);
    uint64_t weight = s->q->sort.order == ORDER_KEY ? STEPS_A_READ : 1;
    return d->lead * d->lead * weight > 2 * s->top.want * all;
}

static err in_order(struct drive *d)
{
    struct search *s = d->s;
    if (s->q->sort.order == ORDER_RID)
        return stream(d);
    s->lead = d->marked ? LEAD_MARKS : LEAD_ORDER;
    s->led = d->marked ? d->marked->label : 0;
    return s->q->sort.order == ORDER_KEY ? walk_by_key(d) : walk_by_time(d);
}

/* In the order of the results for so many steps. *ret_done: that was all. Else everything is as
 * before: which clause is rare is not known beforehand, and one page of common ones is met sooner
 * than they are counted. */
static err try_in_order(struct drive *d, size_t steps, bool *ret_done)
{
    struct search *s = d->s;
    struct search before = *s;
    size_t had = before.top.n;
    struct hit *kept = arena_alloc(s->op->arena, (had + 1) * sizeof *kept);
    if (!kept || arena_failed(s->op->arena))
        return out_of_memory(s->op);
    if (had)
        memcpy(kept, s->top.at, had * sizeof *kept);
    s->trying = true;
    s->patience = steps;
    TRY(in_order(d));
    *ret_done = !s->gave_up;
    s->trying = false;
    if (*ret_done)
        return OK;
    before.work = s->work;
    before.top.at = s->top.at; /* it has grown, perhaps */
    before.top.room = s->top.room;
    *s = before;
    if (had)
        memcpy(s->top.at, kept, had * sizeof *kept);
    return OK;
}

static void tell_lead(struct drive *d)
{
    struct search *s = d->s;
    const struct store_clause *by = d->by[0];
    s->lead = !by ? LEAD_TYPE : by->kind == CLAUSE_TIME ? LEAD_TIME : LEAD_CLAUSE;
    s->led = by ? by->label : 0;
}

err search_drive(struct search *s)
{
    struct drive d = {.s = s};
    bool done = false;
    TRY(plan(&d));
    tell_lead(&d);
    if (d.lead == SIZE_MAX) { /* none is rare */
        if (s->top.want && !s->q->total)
            TRY(try_in_order(&d, TRY_STEPS, &done));
        if (done)
            return OK;
        TRY(plan_further(&d));
        tell_lead(&d);
    }
    if (!better_in_order(&d))
        return stream(&d);
    if (d.by[0] && d.lead <= SORT_MAX) {
        TRY(hold_lead(&d));
        TRY(try_in_order(&d, d.lead * STEPS_A_READ, &done));
        return done ? OK : stream(&d);
    }
    for (size_t i = 0; i < d.n_narrow; i++) /* it may be a long way */
        TRY(rids_hold(s->op, &d.narrow[i]));
    return in_order(&d);
}
