/* Clocks as Tasks: opened, met, taken back, told. What starts and ends them is the room of the Task
 * they are part of (incident_clock.c, complaint_clock.c). Invariant: a clock is never deleted, and
 * asking again makes none twice. */
#include "desk/chain_int.h"
#include "desk/clock_int.h"

#include "base/time.h"

#define TASK fhir_type_parse(STR("Task"))

err clocks_load(const struct clocks_of *of, clocks *ret)
{
    struct op *op = of->op;
    struct record_page page;
    TRY(record_find(
        op, of->rec, TASK,
        arena_printf(op->arena, "part-of=Task/%.*s&code=" DESK_SYSTEM_CODE "|clock%s&_count=200",
                     STR_ARG(of->id), of->officer ? "&_security=" DESK_LABEL_OFFICER : ""),
        &page));
    for (size_t k = 0; k < page.n_match; k++) {
        struct clock c = {.id = page.docs[k].id, .vid = page.docs[k].vid};
        TRY(record_parse(op, &page.docs[k], &c.tree));
        c.rule = json_str(json_path(c.tree, "reasonCode.text"));
        c.place = json_get_str(right_input(c.tree, STR("place")), STR("valueString"));
        c.status = json_get_str(c.tree, STR("status"));
        VEC_PUSH(op->arena, ret, c);
    }
    return op_check(op);
}

err clock_open(const struct clocks_of *of, const struct clock_row *row, str place, int64_t end)
{
    struct op *op = of->op;
    struct arena *a = op->arena;
    const struct rule *rule = policy_rule_find(str_of(row->rule));
    struct json *task, *reason = json_new(a, JSON_OBJECT);
    struct buf b;
    str id;
    buf_init(&b, a, 8192);
    buf_printf(&b,
               "{\"resourceType\":\"Task\",\"partOf\":[{\"reference\":\"Task/%.*s\"}],\"status\":"
               "\"requested\",\"intent\":\"order\",\"priority\":\"asap\",\"code\":{\"coding\":[{"
               "\"system\":\"%s\",\"code\":\"clock\"},{\"system\":\"%s\",\"code\":\"%s\"}]},"
               "\"authoredOn\":\"%.*s\",\"restriction\":{\"period\":{\"start\":\"%.*s\",\"end\":"
               "\"%.*s\"}}}",
               STR_ARG(of->id), DESK_SYSTEM_CODE, DESK_SYSTEM_CODE, row->code,
               STR_ARG(time_format(a, op->now)), STR_ARG(time_format(a, of->from)),
               STR_ARG(time_format(a, end)));
    TRY(json_read(op, buf_str(&b), &JSON_LIMITS_DEFAULT, &task));
    if (of->officer)
        desk_set_label(op, task, DESK_SYSTEM_LABEL, STR(DESK_LABEL_OFFICER));
    if (of->patient.n)
        json_set(a, task, STR("for"), fhir_reference_to(op, "Patient", of->patient));
    json_set_str(a, reason, STR("text"), str_of(row->rule));
    json_set(a, task, STR("reasonCode"), reason);
    json_set_str(a, task, STR("description"),
                 arena_printf(a, "%s (%s)", row->title, rule ? rule->citation : row->rule));
    right_add(op, task, "input", STR("place"), STR("valueString"), place);
    return record_tx_create(of->tx, task, &id);
}

err clock_change(const struct clocks_of *of, struct clock *c, str status, str note)
{
    struct json *reason = json_new(of->op->arena, JSON_OBJECT);
    json_set_str(of->op->arena, reason, STR("text"), note);
    json_set(of->op->arena, c->tree, STR("statusReason"), reason);
    desk_set_status(of->op, c->tree, status);
    c->status = status;
    return record_tx_update(of->tx, TASK, c->id, c->tree, c->vid);
}

bool clocks_have(const clocks *all, str rule, str place)
{
    for (size_t k = 0; k < all->n; k++)
        if (str_eq(all->at[k].rule, rule) && str_eq(all->at[k].place, place) &&
            !str_eq(all->at[k].status, STR("cancelled")))
            return true;
    return false;
}

err clocks_take_back(const struct clocks_of *of, clocks *all, str rule, const str *but)
{
    for (size_t k = 0; k < all->n; k++)
        if (str_eq(all->at[k].rule, rule) && str_eq(all->at[k].status, STR("requested")) &&
            !(but && str_eq(all->at[k].place, *but)))
            TRY(clock_change(of, &all->at[k], STR("cancelled"), STR("The rule applies no more.")));
    return OK;
}

err clock_meet(const struct clocks_of *of, const struct actor *person, str clock, str note,
               str *ret_rule)
{
    struct op *op = of->op;
    clocks all = {.n = 0};
    TRY(clocks_load(of, &all));
    for (size_t k = 0; k < all.n; k++) {
        if (!str_eq(all.at[k].id, clock))
            continue;
        if (!str_eq(all.at[k].status, STR("requested")))
            return fail(op, ERR_CONFLICT, "The clock does not run.");
        *ret_rule = all.at[k].rule;
        op->actor = person;
        return clock_change(
            of, &all.at[k], STR("completed"),
            arena_printf(op->arena, "%.*s: %.*s", STR_ARG(person->user), STR_ARG(note)));
    }
    return fail(op, ERR_NOT_FOUND, "The incident has no such clock.");
}

err clocks_tell(const struct clocks_of *of, struct json **ret, bool *ret_open)
{
    struct arena *a = of->op->arena;
    struct json *list = json_new(a, JSON_ARRAY);
    clocks all = {.n = 0};
    *ret_open = false;
    TRY(clocks_load(of, &all));
    for (size_t k = 0; k < all.n; k++) {
        const struct clock *c = &all.at[k];
        struct json *o = json_new(a, JSON_OBJECT);
        str due = json_str(json_path(c->tree, "restriction.period.end"));
        bool open = str_eq(c->status, STR("requested"));
        struct time_span t;
        const struct clock_row *row = clock_row(c->rule);
        json_set_str(a, o, STR("id"), c->id);
        json_set_str(a, o, STR("rule"), c->rule);
        if (row)
            json_set_str(a, o, STR("kind"), str_of(row->code));
        json_set_str(a, o, STR("title"), json_get_str(c->tree, STR("description")));
        if (c->place.n)
            json_set_str(a, o, STR("place"), c->place);
        json_set_str(a, o, STR("due"), due);
        json_set(a, o, STR("late"),
                 json_new_bool(a, open && time_parse(due, &t) && t.hi < of->op->now));
        json_set_str(a, o, STR("status"), c->status);
        str note = json_str(json_path(c->tree, "statusReason.text"));
        if (note.n)
            json_set_str(a, o, STR("note"), note);
        struct json *steps = chain_steps(of->op, c->tree);
        if (steps->n)
            json_set(a, o, STR("steps"), steps);
        json_push(a, list, o);
        *ret_open |= open;
    }
    *ret = list;
    return op_check(of->op);
}
