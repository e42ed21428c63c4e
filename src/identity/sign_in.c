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

err identity_sign_in(struct op *op, struct identity *id, str user, str password, str peer,
                     struct identity_session *ret)
{
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
    throttle_clear(&id->throttle, user, peer);
    struct identity_session s;
    TRY(token_make(op, id, &a, op->now + ABSOLUTE_MS, true, &s));
    struct identity_account seen;
    TRY(identity_actor(op, id, s.token, &seen));
    TRY(record_audit_event(op, id->rec, STR("sign-in"), true, STR_NONE));
    *ret = s;
    return OK;
}
