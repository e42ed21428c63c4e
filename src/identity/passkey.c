/* The passkeys of accounts: kept under pk/<user> as sealed JSON with the random handle by which
 * authenticators know the account, and found by pkid/<hash of credential id>. Adding, listing,
 * naming, removing one's own. Invariant: a credential belongs to one account, and to the host it
 * was made for. */
#include "identity/jose.h"
#include "identity/webauthn_int.h"

#include <sodium.h>

#define NAME_CHARS_MAX 60u

str passkey_index_key(struct op *op, str credential)
{
    uint8_t hash[HASH_BYTES];
    token_hash(credential, hash);
    return token_key(op, "pkid/", hash);
}

err passkeys_load(struct op *op, struct identity *id, str user, struct passkeys *ret)
{
    bool found;
    str text = STR_NONE;
    struct json *o = NULL;
    TRY(kv_get(op, id, arena_cat(op->arena, STR("pk/"), user), &found, &text));
    if (found)
        TRY(json_read(op, text, &JSON_LIMITS_DEFAULT, &o));
    struct json *list = JSON_GET(o, "keys");
    *ret = (struct passkeys){.text = found ? text : STR_NONE,
                             .handle = json_get_str(o, STR("handle")),
                             .list = list ? list : json_new(op->arena, JSON_ARRAY)};
    if (!ret->handle.n) {
        uint8_t raw[16];
        random_bytes(raw, sizeof raw);
        ret->handle = jose_b64(op->arena, str_make((const char *)raw, sizeof raw));
    }
    return op_check(op);
}

err passkeys_keep(struct op *op, str user, const struct passkeys *p, struct store_tx *tx)
{
    str key = arena_cat(op->arena, STR("pk/"), user);
    struct json *o = json_new(op->arena, JSON_OBJECT);
    struct store_commit done;
    struct buf b;
    json_set_str(op->arena, o, STR("handle"), p->handle);
    json_set(op->arena, o, STR("keys"), p->list);
    buf_init(&b, op->arena, 1u << 20);
    json_write(&b, o);
    TRY(op_check(op));
    store_tx_expect_kv(tx, key, p->text);
    store_tx_kv(tx, key, buf_str(&b));
    return store_commit(op, tx, &done);
}

err passkeys_count(struct op *op, struct identity *id, str user, unsigned *ret)
{
    struct passkeys p;
    TRY(passkeys_load(op, id, user, &p));
    *ret = (unsigned)p.list->n;
    return OK;
}

/* Every way in but the password is void: passkeys, recovery codes, and what was counted of tries.
 */
err account_ways_void(struct op *op, struct identity *id, str user)
{
    struct passkeys p;
    struct json *at;
    struct store_tx *tx = store_tx_new(op, id->store);
    struct store_commit done;
    TRY(op_check(op));
    TRY(passkeys_load(op, id, user, &p));
    for (size_t i = 0; (at = json_at(p.list, i)); i++) {
        str raw;
        if (base64url_read(op->arena, json_get_str(at, STR("id")), CREDENTIAL_MAX, &raw))
            store_tx_kv(tx, passkey_index_key(op, raw), STR_NONE);
    }
    store_tx_expect_kv(tx, arena_cat(op->arena, STR("pk/"), user), p.text);
    store_tx_kv(tx, arena_cat(op->arena, STR("pk/"), user), STR_NONE);
    store_tx_kv(tx, arena_cat(op->arena, STR("recover/"), user), STR_NONE);
    store_tx_kv(tx, totp_tries_key(op, user), STR_NONE);
    return store_commit(op, tx, &done);
}

bool passkey_row_read(struct op *op, struct json *at, struct passkey_row *ret)
{
    int64_t alg = 0, count = 0;
    struct passkey_row r = {.at = at, .rp = json_get_str(at, STR("rp"))};
    r.shown.id = json_get_str(at, STR("id"));
    r.shown.name = json_get_str(at, STR("name"));
    r.shown.synced = r.c.synced = json_bool(JSON_GET(at, "synced"), false);
    r.shown.copied = json_bool(JSON_GET(at, "copied"), false);
    if (!base64url_read(op->arena, r.shown.id, CREDENTIAL_MAX, &r.c.id) ||
        !base64url_read(op->arena, json_get_str(at, STR("key")), CREDENTIAL_MAX, &r.c.key) ||
        !json_i64(JSON_GET(at, "alg"), &alg) || !json_i64(JSON_GET(at, "count"), &count) ||
        !json_i64(JSON_GET(at, "added"), &r.shown.added))
        return false;
    if (!json_i64(JSON_GET(at, "last"), &r.shown.last))
        r.shown.last = 0;
    r.c.alg = (int)alg;
    r.c.count = (uint32_t)count;
    *ret = r;
    return true;
}

static struct json *row_json(struct op *op, const struct credential *c, str rp, str name)
{
    struct arena *m = op->arena;
    struct json *o = json_new(m, JSON_OBJECT);
    json_set_str(m, o, STR("id"), jose_b64(m, c->id));
    json_set_str(m, o, STR("key"), jose_b64(m, c->key));
    json_set(m, o, STR("alg"), json_new_i64(m, c->alg));
    json_set(m, o, STR("count"), json_new_i64(m, c->count));
    json_set_str(m, o, STR("rp"), rp);
    json_set_str(m, o, STR("name"), name);
    json_set(m, o, STR("synced"), json_new_bool(m, c->synced));
    json_set(m, o, STR("added"), json_new_i64(m, op->now));
    return o;
}

static err name_check(struct op *op, str name)
{
    size_t n = 0;
    for (size_t at = 0; at < name.n; n++)
        if (str_utf8_next(name, &at) < ' ')
            return fail(op, ERR_INVALID, "A name holds no control characters.");
    if (n == 0 || n > NAME_CHARS_MAX || !str_utf8_valid(name))
        return fail(op, ERR_INVALID, "Give the passkey a name of at most 60 characters.");
    return OK;
}

/* The rows as shown. */
static err shown(struct op *op, const struct passkeys *p, struct identity_passkey **ret,
                 size_t *ret_n)
{
    size_t n = p->list->n, kept = 0;
    struct identity_passkey *all = ARENA_ARRAY(op->arena, struct identity_passkey, n ? n : 1);
    TRY(op_check(op));
    for (size_t i = 0; i < n; i++) {
        struct passkey_row row;
        if (passkey_row_read(op, json_at(p->list, i), &row))
            all[kept++] = row.shown;
    }
    *ret = all;
    *ret_n = kept;
    return OK;
}

err identity_passkey_challenge(struct op *op, struct identity *id, str token, str *ret)
{
    struct session s = {0};
    if (token.n)
        TRY(session_need(op, id, token, true, &s));
    *ret = challenge_make(op, id, arena_str(op->arena, str_of(s.id)));
    return op_check(op);
}

err identity_passkey_begin(struct op *op, struct identity *id, str token,
                           struct identity_passkey_new *ret)
{
    struct session s = {0};
    struct passkeys p;
    TRY(session_person(op, id, token, &s));
    TRY(passkeys_load(op, id, str_of(s.user), &p));
    if (!p.text.n) { /* so that the handle stays what the authenticator is told now */
        struct store_tx *tx = store_tx_new(op, id->store);
        TRY(op_check(op));
        TRY(passkeys_keep(op, str_of(s.user), &p, tx));
    }
    ret->handle = p.handle;
    return shown(op, &p, &ret->there, &ret->n_there);
}

err identity_passkey_add(struct op *op, struct identity *id, str token,
                         const struct identity_place *place,
                         const struct identity_passkey_made *made)
{
    struct session s = {0};
    struct passkeys p;
    struct credential c;
    str challenge, data, index, owner;
    bool taken;
    TRY(session_person(op, id, token, &s));
    TRY(name_check(op, made->name));
    TRY(client_data_check(op, made->client_data, STR("webauthn.create"), place->origin,
                          &challenge));
    if (!challenge_holds(op, id, str_of(s.id), challenge))
        return fail(op, ERR_INVALID, "This took too long, or was done already; begin again.");
    TRY(attestation_open(op, made->attestation, &data));
    TRY(credential_read(op, data, place->rp, &c));
    TRY(passkeys_load(op, id, str_of(s.user), &p));
    index = passkey_index_key(op, c.id);
    TRY(kv_get(op, id, index, &taken, &owner));
    if (taken)
        return fail(op, ERR_CONFLICT, "This passkey is known already.");
    if (p.list->n >= IDENTITY_PASSKEYS_MAX)
        return fail(op, ERR_TOO_LARGE, "An account has at most %u passkeys; remove one first.",
                    IDENTITY_PASSKEYS_MAX);
    if (!challenge_spend(op, id, str_of(s.user), challenge))
        return fail(op, ERR_INVALID, "This was done already; begin again.");
    json_push(op->arena, p.list, row_json(op, &c, place->rp, made->name));
    struct store_tx *tx = store_tx_new(op, id->store);
    TRY(op_check(op));
    store_tx_expect_kv(tx, index, STR_NONE);
    store_tx_kv(tx, index, str_of(s.user));
    TRY(passkeys_keep(op, str_of(s.user), &p, tx));
    return record_audit_event(op, id->rec, STR("passkey"), true, STR("added"));
}

err identity_passkey_list(struct op *op, struct identity *id, str token,
                          struct identity_passkey **ret, size_t *ret_n)
{
    struct session s = {0};
    struct passkeys p;
    TRY(session_need(op, id, token, false, &s));
    TRY(passkeys_load(op, id, str_of(s.user), &p));
    return shown(op, &p, ret, ret_n);
}

/* Gives it another name; an empty one takes it away. */
static err change(struct op *op, struct identity *id, str token, str passkey, str name)
{
    struct session s = {0};
    struct passkeys p;
    TRY(session_person(op, id, token, &s));
    TRY(passkeys_load(op, id, str_of(s.user), &p));
    struct json *rest = json_new(op->arena, JSON_ARRAY), *at;
    struct store_tx *tx = store_tx_new(op, id->store);
    bool found = false;
    TRY(op_check(op));
    for (size_t i = 0; (at = json_at(p.list, i)); i++) {
        bool it = str_eq(json_get_str(at, STR("id")), passkey);
        str raw;
        found |= it;
        if (it && name.n)
            json_set_str(op->arena, at, STR("name"), name);
        if (it && !name.n && base64url_read(op->arena, passkey, CREDENTIAL_MAX, &raw))
            store_tx_kv(tx, passkey_index_key(op, raw), STR_NONE);
        if (!it || name.n)
            json_push(op->arena, rest, at);
    }
    if (!found)
        return fail(op, ERR_NOT_FOUND, "You have no such passkey.");
    p.list = rest;
    TRY(passkeys_keep(op, str_of(s.user), &p, tx));
    return record_audit_event(op, id->rec, STR("passkey"), true,
                              name.n ? STR("renamed") : STR("removed"));
}

err identity_passkey_rename(struct op *op, struct identity *id, str token, str passkey, str name)
{
    TRY(name_check(op, name));
    return change(op, id, token, passkey, name);
}

err identity_passkey_remove(struct op *op, struct identity *id, str token, str passkey)
{
    return change(op, id, token, passkey, STR_NONE);
}
