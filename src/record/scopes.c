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

static err one_of(struct op *op, struct record *rec, fhir_type type, uint32_t narrow,
                  struct clause_list *clauses, struct plan *plan)
{
    struct range_set s = {.op = op, .rec = rec};
    const struct scopes *all = op->actor->scopes;
    for (size_t i = 0; i < all->n; i++) {
        const struct fhir_query *q = narrow >> i & 1 ? query_of(op, rec, &all->at[i]) : NULL;
        if (!q)
            continue;
        const uint16_t *number;
        size_t n = clause_numbers(q->clauses[0].param, &number);
        for (size_t k = 0; k < n; k++)
            TRY(clause_values(&s, number[k], &q->clauses[0]));
    }
    plan->empty |= s.or.n == 0 || type == rec->t_audit;
    clause_push(op, clauses, (struct store_clause){.ranges = s.or.at, .n_ranges = s.or.n});
    return op_check(op);
}

err scopes_narrow(struct op *op, struct record *rec, fhir_type type, const struct access_verdict *v,
                  struct clause_list *clauses, struct plan *plan)
{
    if (v->confine) {
        plan->empty |= plan->q.comp && plan->q.comp != v->confine;
        plan->q.comp = v->confine;
    }
    return v->narrow ? one_of(op, rec, type, v->narrow, clauses, plan) : OK;
}
