/* Facts: what is known about one question, by number. It does not gather anything. Invariant: a
 * fact holds a value of its own kind or is unknown; setting another kind leaves it unknown, which
 * can only make a decision stricter. */
#include "policy/policy_int.h"

#include <math.h>

struct facts *facts_new(struct op *op)
{
    struct facts *f = ARENA_NEW(op->arena, struct facts);
    if (!f)
        (void)op_check(op);
    return f;
}

void facts_clear(struct facts *f)
{
    if (f)
        memset(f, 0, sizeof *f);
}

static void set(struct facts *f, enum fact id, struct value v)
{
    if (!f || (unsigned)id >= FACT_COUNT)
        return;
    bool fits = policy_facts[id].kind == (enum value_kind)v.kind;
    f->at[id] = fits ? v : (struct value){.kind = VALUE_NONE};
}

void facts_set_bool(struct facts *f, enum fact id, bool v)
{
    set(f, id, (struct value){.kind = VALUE_BOOL, .u.b = v});
}

void facts_set_num(struct facts *f, enum fact id, double v)
{
    if (isfinite(v))
        set(f, id, (struct value){.kind = VALUE_NUM, .u.num = v});
    else
        facts_unset(f, id);
}

void facts_set_str(struct facts *f, enum fact id, str v)
{
    if (v.p && v.n <= UINT32_MAX)
        set(f, id, (struct value){.kind = VALUE_STR, .n = (uint32_t)v.n, .u.s = v.p});
    else
        facts_unset(f, id);
}

void facts_set_list(struct facts *f, enum fact id, const str *items, size_t n)
{
    if (n <= UINT32_MAX && (items || n == 0))
        set(f, id, (struct value){.kind = VALUE_LIST, .n = (uint32_t)n, .u.items = items});
    else
        facts_unset(f, id);
}

void facts_unset(struct facts *f, enum fact id)
{
    if (f && (unsigned)id < FACT_COUNT)
        f->at[id] = (struct value){.kind = VALUE_NONE};
}

bool facts_known(const struct facts *f, enum fact id)
{
    return f && (unsigned)id < FACT_COUNT && f->at[id].kind != VALUE_NONE;
}

str fact_name(enum fact id)
{
    return (unsigned)id < FACT_COUNT ? str_of(policy_facts[id].name) : STR("");
}

bool fact_parse(str name, enum fact *ret)
{
    size_t lo = 0, hi = FACT_COUNT;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        int order = str_cmp(name, str_of(policy_facts[mid].name));
        if (order == 0) {
            *ret = (enum fact)mid;
            return true;
        }
        if (order < 0)
            hi = mid;
        else
            lo = mid + 1;
    }
    return false;
}

static struct value list_from_json(struct arena *a, const struct json *j)
{
    str *items = ARENA_ARRAY(a, str, j->n);
    for (uint32_t i = 0; items && i < j->n; i++) {
        if (!json_is(&j->u.items[i], JSON_STRING))
            return (struct value){.kind = VALUE_NONE};
        items[i] = j->u.items[i].u.s;
    }
    return items ? (struct value){.kind = VALUE_LIST, .n = j->n, .u.items = items}
                 : (struct value){.kind = VALUE_NONE};
}

struct value value_from_json(struct arena *a, const struct json *j)
{
    struct value v = {.kind = VALUE_NONE};
    double num;
    if (json_is(j, JSON_TRUE) || json_is(j, JSON_FALSE))
        v = (struct value){.kind = VALUE_BOOL, .u.b = json_is(j, JSON_TRUE)};
    else if (json_is(j, JSON_NUMBER) && json_double(j, &num))
        v = (struct value){.kind = VALUE_NUM, .u.num = num};
    else if (json_is(j, JSON_STRING) && j->u.s.n <= UINT32_MAX)
        v = (struct value){.kind = VALUE_STR, .n = (uint32_t)j->u.s.n, .u.s = j->u.s.p};
    else if (json_is(j, JSON_ARRAY))
        v = list_from_json(a, j);
    return v;
}

static const char *const kind_words[] = {"", "true or false", "a number", "a string",
                                         "a list of strings"};

err facts_from_json(struct op *op, const struct json *o, struct facts **ret)
{
    if (!json_is(o, JSON_OBJECT))
        return fail(op, ERR_INVALID, "facts are one JSON object of names and values");
    struct facts *f = facts_new(op);
    if (!f)
        return op_check(op);
    bool good = true;
    for (uint32_t i = 0; i < o->n; i++) {
        const struct json_member *m = &o->u.members[i];
        enum fact id;
        if (!fact_parse(m->name, &id)) {
            str shown = str_sub(m->name, 0, 64);
            (void)fail(op, ERR_INVALID, "no rule knows a fact named \"%.*s\"", STR_ARG(shown));
            good = false;
            continue;
        }
        if (json_is(&m->value, JSON_NULL))
            continue;
        struct value v = value_from_json(op->arena, &m->value);
        if ((enum value_kind)v.kind != policy_facts[id].kind) {
            (void)fail(op, ERR_INVALID, "fact \"%s\" must be %s", policy_facts[id].name,
                       kind_words[policy_facts[id].kind]);
            good = false;
        }
        f->at[id] = v;
    }
    if (!good)
        return ERR_INVALID;
    TRY(op_check(op));
    *ret = f;
    return OK;
}

static struct json value_to_json(struct arena *a, const struct value *v)
{
    if (v->kind == VALUE_BOOL)
        return (struct json){.type = v->u.b ? JSON_TRUE : JSON_FALSE};
    bool whole = v->kind == VALUE_NUM && v->u.num > -1e9 && v->u.num < 1e9 &&
                 v->u.num == (double)(int)v->u.num;
    if (whole)
        return (struct json){.type = JSON_NUMBER, .u.s = arena_printf(a, "%d", (int)v->u.num)};
    if (v->kind == VALUE_NUM) /* 15 digits keep every count and minute as written */
        return (struct json){.type = JSON_NUMBER, .u.s = arena_printf(a, "%.15g", v->u.num)};
    if (v->kind == VALUE_STR)
        return (struct json){.type = JSON_STRING, .u.s = str_make(v->u.s, v->n)};
    struct json list = {.type = JSON_ARRAY};
    for (size_t i = 0; i < v->n; i++)
        json_push(a, &list, json_new_str(a, v->u.items[i]));
    return list;
}

/* Each name stands once, so there is nothing to look for: every decision has some hundred. */
struct json *facts_to_json(struct op *op, const struct facts *f)
{
    struct json *o = json_new(op->arena, JSON_OBJECT);
    size_t n = 0;
    for (size_t i = 0; f && i < FACT_COUNT; i++)
        n += f->at[i].kind != VALUE_NONE;
    struct json_member *at = n ? arena_alloc(op->arena, n * sizeof *at) : NULL;
    if (!at)
        return o;
    for (size_t i = 0, k = 0; i < FACT_COUNT; i++)
        if (f->at[i].kind != VALUE_NONE)
            at[k++] = (struct json_member){.name = str_of(policy_facts[i].name),
                                           .value = value_to_json(op->arena, &f->at[i])};
    o->u.members = at;
    o->n = (uint32_t)n;
    return o;
}
