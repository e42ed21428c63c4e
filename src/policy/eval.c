/* The predicate machine: closed operators over named facts, three-valued (regulations.md 2). A
 * missing fact makes a comparison UNKNOWN; it never guesses. It does not know what a rule decides.
 * Invariant: a comparison of known values of one kind is never UNKNOWN. */
#include "policy/policy_int.h"

bool value_has(const struct value *list, str item)
{
    for (size_t i = 0; i < list->n; i++)
        if (str_eq(list->u.items[i], item))
            return true;
    return false;
}

static str text_of(const struct value *v)
{
    return str_make(v->u.s, v->n);
}

static bool is_number(const struct value *v)
{
    return v->kind == VALUE_NUM || v->kind == VALUE_BOOL;
}

static double number_of(const struct value *v)
{
    return v->kind == VALUE_BOOL ? (double)v->u.b : v->u.num;
}

static enum tri tri_of(bool b)
{
    return b ? TRI_YES : TRI_NO;
}

static bool all_in(const struct value *items, const struct value *list)
{
    for (size_t i = 0; i < items->n; i++)
        if (!value_has(list, items->u.items[i]))
            return false;
    return true;
}

/* Values of different kinds are different, except that true is 1 (as in the reference evaluator).
 */
static bool values_equal(const struct value *a, const struct value *b)
{
    if (is_number(a) && is_number(b))
        return !(number_of(a) < number_of(b)) && !(number_of(a) > number_of(b));
    if (a->kind != b->kind)
        return false;
    if (a->kind == VALUE_STR)
        return str_eq(text_of(a), text_of(b));
    if (a->n != b->n)
        return false;
    for (size_t i = 0; i < a->n; i++)
        if (!str_eq(a->u.items[i], b->u.items[i]))
            return false;
    return true;
}

static enum tri compare_order(enum op_code code, const struct value *a, const struct value *b)
{
    if (!is_number(a) || !is_number(b))
        return TRI_UNKNOWN;
    double x = number_of(a), y = number_of(b);
    if (code == OP_LT)
        return tri_of(x < y);
    if (code == OP_LE)
        return tri_of(x <= y);
    return tri_of(code == OP_GT ? x > y : x >= y);
}

static enum tri compare_list(enum op_code code, const struct value *a, const struct value *b)
{
    const struct value *list = code == OP_IN ? b : a, *item = code == OP_IN ? a : b;
    if (code == OP_IN || code == OP_CONTAINS) {
        if (list->kind != VALUE_LIST || item->kind != VALUE_STR)
            return TRI_UNKNOWN;
        return tri_of(value_has(list, text_of(item)));
    }
    if (a->kind != VALUE_LIST || b->kind != VALUE_LIST)
        return TRI_UNKNOWN;
    return tri_of(code == OP_SUBSET ? all_in(a, b) : all_in(b, a));
}

enum tri value_compare(enum op_code code, const struct value *a, const struct value *b)
{
    if (a->kind == VALUE_NONE || b->kind == VALUE_NONE)
        return TRI_UNKNOWN;
    if (code == OP_EQ)
        return tri_of(values_equal(a, b));
    if (code == OP_NE)
        return tri_of(!values_equal(a, b));
    if (code <= OP_GE)
        return compare_order(code, a, b);
    return compare_list(code, a, b);
}

/* One strong value (NO for and, YES for or) decides whatever is unknown. */
static enum tri combine(enum op_code code, const enum tri *at, size_t n)
{
    enum tri strong = code == OP_AND ? TRI_NO : TRI_YES, result = tri_of(code == OP_AND);
    for (size_t i = 0; i < n; i++) {
        if (at[i] == strong)
            return strong;
        if (at[i] == TRI_UNKNOWN)
            result = TRI_UNKNOWN;
    }
    return result;
}

static enum tri compare_insn(const struct insn *in, const struct value *params,
                             const struct facts *facts)
{
    const struct value *right = &policy_consts[in->arg];
    if (in->arg_kind == ARG_PARAM)
        right = &params[in->arg];
    else if (in->arg_kind == ARG_FACT)
        right = &facts->at[in->arg];
    return value_compare((enum op_code)in->code, &facts->at[in->fact], right);
}

enum tri policy_eval(const struct insn *code, size_t n, const struct value *params,
                     const struct facts *facts)
{
    enum tri stack[POLICY_STACK] = {TRI_UNKNOWN};
    size_t top = 0;
    for (size_t i = 0; i < n; i++) {
        const struct insn *in = &code[i];
        if (in->code == OP_TRUE) {
            stack[top++] = TRI_YES;
        } else if (in->code == OP_NOT) {
            if (stack[top - 1] != TRI_UNKNOWN)
                stack[top - 1] = tri_of(stack[top - 1] == TRI_NO);
        } else if (in->code == OP_AND || in->code == OP_OR) {
            top -= in->arg;
            stack[top] = combine((enum op_code)in->code, &stack[top], in->arg);
            top++;
        } else {
            stack[top++] = compare_insn(in, params, facts);
        }
    }
    return stack[0];
}
