/* The table of outcomes, generated from spec/desk/outcomes.csv. */
#include "desk/desk_int.h"

#include "desk_gen.h"

const struct desk_outcome DESK_OUTCOMES[] = {DESK_OUTCOME_ROWS};
const size_t DESK_OUTCOME_COUNT = sizeof DESK_OUTCOMES / sizeof DESK_OUTCOMES[0];
