/* The store against a plain model: random puts, deletions and searches, pages taken while others
 * write, merges and restarts in between. The model keeps every version of everything in arrays and
 * answers by looking at all of it. SEED=n repeats a run; STEPS=n makes it longer. */
#include "store_suite.h"

#define RESOURCES 400u
#define VERSIONS 12u
#define KEYS 6u
#define PARAMS 5u
#define SINGLE PARAMS /* no resource has two keys of this one */
#define LEAD 1u       /* whose places are marked, among those of SINGLE and in the log */
#define LEADS 5u
#define PLACES 300u
#define VALUES 12u
#define TYPES 2u
#define COMPS 4u

struct model_version {
    uint64_t t;
    int64_t time;
    bool deleted;
    size_t n;
    struct {
        uint16_t param;
        uint64_t value;
    } keys[KEYS];
};

struct model_resource {
    uint64_t rid, comp;
    uint16_t type;
    uint32_t n;
    struct model_version v[VERSIONS];
};

struct model {
    struct suite *b;
    uint64_t rng;
    size_t n;
    struct model_resource r[RESOURCES];
    uint64_t comps[COMPS];
};

static uint64_t next(struct model *m, uint64_t below)
{
    m->rng ^= m->rng << 13;
    m->rng ^= m->rng >> 7;
    m->rng ^= m->rng << 17;
    return (m->rng >> 11) % below;
}

/* Bytes into a key at which leads and places of marks end. */
static unsigned shift(uint16_t param)
{
    return param == LEAD ? 32 : param == SINGLE ? 28 : 0;
}

static uint64_t value_of(struct model *m, uint16_t param)
{
    if (param == LEAD || param == SINGLE)
        return next(m, param == LEAD ? LEADS : PLACES) << shift(param);
    return next(m, VALUES) * (next(m, 8) == 0 ? 256 : 1);
}

static void random_keys(struct model *m, struct model_version *v)
{
    v->n = next(m, KEYS + 1);
    bool single = false;
    for (size_t i = 0; i < v->n; i++) {
        v->keys[i].param = (uint16_t)(1 + next(m, single ? SINGLE - 1 : PARAMS));
        single |= v->keys[i].param == SINGLE;
        v->keys[i].value = value_of(m, v->keys[i].param);
    }
}

static str body_of(struct arena *a, const struct model_version *v)
{
    struct buf b;
    buf_init(&b, a, 1024);
    for (size_t i = 0; i < v->n; i++) {
        buf_u16(&b, v->keys[i].param);
        buf_u64(&b, v->keys[i].value);
    }
    return buf_str(&b);
}

static err keys_of(struct op *op, void *ctx, const struct store_doc *doc, str **ret, size_t *ret_n)
{
    (void)ctx;
    str *keys = ARENA_ARRAY(op->arena, str, doc->body.n / 10 + 1);
    if (!keys)
        return fail(op, ERR_UNAVAILABLE, "no memory");
    for (size_t i = 0; i < doc->body.n / 10; i++)
        keys[i] = str_sub(doc->body, 10 * i, 10 * i + 10);
    *ret = keys;
    *ret_n = doc->body.n / 10;
    return OK;
}

/* Creates, updates or deletes one resource. */
static void write_one(struct model *m)
{
    struct suite *b = m->b;
    struct arena *a = arena_new(0);
    struct op op;
    op_init(&op, a, NULL, time_now());
    bool fresh = m->n < RESOURCES && (m->n < 10 || next(m, 3) == 0);
    struct model_resource *r = &m->r[fresh ? m->n : next(m, m->n)];
    if (fresh) {
        *r = (struct model_resource){.rid = store_rid_new(b->s, 1 + next(m, 90)),
                                     .type = (uint16_t)(7 + next(m, TYPES)),
                                     .comp = m->comps[next(m, COMPS)]};
        m->n++;
    }
    if (r->n < VERSIONS) {
        struct model_version *v = &r->v[r->n];
        struct store_tx *tx = store_tx_new(&op, b->s);
        struct store_commit c;
        str *keys = NULL;
        size_t n = 0;
        v->deleted = r->n > 0 && next(m, 4) == 0;
        random_keys(m, v);
        if (v->deleted)
            v->n = 0;
        struct store_doc d = {.body = body_of(a, v)};
        assert_int_equal(keys_of(&op, NULL, &d, &keys, &n), OK);
        struct store_put p = {.rid = r->rid,
                              .type = r->type,
                              .vid = r->n + 1,
                              .deleted = v->deleted,
                              .comp = r->comp,
                              .body = d.body,
                              .keys = keys,
                              .n_keys = n,
                              .marks = {LEAD, SINGLE}};
        store_tx_put(tx, &p);
        assert_int_equal(store_commit(&op, tx, &c), OK);
        v->t = c.t;
        v->time = c.time;
        r->n++;
    }
    arena_free(a);
}

static const struct model_version *at_t(const struct model_resource *r, uint64_t t)
{
    const struct model_version *v = NULL;
    for (uint32_t i = 0; i < r->n && r->v[i].t <= t; i++)
        v = &r->v[i];
    return v;
}

static bool in_range(struct arena *a, const struct store_range *range, uint16_t param,
                     uint64_t value)
{
    str k = suite_key(a, param, value);
    bool masked = range->mask.n == 0 ||
                  str_eq(str_sub(k, range->mask_at, range->mask_at + range->mask.n), range->mask);
    return masked && str_cmp(k, range->lo) >= 0 && str_cmp(k, range->hi) < 0;
}

static bool fits(struct arena *a, const struct store_clause *c, const struct model_resource *r,
                 const struct model_version *v)
{
    bool yes = false;
    for (size_t i = 0; c->kind == CLAUSE_RANGES && i < c->n_ranges; i++) {
        for (size_t k = 0; k < v->n; k++)
            yes = yes || in_range(a, &c->ranges[i], v->keys[k].param, v->keys[k].value);
    }
    for (size_t i = 0; c->kind == CLAUSE_RIDS && i < c->n_rids; i++)
        yes = yes || c->rids[i] == r->rid;
    if (c->kind == CLAUSE_TIME)
        yes = v->time >= c->time_lo && v->time < c->time_hi;
    return yes != c->negate;
}

struct answer {
    uint64_t rid, t, key;
    bool keyless;
};

static bool less(const struct store_sort *s, const struct answer *x, const struct answer *y)
{
    if (s->order == ORDER_KEY && x->keyless != y->keyless)
        return y->keyless;
    uint64_t a = s->order == ORDER_KEY ? x->key : s->order == ORDER_TIME ? x->t : 0;
    uint64_t b = s->order == ORDER_KEY ? y->key : s->order == ORDER_TIME ? y->t : 0;
    bool before = a != b ? a < b : x->rid < y->rid;
    return s->descending ? !before && x->rid != y->rid : before;
}

static void sort_key(const struct store_sort *s, const struct model_version *v, struct answer *x)
{
    x->keyless = true;
    for (size_t k = 0; k < v->n; k++) {
        uint64_t value = v->keys[k].value;
        if (v->keys[k].param != s->param)
            continue;
        if (x->keyless || (s->descending ? value > x->key : value < x->key))
            x->key = value;
        x->keyless = false;
    }
}

/* All results in order, as of t. */
static size_t ask_model(struct model *m, struct arena *a, const struct store_query *q, uint64_t t,
                        struct answer *out)
{
    size_t n = 0;
    for (size_t i = 0; i < m->n; i++) {
        const struct model_resource *r = &m->r[i];
        const struct model_version *v = at_t(r, t);
        bool yes = v && !v->deleted && r->type == q->type && (!q->comp || r->comp == q->comp);
        for (size_t c = 0; yes && c < q->n_clauses; c++)
            yes = fits(a, &q->clauses[c], r, v);
        if (!yes)
            continue;
        struct answer x = {.rid = r->rid, .t = v->t};
        sort_key(&q->sort, v, &x);
        size_t at = n++;
        for (; at > 0 && less(&q->sort, &x, &out[at - 1]); at--)
            out[at] = out[at - 1];
        out[at] = x;
    }
    return n;
}

static struct store_clause random_clause(struct model *m, struct arena *a)
{
    struct store_clause c = {.negate = next(m, 4) == 0};
    uint64_t kind = next(m, 10);
    if (kind == 0) {
        c.kind = CLAUSE_TIME;
        const struct model_resource *r = &m->r[next(m, m->n)];
        c.time_lo = r->v[0].time + (int64_t)next(m, 3) - 1;
        c.time_hi = c.time_lo + (int64_t)next(m, 2000);
        return c;
    }
    if (kind == 1) {
        uint64_t *rids = ARENA_ARRAY(a, uint64_t, 5);
        uint64_t from = next(m, m->n);
        c.kind = CLAUSE_RIDS;
        for (uint64_t i = from; i < m->n && c.n_rids < 5; i += 1 + next(m, 4))
            rids[c.n_rids++] = m->r[i].rid;
        c.rids = rids;
        return c;
    }
    struct store_range *ranges = ARENA_ARRAY(a, struct store_range, 3);
    c.kind = CLAUSE_RANGES;
    c.n_ranges = 1 + next(m, 3);
    for (size_t i = 0; i < c.n_ranges; i++) {
        uint64_t wide = next(m, 3) ? 1 : 1 + next(m, 4000);
        uint16_t param = (uint16_t)(1 + (next(m, 3) ? next(m, PARAMS) : LEAD - 1));
        ranges[i] = suite_range(a, param, value_of(m, param), wide << shift(param));
        if (next(m, 6) == 0) {
            ranges[i].mask = arena_str(a, str_make("\3", 1));
            ranges[i].mask_at = 9;
        }
    }
    c.ranges = ranges;
    return c;
}

/* Asks for leads in an order that they are marked in, and for so few that the marks are followed.
 */
static void random_marked(struct model *m, struct arena *a, struct store_clause *lead,
                          struct store_query *q)
{
    struct store_range *ranges = ARENA_ARRAY(a, struct store_range, 2);
    *lead = (struct store_clause){.ranges = ranges, .n_ranges = 1 + next(m, 2)};
    for (size_t i = 0; i < lead->n_ranges; i++)
        ranges[i] = suite_range(a, LEAD, next(m, LEADS) << shift(LEAD), UINT32_MAX);
    q->comp = 0;
    q->sort.order = next(m, 2) ? ORDER_TIME : ORDER_KEY;
    q->sort.param = q->sort.order == ORDER_KEY ? SINGLE : 0;
    q->sort.single = q->sort.order == ORDER_KEY;
    q->limit = 1 + next(m, 3);
    q->total = false;
}

static void random_query(struct model *m, struct arena *a, struct store_query *q)
{
    struct store_clause *clauses = ARENA_ARRAY(a, struct store_clause, 4);
    *q = (struct store_query){
        .type = (uint16_t)(7 + next(m, TYPES)), .marks = {LEAD, SINGLE}, .keys_of = keys_of};
    q->n_clauses = next(m, 4);
    for (size_t i = 0; i < q->n_clauses; i++)
        clauses[i] = random_clause(m, a);
    q->clauses = clauses;
    if (next(m, 2))
        q->comp = m->comps[1 + next(m, COMPS - 1)];
    q->sort.order = (enum store_order)next(m, 3);
    q->sort.descending = next(m, 2);
    q->sort.param = q->sort.order == ORDER_KEY ? (uint16_t)(1 + next(m, PARAMS)) : 0;
    q->sort.single = q->sort.param == SINGLE;
    q->limit = next(m, 6) ? 1 + next(m, 15) : 0;
    q->total = next(m, 2);
    if (next(m, 3) == 0) {
        random_marked(m, a, &clauses[3], q);
        q->clauses = &clauses[next(m, 2) ? 3 : 2]; /* alone, or behind another */
        q->n_clauses = (size_t)(&clauses[4] - q->clauses);
        if (q->n_clauses == 2)
            clauses[2] = random_clause(m, a);
    }
}

static void show_fault(const struct op *op, err e)
{
    if (e != OK && op->fault.n)
        print_message("%.*s\n", STR_ARG(op->fault.issues[0].message));
}

/* The way back from the page that starts at `at`: every result before it, the last one first. */
static void back_again(struct model *m, struct op *op, struct store_query *q, str from,
                       const struct answer *want, size_t at)
{
    struct store_found f;
    q->sort.backwards = true;
    q->after = from;
    do {
        err e = store_search(op, m->b->s, q, &f);
        show_fault(op, e);
        assert_int_equal(e, OK);
        for (size_t i = 0; i < f.n; i++) {
            assert_true(at > 0);
            assert_int_equal(f.rids[i], want[--at].rid);
        }
        assert_true(f.more == (at > 0));
        q->after = f.next;
        for (uint64_t i = next(m, 2); f.more && i > 0; i--)
            write_one(m);
    } while (f.more);
}

/* Takes all pages of a random query, writing in between, and compares with the first page's t. */
static void query_one(struct model *m)
{
    struct arena *a = arena_new(0);
    struct op op;
    struct store_query q;
    struct store_found f = {.n = 0};
    struct answer *want = ARENA_ARRAY(a, struct answer, RESOURCES);
    size_t n = 0, at = 0;
    uint64_t t = 0;
    op_init(&op, a, NULL, time_now());
    random_query(m, a, &q);
    do {
        err e = store_search(&op, m->b->s, &q, &f);
        show_fault(&op, e);
        assert_int_equal(e, OK);
        if (!t) {
            t = f.t;
            n = ask_model(m, a, &q, t, want);
        }
        assert_int_equal(f.t, t);
        if (q.total || q.limit == 0)
            assert_int_equal(f.total, n);
        for (size_t i = 0; i < f.n; i++, at++) {
            assert_true(at < n);
            assert_int_equal(f.rids[i], want[at].rid);
        }
        assert_true(q.limit == 0 || f.more == (at < n));
        q.after = f.next;
        for (uint64_t i = next(m, 3); f.more && i > 0; i--)
            write_one(m);
    } while (f.more);
    assert_true(q.limit == 0 || at == n);
    if (f.n)
        back_again(m, &op, &q, f.back, want, n - f.n);
    arena_free(a);
}

static void check_reads(struct model *m)
{
    struct suite *b = m->b;
    const struct model_resource *r = &m->r[next(m, m->n)];
    struct store_doc d, *all = NULL;
    size_t n = 0;
    suite_clear(b);
    assert_int_equal(store_get(&b->op, b->s, r->rid, &d), OK);
    assert_int_equal(d.vid, r->n);
    assert_int_equal(d.deleted, r->v[r->n - 1].deleted);
    assert_true(str_eq(d.body, body_of(b->arena, &r->v[r->n - 1])));
    assert_int_equal(store_history(&b->op, b->s, r->rid, 0, 100, &all, &n), OK);
    assert_int_equal(n, r->n);
    uint64_t t = r->v[next(m, r->n)].t;
    assert_int_equal(store_get_at(&b->op, b->s, r->rid, t, &d), OK);
    assert_int_equal(d.t, t);
}

static uint64_t setting(const char *name, uint64_t otherwise)
{
    uint64_t v = 0;
    return str_to_u64(str_of(getenv(name)), UINT32_MAX, &v) && v ? v : otherwise;
}

static void against_model(enum store_backend backend, uint64_t steps)
{
    struct model *m = calloc(1, sizeof *m);
    uint64_t seed = setting("SEED", (uint64_t)time_mono_ns() & 0xFFFFFF);
    m->rng = seed * 0x9E3779B97F4A7C15u + 1;
    print_message("SEED=%llu\n", (unsigned long long)seed);
    m->b = suite_new(backend, 24);
    for (unsigned i = 1; i < COMPS; i++)
        m->comps[i] = store_rid_new(m->b->s, 1);
    for (uint64_t i = 0; i < 10; i++)
        write_one(m);
    for (uint64_t i = 0; i < steps; i++) {
        write_one(m);
        if (next(m, 2))
            query_one(m);
        if (next(m, 8) == 0)
            check_reads(m);
        if (backend != STORE_MEMORY && next(m, 100) == 0)
            suite_reopen(m->b);
    }
    suite_free(m->b);
    free(m);
}

static void test_memory(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++)
        against_model(STORE_MEMORY, setting("STEPS", 1500));
}

static void test_sqlite(void **state)
{
    (void)state;
    against_model(STORE_SQLITE, setting("STEPS", 1000));
}

static void test_postgres(void **state)
{
    (void)state;
    against_model(STORE_POSTGRES, setting("STEPS", 300));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_memory), cmocka_unit_test(test_sqlite),
                                       cmocka_unit_test(test_postgres)};
    cmocka_set_test_filter(suite_database() ? "*postgres" : NULL);
    cmocka_set_skip_filter(suite_database() ? NULL : "*postgres");
    return cmocka_run_group_tests_name("store.model", tests, NULL, NULL);
}
