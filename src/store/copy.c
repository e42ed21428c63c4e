/* All rows of one back end into another, for copies between them: what one moment of the first
 * shows becomes the second's. Knows no space but by number. Invariant: the state row, which makes a
 * store of rows, is of the last commit. */
#include "store/store_int.h"

#define CHUNK_BYTES ((size_t)32 << 20)

struct copying {
    const struct store_ops *ops;
    void *be;
    size_t chunk; /* bytes a commit; 0: all in one */
    size_t waiting;
    uint64_t done;
    const struct store_watch *watch;
};

static err next_chunk(struct op *op, struct copying *c, size_t bytes)
{
    c->waiting += bytes;
    c->done++;
    if (c->watch && c->done % 1024 == 0)
        c->watch->fn(c->watch->ctx, "copying", c->done, 0);
    if (!c->chunk || c->waiting < c->chunk)
        return OK;
    c->waiting = 0;
    TRY(c->ops->commit(op, c->be));
    return c->ops->begin(op, c->be);
}

static err copy_space(struct op *op, const struct store_ops *from, struct store_snap *snap,
                      struct copying *c, enum store_space space)
{
    struct store_cursor *at = NULL;
    TRY(from->cursor_open(op, snap, space, &at));
    err e =
        from->cursor_seek(op, at, space_numbered(space) ? STR("\0\0\0\0\0\0\0\0") : STR(""), false);
    while (e == OK && at->valid) {
        e = c->ops->put(op, c->be, space, at->key, at->value);
        if (e == OK)
            e = next_chunk(op, c, at->key.n + at->value.n);
        if (e == OK)
            e = from->cursor_next(op, at);
    }
    from->cursor_close(at);
    return e;
}

err spaces_copy(struct op *op, const struct store_ops *from, struct store_snap *snap,
                const struct spaces_to *to)
{
    struct copying c = {.ops = to->ops, .be = to->be, .watch = to->watch};
    c.chunk = to->at_once ? 0 : CHUNK_BYTES;
    TRY(c.ops->begin(op, c.be));
    err e = OK;
    for (unsigned i = 1; e == OK && i < SPACE_COUNT; i++)
        e = copy_space(op, from, snap, &c, (enum store_space)i);
    if (e == OK)
        e = copy_space(op, from, snap, &c, SPACE_META);
    if (e == OK)
        e = c.ops->commit(op, c.be);
    if (e != OK)
        c.ops->rollback(c.be);
    return e;
}
