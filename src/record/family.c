/* Named values of the rooms: a family that somebody walks has a group of names in the store of its
 * own ("room-mon/17"), so that a walk costs what the family holds; all others share one ("room/…"),
 * the pages of the contact ledger among them. Invariant: a value has one name; one of a folder from
 * before its family had a group changes it in one transaction, before the record opens. */
#include "record/family_int.h"

#define SHARED "room/"
#define APART "room-"
/* Whoever is asked for with record_kv_page(). With a new one FAMILIES_OF is raised, and the names
 * of older folders move. */
#define FAMILIES_OF "2"
static const char *const LISTED[] = {"mon/", "mon-trial/", "gate@/", "silence@/"};
/* Names of before, and of now. */
static const char *const RENAMED[][2] = {{"gate/", "gate@/"}, {"silence/", "silence@/"}};
#define N_LISTED (sizeof LISTED / sizeof *LISTED)
_Static_assert(sizeof SHARED - 1 == FAMILY_SPACE && sizeof APART - 1 == FAMILY_SPACE,
               "names are cut after as many characters");

#define OPENED STR("families")
#define AT_ONCE 512u
#define WORK_BYTES ((size_t)64 << 20)

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

/* A page; *io_at as of store_kv_page(). */
static err walk_some(struct op *op, struct record *rec, const struct family_walk *w, str *io_at)
{
    struct store_named *rows;
    size_t n;
    TRY(store_kv_page(op, rec->store, w->group, io_at, AT_ONCE, &rows, &n));
    return w->page(op, rec, w->ctx, rows, n);
}

err family_each(struct op *op, struct record *rec, const struct family_walk *w)
{
    struct arena *work = arena_new(WORK_BYTES);
    struct op inner;
    char at[64];
    size_t n = 0;
    err e = work ? OK : fail(op, ERR_UNAVAILABLE, "No memory left.");
    do {
        if (e != OK)
            break;
        op_init(&inner, work, op->actor, op->now);
        str where = str_make(at, n);
        e = walk_some(&inner, rec, w, &where);
        n = where.n < sizeof at ? where.n : 0;
        if (e == OK && n)
            memcpy(at, where.p, n);
        if (e != OK)
            e = fail(op, e, "%s", w->failed);
        arena_reset(work);
    } while (n);
    arena_free(work);
    return e;
}

/* What a value of the shared group is called now; empty: as it was. */
static str new_name(struct arena *a, str key)
{
    for (size_t i = 0; i < sizeof RENAMED / sizeof *RENAMED; i++) {
        str was = str_of(RENAMED[i][0]);
        if (str_starts(key, was))
            return family_name(a, arena_cat(a, str_of(RENAMED[i][1]), str_sub(key, was.n, key.n)));
    }
    return family_listed(key) ? family_name(a, key) : STR_NONE;
}

/* Of a patient's last STOP, as they were kept once: it guards what was on its way then. */
static bool is_mark(str key)
{
    return str_starts(key, STR("word/")) && str_find_char(key, '/', 5) != SIZE_MAX;
}

static err move_some(struct op *op, struct record *rec, const void *ctx,
                     const struct store_named *rows, size_t n)
{
    struct store_commit c;
    size_t moved = 0;
    struct store_tx *tx = store_tx_new(op, rec->store);
    (void)ctx;
    TRY(op_check(op));
    for (size_t i = 0; i < n; i++) {
        str key = str_sub(rows[i].name, FAMILY_SPACE, rows[i].name.n);
        str now = new_name(op->arena, key);
        bool mark = is_mark(key);
        if (str_empty(now) && !mark)
            continue;
        store_tx_kv(tx, rows[i].name, STR_NONE);
        if (!mark)
            store_tx_kv(tx, now, rows[i].value);
        moved++;
    }
    return moved ? store_commit(op, tx, &c) : OK;
}

err family_open(struct op *op, struct record *rec)
{
    const struct family_walk move = {STR(SHARED), "Named values could not be put in order.",
                                     move_some, NULL};
    struct store_commit c;
    str had;
    TRY(store_kv_find(op, rec->store, OPENED, &had));
    if (str_eq(had, STR(FAMILIES_OF)))
        return OK;
    TRY(family_each(op, rec, &move));
    struct store_tx *tx = store_tx_new(op, rec->store);
    TRY(op_check(op));
    store_tx_kv(tx, OPENED, STR(FAMILIES_OF));
    return store_commit(op, tx, &c);
}
