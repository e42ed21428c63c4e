/* What is known of a model's parts: each part's packages lead to the vulnerabilities that name
 * them, nothing else is read. Worst first. Changes nothing. */
#include "fleet/parts_kept_int.h"

#include <stdlib.h>

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

struct look_ctx {
    struct finder *s;
    const struct part *part;
};

static err look_at_one(void *ctx, struct op *op, str id)
{
    const struct look_ctx *c = ctx;
    struct finding x = {.part = c->part};
    str text;
    TRY(record_kv_get(op, c->s->f->rec, arena_cat(op->arena, STR(VULN_PREFIX), id), &text));
    if (!text.n)
        return OK;
    TRY(vuln_of(op, text, &x.v));
    return vuln_hits(&x.v, c->part, &x.fixed) ? add(c->s, x) : OK;
}

static err look_at(struct finder *s, const struct part *p, str key)
{
    struct look_ctx c = {s, p};
    return key.n ? index_each(s->op, s->f, key, look_at_one, &c) : OK;
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
