/* Value sets that nobody wrote down: a url says what is in them.
 * SNOMED CT: http://snomed.info/sct[/edition[/version/date]]?fhir_vs[=isa/X|=refset|=refset/X]
 * (http://hl7.org/fhir/R4/snomedct.html); LOINC: http://loinc.org/vs[/LL…|/LP…]
 * (http://hl7.org/fhir/R4/loinc.html); UCUM and the media types and languages by their RFC's url.
 */
#include "terms/set_int.h"

#define SNOMED "http://snomed.info/sct"

struct part {
    str system, version, op, value;
};

static err make(struct op *op, str url, const struct part *p, struct json **ret)
{
    struct arena *a = op->arena;
    struct json *vs = json_new(a, JSON_OBJECT), *compose = json_new(a, JSON_OBJECT);
    struct json *include = json_new(a, JSON_ARRAY), *part = json_new(a, JSON_OBJECT);
    struct json *filters = json_new(a, JSON_ARRAY), *f = json_new(a, JSON_OBJECT);
    json_set_str(a, part, STR("system"), p->system);
    if (p->version.n)
        json_set_str(a, part, STR("version"), p->version);
    if (p->op.n) {
        json_set_str(a, f, STR("property"), STR("concept"));
        json_set_str(a, f, STR("op"), p->op);
        json_set_str(a, f, STR("value"), p->value);
        json_push(a, filters, f);
        json_set(a, part, STR("filter"), filters);
    }
    json_push(a, include, part);
    json_set(a, compose, STR("include"), include);
    json_set_str(a, vs, STR("resourceType"), STR("ValueSet"));
    json_set_str(a, vs, STR("url"), url);
    json_set_str(a, vs, STR("status"), STR("active"));
    json_set(a, vs, STR("compose"), compose);
    *ret = vs;
    return op_check(op);
}

static err snomed(struct op *op, str url, struct json **ret)
{
    size_t ask = str_find_char(url, '?', 0);
    str edition = str_sub(url, 0, ask), what = str_sub(url, ask + 1, SIZE_MAX);
    struct part p = {.system = STR(SNOMED)};
    if (ask == SIZE_MAX || !str_starts(what, STR("fhir_vs")))
        return OK;
    if (str_find(edition, STR("/version/"), 0) != SIZE_MAX)
        p.version = edition;
    what = str_sub(what, 7, SIZE_MAX);
    if (str_starts(what, STR("=isa/"))) {
        p.op = STR("is-a");
        p.value = str_sub(what, 5, SIZE_MAX);
    } else if (str_starts(what, STR("=refset/"))) {
        p.op = STR("in");
        p.value = str_sub(what, 8, SIZE_MAX);
    } else if (str_eq(what, STR("=refset"))) {
        p.op = STR("in");
        p.value = STR("refset"); /* the importer's list of all reference sets */
    } else if (what.n) {
        return fail(op, ERR_UNSUPPORTED,
                    "Of SNOMED CT's implicit value sets this server knows isa/, refset and "
                    "refset/; expressions (ecl) it does not.");
    }
    return make(op, url, &p, ret);
}

static err loinc(struct op *op, str url, struct json **ret)
{
    struct part p = {.system = STR("http://loinc.org")};
    str rest = str_sub(url, sizeof "http://loinc.org/vs" - 1, SIZE_MAX);
    if (rest.n && (rest.p[0] != '/' || rest.n < 3))
        return OK;
    if (rest.n) {
        p.value = str_sub(rest, 1, SIZE_MAX);
        p.op = str_starts(p.value, STR("LP")) ? STR("is-a") : STR("in");
    }
    return make(op, url, &p, ret);
}

err implicit_set(struct op *op, str url, struct json **ret)
{
    static const char *const whole[][2] = {
        {"http://unitsofmeasure.org/vs", "http://unitsofmeasure.org"},
        {"http://www.rfc-editor.org/bcp/bcp13.txt", "urn:ietf:bcp:13"},
        {"http://www.rfc-editor.org/bcp/bcp47.txt", "urn:ietf:bcp:47"}};
    *ret = NULL;
    if (str_starts(url, STR(SNOMED)))
        return snomed(op, url, ret);
    if (str_starts(url, STR("http://loinc.org/vs")))
        return loinc(op, url, ret);
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
        if (str_eq(url, str_of(whole[i][0])))
            return make(op, url, &(struct part){.system = str_of(whole[i][1])}, ret);
    return OK;
}
