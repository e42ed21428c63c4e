/* POST /fhir: a Bundle of type transaction (all or nothing, one commit) or batch (each
 * entry on its own, a broken one fails alone). */
#include "api/api_int.h"

err readings_take(struct call *c, struct fhir_plan *plan)
{
    struct op *op = &c->op;
    fhir_type observation = fhir_type_parse(STR("Observation"));
    for (size_t i = 0; i < plan->n; i++) {
        struct fhir_entry *e = &plan->entries[i];
        str name = STR_NONE;
        if (e->verb != VERB_POST || e->type != observation || e->code != OK)
            continue;
        struct fault before = op->fault;
        err failed = monitor_prepare(op, c->api->monitor, e->resource, &name);
        if (failed != OK && plan->transaction)
            return failed;
        if (failed != OK) {
            e->code = failed;
            e->issues = op->fault.issues;
            e->n_issues = op->fault.n;
            op->fault = before;
        } else if (str_empty(e->if_none_exist)) {
            e->if_none_exist = name;
        }
    }
    return OK;
}

err api_transaction(struct call *c)
{
    struct op *op = &c->op;
    struct fhir_plan plan;
    struct record_answer *answers;
    TRY(fhir_bundle_read(op, c->rq->body, &plan));
    if (c->api->monitor && (op->actor->role == ROLE_DEVICE || op->actor->role == ROLE_PATIENT))
        TRY(readings_take(c, &plan));
    for (size_t i = 0; i < plan.n; i++)
        plan.entries[i].many = (uint32_t)config_int(c->api->config, "fhir.delete_max");
    TRY(record_transact(op, c->api->rec, &plan, &answers));
    struct buf b = answer_buf(c);
    TRY(bundle_answers(c, &b, &plan, answers));
    return answer(c, 200, &b);
}
