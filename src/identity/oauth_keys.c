/* Keys that id_tokens are signed with: made at first need, a new one every ninety days, sealed at
 * rest like every named value. A retired key stays in the JWKS for a day, longer than any token it
 * signed. Invariant: a secret half never leaves this room. */
#include "identity/oauth_int.h"

#define KEY_AGE_MS (INT64_C(90) * 24 * 3600 * 1000)
#define KEY_KEPT_MS (INT64_C(24) * 3600 * 1000)
#define KEYS_MAX 50u

struct key {
    str kid, pem;
    int64_t made;
};

/* Newest first. */
static err keys(struct op *op, struct identity *id, struct key *ret, size_t *ret_n)
{
    str *names;
    size_t n;
    TRY(store_kv_list(op, id->store, STR("ok/"), KEYS_MAX, &names, &n));
    for (size_t i = 0; i < n; i++) {
        struct json *o;
        TRY(oauth_load(op, id, names[i], &o, NULL));
        struct key k = {str_sub(names[i], 3, SIZE_MAX), json_get_str(o, STR("pem")),
                        oauth_number(o, "made")};
        size_t at = i;
        for (; at > 0 && ret[at - 1].made < k.made; at--)
            ret[at] = ret[at - 1];
        ret[at] = k;
    }
    *ret_n = n;
    return OK;
}

/* Keys that nothing they signed needs any more go. */
static err make(struct op *op, struct identity *id, const struct key *old, size_t n)
{
    str pem;
    TRY(jose_key_new(op, &pem));
    struct json *o = json_new(op->arena, JSON_OBJECT);
    struct store_tx *tx = store_tx_new(op, id->store);
    struct store_commit done;
    str kid = random_token(op->arena, 8);
    json_set_str(op->arena, o, STR("pem"), pem);
    oauth_set_number(op, o, "made", op->now);
    TRY(op_check(op));
    store_tx_kv(tx, arena_cat(op->arena, STR("ok/"), kid), oauth_text(op, o));
    for (size_t i = 1; i < n; i++) /* old[0] is retired now, old[i] when old[i - 1] was made */
        if (old[i - 1].made + KEY_KEPT_MS < op->now)
            store_tx_kv(tx, arena_cat(op->arena, STR("ok/"), old[i].kid), STR_NONE);
    TRY(store_commit(op, tx, &done));
    return record_audit_event(op, id->rec, STR("oauth-key"), true, kid);
}

err oauth_signing_key(struct op *op, struct identity *id, str *ret_kid, str *ret_pem)
{
    struct key all[KEYS_MAX];
    size_t n;
    pthread_mutex_lock(&id->oauth->making);
    err e = keys(op, id, all, &n);
    if (e == OK && (n == 0 || all[0].made + KEY_AGE_MS < op->now)) {
        e = make(op, id, all, n);
        if (e == OK)
            e = keys(op, id, all, &n);
    }
    pthread_mutex_unlock(&id->oauth->making);
    TRY(e);
    *ret_kid = all[0].kid;
    *ret_pem = all[0].pem;
    return OK;
}

err oauth_rotate(struct op *op, struct identity *id)
{
    struct key all[KEYS_MAX];
    size_t n;
    TRY(need_manage(op));
    pthread_mutex_lock(&id->oauth->making);
    err e = keys(op, id, all, &n);
    if (e == OK && n >= KEYS_MAX - 1)
        e = fail(op, ERR_BUSY, "The keys were changed too often of late; try again tomorrow.");
    if (e == OK)
        e = make(op, id, all, n);
    pthread_mutex_unlock(&id->oauth->making);
    return e;
}

err oauth_jwks(struct op *op, struct identity *id, struct json **ret)
{
    struct key all[KEYS_MAX];
    size_t n;
    str kid, pem;
    TRY(oauth_signing_key(op, id, &kid, &pem));
    TRY(keys(op, id, all, &n));
    struct json *list = json_new(op->arena, JSON_ARRAY), *one;
    for (size_t i = 0; i < n; i++) {
        if (i && all[i - 1].made + KEY_KEPT_MS < op->now)
            continue;
        TRY(jose_key_public(op, all[i].pem, all[i].kid, &one));
        json_push(op->arena, list, one);
    }
    *ret = json_new(op->arena, JSON_OBJECT);
    json_set(op->arena, *ret, STR("keys"), list);
    return op_check(op);
}
