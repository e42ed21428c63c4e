/* Rows of SPACE_DOC: one version of a resource. Plain head (numbers only), then the sealed and
 * packed client id and body. The seal is bound to number, version, type and flags, so a row cannot
 * be passed off as another. The newest version of a resource is the first row at or after its
 * number. */
#include "store/store_int.h"

#define AAD_BYTES 15u

static str aad_of(char out[AAD_BYTES], uint64_t rid, uint32_t vid, uint16_t type, uint8_t flags)
{
    u64_write(out, rid);
    for (unsigned i = 0; i < 4; i++)
        out[8 + i] = (char)(vid >> (24 - 8 * i));
    out[12] = (char)(type >> 8);
    out[13] = (char)type;
    out[14] = (char)flags;
    return str_make(out, AAD_BYTES);
}

static uint8_t flags_of(bool deleted, bool named)
{
    return (uint8_t)((deleted ? DOC_DELETED : 0) | (named ? DOC_CLIENT_ID : 0));
}

err version_seal(struct op *op, struct store *s, const struct store_put *p, str *ret)
{
    char aad[AAD_BYTES];
    struct buf b;
    str packed = STR_NONE;
    buf_init(&b, op->arena, p->client_id.n + p->body.n + 16);
    if (p->client_id.n) {
        buf_varint(&b, p->client_id.n);
        buf_add(&b, p->client_id);
        buf_add(&b, p->body);
        if (!buf_ok(&b))
            return out_of_memory(op);
    }
    TRY(pack(op, s->packer, p->client_id.n ? buf_str(&b) : p->body, &packed));
    uint8_t flags = flags_of(p->deleted, p->client_id.n != 0);
    return seal(op, &s->vault, p->comp, aad_of(aad, p->rid, p->vid, p->type, flags), packed, ret);
}

static void head_write(struct buf *b, const struct store_doc *d, uint8_t flags, str sealed)
{
    buf_u8(b, flags);
    buf_varint(b, d->type);
    buf_varint(b, d->t);
    buf_varint(b, (uint64_t)d->time);
    buf_varint(b, d->comp);
    buf_add(b, sealed);
}

void version_write(struct buf *b, const struct store_doc *d, str sealed)
{
    head_write(b, d, flags_of(d->deleted, d->client_id.n != 0), sealed);
}

err version_read(struct op *op, uint64_t row, str value, struct version *ret)
{
    struct version v = {.doc.rid = row >> 20,
                        .doc.vid = STORE_VID_MAX - (uint32_t)(row & STORE_VID_MAX)};
    uint64_t type, time;
    if (!take_u8(&value, &v.flags) || !take_varint(&value, &type) || type > UINT16_MAX ||
        !take_varint(&value, &v.doc.t) || !take_varint(&value, &time) ||
        !take_varint(&value, &v.doc.comp))
        return damaged(op, "head of a version");
    v.doc.type = (uint16_t)type;
    v.doc.time = (int64_t)time;
    v.doc.deleted = v.flags & DOC_DELETED;
    v.doc.named = v.flags & DOC_CLIENT_ID;
    v.sealed = value;
    *ret = v;
    return OK;
}

err version_open(struct op *op, struct store *s, const struct version *v, struct store_doc *ret)
{
    char aad[AAD_BYTES];
    str packed = STR_NONE, plain = STR_NONE;
    struct store_doc d = v->doc;
    TRY(unseal(op, &s->vault, d.comp, aad_of(aad, d.rid, d.vid, d.type, v->flags), v->sealed,
               &packed));
    TRY(unpack(op, s->packer, packed, &plain));
    if (v->flags & DOC_CLIENT_ID) {
        uint64_t n = 0;
        if (!take_varint(&plain, &n) || !take_bytes(&plain, n, &d.client_id))
            return damaged(op, "client id of a version");
    }
    d.body = plain;
    *ret = d;
    return OK;
}

err version_reseal(struct op *op, struct store *s, const struct version *v, struct buf *ret)
{
    char aad_room[AAD_BYTES];
    const struct store_doc *d = &v->doc;
    str aad = aad_of(aad_room, d->rid, d->vid, d->type, v->flags), packed = STR_NONE,
        sealed = STR_NONE;
    TRY(unseal(op, &s->vault, d->comp, aad, v->sealed, &packed));
    TRY(seal(op, &s->vault, d->comp, aad, packed, &sealed));
    head_write(ret, d, v->flags, sealed);
    return buf_ok(ret) ? OK : out_of_memory(op);
}

/* The first version at or after row that belongs to rid. */
static err first_from(struct op *op, struct store_cursor *c, const struct store_ops *ops,
                      uint64_t row, struct version *ret)
{
    char key[8];
    uint64_t rid = row >> 20;
    u64_write(key, row);
    TRY(ops->cursor_seek(op, c, str_make(key, 8), false));
    if (!c->valid || u64_read(c->key.p) >> 20 != rid) {
        ret->doc.rid = 0;
        return OK;
    }
    return version_read(op, u64_read(c->key.p), c->value, ret);
}

err version_newest(struct op *op, struct store_snap *snap, const struct store_ops *ops,
                   uint64_t rid, struct version *ret)
{
    struct store_cursor *c = NULL;
    if (rid == 0 || rid > RID_MAX) {
        ret->doc.rid = 0;
        return OK;
    }
    TRY(ops->cursor_open(op, snap, SPACE_DOC, &c));
    err e = first_from(op, c, ops, doc_key(rid, STORE_VID_MAX), ret);
    ret->sealed = STR_NONE; /* borrowed from the cursor */
    ops->cursor_close(c);
    return e;
}

err version_at(struct op *op, const struct view *v, uint64_t rid, uint64_t t, struct version *ret)
{
    const struct store_ops *ops = v->s->ops;
    struct store_cursor *c = NULL;
    struct version at = {.doc.rid = 0};
    TRY(ops->cursor_open(op, v->snap, SPACE_DOC, &c));
    err e =
        rid == 0 || rid > RID_MAX ? OK : first_from(op, c, ops, doc_key(rid, STORE_VID_MAX), &at);
    while (e == OK && at.doc.rid && at.doc.t > t) {
        e = ops->cursor_next(op, c);
        if (e == OK && (!c->valid || u64_read(c->key.p) >> 20 != rid))
            at.doc.rid = 0;
        else if (e == OK)
            e = version_read(op, u64_read(c->key.p), c->value, &at);
    }
    if (e == OK) {
        at.sealed = at.doc.rid ? arena_str(op->arena, at.sealed) : STR_NONE;
        *ret = at;
    }
    ops->cursor_close(c);
    return e;
}
