/* Reading documents: by number, version, time; newest first. One descent of the b-tree a read. */
#include "store/memo_int.h"
#include "store/store_int.h"

static err absent(struct op *op)
{
    return fail(op, ERR_NOT_FOUND, "there is no such resource or version");
}

/* The version in the first row at or after row, when it is the same resource's. */
static err read_at(struct op *op, struct store *s, uint64_t row, bool exact, bool body,
                   struct store_doc *ret)
{
    struct store_snap *snap = NULL;
    struct store_cursor *c = NULL;
    struct version v = {.doc.rid = 0};
    char key[8];
    if (!exact && memo_doc_find(op, s, row >> 20, body, ret))
        return arena_failed(op->arena) ? out_of_memory(op) : OK;
    uint64_t mark = memo_mark(s->docs);
    u64_write(key, row);
    TRY(snap_take(op, s, &snap));
    err e = s->ops->cursor_open(op, snap, SPACE_DOC, &c);
    if (e == OK)
        e = s->ops->cursor_seek(op, c, str_make(key, 8), false);
    bool there = e == OK && c->valid &&
                 (exact ? u64_read(c->key.p) == row : u64_read(c->key.p) >> 20 == row >> 20);
    if (there)
        e = version_read(op, u64_read(c->key.p), c->value, &v);
    if (there && e == OK && body)
        e = version_open(op, s, &v, ret);
    if (c)
        s->ops->cursor_close(c);
    s->ops->snap_close(snap);
    TRY(e);
    if (!there)
        return absent(op);
    if (!body)
        *ret = v.doc;
    else if (!exact)
        memo_doc_learn(op, s, ret, mark);
    return OK;
}

err store_get(struct op *op, struct store *s, uint64_t rid, struct store_doc *ret)
{
    if (rid == 0 || rid > RID_MAX)
        return absent(op);
    return read_at(op, s, doc_key(rid, STORE_VID_MAX), false, true, ret);
}

err store_get_version(struct op *op, struct store *s, uint64_t rid, uint32_t vid,
                      struct store_doc *ret)
{
    if (rid == 0 || rid > RID_MAX || vid == 0 || vid > STORE_VID_MAX)
        return absent(op);
    return read_at(op, s, doc_key(rid, vid), true, true, ret);
}

err store_peek(struct op *op, struct store *s, uint64_t rid, struct store_doc *ret)
{
    if (rid == 0 || rid > RID_MAX)
        return absent(op);
    return read_at(op, s, doc_key(rid, STORE_VID_MAX), false, false, ret);
}

err store_get_at(struct op *op, struct store *s, uint64_t rid, uint64_t t, struct store_doc *ret)
{
    struct view v;
    struct version at = {.doc.rid = 0};
    TRY(view_open(op, s, &v));
    err e = version_at(op, &v, rid, t, &at);
    view_close(&v);
    TRY(e);
    return at.doc.rid ? version_open(op, s, &at, ret) : absent(op);
}

typedef VEC(struct store_doc) docs;

static err collect(struct op *op, struct store *s, struct store_cursor *c, uint64_t rid, size_t max,
                   docs *out)
{
    while (c->valid && out->n < max && u64_read(c->key.p) >> 20 == rid) {
        struct version v;
        struct store_doc d;
        TRY(version_read(op, u64_read(c->key.p), c->value, &v));
        TRY(version_open(op, s, &v, &d));
        VEC_PUSH(op->arena, out, d);
        if (arena_failed(op->arena))
            return out_of_memory(op);
        TRY(s->ops->cursor_next(op, c));
    }
    return OK;
}

err store_history(struct op *op, struct store *s, uint64_t rid, uint32_t before_vid, size_t max,
                  struct store_doc **ret, size_t *ret_n)
{
    struct store_snap *snap = NULL;
    struct store_cursor *c = NULL;
    docs out = {.n = 0};
    char key[8];
    if (rid == 0 || rid > RID_MAX || before_vid > STORE_VID_MAX)
        return absent(op);
    u64_write(key, before_vid ? doc_key(rid, before_vid) + 1 : doc_key(rid, STORE_VID_MAX));
    TRY(snap_take(op, s, &snap));
    err e = s->ops->cursor_open(op, snap, SPACE_DOC, &c);
    if (e == OK)
        e = s->ops->cursor_seek(op, c, str_make(key, 8), false);
    if (e == OK)
        e = collect(op, s, c, rid, max, &out);
    s->ops->snap_close(snap);
    TRY(e);
    if (out.n == 0 && before_vid == 0)
        return absent(op);
    *ret = out.at;
    *ret_n = out.n;
    return OK;
}

str id_key(struct arena *a, str id_hash)
{
    return arena_cat(a, str_make("\0\0\1", 3), id_hash);
}

err find_id_in(struct op *op, const struct view *v, uint16_t type, str id_hash, uint64_t *ret_rid)
{
    struct walk w;
    str lo = ekey_make(op->arena, type, id_key(op->arena, id_hash));
    TRY(walk_open(op, v, lo, lo.p ? ekey_end(op->arena, lo) : STR_NONE, &w));
    err e = walk_seek(op, &w, lo, 0, false);
    if (e == OK)
        *ret_rid = w.valid ? w.rid : 0;
    walk_close(&w);
    return e;
}

err store_find_id(struct op *op, struct store *s, uint16_t type, str client_id, uint64_t *ret_rid)
{
    char domain[4] = {'i', 'd', (char)(type >> 8), (char)type}, hash[ID_HASH_BYTES];
    str name = arena_cat(op->arena, str_make(domain, sizeof domain), client_id), known = STR_NONE;
    struct view v;
    uint64_t rid = 0;
    if (memo_find(s->memo, op->arena, name, &known) && known.n == sizeof rid) {
        memcpy(ret_rid, known.p, sizeof rid);
        return OK;
    }
    uint64_t mark = memo_mark(s->memo);
    blind_hash(&s->vault, str_make(domain, sizeof domain), client_id, (uint8_t *)hash, sizeof hash);
    TRY(view_open(op, s, &v));
    err e = find_id_in(op, &v, type, str_make(hash, sizeof hash), &rid);
    view_close(&v);
    TRY(e);
    if (!rid)
        return absent(op);
    memo_learn(s->memo, name, str_make((const char *)&rid, sizeof rid), mark);
    *ret_rid = rid;
    return OK;
}

err store_keys(struct op *op, struct store *s, uint64_t rid, str **ret, size_t *ret_n)
{
    struct view v;
    struct version newest = {.doc.rid = 0};
    struct fwd_entry f = {.rid = 0};
    TRY(view_open(op, s, &v));
    err e = version_newest(op, v.snap, s->ops, rid, &newest);
    if (e == OK && newest.doc.rid)
        e = fwd_get(op, &v, newest.doc.comp, newest.doc.type, rid, &f);
    str set = e == OK ? arena_str(op->arena, f.set) : STR_NONE;
    view_close(&v);
    TRY(e);
    if (!newest.doc.rid)
        return absent(op);
    return keyset_unpack(op, set, ret, ret_n);
}
