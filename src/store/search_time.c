/* A window of time as a list of candidates: the log is in order of t, and time never falls with t,
 * so the window's first transaction is found by halving. The list may hold resources changed again
 * since: whoever uses it still checks the clause. */
#include "store/search_int.h"

typedef VEC(uint64_t) numbers;

static bool log_time(const struct store_cursor *c, int64_t *ret)
{
    str row = c->value;
    uint64_t time = 0;
    bool good = take_varint(&row, &time);
    *ret = (int64_t)time;
    return good;
}

static err log_seek(struct search *s, struct store_cursor *c, uint64_t t)
{
    char key[8];
    u64_write(key, t);
    return s->v->s->ops->cursor_seek(s->op, c, str_make(key, 8), false);
}

/* Puts c on the first transaction at or after time. */
static err seek_time(struct search *s, struct store_cursor *c, int64_t time)
{
    uint64_t from = 0, to = s->v->t < INT64_MAX ? s->v->t + 1 : INT64_MAX;
    while (from < to) {
        uint64_t mid = from + (to - from) / 2;
        int64_t at = 0;
        TRY(log_seek(s, c, mid));
        if (c->valid && !log_time(c, &at))
            return damaged(s->op, "log");
        if (!c->valid || at >= time)
            to = mid;
        else
            from = u64_read(c->key.p) + 1;
    }
    return log_seek(s, c, from);
}

static err add_row(struct search *s, str row, numbers *out)
{
    uint64_t skip = 0, rid = 0, type = 0;
    uint8_t kind = 0;
    bool good = take_varint(&row, &skip);
    while (good && row.n) {
        good = take_varint(&row, &rid) && take_varint(&row, &skip) && take_varint(&row, &type) &&
               take_varint(&row, &skip) && take_u8(&row, &kind);
        if (good && type == s->q->type && kind != CHANGE_DELETE)
            VEC_PUSH(s->op->arena, out, rid);
    }
    if (!good)
        return damaged(s->op, "log");
    return arena_failed(s->op->arena) ? out_of_memory(s->op) : OK;
}

static int by_rid(const void *x, const void *y)
{
    uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;
    return a < b ? -1 : a > b;
}

static err collect(struct search *s, struct store_cursor *c, const struct store_clause *clause,
                   numbers *out, bool *ret_all)
{
    size_t rows = 0;
    TRY(seek_time(s, c, clause->time_lo));
    while (c->valid && out->n <= COLLECT_MAX && rows++ <= COLLECT_MAX) {
        int64_t time = 0;
        if (!log_time(c, &time))
            return damaged(s->op, "log");
        if (time >= clause->time_hi)
            break;
        TRY(add_row(s, c->value, out));
        TRY(s->v->s->ops->cursor_next(s->op, c));
    }
    *ret_all = out->n <= COLLECT_MAX && rows <= COLLECT_MAX;
    return OK;
}

err search_window(struct search *s, const struct store_clause *clause, struct rids *ret,
                  bool *ret_small)
{
    struct store_cursor *c = NULL;
    numbers found = {.n = 0};
    size_t n = 0;
    const struct store_sort *sort = &s->q->sort;
    TRY(s->v->s->ops->cursor_open(s->op, s->v->snap, SPACE_LOG, &c));
    err e = collect(s, c, clause, &found, ret_small);
    s->v->s->ops->cursor_close(c);
    TRY(e);
    if (found.n)
        qsort(found.at, found.n, sizeof *found.at, by_rid);
    for (size_t i = 0; i < found.n; i++) {
        if (n == 0 || found.at[n - 1] != found.at[i])
            found.at[n++] = found.at[i];
    }
    rids_of_list(found.at, n, sort_falls(sort) && sort->order == ORDER_RID, ret);
    return OK;
}
