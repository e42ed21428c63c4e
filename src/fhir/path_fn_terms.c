/* FHIRPath functions that ask the surroundings: memberOf, subsumes, subsumedBy, conformsTo
 * (https://hl7.org/fhir/R4/fhirpath.html#functions). Who knows the codes is not known here.
 * Invariant: what nobody can answer is empty (of conformsTo an error), never false. */
#include "fhir/path_int.h"
#include "fhir/terms.h"

#define CODINGS_MAX 64

struct codings {
    struct terms_code at[CODINGS_MAX];
    size_t n;
};

static err add_coding(struct path_run *r, const struct json *v, struct codings *ret)
{
    if (ret->n == CODINGS_MAX)
        return fail(r->op, ERR_TOO_COSTLY, "FHIRPath: a concept has more than %d codings",
                    CODINGS_MAX);
    ret->at[ret->n++] = (struct terms_code){.system = json_get_str(v, STR("system")),
                                            .code = json_get_str(v, STR("code")),
                                            .display = json_get_str(v, STR("display"))};
    return OK;
}

/* The codes of a code, string, Coding or CodeableConcept; none for anything else. */
static err codings_of(struct path_run *r, const struct path_item *item, struct codings *ret)
{
    const struct json *one, *all = JSON_GET(item->v, "coding");
    struct path_value v = path_value_of(item);
    ret->n = 0;
    if (v.kind == V_STRING)
        ret->at[ret->n++] = (struct terms_code){.code = v.s};
    else if (item->type == FHIR_CODING)
        return add_coding(r, item->v, ret);
    else if (item->type == FHIR_CODEABLE_CONCEPT)
        for (size_t i = 0; (one = json_at(all, i)); i++)
            TRY(add_coding(r, one, ret));
    return OK;
}

static err push_answer(struct path_run *r, enum terms_answer answer, struct path_list *ret)
{
    return answer == TERMS_UNKNOWN ? OK : path_push_bool(r, ret, answer == TERMS_YES);
}

static err fn_member_of(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    const struct fhir_terms *terms = r->env->terms;
    enum terms_answer all = TERMS_NO;
    struct path_value set;
    struct codings codings;
    TRY(path_arg_value(r, c, 0, V_STRING, &set));
    if (c->input->n != 1 || set.kind != V_STRING || !terms || !terms->member)
        return OK;
    TRY(codings_of(r, &c->input->at[0], &codings));
    if (codings.n == 0 && c->input->at[0].type != FHIR_CODEABLE_CONCEPT)
        return OK;
    if (codings.n == 0) /* text only: in no set, but is there such a set? */
        codings.at[codings.n++] = (struct terms_code){0};
    for (size_t i = 0; i < codings.n && all != TERMS_YES; i++) {
        enum terms_answer one = TERMS_UNKNOWN;
        TRY(path_step(r, 100));
        TRY(terms->member(r->op, terms->ctx, set.s, codings.at[i], &one, NULL));
        all = one == TERMS_NO ? all : one;
    }
    return push_answer(r, all, ret);
}

/* Does a subsume b? Codes without a system belong to none that can be asked. */
static err subsumes_one(struct path_run *r, const struct terms_code *a, const struct terms_code *b,
                        enum terms_answer *ret)
{
    const struct fhir_terms *terms = r->env->terms;
    enum terms_relation relation = TERMS_NOT_SUBSUMED;
    bool known = false;
    TRY(path_step(r, 100));
    if (!str_eq(a->system, b->system) || a->system.n == 0) {
        *ret = TERMS_UNKNOWN;
        return OK;
    }
    if (str_eq(a->code, b->code)) {
        *ret = TERMS_YES;
        return OK;
    }
    if (terms && terms->relate)
        TRY(terms->relate(r->op, terms->ctx, a->system, a->code, b->code, &known, &relation));
    *ret = !known                                                       ? TERMS_UNKNOWN
           : relation == TERMS_SUBSUMES || relation == TERMS_EQUIVALENT ? TERMS_YES
                                                                        : TERMS_NO;
    return OK;
}

static err subsumes_any(struct path_run *r, const struct codings *above,
                        const struct codings *below, enum terms_answer *ret)
{
    enum terms_answer all = above->n && below->n ? TERMS_NO : TERMS_UNKNOWN;
    for (size_t i = 0; i < above->n; i++) {
        for (size_t k = 0; k < below->n && all != TERMS_YES; k++) {
            enum terms_answer one = TERMS_UNKNOWN;
            TRY(subsumes_one(r, &above->at[i], &below->at[k], &one));
            all = one == TERMS_NO ? all : one;
        }
    }
    *ret = all;
    return OK;
}

static err subsumption(struct path_run *r, const struct path_call *c, bool input_above,
                       struct path_list *ret)
{
    struct path_list arg = {0};
    struct codings in, given;
    enum terms_answer answer = TERMS_UNKNOWN;
    TRY(path_arg(r, c, 0, &arg));
    if (c->input->n != 1 || arg.n != 1)
        return OK;
    TRY(codings_of(r, &c->input->at[0], &in));
    TRY(codings_of(r, &arg.at[0], &given));
    TRY(subsumes_any(r, input_above ? &in : &given, input_above ? &given : &in, &answer));
    return push_answer(r, answer, ret);
}

static err fn_subsumes(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    return subsumption(r, c, true, ret);
}

static err fn_subsumed_by(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    return subsumption(r, c, false, ret);
}

static const char base_profile[] = "http://hl7.org/fhir/StructureDefinition/";

/* A profile of the base specification is its type; others are asked of the surroundings. */
static err fn_conforms_to(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    struct path_value profile;
    bool known = false, conforms = false;
    TRY(path_arg_value(r, c, 0, V_STRING, &profile));
    if (c->input->n == 0 || profile.kind != V_STRING)
        return OK;
    if (c->input->n > 1)
        return path_fault(r, c->node, "conformsTo() goes after one item");
    const struct path_item *item = &c->input->at[0];
    str base = STR(base_profile);
    uint16_t type =
        str_starts(profile.s, base) ? fhir_model_find(str_sub(profile.s, base.n, profile.s.n)) : 0;
    if (type)
        return path_push_bool(r, ret, item->type < SYS_BOOLEAN && fhir_is_a(item->type, type));
    TRY(path_step(r, 100));
    if (r->env->conforms && item->v)
        TRY(r->env->conforms(r->op, r->env->ctx, item->v, profile.s, &known, &conforms));
    return known ? path_push_bool(r, ret, conforms)
                 : path_fault(r, c->node, "conformsTo() names a profile that is not here");
}

const struct path_fn path_fns_terms[] = {
    {"memberOf", 1, 1, false, fn_member_of},
    {"subsumes", 1, 1, false, fn_subsumes},
    {"subsumedBy", 1, 1, false, fn_subsumed_by},
    {"conformsTo", 1, 1, false, fn_conforms_to},
    {0},
};
