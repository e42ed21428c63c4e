/* What makes posted search parameters true: reads the SearchParameters, gives each its number for
 * ever, publishes the set, and makes keys for what is stored already.
 * Invariants: a number belongs to one definition (type, url, code, kind, expression) and is never
 * given to another; keys are made only when nobody writes by an older set; what is taken away is
 * forgotten on disk before it is published, so that it is made anew when it comes back. */
#include "base/buf.h"
#include "record/custom_int.h"
#include "store/rekey.h"

#define READY STR("ready")

static uint64_t mixed(uint64_t h, str s)
{
    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (unsigned char)s.p[i]) * 1099511628211u;
    return (h ^ 0xff) * 1099511628211u;
}

/* FNV-1a: it tells definitions of one server apart, and is no secret. */
static uint64_t hash_of(const struct fhir_custom_def *d, fhir_type base)
{
    uint64_t h = mixed(14695981039346656037u, fhir_type_name(base));
    h = mixed(mixed(mixed(h, d->url), d->code), d->expression);
    h = (h ^ d->type) * 1099511628211u;
    for (size_t i = 0; i < d->n_targets; i++)
        h = mixed(h, fhir_type_name(d->targets[i]));
    return h;
}

/* A named value, or nothing. */
static err named(struct op *op, struct record *rec, str key, str *ret)
{
    err e = store_kv_get(op, rec->store, key, ret);
    if (e != ERR_NOT_FOUND)
        return e;
    op_clear(op);
    *ret = STR_NONE;
    return OK;
}

static str key_at(struct arena *a, unsigned number)
{
    return arena_printf(a, "custom.at.%u", number);
}

/* The number of a definition; a new one is on disk before it is used. */
static err number_of(struct op *op, struct record *rec, uint64_t hash, uint16_t *ret)
{
    str key = arena_printf(op->arena, "custom.of.%016llx", (unsigned long long)hash);
    str had, next_had;
    uint64_t n = FHIR_CUSTOM_FIRST;
    struct store_commit c;
    TRY(named(op, rec, key, &had));
    if (had.n && str_to_u64(had, FHIR_CUSTOM_LAST, &n)) {
        *ret = (uint16_t)n;
        return OK;
    }
    TRY(named(op, rec, STR("custom.next"), &next_had));
    (void)str_to_u64(next_had, UINT32_MAX, &n);
    if (n > FHIR_CUSTOM_LAST)
        return fail(op, ERR_TOO_COSTLY, "All numbers of search parameters have been given away.");
    struct store_tx *tx = store_tx_new(op, rec->store);
    store_tx_kv(tx, key, arena_printf(op->arena, "%llu", (unsigned long long)n));
    store_tx_kv(tx, STR("custom.next"), arena_printf(op->arena, "%llu", (unsigned long long)n + 1));
    TRY(store_commit(op, tx, &c));
    *ret = (uint16_t)n;
    return OK;
}

static err state_new(struct op *op, struct record *rec, const struct fhir_custom_def *d, size_t i,
                     struct custom_state **ret)
{
    struct customs *cs = rec->customs;
    struct op keep;
    uint16_t number = 0;
    str had;
    struct custom_state *st = ARENA_NEW(cs->arena, struct custom_state);
    op_init(&keep, cs->arena, op->actor, op->now);
    st->hash = hash_of(d, d->bases[i]);
    st->url = arena_str(cs->arena, d->url);
    TRY(number_of(op, rec, st->hash, &number));
    if (fhir_custom_make(&keep, d, i, number, &st->row) != OK)
        return fail(op, ERR_UNAVAILABLE, "No memory left for search parameters; start again.");
    TRY(named(op, rec, key_at(op->arena, number), &had));
    st->ready = str_eq(had, READY);
    (void)str_to_u64(had, UINT64_MAX, &st->at);
    atomic_store(&st->percent, st->ready ? 100 : 0);
    st->row.percent = &st->percent;
    st->next = cs->known;
    cs->known = st;
    *ret = st;
    return OK;
}

struct found {
    struct custom_state *at[RECORD_CUSTOM_MAX];
    size_t n;
};

static bool taken(const struct found *f, fhir_type base, str code)
{
    for (size_t i = 0; i < f->n; i++)
        if (f->at[i]->row.param.base == base && str_eq(code, str_of(f->at[i]->row.param.code)))
            return true;
    return false;
}

/* Of two that were posted at the same moment, the older counts. */
static err add(struct op *op, struct record *rec, const struct fhir_custom_def *d, uint64_t rid,
               struct found *f)
{
    for (size_t i = 0; i < d->n_bases && f->n < RECORD_CUSTOM_MAX; i++) {
        struct custom_state *st = rec->customs->known;
        uint64_t hash = hash_of(d, d->bases[i]);
        if (taken(f, d->bases[i], d->code))
            continue;
        while (st && (st->hash != hash || st->row.param.base != d->bases[i]))
            st = st->next;
        if (!st)
            TRY(state_new(op, rec, d, i, &st));
        st->rid = rid;
        f->at[f->n++] = st;
    }
    return OK;
}

static err look(struct op *op, struct record *rec, struct found *f)
{
    struct record_page page;
    TRY(record_find(op, rec, rec->t_parameter, STR("status=active&_count=1000"), &page));
    for (size_t i = 0; i < page.n_match; i++) {
        struct fhir_custom_def d;
        struct json *tree;
        struct op inner;
        TRY(record_parse(op, &page.docs[i], &tree));
        op_init(&inner, op->arena, op->actor, op->now);
        if (fhir_custom_read(&inner, tree, &d) == OK && d.active)
            TRY(add(op, rec, &d, page.docs[i].rid, f));
    }
    return OK;
}

static bool in(const struct found *f, uint64_t number)
{
    for (size_t i = 0; i < f->n; i++)
        if (f->at[i]->row.param.number == number)
            return true;
    return false;
}

/* The numbers in use are kept by name; those that are not any more forget how far they were. */
static err forget(struct op *op, struct record *rec, const struct found *f)
{
    str had, rest, one, now = STR_NONE;
    uint64_t number;
    struct store_commit c;
    TRY(named(op, rec, STR("custom.on"), &had));
    for (size_t i = 0; i < f->n; i++)
        now = arena_printf(op->arena, "%.*s%s%u", STR_ARG(now), i ? "," : "",
                           f->at[i]->row.param.number);
    if (str_eq(had, now))
        return OK;
    struct store_tx *tx = store_tx_new(op, rec->store);
    store_tx_kv(tx, STR("custom.on"), now);
    for (rest = had; str_take_until(&rest, ',', &one);)
        if (str_to_u64(one, FHIR_CUSTOM_LAST, &number) && !in(f, number))
            store_tx_kv(tx, key_at(op->arena, (unsigned)number), STR_NONE);
    TRY(store_commit(op, tx, &c));
    for (struct custom_state *st = rec->customs->known; st; st = st->next) {
        if (in(f, st->row.param.number))
            continue;
        st->at = st->until = 0;
        st->ready = false;
        atomic_store(&st->percent, 0);
    }
    return OK;
}

static bool same(const struct custom_set *set, const struct found *f)
{
    bool all = set->all.n == f->n;
    for (size_t i = 0; all && i < f->n; i++)
        all = set->states[i] == f->at[i];
    return all;
}

static err publish(struct op *op, struct customs *c, const struct found *f)
{
    struct custom_set *old = atomic_load(&c->now);
    if (same(old, f))
        return OK;
    struct custom_set *set = ARENA_NEW(c->arena, struct custom_set);
    struct fhir_custom *rows = ARENA_ARRAY(c->arena, struct fhir_custom, f->n + 1);
    set->states = ARENA_ARRAY(c->arena, struct custom_state *, f->n + 1);
    if (arena_failed(c->arena))
        return fail(op, ERR_UNAVAILABLE, "No memory left for search parameters; start again.");
    for (size_t i = 0; i < f->n; i++) {
        rows[i] = f->at[i]->row;
        set->states[i] = f->at[i];
    }
    set->all = (struct fhir_customs){.rows = rows, .n = f->n};
    set->before = old;
    atomic_store(&c->now, set);
    atomic_fetch_add(&c->generation, 1);
    return OK;
}

static err refresh(struct op *op, struct record *rec)
{
    struct found f = {.n = 0};
    TRY(look(op, rec, &f));
    TRY(forget(op, rec, &f));
    return publish(op, rec->customs, &f);
}

/* With memory of its own, which is given back. */
static err apart(struct op *op, struct record *rec, err (*fn)(struct op *, struct record *))
{
    static const struct actor self = {.role = ROLE_SYSTEM, .purpose = PURPOSE_HOPERAT};
    struct arena *a = arena_new(0);
    struct op inner;
    if (!a)
        return fail(op, ERR_UNAVAILABLE, "No memory left for search parameters.");
    op_init(&inner, a, &self, op->now);
    err e = fn(&inner, rec);
    if (e != OK)
        e = fail(op, e, "Posted search parameters could not be read: %.*s",
                 STR_ARG(inner.fault.n ? inner.fault.issues[0].message : STR("no memory")));
    arena_free(a);
    return e;
}

err custom_refresh(struct op *op, struct record *rec)
{
    return apart(op, rec, refresh);
}

static bool drained(const struct custom_set *now)
{
    for (const struct custom_set *s = now->before; s; s = s->before)
        if (atomic_load(&s->writers))
            return false;
    return true;
}

static err finished(struct op *op, struct record *rec, struct custom_state *st, str kv)
{
    struct store_commit c;
    struct store_tx *tx = store_tx_new(op, rec->store);
    store_tx_kv(tx, kv, READY);
    TRY(store_commit(op, tx, &c));
    st->ready = true;
    atomic_store(&st->percent, 100);
    return OK;
}

static err slice(struct op *op, struct record *rec, struct custom_state *st, size_t max)
{
    bool *types = ARENA_ARRAY(op->arena, bool, (size_t)FHIR_TYPE_COUNT + 1);
    TRY(op_check(op));
    types[st->row.param.base] = true;
    if (!st->until)
        st->until = store_rid_last(rec->store);
    struct reindex r = {.rid = st->at,
                        .until = st->until,
                        .types = types,
                        .kv = key_at(op->arena, st->row.param.number)};
    if (r.rid < r.until)
        TRY(reindex_some(op, rec, &r, max));
    st->at = r.rid;
    if (r.rid >= r.until)
        return finished(op, rec, st, r.kv);
    atomic_store(&st->percent, (unsigned)(r.rid / (r.until / 100 + 1)));
    return OK;
}

static err work(struct op *op, struct record *rec, size_t max, bool *ret_more)
{
    struct customs *c = rec->customs;
    if (atomic_exchange(&c->stale, false)) {
        err e = custom_refresh(op, rec);
        if (e != OK)
            atomic_store(&c->stale, true);
        TRY(e);
    }
    const struct custom_set *set = atomic_load(&c->now);
    struct custom_state *todo = NULL;
    for (size_t i = 0; i < set->all.n && !todo; i++)
        todo = set->states[i]->ready ? NULL : set->states[i];
    if (!todo || !drained(set))
        return OK;
    *ret_more = true;
    return slice(op, rec, todo, max);
}

err record_custom_work(struct op *op, struct record *rec, size_t max, bool *ret_more)
{
    *ret_more = false;
    pthread_mutex_lock(&rec->customs->lock);
    err e = work(op, rec, max, ret_more);
    pthread_mutex_unlock(&rec->customs->lock);
    return e;
}
