/* A person's own sessions: the list, ending one or all of them, and showing again who one is before
 * a sensitive act. It does not know which acts are sensitive. Invariant: nobody sees, ends or
 * freshens the session of another account. */
#include "identity/identity_int.h"

#include <sodium.h>

#define SESSIONS_MAX 100u
#define LISTED_MAX 1000u

static str mine_prefix(struct op *op, const struct session *s)
{
    return arena_printf(op->arena, "mine/%s/", s->user);
}

/* False when its token is gone or has ended. */
static err row_of(struct op *op, struct identity *id, str hex, const struct session *now,
                  struct identity_session_row *ret, bool *ret_there)
{
    bool found, seen;
    str text, last = STR_NONE;
    struct json *o;
    int64_t expires = 0;
    *ret_there = false;
    TRY(kv_get(op, id, arena_cat(op->arena, STR("tok/"), hex), &found, &text));
    if (!found)
        return OK;
    TRY(json_read(op, text, &JSON_LIMITS_DEFAULT, &o));
    TRY(kv_get(op, id, arena_cat(op->arena, STR("seen/"), hex), &seen, &last));
    struct identity_session_row r = {.id = str_sub(hex, 0, 16),
                                     .device = json_get_str(o, STR("device"))};
    *ret_there = json_i64(JSON_GET(o, "expires"), &expires) && expires > op->now &&
                 json_i64(JSON_GET(o, "issued"), &r.began);
    if (!str_to_i64(last, &r.last) || r.last < r.began)
        r.last = r.began;
    r.current = str_eq(r.id, str_of(now->id));
    *ret_there =
        *ret_there && (r.current || op->now - r.last < token_rest_ms(id, now->role) + 60000);
    *ret = r;
    return OK;
}

static int newest_first(const void *a, const void *b)
{
    const struct identity_session_row *x = a, *y = b;
    return (x->began < y->began) - (x->began > y->began);
}

err identity_sessions(struct op *op, struct identity *id, str token,
                      struct identity_session_row **ret, size_t *ret_n)
{
    struct session s = {0};
    str *keys, prefix;
    size_t n, kept = 0;
    TRY(session_need(op, id, token, false, &s));
    prefix = mine_prefix(op, &s);
    TRY(store_kv_list(op, id->store, prefix, LISTED_MAX, &keys, &n));
    struct identity_session_row *rows =
        ARENA_ARRAY(op->arena, struct identity_session_row, n ? n : 1);
    TRY(op_check(op));
    for (size_t i = 0; i < n; i++) {
        bool there;
        TRY(row_of(op, id, str_sub(keys[i], prefix.n, SIZE_MAX), &s, &rows[kept], &there));
        kept += there;
    }
    qsort(rows, kept, sizeof *rows, newest_first);
    *ret = rows;
    *ret_n = kept < SESSIONS_MAX ? kept : SESSIONS_MAX;
    return OK;
}

err identity_session_end(struct op *op, struct identity *id, str token, str session)
{
    struct session s = {0};
    str *keys, prefix;
    size_t n;
    uint8_t hash[HASH_BYTES];
    TRY(session_need(op, id, token, false, &s));
    prefix = mine_prefix(op, &s);
    TRY(store_kv_list(op, id->store, prefix, LISTED_MAX, &keys, &n));
    for (size_t i = 0; i < n && session.n == 16; i++) {
        str hex = str_sub(keys[i], prefix.n, SIZE_MAX);
        if (!str_starts(hex, session) ||
            sodium_hex2bin(hash, sizeof hash, hex.p, hex.n, NULL, NULL, NULL) != 0)
            continue;
        struct store_tx *tx = store_tx_new(op, id->store);
        struct store_commit done;
        TRY(op_check(op));
        token_forget(op, tx, str_of(s.user), hash);
        TRY(store_commit(op, tx, &done));
        cache_drop(&id->cache, hash);
        return record_audit_event(op, id->rec, STR("sign-out"), true, session);
    }
    return fail(op, ERR_NOT_FOUND, "You have no such session; it may have ended already.");
}

err identity_sign_out_everywhere(struct op *op, struct identity *id, str token)
{
    struct session s = {0};
    TRY(session_need(op, id, token, false, &s));
    TRY(account_sessions_end(op, id, str_of(s.user)));
    return record_audit_event(op, id->rec, STR("sign-out"), true, STR("everywhere"));
}

err session_prove(struct op *op, struct identity *id, const struct session *s)
{
    str key = token_key(op, "tok/", s->hash), text;
    bool found;
    struct json *o;
    TRY(kv_get(op, id, key, &found, &text));
    if (!found)
        return fail(op, ERR_UNAUTHENTICATED, "This session has ended; sign in again.");
    TRY(json_read(op, text, &JSON_LIMITS_DEFAULT, &o));
    json_set(op->arena, o, STR("proven"), json_new_i64(op->arena, op->now));
    struct buf b;
    buf_init(&b, op->arena, 16384);
    json_write(&b, o);
    struct store_tx *tx = store_tx_new(op, id->store);
    struct store_commit done;
    TRY(op_check(op));
    store_tx_expect_kv(tx, key, text); /* a sign-out meanwhile is not undone */
    store_tx_kv(tx, key, buf_str(&b));
    TRY(store_commit(op, tx, &done));
    cache_drop(&id->cache, s->hash);
    return record_audit_event(op, id->rec, STR("step-up"), true, STR_NONE);
}

err identity_step_up(struct op *op, struct identity *id, str token, const struct identity_try *t)
{
    struct session s = {0};
    struct identity_try own = *t;
    struct identity_account a;
    struct account_secret secret;
    bool strong;
    TRY(session_person(op, id, token, &s));
    own.user = str_of(s.user);
    TRY(person_shown(op, id, &own, &a, &secret, &strong));
    return session_prove(op, id, &s);
}
