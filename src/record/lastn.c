/* Observation/$lastn: the newest readings of every kind. What matches is met newest first; a
 * reading belongs to the group of the first of its codes that was met before, and without codes to
 * that of its text. Invariant: each group holds its max newest, and those of the same time as the
 * last of them; more than 10,000 readings are refused, not cut. */
#include "record/operations.h"
#include "record/record_int.h"

#define PAGE 1000u

struct group {
    size_t n;
    int64_t last; /* time of the newest that is not more than max */
    VEC(struct record_doc) docs;
};

struct lastn {
    struct op *op;
    struct arena *scratch;
    uint32_t max;
    struct map by_code;
    VEC(struct group *) groups;
    size_t looked;
};

/* "patient|system|code" in the op's arena. */
static str name_of(struct lastn *l, uint64_t patient, const struct json *coding)
{
    return arena_printf(l->op->arena, "%llu|%.*s|%.*s", (unsigned long long)patient,
                        STR_ARG(json_get_str(coding, STR("system"))),
                        STR_ARG(json_get_str(coding, STR("code"))));
}

static struct group *group_of(struct lastn *l, const struct record_doc *d, const struct json *code)
{
    const struct json *codings = JSON_GET(code, "coding"), *one;
    struct group *g = NULL;
    str text = arena_printf(l->op->arena, "%llu||%.*s", (unsigned long long)d->patient,
                            STR_ARG(fhir_fold(l->op->arena, json_get_str(code, STR("text")))));
    for (size_t i = 0; !g && (one = json_at(codings, i)); i++)
        g = map_get(&l->by_code, name_of(l, d->patient, one));
    if (!codings)
        g = map_get(&l->by_code, text);
    if (!g) {
        g = ARENA_NEW(l->op->arena, struct group);
        VEC_PUSH(l->op->arena, &l->groups, g);
    }
    bool kept = codings || map_put(&l->by_code, text, g);
    for (size_t i = 0; kept && (one = json_at(codings, i)); i++)
        kept = map_put(&l->by_code, name_of(l, d->patient, one), g);
    return kept ? g : NULL;
}

static int64_t effective(const struct json *o)
{
    static const char *const at[] = {"effectiveDateTime", "effectiveInstant",
                                     "effectivePeriod.start", "effectiveTiming.event.0"};
    struct time_span span;
    for (size_t i = 0; i < sizeof at / sizeof *at; i++)
        if (time_parse(json_str(json_path(o, at[i])), &span))
            return span.lo;
    return INT64_MIN;
}

static err take(struct lastn *l, const struct record_doc *d)
{
    struct op inner;
    struct json *o;
    arena_reset(l->scratch);
    op_init(&inner, l->scratch, l->op->actor, l->op->now);
    if (record_parse(&inner, d, &o) != OK)
        return fail(l->op, ERR_FAULT, "A stored Observation cannot be read.");
    struct group *g = group_of(l, d, JSON_GET(o, "code"));
    TRY(op_check(l->op));
    if (!g || (g->n >= l->max && effective(o) != g->last))
        return OK;
    g->n++;
    g->last = effective(o);
    VEC_PUSH(l->op->arena, &g->docs, *d);
    return op_check(l->op);
}

static err look(struct lastn *l, struct record *rec, str query)
{
    str page = STR_NONE;
    do {
        struct record_page found;
        str text = arena_printf(l->op->arena, "%.*s%s_sort=-date&_count=%u%s%.*s", STR_ARG(query),
                                query.n ? "&" : "", PAGE, page.n ? "&_page=" : "", STR_ARG(page));
        TRY(record_find(l->op, rec, fhir_type_parse(STR("Observation")), text, &found));
        for (size_t i = 0; i < found.n_match; i++) {
            TRY(search_late(l->op, i));
            TRY(take(l, &found.docs[i]));
        }
        page = found.next;
        l->looked += found.n_match;
        if (page.n && l->looked >= RECORD_CANDIDATES_MAX)
            return fail(l->op, ERR_TOO_COSTLY,
                        "More than %u Observations would have to be looked at; narrow it by "
                        "category, code or date.",
                        RECORD_CANDIDATES_MAX);
    } while (page.n);
    return OK;
}

err record_lastn(struct op *op, struct record *rec, str query, uint32_t max,
                 struct record_page *ret)
{
    struct lastn l = {.op = op, .max = max, .scratch = arena_new(0)};
    if (!l.scratch)
        return fail(op, ERR_UNAVAILABLE, "No memory left for this.");
    map_init(&l.by_code, op->arena);
    err e = look(&l, rec, query);
    arena_free(l.scratch);
    TRY(e);
    size_t n = 0;
    struct record_page page = {.docs = ARENA_ARRAY(op->arena, struct record_doc, l.looked + 1),
                               .has_total = true};
    TRY(op_check(op));
    for (size_t i = 0; i < l.groups.n; i++)
        for (size_t k = 0; k < l.groups.at[i]->docs.n; k++)
            page.docs[n++] = l.groups.at[i]->docs.at[k];
    page.n = page.n_match = page.total = n;
    *ret = page;
    return OK;
}
