/* Sign-in with a password. Unknown user, wrong password and disabled account get one answer after
 * the same work; guessing is slowed by throttle.c; every try is in the trail. */
#include "identity/identity_int.h"

static err refused(struct op *op, struct identity *id, str known_user)
{

    err e = record_audit_event(op, id->rec, STR("sign-in"), false,
                               known_user.n ? known_user : STR("unknown account"));
    if (e != OK)
        return e;
    return fail(op, ERR_UNAUTHENTICATED,
                "User name or password is not right. Check both and try again.");
}

/* *ret_strong: the session was signed in with a second step. ERR_UNAUTHENTICATED for a missing one
 * (which costs no try) or a wrong one. */
static err second_step(struct op *op, struct identity *id, const struct identity_account *a,
                       const struct identity_try *t, bool *ret_strong)
{
    uint64_t step;
    *ret_strong = false;
    if (!a->totp.n)
        return OK;
    if (!t->code.n)
        return fail_at(op, ERR_UNAUTHENTICATED, STR("code"),
                       "Type the six digits that your authenticator shows for this account.");
    err e = totp_matches(a->totp, t->code, op->now, &step) ? totp_spend(op, id, a->user, step)
                                                           : ERR_CONFLICT;
    if (e == ERR_CONFLICT) {
        op_clear(op);
        throttle_fail(&id->throttle, t->user, t->peer, op->now);
        TRY(record_audit_event(op, id->rec, STR("sign-in"), false, a->user));
        return fail_at(op, ERR_UNAUTHENTICATED, STR("code"),
                       "The code is not right or was used already; wait for the next one.");
    }
    TRY(e);
    *ret_strong = true;
    return OK;
}

err identity_sign_in(struct op *op, struct identity *id, const struct identity_try *t,
                     struct identity_session *ret)
{
    str user = t->user, password = t->password, peer = t->peer;
    bool strong;
    int64_t wait = throttle_wait(&id->throttle, user, peer, op->now);
    if (wait > 0)
        return fail(op, ERR_BUSY, "Too many tries from here; wait %lld seconds and try again.",
                    (long long)(wait / 1000 + 1));
    struct identity_account a = {0};
    str stored = STR_NONE;
    struct fault before = op->fault;
    err e = account_load(op, id, user, &a, &stored);
    if (e != OK && e != ERR_NOT_FOUND)
        return e;
    op->fault = before;
    if (e == ERR_NOT_FOUND)
        a = (struct identity_account){0};
    if (!password_verify(id, stored, password) || a.disabled || a.role == ROLE_NONE) {
        throttle_fail(&id->throttle, user, peer, op->now);
        return refused(op, id, a.user);
    }
    TRY(second_step(op, id, &a, t, &strong));
    throttle_clear(&id->throttle, user, peer);
    struct identity_session s;
    struct token_terms terms = {
        .expires = op->now + ABSOLUTE_MS, .interactive = true, .strong = strong};
    TRY(token_make(op, id, &a, &terms, &s));
    struct identity_account seen;
    TRY(identity_actor(op, id, s.token, &seen));
    TRY(record_audit_event(op, id->rec, STR("sign-in"), true, STR_NONE));
    *ret = s;
    return OK;
}
