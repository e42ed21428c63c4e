/* FHIRPath conversions: toX() and convertsToX() (http://hl7.org/fhirpath/N1 §5.5).
 * Invariant: convertsToX() is true exactly when toX() gives a value. */
#include "fhir/path_int.h"

typedef bool (*convert_fn)(struct path_run *r, const struct path_value *v, struct path_item *ret);

static bool to_boolean(struct path_run *r, const struct path_value *v, struct path_item *ret)
{
    static const char *const yes[] = {"true", "t", "yes", "y", "1", "1.0"};
    static const char *const no[] = {"false", "f", "no", "n", "0", "0.0"};
    if (v->kind == V_BOOL) {
        *ret = path_bool(r, v->b);
        return true;
    }
    int one = v->kind == V_NUMBER ? dec_cmp(v->d, dec_int(1)) : -1;
    bool is_yes = v->kind == V_NUMBER && one == 0;
    bool is_no = v->kind == V_NUMBER && v->d.m == 0;
    for (size_t i = 0; v->kind == V_STRING && i < 6; i++) {
        is_yes |= str_eq_nocase(v->s, str_of(yes[i]));
        is_no |= str_eq_nocase(v->s, str_of(no[i]));
    }
    *ret = path_bool(r, is_yes);
    return is_yes || is_no;
}

static bool signed_number(str s, struct path_dec *ret)
{
    if (s.n > 1 && s.p[0] == '+')
        s = str_sub(s, 1, s.n);
    return str_find_char(s, 'e', 0) == SIZE_MAX && str_find_char(s, 'E', 0) == SIZE_MAX &&
           !str_ends(s, STR(".")) && dec_parse(s, ret);
}

static bool to_integer(struct path_run *r, const struct path_value *v, struct path_item *ret)
{
    struct path_dec d = v->d;
    int64_t n;
    if (v->kind == V_BOOL)
        d = dec_int(v->b);
    else if (v->kind == V_STRING && !signed_number(v->s, &d))
        return false;
    bool kind = v->kind == V_BOOL || v->kind == V_STRING || v->kind == V_NUMBER;
    if (!kind || !d.whole || !dec_i64(d, &n) || n > INT32_MAX || n < INT32_MIN)
        return false;
    *ret = path_int(r, n);
    return true;
}

static bool to_decimal(struct path_run *r, const struct path_value *v, struct path_item *ret)
{
    struct path_dec d = v->d;
    if (v->kind == V_BOOL)
        d = (struct path_dec){.m = v->b ? 10 : 0, .scale = 1};
    else if (v->kind == V_STRING ? !signed_number(v->s, &d) : v->kind != V_NUMBER)
        return false;
    d.whole = false;
    *ret = path_number(r, d);
    return true;
}

static bool to_string(struct path_run *r, const struct path_value *v, struct path_item *ret)
{
    struct arena *a = r->op->arena;
    str s = v->s, number;
    switch (v->kind) {
    case V_BOOL:
        s = v->b ? STR("true") : STR("false");
        break;
    case V_NUMBER:
        s = dec_text(a, v->d);
        break;
    case V_DATE:
    case V_DATETIME:
    case V_TIME:
        break; /* as written */
    case V_QUANTITY:
        number = dec_text(a, v->d);
        s = arena_printf(a, path_unit_word(v->s) ? "%.*s %.*s" : "%.*s '%.*s'", STR_ARG(number),
                         STR_ARG(v->s));
        break;
    case V_STRING:
        break;
    case V_OTHER:
        return false;
    }
    *ret = path_string(r, s);
    return true;
}

static bool to_date(struct path_run *r, const struct path_value *v, struct path_item *ret)
{
    struct path_time t = v->t;
    if (v->kind == V_STRING && !moment_parse(v->s, V_DATE, &t) &&
        !moment_parse(v->s, V_DATETIME, &t))
        return false;
    if (v->kind != V_STRING && v->kind != V_DATE && v->kind != V_DATETIME)
        return false;
    t.precision = t.precision > PREC_DAY ? PREC_DAY : t.precision;
    *ret = path_moment(r, &t, SYS_DATE);
    return true;
}

static bool to_datetime(struct path_run *r, const struct path_value *v, struct path_item *ret)
{
    struct path_time t = v->t;
    if (v->kind == V_STRING ? !moment_parse(v->s, V_DATETIME, &t)
                            : v->kind != V_DATE && v->kind != V_DATETIME)
        return false;
    *ret = path_moment(r, &t, SYS_DATETIME);
    return true;
}

static bool to_time(struct path_run *r, const struct path_value *v, struct path_item *ret)
{
    struct path_time t = v->t;
    if (v->kind == V_STRING ? !moment_parse(v->s, V_TIME, &t) : v->kind != V_TIME)
        return false;
    *ret = path_moment(r, &t, SYS_TIME);
    return true;
}

/* "4.5 'mg'", "4 days", "4.5" */
static bool quantity_text(str s, struct path_dec *d, str *unit)
{
    s = str_trim(s);
    size_t space = str_find_char(s, ' ', 0);
    *unit = STR("1");
    if (!signed_number(str_sub(s, 0, space), d))
        return false;
    if (space == SIZE_MAX)
        return true;
    *unit = str_trim(str_sub(s, space, s.n));
    if (unit->n > 2 && unit->p[0] == '\'' && unit->p[unit->n - 1] == '\'') {
        *unit = str_sub(*unit, 1, unit->n - 1);
        return true;
    }
    return path_unit_word(*unit);
}

static bool quantity_of(const struct path_value *v, struct path_value *ret)
{
    *ret = *v;
    ret->kind = V_QUANTITY;
    if (v->kind != V_QUANTITY) {
        ret->s = STR("1");
        ret->ucum = true;
    }
    if (v->kind == V_BOOL)
        ret->d = dec_int(v->b);
    else if (v->kind == V_STRING)
        return quantity_text(v->s, &ret->d, &ret->s);
    return v->kind == V_BOOL || v->kind == V_NUMBER || (v->kind == V_QUANTITY && !v->vague);
}

/* toQuantity(unit) converts to that unit as well. */
static err quantity(struct path_run *r, const struct path_call *c, bool ask, struct path_list *ret)
{
    struct path_value unit = {.kind = V_OTHER}, q;
    if (c->input->n == 0)
        return OK;
    if (c->input->n > 1)
        return path_fault(r, c->node, "one item is converted, not a list");
    if (c->node->n_args) {
        TRY(path_arg_value(r, c, 0, V_STRING, &unit));
        if (unit.kind != V_STRING)
            return OK;
    }
    struct path_value v = path_value_of(&c->input->at[0]);
    bool ok = v.kind != V_OTHER && quantity_of(&v, &q);
    if (ok && unit.kind == V_STRING) {
        ok = path_quantity_convert(&q, unit.s, &q.d);
        q.s = unit.s;
    }
    if (ask)
        return path_push_bool(r, ret, ok);
    return ok ? path_push(r, ret, path_quantity(r, q.d, q.s)) : OK;
}

static err fn_to_quantity(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    return quantity(r, c, false, ret);
}

static err ask_to_quantity(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    return quantity(r, c, true, ret);
}

static err convert(struct path_run *r, const struct path_call *c, convert_fn fn, bool ask,
                   struct path_list *ret)
{
    struct path_item item;
    if (c->input->n == 0)
        return OK;
    if (c->input->n > 1)
        return path_fault(r, c->node, "one item is converted, not a list");
    struct path_value v = path_value_of(&c->input->at[0]);
    bool ok = v.kind != V_OTHER && fn(r, &v, &item);
    if (ask)
        return path_push_bool(r, ret, ok);
    return ok ? path_push(r, ret, item) : OK;
}

#define CONVERSION(name)                                                                           \
    static err fn_##name(struct path_run *r, const struct path_call *c, struct path_list *ret)     \
    {                                                                                              \
        return convert(r, c, name, false, ret);                                                    \
    }                                                                                              \
    static err ask_##name(struct path_run *r, const struct path_call *c, struct path_list *ret)    \
    {                                                                                              \
        return convert(r, c, name, true, ret);                                                     \
    }

CONVERSION(to_boolean)
CONVERSION(to_integer)
CONVERSION(to_decimal)
CONVERSION(to_string)
CONVERSION(to_date)
CONVERSION(to_datetime)
CONVERSION(to_time)

const struct path_fn path_fns_convert[] = {
    {"toBoolean", 0, 0, false, fn_to_boolean},
    {"convertsToBoolean", 0, 0, false, ask_to_boolean},
    {"toInteger", 0, 0, false, fn_to_integer},
    {"convertsToInteger", 0, 0, false, ask_to_integer},
    {"toDecimal", 0, 0, false, fn_to_decimal},
    {"convertsToDecimal", 0, 0, false, ask_to_decimal},
    {"toString", 0, 0, false, fn_to_string},
    {"convertsToString", 0, 0, false, ask_to_string},
    {"toDate", 0, 0, false, fn_to_date},
    {"convertsToDate", 0, 0, false, ask_to_date},
    {"toDateTime", 0, 0, false, fn_to_datetime},
    {"convertsToDateTime", 0, 0, false, ask_to_datetime},
    {"toTime", 0, 0, false, fn_to_time},
    {"convertsToTime", 0, 0, false, ask_to_time},
    {"toQuantity", 0, 1, false, fn_to_quantity},
    {"convertsToQuantity", 0, 1, false, ask_to_quantity},
    {0},
};
