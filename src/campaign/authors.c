/* Who wrote a part of what others approve: accounts, and the persons behind them. Invariant: two
 * accounts of one person are one person. */
#include "campaign/campaign_int.h"

bool authors_have(const struct json *life, const struct actor *who)
{
    const struct json *all = JSON_GET(life, "authors"), *one;
    bool found = false;
    for (size_t i = 0; (one = json_at(all, i)) && !found; i++)
        found = authors_is(json_str(one), who);
    return found;
}

bool authors_is(str name, const struct actor *who)
{
    return str_eq(name, who->user) || (who->reference.n && str_eq(name, who->reference));
}

err authors_add(struct op *op, struct json *life)
{
    const struct json *had = JSON_GET(life, "authors");
    struct json *all = had ? json_dup(op->arena, had) : json_new(op->arena, JSON_ARRAY);
    const str names[] = {op->actor->user, op->actor->reference};
    for (size_t k = 0; k < 2; k++) {
        bool there = names[k].n == 0;
        for (size_t i = 0; i < all->n && !there; i++)
            there = str_eq(json_str(json_at(all, i)), names[k]);
        if (!there && all->n >= AUTHORS_MAX)
            return fail(op, ERR_UNPROCESSABLE, "Too many people wrote this; begin a new one.");
        if (!there)
            json_push(op->arena, all, json_new_str(op->arena, names[k]));
    }
    json_set(op->arena, life, STR("authors"), all);
    return op_check(op);
}
