/* Sign-in with a password. Unknown user, wrong password and disabled account get one answer after
 * the same work; guessing is slowed by throttle.c; every try is in the trail. Invariant: only so
 * many are under way at once, so that a flood of tries never holds every thread of its caller. */
#include "identity/webauthn_int.h"

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
    if (!t->code.n) {
        throttle_give_back(&id->throttle, t->user, t->peer);
        return fail_at(op, ERR_UNAUTHENTICATED, STR("code"),
                       "Type the six digits that your code app shows now.");
    }
    if (t->code.n <= 6)
        TRY(totp_try(op, id, a->user));
    err e = t->code.n > 6 ? recovery_spend(op, id, a->user, t->code)
            : totp_matches(a->totp, t->code, op->now, &step) ? totp_spend(op, id, a->user, step)
                                                             : ERR_CONFLICT;
    if (e == ERR_CONFLICT) {
        op_clear(op);
        TRY(record_audit_event(op, id->rec, STR("sign-in"), false, a->user));
        return fail_at(op, ERR_UNAUTHENTICATED, STR("code"),
                       "The code is not right or was used already; wait for the next one.");
    }
    TRY(e);
    *ret_strong = true;
    return OK;
}

/* The try is counted before the slow hash, so that tries at the same time count too; who turns out
 * to be right gets it back. */
static err shown(struct op *op, struct identity *id, const struct identity_try *t,
                 struct identity_account *ret, struct account_secret *ret_secret, bool *ret_strong)
{
    str user = t->user, peer = t->peer;
    int64_t wait = throttle_wait(&id->throttle, user, peer, op->now);
    if (wait > 0)
        return fail(op, ERR_BUSY, "Too many tries from here; wait %lld seconds and try again.",
                    (long long)(wait / 1000 + 1));
    struct identity_account a = {0};
    struct account_secret secret = {0};
    struct fault before = op->fault;
    err e = account_load(op, id, user, &a, &secret);
    if (e != OK && e != ERR_NOT_FOUND)
        return e;
    op->fault = before;
    if (e == ERR_NOT_FOUND)
        a = (struct identity_account){0};
    throttle_fail(&id->throttle, user, peer, op->now);
    if (!password_verify(id, secret.password, t->password) || !account_open(op, &a) ||
        a.role == ROLE_NONE)
        return refused(op, id, a.user);
    TRY(second_step(op, id, &a, t, ret_strong));
    throttle_give_back(&id->throttle, user, peer);
    throttle_clear(&id->throttle, user, peer);
    *ret = a;
    *ret_secret = secret;
    return OK;
}

err signing_enter(struct op *op, struct identity *id)
{
    if (atomic_fetch_add(&id->signing, 1) < atomic_load(&id->signing_max))
        return OK;
    signing_leave(id);
    return fail(op, ERR_UNAVAILABLE,
                "Many people are signing in at this moment; try again in two seconds.");
}

void signing_leave(struct identity *id)
{
    atomic_fetch_sub(&id->signing, 1);
}

err person_shown(struct op *op, struct identity *id, const struct identity_try *t,
                 struct identity_account *ret, struct account_secret *ret_secret, bool *ret_strong)
{
    TRY(signing_enter(op, id));
    err e = shown(op, id, t, ret, ret_secret, ret_strong);
    signing_leave(id);
    return e;
}

err session_begin(struct op *op, struct identity *id, const struct identity_account *a,
                  const struct token_terms *terms, struct identity_session *ret)
{
    struct identity_session s;
    struct identity_account seen;
    TRY(token_make(op, id, a, terms, &s));
    TRY(identity_actor(op, id, s.token, &seen));
    TRY(record_audit_event(op, id->rec, STR("sign-in"), true, STR_NONE));
    *ret = s;
    return OK;
}

void identity_sign_ins_max(struct identity *id, unsigned max)
{
    atomic_store(&id->signing_max, max ? max : 1);
}

err identity_sign_in(struct op *op, struct identity *id, const struct identity_try *t,
                     struct identity_session *ret)
{
    struct identity_account a;
    struct account_secret secret;
    bool strong;
    TRY(person_shown(op, id, t, &a, &secret, &strong));
    struct token_terms terms = {.expires = op->now + ABSOLUTE_MS,
                                .epoch = secret.epoch,
                                .interactive = true,
                                .strong = strong,
                                .device = t->device};
    struct fault before = op->fault;
    bool renew = password_check_strength(op, t->password, a.user) != OK;
    op->fault = before;
    TRY(session_begin(op, id, &a, &terms, ret));
    ret->renew = renew;
    return OK;
}
