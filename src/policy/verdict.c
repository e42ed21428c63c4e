/* What a verdict says, for programs (JSON) and people (sentences). Decides nothing. */
#include "base/time.h"
#include "policy/policy_int.h"

bool verdict_obliges(const struct verdict *v, str obligation)
{
    for (size_t i = 0; i < v->n_obligations; i++)
        if (str_eq(v->obligations[i], obligation))
            return true;
    return false;
}

str obligation_text(str code)
{
    for (size_t i = 0; i < policy_obligation_count; i++)
        if (str_eq(policy_obligations[i].code, code))
            return str_of(policy_obligations[i].text);
    return STR("");
}

static void push_str(struct arena *a, struct json *list, str s)
{
    json_push(a, list, json_new_str(a, s));
}

static struct json *rule_ids(struct arena *a, const struct verdict *v, bool suspended)
{
    struct json *list = json_new(a, JSON_ARRAY);
    for (size_t i = 0; i < v->n_fired; i++)
        if (v->fired[i].suspended == suspended)
            push_str(a, list, str_of(v->fired[i].rule->id));
    return list;
}

static struct json *hold_json(struct arena *a, const struct verdict *v)
{
    struct json *hold = json_new(a, JSON_OBJECT), *kinds = json_new(a, JSON_ARRAY);
    for (size_t i = 0; i < v->n_fired; i++)
        if (!v->fired[i].suspended && v->fired[i].rule->hold != HOLD_NONE)
            push_str(a, kinds, str_of(policy_hold_names[v->fired[i].rule->hold]));
    json_set(a, hold, STR("kinds"), kinds);
    if (v->held)
        json_set(a, hold, STR("until"), json_new_str(a, time_format(a, v->hold_until)));
    return kinds->n > 0 ? hold : NULL;
}

struct json *verdict_to_json(struct op *op, const struct verdict *v)
{
    struct arena *a = op->arena;
    struct json *o = json_new(a, JSON_OBJECT), *why = json_new(a, JSON_ARRAY);
    struct json *obligations = json_new(a, JSON_ARRAY), *missing = json_new(a, JSON_ARRAY);
    for (size_t i = 0; i < v->n_obligations; i++)
        push_str(a, obligations, v->obligations[i]);
    for (size_t i = 0; i < v->n_fired; i++)
        if (!v->fired[i].suspended)
            push_str(a, why, v->fired[i].why);
    for (size_t i = 0; i < v->n_missing; i++)
        push_str(a, missing, fact_name(v->missing[i]));
    json_set_str(a, o, STR("decision"), decision_name(v->decision));
    json_set(a, o, STR("fired"), rule_ids(a, v, false));
    json_set(a, o, STR("obligations"), obligations);
    json_set(a, o, STR("why"), why);
    json_set(a, o, STR("missing"), missing);
    struct json *hold = hold_json(a, v);
    if (hold)
        json_set(a, o, STR("hold"), hold);
    if (v->emergency)
        json_set(a, o, STR("suspended"), rule_ids(a, v, true));
    return o;
}
