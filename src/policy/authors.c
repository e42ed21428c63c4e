/* Who did a part of what somebody else has to judge: accounts, and the persons behind them.
 * Invariant: two accounts of one person are one person. */
#include "policy/authors.h"

bool authors_is(str name, const struct actor *who)
{
    return name.n && (str_eq(name, who->user) || str_eq(name, who->reference));
}

void authors_sign(struct op *op, struct json *act)
{
    json_set_str(op->arena, act, STR("by"), op->actor->user);
    if (op->actor->reference.n)
        json_set_str(op->arena, act, STR("person"), op->actor->reference);
}

bool authors_signed(const struct json *act, const struct actor *who)
{
    return authors_is(json_get_str(act, STR("by")), who) ||
           authors_is(json_get_str(act, STR("person")), who);
}

bool authors_have(const struct json *life, const struct actor *who)
{
    const struct json *all = JSON_GET(life, "authors"), *one;
    bool found = false;
    for (size_t i = 0; (one = json_at(all, i)) && !found; i++)
        found = authors_is(json_str(one), who);
    return found;
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
