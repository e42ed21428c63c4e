/* What comes back: replies and receipts from the SMS provider (Twilio shape, signed), and the
 * demonstration's built-in screen, where one reads and answers as the patient.
 * Nothing of an unsigned webhook is believed; its refusal is in the trail. */
#include "api/api_int.h"

#define FIELDS_MAX 100u

struct form {
    str names[FIELDS_MAX], values[FIELDS_MAX];
    size_t n;
};

static err form_read(struct call *c, struct form *ret)
{
    str rest = c->rq->body, pair;
    ret->n = 0;
    while (str_take_until(&rest, '&', &pair)) {
        size_t eq = str_find_char(pair, '=', 0);
        if (ret->n == FIELDS_MAX)
            return fail(&c->op, ERR_TOO_LARGE, "The form has too many fields.");
        ret->names[ret->n] = url_decode(c->op.arena, str_sub(pair, 0, eq));
        ret->values[ret->n++] =
            eq == SIZE_MAX ? STR_NONE : url_decode(c->op.arena, str_sub(pair, eq + 1, SIZE_MAX));
    }
    return op_check(&c->op);
}

static str field(const struct form *f, str name)
{
    for (size_t i = 0; i < f->n; i++)
        if (str_eq(f->names[i], name))
            return f->values[i];
    return STR_NONE;
}

static bool signed_right(struct call *c, const struct form *f)
{
    str base = c->api->fixed_url ? c->api->url : base_url(c);
    str url = arena_printf(c->op.arena, "%.*s%.*s%s%.*s", STR_ARG(base), STR_ARG(c->rq->path),
                           c->rq->query.n ? "?" : "", STR_ARG(c->rq->query));
    return outreach_signature_ok(c->api->outreach, url, f->names, f->values, f->n,
                                 net_header(c->rq, "X-Twilio-Signature"));
}

static err take(struct call *c, const struct form *f)
{
    str status = field(f, STR("MessageStatus"));
    if (!status.n)
        status = field(f, STR("SmsStatus"));
    str sid = field(f, STR("MessageSid"));
    if (status.n && !str_eq(status, STR("received")))
        return outreach_receipt(&c->op, c->api->outreach, sid, status, field(f, STR("ErrorCode")));
    struct outreach_inbound in = {.channel = STR("sms"),
                                  .from = field(f, STR("From")),
                                  .to = field(f, STR("To")),
                                  .text = field(f, STR("Body")),
                                  .provider_id = sid};
    struct outreach_inbound_result r;
    return outreach_inbound(&c->op, c->api->outreach, &in, &r);
}

static err outreach_there(struct call *c)
{
    return c->api->outreach ? OK
                            : fail(&c->op, ERR_UNSUPPORTED, "This server runs without outreach.");
}

err api_sms_webhook(struct call *c)
{
    struct form f;
    TRY(outreach_there(c));
    TRY(form_read(c, &f));
    if (!signed_right(c, &f)) {
        TRY(record_audit_event(&c->op, c->api->rec, STR("webhook"), false, STR("wrong signature")));
        return fail(&c->op, ERR_FORBIDDEN, "The signature does not fit the message.");
    }
    c->op.actor = identity_system();
    TRY(take(c, &f));
    struct buf b = answer_buf(c);
    buf_add(&b, STR("<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response></Response>"));
    TRY(answer(c, 200, &b));
    c->rq->answer.type = STR("text/xml; charset=utf-8");
    return OK;
}

err api_outbox(struct call *c)
{
    struct json *list;
    TRY(outreach_there(c));
    TRY(outreach_screen(&c->op, c->api->outreach, 200, &list));
    return answer_json(c, 200, list);
}

/* As if the patient had answered. The screen's own check decides whether this is a demonstration.
 */
err api_outbox_reply(struct call *c)
{
    struct json *in, *unused;
    struct outreach_inbound_result r;
    TRY(outreach_there(c));
    TRY(outreach_screen(&c->op, c->api->outreach, 1, &unused));
    TRY(body_object(c, &in));
    struct outreach_inbound m = {.channel = json_get_str(in, STR("channel")),
                                 .from = json_get_str(in, STR("from")),
                                 .to = json_get_str(in, STR("to")),
                                 .text = json_get_str(in, STR("text")),
                                 .provider_id = uuid_new(c->op.arena)};
    c->op.actor = identity_system();
    TRY(outreach_inbound(&c->op, c->api->outreach, &m, &r));
    struct json *o = json_new(c->op.arena, JSON_OBJECT);
    json_set(c->op.arena, o, STR("matched"), json_new_bool(c->op.arena, r.matched));
    json_set(c->op.arena, o, STR("stopped"), json_new_bool(c->op.arena, r.stopped));
    json_set_str(c->op.arena, o, STR("communication"), r.communication);
    return answer_json(c, 200, o);
}
