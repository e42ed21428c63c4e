/* $validate: a resource against R4's structure and invariants, the profiles it claims and those
 * that are asked for. On a type or an instance; the resource comes bare, in Parameters, or is the
 * stored one. The answer is 200 with an OperationOutcome whatever it says; an error status means
 * that the question itself could not be answered.
 * http://hl7.org/fhir/R4/resource-operation-validate.html Invariant: nothing is written; what is
 * read is read as the actor. */
#include "api/api_int.h"
#include "record/profile.h"

#define PROFILES_MAX 16u

struct question {
    struct json *resource;
    str mode;
    str profiles[PROFILES_MAX];
    size_t n;
    bool must_support, wrapped;
};

static err add_profile(struct call *c, struct question *q, str url)
{
    if (q->n == PROFILES_MAX)
        return fail(&c->op, ERR_TOO_COSTLY, "At most %u profiles at once.", PROFILES_MAX);
    if (!str_empty(url))
        q->profiles[q->n++] = url;
    return OK;
}

static err from_query(struct call *c, struct question *q)
{
    str rest = c->query, pair, value;
    while (str_take_until(&rest, '&', &pair)) {
        size_t eq = str_find_char(pair, '=', 0);
        str name = str_sub(pair, 0, eq);
        value = eq < pair.n ? url_decode(c->op.arena, str_sub(pair, eq + 1, pair.n)) : STR_NONE;
        if (str_eq(name, STR("profile")))
            TRY(add_profile(c, q, value));
        else if (str_eq(name, STR("mode")))
            q->mode = value;
        else if (str_eq(name, STR("mustSupport")))
            q->must_support = str_eq(value, STR("true"));
        else if (!str_empty(name))
            return fail(&c->op, ERR_INVALID,
                        "$validate takes profile, mode and mustSupport; not %.*s.", STR_ARG(name));
    }
    return OK;
}

/* value[x] of a part. */
static str part_value(const struct json *part)
{
    for (uint32_t i = 0; json_is(part, JSON_OBJECT) && i < part->n; i++)
        if (str_starts(part->u.members[i].name, STR("value")))
            return json_str(&part->u.members[i].value);
    return STR_NONE;
}

static err from_part(struct call *c, struct question *q, const struct json *part)
{
    str name = json_get_str(part, STR("name"));
    if (str_eq(name, STR("resource")))
        q->resource = JSON_GET(part, "resource");
    else if (str_eq(name, STR("profile")))
        TRY(add_profile(c, q, part_value(part)));
    else if (str_eq(name, STR("mode")))
        q->mode = part_value(part);
    else if (str_eq(name, STR("mustSupport")))
        q->must_support = json_bool(JSON_GET(part, "valueBoolean"), false);
    else
        return fail(&c->op, ERR_INVALID,
                    "$validate takes the parts resource, profile, mode and mustSupport.");
    return OK;
}

/* Parameters that wrap the question; a Parameters to be judged itself has no part "resource". */
static bool wraps(const struct call *c, const struct json *body)
{
    const struct json *parts = JSON_GET(body, "parameter");
    if (!str_eq(json_get_str(body, STR("resourceType")), STR("Parameters")))
        return false;
    if (!str_eq(c->type_name, STR("Parameters")))
        return true;
    for (uint32_t i = 0; json_is(parts, JSON_ARRAY) && i < parts->n; i++)
        if (str_eq(json_get_str(&parts->u.items[i], STR("name")), STR("resource")))
            return true;
    return false;
}

static err from_body(struct call *c, struct question *q)
{
    static const struct json_limits limits = JSON_LIMITS_DEFAULT;
    struct json *body;
    if (c->rq->method == NET_GET || str_empty(str_trim(c->rq->body)))
        return OK;
    TRY(json_read(&c->op, c->rq->body, &limits, &body));
    q->wrapped = wraps(c, body);
    if (!q->wrapped) {
        q->resource = body;
        return OK;
    }
    const struct json *parts = JSON_GET(body, "parameter");
    for (uint32_t i = 0; json_is(parts, JSON_ARRAY) && i < parts->n; i++)
        TRY(from_part(c, q, &parts->u.items[i]));
    return OK;
}

/* What a mode asks besides: ids, and that the instance is there. */
static err mode_check(struct call *c, struct op *v, const struct question *q)
{
    static const char *const modes[] = {"", "create", "update", "delete", "profile"};
    str id = json_get_str(q->resource, STR("id"));
    struct record_doc doc;
    size_t m = 0;
    while (m < 5 && !str_eq(q->mode, str_of(modes[m])))
        m++;
    if (m == 5)
        return fail(&c->op, ERR_INVALID, "mode is create, update, delete or profile.");
    if (m >= 2 && m <= 3 && str_empty(c->id))
        return fail(&c->op, ERR_INVALID,
                    "The modes update and delete are asked of an instance: "
                    "/fhir/{type}/{id}/$validate.");
    if (m == 4 && q->n == 0)
        return fail(&c->op, ERR_INVALID, "The mode profile needs at least one profile.");
    if (m == 3)
        return record_read(&c->op, c->api->rec, c->type, c->id, &doc);
    if (m == 1 && !str_empty(id))
        op_note(v, SEVERITY_INFORMATION, arena_cat(c->op.arena, c->type_name, STR(".id")),
                "A create does not keep this id; the server gives one.");
    if (m == 2 && !str_eq(id, c->id))
        (void)fail_at(v, ERR_UNPROCESSABLE, arena_cat(c->op.arena, c->type_name, STR(".id")),
                      "An update needs the id of the address in the resource; write it there.");
    return OK;
}

/* Into v; what is not about the resource goes to the call. */
static err judge(struct call *c, struct op *v, struct question *q)
{
    str type = fhir_type_name(fhir_type_of(q->resource));
    err e = fhir_validate(v, q->resource);
    if (e == OK || e == ERR_UNPROCESSABLE) {
        if (!str_empty(type) && !str_eq(type, c->type_name))
            (void)fail_at(v, ERR_UNPROCESSABLE, type,
                          "The resource is not of the type of the address, %.*s.",
                          STR_ARG(c->type_name));
        const struct record_check check = {
            .profiles = q->profiles, .n = q->n, .must_support = q->must_support};
        e = record_validate(v, c->api->rec, q->resource, &check);
    }
    op_owes(&c->op, &v->audit);
    if (e == OK || e == ERR_UNPROCESSABLE)
        return op_check(&c->op);
    c->op.fault = v->fault;
    return e;
}

static err stored(struct call *c, struct question *q)
{
    struct record_doc doc;
    TRY(record_read(&c->op, c->api->rec, c->type, c->id, &doc));
    return record_parse(&c->op, &doc, &q->resource);
}

err api_validate(struct call *c)
{
    struct question q = {.mode = STR("")};
    struct op v;
    TRY(from_query(c, &q));
    TRY(from_body(c, &q));
    op_init(&v, c->op.arena, c->op.actor, c->op.now);
    v.deadline = c->op.deadline;
    v.trace = c->op.trace;
    if (!q.resource && c->id.n)
        TRY(stored(c, &q));
    if (!q.resource)
        return fail(&c->op, ERR_INVALID,
                    "Send the resource to be validated, bare or as the part \"resource\" of "
                    "Parameters.");
    TRY(mode_check(c, &v, &q));
    if (!str_eq(q.mode, STR("delete")))
        TRY(judge(c, &v, &q));
    struct buf b = answer_buf(c);
    fhir_outcome_write(&b, &v);
    return answer(c, 200, &b);
}
