/* Sign-in through an outside OpenID provider (OpenID Connect Core 1.0, code with PKCE S256, state
 * and nonce): who it names becomes the account that an administrator linked, and nobody else.
 * Invariant: an id_token counts only when its signature, issuer, audience, time and nonce fit. */
#include "identity/oauth_int.h"

#include <sodium.h>

#define WAIT_MS (INT64_C(10) * 60 * 1000)
#define SKEW_S 60

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

static err get(struct op *op, struct identity *id, str url, str form, str basic, struct json **ret)
{
    str body;
    struct json_limits limits = {.bytes = 256u << 10, .depth = 16, .nodes = 5000};
    if (!id->oauth->fetch)
        return fail(op, ERR_UNAVAILABLE, "The outside provider is not reached from here.");
    TRY(id->oauth->fetch(op, id->oauth->fetch_ctx, url, form, basic, &body));
    return json_read(op, body, &limits, ret);
}

static err discover(struct op *op, struct identity *id, const struct oauth_provider *p,
                    struct json **ret)
{
    str url = arena_cat(op->arena, p->issuer, STR("/.well-known/openid-configuration"));
    TRY(get(op, id, url, STR_NONE, STR_NONE, ret));
    return str_eq(json_get_str(*ret, STR("issuer")), p->issuer)
               ? OK
               : fail(op, ERR_UNAVAILABLE, "The outside provider names itself otherwise.");
}

static void pair(struct buf *b, const char *name, str value)
{
    buf_printf(b, "%s%s=", b->n ? "&" : "", name);
    buf_url(b, value);
}

err oauth_outside_begin(struct op *op, struct identity *id, const struct oauth_provider *p,
                        str browser, str launch, str *ret_url)
{
    struct arena *m = op->arena;
    struct json *found, *o = json_new(m, JSON_OBJECT);
    struct buf b;
    TRY(oauth_rate(op, id, STR("outside"), true)); /* anybody may ask; each asks the provider */
    TRY(discover(op, id, p, &found));
    str state = random_token(m, 20), nonce = random_token(m, 20), verifier = random_token(m, 32);
    str where = json_get_str(found, STR("authorization_endpoint"));
    json_set_str(m, o, STR("browser"), oauth_hash(op, browser));
    json_set_str(m, o, STR("launch"), launch);
    json_set_str(m, o, STR("nonce"), nonce);
    json_set_str(m, o, STR("verifier"), verifier);
    oauth_set_number(op, o, "expires", op->now + WAIT_MS);
    TRY(oauth_save(op, id, oauth_key(op, "oq/", state), o));
    buf_init(&b, m, 8192);
    pair(&b, "response_type", STR("code"));
    pair(&b, "client_id", p->client);
    pair(&b, "redirect_uri", p->back);
    pair(&b, "scope", STR("openid"));
    pair(&b, "max_age", STR("43200")); /* asked for, the token says when (OpenID Core 3.1.2.1) */
    pair(&b, "state", state);
    pair(&b, "nonce", nonce);
    pair(&b, "code_challenge", jose_s256(m, verifier));
    pair(&b, "code_challenge_method", STR("S256"));
    if (!str_starts(where, STR("http")) || !buf_ok(&b))
        return fail(op, ERR_UNAVAILABLE, "The outside provider names no address to sign in at.");
    *ret_url =
        arena_printf(m, "%.*s%s%.*s", STR_ARG(where),
                     str_find_char(where, '?', 0) == SIZE_MAX ? "?" : "&", STR_ARG(buf_str(&b)));
    return op_check(op);
}

static err nobody(struct op *op, struct identity *id, const char *why)
{
    struct oauth_refusal r = {.what = "oauth-outside", .code = "access_denied", .why = why};
    TRY(record_audit_event(op, id->rec, STR("sign-in"), false, STR("outside provider")));
    oauth_note(op, id, STR_NONE, STR_NONE, "outside sign-in refused", str_of(why));
    return fail_at(op, ERR_UNAUTHENTICATED, str_of(r.code), "%s", why);
}

/* Once, and by the browser that began. */
static err waiting(struct op *op, struct identity *id, const struct oauth_return *r,
                   struct json **ret)
{
    str was, key = oauth_key(op, "oq/", r->state);
    struct json *o = NULL;
    *ret = NULL;
    if (r->state.n)
        TRY(oauth_load(op, id, key, &o, &was));
    if (!o || !json_get_str(o, STR("verifier")).n ||
        !str_eq(json_get_str(o, STR("browser")), oauth_hash(op, r->browser)))
        return OK;
    TRY(oauth_swap(op, id, key, was, NULL));
    *ret = o;
    return OK;
}

static bool for_us(const struct json *claims, str client)
{
    const struct json *aud = JSON_GET(claims, "aud");
    bool many = json_at(aud, 1) != NULL, ours = false;
    if (!json_is(aud, JSON_ARRAY))
        return str_eq(json_str(aud), client);
    for (size_t i = 0; json_at(aud, i); i++)
        ours |= str_eq(json_str(json_at(aud, i)), client);
    return ours && (!many || str_eq(json_get_str(claims, STR("azp")), client));
}

static const char *claims_wrong(struct op *op, const struct oauth_provider *p,
                                const struct json *claims, str nonce)
{
    int64_t now = op->now / 1000;
    if (!str_eq(json_get_str(claims, STR("iss")), p->issuer) || !for_us(claims, p->client))
        return "The outside provider's token is not from it, or not for this server.";
    if (oauth_number(claims, "exp") + SKEW_S <= now || oauth_number(claims, "iat") - SKEW_S > now)
        return "The outside provider's token is over, or from the future.";
    if (!str_eq(json_get_str(claims, STR("nonce")), nonce))
        return "The outside provider's token belongs to another sign-in.";
    return json_get_str(claims, STR("sub")).n ? NULL : "The outside provider names nobody.";
}

static err token_of(struct op *op, struct identity *id, const struct oauth_provider *p,
                    const struct oauth_return *r, const struct json *o, struct json **ret_claims)
{
    struct json *found, *answer, *keys;
    struct buf b;
    str basic = STR_NONE;
    TRY(discover(op, id, p, &found));
    buf_init(&b, op->arena, 8192);
    pair(&b, "grant_type", STR("authorization_code"));
    pair(&b, "code", r->code);
    pair(&b, "redirect_uri", p->back);
    pair(&b, "code_verifier", json_get_str(o, STR("verifier")));
    if (p->secret.n)
        basic = arena_printf(op->arena, "%.*s:%.*s", STR_ARG(p->client), STR_ARG(p->secret));
    else
        pair(&b, "client_id", p->client);
    TRY(get(op, id, json_get_str(found, STR("token_endpoint")), buf_str(&b), basic, &answer));
    TRY(get(op, id, json_get_str(found, STR("jwks_uri")), STR_NONE, STR_NONE, &keys));
    return jose_verify(op, json_get_str(answer, STR("id_token")), keys,
                       JOSE_RS256 | JOSE_RS384 | JOSE_ES256 | JOSE_ES384, ret_claims);
}

err oauth_outside_end(struct op *op, struct identity *id, const struct oauth_provider *p,
                      const struct oauth_return *r, struct oauth_person *ret)
{
    struct json *o, *claims;
    bool found;
    str user;
    TRY(waiting(op, id, r, &o));
    if (!o)
        return nobody(op, id, "This sign-in is over; start again.");
    if (!r->code.n || (r->iss.n && !str_eq(r->iss, p->issuer)))
        return nobody(op, id, "The outside provider did not let you in.");
    if (token_of(op, id, p, r, o, &claims) != OK) {
        op_clear(op);
        return nobody(op, id, "The outside provider's answer could not be checked.");
    }
    const char *why = claims_wrong(op, p, claims, json_get_str(o, STR("nonce")));
    if (why)
        return nobody(op, id, why);
    TRY(kv_get(op, id, subject_key(op, p->issuer, json_get_str(claims, STR("sub"))), &found,
               &user));
    if (!found)
        return nobody(op, id, "Nobody here is linked to this sign-in; ask an administrator.");
    int64_t proven = oauth_number(claims, "auth_time");
    ret->user = user;
    ret->launch = json_get_str(o, STR("launch"));
    ret->proven = proven > 0 && proven <= op->now / 1000 ? proven * 1000 : 1;
    return OK;
}

err oauth_outside_session(struct op *op, struct identity *id, const struct oauth_person *who,
                          struct identity_session *ret)
{
    struct identity_account a;
    struct account_secret secret;
    TRY(account_load(op, id, who->user, &a, &secret));
    if (!account_open(op, &a))
        return nobody(op, id, "This account cannot sign in.");
    struct token_terms terms = {.expires = op->now + ABSOLUTE_MS,
                                .epoch = secret.epoch,
                                .interactive = true,
                                .proven = who->proven,
                                .device = STR("outside provider")};
    return session_begin(op, id, &a, &terms, ret);
}
