/* Claim and release. Invariant: a case has an owner exactly while a person works on it; the second
 * of two claims is refused, whichever thread or node it came from. */
#include "desk/chain_int.h"

err desk_claim(struct op *op, struct record *rec, str task, struct record_result *ret)
{
    struct desk_task t;
    TRY(desk_read(op, rec, task, &t));
    if (str_eq(t.status, STR("in-progress")) && !desk_is_owner(op, t.tree))
        return fail_at(op, ERR_CONFLICT, STR("Task.owner"),
                       "someone else has claimed this case; choose another or ask for it");
    if (str_eq(t.status, STR("completed")) || str_eq(t.status, STR("cancelled")) ||
        str_eq(t.status, STR("rejected")) || str_eq(t.status, STR("accepted")))
        return fail_at(op, ERR_CONFLICT, STR("Task.status"), "this case is already closed");
    if (desk_is_own_look(op, t.tree))
        return fail(op, ERR_FORBIDDEN, "nobody judges their own look; a colleague takes this case");
    if (!op->actor || str_empty(op->actor->reference))
        return fail(op, ERR_FORBIDDEN, "only a person with a record of their own can claim a case");
    json_set(op->arena, t.tree, STR("owner"), desk_reference(op, op->actor->reference, STR_NONE));
    if (str_eq(t.status, STR("on-hold"))) /* a snooze; otherwise it is a clock */
        json_unset(t.tree, STR("restriction"));
    desk_mark_set(op, t.tree, DESK_HELD_URL, op->now);
    (void)chain_page_answer(op, t.tree, op->actor->reference, "claimed");
    desk_set_status(op, t.tree, STR("in-progress"));
    return desk_write(op, rec, &t, ret);
}

err desk_release(struct op *op, struct record *rec, str task, struct record_result *ret)
{
    struct desk_task t;
    TRY(desk_read(op, rec, task, &t));
    if (!str_eq(t.status, STR("in-progress")) || !desk_is_owner(op, t.tree))
        return fail_at(op, ERR_CONFLICT, STR("Task.owner"),
                       "you can release only a case that you hold");
    json_unset(t.tree, STR("owner"));
    desk_mark_set(op, t.tree, DESK_HELD_URL, 0); /* it waits as long as it did */
    desk_set_status(op, t.tree, STR("requested"));
    return desk_write(op, rec, &t, ret);
}
