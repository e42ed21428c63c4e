/* Snooze until a time, and waking. A snooze always ends: at its time, by a higher level or a
 * worse value (open.c), or by a claim. The most urgent level cannot be snoozed. */
#include "desk/chain_int.h"
#include "desk/rights.h"

#define SNOOZE_MAX_MS (14LL * 24 * 3600 * 1000)

static void set_until(struct op *op, struct json *task, int64_t until)
{
    struct json *period = json_new(op->arena, JSON_OBJECT);
    json_set_str(op->arena, period, STR("end"), time_format(op->arena, until));
    struct json *restriction = json_new(op->arena, JSON_OBJECT);
    json_set(op->arena, restriction, STR("period"), period);
    json_set(op->arena, task, STR("restriction"), restriction);
}

err desk_snooze(struct op *op, struct record *rec, str task, int64_t until,
                struct record_result *ret)
{
    if (until <= op->now || until > op->now + SNOOZE_MAX_MS)
        return fail_at(op, ERR_UNPROCESSABLE, STR("until"),
                       "a snooze ends in the future, at most 14 days from now");
    struct desk_task t;
    TRY(desk_read(op, rec, task, &t));
    if (rights_kind(t.tree).n)
        return fail_at(op, ERR_UNPROCESSABLE, STR("Task.code"),
                       "the clock of a patient's request runs on; it can be given more time once "
                       "($extend)");
    if (desk_priority_of(t.tree) == DESK_P1)
        return fail_at(
            op, ERR_UNPROCESSABLE, STR("Task.priority"),
            "a case of the most urgent level cannot be snoozed; act on it or hand it over");
    bool held = str_eq(t.status, STR("in-progress"));
    if (!str_eq(t.status, STR("requested")) && !(held && desk_is_owner(op, t.tree)))
        return fail_at(op, ERR_CONFLICT, STR("Task.status"),
                       "only an open case that nobody else holds can be snoozed");
    set_until(op, t.tree, until);
    json_unset(t.tree, STR("owner")); /* nobody works on it meanwhile; who wakes it claims it */
    desk_mark_set(op, t.tree, DESK_HELD_URL, 0);
    desk_mark_set(op, t.tree, DESK_SNOOZED_URL, op->now);
    desk_set_status(op, t.tree, STR("on-hold"));
    return desk_write(op, rec, &t, ret);
}

static bool is_due(struct op *op, const struct json *task)
{
    struct time_span end;
    str text = json_str(json_path(task, "restriction.period.end"));
    return !time_parse(text, &end) || end.lo <= op->now;
}

err desk_wake(struct op *op, struct record *rec, size_t *ret_n)
{
    struct record_page page;
    TRY(record_find(op, rec, fhir_type_parse(STR("Task")),
                    STR("status=on-hold&code=" DESK_SYSTEM_CODE "|case&_count=500"), &page));
    size_t woken = 0;
    for (size_t i = 0; i < page.n; i++) {
        struct desk_task t;
        struct record_result result;
        TRY(desk_read(op, rec, page.docs[i].id, &t));
        if (!str_eq(t.status, STR("on-hold")) || !is_due(op, t.tree))
            continue;
        json_unset(t.tree, STR("restriction"));
        json_unset(t.tree, STR("owner"));
        desk_mark_set(op, t.tree, DESK_WAITS_URL, op->now);
        desk_set_status(op, t.tree, STR("requested"));
        err e = desk_write(op, rec, &t, &result);
        if (e == ERR_CONFLICT) {
            op_clear(op); /* someone was quicker: it is awake */
            continue;
        }
        TRY(e);
        woken++;
    }
    *ret_n = woken;
    return OK;
}
