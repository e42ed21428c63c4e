/* What the devices in use run: counted by model and version, in one walk over all of them. */
#include "fleet/bom_int.h"
#include "record/find_each.h"

#include <stdlib.h>

#define DEVICES_MAX 100000u

struct counter {
    struct op *op;
    struct running_list *to;
    size_t cap;
};

static err count_one(void *ctx, struct op *op, const struct record_doc *doc,
                     const struct json *tree)
{
    struct counter *c = ctx;
    struct running_list *to = c->to;
    (void)op;
    (void)doc;
    if (to->n == c->cap) {
        size_t cap = c->cap ? c->cap * 2 : 256;
        struct running *more = ARENA_ARRAY(c->op->arena, struct running, cap);
        TRY(op_check(c->op));
        if (to->n)
            memcpy(more, to->all, to->n * sizeof *more);
        to->all = more;
        c->cap = cap;
    }
    str model = fhir_ref_parse(json_str(json_path(tree, "definition.reference"))).id;
    to->all[to->n++] = (struct running){
        .model = arena_str(c->op->arena, model),
        .firmware = arena_str(c->op->arena, str_utf8_cut(device_firmware(tree), 80)),
        .n = 1};
    return OK;
}

static int by_model(const void *a, const void *b)
{
    const struct running *x = a, *y = b;
    int c = str_cmp(x->model, y->model);
    return c ? c : str_cmp(x->firmware, y->firmware);
}

err running_read(struct op *op, struct fleet *f, struct running_list *ret)
{
    struct counter c = {.op = op, .to = ret};
    size_t n = 0;
    *ret = (struct running_list){.n = 0};
    for (unsigned bare = 0; bare < 2; bare++) {
        struct record_each walk = {.type = "Device",
                                   .query = device_query(op, LIFE_ACTIVE, bare),
                                   .max = DEVICES_MAX,
                                   .fn = count_one,
                                   .ctx = &c};
        TRY(record_find_each(op, f->rec, &walk));
    }
    if (ret->n)
        qsort(ret->all, ret->n, sizeof *ret->all, by_model);
    for (size_t i = 0; i < ret->n; i++) {
        if (n && !by_model(&ret->all[n - 1], &ret->all[i]))
            ret->all[n - 1].n++;
        else
            ret->all[n++] = ret->all[i];
    }
    ret->n = n;
    return op_check(op);
}
