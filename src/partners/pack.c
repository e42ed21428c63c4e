/* What a courier's errand carries: the request for the next events of a subscription, for its
 * handshake or its heartbeat. Documents are read with the owner's rights at this moment.
 * Invariant: a parcel's events are the next ones in number, and upto is the last of them. */
#include "fhir/xml.h"
#include "partners/partners_int.h"

#define BODY_MAX (64u << 20)

static err set_body(struct op *op, const struct buf *b, const char *type, struct parcel *parcel)
{
    if (!buf_ok(b) || arena_failed(op->arena))
        return fail(op, ERR_TOO_COSTLY, "The notification is too large.");
    parcel->type = str_of(type);
    parcel->body = buf_str(b);
    return OK;
}

static err body_json(struct op *op, str text, const struct json *tree, struct parcel *parcel)
{
    struct buf b;
    buf_init(&b, op->arena, BODY_MAX);
    buf_add(&b, text);
    if (tree)
        json_write(&b, tree);
    return set_body(op, &b, "application/fhir+json", parcel);
}

/* By the same tables as an answer in XML: the tree is read anew, so that it is tagged. */
static err body_xml(struct op *op, struct parcel *parcel)
{
    struct json *tree;
    struct buf b;
    buf_init(&b, op->arena, BODY_MAX);
    TRY(fhir_stored_read(op, parcel->body, &tree));
    fhir_xml_write(&b, tree, false);
    return set_body(op, &b, "application/fhir+xml", parcel);
}

static err pack_bundle(struct op *op, struct partners *p, const struct notification *n,
                       struct parcel *parcel)
{
    struct json *bundle;
    TRY(notify_bundle(op, p, n, &bundle));
    parcel->method = STR("POST");
    return body_json(op, STR_NONE, bundle, parcel);
}

/* R4's own rest-hook: nothing but a knock, or the resource put under the endpoint. */
static err pack_plain(struct op *op, struct partners *p, const struct notification *n,
                      struct parcel *parcel, bool *ret_nothing)
{
    const struct subscription *s = n->sub;
    struct record_doc doc;
    bool ok;
    parcel->method = STR("POST");
    if (n->content == CONTENT_EMPTY)
        return OK;
    TRY(notify_doc(op, p, &n->events[0], &doc, &ok));
    *ret_nothing = !ok || doc.deleted;
    if (*ret_nothing)
        return OK;
    str base =
        str_ends(s->endpoint, STR("/")) ? str_sub(s->endpoint, 0, s->endpoint.n - 1) : s->endpoint;
    parcel->method = STR("PUT");
    parcel->url = arena_printf(op->arena, "%.*s/%.*s/%.*s", STR_ARG(base),
                               STR_ARG(fhir_type_name(doc.type)), STR_ARG(doc.id));
    return body_json(op, arena_cat(op->arena, doc.head, doc.body), NULL, parcel);
}

static err pack_mail(struct op *op, struct partners *p, const struct notification *n,
                     struct parcel *parcel)
{
    str base = partners_base(op, p);
    parcel->mail_to = str_sub(n->sub->endpoint, sizeof "mailto:" - 1, n->sub->endpoint.n);
    parcel->subject = STR("Something new");
    parcel->body =
        arena_printf(op->arena, "%zu new: sign in to see.\r\n%.*s/fhir/Subscription/%.*s/$events",
                     n->n, STR_ARG(base), STR_ARG(n->sub->id));
    return op_check(op);
}

err pack_parcel(struct op *op, struct partners *p, const struct notification *n,
                struct parcel *parcel, bool *ret_nothing)
{
    const struct subscription *s = n->sub;
    *ret_nothing = false;
    parcel->url = s->endpoint;
    parcel->timeout_s = s->timeout_s;
    parcel->events = n->events;
    parcel->n = n->n;
    parcel->id = arena_printf(op->arena, "sub-%.*s-%llu-%s", STR_ARG(s->id),
                              (unsigned long long)parcel->upto, n->type);
    for (size_t i = 0; i < s->n_headers; i++)
        parcel->headers[parcel->n_headers++] = s->headers[i];
    if (s->channel == CHANNEL_EMAIL)
        return pack_mail(op, p, n, parcel);
    if (s->backport)
        TRY(pack_bundle(op, p, n, parcel));
    else
        TRY(pack_plain(op, p, n, parcel, ret_nothing));
    if (s->xml && parcel->body.n)
        TRY(body_xml(op, parcel));
    sign_parcel(p, parcel, op->now);
    return op_check(op);
}
