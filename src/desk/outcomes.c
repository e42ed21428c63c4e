/* The table of outcomes, generated from spec/desk/outcomes.csv, and what one meant. */
#include "desk/desk_int.h"

#include "desk_gen.h"

const struct desk_outcome DESK_OUTCOMES[] = {DESK_OUTCOME_ROWS};
const size_t DESK_OUTCOME_COUNT = sizeof DESK_OUTCOMES / sizeof DESK_OUTCOMES[0];

bool desk_is_technical(const struct json *task)
{
    const struct json *codings = json_path(task, "code.coding");
    for (size_t i = 0; codings && i < codings->n; i++)
        if (str_eq(json_get_str(json_at(codings, i), STR("code")), STR("technical")))
            return true;
    return false;
}

bool desk_was_acted_on(const struct json *task)
{
    str code = json_str(json_path(task, "output.0.valueCodeableConcept.coding.0.code"));
    for (size_t i = 0; i < DESK_OUTCOME_COUNT; i++)
        if (str_eq(code, str_of(DESK_OUTCOMES[i].code)))
            return DESK_OUTCOMES[i].acted == DESK_ACTED_YES ||
                   (DESK_OUTCOMES[i].acted == DESK_ACTED_TECHNICAL && desk_is_technical(task));
    return false;
}
