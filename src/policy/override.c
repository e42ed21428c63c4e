/* A tenant's changes to the catalogue, under the override law of each rule: a legal floor never
 * moves, a stricter_only row moves only in the direction shown to be stricter, a yes row needs a
 * named approver and a reason. It does not store anything. Invariant: a book that came out of here
 * is nowhere looser than the law of its rows allows. */
#include "policy/policy_int.h"

struct change { /* one rule's override while it is applied */
    const struct rule *rule;
    const struct rule_place *place;
    struct value *params;        /* of the new book */
    const struct json **written; /* JSON of each changed parameter, NULL = default */
};

static bool is_stricter(enum direction way, const struct value *old, const struct value *new)
{
    const struct value *small = way == DIRECTION_SUBSET ? new : old;
    const struct value *large = way == DIRECTION_SUBSET ? old : new;
    switch (way) {
    case DIRECTION_LOWER:
        return value_compare(OP_LE, new, old) == TRI_YES;
    case DIRECTION_HIGHER:
        return value_compare(OP_GE, new, old) == TRI_YES;
    case DIRECTION_SUBSET:
    case DIRECTION_SUPERSET:
        return value_compare(OP_SUBSET, small, large) == TRI_YES;
    case DIRECTION_NONE:
        break;
    }
    return false;
}

static err apply_param(struct op *op, struct change *c, const struct json_member *m)
{
    for (size_t i = c->place->param; i < (size_t)c->place->param + c->place->param_n; i++) {
        if (!str_eq(str_of(policy_params[i].name), m->name))
            continue;
        struct value v = value_from_json(op->arena, &m->value);
        if (v.kind != c->params[i].kind)
            return fail(op, ERR_INVALID, "%s: parameter %s needs the same kind of value as now",
                        c->rule->id, policy_params[i].name);
        if (c->rule->override == OVERRIDE_STRICTER_ONLY &&
            !is_stricter(policy_params[i].stricter, &c->params[i], &v))
            return fail(op, ERR_INVALID, "%s: parameter %s may only be made stricter", c->rule->id,
                        policy_params[i].name);
        c->params[i] = v;
        c->written[i] = &m->value;
        return OK;
    }
    str shown = str_sub(m->name, 0, 64);
    return fail(op, ERR_INVALID, "%s has no parameter \"%.*s\"", c->rule->id, STR_ARG(shown));
}

/* Law of the row, whatever the values are. */
static err check_law(struct op *op, const struct rule *rule, const struct json *change)
{
    for (uint32_t i = 0; i < change->n; i++) {
        str name = change->u.members[i].name;
        if (!str_eq(name, STR("params")) && !str_eq(name, STR("enabled")) &&
            !str_eq(name, STR("reason")) && !str_eq(name, STR("approver")))
            return fail(op, ERR_INVALID, "%s: a change holds params, enabled, reason, approver",
                        rule->id);
    }
    if (rule->override == OVERRIDE_NO)
        return fail(op, ERR_INVALID, "%s is a legal floor: nobody may change it", rule->id);
    bool signed_off = !str_empty(str_trim(json_get_str(change, STR("reason")))) &&
                      !str_empty(str_trim(json_get_str(change, STR("approver"))));
    if (rule->override == OVERRIDE_YES && !signed_off)
        return fail(op, ERR_INVALID, "%s: a change needs a reason and a named approver", rule->id);
    bool enabled = json_bool(JSON_GET(change, "enabled"), true);
    if (rule->override == OVERRIDE_STRICTER_ONLY && !enabled)
        return fail(op, ERR_INVALID, "%s may be made stricter, not switched off", rule->id);
    return OK;
}

static err apply_rule(struct op *op, struct rulebook *book, struct change *c,
                      const struct json *change)
{
    TRY(check_law(op, c->rule, change));
    const struct json *params = JSON_GET(change, "params");
    if (params && !json_is(params, JSON_OBJECT))
        return fail(op, ERR_INVALID, "%s: params is an object", c->rule->id);
    err result = OK;
    for (uint32_t i = 0; params && i < params->n; i++)
        if (apply_param(op, c, &params->u.members[i]) != OK)
            result = ERR_INVALID;
    size_t at = (size_t)(c->rule - policy_rules);
    if (!json_bool(JSON_GET(change, "enabled"), true))
        book->disabled[at / 64] |= UINT64_C(1) << (at % 64);
    return result;
}

static const struct json *param_now(struct op *op, const struct json *const *written, size_t i)
{
    struct json *j = NULL;
    if (written[i])
        return written[i];
    if (json_read(op, str_of(policy_params[i].json), &JSON_LIMITS_DEFAULT, &j) != OK)
        return NULL;
    return j;
}

/* The sentence with the parameters in force, and the parameters as JSON. */
static void render(struct op *op, const struct json *const *written, size_t rule, str *ret_why,
                   str *ret_params)
{
    const struct rule_place *place = &policy_places[rule];
    struct json *params = json_new(op->arena, JSON_OBJECT);
    struct buf why, text;
    buf_init(&why, op->arena, 4096);
    buf_init(&text, op->arena, 1u << 16);
    for (size_t i = 0; i < place->param_n; i++) {
        const struct json *now = param_now(op, written, place->param + i);
        if (now)
            json_set(op->arena, params, str_of(policy_params[place->param + i].name), now);
    }
    json_write(&text, params);
    policy_why_fill(&why, str_of(place->why), params);
    *ret_why = buf_str(&why);
    *ret_params = buf_str(&text);
}

static err apply_all(struct op *op, struct rulebook *book, struct value *params,
                     const struct json **written, const struct json *overrides)
{
    err result = OK;
    for (uint32_t i = 0; i < overrides->n; i++) {
        const struct json_member *m = &overrides->u.members[i];
        const struct rule *rule = policy_rule_find(m->name);
        if (!rule || !json_is(&m->value, JSON_OBJECT)) {
            str shown = str_sub(m->name, 0, 64);
            result = fail(op, ERR_INVALID,
                          rule ? "%.*s: the change is an object" : "there is no rule \"%.*s\"",
                          STR_ARG(shown));
            continue;
        }
        struct change c = {rule, &policy_places[rule - policy_rules], params, written};
        if (apply_rule(op, book, &c, &m->value) != OK)
            result = ERR_INVALID;
    }
    return result;
}

err rulebook_new(struct op *op, const struct json *overrides, struct rulebook **ret)
{
    if (overrides && !json_is(overrides, JSON_OBJECT))
        return fail(op, ERR_INVALID, "overrides are one JSON object of rule ids and changes");
    struct rulebook *book = ARENA_NEW(op->arena, struct rulebook);
    struct value *params = ARENA_ARRAY(op->arena, struct value, policy_param_count);
    const struct json **written = ARENA_ARRAY(op->arena, const struct json *, policy_param_count);
    str *why = ARENA_ARRAY(op->arena, str, RULE_COUNT);
    str *texts = ARENA_ARRAY(op->arena, str, RULE_COUNT);
    TRY(op_check(op));
    memcpy(params, policy_param_defaults, policy_param_count * sizeof *params);
    book->params = params;
    if (overrides)
        TRY(apply_all(op, book, params, written, overrides));
    for (size_t i = 0; i < RULE_COUNT; i++)
        render(op, written, i, &why[i], &texts[i]);
    book->why = why;
    book->params_json = texts;
    TRY(op_check(op));
    *ret = book;
    return OK;
}
