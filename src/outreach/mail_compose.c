/* An e-mail as it leaves: fields, words in base64, signature; and the return address of its
 * envelope, its own for each message and attempt (VERP), so that what comes back is known.
 * Invariant: one patient a message; no field can be added by words; what a person wrote is not
 * called automatic (RFC 3834 5); one click ends what goes to many (RFC 8058). */
#include "outreach/mail_out_int.h"

#include <sodium.h>

#define WORD_BYTES 39

/* Header and body in base64 (RFC 2045, RFC 2047): any language passes any server. */
static void add_base64(struct op *op, struct buf *b, str text, bool lines)
{
    size_t n = sodium_base64_ENCODED_LEN(text.n, sodium_base64_VARIANT_ORIGINAL);
    char *out = arena_alloc(op->arena, n);
    if (!out) {
        b->failed = true;
        return;
    }
    sodium_bin2base64(out, n, (const unsigned char *)text.p, text.n,
                      sodium_base64_VARIANT_ORIGINAL);
    str all = str_of(out);
    for (size_t i = 0; i < all.n; i += 76) {
        buf_add(b, str_sub(all, i, i + 76));
        if (lines)
            buf_add(b, STR("\r\n"));
    }
}

/* Encoded words, never cut inside a character, short enough that a line of a header's name and one
 * of them keeps within 76 characters (RFC 2047 2). */
static void add_words(struct op *op, struct buf *b, str text)
{
    for (size_t at = 0, end; at < text.n; at = end) {
        end = at + WORD_BYTES < text.n ? at + WORD_BYTES : text.n;
        while (end < text.n && ((unsigned char)text.p[end] & 0xc0) == 0x80)
            end--;
        buf_add(b, at ? STR("\r\n =?UTF-8?B?") : STR("=?UTF-8?B?"));
        add_base64(op, b, str_sub(text, at, end), false);
        buf_add(b, STR("?="));
    }
}

bool mail_is_address(str a)
{
    size_t at = str_find_char(a, '@', 0);
    if (at == SIZE_MAX || at == 0 || at + 1 == a.n || a.n > 254)
        return false;
    for (size_t i = 0; i < a.n; i++)
        if ((unsigned char)a.p[i] <= ' ' || a.p[i] == '<' || a.p[i] == '>' || a.p[i] == ',' ||
            a.p[i] == 127)
            return false;
    return true;
}

static void add_date(struct buf *b, int64_t now)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct time_local t;
    if (time_to_local(now, STR("Etc/UTC"), &t))
        buf_printf(b, "Date: %s, %d %s %d %02d:%02d:%02d +0000\r\n", days[t.wday], t.day,
                   months[t.month - 1], t.year, t.hour, t.minute, t.second);
}

/* Answers to the patient's own word are replies; what a person wrote is not automatic. */
static void add_origin(struct buf *b, const struct parcel *p, str domain)
{
    if (p->kind != KIND_CARE)
        buf_add(b, STR("Auto-Submitted: auto-replied\r\n"));
    else if (!p->human)
        buf_add(b, STR("Auto-Submitted: auto-generated\r\n"));
    buf_printf(b, "Feedback-ID: %.*s:weft:%.*s\r\n",
               STR_ARG(str_empty(p->campaign) ? STR("single") : p->campaign), STR_ARG(domain));
}

/* What goes to many can be ended by one click; what is written to one patient says how to stop in
 * its words. The link is the one of the preference centre: opened it shows the page, posted to as
 * RFC 8058 3.1 says it ends e-mail. */
static err add_unsubscribe(struct op *op, const struct outreach *o, const struct parcel *p,
                           struct buf *b)
{
    struct record_doc doc;
    str base = config_str(o->config, "public_url"), token;
    bool link = str_starts(base, STR("https://"));
    if (str_empty(p->campaign) || p->kind != KIND_CARE)
        return OK;
    buf_add(b, STR("List-Unsubscribe:"));
    if (link) {
        TRY(record_read(op, o->rec, fhir_type_parse(STR("Patient")), p->patient, &doc));
        TRY(link_token(op, o, doc.rid, !p->helper, &token));
        buf_printf(b, "\r\n <%.*s/contact/%.*s>,", STR_ARG(base), STR_ARG(token));
    }
    buf_printf(b, "\r\n <mailto:%.*s?subject=STOP>\r\n",
               STR_ARG(config_str(o->config, "smtp.from")));
    if (link)
        buf_add(b, STR("List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"));
    return OK;
}

static err add_head(struct op *op, const struct outreach *o, const struct parcel *p, struct buf *b)
{
    str from = config_str(o->config, "smtp.from"), token;
    str domain = str_sub(from, str_find_char(from, '@', 0) + 1, from.n);
    TRY(mail_token(op, o, p->id, 0, p->to, &token)); /* the same for each attempt */
    add_date(b, op->now);
    buf_add(b, STR("From: "));
    add_words(op, b, config_str(o->config, "outreach.clinic"));
    buf_printf(b, "\r\n <%.*s>\r\nTo: <%.*s>\r\nSubject: ", STR_ARG(from), STR_ARG(p->to));
    add_words(op, b, p->subject);
    buf_printf(b, "\r\nMessage-ID: <%.*s@%.*s>\r\n", STR_ARG(token), STR_ARG(domain));
    add_origin(b, p, domain);
    TRY(add_unsubscribe(op, o, p, b));
    buf_add(b, STR("MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
                   "Content-Transfer-Encoding: base64\r\n"));
    return buf_ok(b) ? OK : fail(op, ERR_TOO_LARGE, "the message is too large");
}

/* name+token@domain of smtp.bounce; without it what comes back goes to smtp.from, for people. */
static err return_address(struct op *op, const struct outreach *o, const struct parcel *p, str *ret)
{
    str to = config_str(o->config, "smtp.bounce"), token;
    size_t at = str_find_char(to, '@', 0);
    if (str_empty(to)) {
        *ret = config_str(o->config, "smtp.from");
        return OK;
    }
    TRY(mail_token(op, o, p->id, p->attempt, p->to, &token));
    *ret = arena_printf(op->arena, "%.*s+%.*s%.*s", STR_ARG(str_sub(to, 0, at)), STR_ARG(token),
                        STR_ARG(str_sub(to, at, to.n)));
    return op_check(op);
}

err mail_compose(struct op *op, const struct outreach *o, const struct parcel *p, str *ret_text,
                 str *ret_from)
{
    struct buf head, body;
    str signature = STR_NONE;
    buf_init(&head, op->arena, 64u << 10);
    buf_init(&body, op->arena, 1u << 20);
    TRY(return_address(op, o, p, ret_from));
    TRY(add_head(op, o, p, &head));
    add_base64(op, &body, p->text, true);
    if (!buf_ok(&body))
        return fail(op, ERR_TOO_LARGE, "the message is too large");
    if (o->dkim)
        signature = dkim_field(op, o->dkim, buf_str(&head), buf_str(&body));
    if (o->dkim && str_empty(signature))
        return fail(op, ERR_FAULT, "the message could not be signed");
    *ret_text = arena_printf(op->arena, "%.*s%.*s\r\n%.*s", STR_ARG(signature),
                             STR_ARG(buf_str(&head)), STR_ARG(buf_str(&body)));
    return op_check(op);
}
