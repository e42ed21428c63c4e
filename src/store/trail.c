/* The audit trail: append only, numbered without gaps, a hash chain. Entries come inside
 * transactions or loose (reads); loose ones share the writer's groups, and tickets say when they
 * are durable; where the back end has a spool, they are durable there first (spool.c) and readers
 * here wait for the rows (trail_row.c).
 * Invariant: a ticket counts as durable only after the fsync of the group that holds its entry. */
#include "store/store_int.h"

#define LOOSE_MAX 65536u
#define LOOSE_BYTES_MAX ((size_t)64 << 20)
#define LOOKS_A_WRITE 8u /* on the disk while others of their round are made */

err trail_write_head(struct op *op, struct store *s)
{
    char head[40];
    str sealed = STR_NONE;
    u64_write(head, s->pending.trail_seq);
    memcpy(head + 8, s->pending.trail_head, 32);
    TRY(seal(op, &s->vault, OWNER_STORE, STR("head"), str_make(head, sizeof head), &sealed));
    TRY(s->ops->put(op, s->be, SPACE_META, STR("head"), sealed));
    return heads_write(op, s);
}

struct loose *loose_new(str entry, str set)
{
    struct loose *l = malloc(sizeof *l + entry.n + set.n);
    if (!l)
        return NULL;
    char *bytes = (char *)(l + 1);
    if (entry.n)
        memcpy(bytes, entry.p, entry.n);
    if (set.n)
        memcpy(bytes + entry.n, set.p, set.n);
    *l = (struct loose){.entry = {bytes, entry.n}, .set = {bytes + entry.n, set.n}};
    return l;
}

/* *ret_full: there are enough for a write of their own. */
static uint64_t desk_add(struct trail_desk *d, struct loose *l, bool *ret_full)
{
    pthread_mutex_lock(&d->lock);
    while (d->n >= LOOSE_MAX || d->bytes >= LOOSE_BYTES_MAX)
        pthread_cond_wait(&d->moved, &d->lock);
    uint64_t ticket = l->ticket = ++d->ticket;
    if (d->last)
        d->last->next = l;
    else
        d->first = l;
    d->last = l;
    d->n++;
    d->bytes += sizeof *l + l->entry.n + l->set.n;
    *ret_full = d->n % LOOKS_A_WRITE == 0;
    pthread_mutex_unlock(&d->lock);
    return ticket;
}

void store_trail_go(struct store *s)
{
    pthread_mutex_lock(&s->desk.lock);
    bool any = s->desk.n > 0; /* else others have sent them */
    pthread_mutex_unlock(&s->desk.lock);
    if (!any)
        return;
    pthread_mutex_lock(&s->lock);
    bool asleep = !s->poked;
    s->poked = true;
    pthread_mutex_unlock(&s->lock);
    if (asleep)
        pthread_cond_signal(&s->work); /* the lock is free when it wakes */
}

err store_trail_append(struct op *op, struct store *s, str entry, const str *keys, size_t n_keys,
                       uint64_t *ret_ticket)
{
    str set = STR_NONE;
    bool full = false;
    TRY(keyset_pack(op, keys, n_keys, &set));
    struct loose *l = loose_new(entry, set);
    if (!l)
        return out_of_memory(op);
    *ret_ticket = desk_add(&s->desk, l, &full);
    if (full || !op->gathered)
        store_trail_go(s);
    return OK;
}

/* One of them, or of those between: others' perhaps, but an answer may rather fail than go. */
static err lost(const struct trail_desk *d, const struct tickets *owed)
{
    size_t n = d->n_lost < LOST_MAX ? d->n_lost : LOST_MAX;
    if (owed->first <= d->forgotten)
        return ERR_UNAVAILABLE; /* too old to tell; the safe answer */
    for (size_t i = 0; i < n; i++) {
        if (owed->last >= d->lost[i].lo && owed->first <= d->lost[i].hi)
            return ERR_UNAVAILABLE;
    }
    return OK;
}

err store_trail_wait(struct op *op, struct store *s, struct tickets owed)
{
    struct trail_desk *d = &s->desk;
    store_trail_go(s);
    pthread_mutex_lock(&d->lock);
    while (d->settled < owed.last)
        pthread_cond_wait(&d->moved, &d->lock);
    err e = lost(d, &owed);
    pthread_mutex_unlock(&d->lock);
    return e == OK ? OK : fail(op, e, "the audit trail cannot be written; try again later");
}

void store_trail_on_durable(struct store *s, struct tickets owed, void (*fn)(void *ctx, err result),
                            void *ctx)
{
    struct trail_desk *d = &s->desk;
    struct on_durable *o = malloc(sizeof *o);
    pthread_mutex_lock(&d->lock);
    bool waiting = d->settled < owed.last;
    if (waiting && o) {
        *o = (struct on_durable){.next = d->waiting, .owed = owed, .fn = fn, .ctx = ctx};
        d->waiting = o;
        o = NULL;
    } else {
        while (d->settled < owed.last) /* no memory to wait with: wait here */
            pthread_cond_wait(&d->moved, &d->lock);
        waiting = false;
    }
    err e = lost(d, &owed);
    pthread_mutex_unlock(&d->lock);
    free(o);
    if (!waiting)
        fn(ctx, e);
}

static void note_lost(struct trail_desk *d, uint64_t lo, uint64_t hi)
{
    size_t last = (d->n_lost + LOST_MAX - 1) % LOST_MAX, at = d->n_lost % LOST_MAX;
    if (d->n_lost && d->lost[last].hi + 1 == lo) {
        d->lost[last].hi = hi;
        return;
    }
    if (d->n_lost >= LOST_MAX)
        d->forgotten = d->lost[at].hi;
    d->lost[at].lo = lo;
    d->lost[at].hi = hi;
    d->n_lost++;
}

void trail_settle(struct store *s, uint64_t upto, uint64_t lost_from)
{
    struct trail_desk *d = &s->desk;
    struct on_durable *due = NULL;
    pthread_mutex_lock(&d->lock);
    if (lost_from)
        note_lost(d, lost_from, upto);
    if (upto > d->settled)
        d->settled = upto;
    for (struct on_durable **at = &d->waiting; *at;) {
        struct on_durable *o = *at;
        if (o->owed.last > d->settled) {
            at = &o->next;
            continue;
        }
        *at = o->next;
        o->result = lost(d, &o->owed);
        o->next = due;
        due = o;
    }
    pthread_cond_broadcast(&d->moved);
    pthread_mutex_unlock(&d->lock);
    for (struct on_durable *o = due, *next; o; o = next) {
        next = o->next;
        o->fn(o->ctx, o->result);
        free(o);
    }
}

err trail_catch_up(struct op *op, struct store *s)
{
    if (!atomic_load(&s->held))
        return OK;
    struct store_tx *tx = store_tx_new(op, s);
    if (!tx)
        return out_of_memory(op);
    tx->flush = true;
    return tx_run(op, tx);
}

static err trail_view(struct op *op, struct store *s, struct view *ret)
{
    TRY(trail_catch_up(op, s));
    return view_open(op, s, ret);
}

/* The row with seq in it, or the one before. */
static err entry_get(struct op *op, const struct view *v, uint64_t seq,
                     struct store_trail_entry *ret)
{
    struct store_cursor *c = NULL;
    struct trail_reader r = {.s = v->s};
    char key[8];
    str set;
    bool there = false;
    u64_write(key, seq + 1);
    TRY(v->s->ops->cursor_open(op, v->snap, SPACE_TRAIL, &c));
    err e = v->s->ops->cursor_seek(op, c, str_make(key, sizeof key), true);
    if (e == OK && c->valid)
        e = trail_row_open(op, v->s, u64_read(c->key.p), c->value, false, &r);
    if (e == OK && c->valid) {
        r.hashing = !r.old;
        while (!there && trail_row_next(&r, ret, &set))
            there = ret->seq == seq;
        if (r.old)
            memcpy(ret->hash, r.after, sizeof ret->hash);
    }
    v->s->ops->cursor_close(c);
    TRY(e);
    return there ? OK : fail(op, ERR_NOT_FOUND, "there is no such trail entry");
}

err store_trail_read(struct op *op, struct store *s, uint64_t seq, struct store_trail_entry *ret)
{
    struct view v;
    struct store_trail_entry t;
    TRY(trail_view(op, s, &v));
    err e = seq == 0 || seq > RID_MAX ? fail(op, ERR_NOT_FOUND, "there is no such trail entry")
                                      : entry_get(op, &v, seq, &t);
    view_close(&v);
    TRY(e);
    *ret = t;
    return OK;
}

/* A search: entries are copied out of each row, which is opened in memory of its own. */
struct find {
    struct op *op;
    const struct view *v;
    const struct store_range *range; /* NULL: all */
    uint64_t before;
    size_t max;
    struct op row;
    VEC(struct store_trail_entry) found;
};

static bool wanted(const struct find *f, const struct trail_reader *r, str set)
{
    str key;
    if (!f->range || r->old)
        return true;
    while (keyset_next(&set, &key)) {
        if (range_has(f->range, key))
            return true;
    }
    return false;
}

/* Those of the row that are wanted, newest first. */
static err take_row(struct find *f, uint64_t first, str row)
{
    struct trail_reader r;
    struct store_trail_entry e;
    VEC(struct store_trail_entry) fit = {.n = 0};
    str set;
    TRY(trail_row_open(&f->row, f->v->s, first, row, false, &r));
    while (trail_row_next(&r, &e, &set)) {
        if (e.seq < f->before && wanted(f, &r, set))
            VEC_PUSH(f->row.arena, &fit, e);
    }
    while (fit.n && f->found.n < f->max) {
        e = fit.at[--fit.n];
        e.entry = arena_str(f->op->arena, e.entry);
        VEC_PUSH(f->op->arena, &f->found, e);
    }
    return arena_failed(f->row.arena) || arena_failed(f->op->arena) ? out_of_memory(&f->row) : OK;
}

static err end_row(struct find *f, err e)
{
    if (e != OK)
        e = f->row.fault.n ? fail(f->op, e, "%.*s", STR_ARG(f->row.fault.issues[0].message))
                           : fail(f->op, e, "the audit trail cannot be read");
    arena_reset(f->row.arena);
    op_init(&f->row, f->row.arena, NULL, f->op->now);
    return e;
}

static err find_all(struct find *f)
{
    const struct store_ops *ops = f->v->s->ops;
    struct store_cursor *c = NULL;
    char key[8];
    u64_write(key, f->before);
    TRY(ops->cursor_open(f->op, f->v->snap, SPACE_TRAIL, &c));
    err e = ops->cursor_seek(f->op, c, str_make(key, 8), true);
    while (e == OK && c->valid && f->found.n < f->max) {
        e = end_row(f, take_row(f, u64_read(c->key.p), c->value));
        if (e == OK)
            e = ops->cursor_next(f->op, c);
    }
    ops->cursor_close(c);
    return e;
}

static err take_keyed(struct find *f, uint64_t first)
{
    char key[8];
    str row = STR_NONE;
    u64_write(key, first);
    TRY(view_get(&f->row, f->v, SPACE_TRAIL, str_make(key, 8), &row));
    return row.p ? take_row(f, first, row) : damaged(&f->row, "trail");
}

static err find_keyed(struct find *f)
{
    struct rids r;
    TRY(rids_open(f->op, f->v, TYPE_TRAIL, f->range, 1, true, &r));
    if (r.wide)
        TRY(rids_collect(f->op, &r, TRAIL_WIDE_MAX));
    if (r.wide)
        return fail(f->op, ERR_TOO_COSTLY, "too many trail entries fit; narrow the request");
    TRY(rids_seek(f->op, &r, f->before - 1));
    while (r.valid && f->found.n < f->max) {
        TRY(end_row(f, take_keyed(f, r.rid)));
        TRY(rids_next(f->op, &r));
    }
    return OK;
}

err store_trail_find(struct op *op, struct store *s, const struct store_range *range,
                     uint64_t before, size_t max, struct store_trail_entry **ret, size_t *ret_n)
{
    struct view v;
    struct find f = {.op = op, .v = &v, .range = range, .max = max};
    struct arena *scratch = arena_new(0);
    f.before = before && before < RID_MAX ? before : RID_MAX;
    if (!scratch)
        return out_of_memory(op);
    op_init(&f.row, scratch, NULL, op->now);
    err e = trail_view(op, s, &v);
    if (e == OK) {
        e = range ? find_keyed(&f) : find_all(&f);
        view_close(&v);
    }
    arena_free(scratch);
    TRY(e);
    *ret = f.found.at;
    *ret_n = f.found.n;
    return OK;
}

/* The signed heads up to here say the same. */
static err heads_agree(struct op *op, struct heads_walk *w, struct store_trail_check *check,
                       bool over)
{
    while (w->valid && (over || w->at.seq <= check->entries)) {
        if (w->at.seq != check->entries || !store_trail_head_good(&w->at) ||
            memcmp(w->at.hash, check->head, 32) != 0) {
            check->bad_seq = over ? check->entries + 1 : w->at.seq ? w->at.seq : 1;
            return OK;
        }
        check->heads++;
        TRY(heads_next(op, w));
    }
    return OK;
}

/* One row, every entry of which the signed heads may name. */
static err verify_row(struct op *op, const struct store_cursor *c, struct heads_walk *w,
                      struct store_trail_check *check)
{
    struct trail_reader r;
    struct store_trail_entry e;
    uint64_t first = check->entries + 1;
    str set;
    check->bad_seq = first;
    if (u64_read(c->key.p) != first)
        return OK;
    err got = trail_row_open(op, w->v->s, first, c->value, true, &r);
    if (got == ERR_FAULT) /* its seal does not fit */
        return OK;
    TRY(got);
    if (r.old)
        memcpy(r.hash, check->head, sizeof r.hash);
    else if (memcmp(r.hash, check->head, sizeof r.hash) != 0)
        return OK;
    check->bad_seq = 0;
    while (!check->bad_seq && trail_row_next(&r, &e, &set)) {
        check->entries++;
        memcpy(check->head, e.hash, sizeof e.hash);
        TRY(heads_agree(op, w, check, false));
    }
    if (!check->bad_seq && memcmp(check->head, r.after, sizeof r.after) != 0)
        check->bad_seq = first;
    return OK;
}

static err verify_rows(struct op *op, const struct view *v, struct store_cursor *c,
                       struct heads_walk *w, struct store_trail_check *check)
{
    struct arena *scratch = arena_new(0);
    struct op row;
    char from[8] = {0};
    if (!scratch)
        return out_of_memory(op);
    err e = v->s->ops->cursor_seek(op, c, str_make(from, 8), false);
    while (e == OK && c->valid && !check->bad_seq) {
        op_init(&row, scratch, NULL, op->now);
        e = verify_row(&row, c, w, check);
        if (e != OK)
            e = fail(op, e, "the audit trail cannot be read");
        arena_reset(scratch);
        if (e == OK)
            e = v->s->ops->cursor_next(op, c);
    }
    arena_free(scratch);
    TRY(e);
    return check->bad_seq ? OK : heads_agree(op, w, check, true);
}

static err verify_all(struct op *op, const struct view *v, struct store_trail_check *check)
{
    struct heads_walk w = {.c = NULL};
    struct store_cursor *c = NULL;
    err e = v->s->ops->cursor_open(op, v->snap, SPACE_TRAIL, &c);
    if (e == OK)
        e = heads_open(op, v, &w);
    if (e == OK)
        e = verify_rows(op, v, c, &w, check);
    if (w.c)
        v->s->ops->cursor_close(w.c);
    if (c)
        v->s->ops->cursor_close(c);
    return e;
}

/* The sealed head tells where the trail must end. */
static err verify_head(struct op *op, const struct view *v, struct store_trail_check *check)
{
    str sealed = STR_NONE, head = STR_NONE;
    TRY(view_get(op, v, SPACE_META, STR("head"), &sealed));
    if (!sealed.p) {
        check->bad_seq = check->entries ? 1 : 0;
        return OK;
    }
    TRY(unseal(op, &v->s->vault, OWNER_STORE, STR("head"), sealed, &head));
    uint64_t seq = u64_read(head.p);
    if (seq != check->entries)
        check->bad_seq = (seq < check->entries ? seq : check->entries) + 1;
    else if (memcmp(head.p + 8, check->head, 32) != 0)
        check->bad_seq = seq;
    return OK;
}

err store_trail_verify(struct op *op, struct store *s, struct store_trail_check *ret)
{
    struct view v;
    struct store_trail_check check = {.entries = 0};
    TRY(trail_view(op, s, &v));
    err e = verify_all(op, &v, &check);
    if (e == OK && check.bad_seq == 0)
        e = verify_head(op, &v, &check);
    view_close(&v);
    TRY(e);
    *ret = check;
    return OK;
}
