/* What is a token worth (RFC 7662), and taking it back (RFC 7009). Invariant: an app learns about
 * its own tokens only; to a token that is not its own the answer is as to one that is not there. */
#include "identity/oauth_int.h"

struct found {
    bool access, live;
    struct json *o; /* the token's, or its family's */
    str family;
};

static err look(struct op *op, struct identity *id, const struct oauth_client *c, str token,
                struct found *ret)
{
    struct json *o = NULL, *family = NULL;
    *ret = (struct found){0};
    TRY(oauth_load(op, id, oauth_key(op, "tok/", token), &o, NULL));
    ret->access = o != NULL;
    if (!o)
        TRY(oauth_load(op, id, oauth_key(op, "or/", token), &o, NULL));
    ret->family = json_get_str(o, STR("family"));
    if (ret->family.n)
        TRY(oauth_load(op, id, arena_cat(op->arena, STR("of/"), ret->family), &family, NULL));
    ret->o = ret->access ? o : family;
    if (!ret->o || !str_eq(json_get_str(ret->o, STR("client")), c->id)) {
        *ret = (struct found){0};
        return OK;
    }
    ret->live = !ret->family.n || family;
    if (!ret->access)
        ret->live = str_eq(json_get_str(family, STR("current")), oauth_hash(op, token));
    return OK;
}

err oauth_introspect(struct op *op, struct identity *id, const struct oauth_request *r, str token,
                     struct json **ret)
{
    static const char *const told[] = {"scope", "patient", "encounter"};
    struct arena *m = op->arena;
    struct oauth_client c;
    struct found f;
    struct identity_account account;
    TRY(oauth_client_known(op, id, r, &c));
    TRY(oauth_rate(op, id, c.id, str_eq(c.kind, STR("public"))));
    TRY(look(op, id, &c, token, &f));
    struct json *o = json_new(m, JSON_OBJECT);
    struct fault before = op->fault;
    const struct actor *actor = op->actor;
    if (f.live && f.access && identity_actor(op, id, token, &account) != OK)
        f.live = false;
    op->fault = before;
    op->actor = actor;
    json_set(m, o, STR("active"), json_new_bool(m, f.live));
    if (f.live) {
        for (size_t i = 0; i < 3; i++)
            if (json_get_str(f.o, str_of(told[i])).n)
                json_set_str(m, o, str_of(told[i]), json_get_str(f.o, str_of(told[i])));
        if (f.access && json_get_str(f.o, STR("context")).n)
            json_set_str(m, o, STR("patient"), json_get_str(f.o, STR("context")));
        json_set_str(m, o, STR("client_id"), c.id);
        json_set_str(m, o, STR("iss"), r->base);
        json_set_str(m, o, STR("token_type"), f.access ? STR("Bearer") : STR("refresh_token"));
        oauth_set_number(op, o, "exp", oauth_number(f.o, "expires") / 1000);
        if (f.access)
            oauth_set_number(op, o, "iat", oauth_number(f.o, "issued") / 1000);
    }
    *ret = o;
    return record_audit_event(op, id->rec, STR("oauth-introspect"), true, c.id);
}

err oauth_revoke(struct op *op, struct identity *id, const struct oauth_request *r, str token)
{
    struct oauth_client c;
    struct found f;
    TRY(oauth_client_known(op, id, r, &c));
    TRY(oauth_rate(op, id, c.id, str_eq(c.kind, STR("public"))));
    TRY(look(op, id, &c, token, &f));
    if (!f.o)
        return OK;
    oauth_note(op, id, STR_NONE, c.id, "revoked", STR_NONE);
    if (f.family.n)
        return oauth_family_end(op, id, c.id, f.family);
    TRY(kv_put(op, id, oauth_key(op, "tok/", token), STR_NONE));
    cache_drop_app(&id->cache, c.id, STR_NONE);
    return record_audit_event(op, id->rec, STR("oauth-end"), true,
                              arena_cat(op->arena, STR("client="), c.id));
}
