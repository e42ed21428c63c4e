/* Erasing a patient for good: the keys first, then what the database still holds of them: every
 * version of every document, search keys, lines of the log. The erasures that the keys file
 * remembers are done again on every database that does not know of them: after a crash, and on a
 * backup from before. Entries of the trail stay; they name numbers, never people.
 * Invariants: nothing is removed before the key is gone from the disk; what is removed twice is
 * removed once. */
#include "store/drop_int.h"
#include "store/memo_int.h"
#include "store/store_int.h"

#define BATCH 128u

typedef VEC(struct gone) gone_vec;
typedef VEC(uint64_t) log_vec;

struct found {
    struct op *op;
    const struct view *v;
    uint64_t comp;
    gone_vec all;
    bool named;
};

static err found_doc(struct found *f, const struct version *v)
{
    struct gone *last = f->all.n ? &f->all.at[f->all.n - 1] : NULL;
    bool named = v->flags & DOC_CLIENT_ID;
    if (v->doc.comp != f->comp)
        return OK;
    f->named = f->named || named;
    if (last && last->rid == v->doc.rid) {
        last->versions++;
        last->named = last->named || named;
        return OK;
    }
    struct gone g = {.rid = v->doc.rid, .versions = 1, .type = v->doc.type, .named = named};
    VEC_PUSH(f->op->arena, &f->all, g);
    return arena_failed(f->op->arena) ? out_of_memory(f->op) : OK;
}

/* In order of their numbers. Deleted ones and old versions are in no index, so all are looked at.
 */
static err find_docs(struct found *f)
{
    const struct store_ops *ops = f->v->s->ops;
    struct store_cursor *c = NULL;
    char first[8] = {0};
    TRY(ops->cursor_open(f->op, f->v->snap, SPACE_DOC, &c));
    err e = ops->cursor_seek(f->op, c, str_make(first, 8), false);
    while (e == OK && c->valid) {
        struct version v;
        e = version_read(f->op, u64_read(c->key.p), c->value, &v);
        if (e == OK)
            e = found_doc(f, &v);
        if (e == OK)
            e = ops->cursor_next(f->op, c);
    }
    ops->cursor_close(c);
    return e;
}

static struct gone *gone_at(struct found *f, uint64_t rid)
{
    size_t lo = 0, hi = f->all.n;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (f->all.at[mid].rid < rid)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < f->all.n && f->all.at[lo].rid == rid ? &f->all.at[lo] : NULL;
}

/* The keys of client-chosen ids of one type: their documents can no longer say what they were. */
static err find_ids(struct found *f, uint16_t type)
{
    struct op *op = f->op;
    struct walk w;
    str lo = ekey_make(op->arena, type, STR("\0\0\1")),
        hi = ekey_make(op->arena, type, STR("\0\0\2"));
    TRY(walk_open(op, f->v, lo, hi, &w));
    err e = walk_seek(op, &w, lo, 0, false);
    while (e == OK && w.valid) {
        struct gone *g = gone_at(f, w.rid);
        if (g && g->type == type)
            g->id_key = ekey_key(op->arena, w.ekey);
        e = walk_next(op, &w);
    }
    walk_close(&w);
    return e;
}

static err find_all_ids(struct found *f)
{
    for (size_t i = 0; i < f->all.n; i++) {
        const struct gone *g = &f->all.at[i];
        if (g->named && !g->id_key.p)
            TRY(find_ids(f, g->type));
    }
    return OK;
}

static err find_log(struct found *f, log_vec *rows)
{
    const struct store_ops *ops = f->v->s->ops;
    struct store_cursor *c = NULL;
    struct buf b;
    char first[8] = {0};
    struct log_lines of = {.comp = f->comp};
    bool any = false;
    buf_init(&b, f->op->arena, (size_t)64 << 20);
    TRY(ops->cursor_open(f->op, f->v->snap, SPACE_LOG, &c));
    err e = ops->cursor_seek(f->op, c, str_make(first, 8), false);
    while (e == OK && c->valid) {
        e = log_without(f->op, c->value, &of, &b, &any);
        if (e == OK && any)
            VEC_PUSH(f->op->arena, rows, u64_read(c->key.p));
        if (e == OK)
            e = arena_failed(f->op->arena) ? out_of_memory(f->op) : ops->cursor_next(f->op, c);
    }
    ops->cursor_close(c);
    return e;
}

/* ---- on the writer's thread ---- */

static err drop_keys(struct op *op, struct store *s, const struct gone *g, const struct version *n,
                     struct buf *pend)
{
    struct view v;
    struct fwd_entry old = {.rid = 0};
    str *keys = NULL;
    size_t n_keys = 0;
    view_writer(s, &v);
    err e = fwd_get(op, &v, n->doc.comp, g->type, g->rid, &old);
    str had = e == OK ? arena_str(op->arena, old.set) : STR_NONE;
    view_close(&v);
    TRY(e);
    TRY(keyset_unpack(op, had, &keys, &n_keys));
    str *all = ARENA_ARRAY(op->arena, str, n_keys + 1);
    if (!all)
        return out_of_memory(op);
    if (n_keys)
        memcpy(all, keys, n_keys * sizeof *all);
    if (g->id_key.p)
        all[n_keys++] = g->id_key;
    struct pend k = {.rid = g->rid,
                     .type = g->type,
                     .comp = n->doc.comp,
                     .old_comp = n->doc.comp,
                     .died = true,
                     .set = str_make("", 0),
                     .added = STR("")};
    TRY(keyset_pack(op, all, n_keys, &k.removed));
    s->pending.resources -= !n->doc.deleted;
    return tail_put(op, s, &k, pend);
}

static err drop_doc(struct op *op, struct store *s, const struct gone *g, struct buf *pend)
{
    struct store_snap *snap = s->ops->writer(s->be);
    struct version newest = {.doc.rid = 0};
    char lo[8], hi[8];
    TRY(version_newest(op, snap, s->ops, g->rid, &newest));
    if (!newest.doc.rid)
        return OK;
    TRY(drop_keys(op, s, g, &newest, pend));
    s->pending.versions -= g->versions < s->pending.versions ? g->versions : 0;
    u64_write(lo, doc_key(g->rid, STORE_VID_MAX));
    u64_write(hi, doc_key(g->rid + 1, STORE_VID_MAX));
    return s->ops->del_range(op, s->be, SPACE_DOC, str_make(lo, 8), str_make(hi, 8));
}

static str ledger_row(void)
{
    return STR("erased");
}

static err ledger_read(struct op *op, struct store *s, struct store_snap *snap, str *ret)
{
    str sealed = STR_NONE;
    *ret = STR_NONE;
    TRY(s->ops->get(op, snap, SPACE_META, ledger_row(), &sealed));
    return sealed.p ? unseal(op, &s->vault, OWNER_STORE, STR("erased"), sealed, ret) : OK;
}

static bool ledger_has(str ledger, uint64_t rid)
{
    uint64_t at;
    while (take_varint(&ledger, &at))
        if (at == rid)
            return true;
    return false;
}

static err ledger_add(struct op *op, struct store *s, uint64_t comp)
{
    str had = STR_NONE, sealed = STR_NONE;
    struct buf b;
    TRY(ledger_read(op, s, s->ops->writer(s->be), &had));
    if (ledger_has(had, comp))
        return OK;
    buf_init(&b, op->arena, had.n + 16);
    buf_add(&b, had);
    buf_varint(&b, comp);
    if (!buf_ok(&b))
        return out_of_memory(op);
    TRY(seal(op, &s->vault, OWNER_STORE, STR("erased"), buf_str(&b), &sealed));
    return s->ops->put(op, s->be, SPACE_META, ledger_row(), sealed);
}

err erase_write(struct op *op, struct store *s, const struct tx_erase *x)
{
    struct buf pend;
    s->pending.t++;
    memo_drop_all(s->memo);
    memo_drop_all(s->docs);
    buf_init(&pend, op->arena, (size_t)512 << 20);
    for (size_t i = 0; i < x->n; i++)
        TRY(drop_doc(op, s, &x->docs[i], &pend));
    for (size_t i = 0; i < x->n_log; i++)
        TRY(log_drop(op, s, x->log[i], &(struct log_lines){.comp = x->comp}));
    if (x->last) {
        TRY(ledger_add(op, s, x->comp));
        atomic_store(&s->merge_soon, true); /* their search keys leave the disk with it */
    }
    return pend_flush(op, s, &pend);
}

/* ---- who asks ---- */

static err submit(struct op *op, struct store *s, struct tx_erase x)
{
    struct store_tx *tx = store_tx_new(op, s);
    if (!tx)
        return out_of_memory(op);
    tx->erase = &x;
    return tx_run(op, tx);
}

static err purge_found(struct op *op, struct store *s, const struct found *f, const log_vec *log)
{
    for (size_t i = 0; i < f->all.n; i += BATCH) {
        size_t n = f->all.n - i < BATCH ? f->all.n - i : BATCH;
        TRY(submit(op, s, (struct tx_erase){.comp = f->comp, .docs = f->all.at + i, .n = n}));
    }
    for (size_t i = 0; i < log->n; i += BATCH) {
        size_t n = log->n - i < BATCH ? log->n - i : BATCH;
        TRY(submit(op, s, (struct tx_erase){.comp = f->comp, .log = log->at + i, .n_log = n}));
    }
    return submit(op, s, (struct tx_erase){.comp = f->comp, .last = true});
}

static err purge(struct op *op, struct store *s, uint64_t comp)
{
    struct view v;
    struct found f = {.op = op, .v = &v, .comp = comp};
    log_vec log = {.n = 0};
    TRY(submit(op, s, (struct tx_erase){.comp = comp})); /* what was under way is in */
    TRY(view_open(op, s, &v));
    err e = find_docs(&f);
    if (e == OK)
        e = find_all_ids(&f);
    if (e == OK)
        e = find_log(&f, &log);
    view_close(&v);
    return e == OK ? purge_found(op, s, &f, &log) : e;
}

err store_key_erase(struct op *op, struct store *s, uint64_t rid)
{
    struct ring *r = NULL;
    if (atomic_load(&s->sealing))
        return fail(op, ERR_CONFLICT,
                    "documents are being sealed under new keys; try again when weft key status "
                    "says that it is done");
    TRY(keys_begin(op, s, &r));
    err e = ring_erase(op, r, rid, op->now);
    if (e == OK)
        e = keys_save(op, s, r);
    TRY(keys_end(s, r, e));
    return purge(op, s, rid);
}

/* What this database has erased and a keys file from before does not know. */
static err teach(struct op *op, struct store *s, str ledger)
{
    struct ring *r = NULL;
    uint64_t rid;
    bool news = false;
    TRY(keys_begin(op, s, &r));
    err e = OK;
    while (e == OK && take_varint(&ledger, &rid)) {
        news = news || !ring_has_erased(r, rid);
        e = ring_erase(op, r, rid, op->now);
    }
    if (e == OK && news)
        e = keys_save(op, s, r);
    return keys_end(s, r, e);
}

err erase_again(struct op *op, struct store *s)
{
    struct store_snap *snap = NULL;
    str ledger = STR_NONE;
    TRY(snap_take(op, s, &snap));
    err e = ledger_read(op, s, snap, &ledger);
    s->ops->snap_close(snap);
    TRY(e);
    if (ledger.n)
        TRY(teach(op, s, ledger));
    if (ledger.n)
        atomic_store(&s->merge_soon, true); /* a kill may have come before it */
    const struct ring *r = s->vault.ring;   /* nobody else has the store yet */
    for (size_t i = 0; i < r->n_erased; i++) {
        if (!ledger_has(ledger, r->erased[i].rid))
            TRY(purge(op, s, r->erased[i].rid));
    }
    return OK;
}
