/* Client certificates: the fingerprint of each is named to one account of a device or a partner,
 * under cert/<fingerprint>; TLS has proved that the peer holds its key. No authority is asked.
 * Invariant: a person is never known by a certificate alone. */
#include "identity/identity_int.h"

#define MACHINES (1u << ROLE_DEVICE | 1u << ROLE_SYSTEM)

/* Lower case without colons; empty when it is none. */
static str plain(struct op *op, str fingerprint)
{
    char *p = arena_alloc(op->arena, 65);
    size_t n = 0;
    for (size_t i = 0; p && i < fingerprint.n; i++) {
        char c = fingerprint.p[i];
        if (c == ':')
            continue;
        if (c >= 'A' && c <= 'F')
            c = (char)(c + ('a' - 'A'));
        if (n == 64 || !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            return STR_NONE;
        p[n++] = c;
    }
    return n == 64 ? str_make(p, n) : STR_NONE;
}

/* Whoever may name one to a device must not take it from another that is in use. */
static err is_free(struct op *op, struct identity *id, str holder)
{
    struct identity_account a = {0};
    struct account_secret secret;
    struct fault before = op->fault;
    err e = account_load(op, id, holder, &a, &secret);
    if (e == OK && account_open(op, &a))
        return fail(op, ERR_CONFLICT, "This certificate is another account's; take it away there.");
    if (e != OK && e != ERR_NOT_FOUND)
        return e;
    op->fault = before;
    return OK;
}

err identity_certificate_set(struct op *op, struct identity *id, str fingerprint, str user)
{
    struct identity_account a = {0};
    struct account_secret secret;
    str hex = plain(op, fingerprint);
    TRY(need_manage(op));
    if (!hex.n)
        return fail(op, ERR_INVALID,
                    "A fingerprint is the SHA-256 of the certificate: 64 hex digits.");
    if (user.n)
        TRY(account_load(op, id, user, &a, &secret));
    if (user.n && !(MACHINES >> a.role & 1))
        return fail(op, ERR_INVALID,
                    "Certificates are for devices and partners (role device or system); people "
                    "sign in.");
    str key = arena_cat(op->arena, STR("cert/"), hex), had = STR_NONE;
    bool found;
    TRY(kv_get(op, id, key, &found, &had));
    if (user.n && found && had.n && !str_eq(had, user))
        TRY(is_free(op, id, had));
    TRY(kv_put(op, id, key, user));
    return record_audit_event(op, id->rec, STR("certificate"), true, user);
}

err identity_actor_certificate(struct op *op, struct identity *id, str fingerprint,
                               struct identity_account *ret)
{
    bool found;
    str user;
    struct session s = {0};
    TRY(kv_get(op, id, arena_cat(op->arena, STR("cert/"), fingerprint), &found, &user));
    if (!found)
        return fail(op, ERR_UNAUTHENTICATED, "No account knows this certificate.");
    TRY(machine_of(op, id, user, MACHINES, &s));
    op->actor = actor_of(op, &s);
    account_of(op, &s, ret);
    return op_check(op);
}
