/* Key sets by compartment, type and resource number: SPACE_FWD and the tails as one. One stored row
 * holds up to 8 neighbours, so that a patient's readings, loaded together, are read together.
 * Row: for each resource low(1), length, then t, time and the set (see keys_int.h). */
#include "store/store_int.h"

void fwd_row_key(char out[12], uint64_t comp, uint16_t type, uint64_t rid)
{
    rid_write(out, comp);
    out[5] = (char)(type >> 8);
    out[6] = (char)type;
    rid_write(out + 7, rid >> FWD_BITS);
}

void fwd_tail_key(char out[13], uint64_t comp, uint16_t type, uint64_t rid)
{
    out[0] = 'F';
    fwd_row_key(out + 1, comp, type, rid);
    rid_write(out + 8, rid);
}

bool fwd_body_read(str body, struct fwd_entry *ret)
{
    uint64_t time = 0;
    if (!take_varint(&body, &ret->t) || !take_varint(&body, &time))
        return false;
    ret->time = (int64_t)time;
    ret->set = body;
    return true;
}

bool fwd_read(str *row, uint64_t high, struct fwd_entry *ret)
{
    uint8_t low = 0;
    uint64_t n = 0;
    str body;
    if (!take_u8(row, &low) || !take_varint(row, &n) || n > row->n ||
        !take_bytes(row, (size_t)n, &body))
        return false;
    ret->rid = high << FWD_BITS | low;
    return fwd_body_read(body, ret);
}

static err base_load(struct op *op, struct fwd *f)
{
    const struct store_cursor *c = f->c;
    f->base_valid = c->valid && c->key.n == 12 && memcmp(c->key.p, f->prefix, 7) == 0;
    if (!f->base_valid)
        return OK;
    f->high = rid_read(c->key.p + 7);
    f->row = c->value;
    return fwd_read(&f->row, f->high, &f->base) ? OK : damaged(op, "keys of a resource");
}

static err base_next(struct op *op, struct fwd *f)
{
    if (f->row.n)
        return fwd_read(&f->row, f->high, &f->base) ? OK : damaged(op, "keys of a resource");
    TRY(f->v->s->ops->cursor_next(op, f->c));
    return base_load(op, f);
}

static void tail_check(struct fwd *f, unsigned i)
{
    const struct skip_iter *it = &f->tail[i];
    f->tail_valid[i] = it->valid && it->key.n == 13 && it->key.p[0] == 'F' &&
                       memcmp(it->key.p + 1, f->prefix, 7) == 0;
}

/* True when what was picked is hidden. */
static bool pick(struct fwd *f)
{
    bool gone = false;
    f->valid = f->base_valid;
    f->at = f->base;
    for (unsigned i = 2; i-- > 0;) { /* the active tail last: it wins */
        if (!f->tail_valid[i])
            continue;
        uint64_t rid = rid_read(f->tail[i].key.p + 8);
        if (f->valid && rid > f->at.rid)
            continue;
        f->valid = true;
        gone = f->tail[i].gone;
        f->at = (struct fwd_entry){.rid = rid};
        if (!gone)
            gone = !fwd_body_read(f->tail[i].value, &f->at);
    }
    return gone;
}

static err step(struct op *op, struct fwd *f)
{
    for (unsigned i = 0; i < 2; i++) {
        if (f->tail_valid[i] && rid_read(f->tail[i].key.p + 8) == f->at.rid) {
            skip_next(&f->tail[i]);
            tail_check(f, i);
        }
    }
    return f->base_valid && f->base.rid == f->at.rid ? base_next(op, f) : OK;
}

static err settle(struct op *op, struct fwd *f)
{
    while (pick(f))
        TRY(step(op, f));
    return OK;
}

err fwd_next(struct op *op, struct fwd *f)
{
    if (!f->valid)
        return OK;
    TRY(step(op, f));
    return settle(op, f);
}

err fwd_open(struct op *op, const struct view *v, uint64_t comp, uint16_t type, uint64_t from,
             struct fwd *ret)
{
    char row[12], key[13];
    struct fwd f = {.v = v};
    fwd_row_key(row, comp, type, from);
    fwd_tail_key(key, comp, type, from);
    memcpy(f.prefix, row, sizeof f.prefix);
    TRY(v->s->ops->cursor_open(op, v->snap, SPACE_FWD, &f.c));
    TRY(v->s->ops->cursor_seek(op, f.c, str_make(row, sizeof row), false));
    TRY(base_load(op, &f));
    while (f.base_valid && f.base.rid < from)
        TRY(base_next(op, &f));
    for (unsigned i = 0; i < 2; i++) {
        if (!v->tails[i])
            continue;
        skip_iter_init(&f.tail[i], &v->tails[i]->list, v->t);
        skip_iter_until(&f.tail[i], str_make(key, 1 + sizeof f.prefix));
        skip_seek(&f.tail[i], str_make(key, sizeof key), false);
        tail_check(&f, i);
    }
    TRY(settle(op, &f));
    *ret = f;
    return OK;
}

void fwd_close(struct fwd *f)
{
    if (f->c)
        f->v->s->ops->cursor_close(f->c);
    f->c = NULL;
    f->valid = false;
}

/* In a tail: 1 there, -1 known to be gone, 0 not mentioned. */
static int tail_get(const struct view *v, str key, struct fwd_entry *ret)
{
    for (unsigned i = 0; i < 2; i++) {
        struct skip_iter it;
        if (!v->tails[i])
            continue;
        skip_iter_init(&it, &v->tails[i]->list, v->t);
        skip_iter_until(&it, key);
        skip_seek(&it, key, false);
        if (it.valid && str_eq(it.key, key))
            return !it.gone && fwd_body_read(it.value, ret) ? 1 : -1;
    }
    return 0;
}

err fwd_get(struct op *op, const struct view *v, uint64_t comp, uint16_t type, uint64_t rid,
            struct fwd_entry *ret)
{
    char key[13], row_key[12];
    str row = STR_NONE;
    struct fwd_entry found = {.rid = 0};
    fwd_tail_key(key, comp, type, rid);
    int there = tail_get(v, str_make(key, sizeof key), &found);
    ret->rid = 0;
    if (there) {
        *ret = found;
        ret->rid = there > 0 ? rid : 0;
        return OK;
    }
    fwd_row_key(row_key, comp, type, rid);
    TRY(view_get(op, v, SPACE_FWD, str_make(row_key, sizeof row_key), &row));
    while (row.n) {
        if (!fwd_read(&row, rid >> FWD_BITS, &found))
            return damaged(op, "keys of a resource");
        if (found.rid == rid) {
            *ret = found;
            return OK;
        }
    }
    return OK;
}
