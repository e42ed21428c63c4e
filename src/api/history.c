/* GET /fhir/{type}/{id}/_history, /fhir/{type}/_history and /fhir/_history: versions, newest first.
 * _count a page, _since an instant, _at a time, _type for the last; next carries _page, which only
 * this server can make. https://hl7.org/fhir/R4/http.html#history */
#include "record/versions.h"

#include "api/api_int.h"

#define COUNT_DEFAULT 20u
#define COUNT_MAX 1000u

static err read_count(struct call *c, str value, struct record_versions *v)
{
    uint64_t n;
    if (!str_to_u64(value, UINT32_MAX, &n))
        return fail(&c->op, ERR_INVALID, "_count is a number from 0 to 1000.");
    v->count = (uint32_t)(n > COUNT_MAX ? COUNT_MAX : n);
    return OK;
}

static err read_since(struct call *c, str value, struct record_versions *v)
{
    struct time_span at;
    if (!time_parse(value, &at) || at.precision < TIME_SECOND)
        return fail(&c->op, ERR_INVALID, "_since is an instant, e.g. 2026-11-21T08:00:00Z.");
    v->since = at.lo;
    return OK;
}

static err read_at(struct call *c, str value, struct record_versions *v)
{
    struct time_span at;
    if (!time_parse(value, &at))
        return fail(&c->op, ERR_INVALID, "_at is a date or time, e.g. 2026-11-21.");
    v->at_lo = at.lo;
    v->at_hi = at.hi;
    return OK;
}

static err read_page(struct call *c, str value, struct record_versions *v)
{
    (void)c;
    v->page = value;
    return OK;
}

static err read_type(struct call *c, str value, struct record_versions *v)
{
    fhir_type *all = (fhir_type *)(uintptr_t)v->types;
    str one;
    while (c->type == 0 && str_take_until(&value, ',', &one)) {
        fhir_type type = fhir_type_parse(one);
        bool known = false;
        for (size_t i = 0; i < v->n_types; i++)
            known |= all[i] == type;
        if (!type)
            return fail(&c->op, ERR_INVALID,
                        "_type is a list of resource types of FHIR R4; \"%.*s\" is none.",
                        STR_ARG(str_sub(one, 0, 64)));
        if (!known)
            all[v->n_types++] = type;
    }
    return c->type == 0 ? OK
                        : fail(&c->op, ERR_INVALID,
                               "The address names the type already; _type is "
                               "for /fhir/_history.");
}

static const struct {
    const char *name;
    err (*read)(struct call *c, str value, struct record_versions *v);
} params[] = {
    {"_count", read_count}, {"_since", read_since}, {"_at", read_at},
    {"_page", read_page},   {"_type", read_type},
};
#define PARAMS (sizeof params / sizeof *params)

static err read_params(struct call *c, struct record_versions *v)
{
    str rest = c->query, pair;
    struct buf self;
    buf_init(&self, c->op.arena, c->query.n + 1);
    while (str_take_until(&rest, '&', &pair)) {
        size_t eq = str_find_char(pair, '=', 0), i = 0;
        str name = str_sub(pair, 0, eq);
        str value =
            eq == SIZE_MAX ? STR_NONE : url_decode(c->op.arena, str_sub(pair, eq + 1, SIZE_MAX));
        while (i < PARAMS && !str_eq(name, str_of(params[i].name)))
            i++;
        if (i < PARAMS)
            TRY(params[i].read(c, value, v));
        else if (name.n && !c->lenient)
            return fail(&c->op, ERR_INVALID,
                        "A history takes _count, _since, _at and (of the whole system) _type, not "
                        "\"%.*s\".",
                        STR_ARG(str_sub(name, 0, 64)));
        if (i < PARAMS && params[i].read != read_page)
            buf_printf(&self, "%s%.*s", self.n ? "&" : "", STR_ARG(pair));
    }
    v->self = buf_str(&self);
    return op_check(&c->op);
}

/* Without _type: every type whose history the actor may see, once they may ask for all. */
static err all_types(struct call *c, struct record_versions *v)
{
    fhir_type *all = (fhir_type *)(uintptr_t)v->types;
    TRY(record_ask_system(&c->op, c->api->rec, ACTION_HISTORY));
    for (fhir_type t = 1; t <= FHIR_TYPE_COUNT; t++)
        if (!str_eq(fhir_type_name(t), STR("AuditEvent")) &&
            record_may_history(&c->op, c->api->rec, t))
            all[v->n_types++] = t;
    return OK;
}

err api_history(struct call *c)
{
    struct record_versions v = {.types = ARENA_ARRAY(c->op.arena, fhir_type, FHIR_TYPE_COUNT + 1u),
                                .since = INT64_MIN,
                                .count = COUNT_DEFAULT,
                                .id = c->id};
    struct record_page page;
    TRY(op_check(&c->op));
    TRY(read_params(c, &v));
    if (c->type) {
        v.types = &c->type;
        v.n_types = 1;
    } else if (v.n_types == 0) {
        TRY(all_types(c, &v));
    }
    if (c->id.n) /* a position is for one resource */
        v.self = arena_printf(c->op.arena, "%.*s|%.*s", STR_ARG(c->id), STR_ARG(v.self));
    c->op.deadline = time_now() + 1000 * config_int(c->api->config, "http.search_s");
    TRY(record_versions(&c->op, c->api->rec, &v, &page));
    struct buf b = answer_buf(c);
    if (c->id.n)
        v.self = str_sub(v.self, c->id.n + 1, v.self.n);
    bundle_history(c, &b, v.self, v.page, &page);
    return answer(c, 200, &b);
}
