/* Private to the desk: the clocks that run as Tasks, part of the Task that they are of. */
#ifndef WEFT_DESK_CLOCK_INT_H
#define WEFT_DESK_CLOCK_INT_H

#include "base/vec.h"
#include "desk/clock.h"
#include "desk/rights_int.h"

enum clock_unit { UNIT_HOURS, UNIT_DAYS, UNIT_MONTHS, UNIT_YEAR_END_DAYS, UNIT_WORK_DAYS };
struct clock_row {
    const char *rule, *param, *code;
    enum clock_unit unit;
    const char *title;
};
extern const struct clock_row CLOCK_ROW[];
extern const size_t CLOCK_COUNT;
const struct clock_row *clock_row(str rule); /* NULL: the rule starts none */

/* Whose clocks: all but the reading joins tx. */
struct clocks_of {
    struct op *op;
    struct record *rec;
    struct record_tx *tx;
    str id;       /* of the Task */
    str patient;  /* whom it is about; empty: nobody */
    bool officer; /* labelled so, as the Task is */
    int64_t from; /* they count from then */
};
struct clock {
    str id, rule, place, status;
    struct json *tree;
    uint32_t vid;
};
typedef VEC(struct clock) clocks;

MUST err clocks_load(const struct clocks_of *of, clocks *ret);
MUST err clock_open(const struct clocks_of *of, const struct clock_row *row, str place,
                    int64_t end);
MUST err clock_change(const struct clocks_of *of, struct clock *c, str status, str note);
/* One of the rule and place that was not taken back. */
bool clocks_have(const clocks *all, str rule, str place);
/* Takes back those of the rule that run, but for one at the place `but` (NULL: all). */
MUST err clocks_take_back(const struct clocks_of *of, clocks *all, str rule, const str *but);
/* A person met it: who and how are kept. *ret_rule: whose it was. */
MUST err clock_meet(const struct clocks_of *of, const struct actor *person, str clock, str note,
                    str *ret_rule);
/* [{"id", "rule", "kind", "title", "place", "due", "late", "status", "note"}]. */
MUST err clocks_tell(const struct clocks_of *of, struct json **ret, bool *ret_open);

#endif
