/* FHIRPath functions that write strings another way: encode, decode, escape, unescape, join, split
 * and the case of letters are elsewhere (path_fn_text.c); here base64, hex, HTML and JSON
 * (http://hl7.org/fhirpath/N1 and its STU additions).
 * Invariant: what cannot be decoded is empty. */
#include "base/json.h"
#include "fhir/path_int.h"

#define CODED_MAX (1u << 20)

static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base64url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

typedef bool (*coder)(struct buf *b, str s);

static bool to_base64(struct buf *b, str s, const char *letters)
{
    for (size_t i = 0; i < s.n; i += 3) {
        size_t left = s.n - i;
        uint32_t v = (uint32_t)(uint8_t)s.p[i] << 16;
        v |= left > 1 ? (uint32_t)(uint8_t)s.p[i + 1] << 8 : 0;
        v |= left > 2 ? (uint8_t)s.p[i + 2] : 0;
        for (size_t k = 0; k < 4; k++)
            buf_char(b, k > left ? '=' : letters[v >> (18 - 6 * k) & 63]);
    }
    return true;
}

static bool from_base64(struct buf *b, str s, const char *letters)
{
    uint32_t v = 0;
    size_t bits = 0;
    if (s.n % 4 != 0)
        return false;
    while (s.n && s.p[s.n - 1] == '=')
        s.n--;
    for (size_t i = 0; i < s.n; i++) {
        const char *at = s.p[i] ? strchr(letters, s.p[i]) : NULL;
        if (!at)
            return false;
        v = v << 6 | (uint32_t)(at - letters);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            buf_char(b, (char)(v >> bits & 0xff));
        }
    }
    return bits < 6;
}

static bool encode_base64(struct buf *b, str s)
{
    return to_base64(b, s, base64);
}

static bool encode_url(struct buf *b, str s)
{
    return to_base64(b, s, base64url);
}

static bool decode_base64(struct buf *b, str s)
{
    return from_base64(b, s, base64);
}

static bool decode_url(struct buf *b, str s)
{
    return from_base64(b, s, base64url);
}

static bool encode_hex(struct buf *b, str s)
{
    for (size_t i = 0; i < s.n; i++)
        buf_printf(b, "%02x", (unsigned)(uint8_t)s.p[i]);
    return true;
}

static bool decode_hex(struct buf *b, str s)
{
    if (s.n % 2)
        return false;
    for (size_t i = 0; i < s.n; i += 2) {
        int hi = str_hex_digit(s.p[i]), lo = str_hex_digit(s.p[i + 1]);
        if (hi < 0 || lo < 0)
            return false;
        buf_char(b, (char)(hi << 4 | lo));
    }
    return true;
}

static const struct {
    const char *plain, *entity;
} entities[] = {
    {"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&quot;"}, {"'", "&#39;"}, {"'", "&apos;"},
};

static bool escape_html(struct buf *b, str s)
{
    for (size_t i = 0; i < s.n; i++) {
        size_t k = 0;
        while (k < 5 && entities[k].plain[0] != s.p[i])
            k++;
        if (k < 5)
            buf_add(b, str_of(entities[k].entity));
        else
            buf_char(b, s.p[i]);
    }
    return true;
}

static bool unescape_html(struct buf *b, str s)
{
    while (s.n) {
        size_t k = 0, n = 1;
        while (k < 6 && !str_starts(s, str_of(entities[k].entity)))
            k++;
        if (k < 6) {
            buf_add(b, str_of(entities[k].plain));
            n = strlen(entities[k].entity);
        } else {
            buf_char(b, s.p[0]);
        }
        s = str_sub(s, n, s.n);
    }
    return true;
}

static bool escape_json(struct buf *b, str s)
{
    struct buf quoted;
    buf_init(&quoted, b->arena, CODED_MAX);
    buf_json_string(&quoted, s);
    str text = buf_str(&quoted);
    buf_add(b, str_sub(text, 1, text.n ? text.n - 1 : 0));
    return buf_ok(&quoted);
}

/* The string between quotes as JSON reads it; \" and plain quotes both stand for one. */
static bool unescape_json(struct buf *b, str s)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] != '\\') {
            buf_char(b, s.p[i]);
            continue;
        }
        const char *at = ++i < s.n && s.p[i] ? strchr(from, s.p[i]) : NULL;
        if (at) {
            buf_char(b, to[at - from]);
        } else if (i < s.n && s.p[i] == 'u') {
            struct path_lexer l = {.text = s, .at = i + 1};
            if (!path_lex_unicode(&l, b))
                return false;
            i = l.at - 1;
        } else {
            return false;
        }
    }
    return true;
}

struct scheme {
    const char *name;
    coder fn;
};
static const struct scheme encodings[] = {
    {"base64", encode_base64}, {"urlbase64", encode_url}, {"hex", encode_hex}, {0}};
static const struct scheme decodings[] = {
    {"base64", decode_base64}, {"urlbase64", decode_url}, {"hex", decode_hex}, {0}};
static const struct scheme escapes[] = {{"html", escape_html}, {"json", escape_json}, {0}};
static const struct scheme unescapes[] = {{"html", unescape_html}, {"json", unescape_json}, {0}};

/* An unknown scheme is an empty result. */
static err recode(struct path_run *r, const struct path_call *c, const struct scheme *all,
                  struct path_list *ret)
{
    struct path_value name;
    struct buf b;
    TRY(path_arg_value(r, c, 0, V_STRING, &name));
    if (c->input->n == 0 || name.kind != V_STRING)
        return OK;
    str s = STR_NONE;
    if (c->input->n > 1 || !path_text(&c->input->at[0], &s))
        return path_fault(r, c->node, "one string is wanted");
    while (all->name && !str_eq(name.s, str_of(all->name)))
        all++;
    if (!all->name)
        return OK;
    TRY(path_step(r, 1 + s.n / 16));
    buf_init(&b, r->op->arena, CODED_MAX);
    bool ok = all->fn(&b, s);
    if (!buf_ok(&b))
        return fail(r->op, ERR_TOO_COSTLY, "FHIRPath: the string is too long");
    str out = b.n ? buf_str(&b) : STR("");
    return ok && str_utf8_valid(out) ? path_push(r, ret, path_string(r, out)) : OK;
}

static err fn_encode(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    return recode(r, c, encodings, ret);
}

static err fn_decode(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    return recode(r, c, decodings, ret);
}

static err fn_escape(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    return recode(r, c, escapes, ret);
}

static err fn_unescape(struct path_run *r, const struct path_call *c, struct path_list *ret)
{
    return recode(r, c, unescapes, ret);
}

const struct path_fn path_fns_code[] = {
    {"encode", 1, 1, false, fn_encode},
    {"decode", 1, 1, false, fn_decode},
    {"escape", 1, 1, false, fn_escape},
    {"unescape", 1, 1, false, fn_unescape},
    {0},
};
