/* The memory back end: one skip list a space, versions numbered by commit. For tests and for trying
 * things out: it keeps nothing after the process and never gives memory back before close.
 * Invariant: seq is raised only after every node of a commit is linked, so a snapshot (a number)
 * never sees half a commit. */
#include "base/vec.h"
#include "store/backend_int.h"
#include "store/skip_int.h"

struct store_snap {
    struct memory *m;
    uint64_t view;
    uint64_t note;
};

struct memory {
    struct arena *arena;
    struct arena *undo_arena;
    struct skip space[SPACE_COUNT];
    _Atomic uint64_t seq;
    _Atomic uint64_t bytes;
    VEC(struct skip_node *) undo; /* of the transaction under way */
    uint64_t next;                /* seq of the next put */
    struct store_snap writer;
};

struct cursor {
    struct store_cursor c;
    struct skip_iter it;
};

static err refused(struct op *op)
{
    return fail(op, ERR_UNAVAILABLE, "the store is out of memory; try again later");
}

static err memory_create(struct op *op, const struct store_options *o)
{
    (void)op;
    (void)o;
    return OK;
}

static void memory_close(void *be)
{
    struct memory *m = be;
    if (!m)
        return;
    arena_free(m->undo_arena);
    arena_free(m->arena);
    free(m);
}

static err memory_open(struct op *op, const struct store_options *o, void **ret)
{
    (void)o;
    struct memory *m = calloc(1, sizeof *m);
    if (!m)
        return refused(op);
    m->arena = arena_new((size_t)1 << 40);
    m->undo_arena = arena_new((size_t)1 << 30);
    bool good = m->arena && m->undo_arena;
    for (unsigned i = 0; good && i < SPACE_COUNT; i++)
        good = skip_init(&m->space[i], m->arena);
    if (!good) {
        memory_close(m);
        return refused(op);
    }
    m->next = 1;
    m->writer = (struct store_snap){.m = m, .view = UINT64_MAX};
    *ret = m;
    return OK;
}

static err memory_begin(struct op *op, void *be)
{
    struct memory *m = be;
    (void)op;
    arena_reset(m->undo_arena);
    m->undo.at = NULL;
    m->undo.n = m->undo.cap = 0;
    return OK;
}

static err add(struct op *op, struct memory *m, enum store_space space, str key, const str *value)
{
    struct skip_node *node = skip_put(&m->space[space], key, m->next, value);
    if (!node)
        return refused(op);
    size_t had = m->undo.n;
    VEC_PUSH(m->undo_arena, &m->undo, node);
    if (m->undo.n == had) {
        skip_kill(node);
        return refused(op);
    }
    m->next++;
    atomic_fetch_add_explicit(&m->bytes, key.n + (value ? value->n : 0) + 48, memory_order_relaxed);
    return OK;
}

static err memory_put(struct op *op, void *be, enum store_space space, str key, str value)
{
    return add(op, be, space, key, &value);
}

static err memory_del(struct op *op, void *be, enum store_space space, str key)
{
    return add(op, be, space, key, NULL);
}

static err memory_del_range(struct op *op, void *be, enum store_space space, str lo, str hi)
{
    struct memory *m = be;
    struct skip_iter it;
    skip_iter_init(&it, &m->space[space], UINT64_MAX);
    for (skip_seek(&it, lo, false); it.valid && str_cmp(it.key, hi) < 0; skip_next(&it)) {
        if (!it.gone)
            TRY(add(op, m, space, it.key, NULL));
    }
    return OK;
}

static err memory_commit(struct op *op, void *be)
{
    struct memory *m = be;
    (void)op;
    atomic_store_explicit(&m->seq, m->next - 1, memory_order_release);
    return OK;
}

static void memory_rollback(void *be)
{
    struct memory *m = be;
    for (size_t i = 0; i < m->undo.n; i++)
        skip_kill(m->undo.at[i]);
    m->undo.n = 0;
}

static struct store_snap *memory_writer(void *be)
{
    return &((struct memory *)be)->writer;
}

static err memory_snap_open(struct op *op, void *be, struct store_snap **ret)
{
    struct memory *m = be;
    struct store_snap *snap = arena_calloc(op->arena, 1, sizeof *snap);
    if (arena_failed(op->arena))
        return refused(op);
    snap->m = m;
    snap->view = atomic_load_explicit(&m->seq, memory_order_acquire);
    *ret = snap;
    return OK;
}

static void memory_snap_close(struct store_snap *snap)
{
    (void)snap;
}

static uint64_t *memory_snap_note(struct store_snap *snap)
{
    return &snap->note;
}

static err memory_get(struct op *op, struct store_snap *snap, enum store_space space, str key,
                      str *ret)
{
    struct skip_iter it;
    skip_iter_init(&it, &snap->m->space[space], snap->view);
    skip_seek(&it, key, false);
    if (!it.valid || it.gone || !str_eq(it.key, key)) {
        *ret = STR_NONE;
        return OK;
    }
    str copy = arena_str(op->arena, it.value);
    if (!copy.p)
        return refused(op);
    *ret = copy;
    return OK;
}

static err memory_cursor_open(struct op *op, struct store_snap *snap, enum store_space space,
                              struct store_cursor **ret)
{
    struct cursor *c = arena_calloc(op->arena, 1, sizeof *c);
    if (arena_failed(op->arena))
        return refused(op);
    skip_iter_init(&c->it, &snap->m->space[space], snap->view);
    *ret = &c->c;
    return OK;
}

static err show(struct cursor *c)
{
    while (c->it.valid && c->it.gone)
        skip_next(&c->it);
    c->c.valid = c->it.valid;
    c->c.key = c->it.key;
    c->c.value = c->it.value;
    return OK;
}

static err memory_cursor_seek(struct op *op, struct store_cursor *cursor, str key, bool reverse)
{
    struct cursor *c = (struct cursor *)cursor;
    (void)op;
    skip_seek(&c->it, key, reverse);
    return show(c);
}

static err memory_cursor_next(struct op *op, struct store_cursor *cursor)
{
    struct cursor *c = (struct cursor *)cursor;
    (void)op;
    if (c->it.valid)
        skip_next(&c->it);
    return show(c);
}

static void memory_cursor_close(struct store_cursor *cursor)
{
    (void)cursor;
}

static uint64_t memory_bytes(void *be)
{
    return atomic_load_explicit(&((struct memory *)be)->bytes, memory_order_relaxed);
}

static void memory_tidy(void *be)
{
    (void)be;
}

const struct store_ops store_memory_ops = {
    .version = STORE_OPS_VERSION,
    .name = "memory",
    .capabilities = 0,
    .create = memory_create,
    .open = memory_open,
    .close = memory_close,
    .begin = memory_begin,
    .put = memory_put,
    .del = memory_del,
    .del_range = memory_del_range,
    .commit = memory_commit,
    .rollback = memory_rollback,
    .writer = memory_writer,
    .snap_open = memory_snap_open,
    .snap_close = memory_snap_close,
    .snap_note = memory_snap_note,
    .get = memory_get,
    .cursor_open = memory_cursor_open,
    .cursor_seek = memory_cursor_seek,
    .cursor_next = memory_cursor_next,
    .cursor_close = memory_cursor_close,
    .bytes = memory_bytes,
    .tidy = memory_tidy,
};
