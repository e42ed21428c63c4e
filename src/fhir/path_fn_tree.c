/* FHIRPath functions over the tree and about types: navigation, iif, clock and what FHIR R4 adds
 * (extension, resolve, hasValue, getValue; https://hl7.org/fhir/R4/fhirpath.html).
 * resolve() does no I/O of its own: it gives the contained resource, the entry of the Bundle about
 * it, what the surroundings resolve, or for search keys a stub of type and id. Invariant: the clock
 * is op->now. */
#include "fhir/keys_int.h"
#include "fhir/path_int.h"

static err fn_children(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    for (size_t i = 0; i < c->input->n; i++)
        TRY(path_children(r, &c->input->at[i], NULL, ret));
    return OK;
}

static err fn_descendants(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    TRY(fn_children(r, c, ret));
    for (size_t i = 0; i < ret->n; i++) {
        struct path_item item = ret->at[i];
        TRY(path_children(r, &item, NULL, ret));
    }
    return OK;
}

static err fn_iif(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    struct path_list test = {0};
    enum tri t;
    if (c->input->n > 1)
        return path_fault(r, c->node, "iif() goes after one item");
    TRY(path_arg_all(r, c, 0, &test));
    if (test.n == 1 && path_value_of(&test.at[0]).kind != V_BOOL)
        return path_fault(r, c->node, "the criterion of iif() is a boolean");
    TRY(path_truth(r, c->node, &test, &t));
    if (t == TRI_TRUE)
        return path_arg_all(r, c, 1, ret);
    return c->node->n_args == 3 ? path_arg_all(r, c, 2, ret) : OK;
}

/* Without a value, the input; a name can be given once. */
static err fn_define(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    struct path_value name;
    struct path_var *var = ARENA_NEW(r->op->arena, struct path_var);
    TRY(op_check(r->op));
    TRY(path_arg_value(r, c, 0, V_STRING, &name));
    if (name.kind != V_STRING || path_var_given(r, name.s) || path_var_find(c->scope, name.s))
        return path_fault(r, c->node, "defineVariable() wants a name that is not taken");
    if (c->node->n_args == 2)
        TRY(path_arg_all(r, c, 1, &var->value));
    else
        TRY(path_push_all(r, &var->value, c->input));
    var->name = name.s;
    var->next = c->scope->frame->vars;
    c->scope->frame->vars = var;
    return path_push_all(r, ret, c->input);
}

/* The value goes nowhere: a library room does not log. */
static err fn_trace(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    return path_push_all(r, ret, c->input);
}

static err push_clock(struct path_run *r, enum path_kind kind, struct path_list *ret)
{
    char text[24];
    struct path_time t;
    time_format_to(text, r->op->now);
    str all = str_make(text, 24);
    str part = kind == V_DATE ? str_sub(all, 0, 10) : kind == V_TIME ? str_sub(all, 11, 23) : all;
    if (!moment_parse(part, kind, &t))
        return OK;
    uint16_t type = kind == V_DATE ? SYS_DATE : kind == V_TIME ? SYS_TIME : SYS_DATETIME;
    return path_push(r, ret, path_moment(r, &t, type));
}

static err fn_now(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    (void)c;
    return push_clock(r, V_DATETIME, ret);
}

static err fn_today(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    (void)c;
    return push_clock(r, V_DATE, ret);
}

static err fn_time_of_day(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    (void)c;
    return push_clock(r, V_TIME, ret);
}

static str base_type(struct arena *a, uint16_t type)
{
    if (type >= SYS_BOOLEAN || fhir_models[type].base == 0)
        return STR("System.Any");
    return arena_cat(a, STR("FHIR."), fhir_word(fhir_models[fhir_models[type].base].name));
}

static err fn_type(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    struct arena *a = r->op->arena;
    for (size_t i = 0; i < c->input->n; i++) {
        str name = fhir_path_type_name(c->input->at[i].type);
        bool system = str_starts(name, STR("System."));
        struct json *info = json_new(a, JSON_OBJECT);
        json_set_str(a, info, STR("namespace"), system ? STR("System") : STR("FHIR"));
        json_set_str(a, info, STR("name"), system ? str_sub(name, 7, name.n) : name);
        json_set_str(a, info, STR("baseType"), base_type(a, c->input->at[i].type));
        TRY(path_push(r, ret, (struct path_item){.v = info, .type = SYS_CLASS_INFO}));
    }
    return OK;
}

static err push_extensions(struct path_run *r, struct json *holder, str url, struct path_list *ret)
{
    struct json *all = JSON_GET(holder, "extension"), *e;
    for (size_t i = 0; (e = json_at(all, i)); i++) {
        TRY(path_step(r, 1));
        if (str_eq(json_str(JSON_GET(e, "url")), url))
            TRY(path_push(r, ret, (struct path_item){.v = e, .type = FHIR_EXTENSION}));
    }
    return OK;
}

static err fn_extension(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    struct path_value url;
    TRY(path_arg_value(r, c, 0, V_STRING, &url));
    for (size_t i = 0; i < c->input->n && url.kind == V_STRING; i++) {
        TRY(push_extensions(r, c->input->at[i].v, url.s, ret));
        TRY(push_extensions(r, c->input->at[i].ext, url.s, ret));
    }
    return OK;
}

static struct json *contained(struct json *resource, str id)
{
    struct json *all = JSON_GET(resource, "contained"), *one;
    for (size_t i = 0; (one = json_at(all, i)); i++)
        if (str_eq(json_str(JSON_GET(one, "id")), id))
            return one;
    return id.n == 0 ? resource : NULL;
}

/* What a reference says of its target: type and id. */
static err push_stub(struct path_run *r, const struct path_item *item, const struct fhir_ref *ref,
                     struct path_list *ret)
{
    struct arena *a = r->op->arena;
    bool text = item->v && item->v->type == JSON_STRING;
    fhir_type type = text ? ref->type : ref_target(r->resource.v, item->v);
    if (type == 0)
        return OK;
    struct json *stub = json_new(a, JSON_OBJECT);
    json_set_str(a, stub, STR("resourceType"), fhir_type_name(type));
    if (ref->id.n)
        json_set_str(a, stub, STR("id"), ref->id);
    return path_push(r, ret, (struct path_item){.v = stub, .type = type});
}

/* The entry of a Bundle that a reference means: by its fullUrl, or its end (R4 bundle.html). */
static err bundled(struct path_run *r, const struct json *bundle, str reference, struct json **ret)
{
    struct json *all = JSON_GET(bundle, "entry"), *entry;
    if (fhir_type_of(bundle) != FHIR_BUNDLE)
        return OK;
    for (size_t i = 0; !*ret && (entry = json_at(all, i)); i++) {
        str url = json_get_str(entry, STR("fullUrl"));
        bool end = url.n > reference.n && str_ends(url, reference) &&
                   url.p[url.n - reference.n - 1] == '/';
        TRY(path_step(r, 1));
        if (reference.n && (str_eq(url, reference) || end))
            *ret = JSON_GET(entry, "resource");
    }
    return OK;
}

static err resolve_one(struct path_run *r, const struct path_item *item, struct path_list *ret)
{
    bool text = item->v && item->v->type == JSON_STRING;
    struct fhir_ref ref =
        fhir_ref_parse(text ? item->v->u.s : json_str(JSON_GET(item->v, "reference")));
    struct json *found = NULL;
    if (ref.kind == REF_CONTAINED) {
        found = contained(r->resource.v, ref.id);
        found = found ? found : contained(r->root.v, ref.id);
    } else {
        TRY(bundled(r, r->root.v, ref.text, &found));
    }
    if (!found && r->env->resolve && ref.kind != REF_CONTAINED && ref.kind != REF_NONE) {
        TRY(path_step(r, 1000));
        TRY(r->env->resolve(r->op, r->env->ctx, ref.text, &found));
    }
    if (found)
        return path_push(r, ret, (struct path_item){.v = found, .type = fhir_type_of(found)});
    return r->stubs && ref.kind != REF_CONTAINED ? push_stub(r, item, &ref, ret) : OK;
}

static err fn_resolve(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    for (size_t i = 0; i < c->input->n; i++)
        TRY(resolve_one(r, &c->input->at[i], ret));
    return OK;
}

static bool has_value(const struct path_list *l)
{
    return l->n == 1 && l->at[0].v && path_value_of(&l->at[0]).kind != V_OTHER &&
           l->at[0].v->type != JSON_OBJECT;
}

static err fn_has_value(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    return path_push_bool(r, ret, has_value(c->input));
}

static err fn_get_value(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    return has_value(c->input) ? path_push(r, ret, c->input->at[0]) : OK;
}

/* Of txt-1 and txt-2: is the narrative XHTML as FHIR allows it, and has it something to show? */
static err fn_html_checks(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    bool ok = true;
    for (size_t i = 0; i < c->input->n; i++) {
        struct path_value v = path_value_of(&c->input->at[i]);
        TRY(path_step(r, 1 + v.s.n / 16));
        ok &= v.kind == V_STRING && fhir_xhtml_fault(v.s) == NULL;
    }
    return c->input->n ? path_push_bool(r, ret, ok) : OK;
}

const struct path_fn path_fns_tree[] = {
    {"children", 0, 0, false, fn_children},
    {"descendants", 0, 0, false, fn_descendants},
    {"iif", 2, 3, false, fn_iif},
    {"defineVariable", 1, 2, false, fn_define},
    {"trace", 1, 2, false, fn_trace},
    {"now", 0, 0, false, fn_now},
    {"today", 0, 0, false, fn_today},
    {"timeOfDay", 0, 0, false, fn_time_of_day},
    {"type", 0, 0, false, fn_type},
    {"extension", 1, 1, false, fn_extension},
    {"resolve", 0, 0, false, fn_resolve},
    {"hasValue", 0, 0, false, fn_has_value},
    {"getValue", 0, 0, false, fn_get_value},
    {"htmlChecks", 0, 0, false, fn_html_checks},
    {0},
};

const struct path_fn *path_fn_find(str name)
{
    const struct path_fn *const tables[] = {
        path_fns_set,   path_fns_tree,  path_fns_text, path_fns_math, path_fns_convert,
        path_fns_terms, path_fns_bound, path_fns_code, path_fns_sort, path_fns_define};
    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++)
        for (const struct path_fn *f = tables[t]; f->name; f++)
            if (str_eq(name, str_of(f->name)))
                return f;
    return NULL;
}
