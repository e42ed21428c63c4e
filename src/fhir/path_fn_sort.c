/* sort(key, …) of FHIRPath (3 ballot): by each key in turn, "-" before a key turns its order round,
 * no key sorts by the items themselves; empty keys come first either way.
 * Invariant: the order of equal items stays; every comparison counts as a step. */
#include "fhir/path_int.h"

struct table {
    struct path_run *r;
    const struct path_call *call;
    struct path_value *keys; /* n_keys an item */
    bool *down;
    size_t n_keys;
};

static err key_of(const struct table *t, size_t item, size_t k, struct path_value *ret)
{
    struct path_list list = {0};
    const struct path_node *node = t->call->node;
    if (node->n_args == 0) {
        *ret = path_value_of(&t->call->input->at[item]);
    } else {
        TRY(path_node_each(t->r, t->call, t->down[k] ? node->args[k]->a : node->args[k], item,
                           &list));
        if (list.n > 1)
            return path_fault(t->r, node, "a sort key is one value");
        *ret = list.n ? path_value_of(&list.at[0]) : (struct path_value){.kind = V_OTHER};
        if (list.n == 0)
            return OK;
    }
    if (ret->kind == V_OTHER || ret->kind == V_BOOL)
        return path_fault(t->r, node, "values of this type have no order");
    return OK;
}

static err compare(const struct table *t, size_t a, size_t b, int *ret)
{
    TRY(path_step(t->r, 1));
    *ret = 0;
    for (size_t k = 0; k < t->n_keys && *ret == 0; k++) {
        const struct path_value *x = &t->keys[a * t->n_keys + k], *y = &t->keys[b * t->n_keys + k];
        bool empty = false;
        if (x->kind == V_OTHER || y->kind == V_OTHER)
            *ret = (x->kind != V_OTHER) - (y->kind != V_OTHER);
        else if (!path_order(x, y, ret, &empty))
            return path_fault(t->r, t->call->node, "sort keys are of one type");
        else
            *ret = empty ? 0 : t->down[k] ? -*ret : *ret;
    }
    return OK;
}

/* Merges the runs [from, mid) and [mid, to) of order into spare. */
static err merge(const struct table *t, const size_t *order, size_t *spare, const size_t at[3])
{
    size_t i = at[0], k = at[1], out = at[0];
    while (i < at[1] || k < at[2]) {
        int c = i == at[1] ? 1 : -1;
        if (i < at[1] && k < at[2])
            TRY(compare(t, order[i], order[k], &c));
        spare[out++] = c <= 0 ? order[i++] : order[k++];
    }
    return OK;
}

static err arrange(const struct table *t, size_t *order, size_t *spare, size_t n)
{
    for (size_t width = 1; width < n; width *= 2) {
        for (size_t from = 0; from < n; from += 2 * width) {
            size_t mid = from + width < n ? from + width : n;
            size_t to = mid + width < n ? mid + width : n;
            TRY(merge(t, order, spare, (size_t[3]){from, mid, to}));
        }
        memcpy(order, spare, n * sizeof *order);
    }
    return OK;
}

static err fn_sort(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    struct arena *a = r->op->arena;
    size_t n = c->input->n, n_keys = c->node->n_args ? c->node->n_args : 1;
    struct table t = {.r = r, .call = c, .n_keys = n_keys};
    TRY(path_step(r, n * n_keys));
    t.keys = ARENA_ARRAY(a, struct path_value, n * n_keys + 1);
    t.down = ARENA_ARRAY(a, bool, n_keys);
    size_t *order = ARENA_ARRAY(a, size_t, 2 * n + 1);
    TRY(op_check(r->op));
    for (size_t k = 0; k < c->node->n_args; k++)
        t.down[k] = c->node->args[k]->kind == N_MINUS && c->node->args[k]->op == OP_SUB;
    for (size_t i = 0; i < n; i++) {
        order[i] = i;
        for (size_t k = 0; k < n_keys; k++)
            TRY(key_of(&t, i, k, &t.keys[i * n_keys + k]));
    }
    TRY(arrange(&t, order, order + n, n));
    for (size_t i = 0; i < n; i++)
        TRY(path_push(r, ret, c->input->at[order[i]]));
    return OK;
}

const struct path_fn path_fns_sort[] = {
    {"sort", 0, 8, false, fn_sort},
    {0},
};
