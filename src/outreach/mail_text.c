/* The words of a mail: transfer encodings and character sets undone, mark-up and the quoted message
 * taken away. Pure. Invariant: what comes out is UTF-8 of at most MAIL_TEXT_MAX bytes, whatever the
 * message says it is. */
#include "outreach/mail_int.h"

#include <sodium.h>
#include <unicode/ucnv.h>

static str from_base64(struct arena *a, str in)
{
    unsigned char *out = arena_alloc(a, in.n + 1);
    size_t n = 0;
    if (!out)
        return STR_NONE;
    /* what is damaged ends the text there */
    (void)sodium_base642bin(out, in.n, in.p, in.n, " \t\r\n", &n, NULL,
                            sodium_base64_VARIANT_ORIGINAL);
    return str_make((const char *)out, n);
}

/* RFC 2045 6.7; in words of fields "_" is a blank (RFC 2047 4.2). */
static str from_quoted(struct arena *a, str in, bool field)
{
    char *out = arena_alloc(a, in.n + 1);
    size_t n = 0;
    for (size_t i = 0; out && i < in.n; i++) {
        char c = in.p[i];
        if (c == '=' && i + 2 < in.n && str_hex_digit(in.p[i + 1]) >= 0 &&
            str_hex_digit(in.p[i + 2]) >= 0) {
            out[n++] = (char)(str_hex_digit(in.p[i + 1]) * 16 + str_hex_digit(in.p[i + 2]));
            i += 2;
        } else if (c == '=' && i + 1 < in.n && in.p[i + 1] == '\n') {
            i++;
        } else if (c == '=' && i + 2 < in.n && in.p[i + 1] == '\r' && in.p[i + 2] == '\n') {
            i += 2;
        } else {
            out[n++] = (char)(field && c == '_' ? ' ' : c);
        }
    }
    return out ? str_make(out, n) : STR_NONE;
}

static str first_whole(str s, size_t max)
{
    size_t n = s.n < max ? s.n : max;
    while (n < s.n && n && ((unsigned char)s.p[n] & 0xc0) == 0x80)
        n--;
    return str_sub(s, 0, n);
}

static str to_utf8(struct arena *a, str in, str charset)
{
    UErrorCode code = U_ZERO_ERROR;
    int32_t cap = (int32_t)(in.n * 3 + 16);
    str name = str_empty(charset) || charset.n > 40 ? STR("utf-8") : charset;
    char *out = arena_alloc(a, (size_t)cap);
    if (!out || in.n == 0)
        return STR_NONE;
    int32_t n = ucnv_convert("UTF-8", str_z(a, name), out, cap, in.p, (int32_t)in.n, &code);
    if (U_FAILURE(code)) { /* a set that nobody knows */
        code = U_ZERO_ERROR;
        n = ucnv_convert("UTF-8", "windows-1252", out, cap, in.p, (int32_t)in.n, &code);
    }
    str text = U_FAILURE(code) ? STR_NONE : str_make(out, (size_t)n);
    return str_utf8_valid(text) ? first_whole(text, MAIL_TEXT_MAX) : STR_NONE;
}

str mail_part_text(struct arena *a, const struct mail_part *p)
{
    str how = mail_field(a, p->head, STR("Content-Transfer-Encoding"));
    str body = str_sub(p->body, 0, MAIL_TEXT_MAX),
        type = mail_field(a, p->head, STR("Content-Type"));
    if (str_eq_nocase(how, STR("base64")))
        body = from_base64(a, body);
    else if (str_eq_nocase(how, STR("quoted-printable")))
        body = from_quoted(a, body, false);
    return to_utf8(a, body, mail_param(a, type, STR("charset")));
}

/* "=?charset?B?text?=" at *at; false: there is none. */
static bool take_word(struct arena *a, str in, size_t *at, str *ret)
{
    size_t set = str_find_char(in, '?', *at), how, text, end;
    if (set == SIZE_MAX || (how = str_find_char(in, '?', set + 1)) == SIZE_MAX ||
        (text = str_find_char(in, '?', how + 1)) == SIZE_MAX ||
        (end = str_find(in, STR("?="), text + 1)) == SIZE_MAX || text != how + 2)
        return false;
    str raw = str_sub(in, text + 1, end), charset = str_sub(in, set + 1, how);
    bool b64 = in.p[how + 1] == 'B' || in.p[how + 1] == 'b';
    *ret = to_utf8(a, b64 ? from_base64(a, raw) : from_quoted(a, raw, true),
                   str_sub(charset, 0, str_find_char(charset, '*', 0)));
    *at = end + 2;
    return true;
}

str mail_words(struct arena *a, str value)
{
    struct buf b;
    size_t at = 0;
    value = str_sub(value, 0, 4096);
    buf_init(&b, a, 64u << 10);
    while (at < value.n) {
        size_t next = str_find(value, STR("=?"), at);
        str plain = str_sub(value, at, next == SIZE_MAX ? value.n : next), word;
        bool gap = at && str_empty(str_trim(plain)); /* blanks between two encoded words */
        buf_add(&b, gap && next != SIZE_MAX ? STR_NONE : plain);
        at = next == SIZE_MAX ? value.n : next;
        if (next == SIZE_MAX)
            break;
        if (take_word(a, value, &at, &word))
            buf_add(&b, word);
        else
            buf_add(&b, str_sub(value, at, at + 2)), at += 2;
    }
    str all = buf_ok(&b) ? buf_str(&b) : STR_NONE;
    return str_utf8_valid(all) ? all : to_utf8(a, all, STR_NONE);
}

static bool begins(str s, size_t at, str with)
{
    return at + with.n <= s.n && str_eq_nocase(str_sub(s, at, at + with.n), with);
}

#define ENTITY 9u /* its end is looked for no further: there may be no other in 256 KB */

/* False: it is none that is known, but a patient's own "&". */
static bool add_entity(struct buf *b, str name)
{
    static const struct {
        const char *name, *text;
    } known[] = {{"amp", "&"},   {"lt", "<"},   {"gt", ">"},
                 {"quot", "\""}, {"nbsp", " "}, {"#39", "'"}};
    uint64_t code = 0;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (str_eq(name, str_of(known[i].name))) {
            buf_add(b, str_of(known[i].text));
            return true;
        }
    bool is = name.n > 1 && name.p[0] == '#' &&
              str_to_u64(str_sub(name, 1, name.n), 0xffff, &code) &&
              (code < 0xd800 || code > 0xdfff) && code >= ' ';
    if (is)
        buf_utf8(b, (uint32_t)code);
    return is;
}

/* Where the mark-up at *at ends; what stands for a new line gives one. */
static size_t skip_tag(str html, size_t at, struct buf *b)
{
    static const char *const lines[] = {"<br", "<p", "</p", "<div", "</div", "<tr", "<li"};
    bool hidden = begins(html, at, STR("<style")) || begins(html, at, STR("<script")) ||
                  begins(html, at, STR("<head>"));
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        if (begins(html, at, str_of(lines[i]))) {
            buf_char(b, '\n');
            break;
        }
    size_t end = hidden ? str_find(html, STR("</"), at + 1) : at;
    end = end == SIZE_MAX ? SIZE_MAX : str_find_char(html, '>', end);
    return end == SIZE_MAX ? html.n : end + 1;
}

str mail_html_text(struct arena *a, str html)
{
    static const char *const quotes[] = {"<blockquote", "gmail_quote", "divRplyFwdMsg"};
    struct buf b;
    for (size_t i = 0; i < sizeof quotes / sizeof quotes[0]; i++)
        html = str_sub(html, 0, str_find(html, str_of(quotes[i]), 0));
    buf_init(&b, a, MAIL_TEXT_MAX);
    for (size_t at = 0; at < html.n;) {
        size_t end =
            html.p[at] == '&' ? str_find_char(str_sub(html, 0, at + ENTITY), ';', at) : SIZE_MAX;
        if (html.p[at] == '<') {
            at = skip_tag(html, at, &b);
        } else if (end != SIZE_MAX && add_entity(&b, str_sub(html, at + 1, end))) {
            at = end + 1;
        } else {
            buf_char(&b, html.p[at] == '\n' || html.p[at] == '\r' ? ' ' : html.p[at]);
            at++;
        }
    }
    return buf_ok(&b) ? str_trim(buf_str(&b)) : STR_NONE;
}

/* The last line with words before cut, which begins at the answer. */
static str line_before(str text, size_t cut, size_t *ret)
{
    str all = str_trim(str_sub(text, 0, cut));
    size_t end = all.n ? (size_t)(all.p - text.p) + all.n : 0;
    *ret = end;
    while (*ret && text.p[*ret - 1] != '\n')
        --*ret;
    return str_sub(text, *ret, end);
}

/* "On 24 Nov 2026, Bright River <care@example.org> wrote:" goes with what it quotes; mail programs
 * break it in two. */
static size_t before_attribution(str text, size_t cut, str quoted, str ours)
{
    size_t from;
    str line = line_before(text, cut, &from), says = quoted;
    bool ours_there = !str_empty(ours) && str_find(quoted, ours, 0) != SIZE_MAX;
    if (!ours_there && !str_ends(line, STR(":")))
        return cut;
    if (!ours_there) {
        says = line;
        cut = from;
        line = line_before(text, cut, &from);
    }
    bool whole = str_find(says, STR(" 20"), 0) != SIZE_MAX;
    bool half = str_find(line, STR(" 20"), 0) != SIZE_MAX || str_ends(line, STR("<"));
    return !whole && half && cut - from <= line.n + 2 ? from : cut;
}

str mail_answer(str text, str ours)
{
    size_t at = 0, end;
    str line = STR_NONE;
    bool quote = false;
    for (; at < text.n; at = end == SIZE_MAX ? text.n : end + 1) {
        end = str_find_char(text, '\n', at);
        line = str_trim(str_sub(text, at, end == SIZE_MAX ? text.n : end));
        quote = str_starts(line, STR(">")) || str_starts(line, STR("-----")) ||
                str_starts(line, STR("__________")) ||
                (!str_empty(ours) && str_find(line, ours, 0) != SIZE_MAX);
        if (quote || str_eq(line, STR("--")))
            break;
    }
    if (quote)
        at = before_attribution(text, at, line, ours);
    return str_trim(str_sub(text, 0, at));
}

str mail_address(str value)
{
    size_t open = str_find_char(value, '<', 0);
    while (open != SIZE_MAX && str_find_char(value, '<', open + 1) != SIZE_MAX)
        open = str_find_char(value, '<', open + 1);
    str a = open == SIZE_MAX ? value : str_sub(value, open + 1, value.n);
    return str_trim(str_sub(a, 0, str_find_char(a, '>', 0)));
}
