/* Token or device name to actor: from the cache, else from the store. What an actor is bound to is
 * resolved to resource numbers once, here; below this room nobody looks at names again. */
#include "identity/oauth_int.h"
#include "policy/purpose.h"

#include <sodium.h>

const struct actor *identity_system(void)
{
    static const struct actor system = {.role = ROLE_SYSTEM,
                                        .purpose = PURPOSE_HOPERAT,
                                        .user = {"system", 6},
                                        .session = {"system", 6},
                                        .strong = true};
    return &system;
}

static void put(char *to, size_t cap, str s)
{
    size_t n = s.n < cap ? s.n : cap - 1;
    memset(to, 0, cap);
    if (n)
        memcpy(to, s.p, n);
}

static uint64_t number_of(struct op *op, struct identity *id, fhir_type type, str name)
{
    uint64_t rid = 0;
    struct fault before = op->fault;
    if (type && name.n && record_resolve(op, id->rec, type, name, &rid) != OK)
        rid = 0;
    op->fault = before;
    return rid;
}

static void bind(struct op *op, struct identity *id, struct session *s)
{
    if (!s->context_rid && s->context[0])
        s->context_rid = number_of(op, id, fhir_type_parse(STR("Patient")), str_of(s->context));
    if (!s->patient_rid && s->patient[0])
        s->patient_rid = number_of(op, id, fhir_type_parse(STR("Patient")), str_of(s->patient));
    if (!s->user_rid && s->reference[0]) {
        struct fhir_ref ref = fhir_ref_parse(str_of(s->reference));
        if (ref.kind == REF_LOCAL)
            s->user_rid = number_of(op, id, ref.type, ref.id);
    }
}

static void fill(struct session *s, const struct identity_account *a)
{
    s->trained_until = INT64_MAX;
    if (a->until && a->until < s->expires)
        s->expires = a->until;
    s->role = a->role;
    put(s->user, sizeof s->user, a->user);
    put(s->reference, sizeof s->reference, a->reference);
    put(s->patient, sizeof s->patient, a->patient);
    put(s->name, sizeof s->name, a->name);
    put(s->language, sizeof s->language, a->language);
    sodium_bin2hex(s->id, sizeof s->id, s->hash, 8);
}

/* What cannot be read is no scope, and a token without any may nothing. */
static const struct scopes *scopes_of(struct op *op, const struct session *s)
{
    struct scopes *all = ARENA_NEW(op->arena, struct scopes);
    all->patient = s->context_rid;
    if (!scopes_parse(arena_str(op->arena, str_of(s->scope)), all))
        all->n = 0;
    return all;
}

struct actor *actor_of(struct op *op, const struct session *s)
{
    struct actor *a = ARENA_NEW(op->arena, struct actor);
    *a = (struct actor){.role = s->role,
                        .purpose = role_purpose(s->role),
                        .purposes = role_purposes(s->role),
                        .user = arena_str(op->arena, str_of(s->user)),
                        .reference = arena_str(op->arena, str_of(s->reference)),
                        .session = arena_str(op->arena, str_of(s->id)),
                        .patient = s->patient_rid,
                        .user_rid = s->user_rid,
                        .strong = s->strong,
                        .untrained = op->now >= s->trained_until};
    if (s->scope[0] || s->client[0])
        a->scopes = scopes_of(op, s);
    purposes_carried(str_of(s->scope), a);
    return a;
}

void account_of(struct op *op, const struct session *s, struct identity_account *ret)
{
    *ret = (struct identity_account){.user = arena_str(op->arena, str_of(s->user)),
                                     .role = s->role,
                                     .reference = arena_str(op->arena, str_of(s->reference)),
                                     .patient = arena_str(op->arena, str_of(s->patient)),
                                     .name = arena_str(op->arena, str_of(s->name)),
                                     .language = arena_str(op->arena, str_of(s->language))};
}

/* A helper's token is in the share that it names, while that is the helper's. */
static err in_share(struct op *op, struct identity *id, const struct identity_account *token,
                    struct identity_account *now, bool *ret)
{
    str patient;
    TRY(share_find(op, id, now, token->reference, &patient));
    *ret = patient.n && str_eq(patient, token->patient);
    now->patient = token->patient;
    now->reference = token->reference;
    return OK;
}

/* The account as it is now, when there is one; *ret is false when it forbids what the token says. A
 * role that was lent stays as long as it is. */
static err still_allowed(struct op *op, struct identity *id, const struct json *token,
                         struct identity_account *a, bool *ret)
{
    struct identity_account now = {0};
    struct account_secret secret;
    int64_t lent = 0;
    str lender = json_get_str(token, STR("lender"));
    struct fault before = op->fault;
    err e = account_load(op, id, a->user, &now, &secret);
    op->fault = e == ERR_NOT_FOUND ? before : op->fault;
    *ret = e == ERR_NOT_FOUND;
    if (*ret)
        return OK;
    TRY(e);
    if (lender.n)
        TRY(delegation_holds(op, id, now.user, lender, a->role, &lent));
    *ret = account_open(op, &now) && (lent || now.role == a->role) &&
           str_eq(secret.epoch, json_get_str(token, STR("epoch")));
    if (lent)
        now.role = a->role;
    if (*ret && now.role == ROLE_HELPER && a->role == ROLE_HELPER)
        TRY(in_share(op, id, a, &now, ret));
    *a = now;
    return OK;
}

/* A program's token, made without an account, has nobody to train. */
static err trained(struct op *op, struct identity *id, const struct identity_account *a,
                   int64_t *ret)
{
    bool there;
    str text;
    *ret = INT64_MAX;
    TRY(kv_get(op, id, arena_cat(op->arena, STR("acct/"), a->user), &there, &text));
    return there ? training_until(op, id, a->user, a->role, ret) : OK;
}

static err load(struct op *op, struct identity *id, struct session *s, bool *ret_ok)
{
    bool found, seen_found;
    str text, seen = STR_NONE;
    TRY(kv_get(op, id, token_key(op, "tok/", s->hash), &found, &text));
    *ret_ok = false;
    if (!found)
        return OK;
    TRY(kv_get(op, id, token_key(op, "seen/", s->hash), &seen_found, &seen));
    struct json *o;
    TRY(json_read(op, text, &JSON_LIMITS_DEFAULT, &o));
    struct identity_account a;
    int64_t last = 0, kept = 0;
    if (!account_from_json(op, o, &a) || !json_i64(JSON_GET(o, "expires"), &s->expires) ||
        !json_i64(JSON_GET(o, "issued"), &last))
        return fail(op, ERR_FAULT, "A stored token cannot be read.");
    if (seen_found && str_to_i64(seen, &kept) && kept > last)
        last = kept;
    if (!json_i64(JSON_GET(o, "proven"), &s->proven))
        s->proven = 0;
    s->interactive = json_bool(JSON_GET(o, "interactive"), false);
    s->strong = json_bool(JSON_GET(o, "strong"), false);
    s->idle_ms = s->interactive ? token_rest_ms(id, a.role) : 0;
    s->kept = last;
    atomic_init(&s->last, last);
    put(s->scope, sizeof s->scope, json_get_str(o, STR("scope")));
    put(s->context, sizeof s->context, json_get_str(o, STR("context")));
    put(s->client, sizeof s->client, json_get_str(o, STR("client")));
    put(s->family, sizeof s->family, json_get_str(o, STR("family")));
    TRY(still_allowed(op, id, o, &a, ret_ok));
    if (*ret_ok && s->client[0])
        TRY(oauth_still(op, id, s, a.role, ret_ok));
    fill(s, &a);
    put(s->lender, sizeof s->lender, json_get_str(o, STR("lender")));
    TRY(trained(op, id, &a, &s->trained_until));
    return OK;
}

/* Kept again when a name that could not be resolved before now can. */
static void rebind(struct op *op, struct identity *id, struct session *s, uint64_t generation)
{
    uint64_t patient = s->patient_rid, user = s->user_rid, context = s->context_rid;
    bind(op, id, s);
    if (patient != s->patient_rid || user != s->user_rid || context != s->context_rid)
        cache_keep(&id->cache, s, generation);
}

err session_of(struct op *op, struct identity *id, str token, bool slide, struct session *ret,
               bool *ret_alive)
{
    bool ok = false;
    *ret_alive = false;
    if (token.n < 32 || token.n > 128)
        return OK;
    token_hash(token, ret->hash);
    uint64_t generation = cache_generation(&id->cache);
    if (!cache_find(&id->cache, ret->hash, op->now, slide, ret)) {
        TRY(load(op, id, ret, &ok));
        if (!ok || !session_alive(ret, op->now))
            return OK;
        if (slide)
            atomic_store(&ret->last, op->now);
        bind(op, id, ret);
        cache_keep(&id->cache, ret, generation);
    }
    *ret_alive = session_alive(ret, op->now);
    rebind(op, id, ret, generation);
    return OK;
}

err session_need(struct op *op, struct identity *id, str token, bool slide, struct session *ret)
{
    bool alive;
    TRY(session_of(op, id, token, slide, ret, &alive));
    return alive ? OK
                 : fail(op, ERR_UNAUTHENTICATED,
                        "This session is not known or has ended; sign in again.");
}

err session_person(struct op *op, struct identity *id, str token, struct session *ret)
{
    TRY(session_need(op, id, token, true, ret));
    return ret->interactive
               ? OK
               : fail(op, ERR_FORBIDDEN,
                      "This is for people who have signed in, not for a script's token.");
}

static err actor_by(struct op *op, struct identity *id, str token, bool slide,
                    struct identity_account *ret)
{
    struct session s = {0};
    TRY(session_need(op, id, token, slide, &s));
    op->actor = actor_of(op, &s);
    account_of(op, &s, ret);
    ret->client = arena_str(op->arena, str_of(s.client));
    return s.client[0] ? oauth_rate(op, id, ret->client, false) : op_check(op);
}

err identity_actor(struct op *op, struct identity *id, str token, struct identity_account *ret)
{
    return actor_by(op, id, token, true, ret);
}

err identity_actor_at_rest(struct op *op, struct identity *id, str token,
                           struct identity_account *ret)
{
    return actor_by(op, id, token, false, ret);
}

err identity_rest(struct op *op, struct identity *id, str token, struct identity_rest *ret)
{
    struct session s = {0};
    TRY(session_need(op, id, token, false, &s));
    int64_t idle = op->now - atomic_load(&s.last), end = s.expires - op->now;
    int64_t left = s.idle_ms - idle < end ? s.idle_ms - idle : end;
    *ret = (struct identity_rest){.rest_ms = s.idle_ms,
                                  .left_ms = s.idle_ms ? left : 0,
                                  .interactive = s.interactive,
                                  .fresh = op->now - s.proven < IDENTITY_FRESH_MS};
    return OK;
}

bool identity_alive(struct op *op, struct identity *id, str token)
{
    struct session s = {0};
    bool alive;
    return session_of(op, id, token, false, &s, &alive) == OK && alive;
}

err machine_of(struct op *op, struct identity *id, str user, unsigned roles, struct session *s)
{
    machine_hash(user, s->hash);
    uint64_t generation = cache_generation(&id->cache);
    if (!cache_find(&id->cache, s->hash, op->now, false, s)) {
        struct identity_account a;
        struct account_secret secret;
        err e = account_load(op, id, user, &a, &secret);
        if (e != OK && e != ERR_NOT_FOUND)
            return e;
        if (e == ERR_NOT_FOUND || !account_open(op, &a)) {
            op_clear(op);
            return fail(op, ERR_UNAUTHENTICATED, "This device has no account.");
        }
        s->expires = INT64_MAX;
        fill(s, &a);
        TRY(training_until(op, id, a.user, a.role, &s->trained_until));
        bind(op, id, s);
        cache_keep(&id->cache, s, generation);
    }
    if (op->now >= s->expires || !(roles >> s->role & 1))
        return fail(op, ERR_UNAUTHENTICATED, "This device has no account.");
    rebind(op, id, s, generation);
    return OK;
}

err identity_actor_device(struct op *op, struct identity *id, str device_user)
{
    struct session s = {0};
    TRY(machine_of(op, id, device_user, 1u << ROLE_DEVICE, &s));
    op->actor = actor_of(op, &s);
    return op_check(op);
}

err identity_actor_as(struct op *op, struct identity *id, const struct identity_account *as,
                      const struct actor **ret)
{
    struct session s = {.trained_until = INT64_MAX}; /* a program has nobody to train */
    struct identity_account a = *as;
    struct account_secret secret;
    struct fault before = op->fault;
    err e = account_load(op, id, as->user, &a, &secret);
    if (e == ERR_NOT_FOUND)
        op->fault = before;
    else
        TRY(e);
    str patient = STR_NONE;
    if (e == OK && a.role == ROLE_HELPER && as->reference.n) {
        TRY(share_find(op, id, &a, as->reference, &patient));
        a.patient = patient;
        a.reference = as->reference;
    }
    bool nobody = a.role == ROLE_HELPER && as->reference.n && !patient.n;
    if (e == OK && (!account_open(op, &a) || a.role != as->role || nobody))
        return fail(op, ERR_FORBIDDEN, "The account is closed or has another role by now.");
    fill(&s, e == OK ? &a : as);
    if (e == OK)
        TRY(training_until(op, id, a.user, a.role, &s.trained_until));
    bind(op, id, &s);
    *ret = actor_of(op, &s);
    return op_check(op);
}
