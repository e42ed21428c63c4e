/* Breaking the glass: for some hours one person is shown what one patient's Consents hide from
 * them, because treatment cannot wait (45 CFR 164.522(a)(1)(iii); 42 CFR 2.51). Who may is a row of
 * spec/rules/consent-roles.csv; what the rows of access refuse stays refused.
 * Invariant: the permission, its line in the trail and what the caller adds to the transaction
 * (a review, a notice) are there together or not at all; it ends by the clock, with nobody's help.
 */
#include "base/time.h"
#include "record/consent_int.h"
#include "record/looks.h"

static str key_of(struct op *op, uint64_t patient, str user)
{
    return arena_printf(op->arena, "glass/%llu/%.*s", (unsigned long long)patient, STR_ARG(user));
}

bool consent_glass_broken(struct op *op, struct record *rec, uint64_t patient)
{
    struct fault before = op->fault;
    str value;
    int64_t until = 0;
    if (!consent_glass(op->actor->role) || str_empty(op->actor->user))
        return false;
    bool known = record_kv_get(op, rec, key_of(op, patient, op->actor->user), &value) == OK &&
                 str_to_i64(value, &until);
    op->fault = before;
    return known && op->now < until;
}

err record_glass_until(struct op *op, struct record *rec, uint64_t patient, str user, int64_t *ret)
{
    str value;
    int64_t until = 0;
    TRY(access_plain(op, rec, ACTION_AUDIT, POLICY_TYPE_SYSTEM));
    TRY(record_kv_get(op, rec, key_of(op, patient, user), &value));
    *ret = str_to_i64(value, &until) ? until : 0;
    return OK;
}

err record_glass_break(struct record_tx *tx, str patient, int64_t ms, int64_t *ret_until)
{
    struct op *op = tx->op;
    struct store_doc d;
    struct audit refused = {.action = ACTION_READ, .code = STR("break-glass")};
    if (!op->actor || !consent_glass(op->actor->role) || str_empty(op->actor->user))
        return audit_refuse(op, tx->rec, refused,
                            STR("Only who treats patients may break the glass."));
    err e = id_resolve(op, tx->rec, tx->rec->t_patient, patient, &d);
    if (e == ERR_NOT_FOUND || (e == OK && d.deleted))
        return fail_not_found(op);
    TRY(e);
    *ret_until = op->now + ms;
    record_tx_kv(tx, key_of(op, d.rid, op->actor->user),
                 arena_printf(op->arena, "%lld", (long long)*ret_until));
    struct json *detail = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, detail, STR("until"), time_format(op->arena, *ret_until));
    json_set_str(op->arena, detail, STR("rule"), STR("CONSENT-STAFF"));
    record_tx_trail(tx, STR("break-glass"), tx->rec->t_patient, patient, detail);
    return op_check(op);
}
