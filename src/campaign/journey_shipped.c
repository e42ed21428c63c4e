/* The outlines that come with the house (spec/campaign/journeys), as PlanDefinitions. */
#include "campaign/plan_int.h"
#include "campaign/run.h"

#include "campaign_gen.h"

static const struct plan_shipped shipped[] = {JOURNEY_ROWS};

const struct plan_shipped *plan_shipped_at(size_t i)
{
    return i < sizeof shipped / sizeof *shipped ? &shipped[i] : NULL;
}

err campaign_shipped(struct op *op, struct json **ret)
{
    struct arena *a = op->arena;
    struct json *o = json_new(a, JSON_OBJECT), *list = json_new(a, JSON_ARRAY), *plan;
    for (size_t i = 0; i < sizeof shipped / sizeof *shipped; i++) {
        struct json *row = json_new(a, JSON_OBJECT);
        TRY(json_read(op, str_of(shipped[i].plan), &JSON_LIMITS_DEFAULT, &plan));
        json_set_str(a, row, STR("code"), str_of(shipped[i].code));
        json_set_str(a, row, STR("kind"), str_of(shipped[i].kind));
        json_set(a, row, STR("plan"), plan);
        json_push(a, list, row);
    }
    json_set(a, o, STR("outlines"), list);
    *ret = o;
    return op_check(op);
}
