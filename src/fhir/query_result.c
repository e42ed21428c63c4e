/* Parameters that shape the answer, not the match: _sort, _count, _include, _summary and the like.
 * _format and _pretty are the api's and pass through unread.
 * Invariant: what is not supported is refused by name. */
#include "fhir/query_int.h"

static err read_count(struct query_read *r, str name, str value)
{
    (void)name;
    uint64_t n;
    if (!str_to_u64(value, UINT32_MAX, &n))
        return REFUSE(r, "give a whole number, 0 to %u", QUERY_COUNT_MAX);
    r->q.count = (uint32_t)(n > QUERY_COUNT_MAX ? QUERY_COUNT_MAX : n);
    if (n > QUERY_COUNT_MAX) /* self says what is really used */
        r->shown = arena_printf(r->op->arena, "%u", QUERY_COUNT_MAX);
    return OK;
}

static err read_page(struct query_read *r, str name, str value)
{
    (void)name;
    r->q.page = value;
    return OK;
}

static err read_nothing(struct query_read *r, str name, str value)
{
    (void)r;
    (void)name;
    (void)value;
    return OK;
}

/* Place of value among n words, or n. */
static size_t word_of(str value, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(value, str_of(words[i])))
            return i;
    return n;
}

static err read_total(struct query_read *r, str name, str value)
{
    (void)name;
    static const char *const words[] = {"none", "estimate", "accurate"};
    static const enum fhir_total totals[] = {TOTAL_NONE, TOTAL_ESTIMATE, TOTAL_ACCURATE};
    size_t i = word_of(value, words, 3);
    if (i == 3)
        return REFUSE(r, "give none, estimate or accurate");
    r->q.total = totals[i];
    return OK;
}

static err read_summary(struct query_read *r, str name, str value)
{
    (void)name;
    static const char *const words[] = {"false", "true", "text", "data", "count"};
    static const enum fhir_summary kinds[] = {SUMMARY_FALSE, SUMMARY_TRUE, SUMMARY_TEXT,
                                              SUMMARY_DATA, SUMMARY_COUNT};
    size_t i = word_of(value, words, 5);
    if (i == 5)
        return REFUSE(r, "give false, true, text, data or count");
    r->q.summary = kinds[i];
    return OK;
}

static err sort_one(struct query_read *r, str code, bool descending)
{
    fhir_type target;
    const struct fhir_param *p = query_param(r, r->type, code);
    p = p ? query_unalias(p, &target) : NULL;
    TRY(query_param_made(r, r->type, code));
    if (!p || p->type == PARAM_COMPOSITE || p->type == PARAM_SPECIAL || fhir_param_words(p)) {
        str codes = query_codes(r, r->type, false);
        return REFUSE(r,
                      "sort by search parameters that are not composite, '-' first for "
                      "descending; there are: %.*s",
                      STR_ARG(codes));
    }
    struct fhir_sort_key key = {.param = p, .descending = descending};
    VEC_PUSH(r->op->arena, &r->sort, key);
    return OK;
}

static err read_sort(struct query_read *r, str name, str value)
{
    (void)name;
    str code;
    if (r->sort.n)
        return REFUSE(r, "give it once, with a list of parameters");
    while (str_take_until(&value, ',', &code)) {
        bool descending = str_starts(code, STR("-"));
        err e = r->sort.n < 8 ? sort_one(r, str_sub(code, descending, code.n), descending)
                              : REFUSE(r, "at most 8 parameters");
        if (e != OK) {
            r->sort.n = 0;
            return e;
        }
    }
    return r->sort.n ? OK : REFUSE(r, "give search parameters, '-' first for descending");
}

static bool has_target(const struct fhir_param *p, fhir_type t)
{
    for (size_t i = 0; i < p->n_targets; i++)
        if (p->targets[i] == t)
            return true;
    return p->n_targets == 0;
}

static err add_include(struct query_read *r, const struct fhir_include *in)
{
    if (r->includes.n >= 16)
        return REFUSE(r, "at most 16 of them");
    VEC_PUSH(r->op->arena, &r->includes, *in);
    return OK;
}

static err include_param(struct query_read *r, str code, struct fhir_include *in)
{
    fhir_type narrow;
    in->param = query_param(r, in->source, code);
    TRY(query_param_made(r, in->source, code));
    if (!in->param || in->param->type != PARAM_REFERENCE) {
        str codes = query_codes(r, in->source, true), type = fhir_type_name(in->source);
        return REFUSE(r, "no such reference parameter of %.*s; there are: %.*s", STR_ARG(type),
                      STR_ARG(codes));
    }
    in->param = query_unalias(in->param, &narrow);
    in->target = in->target ? in->target : narrow;
    if (in->reverse && !in->iterate && !r->many && !has_target(in->param, r->type))
        return REFUSE(r, "that parameter does not refer to the type searched for");
    return OK;
}

/* Source:parameter[:Target], Source:*, * */
static err read_include(struct query_read *r, str name, str value)
{
    struct fhir_include in = {.reverse = str_starts(name, STR("_revinclude")),
                              .iterate = str_ends(name, STR(":iterate"))};
    str source, code = STR_NONE, target = STR_NONE;
    if (str_eq(value, STR("*")))
        return add_include(r, &in);
    bool ok = str_take_until(&value, ':', &source) && str_take_until(&value, ':', &code);
    bool typed = ok && str_take_until(&value, ':', &target);
    in.source = fhir_type_parse(source);
    in.target = fhir_type_parse(target);
    if (!ok || in.source == 0 || (typed && in.target == 0) || value.n)
        return REFUSE(r, "give Type:parameter, Type:parameter:TargetType, Type:* or *");
    if (!in.reverse && !in.iterate && !r->many && in.source != r->type)
        return REFUSE(r, "the first type must be the one searched for (or use :iterate)");
    if (!str_eq(code, STR("*")))
        TRY(include_param(r, code, &in));
    return add_include(r, &in);
}

static err read_elements(struct query_read *r, str name, str value)
{
    (void)name;
    str one;
    if (r->elements.n)
        return REFUSE(r, "give it once, with a list of elements");
    while (str_take_until(&value, ',', &one)) {
        size_t dot = str_find_char(one, '.', 0);
        if (dot != SIZE_MAX && str_eq(str_sub(one, 0, dot), fhir_type_name(r->type)))
            one = str_sub(one, dot + 1, one.n);
        bool there = r->many || fhir_has_element(r->type, one);
        if (!there || r->elements.n >= 64) {
            str type = fhir_type_name(r->type);
            r->elements.n = 0;
            return REFUSE(r, "give at most 64 elements of the first level of %.*s, e.g. id,text",
                          STR_ARG(type));
        }
        VEC_PUSH(r->op->arena, &r->elements, one);
    }
    return r->elements.n ? OK : REFUSE(r, "give elements of the first level, with commas between");
}

static err read_explain(struct query_read *r, str name, str value)
{
    (void)name;
    r->q.explain = str_eq(value, STR("1")) || str_eq(value, STR("true"));
    return r->q.explain || str_eq(value, STR("0")) || str_eq(value, STR("false"))
               ? OK
               : REFUSE(r, "give 1 or 0");
}

static err read_type(struct query_read *r, str name, str value)
{
    (void)name;
    (void)value;
    return r->many ? OK : REFUSE(r, "the address names the type already; use it with /fhir?_type=");
}

err query_result_done(struct query_read *r)
{
    bool less = r->q.summary == SUMMARY_TRUE || r->q.summary == SUMMARY_TEXT ||
                r->q.summary == SUMMARY_DATA;
    err e = OK;
    r->name = STR("_summary");
    if (r->elements.n && less)
        e = REFUSE(r, "give _elements or _summary, not both");
    else if (r->includes.n && r->q.summary == SUMMARY_TEXT)
        e = REFUSE(r, "text does not go with _include and _revinclude (R4 search, 3.1.1.5.8)");
    if (e != OK && r->lenient && r->op->fault.code == OK) {
        r->q.summary = SUMMARY_FALSE;
        return OK;
    }
    return e;
}

static err read_unsupported(struct query_read *r, str name, str value)
{
    (void)name;
    (void)value;
    return REFUSE(r, "not supported; supported beside the type's own parameters: _count, "
                     "_elements, _explain, _include, _page, _revinclude, _sort, _summary, _total, "
                     "_type");
}

static const struct {
    const char *name;
    err (*read)(struct query_read *r, str name, str value);
} results[] = {
    {"_count", read_count},        {"_page", read_page},
    {"_format", read_nothing},     {"_pretty", read_nothing},
    {"_total", read_total},        {"_summary", read_summary},
    {"_sort", read_sort},          {"_elements", read_elements},
    {"_explain", read_explain},    {"_type", read_type},
    {"_include", read_include},    {"_include:iterate", read_include},
    {"_revinclude", read_include}, {"_revinclude:iterate", read_include},
};
#define RESULTS (sizeof results / sizeof *results)

/* Parameters of R4 that would change what is found: never to be ignored. */
static const char *const known[] = {"_id",     "_lastUpdated", "_profile", "_tag",  "_security",
                                    "_source", "_has",         "_list",    "_text", "_content"};

bool query_is_result(str name)
{
    if (!str_starts(name, STR("_")))
        return false;
    str code = str_sub(name, 0, str_find_char(name, ':', 0));
    code = str_sub(code, 0, str_find_char(code, '.', 0));
    return word_of(code, known, sizeof known / sizeof *known) == sizeof known / sizeof *known;
}

err query_result(struct query_read *r, str name, str value)
{
    for (size_t i = 0; i < RESULTS; i++)
        if (str_eq(name, str_of(results[i].name)))
            return results[i].read(r, name, value);
    return read_unsupported(r, name, value);
}
