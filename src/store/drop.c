/* What leaves the database while its resource or others stay: lines of the log, and the versions
 * before one that is to stand alone. Invariant: on the writer's thread, in the transaction that
 * writes what stays; so a crash leaves all of it or nothing. Copies made before still have it. */
#include "store/drop_int.h"

static bool take_change(str *in, uint64_t *ret_rid, uint64_t *ret_comp)
{
    uint64_t n;
    uint8_t kind;
    return take_varint(in, ret_rid) && take_varint(in, &n) && take_varint(in, &n) &&
           take_varint(in, ret_comp) && take_u8(in, &kind);
}

err log_without(struct op *op, str row, const struct log_lines *of, struct buf *b, bool *ret_any)
{
    uint64_t time, rid, comp;
    str whole = row;
    if (!row.p || !take_varint(&row, &time))
        return damaged(op, "log");
    buf_clear(b);
    buf_add(b, str_make(whole.p, whole.n - row.n));
    *ret_any = false;
    while (row.n) {
        str line = row;
        if (!take_change(&row, &rid, &comp))
            return damaged(op, "log");
        line.n -= row.n;
        if (of->comp ? of->comp == comp : of->rid == rid)
            *ret_any = true;
        else
            buf_add(b, line);
    }
    return buf_ok(b) ? OK : out_of_memory(op);
}

err log_drop(struct op *op, struct store *s, uint64_t t, const struct log_lines *of)
{
    char key[8];
    str row = STR_NONE;
    struct buf b;
    bool any = false;
    u64_write(key, t);
    TRY(s->ops->get(op, s->ops->writer(s->be), SPACE_LOG, str_make(key, 8), &row));
    if (!row.p)
        return OK;
    buf_init(&b, op->arena, row.n + 64);
    TRY(log_without(op, row, of, &b, &any));
    return s->ops->put(op, s->be, SPACE_LOG, str_make(key, 8), buf_str(&b));
}

typedef VEC(uint64_t) moments;

/* When the versions from the key on were written. */
static err find_moments(struct op *op, struct store *s, uint64_t from, moments *ret)
{
    struct store_cursor *c = NULL;
    struct version v;
    char key[8];
    u64_write(key, from);
    TRY(s->ops->cursor_open(op, s->ops->writer(s->be), SPACE_DOC, &c));
    err e = s->ops->cursor_seek(op, c, str_make(key, 8), false);
    while (e == OK && c->valid && u64_read(c->key.p) >> 20 == from >> 20) {
        e = version_read(op, u64_read(c->key.p), c->value, &v);
        if (e == OK)
            VEC_PUSH(op->arena, ret, v.doc.t);
        if (e == OK)
            e = arena_failed(op->arena) ? out_of_memory(op) : s->ops->cursor_next(op, c);
    }
    s->ops->cursor_close(c);
    return e;
}

err drop_before(struct op *op, struct store *s, uint64_t rid, uint32_t vid)
{
    moments all = {.n = 0};
    char lo[8], hi[8];
    if (vid < 2)
        return OK;
    TRY(find_moments(op, s, doc_key(rid, vid - 1), &all));
    for (size_t i = 0; i < all.n; i++)
        TRY(log_drop(op, s, all.at[i], &(struct log_lines){.rid = rid}));
    u64_write(lo, doc_key(rid, vid - 1));
    u64_write(hi, doc_key(rid + 1, STORE_VID_MAX));
    s->pending.versions -= all.n < s->pending.versions ? all.n : 0;
    return s->ops->del_range(op, s->be, SPACE_DOC, str_make(lo, 8), str_make(hi, 8));
}
