/* Named values of the rooms: a family that somebody walks has a group of names in the store of its
 * own ("room-mon/17"), so that a walk costs what the family holds; all others share one ("room/…"),
 * the pages of the contact ledger among them. Invariant: a value has one name; one of a folder from
 * before its family had a group changes it in one transaction, before the record opens. */
#include "record/family_int.h"

#define SHARED "room/"
#define APART "room-"
/* Whoever is asked for with record_kv_page(). With a new one FAMILIES_OF is raised, and the names
 * of older folders move. */
#define FAMILIES_OF "1"
static const char *const LISTED[] = {"mon/", "mon-trial/"};
#define N_LISTED (sizeof LISTED / sizeof *LISTED)
_Static_assert(sizeof SHARED - 1 == FAMILY_SPACE && sizeof APART - 1 == FAMILY_SPACE,
               "names are cut after as many characters");

#define OPENED STR("families")
#define AT_ONCE 512u

bool family_listed(str prefix)
{
    for (size_t i = 0; i < N_LISTED; i++)
        if (str_starts(prefix, str_of(LISTED[i])))
            return true;
    return false;
}

str family_name(struct arena *a, str key)
{
    return arena_cat(a, family_listed(key) ? STR(APART) : STR(SHARED), key);
}

str family_group(struct op *op, size_t i)
{
    if (i == 0)
        return STR(SHARED);
    return i <= N_LISTED ? arena_cat(op->arena, STR(APART), str_of(LISTED[i - 1])) : STR_NONE;
}

static err move_some(struct op *op, struct record *rec, str *io_at)
{
    struct store_named *rows;
    struct store_commit c;
    size_t n, moved = 0;
    TRY(store_kv_page(op, rec->store, STR(SHARED), io_at, AT_ONCE, &rows, &n));
    struct store_tx *tx = store_tx_new(op, rec->store);
    TRY(op_check(op));
    for (size_t i = 0; i < n; i++) {
        str key = str_sub(rows[i].name, FAMILY_SPACE, rows[i].name.n);
        if (!family_listed(key))
            continue;
        store_tx_kv(tx, rows[i].name, STR_NONE);
        store_tx_kv(tx, family_name(op->arena, key), rows[i].value);
        moved++;
    }
    return moved ? store_commit(op, tx, &c) : OK;
}

static err move_all(struct op *op, struct record *rec)
{
    struct arena *work = arena_new(0);
    struct op inner;
    char at[64];
    size_t n = 0;
    err e = work ? OK : fail(op, ERR_UNAVAILABLE, "No memory left to open the record.");
    do {
        if (e != OK)
            break;
        op_init(&inner, work, op->actor, op->now);
        str where = str_make(at, n);
        e = move_some(&inner, rec, &where);
        n = where.n < sizeof at ? where.n : 0;
        if (e == OK && n)
            memcpy(at, where.p, n);
        if (e != OK)
            e = fail(op, e, "Named values could not be put in order: %.*s",
                     STR_ARG(inner.fault.n ? inner.fault.issues[0].message : STR("no memory")));
        arena_reset(work);
    } while (n);
    arena_free(work);
    return e;
}

err family_open(struct op *op, struct record *rec)
{
    struct store_commit c;
    str had;
    TRY(store_kv_find(op, rec->store, OPENED, &had));
    if (str_eq(had, STR(FAMILIES_OF)))
        return OK;
    TRY(move_all(op, rec));
    struct store_tx *tx = store_tx_new(op, rec->store);
    TRY(op_check(op));
    store_tx_kv(tx, OPENED, STR(FAMILIES_OF));
    return store_commit(op, tx, &c);
}
