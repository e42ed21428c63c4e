/* How a complaint is told: what was alleged, its clocks, and who knew when, which the trail says:
 * each person's first line about it and what each did. */
#include "desk/complaint_int.h"

#include "base/time.h"
#include "base/vec.h"
#include "record/find_each.h"

#define TRAIL_MAX 50000

static void copy(struct complaint *c, struct json *to, const struct json *from, const char *name)
{
    if (json_get(from, str_of(name)))
        json_set(c->op->arena, to, str_of(name), json_get(from, str_of(name)));
}

struct json *complaint_brief(struct complaint *c)
{
    static const char *const facts[] = {"source", "urgent", "cyber", "told", "deviceName"};
    struct arena *a = c->op->arena;
    struct json *o = json_new(a, JSON_OBJECT);
    str name = json_str(json_path(c->task, "for.display"));
    const struct json *closing = json_at(JSON_GET(c->task, "note"), 0);
    struct {
        const char *name;
        str value;
    } parts[] = {
        {"id", c->id},
        {"status", json_get_str(c->task, STR("status"))},
        {"patient", c->patient},
        {"patientName", name},
        {"device", c->device},
        {"aware", time_format(a, c->aware)},
        {"opened", json_get_str(c->task, STR("authoredOn"))},
        {"closing", json_get_str(closing, STR("text"))},
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (parts[i].value.n)
            json_set_str(a, o, str_of(parts[i].name), parts[i].value);
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
        copy(c, o, c->facts, facts[i]);
    if (c->judgement)
        json_set(a, o, STR("judgement"), c->judgement);
    return o;
}

struct knew {
    str who, role, what, at;
};
struct knowers {
    struct arena *a;
    VEC(struct knew) all; /* by when they first did it, newest first */
};

/* The trail tells the newest first: each line is older than what is here. */
static err add_line(void *ctx, struct op *op, const struct record_doc *doc,
                    const struct json *event)
{
    struct knowers *k = ctx;
    struct knew one = {.who = json_str(json_path(event, "agent.0.altId")),
                       .role = json_str(json_path(event, "agent.0.role.0.coding.0.code")),
                       .what = json_str(json_path(event, "subtype.0.code"))};
    size_t i = 0;
    (void)doc;
    if (!one.who.n || str_eq(one.role, STR("system")))
        return OK;
    while (i < k->all.n &&
           !(str_eq(k->all.at[i].who, one.who) && str_eq(k->all.at[i].what, one.what)))
        i++;
    if (i < k->all.n) {
        one = k->all.at[i];
        memmove(&k->all.at[i], &k->all.at[i + 1], (--k->all.n - i) * sizeof one);
    } else {
        one.who = arena_str(k->a, one.who);
        one.role = arena_str(k->a, one.role);
        one.what = arena_str(k->a, one.what);
    }
    one.at = arena_str(k->a, json_get_str(event, STR("recorded")));
    VEC_PUSH(k->a, &k->all, one);
    return op_check(op);
}

/* Of each person and act the first, oldest first. */
static err known(struct complaint *c, struct json **ret)
{
    struct op *op = c->op;
    struct arena *a = op->arena;
    struct json *list = json_new(a, JSON_ARRAY);
    struct knowers k = {.a = a};
    struct record_each lines = {.type = "AuditEvent",
                                .query =
                                    arena_printf(a, "entity=Task/%.*s&outcome=0", STR_ARG(c->id)),
                                .max = TRAIL_MAX,
                                .fn = add_line,
                                .ctx = &k};
    err e = record_find_each(op, c->rec, &lines);
    if (e == ERR_TOO_COSTLY) /* the newest of it, then */
        op_clear(op);
    else
        TRY(e);
    for (size_t i = k.all.n; i-- > 0;) {
        struct json *o = json_new(a, JSON_OBJECT);
        json_set_str(a, o, STR("who"), k.all.at[i].who);
        json_set_str(a, o, STR("role"), k.all.at[i].role);
        json_set_str(a, o, STR("at"), k.all.at[i].at);
        json_set_str(a, o, STR("what"), k.all.at[i].what);
        json_push(a, list, o);
    }
    *ret = list;
    return op_check(op);
}

err complaint_view(struct complaint *c, struct json **ret)
{
    struct arena *a = c->op->arena;
    struct clocks_of of = complaint_clocks_of(c);
    struct json *o, *running, *who;
    bool open;
    TRY(complaint_load(c)); /* by the person: the look is in the trail */
    c->op->actor = desk_house();
    o = complaint_brief(c);
    TRY(clocks_tell(&of, &running, &open));
    TRY(known(c, &who));
    json_set(a, o, STR("clocks"), running);
    json_set(a, o, STR("known"), who);
    *ret = o;
    return op_check(c->op);
}
