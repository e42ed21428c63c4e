/* What is known of each model's parts as people are shown it, with the devices that run what has
 * it. Changes nothing. */
#include "fleet/bom_int.h"

#include <stdlib.h>

struct shown {
    str id, part;
    struct json *o, *running;
    size_t devices;
    bool exploited;
    double score;
};
struct shower {
    struct op *op; /* whose memory stays */
    const struct running *run;
    size_t n_run, *made_of; /* of each of them, as bom_of() says */
    struct json *boms;
    struct shown *all;
    size_t n;
    bool cut;
};

static void put(struct op *op, struct json *o, const char *name, str value)
{
    if (value.n)
        json_set_str(op->arena, o, str_of(name), arena_str(op->arena, value));
}

static void put_n(struct op *op, struct json *o, const char *name, size_t n)
{
    json_set(op->arena, o, str_of(name), json_new_i64(op->arena, (int64_t)n));
}

static struct json *finding_json(struct op *op, const struct finding *x)
{
    struct arena *a = op->arena;
    struct json *o = json_new(a, JSON_OBJECT), *aliases = json_new(a, JSON_ARRAY),
                *vex = json_new(a, JSON_OBJECT);
    static const char *const said[] = {"status", "justification", "who", "time"};
    put(op, o, "id", x->v.id);
    put(op, o, "summary", x->v.summary);
    put(op, o, "vector", x->v.vector);
    put(op, o, "severity", x->v.severity);
    put(op, o, "part", x->part->name);
    put(op, o, "version", x->part->version);
    put(op, o, "fixed", x->fixed);
    put(op, o, "due", x->due);
    if (x->v.score > 0)
        json_set(a, o, STR("score"), json_new_num(a, arena_printf(a, "%.1f", x->v.score)));
    for (size_t i = 0; i < x->v.n_aliases; i++)
        json_push(a, aliases, json_new_str(a, arena_str(a, x->v.aliases[i])));
    json_set(a, o, STR("aliases"), aliases);
    json_set(a, o, STR("exploited"), json_new_bool(a, x->exploited));
    for (size_t i = 0; x->vex && i < sizeof said / sizeof *said; i++)
        put(op, vex, said[i], json_get_str(x->vex, str_of(said[i])));
    if (x->vex)
        json_set(a, o, STR("vex"), vex);
    return o;
}

/* The same in several versions of the firmware is shown once. */
static struct shown *place(struct shower *s, const struct finding *x)
{
    for (size_t i = 0; i < s->n; i++)
        if (str_eq(s->all[i].id, x->v.id) && str_eq(s->all[i].part, x->part->name))
            return &s->all[i];
    if (s->n == VULN_SHOWN) {
        s->cut = true;
        return NULL;
    }
    s->all[s->n] = (struct shown){.id = arena_str(s->op->arena, x->v.id),
                                  .part = arena_str(s->op->arena, x->part->name),
                                  .o = finding_json(s->op, x),
                                  .running = json_new(s->op->arena, JSON_ARRAY),
                                  .exploited = x->exploited,
                                  .score = x->v.score};
    return &s->all[s->n++];
}

static void add_running(struct shower *s, struct shown *to, size_t bom)
{
    struct arena *a = s->op->arena;
    for (size_t i = 0; i < s->n_run; i++) {
        if (s->made_of[i] != bom)
            continue;
        struct json *one = json_new(a, JSON_OBJECT);
        json_set_str(a, one, STR("firmware"), s->run[i].firmware);
        put_n(s->op, one, "devices", s->run[i].n);
        json_push(a, to->running, one);
        to->devices += s->run[i].n;
    }
}

static err show_bom(void *ctx, struct op *op, const struct bom *b)
{
    struct shower *s = ctx;
    struct json *o = json_new(s->op->arena, JSON_OBJECT);
    size_t devices = 0;
    (void)op;
    for (size_t i = 0; i < s->n_run; i++)
        if (s->made_of[i] == b->i)
            devices += s->run[i].n;
    put(s->op, o, "from", b->range.from);
    put(s->op, o, "to", b->range.to);
    put(s->op, o, "format", b->parts.format);
    put(s->op, o, "firmware", b->parts.version);
    put(s->op, o, "time", json_get_str(b->kept, STR("time")));
    put_n(s->op, o, "parts", b->parts.n);
    put_n(s->op, o, "devices", devices);
    json_push(s->op->arena, s->boms, o);
    s->cut |= b->found.cut;
    for (size_t i = 0; i < b->found.n; i++) {
        bool again = false; /* two ways to one part of one bill */
        for (size_t k = 0; k < i && !again; k++)
            again = str_eq(b->found.all[k].v.id, b->found.all[i].v.id) &&
                    str_eq(b->found.all[k].part->name, b->found.all[i].part->name);
        struct shown *to = again ? NULL : place(s, &b->found.all[i]);
        if (to)
            add_running(s, to, b->i);
    }
    return op_check(s->op);
}

static int worst_first(const void *a, const void *b)
{
    const struct shown *x = a, *y = b;
    if (x->exploited != y->exploited)
        return x->exploited ? -1 : 1;
    if (x->score < y->score || x->score > y->score)
        return x->score > y->score ? -1 : 1;
    int c = str_cmp(x->id, y->id);
    return c ? c : str_cmp(x->part, y->part);
}

static struct json *whole(struct shower *s, str model, str name)
{
    struct arena *a = s->op->arena;
    struct json *o = json_new(a, JSON_OBJECT), *list = json_new(a, JSON_ARRAY);
    size_t devices = 0, unsure = 0;
    for (size_t i = 0; i < s->n_run; i++) {
        devices += s->run[i].n;
        if (s->made_of[i] == SIZE_MAX)
            unsure += s->run[i].n;
    }
    if (s->n)
        qsort(s->all, s->n, sizeof *s->all, worst_first);
    for (size_t i = 0; i < s->n; i++) {
        put_n(s->op, s->all[i].o, "devices", s->all[i].devices);
        json_set(a, s->all[i].o, STR("running"), s->all[i].running);
        json_push(a, list, s->all[i].o);
    }
    json_set_str(a, o, STR("id"), model);
    json_set_str(a, o, STR("name"), name.n ? name : model);
    put_n(s->op, o, "devices", devices);
    put_n(s->op, o, "unsure", unsure);
    json_set(a, o, STR("boms"), s->boms);
    json_set(a, o, STR("cut"), json_new_bool(a, s->cut));
    json_set(a, o, STR("found"), list);
    return o;
}

static err model_json(struct op *op, struct fleet *f, str model, const struct running_list *run,
                      struct json **ret)
{
    struct shower s = {.op = op, .boms = json_new(op->arena, JSON_ARRAY)};
    struct bom_each e = {.model = model, .fn = show_bom, .ctx = &s};
    str name;
    size_t from = 0;
    TRY(model_known(op, f, model, &name));
    while (from < run->n && !str_eq(run->all[from].model, model))
        from++;
    s.run = run->all + from;
    while (from + s.n_run < run->n && str_eq(run->all[from + s.n_run].model, model))
        s.n_run++;
    s.all = ARENA_ARRAY(op->arena, struct shown, VULN_SHOWN);
    s.made_of = ARENA_ARRAY(op->arena, size_t, s.n_run + 1);
    TRY(op_check(op));
    TRY(bom_ranges(op, f, model, &e.ranges));
    for (size_t i = 0; i < s.n_run; i++)
        s.made_of[i] = bom_of(&e.ranges, s.run[i].firmware);
    TRY(bom_each(op, f, &e));
    *ret = whole(&s, model, name);
    return op_check(op);
}

static err list(struct op *op, struct fleet *f, struct json *models)
{
    struct running_list run;
    str all, one;
    TRY(running_read(op, f, &run));
    TRY(record_kv_get(op, f->rec, STR(PARTS_MODELS), &all));
    while (str_take_until(&all, '\n', &one)) {
        struct json *o;
        err e = model_json(op, f, one, &run, &o);
        if (e == ERR_NOT_FOUND || e == ERR_GONE) { /* the model was taken away */
            op_clear(op);
            continue;
        }
        TRY(e);
        json_push(op->arena, models, o);
    }
    return op_check(op);
}

err vuln_list(struct op *op, struct fleet *f, struct json **ret)
{
    const struct actor *person = op->actor;
    struct json *o = json_new(op->arena, JSON_OBJECT), *models = json_new(op->arena, JSON_ARRAY);
    TRY(fleet_staff(op, FLEET_READERS));
    op->actor = fleet_system();
    err e = list(op, f, models);
    op->actor = person;
    TRY(e);
    json_set(op->arena, o, STR("models"), models);
    json_set(op->arena, o, STR("may"), json_new_bool(op->arena, PARTS_ROLES >> person->role & 1u));
    *ret = o;
    return op_check(op);
}
