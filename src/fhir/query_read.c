/* "name=value&…" → struct fhir_query: percent-decoding, the list of clauses and the normalised
 * text. Values are read in query_value.c, clauses in query_clause.c, _sort and its like in
 * query_result.c.
 * Invariant: a parameter is either understood whole or refused by name; none is dropped silently
 * (lenient: dropped with a warning). Values never get into messages. */
#include "fhir/query_int.h"

#include <stdarg.h>

void query_tell(const struct query_read *r, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    str why = arena_vprintf(r->op->arena, fmt, ap);
    va_end(ap);
    str name = str_sub(r->name, 0, 80);
    if (!r->lenient)
        (void)!fail(r->op, ERR_INVALID, "search parameter '%.*s': %.*s", STR_ARG(name),
                    STR_ARG(why));
    else
        op_note(r->op, SEVERITY_WARNING, STR_NONE, "search parameter '%.*s' was ignored: %.*s",
                STR_ARG(name), STR_ARG(why));
}

/* application/x-www-form-urlencoded; false for a bad %XX, a NUL or bad UTF-8. */
static bool url_decode(struct arena *a, str s, str *ret)
{
    char *out = arena_alloc(a, s.n + 1);
    size_t n = 0;
    if (!out)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i] == '+' ? ' ' : s.p[i];
        if (c == '%') {
            int hi = i + 2 < s.n ? str_hex_digit(s.p[i + 1]) : -1,
                lo = i + 2 < s.n ? str_hex_digit(s.p[i + 2]) : -1;
            if (i + 2 == s.n || hi < 0 || lo < 0)
                return false;
            c = (char)(hi << 4 | lo);
            i += 2;
        }
        if (c == '\0')
            return false;
        out[n++] = c;
    }
    *ret = str_make(out, n);
    return str_utf8_valid(*ret);
}

/* Percent-encoding that leaves what queries are full of readable. */
static void self_add(struct buf *b, str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (plain || memchr("-._~:/,$*@", c, 10))
            buf_char(b, (char)c);
        else
            buf_printf(b, "%%%02X", c);
    }
}

static err one(struct query_read *r, str name, str value)
{
    r->name = name;
    r->shown = STR_NONE;
    if (r->clauses.n >= QUERY_CLAUSES_MAX)
        return fail(r->op, ERR_TOO_COSTLY, "a search may have at most %u parameters",
                    QUERY_CLAUSES_MAX);
    err e = query_is_result(name) ? query_result(r, name, value) : query_clause(r, name, value);
    if (e == ERR_INVALID && r->lenient && r->op->fault.code == OK)
        return OK;
    TRY(e);
    if (str_eq(name, STR("_page")) || str_eq(name, STR("_format")) || str_eq(name, STR("_pretty")))
        return OK;
    if (r->self.n)
        buf_char(&r->self, '&');
    self_add(&r->self, name);
    buf_char(&r->self, '=');
    self_add(&r->self, r->shown.n ? r->shown : value);
    return OK;
}

static err all(struct query_read *r, str query)
{
    str pair, name, value;
    while (str_take_until(&query, '&', &pair)) {
        if (pair.n == 0)
            continue;
        r->name = STR("?");
        size_t mark = str_find_char(pair, '=', 0);
        if (!url_decode(r->op->arena, str_sub(pair, 0, mark), &name) ||
            !url_decode(r->op->arena, mark == SIZE_MAX ? STR("") : str_sub(pair, mark + 1, pair.n),
                        &value))
            return fail(r->op, ERR_INVALID,
                        "the search text is not percent-encoded UTF-8 (%%XX with two hex digits)");
        TRY(one(r, name, value));
    }
    return OK;
}

static err read_for(struct op *op, fhir_type type, str query, struct query_read r,
                    const struct fhir_query **ret)
{
    if (query.n > QUERY_BYTES_MAX)
        return fail(op, ERR_TOO_LARGE, "the search text is longer than %u bytes", QUERY_BYTES_MAX);
    r.op = op;
    r.type = r.q.type = type;
    r.q.count = QUERY_COUNT_DEFAULT;
    buf_init(&r.self, op->arena, QUERY_BYTES_MAX * 3 + 64);
    TRY(all(&r, query));
    TRY(query_result_done(&r));
    struct fhir_query *q = ARENA_NEW(op->arena, struct fhir_query);
    TRY(op_check(op));
    *q = r.q;
    q->clauses = r.clauses.at;
    q->n = r.clauses.n;
    q->includes = r.includes.at;
    q->n_includes = r.includes.n;
    q->sort = r.sort.at;
    q->n_sort = r.sort.n;
    q->elements = r.elements.at;
    q->n_elements = r.elements.n;
    q->self = buf_str(&r.self);
    *ret = q;
    return OK;
}

err fhir_query_read(struct op *op, fhir_type type, str query, bool lenient,
                    const struct fhir_query **ret)
{
    return read_for(op, type, query, (struct query_read){.lenient = lenient}, ret);
}

err fhir_query_read_with(struct op *op, const struct fhir_customs *customs, fhir_type type,
                         str query, bool lenient, const struct fhir_query **ret)
{
    return read_for(op, type, query, (struct query_read){.lenient = lenient, .customs = customs},
                    ret);
}

err fhir_query_read_types(struct op *op, const struct fhir_customs *customs,
                          const struct fhir_types *types, str query, bool lenient,
                          const struct fhir_query *const **ret)
{
    size_t n = types->n;
    const struct fhir_query **all = ARENA_ARRAY(op->arena, const struct fhir_query *, n ? n : 1);
    TRY(op_check(op));
    struct query_read r = {.lenient = lenient, .many = true, .customs = customs};
    for (size_t i = 0; i < n; i++) {
        size_t warned = op->fault.n;
        TRY(read_for(op, types->at[i], query, r, &all[i]));
        if (i > 0) /* said once */
            op->fault.n = warned;
    }
    *ret = all;
    return OK;
}
