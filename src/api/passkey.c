/* Passkeys, recovery codes and what else opens one's own account, over HTTP: binary members travel
 * as base64url, the place of the browser is what this server is reached by. It decides nothing;
 * identity/passkey.h does. */
#include "identity/passkey.h"

#include "api/api_int.h"

#include <sodium.h>

#define BINARY_MAX (64u << 10)

/* "https://weft.example:8443" and "weft.example". */
static struct identity_place place_of(struct call *c)
{
    str origin = c->api->fixed_url ? c->api->url : base_url(c);
    size_t at = str_find(origin, STR("://"), 0);
    str host = str_sub(origin, at == SIZE_MAX ? 0 : at + 3, SIZE_MAX);
    size_t path = str_find_char(host, '/', 0);
    if (path != SIZE_MAX) /* a public_url with a path: origins have none */
        origin = str_sub(origin, 0, origin.n - (host.n - path));
    host = str_sub(host, 0, path);
    size_t port = host.n && host.p[0] == '[' ? SIZE_MAX : str_find_char(host, ':', 0);
    return (struct identity_place){.origin = origin, .rp = str_sub(host, 0, port)};
}

static err binary(struct call *c, const struct json *in, const char *name, str *ret)
{
    str text = json_get_str(in, str_of(name));
    size_t n = 0;
    if (text.n > BINARY_MAX * 4 / 3)
        return fail(&c->op, ERR_TOO_LARGE, "%s is too long.", name);
    unsigned char *p = arena_alloc(c->op.arena, text.n + 1);
    TRY(op_check(&c->op));
    if (sodium_base642bin(p, text.n + 1, text.p, text.n, NULL, &n, NULL,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0)
        return fail(&c->op, ERR_INVALID, "%s is base64url without padding.", name);
    *ret = str_make((const char *)p, n);
    return OK;
}

static err assertion(struct call *c, const struct json *in, struct identity_assertion *ret)
{
    *ret = (struct identity_assertion){.credential = json_get_str(in, STR("id")),
                                       .peer = net_peer(c->rq),
                                       .device = device_label(c)};
    TRY(binary(c, in, "clientData", &ret->client_data));
    TRY(binary(c, in, "authenticatorData", &ret->authenticator_data));
    TRY(binary(c, in, "signature", &ret->signature));
    TRY(binary(c, in, "userHandle", &ret->handle));
    if (!ret->credential.n || !ret->client_data.n || !ret->authenticator_data.n ||
        !ret->signature.n)
        return fail(&c->op, ERR_INVALID,
                    "Send id, clientData, authenticatorData and signature of the passkey.");
    return OK;
}

static err challenge(struct call *c, str token, struct json **ret)
{
    struct arena *m = c->op.arena;
    str text;
    TRY(identity_passkey_challenge(&c->op, c->api->id, token, &text));
    *ret = json_new(m, JSON_OBJECT);
    json_set_str(m, *ret, STR("challenge"), text);
    json_set_str(m, *ret, STR("rpId"), place_of(c).rp);
    return OK;
}

err api_passkey_begin(struct call *c)
{
    struct json *o;
    TRY(challenge(c, STR_NONE, &o));
    return answer_json(c, 200, o);
}

err api_passkey_sign_in(struct call *c)
{
    struct json *in;
    bool cookie;
    struct identity_assertion a;
    struct identity_session s;
    struct identity_place place = place_of(c);
    TRY(body_object(c, &in));
    TRY(session_wanted(c, in, &cookie));
    TRY(assertion(c, in, &a));
    TRY(identity_passkey_sign_in(&c->op, c->api->id, &place, &a, &s));
    return session_answer(c, &s, cookie);
}

err api_step_up_begin(struct call *c)
{
    struct json *o;
    TRY(challenge(c, c->token, &o));
    return answer_json(c, 200, o);
}

err api_step_up(struct call *c)
{
    struct json *in;
    struct identity_assertion a;
    struct identity_place place = place_of(c);
    TRY(body_object(c, &in));
    const struct json *passkey = JSON_GET(in, "passkey");
    struct identity_try t = {.password = json_get_str(in, STR("password")),
                             .peer = net_peer(c->rq),
                             .code = json_get_str(in, STR("code"))};
    if (!t.password.n && !passkey)
        return fail(
            &c->op, ERR_INVALID,
            "Send {\"password\": …}, and the code where you have one, or {\"passkey\": …}.");
    if (passkey) {
        TRY(assertion(c, passkey, &a));
        TRY(identity_passkey_step_up(&c->op, c->api->id, c->token, &place, &a));
    } else {
        TRY(identity_step_up(&c->op, c->api->id, c->token, &t));
    }
    c->rq->answer.status = 204;
    return OK;
}

static struct json *rows(struct call *c, const struct identity_passkey *keys, size_t n)
{
    struct arena *m = c->op.arena;
    struct json *all = json_new(m, JSON_ARRAY);
    for (size_t i = 0; i < n; i++) {
        struct json *o = json_new(m, JSON_OBJECT);
        json_set_str(m, o, STR("id"), keys[i].id);
        json_set_str(m, o, STR("name"), keys[i].name);
        json_set_str(m, o, STR("added"), time_format(m, keys[i].added));
        if (keys[i].last)
            json_set_str(m, o, STR("last"), time_format(m, keys[i].last));
        json_set(m, o, STR("synced"), json_new_bool(m, keys[i].synced));
        json_set(m, o, STR("copied"), json_new_bool(m, keys[i].copied));
        json_push(m, all, o);
    }
    return all;
}

err api_passkeys_begin(struct call *c)
{
    struct arena *m = c->op.arena;
    struct identity_passkey_new there;
    struct json *o;
    TRY(challenge(c, c->token, &o));
    TRY(identity_passkey_begin(&c->op, c->api->id, c->token, &there));
    json_set_str(m, o, STR("handle"), there.handle);
    json_set_str(m, o, STR("user"), c->account.user);
    json_set_str(m, o, STR("name"), c->account.name.n ? c->account.name : c->account.user);
    json_set(m, o, STR("there"), rows(c, there.there, there.n_there));
    return answer_json(c, 200, o);
}

err api_passkeys_add(struct call *c)
{
    struct json *in;
    struct identity_passkey_made made;
    struct identity_place place = place_of(c);
    TRY(body_object(c, &in));
    made.name = json_get_str(in, STR("name"));
    TRY(binary(c, in, "clientData", &made.client_data));
    TRY(binary(c, in, "attestation", &made.attestation));
    TRY(identity_passkey_add(&c->op, c->api->id, c->token, &place, &made));
    c->rq->answer.status = 204;
    return OK;
}

err api_passkeys_rename(struct call *c)
{
    struct json *in;
    TRY(body_object(c, &in));
    TRY(identity_passkey_rename(&c->op, c->api->id, c->token, json_get_str(in, STR("id")),
                                json_get_str(in, STR("name"))));
    c->rq->answer.status = 204;
    return OK;
}

err api_passkeys_remove(struct call *c)
{
    struct json *in;
    TRY(body_object(c, &in));
    TRY(identity_passkey_remove(&c->op, c->api->id, c->token, json_get_str(in, STR("id"))));
    c->rq->answer.status = 204;
    return OK;
}

err api_recover(struct call *c)
{
    struct json *in;
    bool cookie;
    struct identity_try t;
    struct identity_session s;
    TRY(session_asked(c, &in, &cookie, &t));
    if (!t.user.n || !t.code.n)
        return fail(&c->op, ERR_INVALID, "Send {\"user\": …, \"code\": …}.");
    TRY(identity_recover(&c->op, c->api->id, &t, &s));
    return session_answer(c, &s, cookie);
}

err api_recovery_codes(struct call *c)
{
    str codes[IDENTITY_RECOVERY_CODES];
    struct arena *m = c->op.arena;
    struct json *o = json_new(m, JSON_OBJECT), *all = json_new(m, JSON_ARRAY);
    TRY(identity_recovery_new(&c->op, c->api->id, c->token, codes));
    for (unsigned i = 0; i < IDENTITY_RECOVERY_CODES; i++)
        json_push(m, all, json_new_str(m, codes[i]));
    json_set(m, o, STR("codes"), all);
    return answer_json(c, 200, o);
}

err api_security(struct call *c)
{
    struct identity_security s;
    struct identity_passkey *keys;
    size_t n;
    struct arena *m = c->op.arena;
    struct json *o = json_new(m, JSON_OBJECT);
    TRY(identity_security(&c->op, c->api->id, c->token, &s));
    TRY(identity_passkey_list(&c->op, c->api->id, c->token, &keys, &n));
    json_set(m, o, STR("password"), json_new_bool(m, s.password));
    json_set(m, o, STR("totp"), json_new_bool(m, s.totp));
    json_set(m, o, STR("recovery"), json_new_i64(m, s.recovery_left));
    json_set(m, o, STR("passkeys"), rows(c, keys, n));
    return answer_json(c, 200, o);
}

err api_password(struct call *c)
{
    struct json *in;
    struct identity_session s;
    TRY(body_object(c, &in));
    TRY(identity_password_change(&c->op, c->api->id, c->token, json_get_str(in, STR("password")),
                                 &s));
    return session_answer(c, &s, c->cookie);
}

err api_totp(struct call *c)
{
    struct json *in;
    struct identity_session s;
    struct arena *m = c->op.arena;
    TRY(body_object(c, &in));
    str secret = json_get_str(in, STR("secret")), code = json_get_str(in, STR("code"));
    if (secret.n || code.n) {
        TRY(identity_totp_change(&c->op, c->api->id, c->token, secret, code, &s));
        return session_answer(c, &s, c->cookie);
    }
    struct json *o = json_new(m, JSON_OBJECT);
    json_set_str(m, o, STR("secret"), identity_totp_secret(m));
    return answer_json(c, 200, o);
}
