/* What the store marks of each type: a code, among the dates and in the log
 * (spec/record/marks.csv). Invariant: a code's keys begin with a hash of at least STORE_LEAD_BYTES,
 * and no resource has two of the dates. */
#include "marks_gen.h"
#include "record/record_int.h"

#define ROWS (sizeof mark_rows / sizeof *mark_rows)

/* The number that the parameter's keys have; 0 when there are several. */
static uint16_t number_of(fhir_type type, const char *code, enum fhir_param_type kind)
{
    const struct fhir_param *p = fhir_param_find(type, str_of(code));
    if (p && p->alias)
        p = p->n_parts == 1 ? fhir_param_get(p->parts[0]) : NULL;
    bool good = p && p->type == kind && (kind != PARAM_DATE || p->single);
    return good ? p->number : 0;
}

struct store_marks *marks_of_types(void)
{
    struct store_marks *all = calloc((size_t)FHIR_TYPE_COUNT + 1, sizeof *all);
    for (size_t i = 0; all && i < ROWS; i++) {
        fhir_type type = fhir_type_parse(str_of(mark_rows[i].type));
        struct store_marks m = {.lead = number_of(type, mark_rows[i].lead, PARAM_TOKEN),
                                .order = number_of(type, mark_rows[i].order, PARAM_DATE)};
        if (type && m.lead && m.order)
            all[type] = m;
    }
    return all;
}
