/* The tail: keys of committed transactions that the merge has not moved to the key spaces yet, and
 * the rows of SPACE_PEND from which it is made again after a crash.
 * List keys: 'K' + ekey + rid(5) → nothing, and 'F' + compartment(5) type(2) rid(5) → t, time, set.
 * Invariant: the tail of t holds exactly what SPACE_PEND rows up to t and past merged_t say. */
#include "store/marks_int.h"

#define PEND_TRAIL 1u
#define PEND_BORN 2u
#define PEND_DIED 4u
#define PEND_ID 8u
#define PEND_DIFF 16u /* added and removed follow; else all of set is new */
#define PEND_KEPT 32u /* t and time of the document follow */
#define PEND_MARKS 64u
#define TAIL_BYTES ((size_t)1 << 30)

struct tail *tail_new(void)
{
    struct tail *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    t->arena = arena_new(TAIL_BYTES);
    if (!t->arena || !skip_init(&t->list, t->arena)) {
        arena_free(t->arena);
        free(t);
        return NULL;
    }
    atomic_init(&t->refs, 1);
    return t;
}

void tail_ref(struct tail *t)
{
    atomic_fetch_add(&t->refs, 1);
}

void tail_drop(struct tail *t)
{
    if (!t || atomic_fetch_sub(&t->refs, 1) != 1)
        return;
    arena_free(t->arena);
    free(t);
}

static void add_sized(struct buf *b, str s)
{
    buf_varint(b, s.n);
    buf_add(b, s);
}

static bool take_sized(str *in, str *ret)
{
    uint64_t n = 0;
    return take_varint(in, &n) && n <= in->n && take_bytes(in, (size_t)n, ret);
}

void pend_write(struct buf *b, const struct pend *p)
{
    bool diff = p->added.p != p->set.p || p->removed.n;
    buf_u8(b, (uint8_t)((p->trail ? PEND_TRAIL : 0) | (p->born ? PEND_BORN : 0) |
                        (p->died ? PEND_DIED : 0) | (p->id_hash.n ? PEND_ID : 0) |
                        (diff ? PEND_DIFF : 0) | (p->kept_t ? PEND_KEPT : 0) |
                        (p->marks.lead ? PEND_MARKS : 0)));
    buf_varint(b, p->rid);
    buf_varint(b, p->type);
    buf_varint(b, p->comp);
    buf_varint(b, p->old_comp);
    if (p->id_hash.n)
        buf_add(b, p->id_hash);
    add_sized(b, p->set);
    if (diff) {
        add_sized(b, p->added);
        add_sized(b, p->removed);
    }
    if (p->kept_t) {
        buf_varint(b, p->kept_t);
        buf_varint(b, (uint64_t)p->kept_time);
    }
    if (p->marks.lead) {
        buf_varint(b, p->marks.lead);
        buf_varint(b, p->marks.order);
    }
}

static bool take_marks(str *in, struct store_marks *ret)
{
    uint64_t lead = 0, order = 0;
    bool good = take_varint(in, &lead) && take_varint(in, &order) && lead <= UINT16_MAX &&
                order <= UINT16_MAX;
    *ret = (struct store_marks){(uint16_t)lead, (uint16_t)order};
    return good;
}

bool pend_read(str *in, struct pend *ret)
{
    struct pend p = {.trail = false};
    uint8_t flags = 0;
    uint64_t type = 0, time = 0;
    if (!take_u8(in, &flags) || !take_varint(in, &p.rid) || !take_varint(in, &type) ||
        type > UINT16_MAX || !take_varint(in, &p.comp) || !take_varint(in, &p.old_comp))
        return false;
    if ((flags & PEND_ID) && !take_bytes(in, ID_HASH_BYTES, &p.id_hash))
        return false;
    if (!take_sized(in, &p.set))
        return false;
    p.added = p.set;
    if ((flags & PEND_DIFF) && (!take_sized(in, &p.added) || !take_sized(in, &p.removed)))
        return false;
    if ((flags & PEND_KEPT) && (!take_varint(in, &p.kept_t) || !take_varint(in, &time)))
        return false;
    if ((flags & PEND_MARKS) && !take_marks(in, &p.marks))
        return false;
    p.kept_time = (int64_t)time;
    p.trail = flags & PEND_TRAIL;
    p.born = flags & PEND_BORN;
    p.died = flags & PEND_DIED;
    p.type = (uint16_t)type;
    *ret = p;
    return true;
}

void tail_batch_init(struct tail_batch *b, struct tail *tail, uint64_t t, int64_t time,
                     struct arena *a)
{
    *b = (struct tail_batch){.tail = tail, .t = t, .time = time, .arena = a};
    buf_init(&b->key, a, 2 * KEY_MAX + 64);
}

static bool put(struct tail_batch *a, const str *value)
{
    if (!buf_ok(&a->key))
        return false;
    struct skip_node *node = skip_put(&a->tail->list, buf_str(&a->key), a->t, value);
    if (!node)
        return false;
    if (!a->nodes)
        return true;
    size_t had = a->nodes->n;
    VEC_PUSH(a->arena, a->nodes, node);
    if (a->nodes->n == had) {
        skip_kill(node);
        return false;
    }
    return true;
}

static bool put_key(struct tail_batch *a, const struct pend *p, str key, bool present)
{
    static const str nothing = {"", 0};
    char rid[RID_BYTES];
    rid_write(rid, p->rid);
    buf_clear(&a->key);
    buf_char(&a->key, 'K');
    ekey_write(&a->key, p->type, key);
    buf_add(&a->key, str_make(rid, sizeof rid));
    return put(a, present ? &nothing : NULL);
}

bool tail_join(struct tail_batch *b, uint16_t type, str key, uint64_t number)
{
    static const str nothing = {"", 0};
    char last[RID_BYTES];
    struct skip_iter it;
    rid_write(last, number);
    buf_clear(&b->key);
    buf_char(&b->key, 'K');
    ekey_write(&b->key, type, key);
    buf_add(&b->key, str_make(last, sizeof last));
    if (!buf_ok(&b->key))
        return false;
    str whole = buf_str(&b->key);
    skip_iter_init(&it, &b->tail->list, UINT64_MAX); /* what is undone takes this with it */
    skip_iter_until(&it, whole);
    skip_seek(&it, whole, false);
    return (it.valid && str_eq(it.key, whole)) || put(b, &nothing);
}

static bool put_keys(struct tail_batch *a, const struct pend *p, str set, bool present)
{
    str key;
    while (keyset_next(&set, &key)) {
        if (!put_key(a, p, key, present))
            return false;
    }
    return true;
}

static bool put_fwd(struct tail_batch *a, const struct pend *p, uint64_t comp, const str *body)
{
    char key[13];
    fwd_tail_key(key, comp, p->type, p->rid);
    buf_clear(&a->key);
    buf_add(&a->key, str_make(key, sizeof key));
    return put(a, body);
}

static bool put_resource(struct tail_batch *a, const struct pend *p)
{
    if ((p->born || p->died) && !put_key(a, p, KEY_ALL, p->born))
        return false;
    if (p->id_hash.n && !put_key(a, p, id_key(a->arena, p->id_hash), true))
        return false;
    if (p->old_comp != p->comp && !p->born && !put_fwd(a, p, p->old_comp, NULL))
        return false;
    if (p->died)
        return put_fwd(a, p, p->comp, NULL);
    struct buf body;
    buf_init(&body, a->arena, p->set.n + 32);
    buf_varint(&body, p->kept_t ? p->kept_t : a->t);
    buf_varint(&body, (uint64_t)(p->kept_t ? p->kept_time : a->time));
    buf_add(&body, p->set);
    str value = buf_str(&body);
    return buf_ok(&body) && put_fwd(a, p, p->comp, &value);
}

bool tail_add(struct tail_batch *b, const struct pend *p)
{
    if (!put_keys(b, p, p->removed, false) || !put_keys(b, p, p->added, true))
        return false;
    b->tail->weight += 1 + (p->added.n + p->removed.n) / 256;
    b->tail->last_t = b->t;
    return p->trail || (put_resource(b, p) && marks_put(b, p));
}

static bool replay_row(struct store *s, uint64_t t, str sealed, struct arena *scratch)
{
    struct tail_batch batch;
    struct op op;
    str in = STR_NONE;
    struct pend p;
    uint64_t time = 0;
    op_init(&op, scratch, NULL, 0);
    bool good = unseal(&op, &s->vault, OWNER_STORE, STR("pend"), sealed, &in) == OK &&
                take_varint(&in, &time);
    tail_batch_init(&batch, s->active, t, (int64_t)time, scratch);
    while (good && in.n)
        good = pend_read(&in, &p) && tail_add(&batch, &p);
    return good;
}

err tail_replay(struct op *op, struct store *s)
{
    struct store_cursor *c = NULL;
    struct arena *scratch = arena_new(0);
    char from[8];
    u64_write(from, s->state.merged_t + 1);
    if (!scratch)
        return out_of_memory(op);
    err e = s->ops->cursor_open(op, s->ops->writer(s->be), SPACE_PEND, &c);
    if (e == OK)
        e = s->ops->cursor_seek(op, c, str_make(from, 8), false);
    while (e == OK && c->valid) {
        bool good = replay_row(s, u64_read(c->key.p), c->value, scratch);
        arena_reset(scratch);
        e = good ? s->ops->cursor_next(op, c) : damaged(op, "keys to be merged");
    }
    if (c)
        s->ops->cursor_close(c);
    arena_free(scratch);
    return e;
}
