/* Stored documents sealed anew under the newest data keys, a slice a group on the writer's thread
 * while others read and write: after new keys were made, and in folders from before there was a key
 * a patient. Invariants: how far it is (META "sealed": epoch, next row) lies in the same commit as
 * the rows, so it goes on where it stopped; a pass that found something is followed by another, for
 * what was prepared before the keys changed; a row that does not open is left as it is. */
#include "store/store_int.h"

#define SLICE_ROWS 256u
#define SLICE_BYTES ((size_t)4 << 20)
#define ROOM ((size_t)512 << 20)
#define WHOLE UINT64_MAX

static err mark(struct op *op, struct store *s, uint32_t epoch, uint64_t row)
{
    str text = arena_printf(op->arena, "%u %llu", epoch, (unsigned long long)row);
    return text.p ? s->ops->put(op, s->be, SPACE_META, STR("sealed"), text) : out_of_memory(op);
}

static err one(struct op *op, struct store *s, uint64_t row, str value, struct resealing *p)
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

struct stored {
    uint64_t row;
    str value;
};

/* Read first: a cursor does not like its table changed. */
static err read_rows(struct op *op, struct store *s, uint64_t from, struct stored *rows,
                     size_t *ret_n, bool *ret_over)
{
    struct store_cursor *c = NULL;
    size_t n = 0, bytes = 0;
    char key[8];
    u64_write(key, from);
    TRY(s->ops->cursor_open(op, s->ops->writer(s->be), SPACE_DOC, &c));
    err e = s->ops->cursor_seek(op, c, str_make(key, 8), false);
    while (e == OK && c->valid && n < SLICE_ROWS && bytes < SLICE_BYTES) {
        rows[n].row = u64_read(c->key.p);
        rows[n++].value = arena_str(op->arena, c->value);
        bytes += c->value.n;
        e = arena_failed(op->arena) ? out_of_memory(op) : s->ops->cursor_next(op, c);
    }
    *ret_over = e == OK && !c->valid;
    *ret_n = n;
    s->ops->cursor_close(c);
    return e;
}

err reseal_slice(struct op *op, struct store *s)
{
    struct resealing *p = &s->reseal_next;
    struct stored *rows = ARENA_ARRAY(op->arena, struct stored, SLICE_ROWS);
    bool over = false;
    size_t n = 0;
    if (!p->running)
        return OK;
    if (!rows)
        return out_of_memory(op);
    TRY(read_rows(op, s, p->row, rows, &n, &over));
    for (size_t i = 0; i < n; i++) {
        err e = one(op, s, rows[i].row, rows[i].value, p);
        if (e == ERR_FAULT || e == ERR_GONE)
            op_clear(op);
        else
            TRY(e);
        p->row = rows[i].row + 1;
    }
    if (over) {
        p->running = p->found > 0;
        p->row = p->found = 0;
    }
    return mark(op, s, p->epoch, p->running ? p->row : WHOLE);
}

err reseal_start(struct op *op, struct store *s)
{
    s->reseal_next = (struct resealing){.running = true, .epoch = atomic_load(&s->vault.epoch)};
    return mark(op, s, s->reseal_next.epoch, 0);
}

/* Waiting keys of a folder of schema 2; documents follow in the background. */
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
    return e == OK ? mark(op, s, 1, 0) : e;
}

static err from_schema_2(struct op *op, struct store *s)
{
    TRY(s->ops->begin(op, s->be));
    err e = seal_waiting(op, s);
    if (e == OK)
        e = s->ops->commit(op, s->be);
    if (e != OK)
        s->ops->rollback(s->be);
    return e;
}

err reseal_load(struct op *op, struct store *s)
{
    struct resealing *p = &s->reseal;
    str had = STR_NONE, part = STR_NONE;
    uint64_t epoch = 1;
    TRY(s->ops->get(op, s->ops->writer(s->be), SPACE_META, STR("sealed"), &had));
    p->epoch = atomic_load(&s->vault.epoch);
    p->row = WHOLE;
    if (str_eq(had, STR("old"))) {
        TRY(from_schema_2(op, s));
        p->row = 0;
    } else if (!str_eq(had, STR("all")) &&
               (!str_take_until(&had, ' ', &part) || !str_to_u64(part, UINT8_MAX, &epoch) ||
                !str_to_u64(had, UINT64_MAX, &p->row))) {
        return damaged(op, "mark of sealing");
    }
    if (epoch > p->epoch)
        return fail(op, ERR_FAULT,
                    "the keys file is older than the database: it has no data keys %u; use a newer "
                    "copy of the keys",
                    (unsigned)epoch);
    if (epoch < p->epoch)
        p->row = 0; /* keys were made, and then came the end */
    p->running = p->row != WHOLE;
    p->found = p->row != 0; /* unknown: one pass more */
    return OK;
}
