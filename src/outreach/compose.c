/* From a draft to the words that go: channel by choose.h and language by the patient's preference
 * unless the draft says otherwise, typographic quotes made plain for SMS, identity line before and
 * the way to stop after. */
#include "outreach/outreach_int.h"

#include "policy/content.h"

uint64_t message_triggers(enum channel_kind k)
{
    uint64_t all = TRIGGER_BIT(TRIGGER_OUTBOUND_ATTEMPT);
    return k == CHANNEL_SMS     ? all | TRIGGER_BIT(TRIGGER_OUTBOUND_SMS)
           : k == CHANNEL_EMAIL ? all | TRIGGER_BIT(TRIGGER_OUTBOUND_EMAIL)
                                : all;
}

/* Ways that are there, that we have a provider for and that they allow; when there are none, those
 * that are there: the rulebook then says why not. What goes again goes by one they allow. */
static unsigned ways_of(const struct outreach *o, const struct recipient *r,
                        const struct message *m)
{
    unsigned may = 0, ours = 0, there = 0;
    for (unsigned k = 0; k < CHANNEL_KIND_COUNT; k++) {
        str to = m->own ? r->address[k] : recipient_address(r, (enum channel_kind)k);
        unsigned bit = str_empty(to) ? 0 : 1u << k;
        there |= bit;
        ours |= provider_any(o, (enum channel_kind)k) ? bit : 0;
        may |= ours & (recipient_allows(r, (enum channel_kind)k, m->purpose) ? bit : 0);
    }
    return may || m->again ? may : ours ? ours : there;
}

static err pick_channel(struct op *op, const struct outreach *o, const struct recipient *r,
                        const struct outreach_draft *d, struct message *m)
{
    struct way_ask q = {
        .urgent = d->urgent, .prefers = r->preferred, .used = d->used, .another = d->used != 0};
    struct ledger_delivery late;
    enum channel_kind said;
    enum way k;
    m->by = d->by;
    if (!str_empty(d->channel))
        return channel_parse(d->channel, &m->channel)
                   ? OK
                   : fail_at(op, ERR_INVALID, STR("channel"),
                             "unknown channel; use sms, email, push or letter");
    q.for_purpose = channel_parse(wishes_channel(&r->wishes, m->purpose), &said);
    if (q.for_purpose)
        q.prefers = said;
    TRY(ledger_delivery(op, o->rec, r->id, &late));
    q.failing = late.failing;
    q.may = ways_of(o, r, m);
    k = way_choose(&q, &m->by);
    if (k == WAY_COUNT && m->again)
        return fail_at(op, ERR_UNPROCESSABLE, STR("channel"), "there is no other way they allow");
    m->channel = k < WAY_COUNT ? (enum channel_kind)k : CHANNEL_SMS; /* none: its absence is told */
    return OK;
}

enum line message_ends(enum channel_kind k)
{
    return k == CHANNEL_EMAIL    ? LINE_OPTOUT_EMAIL
           : k == CHANNEL_LETTER ? LINE_OPTOUT_LETTER
                                 : LINE_OPTOUT_SMS;
}

static void add_lines(struct op *op, const struct outreach *o, struct message *m)
{
    if (m->kind != KIND_CARE ||
        m->channel == CHANNEL_PUSH) /* the portal says who and how to stop */
        return;
    str head = words_line(op, o, LINE_IDENTITY, m->language);
    str tail = words_line(op, o, message_ends(m->channel), m->language);
    if (!str_starts(m->text, str_trim(head)) && m->channel == CHANNEL_SMS)
        m->text = arena_cat(op->arena, head, m->text);
    if (str_find(m->text, str_trim(tail), 0) == SIZE_MAX)
        m->text = arena_cat(op->arena, m->text, tail);
}

static err pick_template(struct op *op, const struct outreach_draft *d, struct message *m,
                         const struct template_row **ret)
{
    if (!str_empty(d->template_code) && !(*ret = words_template(d->template_code)))
        return fail_at(op, ERR_INVALID, STR("template"), "there is no such template");
    m->purpose = d->purpose;
    if (*ret && str_empty(m->purpose))
        m->purpose = str_of((*ret)->purpose);
    if (str_empty(m->purpose) || str_eq(m->purpose, STR("care")))
        m->purpose = STR("home_healthcare_instructions");
    return OK;
}

static err pick_words(struct op *op, const struct outreach *o, const struct recipient *r,
                      const struct template_row *t, size_t max, struct message *m)
{
    bool sms = m->channel == CHANNEL_SMS;
    if (t && str_empty(m->text))
        m->text =
            words_fill(op, o, sms ? t->sms[m->language] : t->email[m->language], r, m->language);
    if (t && str_empty(m->subject) && !sms)
        m->subject = words_fill(op, o, t->subject[m->language], r, m->language);
    if (!sms && str_empty(m->subject))
        m->subject = config_str(o->config, "outreach.clinic");
    m->text = str_trim(m->text);
    if (str_empty(m->text) || m->text.n > max)
        return fail_at(op, ERR_INVALID, STR("text"),
                       "write a text of 1 to %zu bytes, or choose a template", max);
    if (!str_utf8_valid(m->text) || str_find_char(m->text, 0, 0) != SIZE_MAX)
        return fail_at(op, ERR_INVALID, STR("text"), "the text is not valid UTF-8");
    return OK;
}

/* A letter is closed, and a notice on a device says nothing anyway: there the words are the words.
 */
static void keep_in_portal(struct op *op, const struct outreach *o, struct message *m)
{
    if (m->channel > CHANNEL_EMAIL)
        return;
    m->words = m->text;
    m->text = words_line(op, o, LINE_PORTAL_NOTICE, m->language);
    m->subject = m->channel == CHANNEL_EMAIL ? config_str(o->config, "outreach.clinic") : STR_NONE;
}

err message_compose(struct op *op, const struct outreach *o, struct recipient *r,
                    const struct outreach_draft *d, struct message *ret)
{
    static const char *const missing[CHANNEL_KIND_COUNT] = {
        "phone", "mail address", "device that gets notices", "postal address"};
    const struct template_row *t = NULL;
    struct message m = {.template_code = d->template_code,
                        .text = d->text,
                        .subject = d->subject,
                        .programme = d->programme,
                        .campaign = d->campaign,
                        .subject_code = d->subject_code,
                        .due_key = d->due_key,
                        .answers = d->answers,
                        .again = d->used != 0,
                        .own = d->own || d->asked};
    TRY(pick_template(op, d, &m, &t));
    TRY(pick_channel(op, o, r, d, &m));
    if (!m.own)
        recipient_route(r, m.channel);
    m.language_tag = str_empty(d->language) ? r->language : d->language;
    m.language = words_language(m.language_tag);
    m.to = r->address[m.channel];
    if (str_empty(m.to))
        return fail_at(op, ERR_UNPROCESSABLE, STR("Patient.telecom"),
                       "the patient has no %s on record; add one or choose another channel",
                       missing[m.channel]);
    TRY(pick_words(op, o, r, t, d->asked ? NOTICE_MAX : TEXT_MAX, &m));
    if (d->portal)
        keep_in_portal(op, o, &m);
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
