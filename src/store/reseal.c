/* Stored bytes sealed anew: at open, what was sealed before there were epochs; after new data keys
 * were made, every version of every document, a slice a group on the writer's thread while others
 * read and write. Invariant: how far it is lies in the same commit as the rows, so it goes on where
 * it stopped; a row that does not open is left as it is. */
#include "store/store_int.h"

#define BATCH 512u
#define ROOM ((size_t)512 << 20)

struct pass {
    uint64_t row;   /* next */
    uint64_t found; /* sealed anew in this pass */
    bool over;
};

static err one(struct op *op, struct store *s, uint64_t row, str value, struct pass *p)
{
    struct version v;
    struct buf b;
    char key[8];
    TRY(version_read(op, row, value, &v));
    if (seal_current(&s->vault, v.sealed))
        return OK;
    buf_init(&b, op->arena, ROOM);
    u64_write(key, row);
    TRY(version_reseal(op, s, &v, &b));
    p->found++;
    return s->ops->put(op, s->be, SPACE_DOC, str_make(key, 8), buf_str(&b));
}

/* The rows are read first: a cursor does not like its table changed. */
static err slice(struct op *op, struct store *s, size_t max, struct pass *p)
{
    struct store_cursor *c = NULL;
    struct {
        uint64_t row;
        str value;
    } *rows = arena_alloc(op->arena, max * sizeof *rows);
    size_t n = 0;
    char key[8];
    if (!rows)
        return out_of_memory(op);
    u64_write(key, p->row);
    TRY(s->ops->cursor_open(op, s->ops->writer(s->be), SPACE_DOC, &c));
    err e = s->ops->cursor_seek(op, c, str_make(key, 8), false);
    while (e == OK && c->valid && n < max) {
        rows[n].row = u64_read(c->key.p);
        rows[n++].value = arena_str(op->arena, c->value);
        e = s->ops->cursor_next(op, c);
    }
    p->over = e == OK && !c->valid;
    s->ops->cursor_close(c);
    for (size_t i = 0; e == OK && i < n; i++) {
        e = one(op, s, rows[i].row, rows[i].value, p);
        if (e == ERR_FAULT) {
            op_clear(op);
            e = OK;
        }
        p->row = rows[i].row + 1;
    }
    return e;
}

static err mark(struct op *op, struct store *s, str text)
{
    return text.p ? s->ops->put(op, s->be, SPACE_META, STR("sealed"), text) : out_of_memory(op);
}

static err seal_waiting(struct op *op, struct store *s)
{
    struct store_cursor *c = NULL;
    VEC(str) rows = {.n = 0};
    char from[8] = {0};
    TRY(s->ops->cursor_open(op, s->ops->writer(s->be), SPACE_PEND, &c));
    err e = s->ops->cursor_seek(op, c, str_make(from, 8), false);
    while (e == OK && c->valid) {
        VEC_PUSH(op->arena, &rows, arena_str(op->arena, c->key));
        VEC_PUSH(op->arena, &rows, arena_str(op->arena, c->value));
        e = arena_failed(op->arena) ? out_of_memory(op) : s->ops->cursor_next(op, c);
    }
    s->ops->cursor_close(c);
    for (size_t i = 0; e == OK && i < rows.n; i += 2) {
        str sealed = STR_NONE;
        e = seal(op, &s->vault, OWNER_STORE, STR("pend"), rows.at[i + 1], &sealed);
        if (e == OK)
            e = s->ops->put(op, s->be, SPACE_PEND, rows.at[i], sealed);
    }
    TRY(e);
    return mark(op, s, STR("1"));
}

/* had: "old", or the row to go on from. */
static err upgrade_some(struct op *op, struct store *s, str had, str *ret)
{
    struct pass p = {.row = 0};
    *ret = STR("1");
    if (str_eq(had, STR("old")))
        return seal_waiting(op, s);
    if (!str_to_u64(had, UINT64_MAX, &p.row))
        return damaged(op, "mark of sealing");
    TRY(slice(op, s, BATCH, &p));
    *ret = p.over ? STR("all") : arena_printf(op->arena, "%llu", (unsigned long long)p.row);
    return mark(op, s, *ret);
}

static err upgrade_step(struct op *op, struct store *s, str *had, char room[24])
{
    str now = STR_NONE;
    TRY(s->ops->begin(op, s->be));
    err e = upgrade_some(op, s, *had, &now);
    if (e == OK)
        e = s->ops->commit(op, s->be);
    if (e != OK) {
        s->ops->rollback(s->be);
        return e;
    }
    memcpy(room, now.p, now.n);
    *had = str_make(room, now.n);
    return OK;
}

err seal_upgrade(struct op *op, struct store *s)
{
    char room[24];
    str had = STR_NONE;
    TRY(s->ops->get(op, s->ops->writer(s->be), SPACE_META, STR("sealed"), &had));
    while (had.p && !str_eq(had, STR("all"))) {
        struct arena *a = arena_new(0);
        struct op inner;
        if (!a)
            return out_of_memory(op);
        op_init(&inner, a, NULL, op->now);
        err e = upgrade_step(&inner, s, &had, room);
        if (e != OK)
            e = fail(op, e, "the store could not be sealed anew: %.*s",
                     STR_ARG(inner.fault.n ? inner.fault.issues[0].message : STR("no memory")));
        arena_free(a);
        TRY(e);
        s->ops->tidy(s->be);
    }
    return OK;
}
