/* FHIRPath functions about how exactly a value was written: lowBoundary, highBoundary, precision,
 * and comparable (FHIRPath 3 ballot, as the engines of the field have them). Precision counts
 * digits: of decimals those behind the point; of dates 4, 6, 8, 10, 12, 14, 17; of times 2, 4,
 * 6, 9. Invariant: every instant or number that a value may mean lies between its boundaries. */
#include "fhir/path_int.h"

#define DECIMALS_DEFAULT 8
#define DECIMALS_MAX 28

static const int digits_of[] = {0, 4, 6, 8, 10, 12, 14};

static bool is_moment(enum path_kind k)
{
    return k == V_DATE || k == V_DATETIME || k == V_TIME;
}

/* The least (side -1) or greatest (side 1) number that rounds to d, at so many places. */
static bool bound_number(struct path_dec d, int side, int places, struct path_dec *ret)
{
    struct path_dec half = {.m = 5, .scale = d.scale + 1}, out, near;
    if (!dec_add(d, half, side < 0, &out))
        return false;
    near = out;
    for (; near.scale > places; near.scale--)
        near.m /= 10;
    int order = dec_cmp(out, near);
    if (order * side > 0) /* cut off towards the middle: move outwards */
        near.m += side;
    for (; near.scale < places; near.scale++)
        if (__builtin_mul_overflow(near.m, (__int128)10, &near.m))
            return false;
    near.whole = false;
    *ret = near;
    return true;
}

static int month_end(int y, int m)
{
    int64_t next = time_days_from_civil(m == 12 ? y + 1 : y, m == 12 ? 1 : (unsigned)m + 1, 1);
    return (int)(next - time_days_from_civil(y, (unsigned)m, 1));
}

/* Fills what was not written with the first or the last that it can be. */
static void fill(struct path_time *t, bool high)
{
    if (t->precision < PREC_MONTH)
        t->f[1] = high ? 12 : 1;
    if (t->precision < PREC_DAY)
        t->f[2] = high ? month_end(t->f[0], t->f[1]) : 1;
    if (t->precision < PREC_HOUR)
        t->f[3] = high ? 23 : 0;
    if (t->precision < PREC_MINUTE)
        t->f[4] = high ? 59 : 0;
    if (t->precision < PREC_SECOND)
        t->f[5] = high ? 59999 : 0;
    else if (!t->fraction && high)
        t->f[5] += 999;
}

/* Cuts a filled value to so many digits; false when no precision has that many. */
static bool cut(struct path_time *t, int digits)
{
    t->fraction = digits == 17;
    for (int p = t->is_time ? PREC_HOUR : PREC_YEAR; p <= PREC_SECOND; p++) {
        if (digits_of[p] == digits || (digits == 17 && p == PREC_SECOND)) {
            t->precision = p;
            return true;
        }
    }
    return false;
}

static bool bound_moment(struct path_time *t, int side, int digits)
{
    int wanted = t->is_time ? digits + 8 : digits;
    fill(t, side > 0);
    if (!t->has_zone && !t->is_time && wanted > 8) {
        t->has_zone = true;
        t->zone_min = side > 0 ? -12 * 60 : 14 * 60;
    }
    return cut(t, wanted);
}

/* The digits asked for, or the default; false when the argument is empty. */
static err digits_wanted(struct path_run *r, const struct path_call *c, int usual, int *ret,
                         bool *ret_there)
{
    struct path_value v;
    int64_t n = usual;
    *ret_there = true;
    if (c->node->n_args) {
        TRY(path_arg_value(r, c, 0, V_NUMBER, &v));
        *ret_there = v.kind == V_NUMBER;
        if (*ret_there && (!v.d.whole || !dec_i64(v.d, &n)))
            return path_fault(r, c->node, "a number of digits is wanted");
    }
    *ret_there &= n >= 0 && n <= DECIMALS_MAX;
    *ret = (int)n;
    return OK;
}

static err boundary(struct path_run *r, const struct path_call *c, int side, struct path_list *ret)
{
    struct path_dec d;
    bool there;
    int digits = 0;
    if (c->input->n == 0)
        return OK;
    struct path_value v = path_value_of(&c->input->at[0]);
    bool number = v.kind == V_NUMBER || v.kind == V_QUANTITY;
    if (c->input->n > 1 || (!number && !is_moment(v.kind)))
        return path_fault(r, c->node, "one number, quantity, date or time is wanted");
    int usual = number ? DECIMALS_DEFAULT : v.kind == V_DATE ? 8 : v.kind == V_TIME ? 9 : 17;
    TRY(digits_wanted(r, c, usual, &digits, &there));
    if (!there)
        return OK;
    if (!number) {
        if (!bound_moment(&v.t, side, digits))
            return OK;
        bool date = v.kind == V_DATE && digits <= 8;
        return path_push(r, ret,
                         path_moment(r, &v.t,
                                     v.kind == V_TIME ? SYS_TIME
                                     : date           ? SYS_DATE
                                                      : SYS_DATETIME));
    }
    if (!bound_number(v.d, side, digits, &d))
        return OK;
    return path_push(r, ret, v.kind == V_NUMBER ? path_number(r, d) : path_quantity(r, d, v.s));
}

static err fn_low(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    return boundary(r, c, -1, ret);
}

static err fn_high(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    return boundary(r, c, 1, ret);
}

static err fn_precision(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    if (c->input->n == 0)
        return OK;
    struct path_value v = path_value_of(&c->input->at[0]);
    if (c->input->n > 1 || (v.kind != V_NUMBER && !is_moment(v.kind)))
        return path_fault(r, c->node, "one number, date or time is wanted");
    int n = v.kind == V_NUMBER ? v.d.scale : digits_of[v.t.precision];
    if (is_moment(v.kind) && v.t.fraction)
        n = 17;
    return path_push(r, ret, path_int(r, v.kind == V_TIME ? n - 8 : n));
}

static err fn_comparable(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    struct path_value other;
    TRY(path_arg_value(r, c, 0, V_QUANTITY, &other));
    if (c->input->n == 0 || other.kind != V_QUANTITY)
        return OK;
    struct path_value v = path_value_of(&c->input->at[0]);
    if (c->input->n > 1 || v.kind != V_QUANTITY)
        return path_fault(r, c->node, "one quantity is wanted");
    return path_push_bool(r, ret, path_quantity_comparable(&v, &other));
}

const struct path_fn path_fns_bound[] = {
    {"lowBoundary", 0, 1, false, fn_low},
    {"highBoundary", 0, 1, false, fn_high},
    {"precision", 0, 0, false, fn_precision},
    {"comparable", 1, 1, false, fn_comparable},
    {0},
};
