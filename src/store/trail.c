/* The audit trail: append only, numbered without gaps, each row holding the hash of the one before,
 * its number, its time and its bytes as stored. Entries come inside transactions or loose (reads);
 * loose ones share the writer's groups, and tickets say when they are durable; where the back end
 * has a spool, they are durable there first (spool.c) and readers here wait for the rows.
 * Invariant: a ticket counts as durable only after the fsync of the group that holds its entry. */
#include "store/store_int.h"

#include <sodium.h>

#define LOOSE_MAX 65536u
#define LOOSE_BYTES_MAX ((size_t)64 << 20)

static void chain(uint8_t hash[32], uint64_t seq, int64_t time, str sealed)
{
    crypto_generichash_state st;
    uint8_t numbers[16];
    u64_write((char *)numbers, seq);
    u64_write((char *)numbers + 8, (uint64_t)time);
    crypto_generichash_init(&st, NULL, 0, 32);
    crypto_generichash_update(&st, hash, 32);
    crypto_generichash_update(&st, numbers, sizeof numbers);
    crypto_generichash_update(&st, (const unsigned char *)sealed.p, sealed.n);
    crypto_generichash_final(&st, hash, 32);
}

void trail_number(struct state *st, struct loose *l)
{
    l->seq = ++st->trail_seq;
    chain(st->trail_head, l->seq, st->time,
          str_make(l->row + TRAIL_ROW_HEAD, l->n_row - TRAIL_ROW_HEAD));
    u64_write(l->row, (uint64_t)st->time);
    memcpy(l->row + 8, st->trail_head, 32);
}

err trail_put(struct op *op, struct store *s, const struct loose *l, struct buf *pend)
{
    char key[8];
    u64_write(key, l->seq);
    TRY(s->ops->put(op, s->be, SPACE_TRAIL, str_make(key, 8), str_make(l->row, l->n_row)));
    if (l->set.n == 0)
        return OK;
    struct pend p = {
        .trail = true, .rid = l->seq, .type = TYPE_TRAIL, .set = l->set, .added = l->set};
    return tail_put(op, s, &p, pend);
}

err trail_write(struct op *op, struct store *s, str sealed, str set, struct buf *pend)
{
    struct loose l = {.n_row = TRAIL_ROW_HEAD + sealed.n, .set = set};
    l.row = arena_alloc(op->arena, l.n_row);
    if (!l.row)
        return out_of_memory(op);
    memcpy(l.row + TRAIL_ROW_HEAD, sealed.p, sealed.n);
    trail_number(&s->pending, &l);
    return trail_put(op, s, &l, pend);
}

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

struct loose *loose_new(str sealed, str set)
{
    size_t n_row = TRAIL_ROW_HEAD + sealed.n;
    struct loose *l = malloc(sizeof *l + n_row + set.n);
    if (!l)
        return NULL;
    char *bytes = (char *)(l + 1);
    memcpy(bytes + TRAIL_ROW_HEAD, sealed.p, sealed.n);
    if (set.n)
        memcpy(bytes + n_row, set.p, set.n);
    *l = (struct loose){.row = bytes, .n_row = n_row, .set = {bytes + n_row, set.n}};
    return l;
}

static uint64_t desk_add(struct trail_desk *d, struct loose *l)
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
    d->bytes += l->n_row + l->set.n;
    pthread_mutex_unlock(&d->lock);
    return ticket;
}

err store_trail_append(struct op *op, struct store *s, str entry, const str *keys, size_t n_keys,
                       uint64_t *ret_ticket)
{
    str set = STR_NONE, sealed = STR_NONE;
    TRY(keyset_pack(op, keys, n_keys, &set));
    TRY(trail_seal(op, s, entry, &sealed));
    struct loose *l = loose_new(sealed, set);
    if (!l)
        return out_of_memory(op);
    *ret_ticket = desk_add(&s->desk, l);
    pthread_mutex_lock(&s->lock);
    if (!s->poked) {
        s->poked = true;
        pthread_cond_signal(&s->work);
    }
    pthread_mutex_unlock(&s->lock);
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

static err entry_open(struct op *op, struct store *s, uint64_t seq, str row,
                      struct store_trail_entry *ret)
{
    struct store_trail_entry t = {.seq = seq};
    uint64_t time = 0;
    str hash, packed = STR_NONE;
    if (!take_u64(&row, &time) || !take_bytes(&row, sizeof t.hash, &hash))
        return damaged(op, "trail");
    t.time = (int64_t)time;
    memcpy(t.hash, hash.p, sizeof t.hash);
    TRY(unseal(op, &s->vault, OWNER_STORE, STR("trail"), row, &packed));
    TRY(unpack(op, s->packer, packed, &t.entry));
    *ret = t;
    return OK;
}

static err entry_get(struct op *op, const struct view *v, uint64_t seq,
                     struct store_trail_entry *ret)
{
    char key[8];
    str row = STR_NONE;
    u64_write(key, seq);
    TRY(view_get(op, v, SPACE_TRAIL, str_make(key, 8), &row));
    if (!row.p)
        return fail(op, ERR_NOT_FOUND, "there is no such trail entry");
    return entry_open(op, v->s, seq, row, ret);
}

err store_trail_read(struct op *op, struct store *s, uint64_t seq, struct store_trail_entry *ret)
{
    struct view v;
    TRY(trail_view(op, s, &v));
    err e = seq == 0 || seq > RID_MAX ? fail(op, ERR_NOT_FOUND, "there is no such trail entry")
                                      : entry_get(op, &v, seq, ret);
    view_close(&v);
    return e;
}

typedef VEC(struct store_trail_entry) entries;

static err find_all(struct op *op, const struct view *v, uint64_t before, size_t max, entries *out)
{
    struct store_cursor *c = NULL;
    char key[8];
    u64_write(key, before < RID_MAX ? before : RID_MAX);
    TRY(v->s->ops->cursor_open(op, v->snap, SPACE_TRAIL, &c));
    TRY(v->s->ops->cursor_seek(op, c, str_make(key, 8), true));
    while (c->valid && out->n < max) {
        struct store_trail_entry t;
        TRY(entry_open(op, v->s, u64_read(c->key.p), c->value, &t));
        VEC_PUSH(op->arena, out, t);
        TRY(arena_failed(op->arena) ? out_of_memory(op) : v->s->ops->cursor_next(op, c));
    }
    return OK;
}

static err find_keyed(struct op *op, const struct view *v, const struct store_range *range,
                      uint64_t before, size_t max, entries *out)
{
    struct rids r;
    TRY(rids_open(op, v, TYPE_TRAIL, range, 1, true, &r));
    if (r.wide)
        TRY(rids_collect(op, &r, TRAIL_WIDE_MAX));
    if (r.wide)
        return fail(op, ERR_TOO_COSTLY, "too many trail entries fit; narrow the request");
    TRY(rids_seek(op, &r, before ? before - 1 : 0));
    while (r.valid && out->n < max) {
        struct store_trail_entry t;
        TRY(entry_get(op, v, r.rid, &t));
        VEC_PUSH(op->arena, out, t);
        TRY(arena_failed(op->arena) ? out_of_memory(op) : rids_next(op, &r));
    }
    return OK;
}

err store_trail_find(struct op *op, struct store *s, const struct store_range *range,
                     uint64_t before, size_t max, struct store_trail_entry **ret, size_t *ret_n)
{
    struct view v;
    entries out = {.n = 0};
    uint64_t below = before ? before : RID_MAX;
    TRY(trail_view(op, s, &v));
    err e =
        range ? find_keyed(op, &v, range, below, max, &out) : find_all(op, &v, below, max, &out);
    view_close(&v);
    TRY(e);
    *ret = out.at;
    *ret_n = out.n;
    return OK;
}

/* Is the row the right one behind (seq, hash)? */
static bool row_follows(const struct store_cursor *c, uint64_t seq, uint8_t hash[32])
{
    str row = c->value, stored;
    uint64_t time = 0;
    if (u64_read(c->key.p) != seq || !take_u64(&row, &time) || !take_bytes(&row, 32, &stored))
        return false;
    chain(hash, seq, (int64_t)time, row);
    return memcmp(hash, stored.p, 32) == 0;
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

static err verify_rows(struct op *op, const struct view *v, struct store_cursor *c,
                       struct heads_walk *w, struct store_trail_check *check)
{
    char first[8] = {0};
    TRY(v->s->ops->cursor_seek(op, c, str_make(first, 8), false));
    while (c->valid && !check->bad_seq) {
        if (!row_follows(c, check->entries + 1, check->head)) {
            check->bad_seq = check->entries + 1;
            return OK;
        }
        check->entries++;
        TRY(heads_agree(op, w, check, false));
        TRY(v->s->ops->cursor_next(op, c));
    }
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
