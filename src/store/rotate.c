/* New keys of an open store: another master, other data keys, old ones forgotten. Changes are made
 * on a copy of the ring, written, and only then taken into use. Invariant: what is in use is in the
 * keys file; one change at a time. */
#include "store/store_int.h"

#include <sodium.h>

static bool on_disk(const struct store *s)
{
    return (s->ops->capabilities & STORE_CAP_DURABLE) && s->own_keys;
}

err keys_begin(struct op *op, struct store *s, struct ring **ret)
{
    pthread_mutex_lock(&s->keys_lock);
    *ret = ring_copy(s->vault.ring); /* changed under this lock only */
    if (*ret)
        return OK;
    pthread_mutex_unlock(&s->keys_lock);
    return out_of_memory(op);
}

err keys_end(struct store *s, struct ring *r, err e)
{
    if (e == OK)
        vault_change(&s->vault, r);
    else
        ring_free(r);
    pthread_mutex_unlock(&s->keys_lock);
    return e;
}

err keys_save(struct op *op, struct store *s, struct ring *r)
{
    return on_disk(s) ? keyfile_save(op, s->keys, r) : OK;
}

static err start_sealing(struct op *op, struct store *s)
{
    struct store_tx *tx = store_tx_new(op, s);
    if (!tx)
        return out_of_memory(op);
    tx->reseal = true;
    return tx_run(op, tx);
}

err store_key_rotate(struct op *op, struct store *s, bool data)
{
    struct ring *r = NULL;
    if (data && atomic_load(&s->sealing))
        return fail(op, ERR_CONFLICT,
                    "documents are still being sealed under the newest data keys; try again when "
                    "weft key status says that it is done");
    TRY(keys_begin(op, s, &r));
    err e = data ? ring_turn(op, r, op->now) : OK;
    if (e == OK && on_disk(s))
        e = keyfile_rotate(op, s->keys, r);
    TRY(keys_end(s, r, e));
    return data ? start_sealing(op, s) : OK;
}

err store_key_wrap(struct op *op, struct store *s, const struct store_master *m)
{
    struct ring *r = NULL;
    struct wrap to = {.kind = m->module.n ? MASTER_TOKEN : MASTER_FILE,
                      .path = m->module,
                      .token = m->token,
                      .pin = m->pin_file};
    if (!on_disk(s))
        return fail(op, ERR_UNSUPPORTED, "a store in memory has no keys file");
    if (to.kind == MASTER_TOKEN &&
        (!to.token.n || !str_starts(to.path, STR("/")) || !str_starts(to.pin, STR("/")) ||
         str_find_char(to.path, '\n', 0) != SIZE_MAX ||
         str_find_char(to.token, '\n', 0) != SIZE_MAX ||
         str_find_char(to.pin, '\n', 0) != SIZE_MAX))
        return fail(op, ERR_INVALID,
                    "a token needs its module and PIN file, with their whole paths, and its label");
    TRY(keys_begin(op, s, &r));
    return keys_end(s, r, keyfile_move(op, s->keys, r, &to));
}

err store_key_forget(struct op *op, struct store *s, uint32_t epoch)
{
    struct ring *r = NULL;
    if (atomic_load(&s->sealing))
        return fail(op, ERR_CONFLICT,
                    "documents may still be sealed with these keys; try again when weft key status "
                    "says that it is done");
    TRY(keys_begin(op, s, &r));
    err e = ring_forget(op, r, epoch);
    if (e == OK)
        e = keys_save(op, s, r);
    return keys_end(s, r, e);
}

void store_key_state(struct store *s, struct store_key_state *ret)
{
    *ret = (struct store_key_state){.epoch = atomic_load(&s->vault.epoch),
                                    .sealing = atomic_load(&s->sealing),
                                    .at = atomic_load(&s->sealed_rid),
                                    .last = atomic_load(&s->rid_next) - 1};
    pthread_mutex_lock(&s->keys_lock);
    ret->generation = s->vault.ring->generation;
    ret->erased = s->vault.ring->n_erased;
    pthread_mutex_unlock(&s->keys_lock);
}
