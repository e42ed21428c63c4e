/* Items as values: what kind an item is, equality, equivalence and order; fresh items.
 * Invariant: FHIR primitives and System types of the same meaning compare alike; values of
 * different kinds are unequal and have no order. */
#include "fhir/path_int.h"

static const struct {
    uint16_t type;
    enum path_kind kind;
} fhir_kinds[] = {
    {FHIR_BOOLEAN, V_BOOL}, {FHIR_INTEGER, V_NUMBER},     {FHIR_DECIMAL, V_NUMBER},
    {FHIR_DATE, V_DATE},    {FHIR_DATE_TIME, V_DATETIME}, {FHIR_INSTANT, V_DATETIME},
    {FHIR_TIME, V_TIME},
};

static enum path_kind kind_of(uint16_t type)
{
    static const enum path_kind system[] = {V_BOOL,     V_STRING, V_NUMBER,   V_NUMBER, V_DATE,
                                            V_DATETIME, V_TIME,   V_QUANTITY, V_OTHER};
    if (type >= SYS_BOOLEAN)
        return type < SYS_END ? system[type - SYS_BOOLEAN] : V_OTHER;
    if (fhir_is_a(type, FHIR_QUANTITY))
        return V_QUANTITY;
    if (fhir_models[type].kind != KIND_PRIMITIVE)
        return V_OTHER;
    for (uint16_t t = type; t; t = fhir_models[t].base)
        for (size_t i = 0; i < sizeof fhir_kinds / sizeof *fhir_kinds; i++)
            if (t == fhir_kinds[i].type)
                return fhir_kinds[i].kind;
    return V_STRING;
}

/* The unit of a FHIR Quantity is its code, else its text; one of ours has no system. */
static bool quantity_of(const struct path_item *item, struct path_value *ret)
{
    const struct json *v = item->v;
    str code = json_get_str(v, STR("code")), unit = json_get_str(v, STR("unit"));
    str system = json_get_str(v, STR("system"));
    ret->s = code.n ? code : unit.n ? unit : STR("1");
    ret->ucum = item->type == SYS_QUANTITY || (code.n == 0 && unit.n == 0) ||
                str_eq(system, STR("http://unitsofmeasure.org"));
    ret->vague = JSON_GET(v, "comparator") != NULL;
    if (!dec_parse(json_str(JSON_GET(v, "value")), &ret->d))
        return false;
    ret->d.whole = false;
    return true;
}

struct path_value path_value_of(const struct path_item *item)
{
    struct path_value v = {.kind = V_OTHER};
    bool ok = true;
    if (!item->v)
        return v;
    enum path_kind kind = kind_of(item->type);
    switch (kind) {
    case V_BOOL:
        ok = item->v->type == JSON_TRUE || item->v->type == JSON_FALSE;
        v.b = item->v->type == JSON_TRUE;
        break;
    case V_STRING:
        ok = item->v->type == JSON_STRING;
        v.s = json_str(item->v);
        break;
    case V_NUMBER:
        ok = item->v->type == JSON_NUMBER && dec_parse(item->v->u.s, &v.d);
        v.d.whole = item->type >= SYS_BOOLEAN ? item->type == SYS_INTEGER
                                              : fhir_is_a(item->type, FHIR_INTEGER);
        break;
    case V_DATE:
    case V_DATETIME:
    case V_TIME:
        v.s = json_str(item->v);
        ok = moment_parse(v.s, kind, &v.t);
        break;
    case V_QUANTITY:
        ok = quantity_of(item, &v);
        break;
    case V_OTHER:
        break;
    }
    v.kind = ok ? kind : V_OTHER;
    return v;
}

bool path_text(const struct path_item *item, str *ret)
{
    bool string = item->v && item->v->type == JSON_STRING;
    if (!string || (item->type >= SYS_BOOLEAN && item->type != SYS_STRING))
        return false;
    *ret = item->v->u.s;
    return true;
}

err path_truth(struct path_run *r, const struct path_node *n, const struct path_list *l,
               enum tri *ret)
{
    *ret = TRI_EMPTY;
    if (l->n == 0)
        return OK;
    if (l->n > 1)
        return path_fault(r, n, "one boolean is wanted, not a list");
    struct path_value v = path_value_of(&l->at[0]);
    *ret = v.kind == V_BOOL && !v.b ? TRI_FALSE : TRI_TRUE;
    return OK;
}

static bool is_moment(enum path_kind k)
{
    return k == V_DATE || k == V_DATETIME;
}

bool path_order(const struct path_value *a, const struct path_value *b, int *ret, bool *ret_empty)
{
    *ret_empty = false;
    if (a->kind == V_STRING && b->kind == V_STRING) {
        *ret = str_cmp(a->s, b->s);
        return true;
    }
    if (a->kind == V_NUMBER && b->kind == V_NUMBER) {
        *ret = dec_cmp(a->d, b->d);
        return true;
    }
    bool times = a->kind == V_TIME && b->kind == V_TIME;
    if (times || (is_moment(a->kind) && is_moment(b->kind))) {
        *ret_empty = !moment_cmp(&a->t, &b->t, ret);
        return true;
    }
    bool a_q = a->kind == V_QUANTITY, b_q = b->kind == V_QUANTITY;
    if ((a_q && (b_q || b->kind == V_NUMBER)) || (b_q && a->kind == V_NUMBER)) {
        *ret_empty = !path_quantity_order(a, b, ret);
        return true;
    }
    return false;
}

enum tri path_equal(struct path_run *r, const struct path_item *a, const struct path_item *b)
{
    struct path_value x = path_value_of(a), y = path_value_of(b);
    int order;
    bool empty;
    if (x.kind == V_OTHER && y.kind == V_OTHER)
        return path_trees_equal(r, a->v || b->v ? a->v : a->ext, a->v || b->v ? b->v : b->ext,
                                false)
                   ? TRI_TRUE
                   : TRI_FALSE;
    r->steps += x.s.n / 64;
    if (x.kind == V_QUANTITY && y.kind == V_QUANTITY && (x.vague || y.vague))
        return path_trees_equal(r, a->v, b->v, false) ? TRI_TRUE : TRI_FALSE;
    if (x.kind == V_BOOL && y.kind == V_BOOL)
        return x.b == y.b ? TRI_TRUE : TRI_FALSE;
    if (!path_order(&x, &y, &order, &empty))
        return TRI_FALSE;
    return empty ? TRI_EMPTY : order == 0 ? TRI_TRUE : TRI_FALSE;
}

/* '~': texts folded, decimals at the coarser precision, dates of equal precision only. */
bool path_equivalent(struct path_run *r, const struct path_item *a, const struct path_item *b)
{
    struct path_value x = path_value_of(a), y = path_value_of(b);
    if (x.kind == V_STRING && y.kind == V_STRING)
        return str_eq(fhir_fold(r->op->arena, x.s), fhir_fold(r->op->arena, y.s));
    if (x.kind == V_NUMBER && y.kind == V_NUMBER)
        return dec_like(x.d, y.d);
    if (x.kind == V_QUANTITY && y.kind == V_QUANTITY && !x.vague && !y.vague)
        return path_quantity_like(&x, &y);
    if (x.kind == V_OTHER && y.kind == V_OTHER)
        return path_trees_equal(r, a->v || b->v ? a->v : a->ext, a->v || b->v ? b->v : b->ext,
                                true);
    return path_equal(r, a, b) == TRI_TRUE;
}

/* ---- fresh items ---- */

static struct path_item fresh(struct path_run *r, enum json_type type, str s, uint16_t of)
{
    struct json *v = json_new(r->op->arena, type);
    if (type == JSON_STRING || type == JSON_NUMBER)
        v->u.s = s;
    return (struct path_item){.v = v, .type = of};
}

struct path_item path_bool(struct path_run *r, bool b)
{
    return fresh(r, b ? JSON_TRUE : JSON_FALSE, STR_NONE, SYS_BOOLEAN);
}

struct path_item path_string(struct path_run *r, str s)
{
    r->steps += s.n / 16;
    return fresh(r, JSON_STRING, s, SYS_STRING);
}

struct path_item path_int(struct path_run *r, int64_t v)
{
    return path_number(r, dec_int(v));
}

struct path_item path_number(struct path_run *r, struct path_dec d)
{
    return fresh(r, JSON_NUMBER, dec_text(r->op->arena, d), d.whole ? SYS_INTEGER : SYS_DECIMAL);
}

struct path_item path_quantity(struct path_run *r, struct path_dec d, str unit)
{
    struct arena *a = r->op->arena;
    struct path_item q = fresh(r, JSON_OBJECT, STR_NONE, SYS_QUANTITY);
    json_set(a, q.v, STR("value"), json_new_num(a, dec_text(a, d)));
    json_set_str(a, q.v, STR("unit"), unit);
    return q;
}

struct path_item path_moment(struct path_run *r, const struct path_time *t, uint16_t type)
{
    enum path_kind kind = type == SYS_TIME ? V_TIME : type == SYS_DATE ? V_DATE : V_DATETIME;
    return fresh(r, JSON_STRING, moment_text(r->op->arena, t, kind), type);
}

err path_push_bool(struct path_run *r, struct path_list *l, bool b)
{
    return path_push(r, l, path_bool(r, b));
}

err path_push_tri(struct path_run *r, struct path_list *l, enum tri t)
{
    return t == TRI_EMPTY ? OK : path_push_bool(r, l, t == TRI_TRUE);
}
