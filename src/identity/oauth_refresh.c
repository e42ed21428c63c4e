/* Families of tokens: what one permission gave. A refresh token works once and is followed by the
 * next; one that comes again has been stolen or lost, so the whole family ends (OAuth 2.1 4.3.1).
 * Invariant: of a family exactly one refresh token works. */
#include "identity/oauth_int.h"

static str family_key(struct op *op, str family)
{
    return arena_cat(op->arena, STR("of/"), family);
}

err oauth_refresh_client(struct op *op, struct identity *id, str token, str *ret)
{
    struct json *o, *family = NULL;
    TRY(oauth_load(op, id, oauth_key(op, "or/", token), &o, NULL));
    if (o)
        TRY(oauth_load(op, id, family_key(op, json_get_str(o, STR("family"))), &family, NULL));
    *ret = json_get_str(family, STR("client"));
    return OK;
}

static err refuse(struct op *op, struct identity *id, str client, const char *why)
{
    struct oauth_refusal r = {
        .what = "oauth-refresh", .client = client, .code = "invalid_grant", .why = why};
    return oauth_refuse(op, id, &r);
}

static void refresh_put(struct op *op, struct store_tx *tx, str token, str family, int64_t expires)
{
    struct json *o = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, o, STR("family"), family);
    oauth_set_number(op, o, "expires", expires);
    store_tx_kv(tx, oauth_key(op, "or/", token), oauth_text(op, o));
}

err oauth_family_new(struct op *op, struct identity *id, struct oauth_grant *g, struct store_tx *tx,
                     str *ret_refresh)
{
    struct arena *m = op->arena;
    struct json *o = json_new(m, JSON_OBJECT);
    bool offline = oauth_has(g->scope, "offline_access"),
         online = oauth_has(g->scope, "online_access");
    (void)id;
    g->expires = op->now + (offline  ? OAUTH_OFFLINE_MS
                            : online ? OAUTH_ONLINE_MS
                                     : OAUTH_ACCESS_MS);
    if (g->expires > g->client.expires)
        g->expires = g->client.expires;
    *ret_refresh = offline || online ? random_token(m, 32) : STR_NONE;
    json_set_str(m, o, STR("client"), g->client.id);
    json_set_str(m, o, STR("user"), g->account.user);
    json_set_str(m, o, STR("reference"), g->account.reference);
    json_set_str(m, o, STR("epoch"), g->epoch);
    json_set_str(m, o, STR("scope"), g->scope);
    json_set_str(m, o, STR("patient"), g->patient);
    json_set_str(m, o, STR("encounter"), g->encounter);
    json_set(m, o, STR("strong"), json_new_bool(m, g->strong));
    json_set(m, o, STR("offline"), json_new_bool(m, offline));
    oauth_set_number(op, o, "auth_time", g->auth_time);
    oauth_set_number(op, o, "used", op->now);
    oauth_set_number(op, o, "expires", g->expires);
    if (ret_refresh->n) {
        json_set_str(m, o, STR("current"), oauth_hash(op, *ret_refresh));
        refresh_put(op, tx, *ret_refresh, g->family, g->expires);
    }
    store_tx_kv(tx, family_key(op, g->family), oauth_text(op, o));
    return op_check(op);
}

err oauth_family_end(struct op *op, struct identity *id, str client, str family)
{
    TRY(kv_put(op, id, family_key(op, family), STR_NONE));
    cache_drop_app(&id->cache, client, family);
    return record_audit_event(op, id->rec, STR("oauth-end"), true,
                              arena_cat(op->arena, STR("client="), client));
}

/* What was permitted, or less when the app asks for less. */
static str narrowed(struct op *op, str given, str asked)
{
    struct buf b;
    str word;
    if (!asked.n)
        return given;
    buf_init(&b, op->arena, SCOPES_TEXT_MAX);
    while (str_take_until(&asked, ' ', &word)) {
        if (!word.n)
            continue;
        if (!oauth_has(given, str_z(op->arena, word)))
            return STR_NONE;
        if (b.n)
            buf_char(&b, ' ');
        buf_add(&b, word);
    }
    oauth_add_purposes(op, &b, given);
    return buf_ok(&b) ? buf_str(&b) : STR_NONE;
}

static err rotate(struct op *op, struct identity *id, const struct oauth_grant *g, struct json *o,
                  str was, str *ret)
{
    struct store_tx *tx = store_tx_new(op, id->store);
    struct store_commit done;
    str next = random_token(op->arena, 32);
    TRY(op_check(op));
    json_set_str(op->arena, o, STR("current"), oauth_hash(op, next));
    oauth_set_number(op, o, "used", op->now);
    store_tx_expect_kv(tx, family_key(op, g->family), was);
    store_tx_kv(tx, family_key(op, g->family), oauth_text(op, o));
    refresh_put(op, tx, next, g->family, g->expires);
    TRY(store_commit(op, tx, &done));
    *ret = next;
    return OK;
}

err oauth_refresh(struct op *op, struct identity *id, const struct oauth_request *r,
                  const struct oauth_client *c, struct json **ret)
{
    struct json *token, *o = NULL;
    struct oauth_grant g = {.client = *c};
    str was = STR_NONE, next;
    TRY(oauth_load(op, id, oauth_key(op, "or/", r->refresh), &token, NULL));
    g.family = json_get_str(token, STR("family"));
    if (token)
        TRY(oauth_load(op, id, family_key(op, g.family), &o, &was));
    if (!o || !str_eq(json_get_str(o, STR("client")), c->id))
        return refuse(op, id, c->id,
                      "This refresh token is not known, is over, or was taken back.");
    bool again = !str_eq(json_get_str(o, STR("current")), oauth_hash(op, r->refresh));
    bool idle = !json_bool(JSON_GET(o, "offline"), false) &&
                oauth_number(o, "used") + OAUTH_IDLE_MS <= op->now;
    g.epoch = json_get_str(o, STR("epoch"));
    g.scope = narrowed(op, json_get_str(o, STR("scope")), r->scope);
    g.scope = oauth_grantable(op, c, g.scope, false); /* an administrator may have narrowed it */
    if (again || idle) {
        TRY(oauth_family_end(op, id, c->id, g.family));
        return refuse(op, id, c->id,
                      again ? "This refresh token was used before; all that came of it has ended."
                            : "Nobody used the app for an hour; sign in again.");
    }
    if (oauth_account(op, id, o, &g.account) != OK)
        return refuse(op, id, c->id, "The account behind this has changed.");
    if (!g.scope.n) {
        struct oauth_refusal f = {.what = "oauth-refresh",
                                  .client = c->id,
                                  .code = "invalid_scope",
                                  .why = "A refresh asks for no more than was permitted."};
        return oauth_refuse(op, id, &f);
    }
    g.patient = json_get_str(o, STR("patient"));
    g.encounter = json_get_str(o, STR("encounter"));
    g.strong = json_bool(JSON_GET(o, "strong"), false);
    g.auth_time = oauth_number(o, "auth_time");
    g.expires = oauth_number(o, "expires");
    err e = rotate(op, id, &g, o, was, &next);
    if (e == ERR_CONFLICT) {
        op_clear(op);
        TRY(oauth_family_end(op, id, c->id, g.family));
        return refuse(op, id, c->id, "This refresh token was used twice at once; all has ended.");
    }
    TRY(e);
    return oauth_answer(op, id, &g, r->base, next, ret);
}
