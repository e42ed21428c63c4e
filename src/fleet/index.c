/* Ids that stand under a key: vulnerabilities under a package, recalls under a maker. In pages, so
 * that one more costs the same however many there are. Invariant: an id stands under a key once. */
#include "fleet/parts_kept_int.h"

#define VULN_BY "fleet/vuln-by/"     /* and the key of a package: ids, a line each, from before */
#define VULN_BYS "fleet/vuln-bys/"   /* and page/key: likewise, a page */
#define VULN_BY_N "fleet/vuln-by-n/" /* and the key: how many there are in pages */
#define VULN_IN "fleet/vuln-in/"     /* and key, line end, id: it stands there */
#define PAGE 100u
#define PAGES_MAX 10000u

static str page_key(struct op *op, str key, uint64_t page)
{
    return arena_printf(op->arena, VULN_BYS "%llu/%.*s", (unsigned long long)page, STR_ARG(key));
}

static bool has_line(str lines, str line)
{
    str one;
    while (str_take_until(&lines, '\n', &one))
        if (str_eq(one, line))
            return true;
    return false;
}

err index_add(struct op *op, struct record_tx *tx, str key, str id)
{
    struct arena *a = op->arena;
    str mark = arena_printf(a, VULN_IN "%.*s\n%.*s", STR_ARG(key), STR_ARG(id)), had, old, count;
    str n_key = arena_cat(a, STR(VULN_BY_N), key);
    uint64_t n = 0;
    TRY(record_tx_kv_now(tx, mark, &had));
    if (had.n)
        return OK;
    TRY(record_tx_kv_now(tx, n_key, &count));
    (void)str_to_u64(count, UINT64_MAX, &n);
    TRY(record_tx_kv_now(tx, arena_cat(a, STR(VULN_BY), key), &old));
    record_tx_kv(tx, mark, STR("1"));
    if (has_line(old, id))
        return op_check(op);
    if (n >= (uint64_t)PAGE * PAGES_MAX)
        return fail(op, ERR_TOO_LARGE, "There are too many entries of one package or maker.");
    str page = page_key(op, key, n / PAGE);
    TRY(record_tx_kv_now(tx, page, &had));
    record_tx_kv(tx, page, had.n ? arena_printf(a, "%.*s\n%.*s", STR_ARG(had), STR_ARG(id)) : id);
    record_tx_kv(tx, n_key, arena_printf(a, "%llu", (unsigned long long)n + 1));
    return op_check(op);
}

static err each_line(struct op *op, str lines, index_fn *fn, void *ctx)
{
    str id;
    while (str_take_until(&lines, '\n', &id))
        TRY(fn(ctx, op, id));
    return op_check(op);
}

err index_each(struct op *op, struct fleet *f, str key, index_fn *fn, void *ctx)
{
    str lines, count;
    uint64_t n = 0;
    TRY(record_kv_get(op, f->rec, arena_cat(op->arena, STR(VULN_BY), key), &lines));
    TRY(each_line(op, lines, fn, ctx));
    TRY(record_kv_get(op, f->rec, arena_cat(op->arena, STR(VULN_BY_N), key), &count));
    (void)str_to_u64(count, UINT64_MAX, &n);
    for (uint64_t page = 0; page * PAGE < n; page++) {
        TRY(record_kv_get(op, f->rec, page_key(op, key, page), &lines));
        TRY(each_line(op, lines, fn, ctx));
    }
    return OK;
}
