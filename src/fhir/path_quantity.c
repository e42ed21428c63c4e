/* Quantities in FHIRPath: order, equivalence and arithmetic over units (http://hl7.org/fhirpath/N1
 * § 6.1, 6.2, 6.6). Units are UCUM, or calendar words (1 year, 4 days).
 * Invariant: values whose units do not go together have no answer (empty), never a wrong one; a
 * calendar year or month is no fixed number of days, so it compares with its own kind only. */
#include "fhir/path_int.h"

#define AGREE 28 /* digits to which converted values are compared */

static struct ucum_num num_of(struct path_dec d)
{
    return (struct ucum_num){.m = d.m, .e = -d.scale};
}

static str unit_of(const struct path_value *v)
{
    return v->kind == V_QUANTITY ? path_unit(v->s) : STR("1");
}

/* Months of the calendar word a value is in; 0 for other units. */
static int months_of(const struct path_value *v)
{
    if (v->kind != V_QUANTITY)
        return 0;
    bool month = str_eq(v->s, STR("month")) || str_eq(v->s, STR("months"));
    bool year = str_eq(v->s, STR("year")) || str_eq(v->s, STR("years"));
    return year ? 12 : month;
}

/* Both in UCUM units of the same kind. */
static bool units_of(const struct path_value *a, const struct path_value *b, struct ucum_unit *x,
                     struct ucum_unit *y)
{
    bool code = (a->kind != V_QUANTITY || a->ucum) && (b->kind != V_QUANTITY || b->ucum);
    return code && months_of(a) == 0 && months_of(b) == 0 && !ucum_parse(unit_of(a), x) &&
           !ucum_parse(unit_of(b), y) && ucum_comparable(x, y);
}

bool path_quantity_comparable(const struct path_value *a, const struct path_value *b)
{
    struct ucum_unit x, y;
    return str_eq(unit_of(a), unit_of(b)) || units_of(a, b, &x, &y);
}

bool path_quantity_order(const struct path_value *a, const struct path_value *b, int *ret)
{
    struct ucum_unit x, y;
    struct ucum_num p, q;
    int i = months_of(a), k = months_of(b);
    if (a->vague || b->vague || (!i != !k && (i | k) != 0))
        return false;
    if (i) {
        struct path_dec m, n;
        if (!dec_mul(a->d, dec_int(i), &m) || !dec_mul(b->d, dec_int(k), &n))
            return false;
        *ret = dec_cmp(m, n);
        return true;
    }
    if (str_eq(unit_of(a), unit_of(b))) {
        *ret = dec_cmp(a->d, b->d);
        return true;
    }
    if (!units_of(a, b, &x, &y) || !ucum_base(num_of(a->d), &x, &p) ||
        !ucum_base(num_of(b->d), &y, &q))
        return false;
    *ret = ucum_num_cmp(ucum_num_round(p, AGREE), ucum_num_round(q, AGREE));
    return true;
}

/* Both in the coarser of their units; a calendar year or month counts as UCUM's. */
static bool to_coarser(const struct path_value *a, const struct path_value *b,
                       struct path_dec *ret_a, struct path_dec *ret_b)
{
    struct ucum_unit x, y;
    struct ucum_num p = num_of(a->d), q = num_of(b->d);
    bool code = (a->kind != V_QUANTITY || a->ucum) && (b->kind != V_QUANTITY || b->ucum);
    if (!code || ucum_parse(unit_of(a), &x) || ucum_parse(unit_of(b), &y) ||
        !ucum_comparable(&x, &y))
        return false;
    if (x.special || y.special) {
        if (!ucum_convert(q, &y, &x, &q))
            return false;
    } else if (ucum_num_cmp(x.factor, y.factor) >= 0) {
        q = ucum_num_mul(q, ucum_num_div(y.factor, x.factor));
    } else {
        p = ucum_num_mul(p, ucum_num_div(x.factor, y.factor));
    }
    return dec_of_num(p, ret_a) && dec_of_num(q, ret_b);
}

bool path_quantity_like(const struct path_value *a, const struct path_value *b)
{
    struct path_dec x = a->d, y = b->d;
    if (a->vague || b->vague)
        return false;
    if (!str_eq(unit_of(a), unit_of(b)) && !to_coarser(a, b, &x, &y))
        return false;
    return dec_like(x, y);
}

bool path_quantity_convert(const struct path_value *v, str unit, struct path_dec *ret)
{
    const struct path_value to = {.kind = V_QUANTITY, .s = unit, .ucum = true};
    struct ucum_unit x, y;
    struct ucum_num out;
    if (str_eq(unit_of(v), path_unit(unit))) {
        *ret = v->d;
        return true;
    }
    return units_of(v, &to, &x, &y) && ucum_convert(num_of(v->d), &x, &y, &out) &&
           dec_of_num(out, ret);
}

/* ---- arithmetic ---- */

/* The sum is in the finer unit. */
static err add(struct path_run *r, const struct path_node *n, struct path_value a,
               struct path_value b, struct path_list *ret)
{
    struct ucum_unit x, y;
    struct path_dec d;
    str unit = a.kind == V_QUANTITY ? a.s : STR("1");
    if (!str_eq(unit_of(&a), unit_of(&b))) {
        if (!units_of(&a, &b, &x, &y) || x.special || y.special)
            return OK;
        if (ucum_num_cmp(x.factor, y.factor) > 0)
            unit = b.kind == V_QUANTITY ? b.s : STR("1");
        if (!path_quantity_convert(&a, unit, &a.d) || !path_quantity_convert(&b, unit, &b.d))
            return OK;
    }
    if (!dec_add(a.d, b.d, n->op == OP_SUB, &d))
        return OK;
    return path_push(r, ret, path_quantity(r, d, unit));
}

#define FACTORS_MAX 8
struct factors {
    struct {
        str symbol;
        int power;
    } at[FACTORS_MAX];
    size_t n;
};

/* Adds symbol^power, joining equal symbols. */
static bool add_factor(struct factors *f, str symbol, int power)
{
    size_t i = 0;
    while (i < f->n && !str_eq(f->at[i].symbol, symbol))
        i++;
    if (i == FACTORS_MAX)
        return false;
    if (i == f->n) {
        f->at[f->n].symbol = symbol;
        f->at[f->n++].power = 0;
    }
    f->at[i].power += power;
    return true;
}

/* A unit of plain symbols ("mg/dL", "cm2") as factors; false for anything more. */
static bool take_factors(struct factors *f, str unit, int sign)
{
    int over = 1;
    while (unit.n) {
        size_t n = 0, end;
        int64_t power = 1;
        while (n < unit.n && ((unit.p[n] | 0x20) >= 'a') && (unit.p[n] | 0x20) <= 'z')
            n++;
        for (end = n; end < unit.n && unit.p[end] != '.' && unit.p[end] != '/';)
            end++;
        if (n == 0 ||
            (end > n && (!str_to_i64(str_sub(unit, n, end), &power) || power > 99 || power < -99)))
            return false;
        if (!add_factor(f, str_sub(unit, 0, n), sign * over * (int)power))
            return false;
        if (end < unit.n)
            over = unit.p[end] == '/' ? -1 : 1;
        unit = str_sub(unit, end < unit.n ? end + 1 : end, unit.n);
    }
    return true;
}

static str unit_text(struct arena *a, const struct factors *f)
{
    str out = STR("");
    for (size_t i = 0; i < f->n; i++) {
        const char *dot = out.n ? "." : "";
        if (f->at[i].power == 1)
            out = arena_printf(a, "%.*s%s%.*s", STR_ARG(out), dot, STR_ARG(f->at[i].symbol));
        else if (f->at[i].power)
            out = arena_printf(a, "%.*s%s%.*s%d", STR_ARG(out), dot, STR_ARG(f->at[i].symbol),
                               f->at[i].power);
    }
    return out.n ? out : STR("1");
}

/* The unit of a product or quotient, "cm2" for "cm" by "cm". */
static str unit_combine(struct arena *a, str x, str y, bool over)
{
    struct factors f = {.n = 0};
    if (str_eq(y, STR("1")))
        return x;
    if (str_eq(x, STR("1")) && !over)
        return y;
    if (str_eq(x, y) && over)
        return STR("1");
    if ((str_eq(x, STR("1")) || take_factors(&f, x, 1)) && take_factors(&f, y, over ? -1 : 1))
        return unit_text(a, &f);
    return arena_printf(a, "(%.*s)%c(%.*s)", STR_ARG(x), over ? '/' : '.', STR_ARG(y));
}

static err multiply(struct path_run *r, const struct path_node *n, const struct path_value *a,
                    const struct path_value *b, struct path_list *ret)
{
    bool over = n->op == OP_DIV;
    struct ucum_unit x;
    struct path_dec d;
    str unit = unit_combine(r->op->arena, unit_of(a), unit_of(b), over);
    bool plain = a->kind != V_QUANTITY || b->kind != V_QUANTITY || str_eq(unit, STR("1"));
    if (plain && b->kind != V_QUANTITY)
        unit = a->s; /* 2 * 3 days stays in days */
    else if (plain && a->kind != V_QUANTITY && !over)
        unit = b->s;
    else if (ucum_parse(unit, &x))
        return OK;
    if (!(over ? dec_div(a->d, b->d, &d) : dec_mul(a->d, b->d, &d)))
        return OK;
    return path_push(r, ret, path_quantity(r, d, unit));
}

err path_quantity_arithmetic(struct path_run *r, const struct path_node *n,
                             const struct path_value *a, const struct path_value *b,
                             struct path_list *ret)
{
    if (a->vague || b->vague)
        return OK;
    if (n->op == OP_ADD || n->op == OP_SUB)
        return add(r, n, *a, *b, ret);
    if (n->op == OP_MUL || n->op == OP_DIV)
        return multiply(r, n, a, b, ret);
    return path_fault(r, n, "quantities have no div and mod");
}
