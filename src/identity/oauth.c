/* What all of the OAuth provider shares: its named values, refusals and steps, house-keeping.
 * Invariant: names are made of hashes, so that who reads a listing of them holds no secret. */
#include "identity/oauth_int.h"

#include <sodium.h>

#define SWEEP_MAX 20000u

err oauth_new(struct op *op, struct identity *id)
{
    id->oauth = calloc(1, sizeof *id->oauth);
    if (!id->oauth)
        return fail(op, ERR_UNAVAILABLE, "No memory for the apps.");
    pthread_mutex_init(&id->oauth->lock, NULL);
    pthread_mutex_init(&id->oauth->making, NULL);
    pthread_mutex_init(&id->oauth->origins_lock, NULL);
    return OK;
}

void oauth_free(struct identity *id)
{
    if (!id->oauth)
        return;
    pthread_mutex_destroy(&id->oauth->lock);
    pthread_mutex_destroy(&id->oauth->making);
    pthread_mutex_destroy(&id->oauth->origins_lock);
    free(id->oauth->origins);
    free(id->oauth);
}

void oauth_fetcher(struct identity *id, oauth_fetch_fn fn, void *ctx)
{
    id->oauth->fetch = fn;
    id->oauth->fetch_ctx = ctx;
}

str oauth_hash(struct op *op, str secret)
{
    uint8_t hash[HASH_BYTES];
    token_hash(secret, hash);
    return token_key(op, "", hash);
}

str oauth_key(struct op *op, const char *prefix, str secret)
{
    return arena_cat(op->arena, str_of(prefix), oauth_hash(op, secret));
}

str oauth_text(struct op *op, const struct json *o)
{
    struct buf b;
    buf_init(&b, op->arena, 256u << 10);
    json_write(&b, o);
    return buf_ok(&b) ? buf_str(&b) : STR_NONE;
}

int64_t oauth_number(const struct json *o, const char *name)
{
    int64_t v = 0;
    return json_i64(json_get(o, str_of(name)), &v) ? v : 0;
}

void oauth_set_number(struct op *op, struct json *o, const char *name, int64_t v)
{
    json_set(op->arena, o, str_of(name), json_new_i64(op->arena, v));
}

err oauth_load(struct op *op, struct identity *id, str key, struct json **ret, str *ret_text)
{
    bool found;
    str text = STR_NONE;
    struct json *o = NULL;
    TRY(kv_get(op, id, key, &found, &text));
    *ret = NULL;
    if (!found)
        return OK;
    TRY(json_read(op, text, &JSON_LIMITS_DEFAULT, &o));
    if (oauth_number(o, "expires") && oauth_number(o, "expires") <= op->now)
        return OK;
    *ret = o;
    if (ret_text)
        *ret_text = text;
    return OK;
}

err oauth_save(struct op *op, struct identity *id, str key, const struct json *o)
{
    str text = oauth_text(op, o);
    TRY(op_check(op));
    return text.n ? kv_put(op, id, key, text)
                  : fail(op, ERR_TOO_LARGE, "This is too much to be kept about one app.");
}

err oauth_swap(struct op *op, struct identity *id, str key, str was, const struct json *o)
{
    struct store_tx *tx = store_tx_new(op, id->store);
    struct store_commit done;
    TRY(op_check(op));
    store_tx_expect_kv(tx, key, was);
    store_tx_kv(tx, key, o ? oauth_text(op, o) : STR_NONE);
    return store_commit(op, tx, &done);
}

static void copy(char *to, size_t cap, str s)
{
    size_t n = s.n < cap ? s.n : cap - 1;
    if (n)
        memcpy(to, s.p, n);
    to[n] = 0;
}

static void step(struct op *op, struct identity *id, const struct oauth_refusal *r, bool ok)
{
    struct oauth *o = id->oauth;
    pthread_mutex_lock(&o->lock);
    struct oauth_step_row *row = &o->steps[o->n_steps++ % OAUTH_STEPS];
    row->time = op->now;
    row->ok = ok;
    copy(row->launch, sizeof row->launch, str_sub(r->launch, 0, 8));
    copy(row->client, sizeof row->client, r->client);
    copy(row->step, sizeof row->step, str_of(r->what));
    copy(row->code, sizeof row->code, str_of(r->code ? r->code : ""));
    copy(row->why, sizeof row->why, str_of(r->why ? r->why : ""));
    copy(row->params, sizeof row->params, r->params);
    pthread_mutex_unlock(&o->lock);
}

void oauth_note(struct op *op, struct identity *id, str launch, str client, const char *what,
                str params)
{
    struct oauth_refusal r = {.what = what, .launch = launch, .client = client, .params = params};
    step(op, id, &r, true);
}

static bool told_yet(struct op *op, struct oauth *o)
{
    pthread_mutex_lock(&o->lock);
    if (o->refusal_minute != op->now / 60000)
        o->refusals = 0;
    o->refusal_minute = op->now / 60000;
    bool more = o->refusals < OAUTH_REFUSALS_A_MINUTE;
    o->refusals += more;
    pthread_mutex_unlock(&o->lock);
    return more;
}

err oauth_refuse(struct op *op, struct identity *id, const struct oauth_refusal *r)
{
    bool who = str_eq(str_of(r->code), STR("invalid_client"));
    op_clear(op);
    step(op, id, r, false);
    str detail =
        arena_printf(op->arena, "%s client=%.*s", r->code, STR_ARG(str_sub(r->client, 0, 64)));
    if (told_yet(op, id->oauth))
        TRY(record_audit_event(op, id->rec, str_of(r->what), false, detail));
    return fail_at(op, who ? ERR_UNAUTHENTICATED : ERR_INVALID, str_of(r->code), "%s", r->why);
}

err oauth_steps(struct op *op, struct identity *id, struct json **ret)
{
    struct arena *a = op->arena;
    struct json *list = json_new(a, JSON_ARRAY);
    struct oauth *o = id->oauth;
    TRY(need_manage(op));
    pthread_mutex_lock(&o->lock);
    size_t n = o->n_steps < OAUTH_STEPS ? o->n_steps : OAUTH_STEPS;
    for (size_t i = 0; i < n; i++) {
        const struct oauth_step_row *r = &o->steps[(o->n_steps - 1 - i) % OAUTH_STEPS];
        struct json *row = json_new(a, JSON_OBJECT);
        json_set_str(a, row, STR("time"), time_format(a, r->time));
        json_set_str(a, row, STR("launch"), arena_str(a, str_of(r->launch)));
        json_set_str(a, row, STR("app"), arena_str(a, str_of(r->client)));
        json_set_str(a, row, STR("step"), arena_str(a, str_of(r->step)));
        json_set(a, row, STR("ok"), json_new_bool(a, r->ok));
        json_set_str(a, row, STR("error"), arena_str(a, str_of(r->code)));
        json_set_str(a, row, STR("why"), arena_str(a, str_of(r->why)));
        json_set_str(a, row, STR("parameters"), arena_str(a, str_of(r->params)));
        json_push(a, list, row);
    }
    pthread_mutex_unlock(&o->lock);
    *ret = json_new(a, JSON_OBJECT);
    json_set(a, *ret, STR("steps"), list);
    return op_check(op);
}

err oauth_sweep(struct op *op, struct identity *id)
{
    static const str prefixes[] = {{"oq/", 3}, {"oa/", 3}, {"of/", 3},
                                   {"or/", 3}, {"oj/", 3}, {"ol/", 3}};
    struct store_tx *tx = store_tx_new(op, id->store);
    struct store_commit done;
    size_t gone = 0;
    TRY(op_check(op));
    for (size_t p = 0; p < sizeof prefixes / sizeof *prefixes; p++) {
        str *keys;
        size_t n;
        TRY(store_kv_list(op, id->store, prefixes[p], SWEEP_MAX, &keys, &n));
        for (size_t i = 0; i < n; i++) {
            struct json *o;
            TRY(oauth_load(op, id, keys[i], &o, NULL));
            if (o)
                continue;
            store_tx_kv(tx, keys[i], STR_NONE);
            gone++;
        }
    }
    TRY(oauth_client_sweep(op, id, tx, &gone));
    return gone ? store_commit(op, tx, &done) : OK;
}
