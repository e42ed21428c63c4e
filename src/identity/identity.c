/* Birth, end and house-keeping of the room. The tick writes when sessions were last used, at most
 * once a minute, so that a restart neither revives an idle session nor ends a busy one. */
#include "identity/oauth_int.h"

#include <sodium.h>

#define FLUSH_MAX 2000u
#define SWEEP_EVERY 60u
#define SWEEP_MAX 20000u
#define SLICES 256u
#define SLICES_A_MINUTE 5u

err identity_new(struct op *op, struct store *store, struct record *rec, struct identity **ret)
{
    struct identity *id = sodium_init() < 0 ? NULL : calloc(1, sizeof *id);
    if (!id)
        return fail(op, ERR_UNAVAILABLE, "No memory for the accounts.");
    id->store = store;
    id->rec = rec;
    cache_init(&id->cache);
    throttle_init(&id->throttle);
    pthread_mutex_init(&id->challenges.lock, NULL);
    random_bytes(id->challenges.key, sizeof id->challenges.key);
    pthread_mutex_init(&id->hashing, NULL);
    pthread_cond_init(&id->hashing_free, NULL);
    atomic_init(&id->rest_max, INT64_MAX);
    atomic_init(&id->signing_max, SIGN_INS_AT_ONCE);
    err e = oauth_new(op, id);
    if (e != OK) {
        identity_free(id);
        return e;
    }
    *ret = id;
    return OK;
}

void identity_free(struct identity *id)
{
    if (!id)
        return;
    pthread_rwlock_destroy(&id->cache.lock);
    pthread_mutex_destroy(&id->throttle.lock);
    pthread_mutex_destroy(&id->challenges.lock);
    sodium_memzero(id->challenges.key, sizeof id->challenges.key);
    pthread_mutex_destroy(&id->hashing);
    pthread_cond_destroy(&id->hashing_free);
    oauth_free(id);
    free(id);
}

static err flush(struct op *op, struct identity *id)
{
    struct store_tx *tx = store_tx_new(op, id->store);
    TRY(op_check(op));
    size_t n = 0;
    pthread_rwlock_wrlock(&id->cache.lock);
    for (unsigned i = 0; i < CACHE_SETS * CACHE_WAYS && n < FLUSH_MAX; i++) {
        struct session *s = &id->cache.sets[i / CACHE_WAYS][i % CACHE_WAYS];
        int64_t last = atomic_load(&s->last);
        if (!s->used || !s->idle_ms || last == s->kept)
            continue;
        s->kept = last;
        store_tx_kv(tx, token_key(op, "seen/", s->hash),
                    arena_printf(op->arena, "%lld", (long long)last));
        n++;
    }
    pthread_rwlock_unlock(&id->cache.lock);
    struct store_commit done;
    return n ? store_commit(op, tx, &done) : OK;
}

/* A "seen" note without its token is left by a sign-out that met a flush. */
static err sweep_one(struct op *op, struct identity *id, str hex, struct store_tx *tx, size_t *n)
{
    bool found;
    str text;
    str whole = hex;
    size_t slash = str_find_char(hex, '/', 0); /* mine/<user>/<hash> */
    if (slash != SIZE_MAX)
        hex = str_sub(hex, slash + 1, SIZE_MAX);
    str key = arena_cat(op->arena, STR("tok/"), hex);
    TRY(kv_get(op, id, key, &found, &text));
    struct json *o = NULL;
    int64_t expires = 0;
    if (found)
        TRY(json_read(op, text, &JSON_LIMITS_DEFAULT, &o));
    if (found && json_i64(JSON_GET(o, "expires"), &expires) && expires > op->now)
        return OK;
    store_tx_kv(tx, key, STR_NONE);
    store_tx_kv(tx, arena_cat(op->arena, STR("seen/"), hex), STR_NONE);
    if (slash != SIZE_MAX)
        store_tx_kv(tx, arena_cat(op->arena, STR("mine/"), whole), STR_NONE);
    ++*n;
    return OK;
}

/* The names of hashes go round by their first two digits, some at each minute, so that however many
 * live, each is looked at within the hour. */
static err sweep_slice(struct op *op, struct identity *id, unsigned slice, struct store_tx *tx,
                       size_t *n)
{
    static const char *const prefixes[] = {"tok/", "seen/"};
    str *keys;
    size_t n_keys;
    for (size_t p = 0; p < 2; p++) {
        size_t skip = strlen(prefixes[p]);
        TRY(store_kv_list(op, id->store, arena_printf(op->arena, "%s%02x", prefixes[p], slice),
                          SWEEP_MAX, &keys, &n_keys));
        for (size_t i = 0; i < n_keys; i++)
            TRY(sweep_one(op, id, str_sub(keys[i], skip, SIZE_MAX), tx, n));
    }
    return OK;
}

/* What has an end of its own and is past it. */
static err sweep_over(struct op *op, struct identity *id, const char *prefix, struct store_tx *tx,
                      size_t *n)
{
    str *keys;
    size_t n_keys;
    TRY(store_kv_list(op, id->store, str_of(prefix), SWEEP_MAX, &keys, &n_keys));
    for (size_t i = 0; i < n_keys; i++) {
        struct json *o;
        TRY(oauth_load(op, id, keys[i], &o, NULL));
        if (o)
            continue;
        store_tx_kv(tx, keys[i], STR_NONE);
        ++*n;
    }
    return OK;
}

/* Of sessions that are gone; invitations that nobody took up in their time. */
static err sweep_lists(struct op *op, struct identity *id, struct store_tx *tx, size_t *n)
{
    str *keys;
    size_t n_keys;
    TRY(store_kv_list(op, id->store, STR("mine/"), SWEEP_MAX, &keys, &n_keys));
    for (size_t i = 0; i < n_keys; i++)
        TRY(sweep_one(op, id, str_sub(keys[i], 5, SIZE_MAX), tx, n));
    TRY(sweep_over(op, id, "invite/", tx, n));
    TRY(sweep_over(op, id, "proxy/", tx, n));
    return delegation_sweep(op, id, tx, n);
}

static err sweep(struct op *op, struct identity *id)
{
    struct store_tx *tx = store_tx_new(op, id->store);
    struct store_commit done;
    size_t n = 0;
    TRY(op_check(op));
    for (unsigned i = 0; i < SLICES_A_MINUTE; i++)
        TRY(sweep_slice(op, id, id->slice++ % SLICES, tx, &n));
    bool hour = id->ticks++ % SWEEP_EVERY == 0;
    if (hour)
        TRY(sweep_lists(op, id, tx, &n));
    if (n)
        TRY(store_commit(op, tx, &done));
    return hour ? oauth_sweep(op, id) : OK;
}

err identity_tick(struct op *op, struct identity *id)
{
    TRY(flush(op, id));
    return sweep(op, id);
}
