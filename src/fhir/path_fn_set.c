/* FHIRPath functions over lists: existence, filtering, subsetting, combining
 * (http://hl7.org/fhirpath/N1 §5.1 to §5.4, §7).
 * Invariant: a function never changes its input list. */
#include "fhir/path_int.h"

static err fn_empty(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    return path_push_bool(r, ret, c->input->n == 0);
}

static err fn_not(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    enum tri t;
    TRY(path_truth(r, c->node, c->input, &t));
    return t == TRI_EMPTY ? OK : path_push_bool(r, ret, t == TRI_FALSE);
}

/* Truth of the criterion for one item. */
static err holds(struct path_run *r, const struct path_call *c, size_t item, enum tri *ret)
{
    struct path_list one = {0};
    TRY(path_arg_each(r, c, 0, item, &one));
    return path_truth(r, c->node, &one, ret);
}

static err fn_exists(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    enum tri t = TRI_FALSE;
    if (c->node->n_args == 0)
        return path_push_bool(r, ret, c->input->n > 0);
    for (size_t i = 0; i < c->input->n && t != TRI_TRUE; i++)
        TRY(holds(r, c, i, &t));
    return path_push_bool(r, ret, t == TRI_TRUE);
}

static err fn_all(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    enum tri t = TRI_TRUE;
    for (size_t i = 0; i < c->input->n && t == TRI_TRUE; i++)
        TRY(holds(r, c, i, &t));
    return path_push_bool(r, ret, t == TRI_TRUE);
}

/* Is there an input item that is the given boolean? */
static err some(struct path_run *r, const struct path_call *c, bool b, bool *ret)
{
    *ret = false;
    for (size_t i = 0; i < c->input->n; i++) {
        struct path_value v = path_value_of(&c->input->at[i]);
        if (v.kind != V_BOOL)
            return path_fault(r, c->node, "a list of booleans is wanted");
        *ret |= v.b == b;
    }
    return OK;
}

static err fn_all_true(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    bool found;
    TRY(some(r, c, false, &found));
    return path_push_bool(r, ret, !found);
}

static err fn_any_true(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    bool found;
    TRY(some(r, c, true, &found));
    return path_push_bool(r, ret, found);
}

static err fn_all_false(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    bool found;
    TRY(some(r, c, true, &found));
    return path_push_bool(r, ret, !found);
}

static err fn_any_false(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    bool found;
    TRY(some(r, c, false, &found));
    return path_push_bool(r, ret, found);
}

static err push_within(struct path_run *r, const struct path_list *small,
                       const struct path_list *big, struct path_list *ret)
{
    struct path_list outside = {0};
    TRY(path_set_keep(r, small, big, false, &outside));
    return path_push_bool(r, ret, outside.n == 0);
}

static err fn_subset(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    struct path_list other = {0};
    TRY(path_arg(r, c, 0, &other));
    return push_within(r, c->input, &other, ret);
}

static err fn_superset(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    struct path_list other = {0};
    TRY(path_arg(r, c, 0, &other));
    return push_within(r, &other, c->input, ret);
}

static err fn_count(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    return path_push(r, ret, path_int(r, (int64_t)c->input->n));
}

static err fn_distinct(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    return path_set_add(r, c->input, ret);
}

static err fn_is_distinct(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    struct path_list seen = {0};
    TRY(path_set_add(r, c->input, &seen));
    return path_push_bool(r, ret, seen.n == c->input->n);
}

static err fn_where(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    for (size_t i = 0; i < c->input->n; i++) {
        enum tri t;
        TRY(holds(r, c, i, &t));
        if (t == TRI_TRUE)
            TRY(path_push(r, ret, c->input->at[i]));
    }
    return OK;
}

static err fn_select(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    for (size_t i = 0; i < c->input->n; i++)
        TRY(path_arg_each(r, c, 0, i, ret));
    return OK;
}

/* Items already given are not followed again, so cycles end; with all they are, and what does not
 * end by itself ends at the bounds. */
static err repeat(struct path_run *r, const struct path_call *c, bool all, struct path_list *ret)
{
    struct path_list work = {0};
    struct path_set given;
    bool there = false;
    path_set_init(&given, r, ret);
    TRY(path_push_all(r, &work, c->input));
    for (size_t i = 0; i < work.n; i++) {
        struct path_list found = {0};
        struct path_call step = {.node = c->node, .scope = c->scope, .input = &work};
        TRY(path_arg_each(r, &step, 0, i, &found));
        for (size_t k = 0; k < found.n; k++) {
            if (!all)
                TRY(path_set_has(r, &given, &found.at[k], &there));
            if (there)
                continue;
            TRY(path_push(r, ret, found.at[k]));
            TRY(path_push(r, &work, found.at[k]));
        }
        TRY(path_step(r, 1));
    }
    return OK;
}

static err fn_repeat(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    return repeat(r, c, false, ret);
}

static err fn_repeat_all(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    return repeat(r, c, true, ret);
}

static err fn_of_type(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    for (size_t i = 0; i < c->input->n; i++)
        if (path_type_is(c->input->at[i].type, c->node->args[0]))
            TRY(path_push(r, ret, c->input->at[i]));
    return OK;
}

static err fn_is(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    if (c->input->n == 0)
        return OK;
    if (c->input->n > 1)
        return path_fault(r, c->node, "is() goes after one item");
    return path_push_bool(r, ret, path_type_is(c->input->at[0].type, c->node->args[0]));
}

/* ---- subsetting ---- */

static err push_range(struct path_run *r, const struct path_list *in, size_t from, size_t to,
                      struct path_list *ret)
{
    for (size_t i = from; i < to && i < in->n; i++)
        TRY(path_push(r, ret, in->at[i]));
    return OK;
}

static err fn_single(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    if (c->input->n > 1)
        return path_fault(r, c->node, "single() found more than one item");
    return path_push_all(r, ret, c->input);
}

static err fn_first(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    return push_range(r, c->input, 0, 1, ret);
}

static err fn_last(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    return c->input->n ? path_push(r, ret, c->input->at[c->input->n - 1]) : OK;
}

static err fn_tail(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    return push_range(r, c->input, 1, SIZE_MAX, ret);
}

/* The number an argument gives, at least 0; *ret_none when it is empty. */
static err count_arg(struct path_run *r, const struct path_call *c, size_t *ret, bool *ret_none)
{
    struct path_value v;
    int64_t n = 0;
    TRY(path_arg_value(r, c, 0, V_NUMBER, &v));
    *ret_none = v.kind == V_OTHER;
    if (!*ret_none && (!v.d.whole || !dec_i64(v.d, &n)))
        return path_fault(r, c->node, "a whole number is wanted");
    *ret = n > 0 ? (size_t)n : 0;
    return OK;
}

static err fn_skip(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    size_t n = 0;
    bool none = true;
    TRY(count_arg(r, c, &n, &none));
    return none ? OK : push_range(r, c->input, n, SIZE_MAX, ret);
}

static err fn_take(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    size_t n = 0;
    bool none = true;
    TRY(count_arg(r, c, &n, &none));
    return none ? OK : push_range(r, c->input, 0, n, ret);
}

static err fn_intersect(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    struct path_list other = {0}, all = {0};
    TRY(path_arg(r, c, 0, &other));
    TRY(path_set_keep(r, c->input, &other, true, &all));
    return path_set_add(r, &all, ret);
}

static err fn_exclude(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    struct path_list other = {0};
    TRY(path_arg(r, c, 0, &other));
    return path_set_keep(r, c->input, &other, false, ret);
}

static err fn_union(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    struct path_list other = {0};
    TRY(path_arg(r, c, 0, &other));
    TRY(path_set_add(r, c->input, ret));
    return path_set_add(r, &other, ret);
}

static err fn_combine(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    TRY(path_push_all(r, ret, c->input));
    return path_arg(r, c, 0, ret);
}

/* The first argument that is not empty. */
static err fn_coalesce(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    for (size_t i = 0; i < c->node->n_args && ret->n == 0; i++)
        TRY(path_arg(r, c, i, ret));
    return OK;
}

/* aggregate(step, start): $total starts as start (or empty). */
static err fn_aggregate(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    struct path_list total = {0};
    if (c->node->n_args == 2)
        TRY(path_arg(r, c, 1, &total));
    for (size_t i = 0; i < c->input->n; i++) {
        struct path_list next = {0};
        struct path_scope with = *c->scope;
        with.total = &total;
        struct path_call step = {.node = c->node, .scope = &with, .input = c->input};
        TRY(path_arg_each(r, &step, 0, i, &next));
        total = next;
    }
    return path_push_all(r, ret, &total);
}

const struct path_fn path_fns_set[] = {
    {"empty", 0, 0, false, fn_empty},
    {"not", 0, 0, false, fn_not},
    {"exists", 0, 1, false, fn_exists},
    {"all", 1, 1, false, fn_all},
    {"allTrue", 0, 0, false, fn_all_true},
    {"anyTrue", 0, 0, false, fn_any_true},
    {"allFalse", 0, 0, false, fn_all_false},
    {"anyFalse", 0, 0, false, fn_any_false},
    {"subsetOf", 1, 1, false, fn_subset},
    {"supersetOf", 1, 1, false, fn_superset},
    {"count", 0, 0, false, fn_count},
    {"distinct", 0, 0, false, fn_distinct},
    {"isDistinct", 0, 0, false, fn_is_distinct},
    {"where", 1, 1, false, fn_where},
    {"select", 1, 1, false, fn_select},
    {"repeat", 1, 1, false, fn_repeat},
    {"repeatAll", 1, 1, false, fn_repeat_all},
    {"coalesce", 1, 16, false, fn_coalesce},
    {"ofType", 1, 1, true, fn_of_type},
    {"as", 1, 1, true, fn_of_type},
    {"is", 1, 1, true, fn_is},
    {"single", 0, 0, false, fn_single},
    {"first", 0, 0, false, fn_first},
    {"last", 0, 0, false, fn_last},
    {"tail", 0, 0, false, fn_tail},
    {"skip", 1, 1, false, fn_skip},
    {"take", 1, 1, false, fn_take},
    {"intersect", 1, 1, false, fn_intersect},
    {"exclude", 1, 1, false, fn_exclude},
    {"union", 1, 1, false, fn_union},
    {"combine", 1, 1, false, fn_combine},
    {"aggregate", 1, 2, false, fn_aggregate},
    {0},
};
