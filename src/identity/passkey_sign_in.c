/* Signing in, and stepping up, with a passkey. Every reason to refuse gets one answer; what it was
 * is in the trail. Invariant: an assertion opens once; a counter that went backwards (a copied key)
 * closes the passkey for good. */
#include "identity/jose.h"
#include "identity/webauthn_int.h"

static err refused(struct op *op, struct identity *id, str user, str why)
{
    op_clear(op);
    TRY(record_audit_event(
        op, id->rec, STR("sign-in"), false,
        user.n ? arena_printf(op->arena, "%.*s: %.*s", STR_ARG(user), STR_ARG(why)) : why));
    return fail(op, ERR_UNAUTHENTICATED,
                "This passkey does not open an account here. Try another way to sign in.");
}

/* The row that signed, by its credential; false when the account has none such. */
static bool row_of(struct op *op, const struct passkeys *p, str credential, struct passkey_row *ret)
{
    struct json *at;
    for (size_t i = 0; (at = json_at(p->list, i)); i++)
        if (str_eq(json_get_str(at, STR("id")), credential))
            return passkey_row_read(op, at, ret);
    return false;
}

/* Counter and time of use; a copy is marked. */
static err row_used(struct op *op, struct identity *id, str user, const struct passkeys *p,
                    const struct passkey_row *row, uint32_t count, bool *ret_copied)
{
    struct arena *m = op->arena;
    *ret_copied = (count || row->c.count) && count <= row->c.count;
    if (*ret_copied) {
        json_set(m, row->at, STR("copied"), json_new_bool(m, true));
    } else {
        json_set(m, row->at, STR("count"), json_new_i64(m, count));
        json_set(m, row->at, STR("last"), json_new_i64(m, op->now));
    }
    struct store_tx *tx = store_tx_new(op, id->store);
    TRY(op_check(op));
    return passkeys_keep(op, user, p, tx);
}

/* Is it theirs, signed now, here, for whose challenge, and no copy? *ret_why says what is wrong. */
static err check(struct op *op, struct identity *id, const struct identity_place *place,
                 const struct identity_assertion *a, str user, str whose, const char **ret_why)
{
    struct passkeys p;
    struct passkey_row row;
    str challenge, handle = STR_NONE;
    uint32_t count;
    bool copied;
    *ret_why = "unknown passkey";
    if (!user.n)
        return OK;
    TRY(passkeys_load(op, id, user, &p));
    if (!row_of(op, &p, a->credential, &row) || row.shown.copied)
        return OK;
    if (a->handle.n)
        handle = jose_b64(op->arena, a->handle);
    *ret_why = "passkey of another host or account";
    if (!str_eq(row.rp, place->rp) || (handle.n && !str_eq(handle, p.handle)))
        return OK;
    *ret_why = "answer from another page or to another question";
    if (client_data_check(op, a->client_data, STR("webauthn.get"), place->origin, &challenge) != OK)
        return OK;
    *ret_why = "challenge not ours, too old or used";
    if (!challenge_holds(op, id, whose, challenge))
        return OK;
    *ret_why = "signature or verification";
    if (credential_verify(op, &row.c, place->rp, a, &count) != OK)
        return OK;
    *ret_why = "challenge used already";
    if (!challenge_spend(op, id, user, challenge))
        return OK;
    TRY(row_used(op, id, user, &p, &row, count, &copied));
    *ret_why = copied ? "counter went backwards: a copy of the passkey" : NULL;
    return OK;
}

static err user_of(struct op *op, struct identity *id, str credential, str *ret)
{
    bool found = false;
    str raw, user = STR_NONE;
    if (base64url_read(op->arena, credential, CREDENTIAL_MAX, &raw) && raw.n)
        TRY(kv_get(op, id, passkey_index_key(op, raw), &found, &user));
    *ret = found ? arena_str(op->arena, user) : STR_NONE;
    return OK;
}

/* A signature cannot be guessed; a flood of tries is slowed by peer. A right one gives its try
 * back. */
static err tried(struct op *op, struct identity *id, const struct identity_place *place,
                 const struct identity_assertion *a, str user, str whose)
{
    const char *why;
    TRY(identity_guess(op, id, a->peer));
    TRY(check(op, id, place, a, user, whose, &why));
    if (why)
        return refused(op, id, user, str_of(why));
    identity_guess_right(id, a->peer);
    return OK;
}

err identity_passkey_sign_in(struct op *op, struct identity *id, const struct identity_place *place,
                             const struct identity_assertion *a, struct identity_session *ret)
{
    str user;
    struct identity_account account;
    struct account_secret secret;
    struct fault before = op->fault;
    TRY(user_of(op, id, a->credential, &user));
    TRY(tried(op, id, place, a, user, STR_NONE));
    err e = account_load(op, id, user, &account, &secret);
    if (e == ERR_NOT_FOUND || (e == OK && !account_open(op, &account))) {
        op->fault = before;
        return refused(op, id, user, STR("account gone or disabled"));
    }
    TRY(e);
    struct token_terms terms = {.expires = op->now + ABSOLUTE_MS,
                                .epoch = secret.epoch,
                                .interactive = true,
                                .strong = true,
                                .device = a->device};
    return session_begin(op, id, &account, &terms, ret);
}

err identity_passkey_step_up(struct op *op, struct identity *id, str token,
                             const struct identity_place *place, const struct identity_assertion *a)
{
    struct session s = {0};
    str user;
    TRY(session_person(op, id, token, &s));
    TRY(user_of(op, id, a->credential, &user));
    if (!str_eq(user, str_of(s.user)))
        return refused(op, id, str_of(s.user), STR("passkey of another account"));
    TRY(tried(op, id, place, a, user, str_of(s.id)));
    return session_prove(op, id, &s);
}
