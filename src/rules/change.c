/* A change on its way, kept as a named value, and where its numbers come from. Invariant: a change
 * is written only over what it was read as, and every writing leaves the whole of it in the trail.
 */
#include "rules/rules_int.h"

#define TEXT_MAX (24u << 10)

err may_change(struct op *op, struct rules *r, const char *deed)
{
    struct access_request ask = {.type = POLICY_TYPE_SYSTEM, .action = ACTION_AUDIT};
    struct access_verdict v;
    policy_access(op->actor, &ask, &v);
    if (v.allowed)
        return OK;
    TRY(record_audit_event(op, r->rec, arena_printf(op->arena, "rule-%s", deed), false, v.rule));
    return fail(op, ERR_FORBIDDEN, "%.*s", STR_ARG(v.why));
}

static bool id_fits(str id)
{
    bool ok = id.n > 1 && id.n < 12 && id.p[0] == 'c';
    for (size_t i = 1; ok && i < id.n; i++)
        ok = id.p[i] >= '0' && id.p[i] <= '9';
    return ok;
}

static str key_of(struct op *op, str id)
{
    return arena_printf(op->arena, "rules/change/%.*s", STR_ARG(id));
}

static err tree_of_text(struct op *op, str text, struct json **ret)
{
    struct json_limits limits = {.bytes = TEXT_MAX, .depth = 12, .nodes = 20000};
    if (json_read(op, text, &limits, ret) != OK) {
        op_clear(op);
        return fail(op, ERR_FAULT,
                    "A kept change of the rulebook cannot be read; restore a backup.");
    }
    return OK;
}

err change_load(struct op *op, struct rules *r, str id, struct json **ret, str *ret_text)
{
    str text = STR_NONE;
    if (id_fits(id))
        TRY(record_kv_get(op, r->rec, key_of(op, id), &text));
    if (!text.n)
        return fail(op, ERR_NOT_FOUND, "There is no such change of the rulebook.");
    *ret_text = text;
    return tree_of_text(op, text, ret);
}

err change_save(struct op *op, struct json *change, str text_before, str deed, struct record_tx *tx)
{
    struct buf b;
    buf_init(&b, op->arena, TEXT_MAX);
    json_write(&b, change);
    if (!buf_ok(&b))
        return fail(op, ERR_TOO_LARGE, "The change is too large; make a smaller one.");
    str id = json_get_str(change, STR("id"));
    record_tx_expect_kv(tx, key_of(op, id), text_before);
    record_tx_kv(tx, key_of(op, id), buf_str(&b));
    record_tx_trail(tx, arena_cat(op->arena, STR("rule-"), deed), 0, STR_NONE, change);
    return record_commit(tx);
}

err index_load(struct op *op, struct rules *r, struct index *ret)
{
    struct index x = {0};
    uint64_t changes = 0, versions = 0;
    TRY(record_kv_get(op, r->rec, STR("rules/index"), &x.text));
    str in = x.text;
    if (in.n && (!str_take_u64(&in, UINT32_MAX, &changes) || !in.n ||
                 !str_to_u64(str_sub(in, 1, in.n), UINT32_MAX, &versions)))
        return fail(op, ERR_FAULT, "The index of rule changes cannot be read; restore a backup.");
    x.changes = (uint32_t)changes;
    x.versions = (uint32_t)versions;
    *ret = x;
    return OK;
}

void index_save(struct record_tx *tx, struct op *op, const struct index *from,
                const struct index *to)
{
    record_tx_expect_kv(tx, STR("rules/index"), from->text);
    record_tx_kv(tx, STR("rules/index"),
                 arena_printf(op->arena, "%u %u", to->changes, to->versions));
}

err rules_get(struct op *op, struct rules *r, str id, struct json **ret)
{
    str text;
    TRY(may_change(op, r, "read"));
    return change_load(op, r, id, ret, &text);
}

err rules_list(struct op *op, struct rules *r, struct json **ret)
{
    struct index x;
    struct version v;
    TRY(may_change(op, r, "read"));
    TRY(index_load(op, r, &x));
    TRY(book_at(op, r, op->now, &v));
    struct json *list = json_new(op->arena, JSON_ARRAY), *o = json_new(op->arena, JSON_OBJECT),
                *one;
    str text;
    for (uint32_t i = x.changes, shown = 0; i > 0 && shown < 100; i--, shown++) {
        TRY(change_load(op, r, arena_printf(op->arena, "c%u", i), &one, &text));
        json_push(op->arena, list, one);
    }
    json_set(op->arena, o, STR("version"), json_new_i64(op->arena, v.number));
    json_set(op->arena, o, STR("changes"), list);
    *ret = o;
    return op_check(op);
}

err rules_version_at(struct op *op, struct rules *r, int64_t when, uint32_t *ret)
{
    struct version v;
    TRY(may_change(op, r, "read"));
    TRY(book_at(op, r, when, &v));
    *ret = v.number;
    return OK;
}
