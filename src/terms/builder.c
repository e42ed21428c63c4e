/* A code system under construction: concepts in published order, then sorted by code with parents
 * and children as row numbers. Invariant: rows of a finished block are sorted by code and unique.
 */
#include "terms/build_int.h"

#include <stdlib.h>

const char *const prop_type_names[PROP_TYPES] = {"valueCode",    "valueString",  "valueCoding",
                                                 "valueInteger", "valueBoolean", "valueDateTime",
                                                 "valueDecimal"};

void builder_init(struct builder *b, struct op *op)
{
    *b = (struct builder){.op = op, .a = op->arena};
    map_init(&b->rows_by_code, b->a);
    map_init(&b->lists_by_name, b->a);
}

uint32_t builder_find(const struct builder *b, str code)
{
    return (uint32_t)(uintptr_t)map_get(&b->rows_by_code, code) - 1;
}

uint32_t builder_concept(struct builder *b, str code, str display)
{
    uint32_t row = (uint32_t)b->rows.n;
    struct build_row r = {.code = code, .display = display};
    if (map_get(&b->rows_by_code, code) ||
        !map_put(&b->rows_by_code, code, (void *)(uintptr_t)(row + 1)))
        return NO_ROW;
    VEC_PUSH(b->a, &b->rows, r);
    return b->rows.n > row ? row : NO_ROW;
}

static void append(struct arena *a, struct detail_note **first, struct detail_note **last,
                   const struct detail_note *note)
{
    struct detail_note *copy = ARENA_NEW(a, struct detail_note);
    if (!copy)
        return;
    *copy = *note;
    copy->next = NULL;
    if (*last)
        (*last)->next = copy;
    else
        *first = copy;
    *last = copy;
}

void builder_designation(struct builder *b, uint32_t row, const struct detail_note *d)
{
    struct build_row *r = &b->rows.at[row];
    append(b->a, &r->designations, &r->last_designation, d);
}

uint32_t builder_property(struct builder *b, str code, str type, str description)
{
    for (size_t i = 0; i < b->props.n; i++)
        if (str_eq(b->props.at[i].code, code))
            return (uint32_t)i;
    struct build_prop p = {code, type, description};
    VEC_PUSH(b->a, &b->props, p);
    return (uint32_t)b->props.n - 1;
}

void builder_value(struct builder *b, uint32_t row, const struct detail_note *p)
{
    struct build_row *r = &b->rows.at[row];
    append(b->a, &r->props, &r->last_prop, p);
}

void builder_edge(struct builder *b, str child, str parent)
{
    struct build_edge e = {child, parent};
    VEC_PUSH(b->a, &b->edges, e);
}

struct build_list *builder_list(struct builder *b, str name, str display)
{
    struct build_list *l = map_get(&b->lists_by_name, name);
    if (l || !(l = ARENA_NEW(b->a, struct build_list)))
        return l;
    l->name = name;
    l->display = display;
    if (!map_put(&b->lists_by_name, name, l))
        return NULL;
    VEC_PUSH(b->a, &b->lists, l);
    return l;
}

void builder_list_add(struct builder *b, struct build_list *l, uint32_t row)
{
    if (l && row != NO_ROW)
        VEC_PUSH(b->a, &l->rows, row);
}

uint32_t detail_write(struct writer *w, unsigned section, str definition,
                      const struct detail_note *designations, const struct detail_note *props)
{
    struct buf *b = &w->section[section];
    if (!definition.n && !designations && !props)
        return 0;
    if (!b->n)
        buf_u8(b, 0); /* so that 0 is: none */
    size_t at = b->n;
    uint64_t n = 0;
    buf_varint(b, writer_text(w, definition));
    for (const struct detail_note *d = designations; d; d = d->next)
        n++;
    buf_varint(b, n);
    for (const struct detail_note *d = designations; d; d = d->next) {
        buf_varint(b, writer_text(w, d->lang));
        buf_varint(b, writer_text(w, d->system));
        buf_varint(b, writer_text(w, d->code));
        buf_varint(b, writer_text(w, d->display));
        buf_varint(b, writer_text(w, d->value));
    }
    n = 0;
    for (const struct detail_note *p = props; p; p = p->next)
        n++;
    buf_varint(b, n);
    for (const struct detail_note *p = props; p; p = p->next) {
        buf_varint(b, (uint64_t)p->property << 3 | p->type);
        buf_varint(b, writer_text(w, p->value));
        if (p->type == PROP_CODING) {
            buf_varint(b, writer_text(w, p->system));
            buf_varint(b, writer_text(w, p->display));
        }
    }
    return (uint32_t)at;
}

void facts_write(struct writer *w, const struct facts_text *f)
{
    writer_u32(w, SEC_FACTS, f->flags);
    for (unsigned i = FACT_ID; i < FACTS; i++)
        writer_u32(w, SEC_FACTS, writer_text(w, f->text[i]));
}

/* ---- finishing ---- */

struct order {
    str text;
    uint32_t row;
};

static int by_text(const void *a, const void *b)
{
    const struct order *x = a, *y = b;
    int c = str_cmp(x->text, y->text);
    return c ? c : (x->row > y->row) - (x->row < y->row);
}

static str lower(struct arena *a, str s)
{
    str low = arena_str(a, s);
    char *p = (char *)(uintptr_t)low.p;
    for (size_t i = 0; p && i < low.n; i++)
        if (p[i] >= 'A' && p[i] <= 'Z')
            p[i] = (char)(p[i] | 32);
    return low;
}

static struct order *sorted(struct builder *b, bool fold)
{
    struct order *o = ARENA_ARRAY(b->a, struct order, b->rows.n + 1);
    for (size_t i = 0; o && i < b->rows.n; i++)
        o[i] = (struct order){fold ? lower(b->a, b->rows.at[i].code) : b->rows.at[i].code,
                              (uint32_t)i};
    if (o && b->rows.n)
        qsort(o, b->rows.n, sizeof *o, by_text);
    return o;
}

struct pair {
    uint32_t from, to;
};

static int by_pair(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    if (x->from != y->from)
        return x->from < y->from ? -1 : 1;
    return (x->to > y->to) - (x->to < y->to);
}

/* Ranges of the n rows over their sorted, unique neighbours. */
static void write_edges(struct writer *w, unsigned section, struct pair *p, size_t n_pairs,
                        uint32_t n)
{
    size_t at = 0;
    uint32_t out = 0;
    if (n_pairs)
        qsort(p, n_pairs, sizeof *p, by_pair);
    for (uint32_t row = 0; row <= n; row++) {
        writer_u32(w, section, out);
        for (; at < n_pairs && p[at].from == row; at++) {
            if (at && by_pair(&p[at - 1], &p[at]) == 0)
                continue;
            writer_u32(w, section + 1, p[at].to);
            out++;
        }
    }
}

static err hierarchy(struct builder *b, struct writer *w, const uint32_t *place)
{
    uint32_t n = (uint32_t)b->rows.n;
    struct pair *up = ARENA_ARRAY(b->a, struct pair, b->edges.n + 1);
    struct pair *down = ARENA_ARRAY(b->a, struct pair, b->edges.n + 1);
    size_t known = 0;
    if (!up || !down)
        return fail(b->op, ERR_TOO_LARGE, "No memory for the hierarchy.");
    if (!b->edges.n)
        return OK;
    for (size_t i = 0; i < b->edges.n; i++) {
        uint32_t child = builder_find(b, b->edges.at[i].child);
        uint32_t parent = builder_find(b, b->edges.at[i].parent);
        if (child == NO_ROW || parent == NO_ROW || child == parent)
            continue;
        up[known] = (struct pair){place[child], place[parent]};
        down[known++] = (struct pair){place[parent], place[child]};
    }
    write_edges(w, SEC_UP_AT, up, known, n);
    write_edges(w, SEC_DOWN_AT, down, known, n);
    return OK;
}

static int by_name(const void *a, const void *b)
{
    return str_cmp((*(struct build_list *const *)a)->name, (*(struct build_list *const *)b)->name);
}

static void write_lists(struct builder *b, struct writer *w, const uint32_t *place)
{
    if (b->lists.n)
        qsort(b->lists.at, b->lists.n, sizeof *b->lists.at, by_name);
    for (size_t i = 0; i < b->lists.n; i++) {
        const struct build_list *l = b->lists.at[i];
        writer_u32(w, SEC_LISTS, writer_text(w, l->name));
        writer_u32(w, SEC_LISTS, writer_text(w, l->display));
        writer_u32(w, SEC_LISTS, writer_count(w, SEC_LIST_ROWS, sizeof(uint32_t)));
        writer_u32(w, SEC_LISTS, (uint32_t)l->rows.n);
        for (size_t k = 0; k < l->rows.n; k++)
            writer_u32(w, SEC_LIST_ROWS, place[l->rows.at[k]]);
    }
}

static void write_rows(struct builder *b, struct writer *w, const struct order *o)
{
    for (size_t i = 0; i < b->rows.n; i++) {
        const struct build_row *r = &b->rows.at[o[i].row];
        writer_u32(w, SEC_ROWS, writer_text(w, r->code));
        writer_u32(w, SEC_ROWS, writer_text(w, r->display));
        writer_u32(w, SEC_ROWS,
                   detail_write(w, SEC_DETAIL, r->definition, r->designations, r->props));
        writer_u32(w, SEC_ROWS, r->flags);
    }
    for (size_t i = 0; i < b->props.n; i++) {
        writer_u32(w, SEC_PROPS, writer_text(w, b->props.at[i].code));
        writer_u32(w, SEC_PROPS, writer_text(w, b->props.at[i].type));
        writer_u32(w, SEC_PROPS, writer_text(w, b->props.at[i].description));
    }
}

err builder_finish(struct builder *b, size_t max, str *ret)
{
    struct writer w;
    writer_init(&w, b->a, max);
    struct order *o = sorted(b, false);
    uint32_t *place = ARENA_ARRAY(b->a, uint32_t, b->rows.n + 1);
    if (!o || !place || arena_failed(b->a))
        return fail(b->op, ERR_TOO_LARGE, "No memory for so many concepts.");
    for (size_t i = 0; i < b->rows.n; i++)
        place[o[i].row] = (uint32_t)i;
    facts_write(&w, &b->facts);
    write_rows(b, &w, o);
    for (size_t i = 0; i < b->rows.n; i++)
        writer_u32(&w, SEC_ORDER, place[i]);
    if (b->facts.flags & FLAG_CASE_FOLDED) {
        struct order *f = sorted(b, true);
        for (size_t i = 0; f && i < b->rows.n; i++)
            writer_u32(&w, SEC_FOLDED, place[f[i].row]);
    }
    TRY(hierarchy(b, &w, place));
    write_lists(b, &w, place);
    return writer_finish(b->op, &w, BLOB_SYSTEM, ret);
}
