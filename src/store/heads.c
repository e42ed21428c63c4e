/* Signed heads of the trail (Ed25519): now and then, in the commit of the entries, a row that says
 * "entry seq, of this time, had this hash", which nobody without the keys can make, and which can
 * be given away and held against the trail later. META "head/" + seq → time(8) hash(32)
 * signature(64). Invariant: a signed head is of an entry that is committed with it or before. */
#include "store/store_int.h"

#include <sodium.h>

#define PREFIX "head/"
#define KEY_BYTES (sizeof PREFIX - 1 + 8)
#define ROW_BYTES (8u + 32u + 64u)
#define EVERY_MS 60000
#define EVERY_ENTRIES 65536u
#define HEAD_TEXT "weft trail head 1\n"

static str row_key(char out[KEY_BYTES], uint64_t seq)
{
    memcpy(out, PREFIX, sizeof PREFIX - 1);
    u64_write(out + sizeof PREFIX - 1, seq);
    return str_make(out, KEY_BYTES);
}

static void key_pair(const struct vault *v, uint8_t public_key[32], uint8_t secret[64])
{
    crypto_sign_seed_keypair(public_key, secret, v->sign);
}

static void sign_bytes(const struct store *s, str text, struct store_signature *ret)
{
    uint8_t secret[64];
    key_pair(&s->vault, ret->key, secret);
    crypto_sign_detached(ret->bytes, NULL, (const unsigned char *)text.p, text.n, secret);
    sodium_memzero(secret, sizeof secret);
}

static bool bytes_signed(str text, const struct store_signature *sig)
{
    return crypto_sign_verify_detached(sig->bytes, (const unsigned char *)text.p, text.n,
                                       sig->key) == 0;
}

err store_sign(struct op *op, const struct store *s, str what, str bytes,
               struct store_signature *ret)
{
    str text = what.n ? arena_cat(op->arena, arena_cat(op->arena, what, STR("\n")), bytes) : bytes;
    if (!text.p)
        return out_of_memory(op);
    if (!what.n && str_find_char(bytes, '\n', 0) != SIZE_MAX)
        return fail(op, ERR_INVALID, "what is signed without a name has one line");
    sign_bytes(s, text, ret);
    return OK;
}

#define HEAD_BYTES (sizeof HEAD_TEXT - 1 + 48)

static str head_bytes(char out[HEAD_BYTES], const struct store_trail_head *h)
{
    char *p = out + sizeof HEAD_TEXT - 1;
    memcpy(out, HEAD_TEXT, sizeof HEAD_TEXT - 1);
    u64_write(p, h->seq);
    u64_write(p + 8, (uint64_t)h->time);
    memcpy(p + 16, h->hash, 32);
    return str_make(out, HEAD_BYTES);
}

static void head_sign(const struct store *s, struct store_trail_head *h)
{
    char bytes[HEAD_BYTES];
    sign_bytes(s, head_bytes(bytes, h), &h->signature);
}

bool store_trail_head_good(const struct store_trail_head *h)
{
    char bytes[HEAD_BYTES];
    return bytes_signed(head_bytes(bytes, h), &h->signature);
}

err heads_write(struct op *op, struct store *s)
{
    struct heads *at = &s->heads_next;
    struct store_trail_head h = {.seq = s->pending.trail_seq, .time = s->pending.time};
    char key[KEY_BYTES], row[ROW_BYTES];
    if (at->seq && h.seq - at->seq < EVERY_ENTRIES && h.time - at->time < EVERY_MS)
        return OK;
    memcpy(h.hash, s->pending.trail_head, sizeof h.hash);
    head_sign(s, &h);
    u64_write(row, (uint64_t)h.time);
    memcpy(row + 8, h.hash, 32);
    memcpy(row + 40, h.signature.bytes, 64);
    *at = (struct heads){h.seq, h.time};
    return s->ops->put(op, s->be, SPACE_META, row_key(key, h.seq), str_make(row, sizeof row));
}

static bool head_read(const struct store *s, str key, str row, struct store_trail_head *ret)
{
    uint8_t secret[64];
    if (key.n != KEY_BYTES || memcmp(key.p, PREFIX, sizeof PREFIX - 1) != 0 || row.n != ROW_BYTES)
        return false;
    ret->seq = u64_read(key.p + sizeof PREFIX - 1);
    ret->time = (int64_t)u64_read(row.p);
    memcpy(ret->hash, row.p + 8, 32);
    memcpy(ret->signature.bytes, row.p + 40, 64);
    key_pair(&s->vault, ret->signature.key, secret);
    sodium_memzero(secret, sizeof secret);
    return true;
}

err heads_load(struct op *op, struct store *s)
{
    struct store_cursor *c = NULL;
    struct store_trail_head h;
    TRY(s->ops->cursor_open(op, s->ops->writer(s->be), SPACE_META, &c));
    err e = s->ops->cursor_seek(op, c, STR("head0"), true);
    if (e == OK && c->valid && head_read(s, c->key, c->value, &h))
        s->heads = (struct heads){h.seq, h.time};
    s->ops->cursor_close(c);
    return e;
}

err heads_open(struct op *op, const struct view *v, struct heads_walk *ret)
{
    const struct store_ops *ops = v->s->ops;
    *ret = (struct heads_walk){.v = v};
    TRY(ops->cursor_open(op, v->snap, SPACE_META, &ret->c));
    err e = ops->cursor_seek(op, ret->c, STR(PREFIX), false);
    ret->valid = e == OK && ret->c->valid && head_read(v->s, ret->c->key, ret->c->value, &ret->at);
    return e;
}

err heads_next(struct op *op, struct heads_walk *w)
{
    TRY(w->v->s->ops->cursor_next(op, w->c));
    w->valid = w->c->valid && head_read(w->v->s, w->c->key, w->c->value, &w->at);
    return OK;
}

err store_trail_head(struct op *op, struct store *s, struct store_trail_head *ret)
{
    struct view v;
    struct state st = {0};
    TRY(trail_catch_up(op, s));
    TRY(view_open(op, s, &v));
    err e = state_read(op, s->ops, v.snap, &st);
    view_close(&v);
    TRY(e);
    struct store_trail_head h = {.seq = st.trail_seq, .time = st.time};
    memcpy(h.hash, st.trail_head, sizeof h.hash);
    head_sign(s, &h);
    *ret = h;
    return OK;
}

err store_trail_holds(struct op *op, struct store *s, const struct store_trail_head *h,
                      bool *ret_holds)
{
    struct store_trail_entry e;
    uint8_t key[32], secret[64];
    *ret_holds = false;
    key_pair(&s->vault, key, secret);
    sodium_memzero(secret, sizeof secret);
    if (memcmp(key, h->signature.key, sizeof key) != 0 || !store_trail_head_good(h))
        return OK;
    err got = store_trail_read(op, s, h->seq, &e);
    if (got == ERR_NOT_FOUND) {
        op_clear(op);
        return OK;
    }
    TRY(got);
    *ret_holds = memcmp(e.hash, h->hash, sizeof e.hash) == 0;
    return OK;
}
