/* From numbers to documents: what the store found, fetched as it was at the moment shown, asked of
 * policy and, where the keys cannot tell, matched again. Invariant: nothing is given out that the
 * actor may not see, as it was then or as it is now. */
#include "record/record_int.h"
#include "store/reader.h"

struct judge {
    struct record *rec;
    const struct search_wanted *w;
    struct access_known *known;
};

/* The newest version is in hand: the one of t, asked of policy, matched again. */
static err judge(struct op *op, const struct judge *j, struct store_doc *d, bool *ret_ok)
{
    const struct search_wanted *w = j->w;
    struct record *rec = j->rec;
    struct fault before = op->fault;
    *ret_ok = false;
    if (w->t && d->t > w->t) {
        if (!access_may_see_next(op, rec, d, j->known))
            return op_check(op);
        err e = store_get_at(op, rec->store, d->rid, w->t, d);
        if (e == ERR_NOT_FOUND) {
            op->fault = before;
            return OK;
        }
        TRY(e);
    }
    if (d->deleted || !(w->plan->own || access_may_see_next(op, rec, d, j->known)))
        return op_check(op);
    *ret_ok = true;
    return w->q && w->plan->verify ? plan_holds(op, rec, w->plan, d, ret_ok) : OK;
}

err search_fetch(struct op *op, struct record *rec, const struct fhir_query *q,
                 const struct plan *plan, uint64_t rid, uint64_t t, struct store_doc *ret,
                 bool *ret_ok)
{
    struct fault before = op->fault;
    struct access_known known = {0};
    struct judge j = {rec, &(struct search_wanted){q, plan, t}, &known};
    err e = store_get(op, rec->store, rid, ret);
    if (e == OK)
        return judge(op, &j, ret, ret_ok);
    *ret_ok = false;
    if (e != ERR_NOT_FOUND)
        return e;
    op->fault = before;
    return OK;
}

struct turn {
    uint64_t rid;
    size_t at;
};

static int by_rid(const void *x, const void *y)
{
    const struct turn *a = x, *b = y;
    return a->rid < b->rid ? -1 : a->rid > b->rid;
}

static err fetch_one(struct op *op, const struct judge *j, struct store_reader *r,
                     struct search_got *ret)
{
    bool there;
    TRY(store_reader_get(op, r, ret->doc.rid, 0, &ret->doc, &there));
    if (!there)
        return OK;
    TRY(store_reader_body(op, r, &ret->doc));
    return judge(op, j, &ret->doc, &ret->ok);
}

err search_fetch_all(struct op *op, struct record *rec, const struct search_wanted *w,
                     const struct store_found *found, struct search_got *ret)
{
    struct turn *turns = ARENA_ARRAY(op->arena, struct turn, found->n + 1);
    struct store_reader *r;
    struct access_known known = {0};
    struct judge j = {rec, w, &known};
    TRY(op_check(op));
    for (size_t i = 0; i < found->n; i++) {
        turns[i] = (struct turn){found->rids[i], i};
        ret[i] = (struct search_got){.doc.rid = found->rids[i]};
    }
    qsort(turns, found->n, sizeof *turns, by_rid);
    TRY(store_reader_open(op, rec->store, &r));
    err e = OK;
    for (size_t i = 0; e == OK && i < found->n; i++) {
        e = search_late(op, i);
        if (e == OK)
            e = fetch_one(op, &j, r, &ret[turns[i].at]);
    }
    store_reader_close(r);
    return e;
}

static err too_many(struct op *op)
{
    return fail(op, ERR_TOO_COSTLY,
                "More than %u resources would have to be looked at; narrow the search.",
                RECORD_CANDIDATES_MAX);
}

err search_rids(struct op *op, struct record *rec, const struct fhir_query *q, struct plan *plan,
                size_t max, uint64_t **ret, size_t *ret_n)
{
    struct store_found found = {0};
    bool all = plan->verify || max == 0;
    *ret = NULL;
    *ret_n = 0;
    if (plan->empty)
        return OK;
    plan->q.limit = all ? RECORD_CANDIDATES_MAX : max;
    TRY(store_search(op, rec->store, &plan->q, &found));
    if (all && found.more)
        return too_many(op);
    *ret = found.rids;
    *ret_n = found.n;
    if (!plan->verify)
        return OK;
    size_t kept = 0;
    for (size_t i = 0; i < found.n && (kept < max || max == 0); i++) {
        struct store_doc d;
        bool ok;
        TRY(search_late(op, i));
        TRY(search_fetch(op, rec, q, plan, found.rids[i], 0, &d, &ok));
        if (ok)
            found.rids[kept++] = found.rids[i];
    }
    *ret_n = kept;
    return OK;
}
