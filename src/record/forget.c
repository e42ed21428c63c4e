/* Named values that tell of a patient go with an erasure: the rooms' own notes (pages of the
 * contact ledger, marks, open cases, watches), which lie beside the record and have no key of the
 * patient. Invariants: every name that holds a patient's id or number has a row here
 * (tests/20-spec/named_values_test.py); when the store has erased somebody of whom this is not done
 * (a kill in between, a backup from before), it is done before the record opens. */
#include "record/family_int.h"
#include "record/forget_int.h"
#include "store/backup.h"

#define DONE_KEY STR("erased.named") /* for so many of the erased */

/* What stands after the name's beginning and `at` more parts; of a value: its member "patient". */
enum named_by { BY_ID, BY_NUMBER, BY_VALUE };
static const struct named_row {
    const char *name;
    enum named_by by;
    unsigned at;
} ROWS[] = {
    {"campaign/e/", BY_NUMBER, 1},
    {"campaign/p/", BY_NUMBER, 0},
    {"case/", BY_ID, 0},
    {"complaint/Patient/", BY_ID, 0},
    {"due/", BY_ID, 0},
    {"glass/", BY_NUMBER, 0},
    {"ledger/", BY_ID, 0},
    {"mail/", BY_VALUE, 0},
    {"mon-trial/", BY_NUMBER, 0},
    {"mon/", BY_NUMBER, 0},
    {"nobody/", BY_ID, 0},
    {"programme-days/", BY_NUMBER, 0},
    {"programme/", BY_ID, 0},
    {"push/of/", BY_ID, 0},
    {"silence@/", BY_VALUE, 0},
    {"survey/each-set/", BY_ID, 0},
    {"survey/open/", BY_NUMBER, 0},
    {"told/", BY_ID, 1},
};

struct whom {
    uint64_t rid; /* 0: all who are not there any more */
    str id;
};

static const struct named_row *row_of(str name)
{
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++)
        if (str_starts(name, str_of(ROWS[i].name)))
            return &ROWS[i];
    return NULL;
}

static str part_of(str name, const struct named_row *row)
{
    str rest = str_sub(name, strlen(row->name), name.n), part = STR_NONE;
    for (unsigned i = 0; i <= row->at; i++)
        if (!str_take_until(&rest, '/', &part))
            return STR_NONE;
    return part;
}

static err patient_of(struct op *op, const struct store_named *v, const struct named_row *row,
                      str *ret)
{
    struct json *o;
    if (row->by != BY_VALUE) {
        *ret = part_of(str_sub(v->name, FAMILY_SPACE, v->name.n), row);
        return OK;
    }
    *ret = STR_NONE;
    if (json_read(op, v->value, &JSON_LIMITS_DEFAULT, &o) == OK)
        *ret = json_get_str(o, STR("patient"));
    op_clear(op); /* not of that form: of nobody */
    return op_check(op);
}

static err is_there(struct op *op, struct record *rec, const struct named_row *row, str part,
                    bool *ret)
{
    struct store_doc d;
    uint64_t rid = 0;
    err e = row->by != BY_NUMBER                 ? id_resolve(op, rec, rec->t_patient, part, &d)
            : str_to_u64(part, UINT64_MAX, &rid) ? store_peek(op, rec->store, rid, &d)
                                                 : OK;
    *ret = e != ERR_NOT_FOUND;
    if (e == ERR_NOT_FOUND || e == ERR_GONE)
        op_clear(op);
    return e == ERR_NOT_FOUND || e == ERR_GONE ? OK : e;
}

static err goes(struct op *op, struct record *rec, const struct whom *w,
                const struct store_named *v, bool *ret)
{
    const struct named_row *row = row_of(str_sub(v->name, FAMILY_SPACE, v->name.n));
    str part;
    bool there;
    *ret = false;
    if (!row)
        return OK;
    TRY(patient_of(op, v, row, &part));
    if (str_empty(part))
        return OK;
    if (w->rid) {
        uint64_t rid = 0;
        *ret = row->by == BY_NUMBER ? str_to_u64(part, UINT64_MAX, &rid) && rid == w->rid
                                    : str_eq(part, w->id);
        return OK;
    }
    TRY(is_there(op, rec, row, part, &there));
    *ret = !there;
    return OK;
}

static err some(struct op *op, struct record *rec, const void *whom, const struct store_named *rows,
                size_t n)
{
    struct store_commit c;
    size_t gone = 0;
    struct store_tx *tx = store_tx_new(op, rec->store);
    TRY(op_check(op));
    for (size_t i = 0; i < n; i++) {
        bool is;
        TRY(goes(op, rec, whom, &rows[i], &is));
        if (is)
            store_tx_kv(tx, rows[i].name, STR_NONE);
        gone += is;
    }
    return gone ? store_commit(op, tx, &c) : OK;
}

static err all(struct op *op, struct record *rec, const struct whom *w)
{
    struct family_walk walk = {
        .failed = "Notes about an erased patient could not be removed.", .page = some, .ctx = w};
    for (size_t i = 0; (walk.group = family_group(op, i)).n; i++)
        TRY(family_each(op, rec, &walk));
    return op_check(op);
}

static err done(struct op *op, struct record *rec)
{
    struct store_key_state k;
    struct store_commit c;
    store_key_state(rec->store, &k);
    struct store_tx *tx = store_tx_new(op, rec->store);
    TRY(op_check(op));
    store_tx_kv(tx, DONE_KEY, arena_printf(op->arena, "%zu", k.erased));
    return store_commit(op, tx, &c);
}

err forget_named(struct op *op, struct record *rec, uint64_t rid, str id)
{
    TRY(all(op, rec, &(struct whom){rid, id}));
    return done(op, rec);
}

err forget_rest(struct op *op, struct record *rec)
{
    struct store_key_state k;
    uint64_t n = 0;
    str kept;
    store_key_state(rec->store, &k);
    TRY(store_kv_find(op, rec->store, DONE_KEY, &kept));
    (void)str_to_u64(kept, UINT64_MAX, &n);
    if (n == k.erased)
        return OK;
    TRY(all(op, rec, &(struct whom){0}));
    return done(op, rec);
}
