/* Who wrote a resource last, out of the trail; and whether the actor might see a version, without
 * showing it. For rooms that act later on somebody's word, with that somebody's rights.
 * Invariant: nothing of a document leaves by these doors, so they leave no line in the trail. */
#include "record/record_int.h"

#define LINES_MAX 64u

static bool wrote(const struct audit_line *l, uint64_t rid, str except)
{
    return l->rid == rid && l->outcome == OK && !str_eq(l->user, except) &&
           (l->action == ACTION_CREATE || l->action == ACTION_UPDATE);
}

err record_writer(struct op *op, struct record *rec, uint64_t rid, str except,
                  struct record_writer *ret)
{
    struct kb k = audit_key(rec, AUDIT_ENTITY, rid);
    struct store_range range = range_prefix(op->arena, &k, STR_NONE, 0);
    uint64_t before = 0;
    for (;;) {
        struct store_trail_entry *e;
        size_t n;
        TRY(store_trail_find(op, rec->store, &range, before, LINES_MAX, &e, &n));
        for (size_t i = 0; i < n; i++) {
            struct audit_line l;
            before = e[i].seq;
            if (!audit_decode(e[i].entry, &l) || !wrote(&l, rid, except))
                continue;
            *ret = (struct record_writer){.role = (enum role)l.role,
                                          .purpose = (enum purpose)l.purpose,
                                          .user = l.user,
                                          .reference = l.reference};
            return OK;
        }
        if (n < LINES_MAX || before <= 1)
            return fail(op, ERR_NOT_FOUND, "The trail does not say who wrote it.");
    }
}

err record_may_read(struct op *op, struct record *rec, uint64_t rid, uint32_t vid, bool *ret)
{
    struct store_doc now, then;
    *ret = false;
    TRY(store_get(op, rec->store, rid, &now));
    if (!access_may_see(op, rec, NULL, &now))
        return OK;
    if (vid == now.vid) {
        *ret = true;
        return OK;
    }
    TRY(store_get_version(op, rec->store, rid, vid, &then));
    *ret = access_may_see(op, rec, NULL, &then);
    return OK;
}
