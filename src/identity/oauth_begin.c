/* The app's request at the authorisation endpoint (RFC 6749 4.1.1, OAuth 2.1, SMART App Launch
 * 2.2): checked whole before anybody is asked anything. Invariant: an address that is not, byte for
 * byte, one of the app's is never gone to; without PKCE S256 nothing goes on. */
#include "identity/oauth_int.h"

#define STATE_MAX 512u

static bool listed(const struct oauth_client *c, str redirect)
{
    for (size_t i = 0; i < c->n_redirects; i++)
        if (str_eq(c->redirects[i], redirect))
            return true;
    return false;
}

static bool verifier_like(str s, size_t min, size_t max)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_';
        if (!ok)
            return false;
    }
    return s.n >= min && s.n <= max;
}

/* What of the request may be shown to who debugs it: no value that is a secret or a person's. */
static str shown(struct op *op, const struct oauth_ask *a)
{
    return arena_printf(op->arena,
                        "response_type=%.*s redirect_uri=%.*s aud=%.*s code_challenge_method=%.*s "
                        "scope=%.*s state=%s nonce=%s launch=%s",
                        STR_ARG(str_sub(a->response_type, 0, 16)),
                        STR_ARG(str_sub(a->redirect, 0, 120)), STR_ARG(str_sub(a->aud, 0, 80)),
                        STR_ARG(str_sub(a->method, 0, 8)), STR_ARG(str_sub(a->scope, 0, 200)),
                        a->state.n ? "sent" : "none", a->nonce.n ? "sent" : "none",
                        a->launch.n ? "sent" : "none");
}

static bool aud_fits(struct op *op, str aud, str base)
{
    str fhir = arena_cat(op->arena, base, STR("/fhir"));
    return str_eq(aud, fhir) || str_eq(aud, arena_cat(op->arena, fhir, STR("/")));
}

/* The code and sentence of the first thing that is wrong; NULL: nothing. */
static const char *wrong(struct op *op, const struct oauth_ask *a, str base, str scope,
                         const char **ret_code)
{
    *ret_code = "invalid_request";
    if (!str_eq(a->response_type, STR("code"))) {
        *ret_code = "unsupported_response_type";
        return "response_type is code.";
    }
    if (!str_eq(a->method, STR("S256")) || !verifier_like(a->challenge, 43, 43))
        return "PKCE is needed: code_challenge with code_challenge_method=S256.";
    if (!aud_fits(op, a->aud, base))
        return "aud is this server's FHIR address, exactly as in the discovery document.";
    if (!a->state.n || a->state.n > STATE_MAX || a->nonce.n > STATE_MAX)
        return "state is needed (512 bytes at most): it protects the app's user.";
    if (str_eq(a->prompt, STR("none"))) {
        *ret_code = "login_required";
        return "Somebody has to sign in here; prompt=none cannot be done.";
    }
    *ret_code = "invalid_scope";
    if (!scope.n)
        return "None of these scopes is one that this app may have.";
    return oauth_has(scope, "launch") && !a->launch.n
               ? "The scope launch needs the launch parameter of an EHR launch."
               : NULL;
}

/* What an EHR gave with the launch parameter; once. */
static err context_of(struct op *op, struct identity *id, const struct oauth_ask *a,
                      struct oauth_launch *l, bool *ret_ok)
{
    struct json *o;
    str was, key = oauth_key(op, "ol/", a->launch);
    *ret_ok = true;
    if (!a->launch.n || !oauth_has(l->scope, "launch"))
        return OK;
    TRY(oauth_load(op, id, key, &o, &was));
    *ret_ok = o && str_eq(json_get_str(o, STR("client")), a->client);
    if (!*ret_ok)
        return OK;
    l->patient = json_get_str(o, STR("patient"));
    l->encounter = json_get_str(o, STR("encounter"));
    l->launch_user = json_get_str(o, STR("user"));
    l->patient_fixed = l->patient.n > 0;
    struct fault before = op->fault;
    err e = oauth_swap(op, id, key, was, NULL);
    *ret_ok = e == OK;
    if (e == ERR_CONFLICT)
        op->fault = before;
    return e == ERR_CONFLICT ? OK : e;
}

static err save(struct op *op, struct identity *id, const struct oauth_launch *l)
{
    struct arena *m = op->arena;
    struct json *o = json_new(m, JSON_OBJECT);
    json_set_str(m, o, STR("client"), l->client.id);
    json_set_str(m, o, STR("browser"), oauth_hash(op, l->browser));
    json_set_str(m, o, STR("redirect"), l->redirect);
    json_set_str(m, o, STR("state"), l->state);
    json_set_str(m, o, STR("scope"), l->scope);
    json_set_str(m, o, STR("nonce"), l->nonce);
    json_set_str(m, o, STR("challenge"), l->challenge);
    json_set_str(m, o, STR("patient"), l->patient);
    json_set_str(m, o, STR("encounter"), l->encounter);
    json_set_str(m, o, STR("launch_user"), l->launch_user);
    json_set(m, o, STR("fixed"), json_new_bool(m, l->patient_fixed));
    oauth_set_number(op, o, "expires", l->expires);
    return oauth_save(op, id, oauth_key(op, "oq/", l->handle), o);
}

static err refuse(struct op *op, struct identity *id, const struct oauth_ask *a, const char *code,
                  const char *why)
{
    struct oauth_refusal r = {.what = "oauth-authorize",
                              .client = a->client,
                              .params = shown(op, a),
                              .code = code,
                              .why = why};
    return oauth_refuse(op, id, &r);
}

err oauth_begin(struct op *op, struct identity *id, const struct oauth_ask *a, str base,
                struct oauth_launch *ret, str *ret_back)
{
    struct oauth_launch l = {.step = OAUTH_SIGN_IN,
                             .redirect = a->redirect,
                             .state = a->state,
                             .nonce = a->nonce,
                             .challenge = a->challenge,
                             .expires = op->now + OAUTH_LAUNCH_MS};
    const char *code, *why;
    bool ok;
    *ret_back = STR_NONE;
    TRY(oauth_client_load(op, id, a->client, &l.client));
    if (!l.client.id.n)
        return refuse(op, id, a, "invalid_request", "No app of this name is registered here.");
    if (!listed(&l.client, a->redirect))
        return refuse(op, id, a, "invalid_request",
                      "The redirect address is not, letter for letter, one of the app's.");
    if (!oauth_client_lives(op, &l.client))
        return refuse(op, id, a, "unauthorized_client",
                      "An administrator has not approved this app, or its time is over.");
    TRY(oauth_rate(op, id, l.client.id,
                   true)); /* each leaves something in the store for ten minutes */
    l.scope = oauth_grantable(op, &l.client, a->scope, false);
    why = wrong(op, a, base, l.scope, &code);
    if (!why) {
        TRY(context_of(op, id, a, &l, &ok));
        code = "invalid_request";
        why = ok ? NULL : "This launch is over, was used already, or is another app's.";
    }
    if (why) {
        err e = refuse(op, id, a, code, why);
        if (op->fault.n && str_eq(op->fault.issues[0].expression, str_of(code)))
            *ret_back = oauth_back(op, a->redirect, str_sub(a->state, 0, STATE_MAX), base, code,
                                   str_of(why));
        return e;
    }
    l.handle = random_token(op->arena, 16);
    l.browser = random_token(op->arena, 32);
    TRY(save(op, id, &l));
    oauth_note(op, id, l.handle, a->client, "request", shown(op, a));
    *ret = l;
    return op_check(op);
}

str oauth_back(struct op *op, str redirect, str state, str base, const char *error, str why)
{
    struct buf b;
    buf_init(&b, op->arena, 8192);
    buf_add(&b, redirect);
    buf_add(&b, str_find_char(redirect, '?', 0) == SIZE_MAX ? STR("?") : STR("&"));
    buf_printf(&b, "error=%s&error_description=", error);
    buf_url(&b, why);
    buf_add(&b, STR("&state="));
    buf_url(&b, state);
    buf_add(&b, STR("&iss="));
    buf_url(&b, base);
    return buf_ok(&b) ? buf_str(&b) : STR_NONE;
}

err oauth_launch_new(struct op *op, struct identity *id, str client, str patient, str encounter,
                     str *ret_launch, str *ret_url)
{
    struct oauth_client c;
    struct record_doc doc = {0};
    TRY(oauth_client_load(op, id, client, &c));
    if (!oauth_client_lives(op, &c) || !c.launch.n)
        return fail(op, ERR_NOT_FOUND,
                    "There is no approved app of this name with a launch "
                    "address.");
    if (patient.n)
        TRY(record_read(op, id->rec, fhir_type_parse(STR("Patient")), patient, &doc));
    if (encounter.n) {
        uint64_t of = doc.patient;
        if (!patient.n)
            return fail(op, ERR_INVALID, "A visit is launched with its patient.");
        TRY(record_read(op, id->rec, fhir_type_parse(STR("Encounter")), encounter, &doc));
        if (doc.patient != of)
            return fail(op, ERR_INVALID, "This visit is another patient's.");
    }
    struct json *o = json_new(op->arena, JSON_OBJECT);
    *ret_launch = random_token(op->arena, 16);
    *ret_url = c.launch;
    json_set_str(op->arena, o, STR("client"), client);
    json_set_str(op->arena, o, STR("user"), op->actor->user);
    json_set_str(op->arena, o, STR("patient"), patient);
    json_set_str(op->arena, o, STR("encounter"), encounter);
    oauth_set_number(op, o, "expires", op->now + INT64_C(300) * 1000);
    TRY(oauth_save(op, id, oauth_key(op, "ol/", *ret_launch), o));
    oauth_note(op, id, STR_NONE, client, "ehr-launch", patient.n ? STR("patient=sent") : STR_NONE);
    return record_audit_event(op, id->rec, STR("oauth-launch"), true, client);
}
