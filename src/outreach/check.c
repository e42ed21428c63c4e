/* What would happen to a draft: the words as they would go, what they cost, the verdict with every
 * reason, and when it would leave. Sends nothing, keeps nothing. */
#include "outreach/outreach_int.h"

#include "policy/content.h"

static str masked(struct op *op, enum channel_kind k, str to)
{
    if (k == CHANNEL_EMAIL) {
        size_t at = str_find_char(to, '@', 0);
        return arena_cat(op->arena, arena_cat(op->arena, str_sub(to, 0, 1), STR("•••")),
                         str_sub(to, at, to.n));
    }
    if (k == CHANNEL_LETTER) { /* the last line: the town */
        size_t line = 0, at = 0;
        while ((at = str_find_char(to, '\n', line)) != SIZE_MAX)
            line = at + 1;
        return arena_cat(op->arena, STR("••• "), str_sub(to, line, to.n));
    }
    if (k == CHANNEL_PUSH)
        return STR("•••");
    return arena_cat(op->arena, STR("••• ••• "), str_sub(to, to.n > 4 ? to.n - 4 : 0, to.n));
}

static void measure(const struct message *m, struct outreach_preview *p)
{
    struct grade g;
    content_grade(m->text, m->language_tag, &g);
    p->has_grade = g.method == GRADE_FLESCH_KINCAID || g.method == GRADE_FERNANDEZ_HUERTA;
    p->grade = g.years;
    if (m->channel != CHANNEL_SMS)
        return;
    struct sms_shape shape;
    content_sms_shape(m->text, &shape);
    p->encoding = shape.encoding == SMS_GSM7 ? STR("GSM-7") : STR("UCS-2");
    p->segments = shape.segments;
    p->characters = shape.characters;
}

err outreach_check(struct op *op, struct outreach *o, const struct outreach_draft *d,
                   struct outreach_preview *ret)
{
    struct recipient r;
    struct message m;
    struct record_doc seen;
    struct outreach_preview p = {0};
    TRY(record_read(op, o->rec, fhir_type_parse(STR("Patient")), d->patient,
                    &seen)); /* may the sender see them? */
    TRY(recipient_load(op, o->rec, d->patient, &r));
    TRY(message_compose(op, o, &r, d, &m));
    TRY(message_decide(op, o, &r, &m, &p.facts, &p.verdict));
    p.channel = channel_name(m.channel);
    p.to_masked = masked(op, m.channel, m.to);
    p.recipient = r.to_name;
    for (unsigned l = 0; l < 3; l++)
        p.because[l] = message_because(op, &m, l);
    p.language = m.language_tag;
    p.text = m.text;
    p.subject = m.subject;
    measure(&m, &p);
    p.send_at = op->now + config_int(o->config, "outreach.undo_seconds") * 1000;
    if (p.verdict.held && p.verdict.hold_until > p.send_at)
        p.send_at = p.verdict.hold_until;
    *ret = p;
    return op_check(op);
}
