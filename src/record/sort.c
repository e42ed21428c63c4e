/* Orders that keys do not have (texts are blind in the store) and orders by several parameters: a
 * bounded set of hits is fetched and sorted here. Invariant: every page is cut from the same set,
 * the one that the first page's moment showed, and ties go by resource number. */
#include "fhir/custom.h"
#include "record/record_int.h"

static bool is_code(const struct fhir_param *p, const char *code)
{
    return str_eq(str_of(p->code), str_of(code));
}

static bool keyed(const struct fhir_param *p)
{
    return (p->type == PARAM_DATE || p->type == PARAM_NUMBER || p->type == PARAM_QUANTITY) &&
           (!p->alias || p->n_parts == 1);
}

bool sort_in_memory(const struct fhir_query *q)
{
    if (q->n_sort == 0)
        return false;
    const struct fhir_param *p = q->sort[0].param;
    return q->n_sort > 1 || !(is_code(p, "_id") || is_code(p, "_lastUpdated") || keyed(p));
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
        s.order = ORDER_KEY;
        s.param = p->alias ? p->parts[0] : p->number;
    }
    return s;
}

struct sort_value {
    bool has;
    str text;
    double number;
};

struct row {
    struct store_doc doc;
    struct sort_value *values;
    const struct fhir_query *q;
};

static int compare_values(const struct sort_value *a, const struct sort_value *b)
{
    int c = str_cmp(a->text, b->text);
    return c ? c : (a->number > b->number) - (a->number < b->number);
}

static int compare(const void *x, const void *y)
{
    const struct row *a = x, *b = y;
    for (size_t i = 0; i < a->q->n_sort; i++) {
        const struct sort_value *p = &a->values[i], *r = &b->values[i];
        if (p->has != r->has)
            return p->has ? -1 : 1;
        int c = p->has ? compare_values(p, r) : 0;
        if (c)
            return a->q->sort[i].descending ? -c : c;
    }
    return (a->doc.rid > b->doc.rid) - (a->doc.rid < b->doc.rid);
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
static err values_of(struct op *op, struct record *rec, struct row *row)
{
    struct json *tree;
    struct fhir_key *keys, *all;
    size_t n, n_all;
    row->values = ARENA_ARRAY(op->arena, struct sort_value, row->q->n_sort);
    TRY(tree_of(op, rec, &row->doc, &tree));
    TRY(fhir_keys(op, tree, &all, &n_all));
    for (size_t s = 0; s < row->q->n_sort; s++) {
        const struct fhir_sort_key *sort = &row->q->sort[s];
        struct sort_value *best = &row->values[s];
        keys = all;
        n = n_all;
        if (fhir_param_custom(sort->param))
            TRY(fhir_custom_keys(op, sort->param, tree, &keys, &n));
        if (is_code(sort->param, "_lastUpdated"))
            *best = (struct sort_value){.has = true, .number = (double)row->doc.time};
        if (is_code(sort->param, "_id"))
            *best = (struct sort_value){.has = true, .number = (double)row->doc.rid};
        for (size_t i = 0; i < n; i++) {
            if (!indexes(sort->param, keys[i].param) || keys[i].kind == KEY_DISPLAY ||
                keys[i].kind == KEY_TYPED)
                continue;
            struct sort_value v = value_of(op, &keys[i]);
            if (!best->has || (compare_values(&v, best) > 0) == sort->descending)
                *best = v;
        }
    }
    return op_check(op);
}

/* Where a page starts: "offset.moment". The hits are searched again as of that moment. */
struct position {
    uint64_t offset, t;
};

static bool take_position(str page, struct position *ret)
{
    str offset;
    return str_take_until(&page, '.', &offset) &&
           str_to_u64(offset, RECORD_CANDIDATES_MAX, &ret->offset) &&
           str_to_u64(page, UINT64_MAX, &ret->t) && ret->t > 0;
}

/* The hits of one part, as of the moment; *room is how many more may be sorted. */
static err hits(struct op *op, struct record *rec, struct search_part *p, const struct position *at,
                size_t *room, struct store_found *ret)
{
    if (p->plan.empty)
        return OK;
    p->plan.q.limit = *room ? *room : 1;
    p->plan.q.after = at->t ? store_position(op, at->t, false) : STR_NONE;
    TRY(op_check(op));
    TRY(store_search(op, rec->store, &p->plan.q, ret));
    p->lead = ret->lead;
    p->led = ret->led;
    p->steps += ret->steps;
    if (ret->more || ret->n > *room)
        return fail(op, ERR_TOO_COSTLY,
                    "More than %u resources would have to be sorted; narrow the search by patient, "
                    "code or _lastUpdated, or sort by one date, number or _lastUpdated.",
                    RECORD_CANDIDATES_MAX);
    *room -= ret->n;
    return OK;
}

struct rows {
    struct row *at;
    size_t n, room;
    uint64_t t;
};

static err add_rows(struct op *op, struct record *rec, struct search_part *p,
                    const struct position *at, struct rows *rows)
{
    struct store_found found = {0};
    struct position asked = {.t = at->t ? at->t : rows->t};
    TRY(hits(op, rec, p, &asked, &rows->room, &found));
    if (!rows->t)
        rows->t = asked.t ? asked.t : found.t;
    struct row *all = ARENA_ARRAY(op->arena, struct row, rows->n + found.n);
    TRY(op_check(op));
    if (rows->n)
        memcpy(all, rows->at, rows->n * sizeof *all);
    rows->at = all;
    for (size_t i = 0; i < found.n; i++) {
        struct row *r = &rows->at[rows->n];
        bool ok;
        r->q = p->q;
        TRY(search_late(op, i));
        TRY(search_fetch(op, rec, p->q, &p->plan, found.rids[i], rows->t, &r->doc, &ok));
        p->read++;
        p->kept += ok;
        if (!ok)
            continue;
        TRY(values_of(op, rec, r));
        rows->n++;
    }
    return OK;
}

err search_sorted(struct op *op, struct record *rec, struct search_part *parts, size_t n,
                  struct record_page *ret)
{
    struct position at = {0};
    const struct fhir_query *q = parts[0].q;
    struct rows rows = {.room = RECORD_CANDIDATES_MAX};
    if (!str_empty(q->page) && !take_position(q->page, &at))
        return fail(op, ERR_INVALID,
                    "_page is not a position that this server gave; start at page one.");
    if (n > 1 && !at.t)
        at.t = store_now_t(rec->store);
    for (size_t i = 0; i < n; i++)
        TRY(add_rows(op, rec, &parts[i], &at, &rows));
    if (rows.n)
        qsort(rows.at, rows.n, sizeof *rows.at, compare);
    size_t from = at.offset < rows.n ? (size_t)at.offset : rows.n;
    size_t to = q->count < rows.n - from ? from + q->count : rows.n;
    for (size_t i = from; i < to; i++)
        doc_fill(op, rec, &rows.at[i].doc, &ret->docs[ret->n++]);
    ret->t = rows.t ? rows.t : at.t;
    if (to < rows.n)
        ret->next = arena_printf(op->arena, "%zu.%llu", to, (unsigned long long)ret->t);
    if (from > 0)
        ret->prev = arena_printf(op->arena, "%zu.%llu", from > q->count ? from - q->count : 0,
                                 (unsigned long long)ret->t);
    ret->has_total = true;
    ret->total = rows.n;
    return op_check(op);
}
