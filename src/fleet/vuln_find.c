/* What is known of a model's parts: each part's packages lead to the vulnerabilities that name
 * them, nothing else is read. Shown worst first. Changes nothing. */
#include "fleet/parts_kept_int.h"
#include "record/find_each.h"

#include <stdlib.h>

#define DEVICES_MAX 100000u

struct finder {
    struct op *op;
    struct fleet *f;
    str model;
    struct findings *to;
    size_t cap;
};

static err exploited(struct finder *s, struct finding *x)
{
    for (size_t i = 0; i <= x->v.n_aliases && !x->exploited; i++) {
        str id = i ? x->v.aliases[i - 1] : x->v.id, due;
        if (!str_starts(id, STR("CVE-")))
            continue;
        TRY(record_kv_get(s->op, s->f->rec, arena_cat(s->op->arena, STR(VULN_EXPLOITED), id),
                          &due));
        x->exploited = due.n > 0;
        x->due = due;
    }
    return OK;
}

static err said(struct finder *s, struct finding *x)
{
    struct json *o;
    str text;
    TRY(record_kv_get(
        s->op, s->f->rec,
        arena_printf(s->op->arena, VULN_VEX "%.*s/%.*s", STR_ARG(s->model), STR_ARG(x->v.id)),
        &text));
    if (!text.n)
        return OK;
    TRY(json_read(s->op, text, &JSON_LIMITS_DEFAULT, &o));
    x->vex = o;
    return OK;
}

static err add(struct finder *s, struct finding x)
{
    struct findings *to = s->to;
    if (to->n == VULN_SHOWN) {
        to->cut = true;
        return OK;
    }
    if (to->n == s->cap) {
        size_t cap = s->cap ? s->cap * 2 : 32;
        struct finding *more = ARENA_ARRAY(s->op->arena, struct finding, cap);
        TRY(op_check(s->op));
        if (to->n)
            memcpy(more, to->all, to->n * sizeof *more);
        to->all = more;
        s->cap = cap;
    }
    TRY(exploited(s, &x));
    TRY(said(s, &x));
    to->all[to->n++] = x;
    return OK;
}

static err look_at(struct finder *s, const struct part *p, str key)
{
    str ids, id, text;
    if (!key.n)
        return OK;
    TRY(record_kv_get(s->op, s->f->rec, arena_cat(s->op->arena, STR(VULN_BY), key), &ids));
    while (str_take_until(&ids, '\n', &id)) {
        struct finding x = {.part = p};
        TRY(record_kv_get(s->op, s->f->rec, arena_cat(s->op->arena, STR(VULN_PREFIX), id), &text));
        if (!text.n)
            continue;
        TRY(vuln_of(s->op, text, &x.v));
        if (vuln_hits(&x.v, p, &x.fixed))
            TRY(add(s, x));
    }
    return op_check(s->op);
}

static int worst_first(const void *a, const void *b)
{
    const struct finding *x = a, *y = b;
    if (x->exploited != y->exploited)
        return x->exploited ? -1 : 1;
    if (x->v.score < y->v.score || x->v.score > y->v.score)
        return x->v.score > y->v.score ? -1 : 1;
    return str_cmp(x->v.id, y->v.id);
}

err vuln_find(struct op *op, struct fleet *f, str model, const struct parts *p,
              struct findings *ret)
{
    struct finder s = {.op = op, .f = f, .model = model, .to = ret};
    *ret = (struct findings){.n = 0};
    for (size_t i = 0; i < p->n && !ret->cut; i++)
        for (size_t k = 0; k < 2; k++)
            TRY(look_at(&s, &p->all[i], p->all[i].keys[k]));
    if (ret->n)
        qsort(ret->all, ret->n, sizeof *ret->all, worst_first);
    return op_check(op);
}

/* ---- shown ---- */

static struct json *finding_json(struct op *op, const struct finding *x)
{
    struct arena *a = op->arena;
    struct json *o = json_new(a, JSON_OBJECT), *aliases = json_new(a, JSON_ARRAY);
    struct {
        const char *name;
        str value;
    } all[] = {{"id", x->v.id},         {"summary", x->v.summary},
               {"vector", x->v.vector}, {"severity", x->v.severity},
               {"part", x->part->name}, {"version", x->part->version},
               {"fixed", x->fixed},     {"due", x->due}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].value.n)
            json_set_str(a, o, str_of(all[i].name), all[i].value);
    if (x->v.score > 0)
        json_set(a, o, STR("score"), json_new_num(a, arena_printf(a, "%.1f", x->v.score)));
    for (size_t i = 0; i < x->v.n_aliases; i++)
        json_push(a, aliases, json_new_str(a, x->v.aliases[i]));
    json_set(a, o, STR("aliases"), aliases);
    json_set(a, o, STR("exploited"), json_new_bool(a, x->exploited));
    if (x->vex)
        json_set(a, o, STR("vex"), x->vex);
    return o;
}

struct counter {
    str model;
    size_t n;
};

static err count_one(void *ctx, struct op *op, const struct record_doc *doc,
                     const struct json *tree)
{
    struct counter *c = ctx;
    (void)op;
    (void)doc;
    c->n += str_eq(fhir_ref_parse(json_str(json_path(tree, "definition.reference"))).id, c->model);
    return OK;
}

static err model_json(struct op *op, struct fleet *f, str model, struct json **ret)
{
    struct arena *a = op->arena;
    struct json *o = json_new(a, JSON_OBJECT), *list = json_new(a, JSON_ARRAY), *kept;
    struct counter c = {.model = model};
    struct parts p;
    struct findings all;
    str text, name;
    TRY(model_known(op, f, model, &name));
    TRY(record_kv_get(op, f->rec, arena_cat(a, STR(PARTS_PREFIX), model), &text));
    TRY(parts_of(op, text, &p, &kept));
    TRY(vuln_find(op, f, model, &p, &all));
    struct record_each walk = {.type = "Device",
                               .query = STR("_tag=" FLEET_LIFE "%7Cactive"),
                               .max = DEVICES_MAX,
                               .fn = count_one,
                               .ctx = &c};
    TRY(record_find_each(op, f->rec, &walk));
    json_set_str(a, o, STR("id"), model);
    json_set_str(a, o, STR("name"), name.n ? name : model);
    json_set_str(a, o, STR("format"), p.format);
    json_set_str(a, o, STR("firmware"), p.version);
    json_set_str(a, o, STR("time"), json_get_str(kept, STR("time")));
    json_set(a, o, STR("parts"), json_new_i64(a, (int64_t)p.n));
    json_set(a, o, STR("devices"), json_new_i64(a, (int64_t)c.n));
    json_set(a, o, STR("cut"), json_new_bool(a, all.cut));
    for (size_t i = 0; i < all.n; i++)
        json_push(a, list, finding_json(op, &all.all[i]));
    json_set(a, o, STR("found"), list);
    *ret = o;
    return op_check(op);
}

static err list(struct op *op, struct fleet *f, struct json *models)
{
    str all, one;
    TRY(record_kv_get(op, f->rec, STR(PARTS_MODELS), &all));
    while (str_take_until(&all, '\n', &one)) {
        struct json *o;
        err e = model_json(op, f, one, &o);
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
