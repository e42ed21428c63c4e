/* Filters of a value set (http://hl7.org/fhir/R4/valueset-filter-operator.html) over one code
 * system: tested on a row, or turned into all rows that pass. */
#include "terms/set_int.h"

#include "base/time.h"

#define WORK_MS 5000 /* of one set of filters */

static const char *const ops[FILTER_OPS] = {"=",  "is-a",   "descendent-of", "is-not-a", "regex",
                                            "in", "not-in", "generalizes",   "exists"};

static err unsupported(struct op *op, const struct system *s, str property, str name)
{
    return fail(op, ERR_UNSUPPORTED,
                "The filter \"%.*s %.*s\" over %.*s is not one this server can work out.",
                STR_ARG(property), STR_ARG(name), STR_ARG(s->url));
}

static bool on_hierarchy(enum filter_op op)
{
    return op == FILTER_IS_A || op == FILTER_BELOW || op == FILTER_IS_NOT_A || op == FILTER_ABOVE;
}

static void aim(const struct system *s, struct filter *f)
{
    static const struct {
        const char *name;
        enum filter_on on;
    } own[] = {{"concept", ON_CODE}, {"code", ON_CODE},       {"parent", ON_PARENT},
               {"child", ON_CHILD},  {"display", ON_DISPLAY}, {"inactive", ON_INACTIVE}};
    f->on = ON_PROPERTY;
    f->number = NO_CODE;
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (str_eq(f->property, str_of(own[i].name))) {
            f->on = own[i].on;
            return;
        }
    for (uint32_t i = 0; i < s->n_props; i++)
        if (str_eq(blob_text(&s->b, s->props[i].code), f->property))
            f->number = i;
}

static err ready(struct ask *q, const struct system *s, struct filter *f)
{
    struct op *op = q->op;
    aim(s, f);
    if (s->grammar != GRAMMAR_NONE || (on_hierarchy(f->op) && f->on != ON_CODE) ||
        (f->on == ON_PROPERTY && f->number == NO_CODE && f->op != FILTER_EXISTS))
        return unsupported(op, s, f->property, str_of(ops[f->op]));
    f->row = system_code(s, f->value);
    if (f->op == FILTER_IN && f->on == ON_CODE)
        f->list = system_list(s, f->value);
    if ((on_hierarchy(f->op) ||
         (f->op == FILTER_EQUAL && (f->on == ON_PARENT || f->on == ON_CHILD))) &&
        f->row == NO_CODE)
        return fail(op, ERR_NOT_FOUND, "The code \"%.*s\" that a filter names is not in %.*s.",
                    STR_ARG(f->value), STR_ARG(s->url));
    return f->op == FILTER_REGEX ? regex_new(op, f->value, &f->regex) : OK;
}

err filters_ready(struct ask *q, const struct set *set, const struct set_part *part,
                  const struct system *s, struct filter **ret)
{
    struct filter *list = ARENA_ARRAY(q->op->arena, struct filter, part->filter_n + 1);
    if (!list)
        return op_check(q->op);
    for (uint32_t i = 0; i < part->filter_n; i++) {
        const struct set_filter *row = &set->filters[part->filter_first + i];
        struct filter *f = &list[i];
        str name = blob_text(&set->b, row->op);
        f->property = blob_text(&set->b, row->property);
        f->value = blob_text(&set->b, row->value);
        f->op = FILTER_OPS;
        for (unsigned o = 0; o < FILTER_OPS; o++)
            if (str_eq(name, str_of(ops[o])))
                f->op = (enum filter_op)o;
        if (f->op == FILTER_OPS)
            return unsupported(q->op, s, f->property, name);
        TRY(ready(q, s, f));
    }
    *ret = list;
    return OK;
}

static bool in_commas(str list, str value)
{
    str one;
    while (str_take_until(&list, ',', &one))
        if (str_eq(str_trim(one), value))
            return true;
    return false;
}

static bool has_row(const uint32_t *rows, uint32_t n, uint32_t row)
{
    for (uint32_t i = 0; i < n; i++)
        if (rows[i] == row)
            return true;
    return false;
}

/* One value against a filter that compares texts. */
static err text_test(struct op *op, const struct filter *f, str value, bool *ret)
{
    *ret = true;
    switch (f->op) {
    case FILTER_EQUAL:
        *ret = str_eq(value, f->value);
        return OK;
    case FILTER_IN:
    case FILTER_NOT_IN:
        *ret = in_commas(f->value, value) == (f->op == FILTER_IN);
        return OK;
    case FILTER_REGEX:
        return regex_match(op, f->regex, value, ret);
    case FILTER_EXISTS:
        *ret = str_eq(f->value, STR("true"));
        return OK;
    case FILTER_IS_A:
    case FILTER_BELOW:
    case FILTER_IS_NOT_A:
    case FILTER_ABOVE:
    case FILTER_OPS:
        break;
    }
    return fail(op, ERR_UNSUPPORTED, "This filter does not compare texts.");
}

static err property_test(struct op *op, const struct system *s, const struct filter *f,
                         uint32_t row, bool *ret)
{
    struct notes notes = notes_of(&s->b, SEC_DETAIL, s->rows[row].detail);
    struct note p;
    bool any = false, some = false, all = true, one;
    while (notes_property(&notes, &p)) {
        if (p.property != f->number)
            continue;
        TRY(text_test(op, f, p.value, &one));
        any = true;
        some = some || one;
        all = all && one;
    }
    *ret = f->op == FILTER_NOT_IN ? all : some;
    if (f->op == FILTER_EXISTS)
        *ret = any == str_eq(f->value, STR("true"));
    return OK;
}

static err code_test(struct op *op, const struct system *s, const struct filter *f, uint32_t row,
                     bool *ret)
{
    bool above = false;
    switch (f->op) {
    case FILTER_IS_A:
    case FILTER_BELOW:
    case FILTER_IS_NOT_A:
        if (row != f->row)
            TRY(system_above(op, s, f->row, row, &above));
        *ret = f->op == FILTER_BELOW ? above : (above || row == f->row) == (f->op == FILTER_IS_A);
        return OK;
    case FILTER_ABOVE:
        *ret = row == f->row;
        return *ret ? OK : system_above(op, s, row, f->row, ret);
    case FILTER_IN:
        if (f->list) {
            *ret = has_row(s->list_rows + f->list->first, f->list->n, row);
            return OK;
        }
        break;
    case FILTER_EQUAL:
    case FILTER_REGEX:
    case FILTER_NOT_IN:
    case FILTER_EXISTS:
    case FILTER_OPS:
        break;
    }
    return text_test(op, f, system_text(s, row), ret);
}

/* Parents or children: any of them. */
static err neighbour_test(struct op *op, const struct system *s, const struct filter *f,
                          uint32_t row, bool *ret)
{
    uint32_t n;
    const uint32_t *rows =
        f->on == ON_PARENT ? system_parents(s, row, &n) : system_children(s, row, &n);
    *ret = f->op == FILTER_NOT_IN;
    if (f->op == FILTER_EXISTS)
        *ret = (n > 0) == str_eq(f->value, STR("true"));
    else if (f->op == FILTER_EQUAL)
        *ret = has_row(rows, n, f->row);
    else
        for (uint32_t i = 0; i < n; i++) {
            bool one;
            TRY(text_test(op, f, system_text(s, rows[i]), &one));
            *ret = f->op == FILTER_NOT_IN ? *ret && one : *ret || one;
        }
    return OK;
}

err filter_test(struct op *op, const struct system *s, const struct filter *f, uint32_t row,
                bool *ret)
{
    switch (f->on) {
    case ON_CODE:
        return code_test(op, s, f, row, ret);
    case ON_PARENT:
    case ON_CHILD:
        return neighbour_test(op, s, f, row, ret);
    case ON_DISPLAY:
        return text_test(op, f, system_display(s, row), ret);
    case ON_INACTIVE:
        return text_test(op, f, system_flags(s, row) & ROW_INACTIVE ? STR("true") : STR("false"),
                         ret);
    case ON_PROPERTY:
        break;
    }
    return property_test(op, s, f, row, ret);
}

/* Rows that a filter can name without looking at all; false when it cannot. */
static err seeds(struct op *op, const struct system *s, const struct filter *f, uint32_t **ret,
                 size_t *ret_n)
{
    const uint32_t *rows = NULL;
    uint32_t n = 0;
    if (f->on == ON_CODE &&
        (f->op == FILTER_IS_A || f->op == FILTER_BELOW || f->op == FILTER_ABOVE)) {
        TRY(system_closure(op, s, f->row, f->op != FILTER_ABOVE, GATHER_MAX, ret, ret_n));
        *ret += f->op == FILTER_BELOW; /* the code itself stands first */
        *ret_n -= f->op == FILTER_BELOW;
        return OK;
    }
    if (f->on == ON_CODE && f->list) {
        rows = s->list_rows + f->list->first;
        n = f->list->n;
    } else if (f->on == ON_PARENT && f->op == FILTER_EQUAL) {
        rows = system_children(s, f->row, &n);
    }
    if (!rows)
        return OK;
    *ret = ARENA_ARRAY(op->arena, uint32_t, n + 1u);
    if (*ret)
        memcpy(*ret, rows, n * sizeof **ret);
    *ret_n = n;
    return op_check(op);
}

err filters_rows(struct op *op, const struct system *s, const struct filter *f, size_t n,
                 uint32_t **ret, size_t *ret_n)
{
    uint32_t *from = NULL;
    size_t n_from = s->n_order, out = 0;
    size_t seeded = n; /* the filter that named the rows: they need no second look at it */
    for (size_t i = 0; i < n && !from; i++) {
        TRY(seeds(op, s, &f[i], &from, &n_from));
        if (from)
            seeded = i;
    }
    if (!from)
        n_from = s->n_order;
    uint32_t *rows = ARENA_ARRAY(op->arena, uint32_t, n_from + 1);
    if (!rows)
        return op_check(op);
    int64_t began = time_mono();
    for (size_t i = 0; i < n_from; i++) {
        uint32_t row = from ? from[i] : s->order[i];
        bool yes = row < s->n;
        if (i % 1024 == 1023 && time_mono() - began > WORK_MS)
            return fail(op, ERR_TOO_COSTLY, "The filters over %.*s take too long; narrow them.",
                        STR_ARG(s->url));
        for (size_t k = 0; k < n && yes; k++)
            if (k != seeded)
                TRY(filter_test(op, s, &f[k], row, &yes));
        if (yes)
            rows[out++] = row;
    }
    *ret = rows;
    *ret_n = out;
    return op_check(op);
}
