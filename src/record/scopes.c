/* What policy asks about a resource when an app's token acts: whether a scope's restriction
 * ("?category=vital-signs") names it, and the same as a condition of a search, so that counts,
 * orders and includes hold nothing else. Invariant: a restriction that cannot be read names
 * nothing. */
#include "policy/scope.h"
#include "record/clause_int.h"

uint64_t scopes_patient(const struct actor *actor)
{
    if (!actor)
        return 0;
    return actor->scopes && actor->scopes->patient ? actor->scopes->patient : actor->patient;
}

static bool restricts(const struct scope *s, fhir_type type)
{
    return s->query.n && s->type == (int)type;
}

/* NULL: not readable as one token parameter, or it would tell of what the person is not shown. */
static const struct fhir_query *query_of(struct op *op, struct record *rec, const struct scope *s)
{
    const struct fhir_query *q;
    struct fault before = op->fault;
    if (fhir_query_read(op, (fhir_type)s->type, s->query, false, &q) == OK && q->n == 1 &&
        q->clauses[0].param->type == PARAM_TOKEN && q->clauses[0].modifier == MOD_NONE &&
        !q->clauses[0].chain && !redact_tells(op, rec, q->type, q->clauses[0].param))
        return q;
    op->fault = before;
    return NULL;
}

uint32_t scopes_held(struct op *op, struct record *rec, fhir_type type, struct json *resource)
{
    const struct scopes *all = op->actor ? op->actor->scopes : NULL;
    uint32_t held = 0;
    for (size_t i = 0; all && i < all->n; i++) {
        bool yes = false;
        if (!restricts(&all->at[i], type))
            continue;
        const struct fhir_query *q = query_of(op, rec, &all->at[i]);
        struct fault before = op->fault;
        if (!q || fhir_query_match(op, q, resource, &yes) != OK)
            op->fault = before;
        held |= yes ? UINT32_C(1) << i : 0;
    }
    return held;
}

uint32_t scopes_held_doc(struct op *op, struct record *rec, const struct store_doc *d)
{
    const struct scopes *all = op->actor ? op->actor->scopes : NULL;
    bool asked = false;
    struct json *tree;
    for (size_t i = 0; all && i < all->n; i++)
        asked |= restricts(&all->at[i], d->type);
    struct fault before = op->fault;
    if (!asked || d->deleted)
        return 0;
    if (tree_of(op, rec, d, &tree) == OK)
        return scopes_held(op, rec, d->type, tree);
    op->fault = before;
    return 0;
}

/* Of restrictions: what they name. */
static err restricted(struct range_set *s, uint32_t narrow)
{
    const struct scopes *all = s->op->actor->scopes;
    for (size_t i = 0; i < all->n; i++) {
        const struct fhir_query *q = narrow >> i & 1 ? query_of(s->op, s->rec, &all->at[i]) : NULL;
        const uint16_t *number;
        size_t n = q ? clause_numbers(q->clauses[0].param, &number) : 0;
        for (size_t k = 0; k < n; k++)
            TRY(clause_values(s, number[k], &q->clauses[0]));
    }
    return OK;
}

/* What leads to all of a patient's of the type, and maybe to more. */
static void compartment(struct range_set *s, fhir_type type, const uint64_t *patient)
{
    str codes = fhir_compartment_params(s->rec->t_patient, type), code;
    while (str_take_until(&codes, ' ', &code)) {
        const struct fhir_param *p = fhir_param_find(type, code);
        for (size_t i = 0; p && i < (p->alias ? p->n_parts : 1u); i++)
            clause_targets(s, p->alias ? p->parts[i] : p->number, patient, 1);
    }
}

err scopes_narrow(struct op *op, struct record *rec, fhir_type type, const struct access_verdict *v,
                  struct clause_list *clauses, struct plan *plan)
{
    struct range_set s = {.op = op, .rec = rec};
    if (v->confine && !v->joint) {
        plan->empty |= plan->q.comp && plan->q.comp != v->confine;
        plan->q.comp = v->confine;
    }
    plan->joint = v->joint;
    plan->careful |= v->joint;
    if (!v->narrow || (v->beside && type == rec->t_patient))
        return OK; /* a patient is their own: no key says so */
    TRY(restricted(&s, v->narrow));
    if (v->beside)
        compartment(&s, type, &op->actor->scopes->patient);
    plan->empty |= s.or.n == 0 || type == rec->t_audit;
    clause_push(op, clauses, (struct store_clause){.ranges = s.or.at, .n_ranges = s.or.n});
    return op_check(op);
}

bool scopes_find(struct op *op, struct record *rec, const struct store_doc *d)
{
    struct access_request q = {.type = d->type,
                               .action = ACTION_SEARCH,
                               .patient = d->comp,
                               .scopes_held = scopes_held_doc(op, rec, d)};
    return policy_scope_holds(op->actor, &q);
}
