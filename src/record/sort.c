/* What orders by: which the store keeps, and the values of a document for those that keys do not
 * have (texts are blind in the store) and for several parameters. Pages of them are sort_page.c's.
 * Invariant: of values that are equal here the resource number decides, in the same direction for
 * every page. */
#include "fhir/custom.h"
#include "record/sort_int.h"

static bool is_code(const struct fhir_param *p, const char *code)
{
    return str_eq(str_of(p->code), str_of(code));
}

bool sort_keyed(const struct fhir_param *p)
{
    return (p->type == PARAM_DATE || p->type == PARAM_NUMBER || p->type == PARAM_QUANTITY) &&
           (!p->alias || p->n_parts == 1);
}

bool sort_in_memory(const struct fhir_query *q)
{
    if (q->n_sort == 0)
        return false;
    const struct fhir_param *p = q->sort[0].param;
    if (is_code(p, "_id")) /* no two have the same: the other keys decide nothing */
        return false;
    return q->n_sort > 1 || !(is_code(p, "_lastUpdated") || sort_keyed(p));
}

struct store_sort sort_in_store(const struct fhir_query *q)
{
    struct store_sort s = {.order = ORDER_RID};
    if (q->n_sort == 0)
        return s;
    const struct fhir_param *p = q->sort[0].param;
    s.descending = q->sort[0].descending;
    if (is_code(p, "_lastUpdated")) {
        s.order = ORDER_TIME;
    } else if (!is_code(p, "_id")) {
        const struct fhir_param *as = p->alias ? fhir_param_get(p->parts[0]) : p;
        s.order = ORDER_KEY;
        s.param = p->alias ? p->parts[0] : p->number;
        s.single = as && as->single && as->type == PARAM_DATE; /* a range of numbers has two keys */
    }
    return s;
}

static int compare_values(const struct sort_value *a, const struct sort_value *b)
{
    int c = str_cmp(a->text, b->text);
    return c ? c : (a->number > b->number) - (a->number < b->number);
}

int sort_compare_key(const struct fhir_sort_key *key, const struct sort_value *a,
                     const struct sort_value *b)
{
    if (a->has != b->has)
        return a->has ? -1 : 1;
    int c = a->has ? compare_values(a, b) : 0;
    return key->descending ? -c : c;
}

int sort_compare(const struct fhir_query *q, const struct sort_row *a, const struct sort_row *b)
{
    for (size_t i = 0; i < q->n_sort; i++) {
        int c = sort_compare_key(&q->sort[i], &a->values[i], &b->values[i]);
        if (c)
            return c;
    }
    return (a->rid > b->rid) - (a->rid < b->rid);
}

static struct sort_value value_of(struct op *op, const struct fhir_key *k)
{
    struct sort_value v = {.has = true, .number = k->number};
    switch ((enum fhir_key_kind)k->kind) {
    case KEY_TOKEN:
        v.text = k->code;
        break;
    case KEY_STRING:
        v.text = fhir_fold(op->arena, k->text);
        break;
    case KEY_DATE:
        v.number = (double)k->lo;
        break;
    case KEY_REFERENCE:
        v.text = k->ref.text;
        break;
    case KEY_URI:
        v.text = k->text;
        break;
    case KEY_NUMBER:
    case KEY_QUANTITY:
    case KEY_COMPOSITE:
    case KEY_DISPLAY:
    case KEY_TYPED:
    case KEY_WORDS:
    case KEY_PLACE:
        break;
    }
    return v;
}

static bool indexes(const struct fhir_param *p, uint16_t number)
{
    for (size_t i = 0; p->alias && i < p->n_parts; i++)
        if (p->parts[i] == number)
            return true;
    return p->number == number;
}

/* The smallest value counts upwards, the largest downwards. */
err sort_values(struct op *op, struct record *rec, const struct fhir_query *q,
                const struct store_doc *doc, struct sort_value **ret)
{
    struct json *tree;
    struct fhir_key *keys, *all;
    size_t n, n_all;
    *ret = ARENA_ARRAY(op->arena, struct sort_value, q->n_sort);
    TRY(op_check(op));
    TRY(tree_of(op, rec, doc, &tree));
    TRY(fhir_keys(op, tree, &all, &n_all));
    for (size_t s = 0; s < q->n_sort; s++) {
        const struct fhir_sort_key *sort = &q->sort[s];
        struct sort_value *best = &(*ret)[s];
        keys = all;
        n = n_all;
        if (fhir_param_custom(sort->param))
            TRY(fhir_custom_keys(op, sort->param, tree, &keys, &n));
        if (is_code(sort->param, "_lastUpdated"))
            *best = (struct sort_value){.has = true, .number = (double)doc->time};
        if (is_code(sort->param, "_id"))
            *best = (struct sort_value){.has = true, .number = (double)doc->rid};
        for (size_t i = 0; i < n; i++) {
            if (!indexes(sort->param, keys[i].param) || keys[i].kind == KEY_DISPLAY ||
                keys[i].kind == KEY_TYPED)
                continue;
            struct sort_value v = value_of(op, &keys[i]);
            if (!best->has || (compare_values(&v, best) > 0) == sort->descending)
                *best = v;
        }
        best->text = str_sub(best->text, 0, SORT_TEXT_MAX / q->n_sort);
    }
    return op_check(op);
}
