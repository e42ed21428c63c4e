/* Types in FHIRPath: names of the FHIR and System namespaces, is / as / ofType.
 * Invariant: an unqualified name means the FHIR type when there is one, else the System type; a
 * cast to "DateTime" also takes FHIR.dateTime, since R4's own search parameters write it so. */
#include "fhir/path_int.h"

static const char *const system_names[] = {"Boolean",  "String", "Integer",  "Decimal",  "Date",
                                           "DateTime", "Time",   "Quantity", "ClassInfo"};

static uint16_t system_type(str name)
{
    for (int i = 0; i < SYS_END - SYS_BOOLEAN; i++)
        if (str_eq(name, str_of(system_names[i])))
            return (uint16_t)(SYS_BOOLEAN + i);
    return 0;
}

/* "DateTime" → the model's dateTime. */
static uint16_t lower_first(struct op *op, str name)
{
    str s = arena_str(op->arena, name);
    if (s.n == 0 || s.p[0] < 'A' || s.p[0] > 'Z')
        return 0;
    return fhir_model_find(arena_printf(op->arena, "%c%.*s", s.p[0] | 0x20, (int)s.n - 1, s.p + 1));
}

err path_type_resolve(struct op *op, str ns, str name, bool cast, struct path_node *ret)
{
    if (!str_eq(ns, STR("System")))
        ret->fhir = fhir_model_find(name);
    if (!str_eq(ns, STR("FHIR")))
        ret->sys = system_type(name);
    if (ns.n == 0 && ret->fhir == 0 && ret->sys && cast)
        ret->fhir = lower_first(op, name);
    bool elsewhere = str_eq(ns, STR("System")) ? fhir_model_find(name) != 0
                                               : str_eq(ns, STR("FHIR")) && system_type(name);
    if (ret->fhir || ret->sys || elsewhere) /* a type of the other namespace: nothing is one */
        return OK;
    return fail(op, ERR_INVALID, "FHIRPath, position %u: no type %.*s", ret->at + 1, STR_ARG(name));
}

bool path_type_is(uint16_t type, const struct path_node *spec)
{
    if (type >= SYS_BOOLEAN)
        return type == spec->sys;
    return spec->fhir && fhir_is_a(type, spec->fhir);
}

str fhir_path_type_name(uint16_t type)
{
    static const char *const full[] = {"System.Boolean", "System.String",   "System.Integer",
                                       "System.Decimal", "System.Date",     "System.DateTime",
                                       "System.Time",    "System.Quantity", "System.ClassInfo"};
    if (type >= SYS_BOOLEAN && type < SYS_END)
        return str_of(full[type - SYS_BOOLEAN]);
    return type < SYS_BOOLEAN ? fhir_word(fhir_models[type].name) : STR("");
}
