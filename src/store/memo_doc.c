/* Documents in a memo (memo.c): name the resource's number, value its head and text. Invariants: a
 * document of somebody whose keys are gone is never found; a large transaction (a load) pushes
 * nothing of others out. */
#include "store/memo_int.h"

#define KEEP_PUTS 128u

struct head {
    uint64_t comp, t;
    int64_t time;
    uint32_t vid, client_n;
    uint16_t type;
    bool deleted, named;
};

struct name {
    char bytes[8];
};

static str name_of(uint64_t rid, struct name *room)
{
    u64_write(room->bytes, rid);
    return str_make(room->bytes, sizeof room->bytes);
}

/* Empty: it is too large. */
static str value_of(struct op *op, const struct store_doc *d)
{
    struct head h = {.comp = d->comp,
                     .t = d->t,
                     .time = d->time,
                     .vid = d->vid,
                     .client_n = (uint32_t)d->client_id.n,
                     .type = d->type,
                     .deleted = d->deleted,
                     .named = d->named};
    struct buf b;
    if (d->client_id.n + d->body.n + sizeof h > MEMO_DOC_MAX)
        return STR_NONE;
    buf_init(&b, op->arena, MEMO_DOC_MAX);
    buf_add(&b, str_make((const char *)&h, sizeof h));
    buf_add(&b, d->client_id);
    buf_add(&b, d->body);
    return buf_ok(&b) ? buf_str(&b) : STR_NONE;
}

bool memo_doc_find(struct op *op, struct store *s, uint64_t rid, bool body, struct store_doc *ret)
{
    struct name room;
    struct head h;
    str value, client = STR_NONE;
    if (!memo_find(s->docs, op->arena, name_of(rid, &room), &value) || value.n < sizeof h)
        return false;
    memcpy(&h, value.p, sizeof h);
    value = str_sub(value, sizeof h, value.n);
    if (h.comp && !vault_has(&s->vault, h.comp))
        return false;
    *ret = (struct store_doc){.rid = rid,
                              .type = h.type,
                              .vid = h.vid,
                              .deleted = h.deleted,
                              .comp = h.comp,
                              .t = h.t,
                              .time = h.time,
                              .named = h.named};
    if (body && take_bytes(&value, h.client_n, &client)) {
        ret->client_id = client;
        ret->body = value;
    }
    return true;
}

void memo_doc_ahead(const struct store *s, uint64_t rid)
{
    struct name room;
    memo_ahead(s->docs, name_of(rid, &room));
}

void memo_doc_learn(struct op *op, struct store *s, const struct store_doc *d, uint64_t mark)
{
    struct name room;
    str value = s->docs ? value_of(op, d) : STR_NONE;
    if (value.n)
        memo_learn(s->docs, name_of(d->rid, &room), value, mark);
}

void memo_doc_drop(struct store *s, uint64_t rid)
{
    struct name room;
    memo_drop(s->docs, name_of(rid, &room));
}

void memo_doc_keep(struct op *op, struct store *s, const struct store_tx *tx)
{
    struct name room;
    for (size_t i = 0; s->docs && i < tx->puts.n; i++) {
        const struct store_put *p = &tx->puts.at[i].put;
        struct store_doc d = {.rid = p->rid,
                              .type = p->type,
                              .vid = p->vid,
                              .deleted = p->deleted,
                              .comp = p->comp,
                              .t = tx->commit.t,
                              .time = tx->commit.time,
                              .named = p->client_id.n != 0,
                              .client_id = p->client_id,
                              .body = p->body};
        str value = tx->puts.n <= KEEP_PUTS ? value_of(op, &d) : STR_NONE;
        if (value.n)
            memo_keep(s->docs, name_of(p->rid, &room), value);
        else /* what the group wrote of it before */
            memo_forget(s->docs, name_of(p->rid, &room));
    }
}
