/* A sentence becomes a draft: read, checked against the override law on top of what is in force,
 * and kept. Invariant: a draft changes nothing but the list of drafts. */
#include "base/time.h"
#include "rules/rules_int.h"

#define REASON_MAX 1000u

/* "withdraw c7": what an earlier change did is taken back. */
static err withdraw(struct op *op, struct rules *r, str id, struct json **ret_change, str *ret_back)
{
    struct json *old, *o = json_new(op->arena, JSON_OBJECT);
    str text;
    TRY(change_load(op, r, id, &old, &text));
    if (!str_eq(json_get_str(old, STR("status")), STR("published")))
        return fail_at(op, ERR_UNPROCESSABLE, STR("sentence"),
                       "Only what was published can be withdrawn.");
    json_set_str(op->arena, o, STR("withdraw"), json_get_str(old, STR("id")));
    str rule = json_get_str(JSON_GET(old, "change"), STR("rule"));
    if (rule.n)
        json_set_str(op->arena, o, STR("rule"), rule);
    *ret_change = o;
    const char *whole = rule.n ? " All that was changed about this rule ends with it." : "";
    *ret_back = arena_printf(op->arena, "Withdraw %.*s: %.*s%s", STR_ARG(id),
                             STR_ARG(json_get_str(old, STR("sentence"))), whole);
    return OK;
}

static err understand(struct op *op, struct rules *r, str sentence, struct json **ret_change,
                      str *ret_back)
{
    str text = str_trim(sentence);
    if (str_starts(text, STR("withdraw ")) || str_starts(text, STR("Withdraw ")))
        return withdraw(op, r, str_trim(str_sub(text, 9, text.n)), ret_change, ret_back);
    return sentence_parse(op, sentence, ret_change, ret_back);
}

/* What the parameters are now, for the reader of the difference. */
static void put_now(struct op *op, const struct version *v, struct json *change)
{
    struct compiled now;
    const struct json *params = JSON_GET(change, "params");
    const struct rule *rule = policy_rule_find(json_get_str(change, STR("rule")));
    struct json *all, *was = json_new(op->arena, JSON_OBJECT);
    if (!params || !rule || book_compile(op, v->tree, &now) != OK ||
        json_read(op, rulebook_params(now.book, rule), &JSON_LIMITS_DEFAULT, &all) != OK)
        return;
    for (uint32_t i = 0; i < params->n; i++) {
        const struct json *old = json_get(all, params->u.members[i].name);
        if (old)
            json_set(op->arena, was, params->u.members[i].name, old);
    }
    json_set(op->arena, change, STR("was"), was);
}

static err keep(struct op *op, struct rules *r, const struct version *v, struct json *meta)
{
    struct index x;
    TRY(index_load(op, r, &x));
    if (x.changes == CHANGES_MAX)
        return fail(op, ERR_TOO_LARGE,
                    "There have been %u changes of the rulebook; no more are kept.", CHANGES_MAX);
    struct index next = {.changes = x.changes + 1, .versions = x.versions};
    struct json *tree;
    json_set_str(op->arena, meta, STR("id"), arena_printf(op->arena, "c%u", next.changes));
    TRY(book_with(op, v, meta, &tree));
    struct record_tx *tx = record_begin(op, r->rec);
    index_save(tx, op, &x, &next);
    return change_save(op, meta, STR_NONE, STR("draft"), tx);
}

err rules_draft(struct op *op, struct rules *r, str sentence, str reason, struct json **ret)
{
    struct json *change, *meta = json_new(op->arena, JSON_OBJECT);
    struct version v;
    str back;
    TRY(may_change(op, r, "draft"));
    if (!str_trim(reason).n || reason.n > REASON_MAX || !str_utf8_valid(reason))
        return fail_at(op, ERR_INVALID, STR("reason"), "Say why, in at most %u bytes.", REASON_MAX);
    TRY(understand(op, r, sentence, &change, &back));
    TRY(book_at(op, r, op->now, &v));
    put_now(op, &v, change);
    json_set_str(op->arena, meta, STR("sentence"), back);
    json_set(op->arena, meta, STR("change"), change);
    json_set_str(op->arena, meta, STR("reason"), str_trim(reason));
    json_set_str(op->arena, meta, STR("status"), STR("draft"));
    TRY(authors_add(op, meta));
    json_set_str(op->arena, meta, STR("author"), op->actor->user);
    json_set_str(op->arena, meta, STR("authored"), time_format(op->arena, op->now));
    TRY(op_check(op));
    pthread_mutex_lock(&r->lock);
    err e = keep(op, r, &v, meta);
    pthread_mutex_unlock(&r->lock);
    TRY(e);
    *ret = meta;
    return OK;
}
