/* GET /fhir/{type}?…, GET /fhir?_type=…, GET /fhir/{type}/{id}/{type2 or *} and their POST _search:
 * one search, parameters in the address, the form body, or both. Unknown parameters are errors
 * unless Prefer: handling=lenient. Invariant: what may take long never runs on the server's own
 * threads, and nothing runs longer than http.search_s. https://hl7.org/fhir/R4/search.html */
#include "record/custom.h"

#include "api/api_int.h"

static err search(struct call *c, const struct fhir_query *const *qs, size_t n)
{
    struct record_page page;
    c->op.deadline = time_now() + 1000 * config_int(c->api->config, "http.search_s");
    TRY(record_search_types(&c->op, c->api->rec, qs, n, &page));
    struct buf b = answer_buf(c);
    TRY(bundle_search(c, &b, qs[0], &page));
    return answer(c, 200, &b);
}

/* The address of a page of a search that came in a body: what it holds goes in its place. */
static err open_query(struct call *c)
{
    str page = STR_NONE;
    c->sealed = c->rq->method == NET_POST;
    if (!c->query.n || !query_get(c->op.arena, c->query, STR("_page"), &page) ||
        !str_starts(page, STR("~")))
        return OK;
    c->sealed = true;
    return record_query_open(&c->op, c->api->rec, str_sub(page, 1, page.n), &c->query);
}

err search_begin(struct call *c, enum net_run *ret)
{
    TRY(open_query(c));
    TRY(record_query_read(&c->op, c->api->rec, c->type, c->query, c->lenient, &c->q));
    *ret = record_search_short(c->api->rec, c->q) ? NET_INLINE : NET_SLOW;
    return OK;
}

err api_search(struct call *c)
{
    return search(c, &c->q, 1);
}

/* The parameters of the address and of a form body, together. */
static str parameters(struct call *c)
{
    str form = c->rq->method == NET_POST ? str_trim(c->rq->body) : STR_NONE;
    if (!c->query.n || !form.n)
        return c->query.n ? c->query : form;
    return arena_printf(c->op.arena, "%.*s&%.*s", STR_ARG(c->query), STR_ARG(form));
}

err api_search_post(struct call *c)
{
    const struct fhir_query *q;
    TRY(open_query(c));
    TRY(record_query_read(&c->op, c->api->rec, c->type, parameters(c), c->lenient, &q));
    return search(c, &q, 1);
}

struct types {
    fhir_type *at;
    size_t n;
};

static bool listed(const struct types *t, fhir_type type)
{
    for (size_t i = 0; i < t->n; i++)
        if (t->at[i] == type)
            return true;
    return false;
}

/* _type=A,B, given once or often. */
static err types_named(struct call *c, str query, struct types *ret)
{
    str pair, value, one;
    while (str_take_until(&query, '&', &pair)) {
        if (!str_starts(pair, STR("_type=")))
            continue;
        value = url_decode(c->op.arena, str_sub(pair, 6, pair.n));
        while (str_take_until(&value, ',', &one)) {
            fhir_type type = fhir_type_parse(one);
            if (!type)
                return fail(&c->op, ERR_INVALID,
                            "_type is a list of resource types of FHIR R4; \"%.*s\" is none.",
                            STR_ARG(str_sub(one, 0, 64)));
            if (!listed(ret, type))
                ret->at[ret->n++] = type;
        }
    }
    return op_check(&c->op);
}

/* Every type that the actor may search; of a compartment, every type that can be in it. The trail
 * is searched by name only. */
static void types_all(struct call *c, fhir_type compartment, struct types *ret)
{
    for (fhir_type t = 1; t <= FHIR_TYPE_COUNT; t++) {
        bool in = !compartment || t == compartment || fhir_compartment_params(compartment, t).n;
        if (in && !str_eq(fhir_type_name(t), STR("AuditEvent")) &&
            record_may_search(&c->op, c->api->rec, t))
            ret->at[ret->n++] = t;
    }
}

static err search_many(struct call *c, const struct types *types, fhir_type compartment)
{
    const struct fhir_query *const *qs;
    TRY(record_queries_read(&c->op, c->api->rec, &(struct fhir_types){types->at, types->n},
                            parameters(c), c->lenient, &qs));
    struct fhir_query *all = ARENA_ARRAY(c->op.arena, struct fhir_query, types->n + 1);
    const struct fhir_query **at =
        ARENA_ARRAY(c->op.arena, const struct fhir_query *, types->n + 1);
    TRY(op_check(&c->op));
    for (size_t i = 0; i < types->n; i++) {
        all[i] = *qs[i];
        all[i].compartment = compartment;
        all[i].compartment_id = compartment ? c->id : STR_NONE;
        at[i] = &all[i];
    }
    if (types->n == 0)
        return fail(&c->op, ERR_FORBIDDEN, "Your role may search none of the types asked for.");
    return search(c, at, types->n);
}

err api_search_system(struct call *c)
{
    struct types types = {.at = ARENA_ARRAY(c->op.arena, fhir_type, FHIR_TYPE_COUNT + 1u)};
    TRY(op_check(&c->op));
    TRY(open_query(c));
    TRY(types_named(c, parameters(c), &types));
    if (types.n == 0) {
        TRY(record_ask_system(&c->op, c->api->rec, ACTION_SEARCH));
        types_all(c, 0, &types);
    }
    return search_many(c, &types, 0);
}

err api_search_compartment(struct call *c)
{
    struct types types = {.at = ARENA_ARRAY(c->op.arena, fhir_type, FHIR_TYPE_COUNT + 1u)};
    fhir_type inner = fhir_type_parse(c->rest);
    TRY(op_check(&c->op));
    TRY(open_query(c));
    if (!fhir_compartment_params(c->type, c->type).n &&
        !fhir_compartment_params(c->type, fhir_type_parse(STR("Observation"))).n)
        return fail(
            &c->op, ERR_NOT_FOUND,
            "There is no compartment around a %.*s; there is one around Patient, Encounter, "
            "Practitioner, Device and RelatedPerson.",
            STR_ARG(c->type_name));
    if (!str_eq(c->rest, STR("*")) && !inner)
        return fail(&c->op, ERR_NOT_FOUND,
                    "\"%.*s\" is not a resource type of FHIR R4; check the spelling.",
                    STR_ARG(str_sub(c->rest, 0, 64)));
    if (inner && inner != c->type && !fhir_compartment_params(c->type, inner).n)
        return fail(&c->op, ERR_NOT_FOUND, "No %.*s is ever in a %.*s's compartment.",
                    STR_ARG(c->rest), STR_ARG(c->type_name));
    if (inner)
        types.at[types.n++] = inner;
    else
        TRY(types_named(c, parameters(c), &types));
    if (types.n == 0)
        types_all(c, c->type, &types);
    return search_many(c, &types, c->type);
}
