/* Parameters of an operation (http://hl7.org/fhir/R4/operations.html#request): in the address, a
 * form body, or a Parameters resource; primitive ones may come any way. Invariant: a parameter that
 * the operation does not have is refused by name, never dropped. */
#include "api/op_int.h"

struct taking {
    struct call *c;
    const char *allowed;
    VEC(struct op_param) v;
};

static bool allows(const char *allowed, str name)
{
    str list = str_of(allowed), one;
    while (str_take_until(&list, ' ', &one))
        if (str_eq(one, name) || str_eq(one, STR("*")))
            return true;
    return false;
}

static err take(struct taking *t, struct op_param p)
{
    struct op *op = &t->c->op;
    if (!p.name.n)
        return OK;
    if (!allows(t->allowed, p.name))
        return t->c->lenient
                   ? OK
                   : fail(op, ERR_INVALID,
                          "This operation has no parameter \"%.*s\"; it takes: %s.",
                          STR_ARG(str_sub(p.name, 0, 64)), t->allowed[0] ? t->allowed : "none");
    if (t->v.n >= OP_PARAMS_MAX)
        return fail(op, ERR_INVALID, "An operation takes at most %u parameters.", OP_PARAMS_MAX);
    VEC_PUSH(op->arena, &t->v, p);
    return op_check(op);
}

static err take_text(struct taking *t, str text)
{
    str pair;
    struct arena *a = t->c->op.arena;
    while (str_take_until(&text, '&', &pair)) {
        size_t eq = str_find_char(pair, '=', 0);
        struct op_param p = {.name = url_decode(a, str_sub(pair, 0, eq))};
        if (eq != SIZE_MAX)
            p.value = url_decode(a, str_sub(pair, eq + 1, SIZE_MAX));
        TRY(take(t, p));
    }
    return OK;
}

static str scalar(const struct json *v)
{
    if (v->type == JSON_TRUE || v->type == JSON_FALSE)
        return v->type == JSON_TRUE ? STR("true") : STR("false");
    return json_str(v);
}

static err take_resource(struct taking *t)
{
    struct json *body;
    struct call *c = t->c;
    TRY(fhir_read(&c->op, c->rq->body, fhir_type_parse(STR("Parameters")), &body));
    const struct json *all = JSON_GET(body, "parameter"), *part;
    for (size_t i = 0; (part = json_at(all, i)); i++) {
        struct op_param p = {.name = json_get_str(part, STR("name")), .node = part};
        for (uint32_t m = 0; m < part->n; m++)
            if (str_starts(part->u.members[m].name, STR("value")))
                p.value = scalar(&part->u.members[m].value);
        TRY(take(t, p));
    }
    return OK;
}

static str self_of(struct call *c, const struct taking *t)
{
    struct buf b;
    buf_init(&b, c->op.arena, 64u << 10);
    for (size_t i = 0; i < t->v.n; i++) {
        const struct op_param *p = &t->v.at[i];
        if (str_eq(p->name, STR("_page")) || (p->node && !p->value.n))
            continue;
        if (b.n)
            buf_char(&b, '&');
        buf_url(&b, p->name);
        buf_char(&b, '=');
        buf_url(&b, p->value);
    }
    return buf_ok(&b) ? buf_str(&b) : STR_NONE;
}

err op_params(struct call *c, const char *allowed, struct op_params *ret)
{
    struct taking t = {.c = c, .allowed = allowed};
    str body = str_trim(c->rq->body), type = net_header(c->rq, "Content-Type");
    TRY(take_text(&t, c->query));
    if (c->rq->method == NET_POST && body.n)
        TRY(str_starts(type, STR("application/x-www-form-urlencoded")) ? take_text(&t, body)
                                                                       : take_resource(&t));
    *ret = (struct op_params){.at = t.v.at, .n = t.v.n, .self = self_of(c, &t)};
    return op_check(&c->op);
}

err op_one(struct call *c, const struct op_params *p, const char *name, str *ret)
{
    bool found = false;
    *ret = STR_NONE;
    for (size_t i = 0; i < p->n; i++) {
        if (!str_eq(p->at[i].name, str_of(name)))
            continue;
        if (found)
            return fail(&c->op, ERR_INVALID, "%s may be given once.", name);
        found = true;
        *ret = p->at[i].value;
        if (!ret->n)
            return fail(&c->op, ERR_INVALID, "%s has no value.", name);
    }
    return OK;
}

err op_number(struct call *c, const struct op_params *p, const char *name, uint64_t max,
              uint64_t *io)
{
    str text;
    TRY(op_one(c, p, name, &text));
    if (text.n && (!str_to_u64(text, max, io) || !*io))
        return fail(&c->op, ERR_INVALID, "%s is a number from 1 to %llu.", name,
                    (unsigned long long)max);
    return OK;
}

err op_bool(struct call *c, const struct op_params *p, const char *name, bool *io)
{
    str text;
    TRY(op_one(c, p, name, &text));
    if (text.n && !str_eq(text, STR("true")) && !str_eq(text, STR("false")))
        return fail(&c->op, ERR_INVALID, "%s is true or false.", name);
    if (text.n)
        *io = str_eq(text, STR("true"));
    return OK;
}

err op_time(struct call *c, const struct op_params *p, const char *name, struct time_span *ret,
            bool *ret_there)
{
    str text;
    struct time_span span;
    TRY(op_one(c, p, name, &text));
    *ret_there = text.n > 0;
    if (text.n && !time_parse(text, &span))
        return fail(&c->op, ERR_INVALID,
                    "%s is a date or an instant, e.g. 2026-11-21 or 2026-11-21T08:00:00Z.", name);
    if (text.n)
        *ret = span;
    return OK;
}

err op_list(struct call *c, const struct op_params *p, const char *name, str **ret, size_t *ret_n)
{
    VEC(str) out = {.n = 0};
    for (size_t i = 0; i < p->n; i++) {
        str list = p->at[i].value, one;
        if (!str_eq(p->at[i].name, str_of(name)))
            continue;
        while (str_take_until(&list, ',', &one)) {
            one = str_trim(one);
            if (out.n >= OP_PARAMS_MAX)
                return fail(&c->op, ERR_INVALID, "%s has too many values.", name);
            if (one.n)
                VEC_PUSH(c->op.arena, &out, one);
        }
    }
    *ret = out.at;
    *ret_n = out.n;
    return op_check(&c->op);
}

err op_types(struct call *c, const struct op_params *p, const char *name, fhir_type **ret,
             size_t *ret_n)
{
    str *names;
    size_t n;
    TRY(op_list(c, p, name, &names, &n));
    fhir_type *types = ARENA_ARRAY(c->op.arena, fhir_type, n + 1);
    TRY(op_check(&c->op));
    for (size_t i = 0; i < n; i++)
        if (!(types[i] = fhir_type_parse(names[i])))
            return fail(&c->op, ERR_INVALID,
                        "%s: \"%.*s\" is not a resource type of FHIR R4; check the spelling.", name,
                        STR_ARG(str_sub(names[i], 0, 64)));
    *ret = types;
    *ret_n = n;
    return OK;
}

const struct json *op_resource(const struct op_params *p, const char *name)
{
    for (size_t i = 0; i < p->n; i++)
        if (p->at[i].node && str_eq(p->at[i].name, str_of(name)))
            return JSON_GET(p->at[i].node, "resource");
    return NULL;
}

void op_deadline(struct call *c)
{
    c->op.deadline = time_now() + 1000 * config_int(c->api->config, "http.search_s");
}
