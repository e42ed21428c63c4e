/* FHIRPath math functions (http://hl7.org/fhirpath/N1 §5.7).
 * Invariant: what has no real or representable result is empty, never an infinity. */
#include "fhir/path_int.h"

#include <math.h>

/* The one number; quantity allowed where the caller keeps its unit. kind V_OTHER when empty. */
static err input(struct path_run *r, const struct path_call *c, bool quantity,
                 struct path_value *ret)
{
    *ret = (struct path_value){.kind = V_OTHER};
    if (c->input->n == 0)
        return OK;
    struct path_value v = path_value_of(&c->input->at[0]);
    if (c->input->n > 1 || (v.kind != V_NUMBER && !(quantity && v.kind == V_QUANTITY)))
        return path_fault(r, c->node, "one number is wanted");
    *ret = v;
    return OK;
}

static err push_double(struct path_run *r, double v, struct path_list *ret)
{
    struct path_dec d;
    return dec_from_double(v, &d) ? path_push(r, ret, path_number(r, d)) : OK;
}

static err fn_abs(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    struct path_value v;
    TRY(input(r, c, true, &v));
    if (v.kind == V_OTHER)
        return OK;
    v.d.m = v.d.m < 0 ? -v.d.m : v.d.m;
    return path_push(r, ret, v.kind == V_NUMBER ? path_number(r, v.d) : path_quantity(r, v.d, v.s));
}

/* Whole part, moved by one where a fraction was cut off on the given side. */
static err whole(struct path_run *r, const struct path_call *c, int side, struct path_list *ret)
{
    struct path_value v;
    struct path_dec d;
    TRY(input(r, c, false, &v));
    if (v.kind == V_OTHER || !dec_idiv(v.d, dec_int(1), &d))
        return OK;
    int cut = dec_cmp(v.d, d);
    if (side != 0 && cut == side)
        d.m += side;
    return path_push(r, ret, path_number(r, d));
}

static err fn_ceiling(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    return whole(r, c, 1, ret);
}

static err fn_floor(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    return whole(r, c, -1, ret);
}

static err fn_truncate(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    return whole(r, c, 0, ret);
}

static err fn_round(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    struct path_value v, places = {.kind = V_OTHER};
    int64_t n = 0;
    TRY(input(r, c, false, &v));
    if (c->node->n_args)
        TRY(path_arg_value(r, c, 0, V_NUMBER, &places));
    if (v.kind == V_OTHER)
        return OK;
    if (places.kind == V_NUMBER && (!dec_i64(places.d, &n) || n < 0))
        return path_fault(r, c->node, "a number of decimal places is wanted");
    struct path_dec d = dec_round(v.d, n > 100 ? 100 : (int)n);
    d.whole = false;
    return path_push(r, ret, path_number(r, d));
}

static err real(struct path_run *r, const struct path_call *c, double (*fn)(double),
                struct path_list *ret)
{
    struct path_value v;
    TRY(input(r, c, false, &v));
    return v.kind == V_OTHER ? OK : push_double(r, fn(dec_double(v.d)), ret);
}

static err fn_exp(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    return real(r, c, exp, ret);
}

static err fn_ln(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    return real(r, c, log, ret);
}

static err fn_sqrt(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    return real(r, c, sqrt, ret);
}

static err fn_log(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    struct path_value v, base;
    TRY(input(r, c, false, &v));
    TRY(path_arg_value(r, c, 0, V_NUMBER, &base));
    if (v.kind == V_OTHER || base.kind == V_OTHER)
        return OK;
    return push_double(r, log(dec_double(v.d)) / log(dec_double(base.d)), ret);
}

/* Whole powers of decimals exactly, others as reals. */
static err fn_power(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    struct path_value v, e;
    int64_t n;
    TRY(input(r, c, false, &v));
    TRY(path_arg_value(r, c, 0, V_NUMBER, &e));
    if (v.kind == V_OTHER || e.kind == V_OTHER)
        return OK;
    if (!dec_i64(e.d, &n) || n < 0 || n > 126)
        return push_double(r, pow(dec_double(v.d), dec_double(e.d)), ret);
    struct path_dec out = dec_int(1);
    out.whole = v.d.whole;
    for (; n > 0; n--)
        if (!dec_mul(out, v.d, &out))
            return OK;
    return path_push(r, ret, path_number(r, out));
}

/* ---- over lists: sum, min, max, avg; empty for an empty list ---- */

static err pick(struct path_run *r, const struct path_call *c, int side, struct path_list *ret)
{
    size_t best = 0;
    for (size_t i = 1; i < c->input->n; i++) {
        struct path_value a = path_value_of(&c->input->at[i]);
        struct path_value b = path_value_of(&c->input->at[best]);
        int order;
        bool empty;
        TRY(path_step(r, 1));
        if (!path_order(&a, &b, &order, &empty))
            return path_fault(r, c->node, "items of one type that has an order are wanted");
        if (empty)
            return OK;
        best = order * side > 0 ? i : best;
    }
    return c->input->n ? path_push(r, ret, c->input->at[best]) : OK;
}

static err fn_min(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    return pick(r, c, -1, ret);
}

static err fn_max(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    return pick(r, c, 1, ret);
}

/* The sum of the list so far, by the rules of '+'. */
static err total(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    struct path_node plus = {.kind = N_OP, .op = OP_ADD, .at = c->node->at};
    struct path_list sum = {0};
    for (size_t i = 0; i < c->input->n; i++) {
        struct path_list next = {0};
        struct path_value v = path_value_of(&c->input->at[i]);
        if (v.kind != V_NUMBER && v.kind != V_QUANTITY)
            return path_fault(r, c->node, "numbers or quantities are wanted");
        if (i == 0) {
            TRY(path_push(r, &sum, c->input->at[0]));
            continue;
        }
        struct path_value so_far = path_value_of(&sum.at[0]);
        TRY(path_arithmetic(r, &plus, &so_far, &v, &next));
        if (next.n == 0)
            return OK;
        sum = next;
    }
    return path_push_all(r, ret, &sum);
}

static err fn_sum(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    return total(r, c, ret);
}

static err fn_avg(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    struct path_node over = {.kind = N_OP, .op = OP_DIV, .at = c->node->at};
    struct path_value n = {.kind = V_NUMBER, .d = dec_int((int64_t)c->input->n)};
    struct path_list sum = {0};
    TRY(total(r, c, &sum));
    if (sum.n == 0)
        return OK;
    struct path_value all = path_value_of(&sum.at[0]);
    return path_arithmetic(r, &over, &all, &n, ret);
}

const struct path_fn path_fns_math[] = {
    {"sum", 0, 0, false, fn_sum},
    {"min", 0, 0, false, fn_min},
    {"max", 0, 0, false, fn_max},
    {"avg", 0, 0, false, fn_avg},
    {"abs", 0, 0, false, fn_abs},
    {"ceiling", 0, 0, false, fn_ceiling},
    {"floor", 0, 0, false, fn_floor},
    {"truncate", 0, 0, false, fn_truncate},
    {"round", 0, 1, false, fn_round},
    {"exp", 0, 0, false, fn_exp},
    {"ln", 0, 0, false, fn_ln},
    {"sqrt", 0, 0, false, fn_sqrt},
    {"log", 1, 1, false, fn_log},
    {"power", 1, 1, false, fn_power},
    {0},
};
