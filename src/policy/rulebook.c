/* The catalogue: find a rule, read a parameter in force. Overrides are in override.c. Invariant:
 * the default book is the catalogue as published in spec/rules. */
#include "policy/policy_int.h"

const struct rule *policy_rule_at(size_t i)
{
    return i < RULE_COUNT ? &policy_rules[i] : NULL;
}

const struct rule *policy_rule_find(str id)
{
    size_t lo = 0, hi = RULE_COUNT;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        int order = str_cmp(id, str_of(policy_rules[mid].id));
        if (order == 0)
            return &policy_rules[mid];
        if (order < 0)
            hi = mid;
        else
            lo = mid + 1;
    }
    return NULL;
}

const struct rulebook *rulebook_default(void)
{
    static const struct rulebook catalogue = {.params = policy_param_defaults};
    return &catalogue;
}

str rulebook_params(const struct rulebook *book, const struct rule *rule)
{
    return book->params_json ? book->params_json[rule - policy_rules] : str_of(rule->params);
}

double value_clamp(const struct value *v, double fallback, double max)
{
    if (v->kind != VALUE_NUM)
        return fallback;
    double x = v->u.num > 0 ? v->u.num : 0;
    return x < max ? x : max;
}

double policy_param_num(const struct rulebook *book, const char *rule, const char *name,
                        double fallback, double max)
{
    const struct rule *r = policy_rule_find(str_of(rule));
    const struct rulebook *from = book ? book : rulebook_default();
    if (!r)
        return fallback;
    const struct rule_place *place = &policy_places[r - policy_rules];
    for (size_t i = place->param; i < (size_t)place->param + place->param_n; i++)
        if (str_eq(str_of(policy_params[i].name), str_of(name)))
            return value_clamp(&from->params[i], fallback, max);
    return fallback;
}
