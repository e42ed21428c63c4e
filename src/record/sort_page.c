/* Pages in an order that the store does not keep: every match is walked over and the best of them
 * stay, as many as a page holds. Where the store keeps the order of the first key, the walk goes by
 * it and ends when nothing better can come. A page goes on behind the values of its last row.
 * Invariant: each page is what one whole sort of all matches, as of the first page's moment, has at
 * that place; memory is that of a page. */
#include "record/sort_int.h"

#define KEPT_MAX ((size_t)8 << 20) /* bytes of rows, those thrown out again included */

struct pager {
    const struct fhir_query *q;
    size_t part;
    bool led;         /* the walk goes in the order of the first key */
    bool back, bound; /* bound: what is not behind the edge has been shown */
    uint64_t t;
    struct sort_row edge;
    struct sort_row *rows; /* the best so far, in order of the walk */
    size_t n, want;
    uint64_t total;
    struct arena
        *keep[2]; /* where their values are; the second takes over when the first is full */
};

static int order(const struct pager *p, const struct sort_row *a, const struct sort_row *b)
{
    int c = sort_compare(p->q, a, b);
    return p->back ? -c : c;
}

static struct sort_value *copy(struct arena *a, const struct sort_value *v, size_t n)
{
    struct sort_value *out = ARENA_ARRAY(a, struct sort_value, n);
    for (size_t i = 0; out && i < n; i++) {
        out[i] = v[i];
        out[i].text = arena_str(a, v[i].text);
    }
    return out;
}

static err put(struct op *op, struct pager *p, const struct sort_row *r)
{
    size_t lo = 0, hi = p->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (order(p, &p->rows[mid], r) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo == p->want)
        return OK;
    size_t moved = (p->n < p->want ? p->n : p->want - 1) - lo;
    memmove(&p->rows[lo + 1], &p->rows[lo], moved * sizeof *p->rows);
    p->rows[lo] = *r;
    p->rows[lo].values = copy(p->keep[0], r->values, p->q->n_sort);
    p->n += p->n < p->want;
    if (arena_used(p->keep[0]) > KEPT_MAX) {
        struct arena *full = p->keep[0];
        for (size_t i = 0; i < p->n; i++)
            p->rows[i].values = copy(p->keep[1], p->rows[i].values, p->q->n_sort);
        p->keep[0] = p->keep[1];
        p->keep[1] = full;
        arena_reset(full);
    }
    return arena_failed(p->keep[0]) ? fail(op, ERR_UNAVAILABLE, "No memory left to sort.") : OK;
}

static err seen(struct op *op, struct each *e, const struct store_doc *d, bool *ret_stop)
{
    struct pager *p = e->ctx;
    struct sort_row r = {.rid = d->rid, .part = p->part};
    TRY(sort_values(op, e->rec, e->part->q, d, &r.values));
    p->total++;
    if (p->bound && order(p, &p->edge, &r) >= 0)
        return OK;
    if (p->led && p->n == p->want) {
        int c = sort_compare_key(&p->q->sort[0], &r.values[0], &p->rows[p->n - 1].values[0]);
        *ret_stop = p->back ? c < 0 : c > 0;
    }
    return *ret_stop ? OK : put(op, p, &r);
}

static bool is_time(const struct fhir_query *q)
{
    return str_eq(str_of(q->sort[0].param->code), STR("_lastUpdated"));
}

/* The key of the edge's first value, without the parameter's number. */
static struct kb edge_key(const struct pager *p)
{
    const struct sort_value *v = &p->edge.values[0];
    struct kb k = {0};
    if (v->has && p->q->sort[0].param->type == PARAM_DATE)
        kb_time(&k, (int64_t)v->number);
    else if (v->has)
        kb_double(&k, v->number);
    return k;
}

/* A walk by _lastUpdated begins at the edge by a window, since commits of one moment are one. */
static err window(struct op *op, const struct pager *p, struct store_query *q)
{
    bool down = p->q->sort[0].descending != p->back;
    int64_t edge = (int64_t)p->edge.values[0].number;
    struct store_clause *all = ARENA_ARRAY(op->arena, struct store_clause, q->n_clauses + 1);
    TRY(op_check(op));
    if (q->n_clauses)
        memcpy(all, q->clauses, q->n_clauses * sizeof *all);
    all[q->n_clauses++] = (struct store_clause){.kind = CLAUSE_TIME,
                                                .time_lo = down ? INT64_MIN : edge,
                                                .time_hi = down ? edge + 1 : INT64_MAX};
    q->clauses = all;
    return OK;
}

/* Where the walk over a part begins. */
static err begin(struct op *op, const struct pager *p, struct search_part *part)
{
    struct store_query *q = &part->plan.q;
    q->total = false;
    q->sort = p->led ? sort_in_store(p->q) : (struct store_sort){.order = ORDER_RID};
    q->sort.backwards = p->led && p->back;
    q->after = p->t ? store_position_at(op, p->t, &q->sort, NULL) : STR_NONE;
    if (p->led && p->bound) {
        struct kb k = edge_key(p);
        str key = str_make(k.p, k.n);
        q->after = store_position_at(op, p->t, &q->sort, &key);
    }
    return p->led && p->bound && is_time(p->q) ? window(op, p, q) : op_check(op);
}

static err walk(struct op *op, struct record *rec, struct search_part *parts, size_t n,
                struct pager *p)
{
    bool stopped = false;
    for (p->part = 0; p->part < n; p->part++) {
        struct search_part *part = &parts[p->part];
        struct plan asked = part->plan;
        struct each each = {.op = op, .rec = rec, .part = part, .fn = seen, .ctx = p};
        TRY(begin(op, p, part));
        TRY(search_each(&each));
        p->t = p->t ? p->t : each.t;
        stopped |= each.stopped;
        part->plan = asked;
    }
    if (stopped || (p->led && p->bound))
        p->total = UINT64_MAX; /* not all was seen */
    return OK;
}

/* ---- where a page goes on: direction, moment, and the row at its edge ---- */

static str place(struct op *op, const struct pager *p, const struct sort_row *r, bool back)
{
    struct buf b;
    buf_init(&b, op->arena, 2 * SORT_TEXT_MAX);
    buf_printf(&b, "%c%llu.%llu.", back ? 'b' : 'f', (unsigned long long)p->t,
               (unsigned long long)r->rid);
    for (size_t i = 0; i < p->q->n_sort; i++) {
        const struct sort_value *v = &r->values[i];
        uint64_t bits;
        memcpy(&bits, &v->number, sizeof bits);
        buf_printf(&b, "%d.%llu.%zu.", v->has, (unsigned long long)bits, v->text.n);
        buf_add(&b, v->text);
    }
    return buf_ok(&b) ? buf_str(&b) : STR_NONE;
}

static bool take(str *in, uint64_t *ret)
{
    str part;
    return str_take_until(in, '.', &part) && str_to_u64(part, UINT64_MAX, ret);
}

uint64_t sort_page_t(str page)
{
    uint64_t t;
    str rest = str_sub(page, 1, page.n);
    return take(&rest, &t) ? t : 0;
}

static bool take_value(str *in, struct sort_value *v)
{
    uint64_t has, bits, n;
    if (!take(in, &has) || !take(in, &bits) || !take(in, &n) || has > 1 || n > in->n)
        return false;
    v->has = has == 1;
    memcpy(&v->number, &bits, sizeof bits);
    v->text = str_sub(*in, 0, (size_t)n);
    *in = str_sub(*in, (size_t)n, in->n);
    return true;
}

static err page_begin(struct op *op, struct pager *p, str at)
{
    p->edge.values = ARENA_ARRAY(op->arena, struct sort_value, p->q->n_sort);
    p->want = (size_t)p->q->count + 1;
    p->rows = ARENA_ARRAY(op->arena, struct sort_row, p->want + 1);
    TRY(op_check(op));
    if (str_empty(at))
        return OK;
    p->bound = true;
    p->back = at.p[0] == 'b';
    bool good = p->back || at.p[0] == 'f';
    at = str_sub(at, 1, at.n);
    good = good && take(&at, &p->t) && p->t && take(&at, &p->edge.rid);
    for (size_t i = 0; good && i < p->q->n_sort; i++)
        good = take_value(&at, &p->edge.values[i]);
    return good && !at.n ? OK
                         : fail(op, ERR_INVALID,
                                "_page is not a position that this server gave; start at page "
                                "one.");
}

static err shown(struct op *op, struct record *rec, const struct search_part *parts,
                 struct pager *p, struct record_page *ret)
{
    bool more = p->n == p->want;
    p->n -= more;
    const struct sort_row *first = p->n ? &p->rows[p->back ? p->n - 1 : 0] : NULL;
    const struct sort_row *last = p->n ? &p->rows[p->back ? 0 : p->n - 1] : NULL;
    for (size_t i = 0; i < p->n; i++) {
        const struct sort_row *r = &p->rows[p->back ? p->n - 1 - i : i];
        struct store_doc d;
        bool ok;
        TRY(search_fetch(op, rec, NULL, &parts[r->part].plan, r->rid, p->t, &d, &ok));
        if (ok)
            doc_fill(op, rec, &d, &ret->docs[ret->n++]);
    }
    if (last && (p->back || more))
        ret->next = place(op, p, last, false);
    if (first && (p->back ? more : p->bound))
        ret->prev = place(op, p, first, true);
    ret->t = p->t;
    return op_check(op);
}

static err count(struct op *op, struct record *rec, struct search_part *parts,
                 const struct pager *p, struct record_page *ret)
{
    struct plan again = parts[0].plan; /* only one part can be led */
    struct store_found found = {0};
    ret->has_total = p->total != UINT64_MAX;
    ret->total = ret->has_total ? p->total : 0;
    if (ret->has_total || (p->q->total != TOTAL_ACCURATE && p->q->total != TOTAL_ESTIMATE))
        return OK;
    ret->has_total = true;
    if (again.verify && p->q->total == TOTAL_ACCURATE)
        return search_count(op, rec, &parts[0], p->t, &ret->total);
    again.q.limit = 0;
    again.q.total = true;
    again.q.sort = (struct store_sort){.order = ORDER_RID};
    again.q.after = store_position(op, p->t, false);
    TRY(store_search(op, rec->store, &again.q, &found));
    ret->total = found.total;
    return OK;
}

err search_sorted(struct op *op, struct record *rec, struct search_part *parts, size_t n,
                  struct record_page *ret)
{
    struct pager p = {.q = parts[0].q};
    err e = page_begin(op, &p, p.q->page);
    p.led = n == 1 && (is_time(p.q) || sort_keyed(p.q->sort[0].param));
    if (!p.t)
        p.t = n > 1 ? store_now_t(rec->store) : parts[0].plan.t;
    p.keep[0] = arena_new(0);
    p.keep[1] = arena_new(0);
    if (e == OK && (!p.keep[0] || !p.keep[1]))
        e = fail(op, ERR_UNAVAILABLE, "No memory left to sort.");
    if (e == OK)
        e = walk(op, rec, parts, n, &p);
    if (e == OK)
        e = shown(op, rec, parts, &p, ret);
    if (e == OK)
        e = count(op, rec, parts, &p, ret);
    arena_free(p.keep[0]);
    arena_free(p.keep[1]);
    return e;
}
