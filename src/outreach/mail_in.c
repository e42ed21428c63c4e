/* Mail that comes in: told apart (bounce, complaint, automatic, a patient's words) and handed to
 * what does it. Invariant: a report is about a message of ours only by our own sum in it; an
 * automatic answer is never answered, so nothing goes in circles. */
#include "outreach/mail_int.h"

#include "policy/content.h"

#include <sodium.h>

bool outreach_mail_key_ok(const struct outreach *o, str key)
{
    return o->secret_intake.n > 0 && key.n == o->secret_intake.n &&
           sodium_memcmp(o->secret_intake.p, key.p, key.n) == 0;
}

/* The address it was returned to, else what the report holds of the original. */
static err find_token(struct op *op, struct outreach *o, str recipient, const struct mail_report *r,
                      struct mail_token *ret, bool *ret_ours)
{
    TRY(mail_token_read(op, o, recipient, ret, ret_ours));
    for (size_t i = 0; !*ret_ours && i < sizeof r->names / sizeof r->names[0]; i++)
        TRY(mail_token_read(op, o, r->names[i], ret, ret_ours));
    return OK;
}

static err report(struct op *op, struct outreach *o, const struct outreach_mail *in,
                  const struct mail_report *r, enum outreach_mail_kind *ret)
{
    struct mail_token t;
    bool ours = false;
    TRY(find_token(op, o, in->recipient, r, &t, &ours));
    *ret = ours ? r->kind : MAIL_NOTHING;
    if (!ours)
        return record_audit_event(op, o->rec, STR("mail-not-ours"), false, STR_NONE);
    err e = OK;
    for (int tries = 0; tries < 5; tries++) {
        e = r->kind == MAIL_BOUNCE ? mail_bounced(op, o, &t, r->status)
                                   : mail_complained(op, o, &t);
        if (e != ERR_CONFLICT && e != ERR_PRECONDITION)
            break;
        op_clear(op); /* the patient or the message changed meanwhile */
    }
    if (e != ERR_NOT_FOUND && e != ERR_GONE)
        return e;
    op_clear(op); /* it was deleted since */
    *ret = MAIL_NOTHING;
    return OK;
}

static bool is_attached(struct op *op, const struct mail_part *p)
{
    str how = mail_field(op->arena, p->head, STR("Content-Disposition"));
    return str_eq_nocase(str_sub(how, 0, 10), STR("attachment"));
}

/* Of the first part with words: plain, else mark-up. */
static str body_text(struct op *op, const struct mail_read *m)
{
    const struct mail_part *html = NULL;
    for (size_t i = 0; i < m->n; i++) {
        const struct mail_part *p = &m->part[i];
        if (is_attached(op, p))
            continue;
        if (str_eq(p->type, STR("text/plain")))
            return mail_part_text(op->arena, p);
        if (!html && str_eq(p->type, STR("text/html")))
            html = p;
    }
    return html ? mail_html_text(op->arena, mail_part_text(op->arena, html)) : STR_NONE;
}

/* What the patient wrote. A keyword in the body, else in the subject, stands alone, so that it is
 * known as one; the subject of a mail that answers nothing is part of the words. */
static str words_of(struct op *op, struct outreach *o, const struct mail_read *m)
{
    struct reply body, subject;
    str from = config_str(o->config, "smtp.from");
    str text = mail_answer(body_text(op, m), from);
    str line = mail_words(op->arena, mail_field(op->arena, m->head, STR("Subject")));
    bool answers = !str_empty(mail_field(op->arena, m->head, STR("In-Reply-To")));
    if (!content_reply(op, text, &body) || !content_reply(op, line, &subject))
        return STR_NONE;
    if (body.intent != REPLY_NONE || str_empty(line))
        return text;
    if (!answers && subject.intent != REPLY_NONE)
        return line;
    return answers ? text : arena_printf(op->arena, "%.*s\n%.*s", STR_ARG(line), STR_ARG(text));
}

/* The words as one message holds them; what is cut is said, and so is what else came with them. */
static str fit(struct op *op, str text, size_t others)
{
    str all = str_utf8_cut(text, TEXT_MAX * 4 - 100);
    if (all.n < text.n)
        all = arena_cat(op->arena, all, STR(" …"));
    return others ? arena_printf(op->arena, "%.*s\n(%zu attached; what is attached is not kept)",
                                 STR_ARG(all), others)
                  : all;
}

static size_t attached(struct op *op, const struct mail_read *m)
{
    size_t n = 0;
    for (size_t i = 0; i < m->n; i++)
        n += is_attached(op, &m->part[i]);
    return n;
}

static bool is_theirs(struct op *op, const struct json *patient, str from)
{
    const struct json *list = JSON_GET(patient, "telecom"), *one;
    str key = address_key(op, CHANNEL_EMAIL, from);
    for (size_t i = 0; (one = json_at(list, i)); i++)
        if (str_eq(address_key(op, CHANNEL_EMAIL, json_get_str(one, STR("value"))), key))
            return true;
    return false;
}

/* Who answers a message of ours had it, the patient or who gets their messages: then another
 * address of theirs is theirs too. */
static err sender_of(struct op *op, struct outreach *o, const struct mail_read *m, str *ret_from,
                     bool *ret_proven)
{
    struct mail_token t;
    struct recipient r;
    str had, from = mail_address(mail_field(op->arena, m->head, STR("From")));
    TRY(mail_token_read(op, o, mail_field(op->arena, m->head, STR("In-Reply-To")), &t, ret_proven));
    *ret_from = from;
    if (!*ret_proven)
        return OK;
    err e = mail_sent_to(op, o, &t, &r, &had);
    if (e == ERR_NOT_FOUND || e == ERR_GONE) {
        op_clear(op);
        *ret_proven = false;
        return OK;
    }
    if (e != OK || is_theirs(op, r.patient, from))
        return e;
    if (str_empty(had))
        had = r.address[CHANNEL_EMAIL];
    *ret_proven = !str_empty(had); /* else it is not known whose words */
    if (*ret_proven)
        *ret_from = had;
    return OK;
}

/* The mail's own id, in one length; a mail without one is known by all of it. */
static str id_of(struct op *op, const struct mail_read *m, str text)
{
    unsigned char sum[32];
    char hex[65];
    str id = mail_field(op->arena, m->head, STR("Message-ID"));
    if (str_empty(id))
        id = text;
    crypto_hash_sha256(sum, (const unsigned char *)id.p, id.n);
    sodium_bin2hex(hex, sizeof hex, sum, sizeof sum);
    return arena_cat(op->arena, STR("mail-"), str_of(hex));
}

static err reply(struct op *op, struct outreach *o, const struct outreach_mail *in,
                 const struct mail_read *m)
{
    struct outreach_inbound_result unused;
    bool proven = false;
    str from, words = words_of(op, o, m);
    TRY(op_check(op));
    TRY(sender_of(op, o, m, &from, &proven));
    if (str_empty(from) || from.n > 254 || !str_utf8_valid(from))
        return OK; /* nobody's words */
    struct outreach_inbound message = {.channel = channel_name(CHANNEL_EMAIL),
                                       .from = from,
                                       .to = in->recipient,
                                       .text = fit(op, words, attached(op, m)),
                                       .provider_id = id_of(op, m, in->text),
                                       .unproven = !proven};
    return outreach_inbound(op, o, &message, &unused);
}

static err take(struct op *op, struct outreach *o, const struct outreach_mail *in,
                enum outreach_mail_kind *ret)
{
    struct mail_read *m = ARENA_NEW(op->arena, struct mail_read);
    struct mail_report r;
    TRY(op_check(op));
    mail_read(op->arena, in->text, m);
    mail_report(op->arena, m, &r);
    TRY(op_check(op));
    *ret = r.kind;
    if (r.kind != MAIL_NOTHING)
        return report(op, o, in, &r, ret);
    if (mail_automatic(op->arena, m))
        return OK;
    *ret = MAIL_REPLY;
    return reply(op, o, in, m);
}

err outreach_mail(struct op *op, struct outreach *o, const struct outreach_mail *in,
                  enum outreach_mail_kind *ret)
{
    const struct actor *caller = op->actor;
    if (in->text.n > OUTREACH_MAIL_MAX)
        return fail(op, ERR_TOO_LARGE, "a mail has at most %u bytes", OUTREACH_MAIL_MAX);
    if (in->recipient.n > 320)
        return fail(op, ERR_INVALID, "an address has at most 320 bytes");
    op->actor = outreach_system();
    err e = take(op, o, in, ret);
    op->actor = caller;
    return e;
}
