/* :in, :not-in, :above and :below of tokens: the codes that the terminology names, asked for one by
 * one. Who knows codes is set by record_set_terms(). Invariant: where nobody knows, the search is
 * refused by the name of the value set or system; it is never answered without the filter. */
#include "record/clause_int.h"

#include "fhir/terms.h"

#define CODES_MAX 10000u

static err nobody(struct op *op, const struct fhir_clause *c)
{
    return fail(op, ERR_INVALID,
                "search parameter '%s': no terminology is loaded here, so value sets and the order "
                "of codes are not known.",
                c->param->code);
}

/* The canonical url of a value set, given so or as ValueSet/id. */
static err value_set_url(struct planner *pl, str text, str *ret)
{
    struct fhir_ref ref = fhir_ref_parse(text);
    struct store_doc d;
    struct json *tree;
    *ret = text;
    if (ref.kind != REF_LOCAL)
        return OK;
    if (ref.type != fhir_type_parse(STR("ValueSet")))
        return fail(pl->op, ERR_INVALID, "Give the url of a ValueSet, or ValueSet/id.");
    err e = id_get(pl->op, pl->rec, ref.type, ref.id, &d);
    if (e == ERR_NOT_FOUND ||
        (e == OK && (d.deleted || !access_may_see(pl->op, pl->rec, NULL, &d))))
        return fail(pl->op, ERR_NOT_FOUND, "There is no such ValueSet here.");
    TRY(e);
    TRY(tree_of(pl->op, pl->rec, &d, &tree));
    *ret = json_get_str(tree, STR("url"));
    return ret->n ? OK : fail(pl->op, ERR_INVALID, "That ValueSet has no url to be known by.");
}

typedef VEC(struct fhir_value) value_list;

static void push_codes(struct planner *pl, const struct fhir_clause *c,
                       const struct terms_code *codes, size_t n, value_list *out)
{
    str implied = fhir_param_system(c->param);
    for (size_t i = 0; i < n; i++) {
        struct fhir_value v = {
            .has_system = codes[i].system.n > 0, .system = codes[i].system, .code = codes[i].code};
        if (implied.n && str_eq(implied, v.system)) {
            v.has_system = false;
            v.system = STR_NONE;
        }
        VEC_PUSH(pl->op->arena, out, v);
    }
}

static err ask_terms(struct planner *pl, const struct fhir_clause *c, const struct fhir_value *v,
                     value_list *out)
{
    const struct fhir_terms *t = pl->rec->terms;
    struct terms_code *codes = NULL, code = {.system = v->system, .code = v->code};
    size_t n = 0;
    str url;
    if (c->modifier == MOD_IN || c->modifier == MOD_NOT_IN) {
        TRY(value_set_url(pl, v->text, &url));
        TRY(t->expand(pl->op, t->ctx, url, CODES_MAX, &codes, &n));
    } else {
        TRY(t->closure(pl->op, t->ctx, code, c->modifier == MOD_BELOW, CODES_MAX, &codes, &n));
    }
    push_codes(pl, c, codes, n, out);
    return OK;
}

/* What the terminology lacks is a fault of the question: the type that is searched is here. */
static err not_known(struct op *op, const struct fhir_clause *c, const struct fault *before)
{
    str why =
        op->fault.n ? op->fault.issues[op->fault.n - 1].message : STR("It is not known here.");
    op->fault = *before;
    return fail(op, ERR_INVALID, "search parameter '%s': %.*s", c->param->code, STR_ARG(why));
}

err clause_codes(struct planner *pl, const struct fhir_clause *c, struct fhir_clause *ret)
{
    const struct fhir_terms *t = pl->rec->terms;
    bool set = c->modifier == MOD_IN || c->modifier == MOD_NOT_IN;
    struct fault before = pl->op->fault;
    value_list values = {0};
    if (!t || (set ? !t->expand : !t->closure))
        return nobody(pl->op, c);
    for (size_t i = 0; i < c->n; i++) {
        err e = ask_terms(pl, c, &c->values[i], &values);
        if (e == ERR_NOT_FOUND)
            return not_known(pl->op, c, &before);
        TRY(e);
    }
    ret->modifier = c->modifier == MOD_NOT_IN ? MOD_NOT : MOD_NONE;
    ret->values = values.at;
    ret->n = values.n;
    return op_check(pl->op);
}
