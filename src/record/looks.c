/* Walks the trail from its end. Invariant: one block of lines at a time in memory, and the deadline
 * asked between blocks. */
#include "record/looks.h"

#include "base/time.h"
#include "record/record_int.h"

#define BLOCK 500u
#define BLOCK_BYTES (64u << 20)

static bool past(const struct op *op)
{
    return op->deadline && time_now() > op->deadline;
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
        if (!audit_decode(e[i].entry, &l))
            return fail(op, ERR_FAULT,
                        "A line of the trail cannot be read; run weft audit verify.");
        struct record_look look = {.seq = e[i].seq,
                                   .time = e[i].time,
                                   .role = l.role < ROLE_COUNT ? (enum role)l.role : ROLE_NONE,
                                   .action = (enum action)l.action,
                                   .type = l.type,
                                   .refused = l.outcome != OK,
                                   .patients = l.patients,
                                   .n_patients = l.n_patients,
                                   .user = l.user,
                                   .code = l.code,
                                   .detail = l.detail};
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
