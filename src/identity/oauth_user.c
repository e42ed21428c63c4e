/* What an app is told of the person behind its token, in the id_token and at the userinfo endpoint
 * (OpenID Connect Core 5.3, 5.4): who it is by a stable name of the app's own, and by the scopes
 * profile, email and fhirUser what they call for. Invariant: no claim without its scope. */
#include "identity/oauth_int.h"

/* A stable name of the person for apps that is not their account's. */
static str subject(struct op *op, str user)
{
    return str_sub(oauth_hash(op, arena_cat(op->arena, STR("weft subject "), user)), 0, 32);
}

/* The e-mail address in the person's own resource; empty when there is none. Read by the house: it
 * is the person's own word to their own app. */
static str email_of(struct op *op, struct identity *id, str reference)
{
    struct fhir_ref ref = fhir_ref_parse(reference);
    struct record_doc doc;
    struct json *tree, *list, *one;
    struct op house = *op;
    str found = STR_NONE;
    if (ref.kind != REF_LOCAL)
        return STR_NONE;
    house.actor = identity_system();
    if (record_read(&house, id->rec, ref.type, ref.id, &doc) == OK &&
        record_parse(&house, &doc, &tree) == OK) {
        list = JSON_GET(tree, "telecom");
        for (size_t i = 0; !found.n && (one = json_at(list, i)); i++)
            if (str_eq(json_get_str(one, STR("system")), STR("email")) &&
                !str_eq(json_get_str(one, STR("use")), STR("old")))
                found = json_get_str(one, STR("value"));
    }
    op->audit = house.audit;
    return found;
}

void oauth_claims(struct op *op, struct identity *id, const struct oauth_who *w, struct json *o)
{
    struct arena *m = op->arena;
    json_set_str(m, o, STR("sub"), subject(op, w->user));
    if (oauth_has(w->scope, "fhirUser") && w->reference.n) {
        str address = arena_printf(m, "%.*s/fhir/%.*s", STR_ARG(w->base), STR_ARG(w->reference));
        json_set_str(m, o, STR("fhirUser"), address);
        if (oauth_has(w->scope, "profile")) /* the claim that SMART had before fhirUser */
            json_set_str(m, o, STR("profile"), address);
    }
    if (oauth_has(w->scope, "profile")) {
        if (w->name.n)
            json_set_str(m, o, STR("name"), w->name);
        if (w->language.n)
            json_set_str(m, o, STR("locale"), w->language);
    }
    str email = oauth_has(w->scope, "email") ? email_of(op, id, w->reference) : STR_NONE;
    if (email.n) {
        json_set_str(m, o, STR("email"), email);
        json_set(m, o, STR("email_verified"), json_new_bool(m, false));
    }
}

err oauth_userinfo(struct op *op, struct identity *id, str token, str base, struct json **ret)
{
    struct session s = {0};
    TRY(session_need(op, id, token, false, &s));
    if (!s.client[0] || !s.family[0] || !oauth_has(str_of(s.scope), "openid"))
        return fail(op, ERR_FORBIDDEN,
                    "This is for apps whose user let them know who they are (scope openid).");
    TRY(oauth_rate(op, id, str_of(s.client), false));
    struct oauth_who w = {.user = str_of(s.user),
                          .reference = str_of(s.reference),
                          .name = str_of(s.name),
                          .language = str_of(s.language),
                          .scope = str_of(s.scope),
                          .base = base};
    *ret = json_new(op->arena, JSON_OBJECT);
    oauth_claims(op, id, &w, *ret);
    TRY(op_check(op));
    return record_audit_event(op, id->rec, STR("oauth-userinfo"), true,
                              arena_cat(op->arena, STR("client="), str_of(s.client)));
}
