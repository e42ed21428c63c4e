/* From a draft to the words that go: channel and language by the patient's preference unless the
 * draft says otherwise, typographic quotes made plain for SMS, identity line before and the way to
 * stop after. */
#include "outreach/outreach_int.h"

#include "policy/content.h"

str channel_name(enum channel_kind k)
{
    return k == CHANNEL_SMS ? STR("sms") : STR("email");
}

bool channel_parse(str name, enum channel_kind *ret)
{
    for (unsigned k = 0; k < CHANNEL_KIND_COUNT; k++)
        if (str_eq(name, channel_name((enum channel_kind)k))) {
            *ret = (enum channel_kind)k;
            return true;
        }
    return false;
}

uint64_t message_triggers(enum channel_kind k)
{
    return TRIGGER_BIT(TRIGGER_OUTBOUND_ATTEMPT) |
           (k == CHANNEL_SMS ? TRIGGER_BIT(TRIGGER_OUTBOUND_SMS)
                             : TRIGGER_BIT(TRIGGER_OUTBOUND_EMAIL));
}

static err pick_channel(struct op *op, const struct recipient *r, const struct outreach_draft *d,
                        enum channel_kind *ret)
{
    if (!str_empty(d->channel)) {
        if (!channel_parse(d->channel, ret))
            return fail_at(op, ERR_INVALID, STR("channel"), "unknown channel; use sms or email");
        return OK;
    }
    *ret = r->preferred;
    (void)channel_parse(wishes_channel(&r->wishes, d->purpose), ret); /* their word for a purpose */
    if (str_empty(r->address[*ret]))
        *ret = *ret == CHANNEL_SMS ? CHANNEL_EMAIL : CHANNEL_SMS;
    return OK;
}

static void add_lines(struct op *op, const struct outreach *o, struct message *m)
{
    if (m->kind != KIND_CARE)
        return;
    str head = words_line(op, o, LINE_IDENTITY, m->language);
    str tail = words_line(op, o, m->channel == CHANNEL_SMS ? LINE_OPTOUT_SMS : LINE_OPTOUT_EMAIL,
                          m->language);
    if (!str_starts(m->text, str_trim(head)) && m->channel == CHANNEL_SMS)
        m->text = arena_cat(op->arena, head, m->text);
    if (str_find(m->text, str_trim(tail), 0) == SIZE_MAX)
        m->text = arena_cat(op->arena, m->text, tail);
}

static err pick_words(struct op *op, const struct outreach *o, const struct recipient *r,
                      const struct outreach_draft *d, struct message *m)
{
    const struct template_row *t = NULL;
    if (!str_empty(d->template_code) && !(t = words_template(d->template_code)))
        return fail_at(op, ERR_INVALID, STR("template"), "there is no such template");
    m->text = d->text;
    m->subject = d->subject;
    m->purpose = d->purpose;
    if (t && str_empty(m->text))
        m->text = words_fill(
            op, o, m->channel == CHANNEL_SMS ? t->sms[m->language] : t->email[m->language],
            r->first);
    if (t && str_empty(m->subject) && m->channel == CHANNEL_EMAIL)
        m->subject = words_fill(op, o, t->subject[m->language], r->first);
    if (t && str_empty(m->purpose))
        m->purpose = str_of(t->purpose);
    if (str_empty(m->purpose) || str_eq(m->purpose, STR("care")))
        m->purpose = STR("home_healthcare_instructions");
    if (m->channel == CHANNEL_EMAIL && str_empty(m->subject))
        m->subject = config_str(o->config, "outreach.clinic");
    m->text = str_trim(m->text);
    if (str_empty(m->text) || m->text.n > TEXT_MAX)
        return fail_at(op, ERR_INVALID, STR("text"),
                       "write a text of 1 to %d bytes, or choose a template", TEXT_MAX);
    if (!str_utf8_valid(m->text) || str_find_char(m->text, 0, 0) != SIZE_MAX)
        return fail_at(op, ERR_INVALID, STR("text"), "the text is not valid UTF-8");
    return OK;
}

err message_compose(struct op *op, const struct outreach *o, const struct recipient *r,
                    const struct outreach_draft *d, struct message *ret)
{
    struct message m = {.template_code = d->template_code,
                        .programme = d->programme,
                        .campaign = d->campaign,
                        .subject_code = d->subject_code,
                        .due_key = d->due_key};
    TRY(pick_channel(op, r, d, &m.channel));
    m.language_tag = str_empty(d->language) ? r->language : d->language;
    m.language = words_language(m.language_tag);
    m.to = r->address[m.channel];
    if (str_empty(m.to))
        return fail_at(op, ERR_UNPROCESSABLE, STR("Patient.telecom"),
                       "the patient has no %s on record; add one or choose another channel",
                       m.channel == CHANNEL_SMS ? "phone" : "mail address");
    TRY(pick_words(op, o, r, d, &m));
    if (m.channel == CHANNEL_SMS)
        m.text = content_sms_plain(op, m.text);
    add_lines(op, o, &m);
    const struct actor *a = op->actor;
    m.human = a && a->role != ROLE_SYSTEM;
    m.may_text = a && (a->role == ROLE_NURSE || a->role == ROLE_AGENT || a->role == ROLE_OUTREACH);
    m.strong = a && a->strong;
    *ret = m;
    return op_check(op);
}
