/* Every match of a plan, however many: what counts and orders that keys cannot answer are made of.
 * Invariant: memory is bounded, whatever is walked over; a walk is whole, ends where its caller
 * says so, or is an error that tells what to do. */
#include "base/time.h"
#include "record/record_int.h"

#define FIRST 256u /* hits asked for at once, then four times as many */
#define FEW 32u    /* documents between two clearings of their memory */

static err inner(struct each *e, struct arena *a, struct op *ret)
{
    op_init(ret, a, e->op->actor, e->op->now);
    ret->deadline = e->op->deadline;
    ret->trace = e->op->trace;
    return OK;
}

static err told(struct each *e, err r, const struct op *from)
{
    return r == OK ? OK
                   : fail(e->op, r, "%.*s",
                          STR_ARG(from->fault.n ? from->fault.issues[0].message : STR_NONE));
}

static err too_many(struct op *op)
{
    return fail(op, ERR_TOO_COSTLY,
                "More than %u resources would have to be looked at; narrow the search by patient, "
                "code or _lastUpdated, or sort by a date, a number or _lastUpdated first.",
                RECORD_LOOKS_MAX);
}

static err look(struct each *e, struct op *op, uint64_t rid)
{
    struct search_part *p = e->part;
    struct store_doc d;
    bool ok;
    TRY(search_late(op, 0));
    TRY(search_fetch(op, e->rec, p->q, &p->plan, rid, e->t, &d, &ok));
    p->read++;
    p->kept += ok;
    return ok ? e->fn(op, e, &d, &e->stopped) : OK;
}

/* One answer of the store, in memory of its own but for where it goes on. */
static err batch(struct each *e, size_t limit, bool *ret_more)
{
    struct search_part *p = e->part;
    struct store_found found = {0};
    struct op op, sub;
    TRY(inner(e, e->batch, &op));
    p->plan.q.limit = limit;
    TRY(told(e, store_search(&op, e->rec->store, &p->plan.q, &found), &op));
    e->t = found.t;
    p->lead = found.lead;
    p->led = found.led;
    p->steps += found.steps;
    for (size_t i = 0; i < found.n && !e->stopped; i++) {
        if (i % FEW == 0) {
            arena_reset(e->few);
            TRY(inner(e, e->few, &sub));
        }
        if (++e->looked > RECORD_LOOKS_MAX)
            return too_many(e->op);
        TRY(told(e, look(e, &sub, found.rids[i]), &sub));
    }
    p->plan.q.after = arena_str(e->op->arena, found.next);
    *ret_more = found.more && !e->stopped;
    arena_reset(e->batch);
    return op_check(e->op);
}

err search_each(struct each *e)
{
    bool more = !e->part->plan.empty;
    err r = OK;
    e->batch = arena_new(0);
    e->few = arena_new(0);
    e->stopped = false;
    if (!e->batch || !e->few)
        r = fail(e->op, ERR_UNAVAILABLE, "No memory left to look at what matches.");
    for (size_t limit = FIRST; r == OK && more; limit *= limit * 4 > RECORD_CANDIDATES_MAX ? 1 : 4)
        r = batch(e, limit, &more);
    arena_free(e->few);
    arena_free(e->batch);
    return r;
}

static err one_more(struct op *op, struct each *e, const struct store_doc *d, bool *ret_stop)
{
    (void)op;
    (void)e;
    (void)d;
    (void)ret_stop;
    return OK;
}

err search_count(struct op *op, struct record *rec, struct search_part *p, uint64_t t,
                 uint64_t *ret)
{
    struct search_part again = *p;
    struct each e = {.op = op, .rec = rec, .part = &again, .fn = one_more};
    again.kept = 0;
    again.plan.q.sort = (struct store_sort){.order = ORDER_RID};
    again.plan.q.total = false;
    again.plan.q.after = t ? store_position(op, t, false) : STR_NONE;
    TRY(search_each(&e));
    p->read = again.read;
    p->steps = again.steps;
    p->lead = again.lead;
    p->led = again.led;
    *ret = again.kept;
    return OK;
}
