/* Walks the trail, from its end or after a line. Invariant: one block of lines at a time in memory,
 * and the deadline asked between blocks. */
#include "record/looks.h"

#include "base/time.h"
#include "record/record_int.h"

#define BLOCK 500u
#define BLOCK_BYTES (64u << 20)

static bool past(const struct op *op)
{
    return op->deadline && time_now() > op->deadline;
}

static struct record_look look_of(const struct store_trail_entry *e, const struct audit_line *l)
{
    return (struct record_look){.seq = e->seq,
                                .time = e->time,
                                .role = l->role < ROLE_COUNT ? (enum role)l->role : ROLE_NONE,
                                .purpose = l->purpose < PURPOSE_COUNT ? (enum purpose)l->purpose
                                                                      : PURPOSE_NONE,
                                .action = (enum action)l->action,
                                .type = l->type,
                                .rid = l->rid,
                                .refused = l->outcome != OK,
                                .patients = l->patients,
                                .n_patients = l->n_patients,
                                .user = l->user,
                                .reference = l->reference,
                                .session = l->session,
                                .rule = l->rule,
                                .code = l->code,
                                .detail = l->detail};
}

static err decode(struct op *op, const struct store_trail_entry *e, struct audit_line *ret)
{
    return audit_decode(e->entry, ret)
               ? OK
               : fail(op, ERR_FAULT, "A line of the trail cannot be read; run weft audit verify.");
}

static err one_block(struct op *op, struct record *rec, int64_t since, uint64_t *before,
                     bool (*fn)(void *, const struct record_look *), void *ctx, bool *ret_more)
{
    struct store_trail_entry *e;
    size_t n;
    TRY(store_trail_find(op, rec->store, NULL, *before, BLOCK, &e, &n));
    *ret_more = n == BLOCK;
    for (size_t i = 0; i < n; i++) {
        struct audit_line l;
        *before = e[i].seq;
        if (e[i].time < since) {
            *before = 0;
            *ret_more = false;
            return OK;
        }
        TRY(decode(op, &e[i], &l));
        struct record_look look = look_of(&e[i], &l);
        if (!fn(ctx, &look)) {
            *ret_more = false;
            return OK;
        }
    }
    if (!*ret_more)
        *before = 0;
    return OK;
}

err record_looks(struct op *op, struct record *rec, int64_t since,
                 bool (*fn)(void *ctx, const struct record_look *look), void *ctx,
                 bool *ret_complete)
{
    TRY(access_plain(op, rec, ACTION_AUDIT, POLICY_TYPE_SYSTEM));
    struct arena *a = arena_new(BLOCK_BYTES);
    struct op inner = *op;
    uint64_t before = UINT64_MAX;
    bool more = a != NULL;
    err e = a ? OK : fail(op, ERR_UNAVAILABLE, "No memory left to read the trail.");
    while (e == OK && more && !past(op)) {
        arena_reset(a);
        op_init(&inner, a, op->actor, op->now);
        e = one_block(&inner, rec, since, &before, fn, ctx, &more);
    }
    if (e != OK && a)
        e = fail(op, e, "The trail cannot be read now; try again, and run weft audit verify.");
    arena_free(a);
    *ret_complete = before == 0;
    return e;
}

/* The store walks backwards only: the block that ends where this one has to. */
err record_looks_after(struct op *op, struct record *rec, uint64_t after, size_t max,
                       struct record_look **ret, size_t *ret_n)
{
    struct store_trail_entry *e;
    size_t n = 0;
    TRY(access_plain(op, rec, ACTION_AUDIT, POLICY_TYPE_SYSTEM));
    TRY(store_trail_find(op, rec->store, NULL, 0, 1, &e, &n));
    uint64_t newest = n ? e[0].seq : 0;
    n = newest <= after ? 0 : newest - after < max ? (size_t)(newest - after) : max;
    if (n)
        TRY(store_trail_find(op, rec->store, NULL, after + n + 1, n, &e, &n));
    struct record_look *looks = ARENA_ARRAY(op->arena, struct record_look, n ? n : 1);
    struct audit_line *lines = ARENA_ARRAY(op->arena, struct audit_line, n ? n : 1);
    TRY(op_check(op));
    for (size_t i = 0; i < n; i++) {
        TRY(decode(op, &e[n - 1 - i], &lines[i]));
        looks[i] = look_of(&e[n - 1 - i], &lines[i]);
    }
    *ret = looks;
    *ret_n = n;
    return OK;
}

err record_look_at(struct op *op, struct record *rec, uint64_t seq, struct record_look *ret)
{
    struct store_trail_entry e;
    struct audit_line *line = ARENA_NEW(op->arena, struct audit_line);
    TRY(access_plain(op, rec, ACTION_AUDIT, POLICY_TYPE_SYSTEM));
    TRY(op_check(op));
    TRY(store_trail_read(op, rec->store, seq, &e));
    TRY(decode(op, &e, line));
    *ret = look_of(&e, line);
    return OK;
}
