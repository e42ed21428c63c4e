/* ValueSet to a block: the parts of its compose, each with a sorted list of codes, filters and
 * imported sets. A set that has only an expansion counts as the list of the codes in it. */
#include "terms/build_int.h"

#include <stdlib.h>

#define NESTING_MAX 60u

struct listed {
    str code;
    uint32_t row;
};

struct maker {
    struct op *op;
    struct writer w;
    struct set_part part;
    VEC(struct listed) codes; /* of the part being written */
};

static int by_code(const void *a, const void *b)
{
    const struct listed *x = a, *y = b;
    int c = str_cmp(x->code, y->code);
    return c ? c : (x->row > y->row) - (x->row < y->row);
}

static void put_code(struct maker *m, const struct json *c)
{
    struct detail_note notes[32] = {0};
    const struct json *list = JSON_GET(c, "designation");
    size_t n = 0;
    for (; list && n < list->n && n < sizeof notes / sizeof *notes; n++) {
        const struct json *d = json_at(list, n), *use = JSON_GET(d, "use");
        notes[n] = (struct detail_note){.next = n + 1 < list->n ? &notes[n + 1] : NULL,
                                        .lang = json_get_str(d, STR("language")),
                                        .system = json_get_str(use, STR("system")),
                                        .code = json_get_str(use, STR("code")),
                                        .display = json_get_str(use, STR("display")),
                                        .value = json_get_str(d, STR("value"))};
    }
    if (n)
        notes[n - 1].next = NULL;
    struct listed l = {json_get_str(c, STR("code")), (uint32_t)m->codes.n};
    writer_u32(&m->w, SEC_CODES, writer_text(&m->w, l.code));
    writer_u32(&m->w, SEC_CODES, writer_text(&m->w, json_get_str(c, STR("display"))));
    writer_u32(&m->w, SEC_CODES,
               detail_write(&m->w, SEC_CODE_DETAIL, STR_NONE, n ? notes : NULL, NULL));
    VEC_PUSH(m->op->arena, &m->codes, l);
}

static void part_begin(struct maker *m, bool exclude, str system, str version)
{
    str url, bar;
    canonical_split(system, &url, &bar);
    struct writer *w = &m->w;
    m->part = (struct set_part){
        .exclude = exclude,
        .system = writer_text(w, url),
        .version = writer_text(w, version.n ? version : bar),
        .code_first = writer_count(w, SEC_CODES, sizeof(struct set_code)),
        .filter_first = writer_count(w, SEC_FILTERS, sizeof(struct set_filter)),
        .import_first = writer_count(w, SEC_IMPORTS, sizeof(uint32_t)),
    };
    m->codes.n = 0;
}

static void part_end(struct maker *m)
{
    struct writer *w = &m->w;
    uint32_t row[sizeof(struct set_part) / sizeof(uint32_t)];
    m->part.code_n = (uint32_t)m->codes.n;
    m->part.filter_n =
        writer_count(w, SEC_FILTERS, sizeof(struct set_filter)) - m->part.filter_first;
    m->part.import_n = writer_count(w, SEC_IMPORTS, sizeof(uint32_t)) - m->part.import_first;
    if (m->codes.n)
        qsort(m->codes.at, m->codes.n, sizeof *m->codes.at, by_code);
    for (size_t i = 0; i < m->codes.n; i++)
        writer_u32(w, SEC_SORTED, m->part.code_first + m->codes.at[i].row);
    memcpy(row, &m->part, sizeof row);
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        writer_u32(w, SEC_PARTS, row[i]);
}

static err put_part(struct maker *m, const struct json *in, bool exclude)
{
    const struct json *list = JSON_GET(in, "concept");
    part_begin(m, exclude, json_get_str(in, STR("system")), json_get_str(in, STR("version")));
    for (size_t i = 0; list && i < list->n; i++)
        put_code(m, json_at(list, i));
    list = JSON_GET(in, "filter");
    for (size_t i = 0; list && i < list->n; i++) {
        static const char *const names[] = {"property", "op", "value"};
        for (size_t k = 0; k < 3; k++)
            writer_u32(&m->w, SEC_FILTERS,
                       writer_text(&m->w, json_get_str(json_at(list, i), str_of(names[k]))));
    }
    list = JSON_GET(in, "valueSet");
    for (size_t i = 0; list && i < list->n; i++)
        writer_u32(&m->w, SEC_IMPORTS, writer_text(&m->w, json_str(json_at(list, i))));
    bool named = m->part.system || m->codes.n == 0;
    part_end(m);
    if (!named || (!m->part.system && (!m->part.import_n || m->part.filter_n)))
        return fail(m->op, ERR_UNPROCESSABLE,
                    "ValueSet.compose: a part names neither a system nor value sets; codes and "
                    "filters need a system.");
    return op_check(m->op);
}

/* Each code of an expansion is a part of its own run of equal systems. */
static err put_expansion(struct maker *m, const struct json *list, str *system, unsigned depth)
{
    if (depth > NESTING_MAX)
        return fail(m->op, ERR_UNPROCESSABLE, "The expansion is nested deeper than %u.",
                    NESTING_MAX);
    for (size_t i = 0; list && i < list->n; i++) {
        const struct json *c = json_at(list, i);
        str of = json_get_str(c, STR("system"));
        if (of.n && JSON_GET(c, "code") && !json_bool(JSON_GET(c, "abstract"), false)) {
            if (!str_eq(of, *system)) {
                if (system->n)
                    part_end(m);
                part_begin(m, false, of, json_get_str(c, STR("version")));
                *system = of;
            }
            put_code(m, c);
        }
        TRY(put_expansion(m, JSON_GET(c, "contains"), system, depth + 1));
    }
    return OK;
}

err compile_set(struct op *op, const struct json *vs, size_t max, str *ret)
{
    struct maker m = {.op = op};
    struct facts_text facts;
    const struct json *compose = JSON_GET(vs, "compose"), *list;
    str system = STR_NONE;
    writer_init(&m.w, op->arena, max);
    facts_of(vs, &facts);
    facts.text[FACT_EXTRA] = facts.text[FACT_MORE] = STR_NONE;
    if (!json_bool(JSON_GET(compose, "inactive"), true))
        facts.flags |= FLAG_ACTIVE_ONLY;
    facts_write(&m.w, &facts);
    list = JSON_GET(compose, "include");
    for (size_t i = 0; list && i < list->n; i++)
        TRY(put_part(&m, json_at(list, i), false));
    list = JSON_GET(compose, "exclude");
    for (size_t i = 0; list && i < list->n; i++)
        TRY(put_part(&m, json_at(list, i), true));
    if (!compose) {
        TRY(put_expansion(&m, json_get(JSON_GET(vs, "expansion"), STR("contains")), &system, 0));
        if (system.n)
            part_end(&m);
    }
    return writer_finish(op, &m.w, BLOB_SET, ret);
}
