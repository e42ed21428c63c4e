/* Evaluation of a compiled FHIRPath tree. Functions and operators are tables elsewhere.
 * Invariant: the recursion is as deep as the tree (PATH_DEPTH_MAX); steps and items are counted. */
#include "fhir/path_int.h"

#define LOOK_EVERY 1024

err path_step(struct path_run *r, uint64_t n)
{
    r->steps += n;
    if (r->steps > PATH_STEPS_MAX)
        return fail(r->op, ERR_TOO_COSTLY, "the FHIRPath expression takes more than %u steps",
                    PATH_STEPS_MAX);
    if (r->steps >= r->look) {
        r->look = r->steps + LOOK_EVERY;
        if (arena_used(r->op->arena) > r->used + PATH_BYTES_MAX)
            return fail(r->op, ERR_TOO_COSTLY, "the FHIRPath expression takes more than %u MB",
                        PATH_BYTES_MAX >> 20);
    }
    return arena_failed(r->op->arena) ? op_check(r->op) : OK;
}

err path_push(struct path_run *r, struct path_list *l, struct path_item item)
{
    if (l->n >= PATH_ITEMS_MAX)
        return fail(r->op, ERR_TOO_COSTLY, "the FHIRPath expression makes too many items");
    VEC_PUSH(r->op->arena, l, item);
    return path_step(r, 1);
}

err path_push_all(struct path_run *r, struct path_list *l, const struct path_list *more)
{
    for (size_t i = 0; i < more->n; i++)
        TRY(path_push(r, l, more->at[i]));
    return OK;
}

void path_fault_tell(struct path_run *r, const struct path_node *n, const char *what)
{
    (void)!fail(r->op, ERR_INVALID, "FHIRPath, position %u: %s", n->at + 1, what);
}

static err eval_name(struct path_run *r, const struct path_node *n, const struct path_scope *s,
                     struct path_list *ret)
{
    const struct path_list *in = s->input;
    for (size_t i = 0; i < in->n; i++) {
        bool names_type = n->first && n->fhir && in->at[i].type < SYS_BOOLEAN &&
                          fhir_is_a(in->at[i].type, n->fhir);
        if (names_type)
            TRY(path_push(r, ret, in->at[i]));
        else
            TRY(path_children(r, &in->at[i], n, ret));
    }
    return OK;
}

static err eval_dot(struct path_run *r, const struct path_node *n, const struct path_scope *s,
                    struct path_list *ret)
{
    struct path_list left = {0};
    TRY(path_eval(r, n->a, s, &left));
    struct path_scope inner = *s;
    inner.input = &left;
    return path_eval(r, n->b, &inner, ret);
}

static err eval_at(struct path_run *r, const struct path_node *n, const struct path_scope *s,
                   struct path_list *ret)
{
    struct path_list left = {0}, at = {0};
    int64_t i;
    TRY(path_eval(r, n->a, s, &left));
    struct path_frame own = {.up = s->frame};
    struct path_scope fresh = *s;
    fresh.input = s->context;
    fresh.frame = &own;
    TRY(path_eval(r, n->b, &fresh, &at));
    if (at.n == 0)
        return OK;
    struct path_value v = path_value_of(&at.at[0]);
    if (at.n > 1 || v.kind != V_NUMBER || !v.d.whole || !dec_i64(v.d, &i))
        return path_fault(r, n, "an index is one whole number");
    return i >= 0 && (uint64_t)i < left.n ? path_push(r, ret, left.at[i]) : OK;
}

static err eval_minus(struct path_run *r, const struct path_node *n, const struct path_scope *s,
                      struct path_list *ret)
{
    struct path_list in = {0};
    TRY(path_eval(r, n->a, s, &in));
    if (in.n == 0 || n->op == OP_ADD)
        return path_push_all(r, ret, &in);
    struct path_value v = path_value_of(&in.at[0]);
    if (in.n > 1 || (v.kind != V_NUMBER && v.kind != V_QUANTITY))
        return path_fault(r, n, "'-' goes before one number or quantity");
    v.d.m = -v.d.m;
    return path_push(r, ret, v.kind == V_NUMBER ? path_number(r, v.d) : path_quantity(r, v.d, v.s));
}

static err push_var(struct path_run *r, const struct fhir_path_var *var, struct path_list *ret)
{
    static const uint16_t scalars[] = {[JSON_FALSE] = SYS_BOOLEAN,
                                       [JSON_TRUE] = SYS_BOOLEAN,
                                       [JSON_NUMBER] = SYS_DECIMAL,
                                       [JSON_STRING] = SYS_STRING};
    struct path_item item = path_item_of(var->value);
    if (var->type)
        item.type = var->type;
    else if (item.type == 0 && var->value->type <= JSON_STRING)
        item.type = scalars[var->value->type];
    return path_push(r, ret, item);
}

const struct path_var *path_var_find(const struct path_scope *s, str name)
{
    for (const struct path_frame *f = s->frame; f; f = f->up)
        for (const struct path_var *v = f->vars; v; v = v->next)
            if (str_eq(v->name, name))
                return v;
    return NULL;
}

static const struct {
    const char *name, *text;
} constants[] = {
    {"ucum", "http://unitsofmeasure.org"},
    {"sct", "http://snomed.info/sct"},
    {"loinc", "http://loinc.org"},
};

/* %`vs-name` and %`ext-name`: the address that the rest of the name is added to, or NULL. */
static const char *address(str name)
{
    return str_starts(name, STR("vs-"))    ? "http://hl7.org/fhir/ValueSet/"
           : str_starts(name, STR("ext-")) ? "http://hl7.org/fhir/StructureDefinition/"
                                           : NULL;
}

static const struct path_item *node_var(const struct path_run *r, str name)
{
    return str_eq(name, STR("context"))        ? &r->context
           : str_eq(name, STR("resource"))     ? &r->resource
           : str_eq(name, STR("rootResource")) ? &r->root
                                               : NULL;
}

static size_t constant_find(str name)
{
    size_t i = 0;
    while (i < sizeof constants / sizeof *constants && !str_eq(name, str_of(constants[i].name)))
        i++;
    return i;
}

static const struct fhir_path_var *env_var(const struct path_run *r, str name)
{
    for (size_t i = 0; i < r->env->n_vars; i++)
        if (str_eq(name, r->env->vars[i].name))
            return &r->env->vars[i];
    return NULL;
}

bool path_var_given(const struct path_run *r, str name)
{
    return node_var(r, name) || env_var(r, name) || address(name) ||
           constant_find(name) < sizeof constants / sizeof *constants;
}

static err eval_var(struct path_run *r, const struct path_node *n, const struct path_scope *s,
                    struct path_list *ret)
{
    str name = n->text;
    const struct path_var *var = path_var_find(s, name);
    const struct path_item *node = node_var(r, name);
    const struct fhir_path_var *given = env_var(r, name);
    const char *base = address(name);
    size_t i = constant_find(name);
    if (var)
        return path_push_all(r, ret, &var->value);
    if (node)
        return path_push(r, ret, *node);
    if (given)
        return given->value ? push_var(r, given, ret) : OK;
    if (i < sizeof constants / sizeof *constants)
        return path_push(r, ret, path_string(r, str_of(constants[i].text)));
    if (!base)
        return path_fault(r, n, "no such variable");
    str rest = str_sub(name, str_find_char(name, '-', 0) + 1, name.n);
    return path_push(r, ret, path_string(r, arena_cat(r->op->arena, str_of(base), rest)));
}

/* and, or, xor, implies need their right side only sometimes, but never as a matter of meaning. */
static err eval_op(struct path_run *r, const struct path_node *n, const struct path_scope *s,
                   struct path_list *ret)
{
    struct path_list a = {0}, b = {0};
    struct path_frame own = {.up = s->frame};
    struct path_scope fresh = *s;
    fresh.input = s->context;
    fresh.frame = &own;
    TRY(path_eval(r, n->a, &fresh, &a));
    if (n->op == OP_IS) {
        if (a.n > 1)
            return path_fault(r, n, "'is' goes after one item");
        return a.n ? path_push_bool(r, ret, path_type_is(a.at[0].type, n->b)) : OK;
    }
    if (n->op == OP_AS) {
        for (size_t i = 0; i < a.n; i++)
            if (path_type_is(a.at[i].type, n->b))
                TRY(path_push(r, ret, a.at[i]));
        return OK;
    }
    own.vars = NULL;
    TRY(path_eval(r, n->b, &fresh, &b));
    return path_operate(r, n, &a, &b, ret);
}

/* Functions and operators look at what they have put out so far, so each gets a list of its own. */
static err eval_apart(struct path_run *r, const struct path_node *n, const struct path_scope *s,
                      struct path_list *ret)
{
    struct path_call call = {.node = n, .scope = s, .input = s->input};
    struct path_list own = {0};
    struct path_list *out = ret->n ? &own : ret;
    TRY(n->kind == N_CALL ? n->fn->run(r, &call, out) : eval_op(r, n, s, out));
    return path_push_all(r, ret, &own);
}

err path_eval(struct path_run *r, const struct path_node *n, const struct path_scope *s,
              struct path_list *ret)
{
    TRY(path_step(r, 1));
    switch ((enum path_node_kind)n->kind) {
    case N_LITERAL:
        return path_push(r, ret, n->literal);
    case N_NAME:
        return eval_name(r, n, s, ret);
    case N_THIS:
        return path_push_all(r, ret, s->input);
    case N_INDEX:
        return s->index < 0 ? OK : path_push(r, ret, path_int(r, s->index));
    case N_TOTAL:
        return s->total ? path_push_all(r, ret, s->total) : OK;
    case N_VAR:
        return eval_var(r, n, s, ret);
    case N_DOT:
        return eval_dot(r, n, s, ret);
    case N_CALL:
    case N_OP:
        return eval_apart(r, n, s, ret);
    case N_AT:
        return eval_at(r, n, s, ret);
    case N_MINUS:
        return eval_minus(r, n, s, ret);
    case N_EMPTY:
    case N_TYPE:
        break;
    }
    return OK;
}

/* ---- arguments ---- */

err path_arg(struct path_run *r, const struct path_call *c, size_t i, struct path_list *ret)
{
    struct path_frame own = {.up = c->scope->frame};
    struct path_scope fresh = *c->scope;
    fresh.input = c->scope->context;
    fresh.frame = &own;
    return path_eval(r, c->node->args[i], &fresh, ret);
}

err path_arg_all(struct path_run *r, const struct path_call *c, size_t i, struct path_list *ret)
{
    struct path_frame own = {.up = c->scope->frame};
    struct path_scope inner = *c->scope;
    inner.input = inner.context = c->input;
    inner.frame = &own;
    return path_eval(r, c->node->args[i], &inner, ret);
}

err path_node_each(struct path_run *r, const struct path_call *c, const struct path_node *n,
                   size_t item, struct path_list *ret)
{
    struct path_list one = {.at = &c->input->at[item], .n = 1, .cap = 1};
    struct path_frame own = {.up = c->scope->frame};
    struct path_scope inner = {.frame = &own,
                               .input = &one,
                               .context = &one,
                               .index = (int64_t)item,
                               .total = c->scope->total};
    return path_eval(r, n, &inner, ret);
}

err path_arg_each(struct path_run *r, const struct path_call *c, size_t i, size_t item,
                  struct path_list *ret)
{
    return path_node_each(r, c, c->node->args[i], item, ret);
}

err path_arg_value(struct path_run *r, const struct path_call *c, size_t i, enum path_kind kind,
                   struct path_value *ret)
{
    struct path_list list = {0};
    *ret = (struct path_value){.kind = V_OTHER};
    TRY(path_arg(r, c, i, &list));
    if (list.n == 0)
        return OK;
    struct path_value v = path_value_of(&list.at[0]);
    if (list.n > 1 || v.kind != kind)
        return path_fault(r, c->node, "an argument is not one value of the right type");
    *ret = v;
    return OK;
}

/* ---- doors ---- */

static const struct fhir_path_env nothing;

static err run(struct path_run *r, const struct fhir_path *p, struct path_item focus,
               struct path_list *ret)
{
    struct path_list start = {.at = &focus, .n = 1, .cap = 1}, out = {0};
    struct path_frame frame = {0};
    struct path_scope s = {.frame = &frame, .input = &start, .context = &start, .index = -1};
    r->context = focus;
    r->used = arena_used(r->op->arena);
    TRY(path_eval(r, p->root, &s, &out));
    TRY(op_check(r->op));
    *ret = out;
    return OK;
}

err path_find(struct op *op, const struct fhir_path *p, struct json *resource,
              struct path_item focus, struct path_list *ret)
{
    struct path_run r = {.op = op, .env = &nothing, .stubs = true};
    r.resource = r.root = path_item_of(resource);
    return run(&r, p, focus, ret);
}

static err run_env(struct op *op, const struct fhir_path *p, const struct fhir_path_env *env,
                   struct json *focus, struct path_list *ret)
{
    struct path_run r = {.op = op, .env = env ? env : &nothing};
    r.resource = path_item_of(r.env->resource ? r.env->resource : focus);
    r.root = r.env->root ? path_item_of(r.env->root) : r.resource;
    return run(&r, p, path_item_of(focus), ret);
}

err fhir_path_run(struct op *op, const struct fhir_path *p, const struct fhir_path_env *env,
                  struct json *focus, struct fhir_path_items *ret)
{
    struct path_list items = {0};
    TRY(run_env(op, p, env, focus, &items));
    struct json **at = ARENA_ARRAY(op->arena, struct json *, items.n + 1);
    uint16_t *types = ARENA_ARRAY(op->arena, uint16_t, items.n + 1);
    TRY(op_check(op));
    for (size_t i = 0; i < items.n; i++) {
        at[i] = items.at[i].v ? items.at[i].v : json_new(op->arena, JSON_NULL);
        types[i] = items.at[i].type;
    }
    TRY(op_check(op));
    *ret = (struct fhir_path_items){.at = at, .types = types, .n = items.n};
    return OK;
}

err fhir_path_eval(struct op *op, const struct fhir_path *p, struct json *focus,
                   struct fhir_path_items *ret)
{
    return fhir_path_run(op, p, NULL, focus, ret);
}

err fhir_path_bool(struct op *op, const struct fhir_path *p, struct json *focus, bool *ret)
{
    struct path_list items = {0};
    enum tri t;
    struct path_run r = {.op = op};
    TRY(run_env(op, p, NULL, focus, &items));
    TRY(path_truth(&r, p->root, &items, &t));
    *ret = t == TRI_TRUE;
    return OK;
}
