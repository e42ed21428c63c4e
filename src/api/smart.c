/* Discovery: /.well-known/smart-configuration (SMART App Launch 2.2), openid-configuration (OpenID
 * Connect Discovery 1.0; RFC 8414 has the same members) and the JWKS. Invariant: what is named here
 * works. */
#include "api/api_int.h"

static void strings(struct call *c, struct json *o, const char *name, const char *words)
{
    struct json *list = json_new(c->op.arena, JSON_ARRAY);
    str all = str_of(words), one;
    while (str_take_until(&all, ' ', &one))
        json_push(c->op.arena, list, json_new_str(c->op.arena, one));
    json_set(c->op.arena, o, str_of(name), list);
}

static void address(struct call *c, struct json *o, const char *name, const char *path)
{
    json_set_str(c->op.arena, o, str_of(name),
                 arena_printf(c->op.arena, "%.*s%s", STR_ARG(base_url(c)), path));
}

static struct json *common(struct call *c)
{
    struct json *o = json_new(c->op.arena, JSON_OBJECT);
    address(c, o, "issuer", "");
    address(c, o, "jwks_uri", "/oauth/jwks");
    address(c, o, "authorization_endpoint", "/oauth/authorize");
    address(c, o, "token_endpoint", "/oauth/token");
    address(c, o, "userinfo_endpoint", "/oauth/userinfo");
    address(c, o, "introspection_endpoint", "/oauth/introspect");
    address(c, o, "revocation_endpoint", "/oauth/revoke");
    address(c, o, "registration_endpoint", "/oauth/register");
    strings(c, o, "grant_types_supported", "authorization_code refresh_token client_credentials");
    strings(c, o, "response_types_supported", "code");
    strings(c, o, "token_endpoint_auth_methods_supported",
            "none client_secret_basic client_secret_post private_key_jwt");
    strings(c, o, "token_endpoint_auth_signing_alg_values_supported", "RS384 ES384");
    strings(c, o, "code_challenge_methods_supported", "S256");
    strings(c, o, "scopes_supported",
            "openid fhirUser profile email launch launch/patient launch/encounter offline_access "
            "online_access patient/*.cruds user/*.cruds system/*.cruds");
    json_set(c->op.arena, o, STR("authorization_response_iss_parameter_supported"),
             json_new_bool(c->op.arena, true));
    return o;
}

err api_smart(struct call *c)
{
    struct json *o = common(c);
    strings(c, o, "capabilities",
            "launch-ehr launch-standalone authorize-post client-public "
            "client-confidential-symmetric client-confidential-asymmetric sso-openid-connect "
            "context-banner context-ehr-patient context-ehr-encounter "
            "context-standalone-patient context-standalone-encounter permission-offline "
            "permission-online permission-patient permission-user permission-v1 permission-v2");
    return answer_json(c, 200, o);
}

err api_openid(struct call *c)
{
    struct json *o = common(c);
    strings(c, o, "subject_types_supported", "public");
    strings(c, o, "id_token_signing_alg_values_supported", "RS256");
    strings(c, o, "response_modes_supported", "query");
    strings(
        c, o, "claims_supported",
        "iss sub aud exp iat auth_time nonce fhirUser profile name locale email email_verified");
    return answer_json(c, 200, o);
}

err api_jwks(struct call *c)
{
    struct json *o;
    TRY(oauth_jwks(&c->op, c->api->id, &o));
    return answer_json(c, 200, o);
}
