/* What a search or history leaves in the trail: who asked for which type by which parameters (never
 * their values), and whose data the page showed. Invariant: written before the page leaves. */
#include "record/record_int.h"

/* Names of the parameters, never their values. */
str search_names(struct op *op, const struct fhir_query *q)
{
    struct buf b;
    buf_init(&b, op->arena, 1000);
    for (size_t i = 0; i < q->n; i++) {
        if (i)
            buf_char(&b, '&');
        buf_add(&b, str_of(q->clauses[i].param->code));
    }
    if (q->compartment)
        buf_printf(&b, "%s%.*s/*", b.n ? "&" : "", STR_ARG(fhir_type_name(q->compartment)));
    return buf_str(&b);
}

#define PATIENTS_TOLD 64u
#define TYPES_TOLD 20u

/* Of several types: which, unless they are too many to name. */
static str names_of_all(struct op *op, const struct search_part *parts, size_t n)
{
    struct buf b;
    buf_init(&b, op->arena, 4096);
    buf_add(&b, search_names(op, parts[0].q));
    buf_add(&b, b.n ? STR("&_type=") : STR("_type="));
    for (size_t i = 0; n <= TYPES_TOLD && i < n; i++)
        buf_printf(&b, "%s%.*s", i ? "," : "", STR_ARG(fhir_type_name(parts[i].q->type)));
    if (n > TYPES_TOLD)
        buf_printf(&b, "(%zu types)", n);
    return buf_str(&b);
}

err page_told(struct op *op, struct record *rec, const struct audit *line, uint64_t about,
              const struct record_page *page)
{
    uint64_t patients[PATIENTS_TOLD];
    size_t n = 0;
    struct audit a = *line;
    if (op->actor && op->actor->role == ROLE_SYSTEM)
        return OK;
    a.patients = patients;
    if (about)
        patients[n++] = about;
    for (size_t i = 0; i < page->n; i++) {
        uint64_t p = page->docs[i].patient;
        bool known = p == 0;
        for (size_t j = 0; j < n && !known; j++)
            known = patients[j] == p;
        if (known)
            continue;
        if (n == PATIENTS_TOLD) { /* the line is full: another one */
            a.n_patients = n;
            TRY(audit_append(op, rec, &a));
            n = 0;
        }
        patients[n++] = p;
    }
    a.n_patients = n;
    return audit_append(op, rec, &a);
}

err search_told(struct op *op, struct record *rec, const struct search_part *parts, size_t n_parts,
                const struct record_page *page)
{
    bool one = n_parts == 1;
    const struct plan *plan = &parts[0].plan;
    struct audit a = {.action = ACTION_SEARCH,
                      .type = one ? parts[0].q->type : 0,
                      .detail =
                          one ? search_names(op, parts[0].q) : names_of_all(op, parts, n_parts)};
    return page_told(op, rec, &a, plan->q.comp ? plan->q.comp : plan->home, page);
}
