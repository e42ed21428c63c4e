/* Binary operators of FHIRPath over two evaluated lists (http://hl7.org/fhirpath/N1 §6).
 * Invariant: an empty side makes an empty result but where the language says otherwise (logic, &,
 * |, ~, in, contains). */
#include "fhir/path_int.h"

#define STRING_MAX (1u << 20)

static enum tri logic(enum path_op op, enum tri a, enum tri b)
{
    if (op == OP_AND)
        return a == TRI_FALSE || b == TRI_FALSE   ? TRI_FALSE
               : a == TRI_EMPTY || b == TRI_EMPTY ? TRI_EMPTY
                                                  : TRI_TRUE;
    if (op == OP_OR)
        return a == TRI_TRUE || b == TRI_TRUE     ? TRI_TRUE
               : a == TRI_EMPTY || b == TRI_EMPTY ? TRI_EMPTY
                                                  : TRI_FALSE;
    if (op == OP_IMPLIES)
        return a == TRI_FALSE || b == TRI_TRUE    ? TRI_TRUE
               : a == TRI_EMPTY || b == TRI_EMPTY ? TRI_EMPTY
                                                  : TRI_FALSE;
    if (a == TRI_EMPTY || b == TRI_EMPTY)
        return TRI_EMPTY;
    return a != b ? TRI_TRUE : TRI_FALSE;
}

static enum tri opposite(enum tri t)
{
    return t == TRI_EMPTY ? t : t == TRI_TRUE ? TRI_FALSE : TRI_TRUE;
}

/* '=' of lists: same size and pairwise equal. */
static enum tri equal_lists(struct path_run *r, const struct path_list *a,
                            const struct path_list *b)
{
    enum tri all = TRI_TRUE;
    if (a->n == 0 || b->n == 0)
        return TRI_EMPTY;
    if (a->n != b->n)
        return TRI_FALSE;
    for (size_t i = 0; i < a->n && all != TRI_FALSE; i++) {
        enum tri one = path_equal(r, &a->at[i], &b->at[i]);
        all = one == TRI_FALSE ? TRI_FALSE : one == TRI_EMPTY ? TRI_EMPTY : all;
    }
    return all;
}

static err any_equivalent(struct path_run *r, const struct path_list *l,
                          const struct path_item *item, bool *ret)
{
    *ret = false;
    for (size_t i = 0; i < l->n && !*ret; i++) {
        TRY(path_step(r, 1));
        *ret = path_equivalent(r, &l->at[i], item);
    }
    return OK;
}

/* '~' of lists: same size, each has its like, in any order. */
static err equivalent_lists(struct path_run *r, const struct path_list *a,
                            const struct path_list *b, bool *ret)
{
    bool all = a->n == b->n;
    for (size_t i = 0; i < a->n && all; i++)
        TRY(any_equivalent(r, b, &a->at[i], &all));
    *ret = all;
    return OK;
}

static err single(struct path_run *r, const struct path_node *n, const struct path_list *l,
                  struct path_value *ret)
{
    if (l->n > 1)
        return path_fault(r, n, "an operator wants one value on each side, not a list");
    *ret = path_value_of(&l->at[0]);
    return OK;
}

static err compare(struct path_run *r, const struct path_node *n, const struct path_list *a,
                   const struct path_list *b, struct path_list *ret)
{
    struct path_value x = {0}, y = {0};
    int order;
    bool empty;
    if (a->n == 0 || b->n == 0)
        return OK;
    TRY(single(r, n, a, &x));
    TRY(single(r, n, b, &y));
    if (!path_order(&x, &y, &order, &empty))
        return path_fault(r, n, "values of these types have no order");
    if (empty)
        return OK;
    return path_push_bool(r, ret,
                          n->op == OP_LT   ? order < 0
                          : n->op == OP_LE ? order <= 0
                          : n->op == OP_GT ? order > 0
                                           : order >= 0);
}

static err member(struct path_run *r, const struct path_node *n, const struct path_list *item,
                  const struct path_list *all, struct path_list *ret)
{
    if (item->n == 0)
        return OK;
    if (item->n > 1)
        return path_fault(r, n, "one item is looked for, not a list");
    struct path_set set;
    bool there;
    path_set_init(&set, r, all);
    TRY(path_set_has(r, &set, &item->at[0], &there));
    return path_push_bool(r, ret, there);
}

static err push_cat(struct path_run *r, str x, str y, struct path_list *ret)
{
    if (x.n + y.n > STRING_MAX)
        return fail(r->op, ERR_TOO_COSTLY, "FHIRPath: a string would be longer than %u bytes",
                    STRING_MAX);
    return path_push(r, ret, path_string(r, arena_cat(r->op->arena, x, y)));
}

static err side_text(struct path_run *r, const struct path_node *n, const struct path_list *l,
                     str *ret)
{
    *ret = STR("");
    if (l->n > 1 || (l->n == 1 && !path_text(&l->at[0], ret)))
        return path_fault(r, n, "'&' joins one string and another");
    return OK;
}

static err concat(struct path_run *r, const struct path_node *n, const struct path_list *a,
                  const struct path_list *b, struct path_list *ret)
{
    str x, y;
    TRY(side_text(r, n, a, &x));
    TRY(side_text(r, n, b, &y));
    return push_cat(r, x, y, ret);
}

/* ---- arithmetic ---- */

static err add_moment(struct path_run *r, const struct path_node *n, const struct path_value *a,
                      const struct path_value *b, struct path_list *ret)
{
    struct path_value q = *b;
    struct path_time t = a->t;
    uint16_t type = a->kind == V_TIME ? SYS_TIME : a->kind == V_DATE ? SYS_DATE : SYS_DATETIME;
    if (str_eq(q.s, STR("a")) || str_eq(q.s, STR("mo")))
        return path_fault(r, n, "a date takes calendar years and months, not UCUM's");
    if (n->op == OP_SUB)
        q.d.m = -q.d.m;
    if (!moment_add(&t, a->kind, q.d, q.s))
        return path_fault(r, n, "a date takes years, months, weeks, days, hours, minutes, seconds");
    return path_push(r, ret, path_moment(r, &t, type));
}

/* Integers have 32 bits; what does not fit is empty. */
static bool calculate_any(enum path_op op, struct path_dec a, struct path_dec b,
                          struct path_dec *ret)
{
    struct path_dec whole;
    if (op == OP_ADD || op == OP_SUB)
        return dec_add(a, b, op == OP_SUB, ret);
    if (op == OP_MUL)
        return dec_mul(a, b, ret);
    if (op == OP_DIV)
        return dec_div(a, b, ret);
    if (op == OP_IDIV)
        return dec_idiv(a, b, ret);
    /* a mod b = a - b * (a div b) */
    return dec_idiv(a, b, &whole) && dec_mul(b, whole, &whole) && dec_add(a, whole, true, ret);
}

static bool calculate(enum path_op op, struct path_dec a, struct path_dec b, struct path_dec *ret)
{
    struct path_dec d;
    if (!calculate_any(op, a, b, &d) || (d.whole && (d.m > INT32_MAX || d.m < INT32_MIN)))
        return false;
    *ret = d;
    return true;
}

err path_arithmetic(struct path_run *r, const struct path_node *n, const struct path_value *a,
                    const struct path_value *b, struct path_list *ret)
{
    struct path_dec d;
    bool sum = n->op == OP_ADD || n->op == OP_SUB;
    bool moment = a->kind == V_DATE || a->kind == V_DATETIME || a->kind == V_TIME;
    if (moment && sum && b->kind == V_QUANTITY)
        return add_moment(r, n, a, b, ret);
    if (a->kind == V_STRING && b->kind == V_STRING && n->op == OP_ADD)
        return push_cat(r, a->s, b->s, ret);
    bool q = a->kind == V_QUANTITY || b->kind == V_QUANTITY;
    bool numbers = (a->kind == V_NUMBER || a->kind == V_QUANTITY) &&
                   (b->kind == V_NUMBER || b->kind == V_QUANTITY);
    if (!numbers)
        return path_fault(r, n, "the operator does not go with values of these types");
    if (q)
        return path_quantity_arithmetic(r, n, a, b, ret);
    return calculate((enum path_op)n->op, a->d, b->d, &d) ? path_push(r, ret, path_number(r, d))
                                                          : OK;
}

static err operate_logic(struct path_run *r, const struct path_node *n, const struct path_list *a,
                         const struct path_list *b, struct path_list *ret)
{
    enum tri x, y;
    TRY(path_truth(r, n, a, &x));
    TRY(path_truth(r, n, b, &y));
    return path_push_tri(r, ret, logic((enum path_op)n->op, x, y));
}

static err operate_equal(struct path_run *r, const struct path_node *n, const struct path_list *a,
                         const struct path_list *b, struct path_list *ret)
{
    bool same;
    if (n->op == OP_EQ || n->op == OP_NE) {
        enum tri t = equal_lists(r, a, b);
        return path_push_tri(r, ret, n->op == OP_EQ ? t : opposite(t));
    }
    TRY(equivalent_lists(r, a, b, &same));
    return path_push_bool(r, ret, same == (n->op == OP_EQUIV));
}

err path_operate(struct path_run *r, const struct path_node *n, const struct path_list *a,
                 const struct path_list *b, struct path_list *ret)
{
    struct path_value x = {0}, y = {0};
    enum path_op op = (enum path_op)n->op;
    if (op <= OP_AND)
        return operate_logic(r, n, a, b, ret);
    if (op >= OP_EQ && op <= OP_NEQUIV)
        return operate_equal(r, n, a, b, ret);
    if (op >= OP_LT && op <= OP_GE)
        return compare(r, n, a, b, ret);
    if (op == OP_IN)
        return member(r, n, a, b, ret);
    if (op == OP_CONTAINS)
        return member(r, n, b, a, ret);
    if (op == OP_CONCAT)
        return concat(r, n, a, b, ret);
    if (op == OP_UNION) {
        TRY(path_set_add(r, a, ret));
        return path_set_add(r, b, ret);
    }
    if (a->n == 0 || b->n == 0)
        return OK;
    TRY(single(r, n, a, &x));
    TRY(single(r, n, b, &y));
    return path_arithmetic(r, n, &x, &y, ret);
}
