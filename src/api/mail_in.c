/* What the house's mail server hands in (docs/adr/0030-mail.md): one message a request, under the
 * key. 2xx: it is done, also when nothing in it concerns us; 413: too large for ever; everything
 * else: hand it in again later. */
#include "api/api_int.h"

#include "outreach/mail.h"

static const char *const kinds[] = {
    [MAIL_NOTHING] = "nothing\n",
    [MAIL_BOUNCE] = "bounce\n",
    [MAIL_COMPLAINT] = "complaint\n",
    [MAIL_REPLY] = "reply\n",
};

static err refuse(struct call *c)
{
    if (refusal_room(c))
        TRY(record_audit_event(&c->op, c->api->rec, STR("webhook"), false, STR("wrong key")));
    return fail(&c->op, ERR_FORBIDDEN, "The signature does not fit the message.");
}

err api_mail_in(struct call *c)
{
    enum outreach_mail_kind kind = MAIL_NOTHING;
    struct outreach_mail in = {.text = c->rq->body};
    if (!c->api->outreach)
        return fail(&c->op, ERR_UNSUPPORTED, "This server runs without outreach.");
    if (!outreach_mail_key_ok(c->api->outreach, net_header(c->rq, "X-Mail-Key")))
        return refuse(c);
    (void)query_get(c->op.arena, c->rq->query, STR("r"), &in.recipient);
    c->op.actor = identity_system();
    TRY(outreach_mail(&c->op, c->api->outreach, &in, &kind));
    struct buf b = answer_buf(c);
    buf_add(&b, str_of(kinds[kind]));
    TRY(answer(c, 200, &b));
    c->rq->answer.type = STR("text/plain; charset=utf-8");
    return OK;
}
