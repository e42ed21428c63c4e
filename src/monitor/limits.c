/* The limits in force for one patient, for screens: the strictest default of each side, or the
 * patient's own with its source. */
#include "monitor/monitor_int.h"

struct side {
    double v;
    const char *rule;
};

/* The most alarming default that everybody has: what a chart draws as the hard line. */
static void hard_limits(int series, struct side *low, struct side *high)
{
    *low = *high = (struct side){NAN, NULL};
    int best_low = 9, best_high = 9;
    for (size_t r = 0; r < RULE_COUNT_MONITOR; r++) {
        const struct monitor_rule *row = &MONITOR_RULES[r];
        for (int k = 0;
             k < row->n_tests && row->kind == RULE_LIMIT && !row->symptoms && !row->scale2; k++) {
            const struct rule_test *test = &row->tests[k];
            if (test->series != series || row->programmes != ~0u)
                continue;
            bool low_side = test->low;
            if (low_side && row->priority < best_low) {
                best_low = row->priority;
                *low = (struct side){test->hi, row->id};
            }
            if (!low_side && row->priority < best_high) {
                best_high = row->priority;
                *high = (struct side){test->lo, row->id};
            }
        }
    }
}

void monitor_set_number(struct op *op, struct json *o, const char *name, double v, int decimals)
{
    if (!isnan(v))
        json_set(op->arena, o, str_of(name),
                 json_new_num(op->arena, arena_printf(op->arena, "%.*f", decimals, v)));
}

struct json *monitor_translation(struct op *op, const char *const words[SAY_LANGS])
{
    struct json *said = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, said, STR("es"), str_of(words[SAY_ES]));
    json_set_str(op->arena, said, STR("ar"), str_of(words[SAY_AR]));
    return said;
}

static struct json *limit_row(struct op *op, int s, double low, double high, str rule, str source)
{
    const struct series_row *row = &MONITOR_SERIES[s];
    struct json *o = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, o, STR("metric"), str_of(row->name));
    json_set_str(op->arena, o, STR("display"), str_of(row->shown[SAY_EN]));
    json_set(op->arena, o, STR("translation"), monitor_translation(op, row->shown));
    json_set_str(op->arena, o, STR("loinc"), str_of(row->codes[0]));
    json_set_str(op->arena, o, STR("unit"), str_of(row->unit));
    monitor_set_number(op, o, "low", low, row->decimals);
    monitor_set_number(op, o, "high", high, row->decimals);
    json_set_str(op->arena, o, STR("rule"), rule);
    json_set_str(op->arena, o, STR("source"), source);
    return o;
}

static void push_default(struct op *op, int s, struct json *list)
{
    struct side low, high;
    hard_limits(s, &low, &high);
    if (low.rule || high.rule)
        json_push(op->arena, list,
                  limit_row(op, s, low.v, high.v, str_of(low.rule ? low.rule : high.rule),
                            STR("default")));
}

struct json *monitor_defaults(struct op *op)
{
    struct json *list = json_new(op->arena, JSON_ARRAY);
    for (int s = 0; s < (int)SERIES_COUNT; s++)
        push_default(op, s, list);
    return list;
}

err monitor_limits(struct op *op, struct monitor *m, str patient, struct json **ret)
{
    struct track *t = arena_alloc(op->arena, sizeof *t);
    if (!t)
        return op_check(op);
    track_init(t, 0);
    TRY(monitor_plan_load(op, m->rec, t, patient));
    struct json *list = json_new(op->arena, JSON_ARRAY);
    for (int s = 0; s < (int)SERIES_COUNT; s++) {
        push_default(op, s, list);
        if (!isnan(t->low[s]) || !isnan(t->high[s]))
            json_push(op->arena, list,
                      limit_row(op, s, t->low[s], t->high[s], STR("PLAN"), STR("CarePlan")));
    }
    *ret = list;
    return op_check(op);
}
