/* Whole copies of a data folder, and its keys: the record's doors to what the store does. They work
 * on folders, so that a running server need not stop; whoever can read the keys file may use them,
 * and only in the name of the system. Invariant: no resource and no key passes through here. */
#include "store/backup.h"
#include "record/bulk.h"
#include "record/record_int.h"

static void tell(void *ctx, const char *what, uint64_t done, uint64_t all)
{
    const struct record_watch *w = ctx;
    w->fn(w->ctx, what, done, all);
}

/* Without a record there is no trail to tell of a refusal: only the system asks, or nobody. */
static err allowed(struct op *op)
{
    struct access_request q = {.type = POLICY_TYPE_SYSTEM, .action = ACTION_EXPORT};
    struct access_verdict v;
    policy_access(op->actor, &q, &v);
    return v.allowed ? OK : fail(op, ERR_FORBIDDEN, "%.*s", STR_ARG(v.why));
}

static void told(const struct store_backup *b, struct record_backup *ret)
{
    *ret = (struct record_backup){.t = b->stats.t,
                                  .resources = b->stats.resources,
                                  .versions = b->stats.versions,
                                  .entries = b->stats.trail_entries,
                                  .bytes = b->stats.bytes_on_disk,
                                  .time = b->time};
    for (size_t i = 0; i < sizeof b->head; i++)
        snprintf(ret->head + 2 * i, 3, "%02x", b->head[i]);
}

err record_backup_ready(struct op *op, struct record *rec)
{
    TRY(access_plain(op, rec, ACTION_EXPORT, POLICY_TYPE_SYSTEM));
    TRY(record_audit_event(op, rec, STR("backup"), true, STR_NONE));
    TRY(record_audit_wait(op, rec));
    return store_backup_ready(op, rec->store);
}

err record_backup(struct op *op, str from, str to, const struct record_watch *watch,
                  struct record_backup *ret)
{
    struct store_watch w = {tell, (void *)(uintptr_t)watch};
    struct store_backup b;
    TRY(allowed(op));
    TRY(store_backup(op, from, to, watch ? &w : NULL, &b));
    told(&b, ret);
    return OK;
}

err record_restore(struct op *op, str from, const struct record_restore *how, str to,
                   const struct record_watch *watch, struct record_backup *ret)
{
    struct store_watch w = {tell, (void *)(uintptr_t)watch};
    struct store_keys_from k = {how->keys, how->pass_file, how->database};
    struct store_backup b;
    TRY(allowed(op));
    TRY(store_restore(op, from, &k, to, watch ? &w : NULL, &b));
    told(&b, ret);
    return OK;
}

err record_key_save(struct op *op, str dir, str path, str pass_file)
{
    TRY(allowed(op));
    return store_key_save(op, dir, path, pass_file);
}

static err change(struct op *op, struct record *rec, str what, str detail)
{
    TRY(access_plain(op, rec, ACTION_EXPORT, POLICY_TYPE_SYSTEM));
    TRY(record_audit_event(op, rec, what, true, detail));
    return record_audit_wait(op, rec);
}

err record_key_rotate(struct op *op, struct record *rec, bool data)
{
    TRY(change(op, rec, STR("key-rotate"), data ? STR("master and data keys") : STR("master key")));
    return store_key_rotate(op, rec->store, data);
}

err record_key_wrap(struct op *op, struct record *rec, str module, str token, str pin_file)
{
    struct store_master m = {module, token, pin_file};
    TRY(change(op, rec, STR("key-wrap"), module.n ? STR("token") : STR("file")));
    return store_key_wrap(op, rec->store, &m);
}

err record_key_forget(struct op *op, struct record *rec, uint32_t epoch)
{
    TRY(change(op, rec, STR("key-forget"), arena_printf(op->arena, "%u.data", epoch)));
    return store_key_forget(op, rec->store, epoch);
}

void record_key_state(struct record *rec, struct record_key_state *ret)
{
    struct store_key_state s;
    store_key_state(rec->store, &s);
    *ret = (struct record_key_state){.epoch = s.epoch,
                                     .generation = s.generation,
                                     .erased = s.erased,
                                     .sealing = s.sealing,
                                     .percent = (unsigned)(s.at * 100 / (s.last + 1))};
}

err record_key_list(struct op *op, str dir, struct record_keys *ret)
{
    struct store_keys k;
    TRY(allowed(op));
    TRY(store_key_list(op, dir, &k));
    struct record_key *keys = ARENA_ARRAY(op->arena, struct record_key, k.n);
    TRY(op_check(op));
    for (size_t i = 0; i < k.n; i++) {
        keys[i] = (struct record_key){k.keys[i].id, k.keys[i].use, k.keys[i].algorithm,
                                      k.keys[i].made, ""};
        memcpy(keys[i].fingerprint, k.keys[i].fingerprint, sizeof keys[i].fingerprint);
    }
    *ret = (struct record_keys){keys, k.n, k.generation, k.erased};
    return OK;
}

err record_key_check(struct op *op, struct record *rec, const struct record_watch *watch,
                     struct record_key_check *ret)
{
    struct store_watch w = {tell, (void *)(uintptr_t)watch};
    struct store_key_check c;
    TRY(access_plain(op, rec, ACTION_EXPORT, POLICY_TYPE_SYSTEM));
    TRY(record_audit_event(op, rec, STR("key-check"), true, STR_NONE));
    TRY(store_key_check(op, rec->store, watch ? &w : NULL, &c));
    *ret = (struct record_key_check){c.opened, c.refused};
    return OK;
}
