/* Notifications as the back-port writes them for R4: a Bundle of type history whose first entry is
 * a Parameters with the subscription's status; then the resources, as far as the payload and the
 * actor's rights go. http://hl7.org/fhir/uv/subscriptions-backport/notifications.html
 * Invariant: a document enters a Bundle only through record_vread() as op->actor. */
#include "partners/partners_int.h"

#include "base/uuid.h"

static struct json *part(struct arena *a, const char *name)
{
    struct json *o = json_new(a, JSON_OBJECT);
    json_set_str(a, o, STR("name"), str_of(name));
    return o;
}

static void put_text(struct arena *a, struct json *list, const char *name, const char *value,
                     str text)
{
    struct json *o = part(a, name);
    json_set_str(a, o, str_of(value), text);
    json_push(a, list, o);
}

static void put_reference(struct arena *a, struct json *list, const char *name, str reference)
{
    struct json *o = part(a, name), *r = json_new(a, JSON_OBJECT);
    json_set_str(a, r, STR("reference"), reference);
    json_set(a, o, STR("valueReference"), r);
    json_push(a, list, o);
}

static str number(struct arena *a, uint64_t n)
{
    return arena_printf(a, "%llu", (unsigned long long)n);
}

static void put_event(struct arena *a, struct json *list, const struct event *e, str focus)
{
    struct json *o = part(a, "notification-event"), *parts = json_new(a, JSON_ARRAY);
    put_text(a, parts, "event-number", "valueString", number(a, e->number));
    put_text(a, parts, "timestamp", "valueInstant", time_format(a, e->at));
    if (focus.n)
        put_reference(a, parts, "focus", focus);
    json_set(a, o, STR("part"), parts);
    json_push(a, list, o);
}

/* Type/id of what an event speaks of; empty when nothing may be said. */
static err focus_of(struct op *op, struct partners *p, const struct notification *n,
                    const struct event *e, str *ret)
{
    fhir_type type;
    str id;
    bool may = false;
    *ret = STR_NONE;
    if (n->content == CONTENT_EMPTY)
        return OK;
    err failed = record_name(op, p->rec, e->rid, &type, &id);
    if (failed == OK)
        failed = record_may_read(op, p->rec, e->rid, e->deleted && e->vid > 1 ? e->vid - 1 : e->vid,
                                 &may);
    if (failed == ERR_NOT_FOUND || failed == ERR_GONE) {
        op_clear(op);
        return OK;
    }
    TRY(failed);
    if (may)
        *ret = arena_printf(op->arena, "%.*s/%.*s", STR_ARG(fhir_type_name(type)), STR_ARG(id));
    return OK;
}

err notify_parameters(struct op *op, struct partners *p, const struct notification *n,
                      struct json **ret)
{
    struct arena *a = op->arena;
    struct json *o = json_new(a, JSON_OBJECT), *list = json_new(a, JSON_ARRAY);
    json_set_str(a, o, STR("resourceType"), STR("Parameters"));
    put_reference(a, list, "subscription",
                  arena_printf(a, "Subscription/%.*s", STR_ARG(n->sub->id)));
    if (n->sub->topic.n)
        put_text(a, list, "topic", "valueCanonical", n->sub->topic);
    put_text(a, list, "status", "valueCode", str_of(n->status));
    put_text(a, list, "type", "valueCode", str_of(n->type));
    put_text(a, list, "events-since-subscription-start", "valueString", number(a, n->newest));
    for (size_t i = 0; i < n->n; i++) {
        str focus;
        TRY(focus_of(op, p, n, &n->events[i], &focus));
        put_event(a, list, &n->events[i], focus);
    }
    if (n->error.n) {
        struct json *e = part(a, "error"), *c = json_new(a, JSON_OBJECT);
        json_set_str(a, c, STR("text"), n->error);
        json_set(a, e, STR("valueCodeableConcept"), c);
        json_push(a, list, e);
    }
    json_set(a, o, STR("parameter"), list);
    *ret = o;
    return op_check(op);
}

err notify_doc(struct op *op, struct partners *p, const struct event *e, struct record_doc *ret,
               bool *ret_ok)
{
    fhir_type type;
    str id;
    *ret_ok = false;
    err failed = record_name(op, p->rec, e->rid, &type, &id);
    if (failed == OK)
        failed = record_vread(op, p->rec, type, id, number(op->arena, e->vid), ret);
    if (failed == ERR_NOT_FOUND || failed == ERR_GONE || failed == ERR_FORBIDDEN) {
        op_clear(op);
        return OK;
    }
    TRY(failed);
    *ret_ok = true;
    return OK;
}

static err add_resource(struct op *op, struct partners *p, const struct notification *n,
                        const struct event *e, struct json *entries)
{
    struct arena *a = op->arena;
    struct record_doc doc;
    struct json *tree = NULL, *entry = json_new(a, JSON_OBJECT), *rq = json_new(a, JSON_OBJECT),
                *rs = json_new(a, JSON_OBJECT);
    bool ok = true;
    str url;
    TRY(focus_of(op, p, n, e, &url));
    if (url.n && !e->deleted)
        TRY(notify_doc(op, p, e, &doc, &ok));
    if (!url.n || !ok)
        return OK;
    if (!e->deleted)
        TRY(record_parse(op, &doc, &tree));
    json_set_str(a, entry, STR("fullUrl"),
                 arena_printf(a, "%.*s/fhir/%.*s", STR_ARG(partners_base(op, p)), STR_ARG(url)));
    if (tree)
        json_set(a, entry, STR("resource"), tree);
    json_set_str(a, rq, STR("method"), e->deleted ? STR("DELETE") : STR("PUT"));
    json_set_str(a, rq, STR("url"), url);
    json_set(a, entry, STR("request"), rq);
    json_set_str(a, rs, STR("status"), e->deleted ? STR("204") : STR("200"));
    json_set(a, entry, STR("response"), rs);
    json_push(a, entries, entry);
    return OK;
}

err notify_bundle(struct op *op, struct partners *p, const struct notification *n,
                  struct json **ret)
{
    struct arena *a = op->arena;
    struct json *b = json_new(a, JSON_OBJECT), *entries = json_new(a, JSON_ARRAY), *status;
    struct json *first = json_new(a, JSON_OBJECT), *rq = json_new(a, JSON_OBJECT),
                *rs = json_new(a, JSON_OBJECT);
    str id = uuid_new(a);
    TRY(notify_parameters(op, p, n, &status));
    json_set_str(a, b, STR("resourceType"), STR("Bundle"));
    json_set_str(a, b, STR("id"), id);
    json_set_str(a, b, STR("type"), STR("history"));
    json_set_str(a, b, STR("timestamp"), time_format(a, op->now));
    json_set_str(a, first, STR("fullUrl"), arena_cat(a, STR("urn:uuid:"), id));
    json_set(a, first, STR("resource"), status);
    json_set_str(a, rq, STR("method"), STR("GET"));
    json_set_str(a, rq, STR("url"),
                 arena_printf(a, "Subscription/%.*s/$status", STR_ARG(n->sub->id)));
    json_set(a, first, STR("request"), rq);
    json_set_str(a, rs, STR("status"), STR("200"));
    json_set(a, first, STR("response"), rs);
    json_push(a, entries, first);
    for (size_t i = 0; i < n->n && n->content == CONTENT_FULL; i++)
        TRY(add_resource(op, p, n, &n->events[i], entries));
    json_set(a, b, STR("entry"), entries);
    *ret = b;
    return op_check(op);
}
