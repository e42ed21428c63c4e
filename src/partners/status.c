/* What a subscriber may ask: how its subscriptions stand ($status), the events again ($events).
 * http://hl7.org/fhir/uv/subscriptions-backport/OperationDefinition-backport-subscription-status.html
 * Invariant: a subscription is answered about only to who may read it, and its events with the
 * rights of who asks. */
#include "partners/partners_int.h"

#define STATUS_MAX 200

static const char *status_word(const struct json *tree)
{
    static const char *const words[] = {"requested", "active", "error", "off"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (str_eq(json_get_str(tree, STR("status")), str_of(words[i])))
            return words[i];
    return "off";
}

static err subscription_of(struct op *op, struct partners *p, str id, struct record_doc *doc,
                           struct subscription *s, const char **ret_status)
{
    struct json *tree;
    TRY(record_read(op, p->rec, p->t_subscription, id, doc));
    TRY(record_parse(op, doc, &tree));
    *ret_status = status_word(tree);
    *s = (struct subscription){.id = doc->id, .rid = doc->rid};
    if (subscription_read(op, p, tree, s) != OK)
        op_clear(op); /* in error: its status is all there is to tell */
    s->id = doc->id;
    s->rid = doc->rid;
    return OK;
}

static err status_one(struct op *op, struct partners *p, str id, struct json *entries)
{
    struct record_doc doc;
    struct subscription s;
    struct head h;
    struct json *params, *entry = json_new(op->arena, JSON_OBJECT),
                         *found = json_new(op->arena, JSON_OBJECT);
    struct notification n = {.sub = &s, .type = "query-status"};
    TRY(subscription_of(op, p, id, &doc, &s, &n.status));
    TRY(events_tail(op, p, doc.rid, &n.newest));
    TRY(head_read(op, p, doc.rid, &h));
    n.error = h.error;
    TRY(notify_parameters(op, p, &n, &params));
    json_set(op->arena, entry, STR("resource"), params);
    json_set_str(op->arena, found, STR("mode"), STR("match"));
    json_set(op->arena, entry, STR("search"), found);
    json_push(op->arena, entries, entry);
    return OK;
}

err partners_status(struct op *op, struct partners *p, const str *ids, size_t n, struct json **ret)
{
    struct arena *a = op->arena;
    struct json *b = json_new(a, JSON_OBJECT), *entries = json_new(a, JSON_ARRAY);
    struct record_page page = {0};
    if (n == 0) {
        TRY(record_find(op, p->rec, p->t_subscription, STR("_count=200"), &page));
        str *all = ARENA_ARRAY(a, str, page.n_match + 1);
        TRY(op_check(op));
        for (; n < page.n_match && n < STATUS_MAX; n++)
            all[n] = page.docs[n].id;
        ids = all;
    }
    for (size_t i = 0; i < n; i++)
        TRY(status_one(op, p, ids[i], entries));
    json_set_str(a, b, STR("resourceType"), STR("Bundle"));
    json_set_str(a, b, STR("type"), STR("searchset"));
    json_set(a, b, STR("total"), json_new_i64(a, (int64_t)n));
    if (n)
        json_set(a, b, STR("entry"), entries);
    *ret = b;
    return op_check(op);
}

static err content_of(struct op *op, str word, enum content *ret)
{
    if (str_empty(word))
        return OK;
    if (str_eq(word, STR("empty")))
        *ret = CONTENT_EMPTY;
    else if (str_eq(word, STR("id-only")))
        *ret = CONTENT_ID_ONLY;
    else if (str_eq(word, STR("full-resource")))
        *ret = CONTENT_FULL;
    else
        return fail(op, ERR_INVALID, "content is empty, id-only or full-resource.");
    return OK;
}

err partners_events(struct op *op, struct partners *p, str id, const struct partners_span *span,
                    struct json **ret, uint64_t *ret_last)
{
    struct record_doc doc;
    struct subscription s;
    struct event *events;
    struct notification n = {.sub = &s, .type = str_z(op->arena, span->type)};
    TRY(subscription_of(op, p, id, &doc, &s, &n.status));
    n.content = s.content;
    TRY(content_of(op, span->content, &n.content));
    TRY(events_tail(op, p, doc.rid, &n.newest));
    uint64_t from = span->since ? span->since : 1;
    uint64_t to = span->until && span->until < n.newest ? span->until : n.newest;
    if (to >= from && to - from >= EVENTS_A_BUNDLE)
        to = from + EVENTS_A_BUNDLE - 1;
    TRY(events_read(op, p, doc.rid, from, to, &events, &n.n));
    n.events = events;
    *ret_last = to;
    return notify_bundle(op, p, &n, ret);
}

err partners_newest(struct op *op, struct partners *p, str id, uint64_t *ret)
{
    uint64_t rid;
    TRY(record_resolve(op, p->rec, p->t_subscription, id, &rid));
    return events_tail(op, p, rid, ret);
}
