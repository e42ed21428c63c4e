/* The chain of one case for whoever works on it: the steps made, and the next one with its time.
 * Changes nothing. */
#include "desk/chain_int.h"

#include "base/time.h"

static void set_row(struct op *op, struct json *o, const struct chain_row *row)
{
    json_set_str(op->arena, o, STR("row"), str_of(row->id));
    json_set_str(op->arena, o, STR("to"), str_of(chain_to_word(row->to)));
    json_set_str(op->arena, o, STR("citation"), str_of(row->citation));
    json_set(op->arena, o, STR("held"), json_new_bool(op->arena, row->held));
    json_set(op->arena, o, STR("closed"), json_new_bool(op->arena, row->closed));
    json_set(op->arena, o, STR("after"), json_new_i64(op->arena, row->after));
}

static struct json *step_of(struct op *op, const struct json *extension)
{
    static const char *const parts[] = {"to", "due", "at"};
    static const char *const types[] = {"valueCode", "valueInstant", "valueInstant"};
    struct json *o = json_new(op->arena, JSON_OBJECT);
    const struct json *part;
    for (size_t i = 0; (part = json_at(JSON_GET(extension, "extension"), i)); i++) {
        str url = json_get_str(part, STR("url"));
        if (str_eq(url, STR("row"))) {
            const struct chain_row *row = chain_row_find(json_get_str(part, STR("valueId")));
            json_set_str(op->arena, o, STR("row"), json_get_str(part, STR("valueId")));
            if (row)
                set_row(op, o, row);
        }
        if (str_eq(url, STR("who")))
            json_set(op->arena, o, url, JSON_GET(part, "valueReference"));
        for (size_t k = 0; k < 3; k++)
            if (str_eq(url, str_of(parts[k])))
                json_set_str(op->arena, o, url, json_get_str(part, str_of(types[k])));
    }
    return o;
}

struct json *chain_steps(struct op *op, const struct json *task)
{
    struct json *steps = json_new(op->arena, JSON_ARRAY);
    const struct json *one;
    for (size_t i = 0; (one = json_at(JSON_GET(task, "extension"), i)); i++)
        if (str_eq(json_get_str(one, STR("url")), STR(DESK_STEP_URL)))
            json_push(op->arena, steps, step_of(op, one));
    return steps;
}

static struct json *next_of(struct op *op, const struct json *task, const struct chain_case *c,
                            const struct team_hours *h)
{
    struct json *o = NULL;
    int64_t soonest = INT64_MAX, due;
    for (size_t i = 0; i < CHAIN_COUNT; i++) {
        const struct chain_row *row = &CHAIN_ROW[i];
        if (!chain_due(row, c, h, op->now, &due) || due >= soonest || row->to == CHAIN_TO_WAIT ||
            chain_made(task, row, c->since))
            continue;
        soonest = due;
        o = json_new(op->arena, JSON_OBJECT);
        set_row(op, o, row);
        json_set_str(op->arena, o, STR("due"), time_format(op->arena, due));
    }
    return o;
}

/* Where the patient lives; whoever may not read that hears the house's. */
static err set_emergency(struct op *op, struct record *rec, const struct json *task,
                         const struct team_hours *h, struct json *o)
{
    struct record_doc doc;
    struct json *patient;
    str id = fhir_ref_parse(json_str(json_path(task, "for.reference"))).id;
    if (!id.n || record_read(op, rec, fhir_type_parse(STR("Patient")), id, &doc) != OK) {
        op_clear(op);
        return OK;
    }
    TRY(record_parse(op, &doc, &patient));
    json_set_str(op->arena, o, STR("emergency"), desk_emergency(patient, h->country));
    return OK;
}

err desk_chain(struct op *op, struct record *rec, const struct config *config, str task,
               struct json **ret)
{
    struct desk_task t;
    struct hours_all hours;
    struct chain_case c;
    struct json *next = NULL;
    TRY(desk_read(op, rec, task, &t));
    TRY(hours_load(op, rec, config, &hours));
    str programme = json_get_str(JSON_GET(t.tree, "groupIdentifier"), STR("value"));
    const struct team_hours *h = hours_of(&hours, programme);
    struct json *o = hours_tell(op, h);
    TRY(set_emergency(op, rec, t.tree, h, o));
    json_set(op->arena, o, STR("steps"), chain_steps(op, t.tree));
    json_set(op->arena, o, STR("pages"), chain_pages(op, t.tree));
    if (chain_case_of(t.tree, &c)) {
        if (c.held)
            TRY(chain_touched(op, rec, t.tree, task, &c.since));
        next = next_of(op, t.tree, &c, h);
    }
    if (next)
        json_set(op->arena, o, STR("next"), next);
    *ret = o;
    return OK;
}
