/* What a mail reports about another: a bounce (RFC 3464) or a complaint (RFC 5965). Pure.
 * Invariant: a report is what its structure says, never its words; free text is no bounce. */
#include "outreach/mail_int.h"

static const struct mail_part *part_of(const struct mail_read *m, const char *type)
{
    for (size_t i = 0; i < m->n; i++)
        if (str_eq(m->part[i].type, str_of(type)))
            return &m->part[i];
    return NULL;
}

/* Fields of the message that came back, or was complained about. */
static str original(struct arena *a, const struct mail_read *m)
{
    static const char *const types[] = {"message/rfc822", "text/rfc822-headers",
                                        "message/rfc822-headers", "message/global"};
    const struct mail_part *p = NULL;
    for (size_t i = 0; !p && i < sizeof types / sizeof types[0]; i++)
        p = part_of(m, types[i]);
    return p ? mail_part_text(a, p) : STR_NONE;
}

/* The fields of one recipient: groups stand between empty lines (RFC 3464 2.1). Each byte is looked
 * at once, however many groups somebody writes. */
static bool next_group(str *all, str *ret)
{
    while (all->n && (all->p[0] == '\n' || all->p[0] == '\r'))
        *all = str_sub(*all, 1, all->n);
    size_t at = 0, end;
    while ((end = str_find_char(*all, '\n', at)) != SIZE_MAX && end + 1 < all->n &&
           all->p[end + 1] != '\n' && all->p[end + 1] != '\r')
        at = end + 1;
    *ret = str_sub(*all, 0, end);
    *all = end == SIZE_MAX ? STR_NONE : str_sub(*all, end, all->n);
    return ret->n > 0;
}

static void bounce(struct arena *a, const struct mail_part *p, struct mail_report *ret)
{
    str all = mail_part_text(a, p), group;
    while (next_group(&all, &group)) {
        str action = mail_field(a, group, STR("Action"));
        if (!str_eq_nocase(str_sub(action, 0, str_find_char(action, ' ', 0)), STR("failed")))
            continue; /* delayed, delivered, relayed, expanded: nothing is over */
        str status = mail_field(a, group, STR("Status"));
        ret->kind = MAIL_BOUNCE;
        ret->status = str_sub(status, 0, str_find_char(status, ' ', 0));
        return;
    }
}

void mail_report(struct arena *a, const struct mail_read *m, struct mail_report *ret)
{
    const struct mail_part *status = part_of(m, "message/delivery-status");
    const struct mail_part *complaint = part_of(m, "message/feedback-report");
    *ret = (struct mail_report){.kind = MAIL_NOTHING};
    if (status)
        bounce(a, status, ret);
    if (complaint) {
        str fields = mail_part_text(a, complaint);
        str type = mail_field(a, fields, STR("Feedback-Type"));
        if (!str_empty(type) && !str_eq_nocase(type, STR("not-spam")))
            ret->kind = MAIL_COMPLAINT;
        ret->names[2] = mail_field(a, fields, STR("Original-Mail-From"));
    }
    if (ret->kind == MAIL_NOTHING)
        return;
    str head = original(a, m);
    ret->names[0] = mail_field(a, head, STR("Message-ID"));
    ret->names[1] = mail_field(a, head, STR("Return-Path"));
}

bool mail_automatic(struct arena *a, const struct mail_read *m)
{
    static const char *const bulk[] = {"bulk", "junk", "list", "auto_reply"};
    str said = mail_field(a, m->head, STR("Auto-Submitted"));
    str precedence = mail_field(a, m->head, STR("Precedence"));
    if (!str_empty(said) && !str_starts(said, STR("no")))
        return true;
    for (size_t i = 0; i < sizeof bulk / sizeof bulk[0]; i++)
        if (str_eq_nocase(precedence, str_of(bulk[i])))
            return true;
    str type = mail_field(a, m->head, STR("Content-Type"));
    return str_eq(mail_field(a, m->head, STR("Return-Path")), STR("<>")) ||
           str_starts(type, STR("multipart/report")) ||
           !str_empty(mail_field(a, m->head, STR("List-Id"))) ||
           !str_empty(mail_field(a, m->head, STR("X-Autoreply"))) ||
           !str_empty(mail_field(a, m->head, STR("X-Autorespond")));
}
