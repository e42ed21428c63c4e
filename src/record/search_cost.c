/* What a search may cost: which ones are a short walk over the index, and when a long one has taken
 * long enough. Invariant: whoever is told "short" reads about one page of documents. */
#include "base/time.h"
#include "fhir/custom.h"
#include "record/record_int.h"

#define SHORT_VALUES 50u
#define LATE_EVERY 32u

err search_late(struct op *op, size_t i)
{
    if (!op->deadline || i % LATE_EVERY || time_now() <= op->deadline)
        return OK;
    return fail(op, ERR_TIMEOUT,
                "The search takes too long; narrow it by patient, code or _lastUpdated.");
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
    if (q->type == rec->t_audit || counted || q->n_includes || sort_in_memory(q) || q->explain ||
        fhir_subset_asked(q))
        return false;
    for (size_t i = 0; i < q->n; i++) {
        one |= narrow(rec, &q->clauses[i]);
        if (!keyed(&q->clauses[i]) ||
            str_eq(str_of(q->clauses[i].param->code), STR("_lastUpdated")))
            return false;
    }
    return one || q->compartment || q->n == 0 || (q->n == 1 && q->n_sort == 0);
}

static const char *code_of(const struct record *rec, uint16_t number)
{
    const struct fhir_param *p = fhir_param_get(number);
    const struct fhir_custom *c = p ? NULL : custom_by_number(rec, number);
    return p ? p->code : c ? c->param.code : NULL;
}

static str leader(struct op *op, const struct record *rec, const struct search_part *p)
{
    static const char *const words[] = {
        [LEAD_TYPE] = "every resource of the type",
        [LEAD_COMPARTMENT] = "the patient's compartment",
        [LEAD_CLAUSE] = "what the actor may see",
        [LEAD_TIME] = "a window of the log",
        [LEAD_ORDER] = "the order asked for",
    };
    const char *code = p->led >= 16 ? code_of(rec, p->led) : NULL;
    if (p->plan.empty)
        return STR("nothing: no resource can match");
    if (p->lead == LEAD_MARKS)
        return arena_printf(op->arena, "the order asked for, where %s is marked",
                            code ? code : "a condition");
    if (p->lead != LEAD_CLAUSE)
        return str_of(words[p->lead]);
    if (p->led == LABEL_COMPARTMENT)
        return STR("the compartment's references");
    if (p->led == LABEL_CHAIN)
        return STR("a chain");
    return code ? arena_printf(op->arena, "the key of %s", code) : str_of(words[p->lead]);
}

err search_explain(struct op *op, struct record *rec, const struct search_part *parts, size_t n,
                   struct record_page *page, int64_t start)
{
    str *lines = ARENA_ARRAY(op->arena, str, n + 1);
    int64_t us = (time_mono_ns() - start) / 1000;
    size_t told = 0;
    TRY(op_check(op));
    for (size_t i = 0; i < n; i++) {
        const struct search_part *p = &parts[i];
        if (n > 1 && !p->steps && !p->read)
            continue;
        str type = fhir_type_name(p->q->type), lead = leader(op, rec, p);
        lines[told++] = arena_printf(
            op->arena,
            "%.*s: led by %.*s; %zu conditions of the store, %s; %llu index steps, "
            "%llu documents read, %llu kept.",
            STR_ARG(type), STR_ARG(lead), p->plan.q.n_clauses,
            p->plan.verify ? "each hit matched again" : "answered by keys",
            (unsigned long long)p->steps, (unsigned long long)p->read, (unsigned long long)p->kept);
    }
    lines[told++] = arena_printf(
        op->arena,
        "%zu matches and %zu included on this page, as of t=%llu of %llu, in %lld.%03lld ms.",
        page->n_match, page->n - page->n_match, (unsigned long long)page->t,
        (unsigned long long)record_now_t(rec), (long long)(us / 1000), (long long)(us % 1000));
    page->explain = lines;
    page->n_explain = told;
    return op_check(op);
}
