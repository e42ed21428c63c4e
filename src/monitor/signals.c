/* Resources other than Observations that become points of a series: a row of the table says in
 * FHIRPath which do, compiled once at the start. Invariant: an expression that does not compile
 * stops the start, one that cannot be answered for a resource says nothing of it. */
#include "monitor/monitor_int.h"

err signals_compile(struct op *op, struct monitor *m)
{
    struct op own;
    op_init(&own, m->arena, op->actor, op->now);
    for (size_t i = 0; i < SIGNAL_COUNT; i++)
        if (fhir_path_compile(&own, str_of(MONITOR_SIGNALS[i].where), &m->signals[i]) != OK)
            return fail(op, ERR_FAULT, "spec/monitor/rules.json: signal %zu is no FHIRPath", i);
    return OK;
}

bool signals_watch(fhir_type type)
{
    str name = fhir_type_name(type);
    for (size_t i = 0; i < SIGNAL_COUNT; i++)
        if (str_eq(name, str_of(MONITOR_SIGNALS[i].type)))
            return true;
    return false;
}

err signals_of(struct op *op, const struct monitor *m, struct json *resource,
               struct reading_set *ret)
{
    str name = fhir_type_name(fhir_type_of(resource));
    *ret = (struct reading_set){0};
    if (!reading_time(resource, &ret->at))
        return OK;
    for (size_t i = 0; i < SIGNAL_COUNT && ret->n < 8; i++) {
        struct fault before = op->fault;
        bool holds = false;
        if (!str_eq(name, str_of(MONITOR_SIGNALS[i].type)))
            continue;
        if (fhir_path_bool(op, m->signals[i], resource, &holds) != OK)
            op->fault = before;
        if (holds)
            ret->at_most[ret->n++] = (struct reading){.series = MONITOR_SIGNALS[i].series,
                                                      .symptom = -1,
                                                      .value = MONITOR_SIGNALS[i].value};
    }
    ret->usable = true;
    return OK;
}
