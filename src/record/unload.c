/* Everything that is current, out: one document at a time in the order of numbers. Invariant:
 * memory stays bounded whatever the size of the store; the export itself is one line in the trail,
 * written before the first document leaves. */
#include "record/bulk.h"
#include "record/record_int.h"

#define ROUND 256u

struct unload {
    struct record *rec;
    fhir_type type;
    err (*fn)(struct op *op, void *ctx, const struct record_doc *doc);
    void *ctx;
};

static err one(struct op *op, const struct unload *u, uint64_t rid)
{
    struct store_doc d;
    struct record_doc doc;
    err e = store_get(op, u->rec->store, rid, &d);
    if (e == ERR_NOT_FOUND) { /* numbers have gaps */
        op_clear(op);
        return OK;
    }
    TRY(e);
    if (d.deleted || (u->type && d.type != u->type))
        return OK;
    doc_fill(op, u->rec, &d, &doc);
    TRY(op_check(op));
    return u->fn(op, u->ctx, &doc);
}

err record_unload(struct op *op, struct record *rec, fhir_type type,
                  err (*fn)(struct op *op, void *ctx, const struct record_doc *doc), void *ctx)
{
    struct unload u = {rec, type, fn, ctx};
    TRY(access_plain(op, rec, ACTION_EXPORT, POLICY_TYPE_SYSTEM));
    struct audit a = {.action = ACTION_EXPORT, .type = type};
    TRY(audit_append(op, rec, &a));
    TRY(record_audit_wait(op, rec));
    struct arena *arena = arena_new(0);
    if (!arena)
        return fail(op, ERR_UNAVAILABLE, "No memory left to export.");
    uint64_t end = store_rid_new(rec->store, 1);
    err e = OK;
    struct op inner;
    for (uint64_t rid = 1; rid < end && e == OK; rid++) {
        if (rid % ROUND == 1) {
            arena_reset(arena);
            op_init(&inner, arena, op->actor, op->now);
        }
        e = one(&inner, &u, rid);
    }
    if (e != OK)
        e = fail(op, e, "The export stopped: %.*s",
                 STR_ARG(inner.fault.n ? inner.fault.issues[0].message : STR("unknown reason")));
    arena_free(arena);
    return e;
}
