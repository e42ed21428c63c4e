/* What the store answered is kept: the patients of a question, by the keys it comes down to, for
 * whoever comes to the same keys; what may be shown is asked each time by the caller. The log
 * brings an answer up to date: of each patient with a change of the type, the question is asked
 * again in their record alone. Invariant: an answer as of t misses no commit up to t; a moment
 * counts only when the store has acknowledged it, since a log may be read ahead of what searches
 * see. */
#include "base/buf.h"
#include "record/cohort_int.h"

#include <pthread.h>

#define KEPT_MAX 64u
#define KEPT_BYTES ((size_t)64 << 20)
#define KEY_BYTES_MAX (64u << 10)
#define CHANGES_A_PAGE 4096u
#define CHANGES_MAX 100000u /* of the log; past them, or so many patients, all are found anew */
#define CHANGED_MAX 20000u

struct kept {
    str key;            /* its bytes lie behind the patients */
    uint64_t *patients; /* NULL: nothing is kept here */
    size_t n;
    uint64_t t, used;
};

struct cohort_kept {
    pthread_mutex_t lock;
    struct kept at[KEPT_MAX];
    uint64_t clock, forgotten; /* counters */
    size_t bytes;
};

err cohort_kept_new(struct op *op, struct cohort_kept **ret)
{
    struct cohort_kept *k = calloc(1, sizeof *k);
    if (!k)
        return fail(op, ERR_UNAVAILABLE, "No memory left to open the record.");
    pthread_mutex_init(&k->lock, NULL);
    *ret = k;
    return OK;
}

static size_t size_of(const struct kept *e)
{
    return e->key.n + e->n * sizeof *e->patients;
}

static void drop(struct cohort_kept *k, struct kept *e)
{
    k->bytes -= size_of(e);
    free(e->patients);
    *e = (struct kept){0};
}

void cohort_kept_free(struct cohort_kept *k)
{
    if (!k)
        return;
    for (size_t i = 0; i < KEPT_MAX; i++)
        drop(k, &k->at[i]);
    pthread_mutex_destroy(&k->lock);
    free(k);
}

void cohort_kept_forget(struct record *rec)
{
    struct cohort_kept *k = rec->cohorts;
    pthread_mutex_lock(&k->lock);
    for (size_t i = 0; i < KEPT_MAX; i++)
        drop(k, &k->at[i]);
    k->forgotten++;
    pthread_mutex_unlock(&k->lock);
}

/* ---- the question, as keys ---- */
static void add_text(struct buf *b, str s)
{
    buf_varint(b, s.n);
    buf_add(b, s);
}

static void add_clause(struct buf *b, const struct store_clause *c)
{
    buf_u8(b, (uint8_t)((unsigned)c->kind << 1 | (c->negate ? 1u : 0)));
    buf_varint(b, c->n_ranges);
    for (size_t i = 0; i < c->n_ranges; i++) {
        add_text(b, c->ranges[i].lo);
        add_text(b, c->ranges[i].hi);
        add_text(b, c->ranges[i].mask);
        buf_varint(b, c->ranges[i].mask_at);
    }
    buf_varint(b, c->n_rids);
    for (size_t i = 0; i < c->n_rids && buf_ok(b); i++)
        buf_u64(b, c->rids[i]);
    buf_u64(b, (uint64_t)c->time_lo);
    buf_u64(b, (uint64_t)c->time_hi);
}

/* Empty: too long to be kept under. */
static str key_of(struct op *op, const struct store_query *q)
{
    struct buf b;
    buf_init(&b, op->arena, KEY_BYTES_MAX);
    buf_varint(&b, q->type);
    for (size_t i = 0; i < q->n_clauses; i++)
        add_clause(&b, &q->clauses[i]);
    return buf_ok(&b) ? buf_str(&b) : STR_NONE;
}

/* ---- in and out ---- */
static struct kept *find(struct cohort_kept *k, str key)
{
    for (size_t i = 0; i < KEPT_MAX; i++)
        if (k->at[i].patients && str_eq(k->at[i].key, key))
            return &k->at[i];
    return NULL;
}

/* A copy in op->arena; patients NULL: there is none. *ret_forgotten: for put(). */
static err take(struct op *op, struct cohort_kept *k, str key, struct kept *ret,
                uint64_t *ret_forgotten)
{
    *ret = (struct kept){.key = key};
    pthread_mutex_lock(&k->lock);
    struct kept *e = find(k, key);
    *ret_forgotten = k->forgotten;
    if (e) {
        ret->patients = arena_alloc(op->arena, (e->n + 1) * sizeof *e->patients);
        if (ret->patients)
            memcpy(ret->patients, e->patients, e->n * sizeof *e->patients);
        ret->n = e->n;
        ret->t = e->t;
        e->used = ++k->clock;
    }
    pthread_mutex_unlock(&k->lock);
    return op_check(op);
}

static struct kept *room_for(struct cohort_kept *k, size_t bytes)
{
    for (;;) {
        struct kept *oldest = NULL, *empty = NULL;
        for (size_t i = 0; i < KEPT_MAX; i++) {
            struct kept *e = &k->at[i];
            if (!e->patients)
                empty = e;
            else if (!oldest || e->used < oldest->used)
                oldest = e;
        }
        if (empty && k->bytes + bytes <= KEPT_BYTES)
            return empty;
        if (!oldest)
            return NULL;
        drop(k, oldest);
    }
}

/* A younger answer stays; without memory, or where something was forgotten meanwhile, none is kept.
 */
static void put(struct cohort_kept *k, const struct kept *a, uint64_t forgotten)
{
    struct kept own = *a;
    own.patients = malloc(size_of(a));
    if (!own.patients)
        return;
    if (a->n)
        memcpy(own.patients, a->patients, a->n * sizeof *own.patients);
    char *key = (char *)(own.patients + a->n);
    memcpy(key, a->key.p, a->key.n);
    own.key = str_make(key, a->key.n);
    pthread_mutex_lock(&k->lock);
    struct kept *e = find(k, a->key);
    bool fits = size_of(&own) <= KEPT_BYTES && k->forgotten == forgotten && !(e && e->t >= a->t);
    if (fits && e)
        drop(k, e);
    e = fits ? room_for(k, size_of(&own)) : NULL;
    if (e) {
        own.used = ++k->clock;
        k->bytes += size_of(&own);
        *e = own;
    }
    pthread_mutex_unlock(&k->lock);
    if (!e)
        free(own.patients);
}

/* Nothing of the type has changed. */
static void move_on(struct cohort_kept *k, str key, uint64_t from, uint64_t to)
{
    pthread_mutex_lock(&k->lock);
    struct kept *e = find(k, key);
    if (e && e->t == from)
        e->t = to;
    pthread_mutex_unlock(&k->lock);
}

/* ---- brought up to date ---- */
/* Patients with a change of the type after `after` and up to t; *ret_few false: too many. */
static err changed(struct crowd *c, uint64_t after, uint64_t t, numbers *ret, bool *ret_few)
{
    size_t n = CHANGES_A_PAGE, seen = 0;
    *ret_few = true;
    while (*ret_few && after < t && n >= CHANGES_A_PAGE) {
        struct store_change *all;
        struct op op;
        arena_reset(c->page);
        cohort_op(c, &op);
        TRY(cohort_fault(c, store_feed(&op, c->rec->store, after, CHANGES_A_PAGE, &all, &n), &op));
        for (size_t i = 0; i < n && all[i].t <= t; i++)
            if (all[i].type == c->plan.q.type && all[i].comp)
                VEC_PUSH(c->op->arena, ret, all[i].comp);
        after = n ? all[n - 1].t : t;
        cohort_settle(ret);
        seen += n;
        *ret_few = ret->n <= CHANGED_MAX && seen <= CHANGES_MAX;
    }
    return op_check(c->op);
}

/* Both ascend: who is among the changed is in or out as their record says now. */
static err merge(struct crowd *c, const struct kept *was, const numbers *some)
{
    size_t i = 0, k = 0;
    while (i < was->n || k < some->n) {
        bool in = true, again = k < some->n && (i == was->n || some->at[k] <= was->patients[i]);
        uint64_t who = again ? some->at[k++] : was->patients[i];
        if (i < was->n && was->patients[i] == who)
            i++;
        if (again)
            TRY(cohort_holds(c, who, &in));
        if (in)
            VEC_PUSH(c->op->arena, &c->found, who);
    }
    return op_check(c->op);
}

err cohort_kept_ask(struct crowd *c)
{
    struct kept was;
    numbers some = {.n = 0};
    uint64_t now = store_now_t(c->rec->store), forgotten;
    str key = key_of(c->op, &c->plan.q);
    bool few = false;
    TRY(op_check(c->op));
    TRY(take(c->op, c->rec->cohorts, key, &was, &forgotten));
    if (was.patients)
        TRY(changed(c, was.t, now, &some, &few));
    c->t = now;
    if (few && some.n == 0) {
        c->found = (numbers){was.patients, was.n, was.n};
        move_on(c->rec->cohorts, key, was.t, now);
        return OK;
    }
    TRY(few ? merge(c, &was, &some) : cohort_walk(c));
    cohort_settle(&c->found);
    if (key.n)
        put(c->rec->cohorts, &(struct kept){key, c->found.at, c->found.n, now, 0}, forgotten);
    return OK;
}
