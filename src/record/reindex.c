/* Keys made again for resources that are stored already: when this program makes other keys than
 * the one that wrote them (KEYS_FORMAT), and for search parameters that were posted later
 * (custom.c). Invariant: how far it is lies in the same transaction as the keys, so it goes on
 * where it stopped; documents, versions and times stay as they are. */
#include "fhir/custom.h"
#include "record/cohort_int.h"
#include "record/phrase_int.h"
#include "store/rekey.h"

/* Raised when keys.c or fhir_keys() makes other keys than before. 2: names of tokens, words of the
 * text, places, quantities in base units, identifiers with their types. 3: fewer words. 4: labels,
 * Consents that bind. 5: names of codes. 6: numbers of other countries, in one spelling.
 * 7: marks. 8: what names a type that is shared by each patient. 9: the same keys, but named values
 * that are listed have other names (family.c), which an older program would not find. 10: so have
 * those of each message. */
#define KEYS_FORMAT 10u
#define KEYS_LIKE 8u /* keys of this one are those of now */
#define BATCH 256u
#define TRIES 20

/* The key that is not made from the document stays. */
static err own_keys(struct op *op, struct record *rec, uint64_t rid, str **keys, size_t *n)
{
    str *old, *all;
    size_t n_old;
    TRY(store_keys(op, rec->store, rid, &old, &n_old));
    all = ARENA_ARRAY(op->arena, str, *n + n_old + 1);
    TRY(op_check(op));
    if (*n)
        memcpy(all, *keys, *n * sizeof *all);
    for (size_t i = 0; i < n_old; i++)
        if (old[i].n >= 2 && old[i].p[0] == 0 && (unsigned char)old[i].p[1] == PARAM_STRAY)
            all[(*n)++] = old[i];
    *keys = all;
    return OK;
}

static err one(struct op *op, struct record *rec, struct store_tx *tx, const struct reindex *r,
               uint64_t rid, size_t *done)
{
    struct store_doc d;
    struct phrase_writer w = {.rec = rec, .tx = tx};
    struct store_put p = {.rid = rid};
    str *keys;
    err e = store_get(op, rec->store, rid, &d);
    if (e == ERR_NOT_FOUND) { /* numbers have gaps */
        op_clear(op);
        return OK;
    }
    TRY(e);
    if (d.deleted || d.type > FHIR_TYPE_COUNT || (r->types && !r->types[d.type]))
        return OK;
    TRY(keys_to_store(op, &w, &d, &keys, &p.n_keys));
    TRY(own_keys(op, rec, rid, &keys, &p.n_keys));
    p.vid = d.vid;
    p.keys = keys;
    p.marks = rec->marks[d.type];
    store_tx_keys(tx, &p);
    ++*done;
    return OK;
}

static err batch(struct op *op, struct record *rec, struct reindex *r, size_t max)
{
    struct store_tx *tx = store_tx_new(op, rec->store);
    struct store_commit c;
    uint64_t rid = r->rid;
    size_t done = 0;
    for (size_t looked = 0; rid < r->until && done < max && looked < 64 * max; looked++)
        TRY(one(op, rec, tx, r, ++rid, &done));
    store_tx_kv(tx, r->kv,
                arena_printf(op->arena, "%.*s%llu", STR_ARG(r->prefix), (unsigned long long)rid));
    TRY(store_commit(op, tx, &c));
    cohort_kept_forget(rec); /* other keys under the same versions */
    r->rid = rid;
    return OK;
}

err reindex_some(struct op *op, struct record *rec, struct reindex *r, size_t max)
{
    struct arena *a = arena_new(0);
    struct op sub;
    err e = a ? ERR_PRECONDITION : ERR_UNAVAILABLE;
    for (int i = 0; a && i < TRIES && e == ERR_PRECONDITION; i++) { /* written meanwhile: again */
        arena_reset(a);
        op_init(&sub, a, op->actor, op->now);
        e = batch(&sub, rec, r, max);
    }
    if (e != OK)
        e = fail(op, e, "Search keys could not be made again: %.*s",
                 STR_ARG(a && sub.fault.n ? sub.fault.issues[0].message : STR("no memory")));
    arena_free(a);
    return e;
}

/* Posted parameters are not known yet: their keys were not among those made. By their numbers, as a
 * list of the names would walk all named values of the store. */
static err posted_again(struct op *op, struct record *rec, struct store_tx *tx)
{
    uint64_t end = FHIR_CUSTOM_FIRST;
    str next;
    TRY(store_kv_find(op, rec->store, STR("custom.next"), &next));
    (void)str_to_u64(next, FHIR_CUSTOM_LAST + 1, &end);
    for (uint64_t n = FHIR_CUSTOM_FIRST; n < end; n++)
        store_tx_kv(tx, arena_printf(op->arena, "custom.at.%llu", (unsigned long long)n), STR_NONE);
    return op_check(op);
}

static err mark(struct op *op, struct record *rec, bool made)
{
    struct store_tx *tx = store_tx_new(op, rec->store);
    struct store_commit c;
    if (made)
        TRY(posted_again(op, rec, tx));
    store_tx_kv(tx, STR("keys.format"), arena_printf(op->arena, "%u", KEYS_FORMAT));
    store_tx_kv(tx, STR("keys.labels"), arena_printf(op->arena, "%u", label_version()));
    return store_commit(op, tx, &c);
}

/* Were the keys made by the lists of codes of this program? */
static err labels_are_of_now(struct op *op, struct record *rec, bool *ret)
{
    str had;
    uint64_t n = 0;
    err e = store_kv_get(op, rec->store, STR("keys.labels"), &had);
    if (e == ERR_NOT_FOUND)
        op_clear(op);
    else
        TRY(e);
    *ret = e == OK && str_to_u64(had, UINT32_MAX, &n) && n == label_version();
    return OK;
}

/* "3" when all keys are of that format; "3.17" when those up to number 17 are. */
err reindex_format(struct op *op, struct record *rec)
{
    struct store_stats stats;
    str had, format = STR_NONE;
    uint64_t n = 1;
    bool labels;
    struct reindex r = {.kv = STR("keys.format"), .until = store_rid_last(rec->store)};
    store_stats(rec->store, &stats);
    err e = store_kv_get(op, rec->store, r.kv, &had);
    if (e == ERR_NOT_FOUND) { /* a new folder, or one of the first format */
        op_clear(op);
        had = STR_NONE;
    } else {
        TRY(e);
    }
    bool part = str_find_char(had, '.', 0) != SIZE_MAX;
    (void)str_take_until(&had, '.', &format);
    (void)str_to_u64(format, UINT32_MAX, &n);
    bool alike = n >= KEYS_LIKE;
    if (alike && part)
        (void)str_to_u64(had, UINT64_MAX, &r.rid);
    if (n > KEYS_FORMAT)
        return fail(op, ERR_UNSUPPORTED,
                    "The search keys of this folder were made by a newer weft; use that one.");
    TRY(labels_are_of_now(op, rec, &labels));
    if (alike && !part && labels)
        return n == KEYS_FORMAT ? OK : mark(op, rec, false);
    r.prefix = arena_printf(op->arena, "%u.", KEYS_FORMAT);
    while (stats.resources && r.rid < r.until)
        TRY(reindex_some(op, rec, &r, BATCH));
    return mark(op, rec, true);
}
