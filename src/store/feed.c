/* The change feed: SPACE_LOG in order of t, whole transactions. */
#include "base/time.h"
#include "store/store_int.h"

typedef VEC(struct store_change) changes;

static err add_row(struct op *op, uint64_t t, str row, changes *out)
{
    uint64_t time = 0, vid, type;
    uint8_t kind;
    if (!take_varint(&row, &time))
        return damaged(op, "log");
    while (row.n) {
        struct store_change c = {.t = t, .time = (int64_t)time};
        if (!take_varint(&row, &c.rid) || !take_varint(&row, &vid) || !take_varint(&row, &type) ||
            !take_varint(&row, &c.comp) || !take_u8(&row, &kind) || kind > CHANGE_DELETE)
            return damaged(op, "log");
        c.vid = (uint32_t)vid;
        c.type = (uint16_t)type;
        c.kind = (enum store_change_kind)kind;
        VEC_PUSH(op->arena, out, c);
    }
    return arena_failed(op->arena) ? out_of_memory(op) : OK;
}

err feed_in(struct op *op, const struct store_ops *ops, struct store_snap *snap, uint64_t after,
            size_t max, struct store_change **ret, size_t *ret_n)
{
    struct store_cursor *c = NULL;
    changes out = {.n = 0};
    char from[8];
    u64_write(from, after + 1);
    TRY(ops->cursor_open(op, snap, SPACE_LOG, &c));
    err e = ops->cursor_seek(op, c, str_make(from, 8), false);
    while (e == OK && c->valid && out.n < max) {
        e = add_row(op, u64_read(c->key.p), c->value, &out);
        if (e == OK)
            e = ops->cursor_next(op, c);
    }
    ops->cursor_close(c);
    TRY(e);
    *ret = out.at;
    *ret_n = out.n;
    return OK;
}

err store_feed(struct op *op, struct store *s, uint64_t after, size_t max,
               struct store_change **ret, size_t *ret_n)
{
    struct store_snap *snap = NULL;
    TRY(snap_take(op, s, &snap));
    err e = feed_in(op, s->ops, snap, after, max, ret, ret_n);
    s->ops->snap_close(snap);
    return e;
}

bool store_feed_wait(struct store *s, uint64_t after, int64_t ms)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += (ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&s->lock);
    int rc = 0;
    while (atomic_load(&s->feed_t) <= after && !s->stopping && rc == 0)
        rc = pthread_cond_timedwait(&s->news, &s->lock, &until);
    bool news = atomic_load(&s->feed_t) > after;
    pthread_mutex_unlock(&s->lock);
    return news;
}
