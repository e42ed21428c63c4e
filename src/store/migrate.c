/* Schema versions: META "schema" holds a number; steps[n] leads from n to n + 1, in one commit
 * each. A newer schema than this program knows is refused and left untouched. Step 0 makes a new
 * store: counters and this program's dictionary, which stays with the store. Step 1 changes no row:
 * from 2 on, entries of the trail may lie in the spool beside the database, which older programs
 * would overlook. Step 2: older programs know neither seals of version 2 nor the keys file. Step 3
 * changes no row: from 4 on, rows of the trail hold many entries (trail_row.c). */
#include "store/store_int.h"

static str number_text(struct op *op, uint64_t n)
{
    return arena_printf(op->arena, "%llu", (unsigned long long)n);
}

static err step_new(struct op *op, const struct store_ops *ops, void *be)
{
    struct store bare = {.ops = ops, .be = be};
    struct state st = {.rid_next = 1};
    TRY(state_write(op, &bare, &st));
    return ops->put(op, be, SPACE_META, STR("dictionary"), pack_dictionary());
}

static err step_none(struct op *op, const struct store_ops *ops, void *be)
{
    (void)op, (void)ops, (void)be;
    return OK;
}

/* Keys waiting are sealed, documents have a key a patient: seal_upgrade() does it with the keys. */
static err step_sealed(struct op *op, const struct store_ops *ops, void *be)
{
    str had = STR_NONE;
    TRY(ops->get(op, ops->writer(be), SPACE_META, STR("keycheck"), &had));
    return ops->put(op, be, SPACE_META, STR("sealed"), had.p ? STR("old") : STR("all"));
}

typedef err (*step_fn)(struct op *op, const struct store_ops *ops, void *be);
static const step_fn steps[] = {step_new, step_none, step_sealed, step_none};
_Static_assert(sizeof steps / sizeof *steps == STORE_SCHEMA, "one step a schema version");

static err run_step(struct op *op, const struct store_ops *ops, void *be, uint64_t from)
{
    TRY(ops->begin(op, be));
    err e = steps[from](op, ops, be);
    if (e == OK)
        e = ops->put(op, be, SPACE_META, STR("schema"), number_text(op, from + 1));
    if (e == OK)
        e = ops->commit(op, be);
    if (e != OK)
        ops->rollback(be);
    return e;
}

err migrate(struct op *op, const struct store_ops *ops, void *be)
{
    str stored = STR_NONE;
    uint64_t schema = 0;
    TRY(ops->get(op, ops->writer(be), SPACE_META, STR("schema"), &stored));
    if (stored.p && !str_to_u64(stored, UINT32_MAX, &schema))
        return damaged(op, "schema number");
    if (schema > STORE_SCHEMA)
        return fail(
            op, ERR_UNSUPPORTED,
            "the data folder has schema %llu, this program knows up to %u; use a newer weft",
            (unsigned long long)schema, STORE_SCHEMA);
    for (; schema < STORE_SCHEMA; schema++)
        TRY(run_step(op, ops, be, schema));
    return OK;
}
