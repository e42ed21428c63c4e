/* What a courier's errand carries: the request for the next events of a subscription, for its
 * handshake or its heartbeat. Documents are read with the owner's rights at this moment.
 * Invariant: a parcel's events are the next ones in number, and upto is the last of them. */
#include "partners/partners_int.h"

static str text_of(struct op *op, const struct json *v)
{
    struct buf b;
    buf_init(&b, op->arena, 64u << 20);
    json_write(&b, v);
    return buf_ok(&b) ? buf_str(&b) : STR_NONE;
}

static err pack_bundle(struct op *op, struct partners *p, const struct notification *n,
                       struct parcel *parcel)
{
    struct json *bundle;
    TRY(notify_bundle(op, p, n, &bundle));
    parcel->method = STR("POST");
    parcel->type = STR("application/fhir+json");
    parcel->body = text_of(op, bundle);
    return op_check(op);
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
    parcel->type = STR("application/fhir+json");
    parcel->url = arena_printf(op->arena, "%.*s/%.*s/%.*s", STR_ARG(base),
                               STR_ARG(fhir_type_name(doc.type)), STR_ARG(doc.id));
    parcel->body = arena_cat(op->arena, doc.head, doc.body);
    return op_check(op);
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
    sign_parcel(p, parcel, op->now);
    return op_check(op);
}
