/* What a search may cost: which ones are a short walk over the index, and when a long one has taken
 * long enough. Invariant: whoever is told "short" reads about one page of documents. */
#include "base/time.h"
#include "record/record_int.h"

#define SHORT_VALUES 50u
#define LATE_EVERY 32u

err search_late(struct op *op, size_t i)
{
    if (!op->deadline || i % LATE_EVERY || time_now() <= op->deadline)
        return OK;
    return fail(op, ERR_TIMEOUT, "The search takes too long; narrow it.");
}

/* Answered by the keys alone, whatever the values are. */
static bool keyed(const struct fhir_clause *c)
{
    bool one = c->n == 1 && c->param->single;
    if (c->chain || c->n > SHORT_VALUES || (c->modifier != MOD_NONE && c->modifier != MOD_TYPE))
        return false;
    switch ((enum fhir_param_type)c->param->type) {
    case PARAM_TOKEN:
    case PARAM_REFERENCE:
    case PARAM_URI:
        return true;
    case PARAM_STRING:
        for (size_t i = 0; i < c->n; i++)
            if (c->values[i].text.n > PREFIX_BYTES_MAX / 2) /* folding may make it longer */
                return false;
        return true;
    case PARAM_DATE:
    case PARAM_NUMBER:
    case PARAM_QUANTITY:
        return one;
    case PARAM_COMPOSITE:
    case PARAM_SPECIAL:
        break;
    }
    return false;
}

/* What is left are the resources named, or those about one patient. */
static bool narrow(const struct record *rec, const struct fhir_clause *c)
{
    bool local =
        c->param->type == PARAM_REFERENCE && c->n == 1 && c->values[0].ref.kind == REF_LOCAL;
    return str_eq(str_of(c->param->code), STR("_id")) ||
           (local && c->values[0].ref.type == rec->t_patient);
}

bool record_search_short(const struct record *rec, const struct fhir_query *q)
{
    bool one = false;
    bool counted = q->total == TOTAL_ACCURATE || q->total == TOTAL_ESTIMATE || q->count == 0 ||
                   q->summary == SUMMARY_COUNT;
    if (q->type == rec->t_audit || counted || q->n_includes || sort_in_memory(q))
        return false;
    for (size_t i = 0; i < q->n; i++) {
        one |= narrow(rec, &q->clauses[i]);
        if (!keyed(&q->clauses[i]) ||
            str_eq(str_of(q->clauses[i].param->code), STR("_lastUpdated")))
            return false;
    }
    return one || q->n == 0 || (q->n == 1 && q->n_sort == 0);
}
