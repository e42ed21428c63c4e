/* Patient/$match: candidates with score, grade and the reasons.
 * http://hl7.org/fhir/R4/patient-operation-match.html */
#include "api/op_int.h"

#define COUNT_DEFAULT 20u
#define COUNT_MAX 100u
#define GRADE "http://hl7.org/fhir/StructureDefinition/match-grade"
#define WHY "https://weft.health/fhir/StructureDefinition/match-agreement"

static const char *const grades[] = {"certainly-not", "possible", "probable", "certain"};

/* Sorted best first. "Only certain" means the one that is certain, or none. */
static size_t only_certain(const struct record_matched *m, size_t n)
{
    bool one = n && m[0].grade == GRADE_CERTAIN && (n == 1 || m[1].grade != GRADE_CERTAIN);
    return one ? 1 : 0;
}

static void reasons(struct buf *b, const struct record_matched *m)
{
    buf_printf(b, "\"search\":{\"extension\":[{\"url\":\"" GRADE "\",\"valueCode\":\"%s\"}",
               grades[m->grade]);
    for (size_t i = 0; i < m->n_why; i++)
        buf_printf(
            b,
            ",{\"url\":\"" WHY "\",\"extension\":[{\"url\":\"element\",\"valueCode\":\"%.*s\"},"
            "{\"url\":\"level\",\"valueCode\":\"%.*s\"},{\"url\":\"weight\",\"valueDecimal\":"
            "%.2f}]}",
            STR_ARG(m->why[i].element), STR_ARG(m->why[i].level), m->why[i].weight);
    buf_printf(b, "],\"mode\":\"match\",\"score\":%.4f}}", m->score);
}

static err bundle(struct call *c, const struct record_matched *m, size_t n)
{
    struct buf b = answer_buf(c);
    str base = base_url(c);
    buf_printf(&b, "{\"resourceType\":\"Bundle\",\"type\":\"searchset\",\"total\":%zu", n);
    for (size_t i = 0; i < n; i++) {
        buf_printf(&b, "%s{\"fullUrl\":\"%.*s/fhir/Patient/%.*s\",\"resource\":",
                   i ? "," : ",\"entry\":[", STR_ARG(base), STR_ARG(m[i].doc.id));
        buf_add(&b, m[i].doc.head);
        buf_add(&b, m[i].doc.body);
        buf_char(&b, ',');
        reasons(&b, &m[i]);
    }
    buf_add(&b, n ? STR("]}") : STR("}"));
    return answer(c, 200, &b);
}

err api_match(struct call *c)
{
    struct op_params p;
    struct record_matched *m;
    uint64_t count = COUNT_DEFAULT;
    bool certain = false;
    size_t n;
    TRY(op_params(c, "resource onlyCertainMatches count", &p));
    const struct json *patient = op_resource(&p, "resource");
    if (fhir_type_of(patient) != fhir_type_parse(STR("Patient")))
        return fail(&c->op, ERR_INVALID,
                    "Send Parameters with \"resource\", a Patient that says what is known.");
    TRY(op_bool(c, &p, "onlyCertainMatches", &certain));
    TRY(op_number(c, &p, "count", COUNT_MAX, &count));
    op_deadline(c);
    TRY(record_match(&c->op, c->api->rec, patient, certain ? COUNT_MAX : (size_t)count, &m, &n));
    return bundle(c, m, certain ? only_certain(m, n) : n);
}
