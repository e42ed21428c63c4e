/* Compartment search: what R4's CompartmentDefinitions put around a Patient, Encounter,
 * Practitioner, Device or RelatedPerson, by the parameters that spec/fhir/compartments.tsv names
 * (https://hl7.org/fhir/R4/compartmentdefinition.html). Invariant: a compartment whose resource the
 * actor may not see is not there. */
#include "record/clause_int.h"

static void add_params(struct range_set *s, const struct fhir_query *q, const uint64_t *rid)
{
    str codes = fhir_compartment_params(q->compartment, q->type), code;
    while (str_take_until(&codes, ' ', &code)) {
        const struct fhir_param *p = fhir_param_find(q->type, code);
        for (size_t i = 0; p && i < (p->alias ? p->n_parts : 1u); i++)
            clause_targets(s, p->alias ? p->parts[i] : p->number, rid, 1);
    }
}

/* The resource itself is in its own compartment, beside what refers to it. */
static err add_itself(struct op *op, struct record *rec, const struct range_set *s,
                      struct rid_at self_at, struct clause_list *l)
{
    uint64_t rid = self_at.rid, t = self_at.t;
    struct store_clause refers = {.ranges = s->or.at, .n_ranges = s->or.n};
    struct store_query q = {.type = 0, .clauses = &refers, .n_clauses = 1};
    struct store_found found = {0};
    struct store_doc self;
    TRY(store_peek(op, rec->store, rid, &self));
    q.type = self.type;
    q.limit = RECORD_CANDIDATES_MAX;
    q.keys_of = keys_of_stored;
    q.ctx = rec;
    q.after = t ? store_position(op, t, false) : STR_NONE;
    if (s->or.n)
        TRY(store_search(op, rec->store, &q, &found));
    if (found.more)
        return fail(op, ERR_TOO_COSTLY, "The compartment is too large; narrow the search.");
    uint64_t *rids = ARENA_ARRAY(op->arena, uint64_t, found.n + 1);
    TRY(op_check(op));
    size_t n = 0;
    bool in = false;
    for (size_t i = 0; i < found.n; i++) { /* they come in order of number */
        if (!in && found.rids[i] >= rid) {
            in = true;
            if (found.rids[i] != rid)
                rids[n++] = rid;
        }
        rids[n++] = found.rids[i];
    }
    if (!in)
        rids[n++] = rid;
    clause_push(op, l,
                (struct store_clause){
                    .kind = CLAUSE_RIDS, .label = LABEL_COMPARTMENT, .rids = rids, .n_rids = n});
    return OK;
}

err plan_compartment(struct op *op, struct record *rec, const struct fhir_query *q,
                     struct clause_list *l, struct plan *plan)
{
    struct store_doc d;
    uint64_t *rid = arena_alloc(op->arena, sizeof *rid);
    struct fault before = op->fault;
    TRY(op_check(op));
    err e = id_get(op, rec, q->compartment, q->compartment_id, &d);
    if (e != OK && e != ERR_NOT_FOUND)
        return e;
    op->fault = before;
    if (e != OK || d.deleted || !access_may_see(op, rec, NULL, &d))
        return fail_not_found(op);
    *rid = d.rid;
    if (q->compartment == rec->t_patient)
        plan->home = d.rid;
    struct range_set s = {.op = op, .rec = rec};
    add_params(&s, q, rid);
    if (q->type == q->compartment)
        return add_itself(op, rec, &s, (struct rid_at){d.rid, plan->t}, l);
    plan->empty |= s.or.n == 0;
    if (s.or.n)
        clause_push(op, l,
                    (struct store_clause){
                        .label = LABEL_COMPARTMENT, .ranges = s.or.at, .n_ranges = s.or.n});
    return op_check(op);
}
