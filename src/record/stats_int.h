/* Private to $stats: the numbers of one code, and what is computed of them. */
#ifndef WEFT_RECORD_STATS_INT_H
#define WEFT_RECORD_STATS_INT_H

#include "record/operations.h"
#include "record/record_int.h"

struct stats_value {
    double value;
    int64_t at; /* ms */
    bool timed;
};
struct stats_values {
    size_t n, total; /* with a number; all */
    VEC(struct stats_value) values;
    bool sorted;
    str unit, system, code, key;
};

/* ERR_INVALID naming the codes there are. */
MUST err stats_known(struct op *op, str statistic);
/* Appends the component(s) of one known statistic to list. */
MUST err stats_figure(struct op *op, struct stats_values *v, str statistic, struct json *list);
/* effectivePeriod: what was asked, else what the values span. */
void stats_period(struct arena *a, struct json *o, const struct stats_values *v,
                  const struct record_stats *q);

#endif
