/* What Consents and labels ask of a resource: its codes, what it names, its labels and dates.
 * Labels are told by the lists of now, whatever stood in them when it was written; the search keys
 * made of them follow when the lists change (reindex.c). Invariant: what cannot be read counts as
 * sensitive. */
#include "fhir/query.h"
#include "record/consent_int.h"

#define CODINGS_MAX 20000u

struct collector {
    struct op *op;
    VEC(struct consent_code) codes;
    VEC(str) refs, foreign;
    label_set labels;
    bool cut;
};

str consent_ref(struct op *op, str reference)
{
    struct fhir_ref r = fhir_ref_parse(reference);
    if (r.kind != REF_LOCAL || !r.version.n)
        return reference;
    return arena_printf(op->arena, "%.*s/%.*s", STR_ARG(fhir_type_name(r.type)), STR_ARG(r.id));
}

str consent_foreign(struct op *op, str reference)
{
    size_t end = reference.n, cut;
    if ((cut = str_find_char(reference, '#', 0)) < end)
        end = cut;
    if ((cut = str_find_char(reference, '?', 0)) < end)
        end = cut;
    while (end && reference.p[end - 1] == '/')
        end--;
    struct fhir_ref r = fhir_ref_parse(str_sub(reference, 0, end));
    if (r.kind != REF_ABSOLUTE || !r.type)
        return STR_NONE;
    return arena_printf(op->arena, "%.*s/%.*s", STR_ARG(fhir_type_name(r.type)), STR_ARG(r.id));
}

static void collect_ref(struct collector *c, str ref)
{
    str foreign = consent_foreign(c->op, ref);
    VEC_PUSH(c->op->arena, &c->refs, consent_ref(c->op, ref));
    if (foreign.n)
        VEC_PUSH(c->op->arena, &c->foreign, foreign);
}

/* As deep as json_read() and fhir_read() let a document be. */
static void collect(struct collector *c, const struct json *v)
{
    if (json_is(v, JSON_ARRAY))
        for (size_t i = 0; i < v->n; i++)
            collect(c, &v->u.items[i]);
    if (!json_is(v, JSON_OBJECT))
        return;
    str code = json_get_str(v, STR("code")), ref = json_get_str(v, STR("reference"));
    if (c->codes.n >= CODINGS_MAX || c->refs.n >= CODINGS_MAX) {
        c->cut = true;
        return;
    }
    if (code.n) {
        str system = json_get_str(v, STR("system"));
        VEC_PUSH(c->op->arena, &c->codes, ((struct consent_code){system, code, .begins = false}));
        c->labels |= label_of_code(system, code);
    }
    if (ref.n)
        collect_ref(c, ref);
    for (size_t i = 0; i < v->n; i++) {
        const struct json *m = &v->u.members[i].value;
        if (m->type == JSON_ARRAY || m->type == JSON_OBJECT)
            collect(c, m);
    }
}

static label_set said(const struct json *resource)
{
    const struct json *security = json_path(resource, "meta.security"), *one;
    label_set s = 0;
    for (size_t i = 0; (one = json_at(security, i)); i++)
        s |= label_parse(json_get_str(one, STR("code")));
    return s;
}

static void collect_all(struct collector *c, const struct json *resource)
{
    collect(c, resource);
    c->labels |= said(resource);
    if (c->cut)
        c->labels |= LABEL_RESTRICTED;
    c->labels = label_close(c->labels);
}

label_set label_of_tree(struct op *op, const struct json *resource)
{
    struct collector c = {.op = op};
    collect_all(&c, resource);
    return c.labels;
}

static bool code_maybe(str body)
{
    const str mark = STR("\"code\":\"");
    const char *p = body.p, *end = body.p + body.n;
    while (p && (p = memmem(p, (size_t)(end - p), mark.p, mark.n))) {
        p += mark.n;
        const char *quote = memchr(p, '"', (size_t)(end - p));
        if (quote && label_code_maybe(str_make(p, (size_t)(quote - p))))
            return true;
        p = quote;
    }
    return false;
}

label_set label_of_body(struct op *op, str body)
{
    if (str_find(body, STR("\"security\":["), 0) == SIZE_MAX && !code_maybe(body))
        return LABEL_NORMAL;
    struct json *tree;
    str whole = arena_printf(op->arena, "{\"meta\":{\"versionId\":\"1\"%.*s", STR_ARG(body));
    struct json_limits limits = JSON_LIMITS_DEFAULT;
    struct fault before = op->fault;
    label_set s = label_close(LABEL_RESTRICTED);
    if (json_read(op, whole, &limits, &tree) == OK)
        s = label_of_tree(op, tree);
    op->fault = before;
    return s;
}

/* From the first instant of any of its dates to the last. */
static err dates_of(struct op *op, struct json *resource, struct consent_data *d)
{
    struct fhir_key *keys;
    size_t n;
    TRY(fhir_keys(op, resource, &keys, &n));
    for (size_t i = 0; i < n; i++) {
        if (keys[i].kind != KEY_DATE)
            continue;
        if (!d->dated || keys[i].lo < d->when.lo)
            d->when.lo = keys[i].lo;
        if (!d->dated || keys[i].hi > d->when.hi)
            d->when.hi = keys[i].hi;
        d->dated = true;
    }
    return OK;
}

err consent_data_of(struct op *op, struct json *resource, unsigned needs, struct consent_data *ret)
{
    struct collector c = {.op = op};
    collect_all(&c, resource);
    TRY(op_check(op));
    if (c.cut)
        return fail(op, ERR_TOO_COSTLY, "The resource has more codes than can be looked at.");
    *ret = (struct consent_data){.codes = c.codes.at,
                                 .n_codes = c.codes.n,
                                 .refs = c.refs.at,
                                 .n_refs = c.refs.n,
                                 .foreign = c.foreign.at,
                                 .n_foreign = c.foreign.n,
                                 .labels = c.labels};
    return needs & CONSENT_DATED ? dates_of(op, resource, ret) : OK;
}
