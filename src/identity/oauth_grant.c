/* The token endpoint (RFC 6749 3.2): a code for tokens, and a backend service's own. Invariant: a
 * code works once, within sixty seconds, for its app, its address and its PKCE verifier; one that
 * comes a second time ends what the first one gave. */
#include "identity/oauth_int.h"

#include <sodium.h>

static err refuse(struct op *op, struct identity *id, str client, const char *code, const char *why)
{
    struct oauth_refusal r = {.what = "oauth-token", .client = client, .code = code, .why = why};
    return oauth_refuse(op, id, &r);
}

/* What was kept before shares had references: the account's first. */
static err in_share(struct op *op, struct identity *id, const struct json *kept,
                    struct identity_account *a, bool *ret)
{
    str patient, reference = json_get_str(kept, STR("reference"));
    *ret = true;
    if (a->role != ROLE_HELPER || !reference.n)
        return OK;
    TRY(share_find(op, id, a, reference, &patient));
    a->patient = patient;
    a->reference = reference;
    *ret = patient.n > 0;
    return OK;
}

err oauth_account(struct op *op, struct identity *id, const struct json *kept,
                  struct identity_account *ret)
{
    struct account_secret secret;
    struct fault before = op->fault;
    bool theirs = true;
    err e = account_load(op, id, json_get_str(kept, STR("user")), ret, &secret);
    if (e == ERR_NOT_FOUND)
        op->fault = before;
    else
        TRY(e);
    if (e == OK)
        TRY(in_share(op, id, kept, ret, &theirs));
    if (e == ERR_NOT_FOUND || !account_open(op, ret) || !theirs ||
        !str_eq(secret.epoch, json_get_str(kept, STR("epoch"))))
        return fail_at(op, ERR_UNAUTHENTICATED, STR("invalid_grant"),
                       "The account behind this has changed; sign in again.");
    ret->totp = STR_NONE;
    return OK;
}

static err id_token(struct op *op, struct identity *id, const struct oauth_grant *g, str base,
                    str *ret)
{
    struct arena *m = op->arena;
    struct json *o = json_new(m, JSON_OBJECT);
    str kid, pem;
    TRY(oauth_signing_key(op, id, &kid, &pem));
    json_set_str(m, o, STR("iss"), base);
    json_set_str(m, o, STR("aud"), g->client.id);
    oauth_set_number(op, o, "iat", op->now / 1000);
    oauth_set_number(op, o, "exp", (op->now + OAUTH_ACCESS_MS) / 1000);
    oauth_set_number(op, o, "auth_time", g->auth_time / 1000);
    if (g->nonce.n)
        json_set_str(m, o, STR("nonce"), g->nonce);
    struct oauth_who w = {.user = g->account.user,
                          .reference = g->account.reference,
                          .name = g->account.name,
                          .language = g->account.language,
                          .scope = g->scope,
                          .base = base};
    oauth_claims(op, id, &w, o);
    return jose_sign(op, pem, kid, o, ret);
}

err oauth_answer(struct op *op, struct identity *id, const struct oauth_grant *g, str base,
                 str refresh, struct json **ret)
{
    struct arena *m = op->arena;
    struct identity_session s;
    bool backend = !g->family.n;
    int64_t end = op->now + (backend ? OAUTH_BACKEND_MS : OAUTH_ACCESS_MS);
    end = end < g->expires ? end : g->expires;
    struct token_terms terms = {.expires = end < g->client.expires ? end : g->client.expires,
                                .epoch = g->epoch,
                                .strong = g->strong,
                                .scope = g->scope,
                                .context = g->patient,
                                .client = g->client.id,
                                .family = g->family};
    TRY(token_make(op, id, &g->account, &terms, &s));
    struct json *o = json_new(m, JSON_OBJECT);
    json_set_str(m, o, STR("access_token"), s.token);
    json_set_str(m, o, STR("token_type"), STR("Bearer"));
    oauth_set_number(op, o, "expires_in", (terms.expires - op->now) / 1000);
    json_set_str(m, o, STR("scope"), g->scope);
    if (refresh.n)
        json_set_str(m, o, STR("refresh_token"), refresh);
    if (g->patient.n) {
        json_set_str(m, o, STR("patient"), g->patient);
        json_set(m, o, STR("need_patient_banner"), json_new_bool(m, true));
    }
    if (g->encounter.n)
        json_set_str(m, o, STR("encounter"), g->encounter);
    if (oauth_has(g->scope, "openid")) {
        str token;
        TRY(id_token(op, id, g, base, &token));
        json_set_str(m, o, STR("id_token"), token);
    }
    *ret = o;
    oauth_note(op, id, STR_NONE, g->client.id, "token", g->scope);
    return record_audit_event(op, id->rec, STR("oauth-token"), true,
                              arena_printf(m, "client=%.*s user=%.*s scope=%.*s",
                                           STR_ARG(g->client.id), STR_ARG(g->account.user),
                                           STR_ARG(str_sub(g->scope, 0, 300))));
}

static bool verifier_fits(struct op *op, str verifier, str challenge)
{
    if (verifier.n < 43 || verifier.n > 128)
        return false;
    str made = jose_s256(op->arena, verifier);
    return made.n == challenge.n && sodium_memcmp(made.p, challenge.p, made.n) == 0;
}

/* What a spent code leaves behind for as long as it could come again. */
static struct json *spent(struct op *op, str client, str family)
{
    struct json *o = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, o, STR("spent"), family);
    json_set_str(op->arena, o, STR("client"), client);
    oauth_set_number(op, o, "expires", op->now + INT64_C(24) * 3600 * 1000);
    return o;
}

/* It came again: the first one's tokens end, or are not made when they are still being made. */
static err replayed(struct op *op, struct identity *id, const struct oauth_client *c, str key,
                    str was, struct json *o)
{
    json_set(op->arena, o, STR("again"), json_new_bool(op->arena, true));
    err e = oauth_swap(op, id, key, was, o);
    if (e == ERR_CONFLICT) /* it came a third time, meanwhile */
        op_clear(op);
    else
        TRY(e);
    TRY(oauth_family_end(op, id, json_get_str(o, STR("client")), json_get_str(o, STR("spent"))));
    return refuse(op, id, c->id, "invalid_grant",
                  "This code was used already; what it gave has ended.");
}

/* The code is taken whatever comes of it: a try with a wrong verifier ends it. ret_mark: what is
 * left of it as long as it did not come again. */
static err take(struct op *op, struct identity *id, const struct oauth_client *c, str key,
                struct json **ret, str *ret_mark)
{
    struct json *o, *mark;
    str was, family = random_token(op->arena, 16);
    for (unsigned tries = 0; tries < 2; tries++) {
        TRY(oauth_load(op, id, key, &o, &was));
        if (!o)
            break;
        if (json_get_str(o, STR("spent")).n)
            return replayed(op, id, c, key, was, o);
        mark = spent(op, json_get_str(o, STR("client")), family);
        err e = oauth_swap(op, id, key, was, mark);
        if (e == ERR_CONFLICT) {
            op_clear(op);
            continue;
        }
        TRY(e);
        json_set_str(op->arena, o, STR("family"), family);
        *ret = o;
        *ret_mark = oauth_text(op, mark);
        return OK;
    }
    return refuse(op, id, c->id, "invalid_grant", "This code is not known or is over.");
}

static err by_code(struct op *op, struct identity *id, const struct oauth_request *r,
                   const struct oauth_client *c, struct json **ret)
{
    struct json *o = NULL;
    struct oauth_grant g = {.client = *c};
    str refresh, mark = STR_NONE, key = oauth_key(op, "oa/", r->code);
    TRY(take(op, id, c, key, &o, &mark));
    if (!str_eq(json_get_str(o, STR("client")), c->id))
        return refuse(op, id, c->id, "invalid_grant", "This code is another app's.");
    if (!str_eq(json_get_str(o, STR("redirect")), r->redirect))
        return refuse(op, id, c->id, "invalid_grant",
                      "redirect_uri is not the one that the code went to.");
    if (!verifier_fits(op, r->verifier, json_get_str(o, STR("challenge"))))
        return refuse(op, id, c->id, "invalid_grant",
                      "code_verifier does not fit the code_challenge (S256).");
    g.epoch = json_get_str(o, STR("epoch"));
    if (oauth_account(op, id, o, &g.account) != OK)
        return refuse(op, id, c->id, "invalid_grant", "The account behind this has changed.");
    g.scope = oauth_grantable(op, c, json_get_str(o, STR("scope")), false);
    if (!g.scope.n)
        return refuse(op, id, c->id, "invalid_grant", "This app may have none of this any more.");
    g.nonce = json_get_str(o, STR("nonce"));
    g.patient = json_get_str(o, STR("patient"));
    g.encounter = json_get_str(o, STR("encounter"));
    g.family = json_get_str(o, STR("family"));
    g.strong = json_bool(JSON_GET(o, "strong"), false);
    g.auth_time = oauth_number(o, "auth_time");
    struct store_tx *tx = store_tx_new(op, id->store);
    struct store_commit done;
    TRY(op_check(op));
    TRY(oauth_family_new(op, id, &g, tx, &refresh));
    store_tx_expect_kv(tx, key, mark);
    err e = store_commit(op, tx, &done);
    if (e == ERR_CONFLICT)
        return refuse(op, id, c->id, "invalid_grant", "This code was used twice at once.");
    TRY(e);
    return oauth_answer(op, id, &g, r->base, refresh, ret);
}

/* SMART Backend Services: the app itself, within the role that an administrator gave it. */
static err by_app(struct op *op, struct identity *id, const struct oauth_request *r,
                  const struct oauth_client *c, struct json **ret)
{
    struct oauth_grant g = {.client = *c, .expires = INT64_MAX, .auth_time = op->now};
    if (!str_eq(c->kind, STR("key")) || c->role == ROLE_NONE)
        return refuse(op, id, c->id, "unauthorized_client",
                      "This app is no backend service, or no role was given to it.");
    g.scope = oauth_grantable(op, c, r->scope, true);
    if (!g.scope.n)
        return refuse(op, id, c->id, "invalid_scope",
                      "None of these scopes is a system/ scope that this app may have.");
    g.account = (struct identity_account){.user = c->id, .role = c->role, .name = c->name};
    return oauth_answer(op, id, &g, r->base, STR_NONE, ret);
}

err oauth_token(struct op *op, struct identity *id, const struct oauth_request *r,
                struct json **ret)
{
    struct oauth_client c;
    TRY(oauth_client_known(op, id, r, &c));
    TRY(oauth_rate(op, id, c.id, str_eq(c.kind, STR("public"))));
    if (str_eq(r->grant_type, STR("authorization_code")))
        return by_code(op, id, r, &c, ret);
    if (str_eq(r->grant_type, STR("refresh_token")))
        return oauth_refresh(op, id, r, &c, ret);
    if (str_eq(r->grant_type, STR("client_credentials")))
        return by_app(op, id, r, &c, ret);
    return refuse(op, id, c.id, "unsupported_grant_type",
                  "grant_type is authorization_code, refresh_token or client_credentials.");
}
