/* Which app asks at the token endpoint: public by name, by its secret, or by a signed assertion
 * (RFC 7523, SMART private_key_jwt: RS384 or ES384, five minutes at most, each once). Invariant: an
 * app is only ever known by the way it was registered for. */
#include "identity/oauth_int.h"

#include <sodium.h>

#define ASSERTION_S 300
#define SKEW_S 30
#define ASSERTION_TYPE "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

static err unknown(struct op *op, struct identity *id, str client, const char *why)
{
    struct oauth_refusal r = {
        .what = "oauth-client", .client = client, .code = "invalid_client", .why = why};
    return oauth_refuse(op, id, &r);
}

/* Fetched keys are kept for a minute, so that a busy app does not make this server a busy one; and
 * for ten seconds that there were none: anybody can name the app. */
#define KEYS_KEPT_MS 60000
#define KEYS_MISSED_MS 10000

static err fetched(struct op *op, struct identity *id, str uri, struct json **ret)
{
    str body;
    if (!id->oauth->fetch)
        return fail(op, ERR_UNAVAILABLE, "Keys are not fetched here.");
    TRY(id->oauth->fetch(op, id->oauth->fetch_ctx, uri, STR_NONE, STR_NONE, &body));
    TRY(json_read(op, body, &JSON_LIMITS_DEFAULT, ret));
    return jose_keys_check(op, *ret);
}

static err keys_of(struct op *op, struct identity *id, const struct oauth_client *c,
                   const struct json **ret)
{
    str key = oauth_key(op, "oj/", c->jwks_uri);
    struct json *set, *kept;
    *ret = c->jwks;
    if (!c->jwks_uri.n)
        return OK;
    TRY(oauth_load(op, id, key, &kept, NULL));
    if (kept) {
        *ret = JSON_GET(kept, "set");
        return *ret ? OK : fail(op, ERR_UNAVAILABLE, "The keys could not be fetched just now.");
    }
    kept = json_new(op->arena, JSON_OBJECT);
    err e = fetched(op, id, c->jwks_uri, &set);
    oauth_set_number(op, kept, "expires", op->now + (e == OK ? KEYS_KEPT_MS : KEYS_MISSED_MS));
    if (e == OK)
        json_set(op->arena, kept, STR("set"), *ret = set);
    else
        op_clear(op);
    TRY(oauth_save(op, id, key, kept));
    return e == OK ? OK : fail(op, ERR_UNAVAILABLE, "The keys could not be fetched just now.");
}

/* The first that is wrong with the claims; NULL: nothing. */
static const char *claims_wrong(struct op *op, const struct oauth_request *r,
                                const struct oauth_client *c, const struct json *claims)
{
    int64_t now = op->now / 1000, exp = oauth_number(claims, "exp"),
            nbf = oauth_number(claims, "nbf");
    const struct json *aud = JSON_GET(claims, "aud");
    if (json_is(aud, JSON_ARRAY) && !json_at(aud, 1))
        aud = json_at(aud, 0);
    if (!str_eq(json_get_str(claims, STR("iss")), c->id) ||
        !str_eq(json_get_str(claims, STR("sub")), c->id))
        return "iss and sub of the assertion are the app's client_id.";
    if (!str_eq(json_str(aud), r->endpoint))
        return "aud of the assertion is the token endpoint, exactly as in the discovery document.";
    if (exp <= now || exp > now + ASSERTION_S + SKEW_S)
        return "exp of the assertion is in the past or more than five minutes ahead.";
    if (nbf > now + SKEW_S)
        return "nbf of the assertion is in the future.";
    str jti = json_get_str(claims, STR("jti"));
    return jti.n && jti.n <= 256 ? NULL : "The assertion needs a jti.";
}

/* Kept until the assertion is over. */
static err spend(struct op *op, struct identity *id, const struct oauth_client *c,
                 const struct json *claims, bool *ret_fresh)
{
    str key = oauth_key(op, "oj/",
                        arena_printf(op->arena, "%.*s %.*s", STR_ARG(c->id),
                                     STR_ARG(json_get_str(claims, STR("jti")))));
    struct json *o, *mark = json_new(op->arena, JSON_OBJECT);
    bool found;
    str was = STR_NONE;
    *ret_fresh = false;
    TRY(oauth_load(op, id, key, &o, NULL));
    if (o)
        return OK;
    TRY(kv_get(op, id, key, &found, &was));
    oauth_set_number(op, mark, "expires", (oauth_number(claims, "exp") + SKEW_S) * 1000);
    struct fault before = op->fault;
    err e = oauth_swap(op, id, key, found ? was : STR_NONE, mark);
    *ret_fresh = e == OK;
    if (e == ERR_CONFLICT)
        op->fault = before;
    return e == ERR_CONFLICT ? OK : e;
}

static err by_assertion(struct op *op, struct identity *id, const struct oauth_request *r,
                        const struct oauth_client *c)
{
    const struct json *keys;
    struct json *claims;
    bool fresh;
    if (!str_eq(r->assertion_type, STR(ASSERTION_TYPE)))
        return unknown(op, id, c->id, "client_assertion_type is " ASSERTION_TYPE ".");
    if (keys_of(op, id, c, &keys) != OK)
        return unknown(op, id, c->id, "The app's keys could not be fetched from its jwks_uri.");
    if (jose_verify(op, r->assertion, keys, JOSE_RS384 | JOSE_ES384, &claims) != OK)
        return unknown(op, id, c->id,
                       op->fault.n ? str_z(op->arena, op->fault.issues[0].message)
                                   : "The assertion could not be read.");
    const char *why = claims_wrong(op, r, c, claims);
    if (why)
        return unknown(op, id, c->id, why);
    TRY(spend(op, id, c, claims, &fresh));
    return fresh ? OK : unknown(op, id, c->id, "This assertion was used before (jti).");
}

static err by_secret(struct op *op, struct identity *id, const struct oauth_client *c, str secret)
{
    str made = oauth_hash(op, secret);
    bool ok = secret.n && c->secret.n == made.n && sodium_memcmp(made.p, c->secret.p, made.n) == 0;
    return ok ? OK : unknown(op, id, c->id, "The app's secret is not right.");
}

/* Whose assertion it says it is; only to find the keys that must prove it. */
static str asserted(struct op *op, str assertion)
{
    str body;
    struct json *o;
    struct json_limits limits = {.bytes = JOSE_TOKEN_MAX, .depth = 8, .nodes = 2000};
    size_t one = str_find_char(assertion, '.', 0),
           two = one == SIZE_MAX ? one : str_find_char(assertion, '.', one + 1);
    struct fault before = op->fault;
    if (two == SIZE_MAX || assertion.n > JOSE_TOKEN_MAX ||
        !jose_unb64(op->arena, str_sub(assertion, one + 1, two), &body) ||
        json_read(op, body, &limits, &o) != OK) {
        op->fault = before;
        return STR_NONE;
    }
    return json_get_str(o, STR("sub"));
}

/* "Basic base64(client:secret)", both percent-encoded (RFC 6749 2.3.1); ours need no encoding. */
static bool basic(struct op *op, str header, str *client, str *secret)
{
    unsigned char out[512];
    size_t n;
    if (!str_eq_nocase(str_sub(header, 0, 6), STR("Basic ")))
        return false;
    str text = str_trim(str_sub(header, 6, SIZE_MAX));
    if (!text.n || sodium_base642bin(out, sizeof out, text.p, text.n, NULL, &n, NULL,
                                     sodium_base64_VARIANT_ORIGINAL) != 0)
        return false;
    str pair = arena_str(op->arena, str_make((char *)out, n));
    return str_take_until(&pair, ':', client) && (*secret = pair, true);
}

err oauth_client_known(struct op *op, struct identity *id, const struct oauth_request *r,
                       struct oauth_client *ret)
{
    str client = r->client, secret = r->secret;
    struct oauth_client c;
    if (r->basic.n && !basic(op, r->basic, &client, &secret))
        return unknown(op, id, STR_NONE, "The Authorization header is Basic with id and secret.");
    if (r->assertion.n) {
        str said = asserted(op, r->assertion);
        if (client.n && !str_eq(client, said))
            return unknown(op, id, client, "client_id and the assertion name different apps.");
        client = said;
    }
    /* a public app proves nothing by its name: its refresh token says whose it is (RFC 6749 6) */
    if (!client.n && r->refresh.n)
        TRY(oauth_refresh_client(op, id, r->refresh, &client));
    TRY(oauth_client_load(op, id, client, &c));
    if (!oauth_client_lives(op, &c))
        return unknown(op, id, client, "No app of this name is registered and approved here.");
    if (str_eq(c.kind, STR("key")))
        TRY(by_assertion(op, id, r, &c));
    else if (str_eq(c.kind, STR("secret")))
        TRY(by_secret(op, id, &c, secret));
    else if (secret.n || r->assertion.n)
        return unknown(op, id, client, "This app was registered without a secret.");
    *ret = c;
    return OK;
}
