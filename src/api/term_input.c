/* What the terminology operations are sent: GET with primitive parameters in the address, POST with
 * Parameters or with the resource itself (http://hl7.org/fhir/R4/operations.html#request). Values
 * of the address come as strings; the operation reads them as what it needs. */
#include "api/term_int.h"

#define PARAMETERS_MAX 1000u

static void add(struct arena *a, struct json *list, str name, const char *member,
                const struct json *value)
{
    struct json *p = json_new(a, JSON_OBJECT);
    json_set_str(a, p, STR("name"), name);
    json_set(a, p, str_of(member), value);
    json_push(a, list, p);
}

static err from_query(struct call *c, struct json *list)
{
    struct arena *a = c->op.arena;
    str query = c->query, pair;
    while (str_take_until(&query, '&', &pair)) {
        size_t eq = str_find_char(pair, '=', 0);
        str value = eq == SIZE_MAX ? STR_NONE : url_decode(a, str_sub(pair, eq + 1, SIZE_MAX));
        if (!pair.n)
            continue;
        if (list->n == PARAMETERS_MAX || !str_utf8_valid(value))
            return fail(&c->op, ERR_INVALID, "The address has too many parameters, or no UTF-8.");
        add(a, list, url_decode(a, str_sub(pair, 0, eq)), "valueString", json_new_str(a, value));
    }
    return op_check(&c->op);
}

static err from_body(struct call *c, const char *type, const char *name, struct json *list)
{
    struct json *body;
    if (!str_trim(c->rq->body).n)
        return OK;
    TRY(fhir_read(&c->op, c->rq->body, 0, &body));
    str got = json_get_str(body, STR("resourceType"));
    if (name && str_eq(got, str_of(type))) {
        add(c->op.arena, list, str_of(name), "resource", body);
        return op_check(&c->op);
    }
    if (!str_eq(got, STR("Parameters")))
        return fail(&c->op, ERR_INVALID, "The body of this operation is Parameters%s%s.",
                    name ? " or the " : "", name ? type : "");
    const struct json *parts = JSON_GET(body, "parameter");
    for (size_t i = 0; parts && i < parts->n && i < PARAMETERS_MAX; i++)
        json_push(c->op.arena, list, json_at(parts, i));
    if (parts && parts->n > PARAMETERS_MAX)
        return fail(&c->op, ERR_TOO_LARGE, "More than %u parameters.", PARAMETERS_MAX);
    return op_check(&c->op);
}

static err allowed(struct call *c, const char *type)
{
    struct access_request q = {.type = policy_type_parse(str_of(type)), .action = ACTION_READ};
    struct access_verdict v;
    policy_access(c->op.actor, &q, &v);
    if (v.allowed)
        return OK;
    TRY(record_audit_event(&c->op, c->api->rec, STR("terminology"), false, v.rule));
    return fail(&c->op, ERR_FORBIDDEN, "%.*s", STR_ARG(v.why));
}

err term_request(struct call *c, const char *type, const char *body_name, struct terms_request *ret)
{
    struct arena *a = c->op.arena;
    struct json *list = json_new(a, JSON_ARRAY), *in = json_new(a, JSON_OBJECT);
    if (!c->api->terms)
        return fail(&c->op, ERR_UNSUPPORTED, "This server runs without terminologies.");
    TRY(allowed(c, type));
    TRY(from_query(c, list));
    if (c->rq->method == NET_POST)
        TRY(from_body(c, type, body_name, list));
    json_set_str(a, in, STR("resourceType"), STR("Parameters"));
    json_set(a, in, STR("parameter"), list);
    *ret = (struct terms_request){fhir_type_parse(str_of(type)), c->id, in};
    return op_check(&c->op);
}
