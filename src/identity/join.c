/* Joining by invitation: the helper makes an account of their own. Invariant: an invitation makes
 * one account; who has its secret learns no more of the patient than a name and what would be
 * shared. */
#include "identity/helper_int.h"

struct invitation {
    str key, text, patient, related;
    struct identity_invitation shown;
};

/* Is the share that the invitation is to still given? Who took it back took the invitation back. */
static bool share_stands(struct op *op, struct identity *id, const struct json *o)
{
    struct record_doc doc;
    struct json *tree;
    struct op house = *op;
    house.actor = identity_system();
    bool stands = record_read(&house, id->rec, fhir_type_parse(STR("Consent")),
                              json_get_str(o, STR("consent")), &doc) == OK &&
                  record_parse(&house, &doc, &tree) == OK &&
                  str_eq(json_get_str(tree, STR("status")), STR("active"));
    op->audit = house.audit;
    return stands;
}

static err load(struct op *op, struct identity *id, str secret, struct invitation *ret)
{
    uint8_t hash[HASH_BYTES];
    bool found = false;
    struct json *o = NULL;
    int64_t what = 0, until = 0, expires = 0;
    str text = STR_NONE;
    token_hash(secret, hash);
    str key = token_key(op, "invite/", hash);
    if (secret.n >= 32 && secret.n <= 128)
        TRY(kv_get(op, id, key, &found, &text));
    if (found)
        TRY(json_read(op, text, &JSON_LIMITS_DEFAULT, &o));
    if (!found || !json_i64(JSON_GET(o, "expires"), &expires) || op->now >= expires ||
        !json_i64(JSON_GET(o, "what"), &what) || !json_i64(JSON_GET(o, "until"), &until) ||
        !share_stands(op, id, o)) {
        if (throttle_wait(&id->throttle, STR_NONE, STR("invitations"), op->now) == 0) {
            throttle_fail(&id->throttle, STR_NONE, STR("invitations"), op->now);
            TRY(record_audit_event(op, id->rec, STR("helper"), false, STR("unknown invitation")));
        } /* a flood may not fill the trail; the secret cannot be guessed */
        return fail(op, ERR_NOT_FOUND,
                    "This invitation was used, taken back or is over. Ask for a new one.");
    }
    *ret = (struct invitation){.key = key,
                               .text = text,
                               .patient = json_get_str(o, STR("patient")),
                               .related = json_get_str(o, STR("related")),
                               .shown = {.name = json_get_str(o, STR("name")),
                                         .email = json_get_str(o, STR("email")),
                                         .what = (unsigned)what,
                                         .until = until}};
    return OK;
}

str patient_given_name(struct op *op, struct identity *id, str patient)
{
    struct record_doc doc;
    struct json *tree;
    struct op house = *op;
    str name = STR_NONE;
    house.actor = identity_system();
    if (record_read(&house, id->rec, fhir_type_parse(STR("Patient")), patient, &doc) == OK &&
        record_parse(&house, &doc, &tree) == OK)
        name = json_str(json_path(tree, "name.0.given.0"));
    op->audit = house.audit;
    return name;
}

err identity_invitation(struct op *op, struct identity *id, str secret,
                        struct identity_invitation *ret)
{
    struct invitation i;
    TRY(load(op, id, secret, &i));
    i.shown.patient_name = patient_given_name(op, id, i.patient);
    *ret = i.shown;
    return OK;
}

err join_free_name(struct op *op, struct identity *id, str user, str peer)
{
    struct identity_account a;
    struct account_secret secret;
    struct fault before = op->fault;
    if (!user_valid(user))
        return fail(op, ERR_INVALID,
                    "A user name is 1 to 64 small letters, digits, dots, hyphens or @.");
    if (throttle_wait(&id->throttle, STR_NONE, peer, op->now) > 0)
        return fail(op, ERR_BUSY, "Too many tries from here; wait a second and try again.");
    bool script; /* its token would end with an account of another role under its name */
    str text;
    TRY(kv_get(op, id, arena_cat(op->arena, STR("tokuser/"), user), &script, &text));
    err e = script ? OK : account_load(op, id, user, &a, &secret);
    if (e == OK) /* it tells that the name is there, and a patient may invite without end */
        throttle_fail(&id->throttle, STR_NONE, peer, op->now);
    if (e == OK)
        return fail(op, ERR_CONFLICT, "This user name is taken; choose another.");
    if (e == ERR_NOT_FOUND)
        op->fault = before;
    return e == ERR_NOT_FOUND ? OK : e;
}

/* more: the account helps somebody already, and gets one more share. */
static err spend(struct op *op, struct identity *id, const struct invitation *i, str user,
                 bool more)
{
    struct store_tx *tx = store_tx_new(op, id->store);
    struct store_commit done;
    TRY(op_check(op));
    if (more)
        TRY(share_add(op, id, user, i->patient,
                      arena_cat(op->arena, STR("RelatedPerson/"), i->related), tx));
    store_tx_expect_kv(tx, i->key, i->text);
    store_tx_kv(tx, i->key, STR_NONE);
    store_tx_kv(tx, arena_cat(op->arena, STR("joined/"), i->related), user);
    return store_commit(op, tx, &done);
}

/* The account, for whom the invitation was; it is spent before the account is made. */
static err account_make(struct op *op, struct identity *id, const struct invitation *i,
                        const struct identity_try *t, struct identity_account *ret)
{
    struct identity_account a = {.user = t->user,
                                 .role = ROLE_HELPER,
                                 .reference =
                                     arena_cat(op->arena, STR("RelatedPerson/"), i->related),
                                 .patient = i->patient,
                                 .name = i->shown.name};
    struct op house = *op;
    TRY(spend(op, id, i, t->user, false));
    house.actor = identity_system();
    err e = account_put_new(&house, id, &a, t->password);
    op->audit = house.audit;
    op->fault = house.fault;
    *ret = a;
    return e;
}

err join_spend(struct op *op, struct identity *id, str secret, str user, str *ret_patient,
               str *ret_reference)
{
    struct invitation i;
    TRY(load(op, id, secret, &i));
    TRY(spend(op, id, &i, user, true));
    *ret_patient = i.patient;
    *ret_reference = arena_cat(op->arena, STR("RelatedPerson/"), i.related);
    return op_check(op);
}

err identity_join(struct op *op, struct identity *id, str secret, const struct identity_try *t,
                  struct identity_session *ret)
{
    struct invitation i;
    struct identity_account a;
    struct account_secret kept = {0};
    TRY(load(op, id, secret, &i));
    TRY(join_free_name(op, id, t->user, t->peer));
    if (t->password.n)
        TRY(password_check_strength(op, t->password, t->user));
    TRY(signing_enter(op, id));
    err e = account_make(op, id, &i, t, &a);
    signing_leave(id);
    TRY(e);
    TRY(account_load(op, id, a.user, &a, &kept));
    struct token_terms terms = {.expires = op->now + ABSOLUTE_MS,
                                .epoch = kept.epoch,
                                .interactive = true,
                                .device = t->device};
    TRY(session_begin(op, id, &a, &terms, ret));
    return record_audit_event(op, id->rec, STR("helper"), true, STR("joined"));
}
