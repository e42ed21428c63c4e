/* Accounts: written and read by those who may manage, kept as sealed JSON under acct/<user>.
 * The password never leaves this room; an account put without one keeps what it had.
 * Invariant: a changed account is out of the cache before its door returns. */
#include "identity/identity_int.h"
#include "policy/authors.h"

#define LIST_MAX 100000u

bool user_valid(str user)
{
    for (size_t i = 0; i < user.n; i++) {
        char c = user.p[i];
        bool ok =
            (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '@' || c == '-';
        if (!ok)
            return false;
    }
    return user.n > 0 && user.n <= 64;
}

err need_manage(struct op *op)
{
    struct access_verdict v = {0};
    policy_access(op->actor, &(struct access_request){.action = ACTION_MANAGE}, &v);
    return v.allowed ? OK : fail(op, ERR_FORBIDDEN, "%.*s", STR_ARG(v.why));
}

struct json *account_json(struct op *op, const struct identity_account *a)
{
    struct arena *m = op->arena;
    struct json *o = json_new(m, JSON_OBJECT);
    json_set_str(m, o, STR("user"), a->user);
    json_set_str(m, o, STR("role"), role_name(a->role));
    json_set_str(m, o, STR("reference"), a->reference);
    json_set_str(m, o, STR("patient"), a->patient);
    json_set_str(m, o, STR("name"), a->name);
    json_set_str(m, o, STR("language"), a->language);
    json_set_str(m, o, STR("by"), a->by);
    json_set_str(m, o, STR("person"), a->by_person);
    json_set(m, o, STR("disabled"), json_new_bool(m, a->disabled));
    if (a->pending)
        json_set(m, o, STR("pending"), json_new_bool(m, true));
    if (a->until)
        json_set(m, o, STR("until"), json_new_i64(m, a->until));
    return o;
}

bool account_from_json(struct op *op, const struct json *o, struct identity_account *ret)
{
    struct arena *m = op->arena;
    struct identity_account a = {
        .user = arena_str(m, json_get_str(o, STR("user"))),
        .reference = arena_str(m, json_get_str(o, STR("reference"))),
        .patient = arena_str(m, json_get_str(o, STR("patient"))),
        .name = arena_str(m, json_get_str(o, STR("name"))),
        .language = arena_str(m, json_get_str(o, STR("language"))),
        .by = arena_str(m, json_get_str(o, STR("by"))),
        .by_person = arena_str(m, json_get_str(o, STR("person"))),
        .disabled = json_bool(JSON_GET(o, "disabled"), false),
        .pending = json_bool(JSON_GET(o, "pending"), false),
    };
    const struct json *until = JSON_GET(o, "until");
    if (until && !json_i64(until, &a.until))
        return false;
    if (!role_parse(json_get_str(o, STR("role")), &a.role))
        return false;
    *ret = a;
    return true;
}

bool account_open(const struct op *op, const struct identity_account *a)
{
    return !a->disabled && !a->pending && (!a->until || op->now < a->until);
}

static str account_key(struct op *op, str user)
{
    return arena_cat(op->arena, STR("acct/"), user);
}

err account_load(struct op *op, struct identity *id, str user, struct identity_account *ret,
                 struct account_secret *ret_secret)
{
    bool found = false;
    str text;
    if (user_valid(user))
        TRY(kv_get(op, id, account_key(op, user), &found, &text));
    if (!found)
        return fail(op, ERR_NOT_FOUND, "There is no such account.");
    struct json *o;
    TRY(json_read(op, text, &JSON_LIMITS_DEFAULT, &o));
    if (!account_from_json(op, o, ret))
        return fail(op, ERR_FAULT, "A stored account cannot be read.");
    ret->totp = json_get_str(o, STR("totp"));
    *ret_secret = (struct account_secret){.password = json_get_str(o, STR("password")),
                                          .epoch = json_get_str(o, STR("epoch")),
                                          .text = text};
    return OK;
}

/* Who is bound to a patient is somebody: without a person of its own a helper would be whoever a
 * Consent does not name. */
err account_check_binding(struct op *op, const struct identity_account *a)
{
    static const char *const person[ROLE_COUNT] = {
        [ROLE_PATIENT] = "Patient", [ROLE_HELPER] = "RelatedPerson", [ROLE_DEVICE] = "Device"};
    const char *type = person[a->role];
    if ((a->role == ROLE_PATIENT || a->role == ROLE_HELPER) && !a->patient.n)
        return fail(op, ERR_INVALID,
                    "An account or token of this role is bound to a patient: say "
                    "which.");
    if (a->role == ROLE_HELPER && !a->reference.n)
        return fail(op, ERR_INVALID,
                    "A helper is a person of the record: name the RelatedPerson "
                    "as reference.");
    struct fhir_ref ref = fhir_ref_parse(a->reference);
    if (type && a->reference.n &&
        (ref.kind != REF_LOCAL || ref.type != fhir_type_parse(str_of(type))))
        return fail(op, ERR_INVALID, "The reference of this role is a %s of this server.", type);
    return OK;
}

static err check(struct op *op, const struct identity_account *a)
{
    if (!user_valid(a->user))
        return fail(op, ERR_INVALID,
                    "A user name is 1 to 64 small letters, digits, dots, hyphens or @.");
    if (a->role == ROLE_NONE || a->role >= ROLE_COUNT)
        return fail(op, ERR_INVALID, "An account needs a role.");
    if (a->name.n > NAME_MAX_BYTES || a->reference.n > REFERENCE_MAX || a->language.n > 35)
        return fail(op, ERR_INVALID, "Name, reference or language of the account is too long.");
    if (a->patient.n && !fhir_id_valid(a->patient))
        return fail(op, ERR_INVALID, "The patient of an account is named by its id.");
    if (a->totp.n && a->totp.n != 32)
        return fail(op, ERR_INVALID, "A second step's secret is 32 characters of base 32.");
    return account_check_binding(op, a);
}

/* Who signs in, as whom, or how: after a change of these, what was given out before ends. */
static bool ends_sessions(const struct identity_account *old, const struct identity_account *a,
                          str password)
{
    return password.n || (a->totp.n && !str_eq(a->totp, old->totp)) || a->role != old->role ||
           !str_eq(a->reference, old->reference) || !str_eq(a->patient, old->patient) ||
           a->disabled != old->disabled || a->pending != old->pending || a->until != old->until;
}

err account_keep(struct op *op, struct identity *id, const struct identity_account *a,
                 const struct account_secret *secret)
{
    struct json *o = account_json(op, a);
    json_set_str(op->arena, o, STR("password"), secret->password);
    json_set_str(op->arena, o, STR("epoch"), secret->epoch);
    json_set_str(op->arena, o, STR("totp"), a->totp);
    struct buf b;
    buf_init(&b, op->arena, 16384);
    json_write(&b, o);
    TRY(op_check(op));
    struct store_tx *tx = store_tx_new(op, id->store);
    struct store_commit done;
    TRY(op_check(op));
    store_tx_expect_kv(tx, account_key(op, a->user), secret->text);
    store_tx_kv(tx, account_key(op, a->user), buf_str(&b));
    TRY(store_commit(op, tx, &done));
    cache_drop_user(&id->cache, a->user);
    return OK;
}

/* Who made an account does not vet it too: that takes a second pair of eyes. */
static err vet_check(struct op *op, const struct identity_account *old,
                     const struct identity_account *a)
{
    bool vets = old->pending && !a->pending && op->actor->role != ROLE_SYSTEM;
    if (vets && (authors_is(old->by, op->actor) || authors_is(old->by_person, op->actor)))
        return fail(op, ERR_FORBIDDEN, "Another administrator vets an account that you made.");
    return OK;
}

/* One try; hash empty: the password stays what it was. */
static err put(struct op *op, struct identity *id, const struct identity_account *a, str hash,
               bool is_new)
{
    struct account_secret secret = {0};
    struct identity_account old = {0}, kept = *a;
    struct fault before = op->fault;
    err e = account_load(op, id, a->user, &old, &secret);
    if (e != OK && e != ERR_NOT_FOUND)
        return e;
    op->fault = before;
    if (is_new && e == OK)
        return fail(op, ERR_CONFLICT, "This user name is taken; choose another.");
    TRY(vet_check(op, &old, a));
    bool anew = hash.n && e == OK; /* another's word on how it is opened: all other ways end */
    if (!kept.totp.n && !anew)
        kept.totp = old.totp; /* what is not put anew stays */
    bool other = a->role != old.role || !str_eq(a->reference, old.reference) ||
                 !str_eq(a->patient, old.patient);
    bool made = e != OK || anew || other;
    kept.by = made ? op->actor->user : old.by;
    kept.by_person = made ? op->actor->reference : old.by_person;
    if (anew)
        TRY(account_ways_void(op, id, a->user));
    if (ends_sessions(&old, a, hash))
        secret.epoch = random_token(op->arena, 16);
    if (hash.n)
        secret.password = hash;
    return account_keep(op, id, &kept, &secret);
}

static err put_account(struct op *op, struct identity *id, const struct identity_account *a,
                       str password, bool is_new)
{
    str hash = STR_NONE;
    err e = ERR_CONFLICT;
    TRY(need_manage(op));
    TRY(check(op, a));
    if (password.n) {
        TRY(password_check_strength(op, password, a->user));
        TRY(password_hash(op, id, password, &hash));
    }
    for (unsigned i = 0; e == ERR_CONFLICT && i < (is_new ? 1 : ACCOUNT_TRIES); i++) {
        op_clear(op);
        e = put(op, id, a, hash, is_new);
    }
    TRY(e);
    return record_audit_event(op, id->rec, STR("account"), true, a->user);
}

err identity_account_put(struct op *op, struct identity *id, const struct identity_account *a,
                         str password)
{
    return put_account(op, id, a, password, false);
}

err account_put_new(struct op *op, struct identity *id, const struct identity_account *a,
                    str password)
{
    return put_account(op, id, a, password, true);
}

err identity_account_get(struct op *op, struct identity *id, str user, struct identity_account *ret)
{
    TRY(need_manage(op));
    struct account_secret secret;
    TRY(account_load(op, id, user, ret, &secret));
    ret->totp = ret->totp.n ? STR("set") : STR_NONE;
    return OK;
}

err identity_account_list(struct op *op, struct identity *id, struct identity_account **ret,
                          size_t *ret_n)
{
    TRY(need_manage(op));
    str *keys;
    size_t n;
    TRY(store_kv_list(op, id->store, STR("acct/"), LIST_MAX, &keys, &n));
    struct identity_account *all = ARENA_ARRAY(op->arena, struct identity_account, n ? n : 1);
    TRY(op_check(op));
    for (size_t i = 0; i < n; i++) {
        struct account_secret secret;
        TRY(account_load(op, id, str_sub(keys[i], 5, SIZE_MAX), &all[i], &secret));
        all[i].totp = all[i].totp.n ? STR("set") : STR_NONE;
    }
    *ret = all;
    *ret_n = n;
    return OK;
}

err identity_account_ways(struct op *op, struct identity *id, str user,
                          struct identity_account_ways *ret)
{
    struct identity_account a;
    struct account_secret secret;
    TRY(need_manage(op));
    TRY(account_load(op, id, user, &a, &secret));
    *ret = (struct identity_account_ways){.password = secret.password.n > 0, .totp = a.totp.n > 0};
    TRY(passkeys_count(op, id, user, &ret->passkeys));
    return training_until(op, id, user, a.role, &ret->trained);
}

err account_sessions_end(struct op *op, struct identity *id, str user)
{
    struct identity_account a;
    struct account_secret secret;
    err e = ERR_CONFLICT;
    for (unsigned i = 0; e == ERR_CONFLICT && i < ACCOUNT_TRIES; i++) {
        op_clear(op);
        TRY(account_load(op, id, user, &a, &secret));
        secret.epoch = random_token(op->arena, 16);
        e = account_keep(op, id, &a, &secret);
    }
    return e;
}

err identity_account_sign_out(struct op *op, struct identity *id, str user)
{
    TRY(need_manage(op));
    TRY(account_sessions_end(op, id, user));
    return record_audit_event(op, id->rec, STR("sign-out"), true,
                              arena_cat(op->arena, user, STR(" everywhere")));
}
