/* The row of counters written with every commit, and the head of the trail. The head is sealed, so
 * that whoever can write the database but has no keys cannot shorten the trail unseen.
 * Invariant: state.t is the newest transaction in the same back-end commit. */
#include "base/uuid.h"
#include "store/store_int.h"

static const str state_row = {"state", 5};

err state_read(struct op *op, const struct store_ops *ops, struct store_snap *snap,
               struct state *ret)
{
    str in = STR_NONE, head = STR_NONE;
    struct state st = {0};
    uint64_t time = 0;
    TRY(ops->get(op, snap, SPACE_META, state_row, &in));
    if (!take_varint(&in, &st.t) || !take_varint(&in, &time) || !take_varint(&in, &st.feed_t) ||
        !take_varint(&in, &st.rid_next) || !take_varint(&in, &st.job_next) ||
        !take_varint(&in, &st.trail_seq) || !take_varint(&in, &st.resources) ||
        !take_varint(&in, &st.versions) || !take_varint(&in, &st.merged_t) ||
        !take_bytes(&in, sizeof st.trail_head, &head))
        return damaged(op, "state");
    if (!take_varint(&in, &st.merged_seq)) /* schema 3: they wait in SPACE_PEND */
        st.merged_seq = st.trail_seq;
    st.time = (int64_t)time;
    memcpy(st.trail_head, head.p, sizeof st.trail_head);
    *ret = st;
    return OK;
}

err state_write(struct op *op, struct store *s, const struct state *st)
{
    struct buf b;
    buf_init(&b, op->arena, 256);
    buf_varint(&b, st->t);
    buf_varint(&b, (uint64_t)st->time);
    buf_varint(&b, st->feed_t);
    buf_varint(&b, st->rid_next);
    buf_varint(&b, st->job_next);
    buf_varint(&b, st->trail_seq);
    buf_varint(&b, st->resources);
    buf_varint(&b, st->versions);
    buf_varint(&b, st->merged_t);
    buf_add(&b, str_make((const char *)st->trail_head, sizeof st->trail_head));
    buf_varint(&b, st->merged_seq);
    buf_u64(&b, random_u64()); /* no two commits write the same: postgres/settle.c */
    if (!buf_ok(&b))
        return out_of_memory(op);
    return s->ops->put(op, s->be, SPACE_META, state_row, buf_str(&b));
}
