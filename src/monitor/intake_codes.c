/* Personal health devices name what they measure by MDC codes (ISO/IEEE 11073, FHIR PHD profile). A
 * reading gets LOINC's code beside them, so that rules, charts and searches know it; its own codes
 * stay. Pure. */
#include "monitor/monitor_int.h"

#include "mdc_gen.h"

#define MDC_SYSTEM "urn:iso:std:iso:11073:10101"

static const struct {
    const char *mdc, *loinc, *moles;
} ROWS[] = {MDC_ROWS};

str intake_loinc_of(str system, str code, str unit)
{
    bool moles = str_find(unit, STR("mol"), 0) != SIZE_MAX;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0] && str_eq(system, STR(MDC_SYSTEM)); i++)
        if (str_eq(code, str_of(ROWS[i].mdc)))
            return str_of(moles && ROWS[i].moles[0] ? ROWS[i].moles : ROWS[i].loinc);
    return STR_NONE;
}

static void add_loinc(struct op *op, struct json *node)
{
    struct json *codings = JSON_GET(JSON_GET(node, "code"), "coding");
    const struct json *q = JSON_GET(node, "valueQuantity");
    str loinc = STR_NONE;
    for (size_t i = 0; codings && i < codings->n; i++) {
        const struct json *c = json_at(codings, i);
        str system = json_get_str(c, STR("system")), code = json_get_str(c, STR("code"));
        if (str_eq(system, STR("http://loinc.org")))
            return;
        if (str_empty(loinc))
            loinc = intake_loinc_of(system, code, json_get_str(q, STR("code")));
    }
    if (str_empty(loinc))
        return;
    struct json *c = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, c, STR("system"), STR("http://loinc.org"));
    json_set_str(op->arena, c, STR("code"), loinc);
    json_push(op->arena, codings, c);
}

void intake_add_codes(struct op *op, struct json *o)
{
    struct json *components = JSON_GET(o, "component");
    add_loinc(op, o);
    for (size_t i = 0; components && i < components->n; i++)
        add_loinc(op, json_at(components, i));
}
