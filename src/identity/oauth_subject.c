/* Who an outside OpenID provider's subject is here: set by an administrator, nothing by itself.
 * Invariant: issuer and subject together name at most one account. */
#include "identity/oauth_int.h"

static str subject_key(struct op *op, str issuer, str subject)
{
    return oauth_key(op, "ou/",
                     arena_printf(op->arena, "%.*s %.*s", STR_ARG(issuer), STR_ARG(subject)));
}

err oauth_subject_put(struct op *op, struct identity *id, str issuer, str subject, str user)
{
    struct identity_account a;
    TRY(need_manage(op));
    if (!issuer.n || !subject.n || issuer.n + subject.n > 1024)
        return fail(op, ERR_INVALID, "An issuer and a subject are needed.");
    if (user.n)
        TRY(identity_account_get(op, id, user, &a));
    TRY(kv_put(op, id, subject_key(op, issuer, subject), user));
    return record_audit_event(op, id->rec, STR("account"), true,
                              user.n ? user : STR("outside subject removed"));
}

err oauth_subject_find(struct op *op, struct identity *id, str issuer, str subject, str *ret_user)
{
    bool found;
    TRY(kv_get(op, id, subject_key(op, issuer, subject), &found, ret_user));
    if (!found)
        *ret_user = STR_NONE;
    return OK;
}
