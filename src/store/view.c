/* What a reader sees: the tails and a back-end snapshot that belong together, as of one t.
 * The tails are taken first; if none was frozen until the snapshot stood, every key of a
 * transaction up to the snapshot's t is in one of them or already merged in the snapshot.
 * Invariant: no snapshot is older than what was acknowledged before it was asked for. */
#include "store/store_int.h"

static void take_tails(struct store *s, struct view *v)
{
    pthread_mutex_lock(&s->tail_lock);
    v->tails[0] = s->active;
    v->tails[1] = s->frozen;
    for (unsigned i = 0; i < 2; i++) {
        if (v->tails[i])
            tail_ref(v->tails[i]);
    }
    pthread_mutex_unlock(&s->tail_lock);
}

/* The t of the snapshot: read once, then noted with it. */
static err read_t(struct op *op, struct store *s, struct store_snap *snap, uint64_t *ret)
{
    struct state st = {0};
    uint64_t *note = s->ops->snap_note(snap);
    if (*note) {
        *ret = *note - 1;
        return OK;
    }
    TRY(state_read(op, s->ops, snap, &st));
    *note = st.t + 1;
    *ret = st.t;
    return OK;
}

err snap_take(struct op *op, struct store *s, struct store_snap **ret)
{
    struct store_snap *snap = NULL;
    uint64_t least = atomic_load(&s->t), t = UINT64_MAX;
    TRY(s->ops->snap_open(op, s->be, &snap));
    err e = s->ops->lost ? read_t(op, s, snap, &t) : OK;
    if (e == OK && t < least)
        e = fail(op, ERR_UNAVAILABLE, "the database shows an older moment than it had; try again");
    if (e == OK)
        *ret = snap;
    else
        s->ops->snap_close(snap);
    return e;
}

err view_open(struct op *op, struct store *s, struct view *ret)
{
    for (;;) {
        struct view v = {.s = s};
        uint64_t generation = atomic_load(&s->generation);
        take_tails(s, &v);
        err e = snap_take(op, s, &v.snap);
        if (e == OK)
            e = read_t(op, s, v.snap, &v.t);
        if (e == OK && atomic_load(&s->generation) == generation) {
            *ret = v;
            return OK;
        }
        view_close(&v);
        if (e != OK)
            return e;
    }
}

void view_writer(struct store *s, struct view *ret)
{
    *ret = (struct view){.s = s, .snap = s->ops->writer(s->be), .t = UINT64_MAX, .writer = true};
    ret->tails[0] = s->active;
    ret->tails[1] = s->frozen;
}

void view_close(struct view *v)
{
    if (v->snap)
        v->s->ops->snap_close(v->snap);
    v->snap = NULL;
    if (v->writer)
        return;
    tail_drop(v->tails[0]);
    tail_drop(v->tails[1]);
}

err view_get(struct op *op, const struct view *v, enum store_space space, str key, str *ret)
{
    return v->s->ops->get(op, v->snap, space, key, ret);
}
