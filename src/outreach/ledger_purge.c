/* Rows of the ledger that are past their time go for good: pages are named values, which have no
 * versions. Invariants: of a number's page only the patient's own rows go, since another may be
 * under a legal hold; pages keep their numbers, so that a look-up goes on past an empty one. */
#include "outreach/ledger_int.h"
#include "outreach/outreach_int.h"
#include "record/near.h"

#define NUMBERS_MAX 32u

struct purge {
    struct record_tx *tx;
    struct op *op;
    int64_t before;
    uint64_t self; /* the patient, as the pages of numbers name them */
    uint64_t numbers[NUMBERS_MAX];
    size_t n_numbers, rows;
};

static bool past(const struct ledger_entry *e, int64_t before)
{
    return e->at < before && e->state != LEDGER_WAITING;
}

static void remember(struct purge *p, uint64_t number)
{
    for (size_t i = 0; i < p->n_numbers; i++)
        if (p->numbers[i] == number)
            return;
    if (number && p->n_numbers < NUMBERS_MAX) /* more: the next day's */
        p->numbers[p->n_numbers++] = number;
}

static err clean_page(struct purge *p, struct ledger_name at, bool own, struct ledger_page *page)
{
    str bytes;
    size_t kept = 0, had;
    TRY(record_tx_kv_now_near(p->tx, at.key, at.near, &bytes));
    if (!ledger_unpack(bytes, page))
        return fail(p->op, ERR_FAULT, "a page of the ledger is damaged");
    had = page->n;
    for (size_t i = 0; i < had; i++) {
        bool theirs = own || page->at[i].number == p->self; /* others' go in their own turn */
        if (!theirs || !past(&page->at[i], p->before)) {
            page->at[kept++] = page->at[i];
            continue;
        }
        if (own)
            remember(p, page->at[i].number);
    }
    if (kept == had)
        return OK;
    page->n = kept;
    p->rows += own ? had - kept : 0;
    if (kept == 0 && page->behind == 0) {
        record_tx_kv(p->tx, at.key, STR_NONE);
        return OK;
    }
    bytes = ledger_pack(p->op->arena, page);
    TRY(op_check(p->op));
    record_tx_kv_near(p->tx, at.key, at.near, bytes);
    return OK;
}

static err clean(struct purge *p, struct ledger_name at, bool own)
{
    struct ledger_page *page = ARENA_NEW(p->op->arena, struct ledger_page);
    TRY(op_check(p->op));
    TRY(clean_page(p, at, own, page));
    uint32_t behind = page->behind;
    for (uint32_t i = 0; i < behind; i++)
        TRY(clean_page(p, ledger_behind(p->op, at, i), own, page));
    return OK;
}

err ledger_purge(struct record_tx *tx, struct op *op, str patient, int64_t before, size_t *ret_rows)
{
    struct purge p = {.tx = tx, .op = op, .before = before, .self = ledger_mark(patient)};
    TRY(clean(&p, ledger_own(op, patient, 0), true));
    for (size_t i = 0; i < p.n_numbers; i++)
        TRY(clean(&p, ledger_of_number(op, p.numbers[i]), false));
    *ret_rows = p.rows;
    return OK;
}

/* The oldest are in the first page behind, if there is one. */
err ledger_has_before(struct op *op, struct record *rec, str patient, int64_t before, bool *ret)
{
    struct ledger_page *page = ARENA_NEW(op->arena, struct ledger_page);
    struct ledger_name own = ledger_own(op, patient, 0);
    str bytes;
    uint32_t behind = 0;
    TRY(op_check(op));
    *ret = false;
    for (uint32_t i = 0; i <= behind && !*ret; i++) {
        struct ledger_name at = i ? ledger_behind(op, own, i - 1) : own;
        TRY(record_kv_get_near(op, rec, at.key, at.near, &bytes));
        if (!ledger_unpack(bytes, page))
            return fail(op, ERR_FAULT, "a page of the ledger is damaged");
        behind = i ? behind : page->behind;
        for (size_t k = 0; k < page->n && !*ret; k++)
            *ret = past(&page->at[k], before);
    }
    return OK;
}
