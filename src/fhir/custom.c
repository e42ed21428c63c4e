/* A SearchParameter resource to a parameter that queries and keys can use. What it is stored under,
 * and when it is ready, is the caller's. Invariant: what is let in compiles, is searched by a name
 * that R4 does not use for the type, and makes keys that clauses of its type can ask for. */
#include "fhir/custom.h"

#include "fhir/query_int.h"

#define CODE_MAX 64u
#define R4_OWN "http://hl7.org/fhir/SearchParameter/"

static const struct {
    const char *name;
    enum fhir_param_type type;
} kinds[] = {{"number", PARAM_NUMBER}, {"date", PARAM_DATE},           {"string", PARAM_STRING},
             {"token", PARAM_TOKEN},   {"reference", PARAM_REFERENCE}, {"quantity", PARAM_QUANTITY},
             {"uri", PARAM_URI}};
#define KINDS (sizeof kinds / sizeof *kinds)

#define WRONG(op, element, ...)                                                                    \
    ((void)fail_at((op), ERR_UNPROCESSABLE, STR("SearchParameter." element), __VA_ARGS__))

static void read_kind(struct op *op, const struct json *resource, struct fhir_custom_def *d)
{
    str name = json_str(JSON_GET(resource, "type"));
    for (size_t i = 0; i < KINDS; i++) {
        if (!str_eq(name, str_of(kinds[i].name)))
            continue;
        d->type = (uint8_t)kinds[i].type;
        return;
    }
    WRONG(op, "type",
          "Parameters of this type cannot be added; number, date, string, token, reference, "
          "quantity and uri can.");
}

static void read_code(struct op *op, const struct json *resource, struct fhir_custom_def *d)
{
    d->code = json_str(JSON_GET(resource, "code"));
    bool ok = d->code.n > 0 && d->code.n <= CODE_MAX;
    for (size_t i = 0; ok && i < d->code.n; i++) {
        char c = d->code.p[i], low = (char)(c | 0x20);
        ok = (low >= 'a' && low <= 'z') || (c >= '0' && c <= '9') || (i && (c == '-' || c == '_'));
    }
    if (!ok)
        WRONG(op, "code", "Give at most %u letters, digits and '-', a letter or digit first.",
              CODE_MAX);
}

static void read_base(struct op *op, fhir_type t, struct fhir_custom_def *d)
{
    if (!t || str_eq(fhir_type_name(t), STR("AuditEvent")))
        WRONG(op, "base",
              "Name types of R4 whose resources are stored; Resource and "
              "DomainResource are none, nor is AuditEvent.");
    else if (fhir_param_find(t, d->code))
        WRONG(op, "code", "R4 has a parameter of this name for a type in base; choose another.");
    for (size_t i = 0; i < d->n_bases; i++)
        if (t == d->bases[i])
            return;
    if (d->n_bases < FHIR_CUSTOM_BASES_MAX)
        d->bases[d->n_bases++] = t;
    else
        WRONG(op, "base", "Give at most %u types.", FHIR_CUSTOM_BASES_MAX);
}

static void read_types(struct op *op, const struct json *resource, struct fhir_custom_def *d)
{
    const struct json *one, *list = JSON_GET(resource, "base");
    for (size_t i = 0; (one = json_at(list, i)) && !op->fault.code; i++)
        read_base(op, fhir_type_parse(json_str(one)), d);
    list = JSON_GET(resource, "target");
    for (size_t i = 0; (one = json_at(list, i)); i++) {
        fhir_type t = fhir_type_parse(json_str(one));
        if (!t || d->n_targets == FHIR_CUSTOM_BASES_MAX) {
            WRONG(op, "target", "Give at most %u types of R4.", FHIR_CUSTOM_BASES_MAX);
            return;
        }
        d->targets[d->n_targets++] = t;
    }
}

static void read_expression(struct op *op, const struct json *resource, struct fhir_custom_def *d)
{
    const struct fhir_path *path;
    struct op inner;
    d->expression = json_str(JSON_GET(resource, "expression"));
    if (d->expression.n == 0 || d->expression.n > FHIR_CUSTOM_EXPRESSION_MAX) {
        WRONG(op, "expression", "Give a FHIRPath expression of at most %u bytes.",
              FHIR_CUSTOM_EXPRESSION_MAX);
        return;
    }
    op_init(&inner, op->arena, op->actor, op->now);
    if (fhir_path_compile(&inner, d->expression, &path) != OK)
        WRONG(op, "expression", "It is no FHIRPath: %.*s",
              STR_ARG(inner.fault.n ? inner.fault.issues[0].message : STR("too long")));
}

err fhir_custom_read(struct op *op, const struct json *resource, struct fhir_custom_def *ret)
{
    struct fhir_custom_def d = {.url = json_str(JSON_GET(resource, "url"))};
    d.active = str_eq(json_str(JSON_GET(resource, "status")), STR("active")) &&
               !str_starts(d.url, STR(R4_OWN));
    if (d.active) {
        read_kind(op, resource, &d);
        read_code(op, resource, &d);
        read_types(op, resource, &d);
        read_expression(op, resource, &d);
    }
    TRY(op_check(op));
    *ret = d;
    return OK;
}

err fhir_custom_make(struct op *op, const struct fhir_custom_def *def, size_t i, uint16_t number,
                     struct fhir_custom *ret)
{
    struct param_more *more = ARENA_NEW(op->arena, struct param_more);
    fhir_type *targets = ARENA_ARRAY(op->arena, fhir_type, def->n_targets + 1);
    const char *code = str_z(op->arena, def->code), *path = str_z(op->arena, def->expression);
    TRY(op_check(op));
    memcpy(targets, def->targets, def->n_targets * sizeof *targets);
    more->expression = path;
    more->system = "";
    *ret = (struct fhir_custom){.param = {.number = number,
                                          .code = code,
                                          .type = def->type,
                                          .base = def->bases[i],
                                          .targets = targets,
                                          .n_targets = (uint8_t)def->n_targets},
                                .more = more};
    return OK;
}

bool fhir_param_custom(const struct fhir_param *p)
{
    return p->number >= FHIR_CUSTOM_FIRST && p->number <= FHIR_CUSTOM_LAST;
}

err fhir_custom_keys(struct op *op, const struct fhir_param *p, struct json *resource,
                     struct fhir_key **ret, size_t *ret_n)
{
    struct op inner;
    op_init(&inner, op->arena, op->actor, op->now);
    inner.deadline = op->deadline;
    struct key_walk w = {.op = &inner, .resource = resource, .custom = p};
    err e = keys_by_path(&w, p, resource);
    TRY(op_check(op));
    if (w.over)
        return fail(op, ERR_TOO_COSTLY, "the resource makes more than %u search keys", KEYS_MAX);
    if (e == ERR_TIMEOUT || e == ERR_TOO_LARGE)
        return fail(op, e, "the search keys could not be made");
    *ret = w.keys.at;
    *ret_n = e == OK ? w.keys.n : 0;
    return OK;
}

const struct fhir_custom *fhir_custom_find(const struct fhir_customs *customs, fhir_type t,
                                           str code)
{
    for (size_t i = 0; customs && i < customs->n; i++) {
        const struct fhir_custom *c = &customs->rows[i];
        if (c->param.base == t && str_eq(str_of(c->param.code), code))
            return c;
    }
    return NULL;
}

const struct fhir_param *query_param(const struct query_read *r, fhir_type t, str code)
{
    const struct fhir_param *p = fhir_param_find(t, code);
    const struct fhir_custom *c = p ? NULL : fhir_custom_find(r->customs, t, code);
    return c && (r->customs->unready || atomic_load(c->percent) >= 100) ? &c->param : p;
}

err query_param_made(const struct query_read *r, fhir_type t, str code)
{
    const struct fhir_custom *c = fhir_custom_find(r->customs, t, code);
    return c && !query_param(r, t, code)
               ? REFUSE(r, "%s is being made searchable: %u percent of what is stored is done",
                        c->param.code, atomic_load(c->percent))
               : OK;
}
