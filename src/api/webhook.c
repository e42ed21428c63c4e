/* What comes back: replies and receipts from the SMS provider (Twilio shape, signed), and the
 * demonstration's built-in screen, where one reads and answers as the patient.
 * Nothing of an unsigned webhook is believed; its refusal is in the trail. */
#include "api/api_int.h"

#include "net/sms_text.h"

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
    str status = form_field(f, STR("MessageStatus"));
    if (!status.n)
        status = form_field(f, STR("SmsStatus"));
    str sid = form_field(f, STR("MessageSid")), ours = STR_NONE;
    (void)query_get(c->op.arena, c->rq->query, STR("m"), &ours);
    if (status.n && !str_eq(status, STR("received")))
        return outreach_receipt(
            &c->op, c->api->outreach,
            &(struct outreach_receipt){.vocabulary = STR("twilio"),
                                       .provider_id = sid,
                                       .communication = ours,
                                       .word = status,
                                       .error = form_field(f, STR("ErrorCode"))});
    struct outreach_inbound in = {.channel = STR("sms"),
                                  .from = form_field(f, STR("From")),
                                  .to = form_field(f, STR("To")),
                                  .text = form_field(f, STR("Body")),
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
    TRY(form_read(&c->op, c->rq->body, &f));
    if (!signed_right(c, &f)) {
        if (refusal_room(c))
            TRY(record_audit_event(&c->op, c->api->rec, STR("webhook"), false,
                                   STR("wrong signature")));
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

static str asked(struct call *c, str name)
{
    str v = STR_NONE;
    (void)query_get(c->op.arena, c->rq->query, name, &v);
    return v;
}

static err refuse_kannel(struct call *c)
{
    if (refusal_room(c))
        TRY(record_audit_event(&c->op, c->api->rec, STR("webhook"), false, STR("wrong token")));
    return fail(&c->op, ERR_FORBIDDEN, "The signature does not fit the message.");
}

static err answer_nothing(struct call *c)
{
    struct buf b = answer_buf(c);
    TRY(answer(c, 200, &b));
    c->rq->answer.type = STR("text/plain; charset=utf-8");
    return OK;
}

err api_kannel_receipt(struct call *c)
{
    TRY(outreach_there(c));
    str id = asked(c, STR("m"));
    if (str_empty(id) || !outreach_kannel_ok(c->api->outreach, id, asked(c, STR("k"))))
        return refuse_kannel(c);
    struct outreach_receipt r = {
        .vocabulary = STR("kannel"),
        .provider_id = arena_cat(c->op.arena, STR("kannel-"), id),
        .communication = id,
        .word = asked(c, STR("d")),
    };
    c->op.actor = identity_system();
    TRY(outreach_receipt(&c->op, c->api->outreach, &r));
    return answer_nothing(c);
}

err api_kannel_message(struct call *c)
{
    struct outreach_inbound_result r;
    bool wide = str_eq(net_header(c->rq, "X-Kannel-Coding"), STR("2"));
    TRY(outreach_there(c));
    if (!outreach_kannel_ok(c->api->outreach, STR_NONE, asked(c, STR("k"))))
        return refuse_kannel(c);
    struct outreach_inbound in = {
        .channel = STR("sms"),
        .from = net_header(c->rq, "X-Kannel-From"),
        .to = net_header(c->rq, "X-Kannel-To"),
        .text = wide ? sms_decode(c->op.arena, SMS_CODING_UCS2, c->rq->body) : c->rq->body,
        .provider_id = asked(c, STR("i"))};
    c->op.actor = identity_system();
    TRY(outreach_inbound(&c->op, c->api->outreach, &in, &r));
    return answer_nothing(c);
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
