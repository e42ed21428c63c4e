/* One transaction inside a group, on the writer's thread. apply_check() reads what is stored, with
 * everything the group wrote before; apply_write() writes rows and the tail and may only fail for
 * the disk's or memory's sake, which fails the group.
 * Invariant: a transaction that fails its check leaves no trace. */
#include "store/drop_int.h"
#include "store/memo_int.h"
#include "store/store_int.h"

#include <sodium.h>

static err check_version(struct op *op, struct store *s, const struct tx_version *want)
{
    struct version newest = {.doc.rid = 0};
    TRY(version_newest(op, s->ops->writer(s->be), s->ops, want->rid, &newest));
    uint32_t vid = newest.doc.rid ? newest.doc.vid : 0;
    if (vid != want->vid)
        return fail(op, ERR_PRECONDITION,
                    "the resource was changed by someone else; read it again");
    return OK;
}

static err check_rekey(struct op *op, struct store *s, struct tx_keys *r)
{
    struct version newest = {.doc.rid = 0};
    TRY(version_newest(op, s->ops->writer(s->be), s->ops, r->of.rid, &newest));
    if (!newest.doc.rid || newest.doc.vid != r->of.vid || newest.doc.deleted)
        return fail(op, ERR_PRECONDITION,
                    "the resource was changed by someone else; read it again");
    r->doc = newest.doc;
    return OK;
}

static err check_put(struct op *op, struct store *s, struct tx_put *p)
{
    struct version newest = {.doc.rid = 0};
    if (p->put.rid <= s->rid_max && !memo_doc_find(op, s, p->put.rid, false, &newest.doc))
        TRY(version_newest(op, s->ops->writer(s->be), s->ops, p->put.rid, &newest));
    const struct store_doc *old = &newest.doc;
    p->old_vid = old->rid ? old->vid : 0;
    if (p->old_vid + 1 != p->put.vid)
        return fail(op, ERR_PRECONDITION,
                    "the resource was changed by someone else; read it again");
    p->old_living = old->rid && !old->deleted;
    p->old_comp = old->comp;
    if (p->put.comp && !vault_has(&s->vault, p->put.comp))
        return fail(op, ERR_GONE, "this patient's record was erased for good");
    if (old->rid && old->type != p->put.type)
        return fail(op, ERR_INVALID, "a resource cannot change its type");
    if (old->comp && old->comp != p->put.comp) /* it is sealed with another key than it must be */
        return fail(op, ERR_PRECONDITION,
                    "the resource was changed by someone else; read it again");
    if (!p->id_hash.n)
        return OK;
    struct view v;
    uint64_t rid = 0;
    view_writer(s, &v);
    err e = find_id_in(op, &v, p->put.type, p->id_hash, &rid);
    view_close(&v);
    TRY(e);
    return rid ? fail(op, ERR_CONFLICT, "the id is taken by another resource") : OK;
}

static err check_none(struct op *op, struct store *s, const struct store_query *q)
{
    struct store_query one = *q;
    struct store_found found = {.n = 0};
    struct view v;
    one.limit = 1;
    one.total = false;
    one.after = STR_NONE;
    one.sort = (struct store_sort){.order = ORDER_RID};
    view_writer(s, &v);
    err e = search_in(op, &v, &one, &found);
    view_close(&v);
    TRY(e);
    return found.n ? fail(op, ERR_CONFLICT, "a resource that matches exists already") : OK;
}

static err check_kv(struct op *op, struct store *s, const struct tx_kv_expect *x)
{
    char room[24];
    str row = str_make(room, sizeof room), stored = STR_NONE, key = STR_NONE, value = STR_NONE;
    bool known = memo_find(s->memo, op->arena, x->key, &value); /* what this group wrote is not */
    if (!known) {
        kv_row(&s->vault, x->key, room);
        TRY(kv_stored(op, s, s->ops->writer(s->be), row, x->near, &stored));
    }
    if (stored.p)
        TRY(kv_read(op, s, row, stored, &key, &value));
    if (arena_failed(op->arena))
        return out_of_memory(op);
    if (!str_eq(value, x->expected))
        return fail(op, ERR_CONFLICT, "a stored value was changed by someone else");
    return OK;
}

/* Their places lie anywhere in a table that no cache of the processor holds. */
static void look_ahead(const struct store *s, const struct store_tx *tx)
{
    for (size_t i = 0; i < tx->puts.n; i++)
        memo_doc_ahead(s, tx->puts.at[i].put.rid);
    for (size_t i = 0; i < tx->kv_expects.n; i++)
        memo_ahead(s->memo, tx->kv_expects.at[i].key);
    for (size_t i = 0; i < tx->kvs.n; i++)
        memo_ahead(s->memo, tx->kvs.at[i].key);
}

err apply_check(struct op *op, struct store *s, struct store_tx *tx)
{
    look_ahead(s, tx);
    for (size_t i = 0; i < tx->versions.n; i++)
        TRY(check_version(op, s, &tx->versions.at[i]));
    for (size_t i = 0; i < tx->rekeys.n; i++)
        TRY(check_rekey(op, s, &tx->rekeys.at[i]));
    for (size_t i = 0; i < tx->puts.n; i++)
        TRY(check_put(op, s, &tx->puts.at[i]));
    for (size_t i = 0; i < tx->kv_expects.n; i++)
        TRY(check_kv(op, s, &tx->kv_expects.at[i]));
    for (size_t i = 0; i < tx->none.n; i++)
        TRY(check_none(op, s, tx->none.at[i]));
    return outbox_check(op, s, tx);
}

err tail_put(struct op *op, struct store *s, const struct pend *p, struct buf *pend)
{
    if (pend->n == 0)
        buf_varint(pend, (uint64_t)s->pending.time);
    pend_write(pend, p);
    struct tail_batch batch;
    tail_batch_init(&batch, s->tail_now, s->pending.t, s->pending.time, s->arena);
    batch.nodes = &s->nodes;
    return tail_add(&batch, p) ? OK : out_of_memory(op);
}

err pend_flush(struct op *op, struct store *s, const struct buf *pend)
{
    char row[8];
    str sealed = STR_NONE;
    u64_write(row, s->pending.t);
    if (!buf_ok(pend))
        return out_of_memory(op);
    if (!pend->n)
        return OK;
    TRY(seal(op, &s->vault, OWNER_STORE, STR("pend"), buf_str(pend), &sealed));
    return s->ops->put(op, s->be, SPACE_PEND, str_make(row, 8), sealed);
}

/* What changes in the keys, compared with the set before. */
static err diff(struct op *op, struct store *s, struct pend *k)
{
    struct view v;
    struct fwd_entry old = {.rid = 0};
    struct buf added, removed;
    view_writer(s, &v);
    err e = fwd_get(op, &v, k->old_comp, k->type, k->rid, &old);
    view_close(&v);
    TRY(e);
    buf_init(&added, op->arena, k->set.n + 1);
    buf_init(&removed, op->arena, old.set.n + 1);
    buf_add(&added, STR_NONE);
    keyset_minus(&added, k->set, old.set);
    keyset_minus(&removed, old.set, k->set);
    if (!buf_ok(&added) || !buf_ok(&removed))
        return out_of_memory(op);
    k->added = added.n ? buf_str(&added) : str_make("", 0);
    k->removed = buf_str(&removed);
    return OK;
}

static err write_keys(struct op *op, struct store *s, const struct tx_put *p, struct buf *pend)
{
    const struct store_put *put = &p->put;
    struct pend k = {
        .rid = put->rid,
        .type = put->type,
        .comp = put->comp,
        .old_comp = p->old_vid ? p->old_comp : put->comp,
        .born = !p->old_living && !put->deleted,
        .died = put->deleted,
        .id_hash = p->id_hash,
        .set = p->set,
        .added = p->set,
        .marks = put->marks,
    };
    if (p->old_vid && p->old_living)
        TRY(diff(op, s, &k));
    return tail_put(op, s, &k, pend);
}

/* The keys of a document that stays. */
static err write_rekey(struct op *op, struct store *s, const struct tx_keys *r, struct buf *pend)
{
    struct pend k = {
        .rid = r->of.rid,
        .type = r->doc.type,
        .comp = r->doc.comp,
        .old_comp = r->doc.comp,
        .set = r->set,
        .added = r->set,
        .marks = r->of.marks,
        .kept_t = r->doc.t,
        .kept_time = r->doc.time,
    };
    TRY(diff(op, s, &k));
    return tail_put(op, s, &k, pend);
}

static err write_put(struct op *op, struct store *s, struct tx_put *p, struct buf *log)
{
    const struct store_put *put = &p->put;
    struct store_doc d = {.deleted = put->deleted,
                          .type = put->type,
                          .t = s->pending.t,
                          .time = s->pending.time,
                          .comp = put->comp,
                          .client_id = put->client_id};
    struct buf row;
    char key[8];
    buf_init(&row, op->arena, p->sealed.n + 64);
    version_write(&row, &d, p->sealed);
    u64_write(key, doc_key(put->rid, put->vid));
    if (!buf_ok(&row))
        return out_of_memory(op);
    memo_doc_drop(s, put->rid);
    TRY(s->ops->put(op, s->be, SPACE_DOC, str_make(key, 8), buf_str(&row)));
    enum store_change_kind kind = put->deleted ? CHANGE_DELETE
                                  : p->old_vid ? CHANGE_UPDATE
                                               : CHANGE_CREATE;
    buf_varint(log, put->rid);
    buf_varint(log, put->vid);
    buf_varint(log, put->type);
    buf_varint(log, put->comp);
    buf_u8(log, (uint8_t)kind);
    if (put->rid > s->rid_max)
        s->rid_max = put->rid;
    s->pending.versions++;
    s->pending.resources += !p->old_living && !put->deleted;
    s->pending.resources -= p->old_living && put->deleted;
    return put->alone ? drop_before(op, s, put->rid, put->vid) : OK;
}

static err write_puts(struct op *op, struct store *s, struct store_tx *tx, struct buf *pend)
{
    struct buf log;
    char row[8];
    if (tx->puts.n == 0)
        return OK;
    buf_init(&log, op->arena, tx->puts.n * 32 + 16);
    buf_varint(&log, (uint64_t)s->pending.time);
    for (size_t i = 0; i < tx->puts.n; i++) {
        TRY(write_put(op, s, &tx->puts.at[i], &log));
        TRY(write_keys(op, s, &tx->puts.at[i], pend));
    }
    if (!buf_ok(&log))
        return out_of_memory(op);
    u64_write(row, s->pending.t);
    s->pending.feed_t = s->pending.t;
    return s->ops->put(op, s->be, SPACE_LOG, str_make(row, 8), buf_str(&log));
}

static err write_kv(struct op *op, struct store *s, const struct tx_kv *kv)
{
    char beside[24];
    str row = str_make(kv->row, sizeof kv->row);
    if (kv->none)
        return OK;
    memo_drop(s->memo, kv->key);
    if (kv->value.n == 0)
        return s->ops->del(op, s->be, SPACE_KV, row);
    if (!s->ops->put_near || (kv->near.n == 0 && !kv->fresh))
        return s->ops->put(op, s->be, SPACE_KV, row, kv->sealed);
    str near = kv->near.n ? str_make(beside, sizeof beside) : STR_NONE;
    if (kv->near.n)
        kv_row(&s->vault, kv->near, beside);
    return kv->fresh ? s->ops->put_new(op, s->be, row, near, kv->sealed)
                     : s->ops->put_near(op, s->be, row, near, kv->sealed);
}

err apply_write(struct op *op, struct store *s, struct store_tx *tx)
{
    struct buf pend;
    if (tx->take)
        return apply_take(op, s, tx->take);
    if (tx->flush)
        return OK;
    if (tx->reseal)
        return reseal_start(op, s);
    if (tx->erase)
        return erase_write(op, s, tx->erase);
    s->pending.t++;
    buf_init(&pend, op->arena, (size_t)512 << 20);
    TRY(write_puts(op, s, tx, &pend));
    for (size_t i = 0; i < tx->rekeys.n; i++)
        TRY(write_rekey(op, s, &tx->rekeys.at[i], &pend));
    for (size_t i = 0; i < tx->kvs.n; i++)
        TRY(write_kv(op, s, &tx->kvs.at[i]));
    TRY(outbox_write(op, s, tx));
    for (size_t i = 0; i < tx->trails.n; i++) {
        struct loose l = {.entry = tx->trails.at[i].entry, .set = tx->trails.at[i].set};
        trail_number(s, &s->pending, &l);
        TRY(trail_put(op, s, &l));
    }
    TRY(pend_flush(op, s, &pend));
    tx->commit = (struct store_commit){.t = s->pending.t, .time = s->pending.time};
    return OK;
}

err apply_loose(struct op *op, struct store *s, struct loose *first)
{
    if (first)
        s->pending.t++;
    for (struct loose *l = first; l; l = l->next) {
        trail_number(s, &s->pending, l);
        TRY(trail_put(op, s, l));
    }
    return OK;
}

err apply_held(struct op *op, struct store *s)
{
    struct spool *sp = &s->spool;
    if (!sp->todo)
        return OK;
    if (sp->todo == sp->first)
        s->pending.t++;
    for (; sp->todo; sp->todo = sp->todo->next)
        TRY(trail_put(op, s, sp->todo));
    s->pending.trail_seq = s->state.trail_seq;
    memcpy(s->pending.trail_head, s->state.trail_head, sizeof s->pending.trail_head);
    return OK;
}
