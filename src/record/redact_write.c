/* A write by who sees a part of what it writes over: what was hidden from them stays as it is. What
 * they send in its place is refused, whether or not something is there, so that the refusal tells
 * nothing and nothing is lost. Invariant: no write by PUT, PATCH or a room changes or removes what
 * its writer could not read. */
#include "record/points_int.h"

static err refuse(struct op *op, const struct staged *s, const struct redact_view *v, str member)
{
    const char *rule = v->n_links ? v->links[0]->id : v->rows[0]->id;
    for (size_t i = 0; i < v->n; i++)
        if (redact_names(v->rows[i], member))
            rule = v->rows[i]->id;
    return fail_at(
        op, ERR_FORBIDDEN,
        arena_printf(op->arena, "%.*s.%.*s", STR_ARG(fhir_type_name(s->type)), STR_ARG(member)),
        "You do not see this element (%s), so you cannot change it; leave it out, and "
        "what is there stays.",
        rule);
}

/* Items that were not shown, back at the end of their list. */
static err restore_items(struct op *op, const struct staged *s, const struct redact_view *v,
                         const struct json *old, const redact_items *items)
{
    for (size_t i = 0; i < items->n; i++) {
        str name = items->at[i].member;
        const struct json *was = json_get(old, name);
        struct json *now = json_get(s->resource, name);
        if (items->at[i].at == SIZE_MAX || !json_is(was, JSON_ARRAY)) {
            if (now)
                return refuse(op, s, v, name);
            if (was)
                json_set(op->arena, s->resource, name, was);
            continue;
        }
        struct json *list = now ? json_dup(op->arena, now) : json_dup(op->arena, was);
        if (!now)
            list->n = 0;
        json_push(op->arena, list, &was->u.items[items->at[i].at]);
        json_set(op->arena, s->resource, name, list);
    }
    return op_check(op);
}

static void restore_members(struct op *op, const struct staged *s, const struct redact_view *v,
                            const struct json *old)
{
    for (size_t i = 0; i < old->n; i++)
        if (redact_absent(v, old->u.members[i].name))
            json_set(op->arena, s->resource, old->u.members[i].name, &old->u.members[i].value);
}

/* A narrative that was not shown stays, unless the writer makes one of what they saw. */
static err keep_points(struct op *op, struct record *rec, const struct staged *s,
                       const struct store_doc *d, const struct json *old, redact_items *io)
{
    const struct json *text = JSON_GET(old, "text");
    redact_items own = {.n = 0};
    TRY(points_items(op, rec, d, old, &own));
    TRY(redact_add(op, io, &own));
    if (own.n && text && !JSON_GET(s->resource, "text"))
        json_set(op->arena, s->resource, STR("text"), text);
    return op_check(op);
}

err redact_restore(struct op *op, struct record *rec, struct staged *s)
{
    struct store_doc d;
    struct redact_view v;
    struct json *old;
    redact_items items = {.n = 0};
    bool rows = redact_find(op->actor, (int)s->type) || points_asks(op->actor);
    if (s->action != ACTION_UPDATE || !s->resource || !rows)
        return OK;
    TRY(store_get(op, rec->store, s->rid, &d));
    if (d.deleted || (!redact_view(op, rec, &d, &v) && !points_may(op->actor, d.body)))
        return OK;
    for (size_t i = 0; i < s->resource->n; i++)
        if (redact_absent(&v, s->resource->u.members[i].name))
            return refuse(op, s, &v, s->resource->u.members[i].name);
    s->resource = json_dup(op->arena, s->resource); /* a retry begins with what was sent */
    TRY(op_check(op));
    TRY(tree_of(op, rec, &d, &old));
    TRY(redact_links(op, rec, &v, old, &items));
    TRY(keep_points(op, rec, s, &d, old, &items));
    redact_unmark(s->resource);
    restore_members(op, s, &v, old);
    return restore_items(op, s, &v, old, &items);
}
