/* Many receipts in one transaction; what cannot be written so is written one by one (receipt.c).
 * Invariant: *ret of a receipt is OK only when it is in the record, or noted there for a message
 * whose result is not written yet. */
#include "outreach/ledger_int.h"
#include "outreach/outreach_int.h"
#include "outreach/silence_int.h"

struct found {
    struct record_doc doc;
    struct json *tree;
    bool changed;
};

static bool holds_id(const struct json *c, str provider_id)
{
    const struct json *list = JSON_GET(c, "identifier"), *one;
    for (size_t i = 0; (one = json_at(list, i)); i++)
        if (str_eq(json_get_str(one, STR("value")), provider_id))
            return true;
    return false;
}

/* Of the newest messages alone; the others are searched for one by one. */
static struct found *look(struct op *op, struct outreach *o, str id, struct found *all, size_t *n)
{
    str communication = shelf_find(o->shelf, op->arena, id);
    struct found *f = &all[*n];
    if (str_empty(communication))
        return NULL;
    for (size_t i = 0; i < *n; i++)
        if (str_eq(all[i].doc.id, communication))
            return holds_id(all[i].tree, id) ? &all[i] : NULL;
    err e = record_read(op, o->rec, fhir_type_parse(STR("Communication")), communication, &f->doc);
    if (e == OK)
        e = record_parse_bare(op, &f->doc, &f->tree);
    if (e != OK || !holds_id(f->tree, id)) {
        op_clear(op);
        return NULL;
    }
    f->changed = false;
    (*n)++;
    return f;
}

static err write(struct op *op, struct outreach *o, const struct found *all, size_t n)
{
    struct record_tx *tx = record_begin(op, o->rec);
    size_t changed = 0;
    bool done = true, heard = true;
    for (size_t i = 0; i < n; i++) {
        if (!all[i].changed)
            continue;
        changed++;
        TRY(record_tx_update(tx, all[i].doc.type, all[i].doc.id, all[i].tree, all[i].doc.vid));
        bool there;
        TRY(ledger_state(tx, op, all[i].tree, &there));
        done &= there;
        heard &= silence_finds_nothing(all[i].tree);
    }
    return changed ? own_commit(tx, o, done, heard) : OK;
}

void receipt_many(struct op *op, struct outreach *o, const struct outreach_receipt *rs, size_t n,
                  err *ret)
{
    struct found *all = ARENA_ARRAY(op->arena, struct found, n + 1);
    bool *in = ARENA_ARRAY(op->arena, bool, n + 1);
    size_t k = 0;
    err e = op_check(op);
    for (size_t i = 0; e == OK && i < n; i++) {
        struct found *f = look(op, o, rs[i].provider_id, all, &k);
        in[i] = f != NULL;
        if (f)
            f->changed |= receipt_apply(op, f->tree, receipt_means(rs[i].vocabulary, rs[i].word),
                                        rs[i].error);
    }
    if (e == OK)
        e = write(op, o, all, k);
    op_clear(op);
    for (size_t i = 0; i < n; i++) {
        ret[i] = e;
        if (e != OK || !in[i])
            ret[i] = outreach_receipt(op, o, &rs[i]);
        op_clear(op);
    }
}
