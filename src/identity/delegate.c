/* Delegation: somebody on the staff lends their role to a colleague until a time. Kept under
 * dele/<to>/<from>, found from the other side by lent/<from>/<to>; the colleague then begins a
 * session of their own in that role. Invariant: a lent role ends with its time, with the lender's
 * account or role, and when it is taken back; whoever acts stands in the trail under their own
 * name. */
#include "identity/identity_int.h"

#define LEND_MAX_MS (INT64_C(31) * 24 * 3600 * 1000)
#define REASON_MAX 200u
#define LISTED_MAX 200u
#define SWEPT_MAX 20000u

static bool is_staff(enum role role)
{
    return role == ROLE_NURSE || role == ROLE_AGENT || role == ROLE_OUTREACH ||
           role == ROLE_PRIVACY || role == ROLE_ADMIN;
}

static str lent_key(struct op *op, str to, str from)
{
    return arena_printf(op->arena, "dele/%.*s/%.*s", STR_ARG(to), STR_ARG(from));
}

/* The same seen from who lends. */
static str mine_key(struct op *op, str from, str to)
{
    return arena_printf(op->arena, "lent/%.*s/%.*s", STR_ARG(from), STR_ARG(to));
}

static err read_lent(struct op *op, struct identity *id, str to, str from,
                     struct identity_lent *ret, bool *ret_found)
{
    str text;
    struct json *o;
    TRY(kv_get(op, id, lent_key(op, to, from), ret_found, &text));
    if (!*ret_found)
        return OK;
    TRY(json_read(op, text, &JSON_LIMITS_DEFAULT, &o));
    *ret = (struct identity_lent){.from = from, .to = to, .reason = json_get_str(o, STR("reason"))};
    *ret_found = json_i64(JSON_GET(o, "until"), &ret->until) && op->now < ret->until &&
                 role_parse(json_get_str(o, STR("role")), &ret->role);
    return OK;
}

err delegation_holds(struct op *op, struct identity *id, str to, str from, enum role role,
                     int64_t *ret_until)
{
    struct identity_lent l;
    struct identity_account lender;
    struct account_secret secret;
    bool found;
    *ret_until = 0;
    TRY(read_lent(op, id, to, from, &l, &found));
    if (!found || l.role != role)
        return OK;
    struct fault before = op->fault;
    err e = account_load(op, id, from, &lender, &secret);
    if (e == ERR_NOT_FOUND) {
        op->fault = before;
        return OK;
    }
    TRY(e);
    if (account_open(op, &lender) && lender.role == role)
        *ret_until = lender.until && lender.until < l.until ? lender.until : l.until;
    return OK;
}

err identity_lend(struct op *op, struct identity *id, str token, const struct identity_lent *l)
{
    struct session s = {0};
    struct identity_account to, own;
    struct account_secret secret;
    TRY(session_person(op, id, token, &s));
    str user = arena_str(op->arena, str_of(s.user));
    TRY(account_load(op, id, user, &own, &secret)); /* a role that was lent is not lent on */
    bool back = l->until <= op->now;
    if (!user_valid(l->to) || str_eq(l->to, user) || !is_staff(own.role))
        return fail(op, ERR_INVALID, "Staff lend their role to a colleague's account.");
    if (l->until > op->now + LEND_MAX_MS || l->reason.n > REASON_MAX)
        return fail(op, ERR_INVALID, "A role is lent for at most 31 days, with a short reason.");
    struct fault before = op->fault;
    err e = account_load(op, id, l->to, &to, &secret);
    if (e != OK && e != ERR_NOT_FOUND)
        return e;
    op->fault = before;
    if (!back && (e != OK || !is_staff(to.role) || !account_open(op, &to)))
        return fail(op, ERR_INVALID, "Staff lend their role to a colleague's account.");
    struct json *o = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, o, STR("role"), role_name(own.role));
    json_set(op->arena, o, STR("until"), json_new_i64(op->arena, l->until));
    json_set_str(op->arena, o, STR("reason"), l->reason);
    struct buf b;
    buf_init(&b, op->arena, 4096);
    json_write(&b, o);
    TRY(op_check(op));
    struct store_tx *tx = store_tx_new(op, id->store);
    struct store_commit done;
    TRY(op_check(op));
    store_tx_kv(tx, lent_key(op, l->to, user), back ? STR_NONE : buf_str(&b));
    store_tx_kv(tx, mine_key(op, user, l->to), back ? STR_NONE : STR("1"));
    TRY(store_commit(op, tx, &done));
    cache_drop_user(&id->cache, l->to);
    return record_audit_event(
        op, id->rec, STR("delegation"), true,
        arena_printf(op->arena, "%.*s to %.*s %s %.*s", STR_ARG(user), STR_ARG(l->to),
                     back ? "taken back" : "until",
                     STR_ARG(back ? STR_NONE : time_format(op->arena, l->until))));
}

/* Of the names under "dele/<me>/" or "lent/<me>/", those in force. */
static err list_side(struct op *op, struct identity *id, str user, bool mine,
                     struct identity_lent *all, size_t *n)
{
    str *keys, prefix = mine ? mine_key(op, user, STR("")) : lent_key(op, user, STR(""));
    size_t n_keys;
    TRY(op_check(op));
    TRY(store_kv_list(op, id->store, prefix, LISTED_MAX, &keys, &n_keys));
    for (size_t i = 0; i < n_keys; i++) {
        bool found;
        str other = str_sub(keys[i], prefix.n, SIZE_MAX);
        TRY(read_lent(op, id, mine ? other : user, mine ? user : other, &all[*n], &found));
        *n += found;
    }
    return OK;
}

err identity_lent_list(struct op *op, struct identity *id, str token, struct identity_lent **ret,
                       size_t *ret_n)
{
    struct session s = {0};
    size_t n = 0;
    TRY(session_need(op, id, token, false, &s));
    str user = arena_str(op->arena, str_of(s.user));
    struct identity_lent *all = ARENA_ARRAY(op->arena, struct identity_lent, 2 * LISTED_MAX);
    TRY(op_check(op));
    TRY(list_side(op, id, user, true, all, &n));
    TRY(list_side(op, id, user, false, all, &n));
    *ret = all;
    *ret_n = n;
    return OK;
}

/* What is over goes from both sides; what stands has both. */
err delegation_sweep(struct op *op, struct identity *id, struct store_tx *tx, size_t *ret_gone)
{
    str *keys;
    size_t n;
    TRY(store_kv_list(op, id->store, STR("dele/"), SWEPT_MAX, &keys, &n));
    for (size_t i = 0; i < n; i++) {
        str to, key = str_sub(keys[i], 5, SIZE_MAX);
        struct identity_lent l;
        bool found;
        if (!str_take_until(&key, '/', &to))
            continue;
        TRY(read_lent(op, id, to, key, &l, &found));
        if (!found)
            store_tx_kv(tx, keys[i], STR_NONE);
        store_tx_kv(tx, mine_key(op, key, to), found ? STR("1") : STR_NONE);
        ++*ret_gone;
    }
    return OK;
}

err identity_act_for(struct op *op, struct identity *id, str token, str from, str device,
                     struct identity_session *ret)
{
    struct session s = {0};
    struct identity_account own;
    struct account_secret secret;
    struct identity_lent l;
    int64_t until = 0;
    bool found;
    TRY(session_person(op, id, token, &s));
    TRY(account_load(op, id, str_of(s.user), &own, &secret));
    TRY(read_lent(op, id, own.user, from, &l, &found));
    if (found)
        TRY(delegation_holds(op, id, own.user, from, l.role, &until));
    if (!until) {
        TRY(record_audit_event(op, id->rec, STR("delegation"), false, own.user));
        return fail(op, ERR_FORBIDDEN, "Nobody has lent you this role, or its time is over.");
    }
    own.role = l.role;
    struct token_terms terms = {.expires = s.expires < until ? s.expires : until,
                                .epoch = secret.epoch,
                                .interactive = true,
                                .strong = s.strong,
                                .proven = s.proven ? s.proven : 1, /* nobody showed it anew */
                                .device = device,
                                .lender = from};
    return session_begin(op, id, &own, &terms, ret);
}
